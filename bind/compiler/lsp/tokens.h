// SPDX-License-Identifier: MIT
// The terminals of a text one after the other, whatever is wrong with it: what the features look at
// that must work in half a statement.
#pragma once

#include "lexer.h"

typedef enum lsp_token_kind {
    LSP_TOKEN_NAME,  // dotted, keywords too
    LSP_TOKEN_LITERAL,
    LSP_TOKEN_SIGN,  // `==`, `!=` or one character
} lsp_token_kind_t;

typedef struct lsp_scanned {
    lsp_token_kind_t kind;
    bc_place_t place;
} lsp_scanned_t;

typedef struct lsp_scanner {
    bc_lexer_t lexer;
    bc_diagnostics_t unheard;
} lsp_scanner_t;

// The scanner must not be moved afterwards.
void lsp_scanner_init(lsp_scanner_t* scanner, const bc_source_t* source, bc_arena_t* arena);

// False: the text ends, or an unclosed comment begins.
bool lsp_scan(lsp_scanner_t* scanner, lsp_scanned_t* out);

bool lsp_is_word(const lsp_scanned_t* token, const char* word);
