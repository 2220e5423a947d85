// SPDX-License-Identifier: MIT
// One MSI-X vector and the thread that waits for it.
#include "virtio_vector.h"

#include <stdio.h>

#include <zircon/syscalls.h>
#include <zircon/threads.h>

// Ends when the interrupt is destroyed (ZX_ERR_CANCELED).
static int vector_thread(void* arg) {
    virtio_vector_t* vector = arg;
    while (zx_interrupt_wait(vector->irq, NULL) == ZX_OK) {
        vector->handler(vector->ctx);
    }
    return 0;
}

zx_status_t virtio_vector_start(virtio_vector_t* vector, const pci_protocol_t* pci,
                                uint32_t which_irq, void (*handler)(void* ctx), void* ctx) {
    *vector = (virtio_vector_t){.handler = handler, .ctx = ctx};
    zx_status_t status = pci_map_interrupt(pci, which_irq, &vector->irq);
    if (status != ZX_OK) {
        return status;
    }
    char name[16];
    snprintf(name, sizeof(name), "virtio-irq-%u", which_irq);
    if (thrd_create_with_name(&vector->thread, vector_thread, vector, name) != thrd_success) {
        zx_handle_close(vector->irq);
        vector->irq = ZX_HANDLE_INVALID;
        return ZX_ERR_NO_RESOURCES;
    }
    vector->is_running = true;
    return ZX_OK;
}

void virtio_vector_stop(virtio_vector_t* vector) {
    if (vector->irq != ZX_HANDLE_INVALID) {
        zx_interrupt_destroy(vector->irq);
    }
    if (vector->is_running) {
        thrd_join(vector->thread, NULL);
        vector->is_running = false;
    }
    zx_handle_close(vector->irq);
    vector->irq = ZX_HANDLE_INVALID;
}
