// SPDX-License-Identifier: MIT
// The reading end of a byte pipe.
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include <lx/handle.h>
#include <lx/pipe.h>
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "../fakes/fini_check.h"

static zx_handle_t reader;
static int writer = -1;

static void make_pipe(void) {
    cr_assert_eq(lx_pipe_create(&reader, &writer), ZX_OK);
}

static void close_pipe(void) {
    zx_handle_close(reader);
    if (writer >= 0) {
        close(writer);
    }
    fini_check(lx_handle_count() == 0);
}

TestSuite(pipe, .init = make_pipe, .fini = close_pipe);

static zx_signals_t pending(void) {
    zx_signals_t observed = 0;
    zx_object_wait_one(reader, ZX_SOCKET_READABLE | ZX_SOCKET_PEER_CLOSED, 0, &observed);
    return observed;
}

Test(pipe, bytes_then_end) {
    char buffer[8];
    size_t actual = 1;
    cr_assert_eq(lx_pipe_read(reader, buffer, sizeof(buffer), &actual), ZX_ERR_SHOULD_WAIT);
    cr_assert_eq(actual, 0);
    cr_assert_eq(pending(), 0);
    cr_assert_eq(write(writer, "hello", 5), 5);
    cr_assert_eq(pending(), ZX_SOCKET_READABLE);
    cr_assert_eq(lx_pipe_read(reader, buffer, 3, &actual), ZX_OK);
    cr_assert_eq(actual, 3);
    close(writer);
    writer = -1;
    cr_assert_eq(pending() & ZX_SOCKET_PEER_CLOSED, ZX_SOCKET_PEER_CLOSED);
    cr_assert_eq(lx_pipe_read(reader, buffer, sizeof(buffer), &actual), ZX_OK);
    cr_assert_eq(actual, 2);
    cr_assert_eq(memcmp(buffer, "lo", 2), 0);
    cr_assert_eq(lx_pipe_read(reader, buffer, sizeof(buffer), &actual), ZX_ERR_PEER_CLOSED);
    cr_assert_eq(actual, 0);
}

Test(pipe, wakes_a_port) {
    zx_handle_t port;
    zx_port_packet_t packet;
    cr_assert_eq(zx_port_create(0, &port), ZX_OK);
    cr_assert_eq(
        zx_object_wait_async(reader, port, 7, ZX_SOCKET_READABLE | ZX_SOCKET_PEER_CLOSED, 0),
        ZX_OK);
    cr_assert_eq(zx_port_wait(port, 0, &packet), ZX_ERR_TIMED_OUT);
    close(writer);
    writer = -1;
    cr_assert_eq(zx_port_wait(port, ZX_TIME_INFINITE, &packet), ZX_OK);
    cr_assert_eq(packet.key, 7);
    cr_assert_eq(packet.signal.observed & ZX_SOCKET_PEER_CLOSED, ZX_SOCKET_PEER_CLOSED);
    zx_handle_close(port);
}

Test(pipe, crosses_a_channel) {
    zx_handle_t a, b, received;
    char buffer[8];
    size_t actual;
    cr_assert_eq(zx_channel_create(0, &a, &b), ZX_OK);
    cr_assert_eq(write(writer, "x", 1), 1);
    cr_assert_eq(zx_channel_write(a, 0, NULL, 0, &reader, 1), ZX_OK);
    cr_assert_eq(zx_channel_read(b, 0, NULL, &received, 0, 1, NULL, NULL), ZX_OK);
    reader = received;
    cr_assert_eq(lx_pipe_read(reader, buffer, sizeof(buffer), &actual), ZX_OK);
    cr_assert_eq(actual, 1);
    cr_assert_eq(lx_pipe_read(reader, buffer, sizeof(buffer), &actual), ZX_ERR_SHOULD_WAIT);
    zx_handle_close(a);
    zx_handle_close(b);
}

Test(pipe, wrong_handles) {
    char buffer[8];
    size_t actual = 1;
    zx_handle_t event;
    cr_assert_eq(zx_event_create(0, &event), ZX_OK);
    cr_assert_eq(lx_pipe_read(event, buffer, sizeof(buffer), &actual), ZX_ERR_WRONG_TYPE);
    cr_assert_eq(actual, 0);
    cr_assert_eq(lx_pipe_read(ZX_HANDLE_INVALID, buffer, sizeof(buffer), &actual),
                 ZX_ERR_BAD_HANDLE);
    zx_handle_close(event);
}
