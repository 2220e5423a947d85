// SPDX-License-Identifier: MIT
// The control socket: its clients and their requests. A client that sends garbage, or does not read
// its answers, is disconnected; what it had asked for goes on without it.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protocols/control.h>
#include <protocols/runtime.h>
#include <zircon/listnode.h>
#include <zircon/types.h>

#include "loop.h"

typedef struct dm_coordinator dm_coordinator_t;

typedef struct dm_client {
    list_node_t link;
    dm_coordinator_t* coordinator;  // borrowed
    uint64_t id;                    // never used twice
    zx_handle_t channel;            // owned
    dm_source_t source;
    size_t wait_count;  // answers that it waits for
    bool is_dead;       // to be freed at the next settle
} dm_client_t;

typedef struct dm_control {
    zx_handle_t listener;  // owned
    dm_source_t source;
    list_node_t clients;  // dm_client_t, owned
    size_t client_count;
    list_node_t waits;  // dm_wait_t, owned (control_wait.h)
    uint64_t next_id;
} dm_control_t;

// Listens on |path|. ZX_ERR_ALREADY_BOUND: another process does.
zx_status_t dm_control_start(dm_coordinator_t* co, const char* path);
// A zeroed control is fine.
void dm_control_stop(dm_coordinator_t* co);

// Frees dead clients with what they wait for.
void dm_control_settle(dm_coordinator_t* co);

// NULL: gone.
dm_client_t* dm_control_find(const dm_coordinator_t* co, uint64_t client_id);

// Notes the outcome of sending an answer; a client that cannot be answered is dropped.
void dm_client_answered(dm_client_t* client, zx_status_t status);

// True, and counted, if the client may wait for one more answer.
bool dm_client_may_wait(dm_client_t* client);

// Handlers, by file. |ctx| is the client.
void dm_control_on_list_devices(void* ctx, const control_list_request_t* request,
                                pg_responder_t responder);
void dm_control_on_list_drivers(void* ctx, const control_list_request_t* request,
                                pg_responder_t responder);
void dm_control_on_list_hosts(void* ctx, const control_list_request_t* request,
                              pg_responder_t responder);
void dm_control_on_show(void* ctx, const control_path_request_t* request, pg_responder_t responder);
void dm_control_on_load(void* ctx, const control_load_request_t* request, pg_responder_t responder);
void dm_control_on_reload(void* ctx, const control_load_request_t* request,
                          pg_responder_t responder);
void dm_control_on_unload(void* ctx, const control_name_request_t* request,
                          pg_responder_t responder);
void dm_control_on_open(void* ctx, const control_open_request_t* request, pg_responder_t responder);
void dm_control_on_read_log(void* ctx, const control_log_request_t* request,
                            pg_responder_t responder);
void dm_control_on_wait_ready(void* ctx, const control_ready_request_t* request,
                              pg_responder_t responder);
