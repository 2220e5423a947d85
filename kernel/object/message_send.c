// SPDX-License-Identifier: MIT
// Sending channel messages.
#include "message.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <zircon/syscalls.h>

#define PLAIN_MAX 512u

static zx_status_t outgoing_check(const ko_object_t* object, zx_rights_t rights,
                                  const ko_object_t* self) {
    if (object == self) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if ((rights & ZX_RIGHT_TRANSFER) == 0) {
        return ZX_ERR_ACCESS_DENIED;
    }
    return object->ops->export_wire ? ZX_OK : ZX_ERR_NOT_SUPPORTED;
}

// Describes handle `index`, whose object and rights are in place.
static zx_status_t outgoing_describe(ko_outgoing_t* out, uint32_t index, zx_rights_t rights) {
    ko_object_t* object = out->objects[index];
    ko_wire_t wire;
    memset(&wire, 0, sizeof(wire));
    zx_status_t status = object->ops->export_wire(object, &wire);
    bool fits = out->fd_count + wire.fd_count <= KO_MSG_MAX_FDS;
    for (uint32_t i = 0; i < wire.fd_count; i++) {
        if ((wire.given & 1u << i) && fits) {
            out->given[out->given_count++] = wire.fds[i];
        } else if (wire.given & 1u << i) {
            ko_fd_close(&wire.fds[i]);
        }
    }
    if (status != ZX_OK || !fits) {
        return status != ZX_OK ? status : ZX_ERR_NO_RESOURCES;
    }
    memcpy(&out->fds[out->fd_count], wire.fds, wire.fd_count * sizeof(int));
    out->fd_count += wire.fd_count;
    ko_msg_handle_t* handle = &out->handles[index];
    *handle = (ko_msg_handle_t){.type = object->ops->type,
                                .rights = rights,
                                .fd_count = wire.fd_count,
                                .koid = object->koid,
                                .related_koid = object->related_koid};
    memcpy(handle->words, wire.words, sizeof(handle->words));
    return ZX_OK;
}

zx_status_t ko_outgoing_init(ko_outgoing_t* out, const void* bytes, uint32_t byte_count,
                             const zx_handle_t* handles, uint32_t handle_count,
                             const ko_object_t* self) {
    out->bytes = bytes;
    out->byte_count = byte_count;
    out->has_txid = false;
    out->handle_count = 0;
    out->fd_count = 0;
    out->given_count = 0;
    if ((byte_count > 0 && !bytes) || (handle_count > 0 && !handles)) {
        if (handles) {
            zx_handle_close_many(handles, handle_count);
        }
        return ZX_ERR_INVALID_ARGS;
    }
    if (byte_count > ZX_CHANNEL_MAX_MSG_BYTES || handle_count > ZX_CHANNEL_MAX_MSG_HANDLES) {
        zx_handle_close_many(handles, handle_count);
        return ZX_ERR_OUT_OF_RANGE;
    }
    zx_rights_t rights[ZX_CHANNEL_MAX_MSG_HANDLES];
    zx_status_t result = ZX_OK;
    for (uint32_t i = 0; i < handle_count; i++) {
        ko_object_t* object = NULL;
        zx_status_t status = ko_handle_take(handles[i], &object, &rights[i]);
        if (status == ZX_OK) {
            rights[out->handle_count] = rights[i];
            out->objects[out->handle_count++] = object;
            status = outgoing_check(object, rights[i], self);
        }
        result = result == ZX_OK ? status : result;
    }
    for (uint32_t i = 0; i < out->handle_count && result == ZX_OK; i++) {
        result = outgoing_describe(out, i, rights[i]);
    }
    if (result != ZX_OK) {
        ko_outgoing_fini(out);
    }
    return result;
}

void ko_outgoing_fini(ko_outgoing_t* out) {
    while (out->handle_count > 0) {
        ko_taken_drop(out->objects[--out->handle_count]);
    }
    while (out->given_count > 0) {
        ko_fd_close(&out->given[--out->given_count]);
    }
    out->fd_count = 0;
}

// Fills the pieces of the message after the header; returns how many.
static int outgoing_body(ko_outgoing_t* out, struct iovec iov[3]) {
    int count = 0;
    uint32_t skip = 0;
    if (out->has_txid) {
        iov[count++] = (struct iovec){.iov_base = &out->txid, .iov_len = sizeof(out->txid)};
        skip = sizeof(out->txid);
    }
    if (out->byte_count > skip) {
        iov[count++] = (struct iovec){.iov_base = (void*)(uintptr_t)(out->bytes + skip),
                                      .iov_len = out->byte_count - skip};
    }
    if (out->handle_count > 0) {
        iov[count++] = (struct iovec){.iov_base = out->handles,
                                      .iov_len = out->handle_count * sizeof(out->handles[0])};
    }
    return count;
}

static zx_status_t send_status(int error) {
    switch (error) {
        case EAGAIN:
            return ZX_ERR_SHOULD_WAIT;
        case EPIPE:
        case ECONNRESET:
        case ENOTCONN:
            return ZX_ERR_PEER_CLOSED;
        case ENOMEM:
        case ENOBUFS:
            return ZX_ERR_NO_MEMORY;
        default:
            return ZX_ERR_NO_RESOURCES;
    }
}

// One datagram: iov, and up to KO_MSG_MAX_FDS fds. Returns 0 or an errno.
static int datagram_send(int fd, struct iovec* iov, size_t iov_count, const int* fds,
                         uint32_t fd_count) {
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(KO_MSG_MAX_FDS * sizeof(int))];
    } control;
    struct msghdr message = {.msg_iov = iov, .msg_iovlen = iov_count};
    if (fd_count > 0) {
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
    }
    for (;;) {
        if (sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
            return 0;
        }
        if (errno != EINTR) {
            return errno;
        }
    }
}

int ko_message_send_fds(int socket, const int* fds, uint32_t count) {
    char byte = 0;
    struct iovec iov = {.iov_base = &byte, .iov_len = sizeof(byte)};
    return datagram_send(socket, &iov, 1, fds, count);
}

// Writes the body into a memfd that nobody can change afterwards. -1 on failure.
static int bulk_create(const struct iovec* iov, int iov_count) {
    int fd = memfd_create("zx-message", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    for (int i = 0; i < iov_count && fd >= 0; i++) {
        if (write(fd, iov[i].iov_base, iov[i].iov_len) != (ssize_t)iov[i].iov_len) {
            ko_fd_close(&fd);
        }
    }
    int seals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
    if (fd >= 0 && fcntl(fd, F_ADD_SEALS, seals) < 0) {
        ko_fd_close(&fd);
    }
    return fd;
}

static int bulk_send(ko_outgoing_t* out, int fd, ko_msg_header_t header, struct iovec* iov,
                     int body_count) {
    if (out->fd_count == KO_MSG_MAX_FDS) {
        return ETOOMANYREFS;
    }
    int bulk = bulk_create(&iov[1], body_count);
    if (bulk < 0) {
        return ENFILE;
    }
    int fds[KO_MSG_MAX_FDS];
    fds[0] = bulk;
    memcpy(&fds[1], out->fds, out->fd_count * sizeof(int));
    header.flags |= KO_MSG_BULK;
    header.fd_count++;
    iov[0].iov_base = &header;
    int error = datagram_send(fd, iov, 1, fds, out->fd_count + 1);
    ko_fd_close(&bulk);
    return error;
}

// A short message without handles: one copy costs less than telling the kernel of several pieces.
static int plain_send(const ko_outgoing_t* out, int fd, const ko_msg_header_t* header) {
    uint8_t datagram[sizeof(*header) + PLAIN_MAX];
    memcpy(datagram, header, sizeof(*header));
    if (out->byte_count > 0) {
        memcpy(datagram + sizeof(*header), out->bytes, out->byte_count);
    }
    if (out->has_txid) {
        memcpy(datagram + sizeof(*header), &out->txid, sizeof(out->txid));
    }
    for (;;) {
        size_t size = sizeof(*header) + out->byte_count;
        if (send(fd, datagram, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
            return 0;
        }
        if (errno != EINTR) {
            return errno;
        }
    }
}

zx_status_t ko_outgoing_send(ko_outgoing_t* out, int fd) {
    ko_msg_header_t header = {.magic = KO_MSG_MAGIC,
                              .byte_count = out->byte_count,
                              .handle_count = (uint16_t)out->handle_count,
                              .fd_count = (uint16_t)out->fd_count};
    int error = 0;
    if (out->handle_count == 0 && out->byte_count <= PLAIN_MAX) {
        error = plain_send(out, fd, &header);
    } else {
        struct iovec iov[4] = {{.iov_base = &header, .iov_len = sizeof(header)}};
        int body_count = outgoing_body(out, &iov[1]);
        error = datagram_send(fd, iov, (size_t)body_count + 1, out->fds, out->fd_count);
        if (error == EMSGSIZE) {
            error = bulk_send(out, fd, header, iov, body_count);
        }
    }
    return error == 0 ? ZX_OK : send_status(error);
}
