// SPDX-License-Identifier: MIT
// Receiving channel messages. The other end may be anybody: every count is checked against what has
// really arrived before it is used, and each received fd is either used or closed.
#include "message.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <zircon/syscalls.h>

#define MAX_BODY    (ZX_CHANNEL_MAX_MSG_BYTES + ZX_CHANNEL_MAX_MSG_HANDLES * sizeof(ko_msg_handle_t))
#define BUFFER_SIZE (sizeof(ko_msg_header_t) + MAX_BODY)

// Each thread receives into a buffer of its own, made at its first receive.
static _Thread_local uint8_t* thread_buffer;
static pthread_key_t buffer_key;
static pthread_once_t buffer_once = PTHREAD_ONCE_INIT;

// Another destructor of the thread may receive again after this one ran.
static void buffer_free(void* buffer) {
    thread_buffer = NULL;
    free(buffer);
}

static void buffer_start(void) {
    pthread_key_create(&buffer_key, buffer_free);
}

static uint8_t* buffer_get(void) {
    if (!thread_buffer) {
        pthread_once(&buffer_once, buffer_start);
        uint8_t* buffer = malloc(BUFFER_SIZE);
        if (!buffer || pthread_setspecific(buffer_key, buffer) != 0) {
            free(buffer);
            return NULL;
        }
        thread_buffer = buffer;
    }
    return thread_buffer;
}

// Collects the fds of a received datagram; the ones beyond the limit are closed.
static bool fds_collect(struct msghdr* received, ko_message_t* out) {
    bool fits = true;
    for (struct cmsghdr* header = CMSG_FIRSTHDR(received); header;
         header = CMSG_NXTHDR(received, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
            continue;
        }
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < count; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
            if (out->fd_count < KO_MSG_MAX_FDS) {
                out->fds[out->fd_count++] = fd;
            } else {
                fits = false;
                ko_fd_close(&fd);
            }
        }
    }
    return fits;
}

// Reads a body that came as a memfd, the first of the fds. Only a memfd has seals; reading it
// neither blocks nor changes under us.
static bool bulk_read(ko_message_t* out, uint8_t* body, size_t body_size) {
    if (out->fd_count == 0) {
        return false;
    }
    int seals = fcntl(out->fds[0], F_GET_SEALS);
    struct stat info;
    bool is_good = seals >= 0 && (seals & F_SEAL_WRITE) && (seals & F_SEAL_SHRINK) &&
                   fstat(out->fds[0], &info) == 0 && (uint64_t)info.st_size == body_size &&
                   pread(out->fds[0], body, body_size, 0) == (ssize_t)body_size;
    ko_fd_close(&out->fds[0]);
    out->fd_count--;
    memmove(&out->fds[0], &out->fds[1], out->fd_count * sizeof(int));
    return is_good;
}

bool ko_message_parse(uint8_t* buffer, size_t size, ko_message_t* out) {
    ko_msg_header_t header;
    if (size < sizeof(header)) {
        return false;
    }
    memcpy(&header, buffer, sizeof(header));
    if (header.magic != KO_MSG_MAGIC || (header.flags & ~KO_MSG_BULK) != 0 ||
        header.byte_count > ZX_CHANNEL_MAX_MSG_BYTES ||
        header.handle_count > ZX_CHANNEL_MAX_MSG_HANDLES || header.fd_count != out->fd_count) {
        return false;
    }
    size_t body_size = header.byte_count + header.handle_count * sizeof(ko_msg_handle_t);
    uint8_t* body = buffer + sizeof(header);
    if (header.flags & KO_MSG_BULK) {
        if (size != sizeof(header) || !bulk_read(out, body, body_size)) {
            return false;
        }
    } else if (size != sizeof(header) + body_size) {
        return false;
    }
    out->byte_count = header.byte_count;
    out->handle_count = header.handle_count;
    out->bytes = body;
    out->handles = body + header.byte_count;
    uint64_t fd_count = 0;
    for (uint32_t i = 0; i < out->handle_count; i++) {
        ko_msg_handle_t handle;
        memcpy(&handle, out->handles + i * sizeof(handle), sizeof(handle));
        if (handle.fd_count > KO_WIRE_MAX_FDS || handle.reserved != 0) {
            return false;
        }
        fd_count += handle.fd_count;
    }
    return fd_count == out->fd_count;
}

// A datagram of no bytes and an end of file look the same.
static bool socket_hung_up(int fd) {
    return (ko_fd_signals(fd) & __ZX_OBJECT_PEER_CLOSED) != 0;
}

static zx_status_t receive_failed(int fd, ssize_t size) {
    if (size == 0) {
        return socket_hung_up(fd) ? ZX_ERR_PEER_CLOSED : ZX_ERR_IO_DATA_INTEGRITY;
    }
    switch (errno) {
        case EAGAIN:
            return ZX_ERR_SHOULD_WAIT;
        case ENOMEM:
        case ENOBUFS:
            return ZX_ERR_NO_MEMORY;
        default:
            return ZX_ERR_PEER_CLOSED;
    }
}

// Receives one datagram; its fds are in `out`, on failure too. ZX_ERR_IO_DATA_INTEGRITY: it was
// cut.
static zx_status_t datagram_receive(int fd, uint8_t* buffer, size_t capacity, ko_message_t* out,
                                    size_t* out_size) {
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(KO_MSG_MAX_FDS * sizeof(int))];
    } control;
    struct iovec iov = {.iov_base = buffer, .iov_len = capacity};
    struct msghdr received = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t size = 0;
    // ECONNRESET says once that the peer left data unread; what it sent before comes after it.
    bool was_reset = false;
    do {
        was_reset = was_reset || (size < 0 && errno == ECONNRESET);
        received.msg_control = control.space;
        received.msg_controllen = sizeof(control.space);
        size = recvmsg(fd, &received, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (size < 0 && (errno == EINTR || (errno == ECONNRESET && !was_reset)));
    out->fd_count = 0;
    if (size < 0 || (size == 0 && received.msg_controllen == 0)) {
        return receive_failed(fd, size);
    }
    *out_size = (size_t)size;
    bool is_good = fds_collect(&received, out);
    is_good = is_good && (received.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) == 0;
    return is_good ? ZX_OK : ZX_ERR_IO_DATA_INTEGRITY;
}

zx_status_t ko_message_receive(int fd, ko_message_t* out) {
    uint8_t* buffer = buffer_get();
    if (!buffer) {
        return ZX_ERR_NO_MEMORY;
    }
    size_t size = 0;
    zx_status_t status = datagram_receive(fd, buffer, BUFFER_SIZE, out, &size);
    if (status == ZX_OK && !ko_message_parse(buffer, size, out)) {
        status = ZX_ERR_IO_DATA_INTEGRITY;
    }
    if (status != ZX_OK) {
        ko_message_close_fds(out);
    }
    return status;
}

zx_status_t ko_message_receive_fds(int socket, int fds[KO_MSG_MAX_FDS], uint32_t* out_count) {
    ko_message_t message;
    uint8_t byte;
    size_t size = 0;
    zx_status_t status = datagram_receive(socket, &byte, sizeof(byte), &message, &size);
    memcpy(fds, message.fds, message.fd_count * sizeof(int));
    *out_count = message.fd_count;
    return status;
}

ko_message_t* ko_message_keep(ko_message_t* message) {
    size_t handle_size = message->handle_count * sizeof(ko_msg_handle_t);
    ko_message_t* kept = malloc(sizeof(*kept) + handle_size + message->byte_count);
    if (!kept) {
        return NULL;
    }
    uint8_t* body = (uint8_t*)(kept + 1);
    kept->byte_count = message->byte_count;
    kept->handle_count = message->handle_count;
    kept->fd_count = message->fd_count;
    kept->bytes = body;
    kept->handles = body + message->byte_count;
    memcpy(body, message->bytes, message->byte_count);
    memcpy(body + message->byte_count, message->handles, handle_size);
    memcpy(kept->fds, message->fds, message->fd_count * sizeof(int));
    message->fd_count = 0;
    return kept;
}

void ko_message_close_fds(ko_message_t* message) {
    for (uint32_t i = 0; i < message->fd_count; i++) {
        ko_fd_close(&message->fds[i]);
    }
    message->fd_count = 0;
}

void ko_message_free(ko_message_t* kept) {
    if (kept) {
        ko_message_close_fds(kept);
        free(kept);
    }
}

// Rebuilds one object and gives it a handle. fds[] are the entries that belong to it; those used
// are set to -1.
static zx_status_t handle_open(const ko_msg_handle_t* handle, int* fds, zx_handle_info_t* out) {
    ko_import_fn* import = ko_import_find(handle->type);
    if (!import) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    ko_wire_t wire = {.fd_count = handle->fd_count, .fds = {-1, -1, -1, -1}};
    memcpy(wire.fds, fds, handle->fd_count * sizeof(int));
    memcpy(wire.words, handle->words, sizeof(wire.words));
    ko_object_t* object = NULL;
    zx_status_t status = import(&wire, &object);
    memcpy(fds, wire.fds, handle->fd_count * sizeof(int));
    if (status != ZX_OK) {
        return status;
    }
    object->koid = handle->koid;
    object->related_koid = handle->related_koid;
    *out = (zx_handle_info_t){.type = handle->type,
                              .rights = handle->rights & object->ops->default_rights};
    return ko_handle_make(object, out->rights, &out->handle);
}

zx_status_t ko_message_open_handles(ko_message_t* message, zx_handle_info_t* out) {
    zx_status_t status = ZX_OK;
    uint32_t fd_index = 0;
    uint32_t made = 0;
    while (made < message->handle_count) {
        ko_msg_handle_t handle;
        memcpy(&handle, message->handles + made * sizeof(handle), sizeof(handle));
        status = handle_open(&handle, &message->fds[fd_index], &out[made]);
        if (status != ZX_OK) {
            break;
        }
        fd_index += handle.fd_count;
        made++;
    }
    ko_message_close_fds(message);
    while (status != ZX_OK && made > 0) {
        zx_handle_close(out[--made].handle);
    }
    return status;
}
