// SPDX-License-Identifier: MIT
// Objects that ports watch: zx_object_wait_async, and objects bound to a port (interrupts).
#include "port.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <zircon/assert.h>
#include <zircon/syscalls.h>

#include "pin.h"

// One zx_object_wait_async that has not fired.
typedef struct ko_observer {
    list_node_t node;
    zx_handle_t handle;
    uint64_t key;
    zx_signals_t trigger;
    uint32_t options;
    bool is_asserted;  // EDGE: was so when last seen
} ko_observer_t;

static uint64_t watch_data(const ko_port_t* port, const ko_watch_t* watch) {
    return ((uint64_t)port->slots[watch->slot].generation << 32) | watch->slot;
}

// A place in the port's slots; generations start at 1, so no data is 0. port->lock is held.
static zx_status_t slot_alloc_locked(ko_port_t* port, ko_watch_t* watch) {
    uint32_t index = 0;
    while (index < port->slot_count && port->slots[index].watch) {
        index++;
    }
    if (index == port->slot_count) {
        uint32_t count = port->slot_count ? port->slot_count * 2 : 8;
        ko_watch_slot_t* slots = realloc(port->slots, count * sizeof(*slots));
        if (!slots) {
            return ZX_ERR_NO_MEMORY;
        }
        memset(&slots[port->slot_count], 0, (count - port->slot_count) * sizeof(*slots));
        port->slots = slots;
        port->slot_count = count;
    }
    port->slots[index].watch = watch;
    port->slots[index].generation++;
    if (port->slots[index].generation == 0) {
        port->slots[index].generation = 1;
    }
    watch->slot = index;
    return ZX_OK;
}

// Makes a watch without sources. Both locks are held.
static ko_watch_t* watch_create_locked(ko_port_t* port, ko_object_t* object, bool is_binding) {
    ko_watch_t* watch = calloc(1, sizeof(*watch));
    if (!watch || slot_alloc_locked(port, watch) != ZX_OK) {
        free(watch);
        return NULL;
    }
    watch->port = port;
    watch->object = object;
    ko_object_acquire(object);
    watch->is_binding = is_binding;
    list_initialize(&watch->observers);
    list_add_tail(&object->watches, &watch->in_object);
    atomic_fetch_add(&object->wait_count, 1);
    list_add_tail(&port->watches, &watch->in_port);
    return watch;
}

static void observer_free(ko_watch_t* watch, ko_observer_t* observer) {
    if (observer->options & ZX_WAIT_ASYNC_EDGE) {
        atomic_fetch_sub(&watch->object->edge_count, 1);
    }
    free(observer);
}

// Ends a watch; the object's reference goes to the caller. Both locks are held.
static ko_object_t* watch_destroy_locked(ko_watch_t* watch) {
    ko_port_t* port = watch->port;
    ko_object_t* object = watch->object;
    for (uint32_t i = 0; i < watch->fd_count; i++) {
        epoll_ctl(port->epoll_fd, EPOLL_CTL_DEL, watch->fds[i], NULL);
    }
    ko_observer_t* observer;
    while ((observer = list_remove_head_type(&watch->observers, ko_observer_t, node))) {
        observer_free(watch, observer);
    }
    port->slots[watch->slot].watch = NULL;
    list_delete(&watch->in_port);
    list_delete(&watch->in_object);
    atomic_fetch_sub(&object->wait_count, 1);
    free(watch);
    return object;
}

static ko_watch_t* watch_find(ko_port_t* port, ko_object_t* object, bool is_binding) {
    ko_watch_t* watch;
    list_for_every_entry(&object->watches, watch, ko_watch_t, in_object) {
        if (watch->port == port && watch->is_binding == is_binding) {
            return watch;
        }
    }
    return NULL;
}

static zx_status_t watch_epoll(ko_watch_t* watch, int fd, uint32_t events) {
    ko_port_t* port = watch->port;
    struct epoll_event event = {.events = events | EPOLLET, .data.u64 = watch_data(port, watch)};
    for (uint32_t i = 0; i < watch->fd_count; i++) {
        if (watch->fds[i] == fd) {
            return epoll_ctl(port->epoll_fd, EPOLL_CTL_MOD, fd, &event) == 0 ? ZX_OK
                                                                             : ZX_ERR_INTERNAL;
        }
    }
    if (epoll_ctl(port->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        return errno == EEXIST ? ZX_ERR_ALREADY_BOUND : ZX_ERR_NO_RESOURCES;
    }
    watch->fds[watch->fd_count++] = fd;
    return ZX_OK;
}

// Gets the sources of more signals into the epoll set.
static zx_status_t watch_widen_locked(ko_watch_t* watch, zx_signals_t signals) {
    zx_signals_t interest = watch->interest | signals;
    if (interest == watch->interest) {
        return ZX_OK;
    }
    ko_wait_source_t sources[KO_MAX_WAIT_SOURCES];
    uint32_t count = watch->object->ops->wait_sources(watch->object, interest, sources);
    for (uint32_t i = 0; i < count; i++) {
        zx_status_t status = sources[i].fd < 0
                                 ? ZX_ERR_NO_RESOURCES
                                 : watch_epoll(watch, sources[i].fd, sources[i].events);
        if (status != ZX_OK) {
            return status;
        }
    }
    watch->interest = interest;
    return ZX_OK;
}

// Queues the packet of an observer that fires.
static zx_status_t signal_push_locked(ko_port_t* port, const ko_observer_t* observer,
                                      zx_signals_t observed) {
    zx_port_packet_t packet = {.key = observer->key, .type = ZX_PKT_TYPE_SIGNAL_ONE};
    packet.signal.trigger = observer->trigger;
    packet.signal.observed = observed;
    packet.signal.count = 1;
    if (observer->options & ZX_WAIT_ASYNC_TIMESTAMP) {
        packet.signal.timestamp = zx_clock_get_monotonic();
    }
    return ko_port_push_locked(port, &port->packets, &packet, observer->handle, NULL, false);
}

static void watch_fire_locked(ko_watch_t* watch) {
    if (list_is_empty(&watch->observers)) {
        return;
    }
    zx_signals_t state = ko_signals(watch->object);
    ko_observer_t* observer;
    ko_observer_t* next;
    list_for_every_entry_safe(&watch->observers, observer, next, ko_observer_t, node) {
        bool is_asserted = (state & observer->trigger) != 0;
        bool fires = is_asserted && !observer->is_asserted;
        observer->is_asserted = (observer->options & ZX_WAIT_ASYNC_EDGE) && is_asserted;
        if (fires && signal_push_locked(watch->port, observer, state) == ZX_OK) {
            list_delete(&observer->node);
            observer_free(watch, observer);
        }
    }
}

static void binding_poll_locked(ko_watch_t* watch) {
    zx_port_packet_t packet = {.key = watch->key, .type = ZX_PKT_TYPE_INTERRUPT};
    ko_port_t* port = watch->port;
    if (watch->object->ops->port_packet(watch->object, &packet)) {
        (void)ko_port_push_locked(port, &port->interrupts, &packet, ZX_HANDLE_INVALID, watch,
                                  false);
    }
}

void ko_port_event_locked(ko_port_t* port, uint64_t data) {
    uint32_t index = (uint32_t)data;
    if (index >= port->slot_count || port->slots[index].generation != data >> 32 ||
        !port->slots[index].watch) {
        return;  // of a watch that ended meanwhile
    }
    ko_watch_t* watch = port->slots[index].watch;
    if (watch->is_binding) {
        binding_poll_locked(watch);
    } else {
        watch_fire_locked(watch);
    }
}

// Fires at once or enlists an observer; `fresh` is used up or freed. Both locks are held.
static zx_status_t watch_observe_locked(ko_watch_t* watch, ko_observer_t* fresh) {
    if ((fresh->options & ZX_WAIT_ASYNC_EDGE) && watch->object->ops->edges_watched) {
        watch->object->ops->edges_watched(watch->object);
    }
    zx_status_t status = watch_widen_locked(watch, fresh->trigger);
    zx_signals_t state = ko_signals(watch->object);
    bool is_asserted = (state & fresh->trigger) != 0;
    // Closing forgets observers after it took the handle out, so one of the two sees the other.
    if (status == ZX_OK && !ko_handle_names(fresh->handle, watch->object)) {
        status = ZX_ERR_BAD_HANDLE;
    }
    if (status == ZX_OK && !(fresh->options & ZX_WAIT_ASYNC_EDGE) && is_asserted) {
        status = signal_push_locked(watch->port, fresh, state);
    } else if (status == ZX_OK) {
        fresh->is_asserted = is_asserted;
        if (fresh->options & ZX_WAIT_ASYNC_EDGE) {
            atomic_fetch_add(&watch->object->edge_count, 1);
        }
        list_add_tail(&watch->observers, &fresh->node);
        return ZX_OK;
    }
    free(fresh);
    return status;
}

static zx_status_t port_observe(ko_port_t* port, ko_object_t* object, const ko_observer_t* wanted) {
    ko_observer_t* fresh = malloc(sizeof(*fresh));
    if (!fresh) {
        return ZX_ERR_NO_MEMORY;
    }
    *fresh = *wanted;
    pthread_mutex_lock(&object->wait_lock);
    pthread_mutex_lock(&port->lock);
    ko_watch_t* watch = watch_find(port, object, false);
    if (!watch && !port->is_closed) {
        watch = watch_create_locked(port, object, false);
    }
    // A port without handles watches nothing any more.
    zx_status_t status = port->is_closed ? ZX_ERR_BAD_HANDLE : ZX_ERR_NO_MEMORY;
    if (watch) {
        status = watch_observe_locked(watch, fresh);
    } else {
        free(fresh);
    }
    bool is_orphan = watch && atomic_load(&object->handles) == 0;
    if (is_orphan) {
        ko_object_release(watch_destroy_locked(watch));  // the caller has a reference too
    }
    pthread_mutex_unlock(&port->lock);
    pthread_mutex_unlock(&object->wait_lock);
    return status;
}

zx_status_t zx_object_wait_async(zx_handle_t handle, zx_handle_t port_handle, uint64_t key,
                                 zx_signals_t signals, uint32_t options) {
    if ((options & ~(ZX_WAIT_ASYNC_TIMESTAMP | ZX_WAIT_ASYNC_EDGE)) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_pin_t port;
    zx_status_t status = ko_handle_pin(port_handle, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE, &port);
    if (status != ZX_OK) {
        return status;
    }
    ko_pin_t pin;
    status = ko_handle_pin(handle, ZX_OBJ_TYPE_NONE, ZX_RIGHT_WAIT, &pin);
    if (status == ZX_OK) {
        ko_object_t* object = pin.object;
        if (!object->ops->signals || !object->ops->wait_sources) {
            status = ZX_ERR_NOT_SUPPORTED;
        } else {
            ko_observer_t wanted = {
                .handle = handle, .key = key, .trigger = signals, .options = options};
            status = port_observe((ko_port_t*)port.object, object, &wanted);
        }
        ko_unpin(&pin);
    }
    ko_unpin(&port);
    return status;
}

static bool observers_drop(ko_watch_t* watch, zx_handle_t handle, const uint64_t* key) {
    bool found = false;
    ko_observer_t* observer;
    ko_observer_t* next;
    list_for_every_entry_safe(&watch->observers, observer, next, ko_observer_t, node) {
        if (observer->handle == handle && (!key || observer->key == *key)) {
            list_delete(&observer->node);
            observer_free(watch, observer);
            found = true;
        }
    }
    return found;
}

void ko_port_forget_handle_locked(ko_object_t* object, zx_handle_t handle) {
    ko_watch_t* watch;
    list_for_every_entry(&object->watches, watch, ko_watch_t, in_object) {
        pthread_mutex_lock(&watch->port->lock);
        observers_drop(watch, handle, NULL);
        pthread_mutex_unlock(&watch->port->lock);
    }
}

void ko_port_object_changed_locked(ko_object_t* object) {
    ko_watch_t* watch;
    list_for_every_entry(&object->watches, watch, ko_watch_t, in_object) {
        pthread_mutex_lock(&watch->port->lock);
        if (!watch->is_binding) {
            watch_fire_locked(watch);
        }
        pthread_mutex_unlock(&watch->port->lock);
    }
}

void ko_port_object_fell_locked(ko_object_t* object, zx_signals_t low) {
    ko_watch_t* watch;
    list_for_every_entry(&object->watches, watch, ko_watch_t, in_object) {
        pthread_mutex_lock(&watch->port->lock);
        ko_observer_t* observer;
        list_for_every_entry(&watch->observers, observer, ko_observer_t, node) {
            if ((observer->trigger & ~low) == 0) {
                observer->is_asserted = false;
            }
        }
        watch_fire_locked(watch);
        pthread_mutex_unlock(&watch->port->lock);
    }
}

bool ko_port_cancel(ko_port_t* port, ko_object_t* object, zx_handle_t handle, uint64_t key) {
    bool found = false;
    pthread_mutex_lock(&object->wait_lock);
    pthread_mutex_lock(&port->lock);
    ko_watch_t* watch = watch_find(port, object, false);
    if (watch) {
        found = observers_drop(watch, handle, &key);
    }
    ko_packet_t* entry;
    ko_packet_t* next;
    list_for_every_entry_safe(&port->packets, entry, next, ko_packet_t, node) {
        if (entry->handle == handle && entry->packet.key == key) {
            list_delete(&entry->node);
            free(entry);
            port->packet_count--;
            found = true;
        }
    }
    pthread_mutex_unlock(&port->lock);
    pthread_mutex_unlock(&object->wait_lock);
    return found;
}

void ko_port_forget_object(ko_object_t* object) {
    if (atomic_load(&object->wait_count) == 0) {
        return;
    }
    pthread_mutex_lock(&object->wait_lock);
    while (!list_is_empty(&object->watches)) {
        ko_watch_t* watch = list_peek_head_type(&object->watches, ko_watch_t, in_object);
        ko_port_t* port = watch->port;
        pthread_mutex_lock(&port->lock);
        // The caller has a reference of its own, so this is not the last.
        ko_object_release(watch_destroy_locked(watch));
        pthread_mutex_unlock(&port->lock);
    }
    pthread_mutex_unlock(&object->wait_lock);
}

void ko_port_detach_all(ko_port_t* port) {
    for (;;) {
        pthread_mutex_lock(&port->lock);
        ko_watch_t* watch = list_peek_head_type(&port->watches, ko_watch_t, in_port);
        ko_object_t* object = watch ? watch->object : NULL;
        if (object) {
            ko_object_acquire(object);
        }
        pthread_mutex_unlock(&port->lock);
        if (!object) {
            return;
        }
        pthread_mutex_lock(&object->wait_lock);
        pthread_mutex_lock(&port->lock);
        ko_object_t* dropped = NULL;
        list_node_t* head = list_peek_head(&port->watches);
        if (head && containerof(head, ko_watch_t, in_port)->object == object) {
            dropped = watch_destroy_locked(containerof(head, ko_watch_t, in_port));
        }
        pthread_mutex_unlock(&port->lock);
        pthread_mutex_unlock(&object->wait_lock);
        ko_object_release(dropped);
        ko_object_release(object);
    }
}

// ---- bindings

void ko_port_poll_bindings_locked(ko_port_t* port) {
    ko_watch_t* watch;
    list_for_every_entry(&port->watches, watch, ko_watch_t, in_port) {
        if (watch->is_binding) {
            binding_poll_locked(watch);
        }
    }
}

zx_status_t ko_port_bind(ko_object_t* port_object, ko_object_t* object, int fd, uint64_t key) {
    ko_port_t* port = (ko_port_t*)port_object;
    if (port_object->ops->type != ZX_OBJ_TYPE_PORT ||
        (port->options & ZX_PORT_BIND_TO_INTERRUPT) == 0) {
        return ZX_ERR_WRONG_TYPE;
    }
    ZX_DEBUG_ASSERT(object->ops->port_packet);
    pthread_mutex_lock(&object->wait_lock);
    pthread_mutex_lock(&port->lock);
    zx_status_t status = ZX_ERR_ALREADY_BOUND;
    if (!watch_find(port, object, true)) {
        ko_watch_t* watch = port->is_closed ? NULL : watch_create_locked(port, object, true);
        status = ZX_ERR_NO_MEMORY;
        if (watch) {
            watch->key = key;
            status = watch_epoll(watch, fd, EPOLLIN);
        }
        if (watch && status == ZX_OK) {
            binding_poll_locked(watch);
        } else if (watch) {
            ko_object_release(watch_destroy_locked(watch));
        }
    }
    pthread_mutex_unlock(&port->lock);
    pthread_mutex_unlock(&object->wait_lock);
    return status;
}

zx_status_t ko_port_unbind(ko_object_t* port_object, ko_object_t* object, bool* out_dropped) {
    ko_port_t* port = (ko_port_t*)port_object;
    bool dropped = false;
    pthread_mutex_lock(&object->wait_lock);
    pthread_mutex_lock(&port->lock);
    ko_watch_t* watch = watch_find(port, object, true);
    if (watch) {
        ko_packet_t* entry;
        ko_packet_t* next;
        list_for_every_entry_safe(&port->interrupts, entry, next, ko_packet_t, node) {
            if (entry->watch == watch) {
                list_delete(&entry->node);
                free(entry);
                dropped = true;
            }
        }
        ko_object_release(watch_destroy_locked(watch));
    }
    pthread_mutex_unlock(&port->lock);
    pthread_mutex_unlock(&object->wait_lock);
    if (out_dropped) {
        *out_dropped = dropped;
    }
    return watch ? ZX_OK : ZX_ERR_NOT_FOUND;
}

void ko_port_poll(ko_object_t* port_object, ko_object_t* object) {
    ko_port_t* port = (ko_port_t*)port_object;
    pthread_mutex_lock(&object->wait_lock);
    pthread_mutex_lock(&port->lock);
    ko_watch_t* watch = watch_find(port, object, true);
    if (watch) {
        binding_poll_locked(watch);
    }
    pthread_mutex_unlock(&port->lock);
    pthread_mutex_unlock(&object->wait_lock);
}
