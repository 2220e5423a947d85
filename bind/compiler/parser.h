// SPDX-License-Identifier: MIT
// The parser: from a source to the tree of ast.h. It reports every syntax error it can tell apart
// and goes on at the next statement, declaration or parent; a tree is only fit for the output when
// nothing was reported.
#pragma once

#include "ast.h"
#include "lexer.h"
#include "options.h"
#include "source.h"

// Blocks inside blocks; a limit on the depth of recursion.
#define BC_MAX_DEPTH 256u

typedef struct bc_parser {
    bc_lexer_t lexer;
    bc_arena_t* arena;  // borrowed
    bc_options_t options;
    uint32_t depth;
} bc_parser_t;

bc_rules_t* bc_parse_rules(bc_diagnostics_t* diagnostics, const bc_source_t* source,
                           const bc_options_t* options);

// Null when the file does not even say which library it is.
bc_library_t* bc_parse_library(bc_diagnostics_t* diagnostics, const bc_source_t* source);

// Whether a text is meant as a library, even if that word and a name are all of it so far.
// *out_name, if not null, then is its name, or of size 0.
bool bc_is_library(const bc_source_t* source, bc_text_t* out_name);

// --- Shared by the parser's files.

void bc_parser_init(bc_parser_t* parser, bc_diagnostics_t* diagnostics, const bc_source_t* source);

// Takes "cident [as ident] ;" after the word `using`. False with a failure recorded.
bool bc_parse_using_tail(bc_parser_t* parser, bc_using_t** out);

// Statements up to the end of the file or, if `opening` is not null, to the `}` that closes it,
// which is taken.
void bc_parse_statements(bc_parser_t* parser, const bc_place_t* opening, bc_block_t* out);

// "{ statements }". False with a failure recorded when there is no brace.
bool bc_parse_block(bc_parser_t* parser, bc_block_t* out);

bool bc_parse_value(bc_parser_t* parser, bc_value_t* out);

// "key op value ;" and nothing else. False with a failure recorded.
bool bc_parse_condition_statement(bc_parser_t* parser, bc_statement_t* out);
