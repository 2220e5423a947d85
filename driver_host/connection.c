// SPDX-License-Identifier: MIT
// Serves the channels of clients: Device.Read, Write and GetSize by the hooks of that name, all
// else by the message hook.
#include "connection.h"

#include <stdlib.h>

#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <lib/ddk/debug.h>
#include <protocols/device.h>

#include "add.h"
#include "defaults.h"
#include "log.h"
#include "loop.h"
#include "requests.h"
#include "transaction.h"

// Messages that one connection may have served before the others get their turn.
#define MESSAGES_PER_TURN 16

typedef struct dh_connection {
    list_node_t node;
    uint64_t key;
    dh_channel_t* channel;  // owned reference
    zx_device_t* device;    // owned reference: what was opened
    zx_device_t* target;    // owned reference: whose hooks serve it, device or an instance of it
} dh_connection_t;

static list_node_t connections = LIST_INITIAL_VALUE(connections);
static uint64_t next_key = DH_KEY_FIRST_CONNECTION;

// The message that is being served.
static _Alignas(16) uint8_t message_bytes[ZX_CHANNEL_MAX_MSG_BYTES];

static dh_connection_t* find(uint64_t key) {
    dh_connection_t* connection;
    list_for_every_entry(&connections, connection, dh_connection_t, node) {
        if (connection->key == key) {
            return connection;
        }
    }
    return NULL;
}

// No new work reaches a device from its unbind on: then only the client's end is waited for.
static zx_status_t watch(dh_connection_t* connection) {
    dh_lock();
    bool is_served = connection->device->state == DH_DEVICE_ACTIVE;
    dh_unlock();
    return dh_loop_watch(
        connection->channel->handle, connection->key,
        ZX_CHANNEL_PEER_CLOSED | (is_served ? ZX_CHANNEL_READABLE : ZX_SIGNAL_NONE));
}

static void close_connection(dh_connection_t* connection) {
    zx_status_t status = dh_call_close(connection->target, 0);
    if (status != ZX_OK) {
        dh_log(DDK_LOG_WARNING, NULL, "close of %s: %s", connection->target->name,
               zx_status_get_string(status));
    }
    list_delete(&connection->node);
    dh_loop_unwatch(connection->channel->handle, connection->key);
    dh_channel_unref(connection->channel);
    if (connection->target != connection->device) {
        dh_device_discard(connection->target, false);
    }
    dh_device_unref(connection->target);
    dh_device_unref(connection->device);
    free(connection);
}

// ---- Device

static void on_read(void* ctx, const device_read_request_t* request, pg_responder_t responder) {
    zx_device_t* target = ctx;
    device_read_response_t response = {.status = ZX_ERR_OUT_OF_RANGE};
    uint8_t data[DEV_MAX_TRANSFER_SIZE];
    if (request->count <= sizeof(data)) {
        size_t actual = 0;
        response.status = dh_call_read(target, data, request->count, request->offset, &actual);
        if (response.status == ZX_OK && actual > request->count) {
            dh_device_misuse(target, "read", "the hook returned more than it was asked for");
        }
        response.data = data;
        response.data_count = response.status == ZX_OK ? actual : 0;
    }
    device_device_read_reply(&responder, &response);
}

static void on_write(void* ctx, const device_write_request_t* request, pg_responder_t responder) {
    zx_device_t* target = ctx;
    device_write_response_t response = {.status = ZX_ERR_OUT_OF_RANGE};
    if (request->data_count <= DEV_MAX_TRANSFER_SIZE) {
        size_t actual = 0;
        response.status =
            dh_call_write(target, request->data, request->data_count, request->offset, &actual);
        response.actual = response.status == ZX_OK ? (uint32_t)actual : 0;
    }
    device_device_write_reply(&responder, &response);
}

static void on_get_size(void* ctx, const device_empty_t* request, pg_responder_t responder) {
    (void)request;
    device_size_response_t response = {.size = dh_call_get_size(ctx)};
    device_device_get_size_reply(&responder, &response);
}

static const device_device_ops_t device_ops = {
    .read = on_read,
    .write = on_write,
    .get_size = on_get_size,
};

// ---- other messages

static zx_status_t call_message_hook(dh_connection_t* connection, pg_message_t* message,
                                     uint32_t num_bytes) {
    zx_handle_t handles[ZX_CHANNEL_MAX_MSG_HANDLES];
    fidl_incoming_msg_t msg = {.bytes = message_bytes,
                               .handles = handles,
                               .num_bytes = num_bytes,
                               .num_handles = message->handle_count};
    for (uint32_t i = 0; i < message->handle_count; i++) {
        handles[i] = message->handles[i];
    }
    message->handle_count = 0;  // they are the hook's now
    dh_transaction_t transaction;
    dh_transaction_init(&transaction, connection->target, connection->channel,
                        message->header.txid);
    zx_status_t status = dh_call_message(connection->target, &msg, &transaction.txn);
    if (status == ZX_ERR_ASYNC && transaction.is_taken) {
        return ZX_OK;
    }
    if (status != ZX_OK) {
        dh_log(DDK_LOG_DEBUG, NULL, "%s: a message (ordinal %llx) ended its connection: %s",
               connection->target->name, (unsigned long long)message->header.ordinal,
               zx_status_get_string(status));
    }
    return status;
}

// Serves one message. Any status but ZX_OK and ZX_ERR_SHOULD_WAIT ends the connection.
static zx_status_t serve_one(dh_connection_t* connection) {
    zx_handle_t handles[ZX_CHANNEL_MAX_MSG_HANDLES];
    uint32_t num_bytes = 0;
    uint32_t num_handles = 0;
    zx_status_t status =
        zx_channel_read(connection->channel->handle, 0, message_bytes, handles,
                        sizeof(message_bytes), countof(handles), &num_bytes, &num_handles);
    if (status != ZX_OK) {
        return status;
    }
    pg_message_t message;
    status = pg_message_from_bytes(message_bytes, num_bytes, handles, num_handles, &message);
    if (status != ZX_OK) {
        return status;
    }
    status = device_device_dispatch(&device_ops, connection->target, connection->channel->handle,
                                    &message);
    if (status == ZX_ERR_NOT_SUPPORTED) {
        status = call_message_hook(connection, &message, num_bytes);
    }
    pg_message_fini(&message);
    return status;
}

void dh_connection_on_event(uint64_t key, zx_signals_t observed) {
    dh_connection_t* connection = find(key);
    if (connection == NULL) {
        return;
    }
    dh_lock();
    bool is_served = connection->device->state == DH_DEVICE_ACTIVE;
    dh_unlock();
    zx_status_t status = ZX_OK;
    if (is_served) {
        for (int i = 0; i < MESSAGES_PER_TURN && status == ZX_OK; i++) {
            status = serve_one(connection);
        }
    } else if ((observed & ZX_CHANNEL_PEER_CLOSED) != 0) {
        status = ZX_ERR_PEER_CLOSED;
    }
    if (status == ZX_OK || status == ZX_ERR_SHOULD_WAIT) {
        status = watch(connection);
    }
    if (status != ZX_OK) {
        close_connection(connection);
    }
}

// Runs the open hook. *out_target is device or an instance that the hook added.
static zx_status_t call_open_hook(zx_device_t* device, zx_device_t** out_target) {
    zx_device_t* target = device;
    dh_add_context_t context = {.kind = DH_KIND_INSTANCE, .parent = device};
    dh_add_context_set(&context);
    zx_status_t status = dh_call_open(device, &target, 0);
    dh_add_context_set(NULL);
    if (status == ZX_OK && target != device && (target == NULL || target != context.added)) {
        dh_device_misuse(device, "open", "dev_out is not an instance that this hook added");
    }
    if (context.added != NULL && (status != ZX_OK || target == device)) {
        dh_device_discard(context.added, false);
    }
    *out_target = target;
    return status;
}

static zx_status_t start_connection(zx_device_t* device, zx_device_t* target, zx_handle_t client) {
    dh_connection_t* connection = calloc(1, sizeof(*connection));
    dh_channel_t* channel = dh_channel_create(client);
    if (connection == NULL || channel == NULL) {
        free(connection);
        if (channel != NULL) {
            dh_channel_unref(channel);
        }
        dh_call_close(target, 0);
        if (target != device) {
            dh_device_discard(target, false);
        }
        return ZX_ERR_NO_MEMORY;
    }
    connection->key = next_key++;
    connection->channel = channel;
    connection->device = device;
    connection->target = target;
    dh_lock();
    dh_device_ref_locked(device);
    dh_device_ref_locked(target);
    dh_unlock();
    list_add_tail(&connections, &connection->node);
    zx_status_t status = watch(connection);
    if (status != ZX_OK) {
        close_connection(connection);
    }
    return status;
}

zx_status_t dh_connection_open(uint64_t device_id, zx_handle_t client, dh_detail_t* detail) {
    zx_status_t status = ZX_OK;
    dh_lock();
    zx_device_t* device = dh_request_find_locked(device_id, detail);
    if (device == NULL) {
        status = ZX_ERR_NOT_FOUND;
    } else if (device->state != DH_DEVICE_ACTIVE) {
        dh_detail_set(detail, "%s is %s", device->name, dh_device_state_name(device->state));
        status = ZX_ERR_BAD_STATE;
    }
    dh_unlock();
    if (status == ZX_OK && client == ZX_HANDLE_INVALID) {
        dh_detail_set(detail, "OpenDevice: no channel for the client");
        status = ZX_ERR_INVALID_ARGS;
    }
    zx_device_t* target = NULL;
    if (status == ZX_OK) {
        status = call_open_hook(device, &target);
    }
    if (status != ZX_OK) {
        zx_handle_close(client);
        return status;
    }
    return start_connection(device, target, client);
}

void dh_connections_close(zx_device_t* device) {
    dh_connection_t* connection;
    dh_connection_t* next;
    list_for_every_entry_safe(&connections, connection, next, dh_connection_t, node) {
        if (connection->device == device) {
            close_connection(connection);
        }
    }
}
