// SPDX-License-Identifier: MIT
// What the tests of bind share.
#include "fixture.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char* fixture_path(const char* name) {
    static char path[1024];
    const char* source = getenv("JACINTH_SOURCE");
    snprintf(path, sizeof(path), "%s/tests/bind/%s", source == NULL ? "." : source, name);
    return path;
}

static char* list_errors(const bc_diagnostics_t* diagnostics) {
    char* text = NULL;
    size_t size = 0;
    FILE* file = open_memstream(&text, &size);
    for (const bc_diagnostic_t* d = diagnostics->first; d != NULL; d = d->next) {
        if (d != diagnostics->first) {
            fputs(", ", file);
        }
        if (d->place.source != NULL && d->place.offset != BC_NO_OFFSET) {
            const bc_position_t position = bc_place_position(d->place);
            fprintf(file, "%s:%u:%u ", d->place.source->path, position.line, position.column);
        }
        fprintf(file, "%c%03u", d->severity == BC_SEVERITY_ERROR ? 'E' : 'W', d->code);
    }
    fclose(file);
    return text;
}

bool fixture_compile(const char* rules, const char* lib1, const char* lib2,
                     const bc_options_t* options, bc_buffer_t* out, char** out_errors) {
    static const bc_options_t defaults = {0};
    bc_compiler_t compiler;
    bc_compiler_init(&compiler);
    compiler.options = options == NULL ? defaults : *options;
    *out = (bc_buffer_t){0};
    if (lib1 != NULL) {
        bc_compiler_add_library_text(&compiler, "lib1", lib1, strlen(lib1));
    }
    if (lib2 != NULL) {
        bc_compiler_add_library_text(&compiler, "lib2", lib2, strlen(lib2));
    }
    if (rules != NULL) {
        bc_compiler_set_rules_text(&compiler, "rules", rules, strlen(rules));
    }
    const bool is_good = bc_compiler_compile(&compiler, options == NULL ? &defaults : options, out);
    if (out_errors != NULL) {
        *out_errors = list_errors(&compiler.diagnostics);
    }
    bc_compiler_fini(&compiler);
    return is_good;
}

void fixture_read_hex(const char* path, bc_buffer_t* out) {
    bc_buffer_t text = {0};
    *out = (bc_buffer_t){0};
    cr_assert(bc_read_file(path, 1u << 20, &text), "%s cannot be read", path);
    int high = -1;
    for (size_t i = 0; i < text.size; i++) {
        const char c = (char)text.data[i];
        if (!isxdigit((unsigned char)c)) {
            continue;
        }
        const int digit = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
        if (high < 0) {
            high = digit;
        } else {
            bc_buffer_u8(out, (uint8_t)(high * 16 + digit));
            high = -1;
        }
    }
    cr_assert(high < 0, "%s has an odd number of digits", path);
    bc_buffer_fini(&text);
}

char* fixture_compile_case(const char* name, const bc_options_t* options, bool* out_accepted) {
    char path[300];
    glob_t libraries = {0};
    bc_compiler_t compiler;
    bc_buffer_t bytes = {0};
    bc_compiler_init(&compiler);
    compiler.options = *options;
    snprintf(path, sizeof(path), "%s.lib*.bind", name);
    if (glob(path, 0, NULL, &libraries) == 0) {
        for (size_t i = 0; i < libraries.gl_pathc; i++) {
            bc_compiler_add_library_file(&compiler, libraries.gl_pathv[i]);
        }
        globfree(&libraries);
    }
    snprintf(path, sizeof(path), "%s.bind", name);
    bc_compiler_set_rules_file(&compiler, path);
    *out_accepted = bc_compiler_compile(&compiler, options, &bytes);
    cr_expect_eq(bytes.size > 0, *out_accepted, "%s: bytes and errors", name);
    cr_expect_eq(compiler.diagnostics.error_count == 0, *out_accepted, "%s: no error", name);
    char* text = NULL;
    size_t size = 0;
    FILE* file = open_memstream(&text, &size);
    bc_diagnostics_print(&compiler.diagnostics, file);
    fclose(file);
    bc_buffer_fini(&bytes);
    bc_compiler_fini(&compiler);
    return text;
}

void fixture_check_golden(const char* name, const char* text) {
    char path[300];
    snprintf(path, sizeof(path), "%s.txt", name);
    if (getenv("BIND_UPDATE_GOLDENS") != NULL) {
        FILE* file = fopen(path, "w");
        cr_assert_not_null(file);
        fputs(text, file);
        fclose(file);
    }
    bc_buffer_t expected = {0};
    cr_assert(bc_read_file(path, 1u << 20, &expected), "%s", path);
    bc_buffer_u8(&expected, 0);
    cr_expect_str_eq(text, (const char*)expected.data, "%s:\n%s", name, text);
    bc_buffer_fini(&expected);
}
