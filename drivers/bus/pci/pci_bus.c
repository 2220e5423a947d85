// SPDX-License-Identifier: MIT
// PCI bus driver: publishes each function of the machine, bridges excepted, as an isolated device.
// The bus itself is Linux's: it is enumerated and its resources are assigned when this driver
// starts. This host never touches a function; each function's own host is given it (pci_proxy.c).
#include <stdio.h>
#include <stdlib.h>

#include <fuchsia/hardware/pciroot/c/banjo.h>
#include <lib/ddk/binding.h>
#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <zircon/status.h>

#include "pci_bind.h"

#define PCI_CLASS_BRIDGE 0x06u

// More functions than a machine of ours has; the list is asked for again if it has more.
#define FIRST_CAPACITY 32u
#define MAX_FUNCTIONS  4096u

static const zx_protocol_device_t pci_function_ops = {
    .version = DEVICE_OPS_VERSION,
};

static zx_status_t add_function(zx_device_t* parent, const pciroot_function_t* function) {
    const zx_device_prop_t props[] = {
        {.id = BIND_PCI_VID, .value = function->vendor_id},
        {.id = BIND_PCI_DID, .value = function->device_id},
        {.id = BIND_PCI_CLASS, .value = function->base_class},
        {.id = BIND_PCI_SUBCLASS, .value = function->sub_class},
        {.id = BIND_PCI_INTERFACE, .value = function->program_interface},
        {.id = BIND_PCI_REVISION, .value = function->revision_id},
        {.id = BIND_PCI_TOPO, .value = function->topo},
    };
    char name[ZX_DEVICE_NAME_MAX + 1];
    snprintf(name, sizeof(name), "%02x:%02x.%x", (function->topo >> 8) & 0xffu,
             (function->topo >> 3) & 0x1fu, function->topo & 0x7u);
    char proxy_args[ZX_DEVICE_NAME_MAX + 2];
    snprintf(proxy_args, sizeof(proxy_args), "%s,", name);
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = name,
        .ops = &pci_function_ops,
        .props = props,
        .prop_count = countof(props),
        .proto_id = ZX_PROTOCOL_PCI,
        .proxy_args = proxy_args,
        .flags = DEVICE_ADD_MUST_ISOLATE,
    };
    zx_device_t* unused;
    zx_status_t status = device_add(parent, &args, &unused);
    if (status != ZX_OK) {
        zxlogf(ERROR, "%s not added: %s", name, zx_status_get_string(status));
    }
    return status;
}

// *out_list is the caller's to free.
static zx_status_t list_functions(const pciroot_protocol_t* root, pciroot_function_t** out_list,
                                  size_t* out_count) {
    size_t capacity = FIRST_CAPACITY;
    while (capacity <= MAX_FUNCTIONS) {
        pciroot_function_t* list = calloc(capacity, sizeof(*list));
        if (list == NULL) {
            return ZX_ERR_NO_MEMORY;
        }
        size_t count;
        zx_status_t status = pciroot_get_functions(root, list, capacity, &count);
        if (status == ZX_OK && count <= capacity) {
            *out_list = list;
            *out_count = count;
            return ZX_OK;
        }
        free(list);
        if (status != ZX_OK) {
            return status;
        }
        capacity = count;
    }
    return ZX_ERR_OUT_OF_RANGE;
}

static zx_status_t pci_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    pciroot_protocol_t root;
    pciroot_function_t* list = NULL;
    size_t count = 0;
    zx_status_t status = device_get_protocol(parent, ZX_PROTOCOL_PCIROOT, &root);
    if (status == ZX_OK) {
        status = list_functions(&root, &list, &count);
    }
    if (status != ZX_OK) {
        zxlogf(ERROR, "no list of functions: %s", zx_status_get_string(status));
        return status;
    }
    size_t added = 0;
    zx_status_t first_error = ZX_OK;
    for (size_t i = 0; i < count; i++) {
        if (list[i].base_class == PCI_CLASS_BRIDGE) {
            continue;
        }
        status = add_function(parent, &list[i]);
        if (status == ZX_OK) {
            added++;
        } else if (first_error == ZX_OK) {
            first_error = status;
        }
    }
    free(list);
    zxlogf(INFO, "%zu functions, %zu of them published", count, added);
    // One function that can't be added does not cost the others.
    return added > 0 ? ZX_OK : first_error;
}

static const zx_driver_ops_t pci_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = pci_bind,
};

ZIRCON_DRIVER(pci, pci_driver_ops, "jacinth", "0.1");
