// SPDX-License-Identifier: MIT
// What may be written at a place: told by the terminals in front of it. A letter is put at the
// place and looked for among them; when it is not found as (the end of) a name, the place is in a
// comment, a string or a number.
#include "slot.h"

#include <string.h>

typedef struct context {
    lsp_scanned_t before[2];  // the last terminals, the nearest first
    size_t count;             // of all terminals
    uint32_t depth;           // of braces
    bool is_library;
    bool is_composite;
    bool is_list;     // in the braces of `accept` or of a declaration
    bc_place_t list;  // the key of the list
} context_t;

// Whether the terminal `back` places before this one is the word.
static bool is_before(const context_t* context, size_t back, const char* word) {
    return context->count > back && lsp_is_word(&context->before[back], word);
}

static bool is_name_before(const context_t* context, size_t back) {
    return context->count > back && context->before[back].kind == LSP_TOKEN_NAME;
}

static bool is_type_before(const context_t* context) {
    return is_before(context, 0, "uint") || is_before(context, 0, "string") ||
           is_before(context, 0, "bool") || is_before(context, 0, "enum");
}

static void pass(context_t* context, const lsp_scanned_t* token) {
    if (lsp_is_word(token, "{")) {
        context->depth++;
        context->is_list =
            context->is_library || (is_name_before(context, 0) && is_before(context, 1, "accept"));
        context->list = context->before[0].place;
    } else if (lsp_is_word(token, "}")) {
        context->depth -= context->depth > 0;
        context->is_list = false;
    } else if (context->count == 0) {
        context->is_library = lsp_is_word(token, "library");
        context->is_composite = lsp_is_word(token, "composite");
    }
    context->before[1] = context->before[0];
    context->before[0] = *token;
    context->count++;
}

static bool starts_statement(const context_t* context) {
    return context->count == 0 || is_before(context, 0, ";") || is_before(context, 0, "}") ||
           is_before(context, 0, "{");
}

static lsp_slot_kind_t library_slot(const context_t* context) {
    if (context->is_list) {
        return LSP_SLOT_NONE;
    }
    if (is_type_before(context)) {
        return is_before(context, 1, "extend") ? LSP_SLOT_KEY : LSP_SLOT_NONE;
    }
    if (is_before(context, 0, "extend")) {
        return LSP_SLOT_TYPE;
    }
    return is_before(context, 0, ";") ? LSP_SLOT_DECLARATION : LSP_SLOT_NONE;
}

static lsp_slot_kind_t rules_slot(const context_t* context, bc_place_t* out_key) {
    if (is_before(context, 0, "==") || is_before(context, 0, "!=")) {
        *out_key = context->before[1].place;
        return is_name_before(context, 1) ? LSP_SLOT_VALUE : LSP_SLOT_NONE;
    }
    if (context->is_list) {
        *out_key = context->list;
        const bool is_open = is_before(context, 0, "{") || is_before(context, 0, ",");
        return is_open ? LSP_SLOT_VALUE : LSP_SLOT_NONE;
    }
    if (is_before(context, 0, "if") || is_before(context, 0, "accept")) {
        return LSP_SLOT_KEY;
    }
    if (is_before(context, 0, "else")) {
        return LSP_SLOT_ELSE;
    }
    if (is_before(context, 0, "primary") || is_before(context, 0, "optional")) {
        return LSP_SLOT_PARENT_WORD;
    }
    if (!starts_statement(context)) {
        return LSP_SLOT_NONE;
    }
    return context->is_composite && context->depth == 0 ? LSP_SLOT_PARENT : LSP_SLOT_STATEMENT;
}

static lsp_slot_kind_t slot_of(const context_t* context, bc_place_t* out_key) {
    if (is_before(context, 0, "using")) {
        return LSP_SLOT_LIBRARY;
    }
    if (is_name_before(context, 0) && is_before(context, 1, "using")) {
        return LSP_SLOT_ALIAS;
    }
    return context->is_library ? library_slot(context) : rules_slot(context, out_key);
}

lsp_slot_t lsp_find_slot(const char* text, uint32_t offset, bc_arena_t* arena) {
    lsp_slot_t slot = {.offset = offset};
    bc_diagnostics_t unheard = {.arena = arena};
    bc_buffer_t marked = {0};
    bc_buffer_append(&marked, text, offset);
    bc_buffer_u8(&marked, 'x');
    const bc_source_t* source = bc_source_from_text(&unheard, "", 0, marked.data, marked.size);
    bc_buffer_fini(&marked);
    if (source == NULL) {
        return slot;
    }
    context_t context = {0};
    lsp_scanner_t scanner;
    lsp_scanned_t token;
    lsp_scanner_init(&scanner, source, arena);
    while (lsp_scan(&scanner, &token)) {
        if (token.place.offset + token.place.size < source->size) {
            pass(&context, &token);
            continue;
        }
        if (token.kind == LSP_TOKEN_NAME) {
            slot.kind = slot_of(&context, &slot.key);
            slot.offset = token.place.offset;
            slot.typed = (bc_text_t){source->text + slot.offset, token.place.size - 1};
            slot.is_first = context.count == 0;
            slot.is_top = context.depth == 0;
        }
    }
    return slot;
}
