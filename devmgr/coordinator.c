// SPDX-License-Identifier: MIT
// Putting devmgr together, and the settle pass.
#include "coordinator.h"

#include <stdlib.h>
#include <string.h>

#include <lx/resource.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "bind_flow.h"
#include "control_wait.h"
#include "operation.h"
#include "protocol_names.h"
#include "removal.h"
#include "request.h"

// Metadata type under which the root's driver finds the board.
#define METADATA_BOARD 0x42524464u

// --------------------------------------------------------------------------------------- start

static zx_status_t make_root(dm_coordinator_t* co) {
    uint8_t* data = NULL;
    size_t size = 0;
    dm_node_t* root = dm_node_create(&co->tree, NULL, "sys");
    if (root == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    root->protocol_id = DM_PROTOCOL_ROOT;
    root->flags = DM_ADD_MUST_ISOLATE;
    zx_status_t status = dm_board_encode(&co->board, &data, &size);
    if (status == ZX_OK) {
        status = dm_node_add_metadata(root, METADATA_BOARD, data, size, DM_MAX_BOARD_METADATA_SIZE);
    }
    free(data);
    if (status == ZX_OK) {
        dm_node_apply(&co->tree, root, DM_EVENT_ADD);
        dm_bind_want(co, root);
    }
    return status;
}

static void log_bad_drivers(dm_coordinator_t* co) {
    const dm_driver_t* driver;
    list_for_every_entry(&co->registry.drivers, driver, dm_driver_t, link) {
        if (driver->error != NULL) {
            dm_logf(&co->log, DM_LOG_WARNING, "devmgr", "driver file %s cannot be used: %s",
                    driver->file, driver->error);
        }
    }
}

static void init_lists(dm_coordinator_t* co) {
    list_initialize(&co->hosts);
    list_initialize(&co->bind_queue);
    list_initialize(&co->leaving);
    list_initialize(&co->operations);
    list_initialize(&co->control.clients);
    list_initialize(&co->control.waits);
    dm_tree_init(&co->tree);
    dm_registry_init(&co->registry);
}

zx_status_t dm_coordinator_init(dm_coordinator_t* co, const dm_options_t* options,
                                dm_board_t* board) {
    *co = (dm_coordinator_t){.options = options, .started = zx_clock_get_monotonic()};
    init_lists(co);
    co->board = *board;
    *board = (dm_board_t){0};
    zx_status_t status = dm_log_init(&co->log, options->log_level);
    if (status == ZX_OK) {
        status = dm_loop_init(&co->loop, dm_coordinator_settle, co);
    }
    if (status == ZX_OK) {
        status = lx_root_resource_create(&co->root_resource);
    }
    if (status != ZX_OK) {
        return status;
    }
    status = dm_control_start(co, options->socket_path);
    if (status != ZX_OK) {
        dm_logf(&co->log, DM_LOG_ERROR, "devmgr", "control socket %s: %s%s", options->socket_path,
                zx_status_get_string(status),
                status == ZX_ERR_ALREADY_BOUND ? ": another devmgr serves it" : "");
        return status;
    }
    dm_fault_start(co);
    status = dm_registry_scan(&co->registry, options->driver_dirs, options->driver_dir_count,
                              &co->board);
    if (status == ZX_OK) {
        log_bad_drivers(co);
        status = make_root(co);
    }
    return status;
}

void dm_coordinator_fini(dm_coordinator_t* co) {
    if (co->options == NULL) {
        return;
    }
    dm_operation_cancel_all(co);
    dm_control_stop(co);
    dm_fault_stop(co);
    dm_timer_stop(&co->shutdown_timer);
    if (co->tree.root != NULL) {
        dm_leave_force(co, co->tree.root);
    }
    while (!list_is_empty(&co->hosts)) {
        dm_host_t* host = containerof(list_peek_head(&co->hosts), dm_host_t, link);
        dm_request_fail_all(host);
        dm_host_destroy(host);
    }
    dm_tree_fini(&co->tree);
    dm_registry_fini(&co->registry);
    dm_board_fini(&co->board);
    zx_handle_close(co->root_resource);
    dm_loop_fini(&co->loop);
    dm_log_fini(&co->log);
}

// ---------------------------------------------------------------------------------------- stop

static void on_shutdown_time(void* ctx) {
    dm_coordinator_t* co = ctx;
    dm_logf(&co->log, DM_LOG_WARNING, "devmgr",
            "shutdown takes too long: %zu driver hosts are killed", co->host_count);
    dm_loop_quit(&co->loop);
}

void dm_coordinator_shut_down(dm_coordinator_t* co) {
    if (co->is_shutting_down) {
        return;
    }
    co->is_shutting_down = true;
    dm_logf(&co->log, DM_LOG_INFO, "devmgr", "shutting down");
    dm_operation_cancel_all(co);
    if (co->tree.root != NULL) {
        dm_leave(co, co->tree.root);
    }
    dm_timer_start(&co->loop, &co->shutdown_timer, zx_deadline_after(DM_SHUTDOWN_TIMEOUT_NS),
                   on_shutdown_time, co);
}

// -------------------------------------------------------------------------------------- settle

// A host whose device has no driver, and will not get one by an operation, ends.
static bool settle_host(dm_host_t* host) {
    bool is_changed = false;
    if (host->state == DM_HOST_RUNNING && host->broker.is_violated) {
        dm_host_kill(host, "it sent the broker something that is no request");
        return true;
    }
    dm_node_t* root = host->root;
    if (host->state != DM_HOST_RUNNING || root == NULL || dm_node_is_leaving(root)) {
        return false;
    }
    bool is_unused = (root->bind_phase == DM_BIND_NONE || root->bind_phase == DM_BIND_FAILED) &&
                     !root->is_reserved && list_is_empty(&root->children);
    if (is_unused || root->proxy.unbind != DM_STEP_IDLE) {
        dm_leave_retire_proxy(root, &is_changed);
    }
    return is_changed;
}

static bool settle_hosts(dm_coordinator_t* co) {
    bool is_changed = false;
    dm_host_t* host;
    list_for_every_entry(&co->hosts, host, dm_host_t, link) {
        is_changed = settle_host(host) || is_changed;
    }
    return is_changed;
}

// More rounds than any chain of consequences is long; then the loop goes on with the next event.
#define MAX_ROUNDS 1000u

void dm_coordinator_settle(void* ctx) {
    dm_coordinator_t* co = ctx;
    bool is_changed = true;
    for (unsigned round = 0; is_changed && round < MAX_ROUNDS; round++) {
        is_changed = dm_leave_settle(co);
        is_changed = dm_operation_settle(co) || is_changed;
        is_changed = dm_bind_settle(co) || is_changed;
        is_changed = settle_hosts(co) || is_changed;
        dm_ready_check(co);
        is_changed = dm_wait_settle(co) || is_changed;
        dm_control_settle(co);
    }
    if (co->is_shutting_down && co->tree.root == NULL && list_is_empty(&co->hosts)) {
        dm_loop_quit(&co->loop);
    }
}

zx_status_t dm_coordinator_run(dm_coordinator_t* co) {
    zx_status_t status = dm_loop_run(&co->loop);
    if (status != ZX_OK) {
        dm_logf(&co->log, DM_LOG_ERROR, "devmgr", "the event loop failed: %s",
                zx_status_get_string(status));
    }
    return status;
}
