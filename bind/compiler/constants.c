// SPDX-License-Identifier: MIT
// Making C constants.
#include "constants.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "symbols.h"

typedef struct generator {
    bc_diagnostics_t* diagnostics;
    const bc_library_t* library;
    bc_text_t prefix;
    bc_map_t names;  // macro to the name it was made of
    bool is_failed;
    bc_buffer_t* out;
} generator_t;

// Upper case, with `_` for what C has no letter for.
static bc_text_t upper(bc_arena_t* arena, bc_text_t text) {
    char* copy = bc_arena_copy(arena, text.data, text.size);
    for (uint32_t i = 0; i < text.size; i++) {
        if (copy[i] >= 'a' && copy[i] <= 'z') {
            copy[i] = (char)(copy[i] - 'a' + 'A');
        } else if (copy[i] == '.' || copy[i] == '-') {
            copy[i] = '_';
        }
    }
    return (bc_text_t){copy, text.size};
}

static bc_text_t last_part(bc_text_t name) {
    bc_text_t qualifier;
    bc_text_t last;
    bc_split_name(name, &qualifier, &last);
    return last;
}

// "PREFIX_KEY"; in the library `fuchsia` a leading BIND_ is left out.
static bc_text_t key_macro(const generator_t* generator, bc_text_t key) {
    bc_arena_t* arena = generator->diagnostics->arena;
    bc_text_t name = upper(arena, key);
    if (bc_text_equal(generator->library->name.text, bc_text("fuchsia")) && name.size > 5 &&
        memcmp(name.data, "BIND_", 5) == 0) {
        name = (bc_text_t){name.data + 5, name.size - 5};
    }
    return bc_arena_join(arena, generator->prefix, '_', name);
}

// Begins "#define MACRO ". False if there is such a macro already.
static bool define(generator_t* generator, bc_text_t macro, const bc_name_t* name) {
    const bc_name_t* first = bc_map_get(&generator->names, macro);
    if (first != NULL) {
        bc_diagnostic_t* diagnostic =
            bc_error(generator->diagnostics, name->place, 0, "a second constant %.*s",
                     (int)macro.size, macro.data);
        bc_note(generator->diagnostics, diagnostic, "the first one is of");
        diagnostic->note_place = first->place;
        generator->is_failed = true;
        return false;
    }
    bc_map_put(&generator->names, generator->diagnostics->arena, macro, (void*)name);
    bc_buffer_text(generator->out, "#define ");
    bc_buffer_append(generator->out, macro.data, macro.size);
    bc_buffer_text(generator->out, " ");
    return true;
}

// Strings of bind rules keep their backslashes, which only stand before `"` and `\`, as in C. A
// `?` is escaped because of trigraphs, a line end because C has none in a string.
static void append_string(bc_buffer_t* out, bc_text_t text) {
    bc_buffer_u8(out, '"');
    for (uint32_t i = 0; i < text.size; i++) {
        const char c = text.data[i];
        if (c == '\n') {
            bc_buffer_text(out, "\\n");
        } else if (c == '\r') {
            bc_buffer_text(out, "\\r");
        } else if (c == '?') {
            bc_buffer_text(out, "\\?");
        } else {
            bc_buffer_u8(out, (uint8_t)c);
        }
    }
    bc_buffer_text(out, "\"\n");
}

static void append_value(generator_t* generator, bc_type_t type, bc_text_t key,
                         const bc_item_t* item) {
    char text[40];
    bc_arena_t* arena = generator->diagnostics->arena;
    switch (type) {
        case BC_TYPE_UINT:
            snprintf(text, sizeof(text), "0x%" PRIx64 "%s\n", item->value.number,
                     item->value.number > UINT32_MAX ? "ull" : "u");
            bc_buffer_text(generator->out, text);
            break;
        case BC_TYPE_BOOL:
            bc_buffer_text(generator->out, item->value.boolean ? "1\n" : "0\n");
            break;
        case BC_TYPE_STRING:
            append_string(generator->out, item->value.text);
            break;
        case BC_TYPE_ENUM: {
            const bc_text_t name = bc_arena_join(arena, generator->library->name.text, '.',
                                                 bc_arena_join(arena, key, '.', item->name.text));
            append_string(generator->out, name);
            break;
        }
    }
}

static void add_declaration(generator_t* generator, const bc_declaration_t* declaration) {
    bc_arena_t* arena = generator->diagnostics->arena;
    const bc_text_t key = last_part(declaration->key.text);
    const bc_text_t macro = key_macro(generator, key);
    bc_buffer_text(generator->out, "\n");
    if (!declaration->is_extend && define(generator, macro, &declaration->key)) {
        append_string(generator->out,
                      bc_arena_join(arena, generator->library->name.text, '.', key));
    }
    for (const bc_item_t* item = declaration->items; item != NULL; item = item->next) {
        const bc_text_t value = bc_arena_join(arena, macro, '_', upper(arena, item->name.text));
        if (define(generator, value, &item->name)) {
            append_value(generator, declaration->type, key, item);
        }
    }
}

bool bc_make_constants(bc_diagnostics_t* diagnostics, const bc_library_t* library,
                       const char* prefix, bc_buffer_t* out) {
    generator_t generator = {.diagnostics = diagnostics, .library = library, .out = out};
    const bc_text_t name = library->name.text;
    generator.prefix = prefix != NULL ? bc_text(prefix) : upper(diagnostics->arena, name);
    bc_buffer_text(out, "// Generated by bindc from the bind library ");
    bc_buffer_append(out, name.data, name.size);
    bc_buffer_text(out, "; do not edit.\n#pragma once\n");
    for (const bc_declaration_t* declaration = library->declarations; declaration != NULL;
         declaration = declaration->next) {
        add_declaration(&generator, declaration);
    }
    return !generator.is_failed;
}
