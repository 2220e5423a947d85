// SPDX-License-Identifier: MIT
// Test driver: publishes several children without isolation, so that the drivers loaded for them
// run in this driver's host: two for echo, one for sibling.
#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>

#include "hotload_bus_bind.h"

static const zx_protocol_device_t child_ops = {
    .version = DEVICE_OPS_VERSION,
};

static const struct {
    const char* name;
    const char* kind;
} children[] = {{"echo0", "echo"}, {"echo1", "echo"}, {"sibling0", "sibling"}};

static zx_status_t add_child(zx_device_t* bus, const char* name, const char* kind) {
    const zx_device_str_prop_t props[] = {
        {.key = "jacinth.test.CHILD", .property_value = str_prop_str_val(kind)},
    };
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = name,
        .ops = &child_ops,
        .str_props = props,
        .str_prop_count = countof(props),
        .proto_id = ZX_PROTOCOL_TEST,
    };
    zx_device_t* unused;
    return device_add(bus, &args, &unused);
}

static zx_status_t bus_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = "hotload-bus",
        .ops = &child_ops,
        .flags = DEVICE_ADD_NON_BINDABLE,
    };
    zx_device_t* bus;
    zx_status_t status = device_add(parent, &args, &bus);
    for (size_t i = 0; status == ZX_OK && i < countof(children); i++) {
        status = add_child(bus, children[i].name, children[i].kind);
        if (status != ZX_OK) {
            device_async_remove(bus);
        }
    }
    return status;
}

static const zx_driver_ops_t bus_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = bus_bind,
};

ZIRCON_DRIVER(hotload_bus, bus_driver_ops, "jacinth", "0.1");
