// SPDX-License-Identifier: MIT
// Cookies: a number that the maker of an object ties to it, for who holds the same scope object. It
// belongs to the object in this process; what another process sends back is a new object without.
#include <zircon/syscalls.h>

#include "object.h"

static bool may_have_cookie(const ko_object_t* object) {
    zx_obj_type_t type = object->ops->type;
    return type == ZX_OBJ_TYPE_EVENT || type == ZX_OBJ_TYPE_EVENTPAIR ||
           type == ZX_OBJ_TYPE_RESOURCE || type == ZX_OBJ_TYPE_VMO;
}

// The object and the koid of the scope. The object's reference is the caller's on success.
static zx_status_t get_both(zx_handle_t handle, zx_handle_t scope, ko_object_t** out,
                            zx_koid_t* out_scope) {
    ko_object_t* scope_object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_NONE, 0, out);
    if (status != ZX_OK) {
        return status;
    }
    status = ko_handle_get(scope, ZX_OBJ_TYPE_NONE, 0, &scope_object);
    if (status == ZX_OK) {
        *out_scope = scope_object->koid;
        ko_object_release(scope_object);
        status = may_have_cookie(*out) ? ZX_OK : ZX_ERR_NOT_SUPPORTED;
    }
    // The cookie of an end goes with the other end.
    if (status == ZX_OK && (*out)->ops->type == ZX_OBJ_TYPE_EVENTPAIR &&
        (ko_signals(*out) & ZX_EVENTPAIR_PEER_CLOSED)) {
        status = ZX_ERR_ACCESS_DENIED;
    }
    if (status != ZX_OK) {
        ko_object_release(*out);
    }
    return status;
}

zx_status_t zx_object_set_cookie(zx_handle_t handle, zx_handle_t scope, uint64_t cookie) {
    ko_object_t* object = NULL;
    zx_koid_t koid = ZX_KOID_INVALID;
    zx_status_t status = get_both(handle, scope, &object, &koid);
    if (status != ZX_OK) {
        return status;
    }
    pthread_mutex_lock(&object->wait_lock);
    if (object->cookie_scope == ZX_KOID_INVALID || object->cookie_scope == koid) {
        object->cookie_scope = koid;
        object->cookie = cookie;
    } else {
        status = ZX_ERR_ACCESS_DENIED;
    }
    pthread_mutex_unlock(&object->wait_lock);
    ko_object_release(object);
    return status;
}

zx_status_t zx_object_get_cookie(zx_handle_t handle, zx_handle_t scope, uint64_t* cookie) {
    ko_object_t* object = NULL;
    zx_koid_t koid = ZX_KOID_INVALID;
    zx_status_t status = get_both(handle, scope, &object, &koid);
    if (status != ZX_OK) {
        return status;
    }
    pthread_mutex_lock(&object->wait_lock);
    if (object->cookie_scope != koid) {
        status = ZX_ERR_ACCESS_DENIED;
    } else if (!cookie) {
        status = ZX_ERR_INVALID_ARGS;
    } else {
        *cookie = object->cookie;
    }
    pthread_mutex_unlock(&object->wait_lock);
    ko_object_release(object);
    return status;
}
