// SPDX-License-Identifier: MIT
// Resources: what each allows to make.
#include "resource.h"

#include <lx/resource.h>

#include "object_test.h"

static zx_handle_t root;

static void begin(void) {
    test_begin();
    expect_ok(lx_root_resource_create(&root));
}

static void end(void) {
    test_close(root);
    test_end();
}

OBJECT_SUITE(resource, begin, end);

static zx_handle_t make(zx_handle_t parent, uint32_t kind, uint64_t base, size_t size) {
    zx_handle_t resource;
    expect_ok(zx_resource_create(parent, kind, base, size, "child", 5, &resource));
    return resource;
}

OBJECT_TEST(resource, info) {
    zx_info_resource_t info;
    expect_ok(zx_object_get_info(root, ZX_INFO_RESOURCE, &info, sizeof(info), NULL, NULL));
    cr_assert_eq(info.kind, ZX_RSRC_KIND_ROOT);
    cr_assert_str_eq(info.name, "root");
    zx_handle_t irq = make(root, ZX_RSRC_KIND_IRQ | ZX_RSRC_FLAG_EXCLUSIVE, 5, 3);
    expect_ok(zx_object_get_info(irq, ZX_INFO_RESOURCE, &info, sizeof(info), NULL, NULL));
    cr_assert(info.kind == ZX_RSRC_KIND_IRQ && info.flags == ZX_RSRC_FLAG_EXCLUSIVE);
    cr_assert(info.base == 5 && info.size == 3);
    cr_assert_str_eq(info.name, "child");
    test_close(irq);
}

OBJECT_TEST(resource, arguments) {
    zx_handle_t out;
    const uint32_t mmio = ZX_RSRC_KIND_MMIO;
    expect_status(zx_resource_create(root, mmio, 0, 1, "x", 1, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_resource_create(root, mmio, 0, 1, NULL, 1, &out), ZX_ERR_INVALID_ARGS);
    expect_status(zx_resource_create(root, ZX_RSRC_KIND_COUNT, 0, 1, "x", 1, &out),
                  ZX_ERR_INVALID_ARGS);
    expect_status(zx_resource_create(root, mmio | 0x20000, 0, 1, "x", 1, &out),
                  ZX_ERR_INVALID_ARGS);
    expect_status(zx_resource_create(root, mmio, UINT64_MAX, 2, "x", 1, &out), ZX_ERR_INVALID_ARGS);
    expect_status(zx_resource_create(ZX_HANDLE_INVALID, mmio, 0, 1, "x", 1, &out),
                  ZX_ERR_BAD_HANDLE);
    for (uint32_t i = 0; i < 2; i++) {
        uint32_t kind = i == 0 ? ZX_RSRC_KIND_ROOT : ZX_RSRC_KIND_HYPERVISOR;
        expect_status(zx_resource_create(root, kind, 1, 0, "x", 1, &out), ZX_ERR_INVALID_ARGS);
        expect_status(zx_resource_create(root, kind, 0, 1, "x", 1, &out), ZX_ERR_INVALID_ARGS);
        test_close(make(root, kind, 0, 0));
    }
    zx_handle_t event = test_event();
    expect_status(zx_resource_create(event, mmio, 0, 1, "x", 1, &out), ZX_ERR_WRONG_TYPE);
    test_close(event);
    test_drop_rights(&root, ZX_RIGHT_WRITE);
    expect_status(zx_resource_create(root, mmio, 0, 1, "x", 1, &out), ZX_ERR_ACCESS_DENIED);
}

OBJECT_TEST(resource, name_is_cut) {
    zx_handle_t out;
    zx_info_resource_t info;
    char name[40];
    memset(name, 'n', sizeof(name));
    expect_ok(zx_resource_create(root, ZX_RSRC_KIND_MMIO, 0, 1, name, sizeof(name), &out));
    expect_ok(zx_object_get_info(out, ZX_INFO_RESOURCE, &info, sizeof(info), NULL, NULL));
    cr_assert_eq(strlen(info.name), ZX_MAX_NAME_LEN - 1);
    test_close(out);
}

OBJECT_TEST(resource, children_are_narrower) {
    zx_handle_t out;
    zx_handle_t window = make(root, ZX_RSRC_KIND_MMIO, 0x1000, 0x1000);
    const uint32_t mmio = ZX_RSRC_KIND_MMIO;
    test_close(make(window, mmio, 0x1000, 0x1000));
    test_close(make(window, mmio, 0x1fff, 1));
    test_close(make(window, mmio, 0x2000, 0));
    expect_status(zx_resource_create(window, mmio, 0xfff, 1, "x", 1, &out), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_resource_create(window, mmio, 0x1fff, 2, "x", 1, &out), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_resource_create(window, ZX_RSRC_KIND_IRQ, 0x1000, 1, "x", 1, &out),
                  ZX_ERR_ACCESS_DENIED);
    expect_status(zx_resource_create(window, ZX_RSRC_KIND_ROOT, 0, 0, "x", 1, &out),
                  ZX_ERR_ACCESS_DENIED);
    test_close(window);
}

OBJECT_TEST(resource, check) {
    zx_handle_t irq = make(root, ZX_RSRC_KIND_IRQ, 10, 5);
    expect_ok(ko_resource_check(root, ZX_RSRC_KIND_IRQ, UINT64_MAX, 1));
    expect_ok(ko_resource_check(irq, ZX_RSRC_KIND_IRQ, 10, 5));
    expect_status(ko_resource_check(irq, ZX_RSRC_KIND_IRQ, 10, 6), ZX_ERR_OUT_OF_RANGE);
    expect_status(ko_resource_check(irq, ZX_RSRC_KIND_IRQ, 11, UINT64_MAX), ZX_ERR_OUT_OF_RANGE);
    expect_status(ko_resource_check(irq, ZX_RSRC_KIND_MMIO, 10, 1), ZX_ERR_WRONG_TYPE);
    expect_status(ko_resource_check(irq, ZX_RSRC_KIND_ROOT, 0, 0), ZX_ERR_WRONG_TYPE);
    expect_status(ko_resource_check(0, ZX_RSRC_KIND_IRQ, 10, 1), ZX_ERR_BAD_HANDLE);
    test_close(irq);
}

// One that came in a message, here from ourselves, is a copy of words.
OBJECT_TEST(resource, received_opens_nothing) {
    zx_handle_t ends[2];
    zx_handle_t copy;
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    expect_ok(zx_handle_duplicate(root, ZX_RIGHT_SAME_RIGHTS, &copy));
    test_send_handle(ends[0], copy);
    expect_ok(test_receive_handle(ends[1], &copy));
    expect_status(ko_resource_check(copy, ZX_RSRC_KIND_ROOT, 0, 0), ZX_ERR_ACCESS_DENIED);
    zx_handle_t out;
    expect_status(zx_resource_create(copy, ZX_RSRC_KIND_MMIO, 0, 1, "x", 1, &out),
                  ZX_ERR_ACCESS_DENIED);
    test_close(copy);
    expect_ok(zx_handle_close_many(ends, 2));
}
