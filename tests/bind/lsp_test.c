// SPDX-License-Identifier: MIT
// `bindc lsp` as a program: its life, framing, what it says to messages that make no sense, and the
// diagnostics of documents that come, change and go.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lsp_client.h"

static lsp_client_t client;

static void init(void) {
    signal(SIGPIPE, SIG_IGN);
    lsp_client_init(&client);
}

TestSuite(bind_lsp, .init = init, .timeout = 60);

static char* error_of(json_t* answer) {
    char* text = malloc(256);
    const json_t* error = json_object_get(answer, "error");
    snprintf(text, 256, "%d %s", (int)json_integer_value(json_object_get(error, "code")),
             json_string_value(json_object_get(error, "message")));
    json_decref(answer);
    return text;
}

Test(bind_lsp, offers_what_it_can) {
    lsp_client_start(&client, NULL);
    json_t* result = lsp_client_initialize(&client, NULL);
    EXPECT_TEXT(lsp_client_compact(result),
                "{\"capabilities\":{\"codeActionProvider\":{\"codeActionKinds\":[\"quickfix\"]},"
                "\"completionProvider\":{\"triggerCharacters\":[\".\",\"=\",\"{\"]},"
                "\"definitionProvider\":true,\"documentFormattingProvider\":true,"
                "\"documentHighlightProvider\":true,\"documentSymbolProvider\":true,"
                "\"hoverProvider\":true,\"positionEncoding\":\"utf-16\","
                "\"referencesProvider\":true,"
                "\"textDocumentSync\":{\"change\":2,\"openClose\":true,\"save\":true},"
                "\"workspace\":{\"workspaceFolders\":"
                "{\"changeNotifications\":true,\"supported\":true}}},"
                "\"serverInfo\":{\"name\":\"bindc\"}}");
    lsp_client_stop(&client);
}

Test(bind_lsp, requests_before_initialize_and_after_shutdown_are_refused) {
    lsp_client_start(&client, NULL);
    EXPECT_TEXT(error_of(lsp_client_call(&client, "textDocument/hover", json_object())),
                "-32002 `initialize` comes first");
    EXPECT_TEXT(error_of(lsp_client_call(&client, "shutdown", json_null())),
                "-32002 `initialize` comes first");
    json_decref(lsp_client_initialize(&client, NULL));
    EXPECT_TEXT(error_of(lsp_client_call(&client, "initialize", json_object())),
                "-32600 the server is initialized already");
    json_decref(lsp_client_ask(&client, "shutdown", json_null()));
    EXPECT_TEXT(error_of(lsp_client_call(&client, "textDocument/hover", json_object())),
                "-32600 the server is shut down");
    lsp_client_notify(&client, "exit", json_null());
    cr_expect_eq(lsp_client_wait(&client, NULL), 0);
    lsp_client_fini(&client);
}

Test(bind_lsp, messages_that_make_no_sense) {
    static const struct {
        const char* body;
        const char* answer;
    } cases[] = {
        {"{]",
         "{\"error\":{\"code\":-32700,\"message\":\"the message is no JSON\"},\"id\":null,"
         "\"jsonrpc\":\"2.0\"}"},
        {"[]",
         "{\"error\":{\"code\":-32600,\"message\":\"this is no request\"},\"id\":null,"
         "\"jsonrpc\":\"2.0\"}"},
        {"{\"id\":{},\"method\":\"x\"}",
         "{\"error\":{\"code\":-32600,\"message\":\"this is no request\"},\"id\":null,"
         "\"jsonrpc\":\"2.0\"}"},
        {"{\"id\":\"a\",\"method\":\"no/such\"}",
         "{\"error\":{\"code\":-32601,\"message\":\"there is no such method\"},\"id\":\"a\","
         "\"jsonrpc\":\"2.0\"}"},
        {"{\"id\":7,\"method\":\"textDocument/hover\"}",
         "{\"error\":{\"code\":-32602,\"message\":\"a position is needed\"},\"id\":7,"
         "\"jsonrpc\":\"2.0\"}"},
        {"{\"id\":7,\"method\":\"textDocument/formatting\",\"params\":[]}",
         "{\"error\":{\"code\":-32602,\"message\":\"the document is not open\"},\"id\":7,"
         "\"jsonrpc\":\"2.0\"}"},
    };
    lsp_client_start(&client, NULL);
    json_decref(lsp_client_initialize(&client, NULL));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char message[256];
        snprintf(message, sizeof(message), "Content-Length: %zu\r\n\r\n%s", strlen(cases[i].body),
                 cases[i].body);
        lsp_client_send_raw(&client, message, strlen(message));
        EXPECT_TEXT(lsp_client_compact(lsp_client_receive(&client)), cases[i].answer);
    }
    // None of these is answered.
    lsp_client_notify(&client, "$/cancelRequest", json_pack("{s:i}", "id", 1));
    lsp_client_notify(&client, "$/somethingElse", json_null());
    lsp_client_notify(&client, "no/such", json_null());
    lsp_client_notify(&client, "textDocument/didOpen", json_object());
    lsp_client_notify(&client, "textDocument/didChange", json_array());
    lsp_client_send(&client, json_pack("{s:s,s:i,s:n}", "jsonrpc", "2.0", "id", 9, "result"));
    lsp_client_stop(&client);
}

Test(bind_lsp, framing_in_any_case_and_in_any_pieces) {
    static const char message[] =
        "content-type: application/vscode-jsonrpc; charset=utf-8\r\nCONTENT-LENGTH:\t37 \r\n\r\n"
        "{\"id\":1,\"method\":\"initialize\"}       "
        "Content-Length: 37\r\nX: y\r\n\r\n{\"jsonrpc\":\"2.0\",\"method\":\"shut\"    }"
        "Content-Length: 28\r\n\r\n{\"id\":2,\"method\":\"shutdown\"}"
        "Content-Length: 17\r\n\r\n{\"method\":\"exit\"}";
    lsp_client_start(&client, NULL);
    for (size_t i = 0; i < sizeof(message) - 1; i++) {
        lsp_client_send_raw(&client, message + i, 1);
    }
    json_t* answer = lsp_client_receive(&client);
    cr_expect_not_null(json_object_get(json_object_get(answer, "result"), "capabilities"));
    json_decref(answer);
    EXPECT_TEXT(lsp_client_compact(lsp_client_receive(&client)),
                "{\"id\":2,\"jsonrpc\":\"2.0\",\"result\":null}");
    cr_expect_null(lsp_client_receive(&client));
    cr_expect_eq(lsp_client_wait(&client, NULL), 0);
    lsp_client_fini(&client);
}

static void check_broken(const char* bytes, const char* expected) {
    char* error;
    lsp_client_t broken;
    lsp_client_init(&broken);
    lsp_client_start(&broken, NULL);
    lsp_client_send_raw(&broken, bytes, strlen(bytes));
    const int status = lsp_client_wait(&broken, &error);
    cr_expect_eq(status, 1, "%s", bytes);
    char text[300];
    snprintf(text, sizeof(text), "bindc: error: the input is no language server protocol: %s\n",
             expected);
    EXPECT_TEXT(error, expected == NULL ? "" : text);
    lsp_client_fini(&broken);
}

Test(bind_lsp, what_cannot_be_framed_ends_it) {
    check_broken("hello\r\n\r\n", "not a header: `hello`");
    check_broken("Content-Type: x\r\n\r\n{}", "a message without Content-Length");
    check_broken("Content-Length: -1\r\n\r\n{}", "not a length of at most 67108864 bytes: ` -1`");
    check_broken("Content-Length: 67108865\r\n\r\n",
                 "not a length of at most 67108864 bytes: ` 67108865`");
    check_broken("Content-Length: 99999999999999999999999\r\n\r\n",
                 "not a length of at most 67108864 bytes: ` 99999999999999999999999`");
    check_broken("Content-Length:\r\n\r\n", "not a length of at most 67108864 bytes: ``");
    check_broken("Content-Length: 10\r\n\r\n{", "the input ends inside a message");
    check_broken("Content-Le", "the input ends inside a message");
    char* long_header = malloc(5001);
    memset(long_header, 'x', 5000);
    long_header[5000] = 0;
    check_broken(long_header, "no end of the headers within 4096 bytes");
    free(long_header);
    lsp_client_fini(&client);
}

Test(bind_lsp, end_without_shutdown_is_status_1) {
    char* error;
    lsp_client_start(&client, NULL);
    json_decref(lsp_client_initialize(&client, NULL));
    lsp_client_notify(&client, "exit", json_null());
    cr_expect_eq(lsp_client_wait(&client, &error), 1);
    EXPECT_TEXT(error, "");
    lsp_client_fini(&client);
    lsp_client_init(&client);
    lsp_client_start(&client, NULL);
    cr_expect_eq(lsp_client_wait(&client, &error), 1);
    EXPECT_TEXT(error, "");
    lsp_client_fini(&client);
}

Test(bind_lsp, wrong_calls) {
    static const struct {
        const char* options[4];
        const char* error;
    } cases[] = {
        {{"--json"}, "bindc: --json makes no sense here\nSee `bindc lsp --help`.\n"},
        {{"x.bind"}, "bindc: no file is taken, so not x.bind\nSee `bindc lsp --help`.\n"},
        {{"-i", "/dev/null"}, "/dev/null: error: not a regular file\n"},
        {{"-i", "/none.bind"}, "/none.bind: error: cannot be read: No such file or directory\n"},
    };
    lsp_client_fini(&client);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char* error;
        lsp_client_init(&client);
        lsp_client_start(&client, cases[i].options);
        cr_expect_eq(lsp_client_wait(&client, &error), 1);
        EXPECT_TEXT(error, cases[i].error);
        lsp_client_fini(&client);
    }
}

// --- Diagnostics.

Test(bind_lsp, faults_come_and_go_with_the_text) {
    lsp_client_run(&client);
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "never");
    lsp_client_open(&client, "r.bind",
                    "using fuchsia.pci;\n"
                    "fuchsia.BIND_PCI_VID == fuchsia.pci.BIND_PCI_VID.INTELL;\n"
                    "if fuchsia.BIND_PROTOCOL == 1 {\n    true;\n} else\n    true;\n}\n");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "1:24-1:55 error E108 `fuchsia.pci.BIND_PCI_VID.INTELL` is not defined\n"
                "hint: did you mean `fuchsia.pci.BIND_PCI_VID.INTEL`?\n"
                "note: library `fuchsia.pci` is SOURCE/bind/lib/fuchsia.pci.bind\n"
                "4:6-4:6 error E014 `{` expected, found `true`\n");
    lsp_client_change(&client, "r.bind", 4, 6, 4, 6, " {");
    lsp_client_change(&client, "r.bind", 1, 54, 1, 55, "");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "");
    lsp_client_replace(&client, "r.bind",
                       "using fuchsia.usb;\nfuchsia.BIND_PROTOCOL == 1;\n"
                       "fuchsia.BIND_PROTOCOL == 2;");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:6-0:17 warning W001 no name of library `fuchsia.usb` is used\n"
                "2:0-2:27 warning W004 this condition never holds here, so nothing can match\n"
                "    that follows from r.bind 1:0-1:21\n");
    lsp_client_close(&client, "r.bind");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "");
    lsp_client_stop(&client);
}

Test(bind_lsp, options_of_the_language_count) {
    const char* const options[] = {"--werror", "--allow-abort", "--standard", "/nowhere", NULL};
    lsp_client_start(&client, options);
    json_decref(lsp_client_initialize(&client, NULL));
    lsp_client_open(&client, "r.bind",
                    "fuchsia.BIND_PROTOCOL == 1;\nabort;\nfuchsia.BIND_PROTOCOL != 1;\n");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "2:0-2:27 error W002 nothing behind `abort;` is reached\n");
    lsp_client_replace(&client, "r.bind", "using fuchsia.pci;\ntrue;");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:6-0:17 error E200 there is no library `fuchsia.pci` among those given\n");
    // Without related information the note is in the message.
    lsp_client_replace(&client, "r.bind",
                       "fuchsia.BIND_PROTOCOL == 1;\nfuchsia.BIND_PROTOCOL == 2;");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "1:0-1:27 error W004 this condition never holds here, so nothing can match\n"
                "note: that follows from FOLDER/r.bind:1:1\n");
    lsp_client_stop(&client);
}

Test(bind_lsp, positions_count_utf16_units_or_bytes) {
    static const char text[] =
        "/* \xc3\xa9\xf0\x90\x90\x80 */ x.y == 1; /* \xe2\x82\xac */ z.w == 2;\r\n\r\xe2\x82\xac";
    lsp_client_run(&client);
    lsp_client_open(&client, "r.bind", text);
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:10-0:13 error E108 `x.y` is not defined\n"
                "0:28-0:31 error E108 `z.w` is not defined\n"
                "2:0-2:1 error E027 a statement expected, found `\xe2\x82\xac`\n");
    lsp_client_change(&client, "r.bind", 0, 4, 0, 6, "\xc3\xa9");  // the pair is one character
    lsp_client_change(&client, "r.bind", 0, 9, 0, 10, "X");
    lsp_client_change(&client, "r.bind", 2, 0, 9, 9, "");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:9-0:12 error E108 `X.y` is not defined\n"
                "0:27-0:30 error E108 `z.w` is not defined\n");
    lsp_client_stop(&client);
    lsp_client_init(&client);
    lsp_client_start(&client, NULL);
    json_t* result = lsp_client_initialize(
        &client, json_pack("{s:{s:[s,s]}}", "general", "positionEncodings", "utf-32", "utf-8"));
    cr_expect_str_eq(json_string_value(json_object_get(json_object_get(result, "capabilities"),
                                                       "positionEncoding")),
                     "utf-8");
    json_decref(result);
    lsp_client_open(&client, "r.bind", text);
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:13-0:16 error E108 `x.y` is not defined\n"
                "0:33-0:36 error E108 `z.w` is not defined\n"
                "2:0-2:3 error E027 a statement expected, found `\xe2\x82\xac`\n");
    lsp_client_stop(&client);
}

Test(bind_lsp, texts_that_are_none) {
    lsp_client_run(&client);
    lsp_client_open(&client, "r.bind", "");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:0-0:0 error E021 the rules have no statement\nnote: `true;` matches every "
                "device\n");
    lsp_client_notify(&client, "textDocument/didChange",
                      json_pack("{s:{s:s,s:i},s:[{s:s%}]}", "textDocument", "uri",
                                lsp_client_uri(&client, "r.bind"), "version", 3, "contentChanges",
                                "text", "true\0;", (size_t)6));
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:4-0:5 error E022 a zero byte; this is not a text file\n");
    lsp_client_replace(&client, "r.bind", "/* ");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:0-0:2 error E023 this block comment is not closed\n");
    lsp_client_replace(&client, "r.bind", "library");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:7-0:7 error E005 the name of the library expected, found the end of the file\n");
    lsp_client_stop(&client);
}
