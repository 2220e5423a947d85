// SPDX-License-Identifier: MIT
// Where in a JSON text a value is, since jansson does not say.
#pragma once

#include <stddef.h>

#include "source.h"

// One step into a value: a member of an object, or an element of an array.
typedef struct bc_json_step {
    const char* key;  // null: an element
    size_t index;
} bc_json_step_t;

#define BC_JSON_MAX_STEPS 8u

// Where the last walk passed, so that the next one need not begin at the start. A zeroed one is
// valid.
typedef struct bc_json_trail {
    bc_json_step_t steps[BC_JSON_MAX_STEPS];
    uint32_t values[BC_JSON_MAX_STEPS];  // offset of the value at the end of each step
    uint32_t keys[BC_JSON_MAX_STEPS];
    size_t count;
} bc_json_trail_t;

// The place of the value at the end of the steps, or of the member's key if `of_key`. The text must
// be valid JSON and have all that the steps name.
// At most BC_JSON_MAX_STEPS; keys must live as long as the trail.
bc_place_t bc_json_place(const bc_source_t* source, const bc_json_step_t* steps, size_t count,
                         bool of_key, bc_json_trail_t* trail);
