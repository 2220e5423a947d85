// SPDX-License-Identifier: MIT
// Which libraries `bindc lsp` knows, and that a change of one is felt where it is used.
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lsp_client.h"

static lsp_client_t client;

static void init(void) {
    lsp_client_init(&client);
}

TestSuite(bind_lsp_workspace, .init = init, .timeout = 60);

static void make_folder(const char* name) {
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", client.folder, name);
    cr_assert_eq(mkdir(path, 0755), 0);
}

static json_int_t published(const char* name) {
    lsp_client_settle(&client);
    return json_integer_value(json_object_get(client.counts, lsp_client_uri(&client, name)));
}

static void tell_changed(const char* name) {
    lsp_client_notify(
        &client, "workspace/didChangeWatchedFiles",
        json_pack("{s:[{s:s,s:i}]}", "changes", "uri", lsp_client_uri(&client, name), "type", 2));
}

#define UNDEFINED_ROUND                                       \
    "0:13-0:28 error E108 `acme.KIND.ROUND` is not defined\n" \
    "hint: did you mean `acme.KIND.ROUNDS`?\n"                \
    "note: library `acme` is FOLDER/lib/acme.bind\n"

Test(bind_lsp_workspace, a_changed_library_is_felt_by_those_that_use_it) {
    make_folder("lib");
    lsp_client_write_file(&client, "lib/acme.bind", "library acme;\nenum KIND { ROUND };\n");
    lsp_client_write_file(&client, "notes.bind", "acme.KIND == acme.KIND.ROUND;\n");
    lsp_client_run(&client);
    lsp_client_open(&client, "r.bind", "acme.KIND == acme.KIND.ROUND;");
    lsp_client_open(&client, "other.bind", "fuchsia.BIND_PROTOCOL == 1;");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "");
    cr_expect_eq(published("r.bind"), 1);
    // What is open counts, not what is on the disk.
    lsp_client_open(&client, "lib/acme.bind", "library acme;\nenum KIND { ROUNDS };\n");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), UNDEFINED_ROUND);
    lsp_client_change(&client, "lib/acme.bind", 1, 17, 1, 18, "");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "");
    lsp_client_change(&client, "lib/acme.bind", 1, 17, 1, 17, "S");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), UNDEFINED_ROUND);
    lsp_client_close(&client, "lib/acme.bind");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "");
    cr_expect_eq(published("r.bind"), 5);
    cr_expect_eq(published("other.bind"), 1);  // nothing changed for it
    lsp_client_stop(&client);
}

Test(bind_lsp_workspace, files_that_change_on_the_disk) {
    make_folder("lib");
    lsp_client_write_file(&client, "lib/acme.bind", "library acme;\nenum KIND { ROUND };\n");
    lsp_client_start(&client, NULL);
    json_decref(lsp_client_initialize(
        &client, json_pack("{s:{s:{s:b}}}", "workspace", "didChangeWatchedFiles",
                           "dynamicRegistration", 1)));
    lsp_client_open(&client, "r.bind", "acme.KIND == acme.KIND.ROUND;");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "");
    const json_t* call = json_array_get(client.others, 0);
    EXPECT_TEXT(lsp_client_compact(json_incref(json_object_get(call, "params"))),
                "{\"registrations\":[{\"id\":\"libraries\",\"method\":"
                "\"workspace/didChangeWatchedFiles\",\"registerOptions\":"
                "{\"watchers\":[{\"globPattern\":\"**/*.bind\"}]}}]}");
    lsp_client_write_file(&client, "lib/acme.bind", "library acme;\nenum KIND { ROUNDS };\n");
    tell_changed("lib/acme.bind");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), UNDEFINED_ROUND);
    char path[256];
    snprintf(path, sizeof(path), "%s/lib/acme.bind", client.folder);
    cr_assert_eq(unlink(path), 0);
    tell_changed("lib/acme.bind");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:0-0:9 error E108 `acme.KIND` is not defined\n"
                "0:13-0:28 error E108 `acme.KIND.ROUND` is not defined\n");
    lsp_client_write_file(&client, "new.bind", "library acme;\nenum KIND { ROUND };\n");
    tell_changed("new.bind");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "");
    tell_changed("r.bind");  // open
    tell_changed("none.bind");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "");
    lsp_client_stop(&client);
}

Test(bind_lsp_workspace, folders_come_and_go) {
    make_folder("a");
    lsp_client_write_file(&client, "a/acme.bind", "library acme;\nenum KIND { ROUND };\n");
    lsp_client_start(&client, NULL);
    json_decref(
        lsp_client_ask(&client, "initialize",
                       json_pack("{s:[],s:s}", "workspaceFolders", "rootUri", client.root)));
    lsp_client_open(&client, "r.bind", "acme.KIND == acme.KIND.ROUND;");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:0-0:9 error E108 `acme.KIND` is not defined\n"
                "0:13-0:28 error E108 `acme.KIND.ROUND` is not defined\n");
    lsp_client_notify(&client, "workspace/didChangeWorkspaceFolders",
                      json_pack("{s:{s:[{s:s,s:s}],s:[]}}", "event", "added", "uri",
                                lsp_client_uri(&client, "a"), "name", "a", "removed"));
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "");
    lsp_client_notify(&client, "workspace/didChangeWorkspaceFolders",
                      json_pack("{s:{s:[{s:s,s:s}],s:[]}}", "event", "removed", "uri",
                                lsp_client_uri(&client, "a"), "name", "a", "added"));
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:0-0:9 error E108 `acme.KIND` is not defined\n"
                "0:13-0:28 error E108 `acme.KIND.ROUND` is not defined\n");
    lsp_client_stop(&client);
}

// A library on the command line goes before all, then the nearest one, then a standard one.
Test(bind_lsp_workspace, of_two_libraries_of_one_name_the_better_one_counts) {
    make_folder("near");
    make_folder("near/below");
    make_folder("far");
    make_folder(".hidden");
    lsp_client_write_file(&client, "near/pci.bind", "library fuchsia.pci;\nuint NEAR;\n");
    lsp_client_write_file(&client, "far/pci.bind", "library fuchsia.pci;\nuint FAR;\n");
    lsp_client_write_file(&client, ".hidden/pci.bind", "library fuchsia.pci;\nuint HIDDEN;\n");
    lsp_client_write_file(&client, "far/given", "library given;\nuint GIVEN;\n");
    lsp_client_write_file(&client, "near/given.bind", "library given;\nuint NEAR;\n");
    char given[256];
    snprintf(given, sizeof(given), "%s/far/given", client.folder);
    const char* const options[] = {"-i", given, NULL};
    lsp_client_start(&client, options);
    json_decref(lsp_client_initialize(&client, NULL));
    lsp_client_open(&client, "near/below/r.bind", "fuchsia.pci.NEAR == 1; given.GIVEN == 1;");
    lsp_client_open(&client, "far/r.bind", "fuchsia.pci.FAR == 1; given.GIVEN == 1;");
    EXPECT_TEXT(lsp_client_faults(&client, "near/below/r.bind"), "");
    EXPECT_TEXT(lsp_client_faults(&client, "far/r.bind"), "");
    // A document of another kind sees the standard one: nothing is near to it.
    lsp_client_notify(&client, "textDocument/didOpen",
                      json_pack("{s:{s:s,s:s}}", "textDocument", "uri", "untitled:1", "text",
                                "fuchsia.BIND_PCI_VID == fuchsia.pci.BIND_PCI_VID.INTEL;"));
    lsp_client_settle(&client);
    EXPECT_TEXT(lsp_client_compact(json_incref(json_object_get(client.published, "untitled:1"))),
                "{\"diagnostics\":[],\"uri\":\"untitled:1\"}");
    lsp_client_stop(&client);
}

Test(bind_lsp_workspace, a_faulty_library_disturbs_only_those_that_use_it) {
    lsp_client_write_file(&client, "bad.bind", "library bad;\nuint KEY\n");
    lsp_client_write_file(&client, "broken.bind",
                          "library broken;\nusing none;\nuint A { X = };\n");
    lsp_client_run(&client);
    lsp_client_open(&client, "r.bind", "fuchsia.BIND_PROTOCOLL == 1;");
    lsp_client_open(&client, "user.bind", "using fuchsia.pci; using bad;\nbad.X == 1;\nx.y == 2;");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:0-0:22 error E108 `fuchsia.BIND_PROTOCOLL` is not defined\n"
                "hint: did you mean `fuchsia.BIND_PROTOCOL`?\n"
                "note: library `fuchsia` is SOURCE/bind/lib/fuchsia.bind\n");
    EXPECT_TEXT(lsp_client_faults(&client, "user.bind"),
                "0:25-0:28 information - names are not checked while a library is faulty: `;` or "
                "`{` expected, found the end of the file, at FOLDER/bad.bind:2:9\n");
    lsp_client_open(&client, "bad.bind", "library bad;\nuint KEY;\n");
    EXPECT_TEXT(lsp_client_faults(&client, "user.bind"),
                "1:0-1:5 error E108 `bad.X` is not defined\n"
                "note: library `bad` is FOLDER/bad.bind\n"
                "2:0-2:3 error E108 `x.y` is not defined\n");
    lsp_client_stop(&client);
}

Test(bind_lsp_workspace, faults_of_a_library) {
    lsp_client_run(&client);
    lsp_client_open(&client, "acme.bind",
                    "library acme;\nusing gone;\nuint KEY { A = 1, A = 2 };\nextend uint NAME;\n");
    EXPECT_TEXT(lsp_client_faults(&client, "acme.bind"),
                "1:6-1:10 error E200 there is no library `gone` among those given\n");
    lsp_client_change(&client, "acme.bind", 1, 0, 2, 0, "");
    EXPECT_TEXT(lsp_client_faults(&client, "acme.bind"),
                "1:18-1:19 error E102 `acme.KEY.A` is declared twice\n"
                "    declared at acme.bind 1:11-1:12\n"
                "2:12-2:16 error E107 `extend` needs the key's library in front: `library.NAME`\n");
    lsp_client_stop(&client);
}

// A file that lies under two names, one a link, is one file.
Test(bind_lsp_workspace, links_and_escapes_in_names) {
    make_folder("real \xc3\xa9");
    lsp_client_write_file(&client, "real \xc3\xa9/acme.bind",
                          "library acme;\nenum KIND { ROUND };\n");
    char link[256];
    snprintf(link, sizeof(link), "%s/link", client.folder);
    cr_assert_eq(symlink("real \xc3\xa9", link), 0);
    lsp_client_run(&client);
    lsp_client_open(&client, "link/acme.bind", "library acme;\nenum KIND { SQUARE };\n");
    lsp_client_open(&client, "r.bind", "acme.KIND == acme.KIND.SQUARE;");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "");
    EXPECT_TEXT(lsp_client_places(
                    &client, lsp_client_at(&client, "textDocument/definition", "r.bind", 0, 25)),
                "link/acme.bind 1:12-1:18\n");
    lsp_client_close(&client, "link/acme.bind");
    lsp_client_replace(&client, "r.bind", "acme.KIND == acme.KIND.ROUND;");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "");
    EXPECT_TEXT(lsp_client_places(
                    &client, lsp_client_at(&client, "textDocument/definition", "r.bind", 0, 25)),
                "real%20%C3%A9/acme.bind 1:12-1:17\n");
    lsp_client_open(&client, "%72eal%20%c3%a9/acme.bind", "library acme;\nenum KIND { OVAL };\n");
    lsp_client_replace(&client, "r.bind", "acme.KIND == acme.KIND.OVAL;");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "");
    lsp_client_stop(&client);
}

Test(bind_lsp_workspace, more_libraries_than_there_is_room_for) {
    for (unsigned i = 0; i < 1001; i++) {
        char name[32];
        char text[64];
        snprintf(name, sizeof(name), "l%04u.bind", i);
        snprintf(text, sizeof(text), "library l%u;\nuint K;\n", i);
        lsp_client_write_file(&client, name, text);
    }
    const char* const options[] = {"--standard", "/nowhere", NULL};
    lsp_client_start(&client, options);
    json_decref(lsp_client_initialize(&client, NULL));
    lsp_client_open(&client, "r.bind", "l0.K == 1; l999.K == 1; l1000.K == 1;");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:24-0:31 error E108 `l1000.K` is not defined\n");
    EXPECT_TEXT(lsp_client_compact(json_incref(json_array_get(client.others, 0))),
                "{\"jsonrpc\":\"2.0\",\"method\":\"window/showMessage\",\"params\":{\"message\":"
                "\"bindc: the workspace is too large; not all of its bind libraries are known\","
                "\"type\":2}}");
    lsp_client_stop(&client);
}

Test(bind_lsp_workspace, what_is_no_regular_file_is_left_alone) {
    char path[256];
    make_folder("std");
    lsp_client_write_file(&client, "std/other.bind", "library other;\nuint KEY;\n");
    snprintf(path, sizeof(path), "%s/pipe.bind", client.folder);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(chdir(client.folder), 0);
    const char* const options[] = {"--standard", "std", NULL};
    lsp_client_start(&client, options);
    json_decref(lsp_client_initialize(&client, NULL));
    tell_changed("pipe.bind");
    lsp_client_open(&client, "pipe.bind", "other.KEY == 1;");
    EXPECT_TEXT(lsp_client_faults(&client, "pipe.bind"), "");
    EXPECT_TEXT(lsp_client_places(
                    &client, lsp_client_at(&client, "textDocument/definition", "pipe.bind", 0, 7)),
                "std/other.bind 1:5-1:8\n");
    lsp_client_close(&client, "pipe.bind");
    lsp_client_stop(&client);
}

Test(bind_lsp_workspace, a_library_that_is_in_no_folder_goes_with_its_document) {
    lsp_client_run(&client);
    lsp_client_notify(&client, "textDocument/didOpen",
                      json_pack("{s:{s:s,s:s}}", "textDocument", "uri", "untitled:1", "text",
                                "library acme;\nuint KEY;\n"));
    lsp_client_open(&client, "r.bind", "acme.KEY == 1;");
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"), "");
    lsp_client_notify(&client, "textDocument/didClose",
                      json_pack("{s:{s:s}}", "textDocument", "uri", "untitled:1"));
    EXPECT_TEXT(lsp_client_faults(&client, "r.bind"),
                "0:0-0:8 error E108 `acme.KEY` is not defined\n");
    lsp_client_stop(&client);
}
