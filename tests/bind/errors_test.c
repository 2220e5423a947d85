// SPDX-License-Identifier: MIT
// Input that must be refused: each bad/<name>.bind with the libraries bad/<name>.lib*.bind gives
// exactly bad/<name>.txt. Set BIND_UPDATE_GOLDENS=1 to write the .txt files anew; then look at the
// difference.
#include <criterion/criterion.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

// What compiling bad/<name>.bind prints. What it is called asks for options.
static char* compile_case(const char* name) {
    bc_options_t options = {.lint = strncmp(name, "lint", 4) == 0};
    if (strncmp(name, "v1", 2) == 0) {
        options.format = BC_FORMAT_V1;
    }
    if (strncmp(name, "node", 4) == 0) {
        options.node_policy = BC_NODE_REFUSE;
    }
    bool is_accepted;
    char* text = fixture_compile_case(name, &options, &is_accepted);
    cr_expect_not(is_accepted, "%s is accepted", name);
    return text;
}

static void check_case(const char* name, bc_buffer_t* all) {
    char* text = compile_case(name);
    fixture_check_golden(name, text);
    bc_buffer_text(all, text);
    free(text);
}

Test(bind_errors, each_bad_input_gives_its_text) {
    // From inside the folder, so that the texts name plain files.
    cr_assert_eq(chdir(fixture_path("bad")), 0);
    glob_t cases;
    bc_buffer_t all = {0};
    size_t count = 0;
    cr_assert_eq(glob("*.bind", 0, NULL, &cases), 0);
    for (size_t i = 0; i < cases.gl_pathc; i++) {
        char name[256];
        snprintf(name, sizeof(name), "%s", cases.gl_pathv[i]);
        *strrchr(name, '.') = 0;
        if (strstr(name, ".lib") == NULL) {
            check_case(name, &all);
            count++;
        }
    }
    globfree(&cases);
    cr_expect_gt(count, 20);
    // Every code that ordinary rules and libraries can give occurs.
    bc_buffer_u8(&all, 0);
    static const unsigned codes[] = {1,   2,   3,   4,   5,   6,   7,   8,   9,   11,  14,
                                     15,  17,  18,  19,  21,  22,  23,  27,  28,  30,  32,
                                     33,  34,  102, 103, 104, 105, 106, 107, 108, 109, 110,
                                     111, 112, 200, 201, 501, 600, 601, 602, 603, 604, 609};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        char code[16];
        snprintf(code, sizeof(code), "error[E%03u]", codes[i]);
        cr_expect_not_null(strstr((const char*)all.data, code), "%s never occurs", code);
    }
    bc_buffer_fini(&all);
}

// One line: rules, library, and the errors as "file:line:column code".
Test(bind_errors, positions) {
    static const struct {
        const char* rules;
        const char* library;
        const char* errors;
    } table[] = {
        {"", NULL, "rules:1:1 E021"},
        {"using l;", "library l;", "rules:1:9 E021"},
        {"l.K == 1", "library l; uint K;", "rules:1:9 E006"},
        {"l.K == 1\n\n", "library l; uint K;", "rules:1:9 E006"},
        {"l.K == -1;", "library l; uint K;", "rules:1:8 E019"},
        {"l.K == \"\";", "library l; string K;", "rules:1:8 E019"},
        {"l.K == \"a\\n\";", "library l; string K;", "rules:1:10 E019"},
        {"l.K == trueish;", "library l; bool K;", "rules:1:12 E006"},
        {"l.K == 123abc;", "library l; uint K;", "rules:1:11 E006"},
        {"l.K == 0X10;", "library l; uint K;", "rules:1:9 E006"},
        {"l.K == 99999999999999999999;", "library l; uint K;", "rules:1:8 E019"},
        {"l.K == 0x10000000000000000;", "library l; uint K;", "rules:1:8 E019"},
        {"accept l.K { 1 };", "library l; uint K;", "rules:1:17 E027"},
        {"accept l.K { };", "library l; uint K;", "rules:1:14 E019"},
        {"/* a /* b */ l.K == 1;", "library l; uint K;", "rules:1:1 E023"},
        {"true; /*/ true;", NULL, "rules:1:7 E023"},
        {"l._K == 1;", "library l; uint K;", "rules:1:2 E018"},
        {"l.K_ == 1;", "library l; uint K;", "rules:1:4 E018"},
        {"l .K == 1;", "library l; uint K;", "rules:1:3 E018"},
        {"\xef\xbb\xbftrue;", NULL, "rules:1:1 E027"},
        {"true; // a lone \r here", NULL, "rules:1:7 E027"},
        {"if l.K == 1 { true; }", "library l; uint K;", "rules:1:22 E017"},
        {"l.K == l.K.A;", "library l; uint K { A = 0x100000000 };", "rules:1:8 E602"},
        {"l.K == l.K.A;", "library l; uint K { A = 0xffffffff, A = 1 };", "lib1:1:37 E102"},
        {"using m as l; l.K == 1;", "library m; uint J;", "rules:1:15 E108"},
        {"using m as a; using m as b; a.K == 1;", "library m; uint K;", "rules:1:29 E108"},
        {"using a as x; x.b.K == 1;", "library a.b; uint K;", "rules:1:7 E200"},
        {"true;", "library l; bool t { x = false }", "lib1:1:32 E006"},
        {"true;", "library l; extend uint fuchsia.NONE;", "lib1:1:24 E105"},
        {"NAME == 1;", NULL, "rules:1:1 E108"},
        {"true; a; false; b;", NULL, "rules:1:8 E018, rules:1:18 E018"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        bc_buffer_t bytes;
        char* errors;
        cr_expect_not(
            fixture_compile(table[i].rules, table[i].library, NULL, NULL, &bytes, &errors),
            "accepted: %s", table[i].rules);
        cr_expect_str_eq(errors, table[i].errors, "%s: %s", table[i].rules, errors);
        free(errors);
        bc_buffer_fini(&bytes);
    }
}

Test(bind_errors, files_that_are_no_text) {
    bc_compiler_t compiler;
    bc_buffer_t bytes = {0};
    bc_compiler_init(&compiler);
    bc_compiler_set_rules_text(&compiler, "zero", "tr\0ue;", 6);
    bc_compiler_add_library_text(&compiler, "latin1", "library l; // \xe4\n", 17);
    bc_compiler_add_library_file(&compiler, "/nonexistent/file");
    bc_compiler_add_library_file(&compiler, "/");
    cr_expect_not(bc_compiler_compile(&compiler, &(bc_options_t){0}, &bytes));
    static const char* const paths[] = {"zero", "latin1", "/nonexistent/file", "/"};
    const bc_diagnostic_t* diagnostic = compiler.diagnostics.first;
    for (size_t i = 0; i < 4; i++) {
        cr_assert_not_null(diagnostic);
        cr_expect_str_eq(diagnostic->place.source->path, paths[i]);
        diagnostic = diagnostic->next;
    }
    cr_expect_null(diagnostic);
    bc_compiler_fini(&compiler);
}

Test(bind_errors, deep_nesting_has_a_limit) {
    bc_buffer_t rules = {0};
    bc_buffer_t bytes;
    char* errors;
    for (unsigned i = 0; i < 100000; i++) {
        bc_buffer_text(&rules, "if a==1{");
    }
    bc_buffer_u8(&rules, 0);
    cr_expect_not(fixture_compile((const char*)rules.data, NULL, NULL, NULL, &bytes, &errors));
    cr_expect_not_null(strstr(errors, "E022"));
    free(errors);
    bc_buffer_fini(&rules);
}
