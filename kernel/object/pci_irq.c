// SPDX-License-Identifier: MIT
// Interrupt modes of a PCI device and the interrupt objects of its vectors.
#include <zircon/syscalls.h>

#include "interrupt.h"
#include "pci_device.h"

static bool mode_to_irq(zx_pci_irq_mode_t mode, lx_vfio_irq_t* out) {
    switch (mode) {
        case ZX_PCIE_IRQ_MODE_LEGACY:
            *out = LX_VFIO_IRQ_INTX;
            return true;
        case ZX_PCIE_IRQ_MODE_MSI:
            *out = LX_VFIO_IRQ_MSI;
            return true;
        case ZX_PCIE_IRQ_MODE_MSI_X:
            *out = LX_VFIO_IRQ_MSIX;
            return true;
        default:
            return false;
    }
}

// Vectors that |irq| offers. ZX_ERR_NOT_SUPPORTED: none.
static zx_status_t count_vectors(const ko_pci_device_t* device, lx_vfio_irq_t irq,
                                 uint32_t* out_count) {
    zx_status_t status = lx_vfio_irq_count(device->fds.device, irq, out_count);
    if (status == ZX_OK && *out_count == 0) {
        status = ZX_ERR_NOT_SUPPORTED;
    }
    if (*out_count > KO_PCI_MAX_VECTORS) {
        *out_count = KO_PCI_MAX_VECTORS;
    }
    return status;
}

zx_status_t zx_pci_query_irq_mode(zx_handle_t handle, uint32_t mode, uint32_t* out_max_irqs) {
    ko_pci_device_t* device = NULL;
    lx_vfio_irq_t irq = LX_VFIO_IRQ_INTX;
    uint32_t count = 0;
    if (out_max_irqs == NULL || !mode_to_irq(mode, &irq)) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = ko_pci_device_get(handle, ZX_RIGHT_READ, &device);
    if (status != ZX_OK) {
        return status;
    }
    status = count_vectors(device, irq, &count);
    if (status == ZX_OK) {
        *out_max_irqs = count;
    }
    ko_object_release(&device->base);
    return status;
}

zx_status_t ko_pci_device_disable_irqs_locked(ko_pci_device_t* device) {
    static const lx_vfio_irq_t irqs[] = {LX_VFIO_IRQ_INTX, LX_VFIO_IRQ_MSI, LX_VFIO_IRQ_MSIX};
    zx_status_t first_failure = ZX_OK;
    // All of them: a process that is gone may have chosen a mode that this one does not know of.
    for (size_t i = 0; i < countof(irqs); i++) {
        zx_status_t status = lx_vfio_irq_disable(device->fds.device, irqs[i]);
        if (first_failure == ZX_OK) {
            first_failure = status;
        }
    }
    device->irq_mode = ZX_PCIE_IRQ_MODE_DISABLED;
    device->irq_count = 0;
    return first_failure;
}

static zx_status_t set_mode_locked(ko_pci_device_t* device, zx_pci_irq_mode_t mode,
                                   uint32_t count) {
    lx_vfio_irq_t irq = LX_VFIO_IRQ_INTX;
    uint32_t available = 0;
    if (device->mapped_count != 0) {
        return ZX_ERR_BAD_STATE;
    }
    if (mode == ZX_PCIE_IRQ_MODE_DISABLED) {
        return count == 0 ? ko_pci_device_disable_irqs_locked(device) : ZX_ERR_INVALID_ARGS;
    }
    if (!mode_to_irq(mode, &irq)) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = count_vectors(device, irq, &available);
    if (status == ZX_OK && (count == 0 || count > available)) {
        status = ZX_ERR_INVALID_ARGS;
    }
    if (status == ZX_OK) {
        status = ko_pci_device_disable_irqs_locked(device);
    }
    // A line goes on when it is mapped: it may be asserted already.
    if (status == ZX_OK && irq != LX_VFIO_IRQ_INTX) {
        status = lx_vfio_irq_enable(device->fds.device, irq, count);
    }
    if (status == ZX_OK) {
        device->irq_mode = mode;
        device->irq_count = count;
    }
    return status;
}

zx_status_t zx_pci_set_irq_mode(zx_handle_t handle, uint32_t mode, uint32_t requested_irq_count) {
    ko_pci_device_t* device = NULL;
    zx_status_t status = ko_pci_device_get(handle, ZX_RIGHT_WRITE, &device);
    if (status != ZX_OK) {
        return status;
    }
    pthread_mutex_lock(&device->lock);
    status = set_mode_locked(device, mode, requested_irq_count);
    pthread_mutex_unlock(&device->lock);
    ko_object_release(&device->base);
    return status;
}

// Makes |vector| signal the object. A line starts masked or fires at once; either way the first
// wait unmasks.
static zx_status_t connect_vector(const ko_pci_device_t* device, lx_vfio_irq_t irq, uint32_t vector,
                                  const ko_object_t* interrupt) {
    int fd = device->fds.device;
    if (irq != LX_VFIO_IRQ_INTX) {
        return lx_vfio_irq_connect(fd, irq, vector, ko_interrupt_event_fd(interrupt));
    }
    // An earlier object of this line may have left its eventfds behind.
    zx_status_t status = lx_vfio_irq_disable(fd, irq);
    if (status == ZX_OK) {
        status = lx_vfio_irq_connect(fd, irq, 0, ko_interrupt_event_fd(interrupt));
    }
    if (status == ZX_OK) {
        status = lx_vfio_irq_connect_unmask(fd, ko_interrupt_unmask_fd(interrupt));
    }
    if (status != ZX_OK) {
        (void)lx_vfio_irq_disable(fd, irq);
    }
    return status;
}

static zx_status_t map_locked(ko_pci_device_t* device, uint32_t vector, ko_object_t** out) {
    lx_vfio_irq_t irq = LX_VFIO_IRQ_INTX;
    if (!mode_to_irq(device->irq_mode, &irq)) {
        return ZX_ERR_BAD_STATE;
    }
    if (vector >= device->irq_count) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (device->is_mapped[vector / 8] & (1u << (vector % 8))) {
        return ZX_ERR_ALREADY_BOUND;
    }
    ko_object_t* interrupt = NULL;
    zx_status_t status = ko_interrupt_create(
        irq == LX_VFIO_IRQ_INTX ? KO_INTERRUPT_LEVEL : KO_INTERRUPT_EDGE, &interrupt);
    if (status != ZX_OK) {
        return status;
    }
    status = connect_vector(device, irq, vector, interrupt);
    if (status != ZX_OK) {
        ko_object_release(interrupt);
        return status;
    }
    ko_interrupt_attach(interrupt, device, vector);
    device->is_mapped[vector / 8] |= (uint8_t)(1u << (vector % 8));
    device->mapped_count++;
    *out = interrupt;
    return ZX_OK;
}

zx_status_t zx_pci_map_interrupt(zx_handle_t handle, int32_t which_irq, zx_handle_t* out_handle) {
    ko_pci_device_t* device = NULL;
    ko_object_t* interrupt = NULL;
    if (which_irq < 0 || out_handle == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = ko_pci_device_get(handle, ZX_RIGHT_WRITE, &device);
    if (status != ZX_OK) {
        return status;
    }
    pthread_mutex_lock(&device->lock);
    status = map_locked(device, (uint32_t)which_irq, &interrupt);
    pthread_mutex_unlock(&device->lock);
    if (status == ZX_OK) {
        status = ko_handle_make(interrupt, ZX_RIGHT_SAME_RIGHTS, out_handle);
    }
    ko_object_release(&device->base);
    return status;
}

void ko_pci_device_unmap_vector(ko_pci_device_t* device, uint32_t vector, bool disconnect) {
    lx_vfio_irq_t irq = LX_VFIO_IRQ_INTX;
    pthread_mutex_lock(&device->lock);
    device->is_mapped[vector / 8] &= (uint8_t) ~(1u << (vector % 8));
    device->mapped_count--;
    // With the mode gone (quiesced) there is nothing to disconnect, and trying would turn it on
    // again.
    if (disconnect && mode_to_irq(device->irq_mode, &irq)) {
        if (irq == LX_VFIO_IRQ_INTX) {
            (void)lx_vfio_irq_disable(device->fds.device, irq);
        } else {
            (void)lx_vfio_irq_connect(device->fds.device, irq, vector, -1);
        }
    }
    pthread_mutex_unlock(&device->lock);
}
