// SPDX-License-Identifier: MIT
// The framing of messages.
#include "transport.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/compiler.h>

void lsp_transport_fini(lsp_transport_t* transport) {
    bc_buffer_fini(&transport->input);
}

void lsp_transport_put(lsp_transport_t* transport, const void* bytes, size_t size) {
    bc_buffer_t* input = &transport->input;
    if (transport->taken > 0) {
        input->size -= transport->taken;
        memmove(input->data, input->data + transport->taken, input->size);
        transport->taken = 0;
    }
    bc_buffer_append(input, bytes, size);
}

__PRINTFLIKE(2, 3)
static lsp_frame_t fail(lsp_transport_t* transport, const char* format, ...) {
    va_list args;
    va_start(args, format);
    vsnprintf(transport->error, sizeof(transport->error), format, args);
    va_end(args);
    return LSP_FRAME_BROKEN;
}

// What a text of the client may look like on a terminal.
static int shown_size(size_t size) {
    return size < 40 ? (int)size : 40;
}

// Names of headers are in any case, with any blanks around the value.
static bool is_content_length(const char* name, size_t size) {
    static const char wanted[] = "Content-Length";
    return size == sizeof(wanted) - 1 && strncasecmp(name, wanted, size) == 0;
}

static bool parse_length(const char* value, const char* end, size_t* out) {
    while (value < end && (*value == ' ' || *value == '\t')) {
        value++;
    }
    while (end > value && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    size_t length = 0;
    const char* digit = value;
    for (; digit < end && *digit >= '0' && *digit <= '9' && length <= LSP_MAX_BODY; digit++) {
        length = length * 10 + (size_t)(*digit - '0');
    }
    *out = length;
    return digit == end && digit > value && length <= LSP_MAX_BODY;
}

// The headers, each ended by CR LF. Others than Content-Length are allowed and say nothing.
static lsp_frame_t parse_headers(lsp_transport_t* transport, const char* at, const char* end,
                                 size_t* out_length) {
    bool has_length = false;
    while (at < end) {
        const char* line_end = memmem(at, (size_t)(end - at), "\r\n", 2);
        const size_t size = (size_t)(line_end - at);
        const char* colon = memchr(at, ':', size);
        if (colon == NULL) {
            return fail(transport, "not a header: `%.*s`", shown_size(size), at);
        }
        if (is_content_length(at, (size_t)(colon - at))) {
            if (!parse_length(colon + 1, line_end, out_length)) {
                return fail(transport, "not a length of at most %u bytes: `%.*s`", LSP_MAX_BODY,
                            shown_size((size_t)(line_end - colon - 1)), colon + 1);
            }
            has_length = true;
        }
        at = line_end + 2;
    }
    return has_length ? LSP_FRAME_WHOLE : fail(transport, "a message without Content-Length");
}

lsp_frame_t lsp_transport_next(lsp_transport_t* transport, const char** out_body,
                               size_t* out_size) {
    if (transport->error[0] != 0) {
        return LSP_FRAME_BROKEN;
    }
    const size_t left = transport->input.size - transport->taken;
    if (left == 0) {
        return LSP_FRAME_NONE;
    }
    const char* start = (const char*)transport->input.data + transport->taken;
    const size_t searched = left < LSP_MAX_HEADERS ? left : LSP_MAX_HEADERS;
    const char* blank = memmem(start, searched, "\r\n\r\n", 4);
    if (blank == NULL) {
        return left < LSP_MAX_HEADERS
                   ? LSP_FRAME_NONE
                   : fail(transport, "no end of the headers within %u bytes", LSP_MAX_HEADERS);
    }
    size_t length = 0;
    const lsp_frame_t frame = parse_headers(transport, start, blank + 2, &length);
    const size_t header_size = (size_t)(blank + 4 - start);
    if (frame != LSP_FRAME_WHOLE || left - header_size < length) {
        return frame == LSP_FRAME_WHOLE ? LSP_FRAME_NONE : frame;
    }
    transport->taken += header_size + length;
    *out_body = blank + 4;
    *out_size = length;
    return LSP_FRAME_WHOLE;
}

bool lsp_transport_finish(lsp_transport_t* transport) {
    if (transport->error[0] == 0 && transport->taken < transport->input.size) {
        fail(transport, "the input ends inside a message");
    }
    return transport->error[0] == 0;
}

void lsp_transport_write(bc_buffer_t* out, json_t* message) {
    char header[64];
    char* body = json_dumps(message, JSON_COMPACT);
    if (body != NULL) {
        snprintf(header, sizeof(header), "Content-Length: %zu\r\n\r\n", strlen(body));
        bc_buffer_text(out, header);
        bc_buffer_text(out, body);
    }
    free(body);
    json_decref(message);
}
