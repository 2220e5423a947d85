// SPDX-License-Identifier: MIT
// The one UTF-8 check of the bind folder.
#pragma once

#include <stdbool.h>
#include <stddef.h>

// Whether `text` is well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
// *Not* about zero bytes.
bool bind_is_utf8(const char* text, size_t size);

// Length of the well-formed start of `text`; equal to `size` when all of it is.
size_t bind_utf8_prefix(const char* text, size_t size);
