// SPDX-License-Identifier: MIT
// What the parts of the server share: its state, a request, and places as JSON.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include <zircon/compiler.h>

#include "analysis.h"
#include "names.h"
#include "transport.h"
#include "workspace.h"

typedef enum lsp_phase { LSP_PHASE_NEW, LSP_PHASE_RUNNING, LSP_PHASE_SHUT } lsp_phase_t;

// What the client said about itself.
typedef struct lsp_client {
    lsp_encoding_t encoding;
    bool has_related_information;
    bool has_nested_symbols;
    bool can_watch;
} lsp_client_t;

struct lsp_server {
    lsp_config_t config;
    lsp_client_t client;
    lsp_phase_t phase;
    lsp_state_t state;
    bool was_shut;  // `exit` came after `shutdown`
    lsp_transport_t transport;
    lsp_workspace_t workspace;
    lsp_analysis_t names;  // of the file asked about last
    uint64_t names_generation;
    json_int_t request_count;  // own requests
    bc_buffer_t* out;          // borrowed, while bytes are taken
};

typedef struct lsp_request {
    lsp_server_t* server;
    const json_t* params;  // borrowed; may be null
    bc_arena_t arena;      // dies with the request
    int error;             // of JSON-RPC; 0: none
    const char* error_text;
} lsp_request_t;

// Codes of errors.
enum {
    LSP_PARSE_ERROR = -32700,
    LSP_INVALID_REQUEST = -32600,
    LSP_METHOD_NOT_FOUND = -32601,
    LSP_INVALID_PARAMS = -32602,
    LSP_NOT_INITIALIZED = -32002,
};

void lsp_notify(lsp_server_t* server, const char* method, json_t* params);  // takes params
void lsp_call(lsp_server_t* server, const char* method, json_t* params);    // takes params

// A message for the person at the editor. `type`: 1 an error, 2 a warning, 3 an information.
void lsp_show(lsp_server_t* server, int type, const char* text);

// Sets the error of the request; returns null.
json_t* lsp_refuse(lsp_request_t* request, int error, const char* text);

// The open document that the request is about. Null after setting the error.
lsp_file_t* lsp_request_file(lsp_request_t* request);

// The same with the names in it, and with the offset that the request names.
const lsp_analysis_t* lsp_request_names(lsp_request_t* request);
const lsp_analysis_t* lsp_request_place(lsp_request_t* request, uint32_t* out_offset);

// A `Position` of JSON. False: it is none.
bool lsp_unpack_position(const json_t* value, lsp_position_t* out);

json_t* lsp_range(const lsp_server_t* server, const lsp_file_t* file, uint32_t offset,
                  uint32_t size, lsp_mark_t* mark);
json_t* lsp_location(const lsp_server_t* server, const lsp_analysis_t* analysis, bc_place_t place,
                     lsp_mark_t* mark);

// A text that may hold bytes that are no UTF-8.
json_t* lsp_string(const char* text, size_t size);

// Makes and sends the diagnostics of a document; when only a library changed, only if they differ.
void lsp_publish(lsp_server_t* server, lsp_file_t* file);

// Tells when there are more libraries than the server takes.
void lsp_show_limits(lsp_server_t* server);

// The requests and notifications; each returns its result, or null.
json_t* lsp_initialize(lsp_request_t* request);
json_t* lsp_initialized(lsp_request_t* request);
json_t* lsp_shutdown(lsp_request_t* request);
json_t* lsp_did_open(lsp_request_t* request);
json_t* lsp_did_change(lsp_request_t* request);
json_t* lsp_did_close(lsp_request_t* request);
json_t* lsp_did_change_folders(lsp_request_t* request);
json_t* lsp_did_change_files(lsp_request_t* request);
json_t* lsp_definition(lsp_request_t* request);
json_t* lsp_references(lsp_request_t* request);
json_t* lsp_highlight(lsp_request_t* request);
json_t* lsp_hover(lsp_request_t* request);
json_t* lsp_complete(lsp_request_t* request);
json_t* lsp_outline(lsp_request_t* request);
json_t* lsp_format(lsp_request_t* request);
json_t* lsp_code_actions(lsp_request_t* request);
