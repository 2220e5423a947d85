// SPDX-License-Identifier: MIT
// BARs of a PCI device as physical VMOs, without the pages from which interrupts could be forged.
#include <zircon/syscalls.h>

#include "pci_device.h"
#include "vmo.h"

// What lies between the areas, and before and after them. ZX_ERR_NOT_SUPPORTED: more holes than a
// VMO has.
static zx_status_t holes_between(const lx_vfio_area_t* areas, size_t count, uint64_t size,
                                 ko_vmo_hole_t holes[KO_VMO_MAX_HOLES], size_t* out_count) {
    size_t hole_count = 0;
    uint64_t at = 0;
    for (size_t i = 0; i <= count; i++) {
        uint64_t start = i < count ? areas[i].offset : size;
        if (start > at) {
            if (hole_count == KO_VMO_MAX_HOLES) {
                return ZX_ERR_NOT_SUPPORTED;
            }
            holes[hole_count++] = (ko_vmo_hole_t){.offset = at, .size = start - at};
        }
        at = i < count ? areas[i].offset + areas[i].size : size;
    }
    *out_count = hole_count;
    return ZX_OK;
}

// Which kind of BAR this is, from the low bits of its register.
static zx_status_t is_io_bar(const ko_pci_device_t* device, uint32_t bar, bool* out_is_io) {
    uint32_t value = 0;
    zx_status_t status =
        lx_vfio_config_read(device->fds.device, &device->config, 0x10 + 4 * bar, 4, &value);
    *out_is_io = (value & 1) != 0;
    return status;
}

static zx_status_t make_vmo(const ko_pci_device_t* device, uint32_t bar,
                            const lx_vfio_region_t* region, zx_handle_t* out) {
    lx_vfio_area_t areas[LX_VFIO_MAX_AREAS];
    ko_vmo_hole_t holes[KO_VMO_MAX_HOLES];
    size_t area_count = 0;
    size_t hole_count = 0;
    zx_status_t status = lx_vfio_bar_areas(device->fds.device, bar, region, areas, &area_count);
    if (status != ZX_OK) {
        return status;
    }
    if (area_count == 0) {
        return ZX_ERR_NOT_SUPPORTED;  // nothing of it can be mapped
    }
    uint64_t size = (region->size + ZX_PAGE_MASK) & ~(uint64_t)ZX_PAGE_MASK;
    status = holes_between(areas, area_count, size, holes, &hole_count);
    if (status != ZX_OK) {
        return status;
    }
    return ko_vmo_create_device(device->fds.device, region->offset, size, holes, hole_count, out);
}

static zx_status_t get_bar(const ko_pci_device_t* device, uint32_t bar, zx_pci_bar_t* out_bar,
                           zx_handle_t* out_handle) {
    lx_vfio_region_t region;
    bool is_io = false;
    zx_status_t status = lx_vfio_bar_get(device->fds.device, bar, &region);
    if (status != ZX_OK) {
        return status;
    }
    if (region.size == 0) {
        return ZX_ERR_NOT_FOUND;
    }
    status = is_io_bar(device, bar, &is_io);
    if (status == ZX_OK && is_io) {
        status = ZX_ERR_NOT_SUPPORTED;
    }
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    if (status == ZX_OK) {
        status = make_vmo(device, bar, &region, &vmo);
    }
    if (status != ZX_OK) {
        return status;
    }
    *out_bar =
        (zx_pci_bar_t){.id = bar, .type = ZX_PCI_BAR_TYPE_MMIO, .size = region.size, .handle = vmo};
    *out_handle = vmo;
    return ZX_OK;
}

zx_status_t zx_pci_get_bar(zx_handle_t handle, uint32_t bar_num, zx_pci_bar_t* out_bar,
                           zx_handle_t* out_handle) {
    ko_pci_device_t* device = NULL;
    if (out_bar == NULL || out_handle == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = ko_pci_device_get(handle, ZX_RIGHT_READ | ZX_RIGHT_WRITE, &device);
    if (status != ZX_OK) {
        return status;
    }
    status = bar_num < ZX_PCI_MAX_BARS ? get_bar(device, bar_num, out_bar, out_handle)
                                       : ZX_ERR_INVALID_ARGS;
    ko_object_release(&device->base);
    return status;
}
