// SPDX-License-Identifier: MIT
// The hooks of a device by lookup: the driver's, or what an empty slot stands for.
#include "defaults.h"

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "device.h"

const zx_protocol_device_t dh_stub_ops = {.version = DEVICE_OPS_VERSION};

zx_status_t dh_call_get_protocol(const zx_device_t* device, uint32_t proto_id, void* out) {
    if (device->ops->get_protocol != NULL) {
        return device->ops->get_protocol(device->ctx, proto_id, out);
    }
    if (proto_id != device->protocol_id || device->protocol_ops == NULL) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    zx_protocol_t* protocol = out;
    protocol->ops = device->protocol_ops;
    protocol->ctx = device->ctx;
    return ZX_OK;
}

bool dh_call_init(zx_device_t* device) {
    if (device->ops->init == NULL) {
        return false;
    }
    device->ops->init(device->ctx);
    return true;
}

zx_status_t dh_call_open(zx_device_t* device, zx_device_t** out_device, uint32_t flags) {
    if (device->ops->open == NULL) {
        return ZX_OK;
    }
    return device->ops->open(device->ctx, out_device, flags);
}

zx_status_t dh_call_close(zx_device_t* device, uint32_t flags) {
    if (device->ops->close == NULL) {
        return ZX_OK;
    }
    return device->ops->close(device->ctx, flags);
}

bool dh_call_unbind(zx_device_t* device) {
    if (device->ops->unbind == NULL) {
        return false;
    }
    device->ops->unbind(device->ctx);
    return true;
}

void dh_call_release(zx_device_t* device) {
    if (device->ops->release != NULL) {
        device->ops->release(device->ctx);
    }
}

zx_status_t dh_call_read(zx_device_t* device, void* buf, size_t count, zx_off_t offset,
                         size_t* out_actual) {
    if (device->ops->read == NULL) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    return device->ops->read(device->ctx, buf, count, offset, out_actual);
}

zx_status_t dh_call_write(zx_device_t* device, const void* buf, size_t count, zx_off_t offset,
                          size_t* out_actual) {
    if (device->ops->write == NULL) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    return device->ops->write(device->ctx, buf, count, offset, out_actual);
}

zx_off_t dh_call_get_size(zx_device_t* device) {
    return device->ops->get_size != NULL ? device->ops->get_size(device->ctx) : 0;
}

zx_status_t dh_call_message(zx_device_t* device, fidl_incoming_msg_t* msg, fidl_txn_t* txn) {
    if (device->ops->message == NULL) {
        zx_handle_close_many(msg->handles, msg->num_handles);
        return ZX_ERR_NOT_SUPPORTED;
    }
    return device->ops->message(device->ctx, msg, txn);
}

void dh_call_child_pre_release(zx_device_t* parent, void* child_ctx) {
    if (parent->ops->child_pre_release != NULL) {
        parent->ops->child_pre_release(parent->ctx, child_ctx);
    }
}
