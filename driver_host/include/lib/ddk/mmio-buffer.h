// SPDX-License-Identifier: MIT
// mmio_buffer: a mapped window of device registers, and access to them.
//
// Rules of the object
// - Caller's memory; release accepts zeroed, failed and released buffers.
// - Reads and writes may come from any thread; order between threads is the caller's affair.
// - Offsets are in bytes from the window's start and must lie in it and be aligned to the access:
//   that is asserted.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <zircon/assert.h>
#include <zircon/compiler.h>
#include <zircon/types.h>

__BEGIN_CDECLS
__BEGIN_EXPORTS

typedef struct mmio_buffer {
    void* vaddr;      // of the window's first byte; the mapping is owned
    zx_off_t offset;  // of the window in the VMO
    size_t size;      // of the window in bytes
    zx_handle_t vmo;  // owned
} mmio_buffer_t;

typedef struct mmio_pinned_buffer {
    const mmio_buffer_t* mmio;  // borrowed
    zx_handle_t pmt;            // owned
    zx_paddr_t paddr;           // device address of the window's first byte
} mmio_pinned_buffer_t;

// Maps [offset, offset + size) of vmo with that cache policy. Takes vmo in every case: a failing
// call closes it. ZX_ERR_OUT_OF_RANGE: the window does not fit in the VMO.
zx_status_t mmio_buffer_init(mmio_buffer_t* buffer, zx_off_t offset, size_t size, zx_handle_t vmo,
                             uint32_t cache_policy);

// Registers at a physical address. `resource` (borrowed) must cover them. They cannot be had by
// address here: ZX_ERR_NOT_SUPPORTED after the checks of zx_vmo_create_physical(). A BAR's come
// from pci_map_bar_buffer().
zx_status_t mmio_buffer_init_physical(mmio_buffer_t* buffer, zx_paddr_t base, size_t size,
                                      zx_handle_t resource, uint32_t cache_policy);

// Unmaps, closes and zeroes.
void mmio_buffer_release(mmio_buffer_t* buffer);

// Makes the window a target for other devices' DMA; bti is borrowed. Unpin before release.
zx_status_t mmio_buffer_pin(mmio_buffer_t* buffer, zx_handle_t bti,
                            mmio_pinned_buffer_t* out_buffer);
void mmio_buffer_unpin(mmio_pinned_buffer_t* buffer);

#define MMIO_BUFFER_ACCESS_(bits)                                                                  \
    static inline uint##bits##_t mmio_buffer_read##bits(const mmio_buffer_t* buffer,               \
                                                        zx_off_t offset) {                         \
        ZX_DEBUG_ASSERT(offset + sizeof(uint##bits##_t) <= buffer->size);                          \
        uintptr_t address = (uintptr_t)buffer->vaddr + offset;                                     \
        ZX_DEBUG_ASSERT(address % sizeof(uint##bits##_t) == 0);                                    \
        return device_load((const volatile uint##bits##_t*)address);                               \
    }                                                                                              \
    static inline void mmio_buffer_write##bits(const mmio_buffer_t* buffer, uint##bits##_t value,  \
                                               zx_off_t offset) {                                  \
        ZX_DEBUG_ASSERT(offset + sizeof(uint##bits##_t) <= buffer->size);                          \
        uintptr_t address = (uintptr_t)buffer->vaddr + offset;                                     \
        ZX_DEBUG_ASSERT(address % sizeof(uint##bits##_t) == 0);                                    \
        device_store((volatile uint##bits##_t*)address, value);                                    \
    }                                                                                              \
    static inline uint##bits##_t mmio_buffer_mask_read##bits(                                      \
        const mmio_buffer_t* buffer, uint##bits##_t mask, zx_off_t offset) {                       \
        return (uint##bits##_t)(mmio_buffer_read##bits(buffer, offset) & mask);                    \
    }                                                                                              \
    static inline void mmio_buffer_mask_write##bits(                                               \
        const mmio_buffer_t* buffer, uint##bits##_t value, uint##bits##_t mask, zx_off_t offset) { \
        uint##bits##_t old = mmio_buffer_read##bits(buffer, offset);                               \
        mmio_buffer_write##bits(buffer, (uint##bits##_t)((old & ~mask) | (value & mask)), offset); \
    }                                                                                              \
    static inline void mmio_buffer_set_bits##bits(const mmio_buffer_t* buffer,                     \
                                                  uint##bits##_t mask, zx_off_t offset) {          \
        mmio_buffer_mask_write##bits(buffer, mask, mask, offset);                                  \
    }                                                                                              \
    static inline void mmio_buffer_clear_bits##bits(const mmio_buffer_t* buffer,                   \
                                                    uint##bits##_t mask, zx_off_t offset) {        \
        mmio_buffer_mask_write##bits(buffer, 0, mask, offset);                                     \
    }

// mmio_buffer_read8(buffer, offset), _write8(buffer, value, offset), _mask_read8(buffer, mask,
// offset), _mask_write8(buffer, value, mask, offset), _set_bits8 and _clear_bits8(buffer, mask,
// offset); the same for 16, 32 and 64 bits.
MMIO_BUFFER_ACCESS_(8)
MMIO_BUFFER_ACCESS_(16)
MMIO_BUFFER_ACCESS_(32)
MMIO_BUFFER_ACCESS_(64)

#undef MMIO_BUFFER_ACCESS_

__END_EXPORTS
__END_CDECLS
