// SPDX-License-Identifier: MIT
// Requests of a virtio disk: ranges, pages, segments, results.
#include "virtio_blk_request.h"

#include <criterion/criterion.h>

static const block_info_t g_info = {
    .block_count = 100, .block_size = 512, .max_transfer_size = 8 * 512};

static zx_status_t check(uint32_t command, uint32_t length, uint64_t dev, uint64_t vmo) {
    block_op_t op = {
        .rw = {.command = command, .length = length, .offset_dev = dev, .offset_vmo = vmo}};
    return virtio_blk_check(&g_info, &op);
}

Test(virtio_blk_request, ranges_are_checked) {
    cr_assert_eq(check(BLOCK_OP_READ, 8, 92, 0), ZX_OK);
    cr_assert_eq(check(BLOCK_OP_READ, 8, 93, 0), ZX_ERR_OUT_OF_RANGE);
    cr_assert_eq(check(BLOCK_OP_WRITE, 1, 100, 0), ZX_ERR_OUT_OF_RANGE);
    cr_assert_eq(check(BLOCK_OP_WRITE, 1, UINT64_MAX, 0), ZX_ERR_OUT_OF_RANGE);
    cr_assert_eq(check(BLOCK_OP_READ, 0, 0, 0), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(check(BLOCK_OP_READ, 9, 0, 0), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(check(BLOCK_OP_READ, 1, 0, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
    cr_assert_eq(check(BLOCK_OP_TRIM, 1, 0, 0), ZX_ERR_NOT_SUPPORTED);
    cr_assert_eq(check(BLOCK_OP_FLUSH, 0, 0, 0), ZX_OK);
}

Test(virtio_blk_request, read_only_disk_refuses_writes) {
    block_info_t info = g_info;
    info.flags = BLOCK_FLAG_READONLY;
    block_op_t op = {.rw = {.command = BLOCK_OP_WRITE, .length = 1}};
    cr_assert_eq(virtio_blk_check(&info, &op), ZX_ERR_ACCESS_DENIED);
    op.rw.command = BLOCK_OP_READ;
    cr_assert_eq(virtio_blk_check(&info, &op), ZX_OK);
}

Test(virtio_blk_request, pages_that_a_range_touches) {
    virtio_blk_pages_t pages;
    cr_assert_eq(virtio_blk_get_pages(0, 4096, &pages), ZX_OK);
    cr_assert_eq(pages.page_count, 1);
    cr_assert_eq(virtio_blk_get_pages(512, 4096, &pages), ZX_OK);
    cr_assert_eq(pages.page_count, 2);
    cr_assert_eq(pages.first_offset, 0);
    cr_assert_eq(pages.offset_in_page, 512);
    cr_assert_eq(virtio_blk_get_pages(3 * 4096 + 3584, 512, &pages), ZX_OK);
    cr_assert_eq(pages.page_count, 1);
    cr_assert_eq(pages.first_offset, 3 * 4096);
    cr_assert_eq(virtio_blk_get_pages(0, 0, &pages), ZX_ERR_OUT_OF_RANGE);
    cr_assert_eq(virtio_blk_get_pages(UINT64_MAX - 10, 4096, &pages), ZX_ERR_OUT_OF_RANGE);
    cr_assert_eq(virtio_blk_get_pages(UINT64_MAX - 511, 511, &pages), ZX_ERR_OUT_OF_RANGE);
}

Test(virtio_blk_request, neighbouring_pages_become_one_segment) {
    const zx_paddr_t list[] = {0x10000, 0x11000, 0x20000, 0x21000};
    virtio_blk_pages_t pages;
    cr_assert_eq(virtio_blk_get_pages(512, 3 * 4096, &pages), ZX_OK);
    virtqueue_segment_t segments[4];
    size_t count;
    cr_assert_eq(
        virtio_blk_make_segments(list, &pages, 3 * 4096, UINT32_MAX, true, segments, 4, &count),
        ZX_OK);
    cr_assert_eq(count, 2);
    cr_assert_eq(segments[0].address, 0x10200);
    cr_assert_eq(segments[0].length, 2 * 4096 - 512);
    cr_assert_eq(segments[1].address, 0x20000);
    cr_assert_eq(segments[1].length, 4096 + 512);
    cr_assert(segments[0].device_writes);
}

Test(virtio_blk_request, segments_keep_to_the_device_s_limits) {
    const zx_paddr_t list[] = {0x10000, 0x11000, 0x12000};
    virtio_blk_pages_t pages;
    cr_assert_eq(virtio_blk_get_pages(0, 3 * 4096, &pages), ZX_OK);
    virtqueue_segment_t segments[3];
    size_t count;
    cr_assert_eq(virtio_blk_make_segments(list, &pages, 3 * 4096, 8192, false, segments, 3, &count),
                 ZX_OK);
    cr_assert_eq(count, 2);
    cr_assert_eq(segments[0].length, 8192);
    cr_assert_eq(virtio_blk_make_segments(list, &pages, 3 * 4096, 4096, false, segments, 2, &count),
                 ZX_ERR_BUFFER_TOO_SMALL);
}

Test(virtio_blk_request, results) {
    cr_assert_eq(virtio_blk_get_result(VIRTIO_BLK_S_OK, 4097, 4097), ZX_OK);
    cr_assert_eq(virtio_blk_get_result(VIRTIO_BLK_S_OK, 1, 4097), ZX_ERR_IO_DATA_INTEGRITY);
    cr_assert_eq(virtio_blk_get_result(VIRTIO_BLK_S_IOERR, 1, 4097), ZX_ERR_IO);
    cr_assert_eq(virtio_blk_get_result(VIRTIO_BLK_S_UNSUPP, 1, 1), ZX_ERR_NOT_SUPPORTED);
    cr_assert_eq(virtio_blk_get_result(UINT8_MAX, 1, 1), ZX_ERR_IO_DATA_INTEGRITY);
}
