// SPDX-License-Identifier: MIT
// The broker's service.
#include "broker.h"

#include <stdio.h>
#include <stdlib.h>

#include <lx/pci.h>
#include <protocols/broker.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "board.h"
#include "text.h"

#define MAX_FUNCTIONS 256u
#define CLASS_BRIDGE  6u

static uint32_t topo_of(const lx_pci_function_t* function) {
    return (uint32_t)function->bus << 8 | (uint32_t)function->device << 3 | function->function;
}

// Lists the functions of segment 0; the caller frees *out_functions.
static zx_status_t list_functions(lx_pci_function_t** out_functions, size_t* out_count) {
    size_t count = 0;
    lx_pci_function_t* functions = calloc(MAX_FUNCTIONS, sizeof(*functions));
    if (functions == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = lx_pci_list(functions, MAX_FUNCTIONS, &count);
    if (status != ZX_OK) {
        free(functions);
        return status;
    }
    size_t kept = 0;
    for (size_t i = 0; i < count && i < MAX_FUNCTIONS; i++) {
        if (functions[i].segment == 0) {
            functions[kept++] = functions[i];
        }
    }
    *out_functions = functions;
    *out_count = kept;
    return ZX_OK;
}

static void on_list_pci(void* ctx, const broker_empty_t* request, pg_responder_t responder) {
    (void)request;
    dm_broker_t* broker = ctx;
    broker_list_pci_response_t response = {.status = ZX_ERR_ACCESS_DENIED};
    broker_pci_function_t rows[MAX_FUNCTIONS];
    lx_pci_function_t* functions = NULL;
    size_t count = 0;
    if ((broker->grants & DM_GRANT_PCI) != 0) {
        response.status = list_functions(&functions, &count);
    }
    if (response.status != ZX_OK) {
        dm_logf(broker->log, DM_LOG_WARNING, "devmgr", "%s may not list PCI functions: %s",
                broker->device, zx_status_get_string(response.status));
    }
    for (size_t i = 0; i < count; i++) {
        const lx_pci_function_t* function = &functions[i];
        rows[i] = (broker_pci_function_t){.topo = topo_of(function),
                                          .vendor_id = function->vendor_id,
                                          .device_id = function->device_id,
                                          .base_class = function->base_class,
                                          .sub_class = function->sub_class,
                                          .program_interface = function->program_interface,
                                          .revision_id = function->revision_id};
    }
    response.functions = rows;
    response.functions_count = count;
    if (broker_broker_list_pci_reply(&responder, &response) != ZX_OK) {
        dm_broker_stop(broker);
    }
    free(functions);
}

// Opens the function of this channel and duplicates it. |error| gets the reason of a failure.
static zx_status_t open_function(dm_broker_t* broker, zx_handle_t* out_device, char* error,
                                 size_t error_size) {
    if (!broker->has_function) {
        snprintf(error, error_size, "%s is no PCI function", broker->device);
        return ZX_ERR_ACCESS_DENIED;
    }
    if (broker->function != ZX_HANDLE_INVALID) {
        snprintf(error, error_size, "this host has opened it already");
        return ZX_ERR_ALREADY_BOUND;
    }
    lx_pci_function_t* functions = NULL;
    size_t count = 0;
    zx_status_t status = list_functions(&functions, &count);
    const lx_pci_function_t* found = NULL;
    for (size_t i = 0; i < count; i++) {
        if (topo_of(&functions[i]) == broker->topo && functions[i].base_class != CLASS_BRIDGE) {
            found = &functions[i];
        }
    }
    if (status == ZX_OK && found == NULL) {
        snprintf(error, error_size, "there is no such PCI function");
        status = ZX_ERR_NOT_FOUND;
    }
    if (status == ZX_OK) {
        status = lx_pci_open(broker->root_resource, found, &broker->function, error, error_size);
    }
    free(functions);
    if (status == ZX_OK) {
        status = zx_handle_duplicate(broker->function, ZX_RIGHT_SAME_RIGHTS, out_device);
    }
    return status;
}

static void on_open_pci(void* ctx, const broker_empty_t* request, pg_responder_t responder) {
    (void)request;
    dm_broker_t* broker = ctx;
    char error[DM_MAX_ERROR + 1] = "";
    broker_open_pci_response_t response = {0};
    response.status = open_function(broker, &response.device, error, sizeof(error));
    if (response.status != ZX_OK) {
        response.detail = error;
        dm_logf(broker->log, DM_LOG_WARNING, "devmgr", "%s: cannot open its PCI function: %s (%s)",
                broker->device, error, zx_status_get_string(response.status));
    }
    if (broker_broker_open_pci_reply(&responder, &response) != ZX_OK) {
        dm_broker_stop(broker);
    }
}

static const broker_broker_ops_t g_ops = {
    .list_pci = on_list_pci,
    .open_pci = on_open_pci,
};

static void on_channel(void* ctx, zx_signals_t observed) {
    dm_broker_t* broker = ctx;
    pg_message_t message;
    zx_status_t status =
        observed != 0 ? pg_message_read(broker->channel, &message) : ZX_ERR_PEER_CLOSED;
    if (status == ZX_ERR_SHOULD_WAIT) {
        return;
    }
    if (status == ZX_OK) {
        status = broker_broker_dispatch(&g_ops, broker, broker->channel, &message);
        pg_message_fini(&message);
    }
    if (status != ZX_OK) {
        if (status != ZX_ERR_PEER_CLOSED) {
            dm_logf(broker->log, DM_LOG_WARNING, "devmgr", "%s sent the broker no message: %s",
                    broker->device, zx_status_get_string(status));
            broker->is_violated = true;
        }
        dm_broker_stop(broker);
    }
}

zx_status_t dm_broker_start(dm_broker_t* broker, dm_loop_t* loop, dm_log_t* log,
                            zx_handle_t root_resource, const char* device, uint32_t grants,
                            bool is_pci_function, uint32_t topo, zx_handle_t* out_client) {
    *broker = (dm_broker_t){.log = log,
                            .root_resource = root_resource,
                            .grants = grants,
                            .has_function = is_pci_function,
                            .topo = topo};
    dm_text_copy(broker->device, sizeof(broker->device), device);
    zx_handle_t client = ZX_HANDLE_INVALID;
    zx_status_t status = zx_channel_create(0, &broker->channel, &client);
    if (status != ZX_OK) {
        return status;
    }
    status = dm_source_start(loop, &broker->source, broker->channel,
                             ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED, on_channel, broker);
    if (status != ZX_OK) {
        zx_handle_close(client);
        dm_broker_stop(broker);
        return status;
    }
    *out_client = client;
    return ZX_OK;
}

void dm_broker_stop(dm_broker_t* broker) {
    dm_source_stop(&broker->source);
    zx_handle_close(broker->channel);
    broker->channel = ZX_HANDLE_INVALID;
}

void dm_broker_quiesce(dm_broker_t* broker) {
    if (broker->function == ZX_HANDLE_INVALID) {
        return;
    }
    zx_status_t status = lx_pci_quiesce(broker->function);
    if (status != ZX_OK) {
        dm_logf(broker->log, DM_LOG_ERROR, "devmgr",
                "%s: its PCI function did not stop cleanly: %s", broker->device,
                zx_status_get_string(status));
    }
    zx_handle_close(broker->function);
    broker->function = ZX_HANDLE_INVALID;
}
