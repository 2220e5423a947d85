// SPDX-License-Identifier: MIT
// What `bindc lsp` answers about a place or a document: definition, references, highlight, hover,
// outline, formatting, quick fixes.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "lsp_client.h"

static const char widget[] =
    "library acme.widget;\n"
    "using fuchsia.pci as p;\n"
    "extend uint fuchsia.BIND_PCI_VID {\n"
    "    ACME = 0x1111,\n"
    "};\n"
    "enum KIND { ROUND, SQUARE };\n"
    "string TEXT { T = \"a\\\"b\" };\n"
    "bool FLAG { ON = true, OFF = false };\n"
    "uint SIZE;\n";

static const char pci[] =
    "library fuchsia.pci;\n"
    "extend uint fuchsia.BIND_PROTOCOL { DEVICE = 31 };\n"
    "extend uint fuchsia.BIND_PCI_VID { QEMU = 0x1234 };\n";

static const char rules[] =
    "using acme.widget as w;\n"
    "fuchsia.BIND_PCI_VID == acme.widget.BIND_PCI_VID.ACME;\n"
    "/* \xf0\x90\x90\x80 */ w.KIND == w.KIND.ROUND;\n"
    "accept acme.widget.TEXT { acme.widget.TEXT.T, \"acme.widget.SIZE\" }\n"
    "if w.FLAG == w.FLAG.ON { // acme.widget.SIZE\n"
    "    fuchsia.BIND_PROTOCOL == fuchsia.pci.BIND_PROTOCOL.DEVICE;\n"
    "} else { w.SIZE == }\n";

static lsp_client_t client;

static void init(void) {
    lsp_client_init(&client);
    lsp_client_write_file(&client, "widget.bind", widget);
    lsp_client_write_file(&client, "fuchsia.bind",
                          "library fuchsia;\nuint BIND_PCI_VID;\nuint BIND_PROTOCOL;\n");
    lsp_client_write_file(&client, "pci.bind", pci);
    lsp_client_run(&client);
    lsp_client_open(&client, "r.bind", rules);
}

static void fini(void) {
    lsp_client_stop(&client);
}

TestSuite(bind_lsp_features, .init = init, .fini = fini, .timeout = 60);

static char* places(const char* method, const char* name, unsigned line, unsigned character) {
    return lsp_client_places(&client, lsp_client_at(&client, method, name, line, character));
}

static char* definition(const char* name, unsigned line, unsigned character) {
    return places("textDocument/definition", name, line, character);
}

Test(bind_lsp_features, definitions_of_each_part_of_a_name) {
    EXPECT_TEXT(definition("r.bind", 0, 6), "widget.bind 0:8-0:19\n");
    EXPECT_TEXT(definition("r.bind", 0, 17), "widget.bind 0:8-0:19\n");
    EXPECT_TEXT(definition("r.bind", 0, 21), "widget.bind 0:8-0:19\n");  // the alias
    EXPECT_TEXT(definition("r.bind", 1, 0), "fuchsia.bind 0:8-0:15\n");  // library of a key
    EXPECT_TEXT(definition("r.bind", 1, 10), "fuchsia.bind 1:5-1:17\n");
    EXPECT_TEXT(definition("r.bind", 1, 30), "widget.bind 0:8-0:19\n");
    EXPECT_TEXT(definition("r.bind", 1, 40), "fuchsia.bind 1:5-1:17\n");  // the extended key
    EXPECT_TEXT(definition("r.bind", 1, 50), "widget.bind 3:4-3:8\n");
    EXPECT_TEXT(definition("r.bind", 2, 9), "widget.bind 0:8-0:19\n");
    EXPECT_TEXT(definition("r.bind", 2, 11), "widget.bind 5:5-5:9\n");
    EXPECT_TEXT(definition("r.bind", 2, 28), "widget.bind 5:12-5:17\n");
    EXPECT_TEXT(definition("r.bind", 3, 44), "widget.bind 6:14-6:15\n");
    EXPECT_TEXT(definition("r.bind", 5, 56), "pci.bind 1:36-1:42\n");
    EXPECT_TEXT(definition("r.bind", 6, 12), "widget.bind 8:5-8:9\n");  // in half a statement
}

Test(bind_lsp_features, no_definition_where_there_is_no_name) {
    EXPECT_TEXT(definition("r.bind", 0, 2), "");
    EXPECT_TEXT(definition("r.bind", 2, 4), "");
    EXPECT_TEXT(definition("r.bind", 3, 60), "");  // in a string
    EXPECT_TEXT(definition("r.bind", 4, 40), "");  // in a comment
    EXPECT_TEXT(definition("r.bind", 99, 99), "");
}

Test(bind_lsp_features, definitions_from_a_library) {
    lsp_client_open(&client, "widget.bind", widget);
    EXPECT_TEXT(definition("widget.bind", 0, 10), "widget.bind 0:8-0:19\n");
    EXPECT_TEXT(definition("widget.bind", 1, 10), "pci.bind 0:8-0:19\n");
    EXPECT_TEXT(definition("widget.bind", 2, 22), "fuchsia.bind 1:5-1:17\n");
    EXPECT_TEXT(definition("widget.bind", 3, 8), "widget.bind 3:4-3:8\n");
    EXPECT_TEXT(definition("widget.bind", 5, 13), "widget.bind 5:12-5:17\n");
}

Test(bind_lsp_features, references_in_open_documents_and_libraries) {
    lsp_client_open(&client, "second.bind", "acme.widget.KIND == acme.widget.KIND.ROUND;\n");
    EXPECT_TEXT(places("textDocument/references", "r.bind", 2, 28),
                "r.bind 2:26-2:31\nwidget.bind 5:12-5:17\nsecond.bind 0:37-0:42\n");
    EXPECT_TEXT(places("textDocument/references", "second.bind", 0, 14),
                "second.bind 0:12-0:16\nsecond.bind 0:32-0:36\nwidget.bind 5:5-5:9\n"
                "r.bind 2:11-2:15\nr.bind 2:21-2:25\n");
    EXPECT_TEXT(lsp_client_places(
                    &client, lsp_client_ask(
                                 &client, "textDocument/references",
                                 json_pack("{s:{s:s},s:{s:i,s:i},s:{s:b}}", "textDocument", "uri",
                                           lsp_client_uri(&client, "r.bind"), "position", "line", 2,
                                           "character", 28, "context", "includeDeclaration", 0))),
                "r.bind 2:26-2:31\nsecond.bind 0:37-0:42\n");
    lsp_client_open(&client, "widget.bind", widget);
    EXPECT_TEXT(places("textDocument/references", "widget.bind", 8, 6),
                "widget.bind 8:5-8:9\nr.bind 6:11-6:15\n");
    EXPECT_TEXT(places("textDocument/references", "widget.bind", 8, 1), "");
}

Test(bind_lsp_features, highlights_in_the_document) {
    EXPECT_TEXT(places("textDocument/documentHighlight", "r.bind", 2, 12),
                "2:11-2:15\n2:21-2:25\n");
    EXPECT_TEXT(places("textDocument/documentHighlight", "r.bind", 0, 22),
                "0:6-0:17\n0:21-0:22\n1:24-1:35\n2:9-2:10\n2:19-2:20\n3:7-3:18\n3:26-3:37\n"
                "4:3-4:4\n4:13-4:14\n6:9-6:10\n");
}

static char* hover(unsigned line, unsigned character) {
    return lsp_client_hover(
        &client, lsp_client_at(&client, "textDocument/hover", "r.bind", line, character));
}

Test(bind_lsp_features, hover_over_libraries_keys_and_values) {
    EXPECT_TEXT(hover(0, 8),
                "0:6-0:17 markdown\n**acme.widget**: library, 5 keys\n\n`FOLDER/widget.bind`\n");
    EXPECT_TEXT(hover(4, 6),
                "4:5-4:9 markdown\n**acme.widget.FLAG**: bool key\n\nlibrary `acme.widget`\n\n"
                "- `acme.widget.FLAG.ON` = true\n- `acme.widget.FLAG.OFF` = false\n");
    EXPECT_TEXT(hover(2, 12),
                "2:11-2:15 markdown\n**acme.widget.KIND**: enum key\n\nlibrary `acme.widget`\n\n"
                "- `acme.widget.KIND.ROUND`\n- `acme.widget.KIND.SQUARE`\n");
    EXPECT_TEXT(hover(2, 28),
                "2:26-2:31 markdown\n**acme.widget.KIND.ROUND**: enum value\n\n"
                "library `acme.widget`\n");
    EXPECT_TEXT(hover(1, 50),
                "1:49-1:53 markdown\n**acme.widget.BIND_PCI_VID.ACME**: value\n"
                "```\n0x1111 (4369)\n```\n\nlibrary `acme.widget`\n");
    EXPECT_TEXT(hover(3, 43),
                "3:43-3:44 markdown\n**acme.widget.TEXT.T**: value\n```\n\"a\\\"b\"\n```\n\n"
                "library `acme.widget`\n");
    EXPECT_TEXT(hover(2, 4), "");
}

Test(bind_lsp_features, hover_over_a_legacy_key) {
    EXPECT_TEXT(hover(1, 12),
                "1:8-1:20 markdown\n**fuchsia.BIND_PCI_VID**: uint key 0x0100 (256)\n\n"
                "library `fuchsia`\n\n- `fuchsia.pci.BIND_PCI_VID.QEMU` = 0x1234 (4660)\n"
                "- `acme.widget.BIND_PCI_VID.ACME` = 0x1111 (4369)\n");
    char many[1200] = "library many;\nextend uint fuchsia.BIND_PCI_VID { ";
    for (int i = 0; i < 40; i++) {
        char item[20];
        snprintf(item, sizeof(item), "V%d = %d, ", i, i);
        strcat(many, item);
    }
    strcat(many, "};\n");
    lsp_client_open(&client, "many.bind", many);
    char* text = hover(1, 12);
    cr_expect_not_null(strstr(text, "- `many.BIND_PCI_VID.V29` = 0x1d (29)\n- … and 10 more\n"),
                       "%s", text);
    free(text);
}

static char* outline(const char* name) {
    return lsp_client_symbols(lsp_client_about(&client, "textDocument/documentSymbol", name));
}

Test(bind_lsp_features, outline_of_a_library) {
    lsp_client_open(&client, "widget.bind", widget);
    EXPECT_TEXT(outline("widget.bind"),
                "fuchsia.BIND_PCI_VID 7 2:0-4:2 2:12-2:32 extend uint\n"
                "  ACME 14 3:4-3:17 3:4-3:8 0x1111\n"
                "KIND 10 5:0-5:28 5:5-5:9 enum\n"
                "  ROUND 22 5:12-5:17 5:12-5:17\n"
                "  SQUARE 22 5:19-5:25 5:19-5:25\n"
                "TEXT 7 6:0-6:27 6:7-6:11 string\n"
                "  T 14 6:14-6:24 6:14-6:15 \"a\\\"b\"\n"
                "FLAG 7 7:0-7:37 7:5-7:9 bool\n"
                "  ON 14 7:12-7:21 7:12-7:14 true\n"
                "  OFF 14 7:23-7:34 7:23-7:26 false\n"
                "SIZE 7 8:0-8:10 8:5-8:9 uint\n");
}

Test(bind_lsp_features, outline_of_rules) {
    EXPECT_TEXT(outline("r.bind"),
                "fuchsia.BIND_PCI_VID 7 1:0-1:54 1:0-1:20 == acme.widget.BIND_PCI_VID.ACME\n"
                "w.KIND 7 2:9-2:32 2:9-2:15 == w.KIND.ROUND\n"
                "acme.widget.TEXT 7 3:0-3:66 3:7-3:23 accept\n"
                "w.FLAG 7 4:3-4:22 4:3-4:9 == w.FLAG.ON\n");
    lsp_client_open(
        &client, "c.bind",
        "composite c;\nprimary parent \"a\" {\n    w.x == 1;\n}\noptional parent \"b\" { "
        "true; }\nparent \"c\" { true; }\n");
    EXPECT_TEXT(outline("c.bind"),
                "a 2 1:0-3:1 1:15-1:18 primary parent\n"
                "  w.x 7 2:4-2:13 2:4-2:7 == 1\n"
                "b 2 4:0-4:29 4:16-4:19 optional parent\n"
                "c 2 5:0-5:20 5:7-5:10 parent\n");
}

Test(bind_lsp_features, outline_for_a_client_without_nesting) {
    lsp_client_t plain;
    lsp_client_init(&plain);
    lsp_client_start(&plain, NULL);
    json_decref(lsp_client_initialize(&plain, NULL));
    lsp_client_open(&plain, "l.bind", "library l;\nuint K { V = 1 };\n");
    json_t* result = lsp_client_about(&plain, "textDocument/documentSymbol", "l.bind");
    cr_assert_eq(json_array_size(result), 2);
    cr_expect_str_eq(json_string_value(json_object_get(json_array_get(result, 1), "name")), "V");
    json_t* location = json_object_get(json_array_get(result, 1), "location");
    EXPECT_TEXT(lsp_client_places(&plain, json_incref(location)), "l.bind 1:9-1:14\n");
    json_decref(result);
    lsp_client_stop(&plain);
}

static char* edits(const char* name) {
    return lsp_client_compact(lsp_client_about(&client, "textDocument/formatting", name));
}

Test(bind_lsp_features, formatting_changes_what_differs) {
    EXPECT_TEXT(edits("r.bind"), "[]");  // it has a syntax error
    lsp_client_open(&client, "f.bind",
                    "a.b == 1;\r\n/* \xc3\xa9 */ if a.b == 1 {true;} else {\n    false;\n}\n");
    EXPECT_TEXT(edits("f.bind"),
                "[{\"newText\":\"\\n/* \xc3\xa9 */\\nif a.b == 1 {\\n    true;\\n\","
                "\"range\":{\"end\":{\"character\":26,\"line\":1},"
                "\"start\":{\"character\":9,\"line\":0}}}]");
    lsp_client_replace(&client, "f.bind", "a.b == 1;\r\n");
    EXPECT_TEXT(edits("f.bind"),
                "[{\"newText\":\"\\n\",\"range\":{\"end\":{\"character\":0,\"line\":1},"
                "\"start\":{\"character\":9,\"line\":0}}}]");
    lsp_client_replace(&client, "f.bind", "a.b == 1;\n");
    EXPECT_TEXT(edits("f.bind"), "[]");
    lsp_client_replace(&client, "f.bind", "a.b == \"\xc3\xa9\" ;\n\n");
    EXPECT_TEXT(edits("f.bind"),
                "[{\"newText\":\";\\n\",\"range\":{\"end\":{\"character\":0,\"line\":2},"
                "\"start\":{\"character\":10,\"line\":0}}}]");
    lsp_client_open(&client, "l.bind", "library  l;");
    EXPECT_TEXT(edits("l.bind"),
                "[{\"newText\":\"l;\\n\",\"range\":{\"end\":{\"character\":11,\"line\":0},"
                "\"start\":{\"character\":8,\"line\":0}}}]");
}

static char* actions(unsigned line, unsigned from, unsigned to) {
    json_t* result = lsp_client_ask(
        &client, "textDocument/codeAction",
        json_pack("{s:{s:s},s:{s:{s:i,s:i},s:{s:i,s:i}},s:{s:[]}}", "textDocument", "uri",
                  lsp_client_uri(&client, "q.bind"), "range", "start", "line", line, "character",
                  from, "end", "line", line, "character", to, "context", "diagnostics"));
    char* text = NULL;
    size_t size = 0;
    size_t i;
    json_t* action;
    FILE* out = open_memstream(&text, &size);
    json_array_foreach(result, i, action) {
        json_t* changes = json_object_get(json_object_get(action, "edit"), "changes");
        json_t* edit =
            json_array_get(json_object_get(changes, lsp_client_uri(&client, "q.bind")), 0);
        char* shown = json_dumps(edit, JSON_COMPACT | JSON_SORT_KEYS);
        fprintf(out, "%s: %s\n", json_string_value(json_object_get(action, "title")), shown);
        free(shown);
    }
    fclose(out);
    json_decref(result);
    return text;
}

Test(bind_lsp_features, quick_fixes_for_misspelt_names) {
    static const char fix[] =
        "Replace with `acme.widget.KIND.ROUND`: {\"newText\":\"acme.widget.KIND.ROUND\","
        "\"range\":{\"end\":{\"character\":43,\"line\":0},"
        "\"start\":{\"character\":20,\"line\":0}}}\n";
    lsp_client_open(&client, "q.bind", "acme.widget.KIND == acme.widget.KIND.ROUNDD; x.y == 1;");
    EXPECT_TEXT(actions(0, 25, 25), fix);
    EXPECT_TEXT(actions(0, 0, 50), fix);
    EXPECT_TEXT(actions(0, 43, 43), fix);
    EXPECT_TEXT(actions(0, 0, 19), "");
    EXPECT_TEXT(actions(0, 46, 48), "");  // nothing is like it
}
