// SPDX-License-Identifier: MIT
// Encoding and decoding in one process: round trips, defaults, handles, limits.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <stdlib.h>
#include <string.h>

#include "zoo_value.h"

static pg_builder_t builder;
static pg_arena_t arena;

static void setup(void) {
    pg_builder_init(&builder);
    pg_arena_init(&arena, NULL, 0);
}

static void teardown(void) {
    pg_builder_take_handles(&builder, NULL);
    pg_builder_fini(&builder);
    pg_arena_fini(&arena);
}

TestSuite(encode, .init = setup, .fini = teardown);

static zx_status_t decode_built(zoo_everything_t* out) {
    size_t size;
    const uint8_t* bytes = pg_builder_bytes(&builder, &size);
    return zoo_everything_decode(bytes, size, builder.handles, builder.handle_count, &arena, out);
}

Test(encode, scalars_survive) {
    zoo_everything_t in;
    zoo_everything_t out;
    zoo_value_fill(&in);
    cr_assert(eq(i32, zoo_everything_encode(&in, &builder), ZX_OK));
    cr_assert(eq(i32, decode_built(&out), ZX_OK));
    cr_expect(out.flag_off);
    cr_expect(not(out.flag_on));
    cr_expect(eq(i8, out.small, -128));
    cr_expect(eq(u8, out.small_u, 255));
    cr_expect(eq(i16, out.short_value, -32768));
    cr_expect(eq(u16, out.short_u, 65535));
    cr_expect(eq(i32, out.int_value, INT32_MIN));
    cr_expect(eq(u32, out.int_u, UINT32_MAX));
    cr_expect(eq(i64, out.long_value, INT64_MAX));
    cr_expect(eq(u64, out.long_u, UINT64_MAX));
    cr_expect(eq(i8, out.color, ZOO_COLOR_RED));
    cr_expect(eq(u16, out.flags, ZOO_FLAG_SMALL | ZOO_FLAG_TALL));
    cr_expect(eq(u64, out.size, ZOO_SIZE_MOST));
}

Test(encode, references_survive) {
    zoo_everything_t in;
    zoo_everything_t out;
    zoo_value_fill(&in);
    cr_assert(eq(i32, zoo_everything_encode(&in, &builder), ZX_OK));
    cr_assert(eq(i32, decode_built(&out), ZX_OK));
    cr_expect(eq(str, (char*)out.text, (char*)in.text));
    cr_assert(out.leaf != NULL);
    cr_expect(eq(str, (char*)out.leaf->name, "leaf"));
    cr_expect(eq(i64, out.leaf->number, -5));
    cr_expect(out.nothing != NULL);
    cr_assert(out.property != NULL);
    cr_expect(eq(u8, out.property->kind, NODE_PROPERTY_KIND_BOOL));
    cr_expect(out.property->bool_value);
    cr_expect(out.property->key == NULL);
    cr_assert(eq(sz, out.texts_count, 3));
    cr_expect(eq(str, (char*)out.texts[2], "a longer text"));
    cr_assert(eq(sz, out.leaves_count, 3));
    cr_expect(out.leaves[1].name == NULL);
    cr_expect(eq(i64, out.leaves[2].number, INT64_MAX));
    cr_assert(eq(sz, out.properties_count, 2));
    cr_expect(eq(str, (char*)out.properties[1].string_value, "value"));
}

#define EXPECT_SAME_VECTOR(field)                                   \
    cr_assert(eq(sz, out.field##_count, in.field##_count), #field); \
    cr_expect(memcmp(out.field, in.field, in.field##_count * sizeof(*in.field)) == 0, #field)

Test(encode, vectors_survive) {
    zoo_everything_t in;
    zoo_everything_t out;
    zoo_value_fill(&in);
    cr_assert(eq(i32, zoo_everything_encode(&in, &builder), ZX_OK));
    cr_assert(eq(i32, decode_built(&out), ZX_OK));
    EXPECT_SAME_VECTOR(bools);
    EXPECT_SAME_VECTOR(bytes);
    EXPECT_SAME_VECTOR(data);
    EXPECT_SAME_VECTOR(shorts);
    EXPECT_SAME_VECTOR(words);
    EXPECT_SAME_VECTOR(ints);
    EXPECT_SAME_VECTOR(numbers);
    EXPECT_SAME_VECTOR(longs);
    EXPECT_SAME_VECTOR(big);
    EXPECT_SAME_VECTOR(colors);
}

// Vectors of numbers are views where the bytes allow it, and are right where they do not.
Test(encode, bytes_need_no_alignment) {
    zoo_everything_t in;
    zoo_everything_t out;
    zoo_value_fill(&in);
    cr_assert(eq(i32, zoo_everything_encode(&in, &builder), ZX_OK));
    size_t size;
    const uint8_t* bytes = pg_builder_bytes(&builder, &size);
    for (size_t shift = 0; shift < 8; shift++) {
        uint8_t* copy = malloc(size + shift);
        memcpy(copy + shift, bytes, size);
        cr_assert(eq(i32,
                     zoo_everything_decode(copy + shift, size, builder.handles,
                                           builder.handle_count, &arena, &out),
                     ZX_OK));
        cr_expect(eq(sz, (uintptr_t)out.big % sizeof(uint64_t), 0));
        EXPECT_SAME_VECTOR(big);
        EXPECT_SAME_VECTOR(words);
        free(copy);
    }
}

Test(encode, absent_fields_have_their_defaults) {
    // A table without any field: vtable of 4 bytes, table of 4.
    const uint8_t bytes[] = {8, 0, 0, 0, 4, 0, 4, 0, 4, 0, 0, 0};
    zoo_everything_t out;
    cr_assert(eq(i32, zoo_everything_decode(bytes, sizeof(bytes), NULL, 0, &arena, &out), ZX_OK));
    cr_expect(not(out.flag_off));
    cr_expect(out.flag_on);
    cr_expect(eq(u8, out.small_u, 200));
    cr_expect(eq(i16, out.short_value, -300));
    cr_expect(eq(u32, out.int_u, 4000000000));
    cr_expect(eq(i64, out.long_value, INT64_MIN));
    cr_expect(eq(i8, out.color, ZOO_COLOR_BLUE));
    cr_expect(eq(u64, out.size, ZOO_SIZE_SOME));
    cr_expect(out.text == NULL);
    cr_expect(out.leaf == NULL);
    cr_expect(eq(u32, out.item, ZX_HANDLE_INVALID));
    cr_expect(out.numbers == NULL);
    cr_expect(eq(sz, out.numbers_count, 0));
}

Test(encode, empty_is_not_absent) {
    const uint32_t none[1] = {0};
    zoo_everything_t in = {.text = "", .numbers = none, .color = ZOO_COLOR_BLUE};
    zoo_everything_t out;
    cr_assert(eq(i32, zoo_everything_encode(&in, &builder), ZX_OK));
    cr_assert(eq(i32, decode_built(&out), ZX_OK));
    cr_assert(out.text != NULL);
    cr_expect(eq(str, (char*)out.text, ""));
    cr_expect(out.numbers != NULL);
    cr_expect(eq(sz, out.numbers_count, 0));
    cr_expect(out.leaves == NULL);
}

Test(encode, handles_are_numbered_depth_first_in_field_order) {
    zoo_everything_t in;
    zoo_everything_t out;
    zoo_value_fill(&in);
    cr_assert(eq(i32, zoo_everything_encode(&in, &builder), ZX_OK));
    cr_assert(eq(u32, builder.handle_count, ZOO_HANDLE_COUNT));
    for (uint32_t i = 0; i < ZOO_HANDLE_COUNT; i++) {
        cr_expect(eq(u32, builder.handles[i], zoo_value_handles()[i]));
    }
    cr_assert(eq(i32, decode_built(&out), ZX_OK));
    cr_expect(eq(u32, out.leaf->item, in.leaf->item));
    cr_expect(eq(u32, out.item, in.item));
    cr_expect(eq(u32, out.leaves[0].item, in.leaves[0].item));
    cr_expect(eq(u32, out.leaves[1].item, ZX_HANDLE_INVALID));
    cr_expect(eq(u32, out.leaves[2].item, in.leaves[2].item));
    cr_expect(eq(u32, out.last_item, in.last_item));
}

Test(encode, wrong_values_are_refused) {
    const zoo_required_t without_text = {.numbers = (uint32_t[]){1}, .numbers_count = 1};
    cr_expect(eq(i32, zoo_required_encode(&without_text, &builder), ZX_ERR_INVALID_ARGS));

    pg_builder_init(&builder);
    const zoo_everything_t unknown_enum = {.color = 17};
    cr_expect(eq(i32, zoo_everything_encode(&unknown_enum, &builder), ZX_ERR_INVALID_ARGS));

    pg_builder_init(&builder);
    const zoo_everything_t unknown_flag = {.flags = 2};
    cr_expect(eq(i32, zoo_everything_encode(&unknown_flag, &builder), ZX_ERR_INVALID_ARGS));

    pg_builder_init(&builder);
    const zoo_everything_t missing_elements = {.numbers_count = 1};
    cr_expect(eq(i32, zoo_everything_encode(&missing_elements, &builder), ZX_ERR_INVALID_ARGS));

    pg_builder_init(&builder);
    const zoo_everything_t missing_string = {.texts = (const char* const[]){NULL},
                                             .texts_count = 1};
    cr_expect(eq(i32, zoo_everything_encode(&missing_string, &builder), ZX_ERR_INVALID_ARGS));

    pg_builder_init(&builder);
    cr_expect(eq(i32, zoo_everything_encode(NULL, &builder), ZX_ERR_INVALID_ARGS));
}

Test(encode, builder_is_for_one_message) {
    const zoo_leaf_t leaf = {.name = "leaf"};
    cr_expect(eq(i32, zoo_leaf_encode(&leaf, &builder), ZX_OK));
    cr_expect(eq(i32, zoo_leaf_encode(&leaf, &builder), ZX_ERR_BAD_STATE));
}

// A chain of |depth| trees.
static const zoo_tree_t* tree_chain(zoo_tree_t* trees, size_t depth) {
    for (size_t i = 0; i < depth; i++) {
        const bool is_last = i + 1 == depth;
        trees[i] = (zoo_tree_t){.children = is_last ? NULL : &trees[i + 1],
                                .children_count = is_last ? 0 : 1};
    }
    return trees;
}

Test(encode, depth_is_limited) {
    zoo_tree_t trees[PG_MAX_DEPTH + 1];
    zoo_tree_t out;
    size_t size;
    cr_assert(eq(i32, zoo_tree_encode(tree_chain(trees, PG_MAX_DEPTH), &builder), ZX_OK));
    const uint8_t* bytes = pg_builder_bytes(&builder, &size);
    cr_expect(eq(i32, zoo_tree_decode(bytes, size, NULL, 0, &arena, &out), ZX_OK));

    pg_builder_fini(&builder);
    pg_builder_init(&builder);
    cr_expect(eq(i32, zoo_tree_encode(tree_chain(trees, PG_MAX_DEPTH + 1), &builder),
                 ZX_ERR_OUT_OF_RANGE));
}

Test(encode, size_is_limited) {
    static uint8_t data[ZX_CHANNEL_MAX_MSG_BYTES];
    zoo_everything_t in;
    zoo_everything_t out;
    zoo_value_fill(&in);
    in.data = data;
    in.data_count = 60 * 1024;
    cr_assert(eq(i32, zoo_everything_encode(&in, &builder), ZX_OK));
    cr_assert(eq(i32, decode_built(&out), ZX_OK));
    cr_expect(eq(sz, out.data_count, in.data_count));

    pg_builder_take_handles(&builder, NULL);
    pg_builder_fini(&builder);
    pg_builder_init(&builder);
    in.data_count = sizeof(data);
    cr_expect(eq(i32, zoo_everything_encode(&in, &builder), ZX_ERR_OUT_OF_RANGE));
    // The handles were taken all the same: they are the builder's to close.
    cr_expect(eq(u32, builder.handle_count, ZOO_HANDLE_COUNT));
}

Test(encode, many_tables_and_strings) {
    enum { COUNT = 1000 };
    static zoo_leaf_t leaves[COUNT];
    static const char* texts[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        leaves[i] = (zoo_leaf_t){.name = "x", .number = (int64_t)i};
        texts[i] = "a text";
    }
    const zoo_everything_t in = {
        .leaves = leaves, .leaves_count = COUNT, .texts = texts, .texts_count = COUNT};
    zoo_everything_t out;
    cr_assert(eq(i32, zoo_everything_encode(&in, &builder), ZX_OK));
    cr_assert(eq(i32, decode_built(&out), ZX_OK));
    cr_assert(eq(sz, out.leaves_count, COUNT));
    for (size_t i = 0; i < COUNT; i++) {
        cr_assert(eq(i64, out.leaves[i].number, (int64_t)i));
    }
    // The tables share two vtables: one more for the first, whose number is not the default either.
    cr_expect(lt(u32, builder.vtable_count, 4));
}

Test(encode, too_many_handles_are_refused) {
    zoo_leaf_t leaves[ZX_CHANNEL_MAX_MSG_HANDLES + 1];
    for (uint32_t i = 0; i <= ZX_CHANNEL_MAX_MSG_HANDLES; i++) {
        leaves[i] = (zoo_leaf_t){.item = 0x100 + i};
    }
    const zoo_everything_t in = {.leaves = leaves, .leaves_count = ZX_CHANNEL_MAX_MSG_HANDLES + 1};
    cr_expect(eq(i32, zoo_everything_encode(&in, &builder), ZX_ERR_OUT_OF_RANGE));
}

Test(arena, uses_the_callers_memory_first) {
    _Alignas(16) uint8_t memory[256];
    pg_arena_t local;
    pg_arena_init(&local, memory, sizeof(memory));
    uint8_t* first = pg_arena_alloc(&local, 3, 5);
    uint8_t* second = pg_arena_alloc(&local, 1, 200);
    cr_expect(first == memory);
    cr_expect(second == memory + 16);
    uint8_t* third = pg_arena_alloc(&local, 1, 100);
    cr_assert(third != NULL);
    cr_expect(third < memory || third >= memory + sizeof(memory));
    cr_expect(eq(sz, (uintptr_t)third % 16, 0));
    pg_arena_fini(&local);
}

Test(arena, has_a_limit) {
    pg_arena_t local = {0};
    cr_expect(pg_arena_alloc(&local, 1, PG_ARENA_MAX_HEAP + 1) == NULL);
    cr_expect(pg_arena_alloc(&local, SIZE_MAX / 2, 4) == NULL);
    cr_expect(pg_arena_alloc(&local, 1, PG_ARENA_MAX_HEAP) != NULL);
    cr_expect(pg_arena_alloc(&local, 1, PG_ARENA_MAX_HEAP) == NULL);
    pg_arena_fini(&local);
    pg_arena_fini(NULL);
}
