// SPDX-License-Identifier: MIT
// One read request through queue 0 of a virtio block device. Section numbers are those of the
// Virtual I/O Device specification, version 1.1.
#include "virtio_probe.h"

#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#include <zircon/process.h>
#include <zircon/syscalls.h>

#define CAP_POINTER        0x34
#define CAP_ID_VENDOR      0x09
#define CAP_COMMON         1
#define CAP_NOTIFY         2
#define STATUS_ACK         1u
#define STATUS_DRIVER      2u
#define STATUS_OK          4u
#define STATUS_FEATURES    8u
#define FEATURES_HIGH      0x3u  // VERSION_1 and ACCESS_PLATFORM, bits 32 and 33
#define QUEUE_SIZE         4u
#define VECTOR_CONFIG      0u
#define VECTOR_QUEUE       1u
#define PAGE               4096u
#define DESC_NEXT          1u
#define DESC_DEVICE_WRITES 2u

// 4.1.4.3 Common configuration structure layout
typedef struct common_config {
    uint32_t device_feature_select;
    uint32_t device_feature;
    uint32_t driver_feature_select;
    uint32_t driver_feature;
    uint16_t config_msix_vector;
    uint16_t num_queues;
    uint8_t device_status;
    uint8_t config_generation;
    uint16_t queue_select;
    uint16_t queue_size;
    uint16_t queue_msix_vector;
    uint16_t queue_enable;
    uint16_t queue_notify_off;
    uint32_t queue_desc[2];
    uint32_t queue_driver[2];
    uint32_t queue_device[2];
} common_config_t;

// 2.6.5 The Virtqueue Descriptor Table
typedef struct descriptor {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
} descriptor_t;

// Everything that the device touches, in one page.
typedef struct shared {
    descriptor_t descriptors[QUEUE_SIZE];
    struct {
        uint16_t flags;
        uint16_t index;
        uint16_t ring[QUEUE_SIZE];
        uint16_t used_event;
    } available;
    struct {
        uint16_t flags;
        uint16_t index;
        struct {
            uint32_t id;
            uint32_t length;
        } ring[QUEUE_SIZE];
        uint16_t available_event;
    } used __ALIGNED(4);
    struct {
        uint32_t type;  // 0: read
        uint32_t reserved;
        uint64_t sector;
    } request;
    uint8_t status;
    uint8_t data[VIRTIO_SECTOR_SIZE];
} shared_t;

typedef struct probe {
    zx_handle_t device;            // borrowed
    zx_handle_t bar;               // owned
    zx_handle_t bti;               // owned
    zx_handle_t vmo;               // owned
    zx_handle_t pmt;               // owned; ended by unpin
    zx_handle_t config_interrupt;  // owned
    zx_handle_t queue_interrupt;   // owned
    uintptr_t window;              // owned mapping of the BAR
    size_t window_size;
    uint32_t bar_number;
    uint32_t common_offset;
    uint32_t notify_offset;
    uint32_t notify_multiplier;
    volatile common_config_t* common;
    shared_t* shared;  // owned mapping of the VMO
    zx_paddr_t address;
} probe_t;

static zx_status_t find_capabilities(probe_t* probe) {
    uint32_t at = 0;
    zx_status_t status = zx_pci_config_read(probe->device, CAP_POINTER, 1, &at);
    while (status == ZX_OK && at >= 0x40) {
        uint32_t head = 0;
        uint32_t bar = 0;
        uint32_t offset = 0;
        zx_pci_config_read(probe->device, (uint16_t)at, 4, &head);
        zx_pci_config_read(probe->device, (uint16_t)(at + 4), 1, &bar);
        zx_pci_config_read(probe->device, (uint16_t)(at + 8), 4, &offset);
        if ((head & 0xff) == CAP_ID_VENDOR && (head >> 24) == CAP_COMMON) {
            probe->bar_number = bar;
            probe->common_offset = offset;
        }
        if ((head & 0xff) == CAP_ID_VENDOR && (head >> 24) == CAP_NOTIFY) {
            probe->notify_offset = offset;
            zx_pci_config_read(probe->device, (uint16_t)(at + 16), 4, &probe->notify_multiplier);
        }
        at = (head >> 8) & 0xfc;
    }
    return probe->notify_multiplier != 0 ? ZX_OK : ZX_ERR_NOT_FOUND;
}

static zx_status_t map_registers(probe_t* probe) {
    zx_pci_bar_t bar;
    zx_status_t status = zx_pci_get_bar(probe->device, probe->bar_number, &bar, &probe->bar);
    if (status != ZX_OK) {
        return status;
    }
    probe->window_size = bar.size;
    status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, probe->bar, 0,
                         bar.size, &probe->window);
    if (status == ZX_OK) {
        probe->common = (volatile common_config_t*)(probe->window + probe->common_offset);
    }
    return status;
}

static zx_status_t pin_page(probe_t* probe) {
    zx_vaddr_t address = 0;
    zx_status_t status = zx_bti_create(probe->device, 0, 0, &probe->bti);
    if (status == ZX_OK) {
        status = zx_vmo_create(PAGE, 0, &probe->vmo);
    }
    if (status == ZX_OK) {
        status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, probe->vmo,
                             0, PAGE, &address);
    }
    if (status == ZX_OK) {
        probe->shared = (shared_t*)address;
        status = zx_bti_pin(probe->bti, ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE, probe->vmo, 0, PAGE,
                            &probe->address, 1, &probe->pmt);
    }
    return status;
}

static zx_status_t map_interrupts(probe_t* probe) {
    zx_status_t status = zx_pci_set_irq_mode(probe->device, ZX_PCIE_IRQ_MODE_MSI_X, 2);
    if (status == ZX_OK) {
        status = zx_pci_map_interrupt(probe->device, VECTOR_CONFIG, &probe->config_interrupt);
    }
    if (status == ZX_OK) {
        status = zx_pci_map_interrupt(probe->device, VECTOR_QUEUE, &probe->queue_interrupt);
    }
    return status;
}

// 3.1.1 Driver Requirements: Device Initialization, up to the features
static zx_status_t negotiate(probe_t* probe) {
    volatile common_config_t* common = probe->common;
    common->device_status = 0;
    common->device_status = STATUS_ACK | STATUS_DRIVER;
    common->device_feature_select = 1;
    if ((common->device_feature & FEATURES_HIGH) != FEATURES_HIGH) {
        return ZX_ERR_NOT_SUPPORTED;  // without ACCESS_PLATFORM the device would pass by the IOMMU
    }
    common->driver_feature_select = 0;
    common->driver_feature = 0;
    common->driver_feature_select = 1;
    common->driver_feature = FEATURES_HIGH;
    common->device_status = STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES;
    return (common->device_status & STATUS_FEATURES) ? ZX_OK : ZX_ERR_NOT_SUPPORTED;
}

static void write_address(volatile uint32_t field[2], uint64_t address) {
    field[0] = (uint32_t)address;
    field[1] = (uint32_t)(address >> 32);
}

static zx_status_t start_queue(probe_t* probe) {
    volatile common_config_t* common = probe->common;
    common->config_msix_vector = VECTOR_CONFIG;
    common->queue_select = 0;
    common->queue_size = QUEUE_SIZE;
    common->queue_msix_vector = VECTOR_QUEUE;
    write_address(common->queue_desc, probe->address + offsetof(shared_t, descriptors));
    write_address(common->queue_driver, probe->address + offsetof(shared_t, available));
    write_address(common->queue_device, probe->address + offsetof(shared_t, used));
    common->queue_enable = 1;
    common->device_status = STATUS_ACK | STATUS_DRIVER | STATUS_FEATURES | STATUS_OK;
    return common->queue_msix_vector == VECTOR_QUEUE ? ZX_OK : ZX_ERR_NO_RESOURCES;
}

// 5.2.6 Device Operation: header, data, status
static zx_status_t read_sector(probe_t* probe, uint64_t sector) {
    shared_t* shared = probe->shared;
    shared->request.sector = sector;
    shared->status = 0xff;
    shared->descriptors[0] = (descriptor_t){probe->address + offsetof(shared_t, request),
                                            sizeof(shared->request), DESC_NEXT, 1};
    shared->descriptors[1] = (descriptor_t){probe->address + offsetof(shared_t, data),
                                            VIRTIO_SECTOR_SIZE, DESC_NEXT | DESC_DEVICE_WRITES, 2};
    shared->descriptors[2] =
        (descriptor_t){probe->address + offsetof(shared_t, status), 1, DESC_DEVICE_WRITES, 0};
    shared->available.ring[0] = 0;
    atomic_thread_fence(memory_order_seq_cst);
    shared->available.index = 1;
    atomic_thread_fence(memory_order_seq_cst);
    uint32_t bell =
        probe->notify_offset + probe->common->queue_notify_off * probe->notify_multiplier;
    *(volatile uint16_t*)(probe->window + bell) = 0;
    zx_status_t status = zx_interrupt_wait(probe->queue_interrupt, NULL);
    atomic_thread_fence(memory_order_seq_cst);
    if (status == ZX_OK && (shared->used.index != 1 || shared->status != 0)) {
        status = ZX_ERR_IO;
    }
    return status;
}

static void teardown(probe_t* probe) {
    if (probe->common != NULL) {
        probe->common->device_status = 0;
    }
    zx_pci_enable_bus_master(probe->device, false);
    zx_handle_close(probe->queue_interrupt);
    zx_handle_close(probe->config_interrupt);
    zx_pci_set_irq_mode(probe->device, ZX_PCIE_IRQ_MODE_DISABLED, 0);
    if (probe->pmt != ZX_HANDLE_INVALID) {
        zx_pmt_unpin(probe->pmt);
    }
    if (probe->shared != NULL) {
        zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)probe->shared, PAGE);
    }
    if (probe->window != 0) {
        zx_vmar_unmap(zx_vmar_root_self(), probe->window, probe->window_size);
    }
    zx_handle_close(probe->vmo);
    zx_handle_close(probe->bti);
    zx_handle_close(probe->bar);
}

zx_status_t virtio_probe_read(zx_handle_t device, uint64_t sector, uint8_t data[VIRTIO_SECTOR_SIZE],
                              const char** out_step) {
    static const struct {
        const char* name;
        zx_status_t (*run)(probe_t*);
    } steps[] = {
        {"find the capabilities", find_capabilities},
        {"map the registers", map_registers},
        {"pin the queue", pin_page},
        {"map the interrupts", map_interrupts},
        {"negotiate features", negotiate},
        {"start the queue", start_queue},
    };
    probe_t probe = {.device = device};
    zx_status_t status = zx_pci_enable_bus_master(device, true);
    *out_step = "turn bus mastering on";
    for (size_t i = 0; status == ZX_OK && i < countof(steps); i++) {
        *out_step = steps[i].name;
        status = steps[i].run(&probe);
    }
    if (status == ZX_OK) {
        *out_step = "read the sector";
        status = read_sector(&probe, sector);
    }
    if (status == ZX_OK) {
        memcpy(data, probe.shared->data, VIRTIO_SECTOR_SIZE);
    }
    teardown(&probe);
    return status;
}
