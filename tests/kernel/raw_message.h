// SPDX-License-Identifier: MIT
// The other end of a channel as a stranger has it: a bare socket on which anything can be sent.
#pragma once

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <lx/fd.h>

#include "message.h"
#include "object_test.h"

typedef struct raw_end {
    int fd;               // the stranger's
    zx_handle_t channel;  // ours
} raw_end_t;

static inline void raw_open(raw_end_t* raw) {
    int fds[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
    raw->fd = fds[0];
    expect_ok(lx_channel_from_fd(fds[1], &raw->channel));
}

static inline void raw_close(raw_end_t* raw) {
    ko_fd_close(&raw->fd);
    test_close(raw->channel);
}

// One datagram; `fds` stay the caller's.
static inline void raw_send(raw_end_t* raw, const void* bytes, size_t size, const int* fds,
                            size_t fd_count) {
    union {
        struct cmsghdr align;
        char space[CMSG_SPACE(KO_MSG_MAX_FDS * sizeof(int))];
    } control;
    memset(&control, 0, sizeof(control));
    struct iovec iov = {.iov_base = (void*)(uintptr_t)bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd_count > 0) {
        cr_assert_leq(fd_count, KO_MSG_MAX_FDS);
        message.msg_control = control.space;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        struct cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(header), fds, fd_count * sizeof(int));
    }
    cr_assert_eq(sendmsg(raw->fd, &message, MSG_NOSIGNAL), (ssize_t)size, "errno %d", errno);
}

// A message of one handle; what `handle` says of it may be lies.
typedef struct raw_one_handle {
    ko_msg_header_t header;
    ko_msg_handle_t handle;
} raw_one_handle_t;

static inline void raw_send_handle(raw_end_t* raw, const ko_msg_handle_t* handle, const int* fds) {
    raw_one_handle_t message = {.header = {.magic = KO_MSG_MAGIC,
                                           .handle_count = 1,
                                           .fd_count = (uint16_t)handle->fd_count},
                                .handle = *handle};
    raw_send(raw, &message, sizeof(message), fds, handle->fd_count);
}

// Reads with room for everything; handles that come out are closed.
static inline zx_status_t raw_read(raw_end_t* raw) {
    static uint8_t bytes[ZX_CHANNEL_MAX_MSG_BYTES];
    zx_handle_t handles[ZX_CHANNEL_MAX_MSG_HANDLES];
    uint32_t size = 0;
    uint32_t count = 0;
    zx_status_t status = zx_channel_read(raw->channel, 0, bytes, handles, sizeof(bytes),
                                         countof(handles), &size, &count);
    if (status == ZX_OK) {
        expect_ok(zx_handle_close_many(handles, count));
    }
    return status;
}

// The message that was sent is refused, once, and the channel is dead from then on.
static inline void raw_expect_refused(raw_end_t* raw) {
    expect_status(raw_read(raw), ZX_ERR_IO_DATA_INTEGRITY);
    expect_status(raw_read(raw), ZX_ERR_PEER_CLOSED);
    expect_status(zx_channel_write(raw->channel, 0, "x", 1, NULL, 0), ZX_ERR_PEER_CLOSED);
    cr_assert_eq(test_signals(raw->channel), ZX_CHANNEL_PEER_CLOSED);
}

static inline int raw_memfd(size_t size, int seals) {
    int fd = memfd_create("raw", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    cr_assert(fd >= 0 && ftruncate(fd, (off_t)size) == 0);
    cr_assert_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}
