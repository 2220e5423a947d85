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
    sys_result_t made =
        sys_expect(0, "head -c %u /dev/urandom > '%s/disk0.img'", DISK_BYTES, sys_work());
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
    sys_result_t result = boot(0, "--cmd 'jacinth blk read " DISK
                                  " | sha256sum' "
                                  "--cmd 'jacinth blk read " DISK " --offset 1M | sha256sum'");
    cr_expect_eq(strncmp(result.out, whole, 64), 0, "the whole disk: %s, not %s", result.out,
                 whole);
    cr_expect_not_null(strstr(result.out, part), "from 1 MiB on: %s, not %s", result.out, part);
    sys_result_fini(&result);
}

Test(guest, what_is_written_is_in_the_image_file) {
    make_image();
    sys_result_t result =
        boot(0,
             "--cmd 'head -c 1048576 /dev/urandom > /tmp/data; sha256sum < /tmp/data; "
             "jacinth blk write " DISK
             " --offset 3M --file /tmp/data' "
             "--cmd 'jacinth blk verify " DISK
             " --size 64M --seed 7' "
             "--cmd 'jacinth blk write " DISK
             " --offset 3M --file /tmp/data' "
             "--cmd 'jacinth blk read " DISK " | sha256sum'");
    char whole[65];
    sys_result_t sum =
        sys_expect(0, "tail -c +3145729 '%s/disk0.img' | head -c 1048576 | sha256sum", sys_work());
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
    sys_result_t result =
        boot(0,
             "--cmd 'pidof devmgr > /tmp/devmgr; "
             "(jacinth blk verify " DISK
             " --size 64M > /tmp/out 2>&1; echo $? > /tmp/code) & "
             "for n in 1 2 3 4; do sleep 0.5; "
             "kill -9 $(jacinth hosts | grep ^01:00.0 | tr -s \" \" | cut -d\" \" -f2); done; "
             "wait; cat /tmp/out; exit $(cat /tmp/code)' "
             "--cmd 'test \"$(pidof devmgr)\" = \"$(cat /tmp/devmgr)\"' "
             "--cmd 'jacinth hosts --json > /tmp/hosts; cat /tmp/hosts' "
             "--cmd 'jacinth blk read " DISK " | sha256sum'");
    char whole[65];
    image_sha256("cat", whole);
    cr_expect_not_null(strstr(result.out, "0 differ"), "%s", result.out);
    cr_expect_null(strstr(result.out, " 0 reconnects"), "verify never met a dead host: %s",
                   result.out);
    cr_expect_not_null(strstr(result.out, whole), "the image after the crashes: %s", result.out);
    sys_result_fini(&result);
}

// In the guest there are VFIO groups to be refused, and devmgr runs as root.
Test(guest, the_sandbox_refuses_every_attempt) {
    sys_result_t result = boot(0,
                               "--cmd 'jacinth load /lib/test_drivers/sandbox-probe.so >&2' "
                               "--cmd 'jacinth read sys/platform/scratch/sandbox-probe'");
    cr_expect_null(strstr(result.out, "ALLOWED"), "%s", result.out);
    cr_expect_not_null(strstr(result.out, "vfio"), "%s", result.out);
    cr_expect_not_null(strstr(result.out, "refused"), "%s", result.out);
    sys_result_fini(&result);
}

#define EDU "sys/platform/pci/02:00.0"

// A driver that aims DMA where nothing is mapped: memory stays as it was, the fault is on record.
Test(guest, a_stray_dma_is_stopped_and_shown) {
    sys_result_t result = boot(0,
                               "--cmd 'jacinth load /lib/test_drivers/edu-dma.so >&2' "
                               "--cmd 'jacinth write " EDU "/edu-dma good; jacinth read " EDU
                               "/edu-dma' "
                               "--cmd 'jacinth write " EDU "/edu-dma bad; jacinth read " EDU
                               "/edu-dma' "
                               "--cmd 'jacinth show " EDU
                               "' "
                               "--cmd 'jacinth devices --json'");
    cr_expect_not_null(strstr(result.out, "fault       DMA"), "%s", result.out);
    sys_result_fini(&result);
}

// Into a running host of the guest: same process before and after.
Test(guest, a_driver_is_hot_loaded_into_a_running_host) {
    sys_result_t result =
        boot(0,
             "--cmd 'jacinth load /lib/test_drivers/hotload-bus.so >&2; jacinth load "
             "/lib/test_drivers/sibling.so >&2; jacinth hosts | grep ^scratch | tr -s \" \" | cut "
             "-d\" \" -f2' "
             "--cmd 'jacinth load /lib/test_drivers/echo-v1.so >&2; "
             "jacinth hosts | grep ^scratch | tr -s \" \" | cut -d\" \" -f2; "
             "jacinth read sys/platform/scratch/hotload-bus/echo0/echo'");
    int before = 0;
    int after = 0;
    cr_assert_eq(sscanf(result.out, "%d %d", &before, &after), 2, "%s", result.out);
    cr_expect_eq(before, after);
    cr_expect_gt(before, 0);
    cr_expect_not_null(strstr(result.out, "echo version 1"), "%s", result.out);
    sys_result_fini(&result);
}

// The kernel library's own test of PCI, interrupts and DMA on real (emulated) devices.
Test(guest, vfio_objects_work_on_a_device) {
    sys_result_t result = boot(0, "--cmd 'jacinth shutdown; vfio_test'");
    cr_expect_null(strstr(result.out, "not ok"), "%s", result.out);
    cr_expect_not_null(strstr(result.out, "ok 1"), "%s", result.out);
    sys_result_fini(&result);
}
