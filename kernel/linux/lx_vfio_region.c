// SPDX-License-Identifier: MIT
// Regions of a VFIO PCI device: configuration space and BARs, and which pages of a BAR a driver may
// map.
#include "lx_vfio.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <lx/status.h>
#include <zircon/errors.h>

#define MAX_CAPABILITIES 48  // as many as fit into 192 bytes

// The whole answer of VFIO_DEVICE_GET_REGION_INFO with its capabilities; the caller frees it.
static zx_status_t get_info(int device, uint32_t index, struct vfio_region_info** out_info) {
    const struct vfio_region_info question = {.index = index};
    void* answer = NULL;
    zx_status_t status =
        lx_vfio_ask(device, VFIO_DEVICE_GET_REGION_INFO, &question, sizeof(question), &answer);
    *out_info = answer;
    return status;
}

static zx_status_t region_get(int device, uint32_t index, lx_vfio_region_t* out) {
    struct vfio_region_info* info = NULL;
    zx_status_t status = get_info(device, index, &info);
    if (status != ZX_OK) {
        return status;
    }
    *out = (lx_vfio_region_t){
        .offset = info->offset,
        .size = info->size,
        .can_map = (info->flags & VFIO_REGION_INFO_FLAG_MMAP) != 0,
    };
    free(info);
    return ZX_OK;
}

zx_status_t lx_vfio_bar_get(int device, uint32_t bar, lx_vfio_region_t* out) {
    return region_get(device, VFIO_PCI_BAR0_REGION_INDEX + bar, out);
}

zx_status_t lx_vfio_config_get(int device, lx_vfio_region_t* out) {
    return region_get(device, VFIO_PCI_CONFIG_REGION_INDEX, out);
}

static zx_status_t config_check(const lx_vfio_region_t* config, uint32_t offset, size_t width) {
    bool is_width = width == 1 || width == 2 || width == 4;
    return is_width && offset + width <= config->size ? ZX_OK : ZX_ERR_INVALID_ARGS;
}

zx_status_t lx_vfio_config_read(int device, const lx_vfio_region_t* config, uint32_t offset,
                                size_t width, uint32_t* out_value) {
    zx_status_t status = config_check(config, offset, width);
    if (status != ZX_OK) {
        return status;
    }
    uint8_t bytes[4] = {0};  // little endian, whatever this machine is
    ssize_t done = pread(device, bytes, width, (off_t)(config->offset + offset));
    if (done != (ssize_t)width) {
        return done < 0 ? lx_status_from_errno(errno) : ZX_ERR_IO;
    }
    *out_value = (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
                 (uint32_t)bytes[3] << 24;
    return ZX_OK;
}

zx_status_t lx_vfio_config_write(int device, const lx_vfio_region_t* config, uint32_t offset,
                                 size_t width, uint32_t value) {
    zx_status_t status = config_check(config, offset, width);
    if (status != ZX_OK) {
        return status;
    }
    uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                        (uint8_t)(value >> 24)};
    ssize_t done = pwrite(device, bytes, width, (off_t)(config->offset + offset));
    if (done != (ssize_t)width) {
        return done < 0 ? lx_status_from_errno(errno) : ZX_ERR_IO;
    }
    return ZX_OK;
}

zx_status_t lx_vfio_command_update(int device, const lx_vfio_region_t* config, uint16_t clear,
                                   uint16_t set) {
    uint32_t command = 0;
    zx_status_t status = lx_vfio_config_read(device, config, LX_VFIO_COMMAND, 2, &command);
    if (status != ZX_OK) {
        return status;
    }
    command = (command & ~(uint32_t)clear) | set;
    return lx_vfio_config_write(device, config, LX_VFIO_COMMAND, 2, command);
}

size_t lx_vfio_areas_exclude(lx_vfio_area_t areas[LX_VFIO_MAX_AREAS], size_t count, uint64_t offset,
                             uint64_t size) {
    const uint64_t mask = LX_VFIO_PAGE_SIZE - 1;
    uint64_t hole_start = offset & ~mask;
    uint64_t hole_end = (offset + size + mask) & ~mask;
    lx_vfio_area_t kept[LX_VFIO_MAX_AREAS];
    size_t kept_count = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t start = areas[i].offset;
        uint64_t end = start + areas[i].size;
        uint64_t left_end = end < hole_start ? end : hole_start;
        uint64_t right_start = start > hole_end ? start : hole_end;
        if (start < left_end && kept_count < LX_VFIO_MAX_AREAS) {
            kept[kept_count++] = (lx_vfio_area_t){.offset = start, .size = left_end - start};
        }
        if (right_start < end && kept_count < LX_VFIO_MAX_AREAS) {
            kept[kept_count++] = (lx_vfio_area_t){.offset = right_start, .size = end - right_start};
        }
    }
    memcpy(areas, kept, kept_count * sizeof(kept[0]));
    return kept_count;
}

// Offset of the MSI-X capability, 0 if there is none.
static zx_status_t find_msix(int device, const lx_vfio_region_t* config, uint32_t* out_offset) {
    uint32_t value = 0;
    *out_offset = 0;
    zx_status_t status = lx_vfio_config_read(device, config, PCI_STATUS, 2, &value);
    if (status != ZX_OK || !(value & PCI_STATUS_CAP_LIST)) {
        return status;
    }
    status = lx_vfio_config_read(device, config, PCI_CAPABILITY_LIST, 1, &value);
    for (int i = 0; i < MAX_CAPABILITIES && status == ZX_OK && (value & 0xfc) >= 0x40; i++) {
        uint32_t offset = value & 0xfc;
        status = lx_vfio_config_read(device, config, offset, 2, &value);
        if (status == ZX_OK && (value & 0xff) == PCI_CAP_ID_MSIX) {
            *out_offset = offset;
            return ZX_OK;
        }
        value >>= 8;
    }
    return status;
}

// Takes the MSI-X table and pending bits that lie in |bar| out of the areas.
static zx_status_t exclude_msix(int device, uint32_t bar, lx_vfio_area_t* areas, size_t* count) {
    lx_vfio_region_t config;
    uint32_t offset = 0;
    zx_status_t status = lx_vfio_config_get(device, &config);
    if (status == ZX_OK) {
        status = find_msix(device, &config, &offset);
    }
    if (status != ZX_OK || offset == 0) {
        return status;
    }
    uint32_t flags = 0;
    uint32_t table = 0;
    uint32_t pending = 0;
    if ((status = lx_vfio_config_read(device, &config, offset + PCI_MSIX_FLAGS, 2, &flags)) !=
            ZX_OK ||
        (status = lx_vfio_config_read(device, &config, offset + PCI_MSIX_TABLE, 4, &table)) !=
            ZX_OK ||
        (status = lx_vfio_config_read(device, &config, offset + PCI_MSIX_PBA, 4, &pending)) !=
            ZX_OK) {
        return status;
    }
    uint32_t vectors = (flags & PCI_MSIX_FLAGS_QSIZE) + 1;
    if ((table & PCI_MSIX_TABLE_BIR) == bar) {
        *count = lx_vfio_areas_exclude(areas, *count, table & PCI_MSIX_TABLE_OFFSET,
                                       (uint64_t)vectors * PCI_MSIX_ENTRY_SIZE);
    }
    if ((pending & PCI_MSIX_PBA_BIR) == bar) {
        *count = lx_vfio_areas_exclude(areas, *count, pending & PCI_MSIX_PBA_OFFSET,
                                       (uint64_t)(vectors + 63) / 64 * 8);
    }
    return ZX_OK;
}

// Copies the areas out of the capability at |offset|. 0: it does not fit into the answer.
static size_t copy_areas(const struct vfio_region_info* info, uint32_t offset,
                         lx_vfio_area_t areas[LX_VFIO_MAX_AREAS]) {
    const uint8_t* bytes = (const uint8_t*)info + offset;
    struct vfio_region_info_cap_sparse_mmap head;
    struct vfio_region_sparse_mmap_area area;
    size_t room = info->argsz - offset;
    if (room < sizeof(head)) {
        return 0;
    }
    memcpy(&head, bytes, sizeof(head));
    if (head.nr_areas > (room - sizeof(head)) / sizeof(area)) {
        return 0;
    }
    size_t count = head.nr_areas < LX_VFIO_MAX_AREAS ? head.nr_areas : LX_VFIO_MAX_AREAS;
    for (size_t i = 0; i < count; i++) {
        memcpy(&area, bytes + sizeof(head) + i * sizeof(area), sizeof(area));
        areas[i] = (lx_vfio_area_t){.offset = area.offset, .size = area.size};
    }
    return count;
}

// The areas that the kernel lists for a region of which only parts can be mapped. 0: no such list.
static size_t sparse_areas(const struct vfio_region_info* info,
                           lx_vfio_area_t areas[LX_VFIO_MAX_AREAS]) {
    struct vfio_info_cap_header header;
    uint32_t offset = (info->flags & VFIO_REGION_INFO_FLAG_CAPS) ? info->cap_offset : 0;
    while (offset != 0 && offset < info->argsz && info->argsz - offset >= sizeof(header)) {
        memcpy(&header, (const uint8_t*)info + offset, sizeof(header));
        if (header.id == VFIO_REGION_INFO_CAP_SPARSE_MMAP) {
            return copy_areas(info, offset, areas);
        }
        offset = header.next > offset ? header.next : 0;
    }
    return 0;
}

zx_status_t lx_vfio_bar_areas(int device, uint32_t bar, const lx_vfio_region_t* region,
                              lx_vfio_area_t areas[LX_VFIO_MAX_AREAS], size_t* out_count) {
    *out_count = 0;
    if (!region->can_map || region->size == 0) {
        return ZX_OK;
    }
    struct vfio_region_info* info = NULL;
    zx_status_t status = get_info(device, VFIO_PCI_BAR0_REGION_INDEX + bar, &info);
    if (status != ZX_OK) {
        return status;
    }
    size_t count = sparse_areas(info, areas);
    free(info);
    if (count == 0) {
        const uint64_t mask = LX_VFIO_PAGE_SIZE - 1;
        areas[count++] = (lx_vfio_area_t){.offset = 0, .size = (region->size + mask) & ~mask};
    }
    status = exclude_msix(device, bar, areas, &count);
    *out_count = status == ZX_OK ? count : 0;
    return status;
}
