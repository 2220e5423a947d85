// SPDX-License-Identifier: MIT
// Attack surface: device specifications given to bindc. The input runs through the debugger and,
// as properties, through the matcher.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bytecode.h"
#include "device.h"
#include "symbolic.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static const char library[] =
    "library l; uint U { ONE = 1 }; string S { A = \"a\" }; bool B; enum E { P, Q };";
static const char rules[] =
    "using l as x; fuchsia.BIND_PROTOCOL == 1; accept x.S { l.S.A, \"b\" } l.B != true; "
    "if x.E == x.E.P { l.U == 1; } else { l.U != 7; }";

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    bc_compiler_t compiler;
    bc_buffer_t bytes = {0};
    bc_buffer_t text = {0};
    bc_device_t device = {0};
    bc_compiler_init(&compiler);
    bc_compiler_add_library_text(&compiler, "library", library, sizeof(library) - 1);
    bc_compiler_set_rules_text(&compiler, "rules", rules, sizeof(rules) - 1);
    if (!bc_compiler_compile(&compiler, &(bc_options_t){0}, &bytes)) {
        abort();
    }
    const bc_source_t* source = bc_source_from_text(&compiler.diagnostics, "device", 2, data, size);
    if (source != NULL) {
        bc_device_parse(&compiler.diagnostics, source, &device);
        bc_device_resolve(&compiler.symbols, compiler.rules->usings, &device, BC_UNKNOWN_IGNORED);
        bc_symbolic_run(&compiler.symbols, compiler.rules, &compiler.rules->block, &device, &text);
        bind_program_t program;
        if (bind_program_read(bytes.data, bytes.size, &program, NULL) != ZX_OK) {
            abort();
        }
        for (int keeps = 0; keeps < 2; keeps++) {
            size_t count;
            const bind_property_t* props =
                bc_device_properties(&device, keeps == 1, &compiler.arena, &count);
            if (count > device.count) {
                abort();
            }
            bc_explain(&program, program.body, program.body_size, &compiler.program.code, props,
                       count, &text);
        }
    }
    bc_buffer_fini(&text);
    bc_buffer_fini(&bytes);
    bc_compiler_fini(&compiler);
    return 0;
}
