// SPDX-License-Identifier: MIT
// Attack surface: what a client sends to the language server. The first byte chooses: the rest as
// it comes, in pieces; as bodies of messages with right and wrong frames; or as a script of edits
// of documents and of requests, in which no message may end the server. No file is read.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "arena.h"
#include "lsp.h"

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

typedef struct input {
    const uint8_t* data;
    size_t size;
} input_t;

static unsigned take_byte(input_t* input) {
    if (input->size == 0) {
        return 0;
    }
    input->size--;
    return *input->data++;
}

static const uint8_t* take_bytes(input_t* input, size_t wanted, size_t* out_size) {
    const uint8_t* bytes = input->data;
    *out_size = wanted < input->size ? wanted : input->size;
    input->data += *out_size;
    input->size -= *out_size;
    return bytes;
}

static lsp_server_t* create(void) {
    static const lsp_config_t config = {.is_diskless = true};
    return lsp_server_create(&config);
}

static void finish(lsp_server_t* server) {
    lsp_server_finish(server);
    if ((lsp_server_error(server) != NULL) && lsp_server_exit_code(server) == 0) {
        abort();
    }
    lsp_server_destroy(server);
}

// --- Bytes and frames.

static void receive(lsp_server_t* server, const void* bytes, size_t size) {
    bc_buffer_t out = {0};
    lsp_server_receive(server, bytes, size, &out);
    bc_buffer_fini(&out);
}

static void receive_pieces(lsp_server_t* server, input_t* input) {
    while (input->size > 0) {
        size_t size;
        const size_t wanted = 1 + take_byte(input);
        const uint8_t* bytes = take_bytes(input, wanted, &size);
        receive(server, bytes, size);
    }
}

static void receive_frames(lsp_server_t* server, input_t* input) {
    static const char* const names[] = {"Content-Length", "content-length",
                                        "CONTENT-LENGTH:", "Content-Type"};
    while (input->size > 0) {
        char header[96];
        size_t size;
        const unsigned choice = take_byte(input);
        const unsigned wanted = take_byte(input) * (choice & 0x40 ? 16 : 1);
        const uint8_t* body = take_bytes(input, wanted, &size);
        const size_t said = choice & 0x80 ? wanted : size;
        const int header_size = snprintf(header, sizeof(header), "%s%s: %zu\r\n\r\n",
                                         choice & 0x20 ? "A: b\r\n" : "", names[choice & 3], said);
        receive(server, header, (size_t)header_size);
        receive(server, body, size);
    }
}

// --- Scripts.

static void send_message(lsp_server_t* server, json_t* message, bc_buffer_t* out) {
    char header[64];
    char* body = json_dumps(message, JSON_COMPACT);
    if (body != NULL) {
        snprintf(header, sizeof(header), "Content-Length: %zu\r\n\r\n", strlen(body));
        lsp_server_receive(server, header, strlen(header), out);
        if (lsp_server_receive(server, body, strlen(body), out) != LSP_RUNNING) {
            abort();
        }
    }
    free(body);
    json_decref(message);
}

static void notify(lsp_server_t* server, const char* method, json_t* params, bc_buffer_t* out) {
    send_message(server, json_pack("{s:s,s:o}", "method", method, "params", params), out);
}

static void request(lsp_server_t* server, const char* method, json_t* params, bc_buffer_t* out) {
    send_message(server, json_pack("{s:i,s:s,s:o}", "id", 1, "method", method, "params", params),
                 out);
}

static const char* const uris[] = {"file:///w/a.bind", "file:///w/%62.bind", "untitled:c"};

#define URI_COUNT (sizeof(uris) / sizeof(uris[0]))

static void initialize(lsp_server_t* server, unsigned choice, bc_buffer_t* out) {
    request(server, "initialize",
            json_pack("{s:{s:{s:[s]},s:{s:{s:b},s:{s:b}}}}", "capabilities", "general",
                      "positionEncodings", choice & 1 ? "utf-8" : "utf-16", "textDocument",
                      "documentSymbol", "hierarchicalDocumentSymbolSupport", (choice & 2) != 0,
                      "publishDiagnostics", "relatedInformation", (choice & 4) != 0),
            out);
    for (size_t i = 0; i < URI_COUNT; i++) {
        notify(server, "textDocument/didOpen",
               json_pack("{s:{s:s,s:s}}", "textDocument", "uri", uris[i], "text",
                         i == 1 ? "library l;\nuint K { V = 1 };\n" : "l.K == l.K.V;\n"),
               out);
    }
}

// Texts that the language knows, and bytes of the input.
static json_t* take_text(input_t* input) {
    static const char* const words[] = {"using l;\n",
                                        "using l as x;\n",
                                        "l.K",
                                        " == ",
                                        "l.K.V",
                                        "fuchsia.BIND_PROTOCOL",
                                        ";\n",
                                        "accept ",
                                        "{ ",
                                        " }",
                                        "if ",
                                        " else ",
                                        "true;",
                                        "\"\xc3\xa9\"",
                                        "/* ",
                                        " */",
                                        "\r",
                                        "\r\n",
                                        "// ",
                                        "library ",
                                        "composite ",
                                        "primary ",
                                        "parent ",
                                        "extend ",
                                        "uint ",
                                        "enum ",
                                        "\xf0\x90\x90\x80",
                                        "1",
                                        ",",
                                        ""};
    const unsigned choice = take_byte(input);
    const size_t count = sizeof(words) / sizeof(words[0]);
    if (choice < 200) {
        return json_string(words[choice % count]);
    }
    size_t size;
    const uint8_t* bytes = take_bytes(input, choice - 200, &size);
    json_t* text = json_stringn((const char*)bytes, size);
    return text == NULL ? json_string("?") : text;
}

static json_t* take_position(input_t* input) {
    const unsigned line = take_byte(input) % 16;
    const unsigned character = take_byte(input);
    return json_pack("{s:i,s:i}", "line", line, "character", character);
}

static void play_step(lsp_server_t* server, input_t* input, bc_buffer_t* out) {
    static const char* const methods[] = {
        "textDocument/definition", "textDocument/references", "textDocument/documentHighlight",
        "textDocument/hover",      "textDocument/completion", "textDocument/documentSymbol",
        "textDocument/formatting", "textDocument/codeAction"};
    const unsigned choice = take_byte(input);
    const char* uri = uris[choice % URI_COUNT];
    if (choice < 8) {
        notify(server, "textDocument/didClose", json_pack("{s:{s:s}}", "textDocument", "uri", uri),
               out);
    } else if (choice < 16) {
        notify(server, "textDocument/didOpen",
               json_pack("{s:{s:s,s:o}}", "textDocument", "uri", uri, "text", take_text(input)),
               out);
    } else if (choice < 160) {
        json_t* start = take_position(input);
        json_t* end = choice & 1 ? json_incref(start) : take_position(input);
        notify(server, "textDocument/didChange",
               json_pack("{s:{s:s},s:[{s:{s:o,s:o},s:o}]}", "textDocument", "uri", uri,
                         "contentChanges", "range", "start", start, "end", end, "text",
                         take_text(input)),
               out);
    } else {
        json_t* position = take_position(input);
        request(server, methods[choice % 8],
                json_pack("{s:{s:s},s:o,s:{s:O,s:O}}", "textDocument", "uri", uri, "position",
                          position, "range", "start", position, "end", position),
                out);
    }
}

static void play(lsp_server_t* server, input_t* input) {
    bc_buffer_t out = {0};
    initialize(server, take_byte(input), &out);
    while (input->size > 0) {
        play_step(server, input, &out);
        out.size = 0;
    }
    bc_buffer_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    input_t input = {data, size};
    lsp_server_t* server = create();
    const unsigned mode = take_byte(&input) % 4;
    if (mode == 0) {
        receive_pieces(server, &input);
    } else if (mode == 1) {
        receive_frames(server, &input);
    } else {
        play(server, &input);
    }
    finish(server);
    return 0;
}
