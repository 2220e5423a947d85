// SPDX-License-Identifier: MIT
// DMA mappings of one VFIO container (type 1, version 2).
#include "lx_vfio.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <lx/status.h>
#include <zircon/errors.h>

// Copies the ranges out of the capability at |offset|, which the kernel aligns to 4 bytes only.
// False: it does not fit into the answer.
static bool copy_ranges(const struct vfio_iommu_type1_info* info, uint32_t offset,
                        lx_vfio_range_t ranges[LX_VFIO_MAX_RANGES], size_t* out_count) {
    const uint8_t* bytes = (const uint8_t*)info + offset;
    struct vfio_iommu_type1_info_cap_iova_range head;
    struct vfio_iova_range range;
    size_t room = info->argsz - offset;
    if (room < sizeof(head)) {
        return false;
    }
    memcpy(&head, bytes, sizeof(head));
    if (head.nr_iovas > (room - sizeof(head)) / sizeof(range)) {
        return false;
    }
    size_t count = head.nr_iovas < LX_VFIO_MAX_RANGES ? head.nr_iovas : LX_VFIO_MAX_RANGES;
    for (size_t i = 0; i < count; i++) {
        memcpy(&range, bytes + sizeof(head) + i * sizeof(range), sizeof(range));
        ranges[i] = (lx_vfio_range_t){.first = range.start, .last = range.end};
    }
    *out_count = count;
    return true;
}

// Looks for the IOVA range capability in |info|. Offsets come from the kernel but are checked
// anyway.
static bool find_ranges(const struct vfio_iommu_type1_info* info,
                        lx_vfio_range_t ranges[LX_VFIO_MAX_RANGES], size_t* out_count) {
    struct vfio_info_cap_header header;
    uint32_t offset = (info->flags & VFIO_IOMMU_INFO_CAPS) ? info->cap_offset : 0;
    while (offset != 0 && offset < info->argsz && info->argsz - offset >= sizeof(header)) {
        memcpy(&header, (const uint8_t*)info + offset, sizeof(header));
        if (header.id == VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE) {
            return copy_ranges(info, offset, ranges, out_count);
        }
        offset = header.next > offset ? header.next : 0;
    }
    return false;
}

zx_status_t lx_vfio_dma_ranges(int container, lx_vfio_range_t ranges[LX_VFIO_MAX_RANGES],
                               size_t* out_count) {
    const struct vfio_iommu_type1_info question = {0};
    void* info = NULL;
    zx_status_t status =
        lx_vfio_ask(container, VFIO_IOMMU_GET_INFO, &question, sizeof(question), &info);
    if (status != ZX_OK) {
        return status;
    }
    bool is_found = find_ranges(info, ranges, out_count);
    free(info);
    return is_found ? ZX_OK : ZX_ERR_NOT_SUPPORTED;
}

zx_status_t lx_vfio_dma_map(int container, uint64_t iova, void* address, uint64_t size,
                            bool can_read, bool can_write) {
    struct vfio_iommu_type1_dma_map map = {
        .argsz = sizeof(map),
        .flags =
            (can_read ? VFIO_DMA_MAP_FLAG_READ : 0u) | (can_write ? VFIO_DMA_MAP_FLAG_WRITE : 0u),
        .vaddr = (uintptr_t)address,
        .iova = iova,
        .size = size,
    };
    if (ioctl(container, VFIO_IOMMU_MAP_DMA, &map) == 0) {
        return ZX_OK;
    }
    switch (errno) {
        case ENOSPC:
            return ZX_ERR_NO_RESOURCES;  // the container's limit on mappings
        case EFAULT:
            return ZX_ERR_ACCESS_DENIED;  // pages that cannot be pinned with this access
        default:
            return lx_status_from_errno(errno);
    }
}

static zx_status_t unmap(int container, uint32_t flags, uint64_t iova, uint64_t size,
                         uint64_t* out_unmapped) {
    struct vfio_iommu_type1_dma_unmap request = {
        .argsz = sizeof(request),
        .flags = flags,
        .iova = iova,
        .size = size,
    };
    if (ioctl(container, VFIO_IOMMU_UNMAP_DMA, &request) != 0) {
        return lx_status_from_errno(errno);
    }
    *out_unmapped = request.size;
    return ZX_OK;
}

zx_status_t lx_vfio_dma_unmap(int container, uint64_t iova, uint64_t size) {
    uint64_t unmapped = 0;
    zx_status_t status = unmap(container, 0, iova, size, &unmapped);
    if (status == ZX_OK && unmapped != size) {
        return ZX_ERR_NOT_FOUND;  // somebody who shares the domain was faster
    }
    return status;
}

zx_status_t lx_vfio_dma_unmap_range(int container, uint64_t first, uint64_t last) {
    uint64_t unmapped = 0;
    return unmap(container, 0, first, last - first + 1, &unmapped);
}

zx_status_t lx_vfio_dma_unmap_all(int container) {
    uint64_t unmapped = 0;
    return unmap(container, VFIO_DMA_UNMAP_FLAG_ALL, 0, 0, &unmapped);
}
