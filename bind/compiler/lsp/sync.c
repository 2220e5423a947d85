// SPDX-License-Identifier: MIT
// Notifications: documents and files that come, change and go.
#include <string.h>

#include "server.h"

static void set_version(lsp_file_t* file, const json_t* document) {
    json_decref(file->version);
    file->version = json_incref(json_object_get(document, "version"));
}

static void take_text(lsp_request_t* request, lsp_file_t* file, uint32_t start, uint32_t end,
                      const json_t* text) {
    if (!lsp_text_replace(&file->text, start, end, json_string_value(text),
                          json_string_length(text))) {
        lsp_show(request->server, 1,
                 "bindc: the document is too large, so a change of it was left out");
    }
}

static void finish_change(lsp_request_t* request, lsp_file_t* file) {
    file->is_changed = true;
    lsp_workspace_changed(&request->server->workspace, file);
}

json_t* lsp_did_open(lsp_request_t* request) {
    const json_t* document = json_object_get(request->params, "textDocument");
    const char* uri = json_string_value(json_object_get(document, "uri"));
    const json_t* text = json_object_get(document, "text");
    if (uri == NULL || !json_is_string(text)) {
        return NULL;
    }
    lsp_file_t* file = lsp_workspace_open(&request->server->workspace, uri);
    set_version(file, document);
    take_text(request, file, 0, 0, text);
    finish_change(request, file);
    return NULL;
}

static void apply(lsp_request_t* request, lsp_file_t* file, const json_t* change) {
    const json_t* text = json_object_get(change, "text");
    const json_t* range = json_object_get(change, "range");
    const lsp_encoding_t encoding = request->server->client.encoding;
    lsp_position_t start;
    lsp_position_t end;
    if (!json_is_string(text)) {
        return;
    }
    if (!json_is_object(range)) {
        take_text(request, file, 0, (uint32_t)file->text.bytes.size, text);
        return;
    }
    if (!lsp_unpack_position(json_object_get(range, "start"), &start) ||
        !lsp_unpack_position(json_object_get(range, "end"), &end)) {
        return;
    }
    const uint32_t from = lsp_text_offset(&file->text, encoding, start);
    const uint32_t to = lsp_text_offset(&file->text, encoding, end);
    take_text(request, file, from, to < from ? from : to, text);
}

json_t* lsp_did_change(lsp_request_t* request) {
    lsp_file_t* file = lsp_request_file(request);
    if (file == NULL) {
        return NULL;
    }
    set_version(file, json_object_get(request->params, "textDocument"));
    size_t i;
    json_t* change;
    json_array_foreach(json_object_get(request->params, "contentChanges"), i, change) {
        apply(request, file, change);
    }
    finish_change(request, file);
    return NULL;
}

json_t* lsp_did_close(lsp_request_t* request) {
    lsp_file_t* file = lsp_request_file(request);
    if (file == NULL) {
        return NULL;
    }
    lsp_notify(request->server, "textDocument/publishDiagnostics",
               json_pack("{s:s,s:[]}", "uri", file->uri, "diagnostics"));
    lsp_workspace_close(&request->server->workspace, file);
    return NULL;
}

json_t* lsp_did_change_folders(lsp_request_t* request) {
    lsp_workspace_t* workspace = &request->server->workspace;
    const json_t* event = json_object_get(request->params, "event");
    size_t i;
    json_t* folder;
    json_array_foreach(json_object_get(event, "removed"), i, folder) {
        const char* uri = json_string_value(json_object_get(folder, "uri"));
        if (uri != NULL) {
            lsp_workspace_remove_folder(workspace, uri);
        }
    }
    json_array_foreach(json_object_get(event, "added"), i, folder) {
        const char* uri = json_string_value(json_object_get(folder, "uri"));
        if (uri != NULL) {
            lsp_workspace_add_folder(workspace, uri);
        }
    }
    lsp_workspace_load(workspace);
    lsp_show_limits(request->server);
    return NULL;
}

json_t* lsp_did_change_files(lsp_request_t* request) {
    size_t i;
    json_t* change;
    json_array_foreach(json_object_get(request->params, "changes"), i, change) {
        const char* uri = json_string_value(json_object_get(change, "uri"));
        if (uri != NULL) {
            lsp_workspace_reload(&request->server->workspace, uri);
        }
    }
    return NULL;
}
