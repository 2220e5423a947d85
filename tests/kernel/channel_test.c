// SPDX-License-Identifier: MIT
// Channels within one process: messages, handles, limits, ends that are gone.
#include <signal.h>

#include "object_test.h"

static zx_handle_t near;
static zx_handle_t far;

static void begin(void) {
    test_begin();
    expect_ok(zx_channel_create(0, &near, &far));
}

// `far` may be closed already.
static void end(void) {
    test_close(near);
    zx_handle_close(far);
    test_end();
}

OBJECT_SUITE(channel, begin, end);

static zx_status_t read_nothing(zx_handle_t handle, uint32_t* bytes, uint32_t* handles) {
    return zx_channel_read(handle, 0, NULL, NULL, 0, 0, bytes, handles);
}

OBJECT_TEST(channel, create_arguments) {
    zx_handle_t other;
    expect_status(zx_channel_create(1, &other, &other), ZX_ERR_INVALID_ARGS);
    expect_status(zx_channel_create(0, NULL, &other), ZX_ERR_INVALID_ARGS);
    expect_status(zx_channel_create(0, &other, NULL), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(test_basic(near).rights, ZX_DEFAULT_CHANNEL_RIGHTS);
    cr_assert_eq(test_basic(near).related_koid, test_basic(far).koid);
    expect_status(zx_handle_duplicate(near, ZX_RIGHT_SAME_RIGHTS, &other), ZX_ERR_ACCESS_DENIED);
}

OBJECT_TEST(channel, messages_in_order) {
    test_write(near, "one");
    test_write(near, "two");
    test_write(far, "back");
    test_expect_text(far, "one");
    test_expect_text(near, "back");
    test_expect_text(far, "two");
    uint32_t size;
    expect_status(read_nothing(far, &size, NULL), ZX_ERR_SHOULD_WAIT);
}

OBJECT_TEST(channel, empty_message) {
    expect_ok(zx_channel_write(near, 0, NULL, 0, NULL, 0));
    cr_assert_eq(test_signals(far), ZX_CHANNEL_READABLE | ZX_CHANNEL_WRITABLE);
    uint32_t bytes = 7;
    uint32_t handles = 7;
    expect_ok(read_nothing(far, &bytes, &handles));
    cr_assert_eq(bytes, 0);
    cr_assert_eq(handles, 0);
    cr_assert_eq(test_signals(far), ZX_CHANNEL_WRITABLE);
}

OBJECT_TEST(channel, argument_errors) {
    char byte;
    uint32_t size;
    zx_handle_t handle;
    expect_status(zx_channel_read(near, 2, &byte, NULL, 1, 0, &size, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_channel_read(near, 0, NULL, NULL, 1, 0, &size, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_channel_read(near, 0, &byte, NULL, 1, 1, &size, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_channel_write(near, 0, NULL, 1, NULL, 0), ZX_ERR_INVALID_ARGS);
    expect_status(zx_channel_write(near, 0, NULL, 0, NULL, 1), ZX_ERR_INVALID_ARGS);
    test_drop_rights(&near, ZX_RIGHT_READ);
    expect_status(zx_channel_read(near, 0, &byte, &handle, 1, 1, &size, NULL),
                  ZX_ERR_ACCESS_DENIED);
    test_write(near, "x");
    test_drop_rights(&near, ZX_RIGHT_WRITE);
    expect_status(zx_channel_write(near, 0, "x", 1, NULL, 0), ZX_ERR_ACCESS_DENIED);
    test_expect_text(far, "x");
}

OBJECT_TEST(channel, too_small_keeps_the_message) {
    zx_handle_t sent[2] = {test_event(), test_event()};
    zx_handle_t received[2];
    zx_koid_t koid = test_basic(sent[1]).koid;
    expect_ok(zx_channel_write(near, 0, "first", 5, sent, 2));
    test_write(near, "second");
    for (int i = 0; i < 3; i++) {
        uint32_t bytes = 0;
        uint32_t handles = 0;
        char buffer[8] = "";
        expect_status(zx_channel_read(far, 0, buffer, received, 4, 2, &bytes, &handles),
                      ZX_ERR_BUFFER_TOO_SMALL);
        cr_assert(bytes == 5 && handles == 2);
        cr_assert_str_eq(buffer, "", "written although it does not fit");
        expect_status(zx_channel_read(far, 0, buffer, received, 8, 1, NULL, NULL),
                      ZX_ERR_BUFFER_TOO_SMALL);
        cr_assert_eq(test_signals(far), ZX_CHANNEL_READABLE | ZX_CHANNEL_WRITABLE);
    }
    char buffer[5];
    expect_ok(zx_channel_read(far, 0, buffer, received, 5, 2, NULL, NULL));
    cr_assert_eq(memcmp(buffer, "first", 5), 0);
    cr_assert_eq(test_basic(received[1]).koid, koid);
    expect_ok(zx_handle_close_many(received, 2));
    test_expect_text(far, "second");
}

OBJECT_TEST(channel, too_small_may_discard) {
    zx_handle_t ends[2];
    expect_ok(zx_eventpair_create(0, &ends[0], &ends[1]));
    expect_ok(zx_channel_write(near, 0, "first", 5, &ends[1], 1));
    test_write(near, "second");
    uint32_t bytes = 0;
    uint32_t handles = 0;
    expect_status(
        zx_channel_read(far, ZX_CHANNEL_READ_MAY_DISCARD, NULL, NULL, 0, 0, &bytes, &handles),
        ZX_ERR_BUFFER_TOO_SMALL);
    cr_assert(bytes == 5 && handles == 1);
    cr_assert(test_signals(ends[0]) & ZX_EVENTPAIR_PEER_CLOSED, "its handle went with it");
    test_expect_text(far, "second");
    test_write(near, "kept");
    expect_status(read_nothing(far, &bytes, NULL), ZX_ERR_BUFFER_TOO_SMALL);
    expect_status(zx_channel_read(far, ZX_CHANNEL_READ_MAY_DISCARD, NULL, NULL, 0, 0, &bytes, NULL),
                  ZX_ERR_BUFFER_TOO_SMALL);
    expect_status(read_nothing(far, &bytes, NULL), ZX_ERR_SHOULD_WAIT);
    test_close(ends[0]);
}

OBJECT_TEST(channel, peer_closed_after_the_messages) {
    test_write(far, "last");
    test_write(far, "words");
    test_write(near, "unread");  // makes the socket report a reset, too
    test_close(far);
    cr_assert_eq(test_signals(near), ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED);
    expect_status(zx_channel_write(near, 0, "x", 1, NULL, 0), ZX_ERR_PEER_CLOSED);
    test_expect_text(near, "last");
    test_expect_text(near, "words");
    uint32_t size;
    for (int i = 0; i < 3; i++) {
        expect_status(read_nothing(near, &size, NULL), ZX_ERR_PEER_CLOSED);
        cr_assert_eq(test_signals(near), ZX_CHANNEL_PEER_CLOSED);
    }
}

OBJECT_TEST(channel, peer_closed_with_a_kept_message) {
    test_write(far, "kept");
    uint32_t size;
    expect_status(read_nothing(near, &size, NULL), ZX_ERR_BUFFER_TOO_SMALL);
    test_close(far);
    cr_assert_eq(test_signals(near), ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED);
    test_expect_text(near, "kept");
    expect_status(read_nothing(near, &size, NULL), ZX_ERR_PEER_CLOSED);
}

OBJECT_TEST(channel, no_sigpipe) {
    signal(SIGPIPE, SIG_DFL);
    test_close(far);
    expect_status(zx_channel_write(near, 0, "x", 1, NULL, 0), ZX_ERR_PEER_CLOSED);
}

// Each failing write consumes the handles it was given.
OBJECT_TEST(channel, handles_are_consumed_on_failure) {
    static char bytes[ZX_CHANNEL_MAX_MSG_BYTES + 1];
    zx_handle_t many[ZX_CHANNEL_MAX_MSG_HANDLES + 1];
    zx_handle_t event = test_event();
    expect_status(zx_channel_write(near, 1, NULL, 0, &event, 1), ZX_ERR_INVALID_ARGS);
    expect_status(zx_handle_close(event), ZX_ERR_BAD_HANDLE);
    event = test_event();
    expect_status(zx_channel_write(near, 0, NULL, 1, &event, 1), ZX_ERR_INVALID_ARGS);
    expect_status(zx_handle_close(event), ZX_ERR_BAD_HANDLE);
    event = test_event();
    expect_status(zx_channel_write(0x1234, 0, NULL, 0, &event, 1), ZX_ERR_BAD_HANDLE);
    expect_status(zx_handle_close(event), ZX_ERR_BAD_HANDLE);
    event = test_event();
    expect_status(zx_channel_write(near, 0, bytes, sizeof(bytes), &event, 1), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_handle_close(event), ZX_ERR_BAD_HANDLE);
    for (size_t i = 0; i < countof(many); i++) {
        many[i] = test_event();
    }
    expect_status(zx_channel_write(near, 0, NULL, 0, many, countof(many)), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_handle_close(many[ZX_CHANNEL_MAX_MSG_HANDLES]), ZX_ERR_BAD_HANDLE);
    test_close(far);
    event = test_event();
    expect_status(zx_channel_write(near, 0, NULL, 0, &event, 1), ZX_ERR_PEER_CLOSED);
    expect_status(zx_handle_close(event), ZX_ERR_BAD_HANDLE);
}

OBJECT_TEST(channel, handles_that_cannot_go) {
    zx_handle_t pair[2] = {test_event(), 0x1234};
    expect_status(zx_channel_write(near, 0, NULL, 0, pair, 2), ZX_ERR_BAD_HANDLE);
    pair[0] = test_event();
    pair[1] = pair[0];
    expect_status(zx_channel_write(near, 0, NULL, 0, pair, 2), ZX_ERR_BAD_HANDLE);
    pair[0] = test_event();
    pair[1] = test_event();
    test_drop_rights(&pair[1], ZX_RIGHT_TRANSFER);
    expect_status(zx_channel_write(near, 0, NULL, 0, pair, 2), ZX_ERR_ACCESS_DENIED);
    zx_handle_t timer;
    expect_ok(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer));
    expect_status(zx_channel_write(near, 0, NULL, 0, &timer, 1), ZX_ERR_ACCESS_DENIED);
    zx_handle_t port = test_port();
    expect_status(zx_channel_write(near, 0, NULL, 0, &port, 1), ZX_ERR_ACCESS_DENIED);
    uint32_t size;
    expect_status(read_nothing(far, &size, NULL), ZX_ERR_SHOULD_WAIT);
}

OBJECT_TEST(channel, not_into_itself) {
    zx_handle_t self = near;
    expect_status(zx_channel_write(near, 0, NULL, 0, &self, 1), ZX_ERR_NOT_SUPPORTED);
    cr_assert_eq(test_signals(far), ZX_CHANNEL_PEER_CLOSED, "consumed all the same");
    near = far;
    far = ZX_HANDLE_INVALID;
}

OBJECT_TEST(channel, rights_go_along) {
    zx_handle_t event = test_event();
    test_drop_rights(&event, ZX_RIGHT_DUPLICATE);
    zx_info_handle_basic_t sent = test_basic(event);
    expect_ok(zx_channel_write(near, 0, NULL, 0, &event, 1));
    zx_handle_info_t info;
    uint32_t count = 0;
    expect_ok(zx_channel_read_etc(far, 0, NULL, &info, 0, 1, NULL, &count));
    cr_assert_eq(count, 1);
    cr_assert_eq(info.type, ZX_OBJ_TYPE_EVENT);
    cr_assert_eq(info.rights, sent.rights);
    zx_info_handle_basic_t received = test_basic(info.handle);
    cr_assert_eq(received.rights, sent.rights);
    cr_assert_eq(received.koid, sent.koid);
    test_close(info.handle);
}

// An end inside a message that nobody will read is closed with the message.
OBJECT_TEST(channel, unread_handles_die) {
    zx_handle_t ends[2];
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    expect_ok(zx_channel_write(near, 0, NULL, 0, &ends[1], 1));
    cr_assert_eq(test_signals(ends[0]), ZX_CHANNEL_WRITABLE);
    test_close(far);
    expect_ok(zx_object_wait_one(ends[0], ZX_CHANNEL_PEER_CLOSED, EVER, NULL));
    test_close(ends[0]);
}

OBJECT_TEST(channel, an_end_moves_with_its_messages) {
    zx_handle_t ends[2];
    zx_handle_t moved;
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    test_write(ends[0], "early");
    expect_ok(zx_channel_write(near, 0, NULL, 0, &ends[1], 1));
    test_write(ends[0], "late");
    expect_ok(test_receive_handle(far, &moved));
    test_expect_text(moved, "early");
    test_expect_text(moved, "late");
    cr_assert_eq(test_basic(moved).related_koid, test_basic(ends[0]).koid);
    test_close(moved);
    test_close(ends[0]);
}
