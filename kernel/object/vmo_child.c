// SPDX-License-Identifier: MIT
// VMOs made of other VMOs: slices share the memory, snapshots copy it. And executable handles.
//
// Linux has no copy-on-write between two memfds, so a snapshot copies at once what its parent has
// committed; holes stay holes.
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <zircon/syscalls.h>

#include "resource.h"
#include "vmo.h"

#define MAX_SIZE   ((uint64_t)1 << 46)
#define BLOCK_SIZE ((size_t)256 * 1024)

#define KINDS   (ZX_VMO_CHILD_SNAPSHOT | ZX_VMO_CHILD_SLICE | ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE)
#define OPTIONS (KINDS | ZX_VMO_CHILD_RESIZABLE | ZX_VMO_CHILD_NO_WRITE)

static uint64_t least(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

// ---- snapshots

static zx_status_t copy_status(int error) {
    return error == ENOSPC || error == ENOMEM ? ZX_ERR_NO_MEMORY : ZX_ERR_IO;
}

// Copies a run of data in blocks; what the source loses meanwhile stays zero.
static zx_status_t run_copy(int from, uint64_t from_offset, int to, uint64_t to_offset,
                            uint64_t size, void* block) {
    while (size > 0) {
        ssize_t got = pread(from, block, least(size, BLOCK_SIZE), (off_t)from_offset);
        if (got == 0) {
            return ZX_OK;
        }
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0 || pwrite(to, block, (size_t)got, (off_t)to_offset) != got) {
            return copy_status(errno);
        }
        from_offset += (uint64_t)got;
        to_offset += (uint64_t)got;
        size -= (uint64_t)got;
    }
    return ZX_OK;
}

// Copies [start, end) of one fd to the start of the other, without its holes.
static zx_status_t range_copy(int from, uint64_t start, uint64_t end, int to) {
    void* block = malloc(BLOCK_SIZE);
    if (!block) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = ZX_OK;
    uint64_t at = start;
    while (at < end && status == ZX_OK) {
        off_t data = lseek(from, (off_t)at, SEEK_DATA);
        if (data < 0 || (uint64_t)data >= end) {
            break;  // nothing but a hole is left
        }
        off_t hole = lseek(from, data, SEEK_HOLE);
        uint64_t stop = hole < 0 ? end : least((uint64_t)hole, end);
        status = run_copy(from, (uint64_t)data, to, (uint64_t)data - start, stop - (uint64_t)data,
                          block);
        at = stop;
    }
    free(block);
    return status;
}

static zx_status_t snapshot_fill(const ko_vmo_view_t* parent, uint64_t offset, uint64_t size,
                                 uint32_t options, int fd) {
    if (ftruncate(fd, (off_t)size) < 0) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = ZX_OK;
    if (offset < parent->size) {
        uint64_t start = parent->fd_offset + offset;
        uint64_t there = least(size, parent->size - offset);
        status = range_copy(parent->fd, start, start + there, fd);
    }
    int seals = options & ZX_VMO_CHILD_RESIZABLE ? 0 : F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;
    // Nobody can ever write it then, whatever process it gets to.
    seals |= options & ZX_VMO_CHILD_NO_WRITE ? F_SEAL_FUTURE_WRITE : 0;
    if (status == ZX_OK && seals != 0 && fcntl(fd, F_ADD_SEALS, seals) < 0) {
        status = ZX_ERR_NO_RESOURCES;
    }
    return status;
}

static zx_status_t snapshot_create(ko_object_t* parent, const ko_vmo_view_t* view, uint32_t options,
                                   uint64_t offset, uint64_t size, zx_rights_t rights,
                                   zx_handle_t* out) {
    if (view->is_device || view->is_contiguous) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    int fd = memfd_create("zx-vmo", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return errno == ENOMEM ? ZX_ERR_NO_MEMORY : ZX_ERR_NO_RESOURCES;
    }
    zx_status_t status = snapshot_fill(view, offset, size, options, fd);
    if (status != ZX_OK) {
        ko_fd_close(&fd);
        return status;
    }
    if ((options & ZX_VMO_CHILD_NO_WRITE) == 0) {
        rights = (rights | ZX_RIGHT_WRITE) & ~ZX_RIGHT_EXECUTE;
    }
    ko_vmo_view_t child = {
        .fd = fd, .size = size, .is_resizable = (options & ZX_VMO_CHILD_RESIZABLE) != 0};
    return ko_vmo_make_child(parent, &child, true, rights, out);
}

// ---- slices

// The part of a hole that lies in the slice, seen from its start.
static ko_vmo_hole_t hole_cut(const ko_vmo_hole_t* hole, uint64_t offset, uint64_t size) {
    uint64_t start = hole->offset > offset ? hole->offset : offset;
    uint64_t end = least(hole->offset + hole->size, offset + size);
    return start < end ? (ko_vmo_hole_t){start - offset, end - start} : (ko_vmo_hole_t){0, 0};
}

static zx_status_t slice_create(ko_object_t* parent, const ko_vmo_view_t* view, uint32_t options,
                                uint64_t offset, uint64_t size, zx_rights_t rights,
                                zx_handle_t* out) {
    if (options & ZX_VMO_CHILD_RESIZABLE) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (view->is_resizable) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (offset > view->size || size > view->size - offset) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_vmo_view_t child = *view;
    child.fd_offset += offset;
    child.size = size;
    for (int i = 0; i < KO_VMO_MAX_HOLES; i++) {
        child.holes[i] = hole_cut(&view->holes[i], offset, size);
    }
    child.fd = fcntl(view->fd, F_DUPFD_CLOEXEC, 0);
    if (child.fd < 0) {
        return ZX_ERR_NO_RESOURCES;
    }
    return ko_vmo_make_child(parent, &child, false, rights, out);
}

static bool options_are_good(uint32_t options) {
    uint32_t kind = options & KINDS;
    bool is_one_kind = kind != 0 && (kind & (kind - 1)) == 0;
    bool is_fixed_or_writable =
        !(options & ZX_VMO_CHILD_NO_WRITE) || !(options & ZX_VMO_CHILD_RESIZABLE);
    return (options & ~OPTIONS) == 0 && is_one_kind && is_fixed_or_writable;
}

zx_status_t zx_vmo_create_child(zx_handle_t handle, uint32_t options, uint64_t offset,
                                uint64_t size, zx_handle_t* out) {
    uint64_t end;
    if (!out || !options_are_good(options) || (offset & ZX_PAGE_MASK) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (size > MAX_SIZE || add_overflow(offset, size, &end)) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    size = (size + ZX_PAGE_MASK) & ~ZX_PAGE_MASK;
    ko_object_t* parent = NULL;
    zx_rights_t rights;
    zx_status_t status = ko_handle_get_rights(handle, ZX_OBJ_TYPE_VMO,
                                              ZX_RIGHT_DUPLICATE | ZX_RIGHT_READ, &parent, &rights);
    if (status != ZX_OK) {
        return status;
    }
    ko_vmo_view_t view;
    ko_vmo_get_view(parent, &view);
    if (options & ZX_VMO_CHILD_NO_WRITE) {
        rights &= ~ZX_RIGHT_WRITE;
    }
    status = options & ZX_VMO_CHILD_SLICE
                 ? slice_create(parent, &view, options, offset, size, rights, out)
                 : snapshot_create(parent, &view, options, offset, size, rights, out);
    ko_object_release(parent);
    return status;
}

zx_status_t zx_vmo_clone(zx_handle_t handle, uint32_t options, uint64_t offset, uint64_t size,
                         zx_handle_t* out) {
    const uint32_t all = ZX_VMO_CLONE_COPY_ON_WRITE | ZX_VMO_CLONE_NON_RESIZEABLE;
    if (!(options & ZX_VMO_CLONE_COPY_ON_WRITE) || (options & ~all) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint32_t resizable = options & ZX_VMO_CLONE_NON_RESIZEABLE ? 0 : ZX_VMO_CHILD_RESIZABLE;
    return zx_vmo_create_child(handle, ZX_VMO_CHILD_SNAPSHOT | resizable, offset, size, out);
}

// ---- other ways to a VMO

zx_status_t zx_vmo_replace_as_executable(zx_handle_t handle, zx_handle_t vmex, zx_handle_t* out) {
    ko_object_t* object = NULL;
    zx_rights_t rights;
    zx_status_t status = ko_handle_take(handle, &object, &rights);
    if (status != ZX_OK) {
        return status;
    }
    if (!out) {
        status = ZX_ERR_INVALID_ARGS;
    } else if (object->ops->type != ZX_OBJ_TYPE_VMO) {
        status = ZX_ERR_WRONG_TYPE;
    } else if (vmex == ZX_HANDLE_INVALID) {
        status = ZX_ERR_ACCESS_DENIED;
    } else {
        status = ko_resource_check(vmex, ZX_RSRC_KIND_VMEX, 0, 0);
    }
    if (status != ZX_OK) {
        ko_taken_drop(object);
        return status;
    }
    return ko_taken_make(object, rights | ZX_RIGHT_EXECUTE, out);
}

zx_status_t zx_vmo_create_physical(zx_handle_t resource, zx_paddr_t paddr, size_t size,
                                   zx_handle_t* out) {
    if (!out || size == 0 || ((paddr | size) & ZX_PAGE_MASK) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = ko_resource_check(resource, ZX_RSRC_KIND_MMIO, paddr, size);
    return status == ZX_OK ? ZX_ERR_NOT_SUPPORTED : status;
}
