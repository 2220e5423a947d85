// SPDX-License-Identifier: MIT
// The reply to one message of a client, during the message hook or, taken over by the driver,
// later.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

#include <lib/ddk/fidl.h>

#include "device.h"

// A client's channel, shared by its connection and by the transactions of it that drivers took: a
// channel can't be duplicated. Closed with the last reference.
typedef struct dh_channel {
    zx_handle_t handle;  // owned
    uint32_t ref_count;  // guarded by dh_lock()
} dh_channel_t;

// Takes handle, also on failure (NULL: no memory). The caller has the first reference.
dh_channel_t* dh_channel_create(zx_handle_t handle);
void dh_channel_unref(dh_channel_t* channel);

// A transaction during the message hook, on the stack of the dispatcher.
typedef struct dh_transaction {
    fidl_txn_t txn;         // what the hook sees
    zx_device_t* device;    // borrowed: whose hook it is
    dh_channel_t* channel;  // borrowed
    bool is_replied;
    bool is_taken;
} dh_transaction_t;

// channel is borrowed during the hook.
void dh_transaction_init(dh_transaction_t* transaction, zx_device_t* device, dh_channel_t* channel,
                         uint32_t txid);
