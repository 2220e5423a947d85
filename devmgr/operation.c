// SPDX-License-Identifier: MIT
// The queue of operations and the steps that they share.
#include "operation.h"

#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/status.h>

#include "bind_flow.h"
#include "coordinator.h"
#include "match.h"
#include "request.h"

// --------------------------------------------------------------------------------------- queue

static void refuse(dm_client_t* client, dm_operation_kind_t kind, const pg_responder_t* responder) {
    static const char busy[] = "devmgr is busy with other loads";
    zx_status_t status = ZX_OK;
    control_load_response_t load = {.status = ZX_ERR_NO_RESOURCES, .detail = busy};
    control_status_response_t plain = {.status = ZX_ERR_NO_RESOURCES, .detail = busy};
    switch (kind) {
        case DM_OPERATION_LOAD:
            status = control_control_load_reply(responder, &load);
            break;
        case DM_OPERATION_RELOAD:
            status = control_control_reload_reply(responder, &load);
            break;
        case DM_OPERATION_UNLOAD:
            status = control_control_unload_reply(responder, &plain);
            break;
    }
    dm_client_answered(client, status);
}

void dm_operation_start(dm_client_t* client, dm_operation_kind_t kind, dm_driver_t* driver,
                        dm_driver_t* old, pg_responder_t responder) {
    dm_coordinator_t* co = client->coordinator;
    if (!dm_client_may_wait(client)) {
        return;
    }
    dm_operation_t* op = co->operation_count < DM_MAX_OPERATIONS && !co->is_shutting_down
                             ? calloc(1, sizeof(*op))
                             : NULL;
    if (op == NULL) {
        client->wait_count--;
        refuse(client, kind, &responder);
        return;
    }
    op->coordinator = co;
    op->kind = kind;
    op->client_id = client->id;
    op->responder = responder;
    op->driver = driver != NULL ? dm_driver_ref(driver) : NULL;
    op->old = old != NULL ? dm_driver_ref(old) : NULL;
    list_add_tail(&co->operations, &op->link);
    co->operation_count++;
}

// Paths and host pids of the devices that the operation bound.
static size_t list_bound(const dm_operation_t* op, char** paths, uint32_t* pids, size_t capacity) {
    size_t count = 0;
    for (size_t i = 0; i < op->target_count && count < capacity; i++) {
        const dm_node_t* node = dm_operation_node(op, i);
        const dm_host_t* host = node != NULL ? dm_node_driver_host(node) : NULL;
        char path[DM_MAX_PATH + 1];
        if (host == NULL || !op->targets[i].is_bound || op->status != ZX_OK) {
            continue;
        }
        paths[count] = strdup(dm_node_path(node, path, sizeof(path)));
        if (paths[count] != NULL) {
            pids[count++] = host->pid;
        }
    }
    return count;
}

#define MAX_LISTED 128u

static zx_status_t send_answer(const dm_operation_t* op) {
    char* paths[MAX_LISTED];
    uint32_t pids[MAX_LISTED];
    if (op->kind == DM_OPERATION_UNLOAD) {
        control_status_response_t response = {.status = op->status, .detail = op->detail};
        return control_control_unload_reply(&op->responder, &response);
    }
    size_t count = list_bound(op, paths, pids, MAX_LISTED);
    control_load_response_t response = {.status = op->status,
                                        .detail = op->detail,
                                        .name = op->driver->name,
                                        .devices = (const char* const*)paths,
                                        .devices_count = count,
                                        .hosts = pids,
                                        .hosts_count = count};
    if (op->kind == DM_OPERATION_RELOAD && op->gap_end > op->gap_start) {
        response.gap_ns = op->gap_end - op->gap_start;
    }
    zx_status_t status = op->kind == DM_OPERATION_RELOAD
                             ? control_control_reload_reply(&op->responder, &response)
                             : control_control_load_reply(&op->responder, &response);
    for (size_t i = 0; i < count; i++) {
        free(paths[i]);
    }
    return status;
}

// Libraries that could not be unloaded may be tried again by the next operation.
static void forget_unload_failures(dm_coordinator_t* co) {
    dm_host_t* host;
    list_for_every_entry(&co->hosts, host, dm_host_t, link) {
        dm_host_image_t* image;
        list_for_every_entry(&host->images, image, dm_host_image_t, link) {
            if (image->unload == DM_STEP_DONE) {
                image->unload = DM_STEP_IDLE;
            }
        }
    }
}

static void finish(dm_operation_t* op) {
    static const char* const verbs[] = {"load", "unload", "reload"};
    dm_coordinator_t* co = op->coordinator;
    const dm_driver_t* driver = op->driver != NULL ? op->driver : op->old;
    dm_logf(&co->log, op->status == ZX_OK ? DM_LOG_INFO : DM_LOG_WARNING, "devmgr",
            "%s of driver %s: %s%s%s", verbs[op->kind], driver->name,
            op->status == ZX_OK ? "done" : zx_status_get_string(op->status),
            op->detail != NULL ? ": " : "", op->detail != NULL ? op->detail : "");
    for (size_t i = 0; i < op->target_count; i++) {
        dm_node_t* node = dm_operation_node(op, i);
        if (node != NULL) {
            node->is_reserved = false;
        }
    }
    forget_unload_failures(co);
    dm_client_t* client = dm_control_find(co, op->client_id);
    if (client != NULL) {
        client->wait_count--;
        dm_client_answered(client, send_answer(op));
    }
    list_delete(&op->link);
    co->operation_count--;
    dm_driver_unref(op->driver);
    dm_driver_unref(op->old);
    free(op->targets);
    free(op->detail);
    free(op);
}

bool dm_operation_settle(dm_coordinator_t* co) {
    static bool (*const advance[])(dm_operation_t*) = {
        [DM_OPERATION_LOAD] = dm_operation_advance_load,
        [DM_OPERATION_UNLOAD] = dm_operation_advance_unload,
        [DM_OPERATION_RELOAD] = dm_operation_advance_reload,
    };
    list_node_t* head = list_peek_head(&co->operations);
    if (head == NULL) {
        return false;
    }
    dm_operation_t* op = containerof(head, dm_operation_t, link);
    bool is_changed = advance[op->kind](op);
    if (op->phase == DM_PHASE_DONE) {
        finish(op);
        is_changed = true;
    }
    return is_changed;
}

void dm_operation_cancel_all(dm_coordinator_t* co) {
    while (!list_is_empty(&co->operations)) {
        dm_operation_t* op = containerof(list_peek_head(&co->operations), dm_operation_t, link);
        dm_operation_fail(op, ZX_ERR_CANCELED, "devmgr is shutting down");
        finish(op);
    }
}

// --------------------------------------------------------------------------------------- steps

void dm_operation_fail(dm_operation_t* op, zx_status_t status, const char* format, ...) {
    if (op->status != ZX_OK) {
        return;
    }
    op->status = status;
    va_list args;
    va_start(args, format);
    dm_text_setv(&op->detail, format, args);
    va_end(args);
}

bool dm_operation_add_target(dm_operation_t* op, dm_node_t* node) {
    dm_target_t* targets = realloc(op->targets, (op->target_count + 1) * sizeof(targets[0]));
    if (targets == NULL) {
        return false;
    }
    op->targets = targets;
    targets[op->target_count++] = (dm_target_t){.node_id = node->id};
    return true;
}

dm_node_t* dm_operation_node(const dm_operation_t* op, size_t index) {
    return dm_tree_find(&op->coordinator->tree, op->targets[index].node_id);
}

bool dm_operation_is_busy(const dm_operation_t* op, const dm_driver_t* driver) {
    const dm_tree_t* tree = &op->coordinator->tree;
    for (const dm_node_t* node = tree->root; node != NULL; node = dm_tree_next(node)) {
        if (node->driver == driver && node->bind_phase != DM_BIND_BOUND) {
            return true;
        }
    }
    return false;
}

void dm_operation_release(dm_operation_t* op, const dm_driver_t* driver) {
    dm_coordinator_t* co = op->coordinator;
    for (dm_node_t* node = co->tree.root; node != NULL; node = dm_tree_next(node)) {
        if (node->driver == driver && !dm_node_is_leaving(node)) {
            if (!dm_operation_add_target(op, node)) {
                dm_operation_fail(op, ZX_ERR_NO_MEMORY, "memory is short");
            }
        }
    }
    for (size_t i = 0; i < op->target_count; i++) {
        dm_node_t* node = dm_operation_node(op, i);
        if (node != NULL && node->driver == driver) {
            dm_bind_release(co, node);
        }
    }
}

bool dm_operation_is_released(const dm_operation_t* op, const dm_driver_t* driver) {
    for (size_t i = 0; i < op->target_count; i++) {
        const dm_node_t* node = dm_operation_node(op, i);
        if (node != NULL && node->driver == driver) {
            return false;
        }
    }
    // Devices that the driver added and that are leaving on other ways hold its code, too.
    const dm_tree_t* tree = &op->coordinator->tree;
    for (const dm_node_t* node = tree->root; node != NULL; node = dm_tree_next(node)) {
        if (node->creator == driver) {
            return false;
        }
    }
    return true;
}

// An image in a host that is about to end goes with it.
static bool is_going(const dm_host_t* host) {
    return host->state != DM_HOST_RUNNING ||
           (host->root != NULL && host->root->proxy.unbind != DM_STEP_IDLE);
}

bool dm_operation_unload(dm_operation_t* op, const dm_driver_t* driver) {
    bool is_done = true;
    dm_host_t* host;
    list_for_every_entry(&op->coordinator->hosts, host, dm_host_t, link) {
        dm_host_image_t* image = dm_host_find_image(host, driver);
        if (image == NULL || is_going(host)) {
            continue;
        }
        if (image->unload == DM_STEP_IDLE) {
            dm_request_unload(host, image);
        }
        if (image->unload == DM_STEP_SENT) {
            is_done = false;
        } else {
            dm_operation_fail(op, image->unload_status,
                              "its library stays in host %s (pid %u): %s: %s", host->name,
                              host->pid, zx_status_get_string(image->unload_status),
                              image->unload_detail != NULL ? image->unload_detail : "");
        }
    }
    return is_done;
}

void dm_operation_bind(dm_operation_t* op, dm_driver_t* driver) {
    for (size_t i = 0; i < op->target_count; i++) {
        dm_node_t* node = dm_operation_node(op, i);
        op->targets[i].is_bound = false;
        if (node == NULL || node->driver != NULL || !dm_bind_is_possible(node)) {
            continue;
        }
        if (dm_match_driver(driver, &node->properties, node->protocol_id, false) ||
            dm_match_driver(driver, &node->properties, node->protocol_id, true)) {
            dm_bind_with(op->coordinator, node, driver);
        } else {
            char path[DM_MAX_PATH + 1];
            dm_operation_fail(op, ZX_ERR_NOT_FOUND, "its rules do not match %s any more",
                              dm_node_path(node, path, sizeof(path)));
        }
    }
}

// Takes the outcome of one finished target.
static void take_outcome(dm_operation_t* op, dm_target_t* target, const dm_node_t* node,
                         const dm_driver_t* driver) {
    char path[DM_MAX_PATH + 1];
    if (node == NULL) {
        if (driver->crash != NULL) {
            dm_operation_fail(op, ZX_ERR_UNAVAILABLE, "%s", driver->crash);
        }
        return;  // gone for another reason: nothing to bind any more
    }
    bool is_bound = node->bind_phase == DM_BIND_BOUND && node->driver == driver;
    if (is_bound && node->bind_error == NULL) {
        target->is_bound = true;
    } else if (is_bound || node->bind_phase == DM_BIND_FAILED) {
        dm_operation_fail(op, node->bind_status != ZX_OK ? node->bind_status : ZX_ERR_INTERNAL,
                          "%s: %s", dm_node_path(node, path, sizeof(path)),
                          node->bind_error != NULL ? node->bind_error : "bind failed");
    }
}

// The outcome is known when bind has returned and the devices that it added are initialized.
static bool is_binding(const dm_node_t* node, const dm_driver_t* driver) {
    if (node->bind_phase == DM_BIND_CREATING || node->bind_phase == DM_BIND_BINDING ||
        (node->bind_phase == DM_BIND_WANTED && node->bind_choice == driver)) {
        return true;
    }
    const dm_node_t* child;
    list_for_every_entry(&node->children, child, dm_node_t, sibling) {
        if (child->creator == driver && child->state == DM_DEVICE_INITIALIZING) {
            return true;
        }
    }
    return false;
}

bool dm_operation_is_bound(dm_operation_t* op, const dm_driver_t* driver) {
    for (size_t i = 0; i < op->target_count; i++) {
        const dm_node_t* node = dm_operation_node(op, i);
        if (node != NULL && is_binding(node, driver)) {
            return false;
        }
    }
    for (size_t i = 0; i < op->target_count; i++) {
        take_outcome(op, &op->targets[i], dm_operation_node(op, i), driver);
    }
    return true;
}

void dm_operation_take_back(dm_operation_t* op) {
    for (size_t i = 0; i < op->target_count; i++) {
        dm_node_t* node = dm_operation_node(op, i);
        if (node != NULL && node->driver == op->driver) {
            dm_bind_release(op->coordinator, node);
        }
    }
}

bool dm_operation_hosts_are_gone(const dm_operation_t* op) {
    for (size_t i = 0; i < op->target_count; i++) {
        const dm_node_t* node = dm_operation_node(op, i);
        if (node != NULL && dm_node_is_isolating(node) && node->proxy.host != NULL &&
            (node->bind_phase == DM_BIND_NONE || node->bind_phase == DM_BIND_FAILED)) {
            return false;
        }
    }
    return true;
}
