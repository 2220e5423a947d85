// SPDX-License-Identifier: MIT
// The PCI device object, private to kernel/.
#pragma once

#include <pthread.h>
#include <stdint.h>

#include <zircon/syscalls/pci.h>

#include "lease.h"
#include "lx_vfio.h"
#include "object.h"

#define KO_PCI_MAX_VECTORS 2048u

typedef struct ko_pci_device {
    ko_object_t base;
    lx_vfio_fds_t fds;        // owned
    lx_vfio_region_t config;  // constant
    lx_pci_function_t function;
    ko_leases_t* leases;  // one reference owned

    pthread_mutex_t lock;      // guards what follows
    lx_vfio_domain_t* domain;  // one reference owned; NULL until somebody needs it
    zx_pci_irq_mode_t irq_mode;
    uint32_t irq_count;                         // vectors in this mode
    uint32_t mapped_count;                      // vectors with an interrupt object here
    uint8_t is_mapped[KO_PCI_MAX_VECTORS / 8];  // one bit a vector
} ko_pci_device_t;

// Takes the fds out of |fds| on success. |function| needs its address only.
// |lease| is that of a device from another process, and taken likewise; -1: this one opened it.
zx_status_t ko_pci_device_create(lx_vfio_fds_t* fds, const lx_pci_function_t* function, int lease,
                                 ko_object_t** out);

// The device behind |handle| with a reference for the caller.
zx_status_t ko_pci_device_get(zx_handle_t handle, zx_rights_t rights, ko_pci_device_t** out);

// The IOMMU domain of the device, with a reference for the caller. All BTIs made from one device
// object share it. |out_leases| likewise.
zx_status_t ko_pci_device_domain(ko_object_t* device, lx_vfio_domain_t** out,
                                 ko_leases_t** out_leases);

// An interrupt object lets go of its vector. |disconnect|: nobody else listens to it either.
void ko_pci_device_unmap_vector(ko_pci_device_t* device, uint32_t vector, bool disconnect);

// Turns all interrupts off and forgets the mode. The device's lock is held.
zx_status_t ko_pci_device_disable_irqs_locked(ko_pci_device_t* device);
