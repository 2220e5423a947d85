// SPDX-License-Identifier: MIT
// MSI and INTx of the edu device.
#include "vfio_test.h"

#include <pthread.h>

#include <zircon/syscalls.h>

#include "tap.h"

zx_handle_t open_msi(zx_handle_t device) {
    zx_handle_t interrupt = ZX_HANDLE_INVALID;
    if (zx_pci_enable_bus_master(device, true) != ZX_OK ||
        zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI, 1) != ZX_OK ||
        zx_pci_map_interrupt(device, 0, &interrupt) != ZX_OK) {
        return ZX_HANDLE_INVALID;
    }
    return interrupt;
}

static void test_modes(zx_handle_t device) {
    uint32_t count = 0;
    zx_handle_t interrupt = ZX_HANDLE_INVALID;
    tap_check(zx_pci_query_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI, &count) == ZX_OK && count == 1,
              "edu has one MSI vector");
    tap_check(zx_pci_query_irq_mode(device, ZX_PCIE_IRQ_MODE_LEGACY, &count) == ZX_OK && count == 1,
              "and one interrupt line");
    tap_status(zx_pci_query_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI_X, &count), ZX_ERR_NOT_SUPPORTED,
               "MSI-X it lacks");
    tap_status(zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI_X, 1), ZX_ERR_NOT_SUPPORTED,
               "so MSI-X cannot be set");
    tap_status(zx_pci_set_irq_mode(device, 9, 1), ZX_ERR_INVALID_ARGS, "mode 9 is none");
    tap_status(zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI, 2), ZX_ERR_INVALID_ARGS,
               "two vectors are too many");
    tap_status(zx_pci_map_interrupt(device, 0, &interrupt), ZX_ERR_BAD_STATE,
               "no mode, no interrupt");
}

static void test_msi(zx_handle_t device, const edu_t* edu) {
    zx_handle_t interrupt = open_msi(device);
    zx_handle_t second = ZX_HANDLE_INVALID;
    if (!tap_check(interrupt != ZX_HANDLE_INVALID, "MSI is mapped")) {
        return;
    }
    tap_status(zx_pci_map_interrupt(device, 0, &second), ZX_ERR_ALREADY_BOUND,
               "a vector is mapped once");
    tap_status(zx_pci_map_interrupt(device, 1, &second), ZX_ERR_INVALID_ARGS,
               "there is no vector 1");
    tap_status(zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_LEGACY, 1), ZX_ERR_BAD_STATE,
               "the mode stays while an interrupt is mapped");
    tap_status(zx_interrupt_trigger(interrupt, 0, 0), ZX_ERR_BAD_STATE,
               "hardware's interrupt is not for us to trigger");
    zx_time_t before = zx_clock_get_monotonic();
    zx_time_t stamp = 0;
    edu_write(edu, EDU_REG_IRQ_RAISE, 1);
    tap_status(zx_interrupt_wait(interrupt, &stamp), ZX_OK, "MSI arrives");
    tap_check(stamp >= before && stamp <= zx_clock_get_monotonic(), "with the time of its arrival");
    edu_write(edu, EDU_REG_IRQ_ACK, 1);
    zx_handle_close(interrupt);
    tap_status(zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_DISABLED, 0), ZX_OK, "MSI goes off");
}

static void test_port(zx_handle_t device, const edu_t* edu) {
    zx_handle_t interrupt = open_msi(device);
    zx_handle_t port = ZX_HANDLE_INVALID;
    zx_port_packet_t packet;
    zx_port_create(ZX_PORT_BIND_TO_INTERRUPT, &port);
    tap_status(zx_interrupt_bind(interrupt, port, 77, ZX_INTERRUPT_BIND), ZX_OK, "bound to a port");
    for (uint32_t round = 1; round <= 2; round++) {
        edu_write(edu, EDU_REG_IRQ_RAISE, round);
        tap_check(zx_port_wait(port, ZX_TIME_INFINITE, &packet) == ZX_OK && packet.key == 77 &&
                      packet.type == ZX_PKT_TYPE_INTERRUPT,
                  "packet %u arrives", round);
        edu_write(edu, EDU_REG_IRQ_ACK, round);
        zx_interrupt_ack(interrupt);
    }
    zx_handle_close(interrupt);
    zx_handle_close(port);
    zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_DISABLED, 0);
}

static void test_line(zx_handle_t device, const edu_t* edu) {
    zx_handle_t interrupt = ZX_HANDLE_INVALID;
    tap_check(zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_LEGACY, 1) == ZX_OK &&
                  zx_pci_map_interrupt(device, 0, &interrupt) == ZX_OK,
              "the interrupt line is mapped");
    edu_write(edu, EDU_REG_IRQ_RAISE, 2);
    tap_status(zx_interrupt_wait(interrupt, NULL), ZX_OK, "the line fires");
    zx_signals_t observed = 0;
    tap_status(zx_object_wait_one(interrupt, ZX_INTERRUPT_SIGNALED, zx_deadline_after(ZX_MSEC(20)),
                                  &observed),
               ZX_ERR_TIMED_OUT, "it stays masked, although the device still asserts it");
    tap_status(zx_interrupt_wait(interrupt, NULL), ZX_OK, "and fires again at the next wait");
    edu_write(edu, EDU_REG_IRQ_ACK, 2);
    tap_status(zx_interrupt_ack(interrupt), ZX_ERR_BAD_STATE, "only bound ones are acknowledged");
    edu_write(edu, EDU_REG_IRQ_RAISE, 4);
    tap_status(zx_interrupt_wait(interrupt, NULL), ZX_OK, "the next one fires");
    edu_write(edu, EDU_REG_IRQ_ACK, 4);
    zx_handle_close(interrupt);
    tap_status(zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_DISABLED, 0), ZX_OK,
               "the line goes off");
}

static void* wait_thread(void* argument) {
    zx_handle_t interrupt = *(zx_handle_t*)argument;
    zx_status_t status = zx_interrupt_wait(interrupt, NULL);
    return (void*)(intptr_t)status;
}

static void test_destroy(zx_handle_t device) {
    zx_handle_t interrupt = open_msi(device);
    pthread_t thread;
    void* result = NULL;
    pthread_create(&thread, NULL, wait_thread, &interrupt);
    tap_status(zx_interrupt_destroy(interrupt), ZX_OK, "destroyed under a waiter");
    pthread_join(thread, &result);
    tap_status((zx_status_t)(intptr_t)result, ZX_ERR_CANCELED, "the waiter is told");
    zx_handle_t second = ZX_HANDLE_INVALID;
    tap_status(zx_pci_map_interrupt(device, 0, &second), ZX_OK, "the vector can be mapped again");
    zx_handle_close(second);
    zx_handle_close(interrupt);
    zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_DISABLED, 0);
}

void test_interrupts(zx_handle_t device) {
    edu_t edu;
    test_modes(device);
    if (!tap_status(edu_init(&edu, device), ZX_OK, "registers for the interrupt tests")) {
        return;
    }
    test_msi(device, &edu);
    test_port(device, &edu);
    test_line(device, &edu);
    test_destroy(device);
    edu_fini(&edu);
}
