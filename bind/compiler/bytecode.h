// SPDX-License-Identifier: MIT
// Looking into compiled programs: listing, assembling, explaining.
#pragma once

#include <bind/match.h>
#include <bind/program.h>

#include "compiler.h"

// Lists a program as text, from which bc_assemble() makes exactly these bytes again. The symbols
// are listed only where the instructions alone would give others.
void bc_dump(const bind_program_t* program, bc_buffer_t* out);

// Lists version 1 words. False if the size is no multiple of three words (E700).
bool bc_dump_v1(const uint8_t* bytes, size_t size, bc_buffer_t* out);

// Turns a listing into bytecode. Reports errors in the listing. Programs with debug information
// cannot be assembled.
bool bc_assemble(bc_diagnostics_t* diagnostics, const bc_source_t* listing, bc_buffer_t* out);

// One comparison or other instruction as text, as the listing has it: "Jump if a == b to L1".
typedef struct bc_labels {
    const uint32_t* offsets;  // of the labels in the code, ascending
    size_t count;
    bool has_twins;  // symbols of one text occur; all but the first are shown by number, "#5"
} bc_labels_t;

bc_labels_t bc_find_labels(const bind_program_t* program, const uint8_t* code, uint32_t size,
                           bc_arena_t* arena);
// Appends the instruction at `at` and returns the offset of the next one; UINT32_MAX: faulty.
uint32_t bc_dump_instruction(const bind_program_t* program, const uint8_t* code, uint32_t size,
                             uint32_t at, const bc_labels_t* labels, bc_buffer_t* out);

void bc_dump_key(const bind_property_t* property, bc_buffer_t* out);
void bc_dump_value(const bind_property_t* property, bc_buffer_t* out);

// The instruction of the symbolic program at offset `at` of the code; null: none begins there.
const bc_instruction_t* bc_find_origin(const bc_code_t* code, uint32_t at);

// Runs a piece of code on a device and tells line by line what it saw, ending with a sentence.
// Returns whether it matches. `origin` is what the code was compiled from; null: it is not known,
// and instructions are shown instead of source lines.
bool bc_explain(const bind_program_t* program, const uint8_t* code, uint32_t size,
                const bc_code_t* origin, const bind_property_t* props, size_t count,
                bc_buffer_t* out);

// What a driver's note calls it.
typedef struct bc_driver_name {
    char name[33];
    char version[17];
} bc_driver_name_t;

// The bind program in the note of a driver's image (an ELF shared object). On failure *out_error is
// one sentence.
bool bc_find_driver_program(const uint8_t* image, size_t size, const uint8_t** out_bytes,
                            size_t* out_size, bc_driver_name_t* out_name, const char** out_error);
