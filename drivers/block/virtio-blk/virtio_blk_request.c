// SPDX-License-Identifier: MIT
// One block request in virtio's terms. Section numbers are those of VIRTIO 1.2.
#include "virtio_blk_request.h"

#include <zircon/compiler.h>

zx_status_t virtio_blk_check(const block_info_t* info, const block_op_t* op) {
    uint32_t command = op->command & BLOCK_OP_MASK;
    if (command == BLOCK_OP_FLUSH) {
        return ZX_OK;
    }
    if (command != BLOCK_OP_READ && command != BLOCK_OP_WRITE) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (command == BLOCK_OP_WRITE && (info->flags & BLOCK_FLAG_READONLY) != 0) {
        return ZX_ERR_ACCESS_DENIED;
    }
    if (op->rw.length == 0 || op->rw.length > info->max_transfer_size / info->block_size) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (op->rw.offset_dev >= info->block_count ||
        op->rw.length > info->block_count - op->rw.offset_dev) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (op->rw.offset_vmo > UINT64_MAX / info->block_size) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    return ZX_OK;
}

zx_status_t virtio_blk_get_pages(uint64_t offset, uint64_t length, virtio_blk_pages_t* out_pages) {
    uint64_t end;
    if (length == 0 || add_overflow(offset, length, &end) || end > UINT64_MAX - ZX_PAGE_SIZE) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    uint64_t first = offset & ~(uint64_t)(ZX_PAGE_SIZE - 1);
    uint64_t last = (end - 1) & ~(uint64_t)(ZX_PAGE_SIZE - 1);
    *out_pages = (virtio_blk_pages_t){
        .first_offset = first,
        .page_count = (size_t)((last - first) / ZX_PAGE_SIZE + 1),
        .offset_in_page = (size_t)(offset - first),
    };
    return ZX_OK;
}

zx_status_t virtio_blk_make_segments(const zx_paddr_t* page_list, const virtio_blk_pages_t* pages,
                                     size_t length, uint32_t max_segment, bool device_writes,
                                     virtqueue_segment_t* out_segment_list, size_t capacity,
                                     size_t* out_segment_count) {
    size_t count = 0;
    size_t left = length;
    for (size_t i = 0; i < pages->page_count && left > 0; i++) {
        size_t skip = i == 0 ? pages->offset_in_page : 0;
        uint64_t address = page_list[i] + skip;
        size_t room = ZX_PAGE_SIZE - skip;
        uint32_t size = (uint32_t)(room < left ? room : left);
        left -= size;
        virtqueue_segment_t* last = count > 0 ? &out_segment_list[count - 1] : NULL;
        if (last != NULL && last->address + last->length == address &&
            last->length <= max_segment - size) {
            last->length += size;
            continue;
        }
        if (count == capacity) {
            return ZX_ERR_BUFFER_TOO_SMALL;
        }
        out_segment_list[count++] = (virtqueue_segment_t){
            .address = address, .length = size, .device_writes = device_writes};
    }
    *out_segment_count = count;
    return left == 0 ? ZX_OK : ZX_ERR_INVALID_ARGS;
}

zx_status_t virtio_blk_get_result(uint8_t device_status, uint32_t written,
                                  uint32_t expected_written) {
    switch (device_status) {
        case VIRTIO_BLK_S_OK:
            // 2.7.8.2: what the device says it wrote is all that may be taken for written.
            return written == expected_written ? ZX_OK : ZX_ERR_IO_DATA_INTEGRITY;
        case VIRTIO_BLK_S_IOERR:
            return ZX_ERR_IO;
        case VIRTIO_BLK_S_UNSUPP:
            return ZX_ERR_NOT_SUPPORTED;
        default:
            return ZX_ERR_IO_DATA_INTEGRITY;
    }
}
