// SPDX-License-Identifier: MIT
// The language server in process. Random edits, told piece by piece, lead to the same answers as
// the final text opened in a new server; a model of the document that is the test's own keeps the
// text and counts positions in the plainest way. And the work of a message grows with the size of
// the document, not with its square.
#include <criterion/criterion.h>
#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arena.h"
#include "lsp.h"

static const char uri[] = "file:///model/r.bind";

// --- A client without pipes.

typedef struct link {
    lsp_server_t* server;
    bc_buffer_t out;  // all that the server said since the last look
} link_t;

static void send_message(link_t* link, json_t* message) {
    char header[64];
    char* body = json_dumps(message, JSON_COMPACT);
    cr_assert_not_null(body);
    snprintf(header, sizeof(header), "Content-Length: %zu\r\n\r\n", strlen(body));
    lsp_server_receive(link->server, header, strlen(header), &link->out);
    const lsp_state_t state = lsp_server_receive(link->server, body, strlen(body), &link->out);
    cr_assert_eq(state, LSP_RUNNING);
    free(body);
    json_decref(message);
}

static void send_notification(link_t* link, const char* method, json_t* params) {
    send_message(link, json_pack("{s:s,s:o}", "method", method, "params", params));
}

static void send_request(link_t* link, const char* method, json_t* params) {
    send_message(link, json_pack("{s:i,s:s,s:o}", "id", 1, "method", method, "params", params));
}

static void start(link_t* link, bool is_utf8) {
    static const lsp_config_t config = {.is_diskless = true};
    *link = (link_t){.server = lsp_server_create(&config)};
    send_request(link, "initialize",
                 json_pack("{s:{s:{s:[s]}}}", "capabilities", "general", "positionEncodings",
                           is_utf8 ? "utf-8" : "utf-16"));
}

static void stop(link_t* link) {
    lsp_server_destroy(link->server);
    bc_buffer_fini(&link->out);
}

static void open_document(link_t* link, const char* name, const char* text, size_t size) {
    send_notification(link, "textDocument/didOpen",
                      json_pack("{s:{s:s,s:s%}}", "textDocument", "uri", name, "text", text, size));
}

static json_t* place(const char* name, unsigned line, unsigned character) {
    return json_pack("{s:{s:s},s:{s:i,s:i},s:{s:b}}", "textDocument", "uri", name, "position",
                     "line", line, "character", character, "context", "includeDeclaration", 1);
}

// --- The model of a document.

typedef struct model {
    char text[4096];
    size_t size;
    bool is_utf8;
} model_t;

static unsigned state = 1;

static unsigned random_below(unsigned limit) {
    state = state * 1664525u + 1013904223u;
    return (unsigned)(((uint64_t)state * limit) >> 32);
}

static bool is_boundary(const model_t* model, size_t offset) {
    return offset == model->size || ((unsigned char)model->text[offset] & 0xc0) != 0x80;
}

static size_t random_offset(const model_t* model) {
    size_t offset = random_below((unsigned)model->size + 1);
    while (!is_boundary(model, offset)) {
        offset--;
    }
    return offset;
}

// Counted from the start, unit by unit. Inside of CR LF there is no position: false.
static bool count_position(const model_t* model, size_t offset, unsigned* out_line,
                           unsigned* out_character) {
    unsigned line = 0;
    unsigned character = 0;
    for (size_t i = 0; i < offset; i++) {
        const unsigned char c = (unsigned char)model->text[i];
        const bool is_crlf = c == '\r' && i + 1 < model->size && model->text[i + 1] == '\n';
        if (is_crlf && i + 1 == offset) {
            return false;
        }
        if (c == '\n' || (c == '\r' && !is_crlf)) {
            line++;
            character = 0;
        } else if (model->is_utf8) {
            character++;
        } else if ((c & 0xc0) != 0x80) {
            character += c >= 0xf0 ? 2 : 1;
        }
    }
    *out_line = line;
    *out_character = character;
    return true;
}

static const char* const pieces[] = {
    "using lib;\n",
    "using lib as l;\r\n",
    "lib.KIND == lib.KIND.ROUND;",
    "l.SIZE != 3;\n",
    "fuchsia.BIND_PROTOCOL == 1;",
    "fuchsia.BIND_PROTOCOLL == 2;",
    "if lib.SIZE == 1 {",
    "} else {",
    "}\n",
    "accept lib.KIND { lib.KIND.ROUND, ",
    "\"\xc3\xa9\xf0\x90\x90\x80\"",
    "/* \xe2\x82\xac ",
    " */",
    "// \xf0\x9f\x8e\x89\r",
    "\r\n",
    "\r",
    "\n",
    "true;",
    " ",
    ".",
    "\"",
    "x",
    "library x;\nuint K { A = 1, };\n",
    "composite c;\nprimary parent \"p\" {",
};

static void apply(model_t* model, size_t from, size_t to, const char* piece) {
    const size_t size = strlen(piece);
    memmove(model->text + from + size, model->text + to, model->size - to);
    memcpy(model->text + from, piece, size);
    model->size = model->size - (to - from) + size;
}

// One random edit, told to the server and made in the model.
static void edit(link_t* link, model_t* model) {
    unsigned start_line = 0;
    unsigned start_character = 0;
    unsigned end_line = 0;
    unsigned end_character = 0;
    size_t from = 0;
    size_t to = 0;
    do {
        from = random_offset(model);
        to = random_below(3) == 0 ? random_offset(model) : from;
        if (to < from) {
            const size_t swap = from;
            from = to;
            to = swap;
        }
        if (to - from > 40) {
            to = from;
        }
    } while (!count_position(model, from, &start_line, &start_character) ||
             !count_position(model, to, &end_line, &end_character));
    const char* piece =
        random_below(5) == 0 ? "" : pieces[random_below(sizeof(pieces) / sizeof(pieces[0]))];
    if (model->size + strlen(piece) >= sizeof(model->text)) {
        return;
    }
    apply(model, from, to, piece);
    send_notification(link, "textDocument/didChange",
                      json_pack("{s:{s:s},s:[{s:{s:{s:i,s:i},s:{s:i,s:i}},s:s}]}", "textDocument",
                                "uri", uri, "contentChanges", "range", "start", "line", start_line,
                                "character", start_character, "end", "line", end_line, "character",
                                end_character, "text", piece));
}

// Has the server say all about the document and returns that.
static char* ask_all(link_t* link, const model_t* model, size_t offset) {
    static const char* const methods[] = {"textDocument/definition", "textDocument/references",
                                          "textDocument/hover",      "textDocument/completion",
                                          "textDocument/formatting", "textDocument/documentSymbol"};
    unsigned line = 0;
    unsigned character = 0;
    count_position(model, offset, &line, &character);
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        send_request(link, methods[i], place(uri, line, character));
    }
    bc_buffer_u8(&link->out, 0);
    return strdup((const char*)link->out.data);
}

static void check_round(unsigned seed) {
    static const char library[] =
        "library lib;\nenum KIND { ROUND, SQUARE };\nuint SIZE { ONE = 1 };\n";
    link_t link;
    link_t fresh;
    model_t model = {.is_utf8 = seed % 2 == 0};
    state = seed * 2654435761u;
    start(&link, model.is_utf8);
    open_document(&link, "file:///model/lib.bind", library, strlen(library));
    open_document(&link, uri, "", 0);
    const unsigned count = 1 + random_below(60);
    for (unsigned i = 0; i < count; i++) {
        send_request(&link, "textDocument/hover", place(uri, i % 5, i));  // fills what is kept
        link.out.size = 0;  // only what is said about the last edit counts
        edit(&link, &model);
    }
    start(&fresh, model.is_utf8);
    open_document(&fresh, "file:///model/lib.bind", library, strlen(library));
    fresh.out.size = 0;
    open_document(&fresh, uri, model.text, model.size);
    const size_t offset = random_offset(&model);
    char* one = ask_all(&link, &model, offset);
    char* other = ask_all(&fresh, &model, offset);
    cr_expect_not_null(strstr(one, "publishDiagnostics"));
    cr_expect_str_eq(one, other, "seed %u: %.*s\n%s\n%s", seed, (int)model.size, model.text, one,
                     other);
    free(one);
    free(other);
    stop(&link);
    stop(&fresh);
}

Test(bind_lsp_property, edits_lead_to_what_the_text_says, .timeout = 120) {
    for (unsigned seed = 1; seed <= 300; seed++) {
        check_round(seed);
    }
}

// --- Memory.

static void insert_and_remove(link_t* link) {
    for (int i = 0; i < 2; i++) {
        send_notification(
            link, "textDocument/didChange",
            json_pack("{s:{s:s},s:[{s:{s:{s:i,s:i},s:{s:i,s:i}},s:s}]}", "textDocument", "uri", uri,
                      "contentChanges", "range", "start", "line", 0, "character", 0, "end", "line",
                      0, "character", i, "text", i == 0 ? "x" : ""));
    }
}

static size_t used_after(link_t* link, const model_t* model, int rounds) {
    for (int i = 0; i < rounds; i++) {
        insert_and_remove(link);
        free(ask_all(link, model, 5));
        open_document(link, "file:///model/lib.bind", "library lib;\nuint K;", 20);
        send_notification(link, "textDocument/didClose",
                          json_pack("{s:{s:s}}", "textDocument", "uri", "file:///model/lib.bind"));
        link->out.size = 0;
    }
    return mallinfo2().uordblks;
}

Test(bind_lsp_property, what_a_message_needs_is_given_back, .timeout = 120) {
    static const char text[] = "using lib;\nlib.K == 1;\nfuchsia.BIND_PROTOCOLL == 2;\n";
    link_t link;
    model_t model = {.size = sizeof(text) - 1};
    memcpy(model.text, text, sizeof(text));
    start(&link, false);
    open_document(&link, uri, text, sizeof(text) - 1);
    const size_t before = used_after(&link, &model, 20);
    const size_t after = used_after(&link, &model, 500);
    cr_expect_leq(after, before + 1024, "%zu bytes, then %zu", before, after);
    stop(&link);
}

// --- Growth.

#define SMALL (128u << 10)
#define LARGE (8u * SMALL)
// Linear work is 8 times as much, quadratic 64 times.
#define LIMIT 24.0

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

typedef struct shape {
    const char* name;
    const char* head;
    const char* piece;  // takes its number twice
    const char* tail;
    const char* second;  // null, or a second piece that fills the other half
} shape_t;

static const shape_t shapes[] = {
    {"statements", "", "fuchsia.BIND_PCI_DID != %u;\n", "", NULL},
    {"one line", "", "fuchsia.BIND_PCI_DID != %u; ", "", NULL},
    {"misspelt names", "", "fuchsia.BIND_PCI_DIX%u == 1; ", "", NULL},
    {"one list", "accept fuchsia.BIND_PCI_DID {", "%u,\n", "}", NULL},
    {"syntax errors", "", "fuchsia.BIND_PCI_DID = %u;\n", "", NULL},
    {"open blocks", "", "if a == %u { ", "", NULL},
    {"one name", "", "a%u.", "a == 1;", NULL},
    {"one number", "a.b == ", "%u", ";", NULL},
    {"quotes", "", "\" %u \n", "", NULL},
    {"using lines", "", "using a%u as b%u;\n", "true;", NULL},
    {"aliases", "using fuchsia as a;", "using fuchsia as b%u; ", "b1.BIND_PCI_DID == 1;", NULL},
    {"names of missing libraries", "", "using a%u as b%u;\n", "", "b%u.X == a%u.X.Y;\n"},
    {"names by aliases", "", "using l as b%u;\n", "", "b%u.K == 1;\n"},
    {"extended keys", "library k;\n", "using l as b%u;\n", "", "extend uint b%u.K;\n"},
    {"library", "library l;\nuint K {\n", "V%u = %u,\n", "};\n", NULL},
    {"keys", "library l;\n", "uint K%u { V = %u };\n", "", NULL},
    {"comments", "", "/* %u */ // x\n", "true;", NULL},
};

static void repeat(const char* piece, size_t size, bc_buffer_t* text) {
    for (unsigned i = 0; text->size < size; i++) {
        char text_of_piece[128];
        snprintf(text_of_piece, sizeof(text_of_piece), piece, i, i);
        bc_buffer_text(text, text_of_piece);
    }
}

// Time of a keystroke at the end of the document: the change, completion, hover and definition.
static double keystroke_time(const shape_t* shape, size_t size) {
    static const char library[] = "library l;\nuint K;\n";
    link_t link;
    bc_buffer_t text = {0};
    bc_buffer_text(&text, shape->head);
    unsigned lines = 0;
    repeat(shape->piece, shape->second == NULL ? size : size / 2, &text);
    if (shape->second != NULL) {
        repeat(shape->second, size, &text);
    }
    bc_buffer_text(&text, shape->tail);
    for (size_t i = 0; i < text.size; i++) {
        lines += text.data[i] == '\n';
    }
    start(&link, false);
    open_document(&link, "file:///model/l.bind", library, strlen(library));
    open_document(&link, uri, (const char*)text.data, text.size);
    double best = 1e9;
    for (int i = 0; i < 2; i++) {
        const double begin = now();
        send_notification(
            &link, "textDocument/didChange",
            json_pack("{s:{s:s},s:[{s:{s:{s:i,s:i},s:{s:i,s:i}},s:s}]}", "textDocument", "uri", uri,
                      "contentChanges", "range", "start", "line", lines, "character", 999999999,
                      "end", "line", lines, "character", 999999999, "text", " "));
        send_request(&link, "textDocument/completion", place(uri, lines, 999999999));
        send_request(&link, "textDocument/hover", place(uri, lines, 999999999));
        send_request(&link, "textDocument/definition", place(uri, lines, 999999999));
        send_request(&link, "textDocument/references", place(uri, 0, 2));
        send_request(&link, "textDocument/formatting", place(uri, 0, 0));
        send_request(&link, "textDocument/documentSymbol", place(uri, 0, 0));
        const double took = now() - begin;
        best = took < best ? took : best;
        link.out.size = 0;
    }
    stop(&link);
    bc_buffer_fini(&text);
    return best;
}

Test(bind_lsp_property, work_grows_with_the_size, .timeout = 240) {
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        const double small = keystroke_time(&shapes[i], SMALL);
        const double large = keystroke_time(&shapes[i], LARGE);
        // Below a millisecond the clock and the first touch of memory decide.
        cr_expect_lt(large, LIMIT * (small < 0.001 ? 0.001 : small), "%s: %.1f ms, then %.1f ms",
                     shapes[i].name, small * 1e3, large * 1e3);
        if (getenv("BIND_LSP_SHOW") != NULL) {
            fprintf(stderr, "%s: %.1f ms, then %.1f ms\n", shapes[i].name, small * 1e3,
                    large * 1e3);
        }
    }
}
