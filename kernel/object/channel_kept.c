// SPDX-License-Identifier: MIT
// The messages that a channel has taken from its socket and nobody has read, on their way to
// another process with the channel.
//
// A sealed memfd holds the messages one behind the other, each as it would be in a datagram
// (message.h). Their fds, in the same order, wait in a socket whose other end is closed, as many to
// a datagram as fit.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "channel.h"

#define SEALS     (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)
#define POOL_SIZE (KO_CHANNEL_MAX_KEPT_FDS + KO_MSG_MAX_FDS)

typedef struct fd_pool {
    uint32_t count;
    uint32_t next;  // the first that is not handed out
    int fds[POOL_SIZE];
} fd_pool_t;

static size_t body_size(uint32_t byte_count, uint32_t handle_count) {
    return byte_count + handle_count * sizeof(ko_msg_handle_t);
}

// ---- leaving

static bool write_all(int fd, const void* bytes, size_t size) {
    return write(fd, bytes, size) == (ssize_t)size;
}

static bool write_message(int fd, const ko_message_t* kept) {
    const ko_msg_header_t header = {.magic = KO_MSG_MAGIC,
                                    .byte_count = kept->byte_count,
                                    .handle_count = (uint16_t)kept->handle_count,
                                    .fd_count = (uint16_t)kept->fd_count};
    // The handles of a kept message lie behind its bytes.
    return write_all(fd, &header, sizeof(header)) &&
           write_all(fd, kept->bytes, body_size(kept->byte_count, kept->handle_count));
}

static void give(ko_wire_t* out, int fd) {
    out->given |= 1u << out->fd_count;
    out->fds[out->fd_count++] = fd;
}

static zx_status_t export_records(const list_node_t* kept, ko_wire_t* out) {
    int fd = memfd_create("zx-kept", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return ZX_ERR_NO_RESOURCES;
    }
    bool is_good = true;
    size_t total = 0;
    const ko_message_t* message;
    list_for_every_entry(kept, message, ko_message_t, node) {
        total += sizeof(ko_msg_header_t) + body_size(message->byte_count, message->handle_count);
        is_good = is_good && total <= KO_CHANNEL_MAX_MOVED_BYTES && write_message(fd, message);
    }
    if (!is_good || fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
        ko_fd_close(&fd);
        return ZX_ERR_NO_RESOURCES;
    }
    give(out, fd);
    return ZX_OK;
}

static bool send_pool(int socket, const fd_pool_t* pool) {
    for (uint32_t sent = 0; sent < pool->count; sent += KO_MSG_MAX_FDS) {
        uint32_t count = pool->count - sent;
        count = count < KO_MSG_MAX_FDS ? count : KO_MSG_MAX_FDS;
        if (ko_message_send_fds(socket, &pool->fds[sent], count) != 0) {
            return false;
        }
    }
    return true;
}

static zx_status_t export_fds(const list_node_t* kept, ko_wire_t* out) {
    fd_pool_t pool = {.count = 0};
    const ko_message_t* message;
    list_for_every_entry(kept, message, ko_message_t, node) {
        memcpy(&pool.fds[pool.count], message->fds, message->fd_count * sizeof(int));
        pool.count += message->fd_count;
    }
    if (pool.count == 0) {
        return ZX_OK;
    }
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0) {
        return ZX_ERR_NO_RESOURCES;
    }
    bool is_sent = send_pool(ends[0], &pool);
    ko_fd_close(&ends[0]);
    if (!is_sent) {
        ko_fd_close(&ends[1]);
        return ZX_ERR_NO_RESOURCES;
    }
    give(out, ends[1]);
    return ZX_OK;
}

zx_status_t ko_kept_export(const list_node_t* kept, ko_wire_t* out) {
    zx_status_t status = export_records(kept, out);
    return status == ZX_OK ? export_fds(kept, out) : status;
}

// ---- arriving: nothing in it can be trusted

static void pool_close(fd_pool_t* pool) {
    while (pool->next < pool->count) {
        ko_fd_close(&pool->fds[pool->next++]);
    }
}

// Takes all fds out of the socket, which must have been closed behind them. Each datagram brings
// some: a writer that is still there cannot keep this thread for ever.
static bool receive_pool(int socket, fd_pool_t* pool) {
    for (;;) {
        uint32_t count = 0;
        int fds[KO_MSG_MAX_FDS];
        zx_status_t status = ko_message_receive_fds(socket, fds, &count);
        for (uint32_t i = 0; i < count; i++) {
            if (pool->count < POOL_SIZE) {
                pool->fds[pool->count++] = fds[i];
            } else {
                ko_fd_close(&fds[i]);
                status = ZX_ERR_IO_DATA_INTEGRITY;
            }
        }
        if (status != ZX_OK || count == 0) {
            return status == ZX_ERR_PEER_CLOSED;
        }
    }
}

// Reads the message at *offset, moves behind it, and gives it its fds.
static zx_status_t unpack_message(int fd, off_t* offset, fd_pool_t* pool, uint8_t* buffer,
                                  ko_message_t** out) {
    ko_msg_header_t header;
    ko_message_t message;
    if (pread(fd, &header, sizeof(header), *offset) != (ssize_t)sizeof(header) ||
        header.flags != 0 || header.byte_count > ZX_CHANNEL_MAX_MSG_BYTES ||
        header.handle_count > ZX_CHANNEL_MAX_MSG_HANDLES || header.fd_count > KO_MSG_MAX_FDS ||
        header.fd_count > pool->count - pool->next) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    size_t size = sizeof(header) + body_size(header.byte_count, header.handle_count);
    if (pread(fd, buffer, size, *offset) != (ssize_t)size) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    *offset += (off_t)size;
    message.fd_count = header.fd_count;
    memcpy(message.fds, &pool->fds[pool->next], header.fd_count * sizeof(int));
    pool->next += header.fd_count;
    bool is_good = ko_message_parse(buffer, size, &message);
    *out = is_good ? ko_message_keep(&message) : NULL;
    if (!*out) {
        ko_message_close_fds(&message);
        return is_good ? ZX_ERR_NO_MEMORY : ZX_ERR_IO_DATA_INTEGRITY;
    }
    return ZX_OK;
}

static bool records_are_good(int fd, off_t* out_size) {
    const int needed = F_SEAL_SHRINK | F_SEAL_WRITE;
    struct stat info;
    int seals = fcntl(fd, F_GET_SEALS);
    if (seals < 0 || (seals & needed) != needed || fstat(fd, &info) < 0) {
        return false;
    }
    *out_size = info.st_size;
    return info.st_size <= (off_t)KO_CHANNEL_MAX_MOVED_BYTES;
}

static zx_status_t unpack_all(int records, off_t size, uint32_t count, fd_pool_t* pool,
                              list_node_t* out) {
    uint8_t* buffer = malloc(sizeof(ko_msg_header_t) +
                             body_size(ZX_CHANNEL_MAX_MSG_BYTES, ZX_CHANNEL_MAX_MSG_HANDLES));
    if (!buffer) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = ZX_OK;
    off_t offset = 0;
    for (uint32_t i = 0; i < count && status == ZX_OK; i++) {
        ko_message_t* message = NULL;
        status = unpack_message(records, &offset, pool, buffer, &message);
        if (status == ZX_OK) {
            list_add_tail(out, &message->node);
        }
    }
    free(buffer);
    bool is_whole = offset == size && pool->next == pool->count;
    return status == ZX_OK && !is_whole ? ZX_ERR_IO_DATA_INTEGRITY : status;
}

zx_status_t ko_kept_unpack(int records, int fds, uint64_t count, list_node_t* out) {
    fd_pool_t pool = {.count = 0};
    off_t size = 0;
    zx_status_t status = ZX_ERR_IO_DATA_INTEGRITY;
    if (count > 0 && count <= KO_CHANNEL_MAX_KEPT && records_are_good(records, &size) &&
        (fds < 0 || (ko_fd_is_seqpacket(fds) && receive_pool(fds, &pool)))) {
        status = unpack_all(records, size, (uint32_t)count, &pool, out);
    }
    pool_close(&pool);
    ko_message_t* message;
    while (status != ZX_OK && (message = list_remove_head_type(out, ko_message_t, node))) {
        ko_message_free(message);
    }
    return status;
}
