// SPDX-License-Identifier: MIT
// sync_mutex_t: a lock among threads of one process, one futex long. A zeroed one is unlocked and
// needs neither set-up nor end. Not recursive; who unlocks is who has locked. Any thread.
#pragma once

#include <zircon/types.h>

__BEGIN_CDECLS

typedef struct sync_mutex {
    zx_futex_t futex;
} sync_mutex_t;

#define SYNC_MUTEX_INIT ((sync_mutex_t){0})

__BEGIN_EXPORTS

// Blocks until the lock is the caller's.
void sync_mutex_lock(sync_mutex_t* mutex);
// As sync_mutex_lock, for a caller that knows of threads which wait on the futex without having
// asked for the lock (moved there by sync_completion_signal_requeue): the unlock wakes one of them.
void sync_mutex_lock_with_waiter(sync_mutex_t* mutex);
// ZX_ERR_BAD_STATE: somebody has it. Does not block.
zx_status_t sync_mutex_trylock(sync_mutex_t* mutex);
// Blocks until an instant at most: ZX_ERR_TIMED_OUT.
zx_status_t sync_mutex_timedlock(sync_mutex_t* mutex, zx_time_t deadline);
// Wakes one of those who wait. An unlocked one aborts the program.
void sync_mutex_unlock(sync_mutex_t* mutex);

__END_EXPORTS
__END_CDECLS
