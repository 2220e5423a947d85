// SPDX-License-Identifier: MIT
// Calls of a device's hooks, with what an empty slot means. The driver's table is only read. No
// lock may be held by the caller.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/types.h>

#include <lib/ddk/device.h>

// The ops of a device without a driver: all slots empty.
extern const zx_protocol_device_t dh_stub_ops;

zx_status_t dh_call_get_protocol(const zx_device_t* device, uint32_t proto_id, void* out);
// False: there is no hook to call, the device is ready.
bool dh_call_init(zx_device_t* device);
zx_status_t dh_call_open(zx_device_t* device, zx_device_t** out_device, uint32_t flags);
zx_status_t dh_call_close(zx_device_t* device, uint32_t flags);
// False: there is no hook to call, the device is unbound.
bool dh_call_unbind(zx_device_t* device);
void dh_call_release(zx_device_t* device);
zx_status_t dh_call_read(zx_device_t* device, void* buf, size_t count, zx_off_t offset,
                         size_t* out_actual);
zx_status_t dh_call_write(zx_device_t* device, const void* buf, size_t count, zx_off_t offset,
                          size_t* out_actual);
zx_off_t dh_call_get_size(zx_device_t* device);
// The handles of msg are consumed.
zx_status_t dh_call_message(zx_device_t* device, fidl_incoming_msg_t* msg, fidl_txn_t* txn);
void dh_call_child_pre_release(zx_device_t* parent, void* child_ctx);
