// SPDX-License-Identifier: MIT
// Address regions (VMARs), private to kernel/: what vmar_table.c (what lies where in a region),
// vmar_region.c (regions as objects) and vmar.c (mapping) share.
#pragma once

#include "object.h"

typedef struct ko_vmar ko_vmar_t;

// A mapping, or a region inside a region.
typedef struct ko_vmar_entry {
    zx_vaddr_t start;
    zx_vaddr_t end;
    ko_object_t* vmo;  // one reference owned; NULL: a region
    ko_vmar_t* child;  // one reference owned; NULL: a mapping
    uint32_t allowed;  // of a mapping: ZX_VM_PERM_* that may be set
} ko_vmar_entry_t;

struct ko_vmar {
    ko_object_t base;
    zx_vaddr_t start;  // constant, as the end
    zx_vaddr_t end;
    zx_vm_option_t can;  // ZX_VM_CAN_MAP_*, constant

    // Guarded by ko_vmar_lock.
    bool is_destroyed;
    ko_vmar_t* parent;         // borrowed: it holds this one; NULL: the root, or destroyed
    ko_vmar_entry_t* entries;  // owned; sorted by address, without overlap
    size_t count;
    size_t capacity;
};

// Guards all regions of the process, and keeps what they say and what is mapped the same.
extern pthread_mutex_t ko_vmar_lock;

// ---- the table of one region; the lock is held

// Index of the first entry that ends after `address`.
size_t ko_vmar_find_locked(const ko_vmar_t* region, zx_vaddr_t address);
// Makes room for one entry more. False: no memory.
bool ko_vmar_reserve_locked(ko_vmar_t* region);
// Room was made. Takes over the reference in `entry`.
void ko_vmar_insert_locked(ko_vmar_t* region, const ko_vmar_entry_t* entry);
void ko_vmar_remove_locked(ko_vmar_t* region, size_t index);
// Cuts [start, end) out of the mapping at `index`, for which room was made; returns the index to go
// on with.
size_t ko_vmar_cut_locked(ko_vmar_t* region, size_t index, zx_vaddr_t start, zx_vaddr_t end);
// The lowest free addresses of that length. False: there are none.
bool ko_vmar_gap_locked(const ko_vmar_t* region, uint64_t length, zx_vaddr_t* out);

// ---- regions

// The region behind a handle, with a reference for the caller.
zx_status_t ko_vmar_get(zx_handle_t handle, zx_rights_t rights, ko_vmar_t** out);
// The whole address space: its addresses are the kernel's to give, those of other regions are
// reserved.
bool ko_vmar_is_root(const ko_vmar_t* region);
// Nothing is to be left at these addresses of the region.
void ko_vmar_vacate_locked(const ko_vmar_t* region, zx_vaddr_t start, zx_vaddr_t end);
// Ends the region and all in it; who removes it from its parent vacates its addresses.
void ko_vmar_destroy_locked(ko_vmar_t* region);
// The status for an errno of mmap.
zx_status_t ko_vmar_status(int error);
