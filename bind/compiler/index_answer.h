// SPDX-License-Identifier: MIT
// What bindc index prints.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <bind/index.h>

// The context of an entry. Texts are borrowed.
typedef struct bindc_indexed {
    struct bindc_indexed* next;  // owned
    bind_program_t program;
    const char* name;     // of a file, of its driver's note or of a bundle
    const char* version;  // or empty
    const char* origin;   // null: a file of its own
} bindc_indexed_t;

// The drivers of each device, the preferred one first. False after reporting what is no modalias.
bool bindc_print_devices(const bind_index_t* index, const char* const* modaliases, size_t count,
                         bool is_json);

// What the index is made of.
void bindc_print_index(const bind_index_t* index, bool is_json);
