// SPDX-License-Identifier: MIT
// Attack surface: sources given to bindc. The input is a rules file and, after a line of four
// dashes, a library. What the compiler accepts, the reader must accept too; what it refuses, it
// must have reported.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bind/program.h>

#include "compiler.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static void check_result(const bc_compiler_t* compiler, bool is_good, const bc_buffer_t* bytes) {
    if (!is_good) {
        if (compiler->diagnostics.error_count == 0 || bytes->size != 0) {
            abort();
        }
        for (const bc_diagnostic_t* d = compiler->diagnostics.first; d != NULL; d = d->next) {
            if (d->place.source != NULL && d->place.offset != BC_NO_OFFSET &&
                d->place.offset > d->place.source->size) {
                abort();
            }
        }
        return;
    }
    bind_program_t program;
    if (bind_program_read(bytes->data, bytes->size, &program, NULL) != ZX_OK) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const char separator[] = "\n----\n";
    const size_t separator_size = sizeof(separator) - 1;
    bc_compiler_t compiler;
    bc_buffer_t bytes = {0};
    size_t rules_size = size;
    bc_compiler_init(&compiler);
    const uint8_t* cut = size == 0 ? NULL : memmem(data, size, separator, separator_size);
    if (cut != NULL) {
        rules_size = (size_t)(cut - data);
        bc_compiler_add_library_text(&compiler, "library", cut + separator_size,
                                     size - rules_size - separator_size);
    }
    bc_compiler_set_rules_text(&compiler, "rules", data, rules_size);
    const bool is_good = bc_compiler_compile(&compiler, &(bc_options_t){0}, &bytes);
    check_result(&compiler, is_good, &bytes);
    bc_buffer_fini(&bytes);
    bc_compiler_fini(&compiler);
    return 0;
}
