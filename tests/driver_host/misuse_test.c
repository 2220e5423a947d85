// SPDX-License-Identifier: MIT
// Drivers that break the rules of the API: refused, or the host ends with a line that says why.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include <lib/ddk/debug.h>
#include <lib/ddk/metadata.h>
#include <lib/ddk/protodefs.h>

#include "fake_devmgr.h"

#define ROOT FAKE_DEVMGR_ID(1)

static fake_devmgr_t* start_faulty(const char* fault, bool sandbox) {
    fake_devmgr_t* fake = fake_devmgr_start(sandbox, DDK_LOG_INFO);
    fake_devmgr_set_metadata(fake, DEVICE_METADATA_TEST, fault, strlen(fault));
    cr_assert(eq(i32, fake_devmgr_create_stub(fake, ROOT, "root", ZX_PROTOCOL_TEST), ZX_OK), "%s",
              fake_devmgr_output(fake));
    return fake;
}

static zx_status_t bind_faulty(fake_devmgr_t* fake) {
    return fake_devmgr_bind(fake, ROOT, "faulty", "test_faulty");
}

typedef struct wrong_add {
    char fault[32];
    zx_status_t expected;
} wrong_add_t;

ParameterizedTestParameters(misuse, wrong_adds_are_refused) {
    static wrong_add_t adds[] = {
        {"add-version", ZX_ERR_INVALID_ARGS},    {"add-name", ZX_ERR_INVALID_ARGS},
        {"add-slash", ZX_ERR_INVALID_ARGS},      {"add-no-name", ZX_ERR_INVALID_ARGS},
        {"add-flags", ZX_ERR_INVALID_ARGS},      {"add-isolated-instance", ZX_ERR_INVALID_ARGS},
        {"add-root", ZX_ERR_INVALID_ARGS},       {"add-ops", ZX_ERR_INVALID_ARGS},
        {"add-old-ops", ZX_ERR_INVALID_ARGS},    {"add-props", ZX_ERR_INVALID_ARGS},
        {"add-lone-instance", ZX_ERR_BAD_STATE},
    };
    return cr_make_param_array(wrong_add_t, adds, countof(adds));
}

ParameterizedTest(wrong_add_t* add, misuse, wrong_adds_are_refused) {
    fake_devmgr_t* fake = start_faulty(add->fault, false);
    cr_assert(eq(i32, bind_faulty(fake), add->expected), "%s", add->fault);
    cr_assert(eq(str, (char*)fake_devmgr_take_logs(fake, "rec:"), ""));
    cr_assert(eq(u32, fake_devmgr_stats(fake).device_count, 1));
    lx_exit_t how = fake_devmgr_stop(fake);
    cr_assert(how.exited && how.code == 0);
}

Test(misuse, failing_bind_leaves_the_host_alone) {
    fake_devmgr_t* fake = start_faulty("bind-fails", false);
    cr_assert(eq(i32, bind_faulty(fake), ZX_ERR_IO_NOT_PRESENT));
    cr_assert(strstr(fake_devmgr_detail(fake), "ZX_ERR_IO_NOT_PRESENT") != NULL);
    fake_devmgr_set_metadata(fake, DEVICE_METADATA_TEST, "adds-nothing", 12);
    cr_assert(eq(i32, bind_faulty(fake), ZX_OK));
    cr_assert(fake_devmgr_wait_log(fake, "has added no device yet"));
    lx_exit_t how = fake_devmgr_stop(fake);
    cr_assert(how.exited && how.code == 0);
}

// The host aborted, after a record that names the call and what was wrong.
static void check_abort(fake_devmgr_t* fake, const char* call, const char* why) {
    lx_exit_t how = fake_devmgr_wait_exit(fake);
    cr_assert(not(how.exited && how.code == 0));
    cr_assert(fake_devmgr_wait_log(fake, call));
    cr_assert(fake_devmgr_wait_log(fake, why));
    fake_devmgr_stop(fake);
}

static void check_bind_abort(const char* fault, const char* call, const char* why) {
    fake_devmgr_t* fake = start_faulty(fault, false);
    cr_assert(eq(i32, bind_faulty(fake), ZX_ERR_PEER_CLOSED));
    check_abort(fake, call, why);
}

Test(misuse, init_reply_without_init) {
    check_bind_abort("init-reply", "device_init_reply(faulty)", "no init hook waits");
}

Test(misuse, null_device) {
    check_bind_abort("use-null", "device_get_name((no device))", "NULL");
}

Test(misuse, suspend_reply_without_suspend) {
    check_bind_abort("suspend-reply", "device_suspend_reply(faulty)", "no suspend hook waits");
}

Test(misuse, unbind_reply_twice) {
    fake_devmgr_t* fake = start_faulty("unbind-twice", false);
    cr_assert(eq(i32, bind_faulty(fake), ZX_OK));
    fake_devmgr_unbind(fake, fake_devmgr_device(fake, "faulty")->id);
    check_abort(fake, "device_unbind_reply(faulty)", "no unbind hook waits");
}

Test(misuse, unbind_reply_with_an_open_transaction) {
    fake_devmgr_t* fake = start_faulty("open-transaction", false);
    cr_assert(eq(i32, bind_faulty(fake), ZX_OK));
    uint64_t id = fake_devmgr_device(fake, "faulty")->id;
    zx_handle_t client;
    cr_assert(eq(i32, fake_devmgr_open(fake, id, &client), ZX_OK));
    pg_header_t header = {.txid = 1, .ordinal = 1};
    cr_assert(eq(i32, zx_channel_write(client, 0, &header, sizeof(header), NULL, 0), ZX_OK));
    cr_assert(fake_devmgr_wait_log(fake, "rec:taken"));
    fake_devmgr_unbind(fake, id);
    check_abort(fake, "device_unbind_reply(faulty)", "transactions without a reply");
    zx_handle_close(client);
}

Test(misuse, open_gives_another_device) {
    fake_devmgr_t* fake = start_faulty("open-other-device", false);
    cr_assert(eq(i32, bind_faulty(fake), ZX_OK));
    zx_handle_t client;
    fake_devmgr_open(fake, fake_devmgr_device(fake, "faulty")->id, &client);
    check_abort(fake, "open(faulty)", "not an instance");
}

Test(misuse, released_device) {
    fake_devmgr_t* fake = start_faulty("released", false);
    cr_assert(eq(i32, bind_faulty(fake), ZX_OK));
    uint64_t id = fake_devmgr_device(fake, "faulty")->id;
    cr_assert(eq(i32, fake_devmgr_teardown(fake, id), ZX_OK));
    fake_devmgr_unload(fake, "faulty");
    check_abort(fake, "device_get_name(faulty)", "was released");
}

static void check_crash(bool sandbox) {
    fake_devmgr_t* fake = start_faulty("crash-in-bind", sandbox);
    cr_assert(eq(i32, bind_faulty(fake), ZX_ERR_PEER_CLOSED));
    lx_exit_t how = fake_devmgr_wait_exit(fake);
    cr_assert(not(how.exited && how.code == 0));
    const char* output = fake_devmgr_output(fake);
    cr_assert(strstr(output, "driver faulty: its bind hook") != NULL, "%s", output);
    fake_devmgr_stop(fake);
}

Test(misuse, crash_in_bind) {
    check_crash(false);
}

Test(misuse, crash_in_bind_in_the_sandbox) {
    check_crash(true);
}
