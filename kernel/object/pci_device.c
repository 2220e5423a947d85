// SPDX-License-Identifier: MIT
// The PCI device object: one function, opened through VFIO in an IOMMU domain of its own. It owns
// the fds; interrupts are in pci_irq.c, BARs in pci_bar.c. docs/objects/pci_device.md.
#include "pci_device.h"

#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>

#include <lx/pci.h>
#include <lx/status.h>
#include <zircon/syscalls.h>

#include "resource.h"

#define HEADER_SIZE 0x40u  // of the configuration space, written by the framework only

static void device_destroy(ko_object_t* object) {
    ko_pci_device_t* device = containerof(object, ko_pci_device_t, base);
    lx_vfio_domain_unref(device->domain);
    ko_leases_unref(device->leases);
    lx_vfio_close(&device->fds);
    pthread_mutex_destroy(&device->lock);
    free(device);
}

// The group fd stays here: the receiver could do nothing with it but open other functions of the
// group. The open device keeps the group in the container.
static zx_status_t device_export(ko_object_t* object, ko_wire_t* out) {
    const ko_pci_device_t* device = containerof(object, ko_pci_device_t, base);
    const lx_pci_function_t* function = &device->function;
    *out = (ko_wire_t){
        .fd_count = 2,
        .fds = {device->fds.device, device->fds.container},
        .words = {(uint64_t)function->segment << 16 | (uint64_t)function->bus << 8 |
                  (uint64_t)function->device << 3 | function->function},
    };
    return ko_leases_export(device->leases, out);
}

static const ko_ops_t device_ops = {
    .type = ZX_OBJ_TYPE_PCI_DEVICE,
    .default_rights = ZX_DEFAULT_PCI_DEVICE_RIGHTS,
    .destroy = device_destroy,
    .export_wire = device_export,
};

// Identity as the function itself tells it.
static zx_status_t read_identity(int device, const lx_vfio_region_t* config,
                                 lx_pci_function_t* out) {
    uint32_t ids = 0;
    uint32_t class_and_revision = 0;
    uint32_t header_type = 0;
    zx_status_t status = lx_vfio_config_read(device, config, PCI_VENDOR_ID, 4, &ids);
    if (status == ZX_OK) {
        status = lx_vfio_config_read(device, config, PCI_REVISION_ID, 4, &class_and_revision);
    }
    if (status == ZX_OK) {
        status = lx_vfio_config_read(device, config, PCI_HEADER_TYPE, 1, &header_type);
    }
    out->vendor_id = (uint16_t)ids;
    out->device_id = (uint16_t)(ids >> 16);
    out->revision_id = (uint8_t)class_and_revision;
    out->program_interface = (uint8_t)(class_and_revision >> 8);
    out->sub_class = (uint8_t)(class_and_revision >> 16);
    out->base_class = (uint8_t)(class_and_revision >> 24);
    out->header_type = header_type & 0x7f;
    return status;
}

zx_status_t ko_pci_device_create(lx_vfio_fds_t* fds, const lx_pci_function_t* function, int lease,
                                 ko_object_t** out) {
    lx_vfio_region_t config;
    lx_pci_function_t identity = *function;
    zx_status_t status = lx_vfio_config_get(fds->device, &config);
    if (status == ZX_OK) {
        status = read_identity(fds->device, &config, &identity);
    }
    if (status != ZX_OK) {
        return status;
    }
    ko_pci_device_t* device = calloc(1, sizeof(*device));
    ko_leases_t* leases = device != NULL ? ko_leases_create(lease) : NULL;
    if (leases == NULL) {
        free(device);
        return ZX_ERR_NO_MEMORY;
    }
    ko_object_init(&device->base, &device_ops);
    pthread_mutex_init(&device->lock, NULL);
    device->config = config;
    device->function = identity;
    device->leases = leases;
    device->fds = *fds;
    *fds = LX_VFIO_FDS_NONE;
    *out = &device->base;
    return ZX_OK;
}

zx_status_t ko_import_pci_device(ko_wire_t* wire, ko_object_t** out) {
    uint64_t address = wire->words[0];
    if (wire->fd_count != 3 || address > 0xffffffff || !ko_fd_is_lease(wire->fds[2])) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    lx_pci_function_t function = {
        .segment = (uint16_t)(address >> 16),
        .bus = (uint8_t)(address >> 8),
        .device = (address >> 3) & 0x1f,
        .function = address & 7,
    };
    lx_vfio_fds_t fds = {.device = wire->fds[0], .container = wire->fds[1], .group = -1};
    // Asks the fd for its configuration space, which nothing but a VFIO device has. What the
    // container is shows when the first BTI is made.
    zx_status_t status = ko_pci_device_create(&fds, &function, wire->fds[2], out);
    if (status != ZX_OK) {
        return status == ZX_ERR_NO_MEMORY ? status : ZX_ERR_IO_DATA_INTEGRITY;
    }
    wire->fds[0] = -1;
    wire->fds[1] = -1;
    wire->fds[2] = -1;
    return ZX_OK;
}

zx_status_t ko_pci_device_get(zx_handle_t handle, zx_rights_t rights, ko_pci_device_t** out) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_PCI_DEVICE, rights, &object);
    if (status == ZX_OK) {
        *out = containerof(object, ko_pci_device_t, base);
    }
    return status;
}

zx_status_t ko_pci_device_domain(ko_object_t* object, lx_vfio_domain_t** out,
                                 ko_leases_t** out_leases) {
    ko_pci_device_t* device = containerof(object, ko_pci_device_t, base);
    zx_status_t status = ZX_OK;
    pthread_mutex_lock(&device->lock);
    if (device->domain == NULL) {
        status = lx_vfio_domain_create(device->fds.container, &device->domain);
    }
    if (status == ZX_OK) {
        *out = lx_vfio_domain_ref(device->domain);
        *out_leases = ko_leases_ref(device->leases);
    }
    pthread_mutex_unlock(&device->lock);
    return status;
}

zx_status_t zx_pci_get_device_info(zx_handle_t handle, zx_pcie_device_info_t* out_info) {
    ko_pci_device_t* device = NULL;
    if (out_info == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = ko_pci_device_get(handle, ZX_RIGHT_READ, &device);
    if (status != ZX_OK) {
        return status;
    }
    const lx_pci_function_t* function = &device->function;
    *out_info = (zx_pcie_device_info_t){
        .vendor_id = function->vendor_id,
        .device_id = function->device_id,
        .base_class = function->base_class,
        .sub_class = function->sub_class,
        .program_interface = function->program_interface,
        .revision_id = function->revision_id,
        .bus_id = function->bus,
        .dev_id = function->device,
        .func_id = function->function,
    };
    ko_object_release(&device->base);
    return ZX_OK;
}

zx_status_t zx_pci_config_read(zx_handle_t handle, uint16_t offset, size_t width,
                               uint32_t* out_value) {
    ko_pci_device_t* device = NULL;
    if (out_value == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = ko_pci_device_get(handle, ZX_RIGHT_READ, &device);
    if (status == ZX_OK) {
        status = lx_vfio_config_read(device->fds.device, &device->config, offset, width, out_value);
        ko_object_release(&device->base);
    }
    return status;
}

zx_status_t zx_pci_config_write(zx_handle_t handle, uint16_t offset, size_t width, uint32_t value) {
    ko_pci_device_t* device = NULL;
    zx_status_t status = ko_pci_device_get(handle, ZX_RIGHT_WRITE, &device);
    if (status != ZX_OK) {
        return status;
    }
    if (offset < HEADER_SIZE) {
        status = ZX_ERR_ACCESS_DENIED;
    } else if (width < 4 && (value >> (8 * width)) != 0) {
        status = ZX_ERR_INVALID_ARGS;
    } else {
        status = lx_vfio_config_write(device->fds.device, &device->config, offset, width, value);
    }
    ko_object_release(&device->base);
    return status;
}

zx_status_t zx_pci_enable_bus_master(zx_handle_t handle, bool enable) {
    ko_pci_device_t* device = NULL;
    zx_status_t status = ko_pci_device_get(handle, ZX_RIGHT_WRITE, &device);
    if (status != ZX_OK) {
        return status;
    }
    pthread_mutex_lock(&device->lock);
    status = lx_vfio_command_update(device->fds.device, &device->config, LX_VFIO_COMMAND_BUS,
                                    enable ? LX_VFIO_COMMAND_BUS : 0);
    pthread_mutex_unlock(&device->lock);
    ko_object_release(&device->base);
    return status;
}

zx_status_t zx_pci_reset_device(zx_handle_t handle) {
    ko_pci_device_t* device = NULL;
    zx_status_t status = ko_pci_device_get(handle, ZX_RIGHT_WRITE, &device);
    if (status != ZX_OK) {
        return status;
    }
    pthread_mutex_lock(&device->lock);
    status = lx_vfio_reset(device->fds.device);
    pthread_mutex_unlock(&device->lock);
    ko_object_release(&device->base);
    return status;
}

zx_status_t lx_pci_open(zx_handle_t root_resource, const lx_pci_function_t* function,
                        zx_handle_t* out_device, char* error, size_t error_size) {
    char unused[1];
    char address[LX_PCI_ADDRESS_LENGTH];
    if (error == NULL || error_size == 0) {
        error = unused;
        error_size = sizeof(unused);
    }
    error[0] = '\0';
    if (function == NULL || out_device == NULL || function->device > 31 || function->function > 7) {
        return ZX_ERR_INVALID_ARGS;
    }
    lx_pci_format_address(function, address);
    zx_status_t status = ko_resource_check(root_resource, ZX_RSRC_KIND_ROOT, 0, 0);
    if (status != ZX_OK) {
        snprintf(error, error_size, "%s: opening it needs the root resource", address);
        return status;
    }
    lx_vfio_fds_t fds = LX_VFIO_FDS_NONE;
    ko_object_t* device = NULL;
    status = lx_pci_bind_vfio(address, error, error_size);
    if (status == ZX_OK) {
        status = lx_vfio_open(address, &fds, error, error_size);
    }
    if (status == ZX_OK) {
        status = ko_pci_device_create(&fds, function, -1, &device);
        if (status != ZX_OK) {
            snprintf(error, error_size, "%s: its configuration space cannot be read", address);
        }
    }
    lx_vfio_close(&fds);
    return status == ZX_OK ? ko_handle_make(device, ZX_RIGHT_SAME_RIGHTS, out_device) : status;
}

static void keep_first(zx_status_t* first, zx_status_t status) {
    if (*first == ZX_OK) {
        *first = status;
    }
}

zx_status_t lx_pci_quiesce(zx_handle_t handle) {
    ko_pci_device_t* device = NULL;
    zx_status_t status = ko_pci_device_get(handle, ZX_RIGHT_WRITE, &device);
    if (status != ZX_OK) {
        return status;
    }
    pthread_mutex_lock(&device->lock);
    // First what stops the device from doing anything new, then what takes the ground from under
    // it.
    keep_first(&status, lx_vfio_command_update(device->fds.device, &device->config,
                                               LX_VFIO_COMMAND_BUS, LX_VFIO_COMMAND_MEM));
    keep_first(&status, ko_pci_device_disable_irqs_locked(device));
    keep_first(&status, lx_vfio_dma_unmap_all(device->fds.container));
    keep_first(&status, lx_vfio_reset(device->fds.device));
    pthread_mutex_unlock(&device->lock);
    ko_object_release(&device->base);
    return status;
}
