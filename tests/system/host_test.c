// SPDX-License-Identifier: MIT
// The board `host`: devmgr, hosts and the command line directly on this machine, as a user has
// them.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system.h"

#define SCRATCH "sys/platform/scratch"
#define BUS     SCRATCH "/hotload-bus"
#define RAMDISK "sys/platform/ramdisk/ramdisk/block"

static pid_t devmgr;

static void start(void) {
    char board[4096];
    snprintf(board, sizeof(board), "%s/boards/host.yaml", sys_source());
    devmgr = sys_devmgr_start(board);
}

static void stop(void) {
    sys_devmgr_stop(devmgr);
    sys_work_remove();
}

TestSuite(host, .init = start, .fini = stop, .timeout = 120);

static void load(const char* name) {
    sys_result_t result =
        sys_expect(0, "jacinth load '%s/lib/test_drivers/%s.so'", sys_build(), name);
    sys_result_fini(&result);
}

static void expect_read(const char* path, const char* text) {
    sys_result_t result = sys_expect(0, "jacinth read %s --wait 10", path);
    cr_expect_str_eq(result.out, text, "%s says: %s", path, result.out);
    sys_result_fini(&result);
}

// The command fails with 1 and says |words|; devmgr goes on.
static void expect_refusal(const char* command, const char* words) {
    sys_result_t result = sys_expect(1, "%s", command);
    cr_expect_not_null(strstr(result.err, words), "`%s` should say '%s', it says: %s", command,
                       words, result.err);
    cr_expect_eq(kill(devmgr, 0), 0);
    sys_result_fini(&result);
}

Test(host, devices_as_json_have_what_is_promised) {
    json_t* devices = sys_jacinth_json("devices");
    static const char* const keys[] = {"path",  "name",       "class",    "driver", "host_pid",
                                       "state", "properties", "children", "fault"};
    size_t index;
    json_t* device;
    json_array_foreach(devices, index, device) {
        for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
            cr_expect_not_null(json_object_get(device, keys[i]), "device %zu has no %s", index,
                               keys[i]);
        }
    }
    json_t* block = sys_find_device(devices, RAMDISK);
    cr_assert_not_null(block);
    cr_expect_str_eq(json_string_value(json_object_get(block, "class")), "block");
    cr_expect_str_eq(json_string_value(json_object_get(block, "state")), "running");
    cr_expect(json_is_null(json_object_get(block, "fault")));
    json_t* ramdisk = sys_find_device(devices, "sys/platform/ramdisk");
    cr_expect_str_eq(json_string_value(json_object_get(ramdisk, "driver")), "ramdisk");
    cr_expect_eq(json_integer_value(json_object_get(ramdisk, "children")), 1);
    json_t* properties = json_object_get(ramdisk, "properties");
    cr_expect_eq(json_integer_value(json_object_get(properties, "fuchsia.BIND_PLATFORM_DEV_DID")),
                 0x1000);
    json_decref(devices);
}

Test(host, a_ram_disk_keeps_what_is_written) {
    sys_result_t result =
        sys_expect(0,
                   "head -c 1048576 /dev/urandom > %s/data && jacinth blk write " RAMDISK
                   " --offset 4k --file %s/data && jacinth blk read " RAMDISK
                   " --offset 4k --count 1M | cmp - %s/data",
                   sys_work(), sys_work(), sys_work());
    sys_result_fini(&result);
    result = sys_expect(0, "jacinth blk verify " RAMDISK " --size 16M");
    cr_expect_not_null(strstr(result.out, "0 differ"), "%s", result.out);
    sys_result_fini(&result);
    expect_refusal("jacinth blk read " RAMDISK " --offset 1G", "ends at");
    expect_refusal("jacinth blk info sys/platform/sample/sample", "not a block device");
}

// A driver goes into a host that runs, another version replaces it there, and the driver beside it
// counts on as if nothing had happened.
Test(host, hot_load_and_reload_leave_the_process_and_the_sibling_alone) {
    load("hotload-bus");
    load("sibling");
    pid_t pid = sys_host_pid(BUS "/sibling0");
    expect_read(BUS "/sibling0/sibling", "sibling read 1\n");
    load("echo-v1");
    expect_read(BUS "/echo0/echo", "echo version 1: \n");
    cr_expect_eq(sys_host_pid(BUS "/echo0/echo"), pid, "loaded into another process");
    sys_result_t result =
        sys_expect(0, "jacinth reload echo '%s/lib/test_drivers/echo-v2.so'", sys_build());
    cr_expect_not_null(strstr(result.out, "gap"), "%s", result.out);
    sys_result_fini(&result);
    expect_read(BUS "/echo0/echo", "echo version 2: \n");
    expect_read(BUS "/echo1/echo", "echo version 2: \n");
    expect_read(BUS "/sibling0/sibling", "sibling read 2\n");
    cr_expect_eq(sys_host_pid(BUS "/echo0/echo"), pid, "reload changed the process");
    result = sys_expect(0, "jacinth unload echo");
    sys_result_fini(&result);
    expect_refusal("jacinth read " BUS "/echo0/echo", "echo0/echo");
    expect_read(BUS "/sibling0/sibling", "sibling read 3\n");
    cr_expect_eq(sys_host_pid(BUS "/sibling0/sibling"), pid);
}

Test(host, a_reload_that_cannot_bind_goes_back_to_the_old_driver) {
    load("crash-on-write");
    expect_read(SCRATCH "/crash-on-write", "alive\n");
    expect_refusal("cd / && jacinth reload crash_on_write /bin/true", "/bin/true");
    expect_read(SCRATCH "/crash-on-write", "alive\n");
}

// Every way in which a .so can be bad: refused with a reason, nothing half-done, devmgr unharmed.
Test(host, bad_drivers_are_refused_with_the_reason) {
    char command[4096];
    expect_refusal("jacinth load /does/not/exist.so", "/does/not/exist.so");
    expect_refusal("jacinth load /etc/passwd", "not an ELF");
    snprintf(command, sizeof(command), "jacinth load '%s/bin/driver_host'", sys_build());
    expect_refusal(command, "note");
    static const char* const bad[][2] = {
        {"bad-abi", "999"},
        {"bad-symbol", "device_no_such_call"},
        {"bad-bind", "bind"},
        {"bad-constructor", "SEGV"},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        snprintf(command, sizeof(command), "jacinth load '%s/lib/test_drivers/%s.so'", sys_build(),
                 bad[i][0]);
        expect_refusal(command, bad[i][1]);
        json_t* drivers = sys_jacinth_json("drivers");
        size_t index;
        json_t* driver;
        json_array_foreach(drivers, index, driver) {
            const char* name = json_string_value(json_object_get(driver, "name"));
            cr_expect_neq(strncmp(name, "bad_", 4), 0, "%s stayed", name);
        }
        json_decref(drivers);
    }
    expect_read("sys/platform/sample/sample", "hello from the sample driver\n");
}

Test(host, a_damaged_note_is_refused) {
    char command[4096];
    sys_result_t result = sys_expect(
        0,
        "cp '%s/lib/drivers/sample.so' %s/bad.so && "
        "at=$(grep -abo Zircon %s/bad.so | head -1 | cut -d: -f1) && "
        "printf '\\377\\377\\377\\177' | dd of=%s/bad.so bs=1 seek=$((at - 8)) conv=notrunc",
        sys_build(), sys_work(), sys_work(), sys_work());
    sys_result_fini(&result);
    snprintf(command, sizeof(command), "jacinth load %s/bad.so", sys_work());
    expect_refusal(command, "note");
}

// Each kind of death: the host is back in service under the same path, devmgr never ends.
Test(host, a_host_that_dies_is_back_in_service) {
    static const char* const ways[] = {"segv", "abort", "stack", "exit", "garbage", "huge"};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
        load("crash-on-write");
        expect_read(SCRATCH "/crash-on-write", "alive\n");
        pid_t before = sys_host_pid(SCRATCH "/crash-on-write");
        sys_result_t result = sys_run("jacinth write " SCRATCH "/crash-on-write %s", ways[i]);
        sys_result_fini(&result);
        // The process ends; only then is a new one there.
        result = sys_expect(0, "timeout 20 tail --pid=%d -f /dev/null", (int)before);
        sys_result_fini(&result);
        expect_read(SCRATCH "/crash-on-write", "alive\n");
        cr_expect_neq(sys_host_pid(SCRATCH "/crash-on-write"), before, "%s did not kill the host",
                      ways[i]);
        result = sys_expect(0, "jacinth unload crash_on_write");
        sys_result_fini(&result);
    }
    cr_expect_eq(kill(devmgr, 0), 0);
}

Test(host, show_tells_of_a_crash) {
    load("crash-on-write");
    pid_t before = sys_host_pid(SCRATCH "/crash-on-write");
    sys_result_t result = sys_run("jacinth write " SCRATCH
                                  "/crash-on-write segv; "
                                  "timeout 20 tail --pid=%d -f /dev/null",
                                  (int)before);
    sys_result_fini(&result);
    expect_read(SCRATCH "/crash-on-write", "alive\n");
    result = sys_expect(0, "jacinth show " SCRATCH);
    cr_expect_not_null(strstr(result.out, "SEGV"), "%s", result.out);
    cr_expect_not_null(strstr(result.out, "crash_on_write(+"), "no stack: %s", result.out);
    sys_result_fini(&result);
}

Test(host, the_sandbox_refuses_every_attempt) {
    load("sandbox-probe");
    sys_result_t result = sys_expect(0, "jacinth read " SCRATCH "/sandbox-probe");
    cr_expect_null(strstr(result.out, "ALLOWED"), "%s", result.out);
    static const char* const attempts[] = {"open", "socket", "ptrace", "mount", "vfio", "exec"};
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        cr_expect_not_null(strstr(result.out, attempts[i]), "no attempt at %s: %s", attempts[i],
                           result.out);
    }
    sys_result_fini(&result);
}

Test(host, a_second_devmgr_on_the_same_socket_is_refused) {
    sys_result_t result = sys_run(
        "devmgr --board '%s/boards/host.yaml' --driver-dir '%s/lib/drivers' --driver-host "
        "'%s/bin/driver_host' --socket %s/control",
        sys_source(), sys_build(), sys_build(), sys_work());
    cr_expect_neq(result.code, 0);
    cr_expect_not_null(strstr(result.err, "/control"), "%s", result.err);
    sys_result_fini(&result);
    expect_read("sys/platform/sample/sample", "hello from the sample driver\n");
}

Test(host, words_that_are_wrong_end_with_2) {
    static const char* const wrong[] = {"jacinth nonsense", "jacinth devices --nonsense",
                                        "jacinth show", "jacinth blk read",
                                        "jacinth blk verify x --size 12q"};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        sys_result_t result = sys_expect(2, "%s", wrong[i]);
        cr_expect_not_null(strstr(result.err, "jacinth help"), "%s", result.err);
        sys_result_fini(&result);
    }
}

// Here and not in the fixture, whose assertions do not fail a test.
Test(host_shutdown, devmgr_ends_with_0_and_takes_its_hosts_along, .timeout = 60) {
    start();
    pid_t host = sys_host_pid("sys/platform/sample");
    sys_devmgr_stop(devmgr);
    cr_expect_eq(kill(host, 0), -1, "the host is still there");
    sys_work_remove();
}
