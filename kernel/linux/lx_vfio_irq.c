// SPDX-License-Identifier: MIT
// Interrupts and reset of a VFIO PCI device.
#include "lx_vfio.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include <lx/status.h>
#include <zircon/errors.h>

#define MAX_VECTORS 2048u  // an MSI-X table holds no more

_Static_assert((int)LX_VFIO_IRQ_INTX == VFIO_PCI_INTX_IRQ_INDEX, "index of INTx");
_Static_assert((int)LX_VFIO_IRQ_MSI == VFIO_PCI_MSI_IRQ_INDEX, "index of MSI");
_Static_assert((int)LX_VFIO_IRQ_MSIX == VFIO_PCI_MSIX_IRQ_INDEX, "index of MSI-X");

zx_status_t lx_vfio_irq_count(int device, lx_vfio_irq_t irq, uint32_t* out_count) {
    struct vfio_irq_info info = {.argsz = sizeof(info), .index = (uint32_t)irq};
    if (ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, &info) != 0) {
        return lx_status_from_errno(errno);
    }
    *out_count = info.count;
    return ZX_OK;
}

// SET_IRQS with |count| eventfds for |action|, starting at vector |start|.
static zx_status_t set_eventfds(int device, lx_vfio_irq_t irq, uint32_t action, uint32_t start,
                                const int32_t* fds, uint32_t count) {
    size_t size = sizeof(struct vfio_irq_set) + count * sizeof(int32_t);
    struct vfio_irq_set* set = calloc(1, size);
    if (set == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    set->argsz = (uint32_t)size;
    set->flags = VFIO_IRQ_SET_DATA_EVENTFD | action;
    set->index = (uint32_t)irq;
    set->start = start;
    set->count = count;
    memcpy(set->data, fds, count * sizeof(int32_t));
    int result = ioctl(device, VFIO_DEVICE_SET_IRQS, set);
    int error = errno;
    free(set);
    if (result > 0) {
        return ZX_ERR_NO_RESOURCES;  // the number of vectors that would have been possible
    }
    return result == 0 ? ZX_OK : lx_status_from_errno(error);
}

zx_status_t lx_vfio_irq_enable(int device, lx_vfio_irq_t irq, uint32_t count) {
    if (count == 0 || count > MAX_VECTORS) {
        return ZX_ERR_INVALID_ARGS;
    }
    int32_t* fds = malloc(count * sizeof(*fds));
    if (fds == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        fds[i] = -1;
    }
    zx_status_t status = set_eventfds(device, irq, VFIO_IRQ_SET_ACTION_TRIGGER, 0, fds, count);
    free(fds);
    return status;
}

zx_status_t lx_vfio_irq_connect(int device, lx_vfio_irq_t irq, uint32_t vector, int eventfd) {
    return set_eventfds(device, irq, VFIO_IRQ_SET_ACTION_TRIGGER, vector, &(int32_t){eventfd}, 1);
}

zx_status_t lx_vfio_irq_connect_unmask(int device, int eventfd) {
    return set_eventfds(device, LX_VFIO_IRQ_INTX, VFIO_IRQ_SET_ACTION_UNMASK, 0,
                        &(int32_t){eventfd}, 1);
}

zx_status_t lx_vfio_irq_disable(int device, lx_vfio_irq_t irq) {
    struct vfio_irq_set set = {
        .argsz = sizeof(set),
        .flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
        .index = (uint32_t)irq,
    };
    if (ioctl(device, VFIO_DEVICE_SET_IRQS, &set) == 0) {
        return ZX_OK;
    }
    // The kernel says EINVAL when another mode is the enabled one, or the function lacks this one.
    return errno == EINVAL ? ZX_OK : lx_status_from_errno(errno);
}

zx_status_t lx_vfio_reset(int device) {
    return ioctl(device, VFIO_DEVICE_RESET) == 0 ? ZX_OK : lx_status_from_errno(errno);
}
