// SPDX-License-Identifier: MIT
// The libraries of a run and the table of all names they and the legacy keys define.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ast.h"

typedef enum bc_symbol_kind {
    BC_SYMBOL_INT_KEY,  // a legacy key; number
    BC_SYMBOL_STR_KEY,  // a key declared by a library; text, type
    BC_SYMBOL_NUMBER,
    BC_SYMBOL_STRING,
    BC_SYMBOL_BOOL,
    BC_SYMBOL_ENUM,  // text is the full dotted name
} bc_symbol_kind_t;

typedef struct bc_symbol {
    bc_symbol_kind_t kind;
    bc_type_t type;               // of a StrKey
    bc_text_t text;               // key text, string or enum text
    bc_text_t name;               // the full dotted name; of a value in the rules empty
    uint64_t number;              // number, legacy key, or 0 and 1 for a bool
    bc_place_t place;             // where it is declared; source null: nowhere
    const bc_library_t* library;  // whose declaration made it; null: none
} bc_symbol_t;

// What a library says about a key, its own or another's, by "library.KEY": the values that it
// declares are named so.
typedef struct bc_local_key {
    const bc_library_t* library;
    const bc_declaration_t* declaration;
    const bc_symbol_t* key;  // never null
} bc_local_key_t;

typedef struct bc_symbols {
    bc_arena_t* arena;              // borrowed
    bc_diagnostics_t* diagnostics;  // borrowed
    bc_library_t* libraries;        // in the order given
    bc_map_t libraries_by_name;
    bc_map_t names;        // dotted name to bc_symbol_t*
    bc_map_t aliases;      // of the rules, to the bc_using_t* that gives each
    bc_map_t local_keys;   // "library.KEY" to the first bc_local_key_t*
    bool strict_using;     // as in the options
    bool deprecated_keys;  // as in the options
    unsigned hint_count;   // hints given so far; they are dear
} bc_symbols_t;

// Checks that every library named by a `using` is there and that they do not use each other in a
// circle. `rules` may be null.
void bc_check_libraries(bc_symbols_t* symbols, const bc_rules_t* rules);

// Fills the table: legacy keys, then every declaration that does not extend, then those that do.
void bc_build_symbols(bc_symbols_t* symbols);

// The symbol of a dotted name as the rules write it, that is with the aliases of their `using`
// lines; with `usings` null without any. Null if undefined.
const bc_symbol_t* bc_find_symbol(const bc_symbols_t* symbols, const bc_using_t* usings,
                                  bc_text_t name);

// The defined name most like `name`, which is not defined. Size 0: none is like it, or enough hints
// were given already.
bc_text_t bc_suggest_name(bc_symbols_t* symbols, const bc_using_t* usings, bc_text_t name);

// Number of changes (a letter more, less, another, or two exchanged) from `a` to `b`; more than
// `limit`: limit + 1.
uint32_t bc_edit_distance(bc_text_t a, bc_text_t b, uint32_t limit);

bool bc_symbol_is_key(const bc_symbol_t* symbol);
const char* bc_type_name(bc_type_t type);

// A dotted name cut at its last dot; *out_namespace is empty when there is none.
void bc_split_name(bc_text_t name, bc_text_t* out_namespace, bc_text_t* out_last);
