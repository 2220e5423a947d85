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
#include "fixture.h"
#include "format.h"
#include "symbolic.h"

#define PROGRAM_COUNT 400u
#define DEVICE_COUNT  12u
#define MAX_DEPTH     4u

static const char library[] =
    "library l; uint U { ONE = 1 }; string S { A = \"a\" }; bool B; enum E { P, Q };";

static uint64_t state = 0x853c49e6748fea9bu;

static unsigned random_below(unsigned limit) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 32) % limit);
}

typedef struct key {
    const char* name;
    const char* values[4];
} key_t_;

// The first three keys are all that version 1 has.
static const key_t_ keys[] = {
    {"fuchsia.BIND_PROTOCOL", {"0", "1", "2", "0xffffffff"}},
    {"fuchsia.BIND_PCI_VID", {"1", "2", "3", "l.U.ONE"}},
    {"fuchsia.BIND_PCI_DID", {"0", "1", "7", "9"}},
    {"l.U", {"0", "1", "l.U.ONE", "2"}},
    {"l.S", {"\"a\"", "l.S.A", "\"b\\\"c\"", "\"d\""}},
    {"l.B", {"true", "false", "true", "false"}},
    {"l.E", {"l.E.P", "l.E.Q", "l.E.P", "l.E.Q"}},
};

typedef struct maker {
    FILE* out;
    unsigned key_count;
    bool is_untidy;  // comments and odd spacing
    unsigned comments;
} maker_t;

static void gap(maker_t* maker) {
    static const char* const gaps[] = {" ",         "\n",      "  \t",     "\n\n\n",
                                       " /* c */ ", " // c\n", "\n// c\n", "/* a /* c */ b\n */"};
    const unsigned choice = maker->is_untidy ? random_below(8) : 0;
    maker->comments += choice >= 4;
    fputs(gaps[choice], maker->out);
}

static void put(maker_t* maker, const char* text) {
    fputs(text, maker->out);
    gap(maker);
}

static void make_comparison(maker_t* maker) {
    const key_t_* key = &keys[random_below(maker->key_count)];
    put(maker, key->name);
    put(maker, random_below(3) == 0 ? "==" : "!=");
    put(maker, key->values[random_below(4)]);
}

static void make_accept(maker_t* maker) {
    const key_t_* key = &keys[random_below(maker->key_count)];
    const unsigned count = 1 + random_below(4);
    put(maker, "accept");
    put(maker, key->name);
    put(maker, "{");
    for (unsigned i = 0; i < count; i++) {
        put(maker, key->values[random_below(4)]);
        if (i + 1 < count || random_below(2) == 0) {
            put(maker, ",");
        }
    }
    put(maker, "}");
}

static void make_block(maker_t* maker, unsigned depth);

static void make_if(maker_t* maker, unsigned depth) {
    const unsigned branches = 1 + random_below(3);
    for (unsigned i = 0; i < branches; i++) {
        put(maker, "if");
        make_comparison(maker);
        put(maker, "{");
        make_block(maker, depth + 1);
        put(maker, "}");
        put(maker, "else");
    }
    put(maker, "{");
    make_block(maker, depth + 1);
    put(maker, "}");
}

static void make_block(maker_t* maker, unsigned depth) {
    const unsigned kind = random_below(8);
    if (kind < 2) {
        put(maker, kind == 0 ? "true" : "false");
        put(maker, ";");
        return;
    }
    const unsigned count = random_below(3);
    for (unsigned i = 0; i < count; i++) {
        if (random_below(3) == 0) {
            make_accept(maker);
        } else {
            make_comparison(maker);
            put(maker, ";");
        }
    }
    if (count == 0 && depth >= MAX_DEPTH) {
        put(maker, "true;");
    } else if (count == 0 || (depth < MAX_DEPTH && random_below(2) == 0)) {
        make_if(maker, depth);
    }
}

static char* make_rules(unsigned key_count, bool is_untidy, unsigned* out_comments) {
    char* text = NULL;
    size_t size = 0;
    maker_t maker = {open_memstream(&text, &size), key_count, is_untidy, 0};
    gap(&maker);
    make_block(&maker, 0);
    fclose(maker.out);
    if (out_comments != NULL) {
        *out_comments = maker.comments;
    }
    return text;
}

// `all`: every key is there.
static char* make_device(unsigned key_count, bool all) {
    char* text = NULL;
    size_t size = 0;
    FILE* file = open_memstream(&text, &size);
    for (unsigned i = 0; i < key_count; i++) {
        if (all || random_below(3) != 0) {
            fprintf(file, "%s = %s\n", keys[i].name, keys[i].values[random_below(4)]);
        }
    }
    fclose(file);
    return text;
}

// What version 1 says, as the driver manager of its time reads it: absent is 0.
static bool run_words(const bc_buffer_t* bytes, const bind_property_t* props, size_t count) {
    for (size_t at = 0; at + 12 <= bytes->size; at += 12) {
        uint32_t words[2];
        memcpy(words, bytes->data + at, sizeof(words));
        const uint32_t condition = words[0] >> 28;
        const uint32_t operation = words[0] >> 24 & 15;
        uint32_t value = 0;
        for (size_t i = 0; i < count; i++) {
            value = props[i].id == (words[0] & 0xffff) ? props[i].number : value;
        }
        if ((condition == 1 && value != words[1]) || (condition == 2 && value == words[1]) ||
            operation == 5) {
            continue;
        }
        if (operation < 2) {
            return operation == 1;
        }
        const uint8_t label = (uint8_t)(words[0] >> 16);
        do {
            at += 12;
        } while (at < bytes->size && (bytes->data[at + 3] != 0x05 || bytes->data[at + 2] != label));
    }
    return false;
}

typedef struct compiled {
    bc_compiler_t compiler;
    bc_buffer_t bytes;
} compiled_t;

static void compile(const char* rules, bc_format_t format, compiled_t* out) {
    const bc_options_t options = {.format = format};
    out->bytes = (bc_buffer_t){0};
    bc_compiler_init(&out->compiler);
    bc_compiler_add_library_text(&out->compiler, "l", library, strlen(library));
    bc_compiler_set_rules_text(&out->compiler, "rules", rules, strlen(rules));
    if (!bc_compiler_compile(&out->compiler, &options, &out->bytes)) {
        bc_diagnostics_print(&out->compiler.diagnostics, stderr);
        cr_assert_fail("%s", rules);
    }
}

static void fini(compiled_t* compiled) {
    bc_buffer_fini(&compiled->bytes);
    bc_compiler_fini(&compiled->compiler);
}

static const bind_property_t* read_device(compiled_t* compiled, const char* text,
                                          bc_device_t* out_device, size_t* out_count) {
    bc_compiler_t* compiler = &compiled->compiler;
    const bc_source_t* source =
        bc_source_from_text(&compiler->diagnostics, "device", 2, text, strlen(text));
    bc_device_parse(&compiler->diagnostics, source, out_device);
    bc_device_resolve(&compiler->symbols, NULL, out_device, BC_UNKNOWN_IGNORED);
    return bc_device_properties(out_device, false, &compiler->arena, out_count);
}

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
    char* text = make_device(key_count, all);
    bc_device_t device;
    size_t count;
    const bind_property_t* props = read_device(v2, text, &device, &count);
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
        cr_assert_eq(run_words(&v1->bytes, props, count), is_match, "%s\n%s", rules, text);
    }
    free(text);
}

Test(bind_agreement, all_engines) {
    size_t counts[2] = {0};
    for (unsigned i = 0; i < PROGRAM_COUNT; i++) {
        char* rules = make_rules(7, i % 2 == 0, NULL);
        compiled_t v2;
        compile(rules, BC_FORMAT_V2, &v2);
        for (unsigned d = 0; d < DEVICE_COUNT; d++) {
            check_device(&v2, NULL, false, 7, rules, counts);
        }
        fini(&v2);
        free(rules);
    }
    cr_expect_gt(counts[0], 500);
    cr_expect_gt(counts[1], 500);
}

// On devices that have every property absent and 0 are not to be told apart.
Test(bind_agreement, version_1) {
    size_t counts[2] = {0};
    for (unsigned i = 0; i < PROGRAM_COUNT; i++) {
        char* rules = make_rules(3, false, NULL);
        compiled_t v2;
        compiled_t v1;
        compile(rules, BC_FORMAT_V2, &v2);
        compile(rules, BC_FORMAT_V1, &v1);
        for (unsigned d = 0; d < DEVICE_COUNT; d++) {
            check_device(&v2, &v1, true, 3, rules, counts);
        }
        fini(&v2);
        fini(&v1);
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
        char* rules = make_rules(7, false, NULL);
        compiled_t v2;
        compile(rules, BC_FORMAT_V2, &v2);
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
        fini(&v2);
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
        char* rules = make_rules(7, true, &comments);
        char* formatted = format(rules);
        char* again = format(formatted);
        cr_assert_str_eq(formatted, again, "%s\n---\n%s", rules, formatted);
        cr_assert_eq(count_comments(formatted), comments, "%s\n---\n%s", rules, formatted);
        compiled_t before;
        compiled_t after;
        compile(rules, BC_FORMAT_V2, &before);
        compile(formatted, BC_FORMAT_V2, &after);
        cr_assert_eq(before.bytes.size, after.bytes.size);
        cr_assert_arr_eq(before.bytes.data, after.bytes.data, before.bytes.size);
        fini(&before);
        fini(&after);
        free(rules);
        free(formatted);
        free(again);
    }
}
