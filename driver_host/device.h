// SPDX-License-Identifier: MIT
// The devices of this host: their tree, their references and their lifecycle.
//
// A device begins in dh_device_create() and ends in dh_device_release_pending(), after its last
// reference went. References are held by: the host (from its creation until RemoveDevice, or, for
// an instance, until its connection closes), each child, each connection, each piece of scheduled
// work, each transaction that a driver took, and device_add() while it runs.
//
// One lock, dh_lock(), guards the tree and all fields marked so. It is never held while a hook runs
// and never across an exchange with devmgr. Functions that end in _locked need it held.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/listnode.h>
#include <zircon/types.h>

#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>
#include <protocols/runtime.h>

#define DH_DEVICE_MAGIC      0x64657669u  // a device
#define DH_DEVICE_DEAD_MAGIC 0x64656164u  // a device after its release hook

typedef enum dh_device_state {
    DH_DEVICE_ADDING,        // devmgr was not told yet or has not answered
    DH_DEVICE_ADDED,         // registered, init hook not called yet
    DH_DEVICE_INITIALIZING,  // in the init hook or waiting for its reply
    DH_DEVICE_ACTIVE,        // may be opened and bound
    DH_DEVICE_UNBINDING,     // in the unbind hook or waiting for its reply
    DH_DEVICE_UNBOUND,       // the driver is done; children go, then it is removed
    DH_DEVICE_REMOVED,       // the host dropped its reference
    DH_DEVICE_RELEASED,      // the release hook was called
    DH_DEVICE_STATE_COUNT,
} dh_device_state_t;

typedef enum dh_device_event {
    DH_EVENT_ADDED,         // devmgr took it, and it has an init hook or must wait for its metadata
    DH_EVENT_ADDED_READY,   // devmgr took it, and there is nothing to wait for
    DH_EVENT_INIT,          // devmgr asks for the init hook
    DH_EVENT_INIT_REPLY,    // device_init_reply()
    DH_EVENT_UNBIND,        // devmgr asks for the unbind hook
    DH_EVENT_UNBIND_REPLY,  // device_unbind_reply()
    DH_EVENT_REMOVE,        // devmgr asks to drop it
    DH_EVENT_DISCARD,       // it never became known: a failed add, an instance, a failed create()
    DH_EVENT_RELEASE,       // the last reference went
    DH_EVENT_COUNT,
} dh_device_event_t;

typedef enum dh_device_kind {
    DH_KIND_NODE,           // in devmgr's tree
    DH_KIND_INSTANCE,       // of one connection
    DH_KIND_CREATE_PARENT,  // the placeholder that a create() hook adds its device to
} dh_device_kind_t;

struct zx_device {
    // Constant from creation on.
    uint32_t magic;
    dh_device_kind_t kind;
    uint64_t id;                      // 0: not in devmgr's tree
    zx_driver_t* driver;              // borrowed; counted in its use_count; NULL: the host's own
    const zx_protocol_device_t* ops;  // borrowed from the driver; never written
    void* ctx;                        // the driver's
    uint32_t protocol_id;
    const void* protocol_ops;  // borrowed from the driver; NULL: none
    struct zx_device* parent;  // owned reference; NULL: none in this host
    bool waits_for_init;       // devmgr keeps it invisible until InitDevice
    char name[ZX_DEVICE_NAME_MAX + 1];

    // Guarded by dh_lock().
    dh_device_state_t state;
    bool is_removal_asked;     // device_async_remove() was passed on
    bool is_release_skipped;   // a failed add: the driver keeps ctx
    bool is_metadata_pending;  // device_add() still attaches metadata: init waits
    bool is_init_deferred;     // InitDevice came meanwhile; init_responder is valid
    uint32_t ref_count;
    uint32_t child_count;
    uint32_t transaction_count;       // taken by the driver and not replied to
    pg_responder_t init_responder;    // valid in INITIALIZING and when deferred
    pg_responder_t unbind_responder;  // valid in UNBINDING
    list_node_t node;                 // in the list of all, or of those to be released
};

void dh_lock(void);
void dh_unlock(void);

// What dh_device_create() copies; pointers as in struct zx_device.
typedef struct dh_device_init {
    dh_device_kind_t kind;
    uint64_t id;
    const char* name;
    zx_driver_t* driver;
    const zx_protocol_device_t* ops;
    void* ctx;
    uint32_t protocol_id;
    const void* protocol_ops;
    zx_device_t* parent;  // borrowed; the device takes a reference
    bool waits_for_init;
} dh_device_init_t;

// A device in state ADDING with the host's reference. ZX_ERR_NO_MEMORY; ZX_ERR_BAD_STATE: the
// parent no longer takes children; ZX_ERR_ALREADY_EXISTS: the id is in use.
zx_status_t dh_device_create(const dh_device_init_t* init, zx_device_t** out_device);

void dh_device_ref_locked(zx_device_t* device);

// Drops a reference; the last one queues the device for dh_device_release_pending().
void dh_device_unref_locked(zx_device_t* device);
void dh_device_unref(zx_device_t* device);

// Moves the device by the table of transitions. False: not allowed in its state, nothing changed.
bool dh_device_step_locked(zx_device_t* device, dh_device_event_t event);

// devmgr knows the device: called when its answer arrives and at its first request, whichever is
// first. Later calls do nothing.
void dh_device_note_added_locked(zx_device_t* device);

// Takes back a device that devmgr never knew, or an instance. With skip_release the driver keeps
// ctx. Consumes the host's reference.
void dh_device_discard(zx_device_t* device, bool skip_release);

// By id; NULL: none. Borrowed; on the main thread it stays valid until the current dispatch ends.
zx_device_t* dh_device_find_locked(uint64_t id);

// Calls the release hooks of the devices whose last reference went, children first. Main thread.
void dh_device_release_pending(void);

// Nodes of devmgr's tree in this host.
uint32_t dh_device_count(void);

const char* dh_device_state_name(dh_device_state_t state);

// Aborts with a log line unless device is one that may be used. call: the name of the API function.
void dh_device_check(const zx_device_t* device, const char* call);

// Aborts with a log line: the driver broke the rules of an API call.
__NO_RETURN void dh_device_misuse(const zx_device_t* device, const char* call, const char* why);
