// SPDX-License-Identifier: MIT
// The bounded flatbuffer reader. Every offset, length and alignment is checked before it is
// followed; nothing is read outside the buffer whatever its bytes are. Offsets are checked relative
// to the start of the buffer, whose own address may be unaligned.
#include <protocols/wire.h>

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "flatbuffers are read as they are");

// Tables and strings may be shared in a flatbuffer. A message may describe this many times its
// size.
#define BUDGET_FACTOR 4u

void pg_decoder_init(pg_decoder_t* decoder, const uint8_t* bytes, size_t size,
                     const zx_handle_t* handles, size_t handle_count, pg_arena_t* arena) {
    *decoder = (pg_decoder_t){
        .bytes = bytes,
        .size = size,
        .handles = handles,
        .handle_count = handle_count,
        .arena = arena,
        .budget = size * BUDGET_FACTOR,
        .status = ZX_OK,
    };
    if (bytes == NULL || size > INT32_MAX || handle_count > ZX_CHANNEL_MAX_MSG_HANDLES) {
        decoder->size = 0;
        decoder->status = ZX_ERR_IO_DATA_INTEGRITY;
    }
}

void pg_decoder_fail(pg_decoder_t* decoder, zx_status_t status) {
    if (decoder->status == ZX_OK) {
        decoder->status = status;
    }
}

static uint32_t fail(pg_decoder_t* decoder) {
    pg_decoder_fail(decoder, ZX_ERR_IO_DATA_INTEGRITY);
    return 0;
}

// Whether |size| bytes at |place| are in the buffer and aligned.
static bool is_within(const pg_decoder_t* decoder, size_t place, size_t size, size_t alignment) {
    return place <= decoder->size && size <= decoder->size - place && place % alignment == 0;
}

static bool spend(pg_decoder_t* decoder, size_t size) {
    if (size > decoder->budget) {
        return fail(decoder);
    }
    decoder->budget -= size;
    return true;
}

static uint16_t load_u16(const pg_decoder_t* decoder, size_t place) {
    uint16_t value;
    memcpy(&value, decoder->bytes + place, sizeof(value));
    return value;
}

static uint32_t load_u32(const pg_decoder_t* decoder, size_t place) {
    uint32_t value;
    memcpy(&value, decoder->bytes + place, sizeof(value));
    return value;
}

static uint64_t load_u64(const pg_decoder_t* decoder, size_t place) {
    uint64_t value;
    memcpy(&value, decoder->bytes + place, sizeof(value));
    return value;
}

// Follows the offset stored at |place|. What it leads to starts with at least 4 bytes, 4-aligned.
static uint32_t follow(pg_decoder_t* decoder, size_t place) {
    if (decoder->status != ZX_OK || !is_within(decoder, place, 4, 4)) {
        return fail(decoder);
    }
    const uint32_t offset = load_u32(decoder, place);
    if (offset == 0 || offset > decoder->size || !is_within(decoder, place + offset, 4, 4)) {
        return fail(decoder);
    }
    return (uint32_t)(place + offset);
}

zx_status_t pg_decode(pg_decoder_t* decoder, pg_read_fn read, void* out, size_t size) {
    memset(out, 0, size);
    read(decoder, follow(decoder, 0), out);
    if (decoder->status != ZX_OK) {
        memset(out, 0, size);
    }
    return decoder->status;
}

void pg_read_require(pg_decoder_t* decoder, bool is_met) {
    if (!is_met) {
        fail(decoder);
    }
}

bool pg_table_open(pg_decoder_t* decoder, uint32_t place, pg_table_t* out_table) {
    if (decoder->status != ZX_OK || place == 0 || decoder->depth >= PG_MAX_DEPTH ||
        !is_within(decoder, place, 4, 4)) {
        return fail(decoder);
    }
    const int64_t vtable = (int64_t)place - (int32_t)load_u32(decoder, place);
    if (vtable < 0 || !is_within(decoder, (size_t)vtable, 4, 2)) {
        return fail(decoder);
    }
    const uint32_t vtable_size = load_u16(decoder, (size_t)vtable);
    const uint32_t size = load_u16(decoder, (size_t)vtable + 2);
    if (vtable_size < 4 || vtable_size % 2 != 0 || size < 4 ||
        !is_within(decoder, (size_t)vtable, vtable_size, 2) ||
        !is_within(decoder, place, size, 4) || !spend(decoder, size)) {
        return fail(decoder);
    }
    decoder->depth++;
    *out_table = (pg_table_t){decoder, place, size, (uint32_t)vtable, vtable_size};
    return true;
}

void pg_table_close(pg_table_t* table) {
    table->decoder->depth--;
}

// Place of the field's |size| bytes; 0 when it is absent or on failure.
static uint32_t field_place(const pg_table_t* table, uint32_t slot, uint32_t size) {
    const uint32_t entry = 4 + 2 * slot;
    if (table->decoder->status != ZX_OK || entry + 2 > table->vtable_size) {
        return 0;
    }
    const uint32_t offset = load_u16(table->decoder, table->vtable + entry);
    if (offset == 0) {
        return 0;
    }
    if (offset < 4 || offset > table->size || size > table->size - offset ||
        (table->place + offset) % size != 0) {
        return fail(table->decoder);
    }
    return table->place + offset;
}

bool pg_get_bool(const pg_table_t* table, uint32_t slot, bool fallback) {
    return pg_get_u8(table, slot, fallback) != 0;
}

uint8_t pg_get_u8(const pg_table_t* table, uint32_t slot, uint8_t fallback) {
    const uint32_t place = field_place(table, slot, 1);
    return place == 0 ? fallback : table->decoder->bytes[place];
}

uint16_t pg_get_u16(const pg_table_t* table, uint32_t slot, uint16_t fallback) {
    const uint32_t place = field_place(table, slot, 2);
    return place == 0 ? fallback : load_u16(table->decoder, place);
}

uint32_t pg_get_u32(const pg_table_t* table, uint32_t slot, uint32_t fallback) {
    const uint32_t place = field_place(table, slot, 4);
    return place == 0 ? fallback : load_u32(table->decoder, place);
}

uint64_t pg_get_u64(const pg_table_t* table, uint32_t slot, uint64_t fallback) {
    const uint32_t place = field_place(table, slot, 8);
    return place == 0 ? fallback : load_u64(table->decoder, place);
}

zx_handle_t pg_get_handle(const pg_table_t* table, uint32_t slot) {
    pg_decoder_t* decoder = table->decoder;
    const uint32_t number = pg_get_u32(table, slot, 0);
    if (number == 0) {
        return ZX_HANDLE_INVALID;
    }
    if (number > decoder->handle_count || (decoder->claimed >> (number - 1) & 1) != 0 ||
        decoder->handles[number - 1] == ZX_HANDLE_INVALID) {
        fail(decoder);
        return ZX_HANDLE_INVALID;
    }
    decoder->claimed |= UINT64_C(1) << (number - 1);
    return decoder->handles[number - 1];
}

// The string that starts at |place| with its length.
static const char* string_at(pg_decoder_t* decoder, uint32_t place) {
    if (place == 0) {
        return NULL;
    }
    const size_t length = load_u32(decoder, place);
    const size_t start = (size_t)place + 4;
    if (!is_within(decoder, start, length, 1) || !is_within(decoder, start + length, 1, 1) ||
        !spend(decoder, 4 + length)) {
        fail(decoder);
        return NULL;
    }
    const char* string = (const char*)decoder->bytes + start;
    if (memchr(string, 0, length + 1) != string + length) {
        fail(decoder);
        return NULL;
    }
    return string;
}

const char* pg_get_string(const pg_table_t* table, uint32_t slot) {
    const uint32_t place = field_place(table, slot, 4);
    return place == 0 ? NULL : string_at(table->decoder, follow(table->decoder, place));
}

// Place of the first element; 0 when the vector is absent or on failure.
static uint32_t vector_place(const pg_table_t* table, uint32_t slot, size_t element_size,
                             size_t* out_count) {
    pg_decoder_t* decoder = table->decoder;
    *out_count = 0;
    const uint32_t field = field_place(table, slot, 4);
    const uint32_t place = field == 0 ? 0 : follow(decoder, field);
    if (place == 0) {
        return 0;
    }
    const size_t count = load_u32(decoder, place);
    const size_t start = (size_t)place + 4;
    // An empty vector has no element whose alignment could matter.
    if (!is_within(decoder, start, count * element_size, count == 0 ? 4 : element_size) ||
        !spend(decoder, 4 + count * element_size)) {
        return fail(decoder);
    }
    *out_count = count;
    return (uint32_t)start;
}

const void* pg_get_vector(const pg_table_t* table, uint32_t slot, size_t element_size,
                          size_t* out_count) {
    pg_decoder_t* decoder = table->decoder;
    const uint32_t place = vector_place(table, slot, element_size, out_count);
    if (place == 0) {
        return NULL;
    }
    const uint8_t* elements = decoder->bytes + place;
    if ((uintptr_t)elements % element_size == 0) {
        return elements;
    }
    void* copy = pg_decoder_alloc(decoder, *out_count, element_size);
    if (copy == NULL) {
        *out_count = 0;
        return NULL;
    }
    return memcpy(copy, elements, *out_count * element_size);
}

const bool* pg_get_bools(const pg_table_t* table, uint32_t slot, size_t* out_count) {
    const uint32_t place = vector_place(table, slot, 1, out_count);
    bool* values = place == 0 ? NULL : pg_decoder_alloc(table->decoder, *out_count, sizeof(bool));
    if (values == NULL) {
        *out_count = 0;
        return NULL;
    }
    for (size_t i = 0; i < *out_count; i++) {
        values[i] = table->decoder->bytes[place + i] != 0;
    }
    return values;
}

const void* pg_get_object(const pg_table_t* table, uint32_t slot, pg_read_fn read, size_t size) {
    const uint32_t place = field_place(table, slot, 4);
    void* object = place == 0 ? NULL : pg_decoder_alloc(table->decoder, 1, size);
    if (object != NULL) {
        read(table->decoder, follow(table->decoder, place), object);
    }
    return object;
}

const void* pg_get_objects(const pg_table_t* table, uint32_t slot, pg_read_fn read, size_t size,
                           size_t* out_count) {
    pg_decoder_t* decoder = table->decoder;
    const uint32_t place = vector_place(table, slot, 4, out_count);
    uint8_t* objects = place == 0 ? NULL : pg_decoder_alloc(decoder, *out_count, size);
    if (objects == NULL) {
        *out_count = 0;
        return NULL;
    }
    for (size_t i = 0; i < *out_count && decoder->status == ZX_OK; i++) {
        read(decoder, follow(decoder, place + 4 * i), objects + i * size);
    }
    return objects;
}

const char* const* pg_get_strings(const pg_table_t* table, uint32_t slot, size_t* out_count) {
    pg_decoder_t* decoder = table->decoder;
    const uint32_t place = vector_place(table, slot, 4, out_count);
    const char** strings =
        place == 0 ? NULL : pg_decoder_alloc(decoder, *out_count, sizeof(strings[0]));
    if (strings == NULL) {
        *out_count = 0;
        return NULL;
    }
    for (size_t i = 0; i < *out_count; i++) {
        strings[i] = string_at(decoder, follow(decoder, place + 4 * i));
    }
    return strings;
}

void* pg_decoder_alloc(pg_decoder_t* decoder, size_t count, size_t size) {
    void* result = decoder->status == ZX_OK ? pg_arena_alloc(decoder->arena, count, size) : NULL;
    if (result == NULL) {
        // A message that describes more than the arena takes is at fault, not the machine.
        const bool is_excessive =
            decoder->arena->heap_size + count * size > PG_ARENA_MAX_HEAP - PG_ARENA_CHUNK_SIZE;
        pg_decoder_fail(decoder, is_excessive ? ZX_ERR_IO_DATA_INTEGRITY : ZX_ERR_NO_MEMORY);
    }
    return result;
}
