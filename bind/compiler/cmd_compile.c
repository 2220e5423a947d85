// SPDX-License-Identifier: MIT
// bindc compile: rules to bytecode or to a C header.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "inputs.h"
#include "output.h"

enum { OPTION_HEADER = BINDC_LONG_OPTION, OPTION_V1, OPTION_TWO_WORDS };

typedef struct compile_args {
    bindc_inputs_t inputs;
    const char* rules;
    const char* output;
    const char* depfile;
} compile_args_t;

static const bindc_option_t compile_options[] = {
    {'o', "output", "FILE", "where to write; standard output if absent"},
    {'d', "depfile", "FILE", "write the inputs as a Makefile rule (needs --output)"},
    {'a', "disable-autobind", NULL, "match only what is bound by hand; RULES may then be absent"},
    {OPTION_HEADER, "header", NULL, "write a C header that defines ZIRCON_DRIVER()"},
    {OPTION_V1, "v1", NULL, "version 1: words of integer keys and numbers"},
    {OPTION_TWO_WORDS, "two-words", NULL, "version 1 as before 2020: no debug words"},
    {0},
};

static bool take(void* context, int id, const char* value) {
    compile_args_t* args = context;
    switch (id) {
        case 'o':
            args->output = value;
            return true;
        case 'd':
            args->depfile = value;
            return true;
        case 'a':
            args->inputs.options.disable_autobind = true;
            return true;
        case OPTION_HEADER:
            args->inputs.options.is_header = true;
            return true;
        case OPTION_V1:
            args->inputs.options.format = BC_FORMAT_V1;
            return true;
        case OPTION_TWO_WORDS:
            args->inputs.options.format = BC_FORMAT_V1_TWO_WORDS;
            return true;
        default:
            return bindc_inputs_take(&args->inputs, id, value);
    }
}

static bool write_results(const compile_args_t* args, const bc_buffer_t* content) {
    if (args->output == NULL) {
        return bindc_write_stdout(content);
    }
    bc_buffer_t rule = {0};
    bc_output_t outputs[2] = {{args->output, content}};
    size_t count = 1;
    if (args->depfile != NULL) {
        bc_make_depfile(args->output, args->inputs.paths, args->inputs.count, &rule);
        outputs[count++] = (bc_output_t){args->depfile, &rule};
    }
    const char* path = NULL;
    const bool is_written = bc_write_outputs(outputs, count, &path);
    if (!is_written) {
        fprintf(stderr, "%s: error: cannot be written: %s\n", path, strerror(errno));
    }
    bc_buffer_fini(&rule);
    return is_written;
}

static void make_header(const compile_args_t* args, const bc_program_t* program,
                        const bc_buffer_t* bytecode, bc_buffer_t* out) {
    const bc_format_t format = args->inputs.options.format;
    if (format == BC_FORMAT_V2) {
        bc_make_header(bytecode, args->rules, out);
    } else {
        bc_make_header_v1(program, format, args->rules, out);
    }
}

static bool compile(compile_args_t* args) {
    bc_compiler_t compiler;
    bc_buffer_t bytecode = {0};
    bc_buffer_t header = {0};
    bc_compiler_init(&compiler);
    bindc_inputs_load(&args->inputs, &compiler);
    if (args->rules != NULL) {
        bindc_inputs_add(&args->inputs, args->rules);  // for the depfile
        bc_compiler_set_rules_file(&compiler, args->rules);
    }
    bc_compiler_compile(&compiler, &args->inputs.options, &bytecode);
    bool is_good = bindc_inputs_report(&args->inputs, &compiler);
    const bc_options_t* options = &args->inputs.options;
    if (is_good && options->is_header) {
        make_header(args, &compiler.program, &bytecode, &header);
    }
    is_good = is_good && write_results(args, options->is_header ? &header : &bytecode);
    bc_buffer_fini(&header);
    bc_buffer_fini(&bytecode);
    bc_compiler_fini(&compiler);
    return is_good;
}

static int run(const bindc_command_t* self, int argc, char** argv) {
    compile_args_t args = {0};
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &args);
    bool is_good = parsed != BINDC_REFUSED;
    if (parsed == BINDC_PARSED) {
        is_good = bindc_take_operand(self, argc, argv, "a rules file",
                                     args.inputs.options.disable_autobind, &args.rules) &&
                  bindc_inputs_finish(&args.inputs) && compile(&args);
    }
    bindc_inputs_fini(&args.inputs);
    return is_good ? 0 : 1;
}

const bindc_command_t bindc_compile_command = {
    .name = "compile",
    .usage = "[OPTION…] RULES\n--disable-autobind [OPTION…]",
    .summary = "turn a rules file into bytecode or into a C header",
    .description =
        "Compiles a rules file to bytecode: version 2, or version 1 for old driver kits.\n"
        "Nothing is written when there is an error.",
    .options = compile_options,
    .shared = bindc_input_options,
    .example =
        "  bindc compile -i bind/lib/fuchsia.bind -i bind/lib/fuchsia.pci.bind \\\n"
        "      --header -o build/nvme_bind.h -d build/nvme_bind.h.d nvme.bind",
    .run = run,
};
