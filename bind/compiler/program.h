// SPDX-License-Identifier: MIT
// Symbolic programs: what the checker makes of the rules and what the emitters turn into bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "options.h"
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

// What an instruction was made of; the numbers are those of the version 1 debug word.
typedef enum bc_location {
    BC_LOCATION_NONE = 0,  // made by the compiler
    BC_LOCATION_CONDITION = 1,
    BC_LOCATION_ACCEPT_VALUE = 2,
    BC_LOCATION_ACCEPT_FAILURE = 3,
    BC_LOCATION_IF = 4,
    BC_LOCATION_FALSE = 5,
} bc_location_t;

typedef struct bc_instruction {
    bc_operation_t operation;
    uint32_t label;  // of jumps and labels
    bc_symbol_t key;
    bc_symbol_t value;
    bc_location_t location;
    bc_place_t place;    // what is shown for it; source null: made by the compiler
    uint32_t statement;  // offset in the source at which the statement, or `if` condition, begins
    uint32_t at;         // offset in the version 2 code, set by the emitter
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
void bc_check_rules(bc_symbols_t* symbols, const bc_rules_t* rules, const bc_options_t* options,
                    bool can_resolve, bc_program_t* out);

// Looks for what is allowed but hardly meant: conditions that contradict each other, branches that
// are never taken, values listed twice, `using` lines without use. For rules without errors.
void bc_warn(bc_symbols_t* symbols, const bc_rules_t* rules);

// Checks that cannot be made on single instructions, before anything is translated: where an `if`,
// `true` and `false` may stand, and in a composite whether `fuchsia.NAME` agrees with the parent's
// name.
void bc_check_structure(bc_diagnostics_t* diagnostics, const bc_block_t* block);
void bc_check_parent_name(const bc_symbols_t* symbols, const bc_rules_t* rules,
                          const bc_parent_t* parent);

// Version 2 bytecode of a program without errors.
void bc_emit_v2(bc_program_t* program, bc_arena_t* arena, bc_buffer_t* out);

// Version 1: reports what it cannot express (E601, E602, E609), and warns of what it cuts off.
void bc_check_v1(bc_diagnostics_t* diagnostics, const bc_program_t* program, bool is_header);

// One instruction as words.
typedef struct bc_words {
    uint32_t op;
    uint32_t arg;
    uint32_t debug;
} bc_words_t;

// The words of a piece of code with the match at its end; the arena's.
const bc_words_t* bc_make_words(const bc_code_t* code, bc_arena_t* arena, size_t* out_count);

// Version 1 bytecode of an ordinary program that bc_check_v1() let pass.
void bc_emit_v1(const bc_program_t* program, bool is_two_words, bc_arena_t* arena,
                bc_buffer_t* out);
