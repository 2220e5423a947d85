// SPDX-License-Identifier: MIT
// The match index: many bind programs as one structure, so that finding the drivers of a device
// does not try every program.
//
// A program is followed along all of its ways to a match. Each way needs some properties to be
// equal to certain values; the index keeps them in hash tables and a lookup asks only for what the
// device has. What the equalities of a way do not tell is confirmed by running the program, so the
// answers are those of bind_program_match() on every program, an error counting as "no match".
// docs/bind_index.md has the details.
//
// Ownership: the index borrows programs and texts of an entry until it is removed.
// Threads: any number of lookups at once; adding and removing need the index for themselves.
// Memory: a lookup allocates nothing. Texts that programs name stay in the index until it is
// destroyed, so that adding the same driver again costs nothing new.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bind/match.h>
#include <bind/program.h>
#include <zircon/types.h>

// Drivers in one index.
#define BIND_INDEX_MAX_ENTRIES (1u << 20)
// Ways through one program that are kept apart; a program with more of them is looked up by the
// values of a single key, and without such a key it is tried for every device.
#define BIND_INDEX_MAX_PATHS 1024u
// Properties of a device that a lookup uses the tables for; with more of them every program is
// tried.
#define BIND_INDEX_MAX_PROPERTIES 256u

typedef struct bind_index bind_index_t;

typedef struct bind_index_entry {
    const bind_program_t* program;  // borrowed
    const bind_parent_t* parent;    // borrowed; null: an ordinary program, else one of a composite
    // Both null, or a condition that bytecode cannot express: the text of property `pattern_key`
    // fits the shell pattern `pattern` (fnmatch(3) without flags). Borrowed.
    const char* pattern_key;
    const char* pattern;
    void* context;  // the caller's, borrowed; comes back in hits
} bind_index_entry_t;

typedef struct bind_index_hit {
    void* context;         // the entry's
    uint32_t id;           // the entry
    uint32_t specificity;  // of the match, see bind_program_match_etc()
} bind_index_hit_t;

// What an index is made of.
typedef struct bind_index_stats {
    size_t entries;
    size_t paths;     // ways that are in a hash table
    size_t exact;     // of those: need no confirmation
    size_t shapes;    // sets of keys that lookups combine
    size_t keys;      // keys that a device is asked for
    size_t texts;     // different keys and values that are texts
    size_t residual;  // entries that are tried for every device
} bind_index_stats_t;

// ZX_ERR_NO_MEMORY is the only failure.
zx_status_t bind_index_create(bind_index_t** out_index);
void bind_index_destroy(bind_index_t* index);  // null is fine

// Adds one program; costs as much as the program is long, whatever the index holds. *out_id is a
// number below BIND_INDEX_MAX_ENTRIES that a later entry may get again after removal.
//   ZX_ERR_INVALID_ARGS   a null argument, or only one of the two pattern fields
//   ZX_ERR_NOT_SUPPORTED  a composite without a parent (E824)
//   ZX_ERR_OUT_OF_RANGE   BIND_INDEX_MAX_ENTRIES
//   ZX_ERR_NO_MEMORY
// On failure the index is as before.
zx_status_t bind_index_add(bind_index_t* index, const bind_index_entry_t* entry, uint32_t* out_id);

// ZX_ERR_NOT_FOUND: there is no entry `id`.
zx_status_t bind_index_remove(bind_index_t* index, uint32_t id);

// Every entry that matches, each once, in no order; bind/choice.h puts them into one. *out_count is
// how many there are.
//   ZX_ERR_BUFFER_TOO_SMALL  there are more than `capacity`: `out` is full, and *out_count is a
//                            capacity that suffices
//   ZX_ERR_INVALID_ARGS      a null argument
zx_status_t bind_index_find(const bind_index_t* index, const bind_property_t* props, size_t count,
                            bind_index_hit_t* out, size_t capacity, size_t* out_count);

// The same by trying every entry. The measure of bind_index_find(), for tests and benchmarks.
zx_status_t bind_index_find_linear(const bind_index_t* index, const bind_property_t* props,
                                   size_t count, bind_index_hit_t* out, size_t capacity,
                                   size_t* out_count);

void bind_index_get_stats(const bind_index_t* index, bind_index_stats_t* out_stats);
