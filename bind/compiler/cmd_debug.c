// SPDX-License-Identifier: MIT
// bindc debug: runs rules on a device specification and prints what each statement did.
#include <stdio.h>

#include "commands.h"
#include "inputs.h"
#include "symbolic.h"

typedef struct debug_args {
    bindc_inputs_t inputs;
    const char* device;
    const char* rules;
} debug_args_t;

static const bindc_option_t debug_options[] = {
    {'d', "debug", "FILE", "the device specification: `key = value` for each property"},
    {0},
};

static bool take(void* context, int id, const char* value) {
    debug_args_t* args = context;
    if (id == 'd') {
        args->device = value;
        return true;
    }
    return bindc_inputs_take(&args->inputs, id, value);
}

static void refuse_composite(bc_compiler_t* compiler) {
    const bc_rules_t* rules = compiler->rules;
    if (rules != NULL && rules->is_composite) {
        bc_diagnostic_t* diagnostic =
            bc_error(&compiler->diagnostics, (bc_place_t){rules->source, 0, 9}, 27,
                     "a composite cannot be debugged, only ordinary rules");
        bc_note(&compiler->diagnostics, diagnostic,
                "`bindc explain` tells of composites and devices");
    }
}

static bool debug(debug_args_t* args) {
    bc_compiler_t compiler;
    bc_device_t device = {0};
    bc_buffer_t bytes = {0};
    bc_buffer_t trace = {0};
    bc_compiler_init(&compiler);
    bindc_inputs_load(&args->inputs, &compiler);
    bc_compiler_set_rules_file(&compiler, args->rules);
    refuse_composite(&compiler);
    const bc_source_t* source =
        bc_source_from_file(&compiler.diagnostics, args->device, (uint32_t)args->inputs.count + 1);
    if (source != NULL) {
        bc_device_parse(&compiler.diagnostics, source, &device);
    }
    if (bc_compiler_compile(&compiler, &args->inputs.options, &bytes)) {
        bc_device_resolve(
            &compiler.symbols, compiler.rules->usings, &device,
            args->inputs.options.no_warnings ? BC_UNKNOWN_SILENT : BC_UNKNOWN_IGNORED);
    }
    bool is_good = bindc_inputs_report(&args->inputs, &compiler);
    if (is_good) {
        const bool binds = bc_symbolic_run(&compiler.symbols, compiler.rules,
                                           &compiler.rules->block, &device, &trace);
        bc_buffer_text(&trace,
                       binds ? "Driver binds to device.\n" : "Driver doesn't bind to device.\n");
        is_good = bindc_write_stdout(&trace);
    }
    bc_buffer_fini(&trace);
    bc_buffer_fini(&bytes);
    bc_compiler_fini(&compiler);
    return is_good;
}

static int run(const bindc_command_t* self, int argc, char** argv) {
    debug_args_t args = {.inputs.options.format = BC_FORMAT_NONE};
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &args);
    bool is_good = parsed != BINDC_REFUSED;
    if (parsed == BINDC_PARSED && args.device == NULL) {
        bindc_usage_error(self, "a device specification is needed: ", "--debug FILE");
        is_good = false;
    } else if (parsed == BINDC_PARSED) {
        is_good = bindc_take_operand(self, argc, argv, "a rules file", false, &args.rules) &&
                  bindc_inputs_finish(&args.inputs) && debug(&args);
    }
    bindc_inputs_fini(&args.inputs);
    return is_good ? 0 : 1;
}

const bindc_command_t bindc_debug_command = {
    .name = "debug",
    .usage = "[OPTION…] --debug DEVICE RULES",
    .summary = "run rules on a device specification, statement by statement",
    .description =
        "Runs ordinary rules on the properties in DEVICE and prints what each statement did.\n"
        "The last line tells whether the driver binds; the exit status is 0 either way.\n"
        "Values are compared as the names mean them; a key that DEVICE does not have equals "
        "nothing.",
    .options = debug_options,
    .shared = bindc_input_options,
    .example =
        "  echo 'fuchsia.BIND_PCI_VID = fuchsia.pci.BIND_PCI_VID.VIRTIO' > disk.dev\n"
        "  bindc debug -d disk.dev -i bind/lib/fuchsia.pci.bind virtio-blk.bind",
    .run = run,
};
