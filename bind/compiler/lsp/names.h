// SPDX-License-Identifier: MIT
// The names in a file and what they mean. Of a dotted name each part means something: a library, a
// key of it, a value of that.
#pragma once

#include "analysis.h"

typedef enum lsp_entity { LSP_LIBRARY, LSP_KEY, LSP_VALUE } lsp_entity_t;

typedef struct lsp_part {
    lsp_entity_t entity;
    bc_place_t place;             // of the part in its file
    bc_text_t name;               // full name of what it means, the same in all files
    bc_place_t target;            // where that is declared; source null: nowhere
    const bc_symbol_t* symbol;    // of keys and values
    const bc_library_t* library;  // of libraries
} lsp_part_t;

#define LSP_MAX_PARTS 3u

// What names mean in one file.
typedef struct lsp_namer {
    const bc_symbols_t* symbols;  // borrowed
    bc_arena_t* arena;            // borrowed, for what is joined
    bc_map_t aliases;             // to the library that each stands for
} lsp_namer_t;

void lsp_namer_init(lsp_namer_t* namer, const bc_symbols_t* symbols, const bc_using_t* usings,
                    bc_arena_t* arena);

// The parts of the dotted name at `place`, those that are known.
size_t lsp_split_name(const lsp_namer_t* namer, bc_place_t place, lsp_part_t out[LSP_MAX_PARTS]);

// Gets each part in the order of the text; false ends the visit.
typedef bool (*lsp_visitor_t)(void* context, const lsp_part_t* part);

typedef struct lsp_visit {
    const bc_symbols_t* symbols;
    bc_arena_t* arena;
    lsp_visitor_t visitor;
    void* context;
} lsp_visit_t;

// Every name of rules, in faulty statements too.
void lsp_visit_rules(const lsp_visit_t* visit, const bc_rules_t* rules);

// Every name of a library's sound declarations.
void lsp_visit_library(const lsp_visit_t* visit, const bc_library_t* library);

// The part at an offset in the file of the analysis. False: there is none.
bool lsp_find_part(const lsp_analysis_t* analysis, bc_arena_t* arena, uint32_t offset,
                   lsp_part_t* out);
