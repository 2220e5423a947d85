// SPDX-License-Identifier: MIT
// What the tests of objects share: checking a status, counting what is left behind, threads that
// are known to be blocked, and a second process.
#pragma once

#include <criterion/criterion.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lx/handle.h>
#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "../fakes/fd_check.h"
#include "object.h"
#include "waited_on.h"

#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#define TEST_MEMORY_LEAKS() __lsan_do_recoverable_leak_check()
#else
#define TEST_MEMORY_LEAKS() 0
#endif

#define expect_status(expression, wanted)                                         \
    do {                                                                          \
        zx_status_t got_ = (expression);                                          \
        cr_assert_eq(got_, (wanted), "%s gives %s, not %s", #expression,          \
                     zx_status_get_string(got_), zx_status_get_string((wanted))); \
    } while (0)
#define expect_ok(expression) expect_status(expression, ZX_OK)

#define SOON (zx_deadline_after(ZX_MSEC(10)))  // for what must not happen
#define EVER ZX_TIME_INFINITE                  // for what must: the suite has a timeout

// ---- nothing is left behind: the fixture of each suite

static int test_fds;
static size_t test_handles;

static inline void test_begin(void) {
    fd_check_warm_up();
    test_fds = fd_check_count();
    test_handles = lx_handle_count();
}

static inline void test_end(void) {
    cr_assert_eq(lx_handle_count(), test_handles, "%zu handles, %zu at the start",
                 lx_handle_count(), test_handles);
    int fds = fd_check_count();
    cr_assert_eq(fds, test_fds, "%d fds, %d at the start", fds, test_fds);
    cr_assert_eq(TEST_MEMORY_LEAKS(), 0, "memory is lost");
}

// OBJECT_SUITE(suite, begin, end), then OBJECT_TEST(suite, name) { … }. Criterion's own fixtures do
// not fail a test, so `begin` and `end` (which call the two above) are run as parts of each test.
#define OBJECT_SUITE(suite, begin, end) \
    TestSuite(suite, .timeout = 30);    \
    static void suite##_enter_(void) {  \
        begin();                        \
    }                                   \
    static void suite##_leave_(void) {  \
        end();                          \
    }                                   \
    _Static_assert(1, "takes a semicolon")

#define OBJECT_TEST(suite, name)            \
    static void suite##_##name##_run(void); \
    Test(suite, name) {                     \
        suite##_enter_();                   \
        suite##_##name##_run();             \
        suite##_leave_();                   \
    }                                       \
    static void suite##_##name##_run(void)

// ---- small things

static inline void test_close(zx_handle_t handle) {
    expect_ok(zx_handle_close(handle));
}

static inline zx_handle_t test_event(void) {
    zx_handle_t event;
    expect_ok(zx_event_create(0, &event));
    return event;
}

static inline zx_handle_t test_port(void) {
    zx_handle_t port;
    expect_ok(zx_port_create(0, &port));
    return port;
}

static inline zx_signals_t test_signals(zx_handle_t handle) {
    zx_signals_t observed = 0;
    expect_status(zx_object_wait_one(handle, 0, 0, &observed), ZX_ERR_TIMED_OUT);
    return observed;
}

static inline zx_info_handle_basic_t test_basic(zx_handle_t handle) {
    zx_info_handle_basic_t info;
    expect_ok(zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL));
    return info;
}

// Replaces *handle by one without `rights`.
static inline void test_drop_rights(zx_handle_t* handle, zx_rights_t rights) {
    expect_ok(zx_handle_replace(*handle, test_basic(*handle).rights & ~rights, handle));
}

static inline void test_write(zx_handle_t channel, const char* text) {
    expect_ok(zx_channel_write(channel, 0, text, (uint32_t)strlen(text), NULL, 0));
}

static inline void test_expect_text(zx_handle_t channel, const char* text) {
    char bytes[256];
    uint32_t size = 0;
    expect_ok(zx_channel_read(channel, 0, bytes, NULL, sizeof(bytes), 0, &size, NULL));
    cr_assert_eq(size, strlen(text), "%u bytes instead of '%s'", size, text);
    cr_assert_eq(memcmp(bytes, text, size), 0, "'%.*s' instead of '%s'", (int)size, bytes, text);
}

// ---- a second process

typedef struct test_peer {
    pid_t pid;
    zx_handle_t channel;
} test_peer_t;

// In the other process: prints what went wrong and fails.
#define PEER_CHECK(condition)                                                     \
    do {                                                                          \
        if (!(condition)) {                                                       \
            fprintf(stderr, "peer: %s:%d: %s\n", __FILE__, __LINE__, #condition); \
            return 1;                                                             \
        }                                                                         \
    } while (0)

static inline zx_status_t test_wait_readable(zx_handle_t channel) {
    return zx_object_wait_one(channel, ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED, EVER, NULL);
}

// Reads one message of one handle.
static inline zx_status_t test_receive_handle(zx_handle_t channel, zx_handle_t* out) {
    uint32_t handles = 0;
    uint32_t bytes = 0;
    zx_status_t status = test_wait_readable(channel);
    if (status == ZX_OK) {
        status = zx_channel_read(channel, 0, NULL, out, 0, 1, &bytes, &handles);
    }
    return status == ZX_OK && handles != 1 ? ZX_ERR_BAD_STATE : status;
}

// Forks; `run` gets the other end of the channel, which it must not close. What it leaves behind
// fails the test.
static inline void test_peer_start(test_peer_t* peer, int (*run)(zx_handle_t)) {
    zx_handle_t theirs;
    expect_ok(zx_channel_create(0, &peer->channel, &theirs));
    fflush(NULL);
    peer->pid = fork();
    cr_assert_geq(peer->pid, 0);
    if (peer->pid == 0) {
        zx_handle_close(peer->channel);
        fd_check_warm_up();
        int fds = fd_check_count();
        size_t handles = lx_handle_count();
        int result = run(theirs);
        if (result == 0 && (fd_check_count() != fds || lx_handle_count() != handles)) {
            fprintf(stderr, "peer: %d fds, %d at the start; %zu handles, %zu at the start\n",
                    fd_check_count(), fds, lx_handle_count(), handles);
            result = 2;
        }
        _exit(result);
    }
    expect_ok(zx_handle_close(theirs));
}

static inline void test_peer_end(test_peer_t* peer) {
    int status = 0;
    cr_assert_eq(waitpid(peer->pid, &status, 0), peer->pid);
    cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the peer's status is %#x", status);
    expect_ok(zx_handle_close(peer->channel));
}

static inline void test_send_handle(zx_handle_t channel, zx_handle_t handle) {
    expect_ok(zx_channel_write(channel, 0, NULL, 0, &handle, 1));
}
