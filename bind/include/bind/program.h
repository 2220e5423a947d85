// SPDX-License-Identifier: MIT
// A compiled bind program (bytecode version 2): its format constants and its reader.
//
// Ownership: a bind_program_t is a set of views into the caller's bytes; they must stay unchanged
// for as long as the program is used. Nothing is allocated, so there is nothing to release.
// Threads: a program that has been read is never written again; any number of threads may match it.
// The bytes may come from anywhere (a driver file of unknown origin): every length, id and jump is
// checked.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/types.h>

// Section magics, as the four bytes read from left to right. The third byte of the symbol table's
// magic is 'N'.
#define BIND_MAGIC_HEADER        0x42494e44u  // "BIND"
#define BIND_MAGIC_SYMBOLS       0x53594e42u  // "SYNB"
#define BIND_MAGIC_INSTRUCTIONS  0x494e5354u  // "INST"
#define BIND_MAGIC_COMPOSITE     0x434f4d50u  // "COMP"
#define BIND_MAGIC_DEBUG         0x44454247u  // "DEBG"
#define BIND_MAGIC_DEBUG_SYMBOLS 0x44425359u  // "DBSY"

#define BIND_BYTECODE_VERSION 2u

#define BIND_HEADER_SIZE         9u    // magic, version u32, debug flag u8
#define BIND_SECTION_HEADER_SIZE 8u    // magic, size u32
#define BIND_VALUE_SIZE          5u    // type u8, payload u32
#define BIND_PARENT_HEADER_SIZE  9u    // kind u8, name u32, size u32
#define BIND_MAX_STRING          255u  // bytes in a symbol, without the terminating zero
#define BIND_MIN_PROGRAM_SIZE    24u

// Instructions.
typedef enum bind_opcode {
    BIND_OP_EQUAL = 0x01,           // go on only if equal: value, value
    BIND_OP_NOT_EQUAL = 0x02,       // go on only if different: value, value
    BIND_OP_JUMP = 0x10,            // offset u32
    BIND_OP_JUMP_EQUAL = 0x11,      // offset u32, value, value
    BIND_OP_JUMP_NOT_EQUAL = 0x12,  // offset u32, value, value
    BIND_OP_LABEL = 0x20,           // where a jump may land
    BIND_OP_ABORT = 0x30,           // no match
} bind_opcode_t;

// Parents of a composite.
typedef enum bind_parent_kind {
    BIND_PARENT_PRIMARY = 0x50,
    BIND_PARENT_ADDITIONAL = 0x51,
    BIND_PARENT_OPTIONAL = 0x52,
} bind_parent_kind_t;

// Kinds of values, as in the bytecode. BIND_VALUE_KEY never is the kind of a property.
typedef enum bind_value_type {
    BIND_VALUE_KEY = 0,
    BIND_VALUE_NUMBER = 1,
    BIND_VALUE_STRING = 2,
    BIND_VALUE_BOOL = 3,
    BIND_VALUE_ENUM = 4,
} bind_value_type_t;

// What is wrong with a program, or with matching it.
typedef struct bind_error {
    uint16_t code;   // 801 for E801 and so on; 0: no error
    size_t offset;   // byte of the program at which it was found
    char text[120];  // one English sentence without the code, never empty when code is not 0
} bind_error_t;

#define BIND_SYMBOL_INDEX_SIZE 64u

// A program that passed every check of bind_program_read(). All pointers are borrowed from the
// caller's bytes.
typedef struct bind_program {
    const uint8_t* bytes;
    size_t size;
    bool has_debug;     // each instruction is preceded by its source line
    bool is_composite;  // the body is a COMP section
    const uint8_t* symbols;
    uint32_t symbols_size;
    uint32_t symbol_count;
    const uint8_t* body;  // what follows the size of the INST or COMP section
    uint32_t body_size;
    // Offset of each symbol_stride-th symbol, so that finding one does not walk the whole table.
    uint32_t symbol_stride;
    uint32_t symbol_index[BIND_SYMBOL_INDEX_SIZE];
} bind_program_t;

// One parent of a composite program.
typedef struct bind_parent {
    bind_parent_kind_t kind;
    const char* name;     // borrowed
    const uint8_t* code;  // borrowed
    uint32_t code_size;
} bind_parent_t;

// Checks `size` bytes and describes them in *out_program. Does not block or allocate.
//   ZX_ERR_INVALID_ARGS       a null argument
//   ZX_ERR_NOT_SUPPORTED      another bytecode version
//   ZX_ERR_IO_DATA_INTEGRITY  anything else is wrong
// On failure *out_error (may be null) tells what and where, and *out_program is zeroed.
zx_status_t bind_program_read(const uint8_t* bytes, size_t size, bind_program_t* out_program,
                              bind_error_t* out_error);

// The text of symbol `id` (1 … symbol_count), zero-terminated, or null if there is none.
const char* bind_program_symbol(const bind_program_t* program, uint32_t id);

// The name of a composite program, or null for an ordinary one.
const char* bind_program_composite_name(const bind_program_t* program);

// Parent number `index` in file order (0 is the primary). ZX_ERR_OUT_OF_RANGE past the last one and
// for ordinary programs.
zx_status_t bind_program_parent(const bind_program_t* program, size_t index,
                                bind_parent_t* out_parent);
