// SPDX-License-Identifier: MIT
// Event: a word of signals that anybody with the right may set and clear.
//
// The state lives in the object as long as the event stays in this process. When it is sent for the
// first time it moves into a shared page, which all processes with a handle then use. The
// doorbell is made when somebody first waits.
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>

#include <zircon/syscalls.h>

#include "doorbell.h"
#include "pin.h"

#define PAGE_BYTES 4096u

// Any holder of a shared one may write it.
typedef struct event_state {
    _Atomic uint32_t signals;
    _Atomic uint32_t has_edges;  // somebody watches, or has watched, for edges
} event_state_t;

typedef struct ko_event {
    ko_object_t base;
    _Atomic(event_state_t*) state;  // points at `local`, later at `page`
    event_state_t local;

    pthread_mutex_t lock;  // guards what follows, and every change of *state
    int bell_fd;           // owned; -1 before the first wait
    int page_fd;           // owned; -1 before the first send
    void* page;            // owned mapping; NULL before the first send
} ko_event_t;

static zx_signals_t event_signals(ko_object_t* object) {
    ko_event_t* event = (ko_event_t*)object;
    return atomic_load(&atomic_load(&event->state)->signals) & ZX_EVENT_SIGNAL_MASK;
}

static int event_bell_locked(ko_event_t* event) {
    if (event->bell_fd < 0) {
        event->bell_fd = ko_bell_create();
    }
    return event->bell_fd;
}

static uint32_t event_wait_sources(ko_object_t* object, zx_signals_t mask,
                                   ko_wait_source_t out[KO_MAX_WAIT_SOURCES]) {
    (void)mask;
    ko_event_t* event = (ko_event_t*)object;
    pthread_mutex_lock(&event->lock);
    out[0] =
        (ko_wait_source_t){.fd = event_bell_locked(event), .events = EPOLLIN, .is_doorbell = true};
    pthread_mutex_unlock(&event->lock);
    return 1;
}

static zx_status_t event_signal(ko_object_t* object, uint32_t clear_mask, uint32_t set_mask) {
    if (((clear_mask | set_mask) & ~ZX_EVENT_SIGNAL_MASK) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_event_t* event = (ko_event_t*)object;
    pthread_mutex_lock(&event->lock);
    event_state_t* state = atomic_load(&event->state);
    uint32_t before = atomic_load(&state->signals);
    while (!atomic_compare_exchange_weak(&state->signals, &before,
                                         (before & ~clear_mask) | set_mask)) {
    }
    // What goes away concerns those who watch for edges, in other processes: here they are told
    // below.
    bool is_heard = set_mask != 0 || (event->page && atomic_load(&state->has_edges) != 0);
    if (event->bell_fd >= 0 && is_heard) {
        ko_bell_ring(event->bell_fd);
    }
    pthread_mutex_unlock(&event->lock);
    return ZX_OK;
}

static void event_edges_watched(ko_object_t* object) {
    ko_event_t* event = (ko_event_t*)object;
    pthread_mutex_lock(&event->lock);
    atomic_store(&atomic_load(&event->state)->has_edges, 1);
    pthread_mutex_unlock(&event->lock);
}

// Moves the state into a page of its own.
static zx_status_t event_share_locked(ko_event_t* event) {
    if (event->page) {
        return ZX_OK;
    }
    if (event_bell_locked(event) < 0) {
        return ZX_ERR_NO_RESOURCES;
    }
    event->page_fd = ko_page_create(PAGE_BYTES, &event->page);
    if (event->page_fd < 0) {
        return ZX_ERR_NO_RESOURCES;
    }
    event_state_t* shared = event->page;
    atomic_store(&shared->signals, atomic_load(&event->local.signals));
    atomic_store(&shared->has_edges, atomic_load(&event->local.has_edges));
    atomic_store(&event->state, shared);
    return ZX_OK;
}

static zx_status_t event_export(ko_object_t* object, ko_wire_t* out) {
    ko_event_t* event = (ko_event_t*)object;
    pthread_mutex_lock(&event->lock);
    zx_status_t status = event_share_locked(event);
    if (status == ZX_OK) {
        out->fd_count = 2;
        out->fds[0] = event->page_fd;
        out->fds[1] = event->bell_fd;
    }
    pthread_mutex_unlock(&event->lock);
    return status;
}

static void event_destroy(ko_object_t* object) {
    ko_event_t* event = (ko_event_t*)object;
    if (event->page) {
        munmap(event->page, PAGE_BYTES);
    }
    ko_fd_close(&event->page_fd);
    ko_fd_close(&event->bell_fd);
    pthread_mutex_destroy(&event->lock);
    free(event);
}

static const ko_ops_t event_ops = {
    .type = ZX_OBJ_TYPE_EVENT,
    .default_rights = ZX_DEFAULT_EVENT_RIGHTS,
    .destroy = event_destroy,
    .signals = event_signals,
    .wait_sources = event_wait_sources,
    .edges_watched = event_edges_watched,
    .signal = event_signal,
    .export_wire = event_export,
};

static ko_event_t* event_new(void) {
    ko_event_t* event = calloc(1, sizeof(*event));
    if (event) {
        ko_object_init(&event->base, &event_ops);
        pthread_mutex_init(&event->lock, NULL);
        event->bell_fd = -1;
        event->page_fd = -1;
        atomic_init(&event->state, &event->local);
    }
    return event;
}

zx_status_t zx_event_create(uint32_t options, zx_handle_t* out) {
    if (options != 0 || !out) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_event_t* event = event_new();
    return event ? ko_handle_make(&event->base, ZX_RIGHT_SAME_RIGHTS, out) : ZX_ERR_NO_MEMORY;
}

zx_status_t ko_import_event(ko_wire_t* wire, ko_object_t** out) {
    if (wire->fd_count != 2 || !ko_fd_is_eventfd(wire->fds[1])) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    ko_event_t* event = event_new();
    if (!event) {
        return ZX_ERR_NO_MEMORY;
    }
    event->page = ko_page_open(wire->fds[0], PAGE_BYTES);
    if (!event->page) {
        ko_object_release(&event->base);
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    event->page_fd = wire->fds[0];
    event->bell_fd = wire->fds[1];
    wire->fds[0] = -1;
    wire->fds[1] = -1;
    atomic_store(&event->state, (event_state_t*)event->page);
    *out = &event->base;
    return ZX_OK;
}

// ---- zx_object_signal, for every object

static zx_status_t object_signal(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask,
                                 bool to_peer) {
    ko_pin_t pin;
    zx_status_t status = ko_handle_pin(handle, ZX_OBJ_TYPE_NONE,
                                       to_peer ? ZX_RIGHT_SIGNAL_PEER : ZX_RIGHT_SIGNAL, &pin);
    if (status != ZX_OK) {
        return status;
    }
    ko_object_t* object = pin.object;
    const ko_ops_t* ops = object->ops;
    zx_status_t (*signal)(ko_object_t*, uint32_t, uint32_t) =
        to_peer ? ops->signal_peer : ops->signal;
    status = signal ? signal(object, clear_mask, set_mask) : ZX_ERR_NOT_SUPPORTED;
    if (status == ZX_OK && !to_peer) {
        ko_object_fell(object, clear_mask & ~set_mask);
    }
    ko_unpin(&pin);
    return status;
}

zx_status_t zx_object_signal(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask) {
    return object_signal(handle, clear_mask, set_mask, false);
}

zx_status_t zx_object_signal_peer(zx_handle_t handle, uint32_t clear_mask, uint32_t set_mask) {
    return object_signal(handle, clear_mask, set_mask, true);
}
