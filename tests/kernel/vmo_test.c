// SPDX-License-Identifier: MIT
// VMOs: contents, sizes, operations, cache policies. Mapping is in vmar_test.c.
#include "vmo.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "object_test.h"

OBJECT_SUITE(vmo, test_begin, test_end);

#define PAGE 4096u

static zx_handle_t make(uint64_t size, uint32_t options) {
    zx_handle_t vmo;
    expect_ok(zx_vmo_create(size, options, &vmo));
    return vmo;
}

static uint64_t size_of(zx_handle_t vmo) {
    uint64_t size = 1;
    expect_ok(zx_vmo_get_size(vmo, &size));
    return size;
}

static zx_info_vmo_t info_of(zx_handle_t vmo) {
    zx_info_vmo_t info;
    expect_ok(zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL));
    return info;
}

static zx_status_t op(zx_handle_t vmo, uint32_t code, uint64_t offset, uint64_t size) {
    return zx_vmo_op_range(vmo, code, offset, size, NULL, 0);
}

OBJECT_TEST(vmo, sizes) {
    static const struct {
        uint64_t asked, got;
    } sizes[] = {{0, 0}, {1, PAGE}, {PAGE, PAGE}, {PAGE + 1, 2 * PAGE}, {1 << 20, 1 << 20}};
    for (size_t i = 0; i < countof(sizes); i++) {
        zx_handle_t vmo = make(sizes[i].asked, 0);
        cr_assert_eq(size_of(vmo), sizes[i].got);
        test_close(vmo);
    }
}

OBJECT_TEST(vmo, create_errors) {
    zx_handle_t vmo;
    expect_status(zx_vmo_create(1, 4, &vmo), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_create(1, ZX_VMO_RESIZABLE | ZX_VMO_NON_RESIZABLE, &vmo),
                  ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_create(1, 0, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_create(UINT64_MAX, 0, &vmo), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_vmo_create((uint64_t)1 << 47, 0, &vmo), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_vmo_create_contiguous(ZX_HANDLE_INVALID, PAGE, 0, &vmo), ZX_ERR_BAD_HANDLE);
    expect_status(zx_vmo_create_contiguous(ZX_HANDLE_INVALID, 0, 0, &vmo), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_create_contiguous(ZX_HANDLE_INVALID, 1, 11, &vmo), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_create_contiguous(ZX_HANDLE_INVALID, 1, 32, &vmo), ZX_ERR_INVALID_ARGS);
}

OBJECT_TEST(vmo, read_and_write) {
    zx_handle_t vmo = make(2 * PAGE, 0);
    char text[8] = "x";
    expect_ok(zx_vmo_read(vmo, text, PAGE, 8));
    cr_assert_eq(memcmp(text, "\0\0\0\0\0\0\0\0", 8), 0, "it starts as zeroes");
    expect_ok(zx_vmo_write(vmo, "across", PAGE - 3, 6));
    expect_ok(zx_vmo_read(vmo, text, PAGE - 3, 7));
    cr_assert_str_eq(text, "across");
    expect_ok(zx_vmo_write(vmo, "end", 2 * PAGE - 3, 3));
    expect_ok(zx_vmo_read(vmo, NULL, 2 * PAGE, 0));
    expect_status(zx_vmo_write(vmo, "end", 2 * PAGE - 2, 3), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_vmo_read(vmo, text, 2 * PAGE, 1), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_vmo_read(vmo, text, UINT64_MAX, 2), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_vmo_read(vmo, NULL, 0, 1), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_read(vmo, (void*)8, 0, 1), ZX_ERR_INVALID_ARGS);
    test_drop_rights(&vmo, ZX_RIGHT_READ);
    expect_status(zx_vmo_read(vmo, text, 0, 1), ZX_ERR_ACCESS_DENIED);
    expect_ok(zx_vmo_write(vmo, "x", 0, 1));
    test_drop_rights(&vmo, ZX_RIGHT_WRITE);
    expect_status(zx_vmo_write(vmo, "x", 0, 1), ZX_ERR_ACCESS_DENIED);
    test_close(vmo);
}

OBJECT_TEST(vmo, resize) {
    zx_handle_t vmo = make(PAGE, ZX_VMO_RESIZABLE);
    char byte = 1;
    expect_ok(zx_vmo_write(vmo, "x", PAGE - 1, 1));
    expect_ok(zx_vmo_set_size(vmo, 2 * PAGE + 1));
    cr_assert_eq(size_of(vmo), 3 * PAGE);
    expect_ok(zx_vmo_read(vmo, &byte, 3 * PAGE - 1, 1));
    cr_assert_eq(byte, 0);
    expect_ok(zx_vmo_set_size(vmo, 0));
    expect_status(zx_vmo_read(vmo, &byte, 0, 1), ZX_ERR_OUT_OF_RANGE);
    expect_ok(zx_vmo_set_size(vmo, PAGE));
    expect_ok(zx_vmo_read(vmo, &byte, PAGE - 1, 1));
    cr_assert_eq(byte, 0, "what was cut off does not come back");
    expect_status(zx_vmo_set_size(vmo, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_vmo_get_size(vmo, NULL), ZX_ERR_INVALID_ARGS);
    test_drop_rights(&vmo, ZX_RIGHT_WRITE);
    expect_status(zx_vmo_set_size(vmo, 0), ZX_ERR_ACCESS_DENIED);
    test_close(vmo);
    vmo = make(PAGE, 0);
    expect_status(zx_vmo_set_size(vmo, PAGE), ZX_ERR_UNAVAILABLE);
    test_close(vmo);
}

// Nobody who gets the fd can change the size of a fixed one.
OBJECT_TEST(vmo, fixed_is_sealed) {
    zx_handle_t vmo = make(PAGE, 0);
    ko_object_t* object;
    ko_vmo_view_t view;
    expect_ok(ko_handle_get(vmo, ZX_OBJ_TYPE_VMO, 0, &object));
    ko_vmo_get_view(object, &view);
    cr_assert_eq(ftruncate(view.fd, 0), -1);
    cr_assert_eq(ftruncate(view.fd, 2 * PAGE), -1);
    cr_assert_eq(fcntl(view.fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
    ko_object_release(object);
    test_close(vmo);
}

OBJECT_TEST(vmo, commit_decommit_zero) {
    zx_handle_t vmo = make(4 * PAGE, 0);
    char byte;
    cr_assert_eq(info_of(vmo).committed_bytes, 0);
    expect_ok(op(vmo, ZX_VMO_OP_COMMIT, 0, 4 * PAGE));
    cr_assert_eq(info_of(vmo).committed_bytes, 4 * PAGE);
    expect_ok(zx_vmo_write(vmo, "abc", PAGE - 1, 3));
    expect_ok(op(vmo, ZX_VMO_OP_ZERO, PAGE, 1));
    expect_ok(zx_vmo_read(vmo, &byte, PAGE, 1));
    cr_assert_eq(byte, 0);
    expect_ok(zx_vmo_read(vmo, &byte, PAGE + 1, 1));
    cr_assert_eq(byte, 'c');
    expect_ok(op(vmo, ZX_VMO_OP_DECOMMIT, PAGE, PAGE));
    expect_ok(zx_vmo_read(vmo, &byte, PAGE + 1, 1));
    cr_assert_eq(byte, 0);
    expect_ok(op(vmo, ZX_VMO_OP_DECOMMIT, 0, 4 * PAGE));
    cr_assert_leq(info_of(vmo).committed_bytes, PAGE, "reading may have brought one page back");
    expect_status(op(vmo, ZX_VMO_OP_DECOMMIT, 1, PAGE), ZX_ERR_INVALID_ARGS);
    test_close(vmo);
}

OBJECT_TEST(vmo, operation_errors) {
    zx_handle_t vmo = make(PAGE, 0);
    expect_status(op(vmo, ZX_VMO_OP_COMMIT, 0, PAGE + 1), ZX_ERR_OUT_OF_RANGE);
    expect_status(op(vmo, ZX_VMO_OP_ZERO, UINT64_MAX, 2), ZX_ERR_OUT_OF_RANGE);
    expect_status(op(vmo, 99, 0, PAGE), ZX_ERR_INVALID_ARGS);
    expect_status(op(vmo, ZX_VMO_OP_LOCK, 0, PAGE), ZX_ERR_NOT_SUPPORTED);
    expect_ok(op(vmo, ZX_VMO_OP_CACHE_CLEAN, 0, PAGE));
    expect_status(op(vmo, ZX_VMO_OP_CACHE_CLEAN, 0, 0), ZX_ERR_INVALID_ARGS);
    expect_ok(op(vmo, ZX_VMO_OP_COMMIT, 0, 0));
    test_drop_rights(&vmo, ZX_RIGHT_WRITE);
    expect_status(op(vmo, ZX_VMO_OP_COMMIT, 0, PAGE), ZX_ERR_ACCESS_DENIED);
    expect_status(op(vmo, ZX_VMO_OP_CACHE_INVALIDATE, 0, PAGE), ZX_ERR_ACCESS_DENIED);
    expect_ok(op(vmo, ZX_VMO_OP_CACHE_SYNC, 0, PAGE));
    test_drop_rights(&vmo, ZX_RIGHT_READ);
    expect_status(op(vmo, ZX_VMO_OP_CACHE_SYNC, 0, PAGE), ZX_ERR_ACCESS_DENIED);
    test_close(vmo);
}

OBJECT_TEST(vmo, cache_policy) {
    zx_handle_t vmo = make(PAGE, 0);
    char byte;
    expect_status(zx_vmo_set_cache_policy(vmo, 4), ZX_ERR_INVALID_ARGS);
    expect_ok(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_UNCACHED));
    cr_assert_eq(info_of(vmo).cache_policy, ZX_CACHE_POLICY_UNCACHED);
    expect_status(zx_vmo_read(vmo, &byte, 0, 1), ZX_ERR_BAD_STATE);
    expect_status(zx_vmo_write(vmo, "x", 0, 1), ZX_ERR_BAD_STATE);
    expect_ok(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_CACHED));
    expect_ok(zx_vmo_read(vmo, &byte, 0, 1));
    zx_vaddr_t address;
    expect_ok(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, vmo, 0, PAGE, &address));
    cr_assert_eq(info_of(vmo).num_mappings, 1);
    expect_status(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_BAD_STATE);
    expect_ok(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_CACHED));
    expect_ok(zx_vmar_unmap(zx_vmar_root_self(), address, PAGE));
    test_drop_rights(&vmo, ZX_RIGHT_MAP);
    expect_status(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_ACCESS_DENIED);
    test_close(vmo);
}

// With memory it can leave the caches, and not come back.
OBJECT_TEST(vmo, cache_policy_of_committed_memory) {
    zx_handle_t child;
    zx_handle_t vmo = make(PAGE, ZX_VMO_NON_RESIZABLE);
    expect_ok(op(vmo, ZX_VMO_OP_COMMIT, 0, PAGE));
    expect_ok(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_WRITE_COMBINING));
    expect_status(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_CACHED), ZX_ERR_BAD_STATE);
    expect_ok(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_WRITE_COMBINING));
    expect_ok(op(vmo, ZX_VMO_OP_DECOMMIT, 0, PAGE));
    expect_ok(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_CACHED));
    expect_ok(zx_vmo_create_child(vmo, ZX_VMO_CHILD_SLICE, 0, PAGE, &child));
    expect_status(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_BAD_STATE);
    expect_status(zx_vmo_set_cache_policy(child, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_BAD_STATE);
    test_close(child);
    expect_ok(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_UNCACHED));
    test_close(vmo);
}

OBJECT_TEST(vmo, info) {
    zx_handle_t vmo = make(PAGE, ZX_VMO_RESIZABLE);
    expect_ok(zx_object_set_property(vmo, ZX_PROP_NAME, "rings", 5));
    zx_info_vmo_t info = info_of(vmo);
    cr_assert_eq(info.koid, test_basic(vmo).koid);
    cr_assert_str_eq(info.name, "rings");
    cr_assert_eq(info.flags, ZX_INFO_VMO_TYPE_PAGED | ZX_INFO_VMO_RESIZABLE);
    cr_assert_eq(info.handle_rights, ZX_DEFAULT_VMO_RIGHTS);
    test_drop_rights(&vmo, ZX_RIGHT_INSPECT);
    expect_status(zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL),
                  ZX_ERR_ACCESS_DENIED);
    test_close(vmo);
}

OBJECT_TEST(vmo, no_user_signals) {
    zx_handle_t vmo = make(PAGE, 0);
    expect_status(zx_object_wait_one(vmo, ZX_USER_SIGNAL_0, SOON, NULL), ZX_ERR_TIMED_OUT);
    test_close(vmo);
}

// A window of an fd, as of a device's registers; here of a memfd.
OBJECT_TEST(vmo, device) {
    int fd = memfd_create("registers", MFD_CLOEXEC);
    cr_assert_eq(ftruncate(fd, 8 * PAGE), 0);
    ko_vmo_hole_t hole = {PAGE, PAGE};
    zx_handle_t vmo;
    char byte;
    expect_status(ko_vmo_create_device(fd, 1, PAGE, NULL, 0, &vmo), ZX_ERR_INVALID_ARGS);
    expect_status(ko_vmo_create_device(fd, 0, 1, NULL, 0, &vmo), ZX_ERR_INVALID_ARGS);
    expect_status(ko_vmo_create_device(fd, 0, PAGE, &hole, 1, &vmo), ZX_ERR_INVALID_ARGS);
    expect_ok(ko_vmo_create_device(fd, PAGE, 4 * PAGE, &hole, 1, &vmo));
    zx_info_vmo_t info = info_of(vmo);
    cr_assert_eq(info.flags, ZX_INFO_VMO_TYPE_PHYSICAL);
    cr_assert_eq(info.cache_policy, ZX_CACHE_POLICY_UNCACHED_DEVICE);
    cr_assert_eq(size_of(vmo), 4 * PAGE);
    expect_status(zx_vmo_read(vmo, &byte, 0, 1), ZX_ERR_BAD_STATE);
    expect_ok(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_CACHED));
    expect_status(zx_vmo_read(vmo, &byte, 0, 1), ZX_ERR_BAD_STATE);
    expect_status(op(vmo, ZX_VMO_OP_ZERO, 0, PAGE), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_vmo_set_size(vmo, PAGE), ZX_ERR_UNAVAILABLE);
    test_close(vmo);
    close(fd);
}

OBJECT_TEST(vmo, from_memfd) {
    zx_handle_t vmo;
    int fd = memfd_create("bytes", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    cr_assert_eq(write(fd, "bytes", 5), 5);
    expect_ok(ko_vmo_create_from_memfd(fd, &vmo));
    cr_assert_eq(size_of(vmo), PAGE);
    char text[6];
    expect_ok(zx_vmo_read(vmo, text, 0, 6));
    cr_assert_str_eq(text, "bytes");
    test_close(vmo);
    fd = memfd_create("unsealable", MFD_CLOEXEC);
    expect_status(ko_vmo_create_from_memfd(fd, &vmo), ZX_ERR_ACCESS_DENIED);
    fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    expect_status(ko_vmo_create_from_memfd(fd, &vmo), ZX_ERR_WRONG_TYPE);
}

OBJECT_TEST(vmo, cache_flush) {
    char bytes[64] = "";
    expect_ok(zx_cache_flush(bytes, sizeof(bytes), ZX_CACHE_FLUSH_DATA));
    expect_ok(zx_cache_flush(bytes, sizeof(bytes), ZX_CACHE_FLUSH_INSN));
    expect_ok(
        zx_cache_flush(bytes, sizeof(bytes), ZX_CACHE_FLUSH_DATA | ZX_CACHE_FLUSH_INVALIDATE));
    expect_status(zx_cache_flush(bytes, sizeof(bytes), 0), ZX_ERR_INVALID_ARGS);
    expect_status(zx_cache_flush(bytes, sizeof(bytes), 8), ZX_ERR_INVALID_ARGS);
    expect_status(zx_cache_flush(bytes, sizeof(bytes), ZX_CACHE_FLUSH_INVALIDATE),
                  ZX_ERR_INVALID_ARGS);
}
