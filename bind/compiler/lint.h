// SPDX-License-Identifier: MIT
// Style that the compiler does not care about.
#pragma once

#include "ast.h"

// Warns of names in a library that are not in the usual form: library names in lower case, names of
// values in upper case, and of two values of one key that are the same.
void bc_lint_library(bc_diagnostics_t* diagnostics, const bc_library_t* library);

// Warns of lines longer than 100 characters, and of text that `bindc fmt` would write differently.
void bc_lint_source(bc_diagnostics_t* diagnostics, const bc_source_t* source);
