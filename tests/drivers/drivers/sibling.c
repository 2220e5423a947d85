// SPDX-License-Identifier: MIT
// Test driver: reading its device tells how often it was read, so a restart or a reload shows.
#include <stdio.h>
#include <stdlib.h>

#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>

#include "sibling_bind.h"
#include "test_text.h"

typedef struct sibling {
    unsigned reads;
} sibling_t;

static zx_status_t sibling_read(void* ctx, void* buffer, size_t count, zx_off_t offset,
                                size_t* out_actual) {
    sibling_t* sibling = ctx;
    char text[64];
    sibling->reads += offset == 0 ? 1 : 0;
    snprintf(text, sizeof(text), "sibling read %u\n", sibling->reads);
    return test_text_read(text, buffer, count, offset, out_actual);
}

static void sibling_release(void* ctx) {
    free(ctx);
}

static const zx_protocol_device_t sibling_ops = {
    .version = DEVICE_OPS_VERSION,
    .release = sibling_release,
    .read = sibling_read,
};

static zx_status_t sibling_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    sibling_t* sibling = calloc(1, sizeof(*sibling));
    if (sibling == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = "sibling",
        .ctx = sibling,
        .ops = &sibling_ops,
        .proto_id = ZX_PROTOCOL_TEST,
        .flags = DEVICE_ADD_NON_BINDABLE,
    };
    zx_device_t* unused;
    zx_status_t status = device_add(parent, &args, &unused);
    if (status != ZX_OK) {
        free(sibling);
    }
    return status;
}

static const zx_driver_ops_t sibling_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = sibling_bind,
};

ZIRCON_DRIVER(sibling, sibling_driver_ops, "jacinth", "0.1");
