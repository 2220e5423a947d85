// SPDX-License-Identifier: MIT
// Formatting a document, as `bindc fmt` does.
#include "format.h"
#include "server.h"

static bool is_inside_character(const char* text, uint32_t size, uint32_t at) {
    return at < size && ((uint8_t)text[at] & 0xc0) == 0x80;
}

// One edit of what differs, so that the cursor and marks elsewhere stay where they are.
static json_t* make_edit(const lsp_server_t* server, const lsp_file_t* file,
                         const bc_buffer_t* wanted) {
    const char* old = (const char*)file->text.bytes.data;
    const char* new = (const char*)wanted->data;
    const uint32_t old_size = (uint32_t)file->text.bytes.size;
    const uint32_t new_size = (uint32_t)wanted->size;
    const uint32_t least = old_size < new_size ? old_size : new_size;
    uint32_t start = 0;
    uint32_t tail = 0;
    while (start < least && old[start] == new[start]) {
        start++;
    }
    while (start > 0 && (is_inside_character(old, old_size, start) ||
                         is_inside_character(new, new_size, start))) {
        start--;
    }
    while (tail < least - start && old[old_size - 1 - tail] == new[new_size - 1 - tail]) {
        tail++;
    }
    while (tail > 0 &&
           (is_inside_character(old, old_size, old_size - tail) || old[old_size - tail] == '\n')) {
        tail--;
    }
    lsp_mark_t mark = {0};
    return json_pack("{s:o,s:s%}", "range",
                     lsp_range(server, file, start, old_size - tail - start, &mark), "newText",
                     new + start, (size_t)(new_size - tail - start));
}

json_t* lsp_format(lsp_request_t* request) {
    const lsp_file_t* file = lsp_request_file(request);
    if (file == NULL) {
        return NULL;
    }
    bc_diagnostics_t unheard = {.arena = &request->arena};
    bc_buffer_t wanted = {0};
    json_t* edits = json_array();
    const bc_source_t* source =
        bc_source_from_text(&unheard, file->path, 0, file->text.bytes.data, file->text.bytes.size);
    if (source != NULL && bc_format_source(&unheard, source, &wanted)) {
        const bc_text_t old = {source->text, source->size};
        const bc_text_t new = {(const char*)wanted.data, (uint32_t)wanted.size};
        if (!bc_text_equal(old, new)) {
            json_array_append_new(edits, make_edit(request->server, file, &wanted));
        }
    }
    bc_buffer_fini(&wanted);
    return edits;
}
