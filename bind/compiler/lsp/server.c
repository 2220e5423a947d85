// SPDX-License-Identifier: MIT
// The server: which function answers which message.
#include "server.h"

#include <stdlib.h>
#include <string.h>

typedef json_t* (*handler_t)(lsp_request_t* request);

typedef struct method {
    const char* name;
    handler_t handler;
} method_t;

static const method_t requests[] = {
    {"textDocument/definition", lsp_definition},
    {"textDocument/references", lsp_references},
    {"textDocument/documentHighlight", lsp_highlight},
    {"textDocument/hover", lsp_hover},
    {"textDocument/completion", lsp_complete},
    {"textDocument/documentSymbol", lsp_outline},
    {"textDocument/formatting", lsp_format},
    {"textDocument/codeAction", lsp_code_actions},
    {NULL, NULL},
};

static const method_t notifications[] = {
    {"textDocument/didOpen", lsp_did_open},
    {"textDocument/didChange", lsp_did_change},
    {"textDocument/didClose", lsp_did_close},
    {"workspace/didChangeWorkspaceFolders", lsp_did_change_folders},
    {"workspace/didChangeWatchedFiles", lsp_did_change_files},
    {NULL, NULL},
};

lsp_server_t* lsp_server_create(const lsp_config_t* config) {
    lsp_server_t* server = calloc(1, sizeof(lsp_server_t));
    if (server == NULL) {
        abort();
    }
    server->config = *config;
    server->config.options.format = BC_FORMAT_NONE;
    lsp_workspace_init(&server->workspace, &server->config);
    return server;
}

void lsp_server_destroy(lsp_server_t* server) {
    if (server != NULL) {
        lsp_analysis_fini(&server->names);
        lsp_workspace_fini(&server->workspace);
        lsp_transport_fini(&server->transport);
        free(server);
    }
}

int lsp_server_exit_code(const lsp_server_t* server) {
    return server->state == LSP_ENDED && server->was_shut ? 0 : 1;
}

const char* lsp_server_error(const lsp_server_t* server) {
    return server->transport.error[0] == 0 ? NULL : server->transport.error;
}

void lsp_notify(lsp_server_t* server, const char* method, json_t* params) {
    lsp_transport_write(server->out, json_pack("{s:s,s:s,s:o}", "jsonrpc", "2.0", "method", method,
                                               "params", params));
}

void lsp_call(lsp_server_t* server, const char* method, json_t* params) {
    lsp_transport_write(
        server->out, json_pack("{s:s,s:I,s:s,s:o}", "jsonrpc", "2.0", "id", ++server->request_count,
                               "method", method, "params", params));
}

void lsp_show(lsp_server_t* server, int type, const char* text) {
    lsp_notify(server, "window/showMessage", json_pack("{s:i,s:s}", "type", type, "message", text));
}

json_t* lsp_refuse(lsp_request_t* request, int error, const char* text) {
    request->error = error;
    request->error_text = text;
    return NULL;
}

static void answer(lsp_server_t* server, const json_t* id, json_t* result) {
    lsp_transport_write(server->out,
                        json_pack("{s:s,s:O?,s:o?}", "jsonrpc", "2.0", "id", id, "result", result));
}

static void answer_error(lsp_server_t* server, const json_t* id, int error, const char* text) {
    lsp_transport_write(server->out, json_pack("{s:s,s:O?,s:{s:i,s:s}}", "jsonrpc", "2.0", "id", id,
                                               "error", "code", error, "message", text));
}

// --- Messages.

static handler_t find_handler(const method_t* methods, const char* name) {
    while (methods->name != NULL && strcmp(methods->name, name) != 0) {
        methods++;
    }
    return methods->handler;
}

static handler_t find_request(lsp_request_t* request, const char* name) {
    const lsp_phase_t phase = request->server->phase;
    if (phase == LSP_PHASE_SHUT) {
        lsp_refuse(request, LSP_INVALID_REQUEST, "the server is shut down");
        return NULL;
    }
    if (strcmp(name, "initialize") == 0) {
        return lsp_initialize;
    }
    if (phase == LSP_PHASE_NEW) {
        lsp_refuse(request, LSP_NOT_INITIALIZED, "`initialize` comes first");
        return NULL;
    }
    const handler_t found =
        strcmp(name, "shutdown") == 0 ? lsp_shutdown : find_handler(requests, name);
    if (found == NULL) {
        lsp_refuse(request, LSP_METHOD_NOT_FOUND, "there is no such method");
    }
    return found;
}

static void handle_request(lsp_server_t* server, const json_t* id, const char* name,
                           const json_t* params) {
    lsp_request_t request = {.server = server, .params = params};
    const handler_t handler = find_request(&request, name);
    json_t* result = handler == NULL ? NULL : handler(&request);
    if (request.error != 0) {
        answer_error(server, id, request.error, request.error_text);
        json_decref(result);
    } else {
        answer(server, id, result);
    }
    bc_arena_fini(&request.arena);
}

// What is not known is ignored, and so is all before `initialize` and behind `shutdown`.
static void handle_notification(lsp_server_t* server, const char* name, const json_t* params) {
    lsp_request_t request = {.server = server, .params = params};
    handler_t handler = NULL;
    if (strcmp(name, "exit") == 0) {
        server->was_shut = server->phase == LSP_PHASE_SHUT;
        server->state = LSP_ENDED;
    } else if (server->phase == LSP_PHASE_RUNNING) {
        handler =
            strcmp(name, "initialized") == 0 ? lsp_initialized : find_handler(notifications, name);
    }
    if (handler != NULL) {
        json_decref(handler(&request));
    }
    bc_arena_fini(&request.arena);
}

static bool is_id(const json_t* id) {
    return json_is_string(id) || json_is_number(id);
}

static void handle_message(lsp_server_t* server, const json_t* message) {
    const json_t* id = json_object_get(message, "id");
    const char* method = json_string_value(json_object_get(message, "method"));
    const json_t* params = json_object_get(message, "params");
    const bool is_answer = method == NULL && (json_object_get(message, "result") != NULL ||
                                              json_object_get(message, "error") != NULL);
    if (is_answer) {
        return;  // to a request whose outcome makes no difference
    }
    if (method == NULL || (id != NULL && !is_id(id))) {
        answer_error(server, is_id(id) ? id : NULL, LSP_INVALID_REQUEST, "this is no request");
    } else if (id != NULL) {
        handle_request(server, id, method, params);
    } else {
        handle_notification(server, method, params);
    }
}

static void handle_body(lsp_server_t* server, const char* body, size_t size) {
    json_error_t error;
    json_t* message = json_loadb(body, size, JSON_ALLOW_NUL, &error);
    if (message == NULL) {
        answer_error(server, NULL, LSP_PARSE_ERROR, "the message is no JSON");
        return;
    }
    handle_message(server, message);
    json_decref(message);
}

static void publish_due(lsp_server_t* server) {
    for (lsp_file_t* file = server->workspace.files; file != NULL; file = file->next) {
        if (file->is_changed || file->is_affected) {
            lsp_publish(server, file);
        }
    }
}

lsp_state_t lsp_server_receive(lsp_server_t* server, const void* bytes, size_t size,
                               bc_buffer_t* out) {
    lsp_transport_put(&server->transport, bytes, size);
    server->out = out;
    lsp_frame_t frame = LSP_FRAME_NONE;
    const char* body;
    size_t body_size;
    while (server->state == LSP_RUNNING &&
           (frame = lsp_transport_next(&server->transport, &body, &body_size)) == LSP_FRAME_WHOLE) {
        handle_body(server, body, body_size);
    }
    if (frame == LSP_FRAME_BROKEN) {
        server->state = LSP_BROKEN;
    }
    if (server->phase == LSP_PHASE_RUNNING) {
        publish_due(server);
    }
    server->out = NULL;
    return server->state;
}

void lsp_server_finish(lsp_server_t* server) {
    if (server->state == LSP_RUNNING && !lsp_transport_finish(&server->transport)) {
        server->state = LSP_BROKEN;
    }
}
