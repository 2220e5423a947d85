// SPDX-License-Identifier: MIT
// Which of several programs a device gets, and why.
#pragma once

#include <bind/choice.h>
#include <bind/match.h>

#include "arena.h"

typedef struct bindc_rival {
    const char* path;  // of a compiled program
    bind_choice_set_t set;
} bindc_rival_t;

// Appends to *out what each program saw, then those that match, the preferred one first, each with
// the reason for which it goes before the next. False after reporting a file that is no program.
bool bindc_explain_choice(const bindc_rival_t* rivals, size_t count, const bind_property_t* props,
                          size_t prop_count, bc_buffer_t* out);
