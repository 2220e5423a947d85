// SPDX-License-Identifier: MIT
// io_buffer: VMO, mapping and device addresses of driver memory.
#include <stdlib.h>
#include <string.h>

#include <zircon/assert.h>
#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include <lib/ddk/io-buffer.h>

static uint64_t round_up_to_page(uint64_t value) {
    return (value + ZX_PAGE_MASK) & ~(uint64_t)ZX_PAGE_MASK;
}

static uint32_t pin_options(uint32_t flags) {
    return ZX_BTI_PERM_READ | ((flags & IO_BUFFER_RW) != 0 ? ZX_BTI_PERM_WRITE : 0);
}

// Maps all of buffer->vmo_handle.
static zx_status_t map_all(io_buffer_t* buffer, uint64_t vmo_size, uint32_t flags) {
    zx_vm_option_t options = ZX_VM_PERM_READ | ((flags & IO_BUFFER_RW) != 0 ? ZX_VM_PERM_WRITE : 0);
    zx_vaddr_t address = 0;
    zx_status_t status =
        zx_vmar_map(zx_vmar_root_self(), options, 0, buffer->vmo_handle, 0, vmo_size, &address);
    if (status == ZX_OK) {
        buffer->virt = (void*)address;
    }
    return status;
}

static zx_status_t pin_contiguous(io_buffer_t* buffer, uint64_t vmo_size, uint32_t flags) {
    // A single page is contiguous without saying so.
    uint32_t options = pin_options(flags) | (vmo_size > ZX_PAGE_SIZE ? ZX_BTI_CONTIGUOUS : 0);
    return zx_bti_pin(buffer->bti_handle, options, buffer->vmo_handle, 0, vmo_size, &buffer->phys,
                      1, &buffer->pmt_handle);
}

static zx_status_t create_vmo(io_buffer_t* buffer, uint64_t vmo_size, uint32_t alignment_log2,
                              uint32_t flags) {
    if ((flags & IO_BUFFER_CONTIG) != 0 && vmo_size > ZX_PAGE_SIZE) {
        return zx_vmo_create_contiguous(buffer->bti_handle, vmo_size, alignment_log2,
                                        &buffer->vmo_handle);
    }
    return zx_vmo_create(vmo_size, 0, &buffer->vmo_handle);
}

static zx_status_t init_new(io_buffer_t* buffer, uint64_t vmo_size, uint32_t alignment_log2,
                            uint32_t flags) {
    zx_status_t status = create_vmo(buffer, vmo_size, alignment_log2, flags);
    if (status == ZX_OK && (flags & IO_BUFFER_UNCACHED) != 0) {
        status = zx_vmo_set_cache_policy(buffer->vmo_handle, ZX_CACHE_POLICY_UNCACHED);
    }
    if (status == ZX_OK) {
        status = map_all(buffer, vmo_size, flags);
    }
    if (status == ZX_OK && (flags & IO_BUFFER_CONTIG) != 0) {
        status = pin_contiguous(buffer, vmo_size, flags);
    }
    return status;
}

zx_status_t io_buffer_init_aligned(io_buffer_t* buffer, zx_handle_t bti, size_t size,
                                   uint32_t alignment_log2, uint32_t flags) {
    memset(buffer, 0, sizeof(*buffer));
    uint64_t vmo_size = round_up_to_page(size);
    if (size == 0 || vmo_size < size || (flags & ~(uint32_t)IO_BUFFER_FLAGS_MASK) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (alignment_log2 != 0 && ((flags & IO_BUFFER_CONTIG) == 0 || vmo_size <= ZX_PAGE_SIZE)) {
        return ZX_ERR_INVALID_ARGS;
    }
    buffer->bti_handle = bti;
    buffer->size = size;
    zx_status_t status = init_new(buffer, vmo_size, alignment_log2, flags);
    if (status != ZX_OK) {
        io_buffer_release(buffer);
    }
    return status;
}

zx_status_t io_buffer_init(io_buffer_t* buffer, zx_handle_t bti, size_t size, uint32_t flags) {
    return io_buffer_init_aligned(buffer, bti, size, 0, flags);
}

zx_status_t io_buffer_init_vmo(io_buffer_t* buffer, zx_handle_t bti, zx_handle_t vmo,
                               zx_off_t offset, uint32_t flags) {
    memset(buffer, 0, sizeof(*buffer));
    if (flags != IO_BUFFER_RO && flags != IO_BUFFER_RW) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint64_t vmo_size = 0;
    zx_status_t status = zx_vmo_get_size(vmo, &vmo_size);
    if (status != ZX_OK) {
        return status;
    }
    if (offset >= vmo_size) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    buffer->bti_handle = bti;
    buffer->offset = offset;
    buffer->size = vmo_size - offset;
    status = zx_handle_duplicate(vmo, ZX_RIGHT_SAME_RIGHTS, &buffer->vmo_handle);
    if (status == ZX_OK) {
        status = map_all(buffer, vmo_size, flags);
    }
    if (status != ZX_OK) {
        io_buffer_release(buffer);
    }
    return status;
}

zx_status_t io_buffer_init_mmio(io_buffer_t* buffer, zx_handle_t vmo, void* virt, zx_off_t offset,
                                size_t size) {
    memset(buffer, 0, sizeof(*buffer));
    zx_status_t status = zx_handle_duplicate(vmo, ZX_RIGHT_SAME_RIGHTS, &buffer->vmo_handle);
    if (status != ZX_OK) {
        return status;
    }
    buffer->virt = virt;
    buffer->offset = offset;
    buffer->size = size;
    return ZX_OK;
}

zx_status_t io_buffer_init_physical(io_buffer_t* buffer, zx_handle_t bti, zx_paddr_t addr,
                                    size_t size, zx_handle_t resource, uint32_t cache_policy) {
    zx_off_t offset = addr & ZX_PAGE_MASK;
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    memset(buffer, 0, sizeof(*buffer));
    zx_status_t status =
        zx_vmo_create_physical(resource, addr - offset, round_up_to_page(offset + size), &vmo);
    if (status == ZX_OK) {
        status = zx_vmo_set_cache_policy(vmo, cache_policy);
    }
    if (status == ZX_OK) {
        status = io_buffer_init_vmo(buffer, bti, vmo, offset, IO_BUFFER_RW);
    }
    zx_handle_close(vmo);
    if (status == ZX_OK) {
        status = io_buffer_physmap(buffer);
    }
    if (status != ZX_OK) {
        io_buffer_release(buffer);
    }
    return status;
}

void io_buffer_release(io_buffer_t* buffer) {
    if (buffer->pmt_handle != ZX_HANDLE_INVALID) {
        zx_pmt_unpin(buffer->pmt_handle);
    }
    if (buffer->virt != NULL) {
        zx_vmar_unmap(zx_vmar_root_self(), (uintptr_t)buffer->virt,
                      round_up_to_page(buffer->offset + buffer->size));
    }
    if (buffer->vmo_handle != ZX_HANDLE_INVALID) {
        zx_handle_close(buffer->vmo_handle);
    }
    free(buffer->phys_list);
    memset(buffer, 0, sizeof(*buffer));
}

zx_paddr_t io_buffer_phys(const io_buffer_t* buffer) {
    ZX_ASSERT(buffer->phys != IO_BUFFER_INVALID_PHYS);
    return buffer->phys + (zx_paddr_t)buffer->offset;
}
