// SPDX-License-Identifier: MIT
// The driver to start from: a device that remembers a line of text. Reading it gives the text,
// writing it sets the text. The board's device that it binds to is chosen in sample.bind.
//
//   $ jacinth read sys/platform/sample/sample
//   hello from the sample driver
#include <stdlib.h>
#include <string.h>

#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>
#include <zircon/status.h>

#include "sample_bind.h"

#define SAMPLE_MAX_TEXT 256u

static const char first_text[] = "hello from the sample driver\n";

// One of these for each device that the driver is bound to. No lock: only hooks touch it, and hooks
// of one host run one at a time.
typedef struct sample {
    zx_device_t* zxdev;  // borrowed
    size_t size;         // bytes of text
    char text[SAMPLE_MAX_TEXT];
} sample_t;

// Called when a client reads. `offset` is the client's; beyond the end there is nothing.
static zx_status_t sample_read(void* ctx, void* buffer, size_t count, zx_off_t offset,
                               size_t* out_actual) {
    const sample_t* sample = ctx;
    size_t left = offset < sample->size ? sample->size - (size_t)offset : 0;
    size_t actual = count < left ? count : left;
    if (actual > 0) {
        memcpy(buffer, sample->text + offset, actual);
    }
    *out_actual = actual;
    return ZX_OK;
}

// Called when a client writes. What it writes at offset 0 replaces the text.
static zx_status_t sample_write(void* ctx, const void* buffer, size_t count, zx_off_t offset,
                                size_t* out_actual) {
    sample_t* sample = ctx;
    if (offset > sample->size || count > SAMPLE_MAX_TEXT - offset) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    memcpy(sample->text + offset, buffer, count);
    sample->size = (size_t)offset + count;
    *out_actual = count;
    zxlogf(INFO, "%s: now %zu bytes", device_get_name(sample->zxdev), sample->size);
    return ZX_OK;
}

// The last call for this device: nobody can reach it any more.
static void sample_release(void* ctx) {
    free(ctx);
}

static const zx_protocol_device_t sample_device_ops = {
    .version = DEVICE_OPS_VERSION,
    .read = sample_read,
    .write = sample_write,
    .release = sample_release,
};

// Called for each device that the rules match. What device_add() added is what clients see.
static zx_status_t sample_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    sample_t* sample = calloc(1, sizeof(*sample));
    if (sample == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    sample->size = strlen(first_text);
    memcpy(sample->text, first_text, sample->size);

    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = "sample",
        .ctx = sample,
        .ops = &sample_device_ops,
    };
    zx_status_t status = device_add(parent, &args, &sample->zxdev);
    if (status != ZX_OK) {
        zxlogf(ERROR, "device_add failed: %s", zx_status_get_string(status));
        free(sample);
    }
    return status;
}

static const zx_driver_ops_t sample_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = sample_bind,
};

ZIRCON_DRIVER(sample, sample_driver_ops, "jacinth", "0.1");
