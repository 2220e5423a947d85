// SPDX-License-Identifier: MIT
// What requests have in common: the document and the place they are about, places in answers.
#include <string.h>

#include "server.h"

lsp_file_t* lsp_request_file(lsp_request_t* request) {
    const json_t* document = json_object_get(request->params, "textDocument");
    const char* uri = json_string_value(json_object_get(document, "uri"));
    lsp_file_t* file =
        uri == NULL ? NULL : lsp_workspace_find_open(&request->server->workspace, uri);
    if (file == NULL) {
        lsp_refuse(request, LSP_INVALID_PARAMS, "the document is not open");
    }
    return file;
}

const lsp_analysis_t* lsp_request_names(lsp_request_t* request) {
    lsp_server_t* server = request->server;
    const lsp_file_t* file = lsp_request_file(request);
    if (file == NULL) {
        return NULL;
    }
    if (server->names.file != file || server->names_generation != server->workspace.generation) {
        lsp_analysis_fini(&server->names);
        lsp_analyze_names(&server->workspace, file, &server->names);
        server->names_generation = server->workspace.generation;
    }
    return &server->names;
}

const lsp_analysis_t* lsp_request_place(lsp_request_t* request, uint32_t* out_offset) {
    lsp_position_t position;
    if (!lsp_unpack_position(json_object_get(request->params, "position"), &position)) {
        lsp_refuse(request, LSP_INVALID_PARAMS, "a position is needed");
        return NULL;
    }
    const lsp_analysis_t* analysis = lsp_request_names(request);
    if (analysis != NULL) {
        *out_offset =
            lsp_text_offset(&analysis->file->text, request->server->client.encoding, position);
    }
    return analysis;
}

bool lsp_unpack_position(const json_t* value, lsp_position_t* out) {
    json_int_t line;
    json_int_t character;
    if (json_unpack((json_t*)value, "{s:I,s:I}", "line", &line, "character", &character) != 0 ||
        line < 0 || character < 0) {
        return false;
    }
    out->line = line > UINT32_MAX ? UINT32_MAX : (uint32_t)line;
    out->character = character > UINT32_MAX ? UINT32_MAX : (uint32_t)character;
    return true;
}

static json_t* position(lsp_position_t at) {
    return json_pack("{s:I,s:I}", "line", (json_int_t)at.line, "character",
                     (json_int_t)at.character);
}

json_t* lsp_range(const lsp_server_t* server, const lsp_file_t* file, uint32_t offset,
                  uint32_t size, lsp_mark_t* mark) {
    const lsp_encoding_t encoding = server->client.encoding;
    const lsp_position_t start = lsp_text_position(&file->text, encoding, offset, mark);
    lsp_mark_t end_mark = *mark;
    const lsp_position_t end = lsp_text_position(&file->text, encoding, offset + size, &end_mark);
    return json_pack("{s:o,s:o}", "start", position(start), "end", position(end));
}

json_t* lsp_location(const lsp_server_t* server, const lsp_analysis_t* analysis, bc_place_t place,
                     lsp_mark_t* mark) {
    const lsp_file_t* file = lsp_analysis_file(analysis, place);
    const bool has_offset = place.offset != BC_NO_OFFSET;
    return json_pack(
        "{s:s,s:o}", "uri", file->uri, "range",
        lsp_range(server, file, has_offset ? place.offset : 0, has_offset ? place.size : 0, mark));
}

json_t* lsp_string(const char* text, size_t size) {
    json_t* string = json_stringn(text, size);
    if (string != NULL) {
        return string;
    }
    bc_buffer_t ascii = {0};
    for (size_t i = 0; i < size; i++) {
        bc_buffer_u8(&ascii, (uint8_t)text[i] < 0x80 ? (uint8_t)text[i] : '?');
    }
    string = json_stringn((const char*)ascii.data, ascii.size);
    bc_buffer_fini(&ascii);
    return string;
}
