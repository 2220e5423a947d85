// SPDX-License-Identifier: MIT
// The way of devices through their life, seen from devmgr: order of hooks, what is passed on,
// proxies.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <stdio.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>

#include "fake_devmgr.h"

#define ROOT FAKE_DEVMGR_ID(1)

static fake_devmgr_t* start_with_root(bool sandbox) {
    fake_devmgr_t* fake = fake_devmgr_start(sandbox, DDK_LOG_INFO);
    zx_status_t status = fake_devmgr_create_stub(fake, ROOT, "root", ZX_PROTOCOL_TEST);
    cr_assert(eq(i32, status, ZX_OK), "%s", fake_devmgr_output(fake));
    return fake;
}

static void stop(fake_devmgr_t* fake) {
    lx_exit_t how = fake_devmgr_stop(fake);
    cr_assert(how.exited, "signal %d", how.signal);
    cr_assert(eq(int, how.code, 0));
}

static void check_order(bool sandbox) {
    fake_devmgr_t* fake = start_with_root(sandbox);
    cr_assert(eq(i32, fake_devmgr_bind(fake, ROOT, "lifecycle", "test_lifecycle"), ZX_OK), "%s",
              fake_devmgr_detail(fake));
    cr_assert(eq(str, (char*)fake_devmgr_take_logs(fake, "rec:"),
                 "driver-init bind-17-root top-added left-added right-added "));

    uint64_t top = fake_devmgr_device(fake, "top")->id;
    cr_assert(eq(i32, fake_devmgr_init(fake, top), ZX_OK));
    cr_assert(eq(str, (char*)fake_devmgr_take_logs(fake, "rec:"), "top-init "));

    cr_assert(eq(i32, fake_devmgr_teardown(fake, top), ZX_OK), "%s", fake_devmgr_detail(fake));
    cr_assert(eq(i32, fake_devmgr_unload(fake, "lifecycle"), ZX_OK), "%s",
              fake_devmgr_detail(fake));
    cr_assert(eq(str, (char*)fake_devmgr_take_logs(fake, "rec:"),
                 "top-unbind left-unbind right-unbind "
                 "top-pre-release-right right-release top-pre-release-left left-release "
                 "top-release driver-release-17 "));
    stop(fake);
}

Test(lifecycle, order_of_hooks) {
    check_order(false);
}

Test(lifecycle, order_of_hooks_in_the_sandbox) {
    check_order(true);
}

Test(lifecycle, add_device_passes_everything_on) {
    fake_devmgr_t* fake = start_with_root(false);
    cr_assert(eq(i32, fake_devmgr_bind(fake, ROOT, "lifecycle", "test_lifecycle"), ZX_OK));
    const fake_device_t* top = fake_devmgr_device(fake, "top");
    cr_assert(eq(u64, top->parent_id, ROOT));
    cr_assert(ne(u64, top->id, 0));
    cr_assert(eq(u64, top->id >> 63, 0));
    cr_assert(eq(u32, top->protocol_id, ZX_PROTOCOL_TEST));
    cr_assert(eq(u32, top->flags, DEVICE_ADD_NON_BINDABLE));
    cr_assert(top->has_init);
    cr_assert(eq(str, (char*)top->proxy_args, ""), "without MUST_ISOLATE they mean nothing");

    const fake_device_t* left = fake_devmgr_device(fake, "left");
    cr_assert(eq(u64, left->parent_id, top->id));
    cr_assert(not(left->has_init));
    cr_assert(eq(u32, left->flags, DEVICE_ADD_MUST_ISOLATE));
    cr_assert(eq(str, (char*)left->proxy_args, "a-host,args"));
    cr_assert(eq(sz, left->property_count, 6));
    cr_assert(left->properties[0].key == NULL);
    cr_assert(eq(u32, left->properties[0].id, 0x100));
    cr_assert(eq(u32, left->properties[1].uint_value, 0x1042));
    cr_assert(eq(str, (char*)left->properties[2].key, "test.text"));
    cr_assert(eq(u8, left->properties[2].kind, NODE_PROPERTY_KIND_STRING));
    cr_assert(eq(str, (char*)left->properties[2].string_value, "a text"));
    cr_assert(eq(u8, left->properties[3].kind, NODE_PROPERTY_KIND_BOOL));
    cr_assert(left->properties[3].bool_value);
    cr_assert(eq(u8, left->properties[4].kind, NODE_PROPERTY_KIND_UINT));
    cr_assert(eq(u32, left->properties[4].uint_value, 7));
    cr_assert(eq(u8, left->properties[5].kind, NODE_PROPERTY_KIND_ENUM));
    cr_assert(eq(str, (char*)left->properties[5].string_value, "test.choice.ONE"));
    stop(fake);
}

Test(lifecycle, a_refused_add_calls_no_hook) {
    fake_devmgr_t* fake = start_with_root(false);
    fake_devmgr_refuse(fake, "left", ZX_ERR_NO_RESOURCES);
    cr_assert(eq(i32, fake_devmgr_bind(fake, ROOT, "lifecycle", "test_lifecycle"), ZX_OK));
    cr_assert(eq(str, (char*)fake_devmgr_take_logs(fake, "rec:"),
                 "driver-init bind-17-root top-added left-refused right-added "));
    uint64_t top = fake_devmgr_device(fake, "top")->id;
    cr_assert(eq(i32, fake_devmgr_init(fake, top), ZX_OK));
    cr_assert(eq(i32, fake_devmgr_teardown(fake, top), ZX_OK));
    cr_assert(eq(i32, fake_devmgr_unload(fake, "lifecycle"), ZX_OK), "%s",
              fake_devmgr_detail(fake));
    cr_assert(eq(str, (char*)fake_devmgr_take_logs(fake, "rec:"),
                 "top-init top-unbind right-unbind top-pre-release-right right-release top-release "
                 "driver-release-17 "));

    // Nobody took the first device: the bind fails and leaves nothing.
    fake_devmgr_refuse(fake, "top", ZX_ERR_BAD_STATE);
    cr_assert(
        eq(i32, fake_devmgr_bind(fake, ROOT, "lifecycle", "test_lifecycle"), ZX_ERR_BAD_STATE));
    cr_assert(eq(i32, fake_devmgr_unload(fake, "lifecycle"), ZX_OK));
    cr_assert(eq(u32, fake_devmgr_stats(fake).device_count, 1));
    stop(fake);
}

Test(lifecycle, requests_out_of_order_are_refused) {
    fake_devmgr_t* fake = start_with_root(false);
    cr_assert(eq(i32, fake_devmgr_bind(fake, ROOT, "lifecycle", "test_lifecycle"), ZX_OK));
    uint64_t top = fake_devmgr_device(fake, "top")->id;
    uint64_t left = fake_devmgr_device(fake, "left")->id;
    zx_handle_t client;
    // Waits for init.
    cr_assert(eq(i32, fake_devmgr_open(fake, top, &client), ZX_ERR_BAD_STATE));
    cr_assert(
        eq(i32, fake_devmgr_bind(fake, top, "lifecycle", "test_lifecycle"), ZX_ERR_BAD_STATE));
    cr_assert(eq(i32, fake_devmgr_remove(fake, top), ZX_ERR_BAD_STATE));
    cr_assert(eq(i32, fake_devmgr_init(fake, top), ZX_OK));
    cr_assert(eq(i32, fake_devmgr_init(fake, top), ZX_ERR_BAD_STATE), "once is enough");
    cr_assert(eq(i32, fake_devmgr_init(fake, left), ZX_OK), "no hook: ready");
    // Not before unbind.
    cr_assert(eq(i32, fake_devmgr_remove(fake, left), ZX_ERR_BAD_STATE));
    cr_assert(eq(i32, fake_devmgr_unbind(fake, left), ZX_OK));
    cr_assert(eq(i32, fake_devmgr_unbind(fake, left), ZX_ERR_BAD_STATE));
    cr_assert(eq(i32, fake_devmgr_open(fake, left, &client), ZX_ERR_BAD_STATE));
    cr_assert(eq(i32, fake_devmgr_unload(fake, "lifecycle"), ZX_ERR_BAD_STATE));
    cr_assert(eq(i32, fake_devmgr_remove(fake, left), ZX_OK));
    cr_assert(eq(i32, fake_devmgr_remove(fake, left), ZX_ERR_NOT_FOUND));
    cr_assert(eq(i32, fake_devmgr_unbind(fake, 12345), ZX_ERR_NOT_FOUND));
    cr_assert(eq(i32, fake_devmgr_create_stub(fake, ROOT, "again", 0), ZX_ERR_ALREADY_EXISTS));
    cr_assert(eq(i32, fake_devmgr_create_stub(fake, 5, "low", 0), ZX_ERR_INVALID_ARGS));
    stop(fake);
}

Test(lifecycle, proxy_stands_in_for_a_device_of_another_host) {
    fake_devmgr_t* fake = start_with_root(true);
    zx_handle_t broker;
    zx_handle_t rpc_channel;
    cr_assert(eq(i32, zx_channel_create(0, &broker, &rpc_channel), ZX_OK));
    uint64_t id = FAKE_DEVMGR_ID(2);
    cr_assert(eq(i32,
                 fake_devmgr_create_proxy(fake, id, "01:00.0", "test_proxy", "test_proxy",
                                          "some args", rpc_channel),
                 ZX_OK),
              "%s", fake_devmgr_detail(fake));
    cr_assert(eq(i32, fake_devmgr_bind(fake, id, "test_child", "test_child"), ZX_OK), "%s",
              fake_devmgr_detail(fake));
    cr_assert(eq(str, (char*)fake_devmgr_take_logs(fake, "rec:"),
                 "create-proxy-some args child-of-01:00.0-0-5--2 "));
    cr_assert(eq(u64, fake_devmgr_device(fake, "child")->parent_id, id));
    char greeting[8];
    uint32_t size = 0;
    cr_assert(eq(i32, zx_channel_read(broker, 0, greeting, NULL, sizeof(greeting), 0, &size, NULL),
                 ZX_OK));
    cr_assert(eq(u32, size, 5));
    cr_assert(eq(i32, fake_devmgr_teardown(fake, id), ZX_OK));
    cr_assert(eq(i32, fake_devmgr_unload(fake, "test_proxy"), ZX_OK));
    zx_handle_close(broker);
    stop(fake);
}

static void check_bad_proxy(const char* args, zx_status_t expected) {
    fake_devmgr_t* fake = start_with_root(false);
    zx_handle_t broker;
    zx_handle_t rpc_channel;
    cr_assert(eq(i32, zx_channel_create(0, &broker, &rpc_channel), ZX_OK));
    cr_assert(eq(i32,
                 fake_devmgr_create_proxy(fake, FAKE_DEVMGR_ID(2), "x", "test_proxy", "test_proxy",
                                          args, rpc_channel),
                 expected));
    cr_assert(eq(u32, fake_devmgr_stats(fake).device_count, 1));
    cr_assert(eq(i32, fake_devmgr_unload(fake, "test_proxy"), ZX_OK), "%s",
              fake_devmgr_detail(fake));
    zx_handle_close(broker);
    stop(fake);
}

Test(lifecycle, proxy_that_adds_nothing) {
    check_bad_proxy("nothing", ZX_ERR_BAD_STATE);
}

Test(lifecycle, proxy_that_fails_after_adding) {
    check_bad_proxy("fail", ZX_ERR_IO);
}

static size_t count_fds(pid_t pid) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR* directory = opendir(path);
    cr_assert(directory != NULL);
    size_t count = 0;
    while (readdir(directory) != NULL) {
        count++;
    }
    closedir(directory);
    return count;
}

Test(lifecycle, two_hundred_loads_leave_nothing_behind) {
    fake_devmgr_t* fake = start_with_root(false);
    size_t fds = 0;
    fake_stats_t stats = {0};
    for (int i = 0; i < 200; i++) {
        cr_assert(eq(i32, fake_devmgr_bind(fake, ROOT, "lifecycle", "test_lifecycle"), ZX_OK));
        uint64_t top = fake_devmgr_device(fake, "top")->id;
        zx_handle_t client;
        cr_assert(
            eq(i32, fake_devmgr_open(fake, fake_devmgr_device(fake, "left")->id, &client), ZX_OK));
        if (i % 2 == 0) {
            zx_handle_close(client);
        }
        cr_assert(eq(i32, fake_devmgr_init(fake, top), ZX_OK));
        cr_assert(eq(i32, fake_devmgr_teardown(fake, top), ZX_OK));
        cr_assert(eq(i32, fake_devmgr_unload(fake, "lifecycle"), ZX_OK), "%s",
                  fake_devmgr_detail(fake));
        if (i % 2 != 0) {
            zx_handle_close(client);
        }
        fake_devmgr_take_logs(fake, "");
        if (i == 0) {
            fds = count_fds(fake_devmgr_pid(fake));
            stats = fake_devmgr_stats(fake);
        }
    }
    fake_stats_t end = fake_devmgr_stats(fake);
    cr_assert(eq(u32, end.handle_count, stats.handle_count));
    cr_assert(eq(u32, end.device_count, 1));
    cr_assert(eq(str, end.drivers, ""));
    cr_assert(eq(sz, count_fds(fake_devmgr_pid(fake)), fds));
    stop(fake);
}

Test(lifecycle, garbage_from_devmgr_does_no_harm) {
    fake_devmgr_t* fake = start_with_root(false);
    zx_handle_t channel = fake_devmgr_channel(fake);
    uint8_t garbage[256];
    for (size_t i = 0; i < sizeof(garbage); i++) {
        garbage[i] = (uint8_t)(i * 37 + 11);
    }
    zx_channel_write(channel, 0, garbage, 3, NULL, 0);
    zx_channel_write(channel, 0, garbage, sizeof(garbage), NULL, 0);
    // A good header with a bad body, for each method.
    static const uint64_t ordinals[] = {
        DEVMGR_DRIVER_HOST_START_ORDINAL,         DEVMGR_DRIVER_HOST_CREATE_DEVICE_ORDINAL,
        DEVMGR_DRIVER_HOST_BIND_DRIVER_ORDINAL,   DEVMGR_DRIVER_HOST_INIT_DEVICE_ORDINAL,
        DEVMGR_DRIVER_HOST_UNBIND_DEVICE_ORDINAL, DEVMGR_DRIVER_HOST_REMOVE_DEVICE_ORDINAL,
        DEVMGR_DRIVER_HOST_OPEN_DEVICE_ORDINAL,   DEVMGR_DRIVER_HOST_UNLOAD_DRIVER_ORDINAL,
    };
    for (size_t i = 0; i < countof(ordinals); i++) {
        pg_header_t header = {.ordinal = ordinals[i]};
        memcpy(garbage, &header, sizeof(header));
        zx_channel_write(channel, 0, garbage, sizeof(garbage), NULL, 0);
    }
    cr_assert(eq(u32, fake_devmgr_stats(fake).device_count, 1));
    stop(fake);
}
