// SPDX-License-Identifier: MIT
// Attack surface: JSON test specifications given to bindc. The first byte chooses ordinary or
// composite rules. Every error must have a place inside of the text.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static const char ordinary[] =
    "fuchsia.BIND_PROTOCOL == 1; accept fuchsia.NAME { \"a\", \"b\" } "
    "if fuchsia.BIND_PCI_VID != 3 { true; } else { false; }";
static const char composite[] =
    "composite c; primary parent \"p\" { fuchsia.BIND_PROTOCOL == 1; } "
    "optional parent \"q\" { true; }";
static const char library[] = "library fuchsia; string NAME;";

static void run(bc_compiler_t* compiler, const bc_buffer_t* bytes, bc_spec_t* spec) {
    bc_buffer_t out = {0};
    bc_buffer_t failure = {0};
    bc_coverage_t coverage = {0};
    for (bc_case_group_t* group = spec->groups; group != NULL; group = group->next) {
        for (bc_case_t* test = group->cases; test != NULL; test = test->next) {
            bc_device_resolve(&compiler->symbols, NULL, &test->device, BC_UNKNOWN_IGNORED);
        }
    }
    bc_spec_run(compiler, bytes, spec, false, &out, &failure, &coverage);
    if (coverage.taken > coverage.total) {
        abort();
    }
    bc_buffer_fini(&out);
    bc_buffer_fini(&failure);
}

static void check_places(const bc_diagnostics_t* diagnostics) {
    for (const bc_diagnostic_t* d = diagnostics->first; d != NULL; d = d->next) {
        const bc_place_t place = d->place;
        if (place.source != NULL && place.offset != BC_NO_OFFSET &&
            place.offset > place.source->size) {
            abort();
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    bc_compiler_t compiler;
    bc_buffer_t bytes = {0};
    bc_spec_t spec = {0};
    if (size == 0) {
        return 0;
    }
    const char* rules = data[0] % 2 == 0 ? ordinary : composite;
    bc_compiler_init(&compiler);
    bc_compiler_add_library_text(&compiler, "library", library, sizeof(library) - 1);
    bc_compiler_set_rules_text(&compiler, "rules", rules, strlen(rules));
    if (!bc_compiler_compile(&compiler, &(bc_options_t){0}, &bytes)) {
        abort();
    }
    const bc_source_t* source =
        bc_source_from_text(&compiler.diagnostics, "spec", 2, data + 1, size - 1);
    if (source != NULL) {
        bc_spec_parse(&compiler.diagnostics, source, &spec);
        bc_spec_check(&compiler.diagnostics, compiler.rules, &spec, source);
        check_places(&compiler.diagnostics);
        if (compiler.diagnostics.error_count == 0) {
            run(&compiler, &bytes, &spec);
        }
    }
    bc_buffer_fini(&bytes);
    bc_compiler_fini(&compiler);
    return 0;
}
