// SPDX-License-Identifier: MIT
// The calls of <lib/ddk/device.h> and <lib/ddk/driver.h> but device_add(): each checks its device,
// takes the lock and leaves the work to device.c. Any thread.
#include <zircon/errors.h>
#include <zircon/status.h>

#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>

#include "coordinator.h"
#include "defaults.h"
#include "device.h"
#include "loader.h"
#include "log.h"
#include "loop.h"
#include "rpc.h"

void device_init_reply(zx_device_t* device, zx_status_t status,
                       const device_init_reply_args_t* args) {
    (void)args;  // for power management
    dh_device_check(device, "device_init_reply");
    dh_lock();
    bool is_legal = dh_device_step_locked(device, DH_EVENT_INIT_REPLY);
    pg_responder_t responder = device->init_responder;
    dh_unlock();
    if (!is_legal) {
        dh_device_misuse(device, "device_init_reply", "no init hook waits for a reply");
    }
    dh_rpc_reply(&responder, status, NULL);
}

void device_unbind_reply(zx_device_t* device) {
    dh_device_check(device, "device_unbind_reply");
    dh_lock();
    bool has_transactions = device->transaction_count > 0;
    bool is_legal = !has_transactions && dh_device_step_locked(device, DH_EVENT_UNBIND_REPLY);
    pg_responder_t responder = device->unbind_responder;
    dh_unlock();
    if (has_transactions) {
        dh_device_misuse(device, "device_unbind_reply", "there are transactions without a reply");
    }
    if (!is_legal) {
        dh_device_misuse(device, "device_unbind_reply", "no unbind hook waits for a reply");
    }
    dh_rpc_reply(&responder, ZX_OK, NULL);
}

void device_async_remove(zx_device_t* device) {
    dh_device_check(device, "device_async_remove");
    if (device->kind != DH_KIND_NODE) {
        dh_device_misuse(device, "device_async_remove", "this device goes with its connection");
    }
    dh_lock();
    bool is_needed = !device->is_removal_asked && device->state < DH_DEVICE_UNBINDING;
    device->is_removal_asked = device->is_removal_asked || is_needed;
    dh_unlock();
    if (!is_needed) {
        return;
    }
    zx_status_t status = dh_coordinator_schedule_remove(device->id);
    if (status != ZX_OK) {
        dh_log(DDK_LOG_ERROR, NULL, "device_async_remove(%s): %s", device->name,
               zx_status_get_string(status));
        dh_lock();
        device->is_removal_asked = false;
        dh_unlock();
    }
}

void device_suspend_reply(zx_device_t* device, zx_status_t status, uint8_t out_state) {
    (void)status;
    (void)out_state;
    dh_device_check(device, "device_suspend_reply");
    dh_device_misuse(device, "device_suspend_reply", "no suspend hook waits for a reply");
}

void device_resume_reply(zx_device_t* device, zx_status_t status, uint8_t out_power_state,
                         uint32_t out_performance_state) {
    (void)status;
    (void)out_power_state;
    (void)out_performance_state;
    dh_device_check(device, "device_resume_reply");
    dh_device_misuse(device, "device_resume_reply", "no resume hook waits for a reply");
}

const char* device_get_name(zx_device_t* device) {
    dh_device_check(device, "device_get_name");
    return device->name;
}

zx_status_t device_get_protocol(const zx_device_t* device, uint32_t proto_id, void* out) {
    dh_device_check(device, "device_get_protocol");
    return dh_call_get_protocol(device, proto_id, out);
}

zx_off_t device_get_size(zx_device_t* device) {
    dh_device_check(device, "device_get_size");
    return dh_call_get_size(device);
}

// The node that metadata of a device belongs to: an instance shares its parent's.
static uint64_t metadata_id(const zx_device_t* device) {
    return device->kind == DH_KIND_INSTANCE ? device->parent->id : device->id;
}

zx_status_t device_get_metadata(zx_device_t* device, uint32_t type, void* buf, size_t buf_size,
                                size_t* out_actual) {
    dh_device_check(device, "device_get_metadata");
    size_t actual = 0;
    zx_status_t status =
        dh_coordinator_get_metadata(metadata_id(device), type, buf, buf_size, &actual);
    if (out_actual != NULL && (status == ZX_OK || status == ZX_ERR_BUFFER_TOO_SMALL)) {
        *out_actual = actual;
    }
    return status;
}

zx_status_t device_get_metadata_size(zx_device_t* device, uint32_t type, size_t* out_size) {
    dh_device_check(device, "device_get_metadata_size");
    zx_status_t status = dh_coordinator_get_metadata(metadata_id(device), type, NULL, 0, out_size);
    return status == ZX_ERR_BUFFER_TOO_SMALL ? ZX_OK : status;
}

zx_status_t device_add_metadata(zx_device_t* device, uint32_t type, const void* data, size_t size) {
    dh_device_check(device, "device_add_metadata");
    if (size > DEVICE_METADATA_MAX_SIZE || (size > 0 && data == NULL) ||
        device->kind != DH_KIND_NODE) {
        return ZX_ERR_INVALID_ARGS;
    }
    return dh_coordinator_add_metadata(device->id, type, data, size);
}

zx_status_t device_schedule_work(zx_device_t* device, void (*callback)(void* cookie),
                                 void* cookie) {
    dh_device_check(device, "device_schedule_work");
    if (callback == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = ZX_ERR_BAD_STATE;
    dh_lock();
    if (device->state < DH_DEVICE_UNBOUND) {
        status = dh_loop_queue_work_locked(device, callback, cookie);
    }
    dh_unlock();
    return status;
}

zx_handle_t get_root_resource(void) {
    return ZX_HANDLE_INVALID;
}

zx_status_t load_firmware_from_driver(zx_driver_t* driver, zx_device_t* device, const char* path,
                                      zx_handle_t* out_vmo, size_t* out_size) {
    dh_device_check(device, "load_firmware");
    dh_log(DDK_LOG_ERROR, driver != NULL ? driver->name : NULL,
           "load_firmware(%s, %s): there is no firmware store", device->name,
           path != NULL ? path : "(null)");
    *out_vmo = ZX_HANDLE_INVALID;
    *out_size = 0;
    return ZX_ERR_NOT_SUPPORTED;
}
