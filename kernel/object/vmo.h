// SPDX-License-Identifier: MIT
// Memory objects, as the rest of kernel/ sees them: a range of an fd that can be mapped.
#pragma once

#include "object.h"

#define KO_VMO_MAX_HOLES 2

// A page range of the VMO that is never mapped and never read or written.
typedef struct ko_vmo_hole {
    uint64_t offset;  // in the VMO, page aligned
    uint64_t size;    // page aligned; 0: no hole
} ko_vmo_hole_t;

typedef struct ko_vmo_view {
    int fd;  // borrowed; lives as long as the object
    uint64_t fd_offset;
    uint64_t size;  // rounded to pages; of a resizable VMO: now
    uint32_t cache_policy;
    bool is_device;  // registers, not memory: cannot be pinned, read or written but through a
                     // mapping
    bool is_resizable;
    bool is_contiguous;  // made by zx_vmo_create_contiguous
    ko_vmo_hole_t holes[KO_VMO_MAX_HOLES];
} ko_vmo_view_t;

// `object` is of type ZX_OBJ_TYPE_VMO.
void ko_vmo_get_view(ko_object_t* object, ko_vmo_view_t* out);

// A VMO over a window of a device fd (a VFIO region). `fd` is borrowed: the VMO keeps a duplicate.
// Offsets and sizes page aligned, else ZX_ERR_INVALID_ARGS. `holes` (at most KO_VMO_MAX_HOLES) may
// be NULL with hole_count 0. Cache policy starts as UNCACHED_DEVICE.
zx_status_t ko_vmo_create_device(int fd, uint64_t fd_offset, uint64_t size,
                                 const ko_vmo_hole_t* holes, size_t hole_count, zx_handle_t* out);

// A VMO over a memfd. `fd` is consumed, on failure too. The size is the file's, rounded up to
// pages; it is sealed against changes of size.
zx_status_t ko_vmo_create_from_memfd(int fd, zx_handle_t* out);

// A handle for a child of `parent`: a VMO over `view`, whose fd is consumed, on failure too.
zx_status_t ko_vmo_make_child(ko_object_t* parent, ko_vmo_view_t* view, bool is_snapshot,
                              zx_rights_t rights, zx_handle_t* out);

// A mapping of it was made in this process (1) or is gone (-1).
void ko_vmo_count_mapping(ko_object_t* vmo, int change);
