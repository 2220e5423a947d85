// SPDX-License-Identifier: MIT
// What goes wrong between this process and one that runs in the sandbox (child_errors.c): rights
// that were taken away, peers that are gone, messages that are none.
#include "child_run.h"

#include <sys/socket.h>

#include <lx/fd.h>
#include <lx/resource.h>

#include "child_errors.h"
#include "message.h"

TestSuite(sandbox_errors, .timeout = 60);

#define GIVES(call, wanted) cr_assert_eq((call), (wanted))

// One of each; the other ends of the pairs go into `ends`.
static void make(zx_handle_t h[ERRORS_COUNT], zx_handle_t ends[4]) {
    OK(zx_event_create(0, &h[ERRORS_EVENT]));
    OK(zx_eventpair_create(0, &h[ERRORS_EVENTPAIR], &ends[0]));
    OK(zx_vmo_create(4096, 0, &h[ERRORS_VMO]));
    OK(zx_fifo_create(4, 4, 0, &h[ERRORS_FIFO], &ends[1]));
    OK(zx_channel_create(0, &h[ERRORS_CHANNEL], &ends[2]));
    OK(zx_socket_create(0, &h[ERRORS_SOCKET], &ends[3]));
    OK(zx_interrupt_create(ZX_HANDLE_INVALID, 0, ZX_INTERRUPT_VIRTUAL, &h[ERRORS_INTERRUPT]));
    OK(lx_root_resource_create(&h[ERRORS_RESOURCE]));
}

static void send_weak(zx_handle_t channel) {
    zx_handle_t h[ERRORS_COUNT], ends[4];
    make(h, ends);
    for (int i = 0; i < ERRORS_COUNT; i++) {
        OK(zx_handle_replace(h[i], ZX_RIGHT_TRANSFER, &h[i]));
    }
    OK(zx_channel_write(channel, 0, NULL, 0, h, ERRORS_COUNT));
    OK(zx_handle_close_many(ends, 4));
}

static void send_orphans(zx_handle_t channel) {
    zx_handle_t h[ERRORS_COUNT], ends[4];
    uint32_t element = 77;
    size_t actual;
    make(h, ends);
    OK(zx_fifo_write(ends[1], 4, &element, 1, NULL));
    OK(zx_channel_write(ends[2], 0, "left", 4, NULL, 0));
    OK(zx_socket_write(ends[3], 0, "left ", 5, &actual));
    OK(zx_interrupt_destroy(h[ERRORS_INTERRUPT]));
    OK(zx_channel_write(channel, 0, NULL, 0, h, ERRORS_COUNT));
    OK(zx_handle_close_many(ends, 4));
}

static void exchange_kept(zx_handle_t channel) {
    zx_handle_t ends[2], vmo, back;
    char bytes[8] = "";
    uint32_t size = 0, count = 0;
    OK(zx_channel_create(0, &ends[0], &ends[1]));
    OK(zx_vmo_create(4096, 0, &vmo));
    OK(zx_vmo_write(vmo, "deep", 0, 4));
    OK(zx_channel_write(ends[0], 0, "kept", 4, &vmo, 1));
    OK(zx_channel_write(ends[0], 0, "rest", 4, NULL, 0));
    GIVES(zx_channel_read(ends[1], 0, NULL, NULL, 0, 0, &size, &count), ZX_ERR_BUFFER_TOO_SMALL);
    OK(zx_channel_write(channel, 0, NULL, 0, &ends[1], 1));
    OK(zx_object_wait_one(channel, ZX_CHANNEL_READABLE, EVER, NULL));
    OK(zx_channel_read(channel, 0, NULL, &back, 0, 1, NULL, &count));
    OK(zx_channel_read(back, 0, bytes, &vmo, 8, 1, &size, &count));
    cr_assert(size == 4 && memcmp(bytes, "mine", 4) == 0);
    OK(zx_vmo_read(vmo, bytes, 0, 4));
    cr_assert_eq(memcmp(bytes, "deep", 4), 0);
    GIVES(zx_channel_read(back, 0, bytes, NULL, 8, 0, &size, NULL), ZX_ERR_PEER_CLOSED);
    const zx_handle_t all[] = {ends[0], back, vmo};
    OK(zx_handle_close_many(all, 3));
}

static void send_pipe(zx_handle_t channel) {
    zx_handle_t reader;
    int fd;
    OK(lx_pipe_create(&reader, &fd));
    cr_assert_eq(write(fd, "pipe", 4), 4);
    close(fd);
    OK(zx_channel_write(channel, 0, NULL, 0, &reader, 1));
}

// Datagrams that are no messages, each on a channel of its own.
static void send_lies(zx_handle_t channel) {
    static const struct {
        ko_msg_header_t header;
        size_t size;
    } lies[ERRORS_LIES] = {
        {{.magic = 1}, sizeof(ko_msg_header_t)},
        {{.magic = KO_MSG_MAGIC, .byte_count = 9}, sizeof(ko_msg_header_t)},
        {{.magic = KO_MSG_MAGIC, .handle_count = 1}, sizeof(ko_msg_header_t)},
        {{.magic = KO_MSG_MAGIC, .fd_count = 1}, sizeof(ko_msg_header_t)},
        {{.magic = KO_MSG_MAGIC, .flags = KO_MSG_BULK}, sizeof(ko_msg_header_t)},
        {{.magic = KO_MSG_MAGIC}, 3},
    };
    zx_handle_t ends[ERRORS_LIES];
    for (int i = 0; i < ERRORS_LIES; i++) {
        int fds[2];
        cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
        OK(lx_channel_from_fd(fds[1], &ends[i]));
        cr_assert_eq(send(fds[0], &lies[i].header, lies[i].size, 0), (ssize_t)lies[i].size);
        close(fds[0]);
    }
    OK(zx_channel_write(channel, 0, NULL, 0, ends, ERRORS_LIES));
}

static void run(bool sandbox) {
    static child_run_t child;
    size_t handles = lx_handle_count();
    zx_handle_t channel, theirs, root;
    char byte;
    OK(zx_channel_create(0, &channel, &theirs));
    child_start_with(&child, sandbox, CHILD("errors", sandbox ? "sandbox" : "free"), theirs);
    send_weak(channel);
    OK(lx_root_resource_create(&root));
    OK(zx_channel_write(channel, 0, NULL, 0, &root, 1));
    send_orphans(channel);
    exchange_kept(channel);
    send_pipe(channel);
    send_lies(channel);
    // The child's last word is no message: this end is dead, and nothing else happens.
    OK(zx_object_wait_one(channel, ZX_CHANNEL_READABLE, EVER, NULL));
    GIVES(zx_channel_read(channel, 0, &byte, NULL, 1, 0, NULL, NULL), ZX_ERR_IO_DATA_INTEGRITY);
    GIVES(zx_channel_read(channel, 0, &byte, NULL, 1, 0, NULL, NULL), ZX_ERR_PEER_CLOSED);
    GIVES(zx_channel_write(channel, 0, &byte, 1, NULL, 0), ZX_ERR_PEER_CLOSED);
    child_wait(&child);
    cr_assert(child.exit.exited && child.exit.code == 0, "exit %d, signal %d: %s", child.exit.code,
              child.exit.signal, child.text);
    cr_assert_not_null(strstr(child.text, "logged in the child\n"));
    OK(zx_handle_close(channel));
    child_close(&child);
    cr_assert_eq(lx_handle_count(), handles);
}

Test(sandbox_errors, outside) {
    run(false);
}

Test(sandbox_errors, inside) {
    run(true);
}
