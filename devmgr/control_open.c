// SPDX-License-Identifier: MIT
// Open: a channel to a device, at once or when it is running.
#include <stdio.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "bind_flow.h"
#include "control_wait.h"
#include "coordinator.h"
#include "request.h"

// The object behind a running device; NULL: it cannot be opened now.
static dm_instance_t* find_target(dm_coordinator_t* co, const char* path) {
    dm_node_t* node = dm_tree_find_path(&co->tree, path);
    if (node == NULL || node->state != DM_DEVICE_RUNNING) {
        return NULL;
    }
    dm_instance_t* instance = node->real.host != NULL ? &node->real : &node->proxy;
    bool is_served = instance->host != NULL && instance->host->state == DM_HOST_RUNNING;
    return is_served ? instance : NULL;
}

static void refuse(dm_wait_t* wait, zx_status_t status) {
    char detail[DM_MAX_ERROR + 1];
    char why[DM_MAX_ERROR / 2];
    const dm_node_t* node = dm_tree_find_path(&wait->coordinator->tree, wait->path);
    if (node == NULL) {
        snprintf(detail, sizeof(detail), "no device %.200s", wait->path);
    } else {
        snprintf(detail, sizeof(detail), "%.200s is %s: %s", wait->path,
                 dm_device_state_name(node->state), dm_bind_why_unbound(node, why, sizeof(why)));
    }
    control_open_response_t response = {.status = status, .detail = detail};
    dm_wait_finish(wait, control_control_open_reply(&wait->responder, &response));
}

static void on_timeout(void* ctx) {
    refuse(ctx, ZX_ERR_TIMED_OUT);
}

bool dm_wait_try_open(dm_wait_t* wait) {
    if (wait->client != ZX_HANDLE_INVALID) {
        return false;  // its host has been asked
    }
    dm_instance_t* instance = find_target(wait->coordinator, wait->path);
    if (instance == NULL) {
        return false;
    }
    zx_handle_t peer = ZX_HANDLE_INVALID;
    zx_status_t status = zx_channel_create(0, &wait->client, &peer);
    if (status != ZX_OK) {
        refuse(wait, status);
        return true;
    }
    dm_request_open(instance, peer, wait->token);
    return true;
}

void dm_control_on_open(void* ctx, const control_open_request_t* request,
                        pg_responder_t responder) {
    dm_client_t* client = ctx;
    dm_coordinator_t* co = client->coordinator;
    const char* path = request->path != NULL ? request->path : "";
    dm_wait_t* wait = dm_wait_create(client, DM_WAIT_OPEN, responder);
    if (wait == NULL) {
        return;
    }
    dm_text_set(&wait->path, "%.*s", (int)DM_MAX_PATH, path);
    if (wait->path == NULL) {
        dm_wait_finish(wait, ZX_ERR_NO_MEMORY);
        return;
    }
    dm_text_clean(wait->path);
    if (find_target(co, wait->path) == NULL && request->timeout_ms == 0) {
        bool exists = dm_tree_find_path(&co->tree, wait->path) != NULL;
        refuse(wait, exists ? ZX_ERR_BAD_STATE : ZX_ERR_NOT_FOUND);
        return;
    }
    if (request->timeout_ms != 0) {
        dm_wait_set_timeout(wait, request->timeout_ms, on_timeout);
    }
    dm_wait_try_open(wait);
}
