// SPDX-License-Identifier: MIT
// Cookies of objects.
#include <lx/resource.h>

#include "object_test.h"

static zx_handle_t scope;

static void begin(void) {
    test_begin();
    scope = test_event();
}

static void end(void) {
    test_close(scope);
    test_end();
}

OBJECT_SUITE(cookie, begin, end);

static void expect_cookie(zx_handle_t handle, zx_status_t wanted, uint64_t value) {
    uint64_t cookie = 1;
    expect_status(zx_object_get_cookie(handle, scope, &cookie), wanted);
    cr_assert_eq(cookie, wanted == ZX_OK ? value : 1);
}

OBJECT_TEST(cookie, of_each_object_that_may_have_one) {
    zx_handle_t handles[5];
    handles[0] = test_event();
    expect_ok(zx_eventpair_create(0, &handles[1], &handles[2]));
    expect_ok(zx_vmo_create(4096, 0, &handles[3]));
    expect_ok(lx_root_resource_create(&handles[4]));
    for (size_t i = 0; i < countof(handles); i++) {
        expect_cookie(handles[i], ZX_ERR_ACCESS_DENIED, 0);
        expect_ok(zx_object_set_cookie(handles[i], scope, 100 + i));
        expect_cookie(handles[i], ZX_OK, 100 + i);
    }
    for (size_t i = 0; i < countof(handles); i++) {
        expect_cookie(handles[i], ZX_OK, 100 + i);
        expect_ok(zx_object_set_cookie(handles[i], scope, UINT64_MAX));
        expect_cookie(handles[i], ZX_OK, UINT64_MAX);
    }
    expect_ok(zx_handle_close_many(handles, countof(handles)));
}

OBJECT_TEST(cookie, the_first_scope_is_the_key) {
    zx_handle_t object = test_event();
    zx_handle_t other = test_event();
    zx_handle_t copy;
    uint64_t cookie = 1;
    expect_ok(zx_object_set_cookie(object, scope, 5));
    expect_status(zx_object_set_cookie(object, other, 6), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_object_get_cookie(object, other, &cookie), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_object_get_cookie(object, object, &cookie), ZX_ERR_ACCESS_DENIED);
    // It is the object that counts, not the handle.
    expect_ok(zx_handle_duplicate(scope, ZX_RIGHT_NONE, &copy));
    expect_ok(zx_object_get_cookie(object, copy, &cookie));
    cr_assert_eq(cookie, 5);
    test_close(copy);
    expect_ok(zx_handle_duplicate(object, ZX_RIGHT_NONE, &copy));
    expect_ok(zx_object_get_cookie(copy, scope, &cookie));
    test_close(copy);
    test_close(object);
    test_close(other);
}

OBJECT_TEST(cookie, arguments) {
    zx_handle_t object = test_event();
    zx_handle_t ends[2];
    zx_handle_t port = test_port();
    uint64_t cookie;
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    expect_status(zx_object_set_cookie(0x1234, scope, 1), ZX_ERR_BAD_HANDLE);
    expect_status(zx_object_set_cookie(object, 0x1234, 1), ZX_ERR_BAD_HANDLE);
    expect_status(zx_object_set_cookie(ends[0], scope, 1), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_object_set_cookie(port, scope, 1), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_object_get_cookie(0x1234, scope, &cookie), ZX_ERR_BAD_HANDLE);
    expect_status(zx_object_get_cookie(object, 0, &cookie), ZX_ERR_BAD_HANDLE);
    expect_status(zx_object_get_cookie(port, scope, &cookie), ZX_ERR_NOT_SUPPORTED);
    expect_ok(zx_object_set_cookie(object, scope, 1));
    expect_status(zx_object_get_cookie(object, scope, NULL), ZX_ERR_INVALID_ARGS);
    const zx_handle_t all[] = {object, port, ends[0], ends[1]};
    expect_ok(zx_handle_close_many(all, countof(all)));
}

OBJECT_TEST(cookie, it_goes_with_the_peer) {
    zx_handle_t ends[2];
    expect_ok(zx_eventpair_create(0, &ends[0], &ends[1]));
    expect_ok(zx_object_set_cookie(ends[0], scope, 3));
    test_close(ends[1]);
    expect_cookie(ends[0], ZX_ERR_ACCESS_DENIED, 0);
    expect_status(zx_object_set_cookie(ends[0], scope, 4), ZX_ERR_ACCESS_DENIED);
    test_close(ends[0]);
}

// What comes back from elsewhere cannot be told from what somebody forged.
OBJECT_TEST(cookie, it_does_not_travel) {
    zx_handle_t ends[2];
    zx_handle_t object = test_event();
    expect_ok(zx_object_set_cookie(object, scope, 3));
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    test_send_handle(ends[0], object);
    expect_ok(test_receive_handle(ends[1], &object));
    expect_cookie(object, ZX_ERR_ACCESS_DENIED, 0);
    test_close(object);
    expect_ok(zx_handle_close_many(ends, 2));
}
