// SPDX-License-Identifier: MIT
// Clues: which shapes have a record with a certain value of one of their keys.
#include <zircon/errors.h>

#include "index_private.h"

static uint32_t find_clue(const bind_table_t* clues, uint32_t hash, uint32_t shape) {
    bind_search_t search = bind_table_search(clues, hash);
    uint32_t at = bind_table_next(clues, &search);
    while (at != BIND_NONE && clues->places[at].value != shape) {
        at = bind_table_next(clues, &search);
    }
    return at;
}

uint32_t bind_clues_cost(const bind_index_t* index, uint32_t hash, uint32_t shape) {
    bind_search_t search = bind_table_search(&index->clues, hash);
    uint32_t count = 1;
    uint32_t at;
    while ((at = bind_table_next(&index->clues, &search)) != BIND_NONE) {
        count += index->clues.places[at].value != shape;
    }
    return count;
}

zx_status_t bind_clues_add(bind_index_t* index, uint32_t hash, uint32_t shape) {
    uint32_t at = find_clue(&index->clues, hash, shape);
    if (at == BIND_NONE) {
        if (!bind_table_reserve(&index->clues, 1)) {
            return ZX_ERR_NO_MEMORY;
        }
        at = bind_table_add(&index->clues, hash, shape);
    }
    index->clues.uses[at]++;
    return ZX_OK;
}

void bind_clues_remove(bind_index_t* index, uint32_t hash, uint32_t shape) {
    const uint32_t at = find_clue(&index->clues, hash, shape);
    if (--index->clues.uses[at] == 0) {
        bind_table_remove(&index->clues, at);
    }
}
