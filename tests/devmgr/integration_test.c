// SPDX-License-Identifier: MIT
// devmgr with the real driver_host and drivers: a board comes up, drivers come and go in a running
// host, hosts die and come back.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lx/file.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "devmgr_process.h"

TestSuite(integration, .timeout = 120);

#define SCRATCH "sys/platform/scratch"
#define BUS     SCRATCH "/hotload-bus"

static const char g_board[] =
    "board: test\n"
    "drivers: {boot: [platform-bus, block], system: [ramdisk, sample]}\n"
    "devices:\n"
    "  - {name: ramdisk, vid: 0, pid: 0, did: 0x1000, metadata: [{type: 0x52414d64, u64: [64]}]}\n"
    "  - {name: sample, vid: 0, pid: 0, did: 0x1001}\n"
    "  - {name: scratch, vid: 0x11, pid: 0, did: 0}\n"
    "expect:\n"
    "  - {device: sys, driver: platform-bus}\n"
    "  - {device: sys/platform/ramdisk, driver: ramdisk}\n"
    "  - {device: sys/platform/ramdisk/ramdisk, driver: block}\n"
    "  - {device: sys/platform/sample, driver: sample}\n";

static devmgr_process_t g_devmgr;
static zx_handle_t g_control;
static char g_detail[600];

static void start_with(const char* const* options) {
    char missing[300];
    devmgr_start(&g_devmgr, g_board, NULL, options);
    g_control = devmgr_connect(&g_devmgr);
    zx_status_t status = devmgr_wait_ready(g_control, 20000, missing, sizeof(missing));
    cr_assert_eq(status, ZX_OK, "%s: %s", zx_status_get_string(status), missing);
}

static void start(void) {
    start_with(NULL);
}

static void stop(void) {
    zx_handle_close(g_control);
    devmgr_stop(&g_devmgr);
}

static zx_status_t load(const char* name) {
    char path[100];
    snprintf(path, sizeof(path), "test_drivers/%s.so", name);
    return devmgr_load(g_control, false, path, path, g_detail, sizeof(g_detail));
}

static zx_status_t reload(const char* name, const char* version) {
    char file[100];
    snprintf(file, sizeof(file), "test_drivers/%s.so", version);
    return devmgr_load(g_control, true, name, file, g_detail, sizeof(g_detail));
}

static device_seen_t show(const char* path) {
    device_seen_t seen;
    cr_assert(devmgr_show(g_control, path, &seen), "there is no %s", path);
    return seen;
}

// Opens a device; waits for it up to ten seconds.
static zx_status_t open_device(const char* path, uint32_t timeout_ms, zx_handle_t* out) {
    control_open_request_t request = {.path = path, .timeout_ms = timeout_ms};
    control_open_response_t response;
    pg_arena_t arena = {0};
    zx_status_t status = control_control_open(g_control, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
        *out = response.client;
        snprintf(g_detail, sizeof(g_detail), "%s", response.detail != NULL ? response.detail : "");
    }
    pg_arena_fini(&arena);
    return status;
}

Test(integration, the_board_comes_up_and_goes_down, .init = start, .fini = stop) {
    cr_expect_str_eq(show("sys").driver, "platform-bus");
    cr_expect_str_eq(show("class/block/000").state, "running");
    cr_expect_str_eq(show("sys/platform/ramdisk/ramdisk/block").state, "running");
    cr_expect_eq(show("sys/platform/ramdisk").pid, show("class/block/000").pid);
    cr_expect_neq(show("sys/platform/ramdisk").pid, show("sys/platform/sample").pid);
    cr_expect_neq(show("sys").pid, show("sys/platform/sample").pid);
    cr_expect_str_eq(show(SCRATCH).driver, "");
    cr_expect_eq(devmgr_child_count(&g_devmgr), 3);
}

#define MISSING_FILE                                                                   \
    SCRATCH                                                                            \
    " (driver nothing): the driver cannot be used: the board names it, but no driver " \
    "folder has it"

Test(integration, what_is_missing_is_named) {
    static const char board[] =
        "board: test\n"
        "drivers: {boot: [platform-bus, sample, nothing]}\n"
        "devices: [{name: scratch, vid: 0x11, pid: 0, did: 0}]\n"
        "expect: [{device: sys, driver: sample}]\n";
    static const char board2[] =
        "board: test\n"
        "drivers: {boot: [platform-bus, nothing]}\n"
        "devices: [{name: scratch, vid: 0x11, pid: 0, did: 0}]\n"
        "expect: [{device: sys/platform/scratch, driver: nothing}]\n";
    static const char board3[] =
        "board: test\n"
        "drivers: {boot: [platform-bus]}\n"
        "devices: [{name: scratch, vid: 0x11, pid: 0, did: 0}]\n"
        "expect: [{device: sys/platform/scratch, driver: other}]\n";
    static const char* const boards[] = {board, board2, board3};
    static const char* const texts[] = {"sys (driver sample): driver platform-bus is bound instead",
                                        MISSING_FILE,
                                        "sys/platform/scratch (driver other): no driver matches"};
    for (size_t i = 0; i < 3; i++) {
        char missing[300];
        devmgr_start(&g_devmgr, boards[i], NULL, NULL);
        g_control = devmgr_connect(&g_devmgr);
        cr_expect(devmgr_wait_log(g_control, "driver platform-bus bound", 10));
        cr_expect_eq(devmgr_wait_ready(g_control, 300, missing, sizeof(missing)), ZX_ERR_TIMED_OUT);
        cr_expect_str_eq(missing, texts[i]);
        stop();
    }
}

// The end of a host's log pipe is an event of its own, which may come after the answer to unload:
// each question lets devmgr handle what it has.
static void expect_fd_count(size_t fds) {
    device_seen_t device;
    for (int i = 0; i < 1000 && devmgr_fd_count(&g_devmgr) != fds; i++) {
        cr_assert(devmgr_show(g_control, SCRATCH, &device));
    }
    cr_expect_eq(devmgr_fd_count(&g_devmgr), fds, "%zu fds, were %zu", devmgr_fd_count(&g_devmgr),
                 fds);
}

Test(integration, load_into_a_running_host_and_unload, .init = start, .fini = stop) {
    size_t fds = devmgr_fd_count(&g_devmgr);
    cr_assert_eq(load("hotload-bus"), ZX_OK, "%s", g_detail);
    unsigned pid = show(BUS).pid;
    cr_assert_eq(load("echo-v1"), ZX_OK, "%s", g_detail);
    cr_assert_eq(load("sibling"), ZX_OK, "%s", g_detail);
    cr_expect_eq(show(BUS "/echo0/echo").pid, pid, "the same process");
    cr_expect_eq(show(BUS "/sibling0/sibling").pid, pid);
    cr_expect_eq(load("echo-v1"), ZX_ERR_ALREADY_EXISTS);
    cr_assert_eq(devmgr_unload(g_control, "echo"), ZX_OK);
    device_seen_t gone;
    cr_expect_not(devmgr_show(g_control, BUS "/echo0/echo", &gone));
    cr_expect_eq(show(BUS "/sibling0/sibling").pid, pid, "its neighbour stays");
    cr_assert_eq(devmgr_unload(g_control, "hotload-bus.so"), ZX_OK);
    cr_expect_not(devmgr_show(g_control, BUS, &gone));
    cr_expect_eq(show(SCRATCH).children, 0);
    cr_assert_eq(devmgr_unload(g_control, "sibling"), ZX_OK);
    cr_expect_eq(devmgr_child_count(&g_devmgr), 3, "the host without a driver is gone");
    expect_fd_count(fds);
}

Test(integration, reload_leaves_the_neighbour_alone, .init = start, .fini = stop) {
    zx_handle_t sibling = ZX_HANDLE_INVALID;
    cr_assert_eq(load("hotload-bus"), ZX_OK, "%s", g_detail);
    cr_assert_eq(load("echo-v1"), ZX_OK, "%s", g_detail);
    cr_assert_eq(load("sibling"), ZX_OK, "%s", g_detail);
    unsigned pid = show(BUS).pid;
    cr_assert_eq(open_device(BUS "/sibling0/sibling", 0, &sibling), ZX_OK, "%s", g_detail);
    cr_assert_eq(reload("echo", "echo-v2"), ZX_OK, "%s", g_detail);
    cr_expect_eq(show(BUS "/echo0/echo").pid, pid);
    cr_expect_eq(show(BUS "/echo1/echo").pid, pid);
    zx_signals_t observed = 0;
    cr_expect_eq(zx_object_wait_one(sibling, ZX_CHANNEL_PEER_CLOSED, 0, &observed),
                 ZX_ERR_TIMED_OUT, "the neighbour's client is still connected");
    zx_handle_close(sibling);
    cr_expect_eq(reload("echo", "sibling"), ZX_ERR_INVALID_ARGS);
    cr_expect_str_eq(g_detail, "the file is driver sibling, not echo");
    cr_expect_eq(reload("nothing", "bad-bind"), ZX_ERR_NOT_FOUND, "%s", g_detail);
}

Test(integration, reload_from_the_folder_keeps_the_host, .init = start, .fini = stop) {
    unsigned pid = show("sys/platform/sample").pid;
    control_load_request_t request = {.file_name = "sample"};
    control_load_response_t response;
    pg_arena_t arena = {0};
    cr_assert_eq(control_control_reload(g_control, &request, &arena, &response), ZX_OK);
    cr_assert_eq(response.status, ZX_OK, "%s", response.detail);
    cr_expect_gt(response.gap_ns, 0);
    cr_assert_eq(response.devices_count, 1);
    cr_expect_str_eq(response.devices[0], "sys/platform/sample");
    cr_expect_eq(response.hosts[0], pid);
    pg_arena_fini(&arena);
    cr_expect_eq(show("sys/platform/sample").pid, pid);
}

// A new version that cannot be loaded: the old one serves again, in the same process.
Test(integration, a_bad_new_version_is_rolled_back, .init = start, .fini = stop) {
    char path[512];
    static uint8_t bytes[1 << 20];
    snprintf(path, sizeof(path), "%s/lib/drivers/sample.so", getenv("JACINTH_BUILD"));
    FILE* file = fopen(path, "rb");
    cr_assert_not_null(file);
    size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    uint8_t* symbol = memmem(bytes, size, "device_add_from_driver", 22);
    cr_assert_not_null(symbol);
    symbol[0] = 'X';
    control_load_request_t request = {.file_name = "sample"};
    control_load_response_t response;
    pg_arena_t arena = {0};
    unsigned pid = show("sys/platform/sample").pid;
    cr_assert_eq(lx_vmo_from_bytes(bytes, size, &request.image), ZX_OK);
    cr_assert_eq(control_control_reload(g_control, &request, &arena, &response), ZX_OK);
    cr_expect_neq(response.status, ZX_OK);
    cr_expect_not_null(strstr(response.detail, "Xevice_add_from_driver"), "%s", response.detail);
    cr_expect_not_null(
        strstr(response.detail, "back to the old one, which is bound to 1 of 1 devices"), "%s",
        response.detail);
    cr_expect_eq(response.devices_count, 0);
    pg_arena_fini(&arena);
    device_seen_t seen = show("sys/platform/sample");
    cr_expect_str_eq(seen.driver, "sample");
    cr_expect_str_eq(seen.fault, "");
    cr_expect_eq(seen.pid, pid);
    cr_expect_eq(seen.children, 1);
}

// Drivers that are refused leave nothing behind, whatever is wrong with them.
Test(integration, bad_drivers_leave_nothing, .init = start, .fini = stop) {
    size_t fds = devmgr_fd_count(&g_devmgr);
    static const char* const names[] = {"bad-abi", "bad-bind", "bad-init", "bad-symbol",
                                        "bad-constructor"};
    static const char* const texts[] = {"driver ABI version", "bind of driver bad-bind failed",
                                        "init of its device bad failed", "device_no_such_call",
                                        SCRATCH ": host scratch "};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        cr_expect_neq(load(names[i]), ZX_OK, "%s", names[i]);
        cr_expect_not_null(strstr(g_detail, texts[i]), "%s: '%s'", names[i], g_detail);
        cr_expect_eq(devmgr_unload(g_control, names[i]), ZX_ERR_NOT_FOUND, "%s is still known",
                     names[i]);
        cr_expect_eq(devmgr_child_count(&g_devmgr), 3, "%s", names[i]);
        cr_expect_eq(show(SCRATCH).children, 0);
    }
    expect_fd_count(fds);
    cr_assert_eq(load("hotload-bus"), ZX_OK, "the device is free for a good one: %s", g_detail);
}

Test(integration, a_loaded_driver_comes_back_with_its_host, .init = start, .fini = stop) {
    cr_assert_eq(load("hotload-bus"), ZX_OK, "%s", g_detail);
    unsigned pid = show(BUS).pid;
    kill((pid_t)pid, SIGKILL);
    zx_handle_t device = ZX_HANDLE_INVALID;
    cr_assert(devmgr_wait_log(g_control, "host scratch", 10));
    cr_assert_eq(open_device(BUS "/echo0", 10000, &device), ZX_OK, "%s", g_detail);
    zx_handle_close(device);
}

Test(integration, a_killed_host_comes_back_under_the_same_names, .init = start, .fini = stop) {
    unsigned pid = show("class/block/000").pid;
    zx_handle_t block = ZX_HANDLE_INVALID;
    cr_assert_eq(open_device("class/block/000", 0, &block), ZX_OK);
    kill((pid_t)pid, SIGKILL);
    cr_expect_eq(
        zx_object_wait_one(block, ZX_CHANNEL_PEER_CLOSED, zx_deadline_after(10000000000), NULL),
        ZX_OK, "the client notices");
    zx_handle_close(block);
    cr_assert(devmgr_wait_log(g_control, "killed by SIGKILL", 10));
    cr_assert_eq(open_device("class/block/000", 10000, &block), ZX_OK, "%s", g_detail);
    zx_handle_close(block);
    device_seen_t seen = show("sys/platform/ramdisk");
    cr_expect_neq(seen.pid, pid);
    cr_expect_eq(seen.restarts, 1);
    cr_expect_str_eq(seen.state, "running");
    cr_expect_str_eq(seen.fault, "");
    cr_expect_not_null(strstr(seen.crash, "killed by SIGKILL"), "%s", seen.crash);
}

// The host of `sys` takes everything with it, and everything comes back.
Test(integration, the_root_host_can_die, .init = start, .fini = stop) {
    kill((pid_t)show("sys").pid, SIGKILL);
    zx_handle_t block = ZX_HANDLE_INVALID;
    cr_assert(devmgr_wait_log(g_control, "host sys (pid", 10));
    cr_assert(devmgr_wait_log(g_control, "killed by SIGKILL", 10));
    cr_assert_eq(open_device("class/block/000", 10000, &block), ZX_OK, "%s", g_detail);
    zx_handle_close(block);
    cr_assert_eq(open_device("sys/platform/sample", 10000, &block), ZX_OK, "%s", g_detail);
    zx_handle_close(block);
    cr_expect_eq(show("sys").restarts, 1);
}

Test(integration, a_host_that_dies_again_and_again_is_given_up, .fini = stop) {
    static const char* const options[] = {"--crash-limit", "3", NULL};
    start_with(options);
    for (int i = 0; i < 3; i++) {
        zx_handle_t device = ZX_HANDLE_INVALID;
        cr_assert_eq(open_device("class/block/000", 10000, &device), ZX_OK, "%s", g_detail);
        zx_handle_close(device);
        kill((pid_t)show("sys/platform/ramdisk").pid, SIGSEGV);
        char text[64];
        snprintf(text, sizeof(text), "pid %u) ", show("sys/platform/ramdisk").pid);
        device_seen_t seen;
        while (devmgr_show(g_control, "class/block/000", &seen)) {
            zx_nanosleep(zx_deadline_after(1000000));
        }
    }
    cr_assert(devmgr_wait_log(g_control, "given up after 3 crashes", 10));
    device_seen_t seen = show("sys/platform/ramdisk");
    cr_expect_str_eq(seen.state, "failed");
    cr_expect_not_null(strstr(seen.fault, "SIGSEGV"), "%s", seen.fault);
    cr_expect_eq(devmgr_child_count(&g_devmgr), 2);
    zx_handle_t device = ZX_HANDLE_INVALID;
    cr_expect_eq(open_device("sys/platform/ramdisk", 0, &device), ZX_ERR_BAD_STATE);
    cr_expect_not_null(strstr(g_detail, "is failed: given up"), "%s", g_detail);
}

Test(integration, open_waits_no_longer_than_asked, .init = start, .fini = stop) {
    zx_handle_t device = ZX_HANDLE_INVALID;
    cr_expect_eq(open_device("sys/nothing", 0, &device), ZX_ERR_NOT_FOUND);
    cr_expect_str_eq(g_detail, "no device sys/nothing");
    cr_expect_eq(open_device("sys/nothing", 50, &device), ZX_ERR_TIMED_OUT);
    cr_expect_eq(open_device("", 0, &device), ZX_ERR_NOT_FOUND);
    cr_expect_eq(open_device(NULL, 0, &device), ZX_ERR_NOT_FOUND);
}

// A client that goes while its load is under way takes nothing with it.
Test(integration, a_client_may_leave_in_the_middle, .init = start, .fini = stop) {
    zx_handle_t second = devmgr_connect(&g_devmgr);
    control_open_request_t open_request = {.path = "sys/later", .timeout_ms = 60000};
    cr_expect_eq(control_control_open_send(second, 1, &open_request), ZX_OK);
    control_log_request_t log_request = {.after = UINT64_MAX / 2, .wait = true};
    cr_expect_eq(control_control_read_log_send(second, 2, &log_request), ZX_OK);
    control_name_request_t unload = {.name = "sample"};
    cr_expect_eq(control_control_unload_send(second, 3, &unload), ZX_OK);
    zx_handle_close(second);
    cr_expect(devmgr_wait_log(g_control, "unload of driver sample: done", 10));
    cr_expect_str_eq(show("sys/platform/sample").driver, "");
}

// Many at once: they run one after the other, and all are answered.
Test(integration, operations_queue_up, .init = start, .fini = stop) {
    zx_handle_t clients[8];
    control_name_request_t unload = {.name = "sample"};
    for (size_t i = 0; i < 8; i++) {
        clients[i] = devmgr_connect(&g_devmgr);
        cr_expect_eq(control_control_unload_send(clients[i], 5, &unload), ZX_OK);
    }
    unsigned done = 0;
    for (size_t i = 0; i < 8; i++) {
        pg_message_t message;
        cr_assert_eq(zx_object_wait_one(clients[i], ZX_CHANNEL_READABLE,
                                        zx_deadline_after(10000000000), NULL),
                     ZX_OK);
        cr_assert_eq(pg_message_read(clients[i], &message), ZX_OK);
        control_status_response_t response;
        pg_arena_t arena = {0};
        cr_assert_eq(control_status_response_decode_message(&message, &arena, &response), ZX_OK);
        done += response.status == ZX_OK ? 1 : 0;
        cr_expect(response.status == ZX_OK || response.status == ZX_ERR_NOT_FOUND);
        pg_arena_fini(&arena);
        pg_message_fini(&message);
        zx_handle_close(clients[i]);
    }
    cr_expect_eq(done, 1, "one driver can be unloaded once");
}
