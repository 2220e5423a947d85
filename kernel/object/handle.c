// SPDX-License-Identifier: MIT
// The zx_handle_* calls, and the zx_object_* calls that ask about an object.
#include "object.h"

#include <string.h>

#include <zircon/syscalls.h>

zx_status_t zx_handle_close(zx_handle_t handle) {
    if (handle == ZX_HANDLE_INVALID) {
        return ZX_OK;
    }
    ko_object_t* object = NULL;
    zx_rights_t rights;
    zx_status_t status = ko_handle_take(handle, &object, &rights);
    if (status == ZX_OK) {
        ko_taken_drop(object);
    }
    return status;
}

zx_status_t zx_handle_close_many(const zx_handle_t* handles, size_t num_handles) {
    if (!handles && num_handles > 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t result = ZX_OK;
    for (size_t i = 0; i < num_handles; i++) {
        zx_status_t status = zx_handle_close(handles[i]);
        if (status != ZX_OK) {
            result = status;
        }
    }
    return result;
}

// What a new handle may have of what the old one has.
static zx_status_t rights_narrow(zx_rights_t have, zx_rights_t wanted, zx_rights_t* out) {
    if (wanted == ZX_RIGHT_SAME_RIGHTS) {
        *out = have;
        return ZX_OK;
    }
    if ((wanted & ~have) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    *out = wanted;
    return ZX_OK;
}

zx_status_t zx_handle_duplicate(zx_handle_t handle, zx_rights_t rights, zx_handle_t* out) {
    if (!out) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_object_t* object = NULL;
    zx_rights_t have;
    zx_status_t status = ko_handle_get_counted(handle, ZX_RIGHT_DUPLICATE, &object, &have);
    if (status != ZX_OK) {
        return status;
    }
    status = rights_narrow(have, rights, &rights);
    if (status != ZX_OK) {
        ko_taken_drop(object);
        return status;
    }
    return ko_taken_make(object, rights, out);
}

zx_status_t zx_handle_replace(zx_handle_t handle, zx_rights_t rights, zx_handle_t* out) {
    ko_object_t* object = NULL;
    zx_rights_t have;
    zx_status_t status = ko_handle_take(handle, &object, &have);
    if (status != ZX_OK) {
        return status;
    }
    status = out ? rights_narrow(have, rights, &rights) : ZX_ERR_INVALID_ARGS;
    if (status != ZX_OK) {
        ko_taken_drop(object);
        return status;
    }
    return ko_taken_make(object, rights, out);
}

// Copies one record out. Writes the counts first, so that a caller learns what it missed.
static zx_status_t info_copy(const void* record, size_t record_size, void* buffer,
                             size_t buffer_size, size_t* actual, size_t* avail) {
    bool fits = buffer && buffer_size >= record_size;
    if (actual) {
        *actual = fits ? 1 : 0;
    }
    if (avail) {
        *avail = 1;
    }
    if (!fits) {
        return ZX_ERR_BUFFER_TOO_SMALL;
    }
    memcpy(buffer, record, record_size);
    return ZX_OK;
}

// The topics an object answers itself.
static zx_status_t info_of_object(ko_object_t* object, zx_rights_t rights, uint32_t topic,
                                  void* buffer, size_t buffer_size, size_t* actual, size_t* avail) {
    if (topic > ZX_INFO_TIMER + 32) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (!object->ops->get_info) {
        return ZX_ERR_WRONG_TYPE;
    }
    if ((rights & ZX_RIGHT_INSPECT) == 0) {
        return ZX_ERR_ACCESS_DENIED;
    }
    ko_info_t info;
    memset(&info, 0, sizeof(info));
    size_t size = 0;
    zx_status_t status = object->ops->get_info(object, rights, topic, &info, &size);
    return status == ZX_OK ? info_copy(&info, size, buffer, buffer_size, actual, avail) : status;
}

zx_status_t zx_object_get_info(zx_handle_t handle, uint32_t topic, void* buffer, size_t buffer_size,
                               size_t* actual, size_t* avail) {
    ko_object_t* object = NULL;
    zx_rights_t rights;
    zx_status_t status = ko_handle_get_rights(handle, ZX_OBJ_TYPE_NONE, 0, &object, &rights);
    if (status != ZX_OK) {
        return status;
    }
    if (topic == ZX_INFO_HANDLE_VALID) {
        status = ZX_OK;
    } else if (topic == ZX_INFO_HANDLE_BASIC) {
        zx_info_handle_basic_t basic = {.koid = object->koid,
                                        .rights = rights,
                                        .type = object->ops->type,
                                        .related_koid = object->related_koid};
        status = info_copy(&basic, sizeof(basic), buffer, buffer_size, actual, avail);
    } else if (topic == ZX_INFO_HANDLE_COUNT) {
        zx_info_handle_count_t count = {.handle_count = atomic_load(&object->handles)};
        status = (rights & ZX_RIGHT_INSPECT)
                     ? info_copy(&count, sizeof(count), buffer, buffer_size, actual, avail)
                     : ZX_ERR_ACCESS_DENIED;
    } else {
        status = info_of_object(object, rights, topic, buffer, buffer_size, actual, avail);
    }
    ko_object_release(object);
    return status;
}

// The properties that an object answers itself, all of them numbers.
static zx_status_t property_number(ko_object_t* object, uint32_t property, bool is_set, void* value,
                                   size_t value_size) {
    if (!object->ops->property) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    uint64_t number = 0;
    if (is_set && value && value_size >= sizeof(number)) {
        memcpy(&number, value, sizeof(number));
    }
    uint64_t before = 0;
    zx_status_t status = object->ops->property(object, property, false, &before);
    if (status != ZX_OK) {
        return status;
    }
    if (!value || value_size < sizeof(number)) {
        return value ? ZX_ERR_BUFFER_TOO_SMALL : ZX_ERR_INVALID_ARGS;
    }
    if (!is_set) {
        memcpy(value, &before, sizeof(before));
        return ZX_OK;
    }
    status = object->ops->property(object, property, true, &number);
    if (status == ZX_OK) {
        ko_object_changed(object);
    }
    return status;
}

zx_status_t zx_object_get_property(zx_handle_t handle, uint32_t property, void* value,
                                   size_t value_size) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_NONE, ZX_RIGHT_GET_PROPERTY, &object);
    if (status != ZX_OK) {
        return status;
    }
    if (property != ZX_PROP_NAME) {
        status = property_number(object, property, false, value, value_size);
    } else if (!value) {
        status = ZX_ERR_INVALID_ARGS;
    } else if (value_size < ZX_MAX_NAME_LEN) {
        status = ZX_ERR_BUFFER_TOO_SMALL;
    } else {
        pthread_mutex_lock(&object->wait_lock);
        memcpy(value, object->name, ZX_MAX_NAME_LEN);
        pthread_mutex_unlock(&object->wait_lock);
    }
    ko_object_release(object);
    return status;
}

zx_status_t zx_object_set_property(zx_handle_t handle, uint32_t property, const void* value,
                                   size_t value_size) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_NONE, ZX_RIGHT_SET_PROPERTY, &object);
    if (status != ZX_OK) {
        return status;
    }
    if (property != ZX_PROP_NAME) {
        status = property_number(object, property, true, (void*)(uintptr_t)value, value_size);
    } else if (!value && value_size > 0) {
        status = ZX_ERR_INVALID_ARGS;
    } else {
        size_t size = value_size < ZX_MAX_NAME_LEN ? value_size : ZX_MAX_NAME_LEN - 1;
        pthread_mutex_lock(&object->wait_lock);
        memset(object->name, 0, sizeof(object->name));
        if (size > 0) {
            memcpy(object->name, value, size);
        }
        pthread_mutex_unlock(&object->wait_lock);
    }
    ko_object_release(object);
    return status;
}
