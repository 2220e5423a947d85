// SPDX-License-Identifier: MIT
// Writes at random places with many requests in flight, reads everything back, compares.
#pragma once

#include "blk_client.h"

#define BLK_VERIFY_PIECE 4096u

typedef struct blk_verify_options {
    uint64_t size;   // bytes to write in all
    uint64_t range;  // of the device, from its start; 0: all of it, at most 1 GiB
    uint64_t seed;
} blk_verify_options_t;

// Prints one line with what was done. Returns an exit code: not 0 if anything that the device
// acknowledged reads back differently, or a request failed.
int blk_verify(blk_client_t* client, const blk_verify_options_t* options);
