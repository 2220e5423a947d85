// SPDX-License-Identifier: MIT
// fidl_txn_t and device_fidl_transaction_take_ownership().
#include "transaction.h"

#include <stdlib.h>
#include <string.h>

#include <zircon/compiler.h>
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include <protocols/runtime.h>

// A transaction that the driver took. Ends with its reply.
typedef struct dh_taken_transaction {
    zx_device_t* device;    // owned reference, counted in its transaction_count
    dh_channel_t* channel;  // owned reference: the connection may close meanwhile
} dh_taken_transaction_t;

dh_channel_t* dh_channel_create(zx_handle_t handle) {
    dh_channel_t* channel = calloc(1, sizeof(*channel));
    if (channel == NULL) {
        zx_handle_close(handle);
        return NULL;
    }
    channel->handle = handle;
    channel->ref_count = 1;
    return channel;
}

void dh_channel_unref(dh_channel_t* channel) {
    dh_lock();
    bool is_last = --channel->ref_count == 0;
    dh_unlock();
    if (is_last) {
        zx_handle_close(channel->handle);
        free(channel);
    }
}

// Sends msg with the transaction's txid. Takes the handles.
static zx_status_t send_reply(zx_handle_t channel, uint32_t txid, const fidl_outgoing_msg_t* msg) {
    if (msg->num_bytes < sizeof(pg_header_t) || msg->num_bytes > ZX_CHANNEL_MAX_MSG_BYTES) {
        zx_handle_close_many(msg->handles, msg->num_handles);
        return ZX_ERR_INVALID_ARGS;
    }
    uint8_t* bytes = malloc(msg->num_bytes);
    if (bytes == NULL) {
        zx_handle_close_many(msg->handles, msg->num_handles);
        return ZX_ERR_NO_MEMORY;
    }
    memcpy(bytes, msg->bytes, msg->num_bytes);
    memcpy(bytes + offsetof(pg_header_t, txid), &txid, sizeof(txid));
    zx_status_t status =
        zx_channel_write(channel, 0, bytes, msg->num_bytes, msg->handles, msg->num_handles);
    free(bytes);
    return status;
}

static zx_status_t reply_in_hook(fidl_txn_t* txn, const fidl_outgoing_msg_t* msg) {
    dh_transaction_t* transaction = containerof(txn, dh_transaction_t, txn);
    if (transaction->is_replied || transaction->is_taken) {
        zx_handle_close_many(msg->handles, msg->num_handles);
        return ZX_ERR_BAD_STATE;
    }
    transaction->is_replied = true;
    return send_reply(txn->channel, txn->txid, msg);
}

static zx_status_t reply_later(fidl_txn_t* txn, const fidl_outgoing_msg_t* msg) {
    dh_taken_transaction_t* taken = (dh_taken_transaction_t*)txn->driver_host_context;
    if (taken == NULL) {
        zx_handle_close_many(msg->handles, msg->num_handles);
        return ZX_ERR_BAD_STATE;
    }
    txn->driver_host_context = 0;
    txn->channel = ZX_HANDLE_INVALID;
    zx_status_t status = send_reply(taken->channel->handle, txn->txid, msg);
    dh_channel_unref(taken->channel);
    dh_lock();
    taken->device->transaction_count--;
    dh_device_unref_locked(taken->device);
    dh_unlock();
    free(taken);
    return status;
}

void dh_transaction_init(dh_transaction_t* transaction, zx_device_t* device, dh_channel_t* channel,
                         uint32_t txid) {
    *transaction = (dh_transaction_t){
        .txn = {.reply = reply_in_hook, .channel = channel->handle, .txid = txid},
        .device = device,
        .channel = channel,
    };
}

void device_fidl_transaction_take_ownership(fidl_txn_t* txn, device_fidl_txn_t* out_txn) {
    if (txn == NULL || txn->reply != reply_in_hook) {
        dh_device_misuse(NULL, "device_fidl_transaction_take_ownership",
                         "this is no transaction of a running message hook");
    }
    dh_transaction_t* transaction = containerof(txn, dh_transaction_t, txn);
    zx_device_t* device = transaction->device;
    if (transaction->is_replied || transaction->is_taken) {
        dh_device_misuse(device, "device_fidl_transaction_take_ownership",
                         "the transaction was replied to or taken");
    }
    dh_taken_transaction_t* taken = calloc(1, sizeof(*taken));
    if (taken == NULL) {
        dh_device_misuse(device, "device_fidl_transaction_take_ownership", "no memory");
    }
    transaction->is_taken = true;
    taken->device = device;
    taken->channel = transaction->channel;
    dh_lock();
    dh_device_ref_locked(device);
    device->transaction_count++;
    taken->channel->ref_count++;
    dh_unlock();
    out_txn->txn = (fidl_txn_t){
        .reply = reply_later,
        .channel = taken->channel->handle,
        .txid = txn->txid,
        .driver_host_context = (uintptr_t)taken,
    };
    out_txn->driver_host_context = (uintptr_t)taken;
}
