// SPDX-License-Identifier: MIT
// Decoding what a hostile peer may send. Each input lies in heap memory of exactly its size, so
// that the address sanitizer sees any byte read beyond it; whatever decodes is walked through
// whole.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdlib.h>
#include <string.h>

#include "zoo_value.h"

static uint8_t message[16 * 1024];
static size_t message_size;

static void setup(void) {
    zoo_everything_t value;
    zoo_value_fill(&value);
    pg_builder_t builder;
    pg_builder_init(&builder);
    cr_assert(eq(i32, zoo_everything_encode(&value, &builder), ZX_OK));
    const uint8_t* bytes = pg_builder_bytes(&builder, &message_size);
    cr_assert(le(sz, message_size, sizeof(message)));
    memcpy(message, bytes, message_size);
    pg_builder_take_handles(&builder, NULL);
    pg_builder_fini(&builder);
}

TestSuite(malformed, .init = setup);

// Encoding again reads every string and every element.
static void walk(const zoo_everything_t* value) {
    pg_builder_t builder;
    pg_builder_init(&builder);
    zoo_everything_encode(value, &builder);
    pg_builder_take_handles(&builder, NULL);
    pg_builder_fini(&builder);
}

static zx_status_t try_decode(const uint8_t* bytes, size_t size) {
    uint8_t* copy = malloc(size == 0 ? 1 : size);
    memcpy(copy, bytes, size);
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    zoo_everything_t value;
    const zx_status_t status =
        zoo_everything_decode(copy, size, zoo_value_handles(), ZOO_HANDLE_COUNT, &arena, &value);
    if (status == ZX_OK) {
        walk(&value);
    }
    pg_arena_fini(&arena);
    free(copy);
    return status;
}

Test(malformed, truncated_at_every_length) {
    cr_assert(eq(i32, try_decode(message, message_size), ZX_OK));
    for (size_t size = 0; size < message_size; size++) {
        const zx_status_t status = try_decode(message, size);
        // Up to 3 bytes of padding end the message; nobody misses those.
        if (size < message_size - 3 || status != ZX_OK) {
            cr_expect(eq(i32, status, ZX_ERR_IO_DATA_INTEGRITY), "%zu of %zu", size, message_size);
        }
    }
}

Test(malformed, every_byte_corrupted) {
    size_t refused = 0;
    for (size_t i = 0; i < message_size; i++) {
        const uint8_t original = message[i];
        for (unsigned bit = 0; bit < 10; bit++) {
            message[i] = bit < 8 ? original ^ (uint8_t)(1u << bit) : bit == 8 ? 0 : 255;
            const zx_status_t status = try_decode(message, message_size);
            cr_assert(status == ZX_OK || status == ZX_ERR_IO_DATA_INTEGRITY, "byte %zu as %u: %d",
                      i, message[i], status);
            refused += status != ZX_OK;
        }
        message[i] = original;
    }
    // Most of a message is structure.
    cr_expect(gt(sz, refused, message_size));
}

Test(malformed, random_bytes) {
    uint32_t random = 1;
    uint8_t bytes[512];
    for (unsigned round = 0; round < 20000; round++) {
        const size_t size = 4 + round % (sizeof(bytes) - 4);
        for (size_t i = 0; i < size; i++) {
            random = random * 1664525u + 1013904223u;
            // Small numbers are more likely to be followed than large ones.
            bytes[i] = i % 4 == 0 ? (uint8_t)(random >> 26) : (uint8_t)(random % 7 == 0);
        }
        try_decode(bytes, size);
    }
}

// -- one fault at a time, in messages written by hand

typedef struct fault {
    const char* what;
    uint8_t bytes[48];
    size_t size;
} fault_t;

// zoo.Leaf: root at 12 (vtable at 4: size 8, table 8, name at 4), string at 20.
#define LEAF_NAME 12, 0, 0, 0, 8, 0, 8, 0, 4, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0

static const fault_t faults[] = {
    {"root beyond the end", {64, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0}, 12},
    {"root offset of 0", {0, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0}, 12},
    {"root not aligned", {9, 0, 0, 0, 4, 0, 4, 0, 0, 4, 0, 0, 0}, 13},
    {"vtable before the start", {8, 0, 0, 0, 4, 0, 4, 0, 100, 0, 0, 0}, 12},
    {"vtable beyond the end", {8, 0, 0, 0, 4, 0, 4, 0, 0, 255, 255, 255}, 12},
    {"vtable not aligned", {8, 0, 0, 0, 4, 4, 0, 4, 3, 0, 0, 0}, 12},
    {"vtable shorter than its header", {8, 0, 0, 0, 2, 0, 4, 0, 4, 0, 0, 0}, 12},
    {"vtable that goes on beyond the end", {4, 0, 0, 0, 252, 255, 255, 255, 40, 0, 4, 0}, 12},
    {"vtable of odd size", {8, 0, 0, 0, 5, 0, 4, 0, 4, 0, 0, 0}, 12},
    {"vtable larger than the message", {8, 0, 0, 0, 40, 0, 4, 0, 4, 0, 0, 0}, 12},
    {"table larger than the message", {8, 0, 0, 0, 4, 0, 8, 0, 4, 0, 0, 0}, 12},
    {"table smaller than its own offset", {8, 0, 0, 0, 4, 0, 2, 0, 4, 0, 0, 0}, 12},
    {"field outside its table",
     {12, 0, 0, 0, 6, 0, 4, 0, 4, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0},
     25},
    {"field within the table's own offset",
     {12, 0, 0, 0, 6, 0, 8, 0, 2, 0, 0, 0, 8, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0},
     25},
    {"field not aligned", {12, 0, 0, 0, 8, 0, 16, 0, 0, 0, 6, 0, 8, 0, 0, 0}, 28},
    {"string longer than the message", {LEAF_NAME, 9, 0, 0, 0, 'a', 0}, 26},
    {"string of 4 GiB", {LEAF_NAME, 255, 255, 255, 255, 'a', 0}, 26},
    {"string without its NUL", {LEAF_NAME, 2, 0, 0, 0, 'a', 'b', 'c'}, 27},
    {"string with its NUL missing at the end", {LEAF_NAME, 2, 0, 0, 0, 'a', 'b'}, 26},
    {"string with a NUL inside", {LEAF_NAME, 3, 0, 0, 0, 'a', 0, 'b', 0}, 28},
};

Test(malformed, one_fault_at_a_time) {
    const uint8_t good[] = {LEAF_NAME, 1, 0, 0, 0, 'a', 0};
    pg_arena_t arena = {0};
    zoo_leaf_t leaf;
    cr_assert(eq(i32, zoo_leaf_decode(good, sizeof(good), NULL, 0, &arena, &leaf), ZX_OK));
    cr_assert(eq(str, (char*)leaf.name, "a"));
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        uint8_t* copy = malloc(faults[i].size);
        memcpy(copy, faults[i].bytes, faults[i].size);
        leaf.number = 1;
        cr_expect(eq(i32, zoo_leaf_decode(copy, faults[i].size, NULL, 0, &arena, &leaf),
                     ZX_ERR_IO_DATA_INTEGRITY),
                  "%s", faults[i].what);
        cr_expect(eq(i64, leaf.number, 0), "%s: the output is cleared", faults[i].what);
        free(copy);
    }
    cr_expect(eq(i32, zoo_leaf_decode(NULL, 0, NULL, 0, &arena, &leaf), ZX_ERR_IO_DATA_INTEGRITY));
    pg_arena_fini(&arena);
}

// -- handles

// zoo.Leaf with only `item`, whose number is the last word.
static zx_status_t decode_item(uint8_t number, const zx_handle_t* handles, size_t handle_count,
                               zoo_leaf_t* out) {
    const uint8_t bytes[] = {16, 0, 0, 0, 0,  0, 10, 0, 8,      0, 0, 0,
                             0,  0, 4, 0, 10, 0, 0,  0, number, 0, 0, 0};
    // Root at 16, vtable at 6: size 10, table 8, item at 4.
    pg_arena_t arena = {0};
    return zoo_leaf_decode(bytes, sizeof(bytes), handles, handle_count, &arena, out);
}

Test(malformed, handle_numbers) {
    const zx_handle_t handles[] = {0x55, ZX_HANDLE_INVALID};
    zoo_leaf_t leaf;
    cr_assert(eq(i32, decode_item(1, handles, 1, &leaf), ZX_OK));
    cr_expect(eq(u32, leaf.item, 0x55));
    cr_assert(eq(i32, decode_item(0, handles, 1, &leaf), ZX_OK));
    cr_expect(eq(u32, leaf.item, ZX_HANDLE_INVALID));
    cr_expect(eq(i32, decode_item(2, handles, 1, &leaf), ZX_ERR_IO_DATA_INTEGRITY));
    cr_expect(eq(i32, decode_item(255, handles, 1, &leaf), ZX_ERR_IO_DATA_INTEGRITY));
    cr_expect(eq(i32, decode_item(1, NULL, 0, &leaf), ZX_ERR_IO_DATA_INTEGRITY));
    // Handed out before.
    cr_expect(eq(i32, decode_item(2, handles, 2, &leaf), ZX_ERR_IO_DATA_INTEGRITY));
}

Test(malformed, a_handle_is_given_once) {
    zoo_leaf_t leaves[2] = {{.item = 0x100}, {.item = 0x101}};
    const zoo_everything_t in = {.leaves = leaves, .leaves_count = 2};
    pg_builder_t builder;
    pg_builder_init(&builder);
    cr_assert(eq(i32, zoo_everything_encode(&in, &builder), ZX_OK));
    size_t size;
    const uint8_t* bytes = pg_builder_bytes(&builder, &size);
    uint8_t* copy = malloc(size);
    memcpy(copy, bytes, size);
    pg_arena_t arena = {0};
    zoo_everything_t out;
    size_t changed = 0;
    // The second handle's number is the only word that is 2 and not a count; try each.
    for (size_t i = 0; i + 4 <= size; i += 4) {
        uint32_t word;
        memcpy(&word, copy + i, sizeof(word));
        if (word == 2) {
            copy[i] = 1;
            const zx_status_t status =
                zoo_everything_decode(copy, size, builder.handles, 2, &arena, &out);
            changed += status == ZX_ERR_IO_DATA_INTEGRITY;
            copy[i] = 2;
        }
    }
    cr_expect(eq(sz, changed, 1));
    free(copy);
    pg_builder_take_handles(&builder, NULL);
    pg_builder_fini(&builder);
    pg_arena_fini(&arena);
}

// -- sharing: small messages that describe very much

// Trees nested |depth| deep, each with |count| children that are all the same tree. Returns the
// size.
static size_t write_trees(uint8_t* bytes, unsigned depth, uint32_t count) {
    const uint32_t root = 12;
    const uint16_t vtable[] = {8, 8, 0, 4};  // at 4: 8 bytes, of a table of 8 with children at 4
    memcpy(bytes, &root, sizeof(root));
    memcpy(bytes + 4, vtable, sizeof(vtable));
    size_t used = root;
    for (unsigned level = 0; level < depth; level++) {
        // The table: distance to the vtable, offset to the vector. Then the vector: count, offsets.
        const bool is_leaf = level + 1 == depth;
        const uint32_t words[] = {(uint32_t)used - 4, 4, is_leaf ? 0 : count};
        memcpy(bytes + used, words, sizeof(words));
        used += sizeof(words);
        for (uint32_t i = 0; i < words[2]; i++) {
            const uint32_t offset = 4 * (count - i);
            memcpy(bytes + used + 4 * i, &offset, sizeof(offset));
        }
        used += 4 * words[2];
    }
    return used;
}

Test(malformed, depth_is_limited) {
    uint8_t bytes[1024];
    pg_arena_t arena = {0};
    zoo_tree_t tree;
    size_t size = write_trees(bytes, PG_MAX_DEPTH, 1);
    cr_expect(eq(i32, zoo_tree_decode(bytes, size, NULL, 0, &arena, &tree), ZX_OK));
    cr_expect(eq(sz, tree.children_count, 1));
    size = write_trees(bytes, PG_MAX_DEPTH + 1, 1);
    cr_expect(
        eq(i32, zoo_tree_decode(bytes, size, NULL, 0, &arena, &tree), ZX_ERR_IO_DATA_INTEGRITY));
    pg_arena_fini(&arena);
}

Test(malformed, shared_tables_do_not_explode) {
    // 8^15 trees in less than 1 KiB.
    uint8_t bytes[1024];
    const size_t size = write_trees(bytes, PG_MAX_DEPTH, 8);
    cr_assert(lt(sz, size, sizeof(bytes)));
    pg_arena_t arena = {0};
    zoo_tree_t tree;
    cr_expect(
        eq(i32, zoo_tree_decode(bytes, size, NULL, 0, &arena, &tree), ZX_ERR_IO_DATA_INTEGRITY));
    cr_expect(lt(sz, arena.heap_size, 64 * 1024));
    pg_arena_fini(&arena);
}

Test(malformed, unknown_enum_values) {
    const zoo_everything_t in = {.color = ZOO_COLOR_RED, .flags = ZOO_FLAG_WIDE};
    pg_builder_t builder;
    pg_builder_init(&builder);
    cr_assert(eq(i32, zoo_everything_encode(&in, &builder), ZX_OK));
    size_t size;
    const uint8_t* bytes = pg_builder_bytes(&builder, &size);
    uint8_t* copy = malloc(size);
    memcpy(copy, bytes, size);
    pg_arena_t arena = {0};
    zoo_everything_t out;
    uint8_t* color = memchr(copy, 0xff, size);
    cr_assert(color != NULL);
    *color = 4;
    cr_expect(eq(i32, zoo_everything_decode(copy, size, NULL, 0, &arena, &out),
                 ZX_ERR_IO_DATA_INTEGRITY));
    *color = 5;
    cr_assert(eq(i32, zoo_everything_decode(copy, size, NULL, 0, &arena, &out), ZX_OK));
    cr_expect(eq(i8, out.color, ZOO_COLOR_BLUE));
    free(copy);
    pg_builder_fini(&builder);
    pg_arena_fini(&arena);
}
