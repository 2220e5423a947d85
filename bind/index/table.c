// SPDX-License-Identifier: MIT
// Hash tables of an index. What does not fit into its group is in one of the next groups, and all
// groups between are full.
#include "table.h"

#include <stdlib.h>

#include <zircon/errors.h>

#define FIRST_GROUPS 8u
#define GROUP_SIZE   (BIND_GROUP * sizeof(bind_place_t))  // a line of the cache

static bool make_groups(bind_table_t* table, uint32_t count) {
    *table = (bind_table_t){.tags = calloc(count, sizeof(*table->tags)),
                            .places = aligned_alloc(GROUP_SIZE, count * GROUP_SIZE),
                            .uses = malloc(count * BIND_GROUP * sizeof(*table->uses)),
                            .group_mask = count - 1};
    if (table->tags == NULL || table->places == NULL || table->uses == NULL) {
        bind_table_fini(table);
        return false;
    }
    return true;
}

zx_status_t bind_table_init(bind_table_t* table) {
    return make_groups(table, FIRST_GROUPS) ? ZX_OK : ZX_ERR_NO_MEMORY;
}

void bind_table_fini(bind_table_t* table) {
    free(table->tags);
    free(table->places);
    free(table->uses);
    *table = (bind_table_t){0};
}

static uint64_t free_tags(const bind_table_t* table, uint32_t group) {
    return ~table->tags[group] & BIND_TAG_USED;
}

static bool is_used(const bind_table_t* table, uint32_t at) {
    return (table->tags[at / BIND_GROUP] >> (at % BIND_GROUP * 8) & 0x80) != 0;
}

static void set_tag(bind_table_t* table, uint32_t at, uint8_t tag) {
    const uint32_t shift = at % BIND_GROUP * 8;
    uint64_t* tags = &table->tags[at / BIND_GROUP];
    *tags = (*tags & ~(UINT64_C(0xff) << shift)) | (uint64_t)tag << shift;
}

// Three of eight places stay free, so that few groups are full.
bool bind_table_reserve(bind_table_t* table, uint32_t more) {
    uint32_t groups = table->group_mask + 1;
    while (groups * (BIND_GROUP - 3) < table->count + more) {
        groups *= 2;
    }
    if (groups == table->group_mask + 1) {
        return true;
    }
    bind_table_t bigger;
    if (!make_groups(&bigger, groups)) {
        return false;
    }
    for (uint32_t i = 0; i < (table->group_mask + 1) * BIND_GROUP; i++) {
        if (is_used(table, i)) {
            const bind_place_t* place = &table->places[i];
            const uint32_t at = bind_table_add(&bigger, place->hash, place->value);
            bigger.uses[at] = table->uses[i];
        }
    }
    bind_table_fini(table);
    *table = bigger;
    return true;
}

uint32_t bind_table_add(bind_table_t* table, uint32_t hash, uint32_t value) {
    uint32_t group = hash & table->group_mask;
    while (free_tags(table, group) == 0) {
        group = (group + 1) & table->group_mask;
    }
    const uint32_t at = group * BIND_GROUP + (uint32_t)__CTZ64(free_tags(table, group)) / 8;
    set_tag(table, at, bind_table_tag(hash));
    table->places[at] = (bind_place_t){hash, value};
    table->uses[at] = 0;
    table->count++;
    return at;
}

// A place of the group that a search would not reach with a hole in group `hole`, or BIND_NONE.
static uint32_t find_cut_off(const bind_table_t* table, uint32_t group, uint32_t hole) {
    for (uint32_t at = group * BIND_GROUP; at < (group + 1) * BIND_GROUP; at++) {
        const uint32_t behind_home = (group - table->places[at].hash) & table->group_mask;
        if (is_used(table, at) && behind_home >= ((group - hole) & table->group_mask)) {
            return at;
        }
    }
    return BIND_NONE;
}

void bind_table_remove(bind_table_t* table, uint32_t hole) {
    uint32_t group = hole / BIND_GROUP;
    bool was_full = free_tags(table, group) == 0;
    table->count--;
    set_tag(table, hole, 0);
    // Fills the hole of a full group from behind, which may leave a hole there.
    while (was_full) {
        group = (group + 1) & table->group_mask;
        was_full = free_tags(table, group) == 0;
        const uint32_t at = find_cut_off(table, group, hole / BIND_GROUP);
        if (at != BIND_NONE) {
            set_tag(table, hole, bind_table_tag(table->places[at].hash));
            table->places[hole] = table->places[at];
            table->uses[hole] = table->uses[at];
            set_tag(table, at, 0);
            hole = at;
        }
    }
}
