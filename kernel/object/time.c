// SPDX-License-Identifier: MIT
// Clocks, sleeping, ticks.
#include <errno.h>
#include <time.h>

#include <zircon/syscalls.h>

zx_status_t zx_clock_get_new(zx_clock_t clock_id, zx_time_t* out) {
    return zx_clock_get(clock_id, out);
}

static zx_time_t clock_read(clockid_t id) {
    struct timespec time;
    clock_gettime(id, &time);
    return ZX_SEC(time.tv_sec) + time.tv_nsec;
}

zx_time_t zx_clock_get_monotonic(void) {
    return clock_read(CLOCK_MONOTONIC);
}

zx_status_t zx_clock_get(zx_clock_t clock_id, zx_time_t* out) {
    if (!out) {
        return ZX_ERR_INVALID_ARGS;
    }
    switch (clock_id) {
        case ZX_CLOCK_MONOTONIC:
            *out = clock_read(CLOCK_MONOTONIC);
            return ZX_OK;
        case ZX_CLOCK_UTC:
            *out = clock_read(CLOCK_REALTIME);
            return ZX_OK;
        case ZX_CLOCK_THREAD:
            *out = clock_read(CLOCK_THREAD_CPUTIME_ID);
            return ZX_OK;
        default:
            return ZX_ERR_INVALID_ARGS;
    }
}

zx_time_t zx_deadline_after(zx_duration_t nanoseconds) {
    return zx_time_add_duration(zx_clock_get_monotonic(), nanoseconds);
}

zx_status_t zx_nanosleep(zx_time_t deadline) {
    if (deadline <= 0) {
        return ZX_OK;
    }
    struct timespec until = {.tv_sec = deadline / ZX_SEC(1), .tv_nsec = deadline % ZX_SEC(1)};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) {
    }
    return ZX_OK;
}

// A tick is a nanosecond.
zx_ticks_t zx_ticks_get(void) {
    return clock_read(CLOCK_MONOTONIC);
}

zx_ticks_t zx_ticks_per_second(void) {
    return ZX_SEC(1);
}
