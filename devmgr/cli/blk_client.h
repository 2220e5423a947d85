// SPDX-License-Identifier: MIT
// A block device from the outside: a session with a ring of request slots, each with its own piece
// of one shared VMO. When the driver's host goes away the client opens the device again and submits
// once more what had not been answered, so callers see only the delay.
//
// Threads: one thread at a time. Blocking: open and wait block; submit only while reconnecting.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/types.h>

#include <protocols/block.h>
#include <protocols/block_fifo.h>

#include "cli.h"

#define BLK_CLIENT_SLOTS        32u
#define BLK_CLIENT_RECONNECT_MS 30000u

typedef struct blk_client {
    cli_t* cli;                      // borrowed
    char path[512];                  // topological: it stays the same when a host is restarted
    block_get_info_response_t info;  // of the device as it was opened first
    zx_handle_t device;              // owned: the connection
    zx_handle_t fifo;                // owned
    zx_handle_t vmo;                 // owned: BLK_CLIENT_SLOTS pieces of slot_size bytes
    uint8_t* data;                   // owned mapping of vmo
    size_t slot_size;                // bytes, a multiple of the block size
    uint16_t vmoid;                  // of vmo in this connection
    unsigned reconnects;
    unsigned busy_count;
    bool is_busy[BLK_CLIENT_SLOTS];
    block_fifo_request_t requests[BLK_CLIENT_SLOTS];
    char detail[256];  // why the last call failed, for people
} blk_client_t;

// Opens the device at |path| (topological or class path). |slot_size| is rounded up to blocks and
// pages. On failure |client| is as if closed and `detail` says why.
zx_status_t blk_client_open(cli_t* cli, const char* path, size_t slot_size, blk_client_t* client);

// Ends the session. Safe on a half-opened and on a zeroed client.
void blk_client_close(blk_client_t* client);

// A slot without a request, or -1.
int blk_client_free_slot(const blk_client_t* client);

// The bytes of a slot, slot_size of them. Not to be touched while the slot is busy.
uint8_t* blk_client_slot(const blk_client_t* client, unsigned slot);

// Submits READ, WRITE or FLUSH; |offset| and |length| in blocks. The slot is busy until
// blk_client_wait() returns it.
zx_status_t blk_client_submit(blk_client_t* client, unsigned slot, uint32_t opcode, uint64_t offset,
                              uint32_t length);

// Waits for one answer. |*out_status| is the request's. Fails only when the device does not come
// back within BLK_CLIENT_RECONNECT_MS or answers nonsense. BAD_STATE if no slot is busy.
zx_status_t blk_client_wait(blk_client_t* client, unsigned* out_slot, zx_status_t* out_status);
