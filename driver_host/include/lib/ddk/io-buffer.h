// SPDX-License-Identifier: MIT
// io_buffer: memory that a driver shares with its device: a VMO, its mapping and, on demand, its
// device addresses (behind an IOMMU these are IOVAs).
//
// Rules of the object
// - Owned by the caller's memory. Every init starts by overwriting it, and leaves it zeroed when it
//   fails; io_buffer_release() accepts zeroed, half-built and released buffers.
// - One buffer may be used from several threads as long as nobody changes it (init, physmap,
//   release). Nothing here blocks on anything but the kernel's memory.
// - The BTI is borrowed for the buffer's whole life, and may be ZX_HANDLE_INVALID for a buffer that
//   no device touches.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

#include <lib/ddk/phys-iter.h>

__BEGIN_CDECLS
__BEGIN_EXPORTS

typedef struct io_buffer {
    zx_handle_t bti_handle;  // borrowed
    zx_handle_t vmo_handle;  // owned
    zx_handle_t pmt_handle;  // owned; ZX_HANDLE_INVALID: not pinned
    size_t size;             // bytes from offset on
    zx_off_t offset;         // where the buffer begins in the VMO
    void* virt;              // owned mapping of the VMO from its first byte on
    zx_paddr_t phys;         // of the VMO's first byte; IO_BUFFER_INVALID_PHYS: not known
    zx_paddr_t* phys_list;   // owned; one address a page, from io_buffer_physmap()
    uint64_t phys_count;
} io_buffer_t;

#define IO_BUFFER_INVALID_PHYS ((zx_paddr_t)0)

// Flags of io_buffer_init().
enum {
    IO_BUFFER_RO = (0 << 0),        // mapped and pinned for reading
    IO_BUFFER_RW = (1 << 0),        // mapped and pinned for reading and writing
    IO_BUFFER_CONTIG = (1 << 1),    // one run of device addresses; pinned at once
    IO_BUFFER_UNCACHED = (1 << 2),  // mapped uncached
    IO_BUFFER_FLAGS_MASK = IO_BUFFER_RW | IO_BUFFER_CONTIG | IO_BUFFER_UNCACHED,
};

// New zero-filled memory of size bytes (rounded up to pages in the VMO). CONTIG needs a BTI.
zx_status_t io_buffer_init(io_buffer_t* buffer, zx_handle_t bti, size_t size, uint32_t flags);

// The same with the first device address aligned to 2^alignment_log2 bytes; 0 means page aligned.
// An alignment beyond a page is possible only for CONTIG buffers of more than a page, and is
// ZX_ERR_INVALID_ARGS otherwise.
zx_status_t io_buffer_init_aligned(io_buffer_t* buffer, zx_handle_t bti, size_t size,
                                   uint32_t alignment_log2, uint32_t flags);

// An existing VMO from offset to its end. The handle is borrowed: the buffer keeps a duplicate.
zx_status_t io_buffer_init_vmo(io_buffer_t* buffer, zx_handle_t bti, zx_handle_t vmo,
                               zx_off_t offset, uint32_t flags);

// An existing mapping virt of a VMO. The handle is borrowed (the buffer keeps a duplicate); the
// mapping becomes the buffer's own, whose release unmaps it.
zx_status_t io_buffer_init_mmio(io_buffer_t* buffer, zx_handle_t vmo, void* virt, zx_off_t offset,
                                size_t size);

// Device memory at a physical address, mapped with that cache policy and pinned for `bti`.
// `resource` (borrowed) must cover it. Physical memory cannot be had here: ZX_ERR_NOT_SUPPORTED
// after the checks of zx_vmo_create_physical(). Use the VMO of a BAR.
zx_status_t io_buffer_init_physical(io_buffer_t* buffer, zx_handle_t bti, zx_paddr_t addr,
                                    size_t size, zx_handle_t resource, uint32_t cache_policy);

// Unpins, unmaps, closes and frees all that the buffer owns and zeroes it.
void io_buffer_release(io_buffer_t* buffer);

// Pins the buffer's pages and fills phys_list and phys_count. Done already: ZX_OK.
zx_status_t io_buffer_physmap(io_buffer_t* buffer);

// Pins the pages that [offset, offset + length) of the buffer touches. phys_count must be their
// number; the first address includes the offset within its page. The caller owns *out_pmt.
zx_status_t io_buffer_physmap_range(io_buffer_t* buffer, zx_off_t offset, size_t length,
                                    size_t phys_count, zx_paddr_t* out_phys, zx_handle_t* out_pmt);

// zx_vmo_op_range() on a part of the buffer; of no bytes it is ZX_OK.
zx_status_t io_buffer_cache_op(io_buffer_t* buffer, uint32_t op, zx_off_t offset, size_t size);

// Writes back, or writes back and drops, what the CPU's caches hold of a part of the buffer.
// ZX_ERR_OUT_OF_RANGE: beyond its end.
zx_status_t io_buffer_cache_flush(io_buffer_t* buffer, zx_off_t offset, size_t length);
zx_status_t io_buffer_cache_flush_invalidate(io_buffer_t* buffer, zx_off_t offset, size_t length);

// The address where the buffer begins, for the CPU.
static inline void* io_buffer_virt(const io_buffer_t* buffer) {
    return (void*)((uintptr_t)buffer->virt + buffer->offset);
}

// The address where the buffer begins, for the device. Only for a buffer that has one (CONTIG).
zx_paddr_t io_buffer_phys(const io_buffer_t* buffer);

// Bytes from offset to the end; 0 when that lies beyond it.
static inline size_t io_buffer_size(const io_buffer_t* buffer, size_t offset) {
    return offset < buffer->size ? buffer->size - offset : 0;
}

// Whether an init succeeded and release did not come yet.
static inline bool io_buffer_is_valid(const io_buffer_t* buffer) {
    return buffer->vmo_handle != ZX_HANDLE_INVALID;
}

__END_EXPORTS
__END_CDECLS
