// SPDX-License-Identifier: MIT
// What bindc makes of good input: the worked examples byte for byte, what the lexical level allows,
// libraries and names.
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bind/program.h>

#include "fixture.h"

// Compares the bytes of golden/<name>.bind, with golden/<name>.lib.bind if there is one, with
// golden/<name>.hex.
static void check_golden(const char* name) {
    char path[128];
    bc_compiler_t compiler;
    bc_buffer_t bytes = {0};
    bc_buffer_t expected;
    bc_compiler_init(&compiler);
    snprintf(path, sizeof(path), "golden/%s.lib.bind", name);
    FILE* library = fopen(fixture_path(path), "r");
    if (library != NULL) {
        fclose(library);
        bc_compiler_add_library_file(&compiler, fixture_path(path));
    }
    snprintf(path, sizeof(path), "golden/%s.bind", name);
    bc_compiler_set_rules_file(&compiler, fixture_path(path));
    cr_expect(bc_compiler_compile(&compiler, &(bc_options_t){0}, &bytes), "%s", name);
    bc_diagnostics_print(&compiler.diagnostics, stderr);
    snprintf(path, sizeof(path), "golden/%s.hex", name);
    fixture_read_hex(fixture_path(path), &expected);
    cr_expect_eq(bytes.size, expected.size, "%s: %zu bytes, not %zu", name, bytes.size,
                 expected.size);
    if (bytes.size == expected.size) {
        cr_expect_arr_eq(bytes.data, expected.data, expected.size, "%s", name);
    }
    bind_program_t program;
    bind_error_t error;
    cr_expect_eq(bind_program_read(bytes.data, bytes.size, &program, &error), ZX_OK, "%s: %s", name,
                 error.text);
    bc_buffer_fini(&bytes);
    bc_buffer_fini(&expected);
    bc_compiler_fini(&compiler);
}

Test(bind_compile, worked_examples) {
    static const char* const names[] = {"empty",       "false",     "condition",
                                        "accept",      "if_chain",  "nested_if",
                                        "string_keys", "composite", "composite_order"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        check_golden(names[i]);
    }
}

Test(bind_compile, disable_autobind_alone_and_in_front) {
    bc_buffer_t bytes;
    bc_buffer_t expected;
    const bc_options_t options = {.disable_autobind = true};
    fixture_read_hex(fixture_path("golden/autobind.hex"), &expected);
    cr_assert(fixture_compile(NULL, NULL, NULL, &options, &bytes, NULL));
    cr_assert_eq(bytes.size, expected.size);
    cr_expect_arr_eq(bytes.data, expected.data, expected.size);
    bc_buffer_fini(&bytes);
    cr_assert(fixture_compile("true;", NULL, NULL, &options, &bytes, NULL));
    cr_assert_eq(bytes.size, expected.size);
    cr_expect_arr_eq(bytes.data, expected.data, expected.size);
    bc_buffer_fini(&bytes);
    // On composite rules the option has no effect.
    static const char composite[] = "composite a; primary parent \"b\" { true; }";
    bc_buffer_t plain;
    cr_assert(fixture_compile(composite, NULL, NULL, &options, &bytes, NULL));
    cr_assert(fixture_compile(composite, NULL, NULL, NULL, &plain, NULL));
    cr_assert_eq(bytes.size, plain.size);
    cr_expect_arr_eq(bytes.data, plain.data, plain.size);
    bc_buffer_fini(&bytes);
    bc_buffer_fini(&plain);
    bc_buffer_fini(&expected);
}

static const char library[] =
    "library a.b; uint K { ONE = 1, X = 0xfF }; string S { T = \"t\" }; bool B { YES = true };"
    "enum E { P, Q, }; uint if_x; uint accept_y; uint true_z;";
static const char extender[] = "library c; using a.b as z; extend uint z.K { NINE = 9 };";

// Two spellings of one program.
static void check_same(const char* rules, const char* other) {
    bc_buffer_t bytes;
    bc_buffer_t expected;
    char* errors;
    cr_expect(fixture_compile(rules, library, extender, NULL, &bytes, &errors), "%s: %s", rules,
              errors);
    free(errors);
    cr_expect(fixture_compile(other, library, extender, NULL, &expected, &errors), "%s: %s", other,
              errors);
    free(errors);
    cr_expect_eq(bytes.size, expected.size, "%s", rules);
    if (bytes.size == expected.size) {
        cr_expect_arr_eq(bytes.data, expected.data, expected.size, "%s", rules);
    }
    bc_buffer_fini(&bytes);
    bc_buffer_fini(&expected);
}

Test(bind_compile, lexical_freedom) {
    static const char* const same[][2] = {
        {"using a.b;a.b.K==1;", "a.b.K == 1;"},
        {"usinga.b;a.b.K==1;", "a.b.K == 1;"},
        {"using a.b as x; x.K == x.K.ONE;", "a.b.K == 1;"},
        {"using a.b as x; a.b.K == 1;", "a.b.K == 1;"},
        {"using a.b asx; x.K == 1;", "a.b.K == 1;"},
        {"using a.b as y; using a.b as x; x.K == 1;", "a.b.K == 1;"},
        {"a.b.K == a.b.K.X;", "a.b.K == 255;"},
        {"a.b.K == 010;", "a.b.K == 10;"},
        {"a.b.K == 0xAb;", "a.b.K == 171;"},
        {"a.b.K == c.K.NINE;", "a.b.K == 9;"},
        {"a.b.S == a.b.S.T;", "a.b.S == \"t\";"},
        {"a.b.B == a.b.B.YES;", "a.b.B == true;"},
        {"a.b.S == a.b.E.P;", "a.b.S == a.b.E.P;"},
        {"accepta.b.K{1}", "accept a.b.K { 1, }"},
        {"ifa.b.K==1{true;}else{false;}", "if a.b.K == 1 { true; } else { false; }"},
        {"a.b.if_x == 1; a.b.accept_y == 2; a.b.true_z == 3;",
         "a.b.if_x==1;a.b.accept_y==2;a.b.true_z==3;"},
        {"// a comment\r\na.b.K /* one /* two */ */ == /**/ 1; // the last one", "a.b.K == 1;"},
        {"\t\r\n a.b.K\n==\n1\n;\n", "a.b.K == 1;"},
        {"if a.b.K == 1 { if a.b.K == 2 { true; } else { false; } } else if a.b.K != 3 { false; }"
         " else { true; }",
         "if a.b.K==1{if a.b.K==2{true;}else{false;}}else if a.b.K!=3{false;}else{true;}"},
    };
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        check_same(same[i][0], same[i][1]);
    }
}

// The bytes of the only symbol after the key "a.b.S".
static void check_string(const char* rules, const char* expected) {
    bc_buffer_t bytes;
    char* errors;
    cr_assert(fixture_compile(rules, library, NULL, NULL, &bytes, &errors), "%s", errors);
    bind_program_t program;
    cr_assert_eq(bind_program_read(bytes.data, bytes.size, &program, NULL), ZX_OK);
    cr_expect_str_eq(bind_program_symbol(&program, 2), expected);
    free(errors);
    bc_buffer_fini(&bytes);
}

Test(bind_compile, strings_keep_their_escapes_and_line_breaks) {
    check_string("a.b.S == \"a\\\"b\";", "a\\\"b");
    check_string("a.b.S == \"a\\\\\";", "a\\\\");
    check_string("a.b.S == \"one\ntwo // no comment\";", "one\ntwo // no comment");
    check_string("a.b.S == \"gr\xc3\xbcn\";", "gr\xc3\xbcn");
}

Test(bind_compile, string_of_255_bytes_passes_and_256_fails) {
    char rules[300] = "a.b.S == \"";
    const size_t start = strlen(rules);
    memset(rules + start, 'x', 255);
    strcpy(rules + start + 255, "\";");
    char body[256] = {0};
    memset(body, 'x', 255);
    check_string(rules, body);
    strcpy(rules + start + 255, "x\";");
    bc_buffer_t bytes;
    char* errors;
    cr_expect_not(fixture_compile(rules, library, NULL, NULL, &bytes, &errors));
    cr_expect_str_eq(errors, "rules:1:10 E600");
    free(errors);
}

Test(bind_compile, libraries_are_resolved_whatever_their_order) {
    bc_buffer_t bytes;
    static const char rules[] = "a.b.K == c.K.NINE;";
    cr_expect(fixture_compile(rules, extender, library, NULL, &bytes, NULL));
    bc_buffer_fini(&bytes);
    cr_expect(fixture_compile(rules, library, extender, NULL, &bytes, NULL));
    bc_buffer_fini(&bytes);
}

Test(bind_compile, a_later_library_replaces_an_earlier_one) {
    bc_buffer_t bytes;
    char* errors;
    cr_expect(fixture_compile("l.K == l.K.V;", "library l; uint K { V = 1 };",
                              "library l; uint K { V = 2 };", NULL, &bytes, NULL));
    cr_expect_eq(bytes.data[bytes.size - 4], 2);
    bc_buffer_fini(&bytes);
    cr_expect_not(fixture_compile("l.OLD == 1;", "library l; uint OLD;", "library l; uint K;", NULL,
                                  &bytes, &errors));
    cr_expect_str_eq(errors, "rules:1:1 E108");
    free(errors);
}

Test(bind_compile, declaring_a_legacy_key_leaves_it_a_number) {
    bc_buffer_t bytes;
    bc_buffer_t plain;
    cr_assert(fixture_compile("using fuchsia as f; f.BIND_PROTOCOL == fuchsia.BIND_PROTOCOL.X;",
                              "library fuchsia; uint BIND_PROTOCOL { X = 31 };", NULL, NULL, &bytes,
                              NULL));
    cr_assert(fixture_compile("fuchsia.BIND_PROTOCOL == 31;", NULL, NULL, NULL, &plain, NULL));
    cr_assert_eq(bytes.size, plain.size);
    cr_expect_arr_eq(bytes.data, plain.data, plain.size);
    bc_buffer_fini(&bytes);
    bc_buffer_fini(&plain);
}

Test(bind_compile, the_shipped_libraries_fit_together) {
    char pattern[1024];
    glob_t found;
    bc_compiler_t compiler;
    bc_buffer_t bytes = {0};
    snprintf(pattern, sizeof(pattern), "%s", fixture_path("../../bind/lib/*.bind"));
    cr_assert_eq(glob(pattern, 0, NULL, &found), 0);
    bc_compiler_init(&compiler);
    for (size_t i = 0; i < found.gl_pathc; i++) {
        bc_compiler_add_library_file(&compiler, found.gl_pathv[i]);
    }
    static const char rules[] =
        "fuchsia.BIND_PROTOCOL == fuchsia.pci.BIND_PROTOCOL.DEVICE;"
        "fuchsia.BIND_PCI_VID == fuchsia.pci.BIND_PCI_VID.VIRTIO;"
        "fuchsia.BIND_PCI_DID == fuchsia.pci.BIND_PCI_DID.VIRTIO_BLOCK;"
        "fuchsia.BIND_PLATFORM_DEV_DID == jacinth.platform.BIND_PLATFORM_DEV_DID.RAMDISK;"
        "fuchsia.NAME == \"x\";";
    bc_compiler_set_rules_text(&compiler, "rules", rules, sizeof(rules) - 1);
    const bool is_good = bc_compiler_compile(&compiler, &(bc_options_t){.lint = true}, &bytes);
    bc_diagnostics_print(&compiler.diagnostics, stderr);
    cr_expect(is_good);
    cr_expect_gt(found.gl_pathc, 5);
    // PROTOCOL 31, VID 0x1af4, DID 0x1042, DID 0x1000: the number of each second operand.
    static const uint32_t numbers[] = {31, 0x1af4, 0x1042, 0x1000};
    bind_program_t program;
    cr_assert_eq(bind_program_read(bytes.data, bytes.size, &program, NULL), ZX_OK);
    for (size_t i = 0; i < 4; i++) {
        const uint8_t* at = program.body + i * 11 + 7;
        cr_expect_eq((uint32_t)(at[0] | at[1] << 8), numbers[i]);
    }
    bc_buffer_fini(&bytes);
    bc_compiler_fini(&compiler);
    globfree(&found);
}

Test(bind_compile, a_long_file_takes_time_in_proportion) {
    // Quadratic behaviour in any part would run into the time limit of the test.
    bc_buffer_t rules = {0};
    bc_buffer_t bytes;
    for (unsigned i = 0; i < 40000; i++) {
        char line[64];
        snprintf(line, sizeof(line), "a.b.S != \"value-%u\"; // line\n", i);
        bc_buffer_text(&rules, line);
    }
    bc_buffer_u8(&rules, 0);
    cr_expect(fixture_compile((const char*)rules.data, library, NULL, NULL, &bytes, NULL));
    cr_expect_gt(bytes.size, 40000 * 11);
    bc_buffer_fini(&bytes);
    bc_buffer_fini(&rules);
}
