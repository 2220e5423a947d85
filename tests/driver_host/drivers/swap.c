// SPDX-License-Identifier: MIT
// Two files of one driver that differ in what reading gives: SWAP_TEXT.
#include <string.h>

#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>

#include SWAP_BIND_HEADER

// Kept in memory that a load must set up anew.
static unsigned reads;
static char text[32] = SWAP_TEXT;

static zx_status_t swap_read(void* ctx, void* buf, size_t count, zx_off_t off, size_t* actual) {
    (void)ctx;
    (void)off;
    text[strlen(SWAP_TEXT)] = (char)('0' + reads++);
    *actual = strlen(SWAP_TEXT) + 1;
    if (count < *actual) {
        return ZX_ERR_BUFFER_TOO_SMALL;
    }
    memcpy(buf, text, *actual);
    return ZX_OK;
}

static const zx_protocol_device_t swap_ops = {.version = DEVICE_OPS_VERSION, .read = swap_read};

static zx_status_t swap_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    device_add_args_t args = {.version = DEVICE_ADD_ARGS_VERSION, .name = "swap", .ops = &swap_ops};
    return device_add(parent, &args, NULL);
}

static const zx_driver_ops_t swap_driver_ops = {.version = DRIVER_OPS_VERSION, .bind = swap_bind};

ZIRCON_DRIVER(swap, swap_driver_ops, "jacinth", SWAP_TEXT);
