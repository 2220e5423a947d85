// SPDX-License-Identifier: MIT
// Random rules on random devices: bytecode, version 1 words, the debugger and explain must agree
// wherever they mean the same; listing and assembling gives the same bytes; formatting changes no
// byte, keeps all comments and is stable.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bind/match.h>

#include "bytecode.h"
#include "format.h"
#include "random_rules.h"
#include "symbolic.h"

#define PROGRAM_COUNT 400u
#define DEVICE_COUNT  12u

static bool explains_match(const bind_program_t* program, const bc_code_t* origin,
                           const bind_property_t* props, size_t count) {
    bc_buffer_t text = {0};
    const bool is_match =
        bc_explain(program, program->body, program->body_size, origin, props, count, &text);
    bc_buffer_u8(&text, 0);
    const char* last =
        is_match ? "The program matches the device.\n" : "The program does not match the device.\n";
    cr_assert_not_null(strstr((const char*)text.data, last));
    bc_buffer_fini(&text);
    return is_match;
}

static void check_device(compiled_t* v2, compiled_t* v1, bool all, unsigned key_count,
                         const char* rules, size_t* counts) {
    char* text = random_device(key_count, all);
    bc_device_t device;
    size_t count;
    const bind_property_t* props = random_read_device(v2, text, &device, &count);
    bind_program_t program;
    bool is_match;
    cr_assert_eq(bind_program_read(v2->bytes.data, v2->bytes.size, &program, NULL), ZX_OK);
    cr_assert_eq(bind_program_match(&program, props, count, &is_match, NULL), ZX_OK);
    counts[is_match]++;
    const bc_rules_t* parsed = v2->compiler.rules;
    cr_assert_eq(bc_symbolic_run(&v2->compiler.symbols, parsed, &parsed->block, &device, NULL),
                 is_match, "%s\n%s", rules, text);
    cr_assert_eq(explains_match(&program, &v2->compiler.program.code, props, count), is_match);
    cr_assert_eq(explains_match(&program, NULL, props, count), is_match);
    if (v1 != NULL) {
        cr_assert_eq(random_run_words(&v1->bytes, props, count), is_match, "%s\n%s", rules, text);
    }
    free(text);
}

Test(bind_agreement, all_engines) {
    size_t counts[2] = {0};
    for (unsigned i = 0; i < PROGRAM_COUNT; i++) {
        char* rules = random_rules(7, i % 2 == 0, NULL);
        compiled_t v2;
        random_compile(rules, BC_FORMAT_V2, &v2);
        for (unsigned d = 0; d < DEVICE_COUNT; d++) {
            check_device(&v2, NULL, false, 7, rules, counts);
        }
        random_fini(&v2);
        free(rules);
    }
    cr_expect_gt(counts[0], 500);
    cr_expect_gt(counts[1], 500);
}

// On devices that have every property absent and 0 are not to be told apart.
Test(bind_agreement, version_1) {
    size_t counts[2] = {0};
    for (unsigned i = 0; i < PROGRAM_COUNT; i++) {
        char* rules = random_rules(3, false, NULL);
        compiled_t v2;
        compiled_t v1;
        random_compile(rules, BC_FORMAT_V2, &v2);
        random_compile(rules, BC_FORMAT_V1, &v1);
        for (unsigned d = 0; d < DEVICE_COUNT; d++) {
            check_device(&v2, &v1, true, 3, rules, counts);
        }
        random_fini(&v2);
        random_fini(&v1);
        free(rules);
    }
    cr_expect_gt(counts[0], 300);
    cr_expect_gt(counts[1], 300);
}

static void check_listing(const bc_buffer_t* bytes) {
    bind_program_t program;
    bc_buffer_t listing = {0};
    bc_buffer_t again = {0};
    bc_arena_t arena = {0};
    bc_diagnostics_t diagnostics = {.arena = &arena};
    cr_assert_eq(bind_program_read(bytes->data, bytes->size, &program, NULL), ZX_OK);
    bc_dump(&program, &listing);
    const bc_source_t* source =
        bc_source_from_text(&diagnostics, "listing", 0, listing.data, listing.size);
    cr_assert(bc_assemble(&diagnostics, source, &again), "%.*s", (int)listing.size,
              (const char*)listing.data);
    cr_assert_eq(again.size, bytes->size);
    cr_assert_arr_eq(again.data, bytes->data, bytes->size);
    bc_buffer_fini(&listing);
    bc_buffer_fini(&again);
    bc_arena_fini(&arena);
}

// Takes programs with symbols in any order, unused and twice, and jumps to anywhere.
static void damage(bc_buffer_t* bytes) {
    const size_t start = 17;
    for (unsigned i = 0; i < 4; i++) {
        bytes->data[start + random_below((unsigned)(bytes->size - start))] =
            (uint8_t)random_below(random_below(2) == 0 ? 8 : 256);
    }
}

Test(bind_agreement, listings_assemble_to_the_same_bytes) {
    size_t damaged = 0;
    for (unsigned i = 0; i < PROGRAM_COUNT; i++) {
        char* rules = random_rules(7, false, NULL);
        compiled_t v2;
        random_compile(rules, BC_FORMAT_V2, &v2);
        check_listing(&v2.bytes);
        for (unsigned j = 0; j < 200 && v2.bytes.size > 25; j++) {
            bc_buffer_t copy = {0};
            bind_program_t program;
            bc_buffer_append(&copy, v2.bytes.data, v2.bytes.size);
            damage(&copy);
            if (bind_program_read(copy.data, copy.size, &program, NULL) == ZX_OK &&
                !program.has_debug) {
                check_listing(&copy);
                damaged++;
            }
            bc_buffer_fini(&copy);
        }
        random_fini(&v2);
        free(rules);
    }
    cr_expect_gt(damaged, 1000);
}

static char* format(const char* rules) {
    bc_arena_t arena = {0};
    bc_diagnostics_t diagnostics = {.arena = &arena};
    bc_buffer_t out = {0};
    const bc_source_t* source = bc_source_from_text(&diagnostics, "rules", 0, rules, strlen(rules));
    cr_assert(bc_format_source(&diagnostics, source, &out), "%s", rules);
    bc_buffer_u8(&out, 0);
    bc_arena_fini(&arena);
    return (char*)out.data;
}

static unsigned count_comments(const char* text) {
    unsigned count = 0;
    for (const char* at = text; (at = strstr(at, " c")) != NULL; at++) {
        count += at[-1] == '/' || at[-1] == '*';
    }
    return count;
}

Test(bind_agreement, formatting) {
    for (unsigned i = 0; i < PROGRAM_COUNT * 2; i++) {
        unsigned comments;
        char* rules = random_rules(7, true, &comments);
        char* formatted = format(rules);
        char* again = format(formatted);
        cr_assert_str_eq(formatted, again, "%s\n---\n%s", rules, formatted);
        cr_assert_eq(count_comments(formatted), comments, "%s\n---\n%s", rules, formatted);
        compiled_t before;
        compiled_t after;
        random_compile(rules, BC_FORMAT_V2, &before);
        random_compile(formatted, BC_FORMAT_V2, &after);
        cr_assert_eq(before.bytes.size, after.bytes.size);
        cr_assert_arr_eq(before.bytes.data, after.bytes.data, before.bytes.size);
        random_fini(&before);
        random_fini(&after);
        free(rules);
        free(formatted);
        free(again);
    }
}
