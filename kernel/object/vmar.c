// SPDX-License-Identifier: MIT
// Mapping VMOs into address regions.
//
// What is mapped is kept in the table of its region, so that only such ranges can be unmapped or
// protected, and never with more access than the VMO handle and the region allowed.
#include "vmar.h"

#include <sys/mman.h>

#include <zircon/syscalls.h>

#include "vmo.h"

#define PERM_ALL     (ZX_VM_PERM_READ | ZX_VM_PERM_WRITE | ZX_VM_PERM_EXECUTE)
#define SPECIFIC_ALL (ZX_VM_SPECIFIC | ZX_VM_SPECIFIC_OVERWRITE)

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

// The accesses that a region allows.
static uint32_t allowed_in(zx_vm_option_t can) {
    return ((can & ZX_VM_CAN_MAP_READ) ? ZX_VM_PERM_READ : 0) |
           ((can & ZX_VM_CAN_MAP_WRITE) ? ZX_VM_PERM_WRITE : 0) |
           ((can & ZX_VM_CAN_MAP_EXECUTE) ? ZX_VM_PERM_EXECUTE : 0);
}

// The rights that accesses need, on the VMO and on the region.
static zx_rights_t access_rights(zx_vm_option_t options) {
    return ((options & ZX_VM_PERM_READ) ? ZX_RIGHT_READ : 0) |
           ((options & ZX_VM_PERM_WRITE) ? ZX_RIGHT_WRITE : 0) |
           ((options & ZX_VM_PERM_EXECUTE) ? ZX_RIGHT_EXECUTE : 0);
}

// ---- mapping

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
            return ko_vmar_status(errno);
        }
        offset = piece_end;
    }
    return ZX_OK;
}

// Where a mapping goes.
typedef struct place {
    zx_vaddr_t address;  // 0: the kernel chooses
    int flags;           // of mmap
} place_t;

static zx_status_t map_view(const ko_vmo_view_t* view, zx_vm_option_t options, const place_t* place,
                            uint64_t vmo_offset, uint64_t length, zx_vaddr_t* out) {
    void* hint = (void*)place->address;
    int flags = MAP_SHARED | ((options & ZX_VM_MAP_RANGE) ? MAP_POPULATE : 0);
    bool has_holes = view->holes[0].size > 0 || view->holes[1].size > 0;
    void* base;
    if (has_holes) {
        base = mmap(hint, length, PROT_NONE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | place->flags, -1, 0);
    } else {
        base = mmap(hint, length, prot_of(options), flags | place->flags, view->fd,
                    (off_t)(view->fd_offset + vmo_offset));
    }
    if (base == MAP_FAILED) {
        return ko_vmar_status(errno);
    }
    *out = (zx_vaddr_t)base;
    return has_holes ? map_pieces(view, base, vmo_offset, length, prot_of(options), flags) : ZX_OK;
}

// Finds the place; what is to be overwritten stays where it is for now.
static zx_status_t place_find_locked(const ko_vmar_t* region, zx_vm_option_t options,
                                     uint64_t offset, uint64_t length, place_t* out) {
    bool is_root = ko_vmar_is_root(region);
    *out = (place_t){.flags = is_root ? 0 : MAP_FIXED};
    if (!(options & SPECIFIC_ALL)) {
        bool is_found = is_root || ko_vmar_gap_locked(region, length, &out->address);
        return is_found ? ZX_OK : ZX_ERR_NO_RESOURCES;
    }
    uint64_t room = region->end - region->start;
    if (length > room || offset > room - length) {
        return ZX_ERR_INVALID_ARGS;
    }
    out->address = region->start + offset;
    out->flags = is_root ? MAP_FIXED_NOREPLACE : MAP_FIXED;
    zx_vaddr_t end = out->address + length;
    zx_vaddr_t covered = out->address;
    for (size_t i = ko_vmar_find_locked(region, covered);
         i < region->count && region->entries[i].start < end; i++) {
        const ko_vmar_entry_t* entry = &region->entries[i];
        if (!(options & ZX_VM_SPECIFIC_OVERWRITE)) {
            return ZX_ERR_ALREADY_EXISTS;
        }
        if (entry->child) {
            return ZX_ERR_INVALID_ARGS;
        }
        covered = entry->start <= covered ? entry->end : covered;
        out->flags = MAP_FIXED;
    }
    // Between mappings of ours in the root there may be memory of anybody.
    bool may_overwrite = !is_root || out->flags != MAP_FIXED || covered >= end;
    return may_overwrite ? ZX_OK : ZX_ERR_ALREADY_EXISTS;
}

// Takes the mappings in the range out of the table; there are no regions in it.
static void forget_locked(ko_vmar_t* region, zx_vaddr_t start, zx_vaddr_t end) {
    size_t index = ko_vmar_find_locked(region, start);
    while (index < region->count && region->entries[index].start < end) {
        index = ko_vmar_cut_locked(region, index, start, end);
    }
}

// Maps and notes it in the table; takes a reference to the VMO.
static zx_status_t map_locked(ko_vmar_t* region, ko_object_t* vmo, const ko_vmo_view_t* view,
                              uint32_t allowed, zx_vm_option_t options, uint64_t vmar_offset,
                              uint64_t vmo_offset, uint64_t length, zx_vaddr_t* out) {
    if (region->is_destroyed) {
        return ZX_ERR_BAD_STATE;
    }
    // Room for the mapping, and for the one that it may split.
    region->count++;
    bool has_room = ko_vmar_reserve_locked(region);
    region->count--;
    if (!has_room) {
        return ZX_ERR_NO_MEMORY;
    }
    place_t place;
    zx_status_t status = place_find_locked(region, options, vmar_offset, length, &place);
    if (status != ZX_OK) {
        return status;
    }
    zx_vaddr_t at = 0;
    status = map_view(view, options, &place, vmo_offset, length, &at);
    if (at != 0) {
        forget_locked(region, at, at + length);
    }
    if (status != ZX_OK) {
        if (at != 0) {
            ko_vmar_vacate_locked(region, at, at + length);
        }
        return status;
    }
    ko_object_acquire(vmo);
    const ko_vmar_entry_t entry = {.start = at, .end = at + length, .vmo = vmo, .allowed = allowed};
    ko_vmar_insert_locked(region, &entry);
    *out = at;
    return ZX_OK;
}

static zx_status_t vmar_map(ko_vmar_t* region, ko_object_t* vmo, zx_rights_t rights,
                            zx_vm_option_t options, uint64_t vmar_offset, uint64_t vmo_offset,
                            uint64_t length, zx_vaddr_t* out) {
    ko_vmo_view_t view;
    ko_vmo_get_view(vmo, &view);
    uint32_t allowed = allowed_of(rights) & allowed_in(region->can);
    if ((options & PERM_ALL & ~allowed) != 0 ||
        ((options & SPECIFIC_ALL) && !(region->can & ZX_VM_CAN_MAP_SPECIFIC))) {
        return ZX_ERR_ACCESS_DENIED;
    }
    if ((options & ZX_VM_REQUIRE_NON_RESIZABLE) && view.is_resizable) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if (vmo_offset > view.size || length > view.size - vmo_offset) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    pthread_mutex_lock(&ko_vmar_lock);
    zx_status_t status =
        map_locked(region, vmo, &view, allowed, options, vmar_offset, vmo_offset, length, out);
    pthread_mutex_unlock(&ko_vmar_lock);
    return status;
}

static bool map_arguments_are_good(zx_vm_option_t options, uint64_t vmar_offset,
                                   uint64_t vmo_offset, uint64_t len, uint64_t length) {
    const zx_vm_option_t known =
        PERM_ALL | SPECIFIC_ALL | ZX_VM_MAP_RANGE | ZX_VM_REQUIRE_NON_RESIZABLE;
    uint64_t end;
    return (options & ~known) == 0 && perm_is_good(options) &&
           !((options & ZX_VM_SPECIFIC_OVERWRITE) && (options & ZX_VM_MAP_RANGE)) && len != 0 &&
           length >= len && (vmo_offset & ZX_PAGE_MASK) == 0 && (vmar_offset & ZX_PAGE_MASK) == 0 &&
           (vmar_offset == 0 || (options & SPECIFIC_ALL)) &&
           !add_overflow(vmo_offset, length, &end);
}

zx_status_t zx_vmar_map(zx_handle_t handle, zx_vm_option_t options, uint64_t vmar_offset,
                        zx_handle_t vmo, uint64_t vmo_offset, uint64_t len,
                        zx_vaddr_t* mapped_addr) {
    zx_rights_t needed = access_rights(options);
    ko_vmar_t* region = NULL;
    zx_status_t status = ko_vmar_get(handle, needed, &region);
    if (status != ZX_OK) {
        return status;
    }
    uint64_t length = (len + ZX_PAGE_MASK) & ~ZX_PAGE_MASK;
    ko_object_t* object = NULL;
    zx_rights_t rights;
    status = ZX_ERR_INVALID_ARGS;
    if (mapped_addr && map_arguments_are_good(options, vmar_offset, vmo_offset, len, length)) {
        status =
            ko_handle_get_rights(vmo, ZX_OBJ_TYPE_VMO, needed | ZX_RIGHT_MAP, &object, &rights);
    }
    if (status == ZX_OK) {
        status =
            vmar_map(region, object, rights, options, vmar_offset, vmo_offset, length, mapped_addr);
    }
    ko_object_release(object);
    ko_object_release(&region->base);
    return status;
}

// ---- unmapping and protecting

static zx_status_t range_check(const ko_vmar_t* region, zx_vaddr_t addr, uint64_t len,
                               zx_vaddr_t* out_end) {
    uint64_t length = (len + ZX_PAGE_MASK) & ~ZX_PAGE_MASK;
    bool is_good = (addr & ZX_PAGE_MASK) == 0 && len != 0 && length >= len &&
                   !add_overflow(addr, length, out_end) && addr >= region->start &&
                   *out_end <= region->end;
    return is_good ? ZX_OK : ZX_ERR_INVALID_ARGS;
}

// An inner region lies in the range with a part of it only.
static bool cuts_region_locked(const ko_vmar_t* region, zx_vaddr_t addr, zx_vaddr_t end) {
    for (size_t i = ko_vmar_find_locked(region, addr);
         i < region->count && region->entries[i].start < end; i++) {
        const ko_vmar_entry_t* entry = &region->entries[i];
        if (entry->child && (entry->start < addr || entry->end > end)) {
            return true;
        }
    }
    return false;
}

static zx_status_t unmap_locked(ko_vmar_t* region, zx_vaddr_t addr, zx_vaddr_t end) {
    if (region->is_destroyed) {
        return ZX_ERR_BAD_STATE;
    }
    if (cuts_region_locked(region, addr, end)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (!ko_vmar_reserve_locked(region)) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = ZX_ERR_NOT_FOUND;
    size_t index = ko_vmar_find_locked(region, addr);
    while (index < region->count && region->entries[index].start < end) {
        const ko_vmar_entry_t* entry = &region->entries[index];
        zx_vaddr_t from = entry->start > addr ? entry->start : addr;
        zx_vaddr_t to = entry->end < end ? entry->end : end;
        if (entry->child) {
            ko_vmar_destroy_locked(entry->child);
        }
        ko_vmar_vacate_locked(region, from, to);
        index = ko_vmar_cut_locked(region, index, from, to);
        status = ZX_OK;
    }
    return status;
}

zx_status_t zx_vmar_unmap(zx_handle_t handle, zx_vaddr_t addr, uint64_t len) {
    ko_vmar_t* region = NULL;
    zx_vaddr_t end;
    zx_status_t status = ko_vmar_get(handle, ZX_RIGHT_NONE, &region);
    if (status != ZX_OK) {
        return status;
    }
    status = range_check(region, addr, len, &end);
    if (status == ZX_OK) {
        pthread_mutex_lock(&ko_vmar_lock);
        status = unmap_locked(region, addr, end);
        pthread_mutex_unlock(&ko_vmar_lock);
    }
    ko_object_release(&region->base);
    return status;
}

// Every byte of [addr, end) is mapped, and may be accessed so.
static zx_status_t protect_check_locked(const ko_vmar_t* region, zx_vaddr_t addr, zx_vaddr_t end,
                                        zx_vm_option_t options) {
    if (region->is_destroyed) {
        return ZX_ERR_BAD_STATE;
    }
    size_t index = ko_vmar_find_locked(region, addr);
    while (addr < end) {
        const ko_vmar_entry_t* entry = &region->entries[index];
        if (index >= region->count || entry->start > addr) {
            return ZX_ERR_NOT_FOUND;
        }
        if (entry->child) {
            return ZX_ERR_INVALID_ARGS;
        }
        if ((options & ~entry->allowed) != 0) {
            return ZX_ERR_ACCESS_DENIED;
        }
        ko_vmo_view_t view;
        ko_vmo_get_view(entry->vmo, &view);
        if (view.holes[0].size > 0 || view.holes[1].size > 0) {
            return ZX_ERR_NOT_SUPPORTED;  // would open the holes' reservation
        }
        addr = entry->end;
        index++;
    }
    return ZX_OK;
}

zx_status_t zx_vmar_protect(zx_handle_t handle, zx_vm_option_t options, zx_vaddr_t addr,
                            uint64_t len) {
    ko_vmar_t* region = NULL;
    zx_vaddr_t end;
    zx_status_t status = ko_vmar_get(handle, access_rights(options), &region);
    if (status != ZX_OK) {
        return status;
    }
    status = range_check(region, addr, len, &end);
    if ((options & ~PERM_ALL) != 0 || !perm_is_good(options)) {
        status = ZX_ERR_INVALID_ARGS;
    }
    if (status == ZX_OK) {
        pthread_mutex_lock(&ko_vmar_lock);
        status = protect_check_locked(region, addr, end, options);
        if (status == ZX_OK && mprotect((void*)addr, end - addr, prot_of(options)) < 0) {
            status = ko_vmar_status(errno);
        }
        pthread_mutex_unlock(&ko_vmar_lock);
    }
    ko_object_release(&region->base);
    return status;
}
