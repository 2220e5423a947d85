// SPDX-License-Identifier: MIT
// Configuration space and BARs of the edu device.
#include "vfio_test.h"

#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "tap.h"

static void test_config_limits(zx_handle_t device) {
    uint32_t value = 0;
    tap_status(zx_pci_config_read(device, 0, 3, &value), ZX_ERR_INVALID_ARGS, "width 3 is refused");
    tap_status(zx_pci_config_read(device, 0xfff, 2, &value), ZX_ERR_INVALID_ARGS,
               "a read past the end is refused");
    tap_status(zx_pci_config_read(device, 0xffff, 4, &value), ZX_ERR_INVALID_ARGS,
               "a read at 0xffff is refused");
    tap_status(zx_pci_config_write(device, 0x04, 2, 0), ZX_ERR_ACCESS_DENIED,
               "a write to the header is refused");
    tap_status(zx_pci_config_write(device, 0x3f, 1, 0), ZX_ERR_ACCESS_DENIED,
               "a write to the header's last byte is refused");
    tap_status(zx_pci_config_write(device, 0x40, 1, 0x100), ZX_ERR_INVALID_ARGS,
               "a value wider than the write is refused");
    tap_status(zx_pci_config_read(ZX_HANDLE_INVALID, 0, 2, &value), ZX_ERR_BAD_HANDLE,
               "no handle, no read");
}

void test_config(zx_handle_t device) {
    uint32_t value = 0;
    zx_pcie_device_info_t info;
    tap_status(zx_pci_config_read(device, 0, 4, &value), ZX_OK, "configuration space is readable");
    tap_check(value == ((uint32_t)EDU_DEVICE_ID << 16 | EDU_VENDOR_ID), "it starts with the ids");
    tap_check(zx_pci_get_device_info(device, &info) == ZX_OK && info.vendor_id == EDU_VENDOR_ID &&
                  info.device_id == EDU_DEVICE_ID,
              "the device tells the same ids");
    tap_check(zx_pci_config_read(device, 4, 2, &value) == ZX_OK && (value & 6) == 2,
              "opened with memory decoding on and bus mastering off");
    tap_check(zx_pci_enable_bus_master(device, true) == ZX_OK &&
                  zx_pci_config_read(device, 4, 2, &value) == ZX_OK && (value & 6) == 6,
              "bus mastering goes on");
    tap_check(zx_pci_enable_bus_master(device, false) == ZX_OK &&
                  zx_pci_config_read(device, 4, 2, &value) == ZX_OK && (value & 6) == 2,
              "and off");
    test_config_limits(device);
}

static void test_bar_limits(zx_handle_t device) {
    zx_pci_bar_t bar;
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    tap_status(zx_pci_get_bar(device, 6, &bar, &vmo), ZX_ERR_INVALID_ARGS, "there is no BAR 6");
    tap_status(zx_pci_get_bar(device, 1, &bar, &vmo), ZX_ERR_NOT_FOUND, "edu has no BAR 1");
    tap_status(zx_pci_get_bar(device, 0, &bar, &vmo), ZX_OK, "edu has BAR 0");
    uint64_t size = 0;
    tap_check(bar.size == EDU_BAR_SIZE && bar.type == ZX_PCI_BAR_TYPE_MMIO && bar.id == 0 &&
                  zx_vmo_get_size(vmo, &size) == ZX_OK && size == EDU_BAR_SIZE,
              "of 1 MiB");
    zx_vaddr_t address = 0;
    tap_status(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, vmo, 0,
                           EDU_BAR_SIZE + PAGE_SIZE, &address),
               ZX_ERR_OUT_OF_RANGE, "no more than the BAR can be mapped");
    uint32_t word = 0;
    tap_status(zx_vmo_read(vmo, &word, 0, sizeof(word)), ZX_ERR_BAD_STATE,
               "registers are not read as memory");
    zx_handle_close(vmo);
}

void test_bars(zx_handle_t device) {
    test_bar_limits(device);
    edu_t edu;
    if (!tap_status(edu_init(&edu, device), ZX_OK, "the registers are mapped")) {
        return;
    }
    tap_check((edu_read(&edu, EDU_REG_ID) & EDU_ID_MASK) == EDU_ID_VALUE, "edu says who it is");
    edu_write(&edu, EDU_REG_INVERT, 0x12345678);
    tap_check(edu_read(&edu, EDU_REG_INVERT) == ~0x12345678u, "edu inverts what it is given");
    tap_status(zx_pci_reset_device(device), ZX_OK, "the device is reset");
    tap_check((edu_read(&edu, EDU_REG_ID) & EDU_ID_MASK) == EDU_ID_VALUE,
              "the mapping survives the reset");
    edu_fini(&edu);
}
