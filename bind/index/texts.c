// SPDX-License-Identifier: MIT
// Texts of an index: each different one once, with a number.
#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>

#include "index_private.h"

#define BLOCK_SIZE 16384u

struct bind_text_block {
    bind_text_block_t* next;  // owned
    uint32_t used;
    char bytes[BLOCK_SIZE];
};

bool bind_grow(void** items, uint32_t* capacity, uint32_t wanted, size_t item_size) {
    if (wanted <= *capacity) {
        return true;
    }
    uint32_t bigger = *capacity < 16 ? 16 : *capacity * 2;
    if (bigger < wanted) {
        bigger = wanted;
    }
    void* grown = realloc(*items, bigger * item_size);
    if (grown == NULL) {
        return false;
    }
    *items = grown;
    *capacity = bigger;
    return true;
}

zx_status_t bind_texts_init(bind_texts_t* texts) {
    return bind_table_init(&texts->ids);
}

void bind_texts_fini(bind_texts_t* texts) {
    while (texts->blocks != NULL) {
        bind_text_block_t* next = texts->blocks->next;
        free(texts->blocks);
        texts->blocks = next;
    }
    free(texts->items);
    bind_table_fini(&texts->ids);
    *texts = (bind_texts_t){0};
}

// Texts of programs have 255 bytes at most, so each fits into a block.
static char* copy_text(bind_texts_t* texts, const char* text, uint32_t size) {
    bind_text_block_t* block = texts->blocks;
    if (block == NULL || BLOCK_SIZE - block->used < size) {
        block = malloc(sizeof(*block));
        if (block == NULL) {
            return NULL;
        }
        block->next = texts->blocks;
        block->used = 0;
        texts->blocks = block;
    }
    char* copy = &block->bytes[block->used];
    memcpy(copy, text, size);
    block->used += size;
    return copy;
}

zx_status_t bind_texts_intern(bind_texts_t* texts, const char* text, size_t size,
                              uint32_t* out_id) {
    const uint32_t found = bind_text_find(texts, text, size);
    if (found != BIND_NONE) {
        *out_id = found;
        return ZX_OK;
    }
    if (!bind_table_reserve(&texts->ids, 1) ||
        !bind_grow((void**)&texts->items, &texts->capacity, texts->count + 1,
                   sizeof(*texts->items))) {
        return ZX_ERR_NO_MEMORY;
    }
    const char* copy = copy_text(texts, text, (uint32_t)size);
    if (copy == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    const uint32_t id = texts->count++;
    texts->items[id] = (bind_text_t){copy, (uint32_t)size, BIND_NONE, BIND_NONE};
    bind_table_add(&texts->ids, bind_text_hash(text, size), id);
    *out_id = id;
    return ZX_OK;
}
