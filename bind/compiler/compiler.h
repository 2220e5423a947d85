// SPDX-License-Identifier: MIT
// One run of the compiler as a library: libraries and rules in, diagnostics and bytecode out.
// Nothing here prints, writes files or exits; main.c does.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ast.h"
#include "options.h"
#include "program.h"
#include "source.h"
#include "symbols.h"

typedef struct bc_compiler {
    bc_arena_t arena;      // owned: everything below lives in it
    bc_options_t options;  // what the parser needs of them must be set before files are added
    bc_diagnostics_t diagnostics;
    bc_symbols_t symbols;
    bc_library_t** library_tail;
    bc_rules_t* rules;
    bc_program_t program;  // after compiling: the symbolic program
    uint32_t library_count;
} bc_compiler_t;

// The compiler must not be moved between init and fini. fini accepts a zeroed one.
void bc_compiler_init(bc_compiler_t* compiler);
void bc_compiler_fini(bc_compiler_t* compiler);

// Each reads and parses; what is wrong goes to the diagnostics. A later library replaces an earlier
// one of the same name.
void bc_compiler_add_library_file(bc_compiler_t* compiler, const char* path);
void bc_compiler_add_library_text(bc_compiler_t* compiler, const char* path, const void* text,
                                  size_t size);
void bc_compiler_set_rules_file(bc_compiler_t* compiler, const char* path);
void bc_compiler_set_rules_text(bc_compiler_t* compiler, const char* path, const void* text,
                                size_t size);

// For editors: makes symbols of what the libraries declare, whatever is wrong with them. Instead of
// compiling.
void bc_compiler_declare(bc_compiler_t* compiler, const bc_options_t* options);

// Checks everything and, if nothing is wrong, appends the bytecode to *out and looks for what
// deserves a warning. Sorts the diagnostics. Once for a compiler. `options` replaces those of the
// compiler.
bool bc_compiler_compile(bc_compiler_t* compiler, const bc_options_t* options, bc_buffer_t* out);

// Makes of bytecode the C header that gives a driver its ZIRCON_DRIVER(). `path` is named in a
// comment; null: none.
void bc_make_header(const bc_buffer_t* bytecode, const char* path, bc_buffer_t* out);

// The same for version 1: instructions as words; of a composite the fragments of its parents.
void bc_make_header_v1(const bc_program_t* program, bc_format_t format, const char* path,
                       bc_buffer_t* out);
