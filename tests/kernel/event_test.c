// SPDX-License-Identifier: MIT
// Events, and zx_object_signal. What crosses processes is in transfer_test.c.
#include <fcntl.h>

#include "object_test.h"

OBJECT_SUITE(event, test_begin, test_end);

OBJECT_TEST(event, signals) {
    zx_handle_t event = test_event();
    cr_assert_eq(test_signals(event), 0);
    expect_ok(zx_object_signal(event, 0, ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_7));
    cr_assert_eq(test_signals(event), ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_7);
    expect_ok(zx_object_signal(event, ZX_USER_SIGNAL_7, ZX_USER_SIGNAL_0));
    cr_assert_eq(test_signals(event), ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_0);
    expect_ok(zx_object_signal(event, ZX_USER_SIGNAL_0, ZX_USER_SIGNAL_0));  // clears first
    cr_assert_eq(test_signals(event), ZX_EVENT_SIGNALED | ZX_USER_SIGNAL_0);
    expect_ok(zx_object_signal(event, 0, 0));
    test_close(event);
}

OBJECT_TEST(event, errors) {
    zx_handle_t event;
    expect_status(zx_event_create(1, &event), ZX_ERR_INVALID_ARGS);
    expect_status(zx_event_create(0, NULL), ZX_ERR_INVALID_ARGS);
    event = test_event();
    expect_status(zx_object_signal(event, 0, ZX_CHANNEL_READABLE), ZX_ERR_INVALID_ARGS);
    expect_status(zx_object_signal(event, ZX_SIGNAL_HANDLE_CLOSED, 0), ZX_ERR_INVALID_ARGS);
    expect_status(zx_object_signal_peer(event, 0, ZX_USER_SIGNAL_0), ZX_ERR_ACCESS_DENIED);
    test_drop_rights(&event, ZX_RIGHT_SIGNAL);
    expect_status(zx_object_signal(event, 0, ZX_USER_SIGNAL_0), ZX_ERR_ACCESS_DENIED);
    test_close(event);
    zx_handle_t vmo;
    expect_ok(zx_vmo_create(0, 0, &vmo));
    expect_status(zx_object_signal(vmo, 0, ZX_USER_SIGNAL_0), ZX_ERR_NOT_SUPPORTED);
    test_close(vmo);
}

#define THREADS 4

static void* toggle(void* argument) {
    zx_handle_t event = *(zx_handle_t*)argument;
    static _Atomic int next;
    zx_signals_t mine = ZX_USER_SIGNAL_0 << (atomic_fetch_add(&next, 1) % THREADS);
    for (int i = 0; i < 3001; i++) {
        bool is_set = i % 2 == 0;
        zx_status_t status = zx_object_signal(event, is_set ? 0 : mine, is_set ? mine : 0);
        zx_signals_t observed = 0;
        zx_object_wait_one(event, ZX_EVENT_SIGNALED, 0, &observed);
        if (status != ZX_OK || is_set != ((observed & mine) != 0)) {
            return argument;
        }
    }
    return NULL;
}

// Nobody's bits are lost, also when the word moves into a shared page meanwhile.
OBJECT_TEST(event, threads) {
    zx_handle_t event = test_event();
    zx_handle_t ends[2];
    pthread_t threads[THREADS];
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    for (int i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, toggle, &event), 0);
    }
    zx_handle_t copy;
    expect_ok(zx_handle_duplicate(event, ZX_RIGHT_SAME_RIGHTS, &copy));
    test_send_handle(ends[0], copy);
    for (int i = 0; i < THREADS; i++) {
        void* failed;
        pthread_join(threads[i], &failed);
        cr_assert_null(failed);
    }
    cr_assert_eq(test_signals(event),
                 ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_1 | ZX_USER_SIGNAL_2 | ZX_USER_SIGNAL_3);
    expect_ok(test_receive_handle(ends[1], &copy));
    cr_assert_eq(test_signals(copy), test_signals(event));
    expect_ok(zx_object_signal(copy, UINT32_MAX & ZX_EVENT_SIGNAL_MASK, 0));
    cr_assert_eq(test_signals(event), 0);
    test_close(copy);
    test_close(event);
    expect_ok(zx_handle_close_many(ends, 2));
}

// Another holder fills the bell and makes it blocking: signalling must not hang.
OBJECT_TEST(event, hostile_bell) {
    zx_handle_t event = test_event();
    ko_object_t* object;
    ko_wire_t wire = {0};
    expect_ok(ko_handle_get(event, ZX_OBJ_TYPE_EVENT, 0, &object));
    expect_ok(object->ops->export_wire(object, &wire));
    cr_assert_eq(wire.fd_count, 2);
    uint64_t full = UINT64_MAX - 2;  // a bell counts 1 already
    cr_assert_eq(write(wire.fds[1], &full, sizeof(full)), (ssize_t)sizeof(full));
    cr_assert_eq(fcntl(wire.fds[1], F_SETFL, 0), 0);
    expect_ok(zx_object_signal(event, 0, ZX_USER_SIGNAL_0));
    expect_ok(zx_object_wait_one(event, ZX_USER_SIGNAL_0, 0, NULL));
    ko_object_release(object);
    test_close(event);
}
