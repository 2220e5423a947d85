// SPDX-License-Identifier: MIT
// How a device gets its driver, and loses it: queue, host, proxy, bind; restarts after crashes.
#pragma once

#include <stdbool.h>

#include <zircon/types.h>

#include "device_tree.h"

typedef struct dm_coordinator dm_coordinator_t;

// Offers a device for matching, if it has no driver and is ready for one.
void dm_bind_want(dm_coordinator_t* co, dm_node_t* node);

// Binds one driver to a device, by a user's request: also one that is not bindable by itself,
// failed or was given up. The device must have no driver.
void dm_bind_with(dm_coordinator_t* co, dm_node_t* node, dm_driver_t* driver);

// True if a user's driver may be tried on it: alive, unbound, nothing under way.
bool dm_bind_is_possible(const dm_node_t* node);

// Takes the driver away: what it added leaves, then the phase is DM_BIND_NONE.
void dm_bind_release(dm_coordinator_t* co, dm_node_t* node);

// Offers every unbound device again (a driver was added).
void dm_bind_want_all(dm_coordinator_t* co);

// Answers of hosts.
void dm_bind_on_created(dm_coordinator_t* co, dm_node_t* node, zx_status_t status,
                        const char* detail);
void dm_bind_on_bound(dm_coordinator_t* co, dm_node_t* node, dm_driver_t* driver,
                      zx_status_t status, const char* detail);
void dm_bind_on_initialized(dm_coordinator_t* co, dm_node_t* node, zx_status_t status,
                            const char* detail);

// The isolated host of |node| ended unasked, for the reason |why|; its proxy is detached already.
void dm_bind_on_host_lost(dm_coordinator_t* co, dm_node_t* node, const char* why);

// Moves the queue on. True: something changed.
bool dm_bind_settle(dm_coordinator_t* co);

// One line for people: why there is no driver. Returns |out|.
const char* dm_bind_why_unbound(const dm_node_t* node, char* out, size_t size);
