// SPDX-License-Identifier: MIT
// Futexes.
#include <linux/futex.h>
#include <sys/syscall.h>

#include "object_test.h"

OBJECT_SUITE(futex, test_begin, test_end);

static zx_futex_t word;
static zx_futex_t other;
static _Atomic int awake;

OBJECT_TEST(futex, arguments) {
    const zx_futex_t* odd = (const zx_futex_t*)((uintptr_t)&word + 1);
    const zx_status_t bad = ZX_ERR_INVALID_ARGS;
    expect_status(zx_futex_wait(NULL, 0, ZX_HANDLE_INVALID, 0), bad);
    expect_status(zx_futex_wait(odd, 0, ZX_HANDLE_INVALID, 0), bad);
    expect_status(zx_futex_wait(&word, 0, zx_process_self(), 0), ZX_ERR_WRONG_TYPE);
    expect_status(zx_futex_wait(&word, 0, 0x1234, 0), ZX_ERR_BAD_HANDLE);
    expect_status(zx_futex_wait((const zx_futex_t*)16, 0, ZX_HANDLE_INVALID, 0), bad);
    expect_status(zx_futex_wake(NULL, 1), bad);
    expect_status(zx_futex_wake(odd, 1), bad);
    expect_status(zx_futex_requeue(&word, 1, 0, &word, 1, ZX_HANDLE_INVALID), bad);
    expect_status(zx_futex_requeue(&word, 1, 0, odd, 1, ZX_HANDLE_INVALID), bad);
    expect_status(zx_futex_requeue(NULL, 1, 0, &other, 1, ZX_HANDLE_INVALID), bad);
    expect_status(zx_futex_requeue(&word, 1, 0, NULL, 1, ZX_HANDLE_INVALID), bad);
    expect_status(zx_futex_requeue(&word, 1, 0, &other, 1, zx_process_self()), ZX_ERR_WRONG_TYPE);
    expect_status(zx_futex_requeue(&word, 1, 0, &other, 1, 0x1234), ZX_ERR_BAD_HANDLE);
    expect_status(zx_futex_requeue(&word, 1, 1, &other, 1, ZX_HANDLE_INVALID), ZX_ERR_BAD_STATE);
}

OBJECT_TEST(futex, value_and_deadline) {
    atomic_store(&word, 7);
    expect_status(zx_futex_wait(&word, 8, ZX_HANDLE_INVALID, EVER), ZX_ERR_BAD_STATE);
    zx_time_t deadline = SOON;
    expect_status(zx_futex_wait(&word, 7, ZX_HANDLE_INVALID, deadline), ZX_ERR_TIMED_OUT);
    cr_assert_geq(zx_clock_get_monotonic(), deadline);
    expect_status(zx_futex_wait(&word, 7, ZX_HANDLE_INVALID, -1), ZX_ERR_TIMED_OUT);
    expect_ok(zx_futex_wake(&word, UINT32_MAX));
}

static void* sleep_run(void* argument) {
    *(zx_status_t*)argument = zx_futex_wait(&word, 0, ZX_HANDLE_INVALID, EVER);
    atomic_fetch_add(&awake, 1);
    return NULL;
}

#define THREADS 4
static pthread_t threads[THREADS];
static zx_status_t statuses[THREADS];

// Starts threads that sleep on `word`, and moves each to `other`: Linux tells how many it moved.
static void sleepers_start(void) {
    for (int i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, sleep_run, &statuses[i]), 0);
    }
    for (long moved = 0; moved < THREADS; sched_yield()) {
        long more = syscall(SYS_futex, &word, FUTEX_CMP_REQUEUE_PRIVATE, 0, THREADS, &other, 0);
        cr_assert_geq(more, 0);
        moved += more;
    }
}

static void expect_awake(int count) {
    while (atomic_load(&awake) < count) {
        sched_yield();
    }
    expect_ok(zx_nanosleep(SOON));
    cr_assert_eq(atomic_load(&awake), count);
}

// The threads sleep on `other` after sleepers_start(): nothing on `word` wakes them.
OBJECT_TEST(futex, wakes_as_many_as_asked) {
    sleepers_start();
    expect_ok(zx_futex_wake(&word, UINT32_MAX));
    expect_ok(zx_futex_wake(&other, 0));
    expect_awake(0);
    expect_ok(zx_futex_wake(&other, 1));
    expect_awake(1);
    expect_ok(zx_futex_requeue(&other, 1, 0, &word, 1, ZX_HANDLE_INVALID));
    expect_awake(2);
    expect_ok(zx_futex_wake(&other, UINT32_MAX));
    expect_awake(3);
    expect_ok(zx_futex_wake(&word, UINT32_MAX));
    expect_awake(4);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        expect_ok(statuses[i]);
    }
}
