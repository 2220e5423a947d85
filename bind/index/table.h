// SPDX-License-Identifier: MIT
// The hash tables of an index.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

#define BIND_NONE UINT32_MAX

// A hash table of small numbers; several may have one hash. The places are in groups of eight, and
// each has a byte of its hash as a tag: a search looks at eight tags at once and at a place only
// when its tag is right. What is not there costs one line of the cache and no guess of a branch.
#define BIND_GROUP 8u

typedef struct bind_place {
    uint32_t hash;
    uint32_t value;
} bind_place_t;

typedef struct bind_table {
    uint64_t* tags;        // owned: of a group, the first place in the lowest byte; 0: free
    bind_place_t* places;  // owned
    uint32_t* uses;        // owned: the user's count for each place
    uint32_t group_mask;
    uint32_t count;
} bind_table_t;

// Only ZX_ERR_NO_MEMORY is a failure.
zx_status_t bind_table_init(bind_table_t* table);
void bind_table_fini(bind_table_t* table);
// Makes room, so that adding cannot fail. False: memory is short.
bool bind_table_reserve(bind_table_t* table, uint32_t more);
// Returns the place, which has 0 uses.
uint32_t bind_table_add(bind_table_t* table, uint32_t hash, uint32_t value);
// Other places may move.
void bind_table_remove(bind_table_t* table, uint32_t at);

#define BIND_TAG_ONES 0x0101010101010101u
#define BIND_TAG_USED 0x8080808080808080u  // the highest bit of each used tag

// Of other bits than the group.
static inline uint8_t bind_table_tag(uint32_t hash) {
    return (uint8_t)(hash >> 24 | 0x80);
}

// A search: bind_table_next() until it returns BIND_NONE.
typedef struct bind_search {
    uint32_t hash;
    uint32_t group;
    uint64_t matches;  // a bit of the byte of each tag that is right, and of a few that are not
} bind_search_t;

static inline uint64_t bind_table_matches(const bind_table_t* table, uint32_t hash,
                                          uint32_t group) {
    const uint64_t zero_if_right = table->tags[group] ^ bind_table_tag(hash) * BIND_TAG_ONES;
    return (zero_if_right - BIND_TAG_ONES) & ~zero_if_right & BIND_TAG_USED;
}

static inline bind_search_t bind_table_search(const bind_table_t* table, uint32_t hash) {
    const uint32_t group = hash & table->group_mask;
    return (bind_search_t){hash, group, bind_table_matches(table, hash, group)};
}

static inline uint32_t bind_table_next(const bind_table_t* table, bind_search_t* search) {
    for (;;) {
        while (search->matches != 0) {
            const uint32_t at = search->group * BIND_GROUP + (uint32_t)__CTZ64(search->matches) / 8;
            search->matches &= search->matches - 1;
            if (table->places[at].hash == search->hash) {
                return at;
            }
        }
        if ((~table->tags[search->group] & BIND_TAG_USED) != 0) {
            return BIND_NONE;
        }
        search->group = (search->group + 1) & table->group_mask;
        search->matches = bind_table_matches(table, search->hash, search->group);
    }
}

// A search for this hash will come soon.
static inline void bind_table_prefetch(const bind_table_t* table, uint32_t hash) {
    __PREFETCH(&table->tags[hash & table->group_mask]);
}

// The first place of a hash, or BIND_NONE.
static inline uint32_t bind_table_find(const bind_table_t* table, uint32_t hash) {
    bind_search_t search = bind_table_search(table, hash);
    return bind_table_next(table, &search);
}
