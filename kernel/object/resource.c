// SPDX-License-Identifier: MIT
// Resource: the right to make physical objects, of one kind and range, or of all (root).
//
// A resource is checked in the process that made it. One that arrived in a message is only what its
// sender wrote, so it shows its range and opens nothing.
#include "resource.h"

#include <stdlib.h>
#include <string.h>

#include <lx/resource.h>
#include <zircon/syscalls.h>

typedef struct ko_resource {
    ko_object_t base;
    zx_rsrc_kind_t kind;
    uint32_t flags;
    uint64_t first;
    uint64_t size;
    bool is_received;
} ko_resource_t;

static zx_status_t resource_get_info(ko_object_t* object, zx_rights_t rights, uint32_t topic,
                                     ko_info_t* out, size_t* out_size) {
    (void)rights;
    if (topic != ZX_INFO_RESOURCE) {
        return ZX_ERR_WRONG_TYPE;
    }
    ko_resource_t* resource = (ko_resource_t*)object;
    out->resource = (zx_info_resource_t){.kind = resource->kind,
                                         .flags = resource->flags,
                                         .base = resource->first,
                                         .size = resource->size};
    memcpy(out->resource.name, object->name, sizeof(out->resource.name));
    *out_size = sizeof(out->resource);
    return ZX_OK;
}

static zx_status_t resource_export(ko_object_t* object, ko_wire_t* out) {
    ko_resource_t* resource = (ko_resource_t*)object;
    out->words[0] = resource->kind;
    out->words[1] = resource->flags;
    out->words[2] = resource->first;
    out->words[3] = resource->size;
    memcpy(&out->words[4], object->name, ZX_MAX_NAME_LEN);
    return ZX_OK;
}

static void resource_destroy(ko_object_t* object) {
    free(object);
}

static const ko_ops_t resource_ops = {
    .type = ZX_OBJ_TYPE_RESOURCE,
    .default_rights = ZX_DEFAULT_RESOURCE_RIGHTS,
    .destroy = resource_destroy,
    .export_wire = resource_export,
    .get_info = resource_get_info,
};

static ko_resource_t* resource_new(zx_rsrc_kind_t kind, uint32_t flags, uint64_t first,
                                   uint64_t size) {
    ko_resource_t* resource = calloc(1, sizeof(*resource));
    if (resource) {
        ko_object_init(&resource->base, &resource_ops);
        resource->kind = kind;
        resource->flags = flags;
        resource->first = first;
        resource->size = size;
    }
    return resource;
}

zx_status_t lx_root_resource_create(zx_handle_t* out) {
    ko_resource_t* resource = resource_new(ZX_RSRC_KIND_ROOT, 0, 0, 0);
    if (!resource) {
        return ZX_ERR_NO_MEMORY;
    }
    strcpy(resource->base.name, "root");
    return ko_handle_make(&resource->base, ZX_RIGHT_SAME_RIGHTS, out);
}

zx_status_t ko_import_resource(ko_wire_t* wire, ko_object_t** out) {
    if (wire->fd_count != 0 || wire->words[0] >= ZX_RSRC_KIND_COUNT ||
        wire->words[1] > UINT32_MAX || wire->words[2] + wire->words[3] < wire->words[2]) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    ko_resource_t* resource = resource_new((zx_rsrc_kind_t)wire->words[0], (uint32_t)wire->words[1],
                                           wire->words[2], wire->words[3]);
    if (!resource) {
        return ZX_ERR_NO_MEMORY;
    }
    resource->is_received = true;
    memcpy(resource->base.name, &wire->words[4], ZX_MAX_NAME_LEN);
    resource->base.name[ZX_MAX_NAME_LEN - 1] = 0;
    *out = &resource->base;
    return ZX_OK;
}

static zx_status_t resource_covers(const ko_resource_t* resource, zx_rsrc_kind_t kind,
                                   uint64_t first, uint64_t size) {
    if (resource->is_received) {
        return ZX_ERR_ACCESS_DENIED;
    }
    if (resource->kind == ZX_RSRC_KIND_ROOT) {
        return ZX_OK;
    }
    if (resource->kind != kind) {
        return ZX_ERR_WRONG_TYPE;
    }
    uint64_t end;
    if (add_overflow(first, size, &end) || first < resource->first ||
        end > resource->first + resource->size) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    return ZX_OK;
}

zx_status_t ko_resource_check(zx_handle_t handle, zx_rsrc_kind_t kind, uint64_t base,
                              uint64_t size) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_RESOURCE, 0, &object);
    if (status == ZX_OK) {
        status = resource_covers((ko_resource_t*)object, kind, base, size);
        ko_object_release(object);
    }
    return status;
}

zx_status_t zx_resource_create(zx_handle_t parent_rsrc, uint32_t options, uint64_t base,
                               size_t size, const char* name, size_t name_size,
                               zx_handle_t* resource_out) {
    zx_rsrc_kind_t kind = ZX_RSRC_EXTRACT_KIND(options);
    uint32_t flags = ZX_RSRC_EXTRACT_FLAGS(options);
    uint64_t end;
    if (!resource_out || (!name && name_size > 0) || kind >= ZX_RSRC_KIND_COUNT ||
        (flags & ~ZX_RSRC_FLAG_EXCLUSIVE) != 0 || add_overflow(base, (uint64_t)size, &end)) {
        return ZX_ERR_INVALID_ARGS;
    }
    // These two are of no range.
    if ((kind == ZX_RSRC_KIND_ROOT || kind == ZX_RSRC_KIND_HYPERVISOR) && (base | size) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_object_t* parent = NULL;
    zx_status_t status = ko_handle_get(parent_rsrc, ZX_OBJ_TYPE_RESOURCE, ZX_RIGHT_WRITE, &parent);
    if (status != ZX_OK) {
        return status;
    }
    status = resource_covers((ko_resource_t*)parent, kind, base, size);
    ko_object_release(parent);
    if (status != ZX_OK) {
        return status == ZX_ERR_WRONG_TYPE ? ZX_ERR_ACCESS_DENIED : status;
    }
    ko_resource_t* resource = resource_new(kind, flags, base, size);
    if (!resource) {
        return ZX_ERR_NO_MEMORY;
    }
    if (name_size > 0) {
        memcpy(resource->base.name, name,
               name_size < ZX_MAX_NAME_LEN ? name_size : ZX_MAX_NAME_LEN - 1);
    }
    return ko_handle_make(&resource->base, ZX_RIGHT_SAME_RIGHTS, resource_out);
}
