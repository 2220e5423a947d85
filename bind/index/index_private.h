// SPDX-License-Identifier: MIT
// The inside of a match index. docs/bind_index.md describes it.
//
// texts:   every key and value that is a text has a number ("text id")
// keys:    every key that some record needs has a number ("slot")
// shapes:  a set of two to eight keys with the kinds of their values; their number and that of
//          their keys is limited, so that a lookup compares bit masks
// records: one way of one entry: a shape with values, or a single key with a value; those of one
//          hash are a chain
// clues:   a value of a key and a shape: some record of that shape has it, so that a lookup asks
//          for the few shapes that its device's values lead to
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <bind/index.h>

#include "analyze.h"
#include "table.h"

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

typedef struct bind_text_block bind_text_block_t;

typedef struct bind_texts {
    bind_text_t* items;  // owned
    uint32_t count;
    uint32_t capacity;
    bind_table_t ids;
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
#define BIND_RECORD_TRIPLES 4u  // the entry's pattern is for the index's pattern_key

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

typedef struct bind_record {
    uint32_t hash;
    uint32_t next;  // in the chain, or in the list of free records
    uint32_t entry;
    uint32_t next_of_entry;  // the entry's records
    uint32_t specificity;    // when exact
    uint16_t shape;          // or BIND_SINGLE
    uint8_t flags;           // BIND_RECORD_*
    uint8_t kind;            // BIND_SINGLE: of the value; else the place in values of its clue
    uint32_t
        values[BIND_PATH_MAX_EQUALS];  // payloads, as the shape's bits; BIND_SINGLE: slot, value
    union {
        void* context;                   // the entry's
        uint16_t triples[BIND_TRIPLES];  // BIND_RECORD_TRIPLES: of its pattern
    };
} bind_record_t;

typedef struct bind_driver {
    bind_index_entry_t entry;  // program null: free
    uint32_t first_record;     // or BIND_NONE
    uint32_t residual_place;   // in bind_index.residual, or BIND_NONE
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
    bind_table_t chains;     // hash of records: the first of them; uses: how many
    bind_table_t clues;      // hash of a key with its value: a shape; uses: records
    char* pattern_key;       // owned: of the first pattern that came in, or null
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

static inline uint64_t bind_load_word(const char* data) {
    uint64_t word;
    memcpy(&word, data, sizeof(word));
    return word;
}

// A text of less than eight bytes as a word; some of them may be in it twice.
static inline uint64_t bind_short_word(const char* data, size_t size) {
    if (size >= 4) {
        uint32_t first;
        uint32_t last;
        memcpy(&first, data, sizeof(first));
        memcpy(&last, data + size - sizeof(last), sizeof(last));
        return first | (uint64_t)last << 32;
    }
    return size == 0
               ? 0
               : (uint64_t)(unsigned char)data[0] | (uint64_t)(unsigned char)data[size / 2] << 8 |
                     (uint64_t)(unsigned char)data[size - 1] << 16;
}

static inline uint32_t bind_text_hash(const char* data, size_t size) {
    uint64_t hash = size * 0x9e3779b97f4a7c15u;
    uint64_t word = size >= 8 ? bind_load_word(data + size - 8) : bind_short_word(data, size);
    for (; size > 8; size -= 8) {
        hash = (hash ^ bind_load_word(data)) * 0xd6e8feb86659fd93u;
        hash ^= hash >> 29;
        data += 8;
    }
    return (uint32_t)bind_mix((hash ^ word) * 0xd6e8feb86659fd93u);
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

// The first record of a hash, or BIND_NONE.
static inline uint32_t bind_chain_first(const bind_table_t* chains, uint32_t hash) {
    const uint32_t at = bind_table_find(chains, hash);
    return at == BIND_NONE ? BIND_NONE : chains->places[at].value;
}

static inline uint32_t bind_text_find(const bind_texts_t* texts, const char* data, size_t size) {
    bind_search_t search = bind_table_search(&texts->ids, bind_text_hash(data, size));
    uint32_t at;
    while ((at = bind_table_next(&texts->ids, &search)) != BIND_NONE) {
        const uint32_t id = texts->ids.places[at].value;
        const bind_text_t* text = &texts->items[id];
        if (text->size == size && memcmp(text->data, data, size) == 0) {
            return id;
        }
    }
    return BIND_NONE;
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

// clues.c
zx_status_t bind_clues_add(bind_index_t* index, uint32_t hash, uint32_t shape);
// Shapes that a value would lead to with this one.
uint32_t bind_clues_cost(const bind_index_t* index, uint32_t hash, uint32_t shape);
void bind_clues_remove(bind_index_t* index, uint32_t hash, uint32_t shape);

// Grows an array to hold `wanted` items. Returns false when memory is short.
bool bind_grow(void** items, uint32_t* capacity, uint32_t wanted, size_t item_size);
