// SPDX-License-Identifier: MIT
// Port: a queue of packets over one epoll set.
//
// Watched objects sit in the epoll set edge-triggered for as long as they live, so that waiting
// again costs no system call. zx_port_wait takes a queued packet; if there is none it sleeps in
// epoll, turns what became ready into packets (port_watch.c) and looks again.
#include "port.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <zircon/syscalls.h>

#include "pin.h"
#include "wait.h"

#define EVENTS_AT_ONCE 16

static void port_ring(ko_port_t* port) {
    uint64_t one = 1;
    if (write(port->bell_fd, &one, sizeof(one)) < 0 && errno == EAGAIN) {
        // Full after 2^64 rings: empty it and ring again.
        (void)!read(port->bell_fd, &one, sizeof(one));
        one = 1;
        (void)!write(port->bell_fd, &one, sizeof(one));
    }
}

zx_status_t ko_port_push_locked(ko_port_t* port, list_node_t* queue, const zx_port_packet_t* packet,
                                zx_handle_t handle, const void* watch, bool limited) {
    if (limited && port->packet_count >= KO_PORT_MAX_PACKETS) {
        return ZX_ERR_SHOULD_WAIT;
    }
    ko_packet_t* entry = malloc(sizeof(*entry));
    if (!entry) {
        return ZX_ERR_NO_MEMORY;
    }
    entry->packet = *packet;
    entry->handle = handle;
    entry->watch = watch;
    list_add_tail(queue, &entry->node);
    port->packet_count += queue == &port->packets;
    if (port->waiting > 0) {
        port_ring(port);
    }
    return ZX_OK;
}

static bool port_pop_locked(ko_port_t* port, zx_port_packet_t* out) {
    ko_packet_t* entry = list_remove_head_type(&port->interrupts, ko_packet_t, node);
    if (!entry) {
        entry = list_remove_head_type(&port->packets, ko_packet_t, node);
        port->packet_count -= entry != NULL;
    }
    if (!entry) {
        return false;
    }
    *out = entry->packet;
    free(entry);
    bool has_more = !list_is_empty(&port->interrupts) || !list_is_empty(&port->packets);
    if (has_more && port->waiting > 0) {
        port_ring(port);  // rings that came close together wake one thread only
    }
    return true;
}

static zx_status_t port_sleep(ko_port_t* port, zx_time_t deadline) {
    struct epoll_event events[EVENTS_AT_ONCE];
    struct timespec time;
    int count =
        epoll_pwait2(port->epoll_fd, events, EVENTS_AT_ONCE, ko_time_until(deadline, &time), NULL);
    int error = errno;
    pthread_mutex_lock(&port->lock);
    port->waiting--;
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 != 0) {
            ko_port_event_locked(port, events[i].data.u64);
        }
    }
    pthread_mutex_unlock(&port->lock);
    if (count < 0 && error != EINTR) {
        return ZX_ERR_INTERNAL;
    }
    return count == 0 ? ZX_ERR_TIMED_OUT : ZX_OK;
}

static zx_status_t port_wait(ko_port_t* port, zx_time_t deadline, zx_port_packet_t* out) {
    zx_status_t status = ZX_OK;
    for (;;) {
        pthread_mutex_lock(&port->lock);
        // Packets that wait must not hide an interrupt that fired after them.
        if ((port->options & ZX_PORT_BIND_TO_INTERRUPT) && !list_is_empty(&port->packets)) {
            ko_port_poll_bindings_locked(port);
        }
        if (port_pop_locked(port, out)) {
            pthread_mutex_unlock(&port->lock);
            return ZX_OK;
        }
        if (port->is_closed) {
            status = ZX_ERR_CANCELED;
        }
        port->waiting += status == ZX_OK;
        pthread_mutex_unlock(&port->lock);
        if (status != ZX_OK) {
            return status;
        }
        status = port_sleep(port, deadline);
        if (status == ZX_ERR_INTERNAL) {
            return status;
        }
    }
}

zx_status_t zx_port_wait(zx_handle_t handle, zx_time_t deadline, zx_port_packet_t* packet) {
    ko_pin_t pin;
    zx_status_t status = ko_handle_pin(handle, ZX_OBJ_TYPE_PORT, ZX_RIGHT_READ, &pin);
    if (status != ZX_OK) {
        return status;
    }
    zx_port_packet_t unused;
    status = port_wait((ko_port_t*)pin.object, deadline, packet ? packet : &unused);
    ko_unpin(&pin);
    return status;
}

zx_status_t zx_port_queue(zx_handle_t handle, const zx_port_packet_t* packet) {
    if (!packet || packet->type != ZX_PKT_TYPE_USER) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_pin_t pin;
    zx_status_t status = ko_handle_pin(handle, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE, &pin);
    if (status != ZX_OK) {
        return status;
    }
    ko_port_t* port = (ko_port_t*)pin.object;
    pthread_mutex_lock(&port->lock);
    status = ko_port_push_locked(port, &port->packets, packet, ZX_HANDLE_INVALID, NULL, true);
    pthread_mutex_unlock(&port->lock);
    ko_unpin(&pin);
    return status;
}

zx_status_t zx_port_cancel(zx_handle_t handle, zx_handle_t source, uint64_t key) {
    ko_object_t* port = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_PORT, ZX_RIGHT_WRITE, &port);
    if (status != ZX_OK) {
        return status;
    }
    ko_object_t* object = NULL;
    status = ko_handle_get(source, ZX_OBJ_TYPE_NONE, ZX_RIGHT_WAIT, &object);
    if (status == ZX_OK && (!object->ops->signals || !object->ops->wait_sources)) {
        status = ZX_ERR_NOT_SUPPORTED;
    } else if (status == ZX_OK) {
        status = ko_port_cancel((ko_port_t*)port, object, source, key) ? ZX_OK : ZX_ERR_NOT_FOUND;
    }
    ko_object_release(object);
    ko_object_release(port);
    return status;
}

static void port_last_handle_closed(ko_object_t* object) {
    ko_port_t* port = (ko_port_t*)object;
    pthread_mutex_lock(&port->lock);
    port->is_closed = true;
    bool is_awaited = port->waiting > 0;
    pthread_mutex_unlock(&port->lock);
    ko_port_detach_all(port);
    if (is_awaited) {
        // Never read and level-triggered from here on: every waiting thread leaves.
        struct epoll_event event = {.events = EPOLLIN};
        epoll_ctl(port->epoll_fd, EPOLL_CTL_MOD, port->bell_fd, &event);
        port_ring(port);
    }
}

static void packets_free(list_node_t* queue) {
    ko_packet_t* entry;
    while ((entry = list_remove_head_type(queue, ko_packet_t, node))) {
        free(entry);
    }
}

static void port_destroy(ko_object_t* object) {
    ko_port_t* port = (ko_port_t*)object;
    ko_fd_close(&port->epoll_fd);
    ko_fd_close(&port->bell_fd);
    packets_free(&port->interrupts);
    packets_free(&port->packets);
    free(port->slots);
    pthread_mutex_destroy(&port->lock);
    free(port);
}

static const ko_ops_t port_ops = {
    .type = ZX_OBJ_TYPE_PORT,
    .default_rights = ZX_DEFAULT_PORT_RIGHTS & ~ZX_RIGHT_TRANSFER,  // a port stays in its process
    .destroy = port_destroy,
    .last_handle_closed = port_last_handle_closed,
};

zx_status_t zx_port_create(uint32_t options, zx_handle_t* out) {
    if ((options & ~ZX_PORT_BIND_TO_INTERRUPT) != 0 || !out) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_port_t* port = calloc(1, sizeof(*port));
    if (!port) {
        return ZX_ERR_NO_MEMORY;
    }
    ko_object_init(&port->base, &port_ops);
    pthread_mutex_init(&port->lock, NULL);
    list_initialize(&port->interrupts);
    list_initialize(&port->packets);
    list_initialize(&port->watches);
    port->options = options;
    port->bell_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    port->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    if (port->bell_fd < 0 || port->epoll_fd < 0 ||
        epoll_ctl(port->epoll_fd, EPOLL_CTL_ADD, port->bell_fd, &event) < 0) {
        ko_object_release(&port->base);
        return ZX_ERR_NO_RESOURCES;
    }
    return ko_handle_make(&port->base, ZX_RIGHT_SAME_RIGHTS, out);
}
