// SPDX-License-Identifier: MIT
// Texts of an index: each different one once, with a number.
#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>

#include "index_private.h"

#define FIRST_PLACES 256u
#define BLOCK_SIZE   16384u

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

static bind_text_place_t* make_places(uint32_t count) {
    bind_text_place_t* places = malloc(count * sizeof(*places));
    for (uint32_t i = 0; places != NULL && i < count; i++) {
        places[i] = (bind_text_place_t){.id = BIND_NONE};
    }
    return places;
}

static void put_place(bind_text_place_t* places, uint32_t mask, bind_text_place_t place) {
    uint32_t at = place.hash & mask;
    while (places[at].id != BIND_NONE) {
        at = (at + 1) & mask;
    }
    places[at] = place;
}

zx_status_t bind_texts_init(bind_texts_t* texts) {
    texts->places = make_places(FIRST_PLACES);
    texts->place_mask = FIRST_PLACES - 1;
    return texts->places == NULL ? ZX_ERR_NO_MEMORY : ZX_OK;
}

void bind_texts_fini(bind_texts_t* texts) {
    while (texts->blocks != NULL) {
        bind_text_block_t* next = texts->blocks->next;
        free(texts->blocks);
        texts->blocks = next;
    }
    free(texts->items);
    free(texts->places);
    *texts = (bind_texts_t){0};
}

static bool grow_places(bind_texts_t* texts) {
    // Half of the places stay free.
    if ((texts->count + 1) * 2 <= texts->place_mask) {
        return true;
    }
    const uint32_t count = (texts->place_mask + 1) * 2;
    bind_text_place_t* places = make_places(count);
    if (places == NULL) {
        return false;
    }
    for (uint32_t i = 0; i <= texts->place_mask; i++) {
        if (texts->places[i].id != BIND_NONE) {
            put_place(places, count - 1, texts->places[i]);
        }
    }
    free(texts->places);
    texts->places = places;
    texts->place_mask = count - 1;
    return true;
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
    if (!grow_places(texts) || !bind_grow((void**)&texts->items, &texts->capacity, texts->count + 1,
                                          sizeof(*texts->items))) {
        return ZX_ERR_NO_MEMORY;
    }
    const char* copy = copy_text(texts, text, (uint32_t)size);
    if (copy == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    const uint32_t id = texts->count++;
    texts->items[id] = (bind_text_t){copy, (uint32_t)size, BIND_NONE, BIND_NONE};
    put_place(texts->places, texts->place_mask,
              (bind_text_place_t){bind_text_hash(text, size), id});
    *out_id = id;
    return ZX_OK;
}
