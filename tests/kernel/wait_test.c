// SPDX-License-Identifier: MIT
// zx_object_wait_one and _many: who wakes whom, deadlines, handles that go while waited on.
#include "wait.h"

#include <signal.h>

#include "object_test.h"

OBJECT_SUITE(wait, test_begin, test_end);

typedef struct waiter {
    zx_wait_item_t items[3];
    size_t count;
    zx_time_t deadline;
    zx_status_t status;
    pthread_t thread;
} waiter_t;

static void* wait_run(void* argument) {
    waiter_t* waiter = argument;
    if (waiter->count == 1) {
        waiter->status = zx_object_wait_one(waiter->items[0].handle, waiter->items[0].waitfor,
                                            waiter->deadline, &waiter->items[0].pending);
    } else {
        waiter->status = zx_object_wait_many(waiter->items, waiter->count, waiter->deadline);
    }
    return NULL;
}

// Returns when the thread is in its wait.
static void wait_start(waiter_t* waiter, zx_handle_t handle, zx_signals_t signals) {
    *waiter = (waiter_t){.items = {{handle, signals, 0}}, .count = 1, .deadline = EVER};
    cr_assert_eq(pthread_create(&waiter->thread, NULL, wait_run, waiter), 0);
    test_until_waited_on(handle, 1);
}

static zx_status_t wait_end(waiter_t* waiter) {
    pthread_join(waiter->thread, NULL);
    return waiter->status;
}

OBJECT_TEST(wait, at_once) {
    zx_handle_t event = test_event();
    zx_signals_t observed = 0;
    expect_ok(zx_object_signal(event, 0, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_1));
    expect_ok(zx_object_wait_one(event, ZX_USER_SIGNAL_1, 0, &observed));
    cr_assert_eq(observed, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_1, "the whole state");
    expect_ok(zx_object_wait_one(event, ZX_USER_SIGNAL_1, ZX_TIME_INFINITE_PAST, NULL));
    observed = 0;
    expect_status(zx_object_wait_one(event, ZX_EVENT_SIGNALED, 0, &observed), ZX_ERR_TIMED_OUT);
    cr_assert_eq(observed, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_1, "on timeout, too");
    test_close(event);
}

OBJECT_TEST(wait, not_before_the_deadline) {
    zx_handle_t event = test_event();
    zx_time_t deadline = SOON;
    expect_status(zx_object_wait_one(event, ZX_EVENT_SIGNALED, deadline, NULL), ZX_ERR_TIMED_OUT);
    cr_assert_geq(zx_clock_get_monotonic(), deadline);
    test_close(event);
}

OBJECT_TEST(wait, woken) {
    zx_handle_t event = test_event();
    waiter_t waiter;
    wait_start(&waiter, event, ZX_USER_SIGNAL_2);
    expect_ok(zx_object_signal(event, 0, ZX_USER_SIGNAL_3));  // not the one
    expect_ok(zx_object_signal(event, 0, ZX_USER_SIGNAL_2));
    expect_ok(wait_end(&waiter));
    cr_assert_eq(waiter.items[0].pending, ZX_USER_SIGNAL_2 | ZX_USER_SIGNAL_3);
    test_close(event);
}

OBJECT_TEST(wait, all_are_woken) {
    zx_handle_t event = test_event();
    waiter_t waiters[4];
    for (int i = 0; i < 4; i++) {
        wait_start(&waiters[i], event, ZX_EVENT_SIGNALED);
    }
    expect_ok(zx_object_signal(event, 0, ZX_EVENT_SIGNALED));
    for (int i = 0; i < 4; i++) {
        expect_ok(wait_end(&waiters[i]));
    }
    test_close(event);
}

// Two events share neither their bells nor their waiters.
OBJECT_TEST(wait, ping_pong) {
    zx_handle_t ends[2];
    waiter_t waiter;
    expect_ok(zx_eventpair_create(0, &ends[0], &ends[1]));
    for (int i = 0; i < 300; i++) {
        wait_start(&waiter, ends[1], ZX_USER_SIGNAL_0);
        expect_ok(zx_object_signal_peer(ends[0], 0, ZX_USER_SIGNAL_0));
        expect_ok(wait_end(&waiter));
        expect_ok(zx_object_signal(ends[1], ZX_USER_SIGNAL_0, 0));
    }
    expect_ok(zx_handle_close_many(ends, 2));
}

OBJECT_TEST(wait, handle_closed) {
    zx_handle_t event = test_event();
    zx_handle_t copy;
    waiter_t through_event, through_copy;
    expect_ok(zx_handle_duplicate(event, ZX_RIGHT_SAME_RIGHTS, &copy));
    wait_start(&through_copy, copy, ZX_EVENT_SIGNALED);
    wait_start(&through_event, event, ZX_EVENT_SIGNALED);
    test_until_waited_on(event, 2);
    test_close(event);
    expect_status(wait_end(&through_event), ZX_ERR_CANCELED);
    cr_assert(through_event.items[0].pending & ZX_SIGNAL_HANDLE_CLOSED);
    expect_ok(zx_object_signal(copy, 0, ZX_EVENT_SIGNALED));  // the other waits on
    expect_ok(wait_end(&through_copy));
    test_close(copy);
}

// A handle that is sent or replaced is gone like a closed one.
OBJECT_TEST(wait, handle_sent) {
    zx_handle_t ends[2];
    zx_handle_t event = test_event();
    waiter_t waiter;
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    wait_start(&waiter, event, ZX_EVENT_SIGNALED);
    test_send_handle(ends[0], event);
    expect_status(wait_end(&waiter), ZX_ERR_CANCELED);
    event = test_event();
    wait_start(&waiter, event, ZX_EVENT_SIGNALED);
    expect_ok(zx_handle_replace(event, ZX_RIGHT_SAME_RIGHTS, &event));
    expect_status(wait_end(&waiter), ZX_ERR_CANCELED);
    test_close(event);
    expect_ok(zx_handle_close_many(ends, 2));
}

OBJECT_TEST(wait, closing_races) {
    for (int i = 0; i < 500; i++) {
        zx_handle_t event = test_event();
        waiter_t waiter = {.items = {{event, ZX_EVENT_SIGNALED, 0}}, .count = 1, .deadline = EVER};
        cr_assert_eq(pthread_create(&waiter.thread, NULL, wait_run, &waiter), 0);
        if (i % 2 == 0) {
            sched_yield();
        }
        test_close(event);
        zx_status_t status = wait_end(&waiter);
        cr_assert(status == ZX_ERR_CANCELED || status == ZX_ERR_BAD_HANDLE, "%d", status);
    }
}

// A thread that looked the handle up before it was closed, and enlists after.
OBJECT_TEST(wait, closed_before_enlisting) {
    zx_handle_t event = test_event();
    ko_object_t* object;
    ko_waiter_t waiter;
    expect_ok(ko_handle_get(event, ZX_OBJ_TYPE_EVENT, 0, &object));
    ko_waiter_add(object, &waiter, ko_thread_self(), event);
    cr_assert_not(atomic_load(&waiter.is_cancelled));
    ko_waiter_remove(object, &waiter);
    test_close(event);
    ko_waiter_add(object, &waiter, ko_thread_self(), event);
    cr_assert(atomic_load(&waiter.is_cancelled));
    ko_waiter_remove(object, &waiter);
    ko_object_release(object);
}

OBJECT_TEST(wait, errors) {
    zx_handle_t event = test_event();
    zx_handle_t port = test_port();
    zx_wait_item_t items[ZX_WAIT_MANY_MAX_ITEMS + 1];
    expect_status(zx_object_wait_one(0x1234, 1, 0, NULL), ZX_ERR_BAD_HANDLE);
    expect_status(zx_object_wait_one(port, 1, 0, NULL), ZX_ERR_ACCESS_DENIED);
    for (size_t i = 0; i < countof(items); i++) {
        items[i] = (zx_wait_item_t){.handle = event, .waitfor = ZX_EVENT_SIGNALED};
    }
    expect_status(zx_object_wait_many(items, countof(items), 0), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_object_wait_many(NULL, 1, 0), ZX_ERR_INVALID_ARGS);
    expect_status(zx_object_wait_many(items, countof(items) - 1, SOON), ZX_ERR_TIMED_OUT);
    items[3].handle = ZX_HANDLE_INVALID;
    expect_status(zx_object_wait_many(items, 4, EVER), ZX_ERR_BAD_HANDLE);
    items[3].handle = zx_process_self();  // cannot be waited on
    expect_status(zx_object_wait_many(items, 4, EVER), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_object_wait_one(zx_process_self(), 1, EVER, NULL), ZX_ERR_NOT_SUPPORTED);
    items[3].handle = port;
    expect_status(zx_object_wait_many(items, 4, EVER), ZX_ERR_ACCESS_DENIED);
    zx_time_t deadline = SOON;
    expect_status(zx_object_wait_many(NULL, 0, deadline), ZX_ERR_TIMED_OUT);
    cr_assert_geq(zx_clock_get_monotonic(), deadline);
    test_drop_rights(&event, ZX_RIGHT_WAIT);
    expect_status(zx_object_wait_one(event, 1, 0, NULL), ZX_ERR_ACCESS_DENIED);
    test_close(event);
    test_close(port);
}

// One of each kind of source: a doorbell, a socket, a timer.
OBJECT_TEST(wait, many) {
    zx_handle_t event = test_event();
    zx_handle_t ends[2];
    zx_handle_t timer;
    waiter_t waiter = {.count = 3, .deadline = EVER};
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    expect_ok(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer));
    for (int wake = 0; wake < 4; wake++) {
        waiter.items[0] = (zx_wait_item_t){event, ZX_EVENT_SIGNALED, 0};
        waiter.items[1] = (zx_wait_item_t){ends[0], ZX_CHANNEL_READABLE, 0};
        waiter.items[2] = (zx_wait_item_t){timer, ZX_TIMER_SIGNALED, 0};
        cr_assert_eq(pthread_create(&waiter.thread, NULL, wait_run, &waiter), 0);
        test_until_waited_on(timer, 1);
        if (wake == 0) {
            expect_ok(zx_object_signal(event, 0, ZX_EVENT_SIGNALED));
        } else if (wake == 1) {
            test_write(ends[1], "x");
        } else if (wake == 2) {
            expect_ok(zx_timer_set(timer, 1, 0));
        } else {
            test_close(ends[0]);
        }
        zx_status_t status = wait_end(&waiter);
        cr_assert_eq(status, wake == 3 ? ZX_ERR_CANCELED : ZX_OK);
        cr_assert_eq(waiter.items[0].pending, wake == 0 ? ZX_EVENT_SIGNALED : 0);
        zx_signals_t readable = wake == 1 ? ZX_CHANNEL_READABLE : 0;
        zx_signals_t closed = wake == 3 ? ZX_SIGNAL_HANDLE_CLOSED : 0;
        cr_assert_eq(waiter.items[1].pending, ZX_CHANNEL_WRITABLE | readable | closed);
        cr_assert_eq(waiter.items[2].pending, wake == 2 ? ZX_TIMER_SIGNALED : 0);
        expect_ok(zx_object_signal(event, ZX_EVENT_SIGNALED, 0));
        expect_ok(zx_timer_cancel(timer));
        if (wake == 1) {
            test_expect_text(ends[0], "x");
        }
    }
    test_close(ends[1]);
    test_close(timer);
    test_close(event);
}

// A peer that is gone wakes once; who waits for something else sleeps on.
OBJECT_TEST(wait, hang_up_does_not_spin) {
    zx_handle_t ends[2];
    zx_time_t before, after;
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    test_close(ends[1]);
    expect_ok(zx_clock_get(ZX_CLOCK_THREAD, &before));
    expect_status(zx_object_wait_one(ends[0], ZX_CHANNEL_READABLE | ZX_CHANNEL_WRITABLE,
                                     zx_deadline_after(ZX_MSEC(200)), NULL),
                  ZX_ERR_TIMED_OUT);
    expect_ok(zx_clock_get(ZX_CLOCK_THREAD, &after));
    cr_assert_lt(after - before, ZX_MSEC(100));
    test_close(ends[0]);
}

static void ignore(int number) {
    (void)number;
}

// Signal handlers that run meanwhile change nothing.
OBJECT_TEST(wait, interrupted_by_signals) {
    zx_handle_t event = test_event();
    waiter_t waiter;
    struct sigaction action = {.sa_handler = ignore};  // without SA_RESTART
    sigaction(SIGUSR1, &action, NULL);
    wait_start(&waiter, event, ZX_EVENT_SIGNALED);
    for (int i = 0; i < 100; i++) {
        pthread_kill(waiter.thread, SIGUSR1);
        sched_yield();
    }
    expect_ok(zx_object_signal(event, 0, ZX_EVENT_SIGNALED));
    expect_ok(wait_end(&waiter));
    test_close(event);
}
