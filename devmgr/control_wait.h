// SPDX-License-Identifier: MIT
// Answers that clients wait for: an opened device, readiness, news in the log, numbers from hosts.
// Nothing polls: changes of the tree, of the log and answers of hosts end a wait, or its timer
// does.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <protocols/runtime.h>
#include <zircon/listnode.h>
#include <zircon/types.h>

#include "control.h"

typedef enum dm_wait_kind {
    DM_WAIT_OPEN,
    DM_WAIT_READY,
    DM_WAIT_LOG,
    DM_WAIT_STATS,
} dm_wait_kind_t;

typedef struct dm_wait {
    list_node_t link;
    dm_coordinator_t* coordinator;  // borrowed
    uint64_t token;                 // never used twice
    uint64_t client_id;
    pg_responder_t responder;
    dm_wait_kind_t kind;
    dm_timer_t timer;
    bool has_timeout;
    // OPEN
    char* path;          // owned
    zx_handle_t client;  // owned: the client's end, while the host is asked
    // LOG
    uint64_t after;
    // STATS
    uint32_t start;
    size_t outstanding;
} dm_wait_t;

// A new wait of |client|; NULL: it waits for too much already (it is disconnected), or memory is
// short.
dm_wait_t* dm_wait_create(dm_client_t* client, dm_wait_kind_t kind, pg_responder_t responder);
// Ends a wait whose answer was sent with |status|.
void dm_wait_finish(dm_wait_t* wait, zx_status_t status);
void dm_wait_set_timeout(dm_wait_t* wait, uint32_t timeout_ms, dm_timer_cb_t cb);

// Hosts answered. Unknown tokens are ignored: the client has gone, or has got another answer.
void dm_wait_open_answered(dm_coordinator_t* co, uint64_t token, zx_status_t status,
                           const char* detail);
void dm_wait_stats_answered(dm_coordinator_t* co, uint64_t token);

// Answers those whose time has come. True: something changed.
bool dm_wait_settle(dm_coordinator_t* co);

void dm_wait_drop_client(dm_coordinator_t* co, uint64_t client_id);

// One kind each; true: the wait was answered, or moved on.
bool dm_wait_try_open(dm_wait_t* wait);
bool dm_wait_try_log(dm_wait_t* wait);
bool dm_wait_try_ready(dm_wait_t* wait);
// Answers ListHosts with the numbers that are there.
void dm_wait_send_hosts(dm_wait_t* wait);
