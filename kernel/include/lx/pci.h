// SPDX-License-Identifier: MIT
// PCI functions of this machine, reached through VFIO.
//
// Listing needs no privilege. Opening needs the right to rebind drivers and to open /dev/vfio, so
// it is done by the broker in devmgr; the device object it yields can be sent over a channel to a
// process without any privilege, which drives the function with the zx_pci_* calls
// (zircon/syscalls/pci.h) and zx_bti_create.
//
// All calls are thread-safe. lx_pci_open may block for about a tenth of a second, because the
// kernel resets the function; lx_pci_quiesce likewise. lx_pci_list does not block.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <zircon/types.h>

typedef struct lx_pci_function {
    uint16_t segment;
    uint8_t bus;
    uint8_t device;
    uint8_t function;
    uint16_t vendor_id;
    uint16_t device_id;
    uint8_t base_class;
    uint8_t sub_class;
    uint8_t program_interface;
    uint8_t revision_id;
    uint8_t header_type;  // without the multifunction bit: 0 a device, 1 a PCI bridge, 2 CardBus
} lx_pci_function_t;

// Writes at most |capacity| functions, sorted by address, and the number that exist. |out| may be
// NULL when |capacity| is 0. A machine without PCI has none: ZX_OK and 0.
zx_status_t lx_pci_list(lx_pci_function_t* out, size_t capacity, size_t* out_count);

// Binds vfio-pci to |function| (only its address is read) and opens it in an IOMMU domain of its
// own. |root_resource| is borrowed and must be the root resource. The handle in |out_device| is
// owned by the caller: memory decoding on, bus mastering off, no interrupts. |error|, if given,
// receives one line of text on failure.
//
// ZX_ERR_NOT_FOUND       no such function
// ZX_ERR_NOT_SUPPORTED   no VFIO, no IOMMU, or a function that cannot be reset
// ZX_ERR_ACCESS_DENIED   no privilege, or the IOMMU cannot tell the function from another one
// ZX_ERR_ALREADY_BOUND   the function is open already
zx_status_t lx_pci_open(zx_handle_t root_resource, const lx_pci_function_t* function,
                        zx_handle_t* out_device, char* error, size_t error_size);

// Stops the function whatever it is doing: bus master off, interrupts off, all DMA mappings gone,
// reset. |device| is borrowed. Legal at any time and in any process that holds the device object;
// meant for the holder of a duplicate, after the process with the driver has died. Every step is
// tried even when an earlier one fails; the first failure is returned.
zx_status_t lx_pci_quiesce(zx_handle_t device);
