// SPDX-License-Identifier: MIT
// Clues: which shapes have a record with a certain value of one of their keys.
#include <zircon/errors.h>

#include "index_private.h"

static uint32_t take_clue(bind_index_t* index) {
    const uint32_t id = index->free_clue;
    if (id != BIND_NONE) {
        index->free_clue = index->clues[id].next;
        return id;
    }
    if (!bind_grow((void**)&index->clues, &index->clue_capacity, index->clue_count + 1,
                   sizeof(*index->clues))) {
        return BIND_NONE;
    }
    return index->clue_count++;
}

static uint32_t find_clue(const bind_index_t* index, uint32_t hash, uint32_t shape) {
    uint32_t id = bind_heads_find(&index->clue_chains, hash);
    while (id != BIND_NONE && index->clues[id].shape != shape) {
        id = index->clues[id].next;
    }
    return id;
}

uint32_t bind_clues_cost(const bind_index_t* index, uint32_t hash, uint32_t shape,
                         bool* out_known) {
    uint32_t count = 0;
    *out_known = false;
    for (uint32_t id = bind_heads_find(&index->clue_chains, hash); id != BIND_NONE;
         id = index->clues[id].next) {
        *out_known = *out_known || index->clues[id].shape == shape;
        count++;
    }
    return count + !*out_known;
}

zx_status_t bind_clues_add(bind_index_t* index, uint32_t hash, uint32_t shape) {
    uint32_t id = find_clue(index, hash, shape);
    if (id != BIND_NONE) {
        index->clues[id].uses++;
        return ZX_OK;
    }
    if (!bind_heads_reserve(&index->clue_chains, 1)) {
        return ZX_ERR_NO_MEMORY;
    }
    id = take_clue(index);
    if (id == BIND_NONE) {
        return ZX_ERR_NO_MEMORY;
    }
    index->clues[id] = (bind_clue_t){.hash = hash,
                                     .uses = 1,
                                     .shape = shape,
                                     .next = bind_heads_put(&index->clue_chains, hash, id)};
    return ZX_OK;
}

void bind_clues_remove(bind_index_t* index, uint32_t hash, uint32_t shape) {
    const uint32_t id = find_clue(index, hash, shape);
    if (--index->clues[id].uses > 0) {
        return;
    }
    uint32_t first = bind_heads_find(&index->clue_chains, hash);
    if (first == id) {
        first = index->clues[id].next;
        if (first == BIND_NONE) {
            bind_heads_remove(&index->clue_chains, hash);
        } else {
            bind_heads_put(&index->clue_chains, hash, first);
        }
    } else {
        while (index->clues[first].next != id) {
            first = index->clues[first].next;
        }
        index->clues[first].next = index->clues[id].next;
    }
    index->clues[id].next = index->free_clue;
    index->free_clue = id;
}
