// SPDX-License-Identifier: MIT
// Reload: the new image takes the place of the old one on the same devices, in the same running
// hosts. If it cannot be bound, the old one comes back.
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "bind_flow.h"
#include "coordinator.h"
#include "operation.h"

enum {
    RELOAD_START,
    RELOAD_RELEASING,
    RELOAD_UNLOADING,
    RELOAD_BINDING,
    BACK_RELEASING,
    BACK_UNLOADING,
    BACK_BINDING,
    RELOAD_HOSTS,
};

static void reserve_targets(dm_operation_t* op, bool is_reserved) {
    for (size_t i = 0; i < op->target_count; i++) {
        dm_node_t* node = dm_operation_node(op, i);
        if (node != NULL) {
            node->is_reserved = is_reserved;
        }
    }
}

static bool start_reload(dm_operation_t* op) {
    dm_coordinator_t* co = op->coordinator;
    if (!list_in_list(&op->old->link)) {
        dm_operation_fail(op, ZX_ERR_NOT_FOUND, "driver %s is not loaded any more", op->old->name);
        op->phase = DM_PHASE_DONE;
        return true;
    }
    if (dm_operation_is_busy(op, op->old)) {
        return false;
    }
    // Out of the registry, so that nothing is bound to it meanwhile.
    dm_registry_remove(&co->registry, op->old);
    op->gap_start = zx_clock_get_monotonic();
    dm_operation_release(op, op->old);
    reserve_targets(op, true);
    op->phase = RELOAD_RELEASING;
    return true;
}

static void bind_new(dm_operation_t* op) {
    dm_coordinator_t* co = op->coordinator;
    zx_status_t status = dm_registry_add(&co->registry, op->driver);
    if (status != ZX_OK) {
        dm_operation_fail(op, status, "the new driver cannot be registered");
    } else {
        dm_operation_bind(op, op->driver);
    }
    op->phase = RELOAD_BINDING;
}

static void conclude(dm_operation_t* op) {
    if (op->status == ZX_OK) {
        op->gap_end = op->target_count != 0 ? zx_clock_get_monotonic() : 0;
        dm_bind_want_all(op->coordinator);
        op->phase = RELOAD_HOSTS;
        return;
    }
    dm_registry_remove(&op->coordinator->registry, op->driver);
    dm_operation_take_back(op);
    op->phase = BACK_RELEASING;
}

static void bind_old(dm_operation_t* op) {
    dm_registry_add(&op->coordinator->registry, op->old);
    dm_operation_bind(op, op->old);
    op->phase = BACK_BINDING;
}

// The answer says what was wrong with the new one, and whether the old one serves again.
static void conclude_back(dm_operation_t* op) {
    char text[DM_MAX_ERROR + 1];
    size_t bound = 0;
    for (size_t i = 0; i < op->target_count; i++) {
        bound += op->targets[i].is_bound ? 1 : 0;
    }
    dm_text_copy(text, sizeof(text), op->detail);
    dm_text_set(&op->detail, "%s; back to the old one, which is bound to %zu of %zu devices", text,
                bound, op->target_count);
    op->phase = RELOAD_HOSTS;
}

bool dm_operation_advance_reload(dm_operation_t* op) {
    bool is_ready = true;
    switch (op->phase) {
        case RELOAD_START:
            return start_reload(op);
        case RELOAD_RELEASING:
            is_ready = dm_operation_is_released(op, op->old);
            if (is_ready) {
                op->phase = RELOAD_UNLOADING;
            }
            break;
        case RELOAD_UNLOADING:
            is_ready = dm_operation_unload(op, op->old);
            if (is_ready && op->status == ZX_OK) {
                bind_new(op);
            } else if (is_ready) {
                bind_old(op);
            }
            break;
        case RELOAD_BINDING:
            is_ready = dm_operation_is_bound(op, op->driver);
            if (is_ready) {
                conclude(op);
            }
            break;
        case BACK_RELEASING:
            is_ready = dm_operation_is_released(op, op->driver);
            if (is_ready) {
                op->phase = BACK_UNLOADING;
            }
            break;
        case BACK_UNLOADING:
            is_ready = dm_operation_unload(op, op->driver);
            if (is_ready) {
                bind_old(op);
            }
            break;
        case BACK_BINDING:
            is_ready = dm_operation_is_bound(op, op->old);
            if (is_ready) {
                conclude_back(op);
            }
            break;
        default:
            reserve_targets(op, false);
            is_ready = dm_operation_hosts_are_gone(op);
            if (is_ready) {
                op->phase = DM_PHASE_DONE;
            }
            break;
    }
    return is_ready;
}
