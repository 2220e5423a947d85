// SPDX-License-Identifier: MIT
// Matching a compiled bind program against the properties of a device.
//
// A program is a conjunction; reaching its end is a match. An absent property equals nothing: `==`
// and `accept` fail,
// `!=` holds. A property of another kind than the value it is compared with is an error, not
// "different"; strings and enums are one kind here. Nothing is allocated, nothing blocks, and the
// number of steps is bounded.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bind/program.h>
#include <zircon/types.h>

// Instructions executed before matching gives up. Jumps only go forward, so only a program of about
// a megabyte gets here.
#define BIND_MATCH_MAX_STEPS 262144u

// Keys that devmgr itself supplies.
#define BIND_KEY_PROTOCOL 0x0001u
#define BIND_KEY_AUTOBIND 0x0002u

// One property of a device. All pointers are borrowed; texts are zero-terminated UTF-8.
typedef struct bind_property {
    uint32_t id;             // legacy integer key, used when key is null
    const char* key;         // full dotted name of the key; null: the key is `id`
    bind_value_type_t type;  // which of the next three counts; BIND_VALUE_ENUM uses string
    uint32_t number;
    const char* string;
    bool boolean;
} bind_property_t;

// Runs an ordinary program against `count` properties.
// A numeric key that no property has is looked up once more by its legacy name
// ("fuchsia.BIND_PROTOCOL" for 1). Of several properties with one key the first counts, except for
// BIND_KEY_PROTOCOL, where the last does (see bind_properties_check).
//   ZX_OK                     *out_match tells
//   ZX_ERR_INVALID_ARGS       a null argument, or a property without a valid kind or text
//   ZX_ERR_WRONG_TYPE         a property and the value it is compared with are of different kinds
//   (E812) ZX_ERR_IO_DATA_INTEGRITY  a jump that lands on no label (E814), a key operand that is no
//   key (E815) ZX_ERR_OUT_OF_RANGE       too many steps (E823) ZX_ERR_NOT_SUPPORTED      the
//   program is a composite (E824); match its parents one by one
// On failure *out_match is false and *out_error (may be null) tells what and where.
zx_status_t bind_program_match(const bind_program_t* program, const bind_property_t* props,
                               size_t count, bool* out_match, bind_error_t* out_error);

// The same for one parent of a composite program.
zx_status_t bind_parent_match(const bind_program_t* program, const bind_parent_t* parent,
                              const bind_property_t* props, size_t count, bool* out_match,
                              bind_error_t* out_error);

// How much a match asked of the device: so much for each comparison on the way to the match that
// found the property equal, and for each `!=` that held.
#define BIND_SPECIFICITY_EQUAL     256u
#define BIND_SPECIFICITY_NOT_EQUAL 1u

// Both of the above, parent null: an ordinary program. *out_specificity (may be null) is 0 without
// a match.
zx_status_t bind_program_match_etc(const bind_program_t* program, const bind_parent_t* parent,
                                   const bind_property_t* props, size_t count, bool* out_match,
                                   uint32_t* out_specificity, bind_error_t* out_error);

// Refuses with ZX_ERR_INVALID_ARGS a property list that has one key twice with different values
// (BIND_KEY_PROTOCOL may), or a property without a valid kind or text. *out_index (may be null) is
// the offending property.
zx_status_t bind_properties_check(const bind_property_t* props, size_t count, size_t* out_index);
