// SPDX-License-Identifier: MIT
// VMO: memory with a handle. A memfd whose size is sealed, a resizable memfd, or a window of a
// device.
#include "vmo.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <zircon/syscalls.h>

#define FLAG_DEVICE     1u
#define FLAG_RESIZABLE  2u
#define FLAG_CONTIGUOUS 4u
#define FLAG_SNAPSHOT   8u
#define FLAG_ALL        15u
#define POLICY_SHIFT    8

#define MAX_SIZE    ((uint64_t)1 << 46)
#define FIXED_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

typedef struct ko_vmo ko_vmo_t;
struct ko_vmo {
    ko_object_t base;
    int fd;  // owned
    uint32_t flags;
    uint64_t fd_offset;
    uint64_t fixed_size;  // unless resizable
    _Atomic uint32_t cache_policy;
    ko_vmo_hole_t holes[KO_VMO_MAX_HOLES];
    ko_vmo_t* parent;           // owned reference; NULL: no child, or one from another process
    _Atomic uint32_t children;  // in this process
    _Atomic uint32_t mappings;  // likewise
};

static bool is_page_aligned(uint64_t value) {
    return (value & ZX_PAGE_MASK) == 0;
}

static uint64_t vmo_size(const ko_vmo_t* vmo) {
    if ((vmo->flags & FLAG_RESIZABLE) == 0) {
        return vmo->fixed_size;
    }
    struct stat info;
    return fstat(vmo->fd, &info) == 0 && info.st_size > 0 ? (uint64_t)info.st_size & ~ZX_PAGE_MASK
                                                          : 0;
}

void ko_vmo_get_view(ko_object_t* object, ko_vmo_view_t* out) {
    ko_vmo_t* vmo = (ko_vmo_t*)object;
    *out = (ko_vmo_view_t){.fd = vmo->fd,
                           .fd_offset = vmo->fd_offset,
                           .size = vmo_size(vmo),
                           .cache_policy = atomic_load(&vmo->cache_policy),
                           .is_device = (vmo->flags & FLAG_DEVICE) != 0,
                           .is_resizable = (vmo->flags & FLAG_RESIZABLE) != 0,
                           .is_contiguous = (vmo->flags & FLAG_CONTIGUOUS) != 0};
    memcpy(out->holes, vmo->holes, sizeof(out->holes));
}

void ko_vmo_count_mapping(ko_object_t* object, int change) {
    atomic_fetch_add(&((ko_vmo_t*)object)->mappings, (uint32_t)change);
}

// A change is told by ko_object_changed(), so there is nothing to watch.
static zx_signals_t vmo_signals(ko_object_t* object) {
    return atomic_load(&((ko_vmo_t*)object)->children) == 0 ? ZX_VMO_ZERO_CHILDREN : 0;
}

static uint32_t vmo_wait_sources(ko_object_t* object, zx_signals_t mask,
                                 ko_wait_source_t out[KO_MAX_WAIT_SOURCES]) {
    (void)object;
    (void)mask;
    (void)out;
    return 0;
}

static zx_status_t vmo_get_info(ko_object_t* object, zx_rights_t rights, uint32_t topic,
                                ko_info_t* out, size_t* out_size) {
    if (topic != ZX_INFO_VMO) {
        return ZX_ERR_WRONG_TYPE;
    }
    ko_vmo_t* vmo = (ko_vmo_t*)object;
    struct stat info = {0};
    (void)fstat(vmo->fd, &info);
    bool is_device = (vmo->flags & FLAG_DEVICE) != 0;
    out->vmo.koid = object->koid;
    memcpy(out->vmo.name, object->name, sizeof(out->vmo.name));
    out->vmo.size_bytes = vmo_size(vmo);
    out->vmo.num_mappings = atomic_load(&vmo->mappings);
    out->vmo.flags = (is_device ? ZX_INFO_VMO_TYPE_PHYSICAL : ZX_INFO_VMO_TYPE_PAGED) |
                     (vmo->flags & FLAG_RESIZABLE ? ZX_INFO_VMO_RESIZABLE : 0) |
                     (vmo->flags & FLAG_CONTIGUOUS ? ZX_INFO_VMO_CONTIGUOUS : 0) |
                     (vmo->flags & FLAG_SNAPSHOT ? ZX_INFO_VMO_IS_COW_CLONE : 0);
    out->vmo.parent_koid = vmo->parent ? vmo->parent->base.koid : 0;
    out->vmo.num_children = atomic_load(&vmo->children);
    out->vmo.share_count = out->vmo.num_mappings > 0 ? 1 : 0;
    out->vmo.committed_bytes = is_device ? 0 : (uint64_t)info.st_blocks * 512;
    out->vmo.handle_rights = rights;
    out->vmo.cache_policy = atomic_load(&vmo->cache_policy);
    *out_size = sizeof(out->vmo);
    return ZX_OK;
}

static zx_status_t vmo_export(ko_object_t* object, ko_wire_t* out) {
    ko_vmo_t* vmo = (ko_vmo_t*)object;
    out->fd_count = 1;
    out->fds[0] = vmo->fd;
    out->words[0] = vmo->flags | (uint64_t)atomic_load(&vmo->cache_policy) << POLICY_SHIFT;
    out->words[1] = vmo->fd_offset;
    out->words[2] = vmo->fixed_size;
    for (int i = 0; i < KO_VMO_MAX_HOLES; i++) {
        out->words[3 + 2 * i] = vmo->holes[i].offset;
        out->words[4 + 2 * i] = vmo->holes[i].size;
    }
    return ZX_OK;
}

static void vmo_destroy(ko_object_t* object) {
    ko_vmo_t* vmo = (ko_vmo_t*)object;
    ko_vmo_t* parent = vmo->parent;
    ko_fd_close(&vmo->fd);
    free(vmo);
    if (parent) {
        if (atomic_fetch_sub(&parent->children, 1) == 1) {
            ko_object_changed(&parent->base);
        }
        ko_object_release(&parent->base);
    }
}

static const ko_ops_t vmo_ops = {
    .type = ZX_OBJ_TYPE_VMO,
    .default_rights = ZX_DEFAULT_VMO_RIGHTS,
    .destroy = vmo_destroy,
    .signals = vmo_signals,
    .wait_sources = vmo_wait_sources,
    .export_wire = vmo_export,
    .get_info = vmo_get_info,
};

// Takes `fd` when it succeeds.
static ko_vmo_t* vmo_new(int fd, uint32_t flags, uint64_t size) {
    ko_vmo_t* vmo = calloc(1, sizeof(*vmo));
    if (vmo) {
        ko_object_init(&vmo->base, &vmo_ops);
        vmo->fd = fd;
        vmo->flags = flags;
        vmo->fixed_size = size;
    }
    return vmo;
}

// Makes a handle of a finished fd, which is consumed in every case.
static zx_status_t vmo_make(int fd, uint32_t flags, uint64_t size, zx_handle_t* out) {
    ko_vmo_t* vmo = vmo_new(fd, flags, size);
    if (!vmo) {
        ko_fd_close(&fd);
        return ZX_ERR_NO_MEMORY;
    }
    return ko_handle_make(&vmo->base, ZX_RIGHT_SAME_RIGHTS, out);
}

static zx_status_t vmo_create(uint64_t size, uint32_t flags, zx_handle_t* out) {
    if (size > MAX_SIZE) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    size = (size + ZX_PAGE_MASK) & ~ZX_PAGE_MASK;
    int fd = memfd_create("zx-vmo", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return errno == ENOMEM ? ZX_ERR_NO_MEMORY : ZX_ERR_NO_RESOURCES;
    }
    bool is_good = ftruncate(fd, (off_t)size) == 0;
    if (is_good && (flags & FLAG_RESIZABLE) == 0) {
        is_good = fcntl(fd, F_ADD_SEALS, FIXED_SEALS) == 0;
    }
    if (is_good && (flags & FLAG_CONTIGUOUS) != 0 && size > 0) {
        is_good = fallocate(fd, 0, 0, (off_t)size) == 0;
    }
    if (!is_good) {
        ko_fd_close(&fd);
        return ZX_ERR_NO_MEMORY;
    }
    return vmo_make(fd, flags, size, out);
}

zx_status_t zx_vmo_create(uint64_t size, uint32_t options, zx_handle_t* out) {
    const uint32_t both = ZX_VMO_RESIZABLE | ZX_VMO_NON_RESIZABLE;
    if ((options & ~both) != 0 || options == both || !out) {
        return ZX_ERR_INVALID_ARGS;
    }
    return vmo_create(size, options & ZX_VMO_RESIZABLE ? FLAG_RESIZABLE : 0, out);
}

// Addresses that devices see are IOVAs, which are consecutive for any VMO, so any VMO will do.
zx_status_t zx_vmo_create_contiguous(zx_handle_t bti, size_t size, uint32_t alignment_log2,
                                     zx_handle_t* out) {
    if (size == 0 || !out ||
        (alignment_log2 != 0 && (alignment_log2 < ZX_PAGE_SHIFT || alignment_log2 > 31))) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(bti, ZX_OBJ_TYPE_BTI, ZX_RIGHT_MAP, &object);
    if (status != ZX_OK) {
        return status;
    }
    ko_object_release(object);
    return vmo_create(size, FLAG_CONTIGUOUS, out);
}

zx_status_t ko_vmo_make_child(ko_object_t* parent, ko_vmo_view_t* view, bool is_snapshot,
                              zx_rights_t rights, zx_handle_t* out) {
    uint32_t flags =
        (view->is_device ? FLAG_DEVICE : 0) | (view->is_resizable ? FLAG_RESIZABLE : 0) |
        (view->is_contiguous ? FLAG_CONTIGUOUS : 0) | (is_snapshot ? FLAG_SNAPSHOT : 0);
    ko_vmo_t* vmo = vmo_new(view->fd, flags, view->size);
    if (!vmo) {
        ko_fd_close(&view->fd);
        return ZX_ERR_NO_MEMORY;
    }
    vmo->fd_offset = view->fd_offset;
    atomic_store(&vmo->cache_policy, view->cache_policy);
    memcpy(vmo->holes, view->holes, sizeof(vmo->holes));
    vmo->parent = (ko_vmo_t*)parent;
    ko_object_acquire(parent);
    if (atomic_fetch_add(&vmo->parent->children, 1) == 0) {
        ko_object_fell(parent, ZX_VMO_ZERO_CHILDREN);
    }
    atomic_fetch_add(&vmo->base.handles, 1);
    return ko_taken_make(&vmo->base, rights, out);
}

static bool holes_are_good(const ko_vmo_hole_t* holes, size_t count, uint64_t size) {
    for (size_t i = 0; i < count; i++) {
        if (!is_page_aligned(holes[i].offset) || !is_page_aligned(holes[i].size) ||
            holes[i].offset > size || holes[i].size > size - holes[i].offset) {
            return false;
        }
    }
    return true;
}

zx_status_t ko_vmo_create_device(int fd, uint64_t fd_offset, uint64_t size,
                                 const ko_vmo_hole_t* holes, size_t hole_count, zx_handle_t* out) {
    if (!is_page_aligned(fd_offset) || !is_page_aligned(size) || size == 0 || size > MAX_SIZE ||
        hole_count > KO_VMO_MAX_HOLES || !holes_are_good(holes, hole_count, size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (copy < 0) {
        return ZX_ERR_NO_RESOURCES;
    }
    ko_vmo_t* vmo = vmo_new(copy, FLAG_DEVICE, size);
    if (!vmo) {
        ko_fd_close(&copy);
        return ZX_ERR_NO_MEMORY;
    }
    vmo->fd_offset = fd_offset;
    atomic_store(&vmo->cache_policy, ZX_CACHE_POLICY_UNCACHED_DEVICE);
    for (size_t i = 0; i < hole_count; i++) {
        vmo->holes[i] = holes[i];
    }
    return ko_handle_make(&vmo->base, ZX_RIGHT_SAME_RIGHTS, out);
}

zx_status_t ko_vmo_create_from_memfd(int fd, zx_handle_t* out) {
    struct stat info;
    zx_status_t status = ZX_ERR_WRONG_TYPE;
    if (fcntl(fd, F_GET_SEALS) >= 0 && fstat(fd, &info) == 0) {
        uint64_t size = ((uint64_t)info.st_size + ZX_PAGE_MASK) & ~ZX_PAGE_MASK;
        if (ftruncate(fd, (off_t)size) == 0 || (uint64_t)info.st_size == size) {
            int missing = FIXED_SEALS & ~fcntl(fd, F_GET_SEALS);
            status =
                missing == 0 || fcntl(fd, F_ADD_SEALS, missing) == 0 ? ZX_OK : ZX_ERR_ACCESS_DENIED;
        }
        if (status == ZX_OK) {
            return vmo_make(fd, 0, size, out);
        }
    }
    ko_fd_close(&fd);
    return status;
}

// Whether a received fd can be what the flags say.
static bool import_fd_is_good(int fd, uint32_t flags, uint64_t end) {
    struct stat info;
    if (fstat(fd, &info) < 0) {
        return false;
    }
    if (flags & FLAG_DEVICE) {
        // A VFIO device or a character device; never a file of some other file system.
        return (info.st_mode & S_IFMT) == 0 || S_ISCHR(info.st_mode);
    }
    if (flags & FLAG_RESIZABLE) {
        return fcntl(fd, F_GET_SEALS) >= 0;
    }
    return ko_fd_is_sealed_memfd(fd, end);
}

zx_status_t ko_import_vmo(ko_wire_t* wire, ko_object_t** out) {
    uint64_t flags = wire->words[0] & ((1u << POLICY_SHIFT) - 1);
    uint64_t policy = wire->words[0] >> POLICY_SHIFT;
    uint64_t fd_offset = wire->words[1];
    uint64_t size = wire->words[2];
    ko_vmo_hole_t holes[KO_VMO_MAX_HOLES];
    for (int i = 0; i < KO_VMO_MAX_HOLES; i++) {
        holes[i] = (ko_vmo_hole_t){wire->words[3 + 2 * i], wire->words[4 + 2 * i]};
    }
    bool is_good = wire->fd_count == 1 && (flags & ~(uint64_t)FLAG_ALL) == 0 &&
                   policy <= ZX_CACHE_POLICY_MASK && size <= MAX_SIZE && is_page_aligned(size) &&
                   is_page_aligned(fd_offset) && (fd_offset == 0 || !(flags & FLAG_RESIZABLE)) &&
                   fd_offset <= INT64_MAX - MAX_SIZE && !((flags & FLAG_DEVICE) && (flags & ~1u)) &&
                   holes_are_good(holes, KO_VMO_MAX_HOLES, size) &&
                   import_fd_is_good(wire->fds[0], (uint32_t)flags, fd_offset + size);
    if (!is_good) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    ko_vmo_t* vmo = vmo_new(wire->fds[0], (uint32_t)flags, size);
    if (!vmo) {
        return ZX_ERR_NO_MEMORY;
    }
    wire->fds[0] = -1;
    vmo->fd_offset = fd_offset;
    atomic_store(&vmo->cache_policy, (uint32_t)policy);
    memcpy(vmo->holes, holes, sizeof(vmo->holes));
    *out = &vmo->base;
    return ZX_OK;
}

// ---- the calls

static bool range_is_inside(uint64_t offset, uint64_t size, uint64_t limit) {
    return offset <= limit && size <= limit - offset;
}

static zx_status_t vmo_status(int error) {
    switch (error) {
        case EFAULT:
            return ZX_ERR_INVALID_ARGS;
        case EPERM:
        case EBADF:
            return ZX_ERR_ACCESS_DENIED;
        case ENOSPC:
        case ENOMEM:
            return ZX_ERR_NO_MEMORY;
        default:
            return ZX_ERR_IO;
    }
}

static zx_status_t vmo_copy(const ko_vmo_t* vmo, char* buffer, uint64_t offset, size_t size,
                            bool is_write) {
    offset += vmo->fd_offset;
    while (size > 0) {
        ssize_t done = is_write ? pwrite(vmo->fd, buffer, size, (off_t)offset)
                                : pread(vmo->fd, buffer, size, (off_t)offset);
        if (done == 0) {
            return ZX_ERR_OUT_OF_RANGE;  // shrunk meanwhile
        }
        if (done < 0 && errno != EINTR) {
            return vmo_status(errno);
        }
        if (done > 0) {
            buffer += done;
            offset += (uint64_t)done;
            size -= (size_t)done;
        }
    }
    return ZX_OK;
}

static zx_status_t vmo_transfer(zx_handle_t handle, char* buffer, uint64_t offset, size_t size,
                                bool is_write) {
    ko_object_t* object = NULL;
    zx_status_t status =
        ko_handle_get(handle, ZX_OBJ_TYPE_VMO, is_write ? ZX_RIGHT_WRITE : ZX_RIGHT_READ, &object);
    if (status != ZX_OK) {
        return status;
    }
    ko_vmo_t* vmo = (ko_vmo_t*)object;
    if (!buffer && size > 0) {
        status = ZX_ERR_INVALID_ARGS;
    } else if ((vmo->flags & FLAG_DEVICE) ||
               atomic_load(&vmo->cache_policy) != ZX_CACHE_POLICY_CACHED) {
        status = ZX_ERR_BAD_STATE;
    } else if (!range_is_inside(offset, size, vmo_size(vmo))) {
        status = ZX_ERR_OUT_OF_RANGE;
    } else {
        status = vmo_copy(vmo, buffer, offset, size, is_write);
    }
    ko_object_release(object);
    return status;
}

zx_status_t zx_vmo_read(zx_handle_t handle, void* buffer, uint64_t offset, size_t buffer_size) {
    return vmo_transfer(handle, buffer, offset, buffer_size, false);
}

zx_status_t zx_vmo_write(zx_handle_t handle, const void* buffer, uint64_t offset,
                         size_t buffer_size) {
    return vmo_transfer(handle, (char*)(uintptr_t)buffer, offset, buffer_size, true);
}

zx_status_t zx_vmo_get_size(zx_handle_t handle, uint64_t* size) {
    if (!size) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_VMO, 0, &object);
    if (status == ZX_OK) {
        *size = vmo_size((ko_vmo_t*)object);
        ko_object_release(object);
    }
    return status;
}

zx_status_t zx_vmo_set_size(zx_handle_t handle, uint64_t size) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_WRITE, &object);
    if (status != ZX_OK) {
        return status;
    }
    ko_vmo_t* vmo = (ko_vmo_t*)object;
    if ((vmo->flags & FLAG_RESIZABLE) == 0) {
        status = ZX_ERR_UNAVAILABLE;
    } else if (size > MAX_SIZE) {
        status = ZX_ERR_OUT_OF_RANGE;
    } else if (ftruncate(vmo->fd, (off_t)((size + ZX_PAGE_MASK) & ~ZX_PAGE_MASK)) < 0) {
        status = vmo_status(errno);
    }
    ko_object_release(object);
    return status;
}

static zx_status_t vmo_fallocate(const ko_vmo_t* vmo, int mode, uint64_t offset, uint64_t size) {
    if (vmo->flags & FLAG_DEVICE) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (size == 0) {
        return ZX_OK;
    }
    while (fallocate(vmo->fd, mode, (off_t)(vmo->fd_offset + offset), (off_t)size) < 0) {
        if (errno != EINTR) {
            return vmo_status(errno);
        }
    }
    return ZX_OK;
}

static zx_status_t vmo_op(const ko_vmo_t* vmo, zx_rights_t rights, uint32_t op, uint64_t offset,
                          uint64_t size) {
    bool is_change = op == ZX_VMO_OP_COMMIT || op == ZX_VMO_OP_DECOMMIT || op == ZX_VMO_OP_ZERO ||
                     op == ZX_VMO_OP_CACHE_INVALIDATE;
    if ((rights & (is_change ? ZX_RIGHT_WRITE : ZX_RIGHT_READ)) == 0) {
        return ZX_ERR_ACCESS_DENIED;
    }
    if (!range_is_inside(offset, size, vmo_size(vmo))) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    switch (op) {
        case ZX_VMO_OP_COMMIT:
            return vmo_fallocate(vmo, 0, offset, size);
        case ZX_VMO_OP_DECOMMIT:
            if (!is_page_aligned(offset) || !is_page_aligned(size)) {
                return ZX_ERR_INVALID_ARGS;
            }
            return vmo_fallocate(vmo, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size);
        case ZX_VMO_OP_ZERO:
            return vmo_fallocate(vmo, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, offset, size);
        case ZX_VMO_OP_CACHE_SYNC:
        case ZX_VMO_OP_CACHE_INVALIDATE:
        case ZX_VMO_OP_CACHE_CLEAN:
        case ZX_VMO_OP_CACHE_CLEAN_INVALIDATE:
            // Memory that devices reach is cache coherent on the machines Linux gives VFIO on.
            return size == 0 ? ZX_ERR_INVALID_ARGS : ZX_OK;
        default:
            return op == ZX_VMO_OP_LOCK || op == ZX_VMO_OP_UNLOCK ? ZX_ERR_NOT_SUPPORTED
                                                                  : ZX_ERR_INVALID_ARGS;
    }
}

zx_status_t zx_vmo_op_range(zx_handle_t handle, uint32_t op, uint64_t offset, uint64_t size,
                            void* buffer, size_t buffer_size) {
    (void)buffer;
    (void)buffer_size;
    ko_object_t* object = NULL;
    zx_rights_t rights;
    zx_status_t status = ko_handle_get_rights(handle, ZX_OBJ_TYPE_VMO, 0, &object, &rights);
    if (status == ZX_OK) {
        status = vmo_op((ko_vmo_t*)object, rights, op, offset, size);
        ko_object_release(object);
    }
    return status;
}

// Pages that somebody may have accessed with the policy it has.
static bool has_uncached_pages(const ko_vmo_t* vmo) {
    struct stat info;
    return !(vmo->flags & FLAG_DEVICE) &&
           atomic_load(&vmo->cache_policy) != ZX_CACHE_POLICY_CACHED &&
           fstat(vmo->fd, &info) == 0 && info.st_blocks > 0;
}

zx_status_t zx_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy) {
    if (cache_policy > ZX_CACHE_POLICY_MASK) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_VMO, ZX_RIGHT_MAP, &object);
    if (status != ZX_OK) {
        return status;
    }
    ko_vmo_t* vmo = (ko_vmo_t*)object;
    if (atomic_load(&vmo->cache_policy) != cache_policy) {
        if (atomic_load(&vmo->mappings) > 0 || vmo->parent || atomic_load(&vmo->children) > 0 ||
            has_uncached_pages(vmo)) {
            status = ZX_ERR_BAD_STATE;
        } else {
            atomic_store(&vmo->cache_policy, cache_policy);
        }
    }
    ko_object_release(object);
    return status;
}

zx_status_t zx_cache_flush(const void* addr, size_t size, uint32_t options) {
    const uint32_t all = ZX_CACHE_FLUSH_INSN | ZX_CACHE_FLUSH_DATA | ZX_CACHE_FLUSH_INVALIDATE;
    bool is_good = options != 0 && (options & ~all) == 0 &&
                   (!(options & ZX_CACHE_FLUSH_INVALIDATE) || (options & ZX_CACHE_FLUSH_DATA));
    if (is_good && (options & ZX_CACHE_FLUSH_INSN)) {
        flush_instruction_cache(addr, size);
    }
    return is_good ? ZX_OK : ZX_ERR_INVALID_ARGS;
}
