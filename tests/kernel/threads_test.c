// SPDX-License-Identifier: MIT
// Named threads, thread handles, and what thrd_* results mean.
#include <zircon/threads.h>

#include "object_test.h"

OBJECT_SUITE(threads, test_begin, test_end);

static zx_futex_t gate;  // 1: the thread may end

static int wait_at_gate(void* argument) {
    *(zx_handle_t*)argument = zx_thread_self();
    while (atomic_load(&gate) == 0) {
        zx_futex_wait(&gate, 0, ZX_HANDLE_INVALID, EVER);
    }
    return 3;
}

static void open_gate(void) {
    atomic_store(&gate, 1);
    expect_ok(zx_futex_wake(&gate, UINT32_MAX));
}

OBJECT_TEST(threads, handle_of_another) {
    thrd_t thread;
    zx_handle_t own = 0;
    char name[ZX_MAX_NAME_LEN];
    int result = 0;
    cr_assert_eq(thrd_create_with_name(&thread, wait_at_gate, &own, "a-rather-long-name"),
                 thrd_success);
    zx_handle_t handle = thrd_get_zx_handle(thread);
    cr_assert_neq(handle, ZX_HANDLE_INVALID, "at once, whether it runs yet or not");
    cr_assert_eq(thrd_get_zx_handle(thread), handle, "it has one handle");
    cr_assert_eq(test_basic(handle).type, ZX_OBJ_TYPE_THREAD);
    expect_ok(zx_object_get_property(handle, ZX_PROP_NAME, name, sizeof(name)));
    cr_assert_str_eq(name, "a-rather-long-n");
    expect_status(zx_object_wait_one(handle, ZX_THREAD_TERMINATED, 0, NULL), ZX_ERR_ACCESS_DENIED);
    open_gate();
    cr_assert_eq(thrd_join(thread, &result), thrd_success);
    cr_assert_eq(result, 3);
    cr_assert_eq(own, handle, "what it has itself");
    zx_info_handle_basic_t info;
    expect_status(zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL),
                  ZX_ERR_BAD_HANDLE);
}

static void* ask_for_self(void* argument) {
    zx_handle_t* out = argument;
    out[0] = zx_thread_self();
    out[1] = zx_thread_self();
    return NULL;
}

// A thread that nobody named has a handle when it asks; no two have the same.
OBJECT_TEST(threads, self) {
    pthread_t thread;
    zx_handle_t first[2], second[2];
    cr_assert_eq(pthread_create(&thread, NULL, ask_for_self, first), 0);
    pthread_join(thread, NULL);
    cr_assert_eq(pthread_create(&thread, NULL, ask_for_self, second), 0);
    pthread_join(thread, NULL);
    cr_assert_neq(first[0], ZX_HANDLE_INVALID);
    cr_assert_eq(first[0], first[1]);
    cr_assert_eq(second[0], second[1]);
    cr_assert_neq(first[0], second[0]);
}

static void* find_threads(void* argument) {
    (void)argument;
    zx_handle_t self = zx_process_self();
    zx_handle_t thread = zx_thread_self();
    zx_koid_t koid = test_basic(thread).koid;
    zx_rights_t rights = test_basic(self).rights;
    zx_handle_t copy, event, weak;
    expect_ok(zx_object_get_child(self, koid, ZX_RIGHT_SAME_RIGHTS, &copy));
    cr_assert_eq(test_basic(copy).koid, koid);
    cr_assert_eq(test_basic(copy).type, ZX_OBJ_TYPE_THREAD);
    cr_assert_eq(test_basic(copy).rights & ~rights, 0);
    test_close(copy);
    expect_ok(zx_object_get_child(self, koid, ZX_RIGHT_INSPECT, &copy));
    cr_assert_eq(test_basic(copy).rights, ZX_RIGHT_INSPECT);
    test_close(copy);
    expect_status(zx_object_get_child(self, koid + 12345, ZX_RIGHT_INSPECT, &copy),
                  ZX_ERR_NOT_FOUND);
    expect_status(zx_object_get_child(self, test_basic(self).koid, ZX_RIGHT_INSPECT, &copy),
                  ZX_ERR_NOT_FOUND);
    expect_status(zx_object_get_child(self, koid, ZX_RIGHT_EXECUTE, &copy), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_object_get_child(self, koid, ZX_RIGHT_INSPECT, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_object_get_child(0x1234, koid, ZX_RIGHT_INSPECT, &copy), ZX_ERR_BAD_HANDLE);
    event = test_event();
    expect_status(zx_object_get_child(event, koid, ZX_RIGHT_NONE, &copy), ZX_ERR_ACCESS_DENIED);
    test_close(event);
    expect_ok(zx_handle_duplicate(self, rights & ~ZX_RIGHT_ENUMERATE, &weak));
    expect_status(zx_object_get_child(weak, koid, ZX_RIGHT_NONE, &copy), ZX_ERR_ACCESS_DENIED);
    test_close(weak);
    return NULL;
}

OBJECT_TEST(threads, by_koid) {
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, find_threads, NULL), 0);
    pthread_join(thread, NULL);
}

static int do_nothing(void* argument) {
    return argument ? 1 : 0;
}

OBJECT_TEST(threads, many) {
    for (int i = 0; i < 300; i++) {
        thrd_t threads[3];
        for (int j = 0; j < 3; j++) {
            cr_assert_eq(thrd_create_with_name(&threads[j], do_nothing, NULL, NULL), thrd_success);
            if (i % 2) {
                (void)thrd_get_zx_handle(threads[j]);  // it may have ended
            }
        }
        for (int j = 0; j < 3; j++) {
            cr_assert_eq(thrd_join(threads[j], NULL), thrd_success);
        }
    }
}

OBJECT_TEST(threads, results) {
    expect_ok(thrd_status_to_zx_status(thrd_success));
    expect_status(thrd_status_to_zx_status(thrd_nomem), ZX_ERR_NO_MEMORY);
    expect_status(thrd_status_to_zx_status(thrd_timedout), ZX_ERR_TIMED_OUT);
    expect_status(thrd_status_to_zx_status(thrd_busy), ZX_ERR_SHOULD_WAIT);
    expect_status(thrd_status_to_zx_status(thrd_error), ZX_ERR_INTERNAL);
    expect_status(thrd_status_to_zx_status(-1), ZX_ERR_INTERNAL);
}

OBJECT_TEST(threads, initialisers) {
    static mtx_t mutex = MTX_INIT;
    static cnd_t condition = CND_INIT;
    cr_assert_eq(mtx_trylock(&mutex), thrd_success);
    cr_assert_eq(mtx_trylock(&mutex), thrd_busy);
    struct timespec past = {0};
    cr_assert_eq(cnd_timedwait(&condition, &mutex, &past), thrd_timedout);
    cr_assert_eq(mtx_unlock(&mutex), thrd_success);
}
