// SPDX-License-Identifier: MIT
// The drivers of this host, keyed by the name in their note.
//
// A driver is loaded at its first use and stays until UnloadDriver. Loading, unloading and all
// hooks of a driver happen on the main thread, so nothing here but use_count needs a lock.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/listnode.h>
#include <zircon/types.h>

#include <lib/ddk/driver.h>

#include "detail.h"

#define DH_DRIVER_NAME_MAX 32

struct zx_driver {
    // Constant once loaded.
    char name[DH_DRIVER_NAME_MAX + 1];
    void* library;               // owned; of lx_dlopen_vmo()
    const zx_driver_ops_t* ops;  // borrowed from the library
    void* ctx;                   // the driver's, from its init hook
    zx_status_t status;          // of its init hook; not ZX_OK: never used, until unloaded

    uint32_t use_count;  // devices; guarded by dh_lock()
    list_node_t node;    // in the list of drivers
};

// The driver of that name; loads it from image (consumed) if it is not there yet, and runs its init
// hook. On failure `detail` says why: ZX_ERR_IO_DATA_INTEGRITY and ZX_ERR_NOT_FOUND from the
// dynamic loader or for a missing symbol, ZX_ERR_NOT_SUPPORTED for another ABI version,
// ZX_ERR_INVALID_ARGS for another version of the ops or a wrong name, or the status of the init
// hook.
zx_status_t dh_driver_load(const char* name, zx_handle_t image, zx_driver_t** out_driver,
                           dh_detail_t* detail);

// Calls the release hook and unloads the library. ZX_ERR_NOT_FOUND; ZX_ERR_BAD_STATE: devices use
// it.
zx_status_t dh_driver_unload(const char* name, dh_detail_t* detail);

// Stores up to `capacity` names (borrowed, valid during the current dispatch); returns how many
// drivers there are.
size_t dh_driver_names(const char** out_names, size_t capacity);
