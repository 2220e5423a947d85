// SPDX-License-Identifier: MIT
// Source files, places in them, and the list of what is wrong with them.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <zircon/compiler.h>

#include "arena.h"

typedef struct bc_source {
    const char* path;  // as the user gave it; borrowed from the arena
    const char* text;  // zero-terminated; borrowed from the arena
    uint32_t size;
    const uint32_t* lines;  // offset of each line's first character; borrowed from the arena
    uint32_t line_count;
    uint32_t number;  // order among the files of this run; diagnostics are sorted by it
} bc_source_t;

// A stretch of a source. source null: no place at all; offset BC_NO_OFFSET: the file as a whole.
typedef struct bc_place {
    const bc_source_t* source;
    uint32_t offset;
    uint32_t size;
} bc_place_t;

#define BC_NO_OFFSET  UINT32_MAX
#define BC_MAX_SOURCE (64u << 20)  // bytes in a source file

typedef enum bc_severity { BC_SEVERITY_ERROR, BC_SEVERITY_WARNING } bc_severity_t;

typedef struct bc_diagnostic bc_diagnostic_t;
struct bc_diagnostic {
    bc_diagnostic_t* next;
    bc_severity_t severity;
    unsigned code;  // 108 for E108 or W108; 0: none
    bc_place_t place;
    const char* message;
    const char* note;       // a further line, or null
    bc_place_t note_place;  // named at the end of that line; source null: none
    const char* hint;       // what was probably meant, or null
    bc_text_t suggestion;   // what to write at the place instead; size 0: not known
};

// The terminals of a source in order, for the formatter.
typedef struct bc_token {
    uint32_t offset;
    uint32_t size;
} bc_token_t;

typedef struct bc_tokens {
    bc_token_t* items;  // the arena's
    size_t count;
    size_t capacity;
} bc_tokens_t;

typedef struct bc_diagnostics {
    bc_arena_t* arena;  // borrowed
    bc_diagnostic_t* first;
    bc_diagnostic_t* last;
    size_t count;
    size_t error_count;
    size_t warning_count;
    bc_tokens_t* tokens;  // where lexers note what they take; null: nowhere
} bc_diagnostics_t;

// One-based; columns count characters, a tab being one.
typedef struct bc_position {
    uint32_t line;
    uint32_t column;
} bc_position_t;

bc_position_t bc_place_position(bc_place_t place);

// Adds an error. The texts are formatted into the arena.
__PRINTFLIKE(4, 5)
bc_diagnostic_t* bc_error(bc_diagnostics_t* diagnostics, bc_place_t place, unsigned code,
                          const char* format, ...);
__PRINTFLIKE(4, 5)
bc_diagnostic_t* bc_warning(bc_diagnostics_t* diagnostics, bc_place_t place, unsigned code,
                            const char* format, ...);
// Adds a further line to a diagnostic. A place to be named at its end can be set in note_place.
__PRINTFLIKE(3, 4)
void bc_note(bc_diagnostics_t* diagnostics, bc_diagnostic_t* diagnostic, const char* format, ...);

// Adds "did you mean `suggestion`?".
void bc_suggest(bc_diagnostics_t* diagnostics, bc_diagnostic_t* diagnostic, bc_text_t suggestion);

// Sorts by file and place; what is at one place stays in the order of finding.
void bc_diagnostics_sort(bc_diagnostics_t* diagnostics);

// Writes all, each with its source line and a caret.
void bc_diagnostics_print(const bc_diagnostics_t* diagnostics, FILE* out);

// Writes all as one JSON array of objects, for editors.
void bc_diagnostics_print_json(const bc_diagnostics_t* diagnostics, FILE* out);

// Codes of warnings.
enum {
    BC_WARNING_UNUSED_USING = 1,
    BC_WARNING_UNREACHABLE = 2,
    BC_WARNING_DUPLICATE_VALUE = 3,
    BC_WARNING_CONTRADICTION = 4,
    BC_WARNING_UNKNOWN_KEY = 5,
    BC_WARNING_NODE = 6,
    BC_WARNING_CUT_OFF = 7,
    BC_WARNING_STYLE = 8,
    BC_WARNING_KIND = 9,
};

// Makes a source of `size` bytes of text, which are copied. Null after an error (not UTF-8, a zero
// byte, too large).
bc_source_t* bc_source_from_text(bc_diagnostics_t* diagnostics, const char* path, uint32_t number,
                                 const void* text, size_t size);

// Reads a file. Null after an error.
bc_source_t* bc_source_from_file(bc_diagnostics_t* diagnostics, const char* path, uint32_t number);

// Reads any file whole into *out. On failure returns false, with errno set and nothing left in
// *out.
bool bc_read_file(const char* path, size_t limit, bc_buffer_t* out);
