// SPDX-License-Identifier: MIT
// The language server for bind rules and libraries, without any input or output of its own: bytes
// of the client in, bytes for the client out. cmd_lsp.c joins it to standard input and output.
// LSP 3.17, one client, no threads.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "arena.h"
#include "options.h"

typedef struct lsp_config {
    bc_options_t options;
    bool is_werror;                // warnings are shown as errors
    bool is_diskless;              // knows only what the client opens, reads no file
    const char* standard;          // borrowed: folder of the standard libraries; null: none
    const char* const* libraries;  // borrowed: further libraries, which go before all others
    size_t library_count;
} lsp_config_t;

typedef enum lsp_state {
    LSP_RUNNING,
    LSP_ENDED,   // by `exit`
    LSP_BROKEN,  // the input makes no sense any more
} lsp_state_t;

typedef struct lsp_server lsp_server_t;

// What `config` points to must live as long as the server.
lsp_server_t* lsp_server_create(const lsp_config_t* config);
void lsp_server_destroy(lsp_server_t* server);  // null: nothing

// Takes bytes of the client, in pieces of any size, and appends what is to be sent to *out: answers
// at once, diagnostics after all whole messages in the bytes were looked at.
lsp_state_t lsp_server_receive(lsp_server_t* server, const void* bytes, size_t size,
                               bc_buffer_t* out);

// Tells that nothing more will come.
void lsp_server_finish(lsp_server_t* server);

// 0: ended as agreed, by `shutdown` and `exit`.
int lsp_server_exit_code(const lsp_server_t* server);

// Why the input makes no sense; null: it does.
const char* lsp_server_error(const lsp_server_t* server);
