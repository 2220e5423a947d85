// SPDX-License-Identifier: MIT
// A hash table from hashes to the first item of a chain. Places that are asked for in vain cost one
// look, since the hash lies beside the head.
#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>

#include "index_private.h"

#define FIRST_PLACES 64u

static bind_head_t* make_places(uint32_t count) {
    bind_head_t* places = malloc(count * sizeof(*places));
    if (places != NULL) {
        memset(places, 0xff, count * sizeof(*places));
    }
    return places;
}

zx_status_t bind_heads_init(bind_heads_t* heads) {
    *heads = (bind_heads_t){.places = make_places(FIRST_PLACES), .mask = FIRST_PLACES - 1};
    return heads->places == NULL ? ZX_ERR_NO_MEMORY : ZX_OK;
}

void bind_heads_fini(bind_heads_t* heads) {
    free(heads->places);
    *heads = (bind_heads_t){0};
}

bool bind_heads_reserve(bind_heads_t* heads, uint32_t more) {
    uint32_t count = heads->mask + 1;
    // Half of the places stay free.
    while (count / 2 < heads->count + more) {
        count *= 2;
    }
    if (count == heads->mask + 1) {
        return true;
    }
    bind_head_t* places = make_places(count);
    if (places == NULL) {
        return false;
    }
    for (uint32_t i = 0; i <= heads->mask; i++) {
        if (heads->places[i].first != BIND_NONE) {
            uint32_t at = heads->places[i].hash & (count - 1);
            while (places[at].first != BIND_NONE) {
                at = (at + 1) & (count - 1);
            }
            places[at] = heads->places[i];
        }
    }
    free(heads->places);
    heads->places = places;
    heads->mask = count - 1;
    return true;
}

uint32_t bind_heads_put(bind_heads_t* heads, uint32_t hash, uint32_t first) {
    uint32_t at = hash & heads->mask;
    while (heads->places[at].first != BIND_NONE && heads->places[at].hash != hash) {
        at = (at + 1) & heads->mask;
    }
    const uint32_t old = heads->places[at].first;
    heads->count += old == BIND_NONE;
    heads->places[at] = (bind_head_t){hash, first};
    return old;
}

void bind_heads_remove(bind_heads_t* heads, uint32_t hash) {
    uint32_t hole = hash & heads->mask;
    while (heads->places[hole].hash != hash || heads->places[hole].first == BIND_NONE) {
        hole = (hole + 1) & heads->mask;
    }
    heads->count--;
    // Moves up what would not be found any more behind a hole.
    for (uint32_t at = (hole + 1) & heads->mask; heads->places[at].first != BIND_NONE;
         at = (at + 1) & heads->mask) {
        const uint32_t home = heads->places[at].hash & heads->mask;
        if (((at - home) & heads->mask) >= ((at - hole) & heads->mask)) {
            heads->places[hole] = heads->places[at];
            hole = at;
        }
    }
    heads->places[hole].first = BIND_NONE;
}
