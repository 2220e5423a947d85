// SPDX-License-Identifier: MIT
// Threads that are known to wait.
#pragma once

#include <sched.h>

#include <zircon/assert.h>

#include "object.h"

// Returns when `count` threads or ports wait on the object.
static inline void test_until_waited_on(zx_handle_t handle, uint32_t count) {
    ko_object_t* object;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_NONE, 0, &object);
    ZX_ASSERT(status == ZX_OK);
    while (atomic_load(&object->wait_count) < count) {
        sched_yield();
    }
    ko_object_release(object);
}
