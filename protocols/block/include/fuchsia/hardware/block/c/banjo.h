// SPDX-License-Identifier: MIT
// BLOCK_IMPL and BLOCK: requests to a block device inside one host.
//
// BLOCK_IMPL (ZX_PROTOCOL_BLOCK_IMPL) is what a disk driver provides; the block core (block.so)
// binds to it and provides BLOCK (ZX_PROTOCOL_BLOCK) to clients and to drivers of partitions. Both
// have the same two ops. Source of the interface: Zircon's block protocol of early 2021,
// spec/ddk.md 14.2.
//
// Threads: any thread may call; several may queue at once.
// Blocking: neither op waits for the device.
// Completion: every queued op ends in exactly one call of its callback, never in a return value.
// The callback may run before queue() returns and on any thread; it must not block. Order of
// completion is free, except that FLUSH and the barrier flags are honoured by the block core.
// Ownership: the op belongs to the provider from queue() to the callback. The VMO handle in it
// stays the caller's and must stay open for as long.
// Units: lengths and offsets, in the VMO as well, are in blocks of block_info_t.block_size bytes.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

__BEGIN_CDECLS

// block_op_t.command: the low byte is the operation, the rest are flags.
#define BLOCK_OP_MASK           UINT32_C(0x000000ff)
#define BLOCK_OP_READ           UINT32_C(0x00000001)
#define BLOCK_OP_WRITE          UINT32_C(0x00000002)
#define BLOCK_OP_FLUSH          UINT32_C(0x00000003)  // what was written before is durable at the end
#define BLOCK_OP_TRIM           UINT32_C(0x00000004)
#define BLOCK_OP_CLOSE_VMO      UINT32_C(0x00000005)  // on the FIFO only
#define BLOCK_FL_BARRIER_BEFORE UINT32_C(0x00000100)  // starts after all earlier ops have ended
#define BLOCK_FL_BARRIER_AFTER  UINT32_C(0x00000200)  // later ops start after this one has ended
#define BLOCK_FL_GROUP_ITEM     UINT32_C(0x00000400)
#define BLOCK_FL_GROUP_LAST     UINT32_C(0x00000800)
#define BLOCK_FL_FORCE_ACCESS   UINT32_C(0x00001000)  // WRITE: durable at its end

// block_info_t.flags
#define BLOCK_FLAG_READONLY     UINT32_C(0x00000001)
#define BLOCK_FLAG_REMOVABLE    UINT32_C(0x00000002)
#define BLOCK_FLAG_BOOTPART     UINT32_C(0x00000004)
#define BLOCK_FLAG_TRIM_SUPPORT UINT32_C(0x00000008)

#define BLOCK_MAX_TRANSFER_UNBOUNDED UINT32_C(0xffffffff)

typedef struct block_info {
    uint64_t block_count;
    uint32_t block_size;         // bytes
    uint32_t max_transfer_size;  // bytes of one op; BLOCK_MAX_TRANSFER_UNBOUNDED: no limit
    uint32_t flags;              // BLOCK_FLAG_*
    uint32_t reserved;
} block_info_t;

typedef struct block_read_write {
    uint32_t command;
    uint32_t extra;
    zx_handle_t vmo;      // borrowed until the callback
    uint32_t length;      // blocks, not 0
    uint64_t offset_dev;  // blocks
    uint64_t offset_vmo;  // blocks
} block_read_write_t;

typedef struct block_trim {
    uint32_t command;
    uint32_t length;      // blocks
    uint64_t offset_dev;  // blocks
} block_trim_t;

// The first member of what a caller allocates: block_op_size bytes as query() says, the rest of
// which belongs to the provider. FLUSH uses only `command`.
typedef union block_op {
    uint32_t command;
    block_read_write_t rw;
    block_trim_t trim;
} block_op_t;

typedef void (*block_impl_queue_callback)(void* cookie, zx_status_t status, block_op_t* op);
typedef block_impl_queue_callback block_queue_callback;

typedef struct block_impl_protocol_ops {
    // Never fails. out_block_op_size >= sizeof(block_op_t). Constant while the device lives.
    void (*query)(void* ctx, block_info_t* out_info, size_t* out_block_op_size);
    // Status in the callback: OUT_OF_RANGE or INVALID_ARGS for a wrong range, NOT_SUPPORTED for an
    // operation the device does not have, ACCESS_DENIED for a write to a read-only device,
    // UNAVAILABLE when the device is going away, IO when the device says so.
    void (*queue)(void* ctx, block_op_t* txn, block_impl_queue_callback callback, void* cookie);
} block_impl_protocol_ops_t;

typedef struct block_impl_protocol {
    const block_impl_protocol_ops_t* ops;  // borrowed
    void* ctx;                             // borrowed
} block_impl_protocol_t;

static inline void block_impl_query(const block_impl_protocol_t* proto, block_info_t* out_info,
                                    size_t* out_block_op_size) {
    proto->ops->query(proto->ctx, out_info, out_block_op_size);
}

static inline void block_impl_queue(const block_impl_protocol_t* proto, block_op_t* txn,
                                    block_impl_queue_callback callback, void* cookie) {
    proto->ops->queue(proto->ctx, txn, callback, cookie);
}

typedef struct block_protocol_ops {
    void (*query)(void* ctx, block_info_t* out_info, size_t* out_block_op_size);
    void (*queue)(void* ctx, block_op_t* txn, block_queue_callback callback, void* cookie);
} block_protocol_ops_t;

typedef struct block_protocol {
    const block_protocol_ops_t* ops;  // borrowed
    void* ctx;                        // borrowed
} block_protocol_t;

static inline void block_query(const block_protocol_t* proto, block_info_t* out_info,
                               size_t* out_block_op_size) {
    proto->ops->query(proto->ctx, out_info, out_block_op_size);
}

static inline void block_queue(const block_protocol_t* proto, block_op_t* txn,
                               block_queue_callback callback, void* cookie) {
    proto->ops->queue(proto->ctx, txn, callback, cookie);
}

__END_CDECLS
