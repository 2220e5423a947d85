// SPDX-License-Identifier: MIT
// What users do to drivers: load, unload, reload. Each is a small state machine that the settle
// pass moves on; they run one after the other, in the order in which they were asked for, and are
// answered when the outcome is known.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protocols/runtime.h>
#include <zircon/compiler.h>
#include <zircon/listnode.h>
#include <zircon/types.h>

#include "control.h"
#include "device_tree.h"
#include "registry.h"

typedef enum dm_operation_kind {
    DM_OPERATION_LOAD,
    DM_OPERATION_UNLOAD,
    DM_OPERATION_RELOAD,
} dm_operation_kind_t;

// A device that an operation binds, or takes a driver from.
typedef struct dm_target {
    uint64_t node_id;
    bool is_bound;  // by this operation, successfully
} dm_target_t;

typedef struct dm_operation {
    list_node_t link;
    dm_coordinator_t* coordinator;  // borrowed
    dm_operation_kind_t kind;
    uint64_t client_id;
    pg_responder_t responder;
    unsigned phase;
    dm_driver_t* driver;   // counted: loaded, or the new one; NULL for unload
    dm_driver_t* old;      // counted: unloaded, or replaced; NULL for load
    dm_target_t* targets;  // owned
    size_t target_count;
    zx_time_t gap_start;
    zx_time_t gap_end;
    zx_status_t status;  // of the whole; the first failure counts
    char* detail;        // owned
} dm_operation_t;

// Queues an operation of a client. The drivers are borrowed; the operation takes references.
void dm_operation_start(dm_client_t* client, dm_operation_kind_t kind, dm_driver_t* driver,
                        dm_driver_t* old, pg_responder_t responder);

// Moves the first one on. True: something changed.
bool dm_operation_settle(dm_coordinator_t* co);

// Answers all as canceled.
void dm_operation_cancel_all(dm_coordinator_t* co);

// ---- steps that several kinds share

// Notes the first failure.
void dm_operation_fail(dm_operation_t* op, zx_status_t status, const char* format, ...)
    __PRINTFLIKE(3, 4);
bool dm_operation_add_target(dm_operation_t* op, dm_node_t* node);
dm_node_t* dm_operation_node(const dm_operation_t* op, size_t index);

// True while a bind or an unbind of |driver| is under way anywhere.
bool dm_operation_is_busy(const dm_operation_t* op, const dm_driver_t* driver);
// Makes the devices with |driver| targets and takes it from them.
void dm_operation_release(dm_operation_t* op, const dm_driver_t* driver);
// True when no target has |driver| any more.
bool dm_operation_is_released(const dm_operation_t* op, const dm_driver_t* driver);
// Unloads |driver| from all hosts that have it. True: done, with failures noted in |op|.
bool dm_operation_unload(dm_operation_t* op, const dm_driver_t* driver);
// Binds |driver| to the targets that still want one.
void dm_operation_bind(dm_operation_t* op, dm_driver_t* driver);
// True when all binds have ended; failures are noted.
bool dm_operation_is_bound(dm_operation_t* op, const dm_driver_t* driver);
// Takes op->driver from the targets that have it.
void dm_operation_take_back(dm_operation_t* op);
// True when the hosts that the targets do not need any more have ended.
bool dm_operation_hosts_are_gone(const dm_operation_t* op);

// One step; true: it moved on. op->phase becomes DM_PHASE_DONE at the end.
#define DM_PHASE_DONE 100u
bool dm_operation_advance_load(dm_operation_t* op);
bool dm_operation_advance_unload(dm_operation_t* op);
bool dm_operation_advance_reload(dm_operation_t* op);
