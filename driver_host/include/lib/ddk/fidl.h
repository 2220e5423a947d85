// SPDX-License-Identifier: MIT
// Messages of a device's clients as its message hook sees them. The bytes of a message begin with
// the 16-byte header {u32 txid; u32 flags; u64 ordinal} of protocols/runtime.h, the flatbuffer
// follows; pg_message_from_bytes() makes a pg_message_t of it for the generated dispatchers.
#pragma once

#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

__BEGIN_CDECLS

typedef struct fidl_incoming_msg {
    void* bytes;           // borrowed, 8-byte aligned
    zx_handle_t* handles;  // the array is borrowed, the handles in it belong to the message hook
    uint32_t num_bytes;
    uint32_t num_handles;
} fidl_incoming_msg_t;

typedef struct fidl_outgoing_msg {
    const void* bytes;           // borrowed, begins with a header; its txid is filled in
    const zx_handle_t* handles;  // array borrowed, handles consumed, also on failure
    uint32_t num_bytes;
    uint32_t num_handles;
} fidl_outgoing_msg_t;

// The way back to the client that sent a message. Valid during the message hook only, unless taken
// over with device_fidl_transaction_take_ownership().
typedef struct fidl_txn {
    // Sends the reply, at most once, and ends the transaction. ZX_ERR_BAD_STATE: already replied;
    // ZX_ERR_PEER_CLOSED: the client is gone. Any thread.
    zx_status_t (*reply)(struct fidl_txn* txn, const fidl_outgoing_msg_t* msg);

    // The connection, for the reply functions that protogen makes: borrowed, usable during the hook
    // and as long as the connection is open (see the close hook).
    zx_handle_t channel;
    uint32_t txid;
    uintptr_t driver_host_context;  // owned by the host: do not touch
} fidl_txn_t;

__END_CDECLS
