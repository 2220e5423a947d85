// SPDX-License-Identifier: MIT
// device_add(): checks and registration, and what the hooks that may only add one special device
// (create, open) tell it.
#pragma once

#include <stdint.h>

#include <zircon/types.h>

#include <lib/ddk/driver.h>

#include "device.h"

// While one of these hooks runs, the device_add() calls of its thread mean something else.
typedef struct dh_add_context {
    dh_device_kind_t kind;  // NODE: in a create hook; INSTANCE: in an open hook
    zx_device_t* parent;    // borrowed: the one that the device must be added to
    uint64_t id;            // of the node, given by devmgr; 0 for an instance
    const char* name;       // borrowed: of the node, given by devmgr
    zx_device_t* added;     // what was added; NULL: nothing yet
} dh_add_context_t;

// Sets the calling thread's context (borrowed; NULL: none).
void dh_add_context_set(dh_add_context_t* context);
