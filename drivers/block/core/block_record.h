// SPDX-License-Identifier: MIT
// Checks on what a client wrote into the FIFO, and the cut of a request into what the disk driver
// takes at once. Pure functions, any thread. Lengths and offsets are in blocks.
#pragma once

#include <stdint.h>

#include <fuchsia/hardware/block/c/banjo.h>
#include <protocols/block_fifo.h>
#include <zircon/types.h>

// Whether a request may be worked on: the status that <protocols/block_fifo.h> promises.
// `vmo_size` (bytes) is that of the VMO that vmoid names; NULL: it names none.
zx_status_t block_record_check(const block_fifo_request_t* request, const block_info_t* info,
                               const uint64_t* vmo_size);

// How many blocks the driver takes in one op; at least 1.
uint32_t block_record_max_piece(const block_info_t* info);

// The driver's op for the piece of a checked READ or WRITE that begins `done` blocks into it. Only
// the command and rw fields are written; barrier and access flags stay with the block core.
void block_record_make_piece(const block_fifo_request_t* request, zx_handle_t vmo, uint32_t done,
                             uint32_t max_piece, block_op_t* out_op);
