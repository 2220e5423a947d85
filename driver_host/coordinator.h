// SPDX-License-Identifier: MIT
// The host's questions to devmgr (protocols/devmgr, Coordinator): blocking, any thread, without a
// lock held. Before Start they give ZX_ERR_BAD_STATE, after devmgr's end ZX_ERR_PEER_CLOSED.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/types.h>

#include <lib/ddk/driver.h>

// The channel from Start; consumed. ZX_ERR_ALREADY_BOUND: there is one already.
zx_status_t dh_coordinator_set(zx_handle_t channel);

// Tells of a new device below device->parent; args gives properties, flags and proxy_args.
zx_status_t dh_coordinator_add_device(const zx_device_t* device, const device_add_args_t* args);

// Asks for the removal of a device and all below it.
zx_status_t dh_coordinator_schedule_remove(uint64_t device_id);

zx_status_t dh_coordinator_add_metadata(uint64_t device_id, uint32_t type, const void* data,
                                        size_t size);

// *out_actual is the whole size, also with ZX_ERR_BUFFER_TOO_SMALL, which leaves buf alone.
zx_status_t dh_coordinator_get_metadata(uint64_t device_id, uint32_t type, void* buf,
                                        size_t buf_size, size_t* out_actual);

// driver may be NULL: the host itself.
zx_status_t dh_coordinator_log(uint8_t severity, const char* driver, const char* text);
