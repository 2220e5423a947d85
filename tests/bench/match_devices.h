// SPDX-License-Identifier: MIT
// Devices drawn from the patterns of a modules.alias.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <bind/match.h>

typedef struct match_device {
    char* modalias;          // owned
    bind_property_t* props;  // owned, as are the texts in it: one block
    size_t count;
    uint32_t alias;  // of which pattern; also for a miss, which is a damaged one
} match_device_t;

// A modalias that the pattern fits, its wildcards filled at random; for the fields of known buses
// with as many digits as they have. In `out`, `size` bytes.
void match_fill(const char* pattern, char* out, size_t size);

// Changes some digits or letters, so that mostly no pattern fits any more.
void match_damage(char* modalias);

// Fills everything but alias. Ends the program when the text is no modalias.
void match_device_init(match_device_t* device, const char* modalias);
void match_device_fini(match_device_t* device);

uint32_t match_random(uint32_t limit);
