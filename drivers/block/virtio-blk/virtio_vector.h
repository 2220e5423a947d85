// SPDX-License-Identifier: MIT
// One MSI-X vector and the thread that waits for it.
//
// virtio_vector_stop() accepts zeroed, never started and stopped vectors; it returns after the
// thread has ended, so it must not be called from the handler. The handler runs on the vector's own
// thread, once for one or more interrupts.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <threads.h>

#include <fuchsia/hardware/pci/c/banjo.h>

typedef struct virtio_vector {
    zx_handle_t irq;  // owned
    thrd_t thread;    // valid if is_running
    bool is_running;
    void (*handler)(void* ctx);
    void* ctx;  // borrowed
} virtio_vector_t;

// Maps vector `which_irq` of the function, whose interrupt mode is set, and starts the thread.
zx_status_t virtio_vector_start(virtio_vector_t* vector, const pci_protocol_t* pci,
                                uint32_t which_irq, void (*handler)(void* ctx), void* ctx);
void virtio_vector_stop(virtio_vector_t* vector);
