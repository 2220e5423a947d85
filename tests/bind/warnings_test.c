// SPDX-License-Identifier: MIT
// Warnings: each warn/<name>.bind with the libraries warn/<name>.lib*.bind compiles and prints
// exactly warn/<name>.txt. Set BIND_UPDATE_GOLDENS=1 to write the .txt files anew; then look at the
// difference.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

static void check_case(const char* name) {
    const bc_options_t options = {.node_policy = BC_NODE_WARN};
    bool is_accepted;
    char* text = fixture_compile_case(name, &options, &is_accepted);
    cr_expect(is_accepted, "%s is refused", name);
    fixture_check_golden(name, text);
    free(text);
}

Test(bind_warnings, each_case_gives_its_text) {
    static const char* const names[] = {"flow", "texts", "blocks", "composite"};
    cr_assert_eq(chdir(fixture_path("warn")), 0);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        check_case(names[i]);
    }
}

// What the options make of rules: the diagnostics, or none.
Test(bind_warnings, options) {
    static const char libs[] = "library l; using k; uint K { A = 1 };";
    static const char other[] = "library k; uint J;";
    const struct {
        const char* rules;
        bc_options_t options;
        const char* result;
    } table[] = {
        {"k.J == 1;", {.strict_using = true}, "rules:1:1 E108"},
        {"using l; k.J == 1; l.K == l.K.A;", {.strict_using = true}, ""},
        {"using k; l.K == 1;", {.strict_using = true}, "rules:1:10 E108"},
        {"using k; l.K == 1;", {.no_warnings = true}, ""},
        {"using k; l.K == 1;", {0}, "rules:1:7 W001"},
        {"l.K == 0x100000007;", {0}, "rules:1:8 E602"},
        {"l.K == 0x100000007;", {.truncate_numbers = true}, ""},
        {"fuchsia.BIND_PCI_VID == \"x\";", {0}, ""},  // no library says what it is
        {"abort;", {0}, "rules:1:6 E018"},
        {"abort;", {.accept_abort = true}, ""},
        {"l.K == 1; abort; l.K == 2;", {.accept_abort = true}, "rules:1:18 W002"},
        {"deprecated.BIND_PROTOCOL == 1;", {0}, "rules:1:1 E108"},
        {"deprecated.BIND_PROTOCOL == 1;", {.deprecated_keys = true}, ""},
        {"composite c; primary node \"a\" { true; }", {0}, ""},
        {"composite c; primary node \"a\" { true; }",
         {.node_policy = BC_NODE_WARN},
         "rules:1:22 W006"},
        {"composite c; primary node \"a\" { true; }",
         {.node_policy = BC_NODE_REFUSE},
         "rules:1:22 E034"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        bc_buffer_t bytes;
        char* result;
        fixture_compile(table[i].rules, libs, other, &table[i].options, &bytes, &result);
        cr_expect_str_eq(result, table[i].result, "%zu %s: %s", i, table[i].rules, result);
        free(result);
        bc_buffer_fini(&bytes);
    }
}

Test(bind_warnings, deprecated_libraries_of_2019) {
    static const char library[] =
        "library deprecated.usb; extend uint deprecated.BIND_PROTOCOL { DEVICE = 5 };";
    static const char rules[] =
        "using deprecated.usb; deprecated.BIND_PROTOCOL == deprecated.usb.BIND_PROTOCOL.DEVICE;";
    const bc_options_t options = {.deprecated_keys = true};
    bc_buffer_t bytes;
    bc_buffer_t expected;
    char* result;
    cr_expect(fixture_compile(rules, library, NULL, &options, &bytes, &result));
    cr_expect_str_eq(result, "");
    free(result);
    cr_assert(fixture_compile("fuchsia.BIND_PROTOCOL == 5;", NULL, NULL, NULL, &expected, NULL));
    cr_assert_eq(bytes.size, expected.size);
    cr_expect_arr_eq(bytes.data, expected.data, expected.size);
    bc_buffer_fini(&bytes);
    bc_buffer_fini(&expected);
}

Test(bind_warnings, edit_distance) {
    static const struct {
        const char* a;
        const char* b;
        uint32_t distance;
    } table[] = {{"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "abxc", 1}, {"abc", "ac", 1},
                 {"abc", "axc", 1}, {"abc", "xyz", 3}, {"", "ab", 2},      {"abcdefgh", "", 5}};
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        cr_expect_eq(bc_edit_distance(bc_text(table[i].a), bc_text(table[i].b), 4),
                     table[i].distance, "%zu", i);
        cr_expect_eq(bc_edit_distance(bc_text(table[i].b), bc_text(table[i].a), 4),
                     table[i].distance, "%zu", i);
    }
}

// The work for a file grows with its size, also when much is known of one key.
Test(bind_warnings, many_conditions_on_one_key) {
    bc_buffer_t rules = {0};
    bc_buffer_t bytes;
    for (unsigned i = 0; i < 40000; i++) {
        char text[64];
        snprintf(text, sizeof(text), "fuchsia.BIND_PCI_DID != %u;\n", i);
        bc_buffer_text(&rules, text);
    }
    bc_buffer_u8(&rules, 0);
    char* result;
    cr_expect(fixture_compile((const char*)rules.data, NULL, NULL, NULL, &bytes, &result));
    cr_expect_str_eq(result, "");
    free(result);
    bc_buffer_fini(&bytes);
    bc_buffer_fini(&rules);
}
