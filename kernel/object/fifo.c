// SPDX-License-Identifier: MIT
// FIFO: two ends of a ring of small records each way, in shared memory.
//
// An element costs a copy. A doorbell is rung only when the other end said that it waits, which it
// says by asking for its signals. The other end may be hostile: its indices are checked before use,
// this end's own are kept privately. One process at a time may use an end.
#include <stdlib.h>
#include <string.h>

#include <zircon/syscalls.h>

#include "pair.h"
#include "pin.h"

#define DATA_BYTES 4096u  // of each direction: Zircon's limit for count * size
#define PAGE_BYTES (3 * DATA_BYTES)

// Counters run freely modulo 2^32: tail - head is what is in the ring.
typedef struct fifo_ring {
    _Atomic uint32_t head;  // written by the reader
    _Atomic uint32_t tail;  // written by the writer
} fifo_ring_t;

typedef struct fifo_page {
    ko_pair_page_t pair;
    fifo_ring_t rings[2];  // ring i is written by end i
    uint8_t padding[DATA_BYTES - sizeof(ko_pair_page_t) - 2 * sizeof(fifo_ring_t)];
    uint8_t data[2][DATA_BYTES];
} fifo_page_t;
_Static_assert(sizeof(fifo_page_t) == PAGE_BYTES, "the FIFO's page has three parts of 4096");

typedef struct ko_fifo {
    ko_object_t base;
    ko_pair_t pair;
    uint32_t elem_count;
    uint32_t elem_size;

    pthread_mutex_t lock;      // held to read and to write, and to change what follows
    _Atomic uint32_t my_head;  // of the ring the other end writes
    _Atomic uint32_t my_tail;  // of the ring this end writes
} ko_fifo_t;
KO_ASSERT_IS_END(ko_fifo_t);

static fifo_page_t* fifo_page(const ko_fifo_t* fifo) {
    return (fifo_page_t*)(void*)fifo->pair.page;
}

// Elements in a ring; more than elem_count means that the other end lies.
static uint32_t fifo_readable(ko_fifo_t* fifo) {
    fifo_ring_t* ring = &fifo_page(fifo)->rings[1 - fifo->pair.end];
    return atomic_load(&ring->tail) - atomic_load(&fifo->my_head);
}

static uint32_t fifo_written(ko_fifo_t* fifo) {
    fifo_ring_t* ring = &fifo_page(fifo)->rings[fifo->pair.end];
    return atomic_load(&fifo->my_tail) - atomic_load(&ring->head);
}

// Whoever asks may be about to wait, so this end is armed before the look.
static zx_signals_t fifo_signals(ko_object_t* object) {
    ko_fifo_t* fifo = (ko_fifo_t*)object;
    fifo_page_t* page = fifo_page(fifo);
    uint32_t end = fifo->pair.end;
    atomic_store(&page->pair.armed[end], 1);
    zx_signals_t signals = atomic_load(&page->pair.signals[end]) & ZX_USER_SIGNAL_ALL;
    if (fifo_readable(fifo) != 0) {
        signals |= ZX_FIFO_READABLE;
    }
    if (ko_pair_peer_closed(&fifo->pair)) {
        signals |= ZX_FIFO_PEER_CLOSED;
    } else if (fifo_written(fifo) < fifo->elem_count) {
        signals |= ZX_FIFO_WRITABLE;
    }
    return signals;
}

// From memory alone. A FIFO is not writable once its peer is gone, so somebody who waits for that
// only has to be sure that it is there.
static bool fifo_has(ko_fifo_t* fifo, zx_signals_t mask) {
    zx_signals_t either = ZX_FIFO_WRITABLE | ZX_FIFO_PEER_CLOSED;
    return ((mask & ZX_FIFO_READABLE) && fifo_readable(fifo) != 0) ||
           ((mask & either) == either && fifo_written(fifo) < fifo->elem_count);
}

static bool fifo_events_show(ko_object_t* object, zx_signals_t mask, uint32_t events) {
    (void)events;
    ko_fifo_t* fifo = (ko_fifo_t*)object;
    if (fifo_has(fifo, mask)) {
        return true;
    }
    atomic_store(&fifo_page(fifo)->pair.armed[fifo->pair.end], 1);
    return fifo_has(fifo, mask);
}

static zx_status_t fifo_export(ko_object_t* object, ko_wire_t* out) {
    ko_fifo_t* fifo = (ko_fifo_t*)object;
    ko_pair_export(&fifo->pair, out);
    out->words[1] = fifo->elem_count;
    out->words[2] = fifo->elem_size;
    return ZX_OK;
}

static void fifo_destroy(ko_object_t* object) {
    ko_fifo_t* fifo = (ko_fifo_t*)object;
    ko_pair_fini(&fifo->pair);
    pthread_mutex_destroy(&fifo->lock);
    free(fifo);
}

static const ko_ops_t fifo_ops = {
    .type = ZX_OBJ_TYPE_FIFO,
    .default_rights = ZX_DEFAULT_FIFO_RIGHTS,
    .destroy = fifo_destroy,
    .signals = fifo_signals,
    .wait_sources = ko_end_wait_sources,
    .events_show = fifo_events_show,
    .signal = ko_end_signal,
    .signal_peer = ko_end_signal_peer,
    .export_wire = fifo_export,
};

static bool fifo_sizes_are_good(uint64_t elem_count, uint64_t elem_size) {
    return elem_count > 0 && elem_size > 0 && elem_count <= DATA_BYTES && elem_size <= DATA_BYTES &&
           (elem_count & (elem_count - 1)) == 0 && elem_count * elem_size <= DATA_BYTES;
}

static ko_fifo_t* fifo_new(const ko_pair_t* pair, uint32_t elem_count, uint32_t elem_size) {
    ko_fifo_t* fifo = calloc(1, sizeof(*fifo));
    if (fifo) {
        ko_object_init(&fifo->base, &fifo_ops);
        pthread_mutex_init(&fifo->lock, NULL);
        fifo->pair = *pair;
        fifo->elem_count = elem_count;
        fifo->elem_size = elem_size;
        fifo_page_t* page = fifo_page(fifo);
        fifo->my_head = atomic_load(&page->rings[1 - pair->end].head);
        fifo->my_tail = atomic_load(&page->rings[pair->end].tail);
    }
    return fifo;
}

zx_status_t zx_fifo_create(size_t elem_count, size_t elem_size, uint32_t options, zx_handle_t* out0,
                           zx_handle_t* out1) {
    if (options != 0 || !out0 || !out1) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (!fifo_sizes_are_good(elem_count, elem_size)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    ko_pair_t pairs[2];
    zx_status_t status = ko_pair_create(PAGE_BYTES, pairs);
    if (status != ZX_OK) {
        return status;
    }
    ko_fifo_t* ends[2];
    for (int i = 0; i < 2; i++) {
        ends[i] = fifo_new(&pairs[i], (uint32_t)elem_count, (uint32_t)elem_size);
    }
    return ko_ends_make_handles(pairs, (ko_end_t*)ends[0], (ko_end_t*)ends[1], out0, out1);
}

zx_status_t ko_import_fifo(ko_wire_t* wire, ko_object_t** out) {
    ko_pair_t pair;
    if (!fifo_sizes_are_good(wire->words[1], wire->words[2])) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    zx_status_t status = ko_pair_import(wire, PAGE_BYTES, &pair);
    if (status != ZX_OK) {
        return status;
    }
    ko_fifo_t* fifo = fifo_new(&pair, (uint32_t)wire->words[1], (uint32_t)wire->words[2]);
    if (!fifo) {
        ko_pair_fini(&pair);
        return ZX_ERR_NO_MEMORY;
    }
    *out = &fifo->base;
    return ZX_OK;
}

// Rings the other end's bell if it waits.
static void fifo_tell_peer(ko_fifo_t* fifo) {
    uint32_t peer = 1 - fifo->pair.end;
    if (atomic_exchange(&fifo_page(fifo)->pair.armed[peer], 0) != 0) {
        ko_pair_ring(&fifo->pair, peer);
    }
}

// Copies `count` elements between `data` and the ring at `index`, in at most two pieces.
static void fifo_copy(const ko_fifo_t* fifo, uint8_t* ring, uint32_t index, uint8_t* data,
                      uint32_t count, bool into_ring) {
    uint32_t start = index & (fifo->elem_count - 1);
    uint32_t first = fifo->elem_count - start < count ? fifo->elem_count - start : count;
    uint32_t size = fifo->elem_size;
    for (int piece = 0; piece < 2; piece++) {
        uint8_t* in_ring = piece == 0 ? ring + start * size : ring;
        uint8_t* in_data = piece == 0 ? data : data + first * size;
        uint32_t length = (piece == 0 ? first : count - first) * size;
        memcpy(into_ring ? in_ring : in_data, into_ring ? in_data : in_ring, length);
    }
}

static zx_status_t fifo_read_locked(ko_fifo_t* fifo, void* data, size_t wanted, size_t* out_count) {
    fifo_page_t* page = fifo_page(fifo);
    uint32_t from = 1 - fifo->pair.end;
    uint32_t there = atomic_load(&page->rings[from].tail) - fifo->my_head;
    if (there > fifo->elem_count) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    if (there == 0) {
        return ko_pair_peer_closed(&fifo->pair) ? ZX_ERR_PEER_CLOSED : ZX_ERR_SHOULD_WAIT;
    }
    ko_page_observed(ko_pair_page_fd(&fifo->pair));
    uint32_t count = wanted < there ? (uint32_t)wanted : there;
    fifo_copy(fifo, page->data[from], fifo->my_head, data, count, false);
    fifo->my_head += count;
    atomic_store(&page->rings[from].head, fifo->my_head);
    *out_count = count;
    return ZX_OK;
}

static zx_status_t fifo_write_locked(ko_fifo_t* fifo, const void* data, size_t wanted,
                                     size_t* out_count) {
    if (ko_pair_peer_closed(&fifo->pair)) {
        return ZX_ERR_PEER_CLOSED;
    }
    fifo_page_t* page = fifo_page(fifo);
    uint32_t end = fifo->pair.end;
    uint32_t there = fifo->my_tail - atomic_load(&page->rings[end].head);
    if (there > fifo->elem_count) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    uint32_t room = fifo->elem_count - there;
    if (room == 0) {
        return ZX_ERR_SHOULD_WAIT;
    }
    uint32_t count = wanted < room ? (uint32_t)wanted : room;
    fifo_copy(fifo, page->data[end], fifo->my_tail, (uint8_t*)(uintptr_t)data, count, true);
    fifo->my_tail += count;
    ko_page_published(ko_pair_page_fd(&fifo->pair));
    atomic_store(&page->rings[end].tail, fifo->my_tail);
    *out_count = count;
    return ZX_OK;
}

static zx_status_t fifo_transfer(zx_handle_t handle, size_t elem_size, void* data, size_t count,
                                 size_t* actual_count, bool is_write) {
    ko_pin_t pin;
    zx_status_t status =
        ko_handle_pin(handle, ZX_OBJ_TYPE_FIFO, is_write ? ZX_RIGHT_WRITE : ZX_RIGHT_READ, &pin);
    if (status != ZX_OK) {
        return status;
    }
    ko_fifo_t* fifo = (ko_fifo_t*)pin.object;
    if (elem_size != fifo->elem_size || count == 0) {
        status = ZX_ERR_OUT_OF_RANGE;
    } else if (!data || (!actual_count && count != 1)) {
        status = ZX_ERR_INVALID_ARGS;
    } else {
        size_t done = 0;
        pthread_mutex_lock(&fifo->lock);
        status = is_write ? fifo_write_locked(fifo, data, count, &done)
                          : fifo_read_locked(fifo, data, count, &done);
        pthread_mutex_unlock(&fifo->lock);
        if (status == ZX_OK) {
            fifo_tell_peer(fifo);
        }
        zx_signals_t low = is_write ? ZX_FIFO_WRITABLE : ZX_FIFO_READABLE;
        ko_object_fell(pin.object, status == ZX_ERR_SHOULD_WAIT ? low : 0);
        if (status == ZX_OK && actual_count) {
            *actual_count = done;
        }
    }
    ko_unpin(&pin);
    return status;
}

zx_status_t zx_fifo_read(zx_handle_t handle, size_t elem_size, void* data, size_t count,
                         size_t* actual_count) {
    return fifo_transfer(handle, elem_size, data, count, actual_count, false);
}

zx_status_t zx_fifo_write(zx_handle_t handle, size_t elem_size, const void* data, size_t count,
                          size_t* actual_count) {
    return fifo_transfer(handle, elem_size, (void*)(uintptr_t)data, count, actual_count, true);
}
