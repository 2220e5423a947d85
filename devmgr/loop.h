// SPDX-License-Identifier: MIT
// devmgr's event loop: one port, handles to wait for, and timers. After every event a `settle` hook
// runs, which moves everything on that the event made possible; so event handlers only note facts.
//
// One thread. A source or a timer may be stopped, and its memory freed, from inside any callback.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zircon/listnode.h>
#include <zircon/types.h>

typedef struct dm_loop dm_loop_t;

// |observed| is the signals of the handle; 0: the loop cannot wait for it any more.
typedef void (*dm_source_cb_t)(void* ctx, zx_signals_t observed);
typedef void (*dm_timer_cb_t)(void* ctx);

typedef struct dm_source {
    list_node_t link;    // in the loop; cleared: stopped
    dm_loop_t* loop;     // borrowed
    uint64_t key;        // never used twice
    zx_handle_t handle;  // borrowed
    zx_signals_t signals;
    dm_source_cb_t cb;
    void* ctx;
} dm_source_t;

typedef struct dm_timer {
    list_node_t link;  // in the loop, by deadline; cleared: stopped
    zx_time_t deadline;
    dm_timer_cb_t cb;
    void* ctx;
} dm_timer_t;

#define DM_LOOP_BUCKETS 64u

struct dm_loop {
    zx_handle_t port;  // owned
    uint64_t next_key;
    list_node_t sources[DM_LOOP_BUCKETS];  // by key
    list_node_t timers;
    bool is_quitting;
    void (*settle)(void* ctx);
    void* settle_ctx;
};

zx_status_t dm_loop_init(dm_loop_t* loop, void (*settle)(void* ctx), void* ctx);
// Sources and timers must have been stopped. A zeroed loop is fine.
void dm_loop_fini(dm_loop_t* loop);

// Runs until dm_loop_quit(). Returns what the port failed with, or ZX_OK.
zx_status_t dm_loop_run(dm_loop_t* loop);
void dm_loop_quit(dm_loop_t* loop);

// Calls |cb| whenever one of |signals| is asserted on |handle| (borrowed), until stopped.
zx_status_t dm_source_start(dm_loop_t* loop, dm_source_t* source, zx_handle_t handle,
                            zx_signals_t signals, dm_source_cb_t cb, void* ctx);
// Before the handle is closed. A zeroed or stopped source is fine.
void dm_source_stop(dm_source_t* source);

// (Re)starts a timer that fires once at |deadline| (monotonic).
void dm_timer_start(dm_loop_t* loop, dm_timer_t* timer, zx_time_t deadline, dm_timer_cb_t cb,
                    void* ctx);
void dm_timer_stop(dm_timer_t* timer);
