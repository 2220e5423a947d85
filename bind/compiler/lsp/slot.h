// SPDX-License-Identifier: MIT
// What may be written at a place of a text that is not finished.
#pragma once

#include "tokens.h"

typedef enum lsp_slot_kind {
    LSP_SLOT_NONE,     // in a comment, in a string, or nothing that has a name
    LSP_SLOT_LIBRARY,  // behind `using`
    LSP_SLOT_ALIAS,    // behind the library of a `using` line
    LSP_SLOT_KEY,
    LSP_SLOT_VALUE,  // of `key`
    LSP_SLOT_STATEMENT,
    LSP_SLOT_ELSE,         // behind `else`
    LSP_SLOT_PARENT,       // between the parents of a composite
    LSP_SLOT_PARENT_WORD,  // behind `primary` or `optional`
    LSP_SLOT_DECLARATION,  // in a library
    LSP_SLOT_TYPE,         // behind `extend`
} lsp_slot_kind_t;

typedef struct lsp_slot {
    lsp_slot_kind_t kind;
    bc_place_t key;   // of values; in `source`
    bc_text_t typed;  // the beginning of the name that is there
    uint32_t offset;  // where that begins
    bool is_first;    // nothing is in front
    bool is_top;      // outside of all blocks
} lsp_slot_t;

// `text` up to `offset` is what counts. What is borrowed is the arena's.
lsp_slot_t lsp_find_slot(const char* text, uint32_t offset, bc_arena_t* arena);
