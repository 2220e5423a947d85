// SPDX-License-Identifier: MIT
// sync_mutex_t, and waiters of a completion that are moved to one.
#include <signal.h>
#include <sys/syscall.h>

#include <lib/sync/completion.h>
#include <lib/sync/mutex.h>

#include "object_test.h"

OBJECT_SUITE(mutex, test_begin, test_end);

static sync_mutex_t mutex;
static sync_completion_t completion;
static atomic_int tid;
static atomic_int done;

// Until the thread that set `tid` sleeps in the kernel.
static void until_asleep(void) {
    char path[64], text[256];
    char state = 'R';
    while (atomic_load(&tid) == 0) {
        sched_yield();
    }
    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", atomic_load(&tid));
    while (state != 'S') {
        FILE* file = fopen(path, "r");
        cr_assert_not_null(file);
        cr_assert_not_null(fgets(text, sizeof(text), file));
        fclose(file);
        state = strrchr(text, ')')[2];
    }
}

OBJECT_TEST(mutex, lock_and_unlock) {
    sync_mutex_t local = SYNC_MUTEX_INIT;
    sync_mutex_lock(&local);
    expect_status(sync_mutex_trylock(&local), ZX_ERR_BAD_STATE);
    expect_status(sync_mutex_timedlock(&local, 0), ZX_ERR_TIMED_OUT);
    zx_time_t deadline = SOON;
    expect_status(sync_mutex_timedlock(&local, deadline), ZX_ERR_TIMED_OUT);
    cr_assert_geq(zx_clock_get_monotonic(), deadline);
    sync_mutex_unlock(&local);
    expect_ok(sync_mutex_trylock(&local));
    sync_mutex_unlock(&local);
    expect_ok(sync_mutex_timedlock(&local, 0));
    sync_mutex_unlock(&local);
    sync_mutex_lock_with_waiter(&local);
    expect_status(sync_mutex_trylock(&local), ZX_ERR_BAD_STATE);
    sync_mutex_unlock(&local);
    expect_ok(sync_mutex_trylock(&local));
    sync_mutex_unlock(&local);
}

Test(mutex_misuse, unlock_of_an_unlocked_one, .signal = SIGABRT) {
    sync_mutex_t local = SYNC_MUTEX_INIT;
    sync_mutex_unlock(&local);
}

static void* lock_run(void* argument) {
    zx_time_t deadline = *(const zx_time_t*)argument;
    atomic_store(&tid, (int)syscall(SYS_gettid));
    zx_status_t status = sync_mutex_timedlock(&mutex, deadline);
    atomic_fetch_add(&done, 1);
    if (status == ZX_OK) {
        sync_mutex_unlock(&mutex);
    }
    return (void*)(intptr_t)status;
}

OBJECT_TEST(mutex, unlock_wakes_who_waits) {
    pthread_t thread;
    void* status;
    zx_time_t deadline = EVER;
    sync_mutex_lock(&mutex);
    cr_assert_eq(pthread_create(&thread, NULL, lock_run, &deadline), 0);
    until_asleep();
    cr_assert_eq(atomic_load(&done), 0);
    sync_mutex_unlock(&mutex);
    pthread_join(thread, &status);
    expect_ok((zx_status_t)(intptr_t)status);
    expect_ok(sync_mutex_trylock(&mutex));
}

static uint64_t counter;

static void* count_run(void* argument) {
    (void)argument;
    for (int i = 0; i < 20000; i++) {
        if (i % 3 == 0) {
            sync_mutex_lock_with_waiter(&mutex);
        } else {
            sync_mutex_lock(&mutex);
        }
        counter++;
        sync_mutex_unlock(&mutex);
    }
    return NULL;
}

OBJECT_TEST(mutex, one_at_a_time) {
    pthread_t threads[4];
    for (size_t i = 0; i < countof(threads); i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, count_run, NULL), 0);
    }
    for (size_t i = 0; i < countof(threads); i++) {
        pthread_join(threads[i], NULL);
    }
    cr_assert_eq(counter, 20000 * countof(threads));
}

static void* wait_run(void* argument) {
    (void)argument;
    atomic_store(&tid, (int)syscall(SYS_gettid));
    zx_status_t status = sync_completion_wait(&completion, ZX_TIME_INFINITE);
    atomic_fetch_add(&done, 1);
    return (void*)(intptr_t)status;
}

// The signal wakes nobody: the unlock of the mutex does.
OBJECT_TEST(mutex, a_completions_waiter_is_moved) {
    pthread_t thread;
    void* status;
    cr_assert_eq(pthread_create(&thread, NULL, wait_run, NULL), 0);
    until_asleep();
    sync_mutex_lock_with_waiter(&mutex);
    sync_completion_signal_requeue(&completion, &mutex.futex);
    cr_assert(sync_completion_signaled(&completion));
    expect_ok(zx_futex_wake(&completion.futex, UINT32_MAX));
    zx_nanosleep(SOON);
    cr_assert_eq(atomic_load(&done), 0);
    sync_mutex_unlock(&mutex);
    pthread_join(thread, &status);
    expect_ok((zx_status_t)(intptr_t)status);
    sync_completion_signal_requeue(&completion, &mutex.futex);  // signalled already
    expect_ok(sync_completion_wait(&completion, 0));
}
