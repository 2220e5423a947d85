// SPDX-License-Identifier: MIT
// What stands for a platform device in its driver's host: PDEV from what the board says about it,
// and PCIROOT over the channel to devmgr's broker, which answers only where the board granted
// `pci`.
#include <stdlib.h>

#include <fuchsia/hardware/pciroot/c/banjo.h>
#include <fuchsia/hardware/platform/device/c/banjo.h>
#include <lib/ddk/binding_driver.h>
#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <protocols/broker.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "platform_identity.h"

typedef struct platform_proxy {
    zx_device_t* zxdev;  // borrowed
    platform_identity_t identity;
    zx_handle_t broker;  // owned channel; calls on it may be made by several threads
} platform_proxy_t;

// ---- PDEV: boards here have no resources of their own for a device yet

static zx_status_t get_mmio(void* ctx, uint32_t index, pdev_mmio_t* out_mmio) {
    (void)ctx, (void)index, (void)out_mmio;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t get_interrupt(void* ctx, uint32_t index, uint32_t flags, zx_handle_t* out_irq) {
    (void)ctx, (void)index, (void)flags, (void)out_irq;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t get_bti(void* ctx, uint32_t index, zx_handle_t* out_bti) {
    (void)ctx, (void)index, (void)out_bti;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t get_smc(void* ctx, uint32_t index, zx_handle_t* out_smc) {
    (void)ctx, (void)index, (void)out_smc;
    return ZX_ERR_NOT_SUPPORTED;
}

static zx_status_t get_device_info(void* ctx, pdev_device_info_t* out_info) {
    const platform_proxy_t* proxy = ctx;
    *out_info = proxy->identity.device;
    return ZX_OK;
}

static zx_status_t get_board_info(void* ctx, pdev_board_info_t* out_info) {
    const platform_proxy_t* proxy = ctx;
    *out_info = proxy->identity.board;
    return ZX_OK;
}

static const pdev_protocol_ops_t pdev_ops = {
    .get_mmio = get_mmio,
    .get_interrupt = get_interrupt,
    .get_bti = get_bti,
    .get_smc = get_smc,
    .get_device_info = get_device_info,
    .get_board_info = get_board_info,
};

// ---- PCIROOT

static zx_status_t get_functions(void* ctx, pciroot_function_t* out_function_list,
                                 size_t function_count, size_t* out_function_actual) {
    const platform_proxy_t* proxy = ctx;
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    broker_empty_t request = {0};
    broker_list_pci_response_t response;
    zx_status_t status = broker_broker_list_pci(proxy->broker, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    if (status == ZX_OK) {
        for (size_t i = 0; i < response.functions_count && i < function_count; i++) {
            const broker_pci_function_t* function = &response.functions[i];
            out_function_list[i] = (pciroot_function_t){
                .topo = function->topo,
                .vendor_id = function->vendor_id,
                .device_id = function->device_id,
                .base_class = function->base_class,
                .sub_class = function->sub_class,
                .program_interface = function->program_interface,
                .revision_id = function->revision_id,
            };
        }
        *out_function_actual = response.functions_count;
    }
    pg_arena_fini(&arena);
    return status;
}

static const pciroot_protocol_ops_t pciroot_ops = {
    .get_functions = get_functions,
};

// ---- the device

static zx_status_t platform_proxy_get_protocol(void* ctx, uint32_t proto_id, void* out) {
    switch (proto_id) {
        case ZX_PROTOCOL_PDEV:
            *(pdev_protocol_t*)out = (pdev_protocol_t){.ops = &pdev_ops, .ctx = ctx};
            return ZX_OK;
        case ZX_PROTOCOL_PCIROOT:
            *(pciroot_protocol_t*)out = (pciroot_protocol_t){.ops = &pciroot_ops, .ctx = ctx};
            return ZX_OK;
        default:
            return ZX_ERR_NOT_SUPPORTED;
    }
}

static void platform_proxy_release(void* ctx) {
    platform_proxy_t* proxy = ctx;
    zx_handle_close(proxy->broker);
    free(proxy);
}

static const zx_protocol_device_t platform_proxy_device_ops = {
    .version = DEVICE_OPS_VERSION,
    .get_protocol = platform_proxy_get_protocol,
    .release = platform_proxy_release,
};

static zx_status_t platform_proxy_create(void* ctx, zx_device_t* parent, const char* name,
                                         const char* args, zx_handle_t rpc_channel) {
    (void)ctx;
    platform_proxy_t* proxy = calloc(1, sizeof(*proxy));
    if (proxy == NULL) {
        zx_handle_close(rpc_channel);
        return ZX_ERR_NO_MEMORY;
    }
    proxy->broker = rpc_channel;
    zx_status_t status = platform_identity_parse(args == NULL ? "" : args, &proxy->identity);
    if (status == ZX_OK) {
        device_add_args_t add_args = {
            .version = DEVICE_ADD_ARGS_VERSION,
            .name = name,
            .ctx = proxy,
            .ops = &platform_proxy_device_ops,
            .proto_id = ZX_PROTOCOL_PDEV,
        };
        status = device_add(parent, &add_args, &proxy->zxdev);
    }
    if (status != ZX_OK) {
        zxlogf(ERROR, "no proxy from \"%s\": %s", args == NULL ? "" : args,
               zx_status_get_string(status));
        platform_proxy_release(proxy);
    }
    return status;
}

static const zx_driver_ops_t platform_proxy_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .create = platform_proxy_create,
};

ZIRCON_DRIVER_PROXY(platform_bus_proxy, platform_proxy_driver_ops, "jacinth", "0.1");
