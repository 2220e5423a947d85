// SPDX-License-Identifier: MIT
// What devmgr asks of a host, and what becomes of the answers. Nothing here waits: a request goes
// out, is kept with a deadline, and its answer changes nodes, images or clients. A host that does
// not answer in time, does not take messages, or answers what was not asked is killed.
#pragma once

#include <stdint.h>

#include <protocols/runtime.h>
#include <zircon/listnode.h>
#include <zircon/types.h>

#include "host.h"

typedef enum dm_request {
    DM_REQUEST_CREATE,
    DM_REQUEST_BIND,
    DM_REQUEST_INIT,
    DM_REQUEST_UNBIND,
    DM_REQUEST_REMOVE,
    DM_REQUEST_OPEN,
    DM_REQUEST_UNLOAD,
    DM_REQUEST_STATS,
} dm_request_t;

typedef struct dm_pending {
    list_node_t link;  // in host->pending
    dm_host_t* host;   // borrowed
    uint32_t txid;
    uint64_t ordinal;
    dm_request_t request;
    uint64_t node_id;
    uint64_t device_id;
    dm_driver_t* driver;  // counted: BIND, UNLOAD
    uint64_t token;       // OPEN, STATS: the client's wait
    dm_timer_t timer;
} dm_pending_t;

// All are fire and forget: a failure ends the host, and the node hears of that.
void dm_request_create(dm_host_t* host, dm_node_t* node, const dm_driver_t* proxy);
void dm_request_bind(dm_host_t* host, const dm_instance_t* instance, dm_driver_t* driver);
void dm_request_init(dm_instance_t* instance);
void dm_request_unbind(dm_instance_t* instance);
void dm_request_remove(dm_instance_t* instance);
void dm_request_unload(dm_host_t* host, dm_host_image_t* image);
// |client| is consumed.
void dm_request_open(const dm_instance_t* instance, zx_handle_t client, uint64_t token);
void dm_request_stats(dm_host_t* host, uint64_t token);

// A message came on the channel on which devmgr asks.
void dm_request_on_answer(dm_host_t* host, pg_message_t* message);

// The host has ended: tells clients that wait for an answer, and forgets all requests.
void dm_request_fail_all(dm_host_t* host);
