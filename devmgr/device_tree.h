// SPDX-License-Identifier: MIT
// The device tree: nodes, their names and paths, their metadata and their places below class/.
//
// A node whose driver runs in a host of its own (isolating) stands for two objects: the device that
// its publisher made (`real`) and the proxy of it in the other host (`proxy`). To everybody else
// they are one. The root has a proxy only.
//
// Nodes are owned by the tree. Handlers keep ids, not pointers, across events: an id is never used
// twice, and dm_tree_find() tells whether the node still exists.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/listnode.h>
#include <zircon/types.h>

#include "device_state.h"
#include "dm_limits.h"
#include "loop.h"
#include "property.h"
#include "registry.h"
#include "supervisor.h"

typedef struct dm_host dm_host_t;
typedef struct dm_node dm_node_t;

// Flags of AddDevice, as in the driver API.
#define DM_ADD_NON_BINDABLE          (1u << 0)
#define DM_ADD_INSTANCE              (1u << 1)
#define DM_ADD_MUST_ISOLATE          (1u << 2)
#define DM_ADD_ALLOW_MULTI_COMPOSITE (1u << 4)

// A request that is to be answered once.
typedef enum dm_step {
    DM_STEP_IDLE,
    DM_STEP_SENT,
    DM_STEP_DONE,
} dm_step_t;

// A device object in a host.
typedef struct dm_instance {
    list_node_t link;  // in host->instances
    dm_node_t* node;   // borrowed
    dm_host_t* host;   // borrowed; NULL: there is none
    uint64_t id;
    dm_step_t unbind;
    dm_step_t remove;
} dm_instance_t;

typedef enum dm_bind_phase {
    DM_BIND_NONE,       // no driver
    DM_BIND_WANTED,     // in the queue
    DM_BIND_CREATING,   // its host makes the proxy
    DM_BIND_BINDING,    // the driver's bind hook runs
    DM_BIND_BOUND,      //
    DM_BIND_UNBINDING,  // the driver's devices are leaving
    DM_BIND_FAILED,     // bind failed; not tried again by itself
    DM_BIND_BACKOFF,    // waits for the restart timer
    DM_BIND_GAVE_UP,
} dm_bind_phase_t;

typedef struct dm_metadata {
    list_node_t link;
    uint32_t type;
    size_t size;
    uint8_t* data;  // owned
} dm_metadata_t;

struct dm_node {
    // Place in the tree.
    uint64_t id;
    dm_node_t* parent;       // borrowed; NULL: the root
    list_node_t sibling;     // in parent->children
    list_node_t children;    // dm_node_t, owned
    list_node_t id_link;     // in the tree's index
    list_node_t bind_link;   // in the bind queue; cleared: not there
    list_node_t leave_link;  // in the list of leaving nodes; cleared: not there

    // What it is.
    char name[DM_MAX_NAME + 1];
    uint32_t protocol_id;
    uint32_t flags;  // DM_ADD_*
    uint32_t depth;
    dm_properties_t properties;
    list_node_t metadata;  // dm_metadata_t, newest first
    size_t metadata_count;
    size_t metadata_bytes;
    char* proxy_args;  // owned; NULL: none
    uint32_t grants;   // DM_GRANT_*
    bool is_pci_function;
    uint32_t pci_topo;

    // Where it lives.
    dm_instance_t real;
    dm_instance_t proxy;

    // What happens to it.
    dm_device_state_t state;
    dm_step_t init;
    dm_bind_phase_t bind_phase;
    dm_driver_t* driver;       // counted: being bound, or bound
    dm_driver_t* creator;      // counted: the driver that published it
    dm_driver_t* bind_choice;  // counted: the driver to bind next, without matching
    bool is_user_bind;         // a user's request: a crash is an answer, not a reason to try again
    bool is_reserved;          // an operation will bind again: keep the host
    dm_backoff_t backoff;
    dm_timer_t restart_timer;

    // For people.
    uint32_t class_number;
    bool has_class;
    char* fault;      // owned: what the IOMMU said; NULL: none
    uint64_t faults;  // how often
    zx_status_t bind_status;
    char* bind_error;  // owned: why no driver is bound; NULL: nothing to say
    char* crash;       // owned: the last crash report of its isolated host; NULL: none
};

#define DM_TREE_BUCKETS 256u

typedef struct dm_class_assignment {
    list_node_t link;
    uint32_t protocol_id;
    uint32_t number;
    bool is_used;
    char path[];
} dm_class_assignment_t;

typedef struct dm_tree {
    dm_node_t* root;  // owned
    list_node_t by_id[DM_TREE_BUCKETS];
    size_t count;
    uint64_t next_id;
    list_node_t classes;  // dm_class_assignment_t, owned
    size_t class_count;
    bool is_changed;  // set by changes that waiters care about; whoever tells them clears it
} dm_tree_t;

void dm_tree_init(dm_tree_t* tree);
// Frees all nodes. Their hosts must be gone.
void dm_tree_fini(dm_tree_t* tree);

// Makes a node below |parent| (NULL: the root). A name that a sibling has gets "#2", "#3" …
// appended, so that paths are unique. NULL: memory is short.
dm_node_t* dm_node_create(dm_tree_t* tree, dm_node_t* parent, const char* name);
// The node must have no children and be in no host.
void dm_node_destroy(dm_tree_t* tree, dm_node_t* node);

dm_node_t* dm_tree_find(const dm_tree_t* tree, uint64_t id);
// By topological path (sys/platform/pci) or by class path (class/block/000).
dm_node_t* dm_tree_find_path(const dm_tree_t* tree, const char* path);
// Depth first, parents before children; NULL: that was the last one.
dm_node_t* dm_tree_next(const dm_node_t* node);
// The next node behind the whole subtree of |node|.
dm_node_t* dm_tree_next_outside(const dm_node_t* node);

// Topological path, without a leading slash. Returns |out|.
const char* dm_node_path(const dm_node_t* node, char* out, size_t size);
// class/<name>/NNN, or "" if it has none. Returns |out|.
const char* dm_node_class_path(const dm_node_t* node, char* out, size_t size);

// Moves on by the transition table; ZX_ERR_BAD_STATE leaves the node alone. Enters it into its
// class when it begins to run, and takes it out when it leaves.
zx_status_t dm_node_apply(dm_tree_t* tree, dm_node_t* node, dm_device_event_t event);

static inline bool dm_node_is_leaving(const dm_node_t* node) {
    return dm_device_state_is_leaving(node->state);
}

static inline bool dm_node_is_isolating(const dm_node_t* node) {
    return (node->flags & DM_ADD_MUST_ISOLATE) != 0;
}

// The host that a driver of this node runs in; NULL: none yet.
static inline dm_host_t* dm_node_driver_host(const dm_node_t* node) {
    return dm_node_is_isolating(node) ? node->proxy.host : node->real.host;
}

// Copies |data|. Of several blobs of one type the newest counts.
zx_status_t dm_node_add_metadata(dm_node_t* node, uint32_t type, const void* data, size_t size,
                                 size_t max_size);
// Looks at the node, then at its parents. Borrowed; NULL: none.
const dm_metadata_t* dm_node_find_metadata(const dm_node_t* node, uint32_t type);

void dm_instance_attach(dm_instance_t* instance, dm_node_t* node, dm_host_t* host, uint64_t id);
void dm_instance_detach(dm_instance_t* instance);

// Class numbers (device_class.c): small, and remembered by path, so that a device that comes back
// after a restart comes back under its number.
void dm_class_enter(dm_tree_t* tree, dm_node_t* node);
void dm_class_leave(dm_tree_t* tree, dm_node_t* node);
void dm_class_fini(dm_tree_t* tree);
