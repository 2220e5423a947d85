// SPDX-License-Identifier: MIT
// Device specifications: what properties a device has, as a text with the names of the libraries.
// For trying rules without a device.
#pragma once

#include <bind/match.h>

#include "compiler.h"

typedef struct bc_device_entry bc_device_entry_t;
struct bc_device_entry {
    bc_device_entry_t* next;
    bc_name_t key;
    bc_value_t value;
    // After bc_device_resolve():
    const bc_symbol_t* key_symbol;  // null: the name is not known
    bc_symbol_t value_symbol;
    bool is_value_known;  // false: a name that is no value; it equals nothing
};

typedef struct bc_device {
    const bc_source_t* source;
    bc_device_entry_t* entries;  // in the order of the text
    bc_device_entry_t* last;
    size_t count;
} bc_device_t;

// "key = value key = value …". Reports syntax errors and a key that is there twice (E300).
void bc_device_parse(bc_diagnostics_t* diagnostics, const bc_source_t* source, bc_device_t* out);

// Adds an entry to the end. For devices that do not come from a text of their own.
void bc_device_add(bc_diagnostics_t* diagnostics, bc_device_t* device, const bc_name_t* key,
                   const bc_value_t* value);

// What becomes of names that are not known, for the warnings.
typedef enum bc_unknown { BC_UNKNOWN_SILENT, BC_UNKNOWN_IGNORED, BC_UNKNOWN_KEPT } bc_unknown_t;

// Looks up the names, with the aliases of `usings`, and warns of those that are not known.
void bc_device_resolve(bc_symbols_t* symbols, const bc_using_t* usings, bc_device_t* device,
                       bc_unknown_t unknown);

// The value of a key; null: the device has none. Of keys that are one the last counts.
const bc_device_entry_t* bc_device_find(const bc_device_t* device, const bc_symbol_t* key);

// The properties as the matcher takes them; in the arena. What equals nothing is left out, since an
// absent property means the same. `keeps_unknown`: names that are not known are kept, keys as they
// are and their values as texts of enums, which is what they are in most cases.
const bind_property_t* bc_device_properties(const bc_device_t* device, bool keeps_unknown,
                                            bc_arena_t* arena, size_t* out_count);
