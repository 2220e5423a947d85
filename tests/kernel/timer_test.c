// SPDX-License-Identifier: MIT
// Timers: firing, setting anew, cancelling.
#include "object_test.h"

static zx_handle_t timer;

static void begin(void) {
    test_begin();
    expect_ok(zx_timer_create(ZX_TIMER_SLACK_LATE, ZX_CLOCK_MONOTONIC, &timer));
}

static void end(void) {
    test_close(timer);
    test_end();
}

OBJECT_SUITE(timer, begin, end);

OBJECT_TEST(timer, errors) {
    zx_handle_t other;
    expect_status(zx_timer_create(3, ZX_CLOCK_MONOTONIC, &other), ZX_ERR_INVALID_ARGS);
    expect_status(zx_timer_create(0, ZX_CLOCK_UTC, &other), ZX_ERR_INVALID_ARGS);
    expect_status(zx_timer_create(0, ZX_CLOCK_MONOTONIC, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_timer_set(timer, 1, -1), ZX_ERR_OUT_OF_RANGE);
    cr_assert_eq(test_signals(timer), 0);
    test_drop_rights(&timer, ZX_RIGHT_WRITE);
    expect_status(zx_timer_set(timer, 1, 0), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_timer_cancel(timer), ZX_ERR_ACCESS_DENIED);
}

OBJECT_TEST(timer, fires_and_stays) {
    zx_time_t deadline = SOON;
    expect_ok(zx_timer_set(timer, deadline, 0));
    expect_ok(zx_object_wait_one(timer, ZX_TIMER_SIGNALED, EVER, NULL));
    cr_assert_geq(zx_clock_get_monotonic(), deadline);
    cr_assert_eq(test_signals(timer), ZX_TIMER_SIGNALED);
    cr_assert_eq(test_signals(timer), ZX_TIMER_SIGNALED);
}

OBJECT_TEST(timer, past_fires_at_once) {
    static const zx_time_t past[] = {1, 0, -5, ZX_TIME_INFINITE_PAST};
    for (size_t i = 0; i < countof(past); i++) {
        expect_ok(zx_timer_cancel(timer));
        cr_assert_eq(test_signals(timer), 0);
        expect_ok(zx_timer_set(timer, past[i], 0));
        expect_ok(zx_object_wait_one(timer, ZX_TIMER_SIGNALED, EVER, NULL));
    }
}

OBJECT_TEST(timer, setting_anew_clears) {
    expect_ok(zx_timer_set(timer, 1, 0));
    expect_ok(zx_object_wait_one(timer, ZX_TIMER_SIGNALED, EVER, NULL));
    expect_ok(zx_timer_set(timer, ZX_TIME_INFINITE, ZX_SEC(1)));
    cr_assert_eq(test_signals(timer), 0);
    zx_info_timer_t info;
    expect_ok(zx_object_get_info(timer, ZX_INFO_TIMER, &info, sizeof(info), NULL, NULL));
    cr_assert_eq(info.options, ZX_TIMER_SLACK_LATE);
    cr_assert_eq(info.deadline, ZX_TIME_INFINITE);
    cr_assert_eq(info.slack, ZX_SEC(1));
    expect_ok(zx_timer_cancel(timer));
    expect_ok(zx_object_get_info(timer, ZX_INFO_TIMER, &info, sizeof(info), NULL, NULL));
    cr_assert_eq(info.deadline, 0);
}

OBJECT_TEST(timer, cancelled_does_not_fire) {
    expect_ok(zx_timer_set(timer, SOON, 0));
    expect_ok(zx_timer_cancel(timer));
    expect_status(
        zx_object_wait_one(timer, ZX_TIMER_SIGNALED, zx_deadline_after(ZX_MSEC(30)), NULL),
        ZX_ERR_TIMED_OUT);
    expect_ok(zx_timer_cancel(timer));
}

// A port hears each firing, although nobody reads the timer between.
OBJECT_TEST(timer, ports) {
    zx_handle_t port = test_port();
    zx_port_packet_t packet;
    for (uint64_t key = 1; key <= 5; key++) {
        expect_ok(zx_timer_set(timer, zx_deadline_after(ZX_MSEC(1)), 0));
        expect_ok(zx_object_wait_async(timer, port, key, ZX_TIMER_SIGNALED, 0));
        expect_ok(zx_port_wait(port, EVER, &packet));
        cr_assert(packet.key == key && packet.signal.observed == ZX_TIMER_SIGNALED);
    }
    test_close(port);
}
