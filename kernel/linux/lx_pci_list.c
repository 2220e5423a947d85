// SPDX-License-Identifier: MIT
// The PCI functions of the machine, from sysfs. Only the first 64 bytes of each configuration space
// are read, which every user may.
#include "lx_vfio.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lx/status.h>
#include <zircon/errors.h>

#define DEVICES_PATH "/sys/bus/pci/devices"

void lx_pci_format_address(const lx_pci_function_t* function, char out[LX_PCI_ADDRESS_LENGTH]) {
    snprintf(out, LX_PCI_ADDRESS_LENGTH, "%04x:%02x:%02x.%x", function->segment, function->bus,
             function->device & 0x1fu, function->function & 7u);
}

// False: not an address that this API can name (segments above 16 bits exist on some machines).
static bool parse_address(const char* name, lx_pci_function_t* out) {
    unsigned segment = 0;
    unsigned bus = 0;
    unsigned device = 0;
    unsigned function = 0;
    int used = 0;
    if (sscanf(name, "%x:%x:%x.%x%n", &segment, &bus, &device, &function, &used) != 4 ||
        name[used] != '\0' || segment > 0xffff || bus > 0xff || device > 31 || function > 7) {
        return false;
    }
    *out = (lx_pci_function_t){
        .segment = (uint16_t)segment,
        .bus = (uint8_t)bus,
        .device = (uint8_t)device,
        .function = (uint8_t)function,
    };
    return true;
}

zx_status_t lx_pci_read_identity(lx_pci_function_t* function) {
    char address[LX_PCI_ADDRESS_LENGTH];
    char path[64];
    uint8_t header[64];
    lx_pci_format_address(function, address);
    snprintf(path, sizeof(path), DEVICES_PATH "/%s/config", address);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return lx_status_from_errno(errno);
    }
    ssize_t done = pread(fd, header, sizeof(header), 0);
    close(fd);
    if (done != (ssize_t)sizeof(header)) {
        return ZX_ERR_IO;
    }
    function->vendor_id = (uint16_t)(header[PCI_VENDOR_ID] | header[PCI_VENDOR_ID + 1] << 8);
    function->device_id = (uint16_t)(header[PCI_DEVICE_ID] | header[PCI_DEVICE_ID + 1] << 8);
    function->revision_id = header[PCI_REVISION_ID];
    function->program_interface = header[PCI_CLASS_PROG];
    function->sub_class = header[PCI_CLASS_DEVICE];
    function->base_class = header[PCI_CLASS_DEVICE + 1];
    function->header_type = header[PCI_HEADER_TYPE] & 0x7f;
    return ZX_OK;
}

static int compare_functions(const void* a, const void* b) {
    const lx_pci_function_t* left = a;
    const lx_pci_function_t* right = b;
    uint32_t left_key = (uint32_t)left->segment << 16 | (uint32_t)left->bus << 8 |
                        (uint32_t)left->device << 3 | left->function;
    uint32_t right_key = (uint32_t)right->segment << 16 | (uint32_t)right->bus << 8 |
                         (uint32_t)right->device << 3 | right->function;
    return left_key < right_key ? -1 : left_key > right_key;
}

// Appends to a growing array; the caller frees it.
static zx_status_t append(lx_pci_function_t** functions, size_t* count,
                          const lx_pci_function_t* function) {
    if ((*count & (*count - 1)) == 0) {
        size_t capacity = *count == 0 ? 1 : *count * 2;
        lx_pci_function_t* grown = realloc(*functions, capacity * sizeof(*grown));
        if (grown == NULL) {
            return ZX_ERR_NO_MEMORY;
        }
        *functions = grown;
    }
    (*functions)[(*count)++] = *function;
    return ZX_OK;
}

zx_status_t lx_pci_list(lx_pci_function_t* out, size_t capacity, size_t* out_count) {
    if (out_count == NULL || (out == NULL && capacity != 0)) {
        return ZX_ERR_INVALID_ARGS;
    }
    *out_count = 0;
    DIR* directory = opendir(DEVICES_PATH);
    if (directory == NULL) {
        return errno == ENOENT ? ZX_OK : lx_status_from_errno(errno);
    }
    lx_pci_function_t* functions = NULL;
    size_t count = 0;
    zx_status_t status = ZX_OK;
    struct dirent* entry = NULL;
    while (status == ZX_OK && (entry = readdir(directory)) != NULL) {
        lx_pci_function_t function;
        // A function that goes away while it is read is not listed.
        if (parse_address(entry->d_name, &function) && lx_pci_read_identity(&function) == ZX_OK) {
            status = append(&functions, &count, &function);
        }
    }
    closedir(directory);
    if (status == ZX_OK) {
        if (count != 0) {
            qsort(functions, count, sizeof(*functions), compare_functions);
        }
        if (count != 0 && capacity != 0) {
            memcpy(out, functions, (count < capacity ? count : capacity) * sizeof(*functions));
        }
        *out_count = count;
    }
    free(functions);
    return status;
}
