// SPDX-License-Identifier: MIT
// Binds to what proxy.c made and uses its protocol.
#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>

#include "test_child_bind.h"

static const zx_protocol_device_t child_ops = {.version = DEVICE_OPS_VERSION};

static zx_status_t child_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    zx_protocol_t protocol = {0};
    zx_status_t status = device_get_protocol(parent, ZX_PROTOCOL_PCI, &protocol);
    zx_protocol_t other = {0};
    zx_status_t other_status = device_get_protocol(parent, ZX_PROTOCOL_BLOCK, &other);
    zxlogf(INFO, "rec:child-of-%s-%d-%d-%d", device_get_name(parent), status,
           status == ZX_OK ? *(const int*)protocol.ops : 0, other_status);
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION, .name = "child", .ops = &child_ops};
    return device_add(parent, &args, NULL);
}

static const zx_driver_ops_t child_driver_ops = {.version = DRIVER_OPS_VERSION, .bind = child_bind};

ZIRCON_DRIVER(test_child, child_driver_ops, "jacinth", "0.1");
