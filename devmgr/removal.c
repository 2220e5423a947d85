// SPDX-License-Identifier: MIT
// Removal of devices, one state at a time.
#include "removal.h"

#include "coordinator.h"
#include "request.h"

void dm_leave(dm_coordinator_t* co, dm_node_t* node) {
    const dm_node_t* end = dm_tree_next_outside(node);
    for (dm_node_t* each = node; each != end; each = dm_tree_next(each)) {
        if (!dm_node_is_leaving(each) &&
            dm_node_apply(&co->tree, each, DM_EVENT_UNBIND_START) == ZX_OK) {
            dm_timer_stop(&each->restart_timer);
            list_add_tail(&co->leaving, &each->leave_link);
        }
    }
}

void dm_leave_force(dm_coordinator_t* co, dm_node_t* node) {
    while (!list_is_empty(&node->children)) {
        dm_leave_force(co, containerof(list_peek_head(&node->children), dm_node_t, sibling));
    }
    dm_host_t* proxy_host = node->proxy.host;
    dm_instance_detach(&node->proxy);
    dm_instance_detach(&node->real);
    if (proxy_host != NULL) {
        proxy_host->root = NULL;
        dm_host_abandon(proxy_host);
    }
    dm_node_apply(&co->tree, node, DM_EVENT_HOST_LOST);
    dm_node_destroy(&co->tree, node);
}

// Sends a request of an instance once. True: it is answered (or there is nothing to ask).
static bool unbind_instance(dm_instance_t* instance, bool* out_is_changed) {
    if (instance->host != NULL && instance->unbind == DM_STEP_IDLE) {
        dm_request_unbind(instance);
        *out_is_changed = true;
    }
    return instance->host == NULL || instance->unbind == DM_STEP_DONE;
}

static bool remove_instance(dm_instance_t* instance, bool* out_is_changed) {
    if (instance->host != NULL && instance->remove == DM_STEP_IDLE) {
        dm_request_remove(instance);
        *out_is_changed = true;
    }
    return instance->host == NULL || instance->remove == DM_STEP_DONE;
}

bool dm_leave_retire_proxy(dm_node_t* node, bool* out_is_changed) {
    dm_host_t* host = node->proxy.host;
    if (host == NULL) {
        return true;
    }
    if (host->state != DM_HOST_RUNNING || !unbind_instance(&node->proxy, out_is_changed) ||
        !remove_instance(&node->proxy, out_is_changed)) {
        return false;
    }
    dm_host_stop(host);
    *out_is_changed = true;
    return false;  // until its process has ended
}

// The unbind hooks of one node: the device's own, then its proxy's.
static bool advance_unbinding(dm_coordinator_t* co, dm_node_t* node) {
    bool is_changed = false;
    bool parent_is_first = node->parent != NULL && node->parent->state == DM_DEVICE_UNBINDING;
    if (parent_is_first || node->init == DM_STEP_SENT) {
        return false;
    }
    if (unbind_instance(&node->real, &is_changed)) {
        bool proxy_is_done = node->proxy.host == NULL ||
                             node->proxy.host->state != DM_HOST_RUNNING ||
                             unbind_instance(&node->proxy, &is_changed);
        if (proxy_is_done) {
            dm_node_apply(&co->tree, node, DM_EVENT_UNBIND_DONE);
            is_changed = true;
        }
    }
    return is_changed;
}

static bool advance_removing(dm_coordinator_t* co, dm_node_t* node) {
    bool is_changed = false;
    if (!list_is_empty(&node->children) || !dm_leave_retire_proxy(node, &is_changed)) {
        return is_changed;
    }
    if (node->state == DM_DEVICE_UNBOUND) {
        dm_node_apply(&co->tree, node, DM_EVENT_REMOVE_START);
        is_changed = true;
    }
    if (!remove_instance(&node->real, &is_changed)) {
        return is_changed;
    }
    dm_instance_detach(&node->real);
    dm_node_apply(&co->tree, node, DM_EVENT_REMOVE_DONE);
    dm_node_destroy(&co->tree, node);
    return true;
}

bool dm_leave_settle(dm_coordinator_t* co) {
    bool is_changed = false;
    dm_node_t* node;
    dm_node_t* next;
    list_for_every_entry_safe(&co->leaving, node, next, dm_node_t, leave_link) {
        is_changed = (node->state == DM_DEVICE_UNBINDING ? advance_unbinding(co, node)
                                                         : advance_removing(co, node)) ||
                     is_changed;
    }
    return is_changed;
}
