// SPDX-License-Identifier: MIT
// Connections of clients to devices: one channel each. Main thread.
#pragma once

#include <stdint.h>

#include <zircon/types.h>

#include "detail.h"
#include "device.h"

// Calls the device's open hook and serves client (consumed) from then on.
zx_status_t dh_connection_open(uint64_t device_id, zx_handle_t client, dh_detail_t* detail);

// An event of the connection with that key.
void dh_connection_on_event(uint64_t key, zx_signals_t observed);

// Ends all connections to the device, calling their close hooks.
void dh_connections_close(zx_device_t* device);
