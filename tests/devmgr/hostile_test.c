// SPDX-License-Identifier: MIT
// devmgr among enemies: hosts that send garbage, hang, flood or lie, and clients of the control
// socket that do. It must say what is wrong, end the culprit, and keep answering everybody else.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lx/fd.h>
#include <lx/file.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "devmgr_process.h"

TestSuite(hostile, .timeout = 120);

static const char g_board[] =
    "board: hostile\n"
    "drivers: {boot: [platform-bus]}\n"
    "devices: []\n"
    "expect: [{device: sys, driver: platform-bus}]\n";

// The host of `sys` is killed for |reason|, is tried again, and in the end given up; devmgr lives.
static void expect_given_up(const char* mode, const char* reason) {
    static const char* const options[] = {"--crash-limit", "3", "--hook-timeout", "700", NULL};
    devmgr_process_t devmgr;
    device_seen_t sys;
    devmgr_start(&devmgr, g_board, mode, options);
    zx_handle_t control = devmgr_connect(&devmgr);
    cr_expect(devmgr_wait_log(control, reason, 20), "%s: '%s' is not in the log", mode, reason);
    cr_expect(devmgr_wait_log(control, "given up after 3 crashes", 20), "%s", mode);
    cr_assert(devmgr_show(control, "sys", &sys));
    cr_expect_str_eq(sys.state, "failed", "%s", mode);
    cr_expect_str_eq(sys.driver, "", "%s", mode);
    cr_expect_not_null(strstr(sys.fault, "given up after 3 crashes"), "%s: %s", mode, sys.fault);
    cr_expect_not_null(strstr(sys.fault, reason), "%s: %s", mode, sys.fault);
    cr_expect_not_null(strstr(sys.crash, reason), "%s: %s", mode, sys.crash);
    cr_expect_eq(sys.restarts, 2, "%s", mode);
    cr_expect_eq(devmgr_child_count(&devmgr), 0, "%s", mode);
    char missing[300];
    cr_expect_eq(devmgr_wait_ready(control, 1, missing, sizeof(missing)), ZX_ERR_TIMED_OUT);
    cr_expect_eq(strncmp(missing, "sys (driver platform-bus): given up", 35), 0, "%s", missing);
    zx_handle_close(control);
    devmgr_stop(&devmgr);
}

Test(hostile, host_sends_garbage_as_requests) {
    expect_given_up("garbage", "it sent something that is no message");
}

Test(hostile, host_sends_garbage_as_answers) {
    expect_given_up("answers", "it answered a request that was not made");
}

Test(hostile, host_sends_a_huge_message) {
    expect_given_up("huge", "it sent a request that does not exist");
}

Test(hostile, host_sends_a_short_message) {
    expect_given_up("short", "it sent something that is no message");
}

Test(hostile, host_sends_an_unknown_request) {
    expect_given_up("nosuch", "it sent a request that does not exist");
}

Test(hostile, host_sends_a_damaged_request) {
    expect_given_up("damaged", "it sent a damaged message");
}

Test(hostile, host_answers_what_nobody_asked) {
    expect_given_up("unasked", "it answered a request that was not made");
}

Test(hostile, host_answers_another_method) {
    expect_given_up("wrong", "it answered a request that was not made");
}

Test(hostile, host_goes_below_the_channel) {
    expect_given_up("raw", "it sent something that is no message");
}

Test(hostile, host_exits) {
    expect_given_up("exit", "exited with code 3");
}

Test(hostile, host_closes_its_channels_and_stays) {
    expect_given_up("closer", "it closed its channel");
}

Test(hostile, host_never_answers) {
    expect_given_up("silent", "it did not answer CreateDevice for sys within 700 ms");
}

Test(hostile, host_never_reads) {
    expect_given_up("deaf", "it did not answer CreateDevice for sys within 700 ms");
}

// A host that is no program at all.
Test(hostile, host_cannot_be_started) {
    devmgr_process_t devmgr;
    device_seen_t sys;
    static const char* const options[] = {"--driver-host", "/nowhere/driver_host", NULL};
    devmgr_start(&devmgr, g_board, NULL, options);
    zx_handle_t control = devmgr_connect(&devmgr);
    cr_expect(devmgr_wait_log(control, "cannot be started", 10));
    cr_assert(devmgr_show(control, "sys", &sys));
    cr_expect_not_null(strstr(sys.fault, "ZX_ERR_NOT_FOUND (/nowhere/driver_host)"), "%s",
                       sys.fault);
    zx_handle_close(control);
    devmgr_stop(&devmgr);
}

static void expect_log(zx_handle_t control, const char* text) {
    cr_expect(devmgr_wait_log(control, text, 20), "'%s' is not in the log", text);
}

Test(hostile, wrong_devices_are_refused_one_by_one) {
    devmgr_process_t devmgr;
    device_seen_t seen;
    devmgr_start(&devmgr, g_board, "names", NULL);
    zx_handle_t control = devmgr_connect(&devmgr);
    expect_log(control, "done: ZX_OK");
    static const char* const results[] = {"no name: ZX_ERR_INVALID_ARGS",
                                          "empty name: ZX_ERR_INVALID_ARGS",
                                          "slash: ZX_ERR_INVALID_ARGS",
                                          "dots: ZX_ERR_INVALID_ARGS",
                                          "escape: ZX_ERR_INVALID_ARGS",
                                          "long: ZX_ERR_INVALID_ARGS",
                                          "id 0: ZX_ERR_INVALID_ARGS",
                                          "id of devmgr: ZX_ERR_INVALID_ARGS",
                                          "flags: ZX_ERR_INVALID_ARGS",
                                          "instance: ZX_ERR_INVALID_ARGS",
                                          "unknown parent: ZX_ERR_NOT_FOUND",
                                          "good: ZX_OK",
                                          "id again: ZX_ERR_INVALID_ARGS",
                                          "name again: ZX_OK",
                                          "two values: ZX_ERR_INVALID_ARGS",
                                          "remove a stranger: ZX_ERR_NOT_FOUND",
                                          "remove the root: ZX_ERR_NOT_SUPPORTED"};
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        expect_log(control, results[i]);
    }
    cr_expect(devmgr_show(control, "sys/a", &seen));
    cr_expect(devmgr_show(control, "sys/a#2", &seen));
    cr_assert(devmgr_show(control, "sys", &seen));
    cr_expect_eq(seen.children, 2);
    zx_handle_close(control);
    devmgr_stop(&devmgr);
}

Test(hostile, devices_of_one_host_are_limited) {
    devmgr_process_t devmgr;
    device_seen_t sys;
    devmgr_start(&devmgr, g_board, "many", NULL);
    zx_handle_t control = devmgr_connect(&devmgr);
    // 512 with the proxy of sys.
    expect_log(control, "added 511: ZX_OK");
    cr_assert(devmgr_show(control, "sys", &sys));
    cr_expect_eq(sys.children, 511);
    // The list comes in pages, all of them whole.
    size_t count = 0;
    for (uint32_t start = 0, pages = 0; pages == 0 || start != 0; pages++) {
        control_list_request_t request = {.start = start};
        control_list_devices_response_t response;
        pg_arena_t arena = {0};
        cr_assert_eq(control_control_list_devices(control, &request, &arena, &response), ZX_OK);
        cr_assert_eq(response.status, ZX_OK);
        cr_assert_lt(pages, 100);
        count += response.devices_count;
        start = response.next;
        pg_arena_fini(&arena);
    }
    cr_expect_eq(count, 512);
    zx_handle_close(control);
    devmgr_stop(&devmgr);
}

Test(hostile, a_log_flood_is_dropped_and_nobody_waits) {
    devmgr_process_t devmgr;
    device_seen_t seen;
    devmgr_start(&devmgr, g_board, "flood", NULL);
    zx_handle_t control = devmgr_connect(&devmgr);
    bool is_over = false;
    // However many questions fit into it, the flood ends; the bound is only for one that does not.
    const zx_time_t deadline = zx_deadline_after(ZX_SEC(40));
    while (!is_over && zx_clock_get_monotonic() < deadline) {
        is_over = devmgr_show(control, "sys/after-the-flood", &seen);
    }
    cr_expect(is_over, "the flooding host was served");
    control_log_request_t request = {.after = 0};
    control_log_response_t response;
    pg_arena_t arena = {0};
    cr_assert_eq(control_control_read_log(control, &request, &arena, &response), ZX_OK);
    cr_assert_gt(response.records_count, 0);
    cr_expect_eq(response.records[0].sequence, 1, "nothing was pushed out of the ring");
    pg_arena_fini(&arena);
    zx_handle_close(control);
    devmgr_stop(&devmgr);
}

// `sys` adds its child after it was bound.
static void expect_child(zx_handle_t control, device_seen_t* out) {
    for (unsigned i = 0; i < 2000 && !devmgr_show(control, "sys/child", out); i++) {
        zx_nanosleep(zx_deadline_after(1000000));
    }
    cr_assert(devmgr_show(control, "sys/child", out));
}

// A driver that takes down the host of others in its bind is set aside after some times; they live
// on.
Test(hostile, a_driver_that_ends_its_host_in_bind_is_set_aside) {
    static const char board[] =
        "board: hostile\n"
        "drivers: {boot: [platform-bus], system: [sample]}\n"
        "devices: []\n";
    devmgr_process_t devmgr;
    device_seen_t seen;
    devmgr_start(&devmgr, board, "bindcrash", NULL);
    zx_handle_t control = devmgr_connect(&devmgr);
    expect_log(control, "driver sample: set aside: its bind ended its host 3 times");
    expect_child(control, &seen);
    cr_expect_str_eq(seen.state, "running");
    cr_expect_str_eq(seen.driver, "");
    cr_assert(devmgr_show(control, "sys", &seen));
    cr_expect_str_eq(seen.driver, "platform-bus");
    cr_expect_eq(seen.restarts, 3, "%u restarts", seen.restarts);
    zx_handle_close(control);
    devmgr_stop(&devmgr);
}

// Loaded by a user, it is tried once.
Test(hostile, a_loaded_driver_that_ends_its_host_in_bind_is_forgotten) {
    devmgr_process_t devmgr;
    device_seen_t seen;
    char detail[300];
    devmgr_start(&devmgr, g_board, "bindcrash", NULL);
    zx_handle_t control = devmgr_connect(&devmgr);
    expect_log(control, "board hostile up");
    expect_child(control, &seen);
    cr_expect_eq(
        devmgr_load(control, false, "sample.so", "drivers/sample.so", detail, sizeof(detail)),
        ZX_ERR_UNAVAILABLE);
    cr_expect_not_null(strstr(detail, "exited with code 9"), "%s", detail);
    expect_log(control, "load of driver sample: ZX_ERR_UNAVAILABLE");
    cr_expect_eq(devmgr_unload(control, "sample"), ZX_ERR_NOT_FOUND);
    expect_child(control, &seen);
    cr_assert(devmgr_show(control, "sys", &seen));
    cr_expect_str_eq(seen.driver, "platform-bus");
    cr_expect_eq(seen.restarts, 1);
    cr_expect_eq(seen.children, 1);
    zx_handle_close(control);
    devmgr_stop(&devmgr);
}

// Reloads `platform-bus` from the driver folder; returns the status, the text goes to |detail|.
static zx_status_t reload_bus(zx_handle_t control, char* detail, size_t size) {
    control_load_request_t request = {.file_name = "platform-bus"};
    control_load_response_t response;
    pg_arena_t arena = {0};
    cr_assert_eq(control_control_reload(control, &request, &arena, &response), ZX_OK);
    snprintf(detail, size, "%s", response.detail != NULL ? response.detail : "");
    zx_status_t status = response.status;
    pg_arena_fini(&arena);
    return status;
}

Test(hostile, a_reload_that_ends_the_host_goes_back) {
    devmgr_process_t devmgr;
    device_seen_t sys;
    char detail[500];
    devmgr_start(&devmgr, g_board, "reloadcrash", NULL);
    zx_handle_t control = devmgr_connect(&devmgr);
    expect_log(control, "board hostile up");
    cr_expect_eq(reload_bus(control, detail, sizeof(detail)), ZX_ERR_UNAVAILABLE);
    cr_expect_not_null(strstr(detail, "exited with code 9"), "%s", detail);
    cr_expect_not_null(strstr(detail, "back to the old one, which is bound to 1 of 1 devices"),
                       "%s", detail);
    cr_assert(devmgr_show(control, "sys", &sys));
    cr_expect_str_eq(sys.driver, "platform-bus");
    cr_expect_str_eq(sys.state, "running");
    cr_expect_str_eq(sys.fault, "");
    cr_expect_eq(devmgr_child_count(&devmgr), 1);
    zx_handle_close(control);
    devmgr_stop(&devmgr);
}

// A library that a host cannot let go of would be used again under its name: the old one stays.
Test(hostile, a_reload_that_cannot_unload_goes_back) {
    devmgr_process_t devmgr;
    device_seen_t sys;
    char detail[500];
    devmgr_start(&devmgr, g_board, "keeper", NULL);
    zx_handle_t control = devmgr_connect(&devmgr);
    expect_log(control, "board hostile up");
    cr_expect_eq(reload_bus(control, detail, sizeof(detail)), ZX_ERR_BAD_STATE);
    cr_expect_not_null(strstr(detail, "its library stays in host sys"), "%s", detail);
    cr_expect_not_null(strstr(detail, "still in use"), "%s", detail);
    cr_assert(devmgr_show(control, "sys", &sys));
    cr_expect_str_eq(sys.driver, "platform-bus");
    zx_handle_close(control);
    devmgr_stop(&devmgr);
}

// Shutdown does not wait for ever for a host that does not let go.
Test(hostile, a_clinging_host_is_killed_at_shutdown) {
    static const char* const options[] = {"--hook-timeout", "500", NULL};
    devmgr_process_t devmgr;
    devmgr_start(&devmgr, g_board, "clinger", options);
    zx_handle_t control = devmgr_connect(&devmgr);
    expect_log(control, "board hostile up");
    zx_handle_close(control);
    devmgr_stop(&devmgr);
}

Test(hostile, a_host_that_outlives_its_channel_is_killed_at_shutdown) {
    devmgr_process_t devmgr;
    devmgr_start(&devmgr, g_board, "survivor", NULL);
    zx_handle_t control = devmgr_connect(&devmgr);
    expect_log(control, "board hostile up");
    zx_handle_close(control);
    devmgr_stop(&devmgr);
}

// ------------------------------------------------------------------------------------- clients

static void expect_disconnected(zx_handle_t control) {
    zx_signals_t observed = 0;
    cr_expect_eq(zx_object_wait_one(control, ZX_CHANNEL_PEER_CLOSED, zx_deadline_after(10000000000),
                                    &observed),
                 ZX_OK);
    zx_handle_close(control);
}

static void send_and_expect_disconnect(const devmgr_process_t* devmgr, const void* bytes,
                                       size_t size) {
    zx_handle_t control = devmgr_connect(devmgr);
    cr_assert_eq(zx_channel_write(control, 0, bytes, (uint32_t)size, NULL, 0), ZX_OK);
    expect_disconnected(control);
}

Test(hostile, clients_that_send_garbage_are_disconnected) {
    devmgr_process_t devmgr;
    static uint8_t bytes[ZX_CHANNEL_MAX_MSG_BYTES];
    devmgr_start(&devmgr, g_board, "", NULL);
    zx_handle_t good = devmgr_connect(&devmgr);
    expect_log(good, "board hostile up");
    size_t fds = devmgr_fd_count(&devmgr);
    memset(bytes, 0xa5, sizeof(bytes));
    send_and_expect_disconnect(&devmgr, bytes, 1);
    send_and_expect_disconnect(&devmgr, bytes, 100);
    send_and_expect_disconnect(&devmgr, bytes, sizeof(bytes));
    pg_header_t header = {.txid = 1, .ordinal = 77};
    send_and_expect_disconnect(&devmgr, &header, sizeof(header));
    header.ordinal = CONTROL_CONTROL_LOAD_ORDINAL;
    send_and_expect_disconnect(&devmgr, &header, sizeof(header));
    zx_handle_t control = devmgr_connect(&devmgr);
    int fd = -1;
    cr_assert_eq(lx_channel_dup_fd(control, &fd), ZX_OK);
    cr_assert_gt(send(fd, "raw bytes", 9, 0), 0);
    close(fd);
    expect_disconnected(control);
    device_seen_t seen;
    cr_expect(devmgr_show(good, "sys", &seen), "the others are served");
    cr_expect_eq(devmgr_fd_count(&devmgr), fds, "nothing of them is left");
    zx_handle_close(good);
    devmgr_stop(&devmgr);
}

Test(hostile, a_client_that_does_not_read_is_disconnected) {
    devmgr_process_t devmgr;
    devmgr_start(&devmgr, g_board, "", NULL);
    zx_handle_t deaf = devmgr_connect(&devmgr);
    control_log_request_t request = {.after = 0};
    zx_status_t status = ZX_OK;
    for (uint32_t i = 1; i < 100000 && status != ZX_ERR_PEER_CLOSED; i++) {
        status = control_control_read_log_send(deaf, i, &request);
        if (status == ZX_ERR_SHOULD_WAIT) {
            status = zx_object_wait_one(deaf, ZX_CHANNEL_WRITABLE | ZX_CHANNEL_PEER_CLOSED,
                                        zx_deadline_after(10000000000), NULL);
        }
    }
    cr_expect_eq(status, ZX_ERR_PEER_CLOSED, "%s", zx_status_get_string(status));
    zx_handle_close(deaf);
    zx_handle_t good = devmgr_connect(&devmgr);
    device_seen_t seen;
    cr_expect(devmgr_show(good, "sys", &seen));
    zx_handle_close(good);
    devmgr_stop(&devmgr);
}

Test(hostile, a_client_that_waits_for_too_much_is_disconnected) {
    devmgr_process_t devmgr;
    devmgr_start(&devmgr, g_board, "", NULL);
    zx_handle_t control = devmgr_connect(&devmgr);
    control_open_request_t request = {.path = "sys/never", .timeout_ms = 3600000};
    for (uint32_t i = 1; i <= 17; i++) {
        cr_expect_eq(control_control_open_send(control, i, &request), ZX_OK);
    }
    expect_disconnected(control);
    devmgr_stop(&devmgr);
}

Test(hostile, clients_are_limited_in_number) {
    devmgr_process_t devmgr;
    zx_handle_t clients[64];
    devmgr_start(&devmgr, g_board, "", NULL);
    for (size_t i = 0; i < 64; i++) {
        clients[i] = devmgr_connect(&devmgr);
    }
    expect_disconnected(devmgr_connect(&devmgr));
    size_t fds = devmgr_fd_count(&devmgr);
    for (size_t i = 0; i < 64; i++) {
        zx_handle_close(clients[i]);
    }
    while (devmgr_fd_count(&devmgr) > fds - 64) {
        cr_assert(devmgr_is_alive(&devmgr));
        zx_nanosleep(zx_deadline_after(1000000));
    }
    zx_handle_t control = devmgr_connect(&devmgr);
    device_seen_t seen;
    cr_expect(devmgr_show(control, "sys", &seen));
    zx_handle_close(control);
    devmgr_stop(&devmgr);
}

Test(hostile, images_that_are_no_drivers_are_refused) {
    devmgr_process_t devmgr;
    char detail[300];
    devmgr_start(&devmgr, g_board, "", NULL);
    zx_handle_t control = devmgr_connect(&devmgr);
    cr_expect_eq(devmgr_load(control, false, "x.so", "../CMakeCache.txt", detail, sizeof(detail)),
                 ZX_ERR_IO_DATA_INTEGRITY);
    cr_expect_str_eq(detail, "not an ELF file");
    // A load without an image, and one whose image is something else.
    control_load_request_t request = {.file_name = "x.so"};
    control_load_response_t response;
    pg_arena_t arena = {0};
    cr_assert_eq(control_control_load(control, &request, &arena, &response), ZX_OK);
    cr_expect_neq(response.status, ZX_OK);
    cr_assert_eq(zx_event_create(0, &request.image), ZX_OK);
    cr_assert_eq(control_control_load(control, &request, &arena, &response), ZX_OK);
    cr_expect_neq(response.status, ZX_OK);
    cr_assert_eq(lx_vmo_from_bytes("", 0, &request.image), ZX_OK);
    cr_assert_eq(control_control_load(control, &request, &arena, &response), ZX_OK);
    cr_expect_neq(response.status, ZX_OK);
    pg_arena_fini(&arena);
    cr_expect_eq(devmgr_unload(control, "nothing"), ZX_ERR_NOT_FOUND);
    zx_handle_close(control);
    devmgr_stop(&devmgr);
}

Test(hostile, a_second_devmgr_does_not_take_the_socket) {
    devmgr_process_t first;
    devmgr_process_t second;
    devmgr_start(&first, g_board, "", NULL);
    zx_handle_t control = devmgr_connect(&first);
    const char* options[] = {"--socket", first.socket, NULL};
    devmgr_start(&second, g_board, "", options);
    while (devmgr_is_alive(&second)) {
        zx_nanosleep(zx_deadline_after(5000000));
    }
    char text[2000] = "";
    cr_expect_gt(pread(second.output, text, sizeof(text) - 1, 0), 0);
    cr_expect_not_null(strstr(text, "another devmgr serves it"), "%s", text);
    device_seen_t seen;
    cr_expect(devmgr_show(control, "sys", &seen));
    zx_handle_close(control);
    devmgr_stop(&first);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", second.dir);
    cr_expect_eq(system(command), 0);
}
