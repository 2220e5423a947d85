// SPDX-License-Identifier: MIT
// sync_completion_t.
#include <lib/sync/completion.h>

#include "object_test.h"

OBJECT_SUITE(completion, test_begin, test_end);

static sync_completion_t completion;

typedef struct waiter {
    zx_status_t status;
    pthread_t thread;
} waiter_t;

static void* wait_run(void* argument) {
    ((waiter_t*)argument)->status = sync_completion_wait(&completion, ZX_TIME_INFINITE);
    return NULL;
}

static void wait_start(waiter_t* waiter) {
    cr_assert_eq(pthread_create(&waiter->thread, NULL, wait_run, waiter), 0);
}

// The lower two bits are 2 when a thread waits or is about to.
static void until_awaited(void) {
    while ((atomic_load(&completion.futex) & 3) != 2) {
        sched_yield();
    }
}

OBJECT_TEST(completion, signal_and_reset) {
    cr_assert_not(sync_completion_signaled(&completion));
    expect_status(sync_completion_wait(&completion, 0), ZX_ERR_TIMED_OUT);
    expect_status(sync_completion_wait(&completion, -5), ZX_ERR_TIMED_OUT);
    zx_time_t deadline = SOON;
    expect_status(sync_completion_wait_deadline(&completion, deadline), ZX_ERR_TIMED_OUT);
    cr_assert_geq(zx_clock_get_monotonic(), deadline);
    sync_completion_signal(&completion);
    sync_completion_signal(&completion);
    cr_assert(sync_completion_signaled(&completion));
    expect_ok(sync_completion_wait(&completion, 0));
    expect_ok(sync_completion_wait(&completion, ZX_TIME_INFINITE));
    sync_completion_reset(&completion);
    sync_completion_reset(&completion);
    cr_assert_not(sync_completion_signaled(&completion));
    expect_status(sync_completion_wait(&completion, 0), ZX_ERR_TIMED_OUT);
}

OBJECT_TEST(completion, wakes_all) {
    waiter_t waiters[4];
    for (int i = 0; i < 4; i++) {
        wait_start(&waiters[i]);
    }
    until_awaited();
    sync_completion_signal(&completion);
    for (int i = 0; i < 4; i++) {
        pthread_join(waiters[i].thread, NULL);
        expect_ok(waiters[i].status);
    }
}

// Signalled, reset and waited for again before the first waiter runs: it was signalled all the
// same.
OBJECT_TEST(completion, reset_at_once) {
    for (int i = 0; i < 2000; i++) {
        waiter_t first;
        completion = SYNC_COMPLETION_INIT;  // no trace of who waited before
        wait_start(&first);
        until_awaited();
        sync_completion_signal(&completion);
        sync_completion_reset(&completion);
        expect_status(sync_completion_wait(&completion, 0), ZX_ERR_TIMED_OUT);
        pthread_join(first.thread, NULL);
        expect_ok(first.status);
    }
}

// A wake that was meant for something else at the same address is none.
OBJECT_TEST(completion, stray_wakes) {
    waiter_t waiter = {.status = ZX_ERR_INTERNAL};
    wait_start(&waiter);
    until_awaited();
    for (int i = 0; i < 100; i++) {
        expect_ok(zx_futex_wake(&completion.futex, UINT32_MAX));
        sched_yield();
    }
    cr_assert_eq(waiter.status, ZX_ERR_INTERNAL, "it returned unsignalled");
    sync_completion_signal(&completion);
    pthread_join(waiter.thread, NULL);
    expect_ok(waiter.status);
}

static void* signal_run(void* argument) {
    sync_completion_signal(argument);
    return NULL;
}

// One on the stack, gone as soon as the wait returns.
OBJECT_TEST(completion, on_the_stack) {
    for (int i = 0; i < 1000; i++) {
        sync_completion_t* local = malloc(sizeof(*local));
        *local = SYNC_COMPLETION_INIT;
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, signal_run, local), 0);
        expect_ok(sync_completion_wait(local, ZX_TIME_INFINITE));
        free(local);
        pthread_join(thread, NULL);
    }
}
