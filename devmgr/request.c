// SPDX-License-Identifier: MIT
// Requests to hosts and their answers.
#include "request.h"

#include <stdlib.h>
#include <string.h>

#include <protocols/devmgr.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "bind_flow.h"
#include "control_wait.h"
#include "coordinator.h"
#include "removal.h"

// ---------------------------------------------------------------------------------- bookkeeping

typedef struct request_row {
    const char* name;
    uint64_t ordinal;
} request_row_t;

static const request_row_t g_requests[] = {
    [DM_REQUEST_CREATE] = {"CreateDevice", DEVMGR_DRIVER_HOST_CREATE_DEVICE_ORDINAL},
    [DM_REQUEST_BIND] = {"BindDriver", DEVMGR_DRIVER_HOST_BIND_DRIVER_ORDINAL},
    [DM_REQUEST_INIT] = {"InitDevice", DEVMGR_DRIVER_HOST_INIT_DEVICE_ORDINAL},
    [DM_REQUEST_UNBIND] = {"UnbindDevice", DEVMGR_DRIVER_HOST_UNBIND_DEVICE_ORDINAL},
    [DM_REQUEST_REMOVE] = {"RemoveDevice", DEVMGR_DRIVER_HOST_REMOVE_DEVICE_ORDINAL},
    [DM_REQUEST_OPEN] = {"OpenDevice", DEVMGR_DRIVER_HOST_OPEN_DEVICE_ORDINAL},
    [DM_REQUEST_UNLOAD] = {"UnloadDriver", DEVMGR_DRIVER_HOST_UNLOAD_DRIVER_ORDINAL},
    [DM_REQUEST_STATS] = {"GetStats", DEVMGR_DRIVER_HOST_GET_STATS_ORDINAL},
};

static void free_pending(dm_pending_t* pending) {
    dm_timer_stop(&pending->timer);
    list_delete(&pending->link);
    pending->host->pending_count--;
    dm_driver_unref(pending->driver);
    free(pending);
}

static void on_deadline(void* ctx) {
    dm_pending_t* pending = ctx;
    dm_host_t* host = pending->host;
    const dm_node_t* node = dm_tree_find(&host->coordinator->tree, pending->node_id);
    dm_host_kill(host, "it did not answer %s%s%s within %lld ms", g_requests[pending->request].name,
                 node != NULL ? " for " : "", node != NULL ? node->name : "",
                 (long long)(host->coordinator->options->hook_timeout / 1000000));
}

// Registers a request; NULL: the host is (now) dying and nothing is to be sent.
static dm_pending_t* add_pending(dm_host_t* host, dm_request_t request, const dm_node_t* node,
                                 uint64_t device_id) {
    if (host->state != DM_HOST_RUNNING) {
        return NULL;
    }
    if (host->pending_count >= DM_MAX_PENDING_PER_HOST) {
        dm_host_kill(host, "it left %zu requests without an answer", host->pending_count);
        return NULL;
    }
    dm_pending_t* pending = calloc(1, sizeof(*pending));
    if (pending == NULL) {
        dm_host_kill(host, "memory is short");
        return NULL;
    }
    pending->host = host;
    pending->request = request;
    pending->ordinal = g_requests[request].ordinal;
    pending->node_id = node != NULL ? node->id : 0;
    pending->device_id = device_id;
    pending->txid = ++host->next_txid;
    list_add_tail(&host->pending, &pending->link);
    host->pending_count++;
    dm_coordinator_t* co = host->coordinator;
    dm_timer_start(&co->loop, &pending->timer, zx_deadline_after(co->options->hook_timeout),
                   on_deadline, pending);
    return pending;
}

// A host whose channel is full does not read: it hangs.
static void check_sent(dm_host_t* host, dm_request_t request, zx_status_t status) {
    if (status == ZX_ERR_SHOULD_WAIT) {
        dm_host_kill(host, "it does not take messages");
    } else if (status != ZX_OK && status != ZX_ERR_PEER_CLOSED) {
        dm_host_kill(host, "%s cannot be sent to it: %s", g_requests[request].name,
                     zx_status_get_string(status));
    }
    // With a closed channel, the host's end is noticed by its own event.
}

// ------------------------------------------------------------------------------------- sending

// A duplicate of the driver's image for a message.
static devmgr_driver_image_t image_of(const dm_driver_t* driver) {
    devmgr_driver_image_t image = {.name = driver->note_name, .file_name = driver->file};
    zx_handle_duplicate(driver->image, ZX_RIGHT_SAME_RIGHTS, &image.vmo);
    return image;
}

// proxy_args is "host name,arguments": the part behind the comma.
static const char* proxy_arguments(const dm_node_t* node) {
    const char* comma = node->proxy_args != NULL ? strchr(node->proxy_args, ',') : NULL;
    return comma != NULL ? comma + 1 : "";
}

void dm_request_create(dm_host_t* host, dm_node_t* node, const dm_driver_t* proxy) {
    dm_coordinator_t* co = host->coordinator;
    dm_pending_t* pending = add_pending(host, DM_REQUEST_CREATE, node, node->proxy.id);
    if (pending == NULL) {
        return;
    }
    node_property_t properties[DM_MAX_PROPERTIES];
    dm_properties_to_wire(&node->properties, properties);
    devmgr_create_device_request_t request = {.device_id = node->proxy.id,
                                              .name = node->name,
                                              .protocol_id = node->protocol_id,
                                              .properties = properties,
                                              .properties_count = node->properties.count};
    devmgr_driver_image_t image = {0};
    zx_status_t status = ZX_OK;
    if (proxy != NULL) {
        image = image_of(proxy);
        request.proxy = &image;
        request.proxy_args = proxy_arguments(node);
        status = dm_broker_start(&host->broker, &co->loop, &co->log, co->root_resource, node->name,
                                 node->grants, node->is_pci_function, node->pci_topo,
                                 &request.rpc_channel);
    }
    if (status == ZX_OK) {
        status = devmgr_driver_host_create_device_send(host->channel, pending->txid, &request);
    } else {
        zx_handle_close(image.vmo);
    }
    check_sent(host, DM_REQUEST_CREATE, status);
}

void dm_request_bind(dm_host_t* host, const dm_instance_t* instance, dm_driver_t* driver) {
    dm_pending_t* pending = add_pending(host, DM_REQUEST_BIND, instance->node, instance->id);
    if (pending == NULL) {
        return;
    }
    pending->driver = dm_driver_ref(driver);
    if (dm_host_find_image(host, driver) == NULL) {
        dm_host_image_t* image = calloc(1, sizeof(*image));
        if (image == NULL) {
            dm_host_kill(host, "memory is short");
            return;
        }
        image->driver = dm_driver_ref(driver);
        list_add_tail(&host->images, &image->link);
    }
    devmgr_driver_image_t image = image_of(driver);
    devmgr_bind_driver_request_t request = {.device_id = instance->id, .driver = &image};
    check_sent(host, DM_REQUEST_BIND,
               devmgr_driver_host_bind_driver_send(host->channel, pending->txid, &request));
}

typedef zx_status_t (*send_device_t)(zx_handle_t channel, uint32_t txid,
                                     const devmgr_device_request_t* request);

static void send_device_request(dm_instance_t* instance, dm_request_t kind, send_device_t send) {
    dm_host_t* host = instance->host;
    dm_pending_t* pending = add_pending(host, kind, instance->node, instance->id);
    if (pending != NULL) {
        devmgr_device_request_t request = {.device_id = instance->id};
        check_sent(host, kind, send(host->channel, pending->txid, &request));
    }
}

void dm_request_init(dm_instance_t* instance) {
    instance->node->init = DM_STEP_SENT;
    send_device_request(instance, DM_REQUEST_INIT, devmgr_driver_host_init_device_send);
}

void dm_request_unbind(dm_instance_t* instance) {
    instance->unbind = DM_STEP_SENT;
    send_device_request(instance, DM_REQUEST_UNBIND, devmgr_driver_host_unbind_device_send);
}

void dm_request_remove(dm_instance_t* instance) {
    instance->remove = DM_STEP_SENT;
    send_device_request(instance, DM_REQUEST_REMOVE, devmgr_driver_host_remove_device_send);
}

void dm_request_unload(dm_host_t* host, dm_host_image_t* image) {
    image->unload = DM_STEP_SENT;
    dm_pending_t* pending = add_pending(host, DM_REQUEST_UNLOAD, NULL, 0);
    if (pending != NULL) {
        pending->driver = dm_driver_ref(image->driver);
        devmgr_unload_driver_request_t request = {.name = image->driver->note_name};
        check_sent(host, DM_REQUEST_UNLOAD,
                   devmgr_driver_host_unload_driver_send(host->channel, pending->txid, &request));
    }
}

void dm_request_open(const dm_instance_t* instance, zx_handle_t client, uint64_t token) {
    dm_host_t* host = instance->host;
    dm_pending_t* pending = add_pending(host, DM_REQUEST_OPEN, instance->node, instance->id);
    if (pending == NULL) {
        zx_handle_close(client);
        dm_wait_open_answered(host->coordinator, token, ZX_ERR_UNAVAILABLE, "its host is ending");
        return;
    }
    pending->token = token;
    devmgr_open_device_request_t request = {.device_id = instance->id, .client = client};
    check_sent(host, DM_REQUEST_OPEN,
               devmgr_driver_host_open_device_send(host->channel, pending->txid, &request));
}

void dm_request_stats(dm_host_t* host, uint64_t token) {
    dm_pending_t* pending = add_pending(host, DM_REQUEST_STATS, NULL, 0);
    if (pending == NULL) {
        dm_wait_stats_answered(host->coordinator, token);
        return;
    }
    pending->token = token;
    devmgr_empty_t request = {0};
    check_sent(host, DM_REQUEST_STATS,
               devmgr_driver_host_get_stats_send(host->channel, pending->txid, &request));
}

// ------------------------------------------------------------------------------------- answers

// The answered instance; NULL: its node is gone.
static dm_instance_t* answered_instance(const dm_pending_t* pending, dm_node_t* node) {
    if (node == NULL) {
        return NULL;
    }
    if (node->real.host == pending->host && node->real.id == pending->device_id) {
        return &node->real;
    }
    if (node->proxy.host == pending->host && node->proxy.id == pending->device_id) {
        return &node->proxy;
    }
    return NULL;
}

static void on_unload(const dm_pending_t* pending, zx_status_t status, const char* detail) {
    dm_host_image_t* image = dm_host_find_image(pending->host, pending->driver);
    if (image == NULL) {
        return;
    }
    if (status == ZX_OK || status == ZX_ERR_NOT_FOUND) {
        dm_host_forget_image(image);
        return;
    }
    image->unload = DM_STEP_DONE;
    image->unload_status = status;
    dm_text_set(&image->unload_detail, "%s", detail);
}

static void on_status(const dm_pending_t* pending, zx_status_t status, const char* detail) {
    dm_coordinator_t* co = pending->host->coordinator;
    dm_node_t* node = dm_tree_find(&co->tree, pending->node_id);
    dm_instance_t* instance = answered_instance(pending, node);
    switch (pending->request) {
        case DM_REQUEST_CREATE:
            if (instance != NULL) {
                dm_bind_on_created(co, node, status, detail);
            }
            break;
        case DM_REQUEST_BIND:
            if (instance != NULL) {
                dm_bind_on_bound(co, node, pending->driver, status, detail);
            }
            break;
        case DM_REQUEST_INIT:
            if (instance != NULL) {
                dm_bind_on_initialized(co, node, status, detail);
            }
            break;
        case DM_REQUEST_UNBIND:
        case DM_REQUEST_REMOVE:
            if (instance != NULL) {
                *(pending->request == DM_REQUEST_UNBIND ? &instance->unbind : &instance->remove) =
                    DM_STEP_DONE;
            }
            break;
        case DM_REQUEST_OPEN:
            dm_wait_open_answered(co, pending->token, status, detail);
            break;
        case DM_REQUEST_UNLOAD:
            on_unload(pending, status, detail);
            break;
        default:
            break;
    }
}

static zx_status_t take_stats(dm_host_t* host, pg_message_t* message, uint64_t token) {
    pg_arena_t arena = {0};
    devmgr_host_stats_response_t stats;
    zx_status_t status = devmgr_host_stats_response_decode_message(message, &arena, &stats);
    pg_arena_fini(&arena);
    if (status == ZX_OK) {
        host->handle_count = stats.handle_count;
        host->thread_count = stats.thread_count;
    } else if (status == ZX_ERR_IO_DATA_INTEGRITY) {
        return status;
    }
    dm_wait_stats_answered(host->coordinator, token);
    return ZX_OK;
}

static zx_status_t take_status(const dm_pending_t* pending, pg_message_t* message) {
    pg_arena_t arena = {0};
    devmgr_status_response_t response;
    zx_status_t status = devmgr_status_response_decode_message(message, &arena, &response);
    if ((message->header.flags & PG_FLAG_ERROR) != 0 && status != ZX_ERR_IO_DATA_INTEGRITY) {
        on_status(pending, status, "");  // the host refused the request as a whole
        status = ZX_OK;
    } else if (status == ZX_OK) {
        char detail[DM_MAX_ERROR + 1];
        dm_text_copy(detail, sizeof(detail), response.detail);
        dm_text_clean(detail);
        // A status that is no error is success, whatever the host means by it.
        on_status(pending, response.status < 0 ? response.status : ZX_OK, detail);
    }
    pg_arena_fini(&arena);
    return status;
}

void dm_request_on_answer(dm_host_t* host, pg_message_t* message) {
    dm_pending_t* pending = NULL;
    dm_pending_t* candidate;
    list_for_every_entry(&host->pending, candidate, dm_pending_t, link) {
        if (candidate->txid == message->header.txid) {
            pending = candidate;
            break;
        }
    }
    if (pending == NULL || pending->ordinal != message->header.ordinal) {
        dm_host_kill(host, "it answered a request that was not made");
        return;
    }
    zx_status_t status = pending->request == DM_REQUEST_STATS
                             ? take_stats(host, message, pending->token)
                             : take_status(pending, message);
    const char* name = g_requests[pending->request].name;
    free_pending(pending);
    if (status != ZX_OK) {
        dm_host_kill(host, "its answer to %s is damaged", name);
    }
}

void dm_request_fail_all(dm_host_t* host) {
    dm_coordinator_t* co = host->coordinator;
    while (!list_is_empty(&host->pending)) {
        dm_pending_t* pending = containerof(list_peek_head(&host->pending), dm_pending_t, link);
        dm_request_t request = pending->request;
        uint64_t token = pending->token;
        free_pending(pending);
        if (request == DM_REQUEST_OPEN) {
            dm_wait_open_answered(co, token, ZX_ERR_UNAVAILABLE, "its host ended");
        } else if (request == DM_REQUEST_STATS) {
            dm_wait_stats_answered(co, token);
        }
    }
}
