// SPDX-License-Identifier: MIT
// pg_message_t: what came in on a channel; owns its bytes and the handles that nobody took yet.
#include <protocols/wire.h>

#include <stdlib.h>
#include <string.h>

#define SMALL_MESSAGE 1024u

_Static_assert(sizeof(pg_header_t) == 16, "the header is part of the wire format");
_Static_assert(ZX_CHANNEL_MAX_MSG_HANDLES <= 64, "claimed handles are bits of a uint64_t");

void pg_message_close_handles(pg_message_t* message) {
    for (uint32_t i = 0; i < message->handle_count; i++) {
        if (message->handles[i] != ZX_HANDLE_INVALID) {
            zx_handle_close(message->handles[i]);
        }
    }
    message->handle_count = 0;
}

void pg_message_fini(pg_message_t* message) {
    if (message == NULL) {
        return;
    }
    pg_message_close_handles(message);
    free(message->buffer);
    message->buffer = NULL;
    message->body = NULL;
    message->body_size = 0;
}

// Marks the handles that a decoded value has now.
static void message_claim(pg_message_t* message, uint64_t claimed) {
    for (uint32_t i = 0; i < message->handle_count; i++) {
        if ((claimed >> i & 1) != 0) {
            message->handles[i] = ZX_HANDLE_INVALID;
        }
    }
}

// Splits |size| bytes into header and body. The handles are in the message already.
static zx_status_t message_parse(pg_message_t* message, const uint8_t* bytes, size_t size) {
    if (size < sizeof(pg_header_t) || size > ZX_CHANNEL_MAX_MSG_BYTES) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    memcpy(&message->header, bytes, sizeof(pg_header_t));
    message->body = bytes + sizeof(pg_header_t);
    message->body_size = size - sizeof(pg_header_t);
    return (message->header.flags & ~PG_FLAG_ERROR) == 0 ? ZX_OK : ZX_ERR_IO_DATA_INTEGRITY;
}

// Reads the next message into message->buffer. Most are small; a larger one stays where it is while
// memory of its size is fetched.
static zx_status_t message_receive(zx_handle_t channel, pg_message_t* message, uint32_t* out_size) {
    uint8_t small[SMALL_MESSAGE];
    zx_status_t status =
        zx_channel_read(channel, 0, small, message->handles, sizeof(small),
                        ZX_CHANNEL_MAX_MSG_HANDLES, out_size, &message->handle_count);
    if (status == ZX_OK) {
        message->buffer = malloc(*out_size == 0 ? 1 : *out_size);
        if (message->buffer == NULL) {
            pg_message_close_handles(message);
            return ZX_ERR_NO_MEMORY;
        }
        memcpy(message->buffer, small, *out_size);
    }
    // Another reader may take it meanwhile, so that the next one comes, of another size.
    while (status == ZX_ERR_BUFFER_TOO_SMALL) {
        const uint32_t size = *out_size;
        free(message->buffer);
        message->buffer = malloc(size);
        if (message->buffer == NULL) {
            return ZX_ERR_NO_MEMORY;
        }
        status = zx_channel_read(channel, 0, message->buffer, message->handles, size,
                                 ZX_CHANNEL_MAX_MSG_HANDLES, out_size, &message->handle_count);
    }
    return status;
}

zx_status_t pg_message_read(zx_handle_t channel, pg_message_t* out_message) {
    pg_message_t message = {0};
    uint32_t size = 0;
    zx_status_t status = message_receive(channel, &message, &size);
    if (status != ZX_OK) {
        free(message.buffer);
        return status;
    }
    status = message_parse(&message, message.buffer, size);
    if (status != ZX_OK) {
        pg_message_fini(&message);
        return status;
    }
    *out_message = message;
    return ZX_OK;
}

zx_status_t pg_message_from_bytes(const void* bytes, size_t size, const zx_handle_t* handles,
                                  size_t handle_count, pg_message_t* out_message) {
    pg_message_t message = {0};
    for (size_t i = 0; i < handle_count; i++) {
        if (i < ZX_CHANNEL_MAX_MSG_HANDLES) {
            message.handles[message.handle_count++] = handles[i];
        } else {
            zx_handle_close(handles[i]);
        }
    }
    zx_status_t status = message_parse(&message, bytes, size);
    if (status == ZX_OK && handle_count > ZX_CHANNEL_MAX_MSG_HANDLES) {
        status = ZX_ERR_IO_DATA_INTEGRITY;
    }
    if (status != ZX_OK) {
        pg_message_fini(&message);
        return status;
    }
    *out_message = message;
    return ZX_OK;
}

zx_status_t pg_message_decode_request(pg_message_t* message, pg_arena_t* arena, pg_read_fn read,
                                      void* out, size_t size) {
    pg_decoder_t decoder;
    pg_decoder_init(&decoder, message->body, message->body_size, message->handles,
                    message->handle_count, arena);
    pg_read_require(&decoder, message->header.flags == 0);
    const zx_status_t status = pg_decode(&decoder, read, out, size);
    if (status != ZX_OK) {
        pg_message_close_handles(message);
        return status;
    }
    message_claim(message, decoder.claimed);
    return ZX_OK;
}

// The status in an answer that is only a failure.
static zx_status_t message_error(const pg_message_t* message) {
    int32_t status = 0;
    if (message->body_size != sizeof(status)) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    memcpy(&status, message->body, sizeof(status));
    return status < 0 ? status : ZX_ERR_IO_DATA_INTEGRITY;
}

zx_status_t pg_message_decode_response(pg_message_t* message, pg_arena_t* arena, pg_read_fn read,
                                       void* out, size_t size) {
    if ((message->header.flags & PG_FLAG_ERROR) != 0) {
        memset(out, 0, size);
        pg_message_close_handles(message);
        return message_error(message);
    }
    return pg_message_decode_request(message, arena, read, out, size);
}

pg_responder_t pg_message_responder(zx_handle_t channel, const pg_message_t* message) {
    return (pg_responder_t){channel, message->header.txid, message->header.ordinal};
}
