// SPDX-License-Identifier: MIT
// The text for people that goes with a failed request.
#pragma once

#include <zircon/compiler.h>

typedef struct dh_detail {
    char text[512];  // empty: nothing to say
} dh_detail_t;

// Writes the text, cut to what fits.
void dh_detail_set(dh_detail_t* detail, const char* format, ...) __PRINTFLIKE(2, 3);
