// SPDX-License-Identifier: MIT
// Formatting rules files and libraries: one way of writing, comments kept.
#pragma once

#include "arena.h"
#include "source.h"

// Appends the formatted text. False after a syntax error, which is reported. Formatting what was
// formatted changes nothing, and what is formatted means the same.
bool bc_format_source(bc_diagnostics_t* diagnostics, const bc_source_t* source, bc_buffer_t* out);
