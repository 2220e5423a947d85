// SPDX-License-Identifier: MIT
// The zx_interrupt_* calls; the object is in interrupt.c.
#include <sys/epoll.h>

#include <zircon/syscalls.h>

#include "interrupt.h"
#include "resource.h"
#include "wait.h"

zx_status_t zx_interrupt_create(zx_handle_t src_obj, uint32_t src_num, uint32_t options,
                                zx_handle_t* out_handle) {
    if (out_handle == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    const uint32_t known = ZX_INTERRUPT_REMAP_IRQ | ZX_INTERRUPT_MODE_MASK;
    if (!(options & ZX_INTERRUPT_VIRTUAL)) {
        if ((options & ~known) != 0 ||
            (options & ZX_INTERRUPT_MODE_MASK) > ZX_INTERRUPT_MODE_EDGE_BOTH) {
            return ZX_ERR_INVALID_ARGS;
        }
        // Lines of the interrupt controller by number: Linux keeps them to itself.
        zx_status_t status = ko_resource_check(src_obj, ZX_RSRC_KIND_IRQ, src_num, 1);
        return status == ZX_OK ? ZX_ERR_NOT_SUPPORTED : status;
    }
    if (options != ZX_INTERRUPT_VIRTUAL) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_object_t* object = NULL;
    zx_status_t status = ko_interrupt_create(KO_INTERRUPT_VIRTUAL, &object);
    return status == ZX_OK ? ko_handle_make(object, ZX_RIGHT_SAME_RIGHTS, out_handle) : status;
}

static zx_status_t get(zx_handle_t handle, zx_rights_t rights, ko_interrupt_t** out) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_INTERRUPT, rights, &object);
    if (status == ZX_OK) {
        *out = containerof(object, ko_interrupt_t, base);
    }
    return status;
}

// Blocks until a trigger was consumed, the interrupt destroyed or the handle closed.
static zx_status_t block(ko_interrupt_t* interrupt, zx_handle_t handle, zx_time_t* out_timestamp) {
    ko_wait_set_t set;
    ko_waiter_t waiter;
    const ko_wait_source_t sources[] = {
        {.fd = interrupt->event_fd, .events = EPOLLIN},
        {.fd = interrupt->destroy_fd, .events = EPOLLIN},
    };
    zx_status_t status = ko_wait_set_init(&set);
    if (status != ZX_OK) {
        return status;
    }
    ko_waiter_add(&interrupt->base, &waiter, set.thread, handle);
    status = ko_wait_set_add(&set, sources, countof(sources));
    while (status == ZX_OK) {
        if (atomic_load(&waiter.is_cancelled) || atomic_load(&interrupt->is_destroyed)) {
            status = ZX_ERR_CANCELED;
            break;
        }
        status = ko_interrupt_consume(interrupt, out_timestamp);
        if (status == ZX_OK) {
            break;
        }
        if (ko_interrupt_is_destroyed(interrupt)) {
            status = ZX_ERR_CANCELED;
        } else if (status == ZX_ERR_SHOULD_WAIT) {
            status = ko_wait_set_block(&set, ZX_TIME_INFINITE);
        }
    }
    ko_waiter_remove(&interrupt->base, &waiter);
    ko_wait_set_fini(&set);
    return status;
}

zx_status_t zx_interrupt_wait(zx_handle_t handle, zx_time_t* out_timestamp) {
    ko_interrupt_t* interrupt = NULL;
    zx_time_t timestamp = 0;
    zx_status_t status = get(handle, ZX_RIGHT_WAIT, &interrupt);
    if (status != ZX_OK) {
        return status;
    }
    pthread_mutex_lock(&interrupt->lock);
    if (interrupt->port != NULL) {
        status = ZX_ERR_BAD_STATE;
    } else {
        status = ko_interrupt_unmask_locked(interrupt);
        interrupt->waiters += status == ZX_OK ? 1 : 0;
    }
    pthread_mutex_unlock(&interrupt->lock);
    if (status == ZX_OK) {
        status = block(interrupt, handle, &timestamp);
        pthread_mutex_lock(&interrupt->lock);
        interrupt->waiters--;
        if (status == ZX_OK) {
            ko_interrupt_delivered_locked(interrupt);
        }
        pthread_mutex_unlock(&interrupt->lock);
    }
    if (status == ZX_OK && out_timestamp != NULL) {
        *out_timestamp = timestamp;
    }
    ko_object_release(&interrupt->base);
    return status;
}

zx_status_t zx_interrupt_ack(zx_handle_t handle) {
    ko_interrupt_t* interrupt = NULL;
    zx_status_t status = get(handle, ZX_RIGHT_WRITE, &interrupt);
    if (status != ZX_OK) {
        return status;
    }
    ko_object_t* port = NULL;
    pthread_mutex_lock(&interrupt->lock);
    if (interrupt->port == NULL) {
        status = ZX_ERR_BAD_STATE;
    } else if (ko_interrupt_is_destroyed(interrupt)) {
        status = ZX_ERR_CANCELED;
    } else if (interrupt->is_unacked) {
        status = ko_interrupt_unmask_locked(interrupt);
        if (status == ZX_OK) {
            interrupt->is_unacked = false;
            port = interrupt->port;
            ko_object_acquire(port);
        }
    }
    pthread_mutex_unlock(&interrupt->lock);
    if (port != NULL) {
        ko_port_poll(port, &interrupt->base);
        ko_object_release(port);
    }
    ko_object_release(&interrupt->base);
    return status;
}

// Claims the binding before the port knows of it, so that of two binds one fails.
static zx_status_t bind(ko_interrupt_t* interrupt, ko_object_t* port, uint64_t key) {
    zx_status_t status = ZX_OK;
    pthread_mutex_lock(&interrupt->lock);
    if (ko_interrupt_is_destroyed(interrupt)) {
        status = ZX_ERR_CANCELED;
    } else if (interrupt->port != NULL) {
        status = ZX_ERR_ALREADY_BOUND;
    } else if (interrupt->waiters != 0) {
        status = ZX_ERR_BAD_STATE;
    } else {
        status = ko_interrupt_unmask_locked(interrupt);
    }
    if (status == ZX_OK) {
        ko_object_acquire(port);
        interrupt->port = port;
        interrupt->is_unacked = false;
    }
    pthread_mutex_unlock(&interrupt->lock);
    if (status != ZX_OK) {
        return status;
    }
    status = ko_port_bind(port, &interrupt->base, interrupt->event_fd, key);
    if (status != ZX_OK) {
        pthread_mutex_lock(&interrupt->lock);
        interrupt->port = NULL;
        pthread_mutex_unlock(&interrupt->lock);
        ko_object_release(port);
        return status;
    }
    ko_port_poll(port, &interrupt->base);  // triggered before the bind
    return ZX_OK;
}

// Ends the binding, if it is with |port| (NULL: with any). |out_is_lost|: a packet was read from
// the port and not acknowledged.
static zx_status_t unbind(ko_interrupt_t* interrupt, const ko_object_t* port, bool* out_is_lost) {
    pthread_mutex_lock(&interrupt->lock);
    ko_object_t* bound = interrupt->port;
    bool is_unacked = interrupt->is_unacked;
    if (bound == NULL || (port != NULL && bound != port)) {
        pthread_mutex_unlock(&interrupt->lock);
        return ZX_ERR_NOT_FOUND;
    }
    interrupt->port = NULL;
    interrupt->is_unacked = false;
    pthread_mutex_unlock(&interrupt->lock);
    bool is_dropped = false;
    (void)ko_port_unbind(bound, &interrupt->base, &is_dropped);
    ko_object_release(bound);
    *out_is_lost = is_unacked && !is_dropped;
    return ZX_OK;
}

zx_status_t zx_interrupt_bind(zx_handle_t handle, zx_handle_t port, uint64_t key,
                              uint32_t options) {
    ko_interrupt_t* interrupt = NULL;
    ko_object_t* target = NULL;
    bool is_lost = false;
    if (options != ZX_INTERRUPT_BIND && options != ZX_INTERRUPT_UNBIND) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = get(handle, ZX_RIGHT_READ, &interrupt);
    if (status != ZX_OK) {
        return status;
    }
    status = ko_handle_get(port, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE, &target);
    if (status == ZX_OK) {
        status = options == ZX_INTERRUPT_BIND ? bind(interrupt, target, key)
                                              : unbind(interrupt, target, &is_lost);
    }
    ko_object_release(target);
    ko_object_release(&interrupt->base);
    return status;
}

zx_status_t zx_interrupt_trigger(zx_handle_t handle, uint32_t options, zx_time_t timestamp) {
    ko_interrupt_t* interrupt = NULL;
    if (options != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = get(handle, ZX_RIGHT_SIGNAL, &interrupt);
    if (status != ZX_OK) {
        return status;
    }
    if (interrupt->kind != KO_INTERRUPT_VIRTUAL) {
        status = ZX_ERR_BAD_STATE;
    } else if (ko_interrupt_is_destroyed(interrupt)) {
        status = ZX_ERR_CANCELED;
    } else {
        uint64_t none = 0;
        uint64_t stamp = (uint64_t)timestamp << 1 | 1;
        // While a trigger is pending, further ones join it and its time stays.
        if (atomic_compare_exchange_strong(&interrupt->page->stamp, &none, stamp)) {
            ko_interrupt_ring(interrupt->event_fd);
        }
    }
    ko_object_release(&interrupt->base);
    return status;
}

zx_status_t zx_interrupt_destroy(zx_handle_t handle) {
    ko_interrupt_t* interrupt = NULL;
    zx_status_t status = get(handle, ZX_RIGHT_WRITE, &interrupt);
    if (status != ZX_OK) {
        return status;
    }
    bool is_lost = false;
    atomic_store(&interrupt->is_destroyed, true);
    (void)unbind(interrupt, NULL, &is_lost);
    ko_interrupt_ring(interrupt->destroy_fd);
    ko_interrupt_detach(interrupt);
    ko_object_release(&interrupt->base);
    return is_lost ? ZX_ERR_NOT_FOUND : ZX_OK;
}
