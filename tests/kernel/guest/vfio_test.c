// SPDX-License-Identifier: MIT
// vfio_test: PCI functions through VFIO, on the real kernel of a guest. Needs root, an IOMMU and an
// edu device that nobody else uses; uses a virtio block device (reads it) and an NVMe controller
// (opens it) if they are there and free. Prints TAP; exit code 0 if all is well.
#include "vfio_test.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <lx/handle.h>
#include <lx/resource.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "tap.h"
#include "virtio_probe.h"

#define MAX_FUNCTIONS  64u
#define OPEN_CYCLES    50
#define TIME_LIMIT_S   90  // a lost interrupt must not hang the test
#define NVME_CLASS     0x01
#define NVME_SUB_CLASS 0x08

static lx_pci_function_t functions[MAX_FUNCTIONS];
static size_t function_count;

zx_handle_t open_function(zx_handle_t root, const lx_pci_function_t* function) {
    char error[160] = "";
    zx_handle_t device = ZX_HANDLE_INVALID;
    zx_status_t status = lx_pci_open(root, function, &device, error, sizeof(error));
    if (!tap_status(status, ZX_OK, "%02x:%02x.%x opens %s", function->bus, function->device,
                    function->function, error)) {
        return ZX_HANDLE_INVALID;
    }
    return device;
}

static int count_fds(void) {
    DIR* directory = opendir("/proc/self/fd");
    int count = 0;
    while (directory != NULL && readdir(directory) != NULL) {
        count++;
    }
    if (directory != NULL) {
        closedir(directory);
    }
    return count;
}

// The first function with these ids that opens; *out_device is closed again. NULL: none, or all are
// in use.
static const lx_pci_function_t* find_free(zx_handle_t root, uint16_t vendor, uint16_t device) {
    for (size_t i = 0; i < function_count; i++) {
        zx_handle_t handle = ZX_HANDLE_INVALID;
        char error[160];
        if (functions[i].vendor_id != vendor || functions[i].device_id != device) {
            continue;
        }
        if (lx_pci_open(root, &functions[i], &handle, error, sizeof(error)) == ZX_OK) {
            zx_handle_close(handle);
            return &functions[i];
        }
        printf("# %s\n", error);
    }
    return NULL;
}

static void test_list(void) {
    size_t all = 0;
    size_t bridges = 0;
    bool is_sorted = true;
    tap_status(lx_pci_list(NULL, 0, &all), ZX_OK, "the functions are counted");
    tap_status(lx_pci_list(functions, MAX_FUNCTIONS, &function_count), ZX_OK, "and listed");
    tap_check(all == function_count && all > 0 && all <= MAX_FUNCTIONS, "all %zu of them", all);
    for (size_t i = 0; i < function_count; i++) {
        bridges += functions[i].base_class == 6 && functions[i].header_type == 1;
        is_sorted = is_sorted && (i == 0 || functions[i - 1].bus <= functions[i].bus);
    }
    tap_check(bridges > 0, "%zu are bridges", bridges);
    tap_check(is_sorted, "in the order of their addresses");
}

static void test_open_refusals(zx_handle_t root, const lx_pci_function_t* edu) {
    char error[160] = "";
    zx_handle_t device = ZX_HANDLE_INVALID;
    zx_handle_t second = ZX_HANDLE_INVALID;
    lx_pci_function_t nobody = {.bus = 0xfe, .device = 31, .function = 7};
    tap_status(lx_pci_open(root, &nobody, &device, error, sizeof(error)), ZX_ERR_NOT_FOUND,
               "no such function: %s", error);
    tap_status(lx_pci_open(ZX_HANDLE_INVALID, edu, &device, error, sizeof(error)),
               ZX_ERR_BAD_HANDLE, "no root resource: %s", error);
    for (size_t i = 0; i < function_count; i++) {
        if (functions[i].header_type == 1) {
            tap_status(lx_pci_open(root, &functions[i], &device, error, sizeof(error)),
                       ZX_ERR_NOT_SUPPORTED, "a bridge: %s", error);
            break;
        }
    }
    device = open_function(root, edu);
    tap_status(lx_pci_open(root, edu, &second, error, sizeof(error)), ZX_ERR_ALREADY_BOUND,
               "a second open: %s", error);
    zx_handle_close(device);
}

// One pass of everything that holds an fd; what is not closed by hand must go with the handles.
static zx_status_t open_and_close(zx_handle_t root, const lx_pci_function_t* edu) {
    char error[160];
    zx_handle_t device = ZX_HANDLE_INVALID;
    zx_handle_t bti = ZX_HANDLE_INVALID;
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    zx_paddr_t page = 0;
    edu_t registers;
    buffer_t buffer;
    zx_status_t status = lx_pci_open(root, edu, &device, error, sizeof(error));
    if (status != ZX_OK) {
        printf("# %s\n", error);
        return status;
    }
    zx_handle_t interrupt = open_msi(device);
    status = edu_init(&registers, device);
    if (status == ZX_OK) {
        status = zx_bti_create(device, 0, 0, &bti);
    }
    if (status == ZX_OK && (status = buffer_init(&buffer, PAGE_SIZE)) == ZX_OK) {
        status = zx_bti_pin(bti, ZX_BTI_PERM_READ, buffer.vmo, 0, PAGE_SIZE, &page, 1, &pmt);
        buffer_fini(&buffer);
    }
    zx_handle_close(device);  // the others keep it alive
    edu_fini(&registers);
    zx_handle_close(pmt);  // into quarantine
    zx_handle_close(bti);
    zx_handle_close(interrupt);
    return interrupt != ZX_HANDLE_INVALID ? status : ZX_ERR_NO_RESOURCES;
}

static void test_leaks(zx_handle_t root, const lx_pci_function_t* edu) {
    tap_status(open_and_close(root, edu), ZX_OK, "opened and closed once");
    int fds = count_fds();
    size_t handles = lx_handle_count();
    zx_status_t status = ZX_OK;
    for (int i = 0; i < OPEN_CYCLES && status == ZX_OK; i++) {
        status = open_and_close(root, edu);
    }
    tap_status(status, ZX_OK, "and %d times more", OPEN_CYCLES);
    tap_check(count_fds() == fds, "%d fds before, %d after", fds, count_fds());
    tap_check(lx_handle_count() == handles, "%zu handles before, %zu after", handles,
              lx_handle_count());
}

static void test_late_unpin(zx_handle_t root, const lx_pci_function_t* edu) {
    zx_handle_t bti = ZX_HANDLE_INVALID;
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    zx_paddr_t page = 0;
    buffer_t buffer;
    zx_handle_t device = open_function(root, edu);
    zx_bti_create(device, 0, 0, &bti);
    buffer_init(&buffer, PAGE_SIZE);
    zx_bti_pin(bti, ZX_BTI_PERM_READ, buffer.vmo, 0, PAGE_SIZE, &page, 1, &pmt);
    zx_handle_close(device);
    tap_status(zx_pmt_unpin(pmt), ZX_OK, "unpinned after the device was closed");
    zx_handle_close(bti);
    buffer_fini(&buffer);
}

static void test_virtio(zx_handle_t root) {
    uint8_t data[VIRTIO_SECTOR_SIZE];
    const char* step = "";
    uint32_t vectors = 0;
    zx_pci_bar_t bar;
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    const lx_pci_function_t* function = find_free(root, VIRTIO_VENDOR_ID, VIRTIO_BLOCK_DEVICE_ID);
    if (function == NULL) {
        tap_skip("virtio block device", "none is free");
        return;
    }
    zx_handle_t device = open_function(root, function);
    zx_status_t status = zx_pci_query_irq_mode(device, ZX_PCIE_IRQ_MODE_MSI_X, &vectors);
    tap_check(status == ZX_OK && vectors >= 2, "it has %u MSI-X vectors", vectors);
    tap_status(zx_pci_get_bar(device, 1, &bar, &vmo), ZX_ERR_NOT_SUPPORTED,
               "BAR 1 is the MSI-X table alone and is kept back");
    status = virtio_probe_read(device, 0, data, &step);
    tap_status(status, ZX_OK, "a sector is read with MSI-X (%s)", step);
    status = virtio_probe_read(device, 1, data, &step);
    tap_status(status, ZX_OK, "and another one after a restart (%s)", step);
    zx_handle_close(device);
}

// NVMe has its MSI-X table in the middle of the BAR with its registers.
static void test_hole(zx_handle_t root) {
    const lx_pci_function_t* function = NULL;
    for (size_t i = 0; i < function_count; i++) {
        if (functions[i].base_class == NVME_CLASS && functions[i].sub_class == NVME_SUB_CLASS) {
            function = &functions[i];
        }
    }
    if (function == NULL) {
        tap_skip("BAR with a hole", "no NVMe controller");
        return;
    }
    zx_pci_bar_t bar;
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    zx_vaddr_t address = 0;
    int pipe_fds[2] = {-1, -1};
    zx_handle_t device = open_function(root, function);
    tap_status(zx_pci_get_bar(device, 0, &bar, &vmo), ZX_OK, "NVMe's registers");
    tap_status(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, vmo, 0, bar.size, &address),
               ZX_OK, "are mapped, all %zu bytes", bar.size);
    uint32_t version = *(volatile uint32_t*)(address + 8);
    tap_check(version >> 16 == 1, "version register says %x", version);
    // A write to a pipe tells whether memory can be read, without a fault.
    bool has_pipe = pipe(pipe_fds) == 0;
    tap_check(has_pipe && write(pipe_fds[1], (void*)(address + 0x2000), 1) < 0,
              "the page with the MSI-X table cannot be read");
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    tap_status(zx_vmar_unmap(zx_vmar_root_self(), address, bar.size), ZX_OK, "and unmapped");
    zx_handle_close(vmo);
    zx_handle_close(device);
}

int main(int argc, char** argv) {
    if (argc > 1 && strcmp(argv[1], "--victim") == 0) {
        return victim_main();
    }
    zx_handle_t root = ZX_HANDLE_INVALID;
    alarm(TIME_LIMIT_S);
    tap_status(lx_root_resource_create(&root), ZX_OK, "a root resource");
    test_list();
    const lx_pci_function_t* edu = find_free(root, EDU_VENDOR_ID, EDU_DEVICE_ID);
    if (!tap_check(edu != NULL, "an edu device is free")) {
        return tap_finish();
    }
    test_open_refusals(root, edu);
    zx_handle_t device = open_function(root, edu);
    if (device != ZX_HANDLE_INVALID) {
        test_config(device);
        test_bars(device);
        test_interrupts(device);
        test_dma(device);
        zx_handle_close(device);
    }
    test_late_unpin(root, edu);
    test_kill(root, edu, "/proc/self/exe");
    test_leaks(root, edu);
    test_virtio(root);
    test_hole(root);
    test_uio(edu);
    zx_handle_close(root);
    return tap_finish();
}
