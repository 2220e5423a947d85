// SPDX-License-Identifier: MIT
// A stand-in for the driver host, for one driver linked into a test: it takes device_add(), records
// the replies to hooks and runs hooks when the test says so. Main thread only, except that replies
// may come from any thread.
#pragma once

#include <stdbool.h>

#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>

// What the test sees of the device that the driver added last.
typedef struct fake_device {
    const zx_protocol_device_t* ops;
    void* ctx;
    uint32_t proto_id;
    const void* proto_ops;
    bool is_added;
} fake_device_t;

// The parent's protocol: what device_get_protocol(parent, proto_id, out) gives. Forgets all else.
void fake_ddk_reset(uint32_t proto_id, const void* ops, void* ctx);

// Not a device, only a name for one.
zx_device_t* fake_ddk_parent(void);
const fake_device_t* fake_ddk_device(void);

// Wait for what the driver must call, from whichever thread, for at most 20 s.
zx_status_t fake_ddk_await_init_reply(void);
bool fake_ddk_await_unbind_reply(void);
bool fake_ddk_await_async_remove(void);
bool fake_ddk_has_unbind_reply(void);
