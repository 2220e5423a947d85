// SPDX-License-Identifier: MIT
// One block request in virtio's terms: is it within the device, which runs of device addresses hold
// its data, and what did the device answer. Pure functions, any thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <fuchsia/hardware/block/c/banjo.h>
#include <zircon/types.h>

#include "virtqueue.h"

// Checks a READ or WRITE against the device. INVALID_ARGS: no or too many blocks; OUT_OF_RANGE:
// beyond the end; ACCESS_DENIED: a write to a read-only device; NOT_SUPPORTED: another command.
zx_status_t virtio_blk_check(const block_info_t* info, const block_op_t* op);

// The pages that `length` bytes from `offset` on touch.
typedef struct virtio_blk_pages {
    uint64_t first_offset;  // of the first page, bytes
    size_t page_count;
    size_t offset_in_page;
} virtio_blk_pages_t;

// OUT_OF_RANGE: the range overflows.
zx_status_t virtio_blk_get_pages(uint64_t offset, uint64_t length, virtio_blk_pages_t* out_pages);

// Joins the addresses of the pages into as few segments of at most `max_segment` bytes as possible.
// BUFFER_TOO_SMALL: more than `capacity`.
zx_status_t virtio_blk_make_segments(const zx_paddr_t* page_list, const virtio_blk_pages_t* pages,
                                     size_t length, uint32_t max_segment, bool device_writes,
                                     virtqueue_segment_t* out_segment_list, size_t capacity,
                                     size_t* out_segment_count);

// The end of a request from what the device left: its status byte and the number of bytes it says
// it wrote, of `expected_written` that a successful request has.
zx_status_t virtio_blk_get_result(uint8_t device_status, uint32_t written,
                                  uint32_t expected_written);
