// SPDX-License-Identifier: MIT
// One driver host: its process, its two channels, what is in it, and what it owes an answer for.
//
// Every isolating node has at most one host, and every host exactly one such node (host->root),
// until the node goes. A host ends in one of two ways: dm_host_stop() closes its channels and gives
// it time to exit, dm_host_kill() does not. Either way it is forgotten only when its process has
// ended (dm_host_lost), and nothing that it said after that moment counts.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/listnode.h>
#include <zircon/types.h>

#include "broker.h"
#include "device_tree.h"
#include "host_log.h"
#include "dm_limits.h"
#include "loop.h"
#include "registry.h"

typedef struct dm_coordinator dm_coordinator_t;

typedef enum dm_host_state {
    DM_HOST_RUNNING,
    DM_HOST_STOPPING,  // its channels are closed; it is to exit by itself
    DM_HOST_DYING,     // killed; its process has not ended yet
} dm_host_state_t;

// A driver's library in a host.
typedef struct dm_host_image {
    list_node_t link;
    dm_driver_t* driver;  // counted
    dm_step_t unload;
    zx_status_t unload_status;
    char* unload_detail;  // owned; NULL: none
} dm_host_image_t;

struct dm_host {
    list_node_t link;  // in the coordinator's list
    dm_coordinator_t* coordinator;
    uint64_t id;  // never used twice
    char name[DM_MAX_NAME + 1];
    dm_host_state_t state;
    dm_node_t* root;  // borrowed; NULL: the node is gone, or this host is no longer its

    zx_handle_t process;  // owned
    uint32_t pid;
    zx_handle_t channel;      // owned: devmgr asks, the host answers
    zx_handle_t coordinated;  // owned: the host asks, devmgr answers
    dm_source_t process_source;
    dm_source_t channel_source;
    dm_source_t coordinated_source;

    list_node_t instances;  // dm_instance_t
    size_t instance_count;
    list_node_t images;   // dm_host_image_t, owned
    list_node_t pending;  // dm_pending_t, owned
    size_t pending_count;
    uint32_t next_txid;
    uint64_t next_proxy_id;
    dm_timer_t kill_timer;

    dm_broker_t broker;
    dm_host_log_t log;
    bool was_asked;  // to end: its end is no crash
    char* reason;    // owned: why it was killed; NULL: it was not

    // From the last GetStats.
    uint32_t handle_count;
    uint32_t thread_count;
};

// Starts a host for the isolating node |node| (its proxy instance is attached) and sends Start.
// *out_error is a constant text on failure.
zx_status_t dm_host_spawn(dm_coordinator_t* co, dm_node_t* node, dm_host_t** out_host,
                          const char** out_error);

// Closes the channels: the host exits by itself, or is killed after DM_HOST_STOP_TIMEOUT_NS.
void dm_host_stop(dm_host_t* host);

// Ends the host because of what it did or did not do. It counts as a crash.
void dm_host_kill(dm_host_t* host, const char* format, ...) __PRINTFLIKE(2, 3);

// Ends the host because the device it served is gone. It does not count as a crash.
void dm_host_abandon(dm_host_t* host);

// The device with |device_id| in this host; NULL: not one of its devices.
dm_instance_t* dm_host_find(const dm_host_t* host, uint64_t device_id);

// The image of |driver|; NULL: it was not sent there.
dm_host_image_t* dm_host_find_image(const dm_host_t* host, const dm_driver_t* driver);
void dm_host_forget_image(dm_host_image_t* image);

// Frees everything of a host whose process has ended.
void dm_host_destroy(dm_host_t* host);

const char* dm_host_state_name(dm_host_state_t state);
