// SPDX-License-Identifier: MIT
// Channels and what carries them: the largest messages, full sockets, messages that a socket does
// not take in one piece, ends made from fds.
#include <fcntl.h>
#include <sys/socket.h>

#include <lx/fd.h>

#include "object_test.h"

OBJECT_SUITE(channel_wire, test_begin, test_end);

static uint8_t sent[ZX_CHANNEL_MAX_MSG_BYTES];
static uint8_t received[ZX_CHANNEL_MAX_MSG_BYTES];

static void fill(uint32_t seed) {
    for (size_t i = 0; i < sizeof(sent); i++) {
        seed = seed * 1664525u + 1013904223u;
        sent[i] = (uint8_t)(seed >> 24);
    }
}

// A channel whose near end takes no more than `bytes` in one datagram.
static void make_narrow(int bytes, zx_handle_t* near, zx_handle_t* far) {
    int fds[2];
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds), 0);
    cr_assert_eq(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes)), 0);
    expect_ok(lx_channel_from_fd(fds[0], near));
    expect_ok(lx_channel_from_fd(fds[1], far));
}

static void largest_message(zx_handle_t near, zx_handle_t far) {
    zx_handle_t events[ZX_CHANNEL_MAX_MSG_HANDLES];
    zx_handle_t opened[ZX_CHANNEL_MAX_MSG_HANDLES];
    zx_koid_t koids[ZX_CHANNEL_MAX_MSG_HANDLES];
    for (size_t i = 0; i < countof(events); i++) {
        events[i] = test_event();
        koids[i] = test_basic(events[i]).koid;
    }
    fill(1);
    expect_ok(zx_channel_write(near, 0, sent, sizeof(sent), events, countof(events)));
    uint32_t bytes = 0;
    uint32_t handles = 0;
    expect_ok(zx_channel_read(far, 0, received, opened, sizeof(received), countof(opened), &bytes,
                              &handles));
    cr_assert_eq(bytes, sizeof(sent));
    cr_assert_eq(handles, countof(events));
    cr_assert_eq(memcmp(sent, received, sizeof(sent)), 0);
    for (size_t i = 0; i < countof(events); i++) {
        cr_assert_eq(test_basic(opened[i]).koid, koids[i]);
    }
    expect_ok(zx_handle_close_many(opened, countof(opened)));
}

OBJECT_TEST(channel_wire, largest_message) {
    zx_handle_t near, far;
    expect_ok(zx_channel_create(0, &near, &far));
    largest_message(near, far);
    test_close(near);
    test_close(far);
}

// More than the socket carries: through a memfd.
OBJECT_TEST(channel_wire, largest_message_in_bulk) {
    zx_handle_t near, far;
    make_narrow(4608, &near, &far);
    largest_message(near, far);
    test_close(near);
    test_close(far);
}

OBJECT_TEST(channel_wire, sizes_around_the_socket_s) {
    zx_handle_t near, far;
    make_narrow(4608, &near, &far);
    fill(2);
    for (uint32_t size = 8000; size < 9600; size += 13) {
        uint32_t bytes = 0;
        expect_ok(zx_channel_write(near, 0, sent, size, NULL, 0));
        expect_ok(zx_channel_read(far, 0, received, NULL, sizeof(received), 0, &bytes, NULL));
        cr_assert_eq(bytes, size);
        cr_assert_eq(memcmp(sent, received, size), 0);
    }
    test_close(near);
    test_close(far);
}

// 64 FIFOs are 256 fds, more than Linux takes in one datagram.
OBJECT_TEST(channel_wire, too_many_fds) {
    zx_handle_t near, far;
    zx_handle_t ends[ZX_CHANNEL_MAX_MSG_HANDLES];
    expect_ok(zx_channel_create(0, &near, &far));
    for (size_t i = 0; i < countof(ends); i += 2) {
        expect_ok(zx_fifo_create(8, 8, 0, &ends[i], &ends[i + 1]));
    }
    expect_status(zx_channel_write(near, 0, NULL, 0, ends, countof(ends)), ZX_ERR_NO_RESOURCES);
    expect_status(zx_handle_close(ends[0]), ZX_ERR_BAD_HANDLE);
    uint32_t count = 0;
    for (size_t i = 0; i < 62; i += 2) {
        expect_ok(zx_fifo_create(8, 8, 0, &ends[i], &ends[i + 1]));
    }
    expect_ok(zx_channel_write(near, 0, NULL, 0, ends, 62));  // 248 of 253
    expect_ok(zx_channel_read(far, 0, NULL, ends, 0, countof(ends), NULL, &count));
    cr_assert_eq(count, 62);
    expect_ok(zx_handle_close_many(ends, 62));
    test_close(near);
    test_close(far);
}

// The handles of an unsent message are gone, and so is the message: nothing arrives in part.
OBJECT_TEST(channel_wire, full_and_empty_again) {
    zx_handle_t near, far;
    expect_ok(zx_channel_create(0, &near, &far));
    uint32_t count = 0;
    zx_status_t status = ZX_OK;
    fill(3);
    while (status == ZX_OK) {
        zx_handle_t event = test_event();
        status = zx_channel_write(near, 0, sent, 10000, &event, 1);
        count += status == ZX_OK;
        cr_assert_lt(count, 100000, "it never fills");
    }
    cr_assert_eq(status, ZX_ERR_SHOULD_WAIT);
    cr_assert_gt(count, 3);
    cr_assert_eq(test_signals(near), 0);
    expect_status(zx_object_wait_one(near, ZX_CHANNEL_WRITABLE, SOON, NULL), ZX_ERR_TIMED_OUT);
    for (uint32_t i = 0; i < count; i++) {
        zx_handle_t event;
        uint32_t bytes = 0;
        expect_ok(zx_channel_read(far, 0, received, &event, sizeof(received), 1, &bytes, NULL));
        cr_assert_eq(bytes, 10000);
        test_close(event);
    }
    cr_assert_eq(test_signals(far), ZX_CHANNEL_WRITABLE);
    expect_ok(zx_object_wait_one(near, ZX_CHANNEL_WRITABLE, EVER, NULL));
    test_close(near);
    test_close(far);
}

static void expect_not_a_channel(int fd) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    cr_assert_geq(fd, 0);
    expect_status(lx_channel_from_fd(fd, &handle), ZX_ERR_WRONG_TYPE);
    cr_assert_eq(fcntl(fd, F_GETFD), -1, "the fd is consumed");
}

OBJECT_TEST(channel_wire, not_from_any_fd) {
    int fds[2];
    expect_not_a_channel(open("/dev/null", O_RDWR | O_CLOEXEC));
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    expect_not_a_channel(fds[0]);
    expect_not_a_channel(fds[1]);
    cr_assert_eq(pipe(fds), 0);
    expect_not_a_channel(fds[0]);
    expect_not_a_channel(fds[1]);
    zx_handle_t handle;
    expect_status(lx_channel_from_fd(-1, &handle), ZX_ERR_WRONG_TYPE);
}

OBJECT_TEST(channel_wire, from_and_to_fds) {
    zx_handle_t near, far, again;
    int fd = -1;
    expect_ok(zx_channel_create(0, &near, &far));
    test_write(near, "waiting");
    expect_ok(lx_channel_dup_fd(far, &fd));
    cr_assert_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
    test_close(far);
    cr_assert_eq(fcntl(fd, F_SETFD, 0), 0);
    expect_ok(lx_channel_from_fd(fd, &again));
    cr_assert_eq(fcntl(fd, F_GETFD), FD_CLOEXEC, "an exec must not take it along");
    test_expect_text(again, "waiting");
    test_write(near, "kept");
    uint32_t size;
    expect_status(zx_channel_read(again, 0, NULL, NULL, 0, 0, &size, NULL),
                  ZX_ERR_BUFFER_TOO_SMALL);
    expect_status(lx_channel_dup_fd(again, &fd), ZX_ERR_BAD_STATE);
    test_expect_text(again, "kept");
    test_drop_rights(&again, ZX_RIGHT_TRANSFER);
    expect_status(lx_channel_dup_fd(again, &fd), ZX_ERR_ACCESS_DENIED);
    test_close(again);
    test_close(near);
}

// What is received is close-on-exec, too.
OBJECT_TEST(channel_wire, received_fds_close_on_exec) {
    zx_handle_t near, far, vmo;
    expect_ok(zx_channel_create(0, &near, &far));
    expect_ok(zx_vmo_create(4096, 0, &vmo));
    test_send_handle(near, vmo);
    expect_ok(test_receive_handle(far, &vmo));
    DIR* fds = opendir("/proc/self/fd");
    const struct dirent* entry;
    int memfds = 0;
    while ((entry = readdir(fds))) {
        char target[64] = "";
        ssize_t size = readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);
        if (size > 0 && strstr(target, "zx-vmo")) {
            memfds++;
            cr_assert_eq(fcntl(atoi(entry->d_name), F_GETFD), FD_CLOEXEC);
        }
    }
    closedir(fds);
    cr_assert_eq(memfds, 1);
    test_close(vmo);
    test_close(near);
    test_close(far);
}

static void* read_in_destructor_value;
static void read_late(void* handle) {
    uint32_t size = 0;
    char bytes[8];
    if (zx_channel_read(*(zx_handle_t*)handle, 0, bytes, NULL, sizeof(bytes), 0, &size, NULL) ==
        ZX_OK) {
        read_in_destructor_value = handle;
    }
}

static pthread_key_t late_key;
static void* leave_it_to_the_destructor(void* handle) {
    uint32_t size;
    char bytes[8];
    zx_channel_read(*(zx_handle_t*)handle, 0, bytes, NULL, sizeof(bytes), 0, &size, NULL);
    pthread_setspecific(late_key, handle);
    return NULL;
}

// A thread's destructors may still read after the channel's own destructor ran.
OBJECT_TEST(channel_wire, reading_in_a_thread_s_destructor) {
    zx_handle_t near, far;
    pthread_t thread;
    expect_ok(zx_channel_create(0, &near, &far));
    test_write(near, "one");
    test_write(near, "two");
    cr_assert_eq(pthread_key_create(&late_key, read_late), 0);
    cr_assert_eq(pthread_create(&thread, NULL, leave_it_to_the_destructor, &far), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(read_in_destructor_value, &far);
    pthread_key_delete(late_key);
    test_close(near);
    test_close(far);
}
