// SPDX-License-Identifier: MIT
// The lexical level. The language has no tokens: a keyword is a plain prefix, white space is
// allowed before every terminal and never needed. So the lexer is a cursor with one function per
// terminal, each of which skips white space and then takes its terminal or leaves the cursor where
// the terminal should have been.
//
// Failures are recorded, not reported: the farthest one of several alternatives is what the user
// gets to see. An unclosed block comment is reported at once and ends the file: after it every
// terminal fails silently.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ast.h"
#include "source.h"

typedef struct bc_failure {
    bool is_set;
    uint32_t at;            // offset of what was found instead
    uint32_t previous_end;  // end of the last terminal before it
    unsigned code;
    const char* expected;  // what was expected, for "… expected, found …"
    const char* message;   // a complete message instead, or null
} bc_failure_t;

typedef struct bc_lexer {
    const bc_source_t* source;      // borrowed
    bc_diagnostics_t* diagnostics;  // borrowed
    uint32_t at;
    uint32_t previous_end;
    bool is_dead;  // nothing more is taken or reported
    bc_failure_t failure;
} bc_lexer_t;

typedef struct bc_mark {
    uint32_t at;
    uint32_t previous_end;
} bc_mark_t;

void bc_lexer_init(bc_lexer_t* lexer, const bc_source_t* source, bc_diagnostics_t* diagnostics);
bc_mark_t bc_lexer_mark(const bc_lexer_t* lexer);
void bc_lexer_rewind(bc_lexer_t* lexer, bc_mark_t mark);
bc_place_t bc_lexer_place(const bc_lexer_t* lexer,
                          uint32_t from);  // up to the end of the last terminal

void bc_skip_space(bc_lexer_t* lexer);
bool bc_at_end(bc_lexer_t* lexer);           // skips white space first
bool bc_at_char(bc_lexer_t* lexer, char c);  // skips white space first, takes nothing

// These take a terminal or return false, recording nothing.
bool bc_take_word(bc_lexer_t* lexer, const char* word);
bool bc_take_identifier(bc_lexer_t* lexer, bc_name_t* out);
bool bc_take_name(bc_lexer_t* lexer, bc_name_t* out);

// Literals. A literal that begins right and goes wrong is recorded as a failure with `code`.
bool bc_take_string(bc_lexer_t* lexer, unsigned code, bc_value_t* out);
bool bc_take_number(bc_lexer_t* lexer, unsigned code, bc_value_t* out);
bool bc_take_bool(bc_lexer_t* lexer, bc_value_t* out);

// Takes a word, given in backquotes ("`;`", at most 15 characters), or records the failure.
bool bc_expect(bc_lexer_t* lexer, const char* quoted, unsigned code);

// Records that `expected` is missing here; always returns false. Of several failures the farthest
// stays, at equal distance the first.
bool bc_fail(bc_lexer_t* lexer, unsigned code, const char* expected);
bool bc_fail_at(bc_lexer_t* lexer, uint32_t at, unsigned code, const char* message);

// Reports the recorded failure and forgets it.
bc_diagnostic_t* bc_report_failure(bc_lexer_t* lexer);

// Skips a string; one that is not closed on its line only to the end of that line.
void bc_skip_string(bc_lexer_t* lexer);

// Moves to the end of a faulty piece: behind the next of the characters `stops`, or before the `}`
// that closes the block around it. Braces are skipped in pairs; a pair that is not followed by
// `else` ends the piece too if `at_pair`.
void bc_skip_faulty(bc_lexer_t* lexer, uint32_t from, const char* stops, bool at_pair);
