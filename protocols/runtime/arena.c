// SPDX-License-Identifier: MIT
// pg_arena_t: memory that is freed all at once, for decoded values.
#include <protocols/runtime.h>

#include <stdlib.h>
#include <string.h>

#define ARENA_ALIGNMENT 16u

typedef struct arena_chunk {
    struct arena_chunk* next;  // owned
    _Alignas(ARENA_ALIGNMENT) uint8_t bytes[];
} arena_chunk_t;

void pg_arena_init(pg_arena_t* arena, void* buffer, size_t size) {
    *arena = (pg_arena_t){.buffer = buffer, .size = buffer == NULL ? 0 : size};
}

void pg_arena_fini(pg_arena_t* arena) {
    if (arena == NULL) {
        return;
    }
    arena_chunk_t* chunk = arena->chunks;
    while (chunk != NULL) {
        arena_chunk_t* next = chunk->next;
        free(chunk);
        chunk = next;
    }
    *arena = (pg_arena_t){0};
}

// Makes |buffer| a new chunk with room for |size| bytes. What was left of the old one is lost.
static bool arena_grow(pg_arena_t* arena, size_t size) {
    const size_t chunk_size = size > PG_ARENA_CHUNK_SIZE ? size : PG_ARENA_CHUNK_SIZE;
    if (chunk_size > PG_ARENA_MAX_HEAP - arena->heap_size) {
        return false;
    }
    arena_chunk_t* chunk = malloc(sizeof(arena_chunk_t) + chunk_size);
    if (chunk == NULL) {
        return false;
    }
    chunk->next = arena->chunks;
    arena->chunks = chunk;
    arena->heap_size += chunk_size;
    arena->buffer = chunk->bytes;
    arena->size = chunk_size;
    arena->used = 0;
    return true;
}

void* pg_arena_alloc(pg_arena_t* arena, size_t count, size_t size) {
    if (size != 0 && count > PG_ARENA_MAX_HEAP / size) {
        return NULL;
    }
    const size_t wanted = count * size == 0 ? 1 : count * size;
    uintptr_t start = (uintptr_t)arena->buffer + arena->used;
    size_t padding = (size_t)(-start & (ARENA_ALIGNMENT - 1));
    if (wanted + padding > arena->size - arena->used) {
        if (!arena_grow(arena, wanted)) {
            return NULL;
        }
        padding = 0;
    }
    uint8_t* result = arena->buffer + arena->used + padding;
    arena->used += padding + wanted;
    return memset(result, 0, wanted);
}
