// SPDX-License-Identifier: MIT
// Blocking a thread on objects: the pieces of zx_object_wait_one/many and zx_channel_call.
//
// A thread that blocks has a ko_thread_t: an eventfd by which others wake it, and an epoll set for
// the doorbells it waits for. It is made at the thread's first wait and ends with the thread.
#pragma once

#include <poll.h>

#include "object.h"

typedef struct ko_thread {
    int kick_fd;       // owned: an eventfd
    int bell_fd;       // owned: an epoll set of doorbells, edge-triggered; -1 before the first
    uint32_t fork_id;  // tells a context made before a fork
} ko_thread_t;

// The calling thread's context, or NULL when there are no fds left.
ko_thread_t* ko_thread_self(void);
// Wakes the thread, now or at its next block. The caller knows that it still exists.
void ko_thread_kick(ko_thread_t* thread);

// A thread's entry in an object's list, so that closing the handle wakes it.
typedef struct ko_waiter {
    list_node_t node;
    ko_thread_t* thread;  // borrowed
    zx_handle_t handle;
    _Atomic bool is_cancelled;
} ko_waiter_t;

// `waiter` is the caller's and stays in the list until removed. If the handle is closed already it
// becomes cancelled at once.
void ko_waiter_add(ko_object_t* object, ko_waiter_t* waiter, ko_thread_t* thread,
                   zx_handle_t handle);
void ko_waiter_remove(ko_object_t* object, ko_waiter_t* waiter);

#define KO_WAIT_SET_MAX ((ZX_WAIT_MANY_MAX_ITEMS + 1) * KO_MAX_WAIT_SOURCES)

// What one thread waits for in one call. Order: init, add …, look at the signals, block,
// rearm, look again …, fini.
typedef struct ko_wait_set {
    ko_thread_t* thread;  // borrowed
    uint32_t poll_count;
    uint32_t bell_count;
    bool is_rung;  // edges are pending in the doorbells' set
    struct pollfd polls[KO_WAIT_SET_MAX + 2];
    int bells[KO_WAIT_SET_MAX];  // borrowed
} ko_wait_set_t;

zx_status_t ko_wait_set_init(ko_wait_set_t* set);
zx_status_t ko_wait_set_add(ko_wait_set_t* set, const ko_wait_source_t* sources, uint32_t count);
// Sleeps until something may have changed (ZX_OK) or the deadline (ZX_ERR_TIMED_OUT).
zx_status_t ko_wait_set_block(ko_wait_set_t* set, zx_time_t deadline);
// After a block, before the look at the signals that goes before the next one.
void ko_wait_set_rearm(ko_wait_set_t* set);
void ko_wait_set_fini(ko_wait_set_t* set);

// The time until `deadline` for ppoll and epoll_pwait2: NULL for ZX_TIME_INFINITE.
struct timespec* ko_time_until(zx_time_t deadline, struct timespec* out);
