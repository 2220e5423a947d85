// SPDX-License-Identifier: MIT
// Sending: requests, answers and calls that wait for their answer.
#include <protocols/wire.h>

#include <string.h>

// Puts the header before the finished flatbuffer. Whatever the alignment of the flatbuffer, header
// and body stay contiguous, as the header has 16 bytes.
static zx_status_t push_header(pg_builder_t* builder, uint32_t txid, uint64_t ordinal) {
    if (builder->status != ZX_OK) {
        return builder->status;
    }
    const pg_header_t header = {.txid = txid, .ordinal = ordinal};
    uint8_t* bytes = pg_builder_push(builder, sizeof(header));
    if (bytes == NULL) {
        return builder->status;
    }
    memcpy(bytes, &header, sizeof(header));
    return ZX_OK;
}

zx_status_t pg_send(zx_handle_t channel, uint32_t txid, uint64_t ordinal, pg_build_fn build,
                    const void* value) {
    pg_builder_t builder;
    pg_builder_init(&builder);
    pg_encode(&builder, build, value);
    zx_status_t status = push_header(&builder, txid, ordinal);
    if (status == ZX_OK) {
        size_t size;
        const uint8_t* bytes = pg_builder_bytes(&builder, &size);
        const uint32_t handle_count = pg_builder_take_handles(&builder, NULL);
        status = zx_channel_write(channel, 0, bytes, (uint32_t)size, builder.handles, handle_count);
    }
    pg_builder_fini(&builder);
    return status;
}

zx_status_t pg_reply(const pg_responder_t* responder, uint64_t ordinal, pg_build_fn build,
                     const void* value) {
    // An answer to another method would be malformed for its receiver. A channel that is none makes
    // sending fail and consume the handles.
    const bool is_match = responder->ordinal == ordinal;
    const zx_status_t status = pg_send(is_match ? responder->channel : ZX_HANDLE_INVALID,
                                       responder->txid, ordinal, build, value);
    return is_match ? status : ZX_ERR_INVALID_ARGS;
}

// Sends the finished builder and waits for the answer, read into |answer|, which has room for the
// largest one. The handles of both are moved.
static zx_status_t exchange(zx_handle_t channel, pg_builder_t* builder, uint8_t* answer,
                            uint32_t* out_size, zx_handle_t* out_handles, uint32_t* out_count) {
    size_t size;
    const uint8_t* bytes = pg_builder_bytes(builder, &size);
    const uint32_t handle_count = pg_builder_take_handles(builder, NULL);
    const zx_channel_call_args_t args = {
        .wr_bytes = bytes,
        .wr_handles = builder->handles,
        .wr_num_bytes = (uint32_t)size,
        .wr_num_handles = handle_count,
        .rd_bytes = answer,
        .rd_handles = out_handles,
        .rd_num_bytes = ZX_CHANNEL_MAX_MSG_BYTES,
        .rd_num_handles = ZX_CHANNEL_MAX_MSG_HANDLES,
    };
    return zx_channel_call(channel, 0, ZX_TIME_INFINITE, &args, out_size, out_count);
}

// Sends the finished builder; the answer's bytes end up in the arena, where decoded values point.
static zx_status_t call(zx_handle_t channel, pg_builder_t* builder, pg_arena_t* arena,
                        pg_message_t* out_message) {
    // Room for the largest answer. Only what the answer fills is touched.
    uint8_t answer[ZX_CHANNEL_MAX_MSG_BYTES];
    zx_handle_t handles[ZX_CHANNEL_MAX_MSG_HANDLES];
    uint32_t size = 0;
    uint32_t handle_count = 0;
    zx_status_t status = exchange(channel, builder, answer, &size, handles, &handle_count);
    if (status == ZX_OK) {
        uint8_t* kept = pg_arena_alloc(arena, 1, size);
        if (kept != NULL) {
            memcpy(kept, answer, size);
            status = pg_message_from_bytes(kept, size, handles, handle_count, out_message);
        } else {
            zx_handle_close_many(handles, handle_count);
            status = ZX_ERR_NO_MEMORY;
        }
    }
    return status;
}

zx_status_t pg_call(zx_handle_t channel, uint64_t ordinal, pg_build_fn build, const void* value,
                    pg_arena_t* arena, pg_read_fn read, void* out, size_t size) {
    memset(out, 0, size);
    pg_builder_t builder;
    pg_builder_init(&builder);
    pg_encode(&builder, build, value);
    zx_status_t status = push_header(&builder, 0, ordinal);
    pg_message_t message;
    if (status == ZX_OK) {
        status = call(channel, &builder, arena, &message);
    }
    pg_builder_fini(&builder);
    if (status != ZX_OK) {
        return status;
    }
    if (message.header.ordinal == ordinal) {
        status = pg_message_decode_response(&message, arena, read, out, size);
    } else {
        status = ZX_ERR_IO_DATA_INTEGRITY;
    }
    pg_message_fini(&message);
    return status;
}

zx_status_t pg_reply_error(const pg_responder_t* responder, zx_status_t status) {
    if (status >= 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint8_t bytes[sizeof(pg_header_t) + sizeof(int32_t)];
    const pg_header_t header = {
        .txid = responder->txid, .flags = PG_FLAG_ERROR, .ordinal = responder->ordinal};
    const int32_t code = status;
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), &code, sizeof(code));
    return zx_channel_write(responder->channel, 0, bytes, sizeof(bytes), NULL, 0);
}
