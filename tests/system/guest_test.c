// SPDX-License-Identifier: MIT
// The board qemu-x64, booted in QEMU and checked from the outside: exit codes, what the programs
// print, and the bytes in the disk's image file.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system.h"

#define DISK       "sys/platform/pci/01:00.0/virtio-blk/block"
#define DISK_BYTES (128u << 20)

TestSuite(guest, .fini = sys_work_remove, .timeout = 240);

// Boots with images in the work folder; |commands| are the --cmd words.
static sys_result_t boot(int code, const char* commands) {
    return sys_expect(code, "'%s/x' boot qemu-x64 --build-dir '%s' --images '%s' %s", sys_source(),
                      sys_build(), sys_work(), commands);
}

// A disk image with random bytes, so that nothing reads back right by chance.
static void make_image(void) {
    sys_result_t made = sys_expect(0, "head -c %u /dev/urandom > '%s/disk0.img'", DISK_BYTES, sys_work());
    sys_result_fini(&made);
}

static void image_sha256(const char* range, char out[65]) {
    sys_result_t sum = sys_expect(0, "%s '%s/disk0.img' | sha256sum", range, sys_work());
    cr_assert_geq(sum.out_size, 64);
    memcpy(out, sum.out, 64);
    out[64] = '\0';
    sys_result_fini(&sum);
}

Test(guest, exit_ends_with_0_when_all_that_the_board_expects_is_bound) {
    sys_result_t result = boot(0, "--exit");
    cr_expect_not_null(strstr(result.out, "virtio-blk"), "%s", result.out);
    cr_expect_not_null(strstr(result.out, "class/block/000"), "%s", result.out);
    sys_result_fini(&result);
}

Test(guest, cmd_prints_only_its_output_and_returns_its_exit_code) {
    sys_result_t result = boot(7, "--cmd 'printf one; echo noise >&2' --cmd 'printf two; exit 7'");
    cr_expect_str_eq(result.out, "onetwo");
    cr_expect_not_null(strstr(result.err, "noise"));
    sys_result_fini(&result);
}

Test(guest, the_disk_reads_as_the_image_file_byte_for_byte) {
    make_image();
    char whole[65];
    char part[65];
    image_sha256("cat", whole);
    image_sha256("tail -c +1048577", part);
    sys_result_t result = boot(0, "--cmd 'jacinth blk read " DISK " | sha256sum' "
                                  "--cmd 'jacinth blk read " DISK " --offset 1M | sha256sum'");
    cr_expect_eq(strncmp(result.out, whole, 64), 0, "the whole disk: %s, not %s", result.out, whole);
    cr_expect_not_null(strstr(result.out, part), "from 1 MiB on: %s, not %s", result.out, part);
    sys_result_fini(&result);
}

Test(guest, what_is_written_is_in_the_image_file) {
    make_image();
    sys_result_t result =
        boot(0, "--cmd 'head -c 1048576 /dev/urandom > /tmp/data; sha256sum < /tmp/data; "
                "jacinth blk write " DISK " --offset 3M --file /tmp/data' "
                "--cmd 'jacinth blk verify " DISK " --size 64M --seed 7' "
                "--cmd 'jacinth blk write " DISK " --offset 3M --file /tmp/data' "
                "--cmd 'jacinth blk read " DISK " | sha256sum'");
    char whole[65];
    sys_result_t sum = sys_expect(
        0, "tail -c +3145729 '%s/disk0.img' | head -c 1048576 | sha256sum", sys_work());
    image_sha256("cat", whole);
    cr_expect_eq(strncmp(result.out, sum.out, 64), 0, "1 MiB at 3 MiB");
    cr_expect_not_null(strstr(result.out, "verified: 67108864 bytes"), "%s", result.out);
    cr_expect_not_null(strstr(result.out, whole), "the whole image after verify");
    sys_result_fini(&sum);
    sys_result_fini(&result);
}

// The host of the disk dies four times while verify has requests in flight.
Test(guest, a_killed_host_comes_back_and_no_acknowledged_write_is_lost) {
    make_image();
    sys_result_t result = boot(
        0,
        "--cmd 'pidof devmgr > /tmp/devmgr; "
        "(jacinth blk verify " DISK " --size 64M > /tmp/out 2>&1; echo $? > /tmp/code) & "
        "for n in 1 2 3 4; do sleep 0.5; "
        "kill -9 $(jacinth hosts | grep ^01:00.0 | tr -s \" \" | cut -d\" \" -f2); done; "
        "wait; cat /tmp/out; exit $(cat /tmp/code)' "
        "--cmd 'test \"$(pidof devmgr)\" = \"$(cat /tmp/devmgr)\"' "
        "--cmd 'jacinth hosts --json > /tmp/hosts; cat /tmp/hosts' "
        "--cmd 'jacinth blk read " DISK " | sha256sum'");
    char whole[65];
    image_sha256("cat", whole);
    cr_expect_not_null(strstr(result.out, "0 differ"), "%s", result.out);
    cr_expect_null(strstr(result.out, " 0 reconnects"), "verify never met a dead host: %s", result.out);
    cr_expect_not_null(strstr(result.out, whole), "the image after the crashes: %s", result.out);
    sys_result_fini(&result);
}
