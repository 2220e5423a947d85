// SPDX-License-Identifier: MIT
// What stands for a PCI function in its driver's host: the PCI protocol over the PCI device object
// that devmgr's broker opens for this function, and for no other.
#include <stdlib.h>

#include <fuchsia/hardware/pci/c/banjo.h>
#include <lib/ddk/binding_driver.h>
#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <protocols/broker.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "pci_capability.h"

typedef struct pci_proxy {
    zx_device_t* zxdev;  // borrowed
    zx_handle_t device;  // owned PCI device object
} pci_proxy_t;

static zx_handle_t device_of(void* ctx) {
    return ((const pci_proxy_t*)ctx)->device;
}

static zx_status_t proxy_get_bar(void* ctx, uint32_t bar_id, zx_pci_bar_t* out_res) {
    zx_handle_t vmo = ZX_HANDLE_INVALID;
    zx_pci_bar_t bar;
    zx_status_t status = zx_pci_get_bar(device_of(ctx), bar_id, &bar, &vmo);
    if (status == ZX_OK) {
        if (bar.type == ZX_PCI_BAR_TYPE_MMIO) {
            bar.handle = vmo;
        }
        *out_res = bar;
    }
    return status;
}

static zx_status_t proxy_enable_bus_master(void* ctx, bool enable) {
    return zx_pci_enable_bus_master(device_of(ctx), enable);
}

static zx_status_t proxy_reset_device(void* ctx) {
    return zx_pci_reset_device(device_of(ctx));
}

static zx_status_t proxy_map_interrupt(void* ctx, uint32_t which_irq, zx_handle_t* out_handle) {
    if (which_irq > INT32_MAX) {
        return ZX_ERR_INVALID_ARGS;
    }
    return zx_pci_map_interrupt(device_of(ctx), (int32_t)which_irq, out_handle);
}

static zx_status_t proxy_query_irq_mode(void* ctx, zx_pci_irq_mode_t mode, uint32_t* out_max_irqs) {
    return zx_pci_query_irq_mode(device_of(ctx), mode, out_max_irqs);
}

static zx_status_t proxy_set_irq_mode(void* ctx, zx_pci_irq_mode_t mode,
                                      uint32_t requested_irq_count) {
    return zx_pci_set_irq_mode(device_of(ctx), mode, requested_irq_count);
}

static zx_status_t proxy_configure_irq_mode(void* ctx, uint32_t requested_irq_count,
                                            zx_pci_irq_mode_t* out_mode) {
    static const zx_pci_irq_mode_t best_first[] = {ZX_PCI_IRQ_MODE_MSI_X, ZX_PCI_IRQ_MODE_MSI,
                                                   ZX_PCI_IRQ_MODE_LEGACY};
    for (size_t i = 0; i < countof(best_first); i++) {
        uint32_t max_irqs;
        if (proxy_query_irq_mode(ctx, best_first[i], &max_irqs) != ZX_OK ||
            max_irqs < requested_irq_count) {
            continue;
        }
        zx_status_t status = proxy_set_irq_mode(ctx, best_first[i], requested_irq_count);
        if (status == ZX_OK) {
            *out_mode = best_first[i];
        }
        return status;
    }
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t proxy_get_device_info(void* ctx, zx_pcie_device_info_t* out_into) {
    return zx_pci_get_device_info(device_of(ctx), out_into);
}

static zx_status_t read_config(void* ctx, uint16_t offset, size_t width, uint32_t* out_value) {
    return zx_pci_config_read(device_of(ctx), offset, width, out_value);
}

static zx_status_t proxy_config_read8(void* ctx, uint16_t offset, uint8_t* out_value) {
    uint32_t value;
    zx_status_t status = read_config(ctx, offset, sizeof(*out_value), &value);
    if (status == ZX_OK) {
        *out_value = (uint8_t)value;
    }
    return status;
}

static zx_status_t proxy_config_read16(void* ctx, uint16_t offset, uint16_t* out_value) {
    uint32_t value;
    zx_status_t status = read_config(ctx, offset, sizeof(*out_value), &value);
    if (status == ZX_OK) {
        *out_value = (uint16_t)value;
    }
    return status;
}

static zx_status_t proxy_config_read32(void* ctx, uint16_t offset, uint32_t* out_value) {
    return read_config(ctx, offset, sizeof(*out_value), out_value);
}

static zx_status_t proxy_config_write8(void* ctx, uint16_t offset, uint8_t value) {
    return zx_pci_config_write(device_of(ctx), offset, sizeof(value), value);
}

static zx_status_t proxy_config_write16(void* ctx, uint16_t offset, uint16_t value) {
    return zx_pci_config_write(device_of(ctx), offset, sizeof(value), value);
}

static zx_status_t proxy_config_write32(void* ctx, uint16_t offset, uint32_t value) {
    return zx_pci_config_write(device_of(ctx), offset, sizeof(value), value);
}

static zx_status_t proxy_get_first_capability(void* ctx, uint8_t id, uint8_t* out_offset) {
    pci_config_reader_t reader = {.read = read_config, .ctx = ctx};
    return pci_find_capability(&reader, id, 0, out_offset);
}

static zx_status_t proxy_get_next_capability(void* ctx, uint8_t id, uint8_t offset,
                                             uint8_t* out_offset) {
    pci_config_reader_t reader = {.read = read_config, .ctx = ctx};
    return offset == 0 ? ZX_ERR_INVALID_ARGS : pci_find_capability(&reader, id, offset, out_offset);
}

static zx_status_t proxy_get_first_extended_capability(void* ctx, uint16_t id,
                                                       uint16_t* out_offset) {
    pci_config_reader_t reader = {.read = read_config, .ctx = ctx};
    return pci_find_extended_capability(&reader, id, 0, out_offset);
}

static zx_status_t proxy_get_next_extended_capability(void* ctx, uint16_t id, uint16_t offset,
                                                      uint16_t* out_offset) {
    pci_config_reader_t reader = {.read = read_config, .ctx = ctx};
    return offset == 0 ? ZX_ERR_INVALID_ARGS
                       : pci_find_extended_capability(&reader, id, offset, out_offset);
}

// The function's own container is its IOMMU domain, so there is one BTI.
static zx_status_t proxy_get_bti(void* ctx, uint32_t index, zx_handle_t* out_bti) {
    return index == 0 ? zx_bti_create(device_of(ctx), 0, 0, out_bti) : ZX_ERR_INVALID_ARGS;
}

static const pci_protocol_ops_t proxy_pci_ops = {
    .get_bar = proxy_get_bar,
    .enable_bus_master = proxy_enable_bus_master,
    .reset_device = proxy_reset_device,
    .map_interrupt = proxy_map_interrupt,
    .configure_irq_mode = proxy_configure_irq_mode,
    .query_irq_mode = proxy_query_irq_mode,
    .set_irq_mode = proxy_set_irq_mode,
    .get_device_info = proxy_get_device_info,
    .config_read8 = proxy_config_read8,
    .config_read16 = proxy_config_read16,
    .config_read32 = proxy_config_read32,
    .config_write8 = proxy_config_write8,
    .config_write16 = proxy_config_write16,
    .config_write32 = proxy_config_write32,
    .get_first_capability = proxy_get_first_capability,
    .get_next_capability = proxy_get_next_capability,
    .get_first_extended_capability = proxy_get_first_extended_capability,
    .get_next_extended_capability = proxy_get_next_extended_capability,
    .get_bti = proxy_get_bti,
};

static void pci_proxy_release(void* ctx) {
    pci_proxy_t* proxy = ctx;
    zx_handle_close(proxy->device);
    free(proxy);
}

static const zx_protocol_device_t pci_proxy_device_ops = {
    .version = DEVICE_OPS_VERSION,
    .release = pci_proxy_release,
};

// Asks the broker for the function that the channel is scoped to.
static zx_status_t open_function(zx_handle_t broker, zx_handle_t* out_device) {
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    broker_empty_t request = {0};
    broker_open_pci_response_t response;
    zx_status_t status = broker_broker_open_pci(broker, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
        if (status != ZX_OK) {
            zxlogf(ERROR, "the function can't be opened: %s: %s", zx_status_get_string(status),
                   response.detail == NULL ? "" : response.detail);
            zx_handle_close(response.device);
        } else {
            *out_device = response.device;
        }
    }
    pg_arena_fini(&arena);
    return status;
}

static zx_status_t pci_proxy_create(void* ctx, zx_device_t* parent, const char* name,
                                    const char* args, zx_handle_t rpc_channel) {
    (void)ctx, (void)args;
    pci_proxy_t* proxy = calloc(1, sizeof(*proxy));
    zx_status_t status = proxy == NULL ? ZX_ERR_NO_MEMORY : ZX_OK;
    if (status == ZX_OK) {
        status = open_function(rpc_channel, &proxy->device);
    }
    zx_handle_close(rpc_channel);
    if (status == ZX_OK) {
        device_add_args_t add_args = {
            .version = DEVICE_ADD_ARGS_VERSION,
            .name = name,
            .ctx = proxy,
            .ops = &pci_proxy_device_ops,
            .proto_id = ZX_PROTOCOL_PCI,
            .proto_ops = &proxy_pci_ops,
        };
        status = device_add(parent, &add_args, &proxy->zxdev);
    }
    if (status != ZX_OK && proxy != NULL) {
        pci_proxy_release(proxy);
    }
    return status;
}

static const zx_driver_ops_t pci_proxy_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .create = pci_proxy_create,
};

ZIRCON_DRIVER_PROXY(pci_proxy, pci_proxy_driver_ops, "jacinth", "0.1");
