// SPDX-License-Identifier: MIT
// The match index against trying every program: random programs and devices, damaged programs,
// adding and removing, and the cases that are easy to get wrong.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bind/index.h>
#include <zircon/errors.h>

#define MAX_BYTES   4096u
#define MAX_HITS    512u
#define MAX_ENTRIES 300u

// ------------------------------------------------------------------------- programs from nothing

static const char* const texts[] = {"l.A", "l.B", "l.C", "fuchsia.BIND_PCI_VID", "a", "b", "c"};
#define TEXT_COUNT 7u
#define KEY_TEXTS  4u
static const uint32_t number_keys[] = {1, 2, 0x100, 0x101, 0x7000, 0x8000};
#define NUMBER_KEYS 6u

typedef struct code {
    uint8_t bytes[MAX_BYTES];
    size_t size;
} code_t;

static void put_u8(code_t* code, unsigned value) {
    cr_assert_lt(code->size, MAX_BYTES);
    code->bytes[code->size++] = (uint8_t)value;
}

static void put_u32(code_t* code, uint32_t value) {
    for (unsigned i = 0; i < 4; i++) {
        put_u8(code, value >> (8 * i) & 0xff);
    }
}

static void patch_u32(code_t* code, size_t at, uint32_t value) {
    for (unsigned i = 0; i < 4; i++) {
        code->bytes[at + i] = (uint8_t)(value >> (8 * i));
    }
}

static void put_text(code_t* code, const char* text) {
    for (size_t i = 0; i < strlen(text); i++) {
        put_u8(code, (unsigned char)text[i]);
    }
}

static size_t begin_program(code_t* code) {
    code->size = 0;
    put_text(code, "BIND");
    put_u32(code, 2);
    put_u8(code, 0);
    put_text(code, "SYNB");
    const size_t size_at = code->size;
    put_u32(code, 0);
    for (uint32_t i = 0; i < TEXT_COUNT; i++) {
        put_u32(code, i + 1);
        put_text(code, texts[i]);
        put_u8(code, 0);
    }
    patch_u32(code, size_at, (uint32_t)(code->size - size_at - 4));
    put_text(code, "INST");
    put_u32(code, 0);
    return code->size - 4;
}

static void end_program(code_t* code, size_t size_at) {
    patch_u32(code, size_at, (uint32_t)(code->size - size_at - 4));
}

static uint64_t state = 0x2545f4914f6cdd1du;

static unsigned random_below(unsigned limit) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 32) % limit);
}

// How many different values there are: with few of them programs and devices meet often.
static unsigned spread = 3;

static void put_random_key(code_t* code) {
    if (random_below(2) == 0) {
        put_u8(code, 0);
        put_u32(code, 1 + random_below(KEY_TEXTS));
    } else {
        put_u8(code, 1);
        put_u32(code, number_keys[random_below(NUMBER_KEYS)]);
    }
}

static void put_random_value(code_t* code) {
    const unsigned kind = random_below(8);
    if (kind < 4) {
        put_u8(code, BIND_VALUE_NUMBER);
        put_u32(code, random_below(spread));
    } else if (kind < 7) {
        put_u8(code, random_below(2) == 0 ? BIND_VALUE_STRING : BIND_VALUE_ENUM);
        put_u32(code, 1 + KEY_TEXTS + random_below(TEXT_COUNT - KEY_TEXTS));
    } else {
        put_u8(code, BIND_VALUE_BOOL);
        put_u32(code, random_below(2));
    }
}

static void put_condition(code_t* code) {
    put_u8(code, random_below(4) != 0 ? BIND_OP_EQUAL : BIND_OP_NOT_EQUAL);
    put_random_key(code);
    put_random_value(code);
}

static void land(code_t* code, const size_t* jumps, size_t count) {
    // jumps[i] is the offset of a jump's operand; its size is in the opcode before.
    for (size_t i = 0; i < count; i++) {
        const size_t length = code->bytes[jumps[i] - 1] == BIND_OP_JUMP ? 4 : 14;
        patch_u32(code, jumps[i], (uint32_t)(code->size - jumps[i] - length));
    }
    put_u8(code, BIND_OP_LABEL);
}

static size_t put_jump(code_t* code, bind_opcode_t opcode) {
    put_u8(code, opcode);
    put_u32(code, 0);
    return code->size - 4;
}

static void put_accept(code_t* code) {
    size_t jumps[8];
    code_t key = {.size = 0};
    put_random_key(&key);
    const size_t count = 1 + random_below(random_below(4) == 0 ? 8 : 3);
    for (size_t i = 0; i < count; i++) {
        jumps[i] = put_jump(code, BIND_OP_JUMP_EQUAL);
        for (size_t j = 0; j < key.size; j++) {
            put_u8(code, key.bytes[j]);
        }
        put_random_value(code);
    }
    put_u8(code, BIND_OP_ABORT);
    land(code, jumps, count);
}

static void put_block(code_t* code, unsigned depth) {
    const unsigned count = random_below(3) + (depth == 0);
    for (unsigned i = 0; i < count; i++) {
        if (random_below(3) == 0) {
            put_accept(code);
        } else {
            put_condition(code);
        }
    }
    if (random_below(10) == 0) {
        put_u8(code, BIND_OP_ABORT);
    } else if (depth < 3 && random_below(2) == 0) {
        const size_t other =
            put_jump(code, random_below(2) == 0 ? BIND_OP_JUMP_EQUAL : BIND_OP_JUMP_NOT_EQUAL);
        put_random_key(code);
        put_random_value(code);
        put_block(code, depth + 1);
        const size_t end = put_jump(code, BIND_OP_JUMP);
        land(code, &other, 1);
        put_block(code, depth + 1);
        land(code, &end, 1);
    }
}

static void make_program(code_t* code) {
    const size_t size_at = begin_program(code);
    put_block(code, 0);
    end_program(code, size_at);
}

// ----------------------------------------------------------------------------------- devices

#define MAX_PROPS 12u

static size_t make_device(bind_property_t* props) {
    const size_t count = random_below(MAX_PROPS + 1);
    for (size_t i = 0; i < count; i++) {
        bind_property_t* prop = &props[i];
        *prop = (bind_property_t){0};
        if (random_below(2) == 0) {
            prop->key = texts[random_below(KEY_TEXTS)];
        } else {
            prop->id = number_keys[random_below(NUMBER_KEYS)];
        }
        const unsigned kind = random_below(16);
        prop->type = kind < 8    ? BIND_VALUE_NUMBER
                     : kind < 11 ? BIND_VALUE_STRING
                     : kind < 13 ? BIND_VALUE_ENUM
                     : kind < 15 ? BIND_VALUE_BOOL
                                 : BIND_VALUE_KEY;  // not valid
        prop->number = random_below(spread);
        prop->boolean = random_below(2) == 0;
        prop->string = random_below(8) == 0 ? "unheard of" : texts[KEY_TEXTS + random_below(3)];
        if (kind == 12 && random_below(4) == 0) {
            prop->string = NULL;  // not valid either
        }
    }
    return count;
}

// ----------------------------------------------------------------------------------- comparing

typedef struct fixture {
    bind_index_t* index;
    code_t codes[MAX_ENTRIES];
    bind_program_t programs[MAX_ENTRIES];
    uint32_t ids[MAX_ENTRIES];
    bool is_in[MAX_ENTRIES];
    size_t hits;
    size_t lookups;
} fixture_t;

static fixture_t* fixture_create(void) {
    fixture_t* fixture = calloc(1, sizeof(*fixture));
    cr_assert_eq(bind_index_create(&fixture->index), ZX_OK);
    return fixture;
}

static void fixture_destroy(fixture_t* fixture) {
    bind_index_destroy(fixture->index);
    free(fixture);
}

static int compare_hits(const void* a, const void* b) {
    const uint32_t x = ((const bind_index_hit_t*)a)->id;
    const uint32_t y = ((const bind_index_hit_t*)b)->id;
    return (x > y) - (x < y);
}

// Both ways of finding must give the same entries with the same specificities and contexts.
static void check_device(fixture_t* fixture, const bind_property_t* props, size_t count) {
    bind_index_hit_t found[MAX_HITS];
    bind_index_hit_t wanted[MAX_HITS];
    size_t found_count = 0;
    size_t wanted_count = 0;
    cr_assert_eq(bind_index_find(fixture->index, props, count, found, MAX_HITS, &found_count),
                 ZX_OK);
    cr_assert_eq(
        bind_index_find_linear(fixture->index, props, count, wanted, MAX_HITS, &wanted_count),
        ZX_OK);
    cr_assert_eq(found_count, wanted_count);
    qsort(found, found_count, sizeof(found[0]), compare_hits);
    qsort(wanted, wanted_count, sizeof(wanted[0]), compare_hits);
    for (size_t i = 0; i < found_count; i++) {
        cr_assert_eq(found[i].id, wanted[i].id);
        cr_assert_eq(found[i].context, wanted[i].context);
        cr_assert_eq(found[i].specificity, wanted[i].specificity);
    }
    fixture->hits += found_count;
    fixture->lookups++;
}

static void add(fixture_t* fixture, size_t i) {
    const bind_index_entry_t entry = {.program = &fixture->programs[i],
                                      .context = &fixture->codes[i]};
    cr_assert_eq(bind_index_add(fixture->index, &entry, &fixture->ids[i]), ZX_OK);
    fixture->is_in[i] = true;
}

static void make_readable(fixture_t* fixture, size_t i, bool is_damaged) {
    code_t* code = &fixture->codes[i];
    zx_status_t status;
    do {
        make_program(code);
        for (unsigned k = 0; is_damaged && k < 3; k++) {
            // Beyond the header: symbols mostly fail to read, instructions often do not.
            code->bytes[25 + random_below((unsigned)code->size - 25)] = (uint8_t)random_below(256);
        }
        status = bind_program_read(code->bytes, code->size, &fixture->programs[i], NULL);
        cr_assert(is_damaged || status == ZX_OK);
    } while (status != ZX_OK);
}

static void run_rounds(fixture_t* fixture, unsigned rounds, bool is_damaged) {
    for (unsigned round = 0; round < rounds; round++) {
        const size_t i = random_below(MAX_ENTRIES);
        if (fixture->is_in[i] && random_below(2) == 0) {
            cr_assert_eq(bind_index_remove(fixture->index, fixture->ids[i]), ZX_OK);
            fixture->is_in[i] = false;
        } else if (!fixture->is_in[i]) {
            make_readable(fixture, i, is_damaged && random_below(2) == 0);
            add(fixture, i);
        }
        bind_property_t props[MAX_PROPS];
        for (unsigned k = 0; k < 6; k++) {
            check_device(fixture, props, make_device(props));
        }
    }
}

Test(bind_index, same_as_trying_all) {
    fixture_t* fixture = fixture_create();
    run_rounds(fixture, 2500, false);
    cr_expect_gt(fixture->hits, fixture->lookups);
    spread = 40;
    run_rounds(fixture, 1500, false);
    fixture_destroy(fixture);
}

Test(bind_index, same_for_damaged_programs) {
    fixture_t* fixture = fixture_create();
    run_rounds(fixture, 2500, true);
    cr_expect_gt(fixture->hits, fixture->lookups);
    fixture_destroy(fixture);
}

Test(bind_index, empty_again_after_all_are_removed) {
    fixture_t* fixture = fixture_create();
    bind_index_stats_t stats;
    for (size_t i = 0; i < MAX_ENTRIES; i++) {
        make_readable(fixture, i, false);
        add(fixture, i);
    }
    bind_index_get_stats(fixture->index, &stats);
    cr_assert_eq(stats.entries, MAX_ENTRIES);
    cr_assert_gt(stats.paths, MAX_ENTRIES / 2);
    cr_assert_gt(stats.exact, 0);
    cr_assert_gt(stats.residual, 0);
    cr_assert_gt(stats.shapes, 8);
    for (size_t i = 0; i < MAX_ENTRIES; i++) {
        cr_assert_eq(bind_index_remove(fixture->index, fixture->ids[i]), ZX_OK);
        cr_assert_eq(bind_index_remove(fixture->index, fixture->ids[i]), ZX_ERR_NOT_FOUND);
    }
    bind_index_get_stats(fixture->index, &stats);
    cr_assert_eq(stats.entries + stats.paths + stats.exact + stats.shapes + stats.keys, 0);
    cr_assert_eq(stats.residual, 0);
    bind_property_t props[MAX_PROPS];
    check_device(fixture, props, make_device(props));
    cr_assert_eq(fixture->hits, 0);
    fixture_destroy(fixture);
}

// ------------------------------------------------------------------------------- special cases

static void put_equal(code_t* code, uint8_t key_type, uint32_t key, uint32_t number) {
    put_u8(code, BIND_OP_EQUAL);
    put_u8(code, key_type);
    put_u32(code, key);
    put_u8(code, BIND_VALUE_NUMBER);
    put_u32(code, number);
}

// accept lists one after the other: ways multiply.
static void make_wide_program(code_t* code, unsigned lists, unsigned values) {
    const size_t size_at = begin_program(code);
    for (unsigned list = 0; list < lists; list++) {
        size_t jumps[64];
        for (unsigned i = 0; i < values; i++) {
            jumps[i] = put_jump(code, BIND_OP_JUMP_EQUAL);
            put_u8(code, BIND_VALUE_NUMBER);
            put_u32(code, 0x100 + list);
            put_u8(code, BIND_VALUE_NUMBER);
            put_u32(code, i);
        }
        put_u8(code, BIND_OP_ABORT);
        land(code, jumps, values);
    }
    end_program(code, size_at);
}

static void read_and_add(fixture_t* fixture, size_t i) {
    code_t* code = &fixture->codes[i];
    cr_assert_eq(bind_program_read(code->bytes, code->size, &fixture->programs[i], NULL), ZX_OK);
    add(fixture, i);
}

// 40 * 40 ways are too many to keep apart: one key's values are used. 10 * 10 are not.
Test(bind_index, programs_with_many_ways) {
    fixture_t* fixture = fixture_create();
    bind_index_stats_t stats;
    make_wide_program(&fixture->codes[0], 2, 40);
    make_wide_program(&fixture->codes[1], 2, 10);
    read_and_add(fixture, 0);
    bind_index_get_stats(fixture->index, &stats);
    cr_assert_eq(stats.residual, 0);
    cr_assert_eq(stats.paths, 40);
    cr_assert_eq(stats.exact, 0);
    read_and_add(fixture, 1);
    bind_index_get_stats(fixture->index, &stats);
    cr_assert_eq(stats.paths, 140);
    cr_assert_eq(stats.exact, 100);
    for (uint32_t i = 0; i < 45; i++) {
        const bind_property_t props[] = {
            {.id = 0x100, .type = BIND_VALUE_NUMBER, .number = i},
            {.id = 0x101, .type = BIND_VALUE_NUMBER, .number = i * 7 % 45},
        };
        check_device(fixture, props, 2);
    }
    cr_assert_gt(fixture->hits, 30);
    fixture_destroy(fixture);
}

// More sets of keys than there are places for, then fewer again.
Test(bind_index, more_sets_of_keys_than_places) {
    fixture_t* fixture = fixture_create();
    bind_index_stats_t stats;
    for (size_t i = 0; i < MAX_ENTRIES; i++) {
        code_t* code = &fixture->codes[i];
        const size_t size_at = begin_program(code);
        put_equal(code, BIND_VALUE_NUMBER, (uint32_t)(0x9000 + i), 1);
        put_equal(code, BIND_VALUE_NUMBER, (uint32_t)(0x100 + i % 7), 2);
        end_program(code, size_at);
        read_and_add(fixture, i);
    }
    bind_index_get_stats(fixture->index, &stats);
    cr_assert_gt(stats.shapes, 64);
    cr_assert_lt(stats.shapes, MAX_ENTRIES / 2);
    cr_assert_eq(stats.residual, 0);
    for (uint32_t i = 0; i < MAX_ENTRIES; i++) {
        const bind_property_t props[] = {
            {.id = 0x9000 + i, .type = BIND_VALUE_NUMBER, .number = 1},
            {.id = 0x100 + i % 7, .type = BIND_VALUE_NUMBER, .number = 2},
            {.id = 0x9000 + (i + 7) % MAX_ENTRIES, .type = BIND_VALUE_NUMBER, .number = 1},
        };
        check_device(fixture, props, 3);
    }
    cr_assert_geq(fixture->hits, MAX_ENTRIES);
    fixture_destroy(fixture);
}

// Of two properties with one key the first counts, of BIND_PROTOCOL the last; a legacy number key
// is also found by its name, but only when the number is absent.
Test(bind_index, which_property_counts) {
    fixture_t* fixture = fixture_create();
    static const uint32_t keys[] = {0x100, 1};
    for (size_t i = 0; i < 2; i++) {
        const size_t size_at = begin_program(&fixture->codes[i]);
        put_equal(&fixture->codes[i], BIND_VALUE_NUMBER, keys[i], 1);
        end_program(&fixture->codes[i], size_at);
        read_and_add(fixture, i);
    }
    const bind_property_t vid[] = {
        {.key = "fuchsia.BIND_PCI_VID", .type = BIND_VALUE_NUMBER, .number = 1},
        {.id = 0x100, .type = BIND_VALUE_NUMBER, .number = 2},
        {.id = 0x100, .type = BIND_VALUE_NUMBER, .number = 1},
    };
    check_device(fixture, vid, 3);
    cr_assert_eq(fixture->hits, 0);
    check_device(fixture, vid, 1);
    check_device(fixture, vid + 2, 1);
    cr_assert_eq(fixture->hits, 2);
    const bind_property_t protocol[] = {
        {.id = 1, .type = BIND_VALUE_NUMBER, .number = 1},
        {.id = 1, .type = BIND_VALUE_NUMBER, .number = 2},
    };
    check_device(fixture, protocol, 2);
    cr_assert_eq(fixture->hits, 2);
    check_device(fixture, protocol, 1);
    cr_assert_eq(fixture->hits, 3);
    fixture_destroy(fixture);
}

Test(bind_index, patterns) {
    fixture_t* fixture = fixture_create();
    const size_t size_at = begin_program(&fixture->codes[0]);
    put_equal(&fixture->codes[0], BIND_VALUE_NUMBER, 0x100, 1);
    end_program(&fixture->codes[0], size_at);
    cr_assert_eq(bind_program_read(fixture->codes[0].bytes, fixture->codes[0].size,
                                   &fixture->programs[0], NULL),
                 ZX_OK);
    bind_index_entry_t entry = {.program = &fixture->programs[0], .pattern = "x[0-9]*z"};
    uint32_t id;
    cr_assert_eq(bind_index_add(fixture->index, &entry, &id), ZX_ERR_INVALID_ARGS);
    entry.pattern_key = "l.A";
    cr_assert_eq(bind_index_add(fixture->index, &entry, &id), ZX_OK);
    bind_property_t props[] = {{.id = 0x100, .type = BIND_VALUE_NUMBER, .number = 1},
                               {.key = "l.A", .type = BIND_VALUE_STRING, .string = "x5yyz"}};
    check_device(fixture, props, 2);
    cr_assert_eq(fixture->hits, 1);
    props[1].string = "xyz";
    check_device(fixture, props, 2);
    props[1].type = BIND_VALUE_BOOL;
    check_device(fixture, props, 2);
    check_device(fixture, props, 1);
    cr_assert_eq(fixture->hits, 1);
    fixture_destroy(fixture);
}

static void make_pattern(char* out, size_t pieces) {
    static const char* const parts[] = {"aba", "ab", "bba", "a", "*", "?", "[ab]", "\\a", "[!b]*"};
    *out = 0;
    for (size_t i = 0; i < pieces; i++) {
        strcat(out, parts[random_below(9)]);
    }
}

// Patterns for two properties, of which the first that comes in gets the triples of letters.
Test(bind_index, random_patterns) {
    fixture_t* fixture = fixture_create();
    static char patterns[200][64];
    code_t* code = &fixture->codes[0];
    const size_t size_at = begin_program(code);
    put_equal(code, BIND_VALUE_NUMBER, 0x100, 1);
    end_program(code, size_at);
    cr_assert_eq(bind_program_read(code->bytes, code->size, &fixture->programs[0], NULL), ZX_OK);
    for (size_t i = 0; i < 200; i++) {
        make_pattern(patterns[i], 1 + random_below(7));
        const bind_index_entry_t entry = {.program = &fixture->programs[0],
                                          .pattern_key = i % 4 == 3 ? "l.B" : "l.A",
                                          .pattern = patterns[i]};
        cr_assert_eq(bind_index_add(fixture->index, &entry, &fixture->ids[i]), ZX_OK);
    }
    for (unsigned round = 0; round < 2000; round++) {
        char text[2][16];
        for (size_t i = 0; i < 2; i++) {
            const size_t size = random_below(13);
            for (size_t c = 0; c < size; c++) {
                text[i][c] = random_below(2) == 0 ? 'a' : 'b';
            }
            text[i][size] = 0;
        }
        const bind_property_t props[] = {
            {.id = 0x100, .type = BIND_VALUE_NUMBER, .number = 1},
            {.key = "l.A", .type = BIND_VALUE_STRING, .string = text[0]},
            {.key = "l.B", .type = BIND_VALUE_STRING, .string = text[1]},
        };
        check_device(fixture, props, 1 + random_below(3));
    }
    cr_assert_gt(fixture->hits, 2 * fixture->lookups);
    cr_assert_lt(fixture->hits, 100 * fixture->lookups);
    fixture_destroy(fixture);
}

Test(bind_index, buffers_and_bad_arguments) {
    fixture_t* fixture = fixture_create();
    for (size_t i = 0; i < 5; i++) {
        end_program(&fixture->codes[i], begin_program(&fixture->codes[i]));
        read_and_add(fixture, i);
    }
    bind_index_hit_t hits[5];
    size_t count = 0;
    cr_assert_eq(bind_index_find(fixture->index, NULL, 0, hits, 3, &count),
                 ZX_ERR_BUFFER_TOO_SMALL);
    cr_assert_eq(count, 5);
    cr_assert_eq(bind_index_find(fixture->index, NULL, 0, NULL, 0, &count),
                 ZX_ERR_BUFFER_TOO_SMALL);
    cr_assert_eq(bind_index_find(fixture->index, NULL, 0, hits, 5, &count), ZX_OK);
    cr_assert_eq(bind_index_find(fixture->index, NULL, 1, hits, 5, &count), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(bind_index_find(NULL, NULL, 0, hits, 5, &count), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(bind_index_find(fixture->index, NULL, 0, hits, 5, NULL), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(bind_index_remove(fixture->index, 5), ZX_ERR_NOT_FOUND);
    cr_assert_eq(bind_index_add(fixture->index, NULL, fixture->ids), ZX_ERR_INVALID_ARGS);
    bind_property_t many[BIND_INDEX_MAX_PROPERTIES + 1];
    for (uint32_t i = 0; i <= BIND_INDEX_MAX_PROPERTIES; i++) {
        many[i] = (bind_property_t){.id = i, .type = BIND_VALUE_NUMBER, .number = i};
    }
    cr_assert_eq(
        bind_index_find(fixture->index, many, BIND_INDEX_MAX_PROPERTIES + 1, hits, 5, &count),
        ZX_OK);
    cr_assert_eq(count, 5);
    bind_index_destroy(NULL);
    fixture_destroy(fixture);
}
