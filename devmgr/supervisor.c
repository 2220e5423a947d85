// SPDX-License-Identifier: MIT
// The arithmetic of restarts.
#include "supervisor.h"

#include <string.h>

// Drops crashes that are older than the window.
static void forget_old(dm_backoff_t* backoff, zx_time_t now) {
    uint32_t old = 0;
    while (old < backoff->crash_count && now - backoff->crashes[old] >= DM_CRASH_WINDOW_NS) {
        old++;
    }
    backoff->crash_count -= old;
    memmove(backoff->crashes, backoff->crashes + old,
            backoff->crash_count * sizeof(backoff->crashes[0]));
}

// Delay before the restart after the |count|th crash within the window.
static zx_duration_t restart_delay(uint32_t count) {
    if (count <= 1) {
        return 0;
    }
    zx_duration_t delay = DM_RESTART_DELAY_MIN_NS;
    for (uint32_t i = 2; i < count && delay < DM_RESTART_DELAY_MAX_NS; i++) {
        delay *= 2;
    }
    return delay < DM_RESTART_DELAY_MAX_NS ? delay : DM_RESTART_DELAY_MAX_NS;
}

dm_backoff_verdict_t dm_backoff_crash(dm_backoff_t* backoff, zx_time_t now, uint32_t limit,
                                      zx_time_t* out_at) {
    forget_old(backoff, now);
    if (backoff->crash_count == DM_CRASH_LIMIT_MAX) {
        memmove(backoff->crashes, backoff->crashes + 1,
                (DM_CRASH_LIMIT_MAX - 1) * sizeof(backoff->crashes[0]));
        backoff->crash_count--;
    }
    backoff->crashes[backoff->crash_count++] = now;
    if (limit != 0 && backoff->crash_count >= limit) {
        backoff->gave_up = true;
        return DM_BACKOFF_GIVE_UP;
    }
    backoff->restarts++;
    *out_at = now + restart_delay(backoff->crash_count);
    return DM_BACKOFF_RESTART;
}

void dm_backoff_forgive(dm_backoff_t* backoff) {
    backoff->crash_count = 0;
    backoff->gave_up = false;
}
