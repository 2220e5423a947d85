// SPDX-License-Identifier: MIT
// Building a match index, one program at a time.
#include <bind/index.h>

#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>

#include "index_private.h"

zx_status_t bind_index_create(bind_index_t** out_index) {
    *out_index = NULL;
    bind_index_t* index = calloc(1, sizeof(*index));
    if (index == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    memset(index->number_slots, 0xff, sizeof(index->number_slots));
    index->free_record = BIND_NONE;
    index->free_driver = BIND_NONE;
    if (bind_table_init(&index->chains) != ZX_OK || bind_table_init(&index->clues) != ZX_OK ||
        bind_texts_init(&index->texts) != ZX_OK) {
        bind_index_destroy(index);
        return ZX_ERR_NO_MEMORY;
    }
    *out_index = index;
    return ZX_OK;
}

void bind_index_destroy(bind_index_t* index) {
    if (index == NULL) {
        return;
    }
    bind_texts_fini(&index->texts);
    free(index->keys);
    free(index->records);
    bind_table_fini(&index->chains);
    bind_table_fini(&index->clues);
    free(index->pattern_key);
    free(index->drivers);
    free(index->residual);
    free(index->paths);
    free(index);
}

// -------------------------------------------------------------------------------------- chains

static void link_record(bind_index_t* index, uint32_t id) {
    bind_table_t* chains = &index->chains;
    const uint32_t hash = index->records[id].hash;
    uint32_t at = bind_table_find(chains, hash);
    if (at == BIND_NONE) {
        at = bind_table_add(chains, hash, BIND_NONE);
    }
    index->records[id].next = chains->places[at].value;
    chains->places[at].value = id;
    chains->uses[at]++;
}

static void unlink_record(bind_index_t* index, uint32_t id) {
    bind_table_t* chains = &index->chains;
    const uint32_t hash = index->records[id].hash;
    const uint32_t at = bind_table_find(chains, hash);
    uint32_t* link = &chains->places[at].value;
    while (*link != id) {
        link = &index->records[*link].next;
    }
    *link = index->records[id].next;
    if (--chains->uses[at] == 0) {
        bind_table_remove(chains, at);
    }
}

// Records are as large as a line of the cache and lie on its borders.
#define RECORD_ALIGN 64u
_Static_assert(sizeof(bind_record_t) <= RECORD_ALIGN, "a record does not fit a cache line");

static bool grow_records(bind_index_t* index) {
    if (index->record_count < index->record_capacity) {
        return true;
    }
    const uint32_t capacity = index->record_capacity < 64 ? 64 : index->record_capacity * 2;
    bind_record_t* bigger = aligned_alloc(RECORD_ALIGN, capacity * sizeof(*bigger));
    if (bigger == NULL) {
        return false;
    }
    if (index->record_count != 0) {
        memcpy(bigger, index->records, index->record_count * sizeof(*bigger));
    }
    free(index->records);
    index->records = bigger;
    index->record_capacity = capacity;
    return true;
}

static uint32_t take_record(bind_index_t* index) {
    uint32_t id = index->free_record;
    if (id != BIND_NONE) {
        index->free_record = index->records[id].next;
        return id;
    }
    return grow_records(index) ? index->record_count++ : BIND_NONE;
}

// --------------------------------------------------------------------------------- one way in

// A way with its keys and values as numbers.
typedef struct pairs {
    uint32_t slots[BIND_PATH_MAX_EQUALS];
    uint8_t kinds[BIND_PATH_MAX_EQUALS];
    uint32_t payloads[BIND_PATH_MAX_EQUALS];
    uint32_t count;
} pairs_t;

static zx_status_t intern_pairs(bind_index_t* index, const bind_path_t* path, pairs_t* out) {
    out->count = path->equal_count;
    for (uint32_t i = 0; i < path->equal_count; i++) {
        const bind_path_equal_t* equal = &path->equals[i];
        zx_status_t status = bind_keys_intern(index, &equal->key, &out->slots[i]);
        out->kinds[i] = (uint8_t)equal->value.type;
        out->payloads[i] = equal->value.number;
        if (status == ZX_OK && equal->value.type == BIND_VALUE_STRING) {
            const char* text = equal->value.string;
            status = bind_texts_intern(&index->texts, text, strlen(text), &out->payloads[i]);
        }
        if (status != ZX_OK) {
            return status;
        }
    }
    return ZX_OK;
}

// A record for the least crowded of the pairs.
static void set_single(const bind_index_t* index, const pairs_t* pairs, bind_record_t* record) {
    uint32_t best = 0;
    uint32_t best_crowd = UINT32_MAX;
    for (uint32_t i = 0; i < pairs->count && best_crowd > 0; i++) {
        const uint32_t hash = bind_pair_hash(pairs->slots[i], pairs->kinds[i], pairs->payloads[i]);
        const uint32_t at = bind_table_find(&index->chains, hash);
        const uint32_t crowd = at == BIND_NONE ? 0 : index->chains.uses[at];
        if (crowd < best_crowd) {
            best = i;
            best_crowd = crowd;
            record->hash = hash;
        }
    }
    record->kind = pairs->kinds[best];
    record->values[0] = pairs->slots[best];
    record->values[1] = pairs->payloads[best];
}

static uint32_t pair_hash_of(const bind_index_t* index, const bind_record_t* record, uint8_t at) {
    const bind_shape_t* shape = &index->shapes[record->shape];
    return bind_pair_hash(index->bit_slots[shape->bits[at]], shape->kinds[at], record->values[at]);
}

// Values that lead to so few shapes are as good as one another.
#define FEW_SHAPES 2u

// The clue for a record: the value that leads to few shapes, so that a value that all devices have
// leads to little, and the rest is found by what devices differ in. Of several such values that of
// the key with the most clues: a lookup asks for the value of each key that has any.
static uint8_t choose_clue(const bind_index_t* index, const bind_record_t* record) {
    const bind_shape_t* shape = &index->shapes[record->shape];
    uint8_t best = 0;
    uint32_t best_cost = UINT32_MAX;
    uint32_t best_uses = 0;
    for (uint8_t i = 0; i < shape->count; i++) {
        const uint32_t uses = index->keys[index->bit_slots[shape->bits[i]]].clue_uses;
        uint32_t cost = bind_clues_cost(index, pair_hash_of(index, record, i), record->shape);
        cost = cost <= FEW_SHAPES ? 0 : cost;
        if (cost < best_cost || (cost == best_cost && uses >= best_uses)) {
            best = i;
            best_cost = cost;
            best_uses = uses;
        }
    }
    return best;
}

static void set_values(const bind_index_t* index, const pairs_t* pairs, bind_record_t* record) {
    const bind_shape_t* shape = &index->shapes[record->shape];
    record->hash = 0;
    for (uint32_t i = 0; i < shape->count; i++) {
        uint32_t at = 0;
        while (pairs->slots[at] != index->bit_slots[shape->bits[i]]) {
            at++;
        }
        record->values[i] = pairs->payloads[at];
        record->hash += bind_pair_hash(pairs->slots[at], pairs->kinds[at], pairs->payloads[at]);
    }
}

// The record of the same entry with the same values, if there is one.
static bind_record_t* find_same(const bind_index_t* index, const bind_record_t* wanted) {
    uint32_t id = bind_chain_first(&index->chains, wanted->hash);
    for (; id != BIND_NONE; id = index->records[id].next) {
        bind_record_t* record = &index->records[id];
        if (record->entry == wanted->entry && record->shape == wanted->shape &&
            (record->shape != BIND_SINGLE || record->kind == wanted->kind) &&
            memcmp(record->values, wanted->values, sizeof(record->values)) == 0) {
            return record;
        }
    }
    return NULL;
}

static void count_use(bind_index_t* index, const bind_record_t* record, bool is_added) {
    const uint32_t one = is_added ? 1u : UINT32_MAX;
    index->live_records += one;
    index->exact_records += (record->flags & BIND_RECORD_EXACT) != 0 ? one : 0;
    if (record->shape == BIND_SINGLE) {
        index->keys[record->values[0]].single_uses += one;
    } else {
        const bind_shape_t* shape = &index->shapes[record->shape];
        index->keys[index->bit_slots[shape->bits[record->kind]]].clue_uses += one;
    }
}

// Takes the record in, or out again with all that was taken for it.
static zx_status_t insert_record(bind_index_t* index, bind_record_t* record) {
    const bool has_shape = record->shape != BIND_SINGLE;
    const bool is_exact = (record->flags & BIND_RECORD_EXACT) != 0;
    bind_record_t* same = find_same(index, record);
    if (same != NULL && is_exact && (same->flags & BIND_RECORD_EXACT) == 0) {
        same->flags |= BIND_RECORD_EXACT;
        same->specificity = record->specificity;
        index->exact_records++;
    }
    zx_status_t status = same != NULL ? ZX_OK : ZX_ERR_NO_MEMORY;
    const uint32_t id = same != NULL ? BIND_NONE : take_record(index);
    if (id != BIND_NONE) {
        if (has_shape) {
            record->kind = choose_clue(index, record);
            status =
                bind_clues_add(index, pair_hash_of(index, record, record->kind), record->shape);
        } else {
            status = ZX_OK;
        }
        if (status != ZX_OK) {
            index->records[id].next = index->free_record;
            index->free_record = id;
        }
    }
    if (id == BIND_NONE || status != ZX_OK) {
        if (has_shape) {
            bind_shapes_release(index, record->shape);
        }
        return status;
    }
    index->records[id] = *record;
    index->drivers[record->entry].first_record = id;
    link_record(index, id);
    count_use(index, record, true);
    return ZX_OK;
}

// Some of the triples of a pattern's literal parts, from all over it.
static void find_triples(const char* pattern, uint16_t out[BIND_TRIPLES]) {
    uint16_t all[256];
    size_t count = 0;
    size_t literal = 0;
    for (const char* c = pattern; *c != 0; c++) {
        if (strchr("*?\\", *c) != NULL) {
            literal = 0;
            c += *c == '\\' && c[1] != 0;
        } else if (*c == '[') {
            break;  // what is behind it need not be found
        } else if (++literal >= 3 && count < sizeof(all) / sizeof(all[0])) {
            all[count++] = (uint16_t)bind_triple(c - 2);
        }
    }
    for (size_t i = 0; i < BIND_TRIPLES; i++) {
        out[i] = count == 0 ? BIND_NO_TRIPLE : all[count - 1 - i * (count - 1) / BIND_TRIPLES];
    }
}

// Patterns for another text than most are only found by fnmatch().
static void set_triples(const bind_index_t* index, const bind_index_entry_t* entry,
                        bind_record_t* record) {
    if (entry->pattern != NULL && strcmp(entry->pattern_key, index->pattern_key) == 0) {
        record->flags |= BIND_RECORD_TRIPLES;
        find_triples(entry->pattern, record->triples);
    }
}

static zx_status_t add_record(bind_index_t* index, uint32_t entry, const bind_path_t* path) {
    pairs_t pairs;
    const zx_status_t status = intern_pairs(index, path, &pairs);
    if (status != ZX_OK) {
        return status;
    }
    const bind_driver_t* driver = &index->drivers[entry];
    bind_record_t record = {.entry = entry,
                            .specificity = path->specificity,
                            .context = driver->entry.context,
                            .next_of_entry = driver->first_record};
    record.shape = (uint16_t)bind_shapes_choose(index, pairs.slots, pairs.kinds, pairs.count);
    uint32_t used = 1;
    if (record.shape == BIND_SINGLE) {
        set_single(index, &pairs, &record);
    } else {
        set_values(index, &pairs, &record);
        used = index->shapes[record.shape].count;
    }
    const bool is_exact = path->is_exact && used == pairs.count && driver->entry.pattern == NULL;
    record.flags = is_exact ? BIND_RECORD_EXACT : 0;
    set_triples(index, &driver->entry, &record);
    return insert_record(index, &record);
}

// Several records of one entry may be found for one device only if one of them is not exact.
static void mark_repeats(bind_index_t* index, uint32_t entry) {
    const uint32_t first = index->drivers[entry].first_record;
    bool is_all_exact = true;
    for (uint32_t id = first; id != BIND_NONE; id = index->records[id].next_of_entry) {
        is_all_exact = is_all_exact && (index->records[id].flags & BIND_RECORD_EXACT) != 0;
    }
    if (first == BIND_NONE || is_all_exact || index->records[first].next_of_entry == BIND_NONE) {
        return;
    }
    for (uint32_t id = first; id != BIND_NONE; id = index->records[id].next_of_entry) {
        index->records[id].flags |= BIND_RECORD_REPEATS;
    }
}

// ------------------------------------------------------------------------------------- entries

static zx_status_t collect_path(void* ctx, const bind_path_t* path) {
    bind_index_t* index = ctx;
    if (!bind_grow((void**)&index->paths, &index->path_capacity, index->path_count + 1,
                   sizeof(*index->paths))) {
        return ZX_ERR_NO_MEMORY;
    }
    index->paths[index->path_count++] = *path;
    return ZX_OK;
}

// Fills index->paths. *out_residual: the entry can only be tried.
static zx_status_t analyze(bind_index_t* index, const bind_index_entry_t* entry,
                           bool* out_residual) {
    bool is_complete;
    index->path_count = 0;
    zx_status_t status = bind_analyze_paths(entry->program, entry->parent, BIND_INDEX_MAX_PATHS,
                                            collect_path, index, &is_complete);
    if (status == ZX_OK && !is_complete) {
        index->path_count = 0;
        status = bind_analyze_key(entry->program, entry->parent, collect_path, index, &is_complete);
    }
    *out_residual = !is_complete;
    for (uint32_t i = 0; i < index->path_count && !*out_residual; i++) {
        *out_residual = index->paths[i].equal_count == 0;
    }
    return status;
}

static zx_status_t add_residual(bind_index_t* index, uint32_t entry) {
    if (!bind_grow((void**)&index->residual, &index->residual_capacity, index->residual_count + 1,
                   sizeof(*index->residual))) {
        return ZX_ERR_NO_MEMORY;
    }
    index->drivers[entry].residual_place = index->residual_count;
    index->residual[index->residual_count++] = entry;
    return ZX_OK;
}

static void remove_residual(bind_index_t* index, uint32_t entry) {
    const uint32_t place = index->drivers[entry].residual_place;
    if (place != BIND_NONE) {
        const uint32_t last = index->residual[--index->residual_count];
        index->residual[place] = last;
        index->drivers[last].residual_place = place;
    }
}

static uint32_t take_driver(bind_index_t* index) {
    uint32_t id = index->free_driver;
    if (id != BIND_NONE) {
        index->free_driver = index->drivers[id].next_free;
        return id;
    }
    if (!bind_grow((void**)&index->drivers, &index->driver_capacity, index->driver_count + 1,
                   sizeof(*index->drivers))) {
        return BIND_NONE;
    }
    return index->driver_count++;
}

static void drop(bind_index_t* index, uint32_t entry) {
    bind_driver_t* driver = &index->drivers[entry];
    for (uint32_t id = driver->first_record; id != BIND_NONE;) {
        bind_record_t* record = &index->records[id];
        const uint32_t next = record->next_of_entry;
        unlink_record(index, id);
        count_use(index, record, false);
        if (record->shape != BIND_SINGLE) {
            bind_clues_remove(index, pair_hash_of(index, record, record->kind), record->shape);
            bind_shapes_release(index, record->shape);
        }
        record->next = index->free_record;
        index->free_record = id;
        id = next;
    }
    remove_residual(index, entry);
    *driver = (bind_driver_t){.next_free = index->free_driver};
    index->free_driver = entry;
    index->live_drivers--;
}

static zx_status_t keep_pattern_key(bind_index_t* index, const char* key) {
    if (key != NULL && index->pattern_key == NULL) {
        index->pattern_key = strdup(key);
        return index->pattern_key == NULL ? ZX_ERR_NO_MEMORY : ZX_OK;
    }
    return ZX_OK;
}

static zx_status_t fill(bind_index_t* index, uint32_t entry) {
    bool is_residual;
    zx_status_t status = analyze(index, &index->drivers[entry].entry, &is_residual);
    if (status == ZX_OK) {
        status = keep_pattern_key(index, index->drivers[entry].entry.pattern_key);
    }
    if (status != ZX_OK) {
        return status;
    }
    if (is_residual) {
        return add_residual(index, entry);
    }
    if (!bind_table_reserve(&index->chains, index->path_count)) {
        return ZX_ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < index->path_count && status == ZX_OK; i++) {
        status = add_record(index, entry, &index->paths[i]);
    }
    mark_repeats(index, entry);
    return status;
}

zx_status_t bind_index_add(bind_index_t* index, const bind_index_entry_t* entry, uint32_t* out_id) {
    if (index == NULL || entry == NULL || entry->program == NULL || out_id == NULL ||
        (entry->pattern == NULL) != (entry->pattern_key == NULL)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (entry->program->is_composite && entry->parent == NULL) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (index->live_drivers == BIND_INDEX_MAX_ENTRIES) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    const uint32_t id = take_driver(index);
    if (id == BIND_NONE) {
        return ZX_ERR_NO_MEMORY;
    }
    index->drivers[id] =
        (bind_driver_t){.entry = *entry, .first_record = BIND_NONE, .residual_place = BIND_NONE};
    index->live_drivers++;
    const zx_status_t status = fill(index, id);
    if (status != ZX_OK) {
        drop(index, id);
        return status;
    }
    *out_id = id;
    return ZX_OK;
}

zx_status_t bind_index_remove(bind_index_t* index, uint32_t id) {
    if (index == NULL || id >= index->driver_count || index->drivers[id].entry.program == NULL) {
        return ZX_ERR_NOT_FOUND;
    }
    drop(index, id);
    return ZX_OK;
}

void bind_index_get_stats(const bind_index_t* index, bind_index_stats_t* out_stats) {
    *out_stats = (bind_index_stats_t){.entries = index->live_drivers,
                                      .paths = index->live_records,
                                      .exact = index->exact_records,
                                      .texts = index->texts.count,
                                      .residual = index->residual_count};
    for (uint32_t i = 0; i < index->shape_limit; i++) {
        out_stats->shapes += index->shapes[i].count != 0;
    }
    for (uint32_t i = 0; i < index->key_count; i++) {
        out_stats->keys += index->keys[i].single_uses + index->keys[i].shape_uses > 0;
    }
}
