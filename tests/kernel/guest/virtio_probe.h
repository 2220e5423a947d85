// SPDX-License-Identifier: MIT
// Reads one sector from a modern virtio block device: the shortest way to see MSI-X and DMA of a
// device with queues. No driver: it leaves the device reset.
#pragma once

#include <stdint.h>

#include <zircon/types.h>

#define VIRTIO_VENDOR_ID       0x1af4
#define VIRTIO_BLOCK_DEVICE_ID 0x1042
#define VIRTIO_SECTOR_SIZE     512

// |device| is borrowed and must have no interrupt mode set; afterwards it has none again.
// |out_step| names the step that failed.
zx_status_t virtio_probe_read(zx_handle_t device, uint64_t sector, uint8_t data[VIRTIO_SECTOR_SIZE],
                              const char** out_step);
