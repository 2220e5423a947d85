// SPDX-License-Identifier: MIT
// mmio_buffer: mapping of register windows.
#include <string.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include <lib/ddk/mmio-buffer.h>

// The window in whole pages: where it starts in the VMO and how long it is.
static void page_range(zx_off_t offset, size_t size, zx_off_t* out_start, size_t* out_length) {
    *out_start = offset & ~(zx_off_t)ZX_PAGE_MASK;
    *out_length = (size_t)((offset - *out_start + size + ZX_PAGE_MASK) & ~(uint64_t)ZX_PAGE_MASK);
}

static zx_status_t map_window(mmio_buffer_t* buffer, zx_off_t offset, size_t size, zx_handle_t vmo,
                              uint32_t cache_policy) {
    uint64_t vmo_size = 0;
    zx_status_t status = zx_vmo_get_size(vmo, &vmo_size);
    if (status != ZX_OK) {
        return status;
    }
    if (size == 0 || offset > vmo_size || size > vmo_size - offset) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    status = zx_vmo_set_cache_policy(vmo, cache_policy);
    if (status != ZX_OK) {
        return status;
    }
    zx_off_t start;
    size_t length;
    page_range(offset, size, &start, &length);
    zx_vaddr_t address = 0;
    status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_MAP_RANGE,
                         0, vmo, start, length, &address);
    if (status != ZX_OK) {
        return status;
    }
    buffer->vaddr = (void*)(address + (offset - start));
    buffer->offset = offset;
    buffer->size = size;
    buffer->vmo = vmo;
    return ZX_OK;
}

zx_status_t mmio_buffer_init(mmio_buffer_t* buffer, zx_off_t offset, size_t size, zx_handle_t vmo,
                             uint32_t cache_policy) {
    memset(buffer, 0, sizeof(*buffer));
    zx_status_t status = map_window(buffer, offset, size, vmo, cache_policy);
    if (status != ZX_OK) {
        zx_handle_close(vmo);
    }
    return status;
}

zx_status_t mmio_buffer_init_physical(mmio_buffer_t* buffer, zx_paddr_t base, size_t size,
                                      zx_handle_t resource, uint32_t cache_policy) {
    zx_off_t start;
    size_t length;
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    memset(buffer, 0, sizeof(*buffer));
    page_range(base, size, &start, &length);
    zx_status_t status = zx_vmo_create_physical(resource, (zx_paddr_t)start, length, &vmo);
    return status == ZX_OK ? mmio_buffer_init(buffer, base - start, size, vmo, cache_policy)
                           : status;
}

void mmio_buffer_release(mmio_buffer_t* buffer) {
    if (buffer->vmo != ZX_HANDLE_INVALID) {
        zx_off_t start;
        size_t length;
        page_range(buffer->offset, buffer->size, &start, &length);
        zx_vmar_unmap(zx_vmar_root_self(), (uintptr_t)buffer->vaddr - (buffer->offset - start),
                      length);
        zx_handle_close(buffer->vmo);
    }
    memset(buffer, 0, sizeof(*buffer));
}

zx_status_t mmio_buffer_pin(mmio_buffer_t* buffer, zx_handle_t bti,
                            mmio_pinned_buffer_t* out_buffer) {
    zx_off_t start;
    size_t length;
    page_range(buffer->offset, buffer->size, &start, &length);
    zx_paddr_t address = 0;
    zx_handle_t pmt;
    zx_status_t status = zx_bti_pin(bti, ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE | ZX_BTI_CONTIGUOUS,
                                    buffer->vmo, start, length, &address, 1, &pmt);
    if (status != ZX_OK) {
        return status;
    }
    out_buffer->mmio = buffer;
    out_buffer->pmt = pmt;
    out_buffer->paddr = address + (zx_paddr_t)(buffer->offset - start);
    return ZX_OK;
}

void mmio_buffer_unpin(mmio_pinned_buffer_t* buffer) {
    if (buffer->pmt != ZX_HANDLE_INVALID) {
        zx_pmt_unpin(buffer->pmt);
        buffer->pmt = ZX_HANDLE_INVALID;
    }
}
