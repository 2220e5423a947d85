// SPDX-License-Identifier: MIT
// A split virtqueue (VIRTIO 1.2, 2.7): descriptor table, ring of available chains, ring of used
// ones.
//
// The three parts lie in memory that the device reads and writes. The device is not trusted: what
// it writes is checked, and nothing that this side needs (free list, length of a chain, its owner)
// is ever read back from shared memory.
//
// Threads: the caller holds its own lock around every call. Nothing blocks, nothing is allocated.
// Ownership: ring memory, the chain array and cookies are borrowed from the caller and must outlive
// the queue. Units: bytes, and descriptors where a name says count.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/types.h>

#include "virtio_hw.h"

typedef struct virtqueue_segment {
    uint64_t address;  // as the device sees it
    uint32_t length;   // not 0
    bool device_writes;
} virtqueue_segment_t;

// What this side remembers of each descriptor.
typedef struct virtqueue_slot {
    void* cookie;          // borrowed; of a chain in use, at its head; else NULL
    uint32_t writable;     // head: bytes that the device may write
    uint16_t chain_count;  // head: descriptors
    uint16_t next;         // next free one, or next in the chain
} virtqueue_slot_t;

typedef struct virtqueue {
    virtq_desc_t* desc;      // borrowed, shared with the device
    virtq_avail_t* avail;    // borrowed, shared
    virtq_used_t* used;      // borrowed, shared
    virtqueue_slot_t* slot;  // borrowed, `size` of them
    uint16_t size;           // a power of two
    uint16_t free_head;
    uint16_t free_count;
    uint16_t in_use;       // chains that the device has
    uint16_t avail_index;  // our copy; runs ahead of the shared one until published
    uint16_t used_index;   // what has been taken
} virtqueue_t;

typedef struct virtqueue_used {
    void* cookie;
    uint16_t head;
    uint32_t length;  // bytes the device says it wrote; checked against the chain
} virtqueue_used_t;

// Where the parts lie, from the start of memory aligned to a page.
typedef struct virtqueue_layout {
    size_t desc_offset;
    size_t avail_offset;
    size_t used_offset;
    size_t total_size;
} virtqueue_layout_t;

// INVALID_ARGS: `size` is not a power of two from 2 to VIRTQ_MAX_SIZE.
zx_status_t virtqueue_get_layout(uint16_t size, virtqueue_layout_t* out_layout);

// `memory` is zeroed, aligned to a page and of layout.total_size bytes; `slot_list` has `size`
// slots.
zx_status_t virtqueue_init(virtqueue_t* queue, uint16_t size, void* memory,
                           virtqueue_slot_t* slot_list);

// Puts a chain into the table, device-readable segments first. `cookie` must not be NULL. The
// device sees it after virtqueue_publish(). *out_head names the chain until it is used.
// SHOULD_WAIT: not enough free descriptors; INVALID_ARGS: no segment, an empty one, or a readable
// one behind a writable one.
zx_status_t virtqueue_add(virtqueue_t* queue, const virtqueue_segment_t* segment_list,
                          size_t segment_count, void* cookie, uint16_t* out_head);

// Shows all added chains to the device. Returns whether it wants to be notified.
bool virtqueue_publish(virtqueue_t* queue);

// The next chain that the device is done with; its descriptors are free afterwards.
// SHOULD_WAIT: none. IO_DATA_INTEGRITY: the device broke the rules (an index that jumps, a chain
// that it does not have, more bytes written than it was given room for): the queue is unusable
// then.
zx_status_t virtqueue_take_used(virtqueue_t* queue, virtqueue_used_t* out_used);

// 2.7.7: asks the device for no interrupts while the used ring is being looked at anyway. It may
// still raise some.
void virtqueue_disable_interrupts(virtqueue_t* queue);
// Asks for them again. Returns whether something is in the used ring already, for which no
// interrupt may come: the caller then looks once more.
bool virtqueue_enable_interrupts(virtqueue_t* queue);

// After the device was reset: takes back one chain that it still had. NULL: none left.
void* virtqueue_take_unused(virtqueue_t* queue);
