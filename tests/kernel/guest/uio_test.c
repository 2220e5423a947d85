// SPDX-License-Identifier: MIT
// Interrupts of the edu device through Linux's uio_pci_generic, which masks by setting "interrupt
// disable" in the command register and leaves unmasking to the driver.
#include "vfio_test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <lx/uio.h>
#include <zircon/syscalls.h>

#include "tap.h"

#define DRIVER            "uio_pci_generic"
#define COMMAND           4
#define INTERRUPT_DISABLE 0x400u

typedef struct uio {
    char address[16];
    int config_fd;
    edu_t edu;  // over the registers as sysfs maps them
    zx_handle_t interrupt;
} uio_t;

static bool load_module(const char* name) {
    char path[64];
    snprintf(path, sizeof(path), "/lib/modules/%s.ko", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_loaded = fd >= 0 && (syscall(SYS_finit_module, fd, "", 0) == 0 || errno == EEXIST);
    close(fd);
    return is_loaded;
}

static bool write_file(const char* path, const char* text) {
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    ssize_t size = (ssize_t)strlen(text);
    bool is_written = fd >= 0 && write(fd, text, (size_t)size) == size;
    close(fd);
    return is_written;
}

static int open_of_function(const uio_t* uio, const char* name) {
    char path[96];
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", uio->address, name);
    return open(path, O_RDWR | O_CLOEXEC);
}

static bool write_of_function(const uio_t* uio, const char* name, const char* text) {
    char path[96];
    snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/%s", uio->address, name);
    return write_file(path, text);
}

// Takes the function from its driver, if it has one, and gives it to the other.
static bool bind_driver(uio_t* uio, const lx_pci_function_t* function) {
    snprintf(uio->address, sizeof(uio->address), "%04x:%02x:%02x.%x", function->segment,
             function->bus, function->device, function->function);
    (void)write_of_function(uio, "driver/unbind", uio->address);
    return write_of_function(uio, "driver_override", DRIVER) &&
           write_file("/sys/bus/pci/drivers_probe", uio->address);
}

static bool map_registers(uio_t* uio) {
    int fd = open_of_function(uio, "resource0");
    void* address = mmap(NULL, EDU_BAR_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    uio->edu = (edu_t){.regs = address == MAP_FAILED ? NULL : address};
    return uio->edu.regs != NULL;
}

static uint16_t command(const uio_t* uio) {
    uint16_t value = 0;
    (void)!pread(uio->config_fd, &value, sizeof(value), COMMAND);
    return value;
}

// What a driver over uio_pci_generic does before it waits.
static void unmask(const uio_t* uio) {
    uint16_t value = command(uio) & (uint16_t)~INTERRUPT_DISABLE;
    (void)!pwrite(uio->config_fd, &value, sizeof(value), COMMAND);
}

static void fire(const uio_t* uio) {
    edu_write(&uio->edu, EDU_REG_IRQ_RAISE, 1);
}

static void quieten(const uio_t* uio) {
    edu_write(&uio->edu, EDU_REG_IRQ_ACK, 1);
}

static void test_waits(const uio_t* uio) {
    zx_time_t before = zx_clock_get_monotonic();
    zx_time_t stamp = 0;
    unmask(uio);
    fire(uio);
    tap_status(zx_interrupt_wait(uio->interrupt, &stamp), ZX_OK, "a UIO interrupt arrives");
    tap_check(stamp >= before && stamp <= zx_clock_get_monotonic(), "with the time of its arrival");
    tap_check(command(uio) & INTERRUPT_DISABLE, "its driver has masked it");
    tap_status(zx_object_wait_one(uio->interrupt, ZX_INTERRUPT_SIGNALED,
                                  zx_deadline_after(ZX_MSEC(20)), NULL),
               ZX_ERR_TIMED_OUT, "so it is quiet, although the device asserts it");
    unmask(uio);
    tap_status(zx_interrupt_wait(uio->interrupt, NULL), ZX_OK, "unmasked, it fires again");
    quieten(uio);
    tap_status(zx_interrupt_trigger(uio->interrupt, 0, 0), ZX_ERR_BAD_STATE,
               "it is not for us to trigger");
}

static void test_on_a_port(const uio_t* uio) {
    zx_handle_t port = ZX_HANDLE_INVALID;
    zx_port_packet_t packet;
    zx_port_create(ZX_PORT_BIND_TO_INTERRUPT, &port);
    tap_status(zx_interrupt_bind(uio->interrupt, port, 5, ZX_INTERRUPT_BIND), ZX_OK,
               "bound to a port");
    for (uint32_t round = 1; round <= 2; round++) {
        unmask(uio);
        fire(uio);
        tap_check(zx_port_wait(port, ZX_TIME_INFINITE, &packet) == ZX_OK && packet.key == 5 &&
                      packet.status == ZX_OK,
                  "packet %u arrives", round);
        quieten(uio);
        tap_status(zx_interrupt_ack(uio->interrupt), ZX_OK, "and is acknowledged");
    }
    zx_interrupt_bind(uio->interrupt, port, 5, ZX_INTERRUPT_UNBIND);
    zx_handle_close(port);
}

static void* wait_once(void* argument) {
    return (void*)(intptr_t)zx_interrupt_wait(*(const zx_handle_t*)argument, NULL);
}

static void test_the_end(uio_t* uio) {
    zx_handle_t ends[2], copy, other = ZX_HANDLE_INVALID;
    pthread_t thread;
    void* result = NULL;
    uint32_t bytes, count;
    zx_handle_duplicate(uio->interrupt, ZX_RIGHT_SAME_RIGHTS, &copy);
    zx_channel_create(0, &ends[0], &ends[1]);
    tap_status(zx_channel_write(ends[0], 0, NULL, 0, &copy, 1), ZX_OK, "it is sent");
    tap_status(zx_channel_read(ends[1], 0, NULL, &other, 0, 1, &bytes, &count), ZX_OK,
               "and received");
    unmask(uio);
    fire(uio);
    tap_status(zx_interrupt_wait(other, NULL), ZX_OK, "the receiver waits for it");
    quieten(uio);
    pthread_create(&thread, NULL, wait_once, &other);
    tap_check(write_file("/sys/bus/pci/drivers/" DRIVER "/unbind", uio->address),
              "its driver is taken away under a waiter");
    pthread_join(thread, &result);
    tap_status((zx_status_t)(intptr_t)result, ZX_ERR_IO_NOT_PRESENT, "the waiter is told");
    tap_status(zx_interrupt_wait(uio->interrupt, NULL), ZX_ERR_IO_NOT_PRESENT, "and the next one");
    tap_status(zx_interrupt_destroy(uio->interrupt), ZX_OK, "destroyed");
    tap_status(zx_interrupt_wait(other, NULL), ZX_ERR_CANCELED, "for all");
    zx_handle_close(other);
    zx_handle_close_many(ends, 2);
}

void test_uio(const lx_pci_function_t* function) {
    uio_t uio = {.config_fd = -1};
    if (!tap_check(load_module("uio") && load_module(DRIVER), "the modules are loaded") ||
        !tap_check(bind_driver(&uio, function), DRIVER " takes edu")) {
        return;
    }
    uio.config_fd = open_of_function(&uio, "config");
    if (tap_check(uio.config_fd >= 0 && map_registers(&uio), "its registers are mapped") &&
        tap_status(lx_interrupt_from_uio(open("/dev/uio0", O_RDWR | O_CLOEXEC), &uio.interrupt),
                   ZX_OK, "an interrupt of /dev/uio0")) {
        test_waits(&uio);
        test_on_a_port(&uio);
        test_the_end(&uio);
    }
    zx_handle_close(uio.interrupt);
    if (uio.edu.regs != NULL) {
        munmap((void*)(uintptr_t)uio.edu.regs, EDU_BAR_SIZE);
    }
    close(uio.config_fd);
    (void)write_of_function(&uio, "driver_override", "\n");
}
