// SPDX-License-Identifier: MIT
// Socket: two ends of a byte stream, or of a queue of datagrams, each way, in shared memory.
//
// Data lies in a ring of 256 KiB each way; a datagram has its length before it. A doorbell is rung
// only when the other end said that it waits, which it says by asking for its signals. The other
// end may be hostile: its indices and lengths are checked before use, this end's own are kept
// privately. One process at a time may use an end.
#include <stdlib.h>
#include <string.h>

#include <zircon/syscalls.h>

#include "pair.h"

#define CAPACITY    (256u * 1024u)  // a power of two
#define HEAD_BYTES  4096u
#define PAGE_BYTES  (HEAD_BYTES + 2 * CAPACITY)
#define LENGTH_SIZE ((uint32_t)sizeof(uint32_t))  // before each datagram

// Counters run freely modulo 2^32: tail - head is what is in the ring.
typedef struct socket_ring {
    _Atomic uint32_t head;         // written by the reader
    _Atomic uint32_t tail;         // written by the writer
    _Atomic uint32_t is_disabled;  // by a shutdown of either end, for good
} socket_ring_t;

typedef struct socket_page {
    ko_pair_page_t pair;
    socket_ring_t rings[2];  // ring i is written by end i
    uint8_t padding[HEAD_BYTES - sizeof(ko_pair_page_t) - 2 * sizeof(socket_ring_t)];
    uint8_t data[2][CAPACITY];
} socket_page_t;
_Static_assert(sizeof(socket_page_t) == PAGE_BYTES, "a page and two rings");

typedef struct ko_socket {
    ko_object_t base;
    ko_pair_t pair;
    uint32_t options;               // ZX_SOCKET_STREAM or _DATAGRAM
    _Atomic uint32_t rx_threshold;  // 0: none
    _Atomic uint32_t tx_threshold;
    _Atomic uint32_t room_wanted;  // free bytes that make the end writable

    pthread_mutex_t read_lock;  // held to read, and to change what follows
    _Atomic uint32_t my_head;   // of the ring the other end writes

    pthread_mutex_t write_lock;  // held to write, and to change what follows
    _Atomic uint32_t my_tail;    // of the ring this end writes
} ko_socket_t;
KO_ASSERT_IS_END(ko_socket_t);

static socket_page_t* socket_page(const ko_socket_t* socket) {
    return (socket_page_t*)(void*)socket->pair.page;
}

static socket_ring_t* ring_in(const ko_socket_t* socket) {
    return &socket_page(socket)->rings[1 - socket->pair.end];
}

static socket_ring_t* ring_out(const ko_socket_t* socket) {
    return &socket_page(socket)->rings[socket->pair.end];
}

// Bytes in a ring; more than CAPACITY means that the other end lies.
static uint32_t socket_readable(const ko_socket_t* socket) {
    return atomic_load(&ring_in(socket)->tail) - atomic_load(&socket->my_head);
}

static uint32_t socket_written(const ko_socket_t* socket) {
    return atomic_load(&socket->my_tail) - atomic_load(&ring_out(socket)->head);
}

static bool is_datagram(const ko_socket_t* socket) {
    return (socket->options & ZX_SOCKET_DATAGRAM) != 0;
}

// ---- signals

static zx_signals_t signals_in(const ko_socket_t* socket) {
    uint32_t there = socket_readable(socket);
    uint32_t threshold = atomic_load(&socket->rx_threshold);
    zx_signals_t signals = there > 0 ? ZX_SOCKET_READABLE : 0;
    if (threshold > 0 && there >= threshold) {
        signals |= ZX_SOCKET_READ_THRESHOLD;
    }
    if (atomic_load(&ring_in(socket)->is_disabled)) {
        signals |= ZX_SOCKET_PEER_WRITE_DISABLED;
    }
    return signals;
}

static zx_signals_t signals_out(const ko_socket_t* socket) {
    uint32_t there = socket_written(socket);
    uint32_t room = there <= CAPACITY ? CAPACITY - there : 0;
    uint32_t threshold = atomic_load(&socket->tx_threshold);
    if (atomic_load(&ring_out(socket)->is_disabled)) {
        return ZX_SOCKET_WRITE_DISABLED;
    }
    return (room >= atomic_load(&socket->room_wanted) ? ZX_SOCKET_WRITABLE : 0) |
           (threshold > 0 && room >= threshold ? ZX_SOCKET_WRITE_THRESHOLD : 0);
}

// Whoever asks may be about to wait, so this end is armed before the look.
static zx_signals_t socket_signals(ko_object_t* object) {
    ko_socket_t* socket = (ko_socket_t*)object;
    ko_pair_page_t* page = socket->pair.page;
    uint32_t end = socket->pair.end;
    atomic_store(&page->armed[end], 1);
    zx_signals_t signals = atomic_load(&page->signals[end]) & ZX_USER_SIGNAL_ALL;
    bool is_alone = ko_pair_peer_closed(&socket->pair);
    signals |= signals_in(socket) | signals_out(socket);
    if (is_alone) {
        signals &= ~(ZX_SOCKET_WRITABLE | ZX_SOCKET_WRITE_THRESHOLD);
        signals |= ZX_SOCKET_PEER_CLOSED;
    }
    return signals;
}

// Rings the other end's bell if it waits.
static void socket_tell_peer(ko_socket_t* socket) {
    uint32_t peer = 1 - socket->pair.end;
    if (atomic_exchange(&socket->pair.page->armed[peer], 0) != 0) {
        ko_pair_ring(&socket->pair, peer);
    }
}

// ---- the rings

// Copies between `data` and the ring at `index`, in at most two pieces.
static void ring_copy(uint8_t* ring, uint32_t index, uint8_t* data, uint32_t size, bool into_ring) {
    uint32_t start = index & (CAPACITY - 1);
    uint32_t first = CAPACITY - start < size ? CAPACITY - start : size;
    if (into_ring) {
        memcpy(ring + start, data, first);
        memcpy(ring, data + first, size - first);
    } else {
        memcpy(data, ring + start, first);
        memcpy(data + first, ring, size - first);
    }
}

// Of the next datagram; ZX_ERR_IO_DATA_INTEGRITY: there cannot be such a one.
static zx_status_t datagram_length(const ko_socket_t* socket, uint32_t there, uint32_t* out) {
    uint8_t* ring = socket_page(socket)->data[1 - socket->pair.end];
    uint32_t length = 0;
    if (there < LENGTH_SIZE) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    ring_copy(ring, atomic_load(&socket->my_head), (uint8_t*)&length, LENGTH_SIZE, false);
    if (length == 0 || length > there - LENGTH_SIZE) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    *out = length;
    return ZX_OK;
}

// How much can be read now, at least one byte.
static zx_status_t socket_look_locked(const ko_socket_t* socket, uint32_t* out_there) {
    uint32_t there = socket_readable(socket);
    if (there == 0) {
        bool is_alone = ko_pair_peer_closed(&socket->pair);
        bool is_disabled = atomic_load(&ring_in(socket)->is_disabled) != 0;
        // Once more: what the peer wrote before it went, or shut down, is there by now.
        there = socket_readable(socket);
        if (there == 0) {
            return is_alone ? ZX_ERR_PEER_CLOSED
                            : (is_disabled ? ZX_ERR_BAD_STATE : ZX_ERR_SHOULD_WAIT);
        }
    }
    *out_there = there;
    return there <= CAPACITY ? ZX_OK : ZX_ERR_IO_DATA_INTEGRITY;
}

static zx_status_t socket_read_locked(ko_socket_t* socket, bool is_peek, void* buffer, size_t size,
                                      size_t* out_size) {
    uint32_t there = 0;
    zx_status_t status = socket_look_locked(socket, &there);
    if (status != ZX_OK) {
        return status;
    }
    uint32_t skip = 0;
    uint32_t length = there;
    if (is_datagram(socket)) {
        skip = LENGTH_SIZE;
        status = datagram_length(socket, there, &length);
        if (status != ZX_OK) {
            return status;
        }
    }
    uint32_t count = size < length ? (uint32_t)size : length;
    uint32_t from = atomic_load(&socket->my_head);
    if (count > 0) {
        ring_copy(socket_page(socket)->data[1 - socket->pair.end], from + skip, buffer, count,
                  false);
    }
    if (!is_peek) {
        atomic_store(&socket->my_head, from + skip + (is_datagram(socket) ? length : count));
        atomic_store(&ring_in(socket)->head, atomic_load(&socket->my_head));
    }
    *out_size = count;
    return ZX_OK;
}

static zx_status_t socket_write_locked(ko_socket_t* socket, const void* buffer, size_t size,
                                       size_t* out_size) {
    if (ko_pair_peer_closed(&socket->pair)) {
        return ZX_ERR_PEER_CLOSED;
    }
    if (atomic_load(&ring_out(socket)->is_disabled)) {
        return ZX_ERR_BAD_STATE;
    }
    uint32_t there = socket_written(socket);
    if (there > CAPACITY) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    uint32_t room = CAPACITY - there;
    uint32_t skip = is_datagram(socket) ? LENGTH_SIZE : 0;
    uint32_t needed = is_datagram(socket) ? (uint32_t)size + skip : 1;
    if (room < needed) {
        atomic_store(&socket->room_wanted, needed);
        return ZX_ERR_SHOULD_WAIT;
    }
    uint32_t count = size < room ? (uint32_t)size : room;
    uint8_t* ring = socket_page(socket)->data[socket->pair.end];
    uint32_t at = atomic_load(&socket->my_tail);
    if (is_datagram(socket)) {
        ring_copy(ring, at, (uint8_t*)&count, LENGTH_SIZE, true);
    }
    ring_copy(ring, at + skip, (uint8_t*)(uintptr_t)buffer, count, true);
    atomic_store(&socket->my_tail, at + skip + count);
    atomic_store(&ring_out(socket)->tail, at + skip + count);
    atomic_store(&socket->room_wanted, 1);
    *out_size = count;
    return ZX_OK;
}

// ---- the object

static zx_status_t socket_export(ko_object_t* object, ko_wire_t* out) {
    ko_socket_t* socket = (ko_socket_t*)object;
    ko_pair_export(&socket->pair, out);
    out->words[1] = socket->options;
    out->words[2] = atomic_load(&socket->rx_threshold);
    out->words[3] = atomic_load(&socket->tx_threshold);
    return ZX_OK;
}

static zx_status_t socket_get_info(ko_object_t* object, zx_rights_t rights, uint32_t topic,
                                   ko_info_t* out, size_t* out_size) {
    (void)rights;
    if (topic != ZX_INFO_SOCKET) {
        return ZX_ERR_WRONG_TYPE;
    }
    ko_socket_t* socket = (ko_socket_t*)object;
    pthread_mutex_lock(&socket->read_lock);
    uint32_t readable = socket_readable(socket);
    uint32_t next = readable;
    if (is_datagram(socket) && datagram_length(socket, readable, &next) != ZX_OK) {
        next = 0;
    }
    pthread_mutex_unlock(&socket->read_lock);
    out->socket = (zx_info_socket_t){.options = socket->options,
                                     .rx_buf_max = CAPACITY,
                                     .rx_buf_size = readable,
                                     .rx_buf_available = next,
                                     .tx_buf_max = CAPACITY,
                                     .tx_buf_size = socket_written(socket)};
    *out_size = sizeof(out->socket);
    return ZX_OK;
}

static _Atomic uint32_t* threshold_of(ko_object_t* object, uint32_t property) {
    ko_socket_t* socket = (ko_socket_t*)object;
    switch (property) {
        case ZX_PROP_SOCKET_RX_THRESHOLD:
            return &socket->rx_threshold;
        case ZX_PROP_SOCKET_TX_THRESHOLD:
            return &socket->tx_threshold;
        default:
            return NULL;
    }
}

static zx_status_t socket_property(ko_object_t* object, uint32_t property, bool is_set,
                                   uint64_t* value) {
    _Atomic uint32_t* threshold = threshold_of(object, property);
    if (!threshold) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (!is_set) {
        *value = atomic_load(threshold);
        return ZX_OK;
    }
    if (*value > CAPACITY) {
        return ZX_ERR_INVALID_ARGS;
    }
    atomic_store(threshold, (uint32_t)*value);
    return ZX_OK;
}

static void socket_destroy(ko_object_t* object) {
    ko_socket_t* socket = (ko_socket_t*)object;
    ko_pair_fini(&socket->pair);
    pthread_mutex_destroy(&socket->read_lock);
    pthread_mutex_destroy(&socket->write_lock);
    free(socket);
}

static const ko_ops_t socket_ops = {
    .type = ZX_OBJ_TYPE_SOCKET,
    .default_rights = ZX_DEFAULT_SOCKET_RIGHTS,
    .destroy = socket_destroy,
    .signals = socket_signals,
    .wait_sources = ko_end_wait_sources,
    .signal = ko_end_signal,
    .signal_peer = ko_end_signal_peer,
    .export_wire = socket_export,
    .get_info = socket_get_info,
    .property = socket_property,
};

static ko_socket_t* socket_new(const ko_pair_t* pair, uint32_t options) {
    ko_socket_t* socket = calloc(1, sizeof(*socket));
    if (socket) {
        ko_object_init(&socket->base, &socket_ops);
        pthread_mutex_init(&socket->read_lock, NULL);
        pthread_mutex_init(&socket->write_lock, NULL);
        socket->pair = *pair;
        socket->options = options;
        atomic_init(&socket->room_wanted, 1);
        atomic_init(&socket->my_head, atomic_load(&ring_in(socket)->head));
        atomic_init(&socket->my_tail, atomic_load(&ring_out(socket)->tail));
    }
    return socket;
}

zx_status_t zx_socket_create(uint32_t options, zx_handle_t* out0, zx_handle_t* out1) {
    if ((options & ~ZX_SOCKET_DATAGRAM) != 0 || !out0 || !out1) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_pair_t pairs[2];
    zx_status_t status = ko_pair_create(PAGE_BYTES, pairs);
    if (status != ZX_OK) {
        return status;
    }
    ko_socket_t* ends[2] = {socket_new(&pairs[0], options), socket_new(&pairs[1], options)};
    return ko_ends_make_handles(pairs, (ko_end_t*)ends[0], (ko_end_t*)ends[1], out0, out1);
}

zx_status_t ko_import_socket(ko_wire_t* wire, ko_object_t** out) {
    if (wire->words[1] > ZX_SOCKET_DATAGRAM || wire->words[2] > CAPACITY ||
        wire->words[3] > CAPACITY) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    ko_pair_t pair;
    zx_status_t status = ko_pair_import(wire, PAGE_BYTES, &pair);
    if (status != ZX_OK) {
        return status;
    }
    ko_socket_t* socket = socket_new(&pair, (uint32_t)wire->words[1]);
    if (!socket) {
        ko_pair_fini(&pair);
        return ZX_ERR_NO_MEMORY;
    }
    atomic_store(&socket->rx_threshold, (uint32_t)wire->words[2]);
    atomic_store(&socket->tx_threshold, (uint32_t)wire->words[3]);
    *out = &socket->base;
    return ZX_OK;
}

// ---- the calls

static zx_status_t socket_get(zx_handle_t handle, zx_rights_t rights, ko_socket_t** out) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_SOCKET, rights, &object);
    *out = (ko_socket_t*)object;
    return status;
}

zx_status_t zx_socket_write(zx_handle_t handle, uint32_t options, const void* buffer,
                            size_t buffer_size, size_t* actual) {
    ko_socket_t* socket;
    zx_status_t status = socket_get(handle, ZX_RIGHT_WRITE, &socket);
    if (status != ZX_OK) {
        return status;
    }
    size_t done = 0;
    if (options != 0 || (!buffer && buffer_size > 0) || (is_datagram(socket) && buffer_size == 0)) {
        status = ZX_ERR_INVALID_ARGS;
    } else if (is_datagram(socket) && buffer_size > CAPACITY - LENGTH_SIZE) {
        status = ZX_ERR_OUT_OF_RANGE;
    } else if (buffer_size > 0) {
        pthread_mutex_lock(&socket->write_lock);
        status = socket_write_locked(socket, buffer, buffer_size, &done);
        zx_signals_t low = ~signals_out(socket) & (ZX_SOCKET_WRITABLE | ZX_SOCKET_WRITE_THRESHOLD);
        pthread_mutex_unlock(&socket->write_lock);
        if (status == ZX_OK) {
            socket_tell_peer(socket);
        }
        ko_object_fell(&socket->base, low);
    }
    if (status == ZX_OK && actual) {
        *actual = done;
    }
    ko_object_release(&socket->base);
    return status;
}

zx_status_t zx_socket_read(zx_handle_t handle, uint32_t options, void* buffer, size_t buffer_size,
                           size_t* actual) {
    ko_socket_t* socket;
    zx_status_t status = socket_get(handle, ZX_RIGHT_READ, &socket);
    if (status != ZX_OK) {
        return status;
    }
    size_t done = 0;
    if ((options & ~ZX_SOCKET_PEEK) != 0 || (!buffer && (buffer_size > 0 || !actual))) {
        status = ZX_ERR_INVALID_ARGS;
    } else if (!buffer) {
        done = socket_readable(socket);
    } else {
        bool is_peek = (options & ZX_SOCKET_PEEK) != 0;
        pthread_mutex_lock(&socket->read_lock);
        status = socket_read_locked(socket, is_peek, buffer, buffer_size, &done);
        zx_signals_t low = ~signals_in(socket) & (ZX_SOCKET_READABLE | ZX_SOCKET_READ_THRESHOLD);
        pthread_mutex_unlock(&socket->read_lock);
        if (status == ZX_OK && !is_peek) {
            socket_tell_peer(socket);
        }
        ko_object_fell(&socket->base, low);
    }
    if (status == ZX_OK && actual) {
        *actual = done;
    }
    ko_object_release(&socket->base);
    return status;
}

zx_status_t zx_socket_shutdown(zx_handle_t handle, uint32_t options) {
    ko_socket_t* socket;
    zx_status_t status = socket_get(handle, ZX_RIGHT_WRITE, &socket);
    if (status != ZX_OK) {
        return status;
    }
    if ((options & ~ZX_SOCKET_SHUTDOWN_MASK) != 0) {
        status = ZX_ERR_INVALID_ARGS;
    } else if (options != 0) {
        // With the locks: no write that has begun is still on its way afterwards.
        pthread_mutex_lock(&socket->write_lock);
        if (options & ZX_SOCKET_SHUTDOWN_WRITE) {
            atomic_store(&ring_out(socket)->is_disabled, 1);
        }
        if (options & ZX_SOCKET_SHUTDOWN_READ) {
            atomic_store(&ring_in(socket)->is_disabled, 1);
        }
        pthread_mutex_unlock(&socket->write_lock);
        ko_pair_ring(&socket->pair, socket->pair.end);
        ko_pair_ring(&socket->pair, 1 - socket->pair.end);
    }
    ko_object_release(&socket->base);
    return status;
}
