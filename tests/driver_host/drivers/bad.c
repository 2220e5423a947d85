// SPDX-License-Identifier: MIT
// Drivers that can't be loaded, one a BAD_… definition.
#include <lib/ddk/binding_driver.h>
#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>

#if defined(BAD_ABI)
#undef JACINTH_DDK_ABI_VERSION
#define JACINTH_DDK_ABI_VERSION 999u
#endif

#if defined(BAD_UNRESOLVED)
void this_symbol_is_nowhere(void);
#endif

#if defined(BAD_CONSTRUCTOR)
__CONSTRUCTOR static void crash(void) {
    volatile int* volatile nowhere = (volatile int*)0x10;
    *nowhere = 1;
}
#endif

static zx_status_t bad_init(void** out_ctx) {
    (void)out_ctx;
#if defined(BAD_INIT)
    return ZX_ERR_NO_RESOURCES;
#elif defined(BAD_UNRESOLVED)
    this_symbol_is_nowhere();
#endif
    return ZX_OK;
}

static zx_status_t bad_bind(void* ctx, zx_device_t* device) {
    (void)ctx;
    (void)device;
    return ZX_ERR_INTERNAL;
}

#if defined(BAD_OPS)
#define BAD_OPS_VERSION 1
#else
#define BAD_OPS_VERSION DRIVER_OPS_VERSION
#endif

static const zx_driver_ops_t bad_ops = {
    .version = BAD_OPS_VERSION, .init = bad_init, .bind = bad_bind};

#if defined(BAD_RECORD)
__EXPORT extern const zx_driver_ops_t* const bad_is_used;
const zx_driver_ops_t* const bad_is_used = &bad_ops;
#else
ZIRCON_DRIVER_PROXY(bad, bad_ops, "jacinth", "0.1");
#endif
