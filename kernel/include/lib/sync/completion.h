// SPDX-License-Identifier: MIT
// sync_completion_t: a flag that threads of one process wait for. Once signalled it stays so, and
// every wait returns at once, until it is reset. All calls may come from any thread. Signalling
// touches no memory of the completion after waking, so a woken waiter may free it.
#pragma once

#include <zircon/types.h>

__BEGIN_CDECLS

typedef struct sync_completion {
    zx_futex_t futex;
} sync_completion_t;

#define SYNC_COMPLETION_INIT ((sync_completion_t){0})

__BEGIN_EXPORTS

// Blocks for at most `timeout` nanoseconds (relative). ZX_OK or ZX_ERR_TIMED_OUT.
zx_status_t sync_completion_wait(sync_completion_t* completion, zx_duration_t timeout);
// The same until an instant.
zx_status_t sync_completion_wait_deadline(sync_completion_t* completion, zx_time_t deadline);
// Wakes all waiters and lets later ones pass.
void sync_completion_signal(sync_completion_t* completion);
// As sync_completion_signal, but those who wait go on waiting on `futex` of the caller's instead,
// until somebody wakes them there (zx_futex_wake).
void sync_completion_signal_requeue(sync_completion_t* completion, zx_futex_t* futex);
void sync_completion_reset(sync_completion_t* completion);
bool sync_completion_signaled(const sync_completion_t* completion);

__END_EXPORTS
__END_CDECLS
