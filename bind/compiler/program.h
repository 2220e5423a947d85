// SPDX-License-Identifier: MIT
// Symbolic programs: what the checker makes of the rules and what the emitters turn into bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbols.h"

typedef enum bc_operation {
    BC_ABORT_IF_NOT_EQUAL,
    BC_ABORT_IF_EQUAL,
    BC_JUMP_IF_EQUAL,
    BC_JUMP_IF_NOT_EQUAL,
    BC_JUMP,
    BC_LABEL,
    BC_ABORT,
} bc_operation_t;

typedef struct bc_instruction {
    bc_operation_t operation;
    uint32_t label;  // of jumps and labels
    bc_symbol_t key;
    bc_symbol_t value;
    bc_place_t place;  // of the statement; source null: made by the compiler
} bc_instruction_t;

// The instructions of an ordinary rules file or of one parent.
typedef struct bc_code {
    bc_instruction_t* items;  // the arena's
    size_t count;
    size_t capacity;
    uint32_t label_count;
} bc_code_t;

typedef struct bc_compiled_parent {
    const bc_parent_t* parent;  // borrowed
    bc_code_t code;
} bc_compiled_parent_t;

typedef struct bc_program {
    bool is_composite;
    bc_code_t code;  // of an ordinary program
    bc_text_t composite_name;
    bc_compiled_parent_t* parents;  // in source order
    size_t parent_count;
} bc_program_t;

// Resolves and checks the rules and translates them. The result is fit for an emitter only if no
// error was reported. `can_resolve` false: names are not looked up, since the libraries are faulty
// themselves.
void bc_check_rules(bc_symbols_t* symbols, const bc_rules_t* rules, bool disable_autobind,
                    bool can_resolve, bc_program_t* out);

// Checks that cannot be made on single instructions, before anything is translated: where an `if`,
// `true` and `false` may stand, and in a composite whether `fuchsia.NAME` agrees with the parent's
// name.
void bc_check_structure(bc_diagnostics_t* diagnostics, const bc_block_t* block);
void bc_check_parent_name(const bc_symbols_t* symbols, const bc_rules_t* rules,
                          const bc_parent_t* parent);

// Version 2 bytecode of a program without errors.
void bc_emit_v2(const bc_program_t* program, bc_arena_t* arena, bc_buffer_t* out);
