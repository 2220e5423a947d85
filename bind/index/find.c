// SPDX-License-Identifier: MIT
// Looking a device up in a match index.
#include <bind/index.h>

#include <fnmatch.h>
#include <string.h>

#include <zircon/errors.h>

#include "index_private.h"

// A hash under which there may be records, and what they must have.
typedef struct probe {
    uint32_t hash;   // later the first record of it
    uint16_t shape;  // or BIND_SINGLE
    uint8_t kind;    // BIND_SINGLE: of the value
    uint32_t slot;
    uint32_t payload;
} probe_t;

// Each property gives a probe at most two times, each shape once.
#define MAX_PROBES (2 * BIND_INDEX_MAX_PROPERTIES + BIND_INDEX_SHAPES)

typedef struct lookup {
    const bind_index_t* index;
    const bind_property_t* props;
    size_t count;
    bind_index_hit_t* out;
    size_t capacity;
    size_t found;
    // Of each key that is in a shape and has a value that some record knows.
    bind_mask_t present;
    uint32_t payloads[BIND_INDEX_BITS];
    uint32_t hashes[BIND_INDEX_BITS];
    uint8_t kinds[BIND_INDEX_BITS];
    uint8_t clue_bits[BIND_INDEX_BITS];
    uint32_t clue_count;
    // Keys that were dealt with: of two properties with one key only one counts. Those with a bit,
    // and the others.
    bind_mask_t seen_bits;
    uint32_t seen[BIND_INDEX_MAX_PROPERTIES * 2];
    uint32_t seen_count;
    probe_t probes[MAX_PROBES];
    uint32_t probe_count;
    bool has_triples;  // they are below, of the text of the index's pattern_key
    uint64_t triples[BIND_TRIPLE_BITS / 64];
} lookup_t;

// ---------------------------------------------------------------------------------------- hits

static void add_hit(lookup_t* lookup, uint32_t entry, void* context, uint32_t specificity) {
    if (lookup->found < lookup->capacity) {
        lookup->out[lookup->found] = (bind_index_hit_t){context, entry, specificity};
    }
    lookup->found++;
}

static bool is_hit(const lookup_t* lookup, uint32_t entry) {
    const size_t count = lookup->found < lookup->capacity ? lookup->found : lookup->capacity;
    for (size_t i = 0; i < count; i++) {
        if (lookup->out[i].id == entry) {
            return true;
        }
    }
    return false;
}

static const char* find_text(const lookup_t* lookup, const char* key) {
    for (size_t i = 0; i < lookup->count; i++) {
        const bind_property_t* prop = &lookup->props[i];
        if (prop->key != NULL && strcmp(prop->key, key) == 0) {
            const bool is_text = prop->type == BIND_VALUE_STRING || prop->type == BIND_VALUE_ENUM;
            return is_text ? prop->string : NULL;
        }
    }
    return NULL;
}

// Without a text there are no triples, and no pattern fits.
static void set_triples(lookup_t* lookup) {
    const char* text = find_text(lookup, lookup->index->pattern_key);
    memset(lookup->triples, 0, sizeof(lookup->triples));
    lookup->has_triples = true;
    for (size_t i = 0; text != NULL && text[0] != 0 && text[1] != 0 && text[i + 2] != 0; i++) {
        const uint32_t triple = bind_triple(text + i);
        lookup->triples[triple / 64] |= 1ull << (triple % 64);
    }
}

// False: the pattern of the record's entry certainly does not fit.
static bool may_fit(lookup_t* lookup, const bind_record_t* record) {
    if ((record->flags & BIND_RECORD_TRIPLES) == 0) {
        return true;
    }
    if (!lookup->has_triples) {
        set_triples(lookup);
    }
    for (size_t i = 0; i < BIND_TRIPLES; i++) {
        const uint16_t triple = record->triples[i];
        if (triple != BIND_NO_TRIPLE && (lookup->triples[triple / 64] >> (triple % 64) & 1) == 0) {
            return false;
        }
    }
    return true;
}

static bool fits_pattern(const lookup_t* lookup, const bind_index_entry_t* entry) {
    const char* text = find_text(lookup, entry->pattern_key);
    return text != NULL && fnmatch(entry->pattern, text, 0) == 0;
}

// Runs the program of one entry.
static void try_entry(lookup_t* lookup, uint32_t id) {
    const bind_index_entry_t* entry = &lookup->index->drivers[id].entry;
    uint32_t specificity;
    bool is_match = false;
    if (entry->pattern != NULL && !fits_pattern(lookup, entry)) {
        return;
    }
    if (bind_program_match_etc(entry->program, entry->parent, lookup->props, lookup->count,
                               &is_match, &specificity, NULL) == ZX_OK &&
        is_match) {
        add_hit(lookup, id, entry->context, specificity);
    }
}

static void use_record(lookup_t* lookup, const bind_record_t* record) {
    if ((record->flags & BIND_RECORD_REPEATS) != 0 && is_hit(lookup, record->entry)) {
        return;
    }
    if ((record->flags & BIND_RECORD_EXACT) != 0) {
        add_hit(lookup, record->entry, record->context, record->specificity);
    } else if (may_fit(lookup, record)) {
        try_entry(lookup, record->entry);
    }
}

// -------------------------------------------------------------------------------------- probes

static void add_probe(lookup_t* lookup, probe_t probe) {
    bind_table_prefetch(&lookup->index->chains, probe.hash);
    lookup->probes[lookup->probe_count++] = probe;
}

// Keeps the probes that there are records for.
static void find_chains(lookup_t* lookup) {
    const bind_index_t* index = lookup->index;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < lookup->probe_count; i++) {
        const uint32_t first = bind_chain_first(&index->chains, lookup->probes[i].hash);
        if (first != BIND_NONE) {
            __PREFETCH(&index->records[first]);
            lookup->probes[kept] = lookup->probes[i];
            lookup->probes[kept++].hash = first;
        }
    }
    lookup->probe_count = kept;
}

static bool is_wanted(const lookup_t* lookup, const probe_t* probe, const bind_record_t* record) {
    if (record->shape != probe->shape) {
        return false;
    }
    if (probe->shape == BIND_SINGLE) {
        return record->kind == probe->kind && record->values[0] == probe->slot &&
               record->values[1] == probe->payload;
    }
    const bind_shape_t* shape = &lookup->index->shapes[probe->shape];
    for (uint32_t i = 0; i < shape->count; i++) {
        const uint8_t bit = shape->bits[i];
        if (record->values[i] != lookup->payloads[bit] || shape->kinds[i] != lookup->kinds[bit]) {
            return false;
        }
    }
    return true;
}

static void use_chains(lookup_t* lookup) {
    for (uint32_t i = 0; i < lookup->probe_count; i++) {
        const probe_t* probe = &lookup->probes[i];
        uint32_t id = probe->hash;
        while (id != BIND_NONE) {
            const bind_record_t* record = &lookup->index->records[id];
            if (is_wanted(lookup, probe, record)) {
                use_record(lookup, record);
            }
            id = record->next;
        }
    }
}

// ---------------------------------------------------------------------------------- properties

// The value as records have it; false: no record has it, or it is not valid.
static bool payload_of(const bind_index_t* index, const bind_property_t* prop, uint8_t* out_kind,
                       uint32_t* out_payload) {
    switch (prop->type) {
        case BIND_VALUE_NUMBER:
            *out_kind = BIND_VALUE_NUMBER;
            *out_payload = prop->number;
            return true;
        case BIND_VALUE_BOOL:
            *out_kind = BIND_VALUE_BOOL;
            *out_payload = prop->boolean ? 1 : 0;
            return true;
        case BIND_VALUE_STRING:
        case BIND_VALUE_ENUM:
            *out_kind = BIND_VALUE_STRING;
            *out_payload = prop->string == NULL
                               ? BIND_NONE
                               : bind_text_find(&index->texts, prop->string, strlen(prop->string));
            return *out_payload != BIND_NONE;
        default:
            return false;
    }
}

static bool was_seen(lookup_t* lookup, uint32_t slot, uint8_t bit) {
    if (bit < BIND_INDEX_BITS) {
        const bool result = bind_mask_has(&lookup->seen_bits, bit);
        bind_mask_add(&lookup->seen_bits, bit);
        return result;
    }
    for (uint32_t i = 0; i < lookup->seen_count; i++) {
        if (lookup->seen[i] == slot) {
            return true;
        }
    }
    lookup->seen[lookup->seen_count++] = slot;
    return false;
}

static void use_property(lookup_t* lookup, uint32_t slot, const bind_property_t* prop) {
    const bind_index_t* index = lookup->index;
    const bind_key_t* key = &index->keys[slot];
    if (key->single_uses == 0 && key->shape_uses == 0) {
        return;
    }
    if (was_seen(lookup, slot, key->bit)) {
        return;
    }
    uint8_t kind;
    uint32_t payload;
    if (!payload_of(index, prop, &kind, &payload)) {
        return;
    }
    const uint32_t hash = bind_pair_hash(slot, kind, payload);
    const uint8_t bit = key->bit;
    if (bit < BIND_INDEX_BITS) {
        bind_mask_add(&lookup->present, bit);
        bind_table_prefetch(&index->clues, hash);
        lookup->clue_bits[lookup->clue_count] = bit;
        lookup->clue_count += key->clue_uses != 0;
        lookup->payloads[bit] = payload;
        lookup->hashes[bit] = hash;
        lookup->kinds[bit] = kind;
    }
    if (key->single_uses != 0) {
        add_probe(lookup, (probe_t){hash, BIND_SINGLE, kind, slot, payload});
    }
}

// Of several properties with the number key BIND_PROTOCOL the last one counts.
static bool is_overridden(const lookup_t* lookup, size_t at) {
    const bind_property_t* prop = &lookup->props[at];
    if (prop->key != NULL || prop->id != BIND_KEY_PROTOCOL) {
        return false;
    }
    for (size_t i = at + 1; i < lookup->count; i++) {
        if (lookup->props[i].key == NULL && lookup->props[i].id == BIND_KEY_PROTOCOL) {
            return true;
        }
    }
    return false;
}

static void use_properties(lookup_t* lookup) {
    const bind_index_t* index = lookup->index;
    // Text keys that stand for a number key, if no property has that one.
    uint32_t legacy[BIND_INDEX_MAX_PROPERTIES];
    uint32_t legacy_props[BIND_INDEX_MAX_PROPERTIES];
    uint32_t legacy_count = 0;
    for (size_t i = 0; i < lookup->count; i++) {
        const bind_property_t* prop = &lookup->props[i];
        uint32_t slot;
        if (prop->key == NULL) {
            slot = is_overridden(lookup, i) ? BIND_NONE : bind_keys_find_number(index, prop->id);
        } else {
            const uint32_t text = bind_text_find(&index->texts, prop->key, strlen(prop->key));
            if (text == BIND_NONE) {
                continue;
            }
            slot = index->texts.items[text].slot;
            if (index->texts.items[text].legacy_slot != BIND_NONE) {
                legacy[legacy_count] = index->texts.items[text].legacy_slot;
                legacy_props[legacy_count++] = (uint32_t)i;
            }
        }
        if (slot != BIND_NONE) {
            use_property(lookup, slot, prop);
        }
    }
    for (uint32_t i = 0; i < legacy_count; i++) {
        use_property(lookup, legacy[i], &lookup->props[legacy_props[i]]);
    }
}

// -------------------------------------------------------------------------------------- shapes

static void ask_shape(lookup_t* lookup, uint32_t place) {
    const bind_shape_t* shape = &lookup->index->shapes[place];
    uint32_t hash = 0;
    for (uint32_t i = 0; i < shape->count; i++) {
        hash += lookup->hashes[shape->bits[i]];
    }
    add_probe(lookup, (probe_t){.hash = hash, .shape = (uint16_t)place});
}

// The shapes that the values of the device lead to, each once.
static void ask_shapes(lookup_t* lookup) {
    const bind_index_t* index = lookup->index;
    const bind_table_t* clues = &index->clues;
    uint64_t asked[BIND_INDEX_SHAPES / 64] = {0};
    for (uint32_t i = 0; i < lookup->clue_count; i++) {
        bind_search_t search = bind_table_search(clues, lookup->hashes[lookup->clue_bits[i]]);
        uint32_t at;
        while ((at = bind_table_next(clues, &search)) != BIND_NONE) {
            const uint32_t shape = clues->places[at].value;
            uint64_t* word = &asked[shape / 64];
            const uint64_t bit = 1ull << (shape % 64);
            if ((*word & bit) == 0 &&
                bind_mask_covers(&lookup->present, &index->shapes[shape].mask)) {
                ask_shape(lookup, shape);
            }
            *word |= bit;
        }
    }
}

static bool is_lookup_valid(const bind_index_t* index, const bind_property_t* props, size_t count,
                            const bind_index_hit_t* out, size_t capacity, const size_t* out_count) {
    return index != NULL && (props != NULL || count == 0) && (out != NULL || capacity == 0) &&
           out_count != NULL;
}

static zx_status_t finish(const lookup_t* lookup, size_t* out_count) {
    *out_count = lookup->found;
    return lookup->found > lookup->capacity ? ZX_ERR_BUFFER_TOO_SMALL : ZX_OK;
}

zx_status_t bind_index_find(const bind_index_t* index, const bind_property_t* props, size_t count,
                            bind_index_hit_t* out, size_t capacity, size_t* out_count) {
    if (!is_lookup_valid(index, props, count, out, capacity, out_count)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (count > BIND_INDEX_MAX_PROPERTIES) {
        return bind_index_find_linear(index, props, count, out, capacity, out_count);
    }
    // The arrays are not cleared: `present` and the counts tell what is in them.
    lookup_t lookup;
    lookup.index = index;
    lookup.props = props;
    lookup.count = count;
    lookup.out = out;
    lookup.capacity = capacity;
    lookup.found = 0;
    lookup.has_triples = false;
    lookup.present = (bind_mask_t){{0}};
    lookup.seen_bits = (bind_mask_t){{0}};
    lookup.clue_count = 0;
    lookup.seen_count = 0;
    lookup.probe_count = 0;
    use_properties(&lookup);
    ask_shapes(&lookup);
    find_chains(&lookup);
    use_chains(&lookup);
    for (uint32_t i = 0; i < index->residual_count; i++) {
        try_entry(&lookup, index->residual[i]);
    }
    return finish(&lookup, out_count);
}

zx_status_t bind_index_find_linear(const bind_index_t* index, const bind_property_t* props,
                                   size_t count, bind_index_hit_t* out, size_t capacity,
                                   size_t* out_count) {
    if (!is_lookup_valid(index, props, count, out, capacity, out_count)) {
        return ZX_ERR_INVALID_ARGS;
    }
    lookup_t lookup;
    lookup.index = index;
    lookup.props = props;
    lookup.count = count;
    lookup.out = out;
    lookup.capacity = capacity;
    lookup.found = 0;
    lookup.has_triples = false;
    for (uint32_t i = 0; i < index->driver_count; i++) {
        if (index->drivers[i].entry.program != NULL) {
            try_entry(&lookup, i);
        }
    }
    return finish(&lookup, out_count);
}
