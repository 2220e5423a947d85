// SPDX-License-Identifier: MIT
// The drivers that devmgr knows: those of the board's boot and system sets, found in the driver
// folders, and those that users loaded. Files that cannot be used stay in the list with the reason.
//
// A driver is counted: the registry, the devices it is bound to and operations each hold a
// reference, so that an unloaded driver lives until its last device is gone.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bind/index.h>
#include <zircon/listnode.h>
#include <zircon/types.h>

#include "board.h"
#include "dm_limits.h"

typedef enum dm_origin {
    DM_ORIGIN_BOOT,
    DM_ORIGIN_SYSTEM,
    DM_ORIGIN_LOADED,
} dm_origin_t;

typedef struct dm_driver {
    list_node_t link;  // in the registry; cleared: not in it
    uint32_t references;
    char name[DM_MAX_DRIVER + 1];       // for people: '_' as '-'
    char note_name[DM_MAX_DRIVER + 1];  // as in the note; the key in hosts
    char vendor[17];
    char version[17];
    char file[DM_MAX_FILE_NAME + 1];  // base name
    dm_origin_t origin;
    bool is_proxy;
    bool is_fallback;        // its version begins with '*'
    uint8_t* bytecode;       // owned
    bind_program_t program;  // views into bytecode
    uint32_t index_id;       // in the registry's index; BIND_INDEX_MAX_ENTRIES: not in it
    zx_handle_t image;       // owned: sealed VMO; ZX_HANDLE_INVALID when unusable
    char* error;             // owned: why it cannot be used; NULL: fine
    uint32_t bind_crashes;   // hosts that ended inside its bind
    char* crash;             // owned: the last of those; NULL: none
} dm_driver_t;

typedef struct dm_registry {
    list_node_t drivers;  // dm_driver_t: exact before fallback, boot, system, loaded, then by name
    size_t count;
    bind_index_t* index;  // owned: those that could be matched when they came in; NULL: none
} dm_registry_t;

void dm_registry_init(dm_registry_t* registry);
void dm_registry_fini(dm_registry_t* registry);

// Reads the drivers that the board names from |dirs| (the first folder that has a file wins), and
// the *.proxy.so of each. A board without `drivers` takes all files. Files that are missing or bad
// get an entry with an error, so this fails only when memory is short.
zx_status_t dm_registry_scan(dm_registry_t* registry, const char* const* dirs, size_t dir_count,
                             const dm_board_t* board);

// Reads |file| (a base name) from the first of |dirs| that has it, as for the scan, but not into
// the registry. The caller owns the reference. NULL: no folder has it, or memory is short.
dm_driver_t* dm_driver_read(const char* const* dirs, size_t dir_count, const char* file,
                            dm_origin_t origin, zx_status_t* out_status);

// Makes a driver of a file's bytes, not in the registry, with one reference. Never NULL unless
// memory is short; driver->error tells whether it can be used and *out_status (may be NULL) why
// not.
dm_driver_t* dm_driver_create(const char* file, dm_origin_t origin, const uint8_t* bytes,
                              size_t size, zx_status_t* out_status);
dm_driver_t* dm_driver_ref(dm_driver_t* driver);
void dm_driver_unref(dm_driver_t* driver);  // NULL is fine

// Takes a reference of its own. ZX_ERR_ALREADY_EXISTS: there is a usable driver of that name;
// ZX_ERR_OUT_OF_RANGE: too many; ZX_ERR_NO_MEMORY.
zx_status_t dm_registry_add(dm_registry_t* registry, dm_driver_t* driver);
void dm_registry_remove(dm_registry_t* registry, dm_driver_t* driver);

// By name, '-' and '_' taken as one; only usable ones. Borrowed; NULL: none.
dm_driver_t* dm_registry_find(const dm_registry_t* registry, const char* name);

// The proxy of the driver whose file is |file|: X.so -> X.proxy.so. Borrowed; NULL: none.
dm_driver_t* dm_registry_find_proxy(const dm_registry_t* registry, const char* file);

const char* dm_origin_name(dm_origin_t origin);
