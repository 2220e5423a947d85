// SPDX-License-Identifier: MIT
// Ports: what port.c (packets, the zx_port_* calls) and port_watch.c (objects watched) share.
#pragma once

#include "object.h"

#define KO_PORT_MAX_PACKETS 16384u

typedef struct ko_packet {
    list_node_t node;
    zx_port_packet_t packet;
    zx_handle_t handle;  // the handle waited through; ZX_HANDLE_INVALID: none
    const void* watch;   // of an interrupt's packet: which watch made it (compared only)
} ko_packet_t;

typedef struct ko_watch_slot {
    struct ko_watch* watch;  // borrowed; NULL: free
    uint32_t generation;
} ko_watch_slot_t;

typedef struct ko_port {
    ko_object_t base;
    uint32_t options;
    int epoll_fd;  // owned
    int bell_fd;   // owned: an eventfd in the epoll set, rung to wake threads in zx_port_wait

    pthread_mutex_t lock;    // guards what follows
    list_node_t interrupts;  // ko_packet_t, delivered first
    list_node_t packets;     // ko_packet_t
    uint32_t packet_count;   // of `packets`
    uint32_t waiting;        // threads inside epoll_pwait2
    bool is_closed;          // the last handle is gone
    list_node_t watches;     // ko_watch_t
    ko_watch_slot_t* slots;  // owned; the index is in the epoll data
    uint32_t slot_count;
} ko_port_t;

// One object watched by one port. Both list it; each end may go first. It is freed under the
// object's wait_lock and the port's lock.
typedef struct ko_watch {
    list_node_t in_object;
    list_node_t in_port;
    ko_port_t* port;      // borrowed: a port detaches its watches before it goes
    ko_object_t* object;  // owned reference
    uint32_t slot;
    zx_signals_t interest;         // signals whose sources are in the epoll set
    int fds[KO_MAX_WAIT_SOURCES];  // borrowed from the object: what is in the epoll set
    uint32_t fd_count;
    list_node_t observers;  // ko_observer_t
    bool is_binding;        // made by ko_port_bind
    uint64_t key;           // of a binding
} ko_watch_t;

// Appends a packet and wakes a waiting thread. port->lock is held. `limited`: ZX_ERR_SHOULD_WAIT
// when KO_PORT_MAX_PACKETS are queued.
zx_status_t ko_port_push_locked(ko_port_t* port, list_node_t* queue, const zx_port_packet_t* packet,
                                zx_handle_t handle, const void* watch, bool limited);
// The epoll set reported `data`: makes the packets that are due. port->lock is held.
void ko_port_event_locked(ko_port_t* port, uint64_t data);
// Asks all bound objects for packets. port->lock is held.
void ko_port_poll_bindings_locked(ko_port_t* port);
// The port is going: ends all its watches. No lock is held.
void ko_port_detach_all(ko_port_t* port);
// Drops observers and packets of (handle, key) of `object`; true if there was one.
bool ko_port_cancel(ko_port_t* port, ko_object_t* object, zx_handle_t handle, uint64_t key);
