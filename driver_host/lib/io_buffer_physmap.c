// SPDX-License-Identifier: MIT
// io_buffer: pinning page by page, and cache maintenance.
#include <stdlib.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include <lib/ddk/io-buffer.h>

// The pages of the VMO that [offset, offset + length) of the buffer touches.
static zx_status_t touched_pages(const io_buffer_t* buffer, zx_off_t offset, size_t length,
                                 zx_off_t* out_start, size_t* out_count) {
    if (length == 0 || offset > buffer->size || length > buffer->size - offset) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    zx_off_t first = buffer->offset + offset;
    zx_off_t end = first + length;
    *out_start = first & ~(zx_off_t)ZX_PAGE_MASK;
    *out_count = (size_t)((end - *out_start + ZX_PAGE_MASK) / ZX_PAGE_SIZE);
    return ZX_OK;
}

static zx_status_t pin_pages(io_buffer_t* buffer, zx_off_t start, size_t count,
                             zx_paddr_t* out_phys, zx_handle_t* out_pmt) {
    return zx_bti_pin(buffer->bti_handle, ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE, buffer->vmo_handle,
                      start, count * ZX_PAGE_SIZE, out_phys, count, out_pmt);
}

zx_status_t io_buffer_physmap(io_buffer_t* buffer) {
    if (buffer->phys_list != NULL) {
        return ZX_OK;
    }
    zx_off_t start;
    size_t count;
    zx_status_t status = touched_pages(buffer, 0, buffer->size, &start, &count);
    if (status != ZX_OK) {
        return status;
    }
    zx_paddr_t* phys = calloc(count, sizeof(*phys));
    if (phys == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    if (buffer->phys != IO_BUFFER_INVALID_PHYS) {
        // Pinned in one run already.
        for (size_t i = 0; i < count; i++) {
            phys[i] = buffer->phys + (zx_paddr_t)(start + i * ZX_PAGE_SIZE);
        }
    } else {
        status = pin_pages(buffer, start, count, phys, &buffer->pmt_handle);
    }
    if (status != ZX_OK) {
        free(phys);
        return status;
    }
    buffer->phys_list = phys;
    buffer->phys_count = count;
    return ZX_OK;
}

zx_status_t io_buffer_physmap_range(io_buffer_t* buffer, zx_off_t offset, size_t length,
                                    size_t phys_count, zx_paddr_t* out_phys, zx_handle_t* out_pmt) {
    zx_off_t start;
    size_t count;
    zx_status_t status = touched_pages(buffer, offset, length, &start, &count);
    if (status != ZX_OK) {
        return status;
    }
    if (count != phys_count) {
        return ZX_ERR_INVALID_ARGS;
    }
    status = pin_pages(buffer, start, count, out_phys, out_pmt);
    if (status == ZX_OK) {
        out_phys[0] += (zx_paddr_t)(buffer->offset + offset - start);
    }
    return status;
}

zx_status_t io_buffer_cache_op(io_buffer_t* buffer, uint32_t op, zx_off_t offset, size_t size) {
    if (size == 0) {
        return ZX_OK;
    }
    return zx_vmo_op_range(buffer->vmo_handle, op, buffer->offset + offset, size, NULL, 0);
}

static zx_status_t checked_cache_op(io_buffer_t* buffer, uint32_t op, zx_off_t offset,
                                    size_t length) {
    if (offset > buffer->size || length > buffer->size - offset) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    return io_buffer_cache_op(buffer, op, offset, length);
}

zx_status_t io_buffer_cache_flush(io_buffer_t* buffer, zx_off_t offset, size_t length) {
    return checked_cache_op(buffer, ZX_VMO_OP_CACHE_CLEAN, offset, length);
}

zx_status_t io_buffer_cache_flush_invalidate(io_buffer_t* buffer, zx_off_t offset, size_t length) {
    return checked_cache_op(buffer, ZX_VMO_OP_CACHE_CLEAN_INVALIDATE, offset, length);
}
