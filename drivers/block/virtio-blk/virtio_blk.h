// SPDX-License-Identifier: MIT
// The state of one virtio block device, shared by its two sources: virtio_blk.c (its life) and
// virtio_blk_io.c (its requests).
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <threads.h>

#include <fuchsia/hardware/block/c/banjo.h>
#include <lib/ddk/device.h>
#include <lib/ddk/io-buffer.h>
#include <zircon/listnode.h>

#include "virtio_pci.h"
#include "virtio_vector.h"
#include "virtqueue.h"

// Most data segments of one request, whatever the device offers.
#define VIRTIO_BLK_MAX_SEGMENTS 256u
// Descriptors of a request beside its data: header and status byte.
#define VIRTIO_BLK_EXTRA_SEGMENTS 2u
#define VIRTIO_BLK_MAX_QUEUE_SIZE 256u
#define VIRTIO_BLK_QUEUE          0u
#define VIRTIO_BLK_MAX_VECTORS    2u

// What lies beside the ring for each chain head: read and written by the device.
typedef struct virtio_blk_slot {
    virtio_blk_req_header_t header;
    uint8_t status;
    uint8_t reserved[15];
} virtio_blk_slot_t;

// A request as the caller allocated it (block_op_size bytes).
typedef struct virtio_blk_txn {
    block_op_t op;  // first: the caller's part
    block_impl_queue_callback callback;
    void* cookie;      // borrowed
    list_node_t node;  // in `pending`, or in the list of those that have ended
    zx_handle_t pmt;   // owned while the device has the request
    uint32_t expected_written;
    zx_status_t status;
} virtio_blk_txn_t;

typedef enum virtio_blk_state {
    VIRTIO_BLK_STARTING,  // refuses requests
    VIRTIO_BLK_RUNNING,
    VIRTIO_BLK_STOPPING,  // refuses new requests, those in flight go on
    VIRTIO_BLK_BROKEN,    // the device broke the rules: it was reset, all requests have failed
} virtio_blk_state_t;

typedef struct virtio_blk {
    zx_device_t* zxdev;  // borrowed
    virtio_pci_t virtio;
    zx_handle_t bti;  // owned

    // Set by the bring-up, constant from then on.
    uint64_t features;
    block_info_t info;
    uint32_t max_segment_size;   // bytes
    uint32_t max_segment_count;  // data segments of one request
    uint16_t queue_size;
    uint32_t notify_offset;
    uint32_t vector_count;
    io_buffer_t ring_buffer;
    io_buffer_t slot_buffer;
    virtqueue_slot_t* queue_slots;  // owned
    virtio_vector_t vectors[VIRTIO_BLK_MAX_VECTORS];

    mtx_t lock;  // guards what follows
    virtio_blk_state_t state;
    virtqueue_t queue;
    list_node_t pending;  // virtio_blk_txn_t that wait for descriptors, in order
    uint32_t in_flight;   // accepted, callback not yet done; pending ones included
    bool wants_unbind_reply;
    // Scratch for the request being built.
    zx_paddr_t pages[VIRTIO_BLK_MAX_SEGMENTS];
    virtqueue_segment_t segments[VIRTIO_BLK_MAX_SEGMENTS + VIRTIO_BLK_EXTRA_SEGMENTS];
} virtio_blk_t;

extern const block_impl_protocol_ops_t virtio_blk_protocol_ops;

// Takes what the device has finished, ends those requests, starts pending ones. The queue vector's
// handler; runs on that thread only.
void virtio_blk_service_queue(virtio_blk_t* blk);

// Stops the device: no DMA and no interrupt afterwards.
void virtio_blk_quiesce(virtio_blk_t* blk);

// For a device that broke the rules: stops it, fails all requests, asks for its removal. Runs on a
// vector's thread.
void virtio_blk_give_up(virtio_blk_t* blk, const char* reason);

// Refuses new requests and fails pending ones; those that the device has go on. Returns whether
// none is left; if false, the unbind is replied to when the last one ends.
bool virtio_blk_stop(virtio_blk_t* blk);

// Fails every request with `status`. The device does no DMA any more.
void virtio_blk_fail_all(virtio_blk_t* blk, zx_status_t status);
