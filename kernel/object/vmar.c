// SPDX-License-Identifier: MIT
// The root VMAR: the process's address space, into which VMOs are mapped.
//
// What is mapped through it is kept in a sorted table, so that only such ranges can be unmapped or
// protected, and never with more access than the VMO handle allowed.
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "vmo.h"

#define PERM_ALL (ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE)

typedef struct mapping {
    zx_vaddr_t start;
    zx_vaddr_t end;
    ko_object_t* vmo;  // owned reference
    uint32_t allowed;  // ZX_VM_PERM_* that may be set
} mapping_t;

static struct {
    pthread_mutex_t lock;  // guards what follows
    mapping_t* mappings;   // owned; sorted by start, without overlap
    size_t count;
    size_t capacity;
} space = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void vmar_destroy(ko_object_t* object) {
    free(object);
}

static const ko_ops_t vmar_ops = {
    .type = ZX_OBJ_TYPE_VMAR,
    .default_rights = ZX_DEFAULT_VMAR_RIGHTS & ~(ZX_RIGHT_TRANSFER | ZX_RIGHT_DUPLICATE),
    .destroy = vmar_destroy,
};

static zx_handle_t root_handle;
static pthread_once_t root_once = PTHREAD_ONCE_INIT;

static void root_start(void) {
    ko_object_t* root = calloc(1, sizeof(*root));
    if (root) {
        ko_object_init(root, &vmar_ops);
        if (ko_handle_make_permanent(root, &root_handle) != ZX_OK) {
            root_handle = ZX_HANDLE_INVALID;
        }
    }
}

zx_handle_t zx_vmar_root_self(void) {
    pthread_once(&root_once, root_start);
    return root_handle;
}

static zx_status_t vmar_check(zx_handle_t handle) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_VMAR, 0, &object);
    if (status == ZX_OK) {
        ko_object_release(object);
    }
    return status;
}

// ---- the table

// Index of the first mapping that ends after `address`.
static size_t mapping_find_locked(zx_vaddr_t address) {
    size_t low = 0;
    size_t high = space.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (space.mappings[middle].end <= address) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool mapping_reserve_locked(size_t more) {
    if (space.count + more <= space.capacity) {
        return true;
    }
    size_t capacity = space.capacity ? space.capacity * 2 : 64;
    mapping_t* mappings = realloc(space.mappings, capacity * sizeof(*mappings));
    if (!mappings) {
        return false;
    }
    space.mappings = mappings;
    space.capacity = capacity;
    return true;
}

// Room was reserved; takes over the reference in `mapping`.
static void mapping_insert_locked(size_t index, const mapping_t* mapping) {
    memmove(&space.mappings[index + 1], &space.mappings[index],
            (space.count - index) * sizeof(space.mappings[0]));
    space.mappings[index] = *mapping;
    space.count++;
}

static void mapping_remove_locked(size_t index) {
    ko_object_release(space.mappings[index].vmo);
    space.count--;
    memmove(&space.mappings[index], &space.mappings[index + 1],
            (space.count - index) * sizeof(space.mappings[0]));
}

// Cuts [start, end) out of the mapping at `index`; returns the index to go on with.
static size_t mapping_cut_locked(size_t index, zx_vaddr_t start, zx_vaddr_t end) {
    mapping_t* mapping = &space.mappings[index];
    bool keeps_head = mapping->start < start;
    bool keeps_tail = mapping->end > end;
    if (keeps_head && keeps_tail) {
        mapping_t tail = *mapping;
        tail.start = end;
        ko_object_acquire(tail.vmo);
        mapping->end = start;
        mapping_insert_locked(index + 1, &tail);
        return index + 1;
    }
    if (keeps_head) {
        mapping->end = start;
        return index + 1;
    }
    if (keeps_tail) {
        mapping->start = end;
        return index;
    }
    mapping_remove_locked(index);
    return index;
}

size_t ko_vmar_mapping_count(const ko_object_t* vmo) {
    pthread_mutex_lock(&space.lock);
    size_t count = 0;
    for (size_t i = 0; i < space.count; i++) {
        count += space.mappings[i].vmo == vmo;
    }
    pthread_mutex_unlock(&space.lock);
    return count;
}

// ---- mapping

static int prot_of(zx_vm_option_t options) {
    return ((options & ZX_VM_PERM_READ) ? PROT_READ : 0) |
           ((options & ZX_VM_PERM_WRITE) ? PROT_WRITE : 0) |
           ((options & ZX_VM_PERM_EXECUTE) ? PROT_EXEC : 0);
}

// The accesses that a VMO handle's rights allow.
static uint32_t allowed_of(zx_rights_t rights) {
    return ((rights & ZX_RIGHT_READ) ? ZX_VM_PERM_READ : 0) |
           ((rights & ZX_RIGHT_WRITE) ? ZX_VM_PERM_WRITE : 0) |
           ((rights & ZX_RIGHT_EXECUTE) ? ZX_VM_PERM_EXECUTE : 0);
}

static bool perm_is_good(zx_vm_option_t options) {
    return !(options & ZX_VM_PERM_WRITE) || (options & ZX_VM_PERM_READ);
}

static zx_status_t map_status(int error) {
    switch (error) {
        case ENOMEM:
        case EAGAIN:
            return ZX_ERR_NO_MEMORY;
        case EACCES:
        case EPERM:
            return ZX_ERR_ACCESS_DENIED;
        case EEXIST:
            return ZX_ERR_ALREADY_EXISTS;
        case ENODEV:
            return ZX_ERR_NOT_SUPPORTED;
        default:
            return ZX_ERR_INVALID_ARGS;
    }
}

// The next page range at or after `offset` that lies in no hole; false when there is none below
// end.
static bool piece_next(const ko_vmo_view_t* view, uint64_t* offset, uint64_t end,
                       uint64_t* out_end) {
    for (bool moved = true; moved;) {
        moved = false;
        for (int i = 0; i < KO_VMO_MAX_HOLES; i++) {
            uint64_t hole_end = view->holes[i].offset + view->holes[i].size;
            if (*offset >= view->holes[i].offset && *offset < hole_end) {
                *offset = hole_end;
                moved = true;
            }
        }
    }
    *out_end = end;
    for (int i = 0; i < KO_VMO_MAX_HOLES; i++) {
        const ko_vmo_hole_t* hole = &view->holes[i];
        if (hole->size > 0 && hole->offset > *offset && hole->offset < *out_end) {
            *out_end = hole->offset;
        }
    }
    return *offset < end;
}

// Maps the range without its holes, over a reservation that keeps the holes' addresses
// inaccessible.
static zx_status_t map_pieces(const ko_vmo_view_t* view, char* base, uint64_t vmo_offset,
                              uint64_t length, int prot, int flags) {
    uint64_t end = vmo_offset + length;
    uint64_t offset = vmo_offset;
    uint64_t piece_end;
    while (piece_next(view, &offset, end, &piece_end)) {
        void* at = base + (offset - vmo_offset);
        if (mmap(at, piece_end - offset, prot, flags | MAP_FIXED, view->fd,
                 (off_t)(view->fd_offset + offset)) == MAP_FAILED) {
            return map_status(errno);
        }
        offset = piece_end;
    }
    return ZX_OK;
}

static zx_status_t map_view(const ko_vmo_view_t* view, zx_vm_option_t options, uint64_t address,
                            uint64_t vmo_offset, uint64_t length, zx_vaddr_t* out) {
    int place = (options & ZX_VM_SPECIFIC) ? MAP_FIXED_NOREPLACE : 0;
    void* hint = (options & ZX_VM_SPECIFIC) ? (void*)(uintptr_t)address : NULL;
    int flags = MAP_SHARED | ((options & ZX_VM_MAP_RANGE) ? MAP_POPULATE : 0);
    bool has_holes = view->holes[0].size > 0 || view->holes[1].size > 0;
    void* base;
    if (has_holes) {
        base = mmap(hint, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | place,
                    -1, 0);
    } else {
        base = mmap(hint, length, prot_of(options), flags | place, view->fd,
                    (off_t)(view->fd_offset + vmo_offset));
    }
    if (base == MAP_FAILED) {
        return map_status(errno);
    }
    if (has_holes) {
        zx_status_t status = map_pieces(view, base, vmo_offset, length, prot_of(options), flags);
        if (status != ZX_OK) {
            munmap(base, length);
            return status;
        }
    }
    *out = (zx_vaddr_t)base;
    return ZX_OK;
}

// Maps and notes it in the table; takes a reference to the VMO.
static zx_status_t vmar_map(ko_object_t* vmo, zx_rights_t rights, zx_vm_option_t options,
                            uint64_t address, uint64_t vmo_offset, uint64_t length,
                            zx_vaddr_t* out) {
    ko_vmo_view_t view;
    ko_vmo_get_view(vmo, &view);
    if ((options & ZX_VM_REQUIRE_NON_RESIZABLE) && view.is_resizable) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (vmo_offset > view.size || length > view.size - vmo_offset) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    pthread_mutex_lock(&space.lock);
    zx_status_t status = ZX_ERR_NO_MEMORY;
    if (mapping_reserve_locked(1)) {
        status = map_view(&view, options, address, vmo_offset, length, out);
    }
    if (status == ZX_OK) {
        mapping_t mapping = {*out, *out + length, vmo, allowed_of(rights)};
        ko_object_acquire(vmo);
        mapping_insert_locked(mapping_find_locked(*out), &mapping);
    }
    pthread_mutex_unlock(&space.lock);
    return status;
}

zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options, uint64_t vmar_offset,
                        zx_handle_t vmo, uint64_t vmo_offset, uint64_t len,
                        zx_vaddr_t* mapped_addr) {
    const zx_vm_option_t known =
        PERM_ALL | ZX_VM_SPECIFIC | ZX_VM_MAP_RANGE | ZX_VM_REQUIRE_NON_RESIZABLE;
    zx_status_t status = vmar_check(handle);
    if (status != ZX_OK) {
        return status;
    }
    uint64_t length = (len + ZX_PAGE_MASK) & ~ZX_PAGE_MASK;
    uint64_t end;
    if ((options & ~known) != 0 || !perm_is_good(options) || !mapped_addr || len == 0 ||
        length < len || (vmo_offset & ZX_PAGE_MASK) != 0 || (vmar_offset & ZX_PAGE_MASK) != 0 ||
        (vmar_offset != 0 && !(options & ZX_VM_SPECIFIC)) ||
        add_overflow(vmo_offset, length, &end)) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_rights_t needed = ZX_RIGHT_MAP | ((options & ZX_VM_PERM_READ) ? ZX_RIGHT_READ : 0) |
                         ((options & ZX_VM_PERM_WRITE) ? ZX_RIGHT_WRITE : 0) |
                         ((options & ZX_VM_PERM_EXECUTE) ? ZX_RIGHT_EXECUTE : 0);
    ko_object_t* object = NULL;
    zx_rights_t rights;
    status = ko_handle_get_rights(vmo, ZX_OBJ_TYPE_VMO, needed, &object, &rights);
    if (status != ZX_OK) {
        return status;
    }
    status = vmar_map(object, rights, options, vmar_offset, vmo_offset, length, mapped_addr);
    ko_object_release(object);
    return status;
}

static zx_status_t range_check(zx_handle_t handle, zx_vaddr_t addr, uint64_t len,
                               zx_vaddr_t* out_end) {
    zx_status_t status = vmar_check(handle);
    if (status != ZX_OK) {
        return status;
    }
    uint64_t length = (len + ZX_PAGE_MASK) & ~ZX_PAGE_MASK;
    if ((addr & ZX_PAGE_MASK) != 0 || len == 0 || length < len ||
        add_overflow(addr, length, out_end)) {
        return ZX_ERR_INVALID_ARGS;
    }
    return ZX_OK;
}

zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len) {
    zx_vaddr_t end;
    zx_status_t status = range_check(handle, addr, len, &end);
    if (status != ZX_OK) {
        return status;
    }
    status = ZX_ERR_NOT_FOUND;
    pthread_mutex_lock(&space.lock);
    size_t index = mapping_find_locked(addr);
    if (!mapping_reserve_locked(1)) {
        status = ZX_ERR_NO_MEMORY;
        index = space.count;
    }
    while (index < space.count && space.mappings[index].start < end) {
        mapping_t* mapping = &space.mappings[index];
        zx_vaddr_t from = mapping->start > addr ? mapping->start : addr;
        zx_vaddr_t to = mapping->end < end ? mapping->end : end;
        munmap((void*)from, to - from);
        index = mapping_cut_locked(index, from, to);
        status = ZX_OK;
    }
    pthread_mutex_unlock(&space.lock);
    return status;
}

// Every byte of [addr, end) is mapped, and may be accessed so.
static zx_status_t protect_check_locked(zx_vaddr_t addr, zx_vaddr_t end, zx_vm_option_t options) {
    size_t index = mapping_find_locked(addr);
    while (addr < end) {
        if (index >= space.count || space.mappings[index].start > addr) {
            return ZX_ERR_NOT_FOUND;
        }
        if ((options & ~space.mappings[index].allowed) != 0) {
            return ZX_ERR_ACCESS_DENIED;
        }
        ko_vmo_view_t view;
        ko_vmo_get_view(space.mappings[index].vmo, &view);
        if (view.holes[0].size > 0 || view.holes[1].size > 0) {
            return ZX_ERR_NOT_SUPPORTED;  // would open the holes' reservation
        }
        addr = space.mappings[index++].end;
    }
    return ZX_OK;
}

zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr,
                            uint64_t len) {
    zx_vaddr_t end;
    zx_status_t status = range_check(handle, addr, len, &end);
    if (status != ZX_OK) {
        return status;
    }
    if ((options & ~PERM_ALL) != 0 || !perm_is_good(options)) {
        return ZX_ERR_INVALID_ARGS;
    }
    pthread_mutex_lock(&space.lock);
    status = protect_check_locked(addr, end, options);
    if (status == ZX_OK && mprotect((void*)addr, end - addr, prot_of(options)) < 0) {
        status = map_status(errno);
    }
    pthread_mutex_unlock(&space.lock);
    return status;
}
