// SPDX-License-Identifier: MIT
// Memory, texts and the hash map of the compiler. All nodes of one run live in one arena and die
// with it.
//
// A compiler that has no memory left ends by abort(): there is nothing half-done to undo, since
// outputs are written last. Not thread-safe: one arena belongs to one run.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// A piece of text, borrowed; not zero-terminated.
typedef struct bc_text {
    const char* data;
    uint32_t size;
} bc_text_t;

bc_text_t bc_text(const char* zero_terminated);
bool bc_text_equal(bc_text_t a, bc_text_t b);

typedef struct bc_arena_chunk bc_arena_chunk_t;

typedef struct bc_arena {
    bc_arena_chunk_t* chunks;  // owned
    size_t used;               // in the first chunk
    size_t size;               // of the first chunk
} bc_arena_t;

// The arena's memory is zeroed. A zeroed bc_arena_t is a valid empty one.
void* bc_arena_alloc(bc_arena_t* arena, size_t size);
char* bc_arena_copy(bc_arena_t* arena, const void* data, size_t size);  // adds a zero
bc_text_t bc_arena_join(bc_arena_t* arena, bc_text_t a, char separator, bc_text_t b);
void bc_arena_fini(bc_arena_t* arena);

// Text to pointer. A zeroed map is a valid empty one; its memory is the arena's.
typedef struct bc_map_entry {
    bc_text_t key;  // data null: free
    uint32_t hash;
    void* value;
} bc_map_entry_t;

typedef struct bc_map {
    bc_map_entry_t* entries;
    size_t capacity;  // a power of two
    size_t count;
} bc_map_t;

void* bc_map_get(const bc_map_t* map, bc_text_t key);                           // null: absent
void bc_map_put(bc_map_t* map, bc_arena_t* arena, bc_text_t key, void* value);  // replaces

// Bytes that grow. A zeroed buffer is a valid empty one.
typedef struct bc_buffer {
    uint8_t* data;  // owned
    size_t size;
    size_t capacity;
} bc_buffer_t;

// Room for `size` bytes behind what is there.
void* bc_buffer_reserve(bc_buffer_t* buffer, size_t size);
void bc_buffer_append(bc_buffer_t* buffer, const void* data, size_t size);
void bc_buffer_u8(bc_buffer_t* buffer, uint8_t value);
void bc_buffer_u32(bc_buffer_t* buffer, uint32_t value);    // little-endian
void bc_buffer_magic(bc_buffer_t* buffer, uint32_t magic);  // big-endian
void bc_buffer_patch_u32(bc_buffer_t* buffer, size_t offset, uint32_t value);
void bc_buffer_text(bc_buffer_t* buffer, const char* zero_terminated);
void bc_buffer_fini(bc_buffer_t* buffer);
