// SPDX-License-Identifier: MIT
// Core of the device tree: creation, references, the lifecycle's table and the release of devices.
#include "device.h"

#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include <zircon/assert.h>
#include <zircon/errors.h>

#include <lib/ddk/debug.h>

#include "defaults.h"
#include "loader.h"
#include "log.h"
#include "loop.h"

// Dead devices that are kept so that a call with one of them is recognized.
#define CORPSE_COUNT 7

static struct {
    mtx_t lock;
    list_node_t devices;                 // every device that is not queued for release
    list_node_t released;                // devices whose last reference went, oldest first
    zx_device_t* corpses[CORPSE_COUNT];  // owned
    size_t next_corpse;
} tree = {
    .devices = LIST_INITIAL_VALUE(tree.devices),
    .released = LIST_INITIAL_VALUE(tree.released),
};

// transitions[state][event] is the next state. 0 means "not allowed": it is ADDING, which nothing
// leads to.
static const uint8_t transitions[DH_DEVICE_STATE_COUNT][DH_EVENT_COUNT] = {
    [DH_DEVICE_ADDING] = {[DH_EVENT_ADDED] = DH_DEVICE_ADDED,
                          [DH_EVENT_ADDED_READY] = DH_DEVICE_ACTIVE,
                          [DH_EVENT_DISCARD] = DH_DEVICE_REMOVED},
    [DH_DEVICE_ADDED] =
        {[DH_EVENT_INIT] = DH_DEVICE_INITIALIZING, [DH_EVENT_UNBIND] = DH_DEVICE_UNBINDING},
    [DH_DEVICE_INITIALIZING] = {[DH_EVENT_INIT_REPLY] = DH_DEVICE_ACTIVE},
    [DH_DEVICE_ACTIVE] =
        {[DH_EVENT_UNBIND] = DH_DEVICE_UNBINDING, [DH_EVENT_DISCARD] = DH_DEVICE_REMOVED},
    [DH_DEVICE_UNBINDING] = {[DH_EVENT_UNBIND_REPLY] = DH_DEVICE_UNBOUND},
    [DH_DEVICE_UNBOUND] = {[DH_EVENT_REMOVE] = DH_DEVICE_REMOVED},
    [DH_DEVICE_REMOVED] = {[DH_EVENT_RELEASE] = DH_DEVICE_RELEASED},
};

static const char* const state_names[DH_DEVICE_STATE_COUNT] = {
    [DH_DEVICE_ADDING] = "adding",
    [DH_DEVICE_ADDED] = "added",
    [DH_DEVICE_INITIALIZING] = "initializing",
    [DH_DEVICE_ACTIVE] = "active",
    [DH_DEVICE_UNBINDING] = "unbinding",
    [DH_DEVICE_UNBOUND] = "unbound",
    [DH_DEVICE_REMOVED] = "removed",
    [DH_DEVICE_RELEASED] = "released",
};

const char* dh_device_state_name(dh_device_state_t state) {
    return state_names[state];
}

void dh_lock(void) {
    mtx_lock(&tree.lock);
}

void dh_unlock(void) {
    mtx_unlock(&tree.lock);
}

static bool takes_children_locked(const zx_device_t* parent) {
    return parent->kind != DH_KIND_INSTANCE && parent->state <= DH_DEVICE_ACTIVE;
}

zx_status_t dh_device_create(const dh_device_init_t* init, zx_device_t** out_device) {
    zx_device_t* device = calloc(1, sizeof(*device));
    if (device == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    device->magic = DH_DEVICE_MAGIC;
    device->kind = init->kind;
    device->id = init->id;
    device->driver = init->driver;
    device->ops = init->ops;
    device->ctx = init->ctx;
    device->protocol_id = init->protocol_id;
    device->protocol_ops = init->protocol_ops;
    device->parent = init->parent;
    device->waits_for_init = init->waits_for_init;
    strncpy(device->name, init->name, sizeof(device->name) - 1);
    device->state = DH_DEVICE_ADDING;
    device->ref_count = 1;

    zx_status_t status = ZX_OK;
    dh_lock();
    if (init->id != 0 && dh_device_find_locked(init->id) != NULL) {
        status = ZX_ERR_ALREADY_EXISTS;
    } else if (init->parent != NULL && !takes_children_locked(init->parent)) {
        status = ZX_ERR_BAD_STATE;
    } else {
        if (init->parent != NULL) {
            dh_device_ref_locked(init->parent);
            init->parent->child_count++;
        }
        if (init->driver != NULL) {
            init->driver->use_count++;
        }
        list_add_tail(&tree.devices, &device->node);
    }
    dh_unlock();
    if (status != ZX_OK) {
        free(device);
        return status;
    }
    *out_device = device;
    return ZX_OK;
}

void dh_device_ref_locked(zx_device_t* device) {
    ZX_ASSERT(device->ref_count > 0);
    device->ref_count++;
}

void dh_device_unref_locked(zx_device_t* device) {
    ZX_ASSERT(device->ref_count > 0);
    if (--device->ref_count > 0) {
        return;
    }
    ZX_ASSERT(device->state == DH_DEVICE_REMOVED);
    list_delete(&device->node);
    list_add_tail(&tree.released, &device->node);
    if (!dh_loop_is_main_thread()) {
        dh_loop_wake();
    }
}

void dh_device_unref(zx_device_t* device) {
    dh_lock();
    dh_device_unref_locked(device);
    dh_unlock();
}

bool dh_device_step_locked(zx_device_t* device, dh_device_event_t event) {
    dh_device_state_t next = (dh_device_state_t)transitions[device->state][event];
    if (next == DH_DEVICE_ADDING) {
        return false;
    }
    device->state = next;
    return true;
}

void dh_device_note_added_locked(zx_device_t* device) {
    if (device->state == DH_DEVICE_ADDING) {
        dh_device_step_locked(device,
                              device->waits_for_init ? DH_EVENT_ADDED : DH_EVENT_ADDED_READY);
    }
}

void dh_device_discard(zx_device_t* device, bool skip_release) {
    dh_lock();
    bool is_legal = dh_device_step_locked(device, DH_EVENT_DISCARD);
    ZX_ASSERT(is_legal);
    device->is_release_skipped = skip_release;
    dh_device_unref_locked(device);
    dh_unlock();
}

zx_device_t* dh_device_find_locked(uint64_t id) {
    zx_device_t* device;
    list_for_every_entry(&tree.devices, device, zx_device_t, node) {
        if (device->id == id && device->id != 0 && device->state < DH_DEVICE_REMOVED) {
            return device;
        }
    }
    return NULL;
}

uint32_t dh_device_count(void) {
    uint32_t count = 0;
    zx_device_t* device;
    dh_lock();
    list_for_every_entry(&tree.devices, device, zx_device_t, node) {
        count += device->id != 0 ? 1 : 0;
    }
    dh_unlock();
    return count;
}

// Drops what the released device held and keeps its body among the corpses.
static void bury(zx_device_t* device) {
    zx_device_t* oldest;
    dh_lock();
    device->magic = DH_DEVICE_DEAD_MAGIC;
    if (device->driver != NULL) {
        device->driver->use_count--;
        device->driver = NULL;
    }
    device->ops = NULL;
    device->ctx = NULL;
    if (device->parent != NULL) {
        device->parent->child_count--;
        dh_device_unref_locked(device->parent);
        device->parent = NULL;
    }
    oldest = tree.corpses[tree.next_corpse];
    tree.corpses[tree.next_corpse] = device;
    tree.next_corpse = (tree.next_corpse + 1) % CORPSE_COUNT;
    dh_unlock();
    free(oldest);
}

void dh_device_release_pending(void) {
    for (;;) {
        dh_lock();
        zx_device_t* device = list_remove_head_type(&tree.released, zx_device_t, node);
        bool is_released = device != NULL && dh_device_step_locked(device, DH_EVENT_RELEASE) &&
                           !device->is_release_skipped;
        dh_unlock();
        if (device == NULL) {
            return;
        }
        if (is_released) {
            if (device->parent != NULL && device->kind == DH_KIND_NODE) {
                dh_call_child_pre_release(device->parent, device->ctx);
            }
            dh_call_release(device);
        }
        bury(device);
    }
}

void dh_device_misuse(const zx_device_t* device, const char* call, const char* why) {
    const char* driver = NULL;
    const char* name = "(no device)";
    if (device != NULL &&
        (device->magic == DH_DEVICE_MAGIC || device->magic == DH_DEVICE_DEAD_MAGIC)) {
        name = device->name;
        driver = device->driver != NULL ? device->driver->name : NULL;
    }
    dh_log(DDK_LOG_ERROR, driver, "%s(%s): %s; aborting the host", call, name, why);
    abort();
}

void dh_device_check(const zx_device_t* device, const char* call) {
    if (device == NULL) {
        dh_device_misuse(device, call, "the device is NULL");
    }
    if (device->magic == DH_DEVICE_DEAD_MAGIC) {
        dh_device_misuse(device, call, "the device was released");
    }
    if (device->magic != DH_DEVICE_MAGIC) {
        dh_device_misuse(device, call, "this is no device");
    }
}
