// SPDX-License-Identifier: MIT
// The whole virtio-blk driver on a device played by the test: registers are a page of memory (so a
// device that always agrees), the rings are followed as a device does, interrupts are virtual.
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include <fuchsia/hardware/block/c/banjo.h>
#include <fuchsia/hardware/pci/c/banjo.h>
#include <lib/sync/completion.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "../fakes/fini_check.h"
#include "fakes/fake_bti.h"
#include "fakes/fake_ddk.h"
#include "pci_capability.h"
#include "virtio_hw.h"

#define BAR           4u
#define COMMON_OFFSET 0x0000u
#define DEVICE_OFFSET 0x1000u
#define NOTIFY_OFFSET 0x2000u
#define BAR_SIZE      0x3000u
#define QUEUE_SIZE    16u
#define BLOCKS        256u
#define BLOCK_SIZE    512u
#define MAX_DATA      (QUEUE_SIZE - 2)
// As the feature register does not heed its selector, both halves offer the same bits: 0 and 1 of
// the upper half are VERSION_1 and ACCESS_PLATFORM; the lower half means SIZE_MAX, SEG_MAX,
// BLK_SIZE, FLUSH.
#define FEATURES 0x247u

typedef struct fake_function {
    uint8_t config[256];
    zx_handle_t bar;           // owned
    volatile uint8_t* memory;  // mapping of the BAR
    zx_handle_t irqs[2];       // ours; the driver has duplicates
    uint32_t vectors;
    bool is_bus_master;
    uint16_t avail_seen;
    uint8_t disk[BLOCKS * BLOCK_SIZE];
} fake_function_t;

static fake_function_t g_function;
extern zx_driver_rec_t __zircon_driver_rec__;

// ---- the PCI protocol

static zx_status_t read_config(void* ctx, uint16_t offset, size_t width, uint32_t* out_value) {
    const fake_function_t* function = ctx;
    if (offset + width > sizeof(function->config)) {
        return ZX_ERR_INVALID_ARGS;
    }
    *out_value = 0;
    memcpy(out_value, function->config + offset, width);
    return ZX_OK;
}

static zx_status_t fake_config_read8(void* ctx, uint16_t offset, uint8_t* out_value) {
    uint32_t value;
    zx_status_t status = read_config(ctx, offset, 1, &value);
    *out_value = (uint8_t)value;
    return status;
}

static zx_status_t fake_config_read32(void* ctx, uint16_t offset, uint32_t* out_value) {
    return read_config(ctx, offset, 4, out_value);
}

static zx_status_t fake_get_first_capability(void* ctx, uint8_t id, uint8_t* out_offset) {
    pci_config_reader_t reader = {.read = read_config, .ctx = ctx};
    return pci_find_capability(&reader, id, 0, out_offset);
}

static zx_status_t fake_get_next_capability(void* ctx, uint8_t id, uint8_t offset,
                                            uint8_t* out_offset) {
    pci_config_reader_t reader = {.read = read_config, .ctx = ctx};
    return pci_find_capability(&reader, id, offset, out_offset);
}

static zx_status_t fake_get_bar(void* ctx, uint32_t bar_id, zx_pci_bar_t* out_res) {
    fake_function_t* function = ctx;
    if (bar_id != BAR) {
        return ZX_ERR_NOT_FOUND;
    }
    *out_res = (zx_pci_bar_t){.id = bar_id, .type = ZX_PCI_BAR_TYPE_MMIO, .size = BAR_SIZE};
    return zx_handle_duplicate(function->bar, ZX_RIGHT_SAME_RIGHTS, &out_res->handle);
}

static zx_status_t fake_enable_bus_master(void* ctx, bool enable) {
    ((fake_function_t*)ctx)->is_bus_master = enable;
    return ZX_OK;
}

static zx_status_t fake_query_irq_mode(void* ctx, zx_pci_irq_mode_t mode, uint32_t* out_max_irqs) {
    *out_max_irqs = ((fake_function_t*)ctx)->vectors;
    return mode == ZX_PCI_IRQ_MODE_MSI_X ? ZX_OK : ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t fake_set_irq_mode(void* ctx, zx_pci_irq_mode_t mode, uint32_t count) {
    (void)ctx, (void)mode, (void)count;
    return ZX_OK;
}

static zx_status_t fake_map_interrupt(void* ctx, uint32_t which_irq, zx_handle_t* out_handle) {
    fake_function_t* function = ctx;
    if (which_irq >= function->vectors) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status =
        zx_interrupt_create(ZX_HANDLE_INVALID, 0, ZX_INTERRUPT_VIRTUAL, &function->irqs[which_irq]);
    if (status == ZX_OK) {
        status = zx_handle_duplicate(function->irqs[which_irq], ZX_RIGHT_SAME_RIGHTS, out_handle);
    }
    return status;
}

static zx_status_t fake_get_bti(void* ctx, uint32_t index, zx_handle_t* out_bti) {
    (void)ctx, (void)index;
    return zx_event_create(0, out_bti);
}

static const pci_protocol_ops_t g_pci_ops = {
    .get_bar = fake_get_bar,
    .enable_bus_master = fake_enable_bus_master,
    .map_interrupt = fake_map_interrupt,
    .query_irq_mode = fake_query_irq_mode,
    .set_irq_mode = fake_set_irq_mode,
    .config_read8 = fake_config_read8,
    .config_read32 = fake_config_read32,
    .get_first_capability = fake_get_first_capability,
    .get_next_capability = fake_get_next_capability,
    .get_bti = fake_get_bti,
};

// ---- the device's side

static void put32(size_t offset, uint32_t value) {
    memcpy((void*)(g_function.memory + offset), &value, sizeof(value));
}

static void put16(size_t offset, uint16_t value) {
    memcpy((void*)(g_function.memory + offset), &value, sizeof(value));
}

static uint64_t get64(size_t offset) {
    uint64_t value;
    memcpy(&value, (const void*)(g_function.memory + offset), sizeof(value));
    return value;
}

static void put_capability(uint8_t at, uint8_t next, uint8_t type, uint32_t offset, uint32_t size) {
    uint8_t* capability = g_function.config + at;
    uint32_t multiplier = 4;
    capability[0] = PCI_CAP_ID_VENDOR;
    capability[1] = next;
    capability[VIRTIO_PCI_CAP_LENGTH] = 20;
    capability[VIRTIO_PCI_CAP_CFG_TYPE] = type;
    capability[VIRTIO_PCI_CAP_BAR] = BAR;
    memcpy(capability + VIRTIO_PCI_CAP_OFFSET, &offset, 4);
    memcpy(capability + VIRTIO_PCI_CAP_SIZE, &size, 4);
    memcpy(capability + VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER, &multiplier, 4);
}

static void make_device(void) {
    memset(&g_function, 0, sizeof(g_function));
    g_function.vectors = 2;
    g_function.config[PCI_CFG_STATUS] = 0x10;
    g_function.config[PCI_CFG_CAPABILITIES_PTR] = 0x40;
    put_capability(0x40, 0x60, VIRTIO_PCI_CFG_COMMON, COMMON_OFFSET, 0x38);
    put_capability(0x60, 0x80, VIRTIO_PCI_CFG_NOTIFY, NOTIFY_OFFSET, 0x100);
    put_capability(0x80, 0, VIRTIO_PCI_CFG_DEVICE, DEVICE_OFFSET, 0x40);
    zx_vaddr_t address;
    cr_assert_eq(zx_vmo_create(BAR_SIZE, 0, &g_function.bar), ZX_OK);
    cr_assert_eq(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0,
                             g_function.bar, 0, BAR_SIZE, &address),
                 ZX_OK);
    g_function.memory = (volatile uint8_t*)address;
    put32(COMMON_OFFSET + VIRTIO_COMMON_DEVICE_FEATURE, FEATURES);
    put16(COMMON_OFFSET + VIRTIO_COMMON_NUM_QUEUES, 1);
    put16(COMMON_OFFSET + VIRTIO_COMMON_QUEUE_SIZE, QUEUE_SIZE);
    put32(DEVICE_OFFSET + VIRTIO_BLK_CFG_CAPACITY, BLOCKS);
    put32(DEVICE_OFFSET + VIRTIO_BLK_CFG_SIZE_MAX, 1u << 20);
    put32(DEVICE_OFFSET + VIRTIO_BLK_CFG_SEG_MAX, 128);
    put32(DEVICE_OFFSET + VIRTIO_BLK_CFG_BLK_SIZE, BLOCK_SIZE);
}

static const virtq_desc_t* descriptors(void) {
    return (const virtq_desc_t*)(uintptr_t)get64(COMMON_OFFSET + VIRTIO_COMMON_QUEUE_DESC);
}

static virtq_used_t* used_ring(void) {
    return (virtq_used_t*)(uintptr_t)get64(COMMON_OFFSET + VIRTIO_COMMON_QUEUE_DEVICE);
}

// How many chains are there that the device has not fetched.
static uint16_t chains_waiting(void) {
    const virtq_avail_t* avail =
        (const virtq_avail_t*)(uintptr_t)get64(COMMON_OFFSET + VIRTIO_COMMON_QUEUE_DRIVER);
    return (uint16_t)(atomic_load(&avail->index) - g_function.avail_seen);
}

static uint16_t fetch_chain(void) {
    const virtq_avail_t* avail =
        (const virtq_avail_t*)(uintptr_t)get64(COMMON_OFFSET + VIRTIO_COMMON_QUEUE_DRIVER);
    cr_assert_gt(chains_waiting(), 0);
    return avail->ring[g_function.avail_seen++ % QUEUE_SIZE];
}

static void put_used(uint32_t id, uint32_t length) {
    virtq_used_t* used = used_ring();
    uint16_t index = atomic_load(&used->index);
    used->ring[index % QUEUE_SIZE] = (virtq_used_elem_t){.id = id, .length = length};
    atomic_store(&used->index, (uint16_t)(index + 1));
}

static void raise_interrupt(uint32_t vector) {
    cr_assert_eq(zx_interrupt_trigger(g_function.irqs[vector], 0, 0), ZX_OK);
}

// Does what a chain asks for and hands it back, without an interrupt.
static void serve_chain(uint8_t device_status) {
    uint16_t head = fetch_chain();
    const virtq_desc_t* desc = &descriptors()[head];
    cr_assert_eq(desc->length, sizeof(virtio_blk_req_header_t));
    virtio_blk_req_header_t header = *(const virtio_blk_req_header_t*)(uintptr_t)desc->address;
    uint8_t* here = g_function.disk + header.sector * VIRTIO_BLK_SECTOR_SIZE;
    uint32_t written = 1;
    for (desc = &descriptors()[desc->next]; (desc->flags & VIRTQ_DESC_F_NEXT) != 0;
         desc = &descriptors()[desc->next]) {
        void* data = (void*)(uintptr_t)desc->address;
        if (header.type == VIRTIO_BLK_T_IN) {
            cr_assert(desc->flags & VIRTQ_DESC_F_WRITE);
            memcpy(data, here, desc->length);
            written += desc->length;
        } else {
            cr_assert_eq(header.type, VIRTIO_BLK_T_OUT);
            memcpy(here, data, desc->length);
        }
        here += desc->length;
    }
    cr_assert_eq(desc->length, 1);
    *(uint8_t*)(uintptr_t)desc->address = device_status;
    put_used(head, written);
}

// ---- the client's side

typedef struct request {
    block_op_t* op;  // owned
    sync_completion_t done;
    zx_status_t status;
    atomic_uint callbacks;
} request_t;

static block_impl_protocol_t g_disk;
static zx_handle_t g_vmo;

static void request_done(void* cookie, zx_status_t status, block_op_t* op) {
    request_t* request = cookie;
    cr_assert_eq(op, request->op);
    request->status = status;
    atomic_fetch_add(&request->callbacks, 1);
    sync_completion_signal(&request->done);
}

static void start(request_t* request, uint32_t command, uint32_t length, uint64_t dev_offset,
                  uint64_t vmo_offset) {
    block_info_t info;
    size_t op_size;
    block_impl_query(&g_disk, &info, &op_size);
    memset(request, 0, sizeof(*request));
    request->op = calloc(1, op_size);
    request->op->rw = (block_read_write_t){.command = command,
                                           .vmo = g_vmo,
                                           .length = length,
                                           .offset_dev = dev_offset,
                                           .offset_vmo = vmo_offset};
    block_impl_queue(&g_disk, request->op, request_done, request);
}

static bool is_done(request_t* request) {
    return sync_completion_wait(&request->done, 0) == ZX_OK;
}

static zx_status_t finish(request_t* request) {
    cr_assert_eq(sync_completion_wait(&request->done, ZX_SEC(20)), ZX_OK, "never completed");
    cr_assert_eq(atomic_load(&request->callbacks), 1);
    free(request->op);
    return request->status;
}

static void bind_driver(void) {
    fake_ddk_reset(ZX_PROTOCOL_PCI, &g_pci_ops, &g_function);
    cr_assert_eq(__zircon_driver_rec__.ops->bind(NULL, fake_ddk_parent()), ZX_OK);
    const fake_device_t* device = fake_ddk_device();
    cr_assert_eq(device->proto_id, ZX_PROTOCOL_BLOCK_IMPL);
    g_disk = (block_impl_protocol_t){.ops = device->proto_ops, .ctx = device->ctx};
    device->ops->init(device->ctx);
}

static void set_up(void) {
    make_device();
    bind_driver();
    cr_assert_eq(fake_ddk_await_init_reply(), ZX_OK);
    cr_assert_eq(zx_vmo_create(BLOCKS * BLOCK_SIZE, 0, &g_vmo), ZX_OK);
}

static void release_driver(void) {
    const fake_device_t* device = fake_ddk_device();
    device->ops->release(device->ctx);
    cr_assert_eq(fake_bti_pin_count(), 0);
    cr_assert_not(g_function.is_bus_master);
    cr_assert_eq(g_function.memory[COMMON_OFFSET + VIRTIO_COMMON_DEVICE_STATUS], 0);
}

static void tear_down(void) {
    const fake_device_t* device = fake_ddk_device();
    device->ops->unbind(device->ctx);
    fini_check(fake_ddk_await_unbind_reply());
    release_driver();
    zx_handle_close(g_vmo);
    zx_handle_close(g_function.bar);
}

// ---- bring-up

Test(virtio_blk_device, comes_up, .init = set_up, .fini = tear_down) {
    block_info_t info;
    size_t op_size;
    block_impl_query(&g_disk, &info, &op_size);
    cr_assert_eq(info.block_count, BLOCKS);
    cr_assert_eq(info.block_size, BLOCK_SIZE);
    cr_assert_eq(info.max_transfer_size, (MAX_DATA - 1) * ZX_PAGE_SIZE);
    cr_assert_eq(info.flags, 0);
    cr_assert(g_function.is_bus_master);
    cr_assert_eq(g_function.memory[COMMON_OFFSET + VIRTIO_COMMON_DEVICE_STATUS],
                 VIRTIO_STATUS_ACKNOWLEDGE | VIRTIO_STATUS_DRIVER | VIRTIO_STATUS_FEATURES_OK |
                     VIRTIO_STATUS_DRIVER_OK);
}

static void assert_refused(zx_status_t expected) {
    bind_driver();
    cr_assert_eq(fake_ddk_await_init_reply(), expected);
    request_t request;
    start(&request, BLOCK_OP_FLUSH, 0, 0, 0);
    finish(&request);
    release_driver();
}

Test(virtio_blk_device, without_access_platform_refused) {
    make_device();
    put32(COMMON_OFFSET + VIRTIO_COMMON_DEVICE_FEATURE, FEATURES & ~2u);
    assert_refused(ZX_ERR_NOT_SUPPORTED);
}

Test(virtio_blk_device, broken_windows_refused) {
    make_device();
    put_capability(0x40, 0x60, VIRTIO_PCI_CFG_COMMON, COMMON_OFFSET, 0x20);
    assert_refused(ZX_ERR_IO_DATA_INTEGRITY);
    put_capability(0x40, 0x60, VIRTIO_PCI_CFG_COMMON, BAR_SIZE - 8, 0x38);
    assert_refused(ZX_ERR_IO_DATA_INTEGRITY);
    put_capability(0x40, 0x60, VIRTIO_PCI_CFG_COMMON, UINT32_MAX - 3, 0x38);
    assert_refused(ZX_ERR_IO_DATA_INTEGRITY);
    put_capability(0x40, 0x60, 99, COMMON_OFFSET, 0x38);
    assert_refused(ZX_ERR_NOT_FOUND);
}

Test(virtio_blk_device, broken_geometry_refused) {
    make_device();
    put32(DEVICE_OFFSET + VIRTIO_BLK_CFG_BLK_SIZE, 0);
    assert_refused(ZX_ERR_NOT_SUPPORTED);
    put32(DEVICE_OFFSET + VIRTIO_BLK_CFG_BLK_SIZE, 1000);
    assert_refused(ZX_ERR_NOT_SUPPORTED);
    put32(DEVICE_OFFSET + VIRTIO_BLK_CFG_BLK_SIZE, BLOCK_SIZE);
    put16(COMMON_OFFSET + VIRTIO_COMMON_QUEUE_SIZE, 0);
    assert_refused(ZX_ERR_NOT_SUPPORTED);
    put16(COMMON_OFFSET + VIRTIO_COMMON_QUEUE_SIZE, QUEUE_SIZE);
    put16(COMMON_OFFSET + VIRTIO_COMMON_QUEUE_NOTIFY_OFF, 0xffff);
    assert_refused(ZX_ERR_IO_DATA_INTEGRITY);
}

// ---- requests

Test(virtio_blk_device, data_goes_there_and_back, .init = set_up, .fini = tear_down) {
    uint8_t pattern[9 * BLOCK_SIZE];
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (uint8_t)(i * 13 >> 2);
    }
    cr_assert_eq(zx_vmo_write(g_vmo, pattern, 7 * BLOCK_SIZE, sizeof(pattern)), ZX_OK);
    size_t pins = fake_bti_pin_count();
    request_t request;
    start(&request, BLOCK_OP_WRITE, 9, 20, 7);
    cr_assert_eq(fake_bti_pin_count(), pins + 1);
    serve_chain(VIRTIO_BLK_S_OK);
    raise_interrupt(1);
    cr_assert_eq(finish(&request), ZX_OK);
    cr_assert_eq(fake_bti_pin_count(), pins, "unpinned before the callback");
    cr_assert_eq(memcmp(g_function.disk + 20 * BLOCK_SIZE, pattern, sizeof(pattern)), 0);

    start(&request, BLOCK_OP_READ, 9, 20, 100);
    serve_chain(VIRTIO_BLK_S_OK);
    raise_interrupt(1);
    cr_assert_eq(finish(&request), ZX_OK);
    uint8_t back[sizeof(pattern)];
    cr_assert_eq(zx_vmo_read(g_vmo, back, 100 * BLOCK_SIZE, sizeof(back)), ZX_OK);
    cr_assert_eq(memcmp(pattern, back, sizeof(back)), 0);
}

Test(virtio_blk_device, errors_of_the_device_are_passed_on, .init = set_up, .fini = tear_down) {
    request_t request;
    start(&request, BLOCK_OP_READ, 1, 0, 0);
    serve_chain(VIRTIO_BLK_S_IOERR);
    raise_interrupt(1);
    cr_assert_eq(finish(&request), ZX_ERR_IO);
    start(&request, BLOCK_OP_FLUSH, 0, 0, 0);
    uint16_t head = fetch_chain();
    const virtq_desc_t* last = &descriptors()[descriptors()[head].next];
    *(uint8_t*)(uintptr_t)last->address = VIRTIO_BLK_S_UNSUPP;
    put_used(head, 1);
    raise_interrupt(1);
    cr_assert_eq(finish(&request), ZX_ERR_NOT_SUPPORTED);
}

Test(virtio_blk_device, wrong_requests_do_not_reach_the_device, .init = set_up, .fini = tear_down) {
    request_t request;
    start(&request, BLOCK_OP_READ, 1, BLOCKS, 0);
    cr_assert_eq(finish(&request), ZX_ERR_OUT_OF_RANGE);
    start(&request, BLOCK_OP_READ, 1000, 0, 0);
    cr_assert_eq(finish(&request), ZX_ERR_INVALID_ARGS);
    start(&request, BLOCK_OP_READ, 1, 0, 1u << 20);  // beyond the VMO
    cr_assert_neq(finish(&request), ZX_OK);
    cr_assert_eq(chains_waiting(), 0);
}

// Eight requests of at least three descriptors each on a ring of sixteen: some must wait, all end,
// in order.
Test(virtio_blk_device, full_ring_makes_requests_wait, .init = set_up, .fini = tear_down) {
    request_t requests[8];
    for (uint32_t i = 0; i < 8; i++) {
        start(&requests[i], BLOCK_OP_WRITE, 1, i, i * 8);
    }
    cr_assert_lt(chains_waiting(), 8);
    cr_assert_gt(chains_waiting(), 1);
    uint32_t ended = 0;
    while (ended < 8) {
        uint16_t count = chains_waiting();
        cr_assert_gt(count, 0);
        for (uint16_t i = 0; i < count; i++) {
            serve_chain(VIRTIO_BLK_S_OK);
        }
        raise_interrupt(1);
        for (uint16_t i = 0; i < count; i++) {
            cr_assert_eq(finish(&requests[ended++]), ZX_OK);
        }
        // The interrupt's thread submits what waited before it ends requests.
    }
}

Test(virtio_blk_device, largest_request_fits, .init = set_up, .fini = tear_down) {
    request_t request;
    uint32_t blocks = (MAX_DATA - 1) * ZX_PAGE_SIZE / BLOCK_SIZE;
    start(&request, BLOCK_OP_WRITE, blocks, 0, 1);  // not at a page's start: one page more
    serve_chain(VIRTIO_BLK_S_OK);
    raise_interrupt(1);
    cr_assert_eq(finish(&request), ZX_OK);
}

// ---- a device that lies

static void assert_given_up(request_t* requests, size_t count) {
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(finish(&requests[i]), ZX_ERR_IO);
    }
    cr_assert(fake_ddk_await_async_remove());
    cr_assert_not(g_function.is_bus_master);
    request_t late;
    start(&late, BLOCK_OP_READ, 1, 0, 0);
    cr_assert_eq(finish(&late), ZX_ERR_UNAVAILABLE);
}

Test(virtio_blk_device, impossible_used_entry_ends_it, .init = set_up, .fini = tear_down) {
    request_t requests[7];
    for (uint32_t i = 0; i < 7; i++) {
        start(&requests[i], BLOCK_OP_READ, 1, i, i);
    }
    put_used(QUEUE_SIZE + 5, 1);
    raise_interrupt(1);
    assert_given_up(requests, 7);
}

Test(virtio_blk_device, used_index_that_jumps_ends_it, .init = set_up, .fini = tear_down) {
    request_t request;
    start(&request, BLOCK_OP_WRITE, 1, 0, 0);
    atomic_store(&used_ring()->index, 9);
    raise_interrupt(1);
    assert_given_up(&request, 1);
}

Test(virtio_blk_device, request_for_a_reset_ends_it, .init = set_up, .fini = tear_down) {
    request_t request;
    start(&request, BLOCK_OP_WRITE, 1, 0, 0);
    g_function.memory[COMMON_OFFSET + VIRTIO_COMMON_DEVICE_STATUS] |= VIRTIO_STATUS_NEEDS_RESET;
    raise_interrupt(0);
    assert_given_up(&request, 1);
}

// A success that wrote less than was asked for is none.
Test(virtio_blk_device, short_read_is_no_success, .init = set_up, .fini = tear_down) {
    request_t request;
    start(&request, BLOCK_OP_READ, 2, 0, 0);
    uint16_t head = fetch_chain();
    const virtq_desc_t* last = &descriptors()[head];
    while ((last->flags & VIRTQ_DESC_F_NEXT) != 0) {
        last = &descriptors()[last->next];
    }
    *(uint8_t*)(uintptr_t)last->address = VIRTIO_BLK_S_OK;
    put_used(head, 1);
    raise_interrupt(1);
    cr_assert_eq(finish(&request), ZX_ERR_IO_DATA_INTEGRITY);
}

// ---- the end

Test(virtio_blk_device, unbind_waits_for_what_the_device_has, .init = set_up) {
    const fake_device_t* device = fake_ddk_device();
    request_t requests[8];
    for (uint32_t i = 0; i < 8; i++) {
        start(&requests[i], BLOCK_OP_WRITE, 1, i, i);
    }
    uint16_t with_device = chains_waiting();
    device->ops->unbind(device->ctx);
    for (uint32_t i = with_device; i < 8; i++) {
        cr_assert_eq(finish(&requests[i]), ZX_ERR_UNAVAILABLE, "waited for descriptors");
    }
    request_t late;
    start(&late, BLOCK_OP_READ, 1, 0, 0);
    cr_assert_eq(finish(&late), ZX_ERR_UNAVAILABLE);
    cr_assert_not(fake_ddk_has_unbind_reply());
    cr_assert_not(is_done(&requests[0]));
    for (uint32_t i = 0; i < with_device; i++) {
        serve_chain(VIRTIO_BLK_S_OK);
    }
    raise_interrupt(1);
    for (uint32_t i = 0; i < with_device; i++) {
        cr_assert_eq(finish(&requests[i]), ZX_OK);
    }
    cr_assert(fake_ddk_await_unbind_reply());
    release_driver();
}

// As after a failure above: release alone ends what the device still has.
Test(virtio_blk_device, release_fails_what_is_left, .init = set_up) {
    request_t request;
    start(&request, BLOCK_OP_READ, 1, 0, 0);
    release_driver();
    cr_assert_eq(finish(&request), ZX_ERR_UNAVAILABLE);
}

Test(virtio_blk_device, one_vector_serves_for_both) {
    make_device();
    g_function.vectors = 1;
    bind_driver();
    cr_assert_eq(fake_ddk_await_init_reply(), ZX_OK);
    cr_assert_eq(zx_vmo_create(4096, 0, &g_vmo), ZX_OK);
    request_t request;
    start(&request, BLOCK_OP_READ, 1, 0, 0);
    serve_chain(VIRTIO_BLK_S_OK);
    raise_interrupt(0);
    cr_assert_eq(finish(&request), ZX_OK);
    tear_down();
}
