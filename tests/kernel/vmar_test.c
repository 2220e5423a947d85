// SPDX-License-Identifier: MIT
// Mapping VMOs: what is reachable, with which access, and where it ends.
#include <sys/mman.h>

#include "fault.h"
#include "object_test.h"
#include "vmo.h"

#define PAGE 4096u
#define READ ZX_VM_PERM_READ
#define BOTH (ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)

static zx_handle_t root;
static zx_handle_t vmo;

static void begin(void) {
    root = zx_vmar_root_self();
    test_begin();
    expect_ok(zx_vmo_create(4 * PAGE, 0, &vmo));
}

static void end(void) {
    test_close(vmo);
    test_end();
}

OBJECT_SUITE(vmar, begin, end);

static uint64_t mappings(void) {
    zx_info_vmo_t info;
    expect_ok(zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL));
    return info.num_mappings;
}

static volatile char* map(zx_vm_option_t options, uint64_t offset, uint64_t length) {
    zx_vaddr_t address = 0;
    expect_ok(zx_vmar_map(root, options, 0, vmo, offset, length, &address));
    cr_assert_eq(address % PAGE, 0);
    return (volatile char*)address;
}

static void unmap(volatile char* address, uint64_t length) {
    expect_ok(zx_vmar_unmap(root, (zx_vaddr_t)address, length));
}

OBJECT_TEST(vmar, shows_the_vmo) {
    expect_ok(zx_vmo_write(vmo, "abc", PAGE, 3));
    volatile char* both = map(BOTH, 0, 4 * PAGE);
    volatile char* second = map(READ, PAGE, PAGE);
    cr_assert_eq(mappings(), 2);
    cr_assert_eq(both[PAGE + 1], 'b');
    both[PAGE + 1] = 'x';
    cr_assert_eq(second[1], 'x');
    char text[4] = "";
    expect_ok(zx_vmo_read(vmo, text, PAGE, 3));
    cr_assert_str_eq(text, "axc");
    unmap(both, 4 * PAGE);
    unmap(second, PAGE);
    cr_assert_eq(mappings(), 0);
}

OBJECT_TEST(vmar, access) {
    volatile char* none = map(0, 0, PAGE);
    volatile char* read = map(READ | ZX_VM_MAP_RANGE, 0, PAGE);
    volatile char* both = map(BOTH, 0, PAGE);
    cr_assert(faults(none, false));
    cr_assert_not(faults(read, false));
    cr_assert(faults(read, true));
    cr_assert_not(faults(both, true));
    unmap(none, PAGE);
    unmap(read, PAGE);
    unmap(both, PAGE);
    cr_assert(faults(both, false), "unmapped");
}

OBJECT_TEST(vmar, arguments) {
    zx_vaddr_t at;
    const zx_status_t bad = ZX_ERR_INVALID_ARGS;
    expect_status(zx_vmar_map(root, READ, 0, vmo, 0, 0, &at), bad);
    expect_status(zx_vmar_map(root, READ, 0, vmo, 1, PAGE, &at), bad);
    expect_status(zx_vmar_map(root, READ, 0, vmo, 0, PAGE, NULL), bad);
    expect_status(zx_vmar_map(root, READ, PAGE, vmo, 0, PAGE, &at), bad);
    expect_status(zx_vmar_map(root, READ | ZX_VM_SPECIFIC, 5, vmo, 0, PAGE, &at), bad);
    expect_status(zx_vmar_map(root, ZX_VM_PERM_WRITE, 0, vmo, 0, PAGE, &at), bad);
    expect_status(zx_vmar_map(root, 1u << 20, 0, vmo, 0, PAGE, &at), bad);
    expect_status(zx_vmar_map(root, READ, 0, vmo, 0, UINT64_MAX, &at), bad);
    expect_status(zx_vmar_map(root, READ, 0, vmo, (uint64_t) - (int64_t)PAGE, 2 * PAGE, &at), bad);
    expect_status(zx_vmar_map(root, READ, 0, vmo, 0, 5 * PAGE, &at), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_vmar_map(root, READ, 0, vmo, 4 * PAGE, 1, &at), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_vmar_map(root, READ, 0, root, 0, PAGE, &at), ZX_ERR_WRONG_TYPE);
    expect_status(zx_vmar_map(root, READ, 0, 0x1234, 0, PAGE, &at), ZX_ERR_BAD_HANDLE);
    expect_status(zx_vmar_map(vmo, READ, 0, vmo, 0, PAGE, &at), ZX_ERR_WRONG_TYPE);
    expect_status(zx_vmar_map(0, READ, 0, vmo, 0, PAGE, &at), ZX_ERR_BAD_HANDLE);
    expect_status(zx_vmar_unmap(0x1234, PAGE, PAGE), ZX_ERR_BAD_HANDLE);
    expect_status(zx_vmar_protect(0x1234, READ, PAGE, PAGE), ZX_ERR_BAD_HANDLE);
    expect_status(zx_vmar_protect(vmo, READ, PAGE, PAGE), ZX_ERR_WRONG_TYPE);
    expect_status(zx_vmar_protect(root, READ, 1, PAGE), bad);
    expect_status(zx_vmar_protect(root, READ, PAGE, 0), bad);
    expect_status(zx_vmar_unmap(root, 1, PAGE), bad);
    expect_status(zx_vmar_unmap(root, PAGE, 0), bad);
    expect_status(zx_vmar_unmap(root, PAGE, UINT64_MAX), bad);
    expect_status(zx_vmar_unmap(vmo, PAGE, PAGE), ZX_ERR_WRONG_TYPE);
    expect_status(zx_vmar_protect(root, ZX_VM_PERM_WRITE, PAGE, PAGE), bad);
    expect_status(zx_vmar_protect(root, ZX_VM_SPECIFIC, PAGE, PAGE), bad);
}

OBJECT_TEST(vmar, rights) {
    zx_vaddr_t at;
    zx_handle_t copy;
    expect_ok(zx_handle_duplicate(vmo, ZX_RIGHT_READ | ZX_RIGHT_MAP, &copy));
    expect_status(zx_vmar_map(root, BOTH, 0, copy, 0, PAGE, &at), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_vmar_map(root, READ | ZX_VM_PERM_EXECUTE, 0, copy, 0, PAGE, &at),
                  ZX_ERR_ACCESS_DENIED);
    expect_ok(zx_vmar_map(root, READ, 0, copy, 0, PAGE, &at));
    expect_status(zx_vmar_protect(root, BOTH, at, PAGE), ZX_ERR_ACCESS_DENIED);
    unmap((volatile char*)at, PAGE);
    test_close(copy);
    expect_ok(zx_handle_duplicate(vmo, ZX_RIGHT_READ, &copy));
    expect_status(zx_vmar_map(root, READ, 0, copy, 0, PAGE, &at), ZX_ERR_ACCESS_DENIED);
    test_close(copy);
}

OBJECT_TEST(vmar, protect) {
    volatile char* at = map(BOTH, 0, 3 * PAGE);
    expect_ok(zx_vmar_protect(root, READ, (zx_vaddr_t)at + PAGE, PAGE));
    cr_assert_not(faults(at, true));
    cr_assert(faults(at + PAGE, true));
    cr_assert_not(faults(at + 2 * PAGE, true));
    expect_ok(zx_vmar_protect(root, BOTH, (zx_vaddr_t)at, 3 * PAGE));
    cr_assert_not(faults(at + PAGE, true));
    expect_status(zx_vmar_protect(root, READ, (zx_vaddr_t)at, 4 * PAGE), ZX_ERR_NOT_FOUND);
    unmap(at + PAGE, PAGE);
    expect_status(zx_vmar_protect(root, READ, (zx_vaddr_t)at, 3 * PAGE), ZX_ERR_NOT_FOUND);
    unmap(at, 3 * PAGE);
}

OBJECT_TEST(vmar, unmap_in_pieces) {
    volatile char* at = map(READ, 0, 4 * PAGE);
    unmap(at + PAGE, PAGE);
    cr_assert_eq(mappings(), 2);
    cr_assert(!faults(at, false) && faults(at + PAGE, false) && !faults(at + 2 * PAGE, false));
    unmap(at, PAGE);
    unmap(at + 3 * PAGE, PAGE);
    cr_assert(!faults(at + 2 * PAGE, false) && faults(at + 3 * PAGE, false));
    cr_assert_eq(mappings(), 1);
    unmap(at, 4 * PAGE);  // what is left in the range
    cr_assert_eq(mappings(), 0);
    expect_status(zx_vmar_unmap(root, (zx_vaddr_t)at, 4 * PAGE), ZX_ERR_NOT_FOUND);
}

// Memory that was not mapped by zx_vmar_map cannot be unmapped or changed by it.
OBJECT_TEST(vmar, foreign_memory_is_safe) {
    char* foreign = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert_neq(foreign, MAP_FAILED);
    zx_vaddr_t at = (zx_vaddr_t)foreign;
    expect_status(zx_vmar_unmap(root, at, PAGE), ZX_ERR_NOT_FOUND);
    expect_status(zx_vmar_protect(root, READ, at, PAGE), ZX_ERR_NOT_FOUND);
    expect_status(zx_vmar_map(root, READ | ZX_VM_SPECIFIC, at, vmo, 0, PAGE, &at),
                  ZX_ERR_ALREADY_EXISTS);
    foreign[0] = 1;
    munmap(foreign, PAGE);
}

OBJECT_TEST(vmar, specific) {
    volatile char* at = map(READ, 0, 2 * PAGE);
    unmap(at, 2 * PAGE);
    zx_vaddr_t got = 0;
    expect_ok(zx_vmar_map(root, READ | ZX_VM_SPECIFIC, (zx_vaddr_t)at, vmo, 0, PAGE, &got));
    cr_assert_eq(got, (zx_vaddr_t)at);
    expect_status(zx_vmar_map(root, READ | ZX_VM_SPECIFIC, (zx_vaddr_t)at, vmo, 0, PAGE, &got),
                  ZX_ERR_ALREADY_EXISTS);
    unmap(at, PAGE);
}

// A new mapping takes the place of what was mapped this way, and of nothing else.
OBJECT_TEST(vmar, overwrite) {
    const zx_vm_option_t over = READ | ZX_VM_SPECIFIC_OVERWRITE;
    expect_ok(zx_vmo_write(vmo, "0", 0, 1));
    expect_ok(zx_vmo_write(vmo, "3", 3 * PAGE, 1));
    volatile char* at = map(BOTH, 0, 4 * PAGE);
    zx_vaddr_t middle = (zx_vaddr_t)at + PAGE;
    zx_vaddr_t got = 0;
    expect_status(zx_vmar_map(root, over | ZX_VM_MAP_RANGE, middle, vmo, 0, PAGE, &got),
                  ZX_ERR_INVALID_ARGS);
    expect_ok(zx_vmar_map(root, over, middle, vmo, 0, 2 * PAGE, &got));
    cr_assert_eq(got, middle);
    cr_assert_eq(mappings(), 3, "the old one is in two pieces");
    cr_assert(at[0] == '0' && at[PAGE] == '0' && at[3 * PAGE] == '3');
    cr_assert(faults(at + PAGE, true) && !faults(at, true) && !faults(at + 3 * PAGE, true));
    expect_status(zx_vmar_protect(root, BOTH, middle, PAGE), ZX_OK);
    unmap(at + 3 * PAGE, PAGE);
    expect_status(zx_vmar_map(root, over, middle, vmo, 0, 3 * PAGE, &got), ZX_ERR_ALREADY_EXISTS);
    expect_ok(zx_vmar_map(root, over, (zx_vaddr_t)at + 3 * PAGE, vmo, 0, PAGE, &got));
    unmap(at, 4 * PAGE);
    char* foreign = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    foreign[0] = 1;
    expect_status(zx_vmar_map(root, over, (zx_vaddr_t)foreign, vmo, 0, PAGE, &got),
                  ZX_ERR_ALREADY_EXISTS);
    cr_assert_eq(foreign[0], 1);
    munmap(foreign, PAGE);
}

// The mapping holds the memory, not the handle.
OBJECT_TEST(vmar, outlives_the_handle) {
    zx_handle_t copy;
    zx_vaddr_t at;
    expect_ok(zx_vmo_create(PAGE, 0, &copy));
    expect_ok(zx_vmo_write(copy, "stays", 0, 6));
    expect_ok(zx_vmar_map(root, READ, 0, copy, 0, PAGE, &at));
    test_close(copy);
    cr_assert_str_eq((const char*)at, "stays");
    unmap((volatile char*)at, PAGE);
}

OBJECT_TEST(vmar, resizable) {
    zx_handle_t copy;
    zx_vaddr_t at;
    expect_ok(zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &copy));
    expect_status(zx_vmar_map(root, READ | ZX_VM_REQUIRE_NON_RESIZABLE, 0, copy, 0, PAGE, &at),
                  ZX_ERR_NOT_SUPPORTED);
    expect_ok(zx_vmar_map(root, READ | ZX_VM_REQUIRE_NON_RESIZABLE, 0, vmo, 0, PAGE, &at));
    unmap((volatile char*)at, PAGE);
    expect_ok(zx_vmar_map(root, READ, 0, copy, 0, PAGE, &at));
    expect_ok(zx_vmo_set_size(copy, 0));
    cr_assert(faults((volatile char*)at, false), "shrunk below the mapping");
    unmap((volatile char*)at, PAGE);
    test_close(copy);
}

// What lies in a hole (a device's interrupt table) cannot be reached, whatever is mapped.
OBJECT_TEST(vmar, holes) {
    int fd = memfd_create("registers", MFD_CLOEXEC);
    cr_assert_eq(ftruncate(fd, 8 * PAGE), 0);
    ko_vmo_hole_t holes[2] = {{PAGE, PAGE}, {3 * PAGE, PAGE}};
    zx_handle_t device;
    expect_ok(ko_vmo_create_device(fd, PAGE, 5 * PAGE, holes, 2, &device));
    cr_assert_eq(pwrite(fd, "R", 1, PAGE), 1);  // the window begins a page in
    for (uint64_t first = 0; first < 5; first++) {
        for (uint64_t count = 1; first + count <= 5; count++) {
            zx_vaddr_t at;
            expect_ok(zx_vmar_map(root, BOTH, 0, device, first * PAGE, count * PAGE, &at));
            for (uint64_t page = 0; page < count; page++) {
                bool is_hole = first + page == 1 || first + page == 3;
                cr_assert_eq(faults((volatile char*)at + page * PAGE, true), is_hole);
            }
            cr_assert(first > 0 || *(const char*)at == 'R');
            expect_status(zx_vmar_protect(root, READ, at, count * PAGE), ZX_ERR_NOT_SUPPORTED);
            unmap((volatile char*)at, count * PAGE);
        }
    }
    test_close(device);
    close(fd);
}

OBJECT_TEST(vmar, many) {
    static zx_vaddr_t at[200];
    for (size_t i = 0; i < countof(at); i++) {
        expect_ok(zx_vmar_map(root, READ, 0, vmo, 0, PAGE, &at[i]));
    }
    cr_assert_eq(mappings(), countof(at));
    for (size_t i = 0; i < countof(at); i++) {
        unmap((volatile char*)at[(i * 7) % countof(at)], PAGE);
    }
    cr_assert_eq(mappings(), 0);
}
