// SPDX-License-Identifier: MIT
// The host's questions to devmgr (Coordinator).
#include "coordinator.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include <protocols/devmgr.h>

#include "device.h"

// Owned; ZX_HANDLE_INVALID before Start. Never closed or changed once set, so that every thread may
// use it.
static _Atomic(zx_handle_t) coordinator;

zx_status_t dh_coordinator_set(zx_handle_t channel) {
    zx_handle_t expected = ZX_HANDLE_INVALID;
    if (!atomic_compare_exchange_strong(&coordinator, &expected, channel)) {
        zx_handle_close(channel);
        return ZX_ERR_ALREADY_BOUND;
    }
    return ZX_OK;
}

static zx_status_t channel(zx_handle_t* out_channel) {
    *out_channel = atomic_load(&coordinator);
    return *out_channel != ZX_HANDLE_INVALID ? ZX_OK : ZX_ERR_BAD_STATE;
}

// The properties of args as devmgr reads them; *out_count of them, to be freed. NULL: no memory.
static node_property_t* make_properties(const device_add_args_t* args, size_t* out_count) {
    size_t count = (size_t)args->prop_count + args->str_prop_count;
    node_property_t* properties = calloc(count + 1, sizeof(*properties));
    if (properties == NULL) {
        return NULL;
    }
    node_property_t* property = properties;
    for (uint32_t i = 0; i < args->prop_count; i++, property++) {
        property->id = args->props[i].id;
        property->kind = NODE_PROPERTY_KIND_UINT;
        property->uint_value = args->props[i].value;
    }
    for (uint32_t i = 0; i < args->str_prop_count; i++, property++) {
        const zx_device_str_prop_val_t* value = &args->str_props[i].property_value;
        property->key = args->str_props[i].key;
        switch (value->data_type) {
            case ZX_DEVICE_PROPERTY_VALUE_STRING:
                property->kind = NODE_PROPERTY_KIND_STRING;
                property->string_value = value->data.str_val;
                break;
            case ZX_DEVICE_PROPERTY_VALUE_ENUM:
                property->kind = NODE_PROPERTY_KIND_ENUM;
                property->string_value = value->data.enum_val;
                break;
            case ZX_DEVICE_PROPERTY_VALUE_BOOL:
                property->kind = NODE_PROPERTY_KIND_BOOL;
                property->bool_value = value->data.bool_val;
                break;
            default:
                property->kind = NODE_PROPERTY_KIND_UINT;
                property->uint_value = value->data.int_val;
                break;
        }
    }
    *out_count = count;
    return properties;
}

zx_status_t dh_coordinator_add_device(const zx_device_t* device, const device_add_args_t* args) {
    zx_handle_t handle;
    zx_status_t status = channel(&handle);
    if (status != ZX_OK) {
        return status;
    }
    devmgr_add_device_request_t request = {
        .device_id = device->id,
        .parent_id = device->parent->id,
        .name = device->name,
        .protocol_id = device->protocol_id,
        .flags = args->flags,
        .has_init = device->waits_for_init,
        .proxy_args = (args->flags & DEVICE_ADD_MUST_ISOLATE) != 0 ? args->proxy_args : NULL,
    };
    node_property_t* properties = make_properties(args, &request.properties_count);
    if (properties == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    request.properties = properties;
    pg_arena_t arena = {0};
    devmgr_status_response_t response;
    status = devmgr_coordinator_add_device(handle, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    pg_arena_fini(&arena);
    free(properties);
    return status;
}

zx_status_t dh_coordinator_schedule_remove(uint64_t device_id) {
    zx_handle_t handle;
    zx_status_t status = channel(&handle);
    if (status != ZX_OK) {
        return status;
    }
    devmgr_device_request_t request = {.device_id = device_id};
    pg_arena_t arena = {0};
    devmgr_status_response_t response;
    status = devmgr_coordinator_schedule_remove(handle, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    pg_arena_fini(&arena);
    return status;
}

zx_status_t dh_coordinator_add_metadata(uint64_t device_id, uint32_t type, const void* data,
                                        size_t size) {
    zx_handle_t handle;
    zx_status_t status = channel(&handle);
    if (status != ZX_OK) {
        return status;
    }
    devmgr_add_metadata_request_t request = {
        .device_id = device_id, .type = type, .data = data, .data_count = size};
    pg_arena_t arena = {0};
    devmgr_status_response_t response;
    status = devmgr_coordinator_add_metadata(handle, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    pg_arena_fini(&arena);
    return status;
}

zx_status_t dh_coordinator_get_metadata(uint64_t device_id, uint32_t type, void* buf,
                                        size_t buf_size, size_t* out_actual) {
    zx_handle_t handle;
    zx_status_t status = channel(&handle);
    if (status != ZX_OK) {
        return status;
    }
    devmgr_metadata_request_t request = {.device_id = device_id, .type = type};
    pg_arena_t arena = {0};
    devmgr_metadata_response_t response;
    status = devmgr_coordinator_get_metadata(handle, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    if (status == ZX_OK) {
        *out_actual = response.data_count;
        if (response.data_count > buf_size) {
            status = ZX_ERR_BUFFER_TOO_SMALL;
        } else if (response.data_count > 0) {
            memcpy(buf, response.data, response.data_count);
        }
    }
    pg_arena_fini(&arena);
    return status;
}

zx_status_t dh_coordinator_log(uint8_t severity, const char* driver, const char* text) {
    zx_handle_t handle;
    zx_status_t status = channel(&handle);
    if (status != ZX_OK) {
        return status;
    }
    devmgr_log_record_t record = {.severity = severity, .driver = driver, .text = text};
    return devmgr_coordinator_log(handle, &record);
}
