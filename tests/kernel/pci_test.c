// SPDX-License-Identifier: MIT
// PCI device objects over a function that exists only in this process, and what opening real ones
// checks.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>

#include <lx/kmsg.h>
#include <lx/pci.h>
#include <lx/resource.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "../fakes/fd_check.h"
#include "fake_vfio.h"
#include "object.h"

#define PAGE ZX_PAGE_SIZE

static zx_handle_t device;

static void setup(void) {
    fake_vfio_init();
    device = fake_vfio_open();
    cr_assert(ne(u32, device, ZX_HANDLE_INVALID));
}

static void teardown(void) {
    zx_handle_close(device);
    fake_vfio_fini();
}

TestSuite(pci, .init = setup, .fini = teardown, .timeout = 20);

Test(pci, identity_comes_from_the_function) {
    zx_pcie_device_info_t info;
    cr_assert(eq(i32, zx_pci_get_device_info(device, &info), ZX_OK));
    cr_expect(eq(u16, info.vendor_id, FAKE_VFIO_VENDOR));
    cr_expect(eq(u16, info.device_id, FAKE_VFIO_DEVICE));
    cr_expect(eq(u8, info.base_class, 1));
    cr_expect(eq(u8, info.sub_class, 8));
    cr_expect(eq(u8, info.program_interface, 2));
    cr_expect(eq(u8, info.revision_id, 3));
    cr_expect(eq(u8, info.bus_id, 1));
    cr_expect(eq(u8, info.dev_id, 1));
    cr_expect(eq(u8, info.func_id, 0));
}

Test(pci, config_reads_are_checked) {
    uint32_t value = 0xffffffff;
    cr_expect(eq(i32, zx_pci_config_read(device, 0, 1, &value), ZX_OK));
    cr_expect(eq(u32, value, FAKE_VFIO_VENDOR & 0xff));
    cr_expect(eq(i32, zx_pci_config_read(device, 0, 2, &value), ZX_OK));
    cr_expect(eq(u32, value, FAKE_VFIO_VENDOR));
    cr_expect(eq(i32, zx_pci_config_read(device, 252, 4, &value), ZX_OK));
    static const struct {
        uint16_t offset;
        size_t width;
    } bad[] = {{0, 0}, {0, 3}, {0, 8}, {253, 4}, {256, 1}, {0xffff, 4}, {0, SIZE_MAX}};
    for (size_t i = 0; i < countof(bad); i++) {
        cr_expect(eq(i32, zx_pci_config_read(device, bad[i].offset, bad[i].width, &value),
                     ZX_ERR_INVALID_ARGS),
                  "case %zu", i);
    }
    cr_expect(eq(i32, zx_pci_config_read(device, 0, 4, NULL), ZX_ERR_INVALID_ARGS));
}

Test(pci, config_writes_spare_the_header) {
    cr_expect(eq(i32, zx_pci_config_write(device, 0x3f, 1, 0), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_pci_config_write(device, 0x3e, 4, 0), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_pci_config_write(device, PCI_COMMAND, 2, 7), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_pci_config_write(device, 0x40, 2, 0xbeef), ZX_OK));
    cr_expect(eq(u16, fake_vfio_config16(0x40), 0xbeef));
    cr_expect(eq(i32, zx_pci_config_write(device, 0x40, 1, 0x100), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_pci_config_write(device, 0x40, 3, 0), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_pci_config_write(device, 254, 4, 0), ZX_ERR_INVALID_ARGS));
}

Test(pci, bus_mastering_changes_one_bit) {
    cr_expect(eq(i32, zx_pci_enable_bus_master(device, true), ZX_OK));
    cr_expect(eq(u16, fake_vfio_config16(PCI_COMMAND), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER));
    cr_expect(eq(i32, zx_pci_enable_bus_master(device, false), ZX_OK));
    cr_expect(eq(u16, fake_vfio_config16(PCI_COMMAND), PCI_COMMAND_MEMORY));
}

Test(pci, rights_are_checked) {
    zx_handle_t reader = ZX_HANDLE_INVALID;
    zx_handle_t out = ZX_HANDLE_INVALID;
    zx_pci_bar_t bar;
    uint32_t value = 0;
    cr_assert(eq(i32, zx_handle_duplicate(device, ZX_RIGHT_READ, &reader), ZX_OK));
    cr_expect(eq(i32, zx_pci_config_read(reader, 0, 4, &value), ZX_OK));
    cr_expect(eq(i32, zx_pci_config_write(reader, 0x40, 4, 0), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_pci_enable_bus_master(reader, true), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_pci_reset_device(reader), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_pci_get_bar(reader, 0, &bar, &out), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_pci_set_irq_mode(reader, ZX_PCIE_IRQ_MODE_MSI, 1), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_pci_map_interrupt(reader, 0, &out), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, lx_pci_quiesce(reader), ZX_ERR_ACCESS_DENIED));
    zx_handle_close(reader);
    cr_expect(eq(i32, zx_pci_config_read(reader, 0, 4, &value), ZX_ERR_BAD_HANDLE));
}

Test(pci, bars_that_are_none) {
    zx_pci_bar_t bar;
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    cr_expect(eq(i32, zx_pci_get_bar(device, 6, &bar, &vmo), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_pci_get_bar(device, UINT32_MAX, &bar, &vmo), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_pci_get_bar(device, 1, &bar, &vmo), ZX_ERR_NOT_FOUND));
    cr_expect(eq(i32, zx_pci_get_bar(device, 2, &bar, &vmo), ZX_ERR_NOT_SUPPORTED));
    cr_expect(eq(i32, zx_pci_get_bar(device, 0, NULL, &vmo), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(u32, vmo, ZX_HANDLE_INVALID));
}

Test(pci, a_bar_maps_without_the_msix_pages) {
    zx_pci_bar_t bar;
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    zx_vaddr_t address = 0;
    cr_assert(eq(i32, zx_pci_get_bar(device, 0, &bar, &vmo), ZX_OK));
    cr_expect(eq(u32, bar.type, ZX_PCI_BAR_TYPE_MMIO));
    cr_expect(eq(sz, bar.size, FAKE_VFIO_BAR_SIZE));
    cr_assert(eq(i32,
                 zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, 0,
                             FAKE_VFIO_BAR_SIZE, &address),
                 ZX_OK));
    volatile uint8_t* bytes = (volatile uint8_t*)address;
    bytes[0] = 0x5a;
    bytes[3 * PAGE] = 0xa5;
    uint8_t seen[2] = {0};
    cr_expect(eq(int, (int)pread(fake_vfio.device_fd, &seen[0], 1, 0), 1));
    cr_expect(eq(int, (int)pread(fake_vfio.device_fd, &seen[1], 1, (off_t)(3 * PAGE)), 1));
    cr_expect(eq(u8, seen[0], 0x5a));
    cr_expect(eq(u8, seen[1], 0xa5));
    // The kernel cannot read the holes on our behalf either.
    int pipe_fds[2];
    cr_assert(eq(int, pipe(pipe_fds), 0));
    for (size_t page = 0; page < 4; page++) {
        bool is_readable = write(pipe_fds[1], (const void*)(address + page * PAGE), 1) == 1;
        cr_expect(eq(int, is_readable, page == 0 || page == 3), "page %zu", page);
    }
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    cr_expect(eq(i32, zx_vmar_unmap(zx_vmar_root_self(), address, FAKE_VFIO_BAR_SIZE), ZX_OK));
    zx_handle_close(vmo);
}

Test(pci, modes_are_checked) {
    uint32_t count = 0;
    zx_handle_t out = ZX_HANDLE_INVALID;
    cr_expect(eq(i32, zx_pci_query_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI_X, &count), ZX_OK));
    cr_expect(eq(u32, count, 4));
    cr_expect(eq(i32, zx_pci_query_irq_mode(device, ZX_PCIE_IRQ_MODE_DISABLED, &count),
                 ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_pci_query_irq_mode(device, 4, &count), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI_X, 0), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI_X, 5), ZX_ERR_INVALID_ARGS));
    cr_expect(
        eq(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_DISABLED, 1), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_pci_map_interrupt(device, 0, &out), ZX_ERR_BAD_STATE));
    fake_vfio.irq_errno = ENOSPC;
    cr_expect(ne(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI_X, 4), ZX_OK));
    cr_expect(eq(i32, zx_pci_map_interrupt(device, 0, &out), ZX_ERR_BAD_STATE));
    cr_expect(eq(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI_X, 4), ZX_OK));
    cr_expect(eq(int, fake_vfio.enabled_irq, VFIO_PCI_MSIX_IRQ_INDEX));
    cr_expect(eq(u32, fake_vfio.vector_count, 4));
    // From one mode into another.
    cr_expect(eq(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI, 2), ZX_OK));
    cr_expect(eq(int, fake_vfio.enabled_irq, VFIO_PCI_MSI_IRQ_INDEX));
    cr_expect(eq(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_DISABLED, 0), ZX_OK));
    cr_expect(eq(int, fake_vfio.enabled_irq, -1));
}

Test(pci, each_vector_has_one_interrupt_object) {
    zx_handle_t first = ZX_HANDLE_INVALID;
    zx_handle_t third = ZX_HANDLE_INVALID;
    zx_handle_t out = ZX_HANDLE_INVALID;
    cr_assert(eq(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI_X, 3), ZX_OK));
    cr_assert(eq(i32, zx_pci_map_interrupt(device, 0, &first), ZX_OK));
    cr_assert(eq(i32, zx_pci_map_interrupt(device, 2, &third), ZX_OK));
    cr_expect(eq(i32, zx_pci_map_interrupt(device, 2, &out), ZX_ERR_ALREADY_BOUND));
    cr_expect(eq(i32, zx_pci_map_interrupt(device, 3, &out), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_pci_map_interrupt(device, -1, &out), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_DISABLED, 0), ZX_ERR_BAD_STATE));
    cr_expect(eq(i32, zx_interrupt_trigger(first, 0, 0), ZX_ERR_BAD_STATE));
    fake_vfio_fire(2);
    cr_expect(eq(i32, zx_interrupt_wait(third, NULL), ZX_OK));
    cr_expect(eq(i32, zx_object_wait_one(first, ZX_INTERRUPT_SIGNALED, 0, NULL), ZX_ERR_TIMED_OUT));
    zx_handle_close(third);
    cr_expect(eq(int, fake_vfio.vectors[2], -1));
    cr_expect(ge(int, fake_vfio.vectors[0], 0));
    // Destroying lets go of the vector before the handle is closed.
    cr_expect(eq(i32, zx_interrupt_destroy(first), ZX_OK));
    cr_expect(eq(int, fake_vfio.vectors[0], -1));
    cr_expect(eq(i32, zx_pci_map_interrupt(device, 0, &out), ZX_OK));
    zx_handle_close(first);
    cr_expect(ge(int, fake_vfio.vectors[0], 0));
    zx_handle_close(out);
    cr_expect(eq(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_DISABLED, 0), ZX_OK));
}

static uint64_t count_unmasks(void) {
    eventfd_t count = 0;
    return eventfd_read(fake_vfio.unmask_fd, &count) == 0 ? count : 0;
}

Test(pci, a_line_is_unmasked_by_the_next_wait) {
    zx_handle_t line = ZX_HANDLE_INVALID;
    cr_assert(eq(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_LEGACY, 1), ZX_OK));
    cr_assert(eq(i32, zx_pci_map_interrupt(device, 0, &line), ZX_OK));
    fake_vfio_fire(0);
    cr_expect(eq(i32, zx_interrupt_wait(line, NULL), ZX_OK));
    cr_expect(eq(u64, count_unmasks(), 0));
    fake_vfio_fire(0);
    cr_expect(eq(i32, zx_interrupt_wait(line, NULL), ZX_OK));
    cr_expect(eq(u64, count_unmasks(), 1));
    zx_handle_close(line);
    cr_expect(eq(int, fake_vfio.enabled_irq, -1));
}

Test(pci, a_line_bound_to_a_port_is_unmasked_by_the_acknowledge) {
    zx_handle_t line = ZX_HANDLE_INVALID;
    zx_handle_t port = ZX_HANDLE_INVALID;
    zx_port_packet_t packet;
    cr_assert(eq(i32, zx_port_create(ZX_PORT_BIND_TO_INTERRUPT, &port), ZX_OK));
    cr_assert(eq(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_LEGACY, 1), ZX_OK));
    cr_assert(eq(i32, zx_pci_map_interrupt(device, 0, &line), ZX_OK));
    cr_assert(eq(i32, zx_interrupt_bind(line, port, 3, ZX_INTERRUPT_BIND), ZX_OK));
    fake_vfio_fire(0);
    cr_assert(eq(i32, zx_port_wait(port, ZX_TIME_INFINITE, &packet), ZX_OK));
    cr_expect(eq(u64, packet.key, 3));
    cr_expect(eq(u64, count_unmasks(), 0));
    cr_expect(eq(i32, zx_interrupt_ack(line), ZX_OK));
    cr_expect(eq(u64, count_unmasks(), 1));
    zx_handle_close(line);
    zx_handle_close(port);
}

Test(pci, an_interrupt_sent_away_keeps_its_vector) {
    zx_handle_t interrupt = ZX_HANDLE_INVALID;
    zx_handle_t ends[2];
    uint32_t bytes = 0;
    uint32_t handles = 0;
    cr_assert(eq(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI, 1), ZX_OK));
    cr_assert(eq(i32, zx_pci_map_interrupt(device, 0, &interrupt), ZX_OK));
    cr_assert(eq(i32, zx_channel_create(0, &ends[0], &ends[1]), ZX_OK));
    cr_assert(eq(i32, zx_channel_write(ends[0], 0, NULL, 0, &interrupt, 1), ZX_OK));
    cr_assert(
        eq(i32, zx_channel_read(ends[1], 0, NULL, &interrupt, 0, 1, &bytes, &handles), ZX_OK));
    fake_vfio_fire(0);
    cr_expect(eq(i32, zx_interrupt_wait(interrupt, NULL), ZX_OK));
    zx_handle_close(interrupt);
    zx_handle_close_many(ends, 2);
}

Test(pci, quiesce_stops_everything) {
    zx_handle_t interrupt = ZX_HANDLE_INVALID;
    cr_assert(eq(i32, zx_pci_enable_bus_master(device, true), ZX_OK));
    cr_assert(eq(i32, zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI, 1), ZX_OK));
    cr_assert(eq(i32, zx_pci_map_interrupt(device, 0, &interrupt), ZX_OK));
    fake_vfio.mappings[0] = (fake_vfio_mapping_t){0x20000, PAGE, 3};
    cr_expect(eq(i32, lx_pci_quiesce(device), ZX_OK));
    cr_expect(eq(u16, fake_vfio_config16(PCI_COMMAND), PCI_COMMAND_MEMORY));
    cr_expect(eq(int, fake_vfio.enabled_irq, -1));
    cr_expect(eq(sz, fake_vfio_mapping_count(), 0));
    cr_expect(eq(u32, fake_vfio.reset_count, 1));
    // A failing step does not keep the later ones from being tried.
    fake_vfio.unmap_errno = EIO;
    cr_expect(eq(i32, lx_pci_quiesce(device), ZX_ERR_IO));
    cr_expect(eq(u32, fake_vfio.reset_count, 2));
    zx_handle_close(interrupt);
    cr_expect(eq(int, fake_vfio.enabled_irq, -1));
    cr_expect(eq(i32, lx_pci_quiesce(ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE));
}

Test(pci, it_crosses_a_channel) {
    zx_handle_t ends[2];
    zx_handle_t there = ZX_HANDLE_INVALID;
    zx_handle_t copy = ZX_HANDLE_INVALID;
    zx_pcie_device_info_t info;
    uint32_t bytes = 0;
    uint32_t handles = 0;
    cr_assert(eq(i32, zx_handle_duplicate(device, ZX_RIGHT_SAME_RIGHTS, &copy), ZX_OK));
    cr_assert(eq(i32, zx_channel_create(0, &ends[0], &ends[1]), ZX_OK));
    cr_assert(eq(i32, zx_channel_write(ends[0], 0, NULL, 0, &copy, 1), ZX_OK));
    cr_assert(eq(i32, zx_channel_read(ends[1], 0, NULL, &there, 0, 1, &bytes, &handles), ZX_OK));
    cr_expect(eq(i32, zx_pci_get_device_info(there, &info), ZX_OK));
    cr_expect(eq(u8, info.dev_id, 1));
    // The one who kept a duplicate can stop what the other one started.
    cr_expect(eq(i32, zx_pci_enable_bus_master(there, true), ZX_OK));
    zx_handle_close(there);
    cr_expect(eq(i32, lx_pci_quiesce(device), ZX_OK));
    cr_expect(eq(u16, fake_vfio_config16(PCI_COMMAND), PCI_COMMAND_MEMORY));
    zx_handle_close_many(ends, 2);
}

Test(pci, forged_fds_are_refused) {
    ko_object_t* object = NULL;
    int fd = dup(0);
    int lease[2];
    cr_assert(eq(int, pipe(lease), 0));
    ko_wire_t wire = {.fd_count = 3, .fds = {fd, fd, lease[1]}, .words = {0x0108}};
    cr_expect(eq(i32, ko_import_pci_device(&wire, &object), ZX_ERR_IO_DATA_INTEGRITY));
    cr_expect(eq(int, wire.fds[0], fd));
    wire.fd_count = 1;
    cr_expect(eq(i32, ko_import_pci_device(&wire, &object), ZX_ERR_IO_DATA_INTEGRITY));
    wire = (ko_wire_t){
        .fd_count = 3, .fds = {fake_vfio.device_fd, fd, lease[1]}, .words = {UINT64_MAX}};
    cr_expect(eq(i32, ko_import_pci_device(&wire, &object), ZX_ERR_IO_DATA_INTEGRITY));
    wire = (ko_wire_t){.fd_count = 2, .fds = {fake_vfio.device_fd, fd}, .words = {0x0108}};
    cr_expect(eq(i32, ko_import_pci_device(&wire, &object), ZX_ERR_IO_DATA_INTEGRITY));
    wire = (ko_wire_t){
        .fd_count = 3, .fds = {fake_vfio.device_fd, fd, fake_vfio.container_fd}, .words = {0x0108}};
    cr_expect(eq(i32, ko_import_pci_device(&wire, &object), ZX_ERR_IO_DATA_INTEGRITY));
    cr_expect(eq(int, wire.fds[2], fake_vfio.container_fd));
    close(lease[0]);
    close(lease[1]);
    close(fd);
}

Test(pci, no_fd_is_left) {
    fd_check_warm_up();
    int before = fd_check_count();
    for (int i = 0; i < 20; i++) {
        zx_handle_t other = fake_vfio_open();
        zx_handle_t interrupt = ZX_HANDLE_INVALID;
        zx_handle_t bti = ZX_HANDLE_INVALID;
        zx_handle_t vmo = ZX_HANDLE_INVALID;
        zx_pci_bar_t bar;
        cr_assert(eq(i32, zx_pci_set_irq_mode(other, ZX_PCIE_IRQ_MODE_MSI, 1), ZX_OK));
        cr_assert(eq(i32, zx_pci_map_interrupt(other, 0, &interrupt), ZX_OK));
        cr_assert(eq(i32, zx_bti_create(other, 0, 0, &bti), ZX_OK));
        cr_assert(eq(i32, zx_pci_get_bar(other, 0, &bar, &vmo), ZX_OK));
        zx_handle_close(other);
        zx_handle_close(vmo);
        zx_handle_close(bti);
        zx_handle_close(interrupt);
    }
    cr_expect(eq(int, fd_check_count(), before));
}

Test(pci_machine, listing_works_anywhere) {
    size_t all = 0;
    size_t some = 0;
    lx_pci_function_t first;
    cr_expect(eq(i32, lx_pci_list(NULL, 0, &all), ZX_OK));
    cr_expect(eq(i32, lx_pci_list(&first, 1, &some), ZX_OK));
    cr_expect(eq(sz, some, all));
    cr_expect(eq(i32, lx_pci_list(NULL, 1, &all), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, lx_pci_list(NULL, 0, NULL), ZX_ERR_INVALID_ARGS));
}

Test(pci_machine, opening_is_refused_with_a_reason) {
    lx_pci_function_t nobody = {.segment = 0xfffe, .bus = 0xfe, .device = 31, .function = 7};
    zx_handle_t root = ZX_HANDLE_INVALID;
    zx_handle_t event = ZX_HANDLE_INVALID;
    zx_handle_t out = ZX_HANDLE_INVALID;
    char error[120] = "";
    cr_assert(eq(i32, lx_root_resource_create(&root), ZX_OK));
    cr_assert(eq(i32, zx_event_create(0, &event), ZX_OK));
    cr_expect(eq(i32, lx_pci_open(root, &nobody, &out, error, sizeof(error)), ZX_ERR_NOT_FOUND));
    cr_expect(ne(ptr, strstr(error, "fffe:fe:1f.7"), NULL));
    cr_expect(eq(i32, lx_pci_open(root, &nobody, &out, NULL, 0), ZX_ERR_NOT_FOUND));
    cr_expect(eq(i32, lx_pci_open(event, &nobody, &out, error, sizeof(error)), ZX_ERR_WRONG_TYPE));
    nobody.device = 32;
    cr_expect(eq(i32, lx_pci_open(root, &nobody, &out, error, sizeof(error)), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(u32, out, ZX_HANDLE_INVALID));
    zx_handle_close(event);
    zx_handle_close(root);
}

Test(kmsg, reads_records_where_there_are_any) {
    zx_handle_t kmsg = ZX_HANDLE_INVALID;
    char line[256];
    size_t actual = 0;
    cr_expect(eq(i32, lx_kmsg_open_etc(2, &kmsg), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, lx_kmsg_open(NULL), ZX_ERR_INVALID_ARGS));
    cr_expect(
        eq(i32, lx_kmsg_read(ZX_HANDLE_INVALID, line, sizeof(line), &actual), ZX_ERR_BAD_HANDLE));
    zx_status_t status = lx_kmsg_open_etc(LX_KMSG_FROM_BOOT, &kmsg);
    if (status == ZX_ERR_NOT_FOUND || status == ZX_ERR_ACCESS_DENIED) {
        cr_skip_test("no kernel log here");
    }
    cr_assert(eq(i32, status, ZX_OK));
    status = lx_kmsg_read(kmsg, line, sizeof(line), &actual);
    cr_expect(status == ZX_OK || status == ZX_ERR_SHOULD_WAIT);
    if (status == ZX_OK) {
        cr_expect(eq(sz, actual, strlen(line)));
    }
    zx_handle_close(kmsg);
}
