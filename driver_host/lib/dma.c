// SPDX-License-Identifier: MIT
// Pools of long-lived shared memory, and mappings for one transfer.
#include <stdlib.h>
#include <string.h>

#include <zircon/assert.h>
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include <lib/ddk/dma.h>

// ---- pools

static bool is_power_of_two(size_t value) {
    return value != 0 && (value & (value - 1)) == 0;
}

zx_status_t dma_pool_init(dma_pool_t* pool, zx_handle_t bti, size_t size, size_t align,
                          uint32_t count) {
    memset(pool, 0, sizeof(*pool));
    if (size == 0 || count == 0 || !is_power_of_two(align) || align > ZX_PAGE_SIZE) {
        return ZX_ERR_INVALID_ARGS;
    }
    size_t piece_size = (size + align - 1) & ~(align - 1);
    size_t total;
    if (piece_size < size || __builtin_mul_overflow(piece_size, (size_t)count, &total)) {
        return ZX_ERR_INVALID_ARGS;
    }
    pool->used = calloc((count + 63) / 64, sizeof(pool->used[0]));
    if (pool->used == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = io_buffer_init(&pool->buffer, bti, total, IO_BUFFER_RW | IO_BUFFER_CONTIG);
    if (status == ZX_OK && mtx_init(&pool->lock, mtx_plain) != thrd_success) {
        io_buffer_release(&pool->buffer);
        status = ZX_ERR_NO_MEMORY;
    }
    if (status != ZX_OK) {
        free(pool->used);
        memset(pool, 0, sizeof(*pool));
        return status;
    }
    pool->piece_size = piece_size;
    pool->piece_count = count;
    pool->is_ready = true;
    return ZX_OK;
}

void dma_pool_fini(dma_pool_t* pool) {
    if (pool->is_ready) {
        ZX_ASSERT(pool->used_count == 0);
        io_buffer_release(&pool->buffer);
        mtx_destroy(&pool->lock);
        free(pool->used);
    }
    memset(pool, 0, sizeof(*pool));
}

static bool piece_is_used_locked(const dma_pool_t* pool, uint32_t index) {
    return (pool->used[index / 64] >> (index % 64)) & 1;
}

static void piece_tell(const dma_pool_t* pool, uint32_t index, dma_piece_t* out) {
    size_t offset = (size_t)index * pool->piece_size;
    *out = (dma_piece_t){.virt = (char*)io_buffer_virt(&pool->buffer) + offset,
                         .phys = io_buffer_phys(&pool->buffer) + offset,
                         .size = pool->piece_size};
}

zx_status_t dma_pool_alloc(dma_pool_t* pool, dma_piece_t* out_piece) {
    mtx_lock(&pool->lock);
    if (pool->used_count == pool->piece_count) {
        mtx_unlock(&pool->lock);
        return ZX_ERR_NO_RESOURCES;
    }
    uint32_t index = pool->next;
    while (piece_is_used_locked(pool, index)) {
        index = index + 1 < pool->piece_count ? index + 1 : 0;
    }
    pool->used[index / 64] |= (uint64_t)1 << (index % 64);
    pool->used_count++;
    pool->next = index + 1 < pool->piece_count ? index + 1 : 0;
    mtx_unlock(&pool->lock);
    piece_tell(pool, index, out_piece);
    memset(out_piece->virt, 0, out_piece->size);
    return ZX_OK;
}

void dma_pool_free(dma_pool_t* pool, dma_piece_t* piece) {
    if (piece->virt == NULL) {
        return;
    }
    size_t offset = (size_t)((char*)piece->virt - (char*)io_buffer_virt(&pool->buffer));
    ZX_ASSERT(offset % pool->piece_size == 0 && offset / pool->piece_size < pool->piece_count);
    uint32_t index = (uint32_t)(offset / pool->piece_size);
    mtx_lock(&pool->lock);
    ZX_ASSERT(piece_is_used_locked(pool, index));
    pool->used[index / 64] &= ~((uint64_t)1 << (index % 64));
    pool->used_count--;
    mtx_unlock(&pool->lock);
    memset(piece, 0, sizeof(*piece));
}

zx_status_t dma_pool_find(dma_pool_t* pool, zx_paddr_t phys, dma_piece_t* out_piece) {
    zx_paddr_t start = io_buffer_phys(&pool->buffer);
    if (phys < start || (phys - start) / pool->piece_size >= pool->piece_count) {
        return ZX_ERR_NOT_FOUND;
    }
    uint32_t index = (uint32_t)((phys - start) / pool->piece_size);
    mtx_lock(&pool->lock);
    bool is_used = piece_is_used_locked(pool, index);
    mtx_unlock(&pool->lock);
    if (!is_used) {
        return ZX_ERR_NOT_FOUND;
    }
    piece_tell(pool, index, out_piece);
    return ZX_OK;
}

// ---- streams

static uint32_t pin_options(dma_direction_t direction) {
    return ((direction & DMA_TO_DEVICE) ? ZX_BTI_PERM_READ : 0) |
           ((direction & DMA_FROM_DEVICE) ? ZX_BTI_PERM_WRITE : 0);
}

zx_status_t dma_stream_map(dma_stream_t* stream, zx_handle_t bti, zx_handle_t vmo, uint64_t offset,
                           size_t size, dma_direction_t direction) {
    memset(stream, 0, sizeof(*stream));
    uint64_t end;
    if (size == 0 || direction < DMA_TO_DEVICE || direction > DMA_BOTH_WAYS ||
        __builtin_add_overflow(offset, size, &end)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (end > UINT64_MAX - ZX_PAGE_MASK) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    uint64_t first = offset & ~(uint64_t)ZX_PAGE_MASK;
    uint64_t length = ((end + ZX_PAGE_MASK) & ~(uint64_t)ZX_PAGE_MASK) - first;
    uint64_t vmo_size = 0;
    zx_status_t status = zx_vmo_get_size(vmo, &vmo_size);
    if (status == ZX_OK && end > vmo_size) {
        status = ZX_ERR_OUT_OF_RANGE;
    }
    if (status != ZX_OK) {
        return status;
    }
    size_t page_count = (size_t)(length / ZX_PAGE_SIZE);
    zx_paddr_t* pages = calloc(page_count, sizeof(*pages));
    if (pages == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_handle_t pmt;
    status = zx_bti_pin(bti, pin_options(direction), vmo, first, length, pages, page_count, &pmt);
    if (status != ZX_OK) {
        free(pages);
        return status;
    }
    *stream = (dma_stream_t){.owner = DMA_OWNER_CPU,
                             .direction = direction,
                             .vmo = vmo,
                             .pmt = pmt,
                             .offset = offset,
                             .size = size,
                             .pages = pages,
                             .page_count = page_count};
    return ZX_OK;
}

static zx_status_t cache_op(const dma_stream_t* stream, uint32_t op) {
    return zx_vmo_op_range(stream->vmo, op, stream->offset, stream->size, NULL, 0);
}

zx_status_t dma_stream_to_device(dma_stream_t* stream) {
    ZX_ASSERT(stream->owner == DMA_OWNER_CPU);
    // Cleaned also when the device only writes: a dirty line must not overwrite what it wrote.
    zx_status_t status = cache_op(stream, ZX_VMO_OP_CACHE_CLEAN);
    if (status == ZX_OK) {
        stream->owner = DMA_OWNER_DEVICE;
    }
    return status;
}

zx_status_t dma_stream_to_cpu(dma_stream_t* stream) {
    ZX_ASSERT(stream->owner == DMA_OWNER_DEVICE);
    stream->owner = DMA_OWNER_CPU;
    return (stream->direction & DMA_FROM_DEVICE)
               ? cache_op(stream, ZX_VMO_OP_CACHE_CLEAN_INVALIDATE)
               : ZX_OK;
}

zx_paddr_t dma_stream_phys(const dma_stream_t* stream, size_t at, size_t* out_run) {
    ZX_ASSERT(stream->owner != DMA_OWNER_NONE && at < stream->size);
    size_t in_first = (size_t)(stream->offset & ZX_PAGE_MASK) + at;
    size_t index = in_first / ZX_PAGE_SIZE;
    zx_paddr_t phys = stream->pages[index] + in_first % ZX_PAGE_SIZE;
    if (out_run != NULL) {
        size_t run = ZX_PAGE_SIZE - in_first % ZX_PAGE_SIZE;
        while (index + 1 < stream->page_count &&
               stream->pages[index + 1] == stream->pages[index] + ZX_PAGE_SIZE) {
            run += ZX_PAGE_SIZE;
            index++;
        }
        *out_run = run < stream->size - at ? run : stream->size - at;
    }
    return phys;
}

void dma_stream_unmap(dma_stream_t* stream) {
    ZX_ASSERT(stream->owner != DMA_OWNER_DEVICE);
    if (stream->owner == DMA_OWNER_CPU) {
        zx_pmt_unpin(stream->pmt);
        free(stream->pages);
    }
    memset(stream, 0, sizeof(*stream));
}
