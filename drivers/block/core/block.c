// SPDX-License-Identifier: MIT
// Block core: turns the BLOCK_IMPL of a disk driver into a device of class block, which clients
// open to get a FIFO of their own. It owns the device; each connection is a session
// (block_session.c).
#include <inttypes.h>
#include <stdlib.h>
#include <threads.h>

#include <fuchsia/hardware/block/c/banjo.h>
#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <protocols/block.h>
#include <zircon/listnode.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "block_bind.h"
#include "block_session.h"

#define BLOCK_MAX_SESSIONS 32u

typedef struct block_device {
    zx_device_t* zxdev;          // borrowed
    block_impl_protocol_t impl;  // borrowed from the parent
    block_info_t info;
    size_t op_size;

    mtx_t lock;  // guards what follows
    bool is_unbinding;
    list_node_t connections;
    uint32_t connection_count;
} block_device_t;

// The context of an instance: one client's connection.
typedef struct block_connection {
    block_device_t* device;    // borrowed: an instance is released before its parent
    list_node_t node;          // in device->connections
    block_session_t* session;  // owned
} block_connection_t;

// ---- messages of protocols/block; main thread

static void handle_get_info(void* ctx, const block_empty_t* request, pg_responder_t responder) {
    (void)request;
    const block_info_t* info = &((block_connection_t*)ctx)->device->info;
    block_get_info_response_t response = {
        .status = ZX_OK,
        .block_count = info->block_count,
        .block_size = info->block_size,
        .max_transfer_size = info->max_transfer_size,
        .flags = info->flags,
    };
    block_block_get_info_reply(&responder, &response);
}

static void handle_get_fifo(void* ctx, const block_empty_t* request, pg_responder_t responder) {
    (void)request;
    block_connection_t* connection = ctx;
    block_get_fifo_response_t response = {.fifo = ZX_HANDLE_INVALID};
    response.status = block_session_start_fifo(connection->session, &response.fifo);
    block_block_get_fifo_reply(&responder, &response);
}

static void handle_attach_vmo(void* ctx, const block_attach_vmo_request_t* request,
                              pg_responder_t responder) {
    block_connection_t* connection = ctx;
    block_attach_vmo_response_t response = {.vmoid = 0};
    response.status = block_session_attach_vmo(connection->session, request->vmo, &response.vmoid);
    block_block_attach_vmo_reply(&responder, &response);
}

static void handle_close_fifo(void* ctx, const block_empty_t* request, pg_responder_t responder) {
    (void)request;
    block_connection_t* connection = ctx;
    block_session_stop(connection->session);
    block_status_response_t response = {.status = ZX_OK};
    block_block_close_fifo_reply(&responder, &response);
}

static const block_block_ops_t message_ops = {
    .get_info = handle_get_info,
    .get_fifo = handle_get_fifo,
    .attach_vmo = handle_attach_vmo,
    .close_fifo = handle_close_fifo,
};

// ---- the instance of one connection

static zx_status_t connection_message(void* ctx, fidl_incoming_msg_t* msg, fidl_txn_t* txn) {
    pg_message_t message;
    zx_status_t status =
        pg_message_from_bytes(msg->bytes, msg->num_bytes, msg->handles, msg->num_handles, &message);
    if (status != ZX_OK) {
        return status;
    }
    status = block_block_dispatch(&message_ops, ctx, txn->channel, &message);
    pg_message_fini(&message);
    return status;
}

static zx_status_t connection_close(void* ctx, uint32_t flags) {
    (void)flags;
    block_connection_t* connection = ctx;
    block_session_stop(connection->session);
    return ZX_OK;
}

// Waits for what the disk driver still has of this client.
static void connection_release(void* ctx) {
    block_connection_t* connection = ctx;
    block_device_t* device = connection->device;
    mtx_lock(&device->lock);
    list_delete(&connection->node);
    device->connection_count--;
    mtx_unlock(&device->lock);
    block_session_destroy(connection->session);
    free(connection);
}

static const zx_protocol_device_t connection_ops = {
    .version = DEVICE_OPS_VERSION,
    .close = connection_close,
    .release = connection_release,
    .message = connection_message,
};

// ---- the device

static zx_status_t add_connection(block_device_t* device, block_connection_t* connection) {
    mtx_lock(&device->lock);
    zx_status_t status = ZX_OK;
    if (device->is_unbinding) {
        status = ZX_ERR_UNAVAILABLE;
    } else if (device->connection_count >= BLOCK_MAX_SESSIONS) {
        status = ZX_ERR_NO_RESOURCES;
    } else {
        list_add_tail(&device->connections, &connection->node);
        device->connection_count++;
    }
    mtx_unlock(&device->lock);
    return status;
}

static zx_status_t block_open(void* ctx, zx_device_t** dev_out, uint32_t flags) {
    (void)flags;
    block_device_t* device = ctx;
    block_connection_t* connection = calloc(1, sizeof(*connection));
    if (connection == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    connection->device = device;
    zx_status_t status =
        block_session_create(&device->impl, &device->info, device->op_size, &connection->session);
    if (status == ZX_OK) {
        status = add_connection(device, connection);
    }
    if (status != ZX_OK) {
        block_session_destroy(connection->session);
        free(connection);
        return status;
    }
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = "block-session",
        .ctx = connection,
        .ops = &connection_ops,
        .flags = DEVICE_ADD_INSTANCE,
    };
    status = device_add(device->zxdev, &args, dev_out);
    if (status != ZX_OK) {
        connection_release(connection);
    }
    return status;
}

static zx_off_t block_get_size(void* ctx) {
    const block_device_t* device = ctx;
    return device->info.block_count * device->info.block_size;
}

static void block_unbind(void* ctx) {
    block_device_t* device = ctx;
    mtx_lock(&device->lock);
    device->is_unbinding = true;
    block_connection_t* connection;
    list_for_every_entry(&device->connections, connection, block_connection_t, node) {
        block_session_stop(connection->session);
    }
    mtx_unlock(&device->lock);
    device_unbind_reply(device->zxdev);
}

static void block_release(void* ctx) {
    block_device_t* device = ctx;
    mtx_destroy(&device->lock);
    free(device);
}

static const zx_protocol_device_t block_device_ops = {
    .version = DEVICE_OPS_VERSION,
    .open = block_open,
    .unbind = block_unbind,
    .release = block_release,
    .get_size = block_get_size,
};

// BLOCK for drivers above: the disk driver's ops as they are.
static void block_protocol_query(void* ctx, block_info_t* out_info, size_t* out_op_size) {
    block_device_t* device = ctx;
    *out_info = device->info;
    *out_op_size = device->op_size;
}

static void block_protocol_queue(void* ctx, block_op_t* op, block_queue_callback callback,
                                 void* cookie) {
    block_device_t* device = ctx;
    block_impl_queue(&device->impl, op, callback, cookie);
}

static const block_protocol_ops_t block_ops = {
    .query = block_protocol_query,
    .queue = block_protocol_queue,
};

// A parent in the same host is trusted with memory, not with arithmetic: these would divide by
// zero.
static bool is_info_usable(const block_info_t* info, size_t op_size) {
    return info->block_size > 0 && op_size >= sizeof(block_op_t) &&
           info->max_transfer_size >= info->block_size &&
           info->block_count <= UINT64_MAX / info->block_size;
}

static zx_status_t block_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    block_device_t* device = calloc(1, sizeof(*device));
    if (device == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    mtx_init(&device->lock, mtx_plain);
    list_initialize(&device->connections);
    zx_status_t status = device_get_protocol(parent, ZX_PROTOCOL_BLOCK_IMPL, &device->impl);
    if (status == ZX_OK) {
        block_impl_query(&device->impl, &device->info, &device->op_size);
        status = is_info_usable(&device->info, device->op_size) ? ZX_OK : ZX_ERR_INVALID_ARGS;
    }
    if (status == ZX_OK) {
        device_add_args_t args = {
            .version = DEVICE_ADD_ARGS_VERSION,
            .name = "block",
            .ctx = device,
            .ops = &block_device_ops,
            .proto_id = ZX_PROTOCOL_BLOCK,
            .proto_ops = &block_ops,
        };
        status = device_add(parent, &args, &device->zxdev);
    }
    if (status != ZX_OK) {
        zxlogf(ERROR, "bind failed: %s", zx_status_get_string(status));
        block_release(device);
    }
    return status;
}

static const zx_driver_ops_t block_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = block_bind,
};

ZIRCON_DRIVER(block, block_driver_ops, "jacinth", "0.1");
