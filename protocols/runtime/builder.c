// SPDX-License-Identifier: MIT
// pg_builder_t: writes a flatbuffer back to front, so that everything a table refers to lies behind
// it, and collects handles in the order in which they are met.
//
// A reference is a distance from the end of the buffer. Alignment is kept relative to that end; the
// finished size is a multiple of the largest alignment, so that it holds from the start as well.
#include <protocols/wire.h>

#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "flatbuffers are written as they are");

#define VTABLE_HEADER 4u  // its own size and the table's, 2 bytes each

void pg_builder_init(pg_builder_t* builder) {
    // The inline buffer, which is most of the structure, needs no clearing.
    memset(builder, 0, offsetof(pg_builder_t, inline_buffer));
    builder->buffer = builder->inline_buffer;
    builder->capacity = sizeof(builder->inline_buffer);
    builder->alignment = 4;
    builder->status = ZX_OK;
}

void pg_builder_fini(pg_builder_t* builder) {
    if (builder == NULL) {
        return;
    }
    for (uint32_t i = 0; i < builder->handle_count; i++) {
        zx_handle_close(builder->handles[i]);
    }
    builder->handle_count = 0;
    if (builder->buffer != builder->inline_buffer) {
        free(builder->buffer);
    }
    builder->buffer = NULL;
    free(builder->refs);
    builder->refs = NULL;
}

const uint8_t* pg_builder_bytes(const pg_builder_t* builder, size_t* out_size) {
    *out_size = builder->used;
    return builder->buffer + builder->capacity - builder->used;
}

uint32_t pg_builder_take_handles(pg_builder_t* builder, zx_handle_t* out_handles) {
    const uint32_t count = builder->handle_count;
    if (out_handles != NULL) {
        memcpy(out_handles, builder->handles, count * sizeof(zx_handle_t));
    }
    builder->handle_count = 0;
    return count;
}

void pg_builder_fail(pg_builder_t* builder, zx_status_t status) {
    if (builder->status == ZX_OK) {
        builder->status = status;
    }
}

static bool grow(pg_builder_t* builder, size_t size) {
    if (size > ZX_CHANNEL_MAX_MSG_BYTES - builder->used) {
        pg_builder_fail(builder, ZX_ERR_OUT_OF_RANGE);
        return false;
    }
    size_t capacity = builder->capacity;
    while (capacity - builder->used < size) {
        capacity *= 2;
    }
    uint8_t* buffer = malloc(capacity);
    if (buffer == NULL) {
        pg_builder_fail(builder, ZX_ERR_NO_MEMORY);
        return false;
    }
    memcpy(buffer + capacity - builder->used, builder->buffer + builder->capacity - builder->used,
           builder->used);
    if (builder->buffer != builder->inline_buffer) {
        free(builder->buffer);
    }
    builder->buffer = buffer;
    builder->capacity = capacity;
    return true;
}

uint8_t* pg_builder_push(pg_builder_t* builder, size_t size) {
    if (builder->status != ZX_OK) {
        return NULL;
    }
    if (size > builder->capacity - builder->used && !grow(builder, size)) {
        return NULL;
    }
    builder->used += size;
    return builder->buffer + builder->capacity - builder->used;
}

// Zeroes, so that what is aligned to |alignment| can follow after |size| more bytes.
static bool push_padding(pg_builder_t* builder, size_t size, size_t alignment) {
    if (alignment > builder->alignment) {
        builder->alignment = alignment;
    }
    const size_t padding = -(builder->used + size) & (alignment - 1);
    uint8_t* bytes = pg_builder_push(builder, padding);
    if (bytes == NULL) {
        return false;
    }
    memset(bytes, 0, padding);
    return true;
}

static void push_u16(pg_builder_t* builder, uint16_t value) {
    uint8_t* bytes = pg_builder_push(builder, sizeof(value));
    if (bytes != NULL) {
        memcpy(bytes, &value, sizeof(value));
    }
}

static void push_u32(pg_builder_t* builder, uint32_t value) {
    uint8_t* bytes = pg_builder_push(builder, sizeof(value));
    if (bytes != NULL) {
        memcpy(bytes, &value, sizeof(value));
    }
}

// An offset that leads from here to |reference|. The place is aligned already.
static void push_offset(pg_builder_t* builder, uint32_t reference) {
    push_u32(builder, (uint32_t)builder->used + 4 - reference);
}

// Where the last pushed bytes are; 0 on failure.
static uint32_t here(const pg_builder_t* builder) {
    return builder->status == ZX_OK ? (uint32_t)builder->used : 0;
}

bool pg_build_enter(pg_builder_t* builder) {
    if (builder->depth >= PG_MAX_DEPTH) {
        pg_builder_fail(builder, ZX_ERR_OUT_OF_RANGE);
        return false;
    }
    builder->depth++;
    return true;
}

void pg_build_leave(pg_builder_t* builder) {
    builder->depth--;
}

uint32_t pg_build_handle(pg_builder_t* builder, zx_handle_t handle) {
    if (handle == ZX_HANDLE_INVALID) {
        return 0;
    }
    if (builder->handle_count == ZX_CHANNEL_MAX_MSG_HANDLES) {
        zx_handle_close(handle);
        pg_builder_fail(builder, ZX_ERR_OUT_OF_RANGE);
        return 0;
    }
    builder->handles[builder->handle_count] = handle;
    return ++builder->handle_count;
}

uint32_t pg_build_string(pg_builder_t* builder, const char* string) {
    if (string == NULL) {
        return 0;
    }
    const size_t length = strlen(string);
    if (!push_padding(builder, length + 1, 4)) {
        return 0;
    }
    uint8_t* bytes = pg_builder_push(builder, length + 1);
    if (bytes != NULL) {
        memcpy(bytes, string, length + 1);
    }
    push_u32(builder, (uint32_t)length);
    return here(builder);
}

// |count| if there are elements, else 0; a missing array fails.
static size_t check_count(pg_builder_t* builder, const void* elements, size_t count) {
    if (elements == NULL && count != 0) {
        pg_builder_fail(builder, ZX_ERR_INVALID_ARGS);
        return 0;
    }
    // No element takes less than a byte; this also keeps the sums that follow from overflowing.
    if (count > ZX_CHANNEL_MAX_MSG_BYTES) {
        pg_builder_fail(builder, ZX_ERR_OUT_OF_RANGE);
    }
    return count;
}

uint32_t pg_build_vector(pg_builder_t* builder, const void* elements, size_t count,
                         size_t element_size) {
    const size_t size = check_count(builder, elements, count) * element_size;
    if (elements == NULL || !push_padding(builder, size, element_size > 4 ? element_size : 4)) {
        return 0;
    }
    uint8_t* bytes = pg_builder_push(builder, size);
    if (bytes != NULL && size != 0) {
        memcpy(bytes, elements, size);
    }
    push_u32(builder, (uint32_t)count);
    return here(builder);
}

// Remembers an element of a vector of references, which comes before what its elements refer to.
static void remember(pg_builder_t* builder, uint32_t reference) {
    if (builder->status != ZX_OK) {
        return;
    }
    if (builder->ref_count == builder->ref_capacity) {
        const size_t capacity = builder->ref_capacity == 0 ? 64 : 2 * builder->ref_capacity;
        uint32_t* refs = realloc(builder->refs, capacity * sizeof(uint32_t));
        if (refs == NULL) {
            pg_builder_fail(builder, ZX_ERR_NO_MEMORY);
            return;
        }
        builder->refs = refs;
        builder->ref_capacity = capacity;
    }
    builder->refs[builder->ref_count++] = reference;
}

// The vector of the |count| references remembered last.
static uint32_t build_remembered(pg_builder_t* builder, const void* elements, size_t count) {
    if (elements == NULL || !push_padding(builder, 0, 4)) {
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        push_offset(builder, builder->refs[--builder->ref_count]);
    }
    push_u32(builder, (uint32_t)count);
    return here(builder);
}

uint32_t pg_build_strings(pg_builder_t* builder, const char* const* strings, size_t count) {
    const size_t present = check_count(builder, strings, count);
    for (size_t i = 0; i < present && builder->status == ZX_OK; i++) {
        pg_build_require(builder, strings[i] != NULL);
        remember(builder, pg_build_string(builder, strings[i]));
    }
    return build_remembered(builder, strings, count);
}

uint32_t pg_build_objects(pg_builder_t* builder, const void* elements, size_t count, size_t size,
                          pg_build_fn build) {
    const uint8_t* element = elements;
    // After a failure this goes on, for the handles in the elements are to be taken.
    for (size_t i = check_count(builder, elements, count); i > 0; i--) {
        remember(builder, build(builder, element));
        element += size;
    }
    return build_remembered(builder, elements, count);
}

void pg_build_require(pg_builder_t* builder, bool is_met) {
    if (!is_met) {
        pg_builder_fail(builder, ZX_ERR_INVALID_ARGS);
    }
}

void pg_build_table(pg_builder_t* builder, uint32_t field_count) {
    builder->table_end = builder->used;
    builder->field_count = field_count;
    memset(builder->fields, 0, field_count * sizeof(builder->fields[0]));
}

static void add(pg_builder_t* builder, uint32_t slot, const void* value, size_t size) {
    if (!push_padding(builder, size, size)) {
        return;
    }
    uint8_t* bytes = pg_builder_push(builder, size);
    if (bytes != NULL) {
        memcpy(bytes, value, size);
        builder->fields[slot] = here(builder);
    }
}

void pg_add_bool(pg_builder_t* builder, uint32_t slot, bool value, bool fallback) {
    pg_add_u8(builder, slot, value, fallback);
}

void pg_add_u8(pg_builder_t* builder, uint32_t slot, uint8_t value, uint8_t fallback) {
    if (value != fallback) {
        add(builder, slot, &value, sizeof(value));
    }
}

void pg_add_u16(pg_builder_t* builder, uint32_t slot, uint16_t value, uint16_t fallback) {
    if (value != fallback) {
        add(builder, slot, &value, sizeof(value));
    }
}

void pg_add_u32(pg_builder_t* builder, uint32_t slot, uint32_t value, uint32_t fallback) {
    if (value != fallback) {
        add(builder, slot, &value, sizeof(value));
    }
}

void pg_add_u64(pg_builder_t* builder, uint32_t slot, uint64_t value, uint64_t fallback) {
    if (value != fallback) {
        add(builder, slot, &value, sizeof(value));
    }
}

void pg_add_reference(pg_builder_t* builder, uint32_t slot, uint32_t reference) {
    if (reference != 0 && push_padding(builder, 4, 4)) {
        push_offset(builder, reference);
        builder->fields[slot] = here(builder);
    }
}

// A vtable equal to the |size| bytes that were pushed last; 0 for none.
static uint32_t find_vtable(const pg_builder_t* builder, size_t size) {
    const uint8_t* end = builder->buffer + builder->capacity;
    const uint8_t* mine = end - builder->used;
    for (uint32_t i = 0; i < builder->vtable_count; i++) {
        const uint8_t* other = end - builder->vtables[i];
        if (memcmp(mine, other, 2) == 0 && memcmp(mine, other, size) == 0) {
            return builder->vtables[i];
        }
    }
    return 0;
}

// Pushes the vtable of the table at |table|, or finds an equal one.
static uint32_t push_vtable(pg_builder_t* builder, uint32_t table) {
    uint32_t count = builder->field_count;
    while (count > 0 && builder->fields[count - 1] == 0) {
        count--;
    }
    const size_t start = builder->used;
    for (uint32_t i = count; i > 0; i--) {
        const uint32_t field = builder->fields[i - 1];
        push_u16(builder, field == 0 ? 0 : (uint16_t)(table - field));
    }
    push_u16(builder, (uint16_t)(table - builder->table_end));
    push_u16(builder, (uint16_t)(VTABLE_HEADER + 2 * count));
    if (builder->status != ZX_OK) {
        return 0;
    }
    const uint32_t equal = find_vtable(builder, VTABLE_HEADER + 2 * count);
    if (equal != 0) {
        builder->used = start;
        return equal;
    }
    if (builder->vtable_count < PG_BUILDER_VTABLES) {
        builder->vtables[builder->vtable_count++] = here(builder);
    }
    return here(builder);
}

uint32_t pg_build_table_end(pg_builder_t* builder) {
    // The table starts with the distance to its vtable, known once that is placed.
    if (!push_padding(builder, 4, 4)) {
        return 0;
    }
    push_u32(builder, 0);
    const uint32_t table = here(builder);
    const uint32_t vtable = push_vtable(builder, table);
    if (builder->status != ZX_OK) {
        return 0;
    }
    const int32_t distance = (int32_t)vtable - (int32_t)table;
    memcpy(builder->buffer + builder->capacity - table, &distance, sizeof(distance));
    return table;
}

zx_status_t pg_encode(pg_builder_t* builder, pg_build_fn build, const void* value) {
    if (builder->is_finished) {
        pg_builder_fail(builder, ZX_ERR_BAD_STATE);
    }
    pg_build_require(builder, value != NULL);
    const uint32_t root = value == NULL ? 0 : build(builder, value);
    if (push_padding(builder, 4, builder->alignment)) {
        push_offset(builder, root);
    }
    if (builder->used > PG_MAX_BODY_SIZE) {
        pg_builder_fail(builder, ZX_ERR_OUT_OF_RANGE);
    }
    builder->is_finished = true;
    return builder->status;
}
