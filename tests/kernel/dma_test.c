// SPDX-License-Identifier: MIT
// DMA pools and streams over a container that exists only in this process.
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include <lib/ddk/dma.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "fake_vfio.h"

#define PAGE ZX_PAGE_SIZE
#define GIVES(call, wanted)                                                             \
    do {                                                                                \
        zx_status_t got_ = (call);                                                      \
        cr_assert_eq(got_, (wanted), "%s gives %s", #call, zx_status_get_string(got_)); \
    } while (0)

static zx_handle_t device;
static zx_handle_t bti;

static void setup(void) {
    fake_vfio_init();
    device = fake_vfio_open();
    GIVES(zx_bti_create(device, 0, 7, &bti), ZX_OK);
}

static void teardown(void) {
    cr_assert_eq(fake_vfio_mapping_count(), 0, "something is still pinned");
    zx_handle_close(bti);
    zx_handle_close(device);
    fake_vfio_fini();
}

// Fixtures do not fail a test, so each ends with teardown() itself.
TestSuite(dma, .init = setup, .timeout = 20);

Test(dma, pool) {
    dma_pool_t pool;
    dma_piece_t pieces[100], more, found;
    GIVES(dma_pool_init(&pool, bti, 50, 64, 100), ZX_OK);
    cr_assert_eq(fake_vfio_mapping_count(), 1);
    for (int i = 0; i < 100; i++) {
        GIVES(dma_pool_alloc(&pool, &pieces[i]), ZX_OK);
        cr_assert_eq(pieces[i].size, 64);
        cr_assert_eq(pieces[i].phys % 64, 0);
        cr_assert_eq((uintptr_t)pieces[i].virt % 64, 0);
        cr_assert_not_null(fake_vfio_find(pieces[i].phys + 63));
        memset(pieces[i].virt, i, 64);
    }
    for (int i = 0; i < 100; i++) {
        cr_assert_eq(((uint8_t*)pieces[i].virt)[63], i, "they do not overlap");
        cr_assert_eq(pieces[i].phys - pieces[0].phys,
                     (uintptr_t)pieces[i].virt - (uintptr_t)pieces[0].virt);
    }
    GIVES(dma_pool_alloc(&pool, &more), ZX_ERR_NO_RESOURCES);
    GIVES(dma_pool_find(&pool, pieces[40].phys + 10, &found), ZX_OK);
    cr_assert_eq(found.virt, pieces[40].virt);
    zx_paddr_t gone = pieces[40].phys;
    dma_pool_free(&pool, &pieces[40]);
    cr_assert_null(pieces[40].virt);
    dma_pool_free(&pool, &pieces[40]);  // nothing
    GIVES(dma_pool_find(&pool, gone, &found), ZX_ERR_NOT_FOUND);
    GIVES(dma_pool_find(&pool, pieces[0].phys - 1, &found), ZX_ERR_NOT_FOUND);
    GIVES(dma_pool_find(&pool, pieces[0].phys + 6400, &found), ZX_ERR_NOT_FOUND);
    GIVES(dma_pool_find(&pool, UINTPTR_MAX, &found), ZX_ERR_NOT_FOUND);
    GIVES(dma_pool_alloc(&pool, &more), ZX_OK);
    cr_assert_eq(more.phys, gone);
    cr_assert_eq(((uint8_t*)more.virt)[5], 0, "a piece is zeroed");
    dma_pool_free(&pool, &more);
    for (int i = 0; i < 100; i++) {
        dma_pool_free(&pool, &pieces[i]);
    }
    dma_pool_fini(&pool);
    dma_pool_fini(&pool);
    teardown();
}

Test(dma, pool_refuses) {
    dma_pool_t pool;
    GIVES(dma_pool_init(&pool, bti, 0, 64, 1), ZX_ERR_INVALID_ARGS);
    GIVES(dma_pool_init(&pool, bti, 1, 0, 1), ZX_ERR_INVALID_ARGS);
    GIVES(dma_pool_init(&pool, bti, 1, 48, 1), ZX_ERR_INVALID_ARGS);
    GIVES(dma_pool_init(&pool, bti, 1, 2 * PAGE, 1), ZX_ERR_INVALID_ARGS);
    GIVES(dma_pool_init(&pool, bti, 1, 1, 0), ZX_ERR_INVALID_ARGS);
    GIVES(dma_pool_init(&pool, bti, SIZE_MAX - 3, 64, 1), ZX_ERR_INVALID_ARGS);
    GIVES(dma_pool_init(&pool, bti, SIZE_MAX / 2, 1, 3), ZX_ERR_INVALID_ARGS);
    GIVES(dma_pool_init(&pool, device, 64, 64, 1), ZX_ERR_WRONG_TYPE);
    fake_vfio.map_errno = 12;
    GIVES(dma_pool_init(&pool, bti, 64, 64, 1), ZX_ERR_NO_MEMORY);
    dma_pool_fini(&pool);
    teardown();
}

Test(dma, pool_in_use, .signal = SIGABRT) {
    dma_pool_t pool;
    dma_piece_t piece;
    GIVES(dma_pool_init(&pool, bti, 8, 8, 8), ZX_OK);
    GIVES(dma_pool_alloc(&pool, &piece), ZX_OK);
    dma_pool_fini(&pool);
}

Test(dma, pool_freed_twice, .signal = SIGABRT) {
    dma_pool_t pool;
    dma_piece_t piece, copy;
    GIVES(dma_pool_init(&pool, bti, 8, 8, 8), ZX_OK);
    GIVES(dma_pool_alloc(&pool, &piece), ZX_OK);
    copy = piece;
    dma_pool_free(&pool, &piece);
    dma_pool_free(&pool, &copy);
}

Test(dma, stream) {
    dma_stream_t stream;
    zx_handle_t vmo;
    size_t run = 0;
    GIVES(zx_vmo_create(4 * PAGE, 0, &vmo), ZX_OK);
    GIVES(dma_stream_map(&stream, bti, vmo, PAGE + 100, PAGE + 10, DMA_FROM_DEVICE), ZX_OK);
    cr_assert_eq(stream.owner, DMA_OWNER_CPU);
    cr_assert_eq(stream.page_count, 2);
    cr_assert_eq(fake_vfio_mapping_count(), 1);
    zx_paddr_t start = dma_stream_phys(&stream, 0, &run);
    cr_assert_eq(start % PAGE, 100);
    cr_assert_eq(run, PAGE + 10, "addresses behind an IOMMU follow each other");
    cr_assert_eq(dma_stream_phys(&stream, PAGE, &run), start + PAGE);
    cr_assert_eq(run, 10);
    cr_assert_eq(dma_stream_phys(&stream, 5, NULL), start + 5);
    GIVES(dma_stream_to_device(&stream), ZX_OK);
    cr_assert_eq(stream.owner, DMA_OWNER_DEVICE);
    GIVES(dma_stream_to_cpu(&stream), ZX_OK);
    GIVES(dma_stream_to_device(&stream), ZX_OK);  // and once more, without mapping anew
    GIVES(dma_stream_to_cpu(&stream), ZX_OK);
    dma_stream_unmap(&stream);
    dma_stream_unmap(&stream);
    cr_assert_eq(stream.owner, DMA_OWNER_NONE);
    zx_handle_close(vmo);
    teardown();
}

Test(dma, stream_refuses) {
    dma_stream_t stream;
    zx_handle_t vmo, read_only;
    GIVES(zx_vmo_create(PAGE, 0, &vmo), ZX_OK);
    GIVES(dma_stream_map(&stream, bti, vmo, 0, 0, DMA_TO_DEVICE), ZX_ERR_INVALID_ARGS);
    GIVES(dma_stream_map(&stream, bti, vmo, 0, 1, (dma_direction_t)0), ZX_ERR_INVALID_ARGS);
    GIVES(dma_stream_map(&stream, bti, vmo, 0, 1, (dma_direction_t)4), ZX_ERR_INVALID_ARGS);
    GIVES(dma_stream_map(&stream, bti, vmo, UINT64_MAX, 2, DMA_TO_DEVICE), ZX_ERR_INVALID_ARGS);
    GIVES(dma_stream_map(&stream, bti, vmo, UINT64_MAX - 9, 8, DMA_TO_DEVICE), ZX_ERR_OUT_OF_RANGE);
    GIVES(dma_stream_map(&stream, bti, vmo, 1, PAGE, DMA_TO_DEVICE), ZX_ERR_OUT_OF_RANGE);
    GIVES(dma_stream_map(&stream, bti, bti, 0, 1, DMA_TO_DEVICE), ZX_ERR_WRONG_TYPE);
    GIVES(zx_handle_duplicate(vmo, ZX_RIGHT_READ | ZX_RIGHT_MAP, &read_only), ZX_OK);
    GIVES(dma_stream_map(&stream, bti, read_only, 0, 1, DMA_FROM_DEVICE), ZX_ERR_ACCESS_DENIED);
    GIVES(dma_stream_map(&stream, bti, read_only, 0, 1, DMA_TO_DEVICE), ZX_OK);
    GIVES(dma_stream_to_device(&stream), ZX_OK);
    GIVES(dma_stream_to_cpu(&stream), ZX_OK);
    dma_stream_unmap(&stream);
    zx_handle_close(read_only);
    zx_handle_close(vmo);
    teardown();
}

static void stream_open(dma_stream_t* stream) {
    zx_handle_t vmo;
    GIVES(zx_vmo_create(PAGE, 0, &vmo), ZX_OK);
    GIVES(dma_stream_map(stream, bti, vmo, 0, PAGE, DMA_BOTH_WAYS), ZX_OK);
}

Test(dma, stream_unmapped_under_the_device, .signal = SIGABRT) {
    dma_stream_t stream;
    stream_open(&stream);
    GIVES(dma_stream_to_device(&stream), ZX_OK);
    dma_stream_unmap(&stream);
}

Test(dma, stream_handed_over_twice, .signal = SIGABRT) {
    dma_stream_t stream;
    stream_open(&stream);
    GIVES(dma_stream_to_device(&stream), ZX_OK);
    (void)dma_stream_to_device(&stream);
}

Test(dma, stream_taken_from_nobody, .signal = SIGABRT) {
    dma_stream_t stream;
    stream_open(&stream);
    (void)dma_stream_to_cpu(&stream);
}
