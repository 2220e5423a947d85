// SPDX-License-Identifier: MIT
// The framing of messages: headers, an empty line, a body of Content-Length bytes.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "arena.h"

#define LSP_MAX_HEADERS 4096u        // bytes before a body
#define LSP_MAX_BODY    (64u << 20)  // bytes

typedef enum lsp_frame {
    LSP_FRAME_NONE,  // more bytes are needed
    LSP_FRAME_WHOLE,
    LSP_FRAME_BROKEN,
} lsp_frame_t;

// A zeroed one is valid.
typedef struct lsp_transport {
    bc_buffer_t input;  // owned
    size_t taken;       // of the input
    char error[160];    // why it is broken; empty: it is not
} lsp_transport_t;

void lsp_transport_fini(lsp_transport_t* transport);

void lsp_transport_put(lsp_transport_t* transport, const void* bytes, size_t size);

// The next message. *out_body is valid until the next call. Once broken, it stays so.
lsp_frame_t lsp_transport_next(lsp_transport_t* transport, const char** out_body, size_t* out_size);

// Whether the input ended between two messages. Otherwise it is broken.
bool lsp_transport_finish(lsp_transport_t* transport);

// Appends a message with its header. Takes the reference to it.
void lsp_transport_write(bc_buffer_t* out, json_t* message);
