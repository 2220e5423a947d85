// SPDX-License-Identifier: MIT
// Keys and values in words.
#pragma once

#include "analysis.h"

// "uint key 0x0100", "string key".
void lsp_describe_key(const bc_symbol_t* key, bc_buffer_t* out);

// The literal: "0x1234 (4660)", "\"a\"", "true"; of an enum its full name.
void lsp_describe_value(const bc_symbol_t* value, bc_buffer_t* out);

// Gets each value that the libraries declare for a key.
typedef void (*lsp_value_taker_t)(void* context, const bc_symbol_t* value);

void lsp_each_value(const bc_symbols_t* symbols, const bc_symbol_t* key, bc_arena_t* arena,
                    lsp_value_taker_t taker, void* context);
