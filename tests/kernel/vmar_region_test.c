// SPDX-License-Identifier: MIT
// Regions of the address space: what they reserve, what may be mapped in them, and their end.
#include <sys/mman.h>

#include "fault.h"
#include "object_test.h"

#define PAGE     ((uint64_t)4096)
#define READ     ZX_VM_PERM_READ
#define BOTH     (ZX_VM_PERM_READ | ZX_VM_PERM_WRITE)
#define CAN_READ ZX_VM_CAN_MAP_READ
#define CAN_BOTH (ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE)
#define CAN_ALL  (CAN_BOTH | ZX_VM_CAN_MAP_EXECUTE | ZX_VM_CAN_MAP_SPECIFIC)

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

OBJECT_SUITE(vmar_region, begin, end);

typedef struct region {
    zx_handle_t handle;
    zx_vaddr_t start;
} region_t;

static region_t allocate(zx_handle_t parent, zx_vm_option_t options, uint64_t offset,
                         uint64_t pages) {
    region_t region;
    expect_ok(
        zx_vmar_allocate(parent, options, offset, pages * PAGE, &region.handle, &region.start));
    cr_assert(region.start != 0 && region.start % PAGE == 0);
    return region;
}

static void destroy(region_t region) {
    expect_ok(zx_vmar_destroy(region.handle));
    test_close(region.handle);
}

static zx_vaddr_t map(zx_handle_t region, zx_vm_option_t options, uint64_t offset, uint64_t pages) {
    zx_vaddr_t at = 0;
    expect_ok(zx_vmar_map(region, options, offset, vmo, 0, pages * PAGE, &at));
    return at;
}

static uint64_t mappings(void) {
    zx_info_vmo_t info;
    expect_ok(zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL));
    return info.num_mappings;
}

// True if nothing is mapped there: the kernel gives the address.
static bool is_free(zx_vaddr_t at) {
    void* got =
        mmap((void*)at, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (got != MAP_FAILED) {
        munmap(got, PAGE);
    }
    return got != MAP_FAILED;
}

OBJECT_TEST(vmar_region, reserves_its_addresses) {
    region_t region = allocate(root, CAN_ALL, 0, 8);
    zx_info_vmar_t info;
    expect_ok(zx_object_get_info(region.handle, ZX_INFO_VMAR, &info, sizeof(info), NULL, NULL));
    cr_assert(info.base == region.start && info.len == 8 * PAGE);
    for (uint64_t page = 0; page < 8; page++) {
        cr_assert_not(is_free(region.start + page * PAGE));
        cr_assert(faults((volatile char*)region.start + page * PAGE, false));
    }
    zx_vaddr_t at;
    expect_status(zx_vmar_map(root, READ | ZX_VM_SPECIFIC, region.start, vmo, 0, PAGE, &at),
                  ZX_ERR_ALREADY_EXISTS);
    expect_status(
        zx_vmar_map(root, READ | ZX_VM_SPECIFIC_OVERWRITE, region.start, vmo, 0, PAGE, &at),
        ZX_ERR_INVALID_ARGS);
    destroy(region);
    cr_assert(is_free(region.start));
    // Closing the handle is not the end of it.
    region = allocate(root, CAN_ALL, 0, 1);
    test_close(region.handle);
    cr_assert_not(is_free(region.start));
    expect_ok(zx_vmar_unmap(root, region.start, PAGE));
    cr_assert(is_free(region.start));
}

OBJECT_TEST(vmar_region, maps_inside) {
    region_t region = allocate(root, CAN_ALL | ZX_VM_COMPACT, 0, 8);
    expect_ok(zx_vmo_write(vmo, "abc", 0, 3));
    zx_vaddr_t first = map(region.handle, BOTH, 0, 4);
    zx_vaddr_t second = map(region.handle, READ, 0, 4);
    cr_assert(first >= region.start && second >= region.start && first != second);
    cr_assert(first + 4 * PAGE <= region.start + 8 * PAGE);
    cr_assert(second + 4 * PAGE <= region.start + 8 * PAGE);
    *(volatile char*)first = 'x';
    cr_assert_eq(*(volatile char*)second, 'x');
    cr_assert_eq(mappings(), 2);
    zx_vaddr_t at;
    expect_status(zx_vmar_map(region.handle, READ, 0, vmo, 0, PAGE, &at), ZX_ERR_NO_RESOURCES);
    expect_ok(zx_vmar_unmap(region.handle, first + PAGE, PAGE));
    cr_assert(faults((volatile char*)first + PAGE, false));
    cr_assert_not(is_free(first + PAGE), "still the region's");
    expect_status(zx_vmar_map(region.handle, READ, 0, vmo, 0, 2 * PAGE, &at), ZX_ERR_NO_RESOURCES);
    cr_assert_eq(map(region.handle, READ, 0, 1), first + PAGE, "the only gap");
    expect_ok(zx_vmar_protect(region.handle, READ, first, 4 * PAGE));
    cr_assert(faults((volatile char*)first, true));
    destroy(region);
    cr_assert_eq(mappings(), 0);
    cr_assert(is_free(first) && is_free(second));
}

OBJECT_TEST(vmar_region, specific) {
    region_t region = allocate(root, CAN_ALL, 0, 8);
    region_t strict = allocate(root, CAN_BOTH, 0, 2);
    zx_vaddr_t at;
    const zx_vm_option_t here = READ | ZX_VM_SPECIFIC;
    const zx_vm_option_t over = READ | ZX_VM_SPECIFIC_OVERWRITE;
    cr_assert_eq(map(region.handle, here, 2 * PAGE, 2), region.start + 2 * PAGE);
    expect_status(zx_vmar_map(region.handle, here, PAGE, vmo, 0, 2 * PAGE, &at),
                  ZX_ERR_ALREADY_EXISTS);
    expect_status(zx_vmar_map(region.handle, here, 3 * PAGE, vmo, 0, PAGE, &at),
                  ZX_ERR_ALREADY_EXISTS);
    expect_status(zx_vmar_map(region.handle, here, 8 * PAGE, vmo, 0, PAGE, &at),
                  ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmar_map(region.handle, here, 7 * PAGE, vmo, 0, 2 * PAGE, &at),
                  ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmar_map(region.handle, here, UINT64_MAX & ~(PAGE - 1), vmo, 0, 2 * PAGE, &at),
                  ZX_ERR_INVALID_ARGS);
    cr_assert_eq(map(region.handle, over, PAGE, 2), region.start + PAGE);
    cr_assert_eq(mappings(), 2);
    region_t inner = allocate(region.handle, CAN_READ | ZX_VM_SPECIFIC, 5 * PAGE, 2);
    expect_status(zx_vmar_map(region.handle, over, 4 * PAGE, vmo, 0, 2 * PAGE, &at),
                  ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmar_map(strict.handle, here, 0, vmo, 0, PAGE, &at), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_vmar_map(strict.handle, over, 0, vmo, 0, PAGE, &at), ZX_ERR_ACCESS_DENIED);
    expect_ok(zx_vmar_map(strict.handle, READ, 0, vmo, 0, PAGE, &at));
    zx_handle_t child;
    expect_status(
        zx_vmar_allocate(strict.handle, CAN_READ | ZX_VM_SPECIFIC, PAGE, PAGE, &child, &at),
        ZX_ERR_ACCESS_DENIED);
    test_close(inner.handle);
    destroy(region);
    destroy(strict);
}

// Neither the region nor its handle grants an access that it was not given.
OBJECT_TEST(vmar_region, access) {
    static const struct {
        zx_vm_option_t can;
        zx_vm_option_t perm;
        zx_status_t wanted;
    } cases[] = {
        {CAN_READ, READ, ZX_OK},
        {CAN_READ, BOTH, ZX_ERR_ACCESS_DENIED},
        {CAN_READ, READ | ZX_VM_PERM_EXECUTE, ZX_ERR_ACCESS_DENIED},
        {ZX_VM_CAN_MAP_EXECUTE, READ, ZX_ERR_ACCESS_DENIED},
        {CAN_BOTH, BOTH, ZX_OK},
        {0, 0, ZX_OK},
        {0, READ, ZX_ERR_ACCESS_DENIED},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        region_t region = allocate(root, cases[i].can, 0, 1);
        zx_vaddr_t at = 0;
        expect_status(zx_vmar_map(region.handle, cases[i].perm, 0, vmo, 0, PAGE, &at),
                      cases[i].wanted);
        if (at != 0) {
            expect_status(zx_vmar_protect(region.handle, BOTH | ZX_VM_PERM_EXECUTE, at, PAGE),
                          ZX_ERR_ACCESS_DENIED);
        }
        destroy(region);
    }
    region_t region = allocate(root, CAN_BOTH, 0, 2);
    zx_vaddr_t at = map(region.handle, READ, 0, 1);
    zx_handle_t child;
    zx_vaddr_t child_at;
    expect_status(zx_vmar_allocate(region.handle, CAN_READ | ZX_VM_CAN_MAP_EXECUTE, 0, PAGE, &child,
                                   &child_at),
                  ZX_ERR_ACCESS_DENIED);
    // ZX_VM_CAN_MAP_SPECIFIC is no access: a child may have what its parent lacks.
    expect_ok(zx_vmar_allocate(region.handle, CAN_READ | ZX_VM_CAN_MAP_SPECIFIC, 0, PAGE, &child,
                               &child_at));
    test_close(child);
    test_drop_rights(&region.handle, ZX_RIGHT_WRITE);
    expect_status(zx_vmar_map(region.handle, BOTH, 0, vmo, 0, PAGE, &child_at),
                  ZX_ERR_ACCESS_DENIED);
    expect_status(zx_vmar_protect(region.handle, BOTH, at, PAGE), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_vmar_allocate(region.handle, CAN_BOTH, 0, PAGE, &child, &child_at),
                  ZX_ERR_ACCESS_DENIED);
    expect_ok(zx_vmar_protect(region.handle, READ, at, PAGE));
    destroy(region);
}

// Also a handle that has more rights than the region allows.
OBJECT_TEST(vmar_region, the_region_decides_too) {
    region_t region = allocate(root, CAN_READ, 0, 2);
    ko_object_t* object;
    zx_handle_t strong;
    zx_vaddr_t at;
    expect_ok(ko_handle_get(region.handle, ZX_OBJ_TYPE_VMAR, 0, &object));
    expect_ok(ko_handle_make(object, ZX_RIGHT_SAME_RIGHTS, &strong));
    expect_status(zx_vmar_map(strong, BOTH, 0, vmo, 0, PAGE, &at), ZX_ERR_ACCESS_DENIED);
    expect_ok(zx_vmar_map(strong, READ, 0, vmo, 0, PAGE, &at));
    expect_status(zx_vmar_protect(strong, BOTH, at, PAGE), ZX_ERR_ACCESS_DENIED);
    test_close(strong);
    destroy(region);
}

OBJECT_TEST(vmar_region, arguments) {
    const zx_status_t bad = ZX_ERR_INVALID_ARGS;
    zx_handle_t out;
    zx_vaddr_t at;
    region_t region = allocate(root, CAN_ALL, 0, 4);
    zx_handle_t parent = region.handle;
    expect_status(zx_vmar_allocate(0x1234, 0, 0, PAGE, &out, &at), ZX_ERR_BAD_HANDLE);
    expect_status(zx_vmar_allocate(vmo, 0, 0, PAGE, &out, &at), ZX_ERR_WRONG_TYPE);
    expect_status(zx_vmar_allocate(parent, 0, 0, PAGE, NULL, &at), bad);
    expect_status(zx_vmar_allocate(parent, 0, 0, PAGE, &out, NULL), bad);
    expect_status(zx_vmar_allocate(parent, 0, 0, 0, &out, &at), bad);
    expect_status(zx_vmar_allocate(parent, 0, 0, PAGE + 1, &out, &at), bad);
    expect_status(zx_vmar_allocate(parent, 0, PAGE, PAGE, &out, &at), bad);
    expect_status(zx_vmar_allocate(parent, ZX_VM_SPECIFIC, 1, PAGE, &out, &at), bad);
    expect_status(zx_vmar_allocate(parent, ZX_VM_SPECIFIC, 4 * PAGE, PAGE, &out, &at), bad);
    expect_status(zx_vmar_allocate(parent, 0, 0, 5 * PAGE, &out, &at), bad);
    expect_status(zx_vmar_allocate(root, 0, 0, UINT64_MAX & ~(PAGE - 1), &out, &at), bad);
    expect_status(zx_vmar_allocate(parent, ZX_VM_PERM_READ, 0, PAGE, &out, &at), bad);
    expect_status(zx_vmar_allocate(parent, ZX_VM_SPECIFIC_OVERWRITE, 0, PAGE, &out, &at), bad);
    expect_status(zx_vmar_allocate(root, ZX_VM_SPECIFIC, region.start, PAGE, &out, &at),
                  ZX_ERR_ALREADY_EXISTS);
    region_t half = allocate(parent, 0, 0, 2);
    expect_status(zx_vmar_allocate(parent, 0, 0, 3 * PAGE, &out, &at), ZX_ERR_NO_RESOURCES);
    expect_status(
        zx_vmar_allocate(parent, ZX_VM_SPECIFIC, half.start - region.start, PAGE, &out, &at),
        ZX_ERR_ALREADY_EXISTS);
    expect_status(zx_vmar_destroy(0x1234), ZX_ERR_BAD_HANDLE);
    expect_status(zx_vmar_destroy(vmo), ZX_ERR_WRONG_TYPE);
    expect_status(zx_vmar_destroy(root), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_vmar_unmap(parent, region.start - PAGE, PAGE), bad);
    expect_status(zx_vmar_unmap(parent, region.start, 5 * PAGE), bad);
    expect_status(zx_vmar_protect(parent, READ, region.start + 3 * PAGE, 2 * PAGE), bad);
    test_close(half.handle);
    destroy(region);
}

// Through the parent a region in it is taken whole or not at all.
OBJECT_TEST(vmar_region, partial_overlap) {
    region_t outer = allocate(root, CAN_ALL, 0, 8);
    region_t inner = allocate(outer.handle, CAN_ALL | ZX_VM_SPECIFIC, 2 * PAGE, 4);
    zx_vaddr_t beside = map(outer.handle, READ | ZX_VM_SPECIFIC, 6 * PAGE, 2);
    zx_vaddr_t within = map(inner.handle, READ | ZX_VM_SPECIFIC, 2 * PAGE, 2);
    const zx_status_t bad = ZX_ERR_INVALID_ARGS;
    expect_status(zx_vmar_unmap(outer.handle, within, PAGE), bad);
    expect_status(zx_vmar_unmap(outer.handle, outer.start, 3 * PAGE), bad);
    expect_status(zx_vmar_unmap(outer.handle, within, 4 * PAGE), bad);
    expect_status(zx_vmar_protect(outer.handle, READ, within, 4 * PAGE), bad);
    expect_status(zx_vmar_protect(outer.handle, READ, beside, 2 * PAGE), ZX_OK);
    expect_status(zx_vmar_unmap(inner.handle, beside, PAGE), bad);
    cr_assert(!faults((volatile char*)within, false) && mappings() == 2, "nothing has changed");
    expect_ok(zx_vmar_unmap(outer.handle, inner.start, 5 * PAGE));
    cr_assert_eq(mappings(), 1);
    cr_assert(faults((volatile char*)within, false) && faults((volatile char*)beside, false));
    cr_assert_not(faults((volatile char*)beside + PAGE, false));
    expect_status(zx_vmar_destroy(inner.handle), ZX_ERR_BAD_STATE);
    test_close(inner.handle);
    destroy(outer);
}

static void expect_dead(region_t region) {
    zx_vaddr_t at;
    zx_handle_t out;
    expect_status(zx_vmar_map(region.handle, READ, 0, vmo, 0, PAGE, &at), ZX_ERR_BAD_STATE);
    expect_status(zx_vmar_unmap(region.handle, region.start, PAGE), ZX_ERR_BAD_STATE);
    expect_status(zx_vmar_protect(region.handle, READ, region.start, PAGE), ZX_ERR_BAD_STATE);
    expect_status(zx_vmar_allocate(region.handle, 0, 0, PAGE, &out, &at), ZX_ERR_BAD_STATE);
    expect_status(zx_vmar_destroy(region.handle), ZX_ERR_BAD_STATE);
    expect_ok(zx_object_get_info(region.handle, ZX_INFO_HANDLE_VALID, NULL, 0, NULL, NULL));
    test_close(region.handle);
}

OBJECT_TEST(vmar_region, the_end_reaches_all_inside) {
    region_t nest[40];
    zx_handle_t parent = root;
    for (size_t i = 0; i < countof(nest); i++) {
        nest[i] = allocate(parent, CAN_ALL, 0, 2 * countof(nest) - i);
        parent = nest[i].handle;
        if (i % 2 == 1) {
            map(parent, READ | ZX_VM_SPECIFIC, (2 * countof(nest) - i - 1) * PAGE, 1);
        }
    }
    cr_assert_eq(mappings(), countof(nest) / 2);
    expect_ok(zx_vmar_destroy(nest[20].handle));
    cr_assert_eq(mappings(), 10);
    cr_assert_not(is_free(nest[20].start), "its parent's still");
    region_t again = allocate(nest[19].handle, 0, 0, 60);
    cr_assert_eq(again.start, nest[20].start);
    test_close(again.handle);
    expect_ok(zx_vmar_destroy(nest[0].handle));
    cr_assert_eq(mappings(), 0);
    cr_assert(is_free(nest[0].start));
    for (size_t i = 0; i < countof(nest); i++) {
        expect_dead(nest[i]);
    }
}

OBJECT_TEST(vmar_region, it_stays_in_its_process) {
    region_t region = allocate(root, CAN_READ, 0, 1);
    zx_handle_t ends[2];
    zx_handle_t copy;
    cr_assert_eq(test_basic(region.handle).type, ZX_OBJ_TYPE_VMAR);
    cr_assert_eq(test_basic(region.handle).rights,
                 ZX_RIGHT_DUPLICATE | ZX_RIGHT_INSPECT | ZX_RIGHT_READ);
    expect_ok(zx_handle_duplicate(region.handle, ZX_RIGHT_SAME_RIGHTS, &copy));
    expect_status(zx_object_wait_one(copy, 1, 0, NULL), ZX_ERR_ACCESS_DENIED);
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    expect_status(zx_channel_write(ends[0], 0, NULL, 0, &copy, 1), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_handle_close(copy), ZX_ERR_BAD_HANDLE);
    expect_ok(zx_handle_close_many(ends, 2));
    destroy(region);
}

typedef struct worker {
    zx_handle_t region;
    bool is_good;
} worker_t;

static void* work(void* argument) {
    worker_t* worker = argument;
    worker->is_good = true;
    for (int i = 0; i < 300; i++) {
        region_t inner;
        zx_vaddr_t at = 0;
        worker->is_good &= zx_vmar_allocate(worker->region, CAN_ALL, 0, 4 * PAGE, &inner.handle,
                                            &inner.start) == ZX_OK;
        worker->is_good &= zx_vmar_map(inner.handle, BOTH, 0, vmo, 0, 2 * PAGE, &at) == ZX_OK;
        worker->is_good &= at >= inner.start && at + 2 * PAGE <= inner.start + 4 * PAGE;
        *(volatile char*)at = 1;
        worker->is_good &= zx_vmar_unmap(worker->region, inner.start, 4 * PAGE) == ZX_OK;
        worker->is_good &= zx_vmar_destroy(inner.handle) == ZX_ERR_BAD_STATE;
        worker->is_good &= zx_handle_close(inner.handle) == ZX_OK;
    }
    return NULL;
}

OBJECT_TEST(vmar_region, threads) {
    region_t region = allocate(root, CAN_ALL, 0, 16);
    worker_t workers[4];
    pthread_t threads[countof(workers)];
    for (size_t i = 0; i < countof(workers); i++) {
        workers[i].region = region.handle;
        cr_assert_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < countof(workers); i++) {
        pthread_join(threads[i], NULL);
        cr_assert(workers[i].is_good);
    }
    cr_assert_eq(mappings(), 0);
    destroy(region);
}
