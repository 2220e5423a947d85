// SPDX-License-Identifier: MIT
// One connection to a block device: its VMOs, its FIFO and the thread that serves it.
//
// Life: create, at most one start_fifo, stop (any number of times), destroy. The thread ends when
// the session is stopped or the client closes the FIFO, but not before every op that the disk
// driver has came back: until then VMOs and op memory stay. destroy() waits for that. Threads: any
// thread, except that destroy() is the last call and not made from a callback.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <fuchsia/hardware/block/c/banjo.h>
#include <zircon/types.h>

typedef struct block_session block_session_t;

// `impl` is copied, what it points to is borrowed. op_size is that of block_impl_query().
zx_status_t block_session_create(const block_impl_protocol_t* impl, const block_info_t* info,
                                 size_t op_size, block_session_t** out_session);
void block_session_destroy(block_session_t* session);

// Starts the thread; the caller owns *out_fifo, the client's end. ALREADY_BOUND: done before.
zx_status_t block_session_start_fifo(block_session_t* session, zx_handle_t* out_fifo);

// Ends work on the FIFO and closes this end of it. Returns at once; requests not yet begun are
// dropped.
void block_session_stop(block_session_t* session);

// Takes `vmo` in every case. NO_RESOURCES: BLOCK_MAX_VMOS are attached.
zx_status_t block_session_attach_vmo(block_session_t* session, zx_handle_t vmo,
                                     uint16_t* out_vmoid);
