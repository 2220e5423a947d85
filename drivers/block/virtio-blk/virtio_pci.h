// SPDX-License-Identifier: MIT
// The virtio transport over PCI (VIRTIO 1.2, 4.1): finds the device's register windows through its
// vendor capabilities, and does the steps that every virtio driver does.
//
// Threads: the caller orders the calls, except virtio_pci_notify(), which any thread may call while
// the device is started. Blocking: only virtio_pci_reset(), for at most a second.
// Ownership: a virtio_pci_t owns its mappings; the pci protocol is the parent's.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <fuchsia/hardware/pci/c/banjo.h>
#include <lib/ddk/mmio-buffer.h>

#include "virtio_hw.h"

// Where one of the device's structures lies, as its capability says.
typedef struct virtio_pci_window {
    uint32_t offset;             // in the BAR
    uint32_t size;               // bytes; 0: the device has no such structure
    uint32_t notify_multiplier;  // notification structure only
    uint8_t bar;
} virtio_pci_window_t;

typedef struct virtio_pci {
    pci_protocol_t pci;    // borrowed
    mmio_buffer_t common;  // owned
    mmio_buffer_t notify;  // owned
    mmio_buffer_t device;  // owned
    uint32_t notify_multiplier;
} virtio_pci_t;

typedef struct virtio_pci_queue {
    uint16_t index;
    uint16_t size;
    uint16_t vector;
    uint64_t desc_address;  // device addresses
    uint64_t avail_address;
    uint64_t used_address;
} virtio_pci_queue_t;

// Reads the window of one type from the capabilities, the first that this driver can use (4.1.4).
// NOT_FOUND: there is none.
zx_status_t virtio_pci_find_window(const pci_protocol_t* pci, uint8_t cfg_type,
                                   virtio_pci_window_t* out_window);

// Maps the common, notification and device structures. Zeroes *virtio first; virtio_pci_fini() is
// legal afterwards whatever the result. `device_min_size` is what the driver reads of the device's
// own configuration. NOT_FOUND: not a modern virtio device. IO_DATA_INTEGRITY: a window that is too
// small or outside of its BAR.
zx_status_t virtio_pci_init(virtio_pci_t* virtio, const pci_protocol_t* pci,
                            uint32_t device_min_size);
void virtio_pci_fini(virtio_pci_t* virtio);

// 3.1.1 step 1 and 2.4: after it the device does no DMA and raises no interrupt. TIMED_OUT: it did
// not come back from the reset.
zx_status_t virtio_pci_reset(virtio_pci_t* virtio);

// Sets bits in the device status.
void virtio_pci_add_status(virtio_pci_t* virtio, uint8_t bits);
uint8_t virtio_pci_get_status(virtio_pci_t* virtio);

// 3.1.1 steps 4 to 6: accepts all that is offered and in `wanted`. NOT_SUPPORTED: one of `required`
// is not offered, or the device does not take the choice; *out_offered is set in any case.
zx_status_t virtio_pci_negotiate(virtio_pci_t* virtio, uint64_t required, uint64_t wanted,
                                 uint64_t* out_offered, uint64_t* out_accepted);

// 4.1.5.1.2: the interrupt vector for changes of the configuration. NO_RESOURCES: refused.
zx_status_t virtio_pci_set_config_vector(virtio_pci_t* virtio, uint16_t vector);

// The size that the device offers for a queue; 0: it has no such queue.
uint16_t virtio_pci_get_queue_size(virtio_pci_t* virtio, uint16_t queue);

// 4.1.5.1.3: hands a queue's rings to the device and enables it. *out_notify_offset is for
// virtio_pci_notify().
zx_status_t virtio_pci_enable_queue(virtio_pci_t* virtio, const virtio_pci_queue_t* queue,
                                    uint32_t* out_notify_offset);

// 4.1.5.2: tells the device to look at a queue.
void virtio_pci_notify(const virtio_pci_t* virtio, uint32_t notify_offset, uint16_t queue);

// Fields of the device's configuration that are wider than 32 bits can change while they are read:
// 2.5.1 reads until the generation stayed the same.
uint64_t virtio_pci_read_config64(virtio_pci_t* virtio, uint32_t offset);
