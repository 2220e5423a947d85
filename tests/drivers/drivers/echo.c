// SPDX-License-Identifier: MIT
// Test driver, built twice under the same driver name: reading its device tells which build this is
// and what was written last. ECHO_VERSION is a string, ECHO_BIND_HEADER the header of its rules.
#include <stdio.h>
#include <stdlib.h>

#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>

#include ECHO_BIND_HEADER
#include "test_text.h"

typedef struct echo {
    char last[64];
} echo_t;

static zx_status_t echo_read(void* ctx, void* buffer, size_t count, zx_off_t offset,
                             size_t* out_actual) {
    const echo_t* echo = ctx;
    char text[128];
    snprintf(text, sizeof(text), "echo version %s: %s\n", ECHO_VERSION, echo->last);
    return test_text_read(text, buffer, count, offset, out_actual);
}

static zx_status_t echo_write(void* ctx, const void* buffer, size_t count, zx_off_t offset,
                              size_t* out_actual) {
    echo_t* echo = ctx;
    if (offset != 0 || count >= sizeof(echo->last)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    memcpy(echo->last, buffer, count);
    echo->last[count] = '\0';
    *out_actual = count;
    return ZX_OK;
}

static void echo_release(void* ctx) {
    free(ctx);
}

static const zx_protocol_device_t echo_ops = {
    .version = DEVICE_OPS_VERSION,
    .release = echo_release,
    .read = echo_read,
    .write = echo_write,
};

static zx_status_t echo_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    echo_t* echo = calloc(1, sizeof(*echo));
    if (echo == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = "echo",
        .ctx = echo,
        .ops = &echo_ops,
        .proto_id = ZX_PROTOCOL_TEST,
        .flags = DEVICE_ADD_NON_BINDABLE,
    };
    zx_device_t* unused;
    zx_status_t status = device_add(parent, &args, &unused);
    if (status != ZX_OK) {
        free(echo);
    }
    return status;
}

static const zx_driver_ops_t echo_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = echo_bind,
};

ZIRCON_DRIVER(echo, echo_driver_ops, "jacinth", ECHO_VERSION);
