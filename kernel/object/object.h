// SPDX-License-Identifier: MIT
// The base of every kernel object, the handle table, waiting, and the way across processes. Private
// to kernel/.
//
// An object is a struct that begins with ko_object_t and a constant table of operations. It lives
// by references (ko_object_acquire/release) and is named by handles. Each handle holds one
// reference; when the last handle of an object goes, its waits are cancelled and
// ops->last_handle_closed is called; when the last reference goes, ops->destroy frees it.
//
// Locks, in the order in which they may nest: ko_object_t.wait_lock, a port's lock, an object's own
// lock, the handle table's and pin.c's. So an object that holds its own lock calls no ko_port_*,
// ko_wait_* and no zx_* function, and operations of ko_ops_t must not either.
#pragma once

#include <errno.h>
#include <pthread.h>
#include <unistd.h>

#include <zircon/listnode.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/types.h>

typedef struct ko_object ko_object_t;

// ---- objects

#define KO_WIRE_MAX_FDS     4
#define KO_WIRE_MAX_WORDS   8
#define KO_MAX_WAIT_SOURCES 2

// What rebuilds an object in another process. It crosses in a channel message (channel_wire.h).
typedef struct ko_wire {
    uint32_t fd_count;
    int fds[KO_WIRE_MAX_FDS];  // export: borrowed from the object. import: see ko_import_fn
    uint32_t given;  // export: bit i: fds[i] is not borrowed, the receiver of this closes it
    uint64_t words[KO_WIRE_MAX_WORDS];
} ko_wire_t;

// One fd that becomes ready when signals may have changed.
typedef struct ko_wait_source {
    int fd;            // borrowed; lives as long as the object. -1: it could not be made
    uint32_t events;   // EPOLLIN, EPOLLOUT, EPOLLRDHUP
    bool is_doorbell;  // an eventfd that is rung at each change and never read: it is watched
                       // edge-triggered only, since its level says nothing
} ko_wait_source_t;

// Room for the answer of any ZX_INFO_* topic that an object answers itself.
typedef union ko_info {
    zx_info_process_t process;
    zx_info_resource_t resource;
    zx_info_bti_t bti;
    zx_info_vmo_t vmo;
    zx_info_vmar_t vmar;
    zx_info_timer_t timer;
    zx_info_socket_t socket;
} ko_info_t;

// Slots may be NULL unless marked "always".
typedef struct ko_ops {
    zx_obj_type_t type;
    zx_rights_t default_rights;  // of fresh and of received handles (received: at most these)

    // Always. The last reference is gone: release everything, free the memory. Any thread.
    void (*destroy)(ko_object_t* object);
    // The last handle in this process is gone; other threads may still be inside calls.
    void (*last_handle_closed)(ko_object_t* object);

    // The signals asserted now. NULL: the object cannot be waited on. Does not block.
    zx_signals_t (*signals)(ko_object_t* object);
    // Writes the fds to watch for a change of any signal in `mask`, returns how many. An fd may
    // become ready without need (the waiter asks signals() again), but must not stay silent.
    uint32_t (*wait_sources)(ko_object_t* object, zx_signals_t mask,
                             ko_wait_source_t out[KO_MAX_WAIT_SOURCES]);

    // Somebody begins to watch for edges. For objects whose observers in other processes have to be
    // told that a signal went away.
    void (*edges_watched)(ko_object_t* object);

    // May be NULL. What poll() just said of the object's only wait source, or 0 if nothing was
    // asked yet, is enough to know that a signal of `mask` is asserted. Makes no system call.
    bool (*events_show)(ko_object_t* object, zx_signals_t mask, uint32_t events);

    // zx_object_signal and _peer; masks are checked by the object. NULL: ZX_ERR_NOT_SUPPORTED.
    zx_status_t (*signal)(ko_object_t* object, uint32_t clear_mask, uint32_t set_mask);
    zx_status_t (*signal_peer)(ko_object_t* object, uint32_t clear_mask, uint32_t set_mask);

    // Fills `out`, which is zero before, with fds that stay the object's own and live until the
    // caller drops its reference; those in out->given are the caller's, on failure too. NULL: the
    // object cannot leave the process.
    zx_status_t (*export_wire)(ko_object_t* object, ko_wire_t* out);

    // An answer to zx_object_get_info: fills `out` and its size. ZX_ERR_WRONG_TYPE: not my topic.
    zx_status_t (*get_info)(ko_object_t* object, zx_rights_t rights, uint32_t topic, ko_info_t* out,
                            size_t* out_size);

    // A property that is a number, to read or to set. ZX_ERR_NOT_SUPPORTED: not mine. Reading
    // writes *value. After a change the observers of the object look at its signals.
    zx_status_t (*property)(ko_object_t* object, uint32_t property, bool is_set, uint64_t* value);

    // For objects bound to a port (ko_port_bind): the bound fd became ready, or ko_port_poll was
    // called. Fills the payload of a packet whose key is set already and returns true, or returns
    // false when there is nothing to deliver (now). Called with the port's lock held.
    bool (*port_packet)(ko_object_t* object, zx_port_packet_t* out);
} ko_ops_t;

struct ko_object {
    const ko_ops_t* ops;  // borrowed, static
    _Atomic uint32_t refs;
    _Atomic uint32_t handles;  // in the table
    zx_koid_t koid;
    zx_koid_t related_koid;   // the peer's, or 0
    list_node_t orphan_node;  // of pin.c: no references are left, but pins may be

    pthread_mutex_t wait_lock;    // guards what follows
    list_node_t waiters;          // ko_waiter_t: threads blocked on the object (wait.c)
    list_node_t watches;          // ko_watch_t: ports that watch it (port.c)
    _Atomic uint32_t wait_count;  // length of both lists, readable without the lock
    _Atomic uint32_t edge_count;  // observers with ZX_WAIT_ASYNC_EDGE, the same
    char name[ZX_MAX_NAME_LEN];
    zx_koid_t cookie_scope;  // 0: no cookie was set
    uint64_t cookie;
};

// Sets up the base with one reference, owned by the caller, and a new koid.
void ko_object_init(ko_object_t* object, const ko_ops_t* ops);
void ko_object_acquire(ko_object_t* object);
// Drops a reference; NULL is fine.
void ko_object_release(ko_object_t* object);
zx_koid_t ko_koid_new(void);

// ---- handles

// A handle for `object` with ops->default_rights & rights (ZX_RIGHT_SAME_RIGHTS: all of them). The
// caller's reference goes into the handle, and is dropped on failure (ZX_ERR_NO_RESOURCES: the
// table is full).
zx_status_t ko_handle_make(ko_object_t* object, zx_rights_t rights, zx_handle_t* out);

// Handles for the two ends of a new pair, with all rights; names each as the other's peer. Both
// references are consumed, on failure too.
zx_status_t ko_handle_make_pair(ko_object_t* end0, ko_object_t* end1, zx_handle_t* out0,
                                zx_handle_t* out1);

// The object behind a handle, with a reference for the caller. `type` ZX_OBJ_TYPE_NONE: any.
// BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED (a right of `rights` is missing), in this order.
zx_status_t ko_handle_get(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
                          ko_object_t** out);
// The same, and tells all rights of the handle.
zx_status_t ko_handle_get_rights(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
                                 ko_object_t** out, zx_rights_t* out_rights);

// As ko_handle_get_rights for any type, and counts one handle more on the object, so that it cannot
// lose its last handle meanwhile. The caller goes on with ko_taken_make or ko_taken_drop.
zx_status_t ko_handle_get_counted(zx_handle_t handle, zx_rights_t rights, ko_object_t** out,
                                  zx_rights_t* out_rights);

// Takes the handle out of the table (waits through it end); the object with the handle's reference
// goes to the caller, who gives it to ko_handle_make or to ko_taken_drop. The object still counts
// as having the handle until then.
zx_status_t ko_handle_take(zx_handle_t handle, ko_object_t** out, zx_rights_t* out_rights);
void ko_taken_drop(ko_object_t* object);
// Puts a taken object back under a new handle; consumes the reference.
zx_status_t ko_taken_make(ko_object_t* object, zx_rights_t rights, zx_handle_t* out);

// True if `handle` is live and names `object`.
bool ko_handle_names(zx_handle_t handle, const ko_object_t* object);

// A handle that is made once, never closed by anybody and not counted by ko_handle_count().
zx_status_t ko_handle_make_permanent(ko_object_t* object, zx_handle_t* out);
size_t ko_handle_count(void);

// ---- waiting (wait.c)

// Signals of an object; 0 if it has none.
static inline zx_signals_t ko_signals(ko_object_t* object) {
    return object->ops->signals ? object->ops->signals(object) : 0;
}

// Blocks the thread until one of up to 17 pollable fds is ready, `cancelled` (may be NULL) is set
// by ko_wait_kick, or the deadline passes. See wait.h for the pieces.

// A handle is going: wakes those who wait through it with ZX_ERR_CANCELED, ends its async waits.
void ko_wait_cancel(ko_object_t* object, zx_handle_t handle);

// Signals of `object` changed without its wait sources telling everybody: wakes its waiters, lets
// the ports that watch it look. The caller holds a reference and none of the locks above.
void ko_object_changed(ko_object_t* object);

// Signals of `object` may have gone away, those of `low` for sure at some instant during the call:
// who watches for an edge must know before they come back. Locks as above.
void ko_object_fell(ko_object_t* object, zx_signals_t low);

// For objects that are one pollable fd: READABLE, WRITABLE, PEER_CLOSED as poll() says, without
// blocking, and the matching wait source. POLLIN gives READABLE also after a hang-up.
zx_signals_t ko_fd_signals(int fd);
uint32_t ko_fd_wait_source(int fd, zx_signals_t mask, ko_wait_source_t out[KO_MAX_WAIT_SOURCES]);

// ---- ports

// Makes `port` (a port object) watch `fd`, an fd that `object` owns: each time it becomes readable
// the port calls object->ops->port_packet and queues what that fills, before all user and signal
// packets. One binding an object and port. It ends with ko_port_unbind, or when the last handle of
// either goes. The caller holds no lock that port_packet takes.
// ZX_ERR_WRONG_TYPE: the port was made without ZX_PORT_BIND_TO_INTERRUPT.
zx_status_t ko_port_bind(ko_object_t* port, ko_object_t* object, int fd, uint64_t key);
// Ends it; *out_dropped (may be NULL): a packet of the object was still queued and is dropped.
// ZX_ERR_NOT_FOUND: not bound.
zx_status_t ko_port_unbind(ko_object_t* port, ko_object_t* object, bool* out_dropped);
// Asks the object for a packet now (after an acknowledge, say). No-op if it is not bound.
void ko_port_poll(ko_object_t* port, ko_object_t* object);
// The ports that watch `object` look at its signals. object->wait_lock is held.
void ko_port_object_changed_locked(ko_object_t* object);
// The ports that watch `object` for an edge take `low` as gone, and look. wait_lock is held.
void ko_port_object_fell_locked(ko_object_t* object, zx_signals_t low);
// The last handle of `object` is gone: no port watches it any more.
void ko_port_forget_object(ko_object_t* object);
// A handle of `object` is going: drops the waits made through it. object->wait_lock is held.
void ko_port_forget_handle_locked(ko_object_t* object, zx_handle_t handle);

// ---- threads (threads.c)

// The object of a thread of this process for which a handle was made, with a reference for the
// caller; NULL: there is none of that koid.
ko_object_t* ko_thread_find(zx_koid_t koid);

// ---- crossing processes (wire.c)

// Rebuilds an object from what another process sent: nothing in it can be trusted. Each fd that the
// new object keeps is taken by setting its entry to -1; the caller closes the others, in every
// case. On success *out has one reference for the caller. ZX_ERR_IO_DATA_INTEGRITY: cannot be such
// an object. The koid is set by the caller.
typedef zx_status_t ko_import_fn(ko_wire_t* wire, ko_object_t** out);

ko_import_fn ko_import_channel, ko_import_event, ko_import_eventpair, ko_import_fifo, ko_import_vmo,
    ko_import_resource, ko_import_socket;                               // in their objects' files
ko_import_fn ko_import_interrupt, ko_import_bti, ko_import_pci_device;  // interrupt.c, bti.c, …
ko_import_fn ko_import_listener, ko_import_pipe, ko_import_log;         // kernel/linux

// Our own types, above Zircon's.
#define KO_OBJ_TYPE_LISTENER ((zx_obj_type_t)48u)
#define KO_OBJ_TYPE_PIPE     ((zx_obj_type_t)49u)

// The importer of a type, or NULL if it cannot cross.
ko_import_fn* ko_import_find(zx_obj_type_t type);

// Checks of received fds. An AF_UNIX SOCK_SEQPACKET end; a memfd of at least `size` bytes that can
// not shrink; something that can be an eventfd (no file, pipe or socket) and does not block.
bool ko_fd_is_seqpacket(int fd);
bool ko_fd_is_sealed_memfd(int fd, uint64_t size);
bool ko_fd_is_eventfd(int fd);

// ---- small things

// Closes *fd if it is one, sets it to -1, keeps errno.
static inline void ko_fd_close(int* fd) {
    if (*fd >= 0) {
        int saved = errno;
        close(*fd);
        errno = saved;
        *fd = -1;
    }
}
