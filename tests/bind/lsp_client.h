// SPDX-License-Identifier: MIT
// A client of `bindc lsp` for tests: starts the real program in a folder of its own, speaks the
// protocol over pipes, and turns answers into short texts that a test can compare.
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

typedef struct lsp_client {
    char folder[64];  // the workspace; the standard error of the server is in its file .err
    char root[80];    // its URI
    pid_t pid;
    int input;     // of the server; -1: closed
    FILE* output;  // of the server
    json_int_t request_count;
    json_t* published;  // the last `publishDiagnostics` of each URI
    json_t* counts;     // how many there were
    json_t* others;     // all other notifications and requests of the server
} lsp_client_t;

// Makes the folder. Files are written before the start.
void lsp_client_init(lsp_client_t* client);
void lsp_client_write_file(const lsp_client_t* client, const char* name, const char* text);
void lsp_client_start(lsp_client_t* client, const char* const* options);  // null: none

// `initialize` with these capabilities, which are taken and may be null, and `initialized`. Returns
// the result.
json_t* lsp_client_initialize(lsp_client_t* client, json_t* capabilities);

// Starts and initializes, with nested symbols and related information.
void lsp_client_run(lsp_client_t* client);

// Ends the server: `shutdown` and `exit`, which must give status 0. Removes the folder.
void lsp_client_stop(lsp_client_t* client);

// Closes the input and waits. Returns the exit status; *out_error is the standard error, to be
// freed.
int lsp_client_wait(lsp_client_t* client, char** out_error);
void lsp_client_fini(lsp_client_t* client);

void lsp_client_send_raw(lsp_client_t* client, const char* bytes, size_t size);
void lsp_client_send(lsp_client_t* client, json_t* message);  // takes
json_t* lsp_client_receive(lsp_client_t* client);             // null: the server closed its output

void lsp_client_notify(lsp_client_t* client, const char* method, json_t* params);  // takes params
// The whole answer; takes params.
json_t* lsp_client_call(lsp_client_t* client, const char* method, json_t* params);
// The result, which there must be.
json_t* lsp_client_ask(lsp_client_t* client, const char* method, json_t* params);

// The URI of a file in the folder; a static buffer that the next call overwrites.
const char* lsp_client_uri(const lsp_client_t* client, const char* name);

void lsp_client_open(lsp_client_t* client, const char* name, const char* text);
void lsp_client_change(lsp_client_t* client, const char* name, unsigned line, unsigned from,
                       unsigned end_line, unsigned to, const char* text);
void lsp_client_replace(lsp_client_t* client, const char* name, const char* text);
void lsp_client_close(lsp_client_t* client, const char* name);

// The result of a request about a place, or about the document as a whole.
json_t* lsp_client_at(lsp_client_t* client, const char* method, const char* name, unsigned line,
                      unsigned character);
json_t* lsp_client_about(lsp_client_t* client, const char* method, const char* name);

// Waits until the server has looked at all that was sent.
void lsp_client_settle(lsp_client_t* client);

// --- Texts, to be freed.

// "1:0-1:5 error E108 message", one a line; empty: none; "never": none were published. In messages
// the folder and the source tree are called FOLDER and SOURCE.
char* lsp_client_faults(lsp_client_t* client, const char* name);
// "r.bind 1:0-1:5", one a line; files outside of the folder by their names. Takes the result.
char* lsp_client_places(const lsp_client_t* client, json_t* result);
// "label kind detail", one a line. Takes the result.
char* lsp_client_items(json_t* result);
// "1:0-1:5 markdown" and the text, or nothing. Takes the result.
char* lsp_client_hover(const lsp_client_t* client, json_t* result);
// "name kind range selection detail", one a line, children indented. Takes the result.
char* lsp_client_symbols(json_t* result);
char* lsp_client_compact(json_t* value);  // JSON with sorted keys; takes the value

// Ends the test with both texts if they differ; frees `text`.
void lsp_expect_text(char* text, const char* expected, int line);
#define EXPECT_TEXT(text, expected) lsp_expect_text((text), (expected), __LINE__)
