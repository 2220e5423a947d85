// SPDX-License-Identifier: MIT
// The virtio transport over PCI. Section numbers are those of VIRTIO 1.2.
#include "virtio_pci.h"

#include <threads.h>

#include <lib/ddk/hw/arch_ops.h>
#include <zircon/syscalls.h>

#define RESET_TIMEOUT ZX_SEC(1)

// How often a changing configuration is read again before its last value is taken.
#define CONFIG_READ_TRIES 16

static zx_status_t read_window(const pci_protocol_t* pci, uint8_t capability,
                               virtio_pci_window_t* out_window) {
    virtio_pci_window_t window = {0};
    uint8_t length;
    zx_status_t status = pci_config_read8(pci, capability + VIRTIO_PCI_CAP_LENGTH, &length);
    if (status == ZX_OK && length < VIRTIO_PCI_CAP_MIN_LENGTH) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    if (status == ZX_OK) {
        status = pci_config_read8(pci, capability + VIRTIO_PCI_CAP_BAR, &window.bar);
    }
    if (status == ZX_OK) {
        status = pci_config_read32(pci, capability + VIRTIO_PCI_CAP_OFFSET, &window.offset);
    }
    if (status == ZX_OK) {
        status = pci_config_read32(pci, capability + VIRTIO_PCI_CAP_SIZE, &window.size);
    }
    if (status == ZX_OK && length >= VIRTIO_PCI_CAP_NOTIFY_MIN_LENGTH) {
        status = pci_config_read32(pci, capability + VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER,
                                   &window.notify_multiplier);
    }
    if (status == ZX_OK) {
        *out_window = window;
    }
    return status;
}

zx_status_t virtio_pci_find_window(const pci_protocol_t* pci, uint8_t cfg_type,
                                   virtio_pci_window_t* out_window) {
    uint8_t capability;
    zx_status_t status = pci_get_first_capability(pci, PCI_CAP_ID_VENDOR, &capability);
    while (status == ZX_OK) {
        uint8_t type;
        status = pci_config_read8(pci, capability + VIRTIO_PCI_CAP_CFG_TYPE, &type);
        if (status != ZX_OK) {
            return status;
        }
        virtio_pci_window_t window;
        // 4.1.4: a BAR number above 5 is reserved: such a capability is passed over.
        if (type == cfg_type && read_window(pci, capability, &window) == ZX_OK &&
            window.bar < ZX_PCI_MAX_BARS && window.size != 0) {
            *out_window = window;
            return ZX_OK;
        }
        status = pci_get_next_capability(pci, PCI_CAP_ID_VENDOR, capability, &capability);
    }
    return status;
}

static zx_status_t map_window(const pci_protocol_t* pci, uint8_t cfg_type, uint32_t min_size,
                              mmio_buffer_t* out_buffer, uint32_t* out_notify_multiplier) {
    virtio_pci_window_t window;
    zx_status_t status = virtio_pci_find_window(pci, cfg_type, &window);
    if (status != ZX_OK) {
        return status;
    }
    if (window.size < min_size || window.offset % 4 != 0) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    zx_pci_bar_t bar;
    status = pci_get_bar(pci, window.bar, &bar);
    if (status != ZX_OK) {
        return status;
    }
    if (bar.type != ZX_PCI_BAR_TYPE_MMIO) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (window.offset > bar.size || window.size > bar.size - window.offset) {
        zx_handle_close(bar.handle);
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    status = mmio_buffer_init(out_buffer, window.offset, window.size, bar.handle,
                              ZX_CACHE_POLICY_UNCACHED_DEVICE);
    if (status == ZX_OK && out_notify_multiplier != NULL) {
        *out_notify_multiplier = window.notify_multiplier;
    }
    return status;
}

zx_status_t virtio_pci_init(virtio_pci_t* virtio, const pci_protocol_t* pci,
                            uint32_t device_min_size) {
    *virtio = (virtio_pci_t){.pci = *pci};
    zx_status_t status =
        map_window(pci, VIRTIO_PCI_CFG_COMMON, VIRTIO_COMMON_MIN_SIZE, &virtio->common, NULL);
    if (status == ZX_OK) {
        status = map_window(pci, VIRTIO_PCI_CFG_NOTIFY, sizeof(uint16_t), &virtio->notify,
                            &virtio->notify_multiplier);
    }
    if (status == ZX_OK) {
        status = map_window(pci, VIRTIO_PCI_CFG_DEVICE, device_min_size, &virtio->device, NULL);
    }
    return status;
}

void virtio_pci_fini(virtio_pci_t* virtio) {
    mmio_buffer_release(&virtio->device);
    mmio_buffer_release(&virtio->notify);
    mmio_buffer_release(&virtio->common);
}

zx_status_t virtio_pci_reset(virtio_pci_t* virtio) {
    mmio_buffer_write8(&virtio->common, 0, VIRTIO_COMMON_DEVICE_STATUS);
    // 4.1.4.3.2 wants the register read until it is 0; a device has no other way to tell.
    zx_time_t deadline = zx_deadline_after(RESET_TIMEOUT);
    while (mmio_buffer_read8(&virtio->common, VIRTIO_COMMON_DEVICE_STATUS) != 0) {
        if (zx_clock_get_monotonic() > deadline) {
            return ZX_ERR_TIMED_OUT;
        }
        thrd_yield();
    }
    return ZX_OK;
}

uint8_t virtio_pci_get_status(virtio_pci_t* virtio) {
    return mmio_buffer_read8(&virtio->common, VIRTIO_COMMON_DEVICE_STATUS);
}

void virtio_pci_add_status(virtio_pci_t* virtio, uint8_t bits) {
    uint8_t status = virtio_pci_get_status(virtio);
    mmio_buffer_write8(&virtio->common, status | bits, VIRTIO_COMMON_DEVICE_STATUS);
}

static uint64_t read_offered_features(const mmio_buffer_t* common) {
    mmio_buffer_write32(common, 0, VIRTIO_COMMON_DEVICE_FEATURE_SELECT);
    uint64_t features = mmio_buffer_read32(common, VIRTIO_COMMON_DEVICE_FEATURE);
    mmio_buffer_write32(common, 1, VIRTIO_COMMON_DEVICE_FEATURE_SELECT);
    return features | (uint64_t)mmio_buffer_read32(common, VIRTIO_COMMON_DEVICE_FEATURE) << 32;
}

zx_status_t virtio_pci_negotiate(virtio_pci_t* virtio, uint64_t required, uint64_t wanted,
                                 uint64_t* out_offered, uint64_t* out_accepted) {
    uint64_t offered = read_offered_features(&virtio->common);
    *out_offered = offered;
    if ((offered & required) != required) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    uint64_t accepted = offered & (required | wanted);
    mmio_buffer_write32(&virtio->common, 0, VIRTIO_COMMON_DRIVER_FEATURE_SELECT);
    mmio_buffer_write32(&virtio->common, (uint32_t)accepted, VIRTIO_COMMON_DRIVER_FEATURE);
    mmio_buffer_write32(&virtio->common, 1, VIRTIO_COMMON_DRIVER_FEATURE_SELECT);
    mmio_buffer_write32(&virtio->common, (uint32_t)(accepted >> 32), VIRTIO_COMMON_DRIVER_FEATURE);
    virtio_pci_add_status(virtio, VIRTIO_STATUS_FEATURES_OK);
    if ((virtio_pci_get_status(virtio) & VIRTIO_STATUS_FEATURES_OK) == 0) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    *out_accepted = accepted;
    return ZX_OK;
}

zx_status_t virtio_pci_set_config_vector(virtio_pci_t* virtio, uint16_t vector) {
    mmio_buffer_write16(&virtio->common, vector, VIRTIO_COMMON_CONFIG_MSIX_VECTOR);
    uint16_t set = mmio_buffer_read16(&virtio->common, VIRTIO_COMMON_CONFIG_MSIX_VECTOR);
    return set == vector ? ZX_OK : ZX_ERR_NO_RESOURCES;
}

uint16_t virtio_pci_get_queue_size(virtio_pci_t* virtio, uint16_t queue) {
    if (queue >= mmio_buffer_read16(&virtio->common, VIRTIO_COMMON_NUM_QUEUES)) {
        return 0;
    }
    mmio_buffer_write16(&virtio->common, queue, VIRTIO_COMMON_QUEUE_SELECT);
    return mmio_buffer_read16(&virtio->common, VIRTIO_COMMON_QUEUE_SIZE);
}

// 4.1.3.1: 64-bit fields are written as two 32-bit ones.
static void write_address(const mmio_buffer_t* common, uint64_t address, uint32_t offset) {
    mmio_buffer_write32(common, (uint32_t)address, offset);
    mmio_buffer_write32(common, (uint32_t)(address >> 32), offset + 4);
}

zx_status_t virtio_pci_enable_queue(virtio_pci_t* virtio, const virtio_pci_queue_t* queue,
                                    uint32_t* out_notify_offset) {
    const mmio_buffer_t* common = &virtio->common;
    mmio_buffer_write16(common, queue->index, VIRTIO_COMMON_QUEUE_SELECT);
    uint64_t notify_offset = (uint64_t)mmio_buffer_read16(common, VIRTIO_COMMON_QUEUE_NOTIFY_OFF) *
                             virtio->notify_multiplier;
    if (notify_offset % sizeof(uint16_t) != 0 ||
        notify_offset + sizeof(uint16_t) > virtio->notify.size) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    mmio_buffer_write16(common, queue->size, VIRTIO_COMMON_QUEUE_SIZE);
    mmio_buffer_write16(common, queue->vector, VIRTIO_COMMON_QUEUE_MSIX_VECTOR);
    if (mmio_buffer_read16(common, VIRTIO_COMMON_QUEUE_MSIX_VECTOR) != queue->vector) {
        return ZX_ERR_NO_RESOURCES;
    }
    write_address(common, queue->desc_address, VIRTIO_COMMON_QUEUE_DESC);
    write_address(common, queue->avail_address, VIRTIO_COMMON_QUEUE_DRIVER);
    write_address(common, queue->used_address, VIRTIO_COMMON_QUEUE_DEVICE);
    mmio_buffer_write16(common, 1, VIRTIO_COMMON_QUEUE_ENABLE);
    *out_notify_offset = (uint32_t)notify_offset;
    return ZX_OK;
}

void virtio_pci_notify(const virtio_pci_t* virtio, uint32_t notify_offset, uint16_t queue) {
    hw_wmb();  // the rings in memory before the doorbell
    mmio_buffer_write16(&virtio->notify, queue, notify_offset);
}

uint64_t virtio_pci_read_config64(virtio_pci_t* virtio, uint32_t offset) {
    uint64_t value = 0;
    for (int i = 0; i < CONFIG_READ_TRIES; i++) {
        uint8_t before = mmio_buffer_read8(&virtio->common, VIRTIO_COMMON_CONFIG_GENERATION);
        value = mmio_buffer_read32(&virtio->device, offset);
        value |= (uint64_t)mmio_buffer_read32(&virtio->device, offset + 4) << 32;
        if (mmio_buffer_read8(&virtio->common, VIRTIO_COMMON_CONFIG_GENERATION) == before) {
            break;
        }
    }
    return value;
}
