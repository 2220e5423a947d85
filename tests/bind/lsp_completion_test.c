// SPDX-License-Identifier: MIT
// What `bindc lsp` offers at a place. `|` in a text is the cursor.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lsp_client.h"

static lsp_client_t client;

static void init(void) {
    static const char* const options[] = {"--standard", "/nowhere", NULL};
    lsp_client_init(&client);
    lsp_client_write_file(&client, "widget.bind",
                          "library acme.widget;\n"
                          "extend uint fuchsia.BIND_PCI_VID { ACME = 0x1111, };\n"
                          "enum KIND { ROUND, SQUARE };\n"
                          "bool FLAG;\n"
                          "uint SIZE;\n");
    lsp_client_write_file(&client, "more.bind",
                          "library more;\nextend enum acme.widget.KIND { OVAL };\n"
                          "string TEXT { T = \"t\" };\n");
    lsp_client_start(&client, options);
    json_decref(lsp_client_initialize(&client, NULL));
}

static void fini(void) {
    lsp_client_stop(&client);
}

TestSuite(bind_lsp_completion, .init = init, .fini = fini, .timeout = 60);

static json_t* complete(const char* text) {
    char* copy = strdup(text);
    char* cursor = strchr(copy, '|');
    cr_assert_not_null(cursor);
    unsigned line = 0;
    const char* start = copy;
    for (const char* at = copy; at < cursor; at++) {
        if (*at == '\n') {
            line++;
            start = at + 1;
        }
    }
    const unsigned character = (unsigned)(cursor - start);
    memmove(cursor, cursor + 1, strlen(cursor));
    lsp_client_open(&client, "r.bind", copy);
    free(copy);
    return lsp_client_at(&client, "textDocument/completion", "r.bind", line, character);
}

static char* items(const char* text) {
    return lsp_client_items(complete(text));
}

static bool offers(const char* text, const char* line) {
    char* all = items(text);
    const bool is_there = strstr(all, line) != NULL;
    free(all);
    return is_there;
}

#define LIBRARIES "more 9\nacme.widget 9\n"
#define KINDS     "more.KIND.OVAL 20\nacme.widget.KIND.ROUND 20\nacme.widget.KIND.SQUARE 20\n"

Test(bind_lsp_completion, libraries) {
    EXPECT_TEXT(items("using |"), LIBRARIES);
    EXPECT_TEXT(items("using ac|;\ntrue;"), "acme.widget 9\n");
    EXPECT_TEXT(items("using acme.w|"), "acme.widget 9\n");
    EXPECT_TEXT(items("using wid|"), "acme.widget 9\n");  // by its last part
    EXPECT_TEXT(items("using acme.widget |"), "as 14\n");
    EXPECT_TEXT(items("library x;\nusing |"), LIBRARIES);
}

Test(bind_lsp_completion, values) {
    EXPECT_TEXT(items("acme.widget.KIND == |"), KINDS);
    EXPECT_TEXT(items("acme.widget.KIND != R|; true;"), "acme.widget.KIND.ROUND 20\n");
    EXPECT_TEXT(items("true; if acme.widget.KIND == | { } else { }"), KINDS);
    EXPECT_TEXT(items("accept acme.widget.KIND { |"), KINDS);
    EXPECT_TEXT(items("accept acme.widget.KIND {\n    acme.widget.KIND.ROUND,\n    |\n}"), KINDS);
    EXPECT_TEXT(items("accept acme.widget.KIND { acme.widget.KIND.ROUND | }"), "");
    EXPECT_TEXT(items("fuchsia.BIND_PCI_VID == |"),
                "acme.widget.BIND_PCI_VID.ACME 12 0x1111 (4369)\n");
    EXPECT_TEXT(items("more.TEXT == |"), "more.TEXT.T 12 \"t\"\n");
    EXPECT_TEXT(items("acme.widget.FLAG == |"), "true 14\nfalse 14\n");
    EXPECT_TEXT(items("acme.widget.SIZE == |"), "");
    EXPECT_TEXT(items("unknown.KEY == |"), "");
    EXPECT_TEXT(items("using acme.widget as w;\nw.KIND == w.|"),
                "w.KIND.ROUND 20\nw.KIND.SQUARE 20\n");
}

Test(bind_lsp_completion, keys) {
    EXPECT_TEXT(items("if acme|"),
                "acme.widget.KIND 10 enum key\nacme.widget.FLAG 10 bool key\n"
                "acme.widget.SIZE 10 uint key\n");
    EXPECT_TEXT(items("accept fuchsia.BIND_PCI_V|"), "fuchsia.BIND_PCI_VID 10 legacy key 0x0100\n");
    EXPECT_TEXT(items("using acme.widget as w;\nw.S|"), "w.SIZE 10 uint key\n");
    EXPECT_TEXT(items("library x;\nextend uint acme.widget.S|"), "acme.widget.SIZE 10 uint key\n");
}

Test(bind_lsp_completion, words) {
    EXPECT_TEXT(items("us|"), "using 14\n");
    EXPECT_TEXT(items("com|"), "composite 14\n");
    EXPECT_TEXT(items("true; ac|"),
                "accept 14\nacme.widget.KIND 10 enum key\nacme.widget.FLAG 10 bool key\n"
                "acme.widget.SIZE 10 uint key\n");
    EXPECT_TEXT(items("if a.b == 1 { fals|"), "false 14\n");
    EXPECT_TEXT(items("if a.b == 1 { true; } else |"), "if 14\n");
    EXPECT_TEXT(items("composite c;\n|"), "using 14\nprimary 14\noptional 14\nparent 14\n");
    EXPECT_TEXT(items("composite c;\nprimary |"), "parent 14\n");
    EXPECT_TEXT(items("library x;\n|"),
                "using 14\nextend 14\nuint 14\nstring 14\nbool 14\nenum 14\n");
    EXPECT_TEXT(items("library x;\nextend |"), "uint 14\nstring 14\nbool 14\nenum 14\n");
    cr_expect(offers("composite c; parent \"x\" { |", "accept 14\n"));
    cr_expect_not(offers("a.b == 1; |", "composite"));
    cr_expect(offers("|", "composite 14\nlibrary 14\nusing 14\nif 14\naccept 14\n"));
}

Test(bind_lsp_completion, nothing_where_nothing_has_a_name) {
    static const char* const texts[] = {
        "// acme|",
        "/* acme| */",
        "/* /* */ acme|",
        "acme.widget.KIND == \"acme|\"",
        "acme.widget.KIND == \"acme|",
        "acme.widget.KIND == 12|",
        "acme.widget.KIND |",
        "acme.widget.KIND = |",
        "using acme.widget as |",
        "library x; uint |",
        "library x; uint K { |",
        "library |",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        EXPECT_TEXT(items(texts[i]), "");
    }
}

Test(bind_lsp_completion, edits_replace_what_is_typed) {
    json_t* list = complete("/* \xf0\x90\x90\x80 */ acme.widget.KIND == acme.widget.KIND.RO|");
    EXPECT_TEXT(lsp_client_compact(list),
                "{\"isIncomplete\":false,\"items\":[{\"kind\":20,\"label\":"
                "\"acme.widget.KIND.ROUND\",\"textEdit\":{\"newText\":"
                "\"acme.widget.KIND.ROUND\",\"range\":{\"end\":{\"character\":48,\"line\":0},"
                "\"start\":{\"character\":29,\"line\":0}}}}]}");
}
