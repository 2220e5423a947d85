// SPDX-License-Identifier: MIT
// bindc explain: why a program does or does not match a device, on the matcher's own engine.
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bind/composite.h>

#include "bytecode.h"
#include "commands.h"
#include "device.h"
#include "explain_choice.h"
#include "inputs.h"
#include "program_file.h"

#define MAX_DEVICES  64u
#define MAX_PROGRAMS 64u

enum { OPTION_BOOT = BINDC_LONG_OPTION, OPTION_SYSTEM };

typedef struct explain_args {
    bindc_inputs_t inputs;
    const char* devices[MAX_DEVICES];
    size_t device_count;
    bindc_rival_t programs[MAX_PROGRAMS];
    size_t program_count;
} explain_args_t;

static const bindc_option_t explain_options[] = {
    {'d', "device", "FILE", "a device specification; of a composite one for each parent"},
    {OPTION_BOOT, "boot", "FILE", "a program of the boot set, when there are several"},
    {OPTION_SYSTEM, "system", "FILE", "a program of the system set, when there are several"},
    {0},
};

static bool add_program(explain_args_t* args, const char* path, bind_choice_set_t set) {
    if (args->program_count == MAX_PROGRAMS) {
        fprintf(stderr, "bindc: at most %u programs\n", MAX_PROGRAMS);
        return false;
    }
    args->programs[args->program_count++] = (bindc_rival_t){path, set};
    return true;
}

static bool take(void* context, int id, const char* value) {
    explain_args_t* args = context;
    if (id == OPTION_BOOT || id == OPTION_SYSTEM) {
        return add_program(args, value, id == OPTION_BOOT ? BIND_CHOICE_BOOT : BIND_CHOICE_SYSTEM);
    }
    if (id != 'd') {
        return bindc_inputs_take(&args->inputs, id, value);
    }
    if (args->device_count == MAX_DEVICES) {
        fprintf(stderr, "bindc: at most %u devices\n", MAX_DEVICES);
        return false;
    }
    args->devices[args->device_count++] = value;
    return true;
}

typedef struct explanation {
    bc_compiler_t compiler;
    bc_buffer_t bytes;  // what was compiled here
    bindc_program_file_t file;
    const bind_program_t* program;
    bc_device_t devices[MAX_DEVICES];
    bind_spec_parent_t props[MAX_DEVICES];
    bc_buffer_t out;
} explanation_t;

// Compiled programs are read, anything else is compiled first.
static bool load_program(explain_args_t* args, explanation_t* ex) {
    bc_buffer_t content = {0};
    const char* path = args->programs[0].path;
    if (!bc_read_file(path, BC_MAX_SOURCE, &content)) {
        fprintf(stderr, "%s: error: cannot be read: %s\n", path, strerror(errno));
        return false;
    }
    const bool is_compiled = bindc_is_program(&content);
    if (!is_compiled) {
        bc_compiler_set_rules_text(&ex->compiler, path, content.data, content.size);
    } else if (!bindc_program_file_open(path, &ex->file)) {
        bc_buffer_fini(&content);
        return false;
    }
    bc_buffer_fini(&content);
    ex->program = &ex->file.program;
    return true;
}

static void load_devices(explain_args_t* args, explanation_t* ex) {
    bc_compiler_t* compiler = &ex->compiler;
    for (size_t i = 0; i < args->device_count; i++) {
        const bc_source_t* source = bc_source_from_file(&compiler->diagnostics, args->devices[i],
                                                        (uint32_t)(args->inputs.count + 1 + i));
        if (source != NULL) {
            bc_device_parse(&compiler->diagnostics, source, &ex->devices[i]);
        }
    }
}

static bool resolve_devices(explain_args_t* args, explanation_t* ex) {
    bc_compiler_t* compiler = &ex->compiler;
    if (!bc_compiler_compile(compiler, &args->inputs.options, &ex->bytes)) {
        return false;
    }
    for (size_t i = 0; i < args->device_count; i++) {
        bc_device_resolve(&compiler->symbols,
                          compiler->rules == NULL ? NULL : compiler->rules->usings, &ex->devices[i],
                          args->inputs.options.no_warnings ? BC_UNKNOWN_SILENT : BC_UNKNOWN_KEPT);
        ex->props[i].props =
            bc_device_properties(&ex->devices[i], true, &compiler->arena, &ex->props[i].count);
    }
    return true;
}

static const bc_code_t* find_code(const explanation_t* ex, const char* parent) {
    const bc_program_t* program = &ex->compiler.program;
    if (ex->compiler.rules == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < program->parent_count && parent != NULL; i++) {
        if (bc_text_equal(program->parents[i].parent->name.text, bc_text(parent))) {
            return &program->parents[i].code;
        }
    }
    return &program->code;
}

static void explain_parents(explanation_t* ex, const char* device,
                            const bind_spec_parent_t* props) {
    bind_parent_t parent;
    for (size_t i = 0; bind_program_parent(ex->program, i, &parent) == ZX_OK; i++) {
        bc_buffer_text(&ex->out, "Parent \"");
        bc_buffer_text(&ex->out, parent.name);
        bc_buffer_text(&ex->out, "\" and ");
        bc_buffer_text(&ex->out, device);
        bc_buffer_text(&ex->out, ":\n");
        bc_explain(ex->program, parent.code, parent.code_size, find_code(ex, parent.name),
                   props->props, props->count, &ex->out);
    }
}

static void append_pair(const explain_args_t* args, explanation_t* ex, const char* before,
                        size_t device, size_t parent, const char* after) {
    bind_parent_t info = {.name = "?"};
    bind_program_parent(ex->program, parent, &info);
    bc_buffer_text(&ex->out, before);
    bc_buffer_text(&ex->out, args->devices[device]);
    bc_buffer_text(&ex->out, " is parent \"");
    bc_buffer_text(&ex->out, info.name);
    bc_buffer_text(&ex->out, after);
}

static void assign_parents(const explain_args_t* args, explanation_t* ex) {
    const size_t parents = bind_composite_parent_count(ex->program);
    const size_t size = BIND_COMPOSITE_WORKSPACE(args->device_count, parents);
    void* workspace = bc_arena_alloc(&ex->compiler.arena, size);
    size_t assigned[MAX_DEVICES];
    bind_assignment_t assignment;
    const zx_status_t status = bind_composite_match(ex->program, ex->props, args->device_count,
                                                    workspace, size, assigned, &assignment, NULL);
    if (status != ZX_OK) {
        bc_buffer_text(&ex->out, "The composite does not match these devices together.\n");
        return;
    }
    bc_buffer_text(&ex->out, "The composite matches these devices:\n");
    for (size_t i = 0; i < args->device_count; i++) {
        append_pair(args, ex, "  ", i, assigned[i],
                    i == assignment.primary ? "\" (primary)\n" : "\"\n");
    }
    if (assignment.is_ambiguous) {
        append_pair(args, ex, "This is not the only way: another is that ", assignment.ambiguous,
                    assignment.ambiguous_for, "\".\n");
    }
}

static void explain(const explain_args_t* args, explanation_t* ex) {
    for (size_t i = 0; i < args->device_count; i++) {
        if (ex->program->is_composite) {
            explain_parents(ex, args->devices[i], &ex->props[i]);
            continue;
        }
        if (args->device_count > 1) {
            bc_buffer_text(&ex->out, args->devices[i]);
            bc_buffer_text(&ex->out, ":\n");
        }
        bc_explain(ex->program, ex->program->body, ex->program->body_size, find_code(ex, NULL),
                   ex->props[i].props, ex->props[i].count, &ex->out);
    }
    if (ex->program->is_composite) {
        assign_parents(args, ex);
    }
}

static bool explain_all(explain_args_t* args) {
    explanation_t* ex = calloc(1, sizeof(*ex));
    if (ex == NULL) {
        return false;
    }
    bc_compiler_init(&ex->compiler);
    bindc_inputs_load(&args->inputs, &ex->compiler);
    const bool is_choice = args->program_count > 1;
    bool is_good = is_choice || load_program(args, ex);
    if (is_good) {
        load_devices(args, ex);
        is_good = resolve_devices(args, ex);
        is_good = bindc_inputs_report(&args->inputs, &ex->compiler) && is_good;
    }
    if (is_good && ex->compiler.rules != NULL) {
        is_good =
            bind_program_read(ex->bytes.data, ex->bytes.size, &ex->file.program, NULL) == ZX_OK;
    }
    if (is_good && is_choice) {
        is_good = bindc_explain_choice(args->programs, args->program_count, ex->props[0].props,
                                       ex->props[0].count, &ex->out);
    } else if (is_good) {
        explain(args, ex);
    }
    is_good = is_good && bindc_write_stdout(&ex->out);
    bc_buffer_fini(&ex->out);
    bc_buffer_fini(&ex->bytes);
    bindc_program_file_close(&ex->file);
    bc_compiler_fini(&ex->compiler);
    free(ex);
    return is_good;
}

static bool take_operands(const bindc_command_t* self, explain_args_t* args, int argc,
                          char** argv) {
    bool is_good = true;
    for (int i = optind; i < argc && is_good; i++) {
        is_good = add_program(args, argv[i], BIND_CHOICE_LOADED);
    }
    if (args->device_count == 0) {
        return bindc_usage_error(self, "a device specification is needed: ", "--device FILE") == 0;
    }
    if (args->program_count == 0) {
        return bindc_usage_error(self, "a program or a rules file is needed", "") == 0;
    }
    if (args->program_count > 1 && args->device_count > 1) {
        return bindc_usage_error(self, "several programs are for one device, not also for ",
                                 args->devices[1]) == 0;
    }
    return is_good;
}

static int run(const bindc_command_t* self, int argc, char** argv) {
    explain_args_t args = {0};
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &args);
    bool is_good = parsed != BINDC_REFUSED;
    if (parsed == BINDC_PARSED) {
        is_good = take_operands(self, &args, argc, argv) && bindc_inputs_finish(&args.inputs) &&
                  explain_all(&args);
    }
    bindc_inputs_fini(&args.inputs);
    return is_good ? 0 : 1;
}

const bindc_command_t bindc_explain_command = {
    .name = "explain",
    .usage =
        "[OPTION…] --device DEVICE… PROGRAM|RULES\n"
        "[OPTION…] --device DEVICE [--boot PROGRAM…] [--system PROGRAM…] [PROGRAM…]",
    .summary = "tell why a program does or does not match a device",
    .description =
        "Runs a compiled program, the program of a driver's .so, or rules that it compiles first,\n"
        "with devmgr's matcher, and prints what each instruction or line saw. For a composite "
        "with\n"
        "several devices it also tells which of them is which parent, and whether that is the "
        "only\n"
        "way. Of several compiled programs it tells which one the device gets, and why. Names "
        "without a\n"
        "library are taken as they are. Exit status 0, matched or not.",
    .options = explain_options,
    .shared = bindc_input_options,
    .example =
        "  bindc explain -d disk.dev -i bind/lib/fuchsia.pci.bind \\\n"
        "      build/lib/drivers/virtio-blk.so\n"
        "  bindc explain -d disk.dev --boot build/lib/drivers/virtio-blk.so newer.so",
    .run = run,
};
