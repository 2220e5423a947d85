// SPDX-License-Identifier: MIT
// Style checks.
#include "lint.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "format.h"

#define MAX_LINE 100u

static bool has_letter(bc_text_t text, char first, char last) {
    for (uint32_t i = 0; i < text.size; i++) {
        if (text.data[i] >= first && text.data[i] <= last) {
            return true;
        }
    }
    return false;
}

// Values of enums may be in capitals or in camel case, as protocols are.
static void lint_item(bc_diagnostics_t* diagnostics, const bc_declaration_t* declaration,
                      const bc_item_t* item, bc_map_t* values) {
    if (declaration->type != BC_TYPE_ENUM && has_letter(item->name.text, 'a', 'z')) {
        bc_warning(diagnostics, item->name.place, BC_WARNING_STYLE,
                   "names of values are in upper case");
    }
    if (declaration->type != BC_TYPE_UINT) {
        return;
    }
    char text[24];
    const int size = snprintf(text, sizeof(text), "%" PRIx64, item->value.number);
    const bc_item_t* first = bc_map_get(values, (bc_text_t){text, (uint32_t)size});
    if (first != NULL) {
        bc_diagnostic_t* diagnostic = bc_warning(diagnostics, item->name.place, BC_WARNING_STYLE,
                                                 "`%.*s` has this value already",
                                                 (int)first->name.text.size, first->name.text.data);
        bc_note(diagnostics, diagnostic, "it is at");
        diagnostic->note_place = first->name.place;
        return;
    }
    const bc_text_t key = {bc_arena_copy(diagnostics->arena, text, (size_t)size), (uint32_t)size};
    bc_map_put(values, diagnostics->arena, key, (void*)item);
}

void bc_lint_library(bc_diagnostics_t* diagnostics, const bc_library_t* library) {
    if (has_letter(library->name.text, 'A', 'Z')) {
        bc_warning(diagnostics, library->name.place, BC_WARNING_STYLE,
                   "names of libraries are in lower case");
    }
    for (const bc_declaration_t* declaration = library->declarations; declaration != NULL;
         declaration = declaration->next) {
        bc_map_t values = {0};
        for (const bc_item_t* item = declaration->items; item != NULL; item = item->next) {
            lint_item(diagnostics, declaration, item, &values);
        }
    }
}

static void lint_lines(bc_diagnostics_t* diagnostics, const bc_source_t* source) {
    for (uint32_t i = 0; i < source->line_count; i++) {
        const uint32_t start = source->lines[i];
        const uint32_t end = i + 1 < source->line_count ? source->lines[i + 1] - 1 : source->size;
        uint32_t characters = 0;
        for (uint32_t at = start; at < end; at++) {
            characters += ((uint8_t)source->text[at] & 0xc0) != 0x80;
        }
        if (characters > MAX_LINE) {
            bc_warning(diagnostics, (bc_place_t){source, start, 1}, BC_WARNING_STYLE,
                       "a line of %u characters; %u are enough", characters, MAX_LINE);
        }
    }
}

void bc_lint_source(bc_diagnostics_t* diagnostics, const bc_source_t* source) {
    bc_arena_t arena = {0};
    bc_diagnostics_t unheard = {.arena = &arena};
    bc_buffer_t text = {0};
    lint_lines(diagnostics, source);
    if (bc_format_source(&unheard, source, &text)) {
        uint32_t same = 0;
        while (same < text.size && same < source->size &&
               (char)text.data[same] == source->text[same]) {
            same++;
        }
        if (same < text.size || same < source->size) {
            bc_warning(diagnostics, (bc_place_t){source, same, 1}, BC_WARNING_STYLE,
                       "not formatted; `bindc fmt` would change this");
        }
    }
    bc_buffer_fini(&text);
    bc_arena_fini(&arena);
}
