// SPDX-License-Identifier: MIT
// The event loop and the queue of work that drivers scheduled on it.
#include "loop.h"

#include <stdlib.h>
#include <threads.h>

#include <zircon/assert.h>
#include <zircon/errors.h>
#include <zircon/listnode.h>
#include <zircon/syscalls.h>

#include "device.h"

typedef struct dh_work {
    list_node_t node;
    zx_device_t* device;  // owned reference
    void (*callback)(void* cookie);
    void* cookie;  // the driver's
} dh_work_t;

static struct {
    zx_handle_t port;  // owned
    thrd_t main_thread;
    bool is_quitting;   // main thread only
    list_node_t works;  // guarded by dh_lock()
} loop = {.works = LIST_INITIAL_VALUE(loop.works)};

zx_status_t dh_loop_init(void) {
    loop.main_thread = thrd_current();
    return zx_port_create(0, &loop.port);
}

bool dh_loop_is_main_thread(void) {
    return thrd_equal(thrd_current(), loop.main_thread) != 0;
}

zx_status_t dh_loop_watch(zx_handle_t handle, uint64_t key, zx_signals_t signals) {
    return zx_object_wait_async(handle, loop.port, key, signals, 0);
}

void dh_loop_unwatch(zx_handle_t handle, uint64_t key) {
    zx_port_cancel(loop.port, handle, key);
}

void dh_loop_wake(void) {
    zx_port_packet_t packet = {.key = DH_KEY_WAKE, .type = ZX_PKT_TYPE_USER};
    zx_port_queue(loop.port, &packet);
}

zx_status_t dh_loop_queue_work_locked(zx_device_t* device, void (*callback)(void* cookie),
                                      void* cookie) {
    dh_work_t* work = calloc(1, sizeof(*work));
    if (work == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    dh_device_ref_locked(device);
    work->device = device;
    work->callback = callback;
    work->cookie = cookie;
    list_add_tail(&loop.works, &work->node);
    dh_loop_wake();
    return ZX_OK;
}

// Runs what is queued now; work that this work queues comes with its own wake-up.
static void run_works(void) {
    list_node_t works = LIST_INITIAL_VALUE(works);
    dh_lock();
    list_move(&loop.works, &works);
    dh_unlock();
    dh_work_t* work;
    while ((work = list_remove_head_type(&works, dh_work_t, node)) != NULL) {
        work->callback(work->cookie);
        dh_device_unref(work->device);
        free(work);
    }
}

void dh_loop_run(void (*on_event)(uint64_t key, zx_signals_t observed)) {
    while (!loop.is_quitting) {
        zx_port_packet_t packet;
        zx_status_t status = zx_port_wait(loop.port, ZX_TIME_INFINITE, &packet);
        ZX_ASSERT_MSG(status == ZX_OK, "zx_port_wait: %d", status);
        if (packet.key != DH_KEY_WAKE) {
            on_event(packet.key, packet.signal.observed);
        }
        run_works();
        dh_device_release_pending();
    }
}

void dh_loop_quit(void) {
    loop.is_quitting = true;
}
