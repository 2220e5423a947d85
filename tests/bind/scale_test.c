// SPDX-License-Identifier: MIT
// The work grows with the size of the input, not with its square: each shape is processed at one
// size and at eight times that size.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fixture.h"
#include "format.h"
#include "spec.h"

#define SMALL 2000u
#define LARGE (8 * SMALL)
// Linear work is 8 times as much, quadratic 64 times.
#define LIMIT 30.0

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

// Repeats `piece`, which may take the number of the repetition twice, between head and tail.
typedef struct shape {
    const char* name;
    const char* head;
    const char* piece;
    const char* tail;
} shape_t;

static const shape_t shapes[] = {
    {"statements", "", "fuchsia.BIND_PCI_DID != %u; ", ""},
    {"lines", "", "fuchsia.BIND_PCI_DID != %u;\n", ""},
    {"one list", "accept fuchsia.BIND_PCI_DID {", "%u,\n", "}"},
    {"lists", "", "accept fuchsia.BIND_PCI_DID { %u, 4000000000, }\n", ""},
    {"one long if", "", "if fuchsia.BIND_PCI_DID == %u { true; } else ", "{ true; }"},
    {"undefined names", "", "fuchsia.BIND_PCI_DIDX%u == 1;\n", ""},
    {"a syntax error at the end", "", "fuchsia.BIND_PCI_DID != %u;\n", "fuchsia.BIND_PCI_DID = 1;"},
    {"syntax errors", "", "fuchsia.BIND_PCI_DID = %u;\n", ""},
    {"syntax errors on a line", "", "a b%u; ", ""},
    {"comments", "", "/* %u */ // x\n", "true;"},
    {"nested comments", "", "/* %u ", ""},
    {"parents", "composite c; primary parent \"p\" { true; }", "parent \"%u\" { true; }\n", ""},
    {"open blocks", "", "if a == %u { ", ""},
};

static void make_text(const shape_t* shape, unsigned count, bc_buffer_t* out) {
    bc_buffer_text(out, shape->head);
    for (unsigned i = 0; i < count; i++) {
        char piece[128];
        snprintf(piece, sizeof(piece), shape->piece, i);
        bc_buffer_text(out, piece);
    }
    bc_buffer_text(out, shape->tail);
}

static void print_quietly(const bc_diagnostics_t* diagnostics) {
    FILE* file = fopen("/dev/null", "w");
    bc_diagnostics_print(diagnostics, file);
    bc_diagnostics_print_json(diagnostics, file);
    fclose(file);
}

static double compile_time(const shape_t* shape, unsigned count) {
    bc_buffer_t text = {0};
    make_text(shape, count, &text);
    double best = 1e9;
    for (int i = 0; i < 2; i++) {
        bc_compiler_t compiler;
        bc_buffer_t bytes = {0};
        const double start = now();
        bc_compiler_init(&compiler);
        bc_compiler_set_rules_text(&compiler, "rules", text.data, text.size);
        bc_compiler_compile(&compiler, &(bc_options_t){0}, &bytes);
        print_quietly(&compiler.diagnostics);
        bc_buffer_fini(&bytes);
        bc_compiler_fini(&compiler);
        const double took = now() - start;
        best = took < best ? took : best;
    }
    bc_buffer_fini(&text);
    return best;
}

static double format_time(const shape_t* shape, unsigned count) {
    bc_buffer_t text = {0};
    make_text(shape, count, &text);
    double best = 1e9;
    for (int i = 0; i < 2; i++) {
        bc_arena_t arena = {0};
        bc_diagnostics_t diagnostics = {.arena = &arena};
        bc_buffer_t out = {0};
        const double start = now();
        const bc_source_t* source =
            bc_source_from_text(&diagnostics, "rules", 0, text.data, text.size);
        bc_format_source(&diagnostics, source, &out);
        bc_buffer_fini(&out);
        bc_arena_fini(&arena);
        const double took = now() - start;
        best = took < best ? took : best;
    }
    bc_buffer_fini(&text);
    return best;
}

static double spec_time(const shape_t* shape, unsigned count) {
    bc_buffer_t text = {0};
    make_text(shape, count, &text);
    double best = 1e9;
    for (int i = 0; i < 2; i++) {
        bc_arena_t arena = {0};
        bc_diagnostics_t diagnostics = {.arena = &arena};
        bc_spec_t spec;
        const double start = now();
        bc_spec_parse(&diagnostics,
                      bc_source_from_text(&diagnostics, "spec", 0, text.data, text.size), &spec);
        bc_arena_fini(&arena);
        const double took = now() - start;
        best = took < best ? took : best;
    }
    bc_buffer_fini(&text);
    return best;
}

static void check(const shape_t* shape, double (*measure)(const shape_t*, unsigned)) {
    const double small = measure(shape, SMALL);
    const double large = measure(shape, LARGE);
    // Below a millisecond the clock and the first touch of memory decide.
    cr_expect_lt(large, LIMIT * (small < 0.001 ? 0.001 : small), "%s: %.1f ms, then %.1f ms",
                 shape->name, small * 1e3, large * 1e3);
}

Test(bind_scale, compiling) {
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        check(&shapes[i], compile_time);
    }
}

Test(bind_scale, formatting) {
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
        check(&shapes[i], format_time);
    }
}

Test(bind_scale, test_specifications) {
    static const shape_t cases = {
        "cases", "[ ",
        "{\"name\": \"%u\", \"expected\": \"match\", \"device\": {\"a.b\": \"1\"}},\n",
        "{\"name\": \"\", \"expected\": \"match\", \"device\": {}}]"};
    static const shape_t tests = {
        "tests of a parent", "[{\"parent\": \"p\", \"tests\": [",
        "{\"name\": \"%u\", \"expected\": \"match\", \"device\": {\"a.b\": \"1\"}},\n",
        "{\"name\": \"\", \"expected\": \"match\", \"device\": {}}]}]"};
    check(&cases, spec_time);
    check(&tests, spec_time);
}
