// SPDX-License-Identifier: MIT
// A value with every kind of field set, for tests of encoding and decoding.
#include "zoo_value.h"

#define HANDLE(number) (0x100u + (number))

static const zoo_leaf_t leaf = {.name = "leaf", .number = -5, .item = HANDLE(1)};
static const zoo_nothing_t nothing;
static const node_property_t property = {.kind = NODE_PROPERTY_KIND_BOOL, .bool_value = true};

static const bool bools[] = {true, false, true};
static const int8_t bytes[] = {-128, 0, 127};
static const uint8_t data[] = {0, 1, 254, 255};
static const int16_t shorts[] = {-32768, 32767};
static const uint16_t words[] = {65535};
static const int32_t ints[] = {INT32_MIN, -1, INT32_MAX};
static const uint32_t numbers[] = {0, UINT32_MAX};
static const int64_t longs[] = {INT64_MIN, INT64_MAX};
static const uint64_t big[] = {1, 2, UINT64_MAX};
static const zoo_color_t colors[] = {ZOO_COLOR_RED, ZOO_COLOR_GREEN, ZOO_COLOR_BLUE};
static const char* const texts[] = {"", "one", "a longer text"};
static const zoo_leaf_t leaves[] = {
    {.name = "first", .number = 0, .item = HANDLE(3)},
    {.name = NULL, .number = 1},
    {.name = "third", .number = INT64_MAX, .item = HANDLE(4)},
};
static const node_property_t properties[] = {
    {.id = 1, .kind = NODE_PROPERTY_KIND_UINT, .uint_value = 85},
    {.key = "test.key", .kind = NODE_PROPERTY_KIND_STRING, .string_value = "value"},
};

static const zoo_everything_t everything = {
    .flag_off = true,
    .flag_on = false,
    .small = -128,
    .small_u = 255,
    .short_value = -32768,
    .short_u = 65535,
    .int_value = INT32_MIN,
    .int_u = UINT32_MAX,
    .long_value = INT64_MAX,
    .long_u = UINT64_MAX,
    .color = ZOO_COLOR_RED,
    .flags = ZOO_FLAG_SMALL | ZOO_FLAG_TALL,
    .size = ZOO_SIZE_MOST,
    .text = "text with \"quotes\" and \xc3\xa4",
    .leaf = &leaf,
    .nothing = &nothing,
    .item = HANDLE(2),
    .property = &property,
    .bools = bools,
    .bools_count = 3,
    .bytes = bytes,
    .bytes_count = 3,
    .data = data,
    .data_count = 4,
    .shorts = shorts,
    .shorts_count = 2,
    .words = words,
    .words_count = 1,
    .ints = ints,
    .ints_count = 3,
    .numbers = numbers,
    .numbers_count = 2,
    .longs = longs,
    .longs_count = 2,
    .big = big,
    .big_count = 3,
    .colors = colors,
    .colors_count = 3,
    .texts = texts,
    .texts_count = 3,
    .leaves = leaves,
    .leaves_count = 3,
    .properties = properties,
    .properties_count = 2,
    .last_item = HANDLE(5),
};

void zoo_value_fill(zoo_everything_t* out) {
    *out = everything;
}

const zx_handle_t* zoo_value_handles(void) {
    static const zx_handle_t handles[ZOO_HANDLE_COUNT] = {HANDLE(1), HANDLE(2), HANDLE(3),
                                                          HANDLE(4), HANDLE(5)};
    return handles;
}
