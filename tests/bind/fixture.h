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
