// SPDX-License-Identifier: MIT
// The reply to one message of a client, during the message hook or, taken over by the driver,
// later.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

#include <lib/ddk/fidl.h>

#include "device.h"

// A transaction during the message hook, on the stack of the dispatcher.
typedef struct dh_transaction {
    fidl_txn_t txn;       // what the hook sees
    zx_device_t* device;  // borrowed: whose hook it is
    bool is_replied;
    bool is_taken;
} dh_transaction_t;

// channel is borrowed during the hook.
void dh_transaction_init(dh_transaction_t* transaction, zx_device_t* device, zx_handle_t channel,
                         uint32_t txid);
