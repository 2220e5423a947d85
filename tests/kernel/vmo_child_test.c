// SPDX-License-Identifier: MIT
// Children of VMOs: snapshots, slices, what they tell of themselves; executable handles.
#include <sys/mman.h>

#include <lx/resource.h>

#include "object_test.h"
#include "vmo.h"

OBJECT_SUITE(vmo_child, test_begin, test_end);

#define PAGE     4096u
#define SNAPSHOT ZX_VMO_CHILD_SNAPSHOT
#define SLICE    ZX_VMO_CHILD_SLICE
#define NO_WRITE ZX_VMO_CHILD_NO_WRITE

static zx_handle_t make(uint64_t size, uint32_t options) {
    zx_handle_t vmo;
    expect_ok(zx_vmo_create(size, options, &vmo));
    return vmo;
}

static zx_handle_t child_of(zx_handle_t vmo, uint32_t options, uint64_t offset, uint64_t size) {
    zx_handle_t child;
    expect_ok(zx_vmo_create_child(vmo, options, offset, size, &child));
    return child;
}

static void put(zx_handle_t vmo, uint64_t offset, const char* text) {
    expect_ok(zx_vmo_write(vmo, text, offset, strlen(text) + 1));
}

static void expect_text(zx_handle_t vmo, uint64_t offset, const char* text) {
    char bytes[32] = "";
    expect_ok(zx_vmo_read(vmo, bytes, offset, strlen(text) + 1));
    cr_assert_str_eq(bytes, text);
}

static zx_info_vmo_t info(zx_handle_t vmo) {
    zx_info_vmo_t out;
    expect_ok(zx_object_get_info(vmo, ZX_INFO_VMO, &out, sizeof(out), NULL, NULL));
    return out;
}

OBJECT_TEST(vmo_child, snapshot_diverges) {
    zx_handle_t vmo = make(4 * PAGE, 0);
    put(vmo, 0, "zero");
    put(vmo, 2 * PAGE + 10, "two");
    zx_handle_t child = child_of(vmo, SNAPSHOT, 0, 4 * PAGE);
    expect_text(child, 0, "zero");
    expect_text(child, 2 * PAGE + 10, "two");
    put(vmo, 0, "parent's");
    put(child, 2 * PAGE + 10, "child's");
    expect_text(child, 0, "zero");
    expect_text(vmo, 2 * PAGE + 10, "two");
    test_close(vmo);  // a child does not need its parent's handle
    expect_text(child, 2 * PAGE + 10, "child's");
    test_close(child);
}

OBJECT_TEST(vmo_child, snapshot_of_a_part) {
    zx_handle_t vmo = make(4 * PAGE, 0);
    zx_handle_t child, other;
    uint64_t size;
    put(vmo, 3 * PAGE, "three");
    child = child_of(vmo, SNAPSHOT, 2 * PAGE, PAGE + 1);
    expect_ok(zx_vmo_get_size(child, &size));
    cr_assert_eq(size, 2 * PAGE, "rounded up");
    expect_text(child, PAGE, "three");
    expect_text(child, 0, "");
    other = child_of(vmo, SNAPSHOT, 3 * PAGE, 4 * PAGE);  // beyond the parent's end: zeros
    expect_text(other, 0, "three");
    expect_text(other, 3 * PAGE, "");
    put(other, 3 * PAGE, "own");
    test_close(other);
    other = child_of(vmo, ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE, 64 * PAGE, PAGE);
    expect_text(other, 0, "");
    test_close(other);
    other = child_of(vmo, SNAPSHOT, 0, 0);
    expect_ok(zx_vmo_get_size(other, &size));
    cr_assert_eq(size, 0);
    test_close(other);
    test_close(child);
    test_close(vmo);
}

// Only what the parent has committed is copied.
OBJECT_TEST(vmo_child, snapshot_is_sparse) {
    zx_handle_t vmo = make((uint64_t)1 << 40, 0);
    put(vmo, (uint64_t)1 << 39, "far");
    zx_handle_t child = child_of(vmo, SNAPSHOT, 0, (uint64_t)1 << 40);
    expect_text(child, (uint64_t)1 << 39, "far");
    cr_assert_eq(info(child).committed_bytes, PAGE);
    test_close(child);
    test_close(vmo);
}

OBJECT_TEST(vmo_child, large_snapshot) {
    const size_t size = 3 << 20;
    uint8_t* bytes = malloc(size);
    uint8_t* copy = malloc(size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(i * 7 >> 5);
    }
    zx_handle_t vmo = make(size, 0);
    expect_ok(zx_vmo_write(vmo, bytes, 0, size));
    zx_handle_t child = child_of(vmo, SNAPSHOT, PAGE, size - PAGE);
    expect_ok(zx_vmo_read(child, copy, 0, size - PAGE));
    cr_assert_eq(memcmp(copy, bytes + PAGE, size - PAGE), 0);
    free(bytes);
    free(copy);
    test_close(child);
    test_close(vmo);
}

OBJECT_TEST(vmo_child, resizable) {
    zx_handle_t vmo = make(2 * PAGE, ZX_VMO_RESIZABLE);
    zx_handle_t fixed = child_of(vmo, SNAPSHOT, 0, PAGE);
    zx_handle_t loose = child_of(vmo, SNAPSHOT | ZX_VMO_CHILD_RESIZABLE, 0, PAGE);
    expect_status(zx_vmo_set_size(fixed, 2 * PAGE), ZX_ERR_UNAVAILABLE);
    expect_ok(zx_vmo_set_size(loose, 3 * PAGE));
    cr_assert(info(loose).flags & ZX_INFO_VMO_RESIZABLE);
    cr_assert_eq(info(fixed).flags & ZX_INFO_VMO_RESIZABLE, 0);
    expect_ok(zx_vmo_set_size(vmo, 0));
    expect_text(fixed, 0, "");
    zx_handle_t none;
    expect_status(zx_vmo_create_child(vmo, SLICE, 0, 0, &none), ZX_ERR_NOT_SUPPORTED);
    test_close(loose);
    test_close(fixed);
    test_close(vmo);
}

OBJECT_TEST(vmo_child, slice_shares) {
    zx_handle_t vmo = make(4 * PAGE, 0);
    zx_handle_t slice = child_of(vmo, SLICE, PAGE, 2 * PAGE);
    zx_handle_t inner = child_of(slice, SLICE, PAGE, PAGE);
    zx_vaddr_t address;
    put(slice, PAGE, "shared");
    expect_text(vmo, 2 * PAGE, "shared");
    expect_text(inner, 0, "shared");
    put(vmo, 2 * PAGE, "back");
    expect_text(inner, 0, "back");
    char byte;
    expect_status(zx_vmo_read(slice, &byte, 2 * PAGE, 1), ZX_ERR_OUT_OF_RANGE);
    expect_ok(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, inner, 0, PAGE, &address));
    cr_assert_str_eq((char*)address, "back");
    expect_ok(zx_vmar_unmap(zx_vmar_root_self(), address, PAGE));
    expect_status(
        zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, inner, 0, 2 * PAGE, &address),
        ZX_ERR_OUT_OF_RANGE);
    put(vmo, 0, "before");
    put(vmo, 3 * PAGE, "after");
    expect_ok(zx_vmo_op_range(slice, ZX_VMO_OP_ZERO, 0, 2 * PAGE, NULL, 0));
    expect_text(vmo, 0, "before");
    expect_text(vmo, 3 * PAGE, "after");
    expect_text(inner, 0, "");
    zx_handle_t copy = child_of(slice, SNAPSHOT, 0, 4 * PAGE);
    expect_text(copy, 2 * PAGE, "");  // what lies behind the slice is not in its snapshot
    test_close(copy);
    test_close(inner);
    test_close(slice);
    test_close(vmo);
}

OBJECT_TEST(vmo_child, bad_arguments) {
    zx_handle_t vmo = make(4 * PAGE, 0);
    zx_handle_t event = test_event();
    zx_handle_t out = 0;
    static const uint32_t bad_options[] = {
        0,
        SNAPSHOT | SLICE,
        SNAPSHOT | ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE,
        ZX_VMO_CHILD_RESIZABLE,
        NO_WRITE,
        SNAPSHOT | NO_WRITE | ZX_VMO_CHILD_RESIZABLE,
        SLICE | ZX_VMO_CHILD_RESIZABLE,
        SNAPSHOT | 64,
    };
    for (size_t i = 0; i < countof(bad_options); i++) {
        expect_status(zx_vmo_create_child(vmo, bad_options[i], 0, PAGE, &out), ZX_ERR_INVALID_ARGS);
    }
    expect_status(zx_vmo_create_child(vmo, SNAPSHOT, 0, PAGE, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_create_child(vmo, SNAPSHOT, 1, PAGE, &out), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_create_child(vmo, SLICE, 4 * PAGE, PAGE, &out), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_create_child(vmo, SLICE, 5 * PAGE, 0, &out), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_create_child(vmo, SNAPSHOT, PAGE, UINT64_MAX, &out), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_vmo_create_child(vmo, SNAPSHOT, -(uint64_t)PAGE, 2 * PAGE, &out),
                  ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_vmo_create_child(event, SNAPSHOT, 0, PAGE, &out), ZX_ERR_WRONG_TYPE);
    test_close(event);
    expect_status(zx_vmo_create_child(event, SNAPSHOT, 0, PAGE, &out), ZX_ERR_BAD_HANDLE);
    cr_assert_eq(out, 0);
    test_drop_rights(&vmo, ZX_RIGHT_DUPLICATE);
    expect_status(zx_vmo_create_child(vmo, SNAPSHOT, 0, PAGE, &out), ZX_ERR_ACCESS_DENIED);
    test_close(vmo);
    vmo = make(PAGE, 0);
    test_drop_rights(&vmo, ZX_RIGHT_READ);
    expect_status(zx_vmo_create_child(vmo, SLICE, 0, PAGE, &out), ZX_ERR_ACCESS_DENIED);
    test_close(vmo);
}

OBJECT_TEST(vmo_child, rights) {
    zx_handle_t vmo = make(PAGE, 0);
    zx_handle_t child = child_of(vmo, SNAPSHOT, 0, PAGE);
    cr_assert_eq(test_basic(child).rights, ZX_DEFAULT_VMO_RIGHTS);
    test_close(child);
    child = child_of(vmo, SLICE | NO_WRITE, 0, PAGE);
    cr_assert_eq(test_basic(child).rights, ZX_DEFAULT_VMO_RIGHTS & ~ZX_RIGHT_WRITE);
    expect_status(zx_vmo_write(child, "x", 0, 1), ZX_ERR_ACCESS_DENIED);
    test_close(child);
    test_drop_rights(&vmo, ZX_RIGHT_WRITE | ZX_RIGHT_MAP);
    child = child_of(vmo, SNAPSHOT, 0, PAGE);  // a copy is the caller's own
    cr_assert_eq(test_basic(child).rights, ZX_DEFAULT_VMO_RIGHTS & ~ZX_RIGHT_MAP);
    put(child, 0, "x");
    test_close(child);
    child = child_of(vmo, SLICE, 0, PAGE);
    cr_assert_eq(test_basic(child).rights,
                 ZX_DEFAULT_VMO_RIGHTS & ~(ZX_RIGHT_MAP | ZX_RIGHT_WRITE));
    test_close(child);
    test_close(vmo);
}

// No process can write it, whatever rights its handle has.
OBJECT_TEST(vmo_child, immutable) {
    zx_handle_t vmo = make(PAGE, 0);
    ko_object_t* object;
    ko_vmo_view_t view;
    zx_vaddr_t address;
    put(vmo, 0, "fixed");
    zx_handle_t child = child_of(vmo, SNAPSHOT | NO_WRITE, 0, PAGE);
    expect_ok(ko_handle_get(child, ZX_OBJ_TYPE_VMO, 0, &object));
    ko_vmo_get_view(object, &view);
    cr_assert_eq(pwrite(view.fd, "x", 1, 0), -1);
    cr_assert_eq(mmap(NULL, PAGE, PROT_WRITE, MAP_SHARED, view.fd, 0), MAP_FAILED);
    ko_object_release(object);
    expect_ok(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, child, 0, PAGE, &address));
    cr_assert_str_eq((char*)address, "fixed");
    expect_ok(zx_vmar_unmap(zx_vmar_root_self(), address, PAGE));
    test_close(child);
    test_close(vmo);
}

OBJECT_TEST(vmo_child, info) {
    zx_handle_t vmo = make(2 * PAGE, 0);
    cr_assert_eq(info(vmo).num_children, 0);
    cr_assert_eq(info(vmo).parent_koid, 0);
    zx_handle_t slice = child_of(vmo, SLICE, 0, PAGE);
    zx_handle_t copy = child_of(vmo, SNAPSHOT, 0, PAGE);
    cr_assert_eq(info(vmo).num_children, 2);
    cr_assert_eq(info(slice).parent_koid, test_basic(vmo).koid);
    cr_assert_eq(info(copy).parent_koid, test_basic(vmo).koid);
    cr_assert(info(copy).flags & ZX_INFO_VMO_IS_COW_CLONE);
    cr_assert_eq(info(slice).flags & ZX_INFO_VMO_IS_COW_CLONE, 0);
    expect_ok(zx_object_set_property(copy, ZX_PROP_NAME, "copy", 4));
    cr_assert_str_eq(info(copy).name, "copy");
    cr_assert_str_eq(info(vmo).name, "");
    expect_status(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_BAD_STATE);
    expect_status(zx_vmo_set_cache_policy(slice, ZX_CACHE_POLICY_UNCACHED), ZX_ERR_BAD_STATE);
    test_close(slice);
    test_close(copy);
    cr_assert_eq(info(vmo).num_children, 0);
    expect_ok(zx_vmo_set_cache_policy(vmo, ZX_CACHE_POLICY_UNCACHED));
    test_close(vmo);
}

static void* close_it(void* argument) {
    zx_handle_t* handles = argument;
    test_until_waited_on(handles[0], 1);
    zx_handle_close(handles[1]);
    return NULL;
}

OBJECT_TEST(vmo_child, zero_children) {
    zx_handle_t vmo = make(PAGE, 0);
    zx_handle_t port = test_port();
    zx_port_packet_t packet;
    zx_vaddr_t address;
    pthread_t thread;
    cr_assert_eq(test_signals(vmo), ZX_VMO_ZERO_CHILDREN);
    zx_handle_t handles[2] = {vmo, child_of(vmo, SLICE, 0, PAGE)};
    cr_assert_eq(test_signals(vmo), 0);
    cr_assert_eq(test_signals(handles[1]), ZX_VMO_ZERO_CHILDREN);
    cr_assert_eq(pthread_create(&thread, NULL, close_it, handles), 0);
    expect_ok(zx_object_wait_one(vmo, ZX_VMO_ZERO_CHILDREN, EVER, NULL));
    pthread_join(thread, NULL);
    zx_handle_t child = child_of(vmo, SNAPSHOT, 0, PAGE);
    expect_ok(zx_object_wait_async(vmo, port, 1, ZX_VMO_ZERO_CHILDREN, 0));
    expect_ok(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, child, 0, PAGE, &address));
    test_close(child);
    expect_status(zx_port_wait(port, SOON, &packet), ZX_ERR_TIMED_OUT);  // it is still mapped
    expect_ok(zx_vmar_unmap(zx_vmar_root_self(), address, PAGE));
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert_eq(packet.key, 1);
    test_close(port);
    test_close(vmo);
}

// Registers: no copies; slices without what is left out.
OBJECT_TEST(vmo_child, device) {
    int fd = memfd_create("registers", MFD_CLOEXEC);
    cr_assert_eq(ftruncate(fd, 8 * PAGE), 0);
    ko_vmo_hole_t hole = {2 * PAGE, PAGE};
    zx_handle_t vmo, out;
    ko_object_t* object;
    ko_vmo_view_t view;
    expect_ok(ko_vmo_create_device(fd, PAGE, 6 * PAGE, &hole, 1, &vmo));
    expect_status(zx_vmo_create_child(vmo, SNAPSHOT, 0, PAGE, &out), ZX_ERR_NOT_SUPPORTED);
    zx_handle_t slice = child_of(vmo, SLICE, PAGE, 3 * PAGE);
    expect_ok(ko_handle_get(slice, ZX_OBJ_TYPE_VMO, 0, &object));
    ko_vmo_get_view(object, &view);
    cr_assert_eq(view.fd_offset, 2 * PAGE);
    cr_assert_eq(view.size, 3 * PAGE);
    cr_assert_eq(view.holes[0].offset, PAGE);
    cr_assert_eq(view.holes[0].size, PAGE);
    cr_assert_eq(view.cache_policy, ZX_CACHE_POLICY_UNCACHED_DEVICE);
    ko_object_release(object);
    test_close(slice);
    slice = child_of(vmo, SLICE, 3 * PAGE, PAGE);
    expect_ok(ko_handle_get(slice, ZX_OBJ_TYPE_VMO, 0, &object));
    ko_vmo_get_view(object, &view);
    cr_assert_eq(view.holes[0].size, 0);
    ko_object_release(object);
    test_close(slice);
    test_close(vmo);
    ko_fd_close(&fd);
}

static int use_children(zx_handle_t channel) {
    zx_handle_t slice, copy;
    char text[8] = "";
    PEER_CHECK(test_receive_handle(channel, &slice) == ZX_OK);
    PEER_CHECK(test_receive_handle(channel, &copy) == ZX_OK);
    PEER_CHECK(zx_vmo_read(slice, text, 0, 6) == ZX_OK && strcmp(text, "there") == 0);
    PEER_CHECK(zx_vmo_read(slice, text, PAGE, 1) == ZX_ERR_OUT_OF_RANGE);
    PEER_CHECK(zx_vmo_write(slice, "back", 0, 5) == ZX_OK);
    PEER_CHECK(zx_vmo_read(copy, text, PAGE, 6) == ZX_OK && strcmp(text, "there") == 0);
    PEER_CHECK(zx_vmo_write(copy, "mine", PAGE, 5) == ZX_OK);
    return zx_handle_close(slice) | zx_handle_close(copy);
}

OBJECT_TEST(vmo_child, across_processes) {
    test_peer_t peer;
    zx_handle_t vmo = make(2 * PAGE, 0);
    test_peer_start(&peer, use_children);
    put(vmo, PAGE, "there");
    test_send_handle(peer.channel, child_of(vmo, SLICE, PAGE, PAGE));
    test_send_handle(peer.channel, child_of(vmo, SNAPSHOT, 0, 2 * PAGE));
    test_peer_end(&peer);
    expect_text(vmo, PAGE, "back");
    test_close(vmo);
}

// The name and the options of 2018.
OBJECT_TEST(vmo_child, clone) {
    const uint32_t copy = ZX_VMO_CLONE_COPY_ON_WRITE;
    zx_handle_t vmo = make(2 * PAGE, 0);
    zx_handle_t out, none;
    expect_ok(zx_vmo_write(vmo, "then", 0, 5));
    expect_ok(zx_vmo_clone(vmo, copy, 0, PAGE, &out));
    expect_ok(zx_vmo_write(vmo, "now", 0, 4));
    char text[8] = "";
    expect_ok(zx_vmo_read(out, text, 0, 5));
    cr_assert_str_eq(text, "then");
    expect_ok(zx_vmo_set_size(out, 3 * PAGE));
    test_close(out);
    expect_ok(zx_vmo_clone(vmo, copy | ZX_VMO_CLONE_NON_RESIZEABLE, 0, PAGE, &out));
    expect_status(zx_vmo_set_size(out, 0), ZX_ERR_UNAVAILABLE);
    test_close(out);
    expect_status(zx_vmo_clone(vmo, 0, 0, PAGE, &none), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_clone(vmo, ZX_VMO_CLONE_NON_RESIZEABLE, 0, PAGE, &none),
                  ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_clone(vmo, copy | 4, 0, PAGE, &none), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_clone(vmo, copy, 1, PAGE, &none), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_clone(vmo, copy, 0, PAGE, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_clone(vmo, copy, PAGE, UINT64_MAX, &none), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_vmo_clone(0x1234, copy, 0, PAGE, &none), ZX_ERR_BAD_HANDLE);
    test_drop_rights(&vmo, ZX_RIGHT_READ);
    expect_status(zx_vmo_clone(vmo, copy, 0, PAGE, &none), ZX_ERR_ACCESS_DENIED);
    test_close(vmo);
}

OBJECT_TEST(vmo_child, executable) {
    zx_handle_t root, vmex, mmio, out;
    zx_handle_t vmo = make(PAGE, 0);
    zx_vaddr_t address;
    expect_ok(lx_root_resource_create(&root));
    expect_ok(zx_resource_create(root, ZX_RSRC_KIND_VMEX, 0, 0, "x", 1, &vmex));
    expect_ok(zx_resource_create(root, ZX_RSRC_KIND_MMIO, 0, 4096, "m", 1, &mmio));
    expect_status(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_EXECUTE, 0, vmo, 0, PAGE, &address),
                  ZX_ERR_ACCESS_DENIED);
    expect_ok(zx_vmo_replace_as_executable(vmo, vmex, &out));
    expect_status(zx_handle_close(vmo), ZX_ERR_BAD_HANDLE);
    cr_assert_eq(test_basic(out).rights, ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_EXECUTE);
    zx_handle_t copy = child_of(out, SNAPSHOT, 0, PAGE);
    zx_handle_t slice = child_of(out, SLICE, 0, PAGE);
    cr_assert_eq(test_basic(copy).rights, ZX_DEFAULT_VMO_RIGHTS);
    cr_assert_eq(test_basic(slice).rights, ZX_DEFAULT_VMO_RIGHTS | ZX_RIGHT_EXECUTE);
    test_close(copy);
    test_close(slice);
    expect_status(zx_vmo_replace_as_executable(out, mmio, &vmo), ZX_ERR_WRONG_TYPE);
    expect_status(zx_vmo_replace_as_executable(out, vmex, &vmo), ZX_ERR_BAD_HANDLE);
    out = make(PAGE, 0);
    expect_status(zx_vmo_replace_as_executable(out, ZX_HANDLE_INVALID, &vmo), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_vmo_replace_as_executable(test_event(), vmex, &vmo), ZX_ERR_WRONG_TYPE);
    expect_status(zx_vmo_replace_as_executable(make(PAGE, 0), vmex, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_create_physical(mmio, 0, PAGE, &out), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_vmo_create_physical(mmio, PAGE, PAGE, &out), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_vmo_create_physical(mmio, 1, PAGE, &out), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_create_physical(mmio, 0, 0, &out), ZX_ERR_INVALID_ARGS);
    expect_status(zx_vmo_create_physical(vmex, 0, PAGE, &out), ZX_ERR_WRONG_TYPE);
    test_close(root);
    test_close(vmex);
    test_close(mmio);
}
