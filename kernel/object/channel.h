// SPDX-License-Identifier: MIT
// Channels: what channel.c (the object, reading, writing) and channel_call.c share.
#pragma once

#include "message.h"
#include "wait.h"

// Messages that were taken from the socket but are not read yet. A channel keeps no more than this.
#define KO_CHANNEL_MAX_KEPT     4096u
#define KO_CHANNEL_MAX_KEPT_FDS 1024u
// What of them can go to another process with the channel.
#define KO_CHANNEL_MAX_MOVED_BYTES ((size_t)1024 * 1024)

typedef struct ko_channel {
    ko_object_t base;
    int fd;  // owned: a connected SOCK_SEQPACKET socket; used with MSG_DONTWAIT only
    _Atomic uint32_t next_txid;
    _Atomic bool is_broken;       // the peer sent something malformed: nothing more is read
    _Atomic uint32_t kept_count;  // length of `kept`, readable without the lock
    _Atomic uint32_t call_count;  // length of `calls`, the same

    pthread_mutex_t lock;  // guards what follows, and taking from the socket
    list_node_t kept;      // ko_message_t, in the order received
    uint32_t kept_fds;
    bool owes_integrity_error;  // broken, and no reader was told yet
    bool is_moved;              // it goes to another process: nothing is taken here any more
    bool has_news;              // something was kept since the waiters were last told
    list_node_t calls;          // ko_call_t
} ko_channel_t;

// A zx_channel_call in progress.
typedef struct ko_call {
    list_node_t node;
    uint32_t txid;
    ko_message_t* reply;  // owned; set by whichever thread takes it from the socket
    ko_waiter_t waiter;
} ko_call_t;

// Takes all there is from the socket, or all up to the reply to `own` (may be NULL), hands replies
// to their calls and keeps the rest. Returns why it stopped: OK (own->reply is there), SHOULD_WAIT
// (empty), PEER_CLOSED, NO_RESOURCES (too much is kept), NO_MEMORY.
zx_status_t ko_channel_pump_locked(ko_channel_t* channel, const ko_call_t* own);
// Unlocks, and tells waiters and ports if messages were kept: those who watch the socket may have
// missed them. Not from operations of ko_ops_t.
void ko_channel_unlock_and_tell(ko_channel_t* channel);
// After a malformed message: closes the connection.
void ko_channel_break_locked(ko_channel_t* channel);

// ---- messages that leave with the channel (channel_kept.c)

// Adds the messages of the list, which stay its own, to what is sent: an fd that holds them and,
// if they have any, one with their fds. ZX_ERR_NO_RESOURCES: more than KO_CHANNEL_MAX_MOVED_BYTES,
// or no fds left.
zx_status_t ko_kept_export(const list_node_t* kept, ko_wire_t* out);
// Adds `count` messages from another process to the list; the fds stay the caller's.
// ZX_ERR_IO_DATA_INTEGRITY: that is not what is in them; the list is empty then.
zx_status_t ko_kept_unpack(int records, int fds, uint64_t count, list_node_t* out);
