// SPDX-License-Identifier: MIT
// Clients of a device: read, write, size, messages, instances, what happens when either side goes.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include <lib/ddk/debug.h>
#include <lib/ddk/metadata.h>
#include <lib/ddk/protodefs.h>
#include <protocols/device.h>

#include "../fakes/fini_check.h"
#include "fake_devmgr.h"

#define ROOT FAKE_DEVMGR_ID(1)

static fake_devmgr_t* fake;
static uint64_t service;

static void setup(void) {
    fake = fake_devmgr_start(false, DDK_LOG_INFO);
    cr_assert(eq(i32, fake_devmgr_create_stub(fake, ROOT, "root", ZX_PROTOCOL_TEST), ZX_OK));
    cr_assert(eq(i32, fake_devmgr_bind(fake, ROOT, "services", "test_services"), ZX_OK), "%s",
              fake_devmgr_detail(fake));
    service = fake_devmgr_device(fake, "service")->id;
    cr_assert(eq(i32, fake_devmgr_init(fake, service), ZX_OK));
}

static void teardown(void) {
    cr_log_info("%s", fake_devmgr_output(fake));
    lx_exit_t how = fake_devmgr_stop(fake);
    fini_check(how.exited && how.code == 0);
}

TestSuite(client, .init = setup, .fini = teardown);

static zx_handle_t open_service(void) {
    zx_handle_t client;
    cr_assert(eq(i32, fake_devmgr_open(fake, service, &client), ZX_OK), "%s",
              fake_devmgr_detail(fake));
    return client;
}

static zx_status_t write_text(zx_handle_t client, uint64_t offset, const void* data, size_t size,
                              uint32_t* out_actual) {
    device_write_request_t request = {.offset = offset, .data = data, .data_count = size};
    pg_arena_t arena = {0};
    device_write_response_t response = {0};
    zx_status_t status = device_device_write(client, &request, &arena, &response);
    *out_actual = response.actual;
    pg_arena_fini(&arena);
    return status == ZX_OK ? response.status : status;
}

// *out_actual: bytes; out has room for 64.
static zx_status_t read_text(zx_handle_t client, uint64_t offset, uint32_t count, char* out,
                             size_t* out_actual) {
    device_read_request_t request = {.offset = offset, .count = count};
    pg_arena_t arena = {0};
    device_read_response_t response = {0};
    zx_status_t status = device_device_read(client, &request, &arena, &response);
    *out_actual = response.data_count;
    if (response.data_count > 0 && response.data_count <= 64) {
        memcpy(out, response.data, response.data_count);
    }
    pg_arena_fini(&arena);
    return status == ZX_OK ? response.status : status;
}

Test(client, read_write_size) {
    zx_handle_t client = open_service();
    uint32_t written = 0;
    cr_assert(eq(i32, write_text(client, 0, "hello", 5, &written), ZX_OK));
    cr_assert(eq(u32, written, 5));
    cr_assert(eq(i32, write_text(client, 5, " world", 6, &written), ZX_OK));
    char text[64];
    size_t actual = 0;
    cr_assert(eq(i32, read_text(client, 6, 100, text, &actual), ZX_OK));
    cr_assert(eq(sz, actual, 5));
    cr_assert(memcmp(text, "world", 5) == 0);

    device_empty_t empty = {0};
    pg_arena_t arena = {0};
    device_size_response_t size = {0};
    cr_assert(eq(i32, device_device_get_size(client, &empty, &arena, &size), ZX_OK));
    cr_assert(eq(u64, size.size, 11));
    pg_arena_fini(&arena);

    // The driver's refusal, and the host's.
    cr_assert(eq(i32, write_text(client, 1000, "x", 1, &written), ZX_ERR_NO_SPACE));
    cr_assert(eq(i32, read_text(client, 0, 8193, text, &actual), ZX_ERR_OUT_OF_RANGE));
    static uint8_t large[8193];
    cr_assert(eq(i32, write_text(client, 0, large, sizeof(large), &written), ZX_ERR_OUT_OF_RANGE));
    cr_assert(eq(i32, read_text(client, 0, 8192, text, &actual), ZX_OK));
    zx_handle_close(client);
}

Test(client, each_connection_has_an_instance) {
    fake_devmgr_take_logs(fake, "rec:");
    zx_handle_t first = open_service();
    zx_handle_t second = open_service();
    uint32_t written = 0;
    cr_assert(eq(i32, write_text(first, 0, "first", 5, &written), ZX_OK));
    cr_assert(eq(i32, write_text(second, 0, "second", 6, &written), ZX_OK));
    char text[64];
    size_t actual = 0;
    cr_assert(eq(i32, read_text(first, 0, 64, text, &actual), ZX_OK));
    cr_assert(eq(sz, actual, 5));
    cr_assert(eq(u32, fake_devmgr_stats(fake).device_count, 2), "devmgr knows of no instance");
    zx_handle_close(second);
    cr_assert(fake_devmgr_wait_log(fake, "release-2"));
    cr_assert(eq(i32, read_text(first, 0, 64, text, &actual), ZX_OK));

    // Removal closes what is open; the device is released after its instance.
    cr_assert(eq(i32, fake_devmgr_teardown(fake, service), ZX_OK));
    cr_assert(
        eq(i32, zx_object_wait_one(first, ZX_CHANNEL_PEER_CLOSED, ZX_TIME_INFINITE, NULL), ZX_OK));
    cr_assert(eq(i32, fake_devmgr_unload(fake, "services"), ZX_OK));
    cr_assert(eq(str, (char*)fake_devmgr_take_logs(fake, "rec:"),
                 "open-1 open-2 close-2 release-2 close-1 release-1 release-0 "));
    zx_handle_close(first);
}

Test(client, open_hook_may_refuse_or_keep_the_device) {
    uint32_t mode = 1;
    fake_devmgr_set_metadata(fake, DEVICE_METADATA_TEST, &mode, sizeof(mode));
    zx_handle_t client;
    cr_assert(eq(i32, fake_devmgr_open(fake, service, &client), ZX_ERR_ACCESS_DENIED));
    mode = 2;
    fake_devmgr_set_metadata(fake, DEVICE_METADATA_TEST, &mode, sizeof(mode));
    fake_devmgr_take_logs(fake, "rec:");
    client = open_service();
    zx_handle_close(client);
    cr_assert(fake_devmgr_wait_log(fake, "close-0"));
    cr_assert(eq(str, (char*)fake_devmgr_take_logs(fake, "rec:"), "open close-0 "));
}

Test(client, metadata_is_there_before_the_device_is) {
    uint8_t address[6] = {0};
    cr_assert(eq(sz,
                 fake_devmgr_added_metadata(fake, service, DEVICE_METADATA_MAC_ADDRESS, address,
                                            sizeof(address)),
                 6));
    cr_assert(eq(u8, address[5], 3));
    cr_assert(fake_devmgr_device(fake, "service")->has_init);
}

typedef struct message {
    pg_header_t header;
    char text[16];
} message_t;

static void send_message(zx_handle_t client, uint64_t ordinal, zx_handle_t handle) {
    message_t message = {.header = {.txid = 42, .ordinal = ordinal}, .text = "to be echoed"};
    cr_assert(eq(i32,
                 zx_channel_write(client, 0, &message, sizeof(message), &handle,
                                  handle != ZX_HANDLE_INVALID ? 1 : 0),
                 ZX_OK));
}

static void check_echo(zx_handle_t client, uint64_t ordinal, uint32_t handle_count) {
    zx_signals_t seen = 0;
    cr_assert(eq(i32,
                 zx_object_wait_one(client, ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED,
                                    ZX_TIME_INFINITE, &seen),
                 ZX_OK));
    message_t message = {0};
    zx_handle_t handles[2];
    uint32_t size = 0;
    uint32_t count = 0;
    cr_assert(eq(i32,
                 zx_channel_read(client, 0, &message, handles, sizeof(message), 2, &size, &count),
                 ZX_OK));
    cr_assert(eq(u32, size, sizeof(message)));
    cr_assert(eq(u32, message.header.txid, 42));
    cr_assert(eq(u64, message.header.ordinal, ordinal));
    cr_assert(eq(str, message.text, "to be echoed"));
    cr_assert(eq(u32, count, handle_count));
    zx_handle_close_many(handles, count);
}

Test(client, message_hook_answers_at_once_or_later) {
    zx_handle_t client = open_service();
    send_message(client, 1, ZX_HANDLE_INVALID);
    check_echo(client, 1, 0);
    fake_devmgr_take_logs(fake, "rec:");
    send_message(client, 2, ZX_HANDLE_INVALID);
    check_echo(client, 2, 0);
    cr_assert(fake_devmgr_wait_log(fake, "later-0--20"), "the second reply is refused");
    uint32_t handles_before = fake_devmgr_stats(fake).handle_count;
    zx_handle_t event;
    cr_assert(eq(i32, zx_event_create(0, &event), ZX_OK));
    send_message(client, 4, event);
    check_echo(client, 4, 1);
    cr_assert(eq(i32, zx_event_create(0, &event), ZX_OK));
    send_message(client, 1, event);
    check_echo(client, 1, 0);
    cr_assert(eq(u32, fake_devmgr_stats(fake).handle_count, handles_before));
    zx_handle_close(client);
}

Test(client, what_the_hook_refuses_ends_the_connection) {
    zx_handle_t client = open_service();
    send_message(client, 3, ZX_HANDLE_INVALID);
    cr_assert(
        eq(i32, zx_object_wait_one(client, ZX_CHANNEL_PEER_CLOSED, ZX_TIME_INFINITE, NULL), ZX_OK));
    zx_handle_close(client);
    // Too short to be a message.
    client = open_service();
    cr_assert(eq(i32, zx_channel_write(client, 0, "short", 5, NULL, 0), ZX_OK));
    cr_assert(
        eq(i32, zx_object_wait_one(client, ZX_CHANNEL_PEER_CLOSED, ZX_TIME_INFINITE, NULL), ZX_OK));
    zx_handle_close(client);
    // A request of Device that is damaged.
    client = open_service();
    send_message(client, DEVICE_DEVICE_READ_ORDINAL, ZX_HANDLE_INVALID);
    cr_assert(
        eq(i32, zx_object_wait_one(client, ZX_CHANNEL_PEER_CLOSED, ZX_TIME_INFINITE, NULL), ZX_OK));
    zx_handle_close(client);
    client = open_service();
    send_message(client, 1, ZX_HANDLE_INVALID);
    check_echo(client, 1, 0);
    zx_handle_close(client);
}

Test(client, a_thread_may_ask_for_removal) {
    uint32_t mode = 2;
    fake_devmgr_set_metadata(fake, DEVICE_METADATA_TEST, &mode, sizeof(mode));
    zx_handle_t client = open_service();
    send_message(client, 5, ZX_HANDLE_INVALID);
    cr_assert(fake_devmgr_wait_removal(fake, service));
    cr_assert(fake_devmgr_wait_log(fake, "work-0"));
    cr_assert(eq(i32, fake_devmgr_teardown(fake, service), ZX_OK));
    cr_assert(eq(i32, fake_devmgr_unload(fake, "services"), ZX_OK), "%s", fake_devmgr_detail(fake));
    zx_handle_close(client);
}

Test(client, nothing_is_served_once_unbound) {
    zx_handle_t client = open_service();
    cr_assert(eq(i32, fake_devmgr_unbind(fake, service), ZX_OK));
    send_message(client, 1, ZX_HANDLE_INVALID);
    fake_devmgr_stats(fake);
    cr_assert(eq(i32, fake_devmgr_remove(fake, service), ZX_OK));
    zx_signals_t seen = 0;
    cr_assert(eq(i32, zx_object_wait_one(client, ZX_CHANNEL_PEER_CLOSED, ZX_TIME_INFINITE, &seen),
                 ZX_OK));
    cr_assert(eq(u32, seen & ZX_CHANNEL_READABLE, 0));
    zx_handle_close(client);
}
