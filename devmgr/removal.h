// SPDX-License-Identifier: MIT
// How devices go: unbind hooks from the top down, removal from the bottom up, across hosts; by
// force and without hooks for everything in a host that has ended.
#pragma once

#include <stdbool.h>

#include "device_tree.h"

typedef struct dm_coordinator dm_coordinator_t;

// Starts the removal of a node and everything below it. Idempotent.
void dm_leave(dm_coordinator_t* co, dm_node_t* node);

// Removes a node and everything below it now, without telling its host.
void dm_leave_force(dm_coordinator_t* co, dm_node_t* node);

// Moves removals on. True: something changed.
bool dm_leave_settle(dm_coordinator_t* co);

// Moves the end of an isolated host on: unbind and remove its proxy, then stop it. True: it is
// gone. *out_is_changed is set (never cleared) if this call sent or stopped something.
bool dm_leave_retire_proxy(dm_node_t* node, bool* out_is_changed);
