// SPDX-License-Identifier: MIT
// Memory, texts and the hash map of the compiler.
#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_SIZE   65536u
#define MAP_FIRST    64u
#define BUFFER_FIRST 256u

struct bc_arena_chunk {
    bc_arena_chunk_t* next;  // owned
    _Alignas(max_align_t) char bytes[];
};

static void* must(void* memory) {
    if (memory == NULL) {
        fputs("bindc: out of memory\n", stderr);
        abort();
    }
    return memory;
}

bc_text_t bc_text(const char* zero_terminated) {
    return (bc_text_t){zero_terminated, (uint32_t)strlen(zero_terminated)};
}

bool bc_text_equal(bc_text_t a, bc_text_t b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

void* bc_arena_alloc(bc_arena_t* arena, size_t size) {
    const size_t alignment = _Alignof(max_align_t);
    size = (size + alignment - 1) / alignment * alignment;
    if (arena->chunks == NULL || arena->size - arena->used < size) {
        const size_t chunk_size = size > CHUNK_SIZE ? size : CHUNK_SIZE;
        bc_arena_chunk_t* chunk = must(calloc(1, sizeof(bc_arena_chunk_t) + chunk_size));
        chunk->next = arena->chunks;
        arena->chunks = chunk;
        arena->size = chunk_size;
        arena->used = 0;
    }
    void* memory = arena->chunks->bytes + arena->used;
    arena->used += size;
    return memory;
}

char* bc_arena_copy(bc_arena_t* arena, const void* data, size_t size) {
    char* copy = bc_arena_alloc(arena, size + 1);
    if (size != 0) {
        memcpy(copy, data, size);
    }
    return copy;
}

bc_text_t bc_arena_join(bc_arena_t* arena, bc_text_t a, char separator, bc_text_t b) {
    const uint32_t size = a.size + 1 + b.size;
    char* joined = bc_arena_alloc(arena, (size_t)size + 1);
    memcpy(joined, a.data, a.size);
    joined[a.size] = separator;
    memcpy(joined + a.size + 1, b.data, b.size);
    return (bc_text_t){joined, size};
}

void bc_arena_fini(bc_arena_t* arena) {
    if (arena == NULL) {
        return;
    }
    while (arena->chunks != NULL) {
        bc_arena_chunk_t* next = arena->chunks->next;
        free(arena->chunks);
        arena->chunks = next;
    }
    *arena = (bc_arena_t){0};
}

#define HASH_FACTOR 0x9e3779b97f4a7c15u

// Eight bytes at a time. The maps use the lowest bits, so each bit of the text has to get there.
static uint32_t hash_text(bc_text_t text) {
    uint64_t hash = text.size;
    const char* at = text.data;
    for (uint32_t left = text.size; left > 0;) {
        const uint32_t size = left < 8 ? left : 8;
        uint64_t word = 0;
        memcpy(&word, at, size);
        hash = (hash ^ word) * HASH_FACTOR;
        hash ^= hash >> 29;
        at += size;
        left -= size;
    }
    return (uint32_t)(hash * HASH_FACTOR >> 32);
}

// The entry of `key`, or the free one where it belongs. The map has a free entry.
static bc_map_entry_t* find_entry(const bc_map_t* map, bc_text_t key, uint32_t hash) {
    for (size_t i = hash;; i++) {
        bc_map_entry_t* entry = &map->entries[i & (map->capacity - 1)];
        if (entry->key.data == NULL || (entry->hash == hash && bc_text_equal(entry->key, key))) {
            return entry;
        }
    }
}

static void grow_map(bc_map_t* map, bc_arena_t* arena) {
    const bc_map_t old = *map;
    map->capacity = old.capacity == 0 ? MAP_FIRST : old.capacity * 2;
    map->entries = bc_arena_alloc(arena, map->capacity * sizeof(bc_map_entry_t));
    for (size_t i = 0; i < old.capacity; i++) {
        if (old.entries[i].key.data != NULL) {
            *find_entry(map, old.entries[i].key, old.entries[i].hash) = old.entries[i];
        }
    }
}

void* bc_map_get(const bc_map_t* map, bc_text_t key) {
    return map->capacity == 0 ? NULL : find_entry(map, key, hash_text(key))->value;
}

void bc_map_put(bc_map_t* map, bc_arena_t* arena, bc_text_t key, void* value) {
    if ((map->count + 1) * 4 > map->capacity * 3) {
        grow_map(map, arena);
    }
    const uint32_t hash = hash_text(key);
    bc_map_entry_t* entry = find_entry(map, key, hash);
    if (entry->key.data == NULL) {
        map->count++;
    }
    *entry = (bc_map_entry_t){key, hash, value};
}

void* bc_buffer_reserve(bc_buffer_t* buffer, size_t size) {
    if (buffer->capacity - buffer->size < size) {
        size_t capacity = buffer->capacity == 0 ? BUFFER_FIRST : buffer->capacity;
        while (capacity - buffer->size < size) {
            capacity *= 2;
        }
        buffer->data = must(realloc(buffer->data, capacity));
        buffer->capacity = capacity;
    }
    return buffer->data + buffer->size;
}

void bc_buffer_append(bc_buffer_t* buffer, const void* data, size_t size) {
    if (size == 0) {
        return;
    }
    memcpy(bc_buffer_reserve(buffer, size), data, size);
    buffer->size += size;
}

void bc_buffer_u8(bc_buffer_t* buffer, uint8_t value) {
    bc_buffer_append(buffer, &value, 1);
}

void bc_buffer_u32(bc_buffer_t* buffer, uint32_t value) {
    const uint8_t bytes[] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                             (uint8_t)(value >> 24)};
    bc_buffer_append(buffer, bytes, sizeof(bytes));
}

void bc_buffer_magic(bc_buffer_t* buffer, uint32_t magic) {
    const uint8_t bytes[] = {(uint8_t)(magic >> 24), (uint8_t)(magic >> 16), (uint8_t)(magic >> 8),
                             (uint8_t)magic};
    bc_buffer_append(buffer, bytes, sizeof(bytes));
}

void bc_buffer_patch_u32(bc_buffer_t* buffer, size_t offset, uint32_t value) {
    for (size_t i = 0; i < sizeof(value); i++) {
        buffer->data[offset + i] = (uint8_t)(value >> (8 * i));
    }
}

void bc_buffer_text(bc_buffer_t* buffer, const char* zero_terminated) {
    bc_buffer_append(buffer, zero_terminated, strlen(zero_terminated));
}

void bc_buffer_fini(bc_buffer_t* buffer) {
    if (buffer != NULL) {
        free(buffer->data);
        *buffer = (bc_buffer_t){0};
    }
}
