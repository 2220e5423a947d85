// SPDX-License-Identifier: MIT
// A proxy: its create hook adds the stand-in, or does what its arguments say.
#include <string.h>

#include <lib/ddk/binding_driver.h>
#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <zircon/syscalls.h>

static const int proxy_protocol = 5;

static const zx_protocol_device_t proxy_ops = {.version = DEVICE_OPS_VERSION};

static zx_status_t proxy_create(void* ctx, zx_device_t* parent, const char* name, const char* args,
                                zx_handle_t rpc_channel) {
    (void)ctx;
    zxlogf(INFO, "rec:create-%s-%s", name, args);
    // The broker's end sees that the driver has the channel.
    zx_status_t status = zx_channel_write(rpc_channel, 0, "hello", 5, NULL, 0);
    zx_handle_close(rpc_channel);
    if (status != ZX_OK) {
        return status;
    }
    if (strcmp(args, "nothing") == 0) {
        return ZX_OK;
    }
    device_add_args_t add_args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = "stand-in",
        .ops = &proxy_ops,
        .proto_id = ZX_PROTOCOL_PCI,
        .proto_ops = &proxy_protocol,
    };
    zx_device_t* device = NULL;
    status = device_add(parent, &add_args, &device);
    if (status == ZX_OK && device_add(parent, &add_args, NULL) != ZX_ERR_BAD_STATE) {
        return ZX_ERR_INTERNAL;
    }
    if (strcmp(args, "fail") == 0) {
        return ZX_ERR_IO;
    }
    return status;
}

static const zx_driver_ops_t proxy_driver_ops = {.version = DRIVER_OPS_VERSION,
                                                 .create = proxy_create};

ZIRCON_DRIVER_PROXY(test_proxy, proxy_driver_ops, "jacinth", "0.1");
