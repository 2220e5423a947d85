// SPDX-License-Identifier: MIT
// A PCI function that exists only in this process.
#include "fake_vfio.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <linux/vfio.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pci_device.h"

#define CONFIG_OFFSET 0x10000u
#define CONFIG_SIZE   256u
#define MSIX_OFFSET   0x60u
#define TABLE_OFFSET  0x1000u
#define PBA_OFFSET    0x2000u

fake_vfio_t fake_vfio;

int __real_ioctl(int fd, unsigned long request, ...);
int __wrap_ioctl(int fd, unsigned long request, ...);

static int fail(int error) {
    errno = error;
    return -1;
}

static bool is_same_file(int fd, int other) {
    struct stat left;
    struct stat right;
    return other >= 0 && fstat(fd, &left) == 0 && fstat(other, &right) == 0 &&
           left.st_ino == right.st_ino && left.st_dev == right.st_dev;
}

// ---- container

// As the kernel, with another capability first that leaves the ranges at an odd multiple of 4
// bytes.
static int get_info(struct vfio_iommu_type1_info* info) {
    static const struct vfio_iova_range ranges[] = {{0, 0xfffff}, {0x200000, FAKE_VFIO_LAST_IOVA}};
    struct vfio_iommu_type1_info_dma_avail first = {{VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, 1, 0}, 65535};
    struct vfio_iommu_type1_info_cap_iova_range second = {
        .header = {VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 1, 0}, .nr_iovas = countof(ranges)};
    uint8_t* at = (uint8_t*)(info + 1);
    uint32_t room = info->argsz;
    *info = (struct vfio_iommu_type1_info){.flags = VFIO_IOMMU_INFO_CAPS};
    info->argsz = sizeof(*info) + sizeof(first) + sizeof(second) + sizeof(ranges);
    if (room < info->argsz) {
        return 0;
    }
    info->cap_offset = sizeof(*info);
    first.header.next = sizeof(*info) + sizeof(first);
    memcpy(at, &first, sizeof(first));
    memcpy(at + sizeof(first), &second, sizeof(second));
    memcpy(at + sizeof(first) + sizeof(second), ranges, sizeof(ranges));
    return 0;
}

static int map_dma(const struct vfio_iommu_type1_dma_map* map) {
    if (fake_vfio.map_errno != 0) {
        int error = fake_vfio.map_errno;
        fake_vfio.map_errno = 0;
        return fail(error);
    }
    fake_vfio_mapping_t* slot = NULL;
    for (size_t i = 0; i < FAKE_VFIO_MAX_MAPPINGS; i++) {
        fake_vfio_mapping_t* old = &fake_vfio.mappings[i];
        if (old->size != 0 && map->iova < old->iova + old->size &&
            old->iova < map->iova + map->size) {
            return fail(EEXIST);
        }
        slot = old->size == 0 ? old : slot;
    }
    if (slot == NULL) {
        return fail(ENOSPC);
    }
    *slot = (fake_vfio_mapping_t){map->iova, map->size, map->flags};
    return 0;
}

static int unmap_dma(struct vfio_iommu_type1_dma_unmap* unmap) {
    if (fake_vfio.unmap_errno != 0) {
        int error = fake_vfio.unmap_errno;
        fake_vfio.unmap_errno = 0;
        return fail(error);
    }
    uint64_t done = 0;
    for (size_t i = 0; i < FAKE_VFIO_MAX_MAPPINGS; i++) {
        fake_vfio_mapping_t* old = &fake_vfio.mappings[i];
        bool is_hit =
            (unmap->flags & VFIO_DMA_UNMAP_FLAG_ALL) ||
            (old->iova >= unmap->iova && old->iova - unmap->iova + old->size <= unmap->size);
        if (old->size != 0 && is_hit) {
            done += old->size;
            *old = (fake_vfio_mapping_t){0};
        }
    }
    unmap->size = done;
    return 0;
}

static int container_ioctl(unsigned long request, void* argument) {
    if (!fake_vfio.has_iommu) {
        return fail(EINVAL);
    }
    switch (request) {
        case VFIO_IOMMU_GET_INFO:
            return get_info(argument);
        case VFIO_IOMMU_MAP_DMA:
            return map_dma(argument);
        case VFIO_IOMMU_UNMAP_DMA:
            return unmap_dma(argument);
        default:
            return fail(ENOTTY);
    }
}

// ---- device

static int get_region(struct vfio_region_info* info) {
    info->flags = 0;
    info->size = 0;
    info->offset = 0;
    switch (info->index) {
        case VFIO_PCI_BAR0_REGION_INDEX:
            info->flags = VFIO_REGION_INFO_FLAG_MMAP;
            info->size = FAKE_VFIO_BAR_SIZE;
            return 0;
        case VFIO_PCI_BAR2_REGION_INDEX:
            info->size = 32;
            info->offset = FAKE_VFIO_BAR_SIZE;
            return 0;
        case VFIO_PCI_CONFIG_REGION_INDEX:
            info->size = CONFIG_SIZE;
            info->offset = CONFIG_OFFSET;
            return 0;
        default:
            return 0;
    }
}

static uint32_t vectors_of(uint32_t index) {
    return index == VFIO_PCI_INTX_IRQ_INDEX ? 1 : index <= VFIO_PCI_MSIX_IRQ_INDEX ? 4 : 0;
}

static void drop_vectors(void) {
    for (size_t i = 0; i < 8; i++) {
        ko_fd_close(&fake_vfio.vectors[i]);
    }
    ko_fd_close(&fake_vfio.unmask_fd);
    fake_vfio.enabled_irq = -1;
    fake_vfio.vector_count = 0;
}

// As the kernel: the first request with eventfds turns the mode on with as many vectors as it
// names.
static int set_irqs(const struct vfio_irq_set* set) {
    const int32_t* fds = (const int32_t*)set->data;
    if (set->flags & VFIO_IRQ_SET_DATA_NONE) {
        if (fake_vfio.enabled_irq != (int)set->index) {
            return fail(EINVAL);
        }
        drop_vectors();
        return 0;
    }
    if (fake_vfio.irq_errno != 0) {
        int error = fake_vfio.irq_errno;
        fake_vfio.irq_errno = 0;
        return fail(error);
    }
    if (set->start + set->count > vectors_of(set->index)) {
        return fail(EINVAL);
    }
    if (set->flags & VFIO_IRQ_SET_ACTION_UNMASK) {
        fake_vfio.unmask_fd = dup(fds[0]);
        return 0;
    }
    if (fake_vfio.enabled_irq < 0) {
        fake_vfio.enabled_irq = (int)set->index;
        fake_vfio.vector_count = set->start + set->count;
    }
    if (fake_vfio.enabled_irq != (int)set->index ||
        set->start + set->count > fake_vfio.vector_count) {
        return fail(EINVAL);
    }
    for (uint32_t i = 0; i < set->count; i++) {
        ko_fd_close(&fake_vfio.vectors[set->start + i]);
        fake_vfio.vectors[set->start + i] = fds[i] < 0 ? -1 : dup(fds[i]);
    }
    return 0;
}

static int device_ioctl(unsigned long request, void* argument) {
    switch (request) {
        case VFIO_DEVICE_GET_REGION_INFO:
            return get_region(argument);
        case VFIO_DEVICE_GET_IRQ_INFO:
            ((struct vfio_irq_info*)argument)->count =
                vectors_of(((struct vfio_irq_info*)argument)->index);
            return 0;
        case VFIO_DEVICE_SET_IRQS:
            return set_irqs(argument);
        case VFIO_DEVICE_RESET:
            fake_vfio.reset_count++;
            return 0;
        default:
            return fail(ENOTTY);
    }
}

int __wrap_ioctl(int fd, unsigned long request, ...) {
    va_list arguments;
    va_start(arguments, request);
    void* argument = va_arg(arguments, void*);
    va_end(arguments);
    if (is_same_file(fd, fake_vfio.container_fd)) {
        return container_ioctl(request, argument);
    }
    if (is_same_file(fd, fake_vfio.device_fd)) {
        return device_ioctl(request, argument);
    }
    return __real_ioctl(fd, request, argument);
}

// ---- set-up

static void put(uint32_t offset, uint32_t value, size_t size) {
    (void)!pwrite(fake_vfio.device_fd, &value, size, (off_t)(CONFIG_OFFSET + offset));
}

void fake_vfio_init(void) {
    fake_vfio = (fake_vfio_t){.has_iommu = true, .enabled_irq = -1, .unmask_fd = -1};
    memset(fake_vfio.vectors, 0xff, sizeof(fake_vfio.vectors));
    fake_vfio.mappings = mmap(NULL, FAKE_VFIO_MAX_MAPPINGS * sizeof(fake_vfio_mapping_t),
                              PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    fake_vfio.device_fd = memfd_create("device", MFD_CLOEXEC);
    fake_vfio.container_fd = memfd_create("container", MFD_CLOEXEC);
    (void)!ftruncate(fake_vfio.device_fd, CONFIG_OFFSET + CONFIG_SIZE);
    put(PCI_VENDOR_ID, (uint32_t)FAKE_VFIO_DEVICE << 16 | FAKE_VFIO_VENDOR, 4);
    put(PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
    put(PCI_STATUS, PCI_STATUS_CAP_LIST, 2);
    put(PCI_CLASS_REVISION, 0x01080203, 4);
    put(PCI_BASE_ADDRESS_2, 1, 4);
    put(PCI_CAPABILITY_LIST, MSIX_OFFSET, 1);
    put(MSIX_OFFSET, PCI_CAP_ID_MSIX, 2);
    put(MSIX_OFFSET + PCI_MSIX_FLAGS, 3, 2);
    put(MSIX_OFFSET + PCI_MSIX_TABLE, TABLE_OFFSET | 0, 4);
    put(MSIX_OFFSET + PCI_MSIX_PBA, PBA_OFFSET | 0, 4);
}

void fake_vfio_fini(void) {
    drop_vectors();
    munmap(fake_vfio.mappings, FAKE_VFIO_MAX_MAPPINGS * sizeof(fake_vfio_mapping_t));
    ko_fd_close(&fake_vfio.device_fd);
    ko_fd_close(&fake_vfio.container_fd);
}

zx_handle_t fake_vfio_open(void) {
    lx_vfio_fds_t fds = {
        .device = dup(fake_vfio.device_fd), .container = dup(fake_vfio.container_fd), .group = -1};
    const lx_pci_function_t function = {.bus = 1, .device = 1};
    ko_object_t* object = NULL;
    zx_handle_t handle = ZX_HANDLE_INVALID;
    if (ko_pci_device_create(&fds, &function, -1, &object) == ZX_OK) {
        ko_handle_make(object, ZX_RIGHT_SAME_RIGHTS, &handle);
    }
    ko_fd_close(&fds.device);
    ko_fd_close(&fds.container);
    return handle;
}

size_t fake_vfio_mapping_count(void) {
    size_t count = 0;
    for (size_t i = 0; i < FAKE_VFIO_MAX_MAPPINGS; i++) {
        count += fake_vfio.mappings[i].size != 0;
    }
    return count;
}

const fake_vfio_mapping_t* fake_vfio_find(uint64_t iova) {
    for (size_t i = 0; i < FAKE_VFIO_MAX_MAPPINGS; i++) {
        const fake_vfio_mapping_t* mapping = &fake_vfio.mappings[i];
        if (iova >= mapping->iova && iova - mapping->iova < mapping->size) {
            return mapping;
        }
    }
    return NULL;
}

void fake_vfio_fire(uint32_t vector) {
    (void)!eventfd_write(fake_vfio.vectors[vector], 1);
}

uint16_t fake_vfio_config16(uint32_t offset) {
    uint16_t value = 0;
    (void)!pread(fake_vfio.device_fd, &value, sizeof(value), (off_t)(CONFIG_OFFSET + offset));
    return value;
}
