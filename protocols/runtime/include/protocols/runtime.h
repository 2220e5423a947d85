// SPDX-License-Identifier: MIT
// What every user of a generated protocol needs: arenas, builders, messages and responders.
//
// A message on a channel is a pg_header_t followed by a flatbuffer, with handles beside it. A
// handle field holds 0 (no handle) or 1 + its index among the message's handles; no index occurs
// twice.
//
// Ownership: encoding takes the handles of a value, always, also when it fails. Decoding closes
// nothing: on success the handles named by the decoded value are the caller's, on failure none is.
// Decoded strings and vectors point into the decoded bytes or into the arena; both must outlive
// them.
//
// Threads: every object here belongs to one thread at a time; blocking client calls may share a
// channel between threads. Nothing here blocks, except the generated client calls that await a
// reply.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zircon/types.h>

// Limits of one message; more is ZX_ERR_OUT_OF_RANGE when encoding and
// ZX_ERR_IO_DATA_INTEGRITY when decoding.
#define PG_MAX_DEPTH        16u  // of nested tables
#define PG_MAX_BODY_SIZE    (ZX_CHANNEL_MAX_MSG_BYTES - 16u)
#define PG_MAX_TABLE_FIELDS 64u

// ---------------------------------------------------------------------------------------- arena

// Memory for decoded values: the caller's buffer first, then the heap, up to a limit.
typedef struct pg_arena {
    uint8_t* buffer;   // borrowed: the caller's memory, or in the newest chunk
    size_t size;       // bytes of buffer
    size_t used;       // bytes of buffer
    void* chunks;      // owned: list of heap chunks
    size_t heap_size;  // bytes in chunks
} pg_arena_t;

#define PG_ARENA_MAX_HEAP   (8u << 20)
#define PG_ARENA_CHUNK_SIZE 4096u

// |buffer| may be NULL with |size| 0. It stays the caller's and must outlive the arena.
void pg_arena_init(pg_arena_t* arena, void* buffer, size_t size);

// Frees the heap part. NULL and a zeroed arena are fine.
void pg_arena_fini(pg_arena_t* arena);

// Zeroed memory for |count| objects of |size| bytes, aligned to 16; NULL when the limit is reached
// or memory is short. A zeroed arena works too.
void* pg_arena_alloc(pg_arena_t* arena, size_t count, size_t size);

// -------------------------------------------------------------------------------------- builder

#define PG_BUILDER_INLINE_SIZE 1024u
#define PG_BUILDER_VTABLES     16u

// Collects the bytes and the handles of one message, back to front. Small messages use no heap.
// Not to be copied.
typedef struct pg_builder {
    uint8_t* buffer;     // owned when it is not inline_buffer
    size_t capacity;     // of buffer
    size_t used;         // bytes at the end of buffer
    size_t alignment;    // largest one needed so far
    zx_status_t status;  // first failure
    uint32_t depth;      // of the table being built
    bool is_finished;

    zx_handle_t handles[ZX_CHANNEL_MAX_MSG_HANDLES];  // owned
    uint32_t handle_count;

    uint32_t vtables[PG_BUILDER_VTABLES];  // written already, for reuse
    uint32_t vtable_count;

    uint32_t* refs;  // owned: elements of the vectors being built
    size_t ref_count;
    size_t ref_capacity;

    size_t table_end;                      // |used| when the table was begun
    uint32_t fields[PG_MAX_TABLE_FIELDS];  // of the table being built: its place, 0 if left out
    uint32_t field_count;

    _Alignas(16) uint8_t inline_buffer[PG_BUILDER_INLINE_SIZE];
} pg_builder_t;

void pg_builder_init(pg_builder_t* builder);

// Closes the handles that are still in the builder and frees its memory. NULL and a zeroed builder
// are fine.
void pg_builder_fini(pg_builder_t* builder);

// After a successful <type>_encode(): the flatbuffer. Valid until the builder changes.
const uint8_t* pg_builder_bytes(const pg_builder_t* builder, size_t* out_size);

// Hands the handles over to the caller: copies them to |out_handles| (room for
// ZX_CHANNEL_MAX_MSG_HANDLES; may be NULL to only forget them). Returns how many.
uint32_t pg_builder_take_handles(pg_builder_t* builder, zx_handle_t* out_handles);

// -------------------------------------------------------------------------------------- message

// Before the flatbuffer. `txid` comes first because zx_channel_call() sets it and matches by it.
typedef struct pg_header {
    uint32_t txid;     // answers carry the txid of their request; 0 for one-way messages
    uint32_t flags;    // PG_FLAG_*; unknown ones make a message malformed
    uint64_t ordinal;  // FNV-1a 64 of "namespace.Service/Method"; an answer has its request's
} pg_header_t;

// An answer that is only a failure: its body is an int32 zx_status_t. See pg_reply_error().
#define PG_FLAG_ERROR 1u

// A message that was received. May be moved by assignment: the old copy is then dead.
typedef struct pg_message {
    pg_header_t header;
    const uint8_t* body;  // the flatbuffer, inside buffer or borrowed from pg_message_from_bytes()
    size_t body_size;
    zx_handle_t handles[ZX_CHANNEL_MAX_MSG_HANDLES];  // owned; ZX_HANDLE_INVALID where taken
    uint32_t handle_count;
    uint8_t* buffer;  // owned; NULL when the bytes are borrowed
} pg_message_t;

// Reads the next message into memory of its own; does not block. On success pg_message_fini() is
// due. ZX_ERR_SHOULD_WAIT, ZX_ERR_PEER_CLOSED; ZX_ERR_IO_DATA_INTEGRITY: the message is too short
// or has unknown flags: it is gone, its handles are closed, and the peer is not to be trusted.
zx_status_t pg_message_read(zx_handle_t channel, pg_message_t* out_message);

// A message from bytes (header included) and handles that were read by someone else. |bytes| is
// borrowed and must outlive the message; the handles move into it, also on failure (then closed).
zx_status_t pg_message_from_bytes(const void* bytes, size_t size, const zx_handle_t* handles,
                                  size_t handle_count, pg_message_t* out_message);

// Closes the handles that nobody took and frees the bytes. NULL and a zeroed message are fine.
void pg_message_fini(pg_message_t* message);

// Closes the handles that nobody took.
void pg_message_close_handles(pg_message_t* message);

// ------------------------------------------------------------------------------------ responder

// Who to answer. Copy it to answer later, from any thread, as long as the channel is open.
typedef struct pg_responder {
    zx_handle_t channel;  // borrowed
    uint32_t txid;
    uint64_t ordinal;
} pg_responder_t;

// Answers with a failure instead of a response: the blocking client call returns |status| (which
// must be negative), and so does <response>_decode_message().
zx_status_t pg_reply_error(const pg_responder_t* responder, zx_status_t status);

// The responder for a message that no service dispatched, to refuse it.
pg_responder_t pg_message_responder(zx_handle_t channel, const pg_message_t* message);
