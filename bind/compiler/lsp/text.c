// SPDX-License-Identifier: MIT
// Lines and positions.
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void lsp_text_fini(lsp_text_t* text) {
    bc_buffer_fini(&text->bytes);
    free(text->lines);
    *text = (lsp_text_t){0};
}

static void add_line(lsp_text_t* text, uint32_t start) {
    if (text->line_count == text->line_capacity) {
        const uint32_t capacity = text->line_capacity == 0 ? 64 : text->line_capacity * 2;
        uint32_t* lines = realloc(text->lines, capacity * sizeof(uint32_t));
        if (lines == NULL) {
            fputs("bindc: out of memory\n", stderr);
            abort();
        }
        text->lines = lines;
        text->line_capacity = capacity;
    }
    text->lines[text->line_count++] = start;
}

static void index_lines(lsp_text_t* text) {
    const uint8_t* bytes = text->bytes.data;
    const uint32_t size = (uint32_t)text->bytes.size;
    text->line_count = 0;
    for (uint32_t i = 0; i < size; i++) {
        const bool is_cr = bytes[i] == '\r' && (i + 1 == size || bytes[i + 1] != '\n');
        if (bytes[i] == '\n' || is_cr) {
            add_line(text, i + 1);
        }
    }
}

bool lsp_text_replace(lsp_text_t* text, uint32_t start, uint32_t end, const void* bytes,
                      size_t size) {
    bc_buffer_t* old = &text->bytes;
    if (size > LSP_MAX_TEXT || old->size - (end - start) > LSP_MAX_TEXT - size) {
        return false;
    }
    bc_buffer_t tail = {0};
    bc_buffer_append(&tail, old->data == NULL ? NULL : old->data + end, old->size - end);
    old->size = start;
    bc_buffer_append(old, bytes, size);
    bc_buffer_append(old, tail.data, tail.size);
    bc_buffer_fini(&tail);
    bc_buffer_u8(old, 0);  // so that an empty text has an address
    old->size--;
    index_lines(text);
    return true;
}

static uint32_t line_start(const lsp_text_t* text, uint32_t line) {
    return line == 0 ? 0 : text->lines[line - 1];
}

// Where the characters of a line end and its line end begins.
static uint32_t line_end(const lsp_text_t* text, uint32_t line) {
    if (line == text->line_count) {
        return (uint32_t)text->bytes.size;
    }
    const uint32_t end = text->lines[line] - 1;
    const bool is_crlf = text->bytes.data[end] == '\n' && end > line_start(text, line) &&
                         text->bytes.data[end - 1] == '\r';
    return end - is_crlf;
}

// Bytes of the character that begins at `offset`. Bytes that are no UTF-8 count one by one.
static uint32_t character_size(const lsp_text_t* text, uint32_t offset) {
    const uint8_t* bytes = text->bytes.data + offset;
    const size_t left = text->bytes.size - offset;
    const uint32_t wanted = bytes[0] < 0xc0 ? 1 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    uint32_t size = 1;
    while (size < wanted && size < left && (bytes[size] & 0xc0) == 0x80) {
        size++;
    }
    return size;
}

static uint32_t unit_count(lsp_encoding_t encoding, uint32_t bytes) {
    return encoding == LSP_UTF8 ? bytes : bytes == 4 ? 2 : 1;
}

uint32_t lsp_text_offset(const lsp_text_t* text, lsp_encoding_t encoding, lsp_position_t position) {
    if (position.line > text->line_count) {
        return (uint32_t)text->bytes.size;
    }
    const uint32_t end = line_end(text, position.line);
    uint32_t offset = line_start(text, position.line);
    uint32_t left = position.character;
    while (offset < end) {
        const uint32_t size = character_size(text, offset);
        const uint32_t units = unit_count(encoding, size);
        if (units > left) {
            break;
        }
        left -= units;
        offset += size;
    }
    return offset;
}

static uint32_t find_line(const lsp_text_t* text, uint32_t offset) {
    uint32_t low = 0;
    uint32_t high = text->line_count + 1;
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (text->lines[middle - 1] <= offset) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

lsp_position_t lsp_text_position(const lsp_text_t* text, lsp_encoding_t encoding, uint32_t offset,
                                 lsp_mark_t* mark) {
    offset = offset < text->bytes.size ? offset : (uint32_t)text->bytes.size;
    const uint32_t line = find_line(text, offset);
    if (mark->position.line != line || mark->offset > offset) {
        *mark = (lsp_mark_t){line_start(text, line), {line, 0}};
    }
    while (mark->offset < offset) {
        const uint32_t size = character_size(text, mark->offset);
        if (size > offset - mark->offset) {
            break;  // inside a character
        }
        mark->position.character += unit_count(encoding, size);
        mark->offset += size;
    }
    return mark->position;
}
