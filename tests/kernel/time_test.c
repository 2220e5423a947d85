// SPDX-License-Identifier: MIT
// Clocks, sleeping, and arithmetic that saturates.
#include "object_test.h"

OBJECT_SUITE(time, test_begin, test_end);

OBJECT_TEST(time, clocks) {
    zx_time_t first = zx_clock_get_monotonic();
    cr_assert_gt(first, 0);
    zx_time_t monotonic, utc, thread;
    expect_ok(zx_clock_get(ZX_CLOCK_MONOTONIC, &monotonic));
    cr_assert_geq(monotonic, first);
    cr_assert_geq(zx_ticks_get(), monotonic);
    expect_ok(zx_clock_get(ZX_CLOCK_UTC, &utc));
    cr_assert_gt(utc, monotonic, "this machine is not older than 1970");
    expect_ok(zx_clock_get(ZX_CLOCK_THREAD, &thread));
    cr_assert(thread > 0 && thread < monotonic);
    expect_status(zx_clock_get(3, &utc), ZX_ERR_INVALID_ARGS);
    expect_status(zx_clock_get_new(3, &utc), ZX_ERR_INVALID_ARGS);
    expect_status(zx_clock_get_new(ZX_CLOCK_MONOTONIC, NULL), ZX_ERR_INVALID_ARGS);
    expect_ok(zx_clock_get_new(ZX_CLOCK_UTC, &utc));
    expect_status(zx_clock_get(ZX_CLOCK_UTC, NULL), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(zx_ticks_per_second(), ZX_SEC(1));
}

OBJECT_TEST(time, deadlines_saturate) {
    cr_assert_eq(zx_deadline_after(ZX_TIME_INFINITE), ZX_TIME_INFINITE);
    cr_assert_eq(zx_deadline_after(ZX_TIME_INFINITE - 1), ZX_TIME_INFINITE);
    cr_assert_lt(zx_deadline_after(-ZX_SEC(1)), zx_clock_get_monotonic());
    cr_assert_eq(zx_time_add_duration(-5, ZX_TIME_INFINITE_PAST), ZX_TIME_INFINITE_PAST);
    cr_assert_eq(zx_time_sub_duration(-5, ZX_TIME_INFINITE), ZX_TIME_INFINITE_PAST);
    cr_assert_eq(zx_time_sub_duration(5, ZX_TIME_INFINITE_PAST), ZX_TIME_INFINITE);
    cr_assert_eq(zx_time_sub_time(ZX_TIME_INFINITE, -1), ZX_TIME_INFINITE);
    cr_assert_eq(zx_time_sub_time(ZX_TIME_INFINITE_PAST, 1), ZX_TIME_INFINITE_PAST);
    cr_assert_eq(zx_time_sub_time(7, 5), 2);
}

OBJECT_TEST(time, sleep) {
    expect_ok(zx_nanosleep(0));
    expect_ok(zx_nanosleep(ZX_TIME_INFINITE_PAST));
    zx_time_t deadline = zx_deadline_after(ZX_MSEC(5));
    expect_ok(zx_nanosleep(deadline));
    cr_assert_geq(zx_clock_get_monotonic(), deadline);
}
