// SPDX-License-Identifier: MIT
// The ways on which a bind program can reach a match, found without a device.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bind/program.h>
#include <zircon/types.h>

// Equalities of one way that are kept; more of them are left to the confirmation.
#define BIND_PATH_MAX_EQUALS 8u

// The key of a property: a number or a text, which are never the same key.
typedef struct bind_path_key {
    const char* text;  // borrowed from the program; null: the key is `id`
    uint32_t id;
} bind_path_key_t;

typedef struct bind_path_value {
    bind_value_type_t type;  // NUMBER, STRING (enums too) or BOOL
    uint32_t number;         // or the bool
    const char* string;      // borrowed from the program
} bind_path_value_t;

typedef struct bind_path_equal {
    bind_path_key_t key;
    bind_path_value_t value;
} bind_path_equal_t;

// One way: no device matches on it without these properties. Keys are different from one another.
typedef struct bind_path {
    bind_path_equal_t equals[BIND_PATH_MAX_EQUALS];
    uint32_t equal_count;
    bool is_exact;         // every device with these properties does match
    uint32_t specificity;  // of a match; only when exact
} bind_path_t;

// Called for each way. Another status than ZX_OK ends the analysis.
typedef zx_status_t (*bind_path_cb)(void* ctx, const bind_path_t* path);

// Calls `visit` for each way of `parent` (null: of the ordinary program). A device that matches
// does so on one of them. *out_complete false: there were more ways than max_paths, or too much to
// follow, and nothing may be concluded from those that were visited.
//   ZX_ERR_NO_MEMORY, or what `visit` returned
zx_status_t bind_analyze_paths(const bind_program_t* program, const bind_parent_t* parent,
                               uint32_t max_paths, bind_path_cb visit, void* ctx,
                               bool* out_complete);

// For programs with too many ways: picks one key that every match needs to have one of a list of
// values, and calls `visit` with one inexact path for each. *out_complete false: there is no such
// key.
zx_status_t bind_analyze_key(const bind_program_t* program, const bind_parent_t* parent,
                             bind_path_cb visit, void* ctx, bool* out_complete);
