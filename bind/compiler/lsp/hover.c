// SPDX-License-Identifier: MIT
// What a name means, in a few lines of Markdown.
#include <stdio.h>
#include <string.h>

#include "describe.h"
#include "server.h"

#define MAX_VALUES 32u  // shown of a key

static void put_code(bc_buffer_t* out, bc_text_t text) {
    bc_buffer_u8(out, '`');
    bc_buffer_append(out, text.data, text.size);
    bc_buffer_u8(out, '`');
}

// A text of the file may hold backquotes and line ends.
static void put_fenced(bc_buffer_t* out, const bc_buffer_t* text) {
    bc_buffer_text(out, "```\n");
    bc_buffer_append(out, text->data, text->size);
    bc_buffer_text(out, "\n```\n");
}

static void put_library_line(bc_buffer_t* out, const bc_library_t* library) {
    if (library != NULL) {
        bc_buffer_text(out, "\nlibrary ");
        put_code(out, library->name.text);
        bc_buffer_text(out, "\n");
    }
}

typedef struct values {
    bc_buffer_t* out;
    size_t count;
} values_t;

static void put_value_row(void* context, const bc_symbol_t* value) {
    values_t* values = context;
    if (values->count++ >= MAX_VALUES) {
        return;
    }
    bc_buffer_text(values->out, values->count == 1 ? "\n- " : "- ");
    put_code(values->out, value->name);
    if (value->kind != BC_SYMBOL_ENUM) {
        bc_buffer_text(values->out, " = ");
        lsp_describe_value(value, values->out);
    }
    bc_buffer_text(values->out, "\n");
}

static void put_key(const lsp_analysis_t* analysis, bc_arena_t* arena, const bc_symbol_t* key,
                    bc_buffer_t* out) {
    bc_buffer_text(out, "**");
    bc_buffer_append(out, key->text.data, key->text.size);
    bc_buffer_text(out, "**: ");
    lsp_describe_key(key, out);
    if (key->kind == BC_SYMBOL_INT_KEY) {
        char number[24];
        snprintf(number, sizeof(number), " (%u)", (unsigned)key->number);
        bc_buffer_text(out, number);
    }
    bc_buffer_text(out, "\n");
    put_library_line(out, key->library);
    values_t values = {out, 0};
    lsp_each_value(&analysis->compiler.symbols, key, arena, put_value_row, &values);
    if (values.count > MAX_VALUES) {
        char more[48];
        snprintf(more, sizeof(more), "- … and %zu more\n", values.count - MAX_VALUES);
        bc_buffer_text(out, more);
    }
}

static void put_value(const bc_symbol_t* value, bc_buffer_t* out) {
    bc_buffer_t literal = {0};
    bc_buffer_text(out, "**");
    bc_buffer_append(out, value->name.data, value->name.size);
    bc_buffer_text(out, "**: ");
    bc_buffer_text(out, value->kind == BC_SYMBOL_ENUM ? "enum value\n" : "value\n");
    if (value->kind != BC_SYMBOL_ENUM) {
        lsp_describe_value(value, &literal);
        put_fenced(out, &literal);
    }
    put_library_line(out, value->library);
    bc_buffer_fini(&literal);
}

static void put_library(const bc_library_t* library, bc_buffer_t* out) {
    size_t count = 0;
    for (const bc_declaration_t* d = library->declarations; d != NULL; d = d->next) {
        count++;
    }
    char text[64];
    snprintf(text, sizeof(text), "**: library, %zu keys\n\n", count);
    bc_buffer_text(out, "**");
    bc_buffer_append(out, library->name.text.data, library->name.text.size);
    bc_buffer_text(out, text);
    put_code(out, bc_text(library->source->path));
    bc_buffer_text(out, "\n");
}

json_t* lsp_hover(lsp_request_t* request) {
    uint32_t offset;
    lsp_part_t part;
    const lsp_analysis_t* analysis = lsp_request_place(request, &offset);
    if (analysis == NULL || !lsp_find_part(analysis, &request->arena, offset, &part)) {
        return NULL;
    }
    bc_buffer_t text = {0};
    if (part.entity == LSP_LIBRARY) {
        put_library(part.library, &text);
    } else if (part.entity == LSP_KEY) {
        put_key(analysis, &request->arena, part.symbol, &text);
    } else {
        put_value(part.symbol, &text);
    }
    lsp_mark_t mark = {0};
    json_t* hover = json_pack(
        "{s:{s:s,s:o},s:o}", "contents", "kind", "markdown", "value",
        lsp_string((const char*)text.data, text.size), "range",
        lsp_range(request->server, analysis->file, part.place.offset, part.place.size, &mark));
    bc_buffer_fini(&text);
    return hover;
}
