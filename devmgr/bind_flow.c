// SPDX-License-Identifier: MIT
// The way of a device to its driver.
#include "bind_flow.h"

#include <stdio.h>
#include <stdlib.h>

#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "coordinator.h"
#include "match.h"
#include "removal.h"
#include "request.h"

// --------------------------------------------------------------------------------------- queue

static void enqueue(dm_coordinator_t* co, dm_node_t* node) {
    if (!list_in_list(&node->bind_link)) {
        list_add_tail(&co->bind_queue, &node->bind_link);
    }
}

static void set_phase(dm_coordinator_t* co, dm_node_t* node, dm_bind_phase_t phase) {
    node->bind_phase = phase;
    co->tree.is_changed = true;
    if (phase == DM_BIND_WANTED || phase == DM_BIND_UNBINDING || phase == DM_BIND_BACKOFF) {
        enqueue(co, node);
    } else if (list_in_list(&node->bind_link)) {
        list_delete(&node->bind_link);
    }
}

static void drop_driver(dm_node_t* node) {
    dm_driver_unref(node->driver);
    node->driver = NULL;
}

static void drop_choice(dm_node_t* node) {
    dm_driver_unref(node->bind_choice);
    node->bind_choice = NULL;
}

bool dm_bind_is_possible(const dm_node_t* node) {
    bool is_alive = node->state == DM_DEVICE_RUNNING || node->state == DM_DEVICE_RESTARTING ||
                    node->state == DM_DEVICE_FAILED;
    bool is_idle = node->bind_phase == DM_BIND_NONE || node->bind_phase == DM_BIND_FAILED ||
                   node->bind_phase == DM_BIND_GAVE_UP || node->bind_phase == DM_BIND_BACKOFF;
    return is_alive && is_idle;
}

void dm_bind_want(dm_coordinator_t* co, dm_node_t* node) {
    bool is_offered = node->bind_phase == DM_BIND_NONE && node->state == DM_DEVICE_RUNNING &&
                      (node->flags & DM_ADD_NON_BINDABLE) == 0;
    if (is_offered && !co->is_shutting_down) {
        node->is_user_bind = false;
        set_phase(co, node, DM_BIND_WANTED);
    }
}

void dm_bind_want_all(dm_coordinator_t* co) {
    for (dm_node_t* node = co->tree.root; node != NULL; node = dm_tree_next(node)) {
        dm_bind_want(co, node);
    }
}

void dm_bind_with(dm_coordinator_t* co, dm_node_t* node, dm_driver_t* driver) {
    dm_timer_stop(&node->restart_timer);
    drop_choice(node);
    node->bind_choice = dm_driver_ref(driver);
    node->is_user_bind = true;
    set_phase(co, node, DM_BIND_WANTED);
}

void dm_bind_release(dm_coordinator_t* co, dm_node_t* node) {
    dm_timer_stop(&node->restart_timer);
    if (node->bind_phase == DM_BIND_BOUND) {
        set_phase(co, node, DM_BIND_UNBINDING);
        dm_node_t* child;
        list_for_every_entry(&node->children, child, dm_node_t, sibling) {
            if (child->creator == node->driver) {
                dm_leave(co, child);
            }
        }
    } else if (dm_bind_is_possible(node)) {
        drop_driver(node);
        set_phase(co, node, DM_BIND_NONE);
        dm_node_apply(&co->tree, node, DM_EVENT_DRIVER_GONE);
    }
}

// ------------------------------------------------------------------------------------- failing

static void bind_failed(dm_coordinator_t* co, dm_node_t* node, const char* what, zx_status_t status,
                        const char* detail) {
    char path[DM_MAX_PATH + 1];
    bool has_detail = detail != NULL && detail[0] != '\0';
    dm_text_set(&node->bind_error, "%s: %s%s%s%s", what, zx_status_get_string(status),
                has_detail ? " (" : "", has_detail ? detail : "", has_detail ? ")" : "");
    dm_logf(&co->log, DM_LOG_WARNING, "devmgr", "%s: %s", dm_node_path(node, path, sizeof(path)),
            node->bind_error);
    node->bind_status = status;
    node->is_user_bind = false;
    drop_driver(node);
    set_phase(co, node, DM_BIND_FAILED);
    dm_node_apply(&co->tree, node, DM_EVENT_DRIVER_GONE);
}

// ------------------------------------------------------------------------------------ starting

// An isolating device needs its old host gone, and a PCI function needs whoever had it gone.
static bool must_wait(const dm_coordinator_t* co, const dm_node_t* node) {
    if (!dm_node_is_isolating(node)) {
        return false;
    }
    if (node->proxy.host != NULL) {
        return node->proxy.host->state != DM_HOST_RUNNING || node->proxy.unbind != DM_STEP_IDLE;
    }
    const dm_host_t* host;
    list_for_every_entry(&co->hosts, host, dm_host_t, link) {
        if (node->is_pci_function && host->broker.has_function &&
            host->broker.topo == node->pci_topo) {
            return true;
        }
    }
    return false;
}

static void send_bind(dm_coordinator_t* co, dm_node_t* node) {
    dm_instance_t* instance = dm_node_is_isolating(node) ? &node->proxy : &node->real;
    set_phase(co, node, DM_BIND_BINDING);
    dm_request_bind(instance->host, instance, node->driver);
}

static void start_host(dm_coordinator_t* co, dm_node_t* node) {
    const char* error = NULL;
    dm_host_t* host = NULL;
    zx_status_t status = dm_host_spawn(co, node, &host, &error);
    if (status != ZX_OK) {
        bind_failed(co, node, "its driver host cannot be started", status, error);
        return;
    }
    set_phase(co, node, DM_BIND_CREATING);
    const dm_driver_t* proxy =
        node->creator != NULL ? dm_registry_find_proxy(&co->registry, node->creator->file) : NULL;
    dm_request_create(host, node, proxy);
}

// Tries one device of the queue. False: it has to wait.
static bool try_start(dm_coordinator_t* co, dm_node_t* node) {
    if (dm_node_is_leaving(node) || co->is_shutting_down) {
        drop_choice(node);
        set_phase(co, node, DM_BIND_NONE);
        return true;
    }
    if (must_wait(co, node)) {
        return false;
    }
    dm_driver_t* driver = node->bind_choice != NULL
                              ? node->bind_choice
                              : dm_match_find(&co->registry, &node->properties, node->protocol_id);
    if (driver == NULL) {
        set_phase(co, node, DM_BIND_NONE);
        dm_node_apply(&co->tree, node, DM_EVENT_DRIVER_GONE);
        return true;
    }
    drop_driver(node);
    node->driver = dm_driver_ref(driver);
    drop_choice(node);
    if (dm_node_driver_host(node) != NULL) {
        send_bind(co, node);
    } else {
        start_host(co, node);
    }
    return true;
}

// The driver's devices are leaving; done when the last is gone.
static bool try_finish_release(dm_coordinator_t* co, dm_node_t* node) {
    const dm_node_t* child;
    list_for_every_entry(&node->children, child, dm_node_t, sibling) {
        if (child->creator == node->driver) {
            return false;
        }
    }
    drop_driver(node);
    set_phase(co, node, DM_BIND_NONE);
    dm_node_apply(&co->tree, node, DM_EVENT_DRIVER_GONE);
    return true;
}

bool dm_bind_settle(dm_coordinator_t* co) {
    bool is_changed = false;
    dm_node_t* node;
    dm_node_t* next;
    list_for_every_entry_safe(&co->bind_queue, node, next, dm_node_t, bind_link) {
        bool is_done = false;
        if (node->bind_phase == DM_BIND_UNBINDING) {
            is_done = try_finish_release(co, node);
        } else if (node->bind_phase == DM_BIND_WANTED || dm_node_is_leaving(node)) {
            is_done = try_start(co, node);
        }
        is_changed = is_done || is_changed;
    }
    return is_changed;
}

// ------------------------------------------------------------------------------------- answers

void dm_bind_on_created(dm_coordinator_t* co, dm_node_t* node, zx_status_t status,
                        const char* detail) {
    if (node->bind_phase != DM_BIND_CREATING) {
        return;
    }
    if (status != ZX_OK) {
        bind_failed(co, node, "its proxy cannot be made in the driver host", status, detail);
    } else if (dm_node_is_leaving(node)) {
        drop_driver(node);
        set_phase(co, node, DM_BIND_NONE);
    } else {
        send_bind(co, node);
    }
}

void dm_bind_on_bound(dm_coordinator_t* co, dm_node_t* node, dm_driver_t* driver,
                      zx_status_t status, const char* detail) {
    if (node->bind_phase != DM_BIND_BINDING || node->driver != driver) {
        return;
    }
    if (status != ZX_OK) {
        char what[DM_MAX_DRIVER + 32];
        dm_node_t* child;
        list_for_every_entry(&node->children, child, dm_node_t, sibling) {
            if (child->creator == driver) {
                dm_leave(co, child);  // left behind by the failed bind
            }
        }
        snprintf(what, sizeof(what), "bind of driver %s failed", driver->name);
        bind_failed(co, node, what, status, detail);
        return;
    }
    char path[DM_MAX_PATH + 1];
    const dm_host_t* host = dm_node_driver_host(node);
    free(node->bind_error);
    node->bind_error = NULL;
    if (node->is_user_bind) {
        dm_backoff_forgive(&node->backoff);
        node->is_user_bind = false;
    }
    set_phase(co, node, DM_BIND_BOUND);
    dm_node_apply(&co->tree, node, DM_EVENT_DRIVER_BOUND);
    dm_logf(&co->log, DM_LOG_INFO, "devmgr", "%s: driver %s bound in host %s (pid %u)",
            dm_node_path(node, path, sizeof(path)), driver->name, host->name, host->pid);
}

void dm_bind_on_initialized(dm_coordinator_t* co, dm_node_t* node, zx_status_t status,
                            const char* detail) {
    node->init = DM_STEP_DONE;
    if (dm_node_is_leaving(node)) {
        return;
    }
    if (status == ZX_OK) {
        dm_node_apply(&co->tree, node, DM_EVENT_INIT_OK);
        dm_bind_want(co, node);
        return;
    }
    char path[DM_MAX_PATH + 1];
    dm_node_t* parent = node->parent;
    dm_text_set(&parent->bind_error, "init of its device %s failed: %s%s%s", node->name,
                zx_status_get_string(status), detail[0] != '\0' ? ": " : "", detail);
    parent->bind_status = status;
    dm_logf(&co->log, DM_LOG_WARNING, "devmgr", "%s: %s; it is removed",
            dm_node_path(parent, path, sizeof(path)), parent->bind_error);
    dm_leave(co, node);
}

// ------------------------------------------------------------------------------------ restarts

static void on_restart_time(void* ctx) {
    dm_node_t* node = ctx;
    // It is in the queue, and the loop settles after every timer.
    node->bind_phase = DM_BIND_WANTED;
}

static void give_up(dm_coordinator_t* co, dm_node_t* node, const char* why) {
    char path[DM_MAX_PATH + 1];
    dm_text_set(&node->bind_error, "given up after %u crashes within a minute; the last: %s",
                node->backoff.crash_count, why);
    dm_logf(&co->log, DM_LOG_ERROR, "devmgr", "%s: %s", dm_node_path(node, path, sizeof(path)),
            node->bind_error);
    set_phase(co, node, DM_BIND_GAVE_UP);
    dm_node_apply(&co->tree, node, DM_EVENT_GIVE_UP);
}

static void restart(dm_coordinator_t* co, dm_node_t* node, const char* why) {
    zx_time_t now = zx_clock_get_monotonic();
    zx_time_t at = now;
    if (dm_backoff_crash(&node->backoff, now, co->options->crash_limit, &at) ==
        DM_BACKOFF_GIVE_UP) {
        give_up(co, node, why);
        return;
    }
    dm_text_set(&node->bind_error, "restarting after a crash: %s", why);
    dm_node_apply(&co->tree, node, DM_EVENT_DRIVER_LOST);
    if (at <= now) {
        set_phase(co, node, DM_BIND_WANTED);
        return;
    }
    set_phase(co, node, DM_BIND_BACKOFF);
    dm_timer_start(&co->loop, &node->restart_timer, at, on_restart_time, node);
}

void dm_bind_on_host_lost(dm_coordinator_t* co, dm_node_t* node, const char* why) {
    dm_bind_phase_t phase = node->bind_phase;
    bool had_driver = phase == DM_BIND_CREATING || phase == DM_BIND_BINDING ||
                      phase == DM_BIND_BOUND || phase == DM_BIND_UNBINDING;
    if (!had_driver) {
        return;
    }
    bool is_user_bind = node->is_user_bind;
    node->is_user_bind = false;
    drop_driver(node);
    if (dm_node_is_leaving(node) || phase == DM_BIND_UNBINDING || co->is_shutting_down) {
        set_phase(co, node, DM_BIND_NONE);
        dm_node_apply(&co->tree, node, DM_EVENT_DRIVER_GONE);
    } else if (is_user_bind) {
        dm_text_set(&node->bind_error, "%s", why);
        node->bind_status = ZX_ERR_UNAVAILABLE;
        set_phase(co, node, DM_BIND_FAILED);
        dm_node_apply(&co->tree, node, DM_EVENT_DRIVER_GONE);
    } else {
        restart(co, node, why);
    }
}

const char* dm_bind_why_unbound(const dm_node_t* node, char* out, size_t size) {
    const char* text = "no driver matches";
    switch (node->bind_phase) {
        case DM_BIND_WANTED:
            text = "waits for its driver host";
            break;
        case DM_BIND_CREATING:
            text = "its driver host is starting";
            break;
        case DM_BIND_BINDING:
            text = "its driver is binding";
            break;
        case DM_BIND_BOUND:
            text = "bound";
            break;
        case DM_BIND_UNBINDING:
            text = "its driver is being unbound";
            break;
        default:
            break;
    }
    if (dm_node_is_leaving(node)) {
        text = "it is being removed";
    } else if (node->state == DM_DEVICE_INITIALIZING) {
        text = "its init hook has not answered";
    } else if (node->bind_error != NULL && node->bind_phase != DM_BIND_BOUND) {
        text = node->bind_error;
    }
    dm_text_copy(out, size, text);
    return out;
}
