// SPDX-License-Identifier: MIT
// Test drivers that must be refused, one a build; BAD_NAME and BAD_BIND_HEADER come with it:
//   BAD_SYMBOL       needs a function that no host has
//   BAD_CONSTRUCTOR  crashes while it is being loaded
//   BAD_BIND         its bind hook fails
//   BAD_INIT         its device's init hook fails
//   BAD_ABI          was built for another version of the driver API
#include <stdlib.h>

#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>

#include <bind/driver_note.h>
#ifdef BAD_ABI
#undef JACINTH_DDK_ABI_VERSION
#define JACINTH_DDK_ABI_VERSION 999u
#endif

#include BAD_BIND_HEADER

#ifdef BAD_SYMBOL
zx_status_t device_no_such_call(zx_device_t* device);
#endif

#ifdef BAD_CONSTRUCTOR
__CONSTRUCTOR static void crash(void) {
    int* volatile nowhere = (int*)16;  // not NULL, which sanitizers catch before the machine does
    *(volatile int*)nowhere = 1;
}
#endif

typedef struct bad {
    zx_device_t* zxdev;  // borrowed
} bad_t;

static void bad_init(void* ctx) {
    bad_t* bad = ctx;
#ifdef BAD_INIT
    device_init_reply(bad->zxdev, ZX_ERR_IO_NOT_PRESENT, NULL);
#else
    device_init_reply(bad->zxdev, ZX_OK, NULL);
#endif
}

static void bad_release(void* ctx) {
    free(ctx);
}

static const zx_protocol_device_t bad_ops = {
    .version = DEVICE_OPS_VERSION,
    .init = bad_init,
    .release = bad_release,
};

static zx_status_t bad_add(zx_device_t* parent) {
    bad_t* bad = calloc(1, sizeof(*bad));
    if (bad == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = "bad",
        .ctx = bad,
        .ops = &bad_ops,
        .proto_id = ZX_PROTOCOL_TEST,
    };
    zx_status_t status = device_add(parent, &args, &bad->zxdev);
    if (status != ZX_OK) {
        free(bad);
    }
    return status;
}

static zx_status_t bad_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
#ifdef BAD_SYMBOL
    if (device_no_such_call(parent) != ZX_OK) {
        return ZX_ERR_INTERNAL;
    }
#endif
#ifdef BAD_BIND
    return ZX_ERR_IO_NOT_PRESENT;
#endif
    return bad_add(parent);
}

static const zx_driver_ops_t bad_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = bad_bind,
};

// One level of expansion, so that the note gets the build's name.
#define BAD_DRIVER(name) ZIRCON_DRIVER(name, bad_driver_ops, "jacinth", "0.1")
BAD_DRIVER(BAD_NAME);
