// SPDX-License-Identifier: MIT
// Event pairs. What crosses processes is in transfer_test.c.
#include "object_test.h"

static zx_handle_t near;
static zx_handle_t far;

static void begin(void) {
    test_begin();
    expect_ok(zx_eventpair_create(0, &near, &far));
}

static void end(void) {
    test_close(near);
    zx_handle_close(far);
    test_end();
}

OBJECT_SUITE(eventpair, begin, end);

OBJECT_TEST(eventpair, create_errors) {
    zx_handle_t other;
    expect_status(zx_eventpair_create(1, &other, &other), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_eventpair_create(0, NULL, &other), ZX_ERR_INVALID_ARGS);
    expect_status(zx_eventpair_create(0, &other, NULL), ZX_ERR_INVALID_ARGS);
}

OBJECT_TEST(eventpair, each_end_has_its_own) {
    expect_ok(zx_object_signal(near, 0, ZX_USER_SIGNAL_0));
    expect_ok(zx_object_signal_peer(near, 0, ZX_USER_SIGNAL_1 | ZX_EVENTPAIR_SIGNALED));
    cr_assert_eq(test_signals(near), ZX_USER_SIGNAL_0);
    cr_assert_eq(test_signals(far), ZX_USER_SIGNAL_1 | ZX_EVENTPAIR_SIGNALED);
    expect_ok(zx_object_signal_peer(far, ZX_USER_SIGNAL_0, ZX_USER_SIGNAL_2));
    cr_assert_eq(test_signals(near), ZX_USER_SIGNAL_2);
}

OBJECT_TEST(eventpair, errors) {
    expect_status(zx_object_signal(near, 0, ZX_EVENTPAIR_PEER_CLOSED), ZX_ERR_INVALID_ARGS);
    expect_status(zx_object_signal_peer(near, ZX_CHANNEL_READABLE, 0), ZX_ERR_INVALID_ARGS);
    test_drop_rights(&near, ZX_RIGHT_SIGNAL);
    expect_status(zx_object_signal(near, 0, ZX_USER_SIGNAL_0), ZX_ERR_ACCESS_DENIED);
    expect_ok(zx_object_signal_peer(near, 0, ZX_USER_SIGNAL_0));
    test_drop_rights(&near, ZX_RIGHT_SIGNAL_PEER);
    expect_status(zx_object_signal_peer(near, 0, ZX_USER_SIGNAL_0), ZX_ERR_ACCESS_DENIED);
}

OBJECT_TEST(eventpair, peer_closed) {
    zx_handle_t copy;
    expect_ok(zx_handle_duplicate(far, ZX_RIGHT_SAME_RIGHTS, &copy));
    expect_ok(zx_object_signal_peer(far, 0, ZX_USER_SIGNAL_0));
    test_close(far);
    cr_assert_eq(test_signals(near), ZX_USER_SIGNAL_0, "a duplicate is left");
    test_close(copy);
    cr_assert_eq(test_signals(near), ZX_USER_SIGNAL_0 | ZX_EVENTPAIR_PEER_CLOSED);
    expect_status(zx_object_signal_peer(near, 0, ZX_USER_SIGNAL_1), ZX_ERR_PEER_CLOSED);
    expect_ok(zx_object_signal(near, 0, ZX_USER_SIGNAL_1));
    cr_assert(test_signals(near) & ZX_USER_SIGNAL_1);
}

OBJECT_TEST(eventpair, ports) {
    zx_handle_t port = test_port();
    zx_port_packet_t packet;
    expect_ok(zx_object_wait_async(near, port, 1, ZX_USER_SIGNAL_3, 0));
    expect_ok(zx_object_wait_async(near, port, 2, ZX_EVENTPAIR_PEER_CLOSED, 0));
    expect_ok(zx_object_signal_peer(far, 0, ZX_USER_SIGNAL_3));
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert_eq(packet.key, 1);
    // An edge, changed by the other end.
    expect_ok(zx_object_wait_async(near, port, 3, ZX_USER_SIGNAL_3, ZX_WAIT_ASYNC_EDGE));
    expect_ok(zx_object_signal_peer(far, ZX_USER_SIGNAL_3, 0));
    expect_status(zx_port_wait(port, 0, &packet), ZX_ERR_TIMED_OUT);
    expect_ok(zx_object_signal_peer(far, 0, ZX_USER_SIGNAL_3));
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert_eq(packet.key, 3);
    test_close(far);
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert(packet.key == 2 && (packet.signal.observed & ZX_EVENTPAIR_PEER_CLOSED));
    test_close(port);
}
