// SPDX-License-Identifier: MIT
// Handles: identity, rights, stale values, what is told of an object.
#include "object_test.h"

OBJECT_SUITE(handle, test_begin, test_end);

OBJECT_TEST(handle, invalid_values) {
    expect_ok(zx_handle_close(ZX_HANDLE_INVALID));
    expect_status(zx_handle_close(0x12345678), ZX_ERR_BAD_HANDLE);
    zx_handle_t event = test_event();
    test_close(event);
    expect_status(zx_handle_close(event), ZX_ERR_BAD_HANDLE);
    expect_status(zx_object_signal(event, 0, ZX_USER_SIGNAL_0), ZX_ERR_BAD_HANDLE);
    expect_status(zx_object_get_info(event, ZX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL),
                  ZX_ERR_BAD_HANDLE);
    expect_status(zx_object_signal(ZX_HANDLE_INVALID, 0, 1), ZX_ERR_BAD_HANDLE);
}

// A closed value stays dead although its slot is used again many times.
OBJECT_TEST(handle, stale_values_stay_dead) {
    zx_handle_t stale = test_event();
    test_close(stale);
    for (int i = 0; i < 2000; i++) {
        zx_handle_t fresh = test_event();
        cr_assert_neq(fresh, stale);
        expect_status(zx_object_get_info(stale, ZX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL),
                      ZX_ERR_BAD_HANDLE);
        test_close(fresh);
    }
}

OBJECT_TEST(handle, duplicate) {
    zx_handle_t event = test_event();
    zx_handle_t copy;
    expect_ok(zx_handle_duplicate(event, ZX_RIGHT_SAME_RIGHTS, &copy));
    cr_assert_neq(copy, event);
    cr_assert_eq(test_basic(copy).koid, test_basic(event).koid);
    cr_assert_eq(test_basic(copy).rights, test_basic(event).rights);
    test_close(event);
    expect_ok(zx_object_signal(copy, 0, ZX_USER_SIGNAL_3));
    cr_assert_eq(test_signals(copy), ZX_USER_SIGNAL_3);
    test_close(copy);
}

OBJECT_TEST(handle, duplicate_rights) {
    zx_handle_t event = test_event();
    zx_handle_t copy = 7;
    expect_status(zx_handle_duplicate(event, ZX_RIGHT_SAME_RIGHTS, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_handle_duplicate(event, ZX_RIGHT_WRITE, &copy), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(copy, 7, "written on failure");
    expect_ok(zx_handle_duplicate(event, ZX_RIGHT_INSPECT | ZX_RIGHT_WAIT, &copy));
    cr_assert_eq(test_basic(copy).rights, ZX_RIGHT_INSPECT | ZX_RIGHT_WAIT);
    expect_status(zx_object_signal(copy, 0, ZX_USER_SIGNAL_0), ZX_ERR_ACCESS_DENIED);
    zx_handle_t second;
    expect_status(zx_handle_duplicate(copy, ZX_RIGHT_SAME_RIGHTS, &second), ZX_ERR_ACCESS_DENIED);
    test_close(copy);
    expect_status(zx_handle_duplicate(copy, ZX_RIGHT_SAME_RIGHTS, &second), ZX_ERR_BAD_HANDLE);
    expect_ok(zx_handle_duplicate(event, ZX_RIGHT_NONE, &copy));
    cr_assert_eq(test_basic(copy).rights, ZX_RIGHT_NONE);
    expect_status(zx_object_wait_one(copy, ZX_EVENT_SIGNALED, 0, NULL), ZX_ERR_ACCESS_DENIED);
    test_close(copy);
    test_close(event);
}

OBJECT_TEST(handle, replace) {
    zx_handle_t event = test_event();
    zx_handle_t fresh;
    expect_ok(zx_handle_replace(event, ZX_RIGHT_SIGNAL, &fresh));
    expect_status(zx_handle_close(event), ZX_ERR_BAD_HANDLE);
    cr_assert_eq(test_basic(fresh).rights, ZX_RIGHT_SIGNAL);
    zx_handle_t again;  // needs no right to duplicate
    expect_ok(zx_handle_replace(fresh, ZX_RIGHT_SAME_RIGHTS, &again));
    cr_assert_eq(test_basic(again).rights, ZX_RIGHT_SIGNAL);
    expect_status(zx_handle_replace(again, ZX_RIGHT_WAIT, &fresh), ZX_ERR_INVALID_ARGS);
    expect_status(zx_handle_close(again), ZX_ERR_BAD_HANDLE);
    event = test_event();
    expect_status(zx_handle_replace(event, ZX_RIGHT_SAME_RIGHTS, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_handle_close(event), ZX_ERR_BAD_HANDLE);
    expect_status(zx_handle_replace(event, ZX_RIGHT_SAME_RIGHTS, &fresh), ZX_ERR_BAD_HANDLE);
}

OBJECT_TEST(handle, close_many) {
    zx_handle_t events[] = {test_event(), ZX_HANDLE_INVALID, 0x1234, test_event()};
    expect_status(zx_handle_close_many(events, 4), ZX_ERR_BAD_HANDLE);
    expect_status(zx_handle_close(events[3]), ZX_ERR_BAD_HANDLE);
    expect_ok(zx_handle_close_many(NULL, 0));
    expect_status(zx_handle_close_many(NULL, 1), ZX_ERR_INVALID_ARGS);
}

OBJECT_TEST(handle, basic_info) {
    zx_handle_t ends[2];
    expect_ok(zx_eventpair_create(0, &ends[0], &ends[1]));
    zx_info_handle_basic_t first = test_basic(ends[0]);
    zx_info_handle_basic_t second = test_basic(ends[1]);
    cr_assert_eq(first.type, ZX_OBJ_TYPE_EVENTPAIR);
    cr_assert_eq(first.rights, ZX_DEFAULT_EVENTPAIR_RIGHTS);
    cr_assert_geq(first.koid, ZX_KOID_FIRST);
    cr_assert_neq(first.koid, second.koid);
    cr_assert_eq(first.related_koid, second.koid);
    cr_assert_eq(second.related_koid, first.koid);
    zx_handle_t event = test_event();
    cr_assert_eq(test_basic(event).related_koid, 0);
    test_close(event);
    expect_ok(zx_handle_close_many(ends, 2));
}

OBJECT_TEST(handle, info_sizes) {
    zx_handle_t event = test_event();
    char small[sizeof(zx_info_handle_basic_t) - 1];
    size_t actual = 7;
    size_t avail = 7;
    expect_status(
        zx_object_get_info(event, ZX_INFO_HANDLE_BASIC, small, sizeof(small), &actual, &avail),
        ZX_ERR_BUFFER_TOO_SMALL);
    cr_assert_eq(actual, 0);
    cr_assert_eq(avail, 1);
    expect_status(zx_object_get_info(event, ZX_INFO_HANDLE_BASIC, NULL, 100, NULL, NULL),
                  ZX_ERR_BUFFER_TOO_SMALL);
    expect_ok(zx_object_get_info(event, ZX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL));
    char large[256];
    expect_ok(
        zx_object_get_info(event, ZX_INFO_HANDLE_BASIC, large, sizeof(large), &actual, &avail));
    cr_assert_eq(actual, 1);
    expect_status(zx_object_get_info(event, ZX_INFO_VMO, large, sizeof(large), NULL, NULL),
                  ZX_ERR_WRONG_TYPE);
    expect_status(zx_object_get_info(event, 4000, large, sizeof(large), NULL, NULL),
                  ZX_ERR_NOT_SUPPORTED);
    test_close(event);
}

OBJECT_TEST(handle, count) {
    zx_handle_t event = test_event();
    zx_info_handle_count_t count;
    expect_ok(zx_object_get_info(event, ZX_INFO_HANDLE_COUNT, &count, sizeof(count), NULL, NULL));
    cr_assert_eq(count.handle_count, 1);
    zx_handle_t copy;
    expect_ok(zx_handle_duplicate(event, ZX_RIGHT_SIGNAL, &copy));
    expect_ok(zx_object_get_info(event, ZX_INFO_HANDLE_COUNT, &count, sizeof(count), NULL, NULL));
    cr_assert_eq(count.handle_count, 2);
    expect_status(zx_object_get_info(copy, ZX_INFO_HANDLE_COUNT, &count, sizeof(count), NULL, NULL),
                  ZX_ERR_ACCESS_DENIED);
    zx_handle_t none;  // a failed duplicate leaves no trace
    expect_status(zx_handle_duplicate(event, ZX_RIGHT_EXECUTE, &none), ZX_ERR_INVALID_ARGS);
    test_close(copy);
    expect_ok(zx_object_get_info(event, ZX_INFO_HANDLE_COUNT, &count, sizeof(count), NULL, NULL));
    cr_assert_eq(count.handle_count, 1);
    test_close(event);
}

OBJECT_TEST(handle, names) {
    zx_handle_t vmo;
    expect_ok(zx_vmo_create(4096, 0, &vmo));
    char name[ZX_MAX_NAME_LEN] = "x";
    expect_ok(zx_object_get_property(vmo, ZX_PROP_NAME, name, sizeof(name)));
    cr_assert_str_eq(name, "");
    const char* text = "a name of more than thirty-two characters";
    expect_ok(zx_object_set_property(vmo, ZX_PROP_NAME, text, strlen(text)));
    expect_ok(zx_object_get_property(vmo, ZX_PROP_NAME, name, sizeof(name)));
    cr_assert_eq(strlen(name), ZX_MAX_NAME_LEN - 1);
    cr_assert_eq(strncmp(name, text, ZX_MAX_NAME_LEN - 1), 0);
    expect_ok(zx_object_set_property(vmo, ZX_PROP_NAME, "b", 1));
    expect_ok(zx_object_get_property(vmo, ZX_PROP_NAME, name, sizeof(name)));
    cr_assert_str_eq(name, "b");
    expect_status(zx_object_get_property(vmo, ZX_PROP_NAME, name, ZX_MAX_NAME_LEN - 1),
                  ZX_ERR_BUFFER_TOO_SMALL);
    expect_status(zx_object_get_property(vmo, ZX_PROP_NAME, NULL, 32), ZX_ERR_INVALID_ARGS);
    expect_status(zx_object_set_property(vmo, ZX_PROP_NAME, NULL, 1), ZX_ERR_INVALID_ARGS);
    expect_status(zx_object_set_property(vmo, 99, "b", 1), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_object_get_property(vmo, 99, name, 32), ZX_ERR_NOT_SUPPORTED);
    test_drop_rights(&vmo, ZX_RIGHTS_PROPERTY);
    expect_status(zx_object_set_property(vmo, ZX_PROP_NAME, "c", 1), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_object_get_property(vmo, ZX_PROP_NAME, name, 32), ZX_ERR_ACCESS_DENIED);
    test_close(vmo);
}

OBJECT_TEST(handle, wrong_type) {
    zx_handle_t event = test_event();
    zx_handle_t port = test_port();
    uint64_t word;
    uint32_t size;
    zx_vaddr_t address;
    zx_port_packet_t packet = {.type = ZX_PKT_TYPE_USER};
    expect_status(zx_channel_write(event, 0, "x", 1, NULL, 0), ZX_ERR_WRONG_TYPE);
    expect_status(zx_channel_read(event, 0, &word, NULL, 8, 0, &size, NULL), ZX_ERR_WRONG_TYPE);
    expect_status(zx_fifo_write(event, 8, &word, 1, NULL), ZX_ERR_WRONG_TYPE);
    expect_status(zx_vmo_get_size(event, &word), ZX_ERR_WRONG_TYPE);
    expect_status(zx_vmar_map(event, ZX_VM_PERM_READ, 0, event, 0, 4096, &address),
                  ZX_ERR_WRONG_TYPE);
    expect_status(zx_port_queue(event, &packet), ZX_ERR_WRONG_TYPE);
    expect_status(zx_port_wait(event, 0, &packet), ZX_ERR_WRONG_TYPE);
    expect_status(zx_object_wait_async(port, event, 1, 1, 0), ZX_ERR_WRONG_TYPE);
    expect_status(zx_timer_cancel(event), ZX_ERR_WRONG_TYPE);
    expect_status(zx_task_kill(event), ZX_ERR_WRONG_TYPE);
    expect_status(zx_object_signal(port, 0, 1), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_object_signal_peer(event, 0, 1), ZX_ERR_ACCESS_DENIED);
    test_close(port);
    test_close(event);
}

OBJECT_TEST(handle, permanent_ones_stay) {
    zx_handle_t root = zx_vmar_root_self();
    cr_assert_neq(root, ZX_HANDLE_INVALID);
    expect_status(zx_handle_close(root), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_handle_close(zx_process_self()), ZX_ERR_NOT_SUPPORTED);
    cr_assert_eq(zx_vmar_root_self(), root);
    cr_assert_eq(test_basic(zx_process_self()).type, ZX_OBJ_TYPE_PROCESS);
    zx_handle_t ends[2];
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    expect_status(zx_channel_write(ends[0], 0, NULL, 0, &root, 1), ZX_ERR_NOT_SUPPORTED);
    expect_ok(zx_object_get_info(root, ZX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL));
    expect_ok(zx_handle_close_many(ends, 2));
}

#define MANY 5000

static int compare(const void* a, const void* b) {
    zx_handle_t x = *(const zx_handle_t*)a;
    zx_handle_t y = *(const zx_handle_t*)b;
    return x < y ? -1 : x > y;
}

OBJECT_TEST(handle, many_are_distinct) {
    zx_handle_t* events = calloc(MANY, sizeof(*events));
    for (int i = 0; i < MANY; i++) {
        events[i] = test_event();
    }
    qsort(events, MANY, sizeof(*events), compare);
    for (int i = 1; i < MANY; i++) {
        cr_assert_neq(events[i - 1], events[i]);
    }
    cr_assert_eq(lx_handle_count(), test_handles + MANY);
    expect_ok(zx_handle_close_many(events, MANY));
    free(events);
}

static void* churn(void* argument) {
    zx_handle_t shared = *(zx_handle_t*)argument;
    for (int i = 0; i < 2000; i++) {
        zx_handle_t copy = ZX_HANDLE_INVALID;
        zx_handle_t fresh = ZX_HANDLE_INVALID;
        bool is_good = zx_handle_duplicate(shared, ZX_RIGHT_SAME_RIGHTS, &copy) == ZX_OK &&
                       zx_object_signal(copy, ZX_USER_SIGNAL_0, ZX_USER_SIGNAL_0) == ZX_OK &&
                       zx_handle_replace(copy, ZX_RIGHT_SIGNAL, &fresh) == ZX_OK &&
                       zx_handle_close(copy) == ZX_ERR_BAD_HANDLE &&
                       zx_handle_close(fresh) == ZX_OK;
        if (!is_good) {
            return argument;
        }
    }
    return NULL;
}

OBJECT_TEST(handle, threads) {
    zx_handle_t event = test_event();
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, churn, &event), 0);
    }
    for (int i = 0; i < 4; i++) {
        void* failed;
        pthread_join(threads[i], &failed);
        cr_assert_null(failed);
    }
    zx_info_handle_count_t count;
    expect_ok(zx_object_get_info(event, ZX_INFO_HANDLE_COUNT, &count, sizeof(count), NULL, NULL));
    cr_assert_eq(count.handle_count, 1);
    test_close(event);
}
