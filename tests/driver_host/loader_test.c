// SPDX-License-Identifier: MIT
// Loading drivers into a running host: what can't be loaded, what is replaced, who keeps serving.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include <lib/ddk/debug.h>
#include <lib/ddk/protodefs.h>
#include <protocols/device.h>

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

// The file can't be loaded, for a reason that the detail tells; the host lives on without it.
static void check_bad(const char* driver, const char* file, zx_status_t expected,
                      const char* detail) {
    fake_devmgr_t* fake = start_with_root(true);
    fake_stats_t before = fake_devmgr_stats(fake);
    for (int i = 0; i < 2; i++) {
        cr_assert(eq(i32, fake_devmgr_bind(fake, ROOT, driver, file), expected), "%s",
                  fake_devmgr_detail(fake));
        cr_assert(strstr(fake_devmgr_detail(fake), detail) != NULL, "%s", fake_devmgr_detail(fake));
    }
    fake_stats_t after = fake_devmgr_stats(fake);
    cr_assert(eq(str, after.drivers, ""));
    cr_assert(eq(u32, after.handle_count, before.handle_count));
    stop(fake);
}

Test(loader, without_record) {
    check_bad("bad", "test_bad_record", ZX_ERR_NOT_FOUND, "__zircon_driver_note__");
}

Test(loader, another_abi) {
    check_bad("bad", "test_bad_abi", ZX_ERR_NOT_SUPPORTED, "ABI 999");
}

Test(loader, another_ops_version) {
    check_bad("bad", "test_bad_ops", ZX_ERR_INVALID_ARGS, "DRIVER_OPS_VERSION");
}

Test(loader, another_name) {
    check_bad("other", "test_bad_init", ZX_ERR_INVALID_ARGS, "another name, bad");
}

Test(loader, unresolved_symbol) {
    check_bad("bad", "test_bad_unresolved", ZX_ERR_NOT_FOUND, "this_symbol_is_nowhere");
}

Test(loader, init_hook_fails_until_unloaded) {
    fake_devmgr_t* fake = start_with_root(false);
    for (int i = 0; i < 2; i++) {
        cr_assert(
            eq(i32, fake_devmgr_bind(fake, ROOT, "bad", "test_bad_init"), ZX_ERR_NO_RESOURCES));
        cr_assert(strstr(fake_devmgr_detail(fake), "init hook failed") != NULL);
        cr_assert(eq(str, fake_devmgr_stats(fake).drivers, "bad "));
    }
    cr_assert(eq(i32, fake_devmgr_unload(fake, "bad"), ZX_OK));
    cr_assert(eq(str, fake_devmgr_stats(fake).drivers, ""));
    cr_assert(eq(i32, fake_devmgr_unload(fake, "bad"), ZX_ERR_NOT_FOUND));
    stop(fake);
}

static void check_constructor_crash(bool sandbox) {
    fake_devmgr_t* fake = start_with_root(sandbox);
    zx_status_t status = fake_devmgr_bind(fake, ROOT, "bad", "test_bad_constructor");
    cr_assert(eq(i32, status, ZX_ERR_PEER_CLOSED));
    lx_exit_t how = fake_devmgr_wait_exit(fake);
    cr_assert(not(how.exited && how.code == 0));
    cr_assert(strstr(fake_devmgr_output(fake), "driver bad: loading") != NULL, "%s",
              fake_devmgr_output(fake));
    fake_devmgr_stop(fake);
}

Test(loader, constructor_crashes) {
    check_constructor_crash(false);
}

Test(loader, constructor_crashes_in_the_sandbox) {
    check_constructor_crash(true);
}

static void check_read(zx_handle_t client, const char* expected) {
    device_read_request_t request = {.count = 64};
    uint8_t memory[512];
    pg_arena_t arena;
    pg_arena_init(&arena, memory, sizeof(memory));
    device_read_response_t response;
    zx_status_t status = device_device_read(client, &request, &arena, &response);
    cr_assert(eq(i32, status, ZX_OK));
    cr_assert(eq(i32, response.status, ZX_OK));
    cr_assert(eq(sz, response.data_count, strlen(expected)));
    cr_assert(memcmp(response.data, expected, strlen(expected)) == 0, "%.*s",
              (int)response.data_count, response.data);
    pg_arena_fini(&arena);
}

// A changed file of the same name takes the place of the old one in the running host, while a
// sibling's connection keeps working.
static void check_swap(bool sandbox) {
    fake_devmgr_t* fake = start_with_root(sandbox);
    cr_assert(eq(i32, fake_devmgr_bind(fake, ROOT, "services", "test_services"), ZX_OK), "%s",
              fake_devmgr_detail(fake));
    uint64_t service = fake_devmgr_device(fake, "service")->id;
    cr_assert(eq(i32, fake_devmgr_init(fake, service), ZX_OK));
    zx_handle_t sibling;
    cr_assert(eq(i32, fake_devmgr_open(fake, service, &sibling), ZX_OK));

    for (int round = 0; round < 3; round++) {
        for (int version = 1; version <= 2; version++) {
            const char* file = version == 1 ? "test_swap_1" : "test_swap_2";
            cr_assert(eq(i32, fake_devmgr_bind(fake, ROOT, "swap", file), ZX_OK), "%s",
                      fake_devmgr_detail(fake));
            uint64_t id = fake_devmgr_device(fake, "swap")->id;
            zx_handle_t client;
            cr_assert(eq(i32, fake_devmgr_open(fake, id, &client), ZX_OK));
            check_read(client, version == 1 ? "version 1 read 0" : "version 2 read 0");
            check_read(client, version == 1 ? "version 1 read 1" : "version 2 read 1");
            check_read(sibling, "");
            cr_assert(eq(i32, fake_devmgr_teardown(fake, id), ZX_OK));
            cr_assert(eq(i32, fake_devmgr_unload(fake, "swap"), ZX_OK), "%s",
                      fake_devmgr_detail(fake));
            cr_assert(eq(i32,
                         zx_object_wait_one(client, ZX_CHANNEL_PEER_CLOSED, ZX_TIME_INFINITE, NULL),
                         ZX_OK));
            zx_handle_close(client);
        }
    }
    check_read(sibling, "");
    zx_handle_close(sibling);
    stop(fake);
}

Test(loader, changed_file_of_the_same_name) {
    check_swap(false);
}

Test(loader, changed_file_of_the_same_name_in_the_sandbox) {
    check_swap(true);
}
