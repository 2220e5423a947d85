// SPDX-License-Identifier: MIT
// Memory that a driver shares with its device, in the two ways in which drivers do that:
//
// - dma_pool: small pieces of one long-lived buffer that both sides use at any time (descriptors,
//   rings, request headers). Allocated and freed without touching the IOMMU.
// - dma_stream: somebody else's memory for one transfer. It belongs to the CPU or to the device,
//   and is handed over explicitly: each state is asserted, so that a driver that touches what the
//   device has, or frees what the device still writes, is found at once.
//
// Rules of both
// - Caller's memory; fini accepts zeroed, failed and ended ones. The BTI is borrowed and must
//   outlive them.
// - A pool may be used from any thread. A stream is one thread's at a time.
// - Nothing blocks but the pinning, on the kernel's memory. Sizes are bytes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifndef __cplusplus
#include <threads.h>
#endif

#include <zircon/compiler.h>
#include <zircon/types.h>

#include <lib/ddk/io-buffer.h>

__BEGIN_CDECLS
__BEGIN_EXPORTS

// ---- long-lived

typedef struct dma_piece {
    void* virt;       // for the CPU
    zx_paddr_t phys;  // for the device
    size_t size;      // the pool's piece size
} dma_piece_t;

typedef struct dma_pool {
    io_buffer_t buffer;  // owned
    size_t piece_size;   // rounded up to the alignment
    uint32_t piece_count;
    mtx_t lock;      // guards what follows
    uint64_t* used;  // owned: a bit a piece
    uint32_t used_count;
    uint32_t next;  // where the search for a free piece begins
    bool is_ready;
} dma_pool_t;

// `count` pieces of `size` bytes, each aligned to `align` (a power of two, at most a page), all of
// them pinned in one run. ZX_ERR_INVALID_ARGS, and what io_buffer_init() gives.
zx_status_t dma_pool_init(dma_pool_t* pool, zx_handle_t bti, size_t size, size_t align,
                          uint32_t count);
// Unpins and frees all of it: the device must have been stopped. Asserts that no piece is in use.
void dma_pool_fini(dma_pool_t* pool);
// A zeroed piece. ZX_ERR_NO_RESOURCES: all are in use.
zx_status_t dma_pool_alloc(dma_pool_t* pool, dma_piece_t* out_piece);
// Ends a piece, which is zeroed; of a zeroed one it is a no-op. Asserts that it is the pool's.
void dma_pool_free(dma_pool_t* pool, dma_piece_t* piece);
// The piece that holds a device address (from a completion, say: not to be trusted).
// ZX_ERR_NOT_FOUND: none in use.
zx_status_t dma_pool_find(dma_pool_t* pool, zx_paddr_t phys, dma_piece_t* out_piece);

// ---- one transfer

typedef enum dma_direction {
    DMA_TO_DEVICE = 1,
    DMA_FROM_DEVICE = 2,
    DMA_BOTH_WAYS = 3,
} dma_direction_t;

typedef enum dma_owner {
    DMA_OWNER_NONE = 0,  // not mapped
    DMA_OWNER_CPU = 1,
    DMA_OWNER_DEVICE = 2,
} dma_owner_t;

typedef struct dma_stream {
    dma_owner_t owner;
    dma_direction_t direction;
    zx_handle_t vmo;  // borrowed
    zx_handle_t pmt;  // owned
    uint64_t offset;  // in the VMO
    size_t size;
    zx_paddr_t* pages;  // owned: the device address of each page touched
    size_t page_count;
} dma_stream_t;

// Pins [offset, offset + size) of a VMO for the device; the CPU still owns it. The VMO handle is
// borrowed until dma_stream_unmap(). ZX_ERR_INVALID_ARGS, ZX_ERR_OUT_OF_RANGE, and what
// zx_bti_pin() gives.
zx_status_t dma_stream_map(dma_stream_t* stream, zx_handle_t bti, zx_handle_t vmo, uint64_t offset,
                           size_t size, dma_direction_t direction);
// Hands over; from here on the CPU must not touch it. Asserts that the CPU owns it.
zx_status_t dma_stream_to_device(dma_stream_t* stream);
// Takes back after the device is done with it. Asserts that the device owns it.
zx_status_t dma_stream_to_cpu(dma_stream_t* stream);
// Where the device finds byte `at`, and in *out_run (may be NULL) how many bytes follow each other
// from there.
zx_paddr_t dma_stream_phys(const dma_stream_t* stream, size_t at, size_t* out_run);
// Ends it. Asserts that the device does not own it: a transfer that may still be going on is ended
// by stopping the device and dma_stream_to_cpu().
void dma_stream_unmap(dma_stream_t* stream);

__END_EXPORTS
__END_CDECLS
