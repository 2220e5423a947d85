// SPDX-License-Identifier: MIT
// Helpers for test drivers whose read hook gives a text and whose write hook takes a word.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include <zircon/types.h>

// The part of `text` that a read of `count` bytes at `offset` gives.
static inline zx_status_t test_text_read(const char* text, void* buffer, size_t count,
                                         zx_off_t offset, size_t* out_actual) {
    size_t size = strlen(text);
    size_t left = offset < size ? size - (size_t)offset : 0;
    *out_actual = count < left ? count : left;
    memcpy(buffer, text + (size - left), *out_actual);
    return ZX_OK;
}

// Whether what was written is `word`, with or without a newline behind it.
static inline bool test_text_is(const void* buffer, size_t count, const char* word) {
    size_t size = strlen(word);
    const char* text = (const char*)buffer;
    return count >= size && memcmp(text, word, size) == 0 &&
           (count == size || (count == size + 1 && text[size] == '\n'));
}
