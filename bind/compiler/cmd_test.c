// SPDX-License-Identifier: MIT
// bindc test: runs rules on the devices of a test specification.
#include <stdio.h>
#include <stdlib.h>

#include "commands.h"
#include "inputs.h"
#include "spec.h"

enum { OPTION_SYMBOLIC = BINDC_LONG_OPTION, OPTION_MIN_COVERAGE };

typedef struct test_args {
    bindc_inputs_t inputs;
    const char* spec;
    const char* rules;
    bool is_symbolic;
    unsigned min_coverage;  // percent
} test_args_t;

static const bindc_option_t test_options[] = {
    {'t', "test-spec", "FILE", "the tests, in JSON"},
    {OPTION_SYMBOLIC, "symbolic", NULL, "compare values as names mean them, not as bytecode does"},
    {OPTION_MIN_COVERAGE, "min-coverage", "PERCENT", "fail if fewer of the outcomes were reached"},
    {0},
};

static bool take(void* context, int id, const char* value) {
    test_args_t* args = context;
    char* end;
    switch (id) {
        case 't':
            args->spec = value;
            return true;
        case OPTION_SYMBOLIC:
            args->is_symbolic = true;
            return true;
        case OPTION_MIN_COVERAGE: {
            const unsigned long percent = strtoul(value, &end, 10);
            args->min_coverage = (unsigned)percent;
            if (*value >= '0' && *value <= '9' && *end == 0 && percent <= 100) {
                return true;
            }
            fprintf(stderr, "bindc: --min-coverage is a number up to 100, not %s\n", value);
            return false;
        }
        default:
            return bindc_inputs_take(&args->inputs, id, value);
    }
}

static bool run_spec(const test_args_t* args, bc_compiler_t* compiler, const bc_buffer_t* bytes,
                     const bc_spec_t* spec) {
    bc_buffer_t out = {0};
    bc_buffer_t failure = {0};
    bc_coverage_t coverage = {0};
    bool is_good = bc_spec_run(compiler, bytes, spec, args->is_symbolic, &out, &failure, &coverage);
    const bool is_written = bindc_write_stdout(&out);
    if (failure.size > 0) {
        fwrite(failure.data, 1, failure.size, stderr);
    }
    if (is_good && coverage.taken * 100 < args->min_coverage * coverage.total) {
        fprintf(stderr, "%s: error: less than %u percent of the outcomes were reached\n",
                args->rules, args->min_coverage);
        is_good = false;
    }
    bc_buffer_fini(&out);
    bc_buffer_fini(&failure);
    return is_good && is_written;
}

static void resolve_devices(bc_compiler_t* compiler, const bc_spec_t* spec, bc_unknown_t unknown) {
    for (bc_case_group_t* group = spec->groups; group != NULL; group = group->next) {
        for (bc_case_t* test = group->cases; test != NULL; test = test->next) {
            bc_device_resolve(&compiler->symbols, compiler->rules->usings, &test->device, unknown);
        }
    }
}

static bool test(test_args_t* args) {
    bc_compiler_t compiler;
    bc_spec_t spec = {0};
    bc_buffer_t bytes = {0};
    bc_compiler_init(&compiler);
    bindc_inputs_load(&args->inputs, &compiler);
    bc_compiler_set_rules_file(&compiler, args->rules);
    const bc_source_t* source =
        bc_source_from_file(&compiler.diagnostics, args->spec, (uint32_t)args->inputs.count + 1);
    if (source != NULL) {
        bc_spec_parse(&compiler.diagnostics, source, &spec);
    }
    if (source != NULL && compiler.rules != NULL) {
        bc_spec_check(&compiler.diagnostics, compiler.rules, &spec, source);
    }
    args->inputs.options.lint = false;
    if (bc_compiler_compile(&compiler, &args->inputs.options, &bytes)) {
        resolve_devices(&compiler, &spec,
                        args->inputs.options.no_warnings ? BC_UNKNOWN_SILENT : BC_UNKNOWN_IGNORED);
    }
    const bool is_good =
        bindc_inputs_report(&args->inputs, &compiler) && run_spec(args, &compiler, &bytes, &spec);
    bc_buffer_fini(&bytes);
    bc_compiler_fini(&compiler);
    return is_good;
}

static int run(const bindc_command_t* self, int argc, char** argv) {
    test_args_t args = {0};
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &args);
    bool is_good = parsed != BINDC_REFUSED;
    if (parsed == BINDC_PARSED && args.spec == NULL) {
        bindc_usage_error(self, "a test specification is needed: ", "--test-spec FILE");
        is_good = false;
    } else if (parsed == BINDC_PARSED) {
        is_good = bindc_take_operand(self, argc, argv, "a rules file", false, &args.rules) &&
                  bindc_inputs_finish(&args.inputs) && test(&args);
    }
    bindc_inputs_fini(&args.inputs);
    return is_good ? 0 : 1;
}

const bindc_command_t bindc_test_command = {
    .name = "test",
    .usage = "[OPTION…] --test-spec FILE RULES",
    .summary = "run rules on the devices of a test specification",
    .description =
        "Runs the compiled rules on each device of a list\n"
        "  [{\"name\": \"…\", \"expected\": \"match\" or \"abort\", \"device\": {\"key\": "
        "\"value\"}}]\n"
        "of which a composite has one for each parent: [{\"parent\": \"…\", \"tests\": […]}].\n"
        "Values are written as in rules, so a string has quotes inside the quotes. Stops at the "
        "first\n"
        "wrong outcome, with exit status 1. At the end: which outcomes of the rules were not "
        "reached.",
    .options = test_options,
    .shared = bindc_input_options,
    .example = "  bindc test -t nvme.json -i bind/lib/fuchsia.pci.bind nvme.bind",
    .run = run,
};
