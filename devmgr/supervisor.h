// SPDX-License-Identifier: MIT
// When to start a crashed host again: at once after the first crash, then after 100 ms, doubling up
// to 5 s, and not at all after the limit of crashes within a minute. Arithmetic only: the caller
// supplies the time and sets the timer.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

#include "dm_limits.h"

#define DM_CRASH_LIMIT_MAX 64u

// The history of one isolating device. Zeroed: no crash yet.
typedef struct dm_backoff {
    zx_time_t crashes[DM_CRASH_LIMIT_MAX];  // within the window, oldest first
    uint32_t crash_count;                   // in `crashes`
    uint32_t restarts;                      // since the device was added; never reset
    bool gave_up;
} dm_backoff_t;

typedef enum dm_backoff_verdict {
    DM_BACKOFF_RESTART,  // at *out_at, which may be now
    DM_BACKOFF_GIVE_UP,
} dm_backoff_verdict_t;

// Records a crash at |now| (monotonic ns) and decides. |limit| crashes within DM_CRASH_WINDOW_NS
// end it; 0: never give up. *out_at is written for DM_BACKOFF_RESTART only.
dm_backoff_verdict_t dm_backoff_crash(dm_backoff_t* backoff, zx_time_t now, uint32_t limit,
                                      zx_time_t* out_at);

// A user acted (load, reload): the history no longer counts. Keeps `restarts`.
void dm_backoff_forgive(dm_backoff_t* backoff);
