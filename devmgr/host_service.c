// SPDX-License-Identifier: MIT
// The Coordinator service for hosts.
#include "host_service.h"

#include <stdlib.h>
#include <string.h>

#include <protocols/devmgr.h>
#include <zircon/errors.h>
#include <zircon/status.h>

#include "bind_flow.h"
#include "coordinator.h"
#include "protocol_names.h"
#include "removal.h"
#include "request.h"

#define PROXY_ID_BIT    (1ull << 63)
#define BIND_PCI_TOPO   0x0107u
#define KNOWN_ADD_FLAGS (DM_ADD_NON_BINDABLE | DM_ADD_MUST_ISOLATE | DM_ADD_ALLOW_MULTI_COMPOSITE)

// A host that does not take its answers hangs.
static void check_replied(dm_host_t* host, zx_status_t status) {
    if (status != ZX_OK && status != ZX_ERR_PEER_CLOSED) {
        dm_host_kill(host, "it does not take answers: %s", zx_status_get_string(status));
    }
}

static void answer(dm_host_t* host, const pg_responder_t* responder, zx_status_t status,
                   const char* why,
                   zx_status_t (*reply)(const pg_responder_t* responder,
                                        const devmgr_status_response_t* response)) {
    devmgr_status_response_t response = {.status = status, .detail = why};
    check_replied(host, reply(responder, &response));
}

// ----------------------------------------------------------------------------------- AddDevice

// Why a device cannot be added; NULL: it can.
static const char* refuse_add(const dm_host_t* host, const devmgr_add_device_request_t* request,
                              const dm_instance_t* parent, zx_status_t* out_status) {
    const dm_tree_t* tree = &host->coordinator->tree;
    const char* why = NULL;
    *out_status = ZX_ERR_INVALID_ARGS;
    if (!dm_name_is_valid(request->name, &why)) {
        return why;
    }
    if (request->device_id == 0 || (request->device_id & PROXY_ID_BIT) != 0 ||
        dm_host_find(host, request->device_id) != NULL) {
        return "its id is not free";
    }
    if ((request->flags & ~KNOWN_ADD_FLAGS) != 0) {
        return "it has flags that make no sense here";
    }
    if (request->protocol_id == DM_PROTOCOL_ROOT ||
        request->protocol_id == DM_PROTOCOL_MISC_PARENT) {
        return "its protocol is not for drivers";
    }
    if (request->proxy_args != NULL && strlen(request->proxy_args) > DM_MAX_PROXY_ARGS) {
        return "its proxy arguments are too long";
    }
    if (parent == NULL) {
        *out_status = ZX_ERR_NOT_FOUND;
        return "its parent is no device of this host";
    }
    *out_status = ZX_ERR_BAD_STATE;
    if (dm_node_is_leaving(parent->node)) {
        return "its parent is being removed";
    }
    if (parent->node->bind_phase == DM_BIND_UNBINDING &&
        dm_node_driver_host(parent->node) == host) {
        return "the driver of its parent is being unbound";
    }
    *out_status = ZX_ERR_OUT_OF_RANGE;
    if (host->instance_count >= DM_MAX_DEVICES_PER_HOST || tree->count >= DM_MAX_DEVICES) {
        return "there are too many devices";
    }
    if (parent->node->depth + 1 >= DM_MAX_DEPTH) {
        return "it would be too deep in the tree";
    }
    return NULL;
}

// What the board grants, or the bus driver publishes, to a new node: see broker.h.
static void set_grants(dm_coordinator_t* co, dm_node_t* node) {
    const dm_node_t* parent = node->parent;
    uint32_t topo = 0;
    if (parent->parent == co->tree.root && parent->real.host == co->tree.root->proxy.host) {
        for (size_t i = 0; i < co->board.device_count; i++) {
            if (strcmp(co->board.devices[i].name, node->name) == 0) {
                node->grants = co->board.devices[i].grants;
            }
        }
    }
    if ((parent->grants & DM_GRANT_PCI) != 0 && node->real.host == parent->proxy.host &&
        dm_properties_number(&node->properties, BIND_PCI_TOPO, &topo)) {
        node->is_pci_function = true;
        node->pci_topo = topo;
    }
}

static dm_node_t* make_node(dm_host_t* host, const devmgr_add_device_request_t* request,
                            const dm_instance_t* parent, dm_properties_t* properties) {
    dm_coordinator_t* co = host->coordinator;
    dm_node_t* node = dm_node_create(&co->tree, parent->node, request->name);
    if (node == NULL) {
        return NULL;
    }
    dm_driver_t* creator =
        parent->node->driver != NULL ? parent->node->driver : parent->node->creator;
    node->creator = creator != NULL ? dm_driver_ref(creator) : NULL;
    node->protocol_id = request->protocol_id != 0 ? request->protocol_id : DM_PROTOCOL_MISC;
    node->flags = request->flags;
    node->properties = *properties;
    *properties = (dm_properties_t){0};
    if (request->proxy_args != NULL) {
        dm_text_set(&node->proxy_args, "%s", request->proxy_args);
    }
    dm_instance_attach(&node->real, node, host, request->device_id);
    set_grants(co, node);
    return node;
}

static void on_add_device(void* ctx, const devmgr_add_device_request_t* request,
                          pg_responder_t responder) {
    dm_host_t* host = ctx;
    dm_coordinator_t* co = host->coordinator;
    const dm_instance_t* parent = dm_host_find(host, request->parent_id);
    dm_properties_t properties = {0};
    dm_node_t* node = NULL;
    zx_status_t status = ZX_OK;
    const char* why = refuse_add(host, request, parent, &status);
    if (why == NULL) {
        status = dm_properties_from_wire(request->properties, request->properties_count,
                                         &properties, &why);
    }
    if (status == ZX_OK) {
        node = make_node(host, request, parent, &properties);
        status = node != NULL ? ZX_OK : ZX_ERR_NO_MEMORY;
        dm_properties_fini(&properties);
    }
    answer(host, &responder, status, why, devmgr_coordinator_add_device_reply);
    if (node == NULL) {
        dm_logf(&co->log, DM_LOG_WARNING, "devmgr", "host %s may not add a device: %s", host->name,
                why != NULL ? why : zx_status_get_string(status));
        return;
    }
    if (request->has_init) {
        dm_node_apply(&co->tree, node, DM_EVENT_ADD_WITH_INIT);
        dm_request_init(&node->real);
    } else {
        dm_node_apply(&co->tree, node, DM_EVENT_ADD);
        dm_bind_want(co, node);
    }
}

// -------------------------------------------------------------------------------------- others

static void on_schedule_remove(void* ctx, const devmgr_device_request_t* request,
                               pg_responder_t responder) {
    dm_host_t* host = ctx;
    dm_instance_t* instance = dm_host_find(host, request->device_id);
    zx_status_t status = ZX_OK;
    if (instance == NULL) {
        status = ZX_ERR_NOT_FOUND;
    } else if (instance == &instance->node->proxy) {
        status = ZX_ERR_NOT_SUPPORTED;  // its publisher decides, not its proxy
    } else {
        dm_leave(host->coordinator, instance->node);
    }
    answer(host, &responder, status, NULL, devmgr_coordinator_schedule_remove_reply);
}

static void on_get_metadata(void* ctx, const devmgr_metadata_request_t* request,
                            pg_responder_t responder) {
    dm_host_t* host = ctx;
    const dm_instance_t* instance = dm_host_find(host, request->device_id);
    const dm_metadata_t* metadata =
        instance != NULL ? dm_node_find_metadata(instance->node, request->type) : NULL;
    devmgr_metadata_response_t response = {.status = ZX_ERR_NOT_FOUND};
    if (metadata != NULL) {
        response = (devmgr_metadata_response_t){
            .status = ZX_OK, .data = metadata->data, .data_count = metadata->size};
    }
    check_replied(host, devmgr_coordinator_get_metadata_reply(&responder, &response));
}

static size_t metadata_bytes(const dm_host_t* host) {
    size_t bytes = 0;
    const dm_instance_t* instance;
    list_for_every_entry(&host->instances, instance, dm_instance_t, link) {
        bytes += instance->node->metadata_bytes;
    }
    return bytes;
}

static void on_add_metadata(void* ctx, const devmgr_add_metadata_request_t* request,
                            pg_responder_t responder) {
    dm_host_t* host = ctx;
    const dm_instance_t* instance = dm_host_find(host, request->device_id);
    zx_status_t status = ZX_ERR_NOT_FOUND;
    if (instance != NULL && metadata_bytes(host) + request->data_count > DM_MAX_METADATA_BYTES) {
        status = ZX_ERR_OUT_OF_RANGE;
    } else if (instance != NULL) {
        status = dm_node_add_metadata(instance->node, request->type, request->data,
                                      request->data_count, DM_MAX_METADATA_SIZE);
    }
    answer(host, &responder, status, NULL, devmgr_coordinator_add_metadata_reply);
}

static void on_log(void* ctx, const devmgr_log_record_t* request) {
    dm_host_t* host = ctx;
    dm_host_log_record(&host->log, request->severity, request->driver,
                       request->text != NULL ? request->text : "");
}

static const devmgr_coordinator_ops_t g_ops = {
    .add_device = on_add_device,
    .schedule_remove = on_schedule_remove,
    .get_metadata = on_get_metadata,
    .add_metadata = on_add_metadata,
    .log = on_log,
};

void dm_host_service_on_message(dm_host_t* host, pg_message_t* message) {
    zx_status_t status = devmgr_coordinator_dispatch(&g_ops, host, host->coordinated, message);
    if (status == ZX_ERR_NOT_SUPPORTED) {
        dm_host_kill(host, "it sent a request that does not exist");
    } else if (status != ZX_OK) {
        dm_host_kill(host, "it sent a damaged message: %s", zx_status_get_string(status));
    }
}
