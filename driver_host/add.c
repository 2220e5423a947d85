// SPDX-License-Identifier: MIT
// device_add(): the checks of what the driver passes, then one of three ways: a node that devmgr is
// told of, the stand-in of a create hook, the instance of an open hook.
#include "add.h"

#include <stdatomic.h>
#include <string.h>
#include <threads.h>

#include <zircon/errors.h>
#include <zircon/status.h>

#include <lib/ddk/debug.h>

#include "coordinator.h"
#include "loader.h"
#include "log.h"
#include "requests.h"

#define KNOWN_FLAGS                                                            \
    (DEVICE_ADD_NON_BINDABLE | DEVICE_ADD_INSTANCE | DEVICE_ADD_MUST_ISOLATE | \
     DEVICE_ADD_ALLOW_MULTI_COMPOSITE)

static _Thread_local dh_add_context_t* context_of_thread;

// Ids that this host chooses: never 0, bit 63 clear, never used twice.
static atomic_uint_fast64_t next_id = 1;

void dh_add_context_set(dh_add_context_t* context) {
    context_of_thread = context;
}

static const char* check_name(const char* name) {
    if (name == NULL || name[0] == '\0') {
        return "the device has no name";
    }
    if (strlen(name) > ZX_DEVICE_NAME_MAX) {
        return "the name is too long";
    }
    return strchr(name, '/') != NULL ? "the name has a '/'" : NULL;
}

static const char* check_properties(const device_add_args_t* args) {
    if ((args->prop_count > 0 && args->props == NULL) ||
        (args->str_prop_count > 0 && args->str_props == NULL)) {
        return "there is a count of properties, but no properties";
    }
    for (uint32_t i = 0; i < args->str_prop_count; i++) {
        const zx_device_str_prop_t* prop = &args->str_props[i];
        if (prop->key == NULL || prop->key[0] == '\0') {
            return "a string property has no key";
        }
        switch (prop->property_value.data_type) {
            case ZX_DEVICE_PROPERTY_VALUE_INT:
            case ZX_DEVICE_PROPERTY_VALUE_BOOL:
                break;
            case ZX_DEVICE_PROPERTY_VALUE_STRING:
            case ZX_DEVICE_PROPERTY_VALUE_ENUM:
                if (prop->property_value.data.str_val == NULL) {
                    return "the value of a string property is NULL";
                }
                break;
            default:
                return "a string property has an unknown type";
        }
    }
    return NULL;
}

static const char* check_metadata(const device_add_args_t* args) {
    if (args->metadata_count > 0 && args->metadata_list == NULL) {
        return "there is a count of metadata, but no metadata";
    }
    for (uint32_t i = 0; i < args->metadata_count; i++) {
        const device_metadata_t* metadata = &args->metadata_list[i];
        if (metadata->length > DEVICE_METADATA_MAX_SIZE ||
            (metadata->length > 0 && metadata->data == NULL)) {
            return "a piece of metadata is too long or NULL";
        }
    }
    return NULL;
}

static const char* check_flags(const device_add_args_t* args) {
    if ((args->flags & ~KNOWN_FLAGS) != 0) {
        return "unknown flags";
    }
    bool is_instance = (args->flags & DEVICE_ADD_INSTANCE) != 0;
    if (is_instance && (args->flags & DEVICE_ADD_MUST_ISOLATE) != 0) {
        return "INSTANCE does not go with MUST_ISOLATE";
    }
    if (is_instance && args->metadata_count > 0) {
        return "an instance has no metadata";
    }
    if (args->client_remote != ZX_HANDLE_INVALID || args->inspect_vmo != ZX_HANDLE_INVALID) {
        return "client_remote and inspect_vmo are not supported";
    }
    return NULL;
}

// What is wrong with the arguments; NULL: nothing.
static const char* check_args(const device_add_args_t* args) {
    if (args == NULL) {
        return "args is NULL";
    }
    if (args->version != DEVICE_ADD_ARGS_VERSION) {
        return "args has another version (DEVICE_ADD_ARGS_VERSION)";
    }
    if (args->ops == NULL || args->ops->version != DEVICE_OPS_VERSION) {
        return "ops is NULL or has another version (DEVICE_OPS_VERSION)";
    }
    if (args->proto_id == ZX_PROTOCOL_ROOT || args->proto_id == ZX_PROTOCOL_MISC_PARENT) {
        return "a driver can't add a device of this protocol";
    }
    const char* (*const checks[])(const device_add_args_t*) = {check_flags, check_properties,
                                                               check_metadata};
    const char* fault = check_name(args->name);
    for (size_t i = 0; i < countof(checks) && fault == NULL; i++) {
        fault = checks[i](args);
    }
    return fault;
}

static dh_device_init_t make_init(zx_driver_t* driver, zx_device_t* parent,
                                  const device_add_args_t* args) {
    return (dh_device_init_t){
        .kind = DH_KIND_NODE,
        .name = args->name,
        .driver = driver,
        .ops = args->ops,
        .ctx = args->ctx,
        .protocol_id = args->proto_id != 0 ? args->proto_id : (uint32_t)ZX_PROTOCOL_MISC,
        .protocol_ops = args->proto_ops,
        .parent = parent,
        .waits_for_init = args->ops->init != NULL || args->metadata_count > 0,
    };
}

// The one device of a create hook or of an open hook: devmgr is not told.
static zx_status_t add_special(const dh_device_init_t* init, zx_device_t** out) {
    zx_device_t* device = NULL;
    zx_status_t status = dh_device_create(init, &device);
    if (status != ZX_OK) {
        return status;
    }
    context_of_thread->added = device;
    if (out != NULL) {
        *out = device;
    }
    dh_lock();
    dh_device_note_added_locked(device);
    dh_unlock();
    return ZX_OK;
}

static zx_status_t add_in_create(zx_driver_t* driver, zx_device_t* parent,
                                 const device_add_args_t* args, zx_device_t** out) {
    dh_add_context_t* context = context_of_thread;
    if (context == NULL || context->kind != DH_KIND_NODE || context->parent != parent ||
        context->added != NULL || (args->flags & DEVICE_ADD_INSTANCE) != 0) {
        return ZX_ERR_BAD_STATE;
    }
    dh_device_init_t init = make_init(driver, parent, args);
    if (init.waits_for_init) {
        return ZX_ERR_INVALID_ARGS;  // devmgr publishes the device, not this add
    }
    init.id = context->id;
    init.name = context->name;
    return add_special(&init, out);
}

static zx_status_t add_instance(zx_driver_t* driver, zx_device_t* parent,
                                const device_add_args_t* args, zx_device_t** out) {
    dh_add_context_t* context = context_of_thread;
    if (context == NULL || context->kind != DH_KIND_INSTANCE || context->parent != parent ||
        context->added != NULL) {
        return ZX_ERR_BAD_STATE;
    }
    dh_device_init_t init = make_init(driver, parent, args);
    init.kind = DH_KIND_INSTANCE;
    init.waits_for_init = false;  // instances have neither init nor unbind
    return add_special(&init, out);
}

// Tells devmgr, and keeps the device from becoming visible before its metadata is attached.
static zx_status_t register_node(zx_device_t* device, const device_add_args_t* args) {
    device->is_metadata_pending = args->metadata_count > 0;
    zx_status_t status = dh_coordinator_add_device(device, args);
    dh_lock();
    // A request for the device that came before the answer says the same as a good answer.
    if (status == ZX_OK || device->state != DH_DEVICE_ADDING) {
        dh_device_note_added_locked(device);
        status = ZX_OK;
    }
    dh_unlock();
    for (uint32_t i = 0; status == ZX_OK && i < args->metadata_count; i++) {
        const device_metadata_t* metadata = &args->metadata_list[i];
        zx_status_t metadata_status = dh_coordinator_add_metadata(device->id, metadata->type,
                                                                  metadata->data, metadata->length);
        if (metadata_status != ZX_OK) {
            dh_log(DDK_LOG_ERROR, NULL, "device_add(%s): metadata %08x was not taken: %s",
                   device->name, metadata->type, zx_status_get_string(metadata_status));
        }
    }
    return status;
}

static zx_status_t add_node(zx_driver_t* driver, zx_device_t* parent, const device_add_args_t* args,
                            zx_device_t** out) {
    dh_device_init_t init = make_init(driver, parent, args);
    init.id = atomic_fetch_add(&next_id, 1);
    zx_device_t* device = NULL;
    zx_status_t status = dh_device_create(&init, &device);
    if (status != ZX_OK) {
        return status;
    }
    dh_lock();
    dh_device_ref_locked(device);
    dh_unlock();
    if (out != NULL) {
        *out = device;
    }
    status = register_node(device, args);
    if (status == ZX_OK) {
        dh_request_init_resume(device);
    } else {
        if (out != NULL) {
            *out = NULL;
        }
        dh_device_discard(device, true);
    }
    dh_device_unref(device);
    return status;
}

zx_status_t device_add_from_driver(zx_driver_t* driver, zx_device_t* parent,
                                   device_add_args_t* args, zx_device_t** out) {
    dh_device_check(parent, "device_add");
    if (out != NULL) {
        *out = NULL;
    }
    const char* fault = check_args(args);
    if (fault != NULL || driver == NULL) {
        dh_log(DDK_LOG_ERROR, driver != NULL ? driver->name : NULL, "device_add(below %s): %s",
               parent->name, fault != NULL ? fault : "the driver is NULL");
        return ZX_ERR_INVALID_ARGS;
    }
    if (parent->kind == DH_KIND_CREATE_PARENT) {
        return add_in_create(driver, parent, args, out);
    }
    if ((args->flags & DEVICE_ADD_INSTANCE) != 0) {
        return add_instance(driver, parent, args, out);
    }
    return add_node(driver, parent, args, out);
}
