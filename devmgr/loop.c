// SPDX-License-Identifier: MIT
// The event loop over one port.
#include "loop.h"

#include <zircon/errors.h>
#include <zircon/syscalls.h>

zx_status_t dm_loop_init(dm_loop_t* loop, void (*settle)(void* ctx), void* ctx) {
    *loop = (dm_loop_t){.settle = settle, .settle_ctx = ctx, .next_key = 1};
    for (size_t i = 0; i < DM_LOOP_BUCKETS; i++) {
        list_initialize(&loop->sources[i]);
    }
    list_initialize(&loop->timers);
    return zx_port_create(0, &loop->port);
}

void dm_loop_fini(dm_loop_t* loop) {
    zx_handle_close(loop->port);
    loop->port = ZX_HANDLE_INVALID;
}

void dm_loop_quit(dm_loop_t* loop) {
    loop->is_quitting = true;
}

// ------------------------------------------------------------------------------------- sources

static list_node_t* bucket(dm_loop_t* loop, uint64_t key) {
    return &loop->sources[key % DM_LOOP_BUCKETS];
}

static dm_source_t* find_source(dm_loop_t* loop, uint64_t key) {
    dm_source_t* source;
    list_for_every_entry(bucket(loop, key), source, dm_source_t, link) {
        if (source->key == key) {
            return source;
        }
    }
    return NULL;
}

static zx_status_t arm(dm_source_t* source) {
    return zx_object_wait_async(source->handle, source->loop->port, source->key, source->signals,
                                ZX_WAIT_ASYNC_ONCE);
}

zx_status_t dm_source_start(dm_loop_t* loop, dm_source_t* source, zx_handle_t handle,
                            zx_signals_t signals, dm_source_cb_t cb, void* ctx) {
    *source = (dm_source_t){.loop = loop,
                            .key = loop->next_key++,
                            .handle = handle,
                            .signals = signals,
                            .cb = cb,
                            .ctx = ctx};
    zx_status_t status = arm(source);
    if (status == ZX_OK) {
        list_add_tail(bucket(loop, source->key), &source->link);
    }
    return status;
}

void dm_source_stop(dm_source_t* source) {
    if (!list_in_list(&source->link)) {
        return;
    }
    list_delete(&source->link);
    zx_port_cancel(source->loop->port, source->handle, source->key);
}

static void dispatch(dm_loop_t* loop, const zx_port_packet_t* packet) {
    dm_source_t* source = find_source(loop, packet->key);
    if (source == NULL) {
        return;  // stopped after the packet was queued
    }
    source->cb(source->ctx, packet->signal.observed);
    source = find_source(loop, packet->key);
    if (source != NULL && arm(source) != ZX_OK) {
        list_delete(&source->link);
        source->cb(source->ctx, 0);
    }
}

// -------------------------------------------------------------------------------------- timers

void dm_timer_start(dm_loop_t* loop, dm_timer_t* timer, zx_time_t deadline, dm_timer_cb_t cb,
                    void* ctx) {
    dm_timer_stop(timer);
    *timer = (dm_timer_t){.deadline = deadline, .cb = cb, .ctx = ctx};
    // Most deadlines are later than those before them: look from the end.
    list_node_t* before = loop->timers.prev;
    while (before != &loop->timers && containerof(before, dm_timer_t, link)->deadline > deadline) {
        before = before->prev;
    }
    list_add_after(before, &timer->link);
}

void dm_timer_stop(dm_timer_t* timer) {
    if (list_in_list(&timer->link)) {
        list_delete(&timer->link);
    }
}

static dm_timer_t* first_timer(dm_loop_t* loop) {
    list_node_t* node = list_peek_head(&loop->timers);
    return node != NULL ? containerof(node, dm_timer_t, link) : NULL;
}

static void fire_timers(dm_loop_t* loop) {
    zx_time_t now = zx_clock_get_monotonic();
    for (dm_timer_t* timer = first_timer(loop); timer != NULL && timer->deadline <= now;
         timer = first_timer(loop)) {
        list_delete(&timer->link);
        timer->cb(timer->ctx);
    }
}

// ----------------------------------------------------------------------------------------- run

zx_status_t dm_loop_run(dm_loop_t* loop) {
    loop->settle(loop->settle_ctx);
    while (!loop->is_quitting) {
        dm_timer_t* timer = first_timer(loop);
        zx_port_packet_t packet;
        zx_status_t status =
            zx_port_wait(loop->port, timer != NULL ? timer->deadline : ZX_TIME_INFINITE, &packet);
        if (status != ZX_OK && status != ZX_ERR_TIMED_OUT) {
            return status;
        }
        if (status == ZX_OK) {
            dispatch(loop, &packet);
        }
        fire_timers(loop);
        loop->settle(loop->settle_ctx);
    }
    return ZX_OK;
}
