// SPDX-License-Identifier: MIT
// Attack surface: libraries given to bindc, alone: compiled beside rules that use them, made into C
// constants, formatted. What is formatted must be stable and as good as before.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compiler.h"
#include "constants.h"
#include "format.h"
#include "lint.h"
#include "parser.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

static bool format(const void* text, size_t size, bc_buffer_t* out) {
    bc_arena_t arena = {0};
    bc_diagnostics_t diagnostics = {.arena = &arena};
    const bc_source_t* source = bc_source_from_text(&diagnostics, "text", 0, text, size);
    const bool is_good = source != NULL && bc_format_source(&diagnostics, source, out);
    bc_arena_fini(&arena);
    return is_good;
}

static void check_format(const uint8_t* data, size_t size) {
    bc_buffer_t once = {0};
    bc_buffer_t twice = {0};
    if (format(data, size, &once)) {
        if (!format(once.data, once.size, &twice) || once.size != twice.size ||
            (once.size != 0 && memcmp(once.data, twice.data, once.size) != 0)) {
            abort();
        }
    }
    bc_buffer_fini(&once);
    bc_buffer_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    static const char rules[] = "using l; l.K == l.K.V;";
    bc_compiler_t compiler;
    bc_buffer_t bytes = {0};
    bc_compiler_init(&compiler);
    bc_compiler_add_library_text(&compiler, "library", data, size);
    bc_compiler_set_rules_text(&compiler, "rules", rules, sizeof(rules) - 1);
    const bc_options_t options = {.lint = true, .strict_using = true};
    if (bc_compiler_compile(&compiler, &options, &bytes) != (bytes.size != 0)) {
        abort();
    }
    if (compiler.diagnostics.error_count == 0) {
        bc_buffer_t header = {0};
        bc_lint_library(&compiler.diagnostics, compiler.symbols.libraries);
        bc_lint_source(&compiler.diagnostics, compiler.symbols.libraries->source);
        bc_make_constants(&compiler.diagnostics, compiler.symbols.libraries, NULL, &header);
        bc_buffer_fini(&header);
    }
    check_format(data, size);
    bc_buffer_fini(&bytes);
    bc_compiler_fini(&compiler);
    return 0;
}
