// SPDX-License-Identifier: MIT
// The life of the server: what client and server tell each other of themselves, and its end.
#include <string.h>

#include "server.h"

static bool offers_utf8(const json_t* capabilities) {
    const json_t* general = json_object_get(capabilities, "general");
    const json_t* offered = json_object_get(general, "positionEncodings");
    size_t i;
    json_t* each;
    json_array_foreach(offered, i, each) {
        const char* name = json_string_value(each);
        if (name != NULL && strcmp(name, "utf-8") == 0) {
            return true;
        }
    }
    return false;
}

static void read_client(lsp_server_t* server, const json_t* params) {
    const json_t* capabilities = json_object_get(params, "capabilities");
    lsp_client_t* client = &server->client;
    int related = 0;
    int nested = 0;
    int watch = 0;
    json_unpack((json_t*)capabilities, "{s:{s:{s:b}}}", "textDocument", "publishDiagnostics",
                "relatedInformation", &related);
    json_unpack((json_t*)capabilities, "{s:{s:{s:b}}}", "textDocument", "documentSymbol",
                "hierarchicalDocumentSymbolSupport", &nested);
    json_unpack((json_t*)capabilities, "{s:{s:{s:b}}}", "workspace", "didChangeWatchedFiles",
                "dynamicRegistration", &watch);
    client->encoding = offers_utf8(capabilities) ? LSP_UTF8 : LSP_UTF16;
    client->has_related_information = related != 0;
    client->has_nested_symbols = nested != 0;
    client->can_watch = watch != 0;
}

// The folders of the client, or in their place the root of an older one.
static void read_folders(lsp_server_t* server, const json_t* params) {
    const json_t* folders = json_object_get(params, "workspaceFolders");
    const char* root = json_string_value(json_object_get(params, "rootUri"));
    size_t i;
    json_t* folder;
    json_array_foreach(folders, i, folder) {
        const char* uri = json_string_value(json_object_get(folder, "uri"));
        if (uri != NULL) {
            lsp_workspace_add_folder(&server->workspace, uri);
        }
    }
    if (!json_is_array(folders) && root != NULL) {
        lsp_workspace_add_folder(&server->workspace, root);
    }
}

static json_t* capabilities_of(const lsp_server_t* server) {
    return json_pack(
        "{s:s, s:{s:b,s:i,s:b}, s:b, s:b, s:b, s:b, s:b, s:b, s:{s:[s,s,s]}, s:{s:[s]}, "
        "s:{s:{s:b,s:b}}}",
        "positionEncoding", server->client.encoding == LSP_UTF8 ? "utf-8" : "utf-16",  //
        "textDocumentSync", "openClose", 1, "change", 2, "save", 1,                    //
        "definitionProvider", 1, "referencesProvider", 1, "documentHighlightProvider", 1,
        "hoverProvider", 1, "documentSymbolProvider", 1, "documentFormattingProvider", 1,
        "completionProvider", "triggerCharacters", ".", "=", "{",  //
        "codeActionProvider", "codeActionKinds", "quickfix",       //
        "workspace", "workspaceFolders", "supported", 1, "changeNotifications", 1);
}

json_t* lsp_initialize(lsp_request_t* request) {
    lsp_server_t* server = request->server;
    if (server->phase != LSP_PHASE_NEW) {
        return lsp_refuse(request, LSP_INVALID_REQUEST, "the server is initialized already");
    }
    server->phase = LSP_PHASE_RUNNING;
    read_client(server, request->params);
    read_folders(server, request->params);
    lsp_workspace_load(&server->workspace);
    return json_pack("{s:o,s:{s:s}}", "capabilities", capabilities_of(server), "serverInfo", "name",
                     "bindc");
}

void lsp_show_limits(lsp_server_t* server) {
    if (server->workspace.is_cut) {
        lsp_show(server, 2,
                 "bindc: the workspace is too large; not all of its bind libraries are known");
    }
}

json_t* lsp_initialized(lsp_request_t* request) {
    lsp_server_t* server = request->server;
    if (server->client.can_watch) {
        lsp_call(server, "client/registerCapability",
                 json_pack("{s:[{s:s,s:s,s:{s:[{s:s}]}}]}", "registrations", "id", "libraries",
                           "method", "workspace/didChangeWatchedFiles", "registerOptions",
                           "watchers", "globPattern", "**/*.bind"));
    }
    lsp_show_limits(server);
    return NULL;
}

json_t* lsp_shutdown(lsp_request_t* request) {
    request->server->phase = LSP_PHASE_SHUT;
    return NULL;
}
