// SPDX-License-Identifier: MIT
// What the tests of bind share: compiling from memory and from the golden folders, and reading hex
// files.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "compiler.h"

// A path below tests/bind, in a static buffer that the next call overwrites.
const char* fixture_path(const char* name);

// Compiles rules and up to two libraries (null: none) given as text. Returns whether it worked;
// *out is the bytecode and *out_errors, if not null, a list such as "rules:1:5 E108, lib1:2:1
// E001". Both are the caller's.
bool fixture_compile(const char* rules, const char* lib1, const char* lib2,
                     const bc_options_t* options, bc_buffer_t* out, char** out_errors);

// A file of hex digits as bytes. Ends the test if it cannot be read.
void fixture_read_hex(const char* path, bc_buffer_t* out);

// Compiles <name>.bind of the current folder with <name>.lib*.bind as libraries. Returns what is
// printed, the caller's; *out_accepted is whether it compiled.
char* fixture_compile_case(const char* name, const bc_options_t* options, bool* out_accepted);

// Whether `text` is what <name>.txt holds; with BIND_UPDATE_GOLDENS=1 the file is written first.
void fixture_check_golden(const char* name, const char* text);
