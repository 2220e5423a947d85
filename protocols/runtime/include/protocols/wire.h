// SPDX-License-Identifier: MIT
// What generated code and protogen call: the bounded flatbuffer reader and the builder's steps.
// Programs use <protocols/runtime.h> and the generated functions instead.
//
// Both halves keep the first failure and turn every later step into a no-op that yields zero, so
// that callers check once, at the end.
#pragma once

#include <protocols/runtime.h>

// --------------------------------------------------------------------------------------- reader

// The bytes must not change while they are read: copy out of shared memory first.
// A place (uint32_t) is an offset from the start of the buffer.
typedef struct pg_decoder {
    const uint8_t* bytes;  // borrowed
    size_t size;
    const zx_handle_t* handles;  // borrowed
    size_t handle_count;
    uint64_t claimed;   // bit n: handles[n] was given to a field
    pg_arena_t* arena;  // borrowed
    size_t budget;      // bytes that may still be visited: bounds what sharing can blow up
    uint32_t depth;
    zx_status_t status;  // first failure
} pg_decoder_t;

// An open table. Its vtable is within the buffer and every present field within its table.
typedef struct pg_table {
    pg_decoder_t* decoder;  // borrowed
    uint32_t place;
    uint32_t size;
    uint32_t vtable;
    uint32_t vtable_size;
} pg_table_t;

// Reads the table at |place| into |out|, a zeroed structure. One is generated for each table.
typedef void (*pg_read_fn)(pg_decoder_t* decoder, uint32_t place, void* out);

void pg_decoder_init(pg_decoder_t* decoder, const uint8_t* bytes, size_t size,
                     const zx_handle_t* handles, size_t handle_count, pg_arena_t* arena);

// Notes |status| as the failure, unless there was one before.
void pg_decoder_fail(pg_decoder_t* decoder, zx_status_t status);

// Reads the root table into |out|, of |size| bytes, which is all zero on failure.
zx_status_t pg_decode(pg_decoder_t* decoder, pg_read_fn read, void* out, size_t size);

// False on failure; else pg_table_close() is due after the fields have been read.
bool pg_table_open(pg_decoder_t* decoder, uint32_t place, pg_table_t* out_table);
void pg_table_close(pg_table_t* table);

// Scalars; |fallback| when the field is absent.
bool pg_get_bool(const pg_table_t* table, uint32_t slot, bool fallback);
uint8_t pg_get_u8(const pg_table_t* table, uint32_t slot, uint8_t fallback);
uint16_t pg_get_u16(const pg_table_t* table, uint32_t slot, uint16_t fallback);
uint32_t pg_get_u32(const pg_table_t* table, uint32_t slot, uint32_t fallback);
uint64_t pg_get_u64(const pg_table_t* table, uint32_t slot, uint64_t fallback);

// ZX_HANDLE_INVALID when absent.
zx_handle_t pg_get_handle(const pg_table_t* table, uint32_t slot);

// NULL when absent.
const char* pg_get_string(const pg_table_t* table, uint32_t slot);

// Elements of 1, 2, 4 or 8 bytes, in the buffer, or in the arena where the buffer is not aligned
// for them. NULL when absent.
const void* pg_get_vector(const pg_table_t* table, uint32_t slot, size_t element_size,
                          size_t* out_count);

// As above for [bool]: in the arena, each element true or false.
const bool* pg_get_bools(const pg_table_t* table, uint32_t slot, size_t* out_count);

// NULL when absent; the array is in the arena.
const char* const* pg_get_strings(const pg_table_t* table, uint32_t slot, size_t* out_count);

// A nested table, read into the arena; NULL when absent. |size| is that of its structure.
const void* pg_get_object(const pg_table_t* table, uint32_t slot, pg_read_fn read, size_t size);
const void* pg_get_objects(const pg_table_t* table, uint32_t slot, pg_read_fn read, size_t size,
                           size_t* out_count);

// Fails unless |is_met|: a required field, a known enum value.
void pg_read_require(pg_decoder_t* decoder, bool is_met);

// Zeroed objects from the decoder's arena; NULL and a failure when there is no room. A count of 0
// gives a pointer that is not NULL.
void* pg_decoder_alloc(pg_decoder_t* decoder, size_t count, size_t size);

// -------------------------------------------------------------------------------------- builder

// A reference (uint32_t) names something already built: its distance from the end; 0 is absent.

void pg_builder_fail(pg_builder_t* builder, zx_status_t status);

// Around everything that a table consists of. False: nested too deeply, do not leave.
bool pg_build_enter(pg_builder_t* builder);
void pg_build_leave(pg_builder_t* builder);

uint32_t pg_build_string(pg_builder_t* builder, const char* string);
uint32_t pg_build_vector(pg_builder_t* builder, const void* elements, size_t count,
                         size_t element_size);
uint32_t pg_build_strings(pg_builder_t* builder, const char* const* strings, size_t count);

// Takes |handle| and returns its number in the message, 1 + index; 0 for ZX_HANDLE_INVALID.
uint32_t pg_build_handle(pg_builder_t* builder, zx_handle_t handle);

// Builds a table from its structure; 0 on failure. One is generated for each table.
typedef uint32_t (*pg_build_fn)(pg_builder_t* builder, const void* value);

// A vector of tables, whose structures have |size| bytes.
uint32_t pg_build_objects(pg_builder_t* builder, const void* elements, size_t count, size_t size,
                          pg_build_fn build);

// Fails unless |is_met|: a required field, a known enum value.
void pg_build_require(pg_builder_t* builder, bool is_met);

// The table itself, once everything it refers to is built. Values equal to |fallback| are left out.
void pg_build_table(pg_builder_t* builder, uint32_t field_count);
void pg_add_bool(pg_builder_t* builder, uint32_t slot, bool value, bool fallback);
void pg_add_u8(pg_builder_t* builder, uint32_t slot, uint8_t value, uint8_t fallback);
void pg_add_u16(pg_builder_t* builder, uint32_t slot, uint16_t value, uint16_t fallback);
void pg_add_u32(pg_builder_t* builder, uint32_t slot, uint32_t value, uint32_t fallback);
void pg_add_u64(pg_builder_t* builder, uint32_t slot, uint64_t value, uint64_t fallback);
void pg_add_reference(pg_builder_t* builder, uint32_t slot, uint32_t reference);
uint32_t pg_build_table_end(pg_builder_t* builder);

// Room for |size| bytes before everything else; NULL on failure.
uint8_t* pg_builder_push(pg_builder_t* builder, size_t size);

// Builds the root table and what refers to it. NULL is ZX_ERR_INVALID_ARGS.
zx_status_t pg_encode(pg_builder_t* builder, pg_build_fn build, const void* value);

// ---------------------------------------------------------------------- messages, for the services

// Encodes |value| and sends it; its handles are consumed, also on failure.
zx_status_t pg_send(zx_handle_t channel, uint32_t txid, uint64_t ordinal, pg_build_fn build,
                    const void* value);

// As above, as the answer to |responder|, whose ordinal must be |ordinal|.
zx_status_t pg_reply(const pg_responder_t* responder, uint64_t ordinal, pg_build_fn build,
                     const void* value);

// Sends, waits for the answer, keeps its bytes in |arena| and reads it into |out| of |size| bytes.
zx_status_t pg_call(zx_handle_t channel, uint64_t ordinal, pg_build_fn build, const void* value,
                    pg_arena_t* arena, pg_read_fn read, void* out, size_t size);

// Stack memory for a request while its hook runs; larger ones go on to the heap.
#define PG_DISPATCH_MEMORY 1024u

// Reads a request or a response from a message. The handles that it names leave the message; on
// failure they are all closed. A response that is only a failure gives its status.
zx_status_t pg_message_decode_request(pg_message_t* message, pg_arena_t* arena, pg_read_fn read,
                                      void* out, size_t size);
zx_status_t pg_message_decode_response(pg_message_t* message, pg_arena_t* arena, pg_read_fn read,
                                       void* out, size_t size);
