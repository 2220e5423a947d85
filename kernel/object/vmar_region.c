// SPDX-License-Identifier: MIT
// Address regions as objects: the root, which is the process's whole address space, and the regions
// made in it. A region that is not the root holds its addresses by a mapping that allows nothing.
#include <stdlib.h>
#include <sys/mman.h>

#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "vmar.h"

#define CAN_ALL \
    (ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE | ZX_VM_CAN_MAP_EXECUTE | ZX_VM_CAN_MAP_SPECIFIC)
#define ACCESS_RIGHTS (ZX_RIGHT_READ | ZX_RIGHT_WRITE | ZX_RIGHT_EXECUTE)
// One past the last address that the kernel gives.
#if defined(__aarch64__)
#define SPACE_END ((zx_vaddr_t)1 << 48)
#else
#define SPACE_END ((zx_vaddr_t)1 << 47)
#endif

// ---- the object

static void vmar_destroy(ko_object_t* object) {
    ko_vmar_t* region = containerof(object, ko_vmar_t, base);
    free(region->entries);
    free(region);
}

static zx_status_t vmar_get_info(ko_object_t* object, zx_rights_t rights, uint32_t topic,
                                 ko_info_t* out, size_t* out_size) {
    (void)rights;
    if (topic != ZX_INFO_VMAR) {
        return ZX_ERR_WRONG_TYPE;
    }
    const ko_vmar_t* region = containerof(object, ko_vmar_t, base);
    out->vmar = (zx_info_vmar_t){.base = region->start, .len = region->end - region->start};
    *out_size = sizeof(out->vmar);
    return ZX_OK;
}

// Addresses mean nothing in another process: no export.
#define REGION_RIGHTS (ZX_DEFAULT_VMAR_RIGHTS & ~ZX_RIGHT_TRANSFER)

static const ko_ops_t vmar_ops = {
    .type = ZX_OBJ_TYPE_VMAR,
    .default_rights = REGION_RIGHTS | ACCESS_RIGHTS,
    .destroy = vmar_destroy,
    .get_info = vmar_get_info,
};

static ko_vmar_t* vmar_new(zx_vaddr_t start, zx_vaddr_t end, zx_vm_option_t can) {
    ko_vmar_t* region = calloc(1, sizeof(*region));
    if (region) {
        ko_object_init(&region->base, &vmar_ops);
        region->start = start;
        region->end = end;
        region->can = can;
    }
    return region;
}

zx_status_t ko_vmar_get(zx_handle_t handle, zx_rights_t rights, ko_vmar_t** out) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_VMAR, rights, &object);
    if (status == ZX_OK) {
        *out = containerof(object, ko_vmar_t, base);
    }
    return status;
}

// ---- the root

static zx_handle_t root_handle;
static const ko_vmar_t* root_region;
static pthread_once_t root_once = PTHREAD_ONCE_INIT;

static void root_start(void) {
    ko_vmar_t* root = vmar_new(0, SPACE_END, CAN_ALL);
    root_region = root;
    if (root && ko_handle_make_permanent(&root->base, &root_handle) != ZX_OK) {
        root_handle = ZX_HANDLE_INVALID;
    }
}

zx_handle_t zx_vmar_root_self(void) {
    pthread_once(&root_once, root_start);
    return root_handle;
}

bool ko_vmar_is_root(const ko_vmar_t* region) {
    return region == root_region;
}

// ---- regions in regions

zx_status_t ko_vmar_status(int error) {
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

static void* hold_addresses(zx_vaddr_t at, uint64_t size, int place) {
    return mmap((void*)at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | place, -1,
                0);
}

void ko_vmar_vacate_locked(const ko_vmar_t* region, zx_vaddr_t start, zx_vaddr_t end) {
    if (ko_vmar_is_root(region)) {
        munmap((void*)start, end - start);
    } else {
        hold_addresses(start, end - start, MAP_FIXED);
    }
}

// Innermost first, without recursion: regions may be nested as deep as anybody likes.
void ko_vmar_destroy_locked(ko_vmar_t* region) {
    ko_vmar_t* at = region;
    for (;;) {
        ko_vmar_t* child = at->count > 0 ? at->entries[at->count - 1].child : NULL;
        if (child && !child->is_destroyed) {
            at = child;
        } else if (at->count > 0) {
            ko_vmar_remove_locked(at, at->count - 1);
        } else {
            ko_vmar_t* parent = at->parent;
            at->is_destroyed = true;
            at->parent = NULL;
            if (at == region) {
                return;
            }
            at = parent;
        }
    }
}

static bool is_page_aligned(uint64_t value) {
    return (value & ZX_PAGE_MASK) == 0;
}

// Finds the addresses of a new region and holds them.
static zx_status_t place_locked(const ko_vmar_t* parent, zx_vm_option_t options, uint64_t offset,
                                uint64_t size, zx_vaddr_t* out) {
    uint64_t room = parent->end - parent->start;
    if (size > room || offset > room - size) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_vaddr_t at = options & ZX_VM_SPECIFIC ? parent->start + offset : 0;
    if (!ko_vmar_is_root(parent)) {
        if (!(options & ZX_VM_SPECIFIC)) {
            return ko_vmar_gap_locked(parent, size, out) ? ZX_OK : ZX_ERR_NO_RESOURCES;
        }
        size_t next = ko_vmar_find_locked(parent, at);
        if (next < parent->count && parent->entries[next].start < at + size) {
            return ZX_ERR_ALREADY_EXISTS;
        }
        *out = at;
        return ZX_OK;
    }
    void* held = hold_addresses(at, size, options & ZX_VM_SPECIFIC ? MAP_FIXED_NOREPLACE : 0);
    *out = (zx_vaddr_t)held;
    return held == MAP_FAILED ? ko_vmar_status(errno) : ZX_OK;
}

// Makes a region and enters it in its parent; one reference is the caller's.
static zx_status_t allocate(ko_vmar_t* parent, zx_vm_option_t options, uint64_t offset,
                            uint64_t size, ko_vmar_t** out) {
    pthread_mutex_lock(&ko_vmar_lock);
    zx_vaddr_t at = 0;
    zx_status_t status = ZX_OK;
    if (parent->is_destroyed) {
        status = ZX_ERR_BAD_STATE;
    } else if (!ko_vmar_reserve_locked(parent)) {
        status = ZX_ERR_NO_MEMORY;
    } else {
        status = place_locked(parent, options, offset, size, &at);
    }
    ko_vmar_t* child = status == ZX_OK ? vmar_new(at, at + size, options & CAN_ALL) : NULL;
    if (child) {
        child->parent = parent;
        ko_object_acquire(&child->base);
        const ko_vmar_entry_t entry = {.start = at, .end = at + size, .child = child};
        ko_vmar_insert_locked(parent, &entry);
        *out = child;
    } else if (status == ZX_OK) {
        ko_vmar_vacate_locked(parent, at, at + size);
        status = ZX_ERR_NO_MEMORY;
    }
    pthread_mutex_unlock(&ko_vmar_lock);
    return status;
}

// Rights on the parent that a region with these accesses needs, and gets.
static zx_rights_t access_rights(zx_vm_option_t can) {
    return (can & ZX_VM_CAN_MAP_READ ? ZX_RIGHT_READ : 0) |
           (can & ZX_VM_CAN_MAP_WRITE ? ZX_RIGHT_WRITE : 0) |
           (can & ZX_VM_CAN_MAP_EXECUTE ? ZX_RIGHT_EXECUTE : 0);
}

// Takes the region out of its parent.
static zx_status_t region_end(ko_vmar_t* region) {
    zx_status_t status = ZX_ERR_BAD_STATE;
    pthread_mutex_lock(&ko_vmar_lock);
    ko_vmar_t* parent = region->parent;
    if (!region->is_destroyed) {
        ko_vmar_destroy_locked(region);
        ko_vmar_vacate_locked(parent, region->start, region->end);
        ko_vmar_remove_locked(parent, ko_vmar_find_locked(parent, region->start));
        status = ZX_OK;
    }
    pthread_mutex_unlock(&ko_vmar_lock);
    return status;
}

static zx_status_t allocate_and_name(ko_vmar_t* parent, zx_vm_option_t options, uint64_t offset,
                                     uint64_t size, zx_handle_t* child_vmar,
                                     zx_vaddr_t* child_addr) {
    ko_vmar_t* child = NULL;
    zx_status_t status = allocate(parent, options, offset, size, &child);
    if (status != ZX_OK) {
        return status;
    }
    ko_object_acquire(&child->base);
    status = ko_handle_make(&child->base, REGION_RIGHTS | access_rights(options), child_vmar);
    if (status == ZX_OK) {
        *child_addr = child->start;
    } else {
        region_end(child);
    }
    ko_object_release(&child->base);
    return status;
}

zx_status_t zx_vmar_allocate(zx_handle_t parent_vmar, zx_vm_option_t options, uint64_t offset,
                             uint64_t size, zx_handle_t* child_vmar, zx_vaddr_t* child_addr) {
    ko_vmar_t* parent = NULL;
    zx_status_t status = ko_vmar_get(parent_vmar, access_rights(options), &parent);
    if (status != ZX_OK) {
        return status;
    }
    zx_vm_option_t needed = options & CAN_ALL & ~ZX_VM_CAN_MAP_SPECIFIC;
    needed |= options & ZX_VM_SPECIFIC ? ZX_VM_CAN_MAP_SPECIFIC : 0;
    if (!child_vmar || !child_addr || size == 0 || !is_page_aligned(size) ||
        !is_page_aligned(offset) || (offset != 0 && !(options & ZX_VM_SPECIFIC)) ||
        (options & ~(CAN_ALL | ZX_VM_COMPACT | ZX_VM_SPECIFIC)) != 0) {
        status = ZX_ERR_INVALID_ARGS;
    } else if ((needed & ~parent->can) != 0) {
        status = ZX_ERR_ACCESS_DENIED;
    }
    if (status == ZX_OK) {
        status = allocate_and_name(parent, options, offset, size, child_vmar, child_addr);
    }
    ko_object_release(&parent->base);
    return status;
}

zx_status_t zx_vmar_destroy(zx_handle_t handle) {
    ko_vmar_t* region = NULL;
    zx_status_t status = ko_vmar_get(handle, ZX_RIGHT_NONE, &region);
    if (status == ZX_OK) {
        status = ko_vmar_is_root(region) ? ZX_ERR_NOT_SUPPORTED : region_end(region);
        ko_object_release(&region->base);
    }
    return status;
}
