// SPDX-License-Identifier: MIT
// Attack surface: sources given to bindc. The input is a rules file and, after a line of four
// dashes, a library. What the compiler accepts, the reader must accept too; what it refuses, it
// must have reported. What was formatted must mean the same and be stable.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bind/program.h>

#include "compiler.h"
#include "format.h"

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

static bool format(const void* text, size_t size, bc_buffer_t* out) {
    bc_arena_t arena = {0};
    bc_diagnostics_t diagnostics = {.arena = &arena};
    const bc_source_t* source = bc_source_from_text(&diagnostics, "text", 0, text, size);
    const bool is_good = source != NULL && bc_format_source(&diagnostics, source, out);
    bc_arena_fini(&arena);
    return is_good;
}

static bool is_same(const bc_buffer_t* a, const bc_buffer_t* b) {
    return a->size == b->size && (a->size == 0 || memcmp(a->data, b->data, a->size) == 0);
}

// Rules without a library that compile: version 1 runs through, and formatting changes no byte.
static void check_rules(const uint8_t* data, size_t size, const bc_buffer_t* bytes) {
    bc_buffer_t once = {0};
    bc_buffer_t twice = {0};
    bc_buffer_t again = {0};
    if (!format(data, size, &once) || !format(once.data, once.size, &twice) ||
        !is_same(&once, &twice)) {
        abort();
    }
    for (int version = 1; version <= 2; version++) {
        bc_compiler_t compiler;
        const bc_options_t options = {.format = version == 1 ? BC_FORMAT_V1 : BC_FORMAT_V2};
        bc_compiler_init(&compiler);
        bc_compiler_set_rules_text(&compiler, "rules", once.data, once.size);
        again.size = 0;
        const bool is_good = bc_compiler_compile(&compiler, &options, &again);
        if (version == 2 && (!is_good || !is_same(bytes, &again))) {
            abort();
        }
        bc_compiler_fini(&compiler);
    }
    bc_buffer_fini(&once);
    bc_buffer_fini(&twice);
    bc_buffer_fini(&again);
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
    if (is_good && cut == NULL) {
        check_rules(data, size, &bytes);
    }
    bc_buffer_fini(&bytes);
    bc_compiler_fini(&compiler);
    return 0;
}
