// SPDX-License-Identifier: MIT
// Files that hold a compiled program: bytecode, or a driver with the program in its note.
#pragma once

#include <bind/program.h>

#include "arena.h"
#include "bytecode.h"

typedef struct bindc_program_file {
    bc_buffer_t content;  // owned
    bind_program_t program;
    bc_driver_name_t driver;  // of the driver's note; empty: bytecode alone
} bindc_program_file_t;

// What a file begins with.
bool bindc_is_program(const bc_buffer_t* content);

// Reports what is wrong. Close it in any case.
bool bindc_program_file_open(const char* path, bindc_program_file_t* out);
void bindc_program_file_close(bindc_program_file_t* file);
