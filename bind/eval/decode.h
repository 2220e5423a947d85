// SPDX-License-Identifier: MIT
// Decoding single instructions of a program: shared by the reader and the matcher.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <bind/program.h>
#include <zircon/compiler.h>

typedef struct bind_operand {
    uint8_t type;  // bind_value_type_t
    uint32_t payload;
} bind_operand_t;

typedef struct bind_instruction {
    uint8_t opcode;        // bind_opcode_t
    uint32_t line;         // source line, 0 when the program has no debug information
    uint32_t jump_target;  // offset in the code; only for jumps
    uint32_t next;         // offset in the code of what follows
    bind_operand_t left;   // only for the opcodes that compare
    bind_operand_t right;
} bind_instruction_t;

// Fills *error (may be null) and returns `status`. `code` is the number of the E-code.
zx_status_t bind_fail(bind_error_t* error, zx_status_t status, unsigned code, size_t offset,
                      const char* format, ...) __PRINTFLIKE(5, 6);

uint32_t bind_load_u32(const uint8_t* bytes);

// Decodes the instruction at `at` of `code`, a part of the program's body, and checks all of it
// that can be checked without running it.
zx_status_t bind_instruction_decode(const bind_program_t* program, const uint8_t* code,
                                    uint32_t code_size, uint32_t at, bind_instruction_t* out,
                                    bind_error_t* out_error);
