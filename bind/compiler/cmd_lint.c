// SPDX-License-Identifier: MIT
// bindc lint: all that can be said about rules and libraries without a device.
#include <stdio.h>

#include "commands.h"
#include "format.h"
#include "inputs.h"
#include "lint.h"

typedef struct lint_args {
    bindc_inputs_t inputs;
    const char* rules;
} lint_args_t;

static bool take(void* context, int id, const char* value) {
    lint_args_t* args = context;
    return bindc_inputs_take(&args->inputs, id, value);
}

static bool lint(lint_args_t* args) {
    bc_compiler_t compiler;
    bc_buffer_t bytes = {0};
    bc_compiler_init(&compiler);
    args->inputs.options.lint = true;
    bindc_inputs_load(&args->inputs, &compiler);
    if (args->rules != NULL) {
        bc_compiler_set_rules_file(&compiler, args->rules);
    }
    bc_compiler_compile(&compiler, &args->inputs.options, &bytes);
    if (compiler.rules != NULL) {
        bc_lint_source(&compiler.diagnostics, compiler.rules->source);
    }
    for (const bc_library_t* library = compiler.symbols.libraries; library != NULL;
         library = library->next) {
        bc_lint_library(&compiler.diagnostics, library);
        bc_lint_source(&compiler.diagnostics, library->source);
    }
    bc_diagnostics_sort(&compiler.diagnostics);
    const bool is_good = bindc_inputs_report(&args->inputs, &compiler);
    bc_buffer_fini(&bytes);
    bc_compiler_fini(&compiler);
    return is_good;
}

static int run(const bindc_command_t* self, int argc, char** argv) {
    lint_args_t args = {.inputs.options.format = BC_FORMAT_NONE};
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &args);
    bool is_good = parsed != BINDC_REFUSED;
    if (parsed == BINDC_PARSED) {
        const bool has_libraries = args.inputs.count > 0 || args.inputs.include_list != NULL;
        is_good = bindc_take_operand(self, argc, argv, "a rules file or a library", has_libraries,
                                     &args.rules) &&
                  bindc_inputs_finish(&args.inputs) && lint(&args);
    }
    bindc_inputs_fini(&args.inputs);
    return is_good ? 0 : 1;
}

const bindc_command_t bindc_lint_command = {
    .name = "lint",
    .usage = "[OPTION…] RULES\n[OPTION…] --include LIBRARY…",
    .summary = "check rules and libraries, their style too",
    .description =
        "Reports errors and warnings of a rules file and the libraries given with it, and what is\n"
        "not in the usual style: names, long lines, formatting. Fails after an error; with "
        "--werror\n"
        "after a warning, too.",
    .shared = bindc_input_options,
    .example = "  bindc lint --werror -i acme.widget.bind -i bind/lib/fuchsia.pci.bind widget.bind",
    .run = run,
};
