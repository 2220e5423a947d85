// SPDX-License-Identifier: MIT
// sync_mutex_t over one futex: 0 unlocked, 1 locked, 2 locked and perhaps waited for.
#include <lib/sync/mutex.h>

#include <zircon/assert.h>
#include <zircon/syscalls.h>

enum { UNLOCKED = 0, LOCKED = 1, AWAITED = 2 };

zx_status_t sync_mutex_trylock(sync_mutex_t* mutex) {
    int word = UNLOCKED;
    bool is_locked = atomic_compare_exchange_strong(&mutex->futex, &word, LOCKED);
    return is_locked ? ZX_OK : ZX_ERR_BAD_STATE;
}

// Who has waited takes the lock as one that is waited for: it does not know if it was the last.
static zx_status_t lock_awaited(sync_mutex_t* mutex, zx_time_t deadline) {
    while (atomic_exchange(&mutex->futex, AWAITED) != UNLOCKED) {
        zx_status_t status = zx_futex_wait(&mutex->futex, AWAITED, ZX_HANDLE_INVALID, deadline);
        if (status == ZX_ERR_TIMED_OUT) {
            return status;
        }
    }
    return ZX_OK;
}

zx_status_t sync_mutex_timedlock(sync_mutex_t* mutex, zx_time_t deadline) {
    return sync_mutex_trylock(mutex) == ZX_OK ? ZX_OK : lock_awaited(mutex, deadline);
}

void sync_mutex_lock(sync_mutex_t* mutex) {
    (void)sync_mutex_timedlock(mutex, ZX_TIME_INFINITE);
}

void sync_mutex_lock_with_waiter(sync_mutex_t* mutex) {
    (void)lock_awaited(mutex, ZX_TIME_INFINITE);
}

void sync_mutex_unlock(sync_mutex_t* mutex) {
    int word = atomic_exchange(&mutex->futex, UNLOCKED);
    ZX_ASSERT(word != UNLOCKED);
    if (word == AWAITED) {
        (void)zx_futex_wake(&mutex->futex, 1);
    }
}
