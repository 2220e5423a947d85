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

// The place of the value at the end of the steps, or of the member's key if `of_key`. The text must
// be valid JSON and have all that the steps name.
bc_place_t bc_json_place(const bc_source_t* source, const bc_json_step_t* steps, size_t count,
                         bool of_key);
