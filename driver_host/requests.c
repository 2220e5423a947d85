// SPDX-License-Identifier: MIT
// devmgr's requests about devices: create, bind, init, unbind, remove.
#include "requests.h"

#include <inttypes.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <lib/ddk/debug.h>

#include "activity.h"
#include "add.h"
#include "connection.h"
#include "defaults.h"
#include "device.h"
#include "loader.h"
#include "log.h"
#include "loop.h"
#include "rpc.h"

// Ids that devmgr gives have this bit.
#define DEVMGR_ID_BIT (UINT64_C(1) << 63)

zx_device_t* dh_request_find_locked(uint64_t device_id, dh_detail_t* detail) {
    zx_device_t* device = dh_device_find_locked(device_id);
    if (device == NULL) {
        dh_detail_set(detail, "no device %" PRIx64 " in this host", device_id);
        return NULL;
    }
    dh_device_note_added_locked(device);
    return device;
}

static zx_status_t refuse(const zx_device_t* device, const char* request, dh_detail_t* detail) {
    dh_detail_set(detail, "%s: not possible while %s is %s", request, device->name,
                  dh_device_state_name(device->state));
    return ZX_ERR_BAD_STATE;
}

// ---- CreateDevice

static zx_status_t create_stub(const devmgr_create_device_request_t* request) {
    dh_device_init_t init = {
        .kind = DH_KIND_NODE,
        .id = request->device_id,
        .name = request->name,
        .ops = &dh_stub_ops,
        .protocol_id = request->protocol_id,
    };
    zx_device_t* device = NULL;
    zx_status_t status = dh_device_create(&init, &device);
    if (status == ZX_OK) {
        dh_lock();
        dh_device_note_added_locked(device);
        dh_unlock();
    }
    return status;
}

// Runs the create hook of a proxy with a placeholder for the parent, which lives in another host.
// Takes rpc_channel.
static zx_status_t call_create(zx_driver_t* driver, const devmgr_create_device_request_t* request,
                               zx_handle_t rpc_channel, dh_detail_t* detail) {
    dh_device_init_t init = {
        .kind = DH_KIND_CREATE_PARENT, .name = "proxy-parent", .ops = &dh_stub_ops};
    zx_device_t* parent = NULL;
    zx_status_t status = dh_device_create(&init, &parent);
    if (status != ZX_OK) {
        zx_handle_close(rpc_channel);
        return status;
    }
    dh_add_context_t context = {
        .kind = DH_KIND_NODE, .parent = parent, .id = request->device_id, .name = request->name};
    dh_add_context_set(&context);
    dh_activity_set(driver->name, "its create hook");
    status =
        driver->ops->create(driver->ctx, parent, "proxy",
                            request->proxy_args != NULL ? request->proxy_args : "", rpc_channel);
    dh_activity_set(NULL, NULL);
    dh_add_context_set(NULL);
    if (status == ZX_OK && context.added == NULL) {
        dh_detail_set(detail, "%s: its create hook added no device", driver->name);
        status = ZX_ERR_BAD_STATE;
    } else if (status != ZX_OK) {
        dh_detail_set(detail, "%s: its create hook failed: %s", driver->name,
                      zx_status_get_string(status));
        if (context.added != NULL) {
            dh_device_discard(context.added, false);
        }
    }
    dh_device_discard(parent, true);
    return status;
}

static zx_status_t create_proxy(const devmgr_create_device_request_t* request,
                                dh_detail_t* detail) {
    zx_driver_t* driver = NULL;
    zx_status_t status = dh_driver_load(request->proxy->name, request->proxy->vmo, &driver, detail);
    if (status == ZX_OK && driver->ops->create == NULL) {
        dh_detail_set(detail, "%s: not a proxy driver, it has no create hook", driver->name);
        status = ZX_ERR_NOT_SUPPORTED;
    }
    if (status != ZX_OK) {
        zx_handle_close(request->rpc_channel);
        return status;
    }
    return call_create(driver, request, request->rpc_channel, detail);
}

static zx_status_t check_create(const devmgr_create_device_request_t* request,
                                dh_detail_t* detail) {
    if ((request->device_id & DEVMGR_ID_BIT) == 0) {
        dh_detail_set(detail, "CreateDevice: the id lacks bit 63");
        return ZX_ERR_INVALID_ARGS;
    }
    if (request->name == NULL || strlen(request->name) > ZX_DEVICE_NAME_MAX) {
        dh_detail_set(detail, "CreateDevice: no name, or one that is too long");
        return ZX_ERR_INVALID_ARGS;
    }
    dh_lock();
    bool is_taken = dh_device_find_locked(request->device_id) != NULL;
    dh_unlock();
    if (is_taken) {
        dh_detail_set(detail, "CreateDevice: the id is in use");
        return ZX_ERR_ALREADY_EXISTS;
    }
    return ZX_OK;
}

zx_status_t dh_request_create(const devmgr_create_device_request_t* request, dh_detail_t* detail) {
    zx_status_t status = check_create(request, detail);
    if (status == ZX_OK && request->proxy != NULL) {
        return create_proxy(request, detail);
    }
    if (status == ZX_OK) {
        status = create_stub(request);
    } else if (request->proxy != NULL) {
        zx_handle_close(request->proxy->vmo);
    }
    zx_handle_close(request->rpc_channel);
    return status;
}

// ---- BindDriver

static zx_status_t call_bind(zx_driver_t* driver, zx_device_t* device, dh_detail_t* detail) {
    if (driver->ops->bind == NULL) {
        dh_detail_set(detail, "%s: it has no bind hook", driver->name);
        return ZX_ERR_NOT_SUPPORTED;
    }
    dh_lock();
    uint32_t children_before = device->child_count;
    dh_unlock();
    dh_activity_set(driver->name, "its bind hook");
    zx_status_t status = driver->ops->bind(driver->ctx, device);
    dh_activity_set(NULL, NULL);
    dh_lock();
    bool has_added = device->child_count > children_before;
    dh_unlock();
    if (status != ZX_OK) {
        dh_detail_set(detail, "%s: its bind hook refused %s: %s", driver->name, device->name,
                      zx_status_get_string(status));
    }
    if ((status == ZX_OK) != has_added) {
        dh_log(DDK_LOG_WARNING, driver->name,
               status == ZX_OK ? "bind of %s has added no device yet"
                               : "bind of %s failed, but left a device behind",
               device->name);
    }
    return status;
}

zx_status_t dh_request_bind(const devmgr_bind_driver_request_t* request, dh_detail_t* detail) {
    if (request->driver == NULL) {
        dh_detail_set(detail, "BindDriver: there is no driver");
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = ZX_OK;
    dh_lock();
    zx_device_t* device = dh_request_find_locked(request->device_id, detail);
    if (device == NULL) {
        status = ZX_ERR_NOT_FOUND;
    } else if (device->state != DH_DEVICE_ACTIVE) {
        status = refuse(device, "BindDriver", detail);
    }
    dh_unlock();
    if (status != ZX_OK) {
        zx_handle_close(request->driver->vmo);
        return status;
    }
    zx_driver_t* driver = NULL;
    status = dh_driver_load(request->driver->name, request->driver->vmo, &driver, detail);
    return status == ZX_OK ? call_bind(driver, device, detail) : status;
}

// ---- InitDevice

// Calls the init hook of a device that is in state ADDED, or answers for it.
static zx_status_t start_init(zx_device_t* device, const pg_responder_t* responder,
                              dh_detail_t* detail) {
    zx_status_t status = ZX_ERR_ASYNC;
    dh_lock();
    if (device->state == DH_DEVICE_ACTIVE && !device->waits_for_init) {
        status = ZX_OK;
    } else if (!dh_device_step_locked(device, DH_EVENT_INIT)) {
        status = refuse(device, "InitDevice", detail);
    } else {
        device->init_responder = *responder;
    }
    dh_unlock();
    if (status == ZX_ERR_ASYNC && !dh_call_init(device)) {
        device_init_reply(device, ZX_OK, NULL);
    }
    return status;
}

zx_status_t dh_request_init(uint64_t device_id, const pg_responder_t* responder,
                            dh_detail_t* detail) {
    dh_lock();
    zx_device_t* device = dh_request_find_locked(device_id, detail);
    bool is_deferred = device != NULL && device->state == DH_DEVICE_ADDED &&
                       device->is_metadata_pending && !device->is_init_deferred;
    if (is_deferred) {
        device->is_init_deferred = true;
        device->init_responder = *responder;
    }
    dh_unlock();
    if (device == NULL) {
        return ZX_ERR_NOT_FOUND;
    }
    return is_deferred ? ZX_ERR_ASYNC : start_init(device, responder, detail);
}

static void run_deferred_init(void* cookie) {
    zx_device_t* device = cookie;
    pg_responder_t responder = device->init_responder;
    dh_detail_t detail = {0};
    zx_status_t status = start_init(device, &responder, &detail);
    if (status != ZX_ERR_ASYNC) {
        dh_rpc_reply(&responder, status, &detail);
    }
}

void dh_request_init_resume(zx_device_t* device) {
    dh_lock();
    device->is_metadata_pending = false;
    zx_status_t status = ZX_OK;
    if (device->is_init_deferred) {
        status = dh_loop_queue_work_locked(device, run_deferred_init, device);
    }
    pg_responder_t responder = device->init_responder;
    dh_unlock();
    if (status != ZX_OK) {
        dh_rpc_reply(&responder, status, NULL);
    }
}

// ---- UnbindDevice, RemoveDevice

zx_status_t dh_request_unbind(uint64_t device_id, const pg_responder_t* responder,
                              dh_detail_t* detail) {
    zx_status_t status = ZX_ERR_ASYNC;
    dh_lock();
    zx_device_t* device = dh_request_find_locked(device_id, detail);
    if (device == NULL) {
        status = ZX_ERR_NOT_FOUND;
    } else if (!dh_device_step_locked(device, DH_EVENT_UNBIND)) {
        status = refuse(device, "UnbindDevice", detail);
    } else {
        device->unbind_responder = *responder;
    }
    dh_unlock();
    if (status == ZX_ERR_ASYNC && !dh_call_unbind(device)) {
        device_unbind_reply(device);
    }
    return status;
}

zx_status_t dh_request_remove(uint64_t device_id, dh_detail_t* detail) {
    zx_status_t status = ZX_OK;
    dh_lock();
    zx_device_t* device = dh_request_find_locked(device_id, detail);
    if (device == NULL) {
        status = ZX_ERR_NOT_FOUND;
    } else if (!dh_device_step_locked(device, DH_EVENT_REMOVE)) {
        status = refuse(device, "RemoveDevice", detail);
    }
    dh_unlock();
    if (status != ZX_OK) {
        return status;
    }
    dh_connections_close(device);
    dh_device_unref(device);
    return ZX_OK;
}
