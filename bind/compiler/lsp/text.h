// SPDX-License-Identifier: MIT
// The text of a document as the protocol sees it: lines that end with LF, CR LF or CR, and
// positions that count UTF-16 units or bytes in a line. Everything else counts bytes from the
// start.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

#define LSP_MAX_TEXT (128u << 20)  // bytes in a document

typedef enum lsp_encoding { LSP_UTF16, LSP_UTF8 } lsp_encoding_t;

// Zero-based.
typedef struct lsp_position {
    uint32_t line;
    uint32_t character;
} lsp_position_t;

// A zeroed one is a valid empty text.
typedef struct lsp_text {
    bc_buffer_t bytes;  // owned; once set, a zero is behind them
    uint32_t* lines;    // owned: where each line but the first begins
    uint32_t line_count;
    uint32_t line_capacity;
} lsp_text_t;

void lsp_text_fini(lsp_text_t* text);

// Replaces the bytes from `start` to `end`, which are in the text and in order. False, with the
// text as it was, if it would be too large.
bool lsp_text_replace(lsp_text_t* text, uint32_t start, uint32_t end, const void* bytes,
                      size_t size);

// The offset of a position. What is behind the end of its line means that end, what is behind the
// last line the end of the text.
uint32_t lsp_text_offset(const lsp_text_t* text, lsp_encoding_t encoding, lsp_position_t position);

// A place that was converted already, from which the next one may be counted. A zeroed one is the
// start of the text.
typedef struct lsp_mark {
    uint32_t offset;
    lsp_position_t position;
} lsp_mark_t;

// The position of an offset. Many in ascending order together cost one walk through the text.
lsp_position_t lsp_text_position(const lsp_text_t* text, lsp_encoding_t encoding, uint32_t offset,
                                 lsp_mark_t* mark);
