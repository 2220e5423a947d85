// SPDX-License-Identifier: MIT
// Time: nanoseconds of the monotonic clock, signed 64 bits, with saturating arithmetic.
#pragma once

#include <stdint.h>

#include <zircon/compiler.h>

typedef int64_t zx_time_t;      // an instant: ns since boot (CLOCK_MONOTONIC)
typedef int64_t zx_duration_t;  // a length: ns
typedef int64_t zx_ticks_t;

#define ZX_TIME_INFINITE      INT64_MAX
#define ZX_TIME_INFINITE_PAST INT64_MIN

#define ZX_NSEC(n) ((zx_duration_t)(INT64_C(1) * (n)))
#define ZX_USEC(n) ((zx_duration_t)(INT64_C(1000) * (n)))
#define ZX_MSEC(n) ((zx_duration_t)(INT64_C(1000000) * (n)))
#define ZX_SEC(n)  ((zx_duration_t)(INT64_C(1000000000) * (n)))
#define ZX_MIN(n)  ((zx_duration_t)(ZX_SEC(n) * INT64_C(60)))
#define ZX_HOUR(n) ((zx_duration_t)(ZX_MIN(n) * INT64_C(60)))

static inline zx_time_t zx_time_add_duration(zx_time_t time, zx_duration_t duration) {
    zx_time_t sum = 0;
    if (add_overflow(time, duration, &sum)) {
        return duration >= 0 ? ZX_TIME_INFINITE : ZX_TIME_INFINITE_PAST;
    }
    return sum;
}

static inline zx_time_t zx_time_sub_duration(zx_time_t time, zx_duration_t duration) {
    zx_time_t difference = 0;
    if (sub_overflow(time, duration, &difference)) {
        return duration >= 0 ? ZX_TIME_INFINITE_PAST : ZX_TIME_INFINITE;
    }
    return difference;
}

static inline zx_duration_t zx_time_sub_time(zx_time_t later, zx_time_t earlier) {
    zx_duration_t difference = 0;
    if (sub_overflow(later, earlier, &difference)) {
        return earlier >= 0 ? ZX_TIME_INFINITE_PAST : ZX_TIME_INFINITE;
    }
    return difference;
}
