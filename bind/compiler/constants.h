// SPDX-License-Identifier: MIT
// C constants for the keys and values of a library.
#pragma once

#include "ast.h"

// Appends a header with a macro for each key (its full name) and each value. `prefix` begins each
// macro's name; null: the library's name in upper case. Two names that become one macro are
// reported.
bool bc_make_constants(bc_diagnostics_t* diagnostics, const bc_library_t* library,
                       const char* prefix, bc_buffer_t* out);
