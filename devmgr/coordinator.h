// SPDX-License-Identifier: MIT
// devmgr's heart: everything that one running devmgr owns, and the order in which events take
// effect.
//
// Event handlers (messages, ended processes, timers, clients) note what happened in nodes, hosts
// and operations. After each event dm_coordinator_settle() moves on whatever can move, until
// nothing does: removals, operations of users, binds, idle hosts, then those who wait (open, ready,
// log). No handler waits for a host, and no function here is called again from inside itself.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zircon/listnode.h>
#include <zircon/types.h>

#include "board.h"
#include "control.h"
#include "device_tree.h"
#include "fault.h"
#include "host.h"
#include "log.h"
#include "loop.h"
#include "options.h"
#include "ready.h"
#include "registry.h"

struct dm_coordinator {
    const dm_options_t* options;  // borrowed
    dm_loop_t loop;
    dm_log_t log;
    dm_board_t board;
    dm_registry_t registry;
    dm_tree_t tree;
    dm_control_t control;
    dm_fault_t fault;
    dm_ready_t ready;
    zx_handle_t root_resource;  // owned
    zx_time_t started;

    list_node_t hosts;  // dm_host_t, owned
    size_t host_count;
    uint64_t next_host_id;
    uint64_t hosts_crashed;

    list_node_t bind_queue;  // dm_node_t by bind_link: those that want, or lose, a driver
    list_node_t leaving;     // dm_node_t by leave_link
    list_node_t operations;  // dm_operation_t, owned; only the first one is under way
    size_t operation_count;

    bool is_shutting_down;
    dm_timer_t shutdown_timer;
};

// Takes the board over (|board| is emptied), scans the driver folders, makes the root. Logs and
// returns what failed.
zx_status_t dm_coordinator_init(dm_coordinator_t* co, const dm_options_t* options,
                                dm_board_t* board);
// A half-initialized one is fine.
void dm_coordinator_fini(dm_coordinator_t* co);

// Serves until a shutdown was asked for and done.
zx_status_t dm_coordinator_run(dm_coordinator_t* co);

// Unbinds and removes everything, then ends the loop. Idempotent.
void dm_coordinator_shut_down(dm_coordinator_t* co);

// The settle hook of the loop; |ctx| is the coordinator.
void dm_coordinator_settle(void* ctx);
