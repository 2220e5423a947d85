// SPDX-License-Identifier: MIT
// The records on the FIFO of an opened block device: shared by clients (jacinth blk) and the block
// core. Opcodes are BLOCK_OP_* and BLOCK_FL_* of <fuchsia/hardware/block/c/banjo.h>.
//
// A client gets the FIFO once a connection (protocols/block, Block.GetFifo) and attaches VMOs, each
// known by its vmoid. It writes requests; the server answers each with one response, in any order,
// told apart by reqid. At most BLOCK_FIFO_DEPTH requests of a session are in work; further ones
// stay in the FIFO until responses have been read. Source: spec/ddk.md 14.2.
//
// Checked by the server for every request, each failure a response with that status:
//   INVALID_ARGS   unknown vmoid, length 0, block range that overflows
//   OUT_OF_RANGE   beyond the end of the device or of the VMO
//   ACCESS_DENIED  a write to a read-only device
//   NOT_SUPPORTED  an opcode or flag that the server does not know; grouped requests
// CLOSE_VMO takes only a vmoid; requests that use it already go on to their end. When the server
// goes away the FIFO shows PEER_CLOSED; requests without a response may or may not have been done.
#pragma once

#include <stdint.h>

#include <zircon/types.h>

#define BLOCK_FIFO_DEPTH     128
#define BLOCK_MAX_VMOS       64  // attached at a time in one session
#define BLOCK_VMOID_INVALID  UINT16_C(0)
#define BLOCK_FIFO_ELEM_SIZE 32

typedef struct block_fifo_request {
    uint32_t opcode;
    uint32_t reqid;
    uint16_t group;       // 0
    uint16_t vmoid;       // READ, WRITE, CLOSE_VMO
    uint32_t length;      // blocks
    uint64_t vmo_offset;  // blocks
    uint64_t dev_offset;  // blocks
} block_fifo_request_t;

typedef struct block_fifo_response {
    zx_status_t status;
    uint32_t reqid;
    uint16_t group;
    uint16_t reserved0;
    uint32_t count;  // blocks done; 0 unless status is ZX_OK
    uint64_t reserved1;
    uint64_t reserved2;
} block_fifo_response_t;

_Static_assert(sizeof(block_fifo_request_t) == BLOCK_FIFO_ELEM_SIZE, "wire size");
_Static_assert(sizeof(block_fifo_response_t) == BLOCK_FIFO_ELEM_SIZE, "wire size");
