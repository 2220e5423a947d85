// SPDX-License-Identifier: MIT
// Attack surface: listings given to `bindc assemble`. What is assembled is a good program, and its
// listing gives the same bytes.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bytecode.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static bool assemble(const void* text, size_t size, bc_buffer_t* out) {
    bc_arena_t arena = {0};
    bc_diagnostics_t diagnostics = {.arena = &arena};
    const bc_source_t* source = bc_source_from_text(&diagnostics, "text", 0, text, size);
    const bool is_good = source != NULL && bc_assemble(&diagnostics, source, out);
    if (is_good != (diagnostics.error_count == 0)) {
        abort();
    }
    bc_arena_fini(&arena);
    return is_good;
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    bc_buffer_t bytes = {0};
    bc_buffer_t listing = {0};
    bc_buffer_t again = {0};
    if (assemble(data, size, &bytes)) {
        bind_program_t program;
        if (bind_program_read(bytes.data, bytes.size, &program, NULL) != ZX_OK) {
            abort();
        }
        bc_dump(&program, &listing);
        if (!assemble(listing.data, listing.size, &again) || again.size != bytes.size ||
            memcmp(again.data, bytes.data, bytes.size) != 0) {
            abort();
        }
    }
    bc_buffer_fini(&bytes);
    bc_buffer_fini(&listing);
    bc_buffer_fini(&again);
    return 0;
}
