// SPDX-License-Identifier: MIT
// sync_completion_t over one futex: a state in the lower two bits (0 unsignalled, 1 signalled, 2
// unsignalled with waiters), above it how often it was signalled. A waiter that was woken knows by
// the count that it was, even if the completion was reset and is waited for again meanwhile; and a
// wake meant for a completion that was here before does not count.
#include <lib/sync/completion.h>

#include <zircon/syscalls.h>

enum { UNSIGNALED = 0, SIGNALED = 1, AWAITED = 2, STATE_MASK = 3, COUNT_ONE = 4 };

static uint32_t state_of(int word) {
    return (uint32_t)word & STATE_MASK;
}

static uint32_t count_of(int word) {
    return (uint32_t)word & ~(uint32_t)STATE_MASK;
}

zx_status_t sync_completion_wait_deadline(sync_completion_t* completion, zx_time_t deadline) {
    zx_futex_t* futex = &completion->futex;
    int word = atomic_load(futex);
    const uint32_t count = count_of(word);
    const int awaited = (int)(count | AWAITED);
    zx_status_t status = ZX_OK;
    while (state_of(word) != SIGNALED && count_of(word) == count) {
        if (status == ZX_ERR_TIMED_OUT) {
            return status;
        }
        if (word == awaited || atomic_compare_exchange_strong(futex, &word, awaited)) {
            status = zx_futex_wait(futex, awaited, ZX_HANDLE_INVALID, deadline);
            word = atomic_load(futex);
        }
    }
    return ZX_OK;
}

zx_status_t sync_completion_wait(sync_completion_t* completion, zx_duration_t timeout) {
    return sync_completion_wait_deadline(
        completion, timeout == ZX_TIME_INFINITE ? ZX_TIME_INFINITE : zx_deadline_after(timeout));
}

// Sets it signalled. True if threads wait; *out_word is what the futex holds then.
static bool signal_set(zx_futex_t* futex, int* out_word) {
    int word = atomic_load(futex);
    while (state_of(word) != SIGNALED) {
        *out_word = (int)((count_of(word) + COUNT_ONE) | SIGNALED);
        if (atomic_compare_exchange_weak(futex, &word, *out_word)) {
            return state_of(word) == AWAITED;
        }
    }
    return false;
}

void sync_completion_signal(sync_completion_t* completion) {
    int word;
    if (signal_set(&completion->futex, &word)) {
        zx_futex_wake(&completion->futex, UINT32_MAX);
    }
}

void sync_completion_signal_requeue(sync_completion_t* completion, zx_futex_t* futex) {
    int word;
    if (signal_set(&completion->futex, &word) &&
        zx_futex_requeue(&completion->futex, 0, word, futex, UINT32_MAX, ZX_HANDLE_INVALID) !=
            ZX_OK) {
        zx_futex_wake(&completion->futex, UINT32_MAX);  // it was reset meanwhile
    }
}

void sync_completion_reset(sync_completion_t* completion) {
    int word = atomic_load(&completion->futex);
    while (state_of(word) == SIGNALED &&
           !atomic_compare_exchange_weak(&completion->futex, &word, (int)count_of(word))) {
    }
}

bool sync_completion_signaled(const sync_completion_t* completion) {
    return state_of(atomic_load(&completion->futex)) == SIGNALED;
}
