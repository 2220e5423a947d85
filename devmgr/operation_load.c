// SPDX-License-Identifier: MIT
// Load and unload.
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "bind_flow.h"
#include "coordinator.h"
#include "match.h"
#include "operation.h"

// ---------------------------------------------------------------------------------------- load

enum { LOAD_START, LOAD_BINDING, LOAD_UNDO, LOAD_UNLOAD, LOAD_HOSTS };

// Every device without a driver that the new one matches.
static void choose_targets(dm_operation_t* op) {
    dm_tree_t* tree = &op->coordinator->tree;
    for (dm_node_t* node = tree->root; node != NULL; node = dm_tree_next(node)) {
        bool is_free = node->driver == NULL && dm_bind_is_possible(node) &&
                       node->bind_phase != DM_BIND_BACKOFF &&
                       (node->flags & DM_ADD_NON_BINDABLE) == 0;
        if (is_free && dm_match_driver(op->driver, &node->properties, node->protocol_id, true) &&
            !dm_operation_add_target(op, node)) {
            dm_operation_fail(op, ZX_ERR_NO_MEMORY, "memory is short");
        }
    }
}

static void start_load(dm_operation_t* op) {
    dm_coordinator_t* co = op->coordinator;
    zx_status_t status = dm_registry_add(&co->registry, op->driver);
    if (status == ZX_ERR_ALREADY_EXISTS) {
        dm_operation_fail(op, status, "driver %s is loaded already; reload replaces it",
                          op->driver->name);
    } else if (status != ZX_OK) {
        dm_operation_fail(op, status, "there are %zu drivers already", co->registry.count);
    }
    if (op->status != ZX_OK) {
        op->phase = DM_PHASE_DONE;
        return;
    }
    if (!op->driver->is_proxy) {
        choose_targets(op);
        dm_operation_bind(op, op->driver);
    }
    op->phase = LOAD_BINDING;
}

// One device that took the driver is success; the others are in the log.
static void conclude_load(dm_operation_t* op) {
    bool is_any_bound = false;
    for (size_t i = 0; i < op->target_count; i++) {
        is_any_bound = op->targets[i].is_bound || is_any_bound;
    }
    if (is_any_bound || op->status == ZX_OK) {
        op->status = ZX_OK;
        op->phase = DM_PHASE_DONE;
        return;
    }
    op->phase = LOAD_UNDO;
}

bool dm_operation_advance_load(dm_operation_t* op) {
    switch (op->phase) {
        case LOAD_START:
            start_load(op);
            return true;
        case LOAD_BINDING:
            if (!dm_operation_is_bound(op, op->driver)) {
                return false;
            }
            conclude_load(op);
            return true;
        case LOAD_UNDO:  // nobody could use it: forget it
            dm_registry_remove(&op->coordinator->registry, op->driver);
            dm_operation_take_back(op);
            op->phase = LOAD_UNLOAD;
            return true;
        case LOAD_UNLOAD:
            if (!dm_operation_is_released(op, op->driver) || !dm_operation_unload(op, op->driver)) {
                return false;
            }
            op->phase = LOAD_HOSTS;
            return true;
        default:
            if (!dm_operation_hosts_are_gone(op)) {
                return false;
            }
            op->phase = DM_PHASE_DONE;
            return true;
    }
}

// -------------------------------------------------------------------------------------- unload

enum { UNLOAD_START, UNLOAD_RELEASING, UNLOAD_LIBRARIES, UNLOAD_HOSTS };

bool dm_operation_advance_unload(dm_operation_t* op) {
    dm_registry_t* registry = &op->coordinator->registry;
    switch (op->phase) {
        case UNLOAD_START:
            if (!list_in_list(&op->old->link)) {
                dm_operation_fail(op, ZX_ERR_NOT_FOUND, "driver %s is not loaded any more",
                                  op->old->name);
                op->phase = DM_PHASE_DONE;
                return true;
            }
            if (dm_operation_is_busy(op, op->old)) {
                return false;
            }
            dm_registry_remove(registry, op->old);
            dm_operation_release(op, op->old);
            op->phase = UNLOAD_RELEASING;
            return true;
        case UNLOAD_RELEASING:
            if (!dm_operation_is_released(op, op->old)) {
                return false;
            }
            op->phase = UNLOAD_LIBRARIES;
            return true;
        case UNLOAD_LIBRARIES:
            if (!dm_operation_unload(op, op->old)) {
                return false;
            }
            if (op->status != ZX_OK) {
                // Its code is still in a host: it stays known, so that it can be unloaded again.
                dm_registry_add(registry, op->old);
            }
            op->phase = UNLOAD_HOSTS;
            return true;
        default:
            if (!dm_operation_hosts_are_gone(op)) {
                return false;
            }
            op->phase = DM_PHASE_DONE;
            return true;
    }
}
