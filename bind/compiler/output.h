// SPDX-License-Identifier: MIT
// Output files: all of them whole, or none.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"

#define BC_MAX_OUTPUTS 4u

typedef struct bc_output {
    const char* path;            // borrowed
    const bc_buffer_t* content;  // borrowed
} bc_output_t;

// Writes each output to a temporary file beside its place, then renames all. What is there and no
// regular file (a pipe, a device) is written to directly. On failure no output is changed, except
// when a rename fails after another one succeeded; *out_path is then the path that could not be
// written and errno the reason.
bool bc_write_outputs(const bc_output_t* outputs, size_t count, const char** out_path);

// The Makefile rule "output: inputs", with blanks, `$` and `#` escaped.
void bc_make_depfile(const char* output, const char* const* inputs, size_t count, bc_buffer_t* out);
