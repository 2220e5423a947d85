// SPDX-License-Identifier: MIT
// Channel messages on their socket: the format, sending, receiving, and handles on both sides.
//
// One SOCK_SEQPACKET datagram is one message: ko_msg_header_t, the bytes, one ko_msg_handle_t a
// handle; the fds of all handles travel with it (SCM_RIGHTS), in the order of the handles. What a
// socket does not carry in one datagram goes through a sealed memfd: KO_MSG_BULK is set, the
// datagram is the header alone, and the first fd holds the rest.
#pragma once

#include "object.h"

#define KO_MSG_MAGIC   0x316a6e43u
#define KO_MSG_BULK    1u
#define KO_MSG_MAX_FDS 253u  // Linux takes no more in one datagram

typedef struct ko_msg_header {
    uint32_t magic;
    uint32_t flags;
    uint32_t byte_count;
    uint16_t handle_count;
    uint16_t fd_count;
} ko_msg_header_t;

typedef struct ko_msg_handle {
    uint32_t type;
    uint32_t rights;
    uint32_t fd_count;
    uint32_t reserved;  // 0
    uint64_t koid;
    uint64_t related_koid;
    uint64_t words[KO_WIRE_MAX_WORDS];
} ko_msg_handle_t;

// ---- sending

typedef struct ko_outgoing {
    const uint8_t* bytes;  // borrowed
    uint32_t byte_count;
    bool has_txid;  // txid goes out in place of the first 4 bytes
    uint32_t txid;
    uint32_t handle_count;
    uint32_t fd_count;
    ko_object_t* objects[ZX_CHANNEL_MAX_MSG_HANDLES];  // taken handles (ko_handle_take)
    ko_msg_handle_t handles[ZX_CHANNEL_MAX_MSG_HANDLES];
    int fds[KO_MSG_MAX_FDS];  // borrowed from the objects, but for:
    uint32_t given_count;
    int given[KO_MSG_MAX_FDS];  // those of them that are owned
} ko_outgoing_t;

// Takes the handles and describes them. All of `handles` are consumed, whatever happens; on success
// they are in `out`, to be ended with ko_outgoing_fini. `self`: the channel it is written to.
// BAD_HANDLE, ACCESS_DENIED (no TRANSFER), NOT_SUPPORTED (`self`, or an object that cannot cross),
// NO_RESOURCES (too many fds), OUT_OF_RANGE (limits), INVALID_ARGS.
zx_status_t ko_outgoing_init(ko_outgoing_t* out, const void* bytes, uint32_t byte_count,
                             const zx_handle_t* handles, uint32_t handle_count,
                             const ko_object_t* self);
// Does not block: ZX_ERR_SHOULD_WAIT. May be called again.
zx_status_t ko_outgoing_send(ko_outgoing_t* out, int fd);
void ko_outgoing_fini(ko_outgoing_t* out);
// One datagram of nothing but fds. Returns 0 or an errno.
int ko_message_send_fds(int socket, const int* fds, uint32_t count);

// ---- receiving

// A message as received: sizes are checked, handles are not yet.
typedef struct ko_message {
    list_node_t node;  // of a kept one (ko_message_keep)
    uint32_t byte_count;
    uint32_t handle_count;
    uint32_t fd_count;
    const uint8_t* bytes;     // borrowed: the thread's buffer; of a kept one: its own
    const uint8_t* handles;   // ko_msg_handle_t each, not aligned: copy out
    int fds[KO_MSG_MAX_FDS];  // owned
} ko_message_t;

// Receives one without blocking. The views hold until the thread's next ko_message_receive.
// SHOULD_WAIT, PEER_CLOSED, IO_DATA_INTEGRITY (nothing is left open), NO_MEMORY.
zx_status_t ko_message_receive(int fd, ko_message_t* out);
// The fds of one such datagram, owned by the caller, on failure too.
zx_status_t ko_message_receive_fds(int socket, int fds[KO_MSG_MAX_FDS], uint32_t* out_count);
// Checks the bytes of a message in a buffer whose fds are in `out`, and fills the rest of it.
bool ko_message_parse(uint8_t* buffer, size_t size, ko_message_t* out);
// A heap copy that owns everything; `message` gives up its fds. NULL: no memory, `message`
// unchanged.
ko_message_t* ko_message_keep(ko_message_t* message);
// Closes the fds left in it; frees a kept one.
void ko_message_close_fds(ko_message_t* message);
void ko_message_free(ko_message_t* kept);
// Makes handles of the descriptions: message->handle_count entries of `out`. The fds are used up or
// closed. On failure there are no handles. ZX_ERR_IO_DATA_INTEGRITY: one is not what it claims.
zx_status_t ko_message_open_handles(ko_message_t* message, zx_handle_info_t* out);
