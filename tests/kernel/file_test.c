// SPDX-License-Identifier: MIT
// VMOs with fixed contents.
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lx/file.h>
#include <lx/handle.h>
#include <lx/status.h>
#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

static char path[64];

static void make_file(void) {
    strcpy(path, "/tmp/jacinth-test-XXXXXX");
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    for (int i = 0; i < 10000; i++) {
        cr_assert_eq(write(fd, &i, sizeof(i)), (ssize_t)sizeof(i));
    }
    close(fd);
}

static void remove_file(void) {
    unlink(path);
}

TestSuite(file, .init = make_file, .fini = remove_file);

Test(file, copies_all) {
    zx_handle_t vmo;
    uint64_t size;
    int number;
    cr_assert_eq(lx_vmo_from_file(path, &vmo), ZX_OK);
    cr_assert_eq(zx_vmo_get_size(vmo, &size), ZX_OK);
    cr_assert_eq(size, 40960);
    for (int i = 0; i < 10000; i++) {
        cr_assert_eq(zx_vmo_read(vmo, &number, (uint64_t)i * sizeof(i), sizeof(i)), ZX_OK);
        cr_assert_eq(number, i);
    }
    cr_assert_eq(zx_vmo_read(vmo, &number, 40000, sizeof(number)), ZX_OK);
    cr_assert_eq(number, 0, "the rest of the last page is 0");
    cr_assert_eq(zx_handle_close(vmo), ZX_OK);
}

Test(file, later_writes_do_not_reach_it) {
    zx_handle_t vmo;
    int number = -1;
    cr_assert_eq(lx_vmo_from_file(path, &vmo), ZX_OK);
    cr_assert_eq(truncate(path, 0), 0);
    cr_assert_eq(zx_vmo_read(vmo, &number, 4, sizeof(number)), ZX_OK);
    cr_assert_eq(number, 1);
    zx_handle_close(vmo);
}

Test(file, nobody_can_change_it) {
    zx_handle_t vmo, copy;
    zx_vaddr_t address;
    cr_assert_eq(lx_vmo_from_bytes("text", 4, &vmo), ZX_OK);
    cr_assert_eq(zx_vmo_write(vmo, "x", 0, 1), ZX_ERR_ACCESS_DENIED);
    cr_assert_eq(zx_handle_duplicate(vmo, ZX_DEFAULT_VMO_RIGHTS, &copy), ZX_ERR_INVALID_ARGS);
    cr_assert_neq(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, 0,
                              4096, &address),
                  ZX_OK);
    cr_assert_neq(zx_vmo_set_size(vmo, 0), ZX_OK);
    cr_assert_eq(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, vmo, 0, 4096, &address),
                 ZX_OK);
    cr_assert_eq(memcmp((const void*)address, "text", 5), 0);
    cr_assert_eq(zx_vmar_unmap(zx_vmar_root_self(), address, 4096), ZX_OK);
    zx_handle_close(vmo);
}

Test(file, empty) {
    zx_handle_t vmo;
    uint64_t size = 1;
    cr_assert_eq(lx_vmo_from_bytes(NULL, 0, &vmo), ZX_OK);
    cr_assert_eq(zx_vmo_get_size(vmo, &size), ZX_OK);
    cr_assert_eq(size, 0);
    zx_handle_close(vmo);
    cr_assert_eq(lx_vmo_from_bytes(NULL, 1, &vmo), ZX_ERR_INVALID_ARGS);
}

Test(file, refused) {
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    size_t handles = lx_handle_count();
    cr_assert_eq(lx_vmo_from_file("/nonexistent", &vmo), ZX_ERR_NOT_FOUND);
    cr_assert_eq(lx_vmo_from_file("/tmp", &vmo), ZX_ERR_NOT_FILE);
    cr_assert_eq(lx_vmo_from_file("/dev/zero", &vmo), ZX_ERR_NOT_FILE);
    cr_assert_eq(lx_vmo_from_file("/etc/passwd/x", &vmo), ZX_ERR_NOT_DIR);
    unlink(path);
    cr_assert_eq(mkfifo(path, 0600), 0);
    cr_assert_eq(lx_vmo_from_file(path, &vmo), ZX_ERR_NOT_FILE);
    unlink(path);
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    cr_assert_eq(ftruncate(fd, (off_t)LX_FILE_SIZE_MAX + 1), 0);
    close(fd);
    cr_assert_eq(lx_vmo_from_file(path, &vmo), ZX_ERR_FILE_BIG);
    cr_assert_eq(vmo, ZX_HANDLE_INVALID);
    cr_assert_eq(lx_handle_count(), handles);
}

Test(status, from_errno) {
    cr_assert_eq(lx_status_from_errno(0), ZX_OK);
    cr_assert_eq(lx_status_from_errno(EPERM), ZX_ERR_ACCESS_DENIED);
    cr_assert_eq(lx_status_from_errno(EAGAIN), ZX_ERR_SHOULD_WAIT);
    cr_assert_eq(lx_status_from_errno(ECONNREFUSED), ZX_ERR_IO_REFUSED);
    cr_assert_eq(lx_status_from_errno(99999), ZX_ERR_IO);
    cr_assert_eq(lx_status_from_errno(-1), ZX_ERR_IO);
}
