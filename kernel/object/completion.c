// SPDX-License-Identifier: MIT
// sync_completion_t over one futex: 0 unsignalled, 1 signalled, 2 unsignalled with waiters.
#include <lib/sync/completion.h>

#include <zircon/syscalls.h>

enum { UNSIGNALED, SIGNALED, AWAITED };

zx_status_t sync_completion_wait_deadline(sync_completion_t* completion, zx_time_t deadline) {
    zx_futex_t* futex = &completion->futex;
    for (;;) {
        int seen = UNSIGNALED;
        if (!atomic_compare_exchange_strong(futex, &seen, AWAITED) && seen == SIGNALED) {
            return ZX_OK;
        }
        zx_status_t status = zx_futex_wait(futex, AWAITED, ZX_HANDLE_INVALID, deadline);
        if (status == ZX_ERR_TIMED_OUT) {
            return atomic_load(futex) == SIGNALED ? ZX_OK : status;
        }
        if (status == ZX_OK && atomic_load(futex) != AWAITED) {
            return ZX_OK;  // woken: signalled, even if it was reset since
        }
    }
}

zx_status_t sync_completion_wait(sync_completion_t* completion, zx_duration_t timeout) {
    return sync_completion_wait_deadline(
        completion, timeout == ZX_TIME_INFINITE ? ZX_TIME_INFINITE : zx_deadline_after(timeout));
}

void sync_completion_signal(sync_completion_t* completion) {
    zx_futex_t* futex = &completion->futex;
    if (atomic_exchange(futex, SIGNALED) == AWAITED) {
        zx_futex_wake(futex, UINT32_MAX);
    }
}

void sync_completion_reset(sync_completion_t* completion) {
    int seen = SIGNALED;
    atomic_compare_exchange_strong(&completion->futex, &seen, UNSIGNALED);
}

bool sync_completion_signaled(const sync_completion_t* completion) {
    return atomic_load(&completion->futex) == SIGNALED;
}
