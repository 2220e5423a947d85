// SPDX-License-Identifier: MIT
// The terminals of a text one after the other.
#include "tokens.h"

#include <string.h>

void lsp_scanner_init(lsp_scanner_t* scanner, const bc_source_t* source, bc_arena_t* arena) {
    *scanner = (lsp_scanner_t){.unheard.arena = arena};
    bc_lexer_init(&scanner->lexer, source, &scanner->unheard);
}

bool lsp_scan(lsp_scanner_t* scanner, lsp_scanned_t* out) {
    bc_lexer_t* lexer = &scanner->lexer;
    bc_name_t name;
    bc_value_t literal;
    if (bc_at_end(lexer)) {
        return false;
    }
    const uint32_t start = lexer->at;
    out->kind = LSP_TOKEN_SIGN;
    if (bc_take_name(lexer, &name)) {
        out->kind = LSP_TOKEN_NAME;
    } else if (bc_take_number(lexer, 0, &literal) || bc_take_string(lexer, 0, &literal)) {
        out->kind = LSP_TOKEN_LITERAL;
    } else if (bc_at_char(lexer, '"')) {
        bc_skip_string(lexer);
        out->kind = LSP_TOKEN_LITERAL;
    } else if (!bc_take_word(lexer, "==") && !bc_take_word(lexer, "!=")) {
        // One character, or a number that is too large.
        lexer->at += 1 + (uint32_t)strspn(lexer->source->text + lexer->at + 1, "0123456789");
    }
    out->place = (bc_place_t){lexer->source, start, lexer->at - start};
    return true;
}

bool lsp_is_word(const lsp_scanned_t* token, const char* word) {
    const bc_place_t place = token->place;
    return place.size == strlen(word) &&
           memcmp(place.source->text + place.offset, word, place.size) == 0;
}
