// SPDX-License-Identifier: MIT
// The inside of a match index. docs/bind_index.md describes it.
//
// texts:   every key and value that is a text has a number ("text id")
// keys:    every key that some record needs has a number ("slot")
// shapes:  a set of two to eight keys with the kinds of their values; 64 of them and 64 keys in
// them
//          at most, so that a lookup compares bit masks
// records: one way of one entry: a shape with values, or a single key with a value; those of one
// hash
//          are a chain
// clues:   for a value of the key that a shape is listed under: some record of that shape has it,
// so
//          that a lookup asks for the few shapes that its device's values lead to
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <bind/index.h>

#include "analyze.h"

#define BIND_NONE         UINT32_MAX
#define BIND_INDEX_SHAPES 256u
#define BIND_INDEX_BITS   128u
#define BIND_SINGLE       0xffffu  // a record's shape: a single key
#define BIND_NUMBER_KEYS  4096u    // number keys below are found without a search

// --------------------------------------------------------------------------------------- texts

typedef struct bind_text {
    const char* data;  // the index's
    uint32_t size;
    uint32_t slot;         // of the key of this text, or BIND_NONE
    uint32_t legacy_slot;  // of the number key that has this text for a name, or BIND_NONE
} bind_text_t;

typedef struct bind_text_place {
    uint32_t hash;
    uint32_t id;  // BIND_NONE: free
} bind_text_place_t;

typedef struct bind_text_block bind_text_block_t;

typedef struct bind_texts {
    bind_text_t* items;  // owned
    uint32_t count;
    uint32_t capacity;
    bind_text_place_t* places;  // owned
    uint32_t place_mask;
    bind_text_block_t* blocks;  // owned: the bytes
} bind_texts_t;

// --------------------------------------------------------------------------------- keys, shapes

typedef struct bind_key {
    uint32_t text;         // id, or BIND_NONE: a number key
    uint32_t number;       // of a number key
    uint32_t single_uses;  // records of this key alone
    uint32_t shape_uses;   // shapes with this key
    uint32_t clue_uses;    // records that have their clue in it
    uint8_t bit;           // in shapes; BIND_INDEX_BITS: none
} bind_key_t;

typedef struct bind_head {
    uint32_t hash;
    uint32_t first;  // BIND_NONE: a free place
} bind_head_t;

typedef struct bind_heads {
    bind_head_t* places;  // owned
    uint32_t mask;
    uint32_t count;
} bind_heads_t;

// A set of keys that have a bit each.
typedef struct bind_mask {
    uint64_t words[BIND_INDEX_BITS / 64];
} bind_mask_t;

typedef struct bind_shape {
    bind_mask_t mask;
    uint32_t uses;  // records
    uint8_t count;  // 0: free
    uint8_t bits[BIND_PATH_MAX_EQUALS];
    uint8_t kinds[BIND_PATH_MAX_EQUALS];  // bind_value_type_t
} bind_shape_t;

// -------------------------------------------------------------------------------------- records

#define BIND_RECORD_EXACT   1u  // whatever has these values matches
#define BIND_RECORD_REPEATS 2u  // another record of the entry may be found for the same device

typedef struct bind_record {
    uint32_t hash;
    uint32_t next;  // in the bucket, or in the list of free records
    uint32_t entry;
    uint32_t next_of_entry;  // the entry's records
    uint32_t specificity;    // when exact
    uint16_t shape;          // or BIND_SINGLE
    uint8_t flags;           // BIND_RECORD_*
    uint8_t kind;            // BIND_SINGLE: of the value; else the place in values of its clue
    uint32_t
        values[BIND_PATH_MAX_EQUALS];  // payloads, as the shape's bits; BIND_SINGLE: slot, value
    void* context;                     // the entry's
} bind_record_t;

typedef struct bind_clue {
    uint32_t hash;  // of the key with its value; those of other keys may be in the chain too
    uint32_t next;  // in the chain, or in the list of free clues
    uint32_t uses;  // records
    uint32_t shape;
} bind_clue_t;

// Three letters that stand next to one another in a pattern do so in every text that fits it. A
// text's triples as bits make it cheap to see that a pattern does not fit.
#define BIND_TRIPLE_BITS 2048u
#define BIND_TRIPLES     4u
#define BIND_NO_TRIPLE   0xffffu

static inline uint32_t bind_triple(const char* text) {
    const uint32_t letters = (uint32_t)(unsigned char)text[0] |
                             (uint32_t)(unsigned char)text[1] << 8 |
                             (uint32_t)(unsigned char)text[2] << 16;
    return letters * 0x9e3779b1u >> 21;
}

typedef struct bind_driver {
    bind_index_entry_t entry;        // program null: free
    uint16_t triples[BIND_TRIPLES];  // of the pattern
    uint32_t first_record;           // or BIND_NONE
    uint32_t residual_place;         // in bind_index.residual, or BIND_NONE
    uint32_t next_free;
} bind_driver_t;

struct bind_index {
    bind_texts_t texts;
    bind_key_t* keys;  // owned
    uint32_t key_count;
    uint32_t key_capacity;
    uint32_t number_slots[BIND_NUMBER_KEYS];  // slot or BIND_NONE
    bind_mask_t bits_in_use;
    uint32_t bit_slots[BIND_INDEX_BITS];
    bind_shape_t shapes[BIND_INDEX_SHAPES];
    uint32_t shape_limit;    // shapes from here on are free
    bind_record_t* records;  // owned
    uint32_t record_count;   // used ones and free ones
    uint32_t record_capacity;
    uint32_t free_record;
    uint32_t live_records;
    uint32_t exact_records;
    bind_heads_t chains;  // of records, by hash
    bind_clue_t* clues;   // owned
    uint32_t clue_count;  // used ones and free ones
    uint32_t clue_capacity;
    uint32_t free_clue;
    bind_heads_t clue_chains;
    bind_driver_t* drivers;  // owned
    uint32_t driver_count;   // used ones and free ones
    uint32_t driver_capacity;
    uint32_t free_driver;
    uint32_t live_drivers;
    uint32_t* residual;  // owned: entries
    uint32_t residual_count;
    uint32_t residual_capacity;
    bind_path_t* paths;  // owned: of the entry that is being added
    uint32_t path_count;
    uint32_t path_capacity;
};

// ------------------------------------------------------------------------------------- hashing

static inline uint64_t bind_mix(uint64_t a) {
    a ^= a >> 32;
    a *= 0xd6e8feb86659fd93u;
    a ^= a >> 32;
    a *= 0xd6e8feb86659fd93u;
    return a ^ a >> 32;
}

static inline uint32_t bind_text_hash(const char* data, size_t size) {
    uint64_t hash = size * 0x9e3779b97f4a7c15u;
    while (size >= 8) {
        uint64_t word;
        memcpy(&word, data, 8);
        hash = (hash ^ word) * 0xd6e8feb86659fd93u;
        hash ^= hash >> 29;
        data += 8;
        size -= 8;
    }
    if (size > 0) {
        uint64_t word = 0;
        memcpy(&word, data, size);
        hash = (hash ^ word) * 0xd6e8feb86659fd93u;
    }
    return (uint32_t)(bind_mix(hash));
}

// What one key with its value adds to the hash of a record. Sums of these are the hash.
static inline uint32_t bind_pair_hash(uint32_t slot, uint8_t kind, uint32_t payload) {
    return (uint32_t)bind_mix(((uint64_t)slot << 34 | (uint64_t)kind << 32) ^ payload);
}

static inline void bind_mask_add(bind_mask_t* mask, uint32_t bit) {
    mask->words[bit / 64] |= 1ull << (bit % 64);
}

static inline void bind_mask_remove(bind_mask_t* mask, uint32_t bit) {
    mask->words[bit / 64] &= ~(1ull << (bit % 64));
}

static inline bool bind_mask_has(const bind_mask_t* mask, uint32_t bit) {
    return (mask->words[bit / 64] >> (bit % 64) & 1) != 0;
}

static inline bool bind_mask_covers(const bind_mask_t* mask, const bind_mask_t* part) {
    uint64_t missing = 0;
    for (uint32_t i = 0; i < BIND_INDEX_BITS / 64; i++) {
        missing |= part->words[i] & ~mask->words[i];
    }
    return missing == 0;
}

static inline uint32_t bind_text_find(const bind_texts_t* texts, const char* data, size_t size) {
    const uint32_t hash = bind_text_hash(data, size);
    for (uint32_t at = hash & texts->place_mask;; at = (at + 1) & texts->place_mask) {
        const bind_text_place_t* place = &texts->places[at];
        if (place->id == BIND_NONE) {
            return BIND_NONE;
        }
        if (place->hash == hash) {
            const bind_text_t* text = &texts->items[place->id];
            if (text->size == size && memcmp(text->data, data, size) == 0) {
                return place->id;
            }
        }
    }
}

// Large number keys are kept among the texts, as bytes that no text has: a zero, then the number.
#define BIND_FAR_SIZE 5u
static inline void bind_far_text(uint32_t number, char* out) {
    out[0] = 0;
    memcpy(out + 1, &number, sizeof(number));
}

static inline uint32_t bind_keys_find_number(const bind_index_t* index, uint32_t number) {
    if (number < BIND_NUMBER_KEYS) {
        return index->number_slots[number];
    }
    char far[BIND_FAR_SIZE];
    bind_far_text(number, far);
    const uint32_t text = bind_text_find(&index->texts, far, BIND_FAR_SIZE);
    return text == BIND_NONE ? BIND_NONE : index->texts.items[text].slot;
}

// --------------------------------------------------------------------------------- texts.c, keys.c

zx_status_t bind_texts_init(bind_texts_t* texts);
void bind_texts_fini(bind_texts_t* texts);
// The id of a text, which is copied if it is new.
zx_status_t bind_texts_intern(bind_texts_t* texts, const char* text, size_t size, uint32_t* out_id);

// The slot of a key, a new one if need be.
zx_status_t bind_keys_intern(bind_index_t* index, const bind_path_key_t* key, uint32_t* out_slot);

// The shape of `count` slots (ascending by slot) and kinds: one that is there, else a new one, else
// the largest one that needs no other keys. BIND_SINGLE: none.
uint32_t bind_shapes_choose(bind_index_t* index, const uint32_t* slots, const uint8_t* kinds,
                            uint32_t count);
void bind_shapes_release(bind_index_t* index, uint32_t shape);

// heads.c. Reserving makes room, so that putting cannot fail.
zx_status_t bind_heads_init(bind_heads_t* heads);
void bind_heads_fini(bind_heads_t* heads);
bool bind_heads_reserve(bind_heads_t* heads, uint32_t more);
// Sets the first item of a hash and returns the one before, or BIND_NONE.
uint32_t bind_heads_put(bind_heads_t* heads, uint32_t hash, uint32_t first);
void bind_heads_remove(bind_heads_t* heads, uint32_t hash);  // it must be there

static inline uint32_t bind_heads_find(const bind_heads_t* heads, uint32_t hash) {
    uint32_t at = hash & heads->mask;
    while (heads->places[at].hash != hash && heads->places[at].first != BIND_NONE) {
        at = (at + 1) & heads->mask;
    }
    return heads->places[at].first;
}

// clues.c
zx_status_t bind_clues_add(bind_index_t* index, uint32_t hash, uint32_t shape);
// Shapes that a value would lead to with this one; *out_known: it does already.
uint32_t bind_clues_cost(const bind_index_t* index, uint32_t hash, uint32_t shape, bool* out_known);
void bind_clues_remove(bind_index_t* index, uint32_t hash, uint32_t shape);

// Grows an array to hold `wanted` items. Returns false when memory is short.
bool bind_grow(void** items, uint32_t* capacity, uint32_t wanted, size_t item_size);
