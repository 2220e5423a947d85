// SPDX-License-Identifier: MIT
// devmgr's broker: what a proxy driver may ask of the machine, over a channel that is scoped to one
// device. It alone uses the root resource. Of every PCI function that it opened for a host it keeps
// a duplicate, by which the function is stopped when the host has ended, however it ended.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

#include "log.h"
#include "loop.h"

typedef struct dm_broker {
    dm_log_t* log;              // borrowed
    zx_handle_t root_resource;  // borrowed
    zx_handle_t channel;        // owned: devmgr's end; ZX_HANDLE_INVALID: closed
    dm_source_t source;
    char device[DM_MAX_NAME + 1];  // for messages
    uint32_t grants;               // DM_GRANT_*
    bool has_function;             // the channel is scoped to one PCI function
    uint32_t topo;                 // bus << 8 | device << 3 | function
    bool is_violated;              // something other than a request came: the host is to be killed
    zx_handle_t function;          // owned: duplicate of what the host got; ZX_HANDLE_INVALID: none
} dm_broker_t;

// Serves a new channel; *out_client is the proxy's end, owned by the caller. |is_pci_function| and
// |topo| scope it to one function.
zx_status_t dm_broker_start(dm_broker_t* broker, dm_loop_t* loop, dm_log_t* log,
                            zx_handle_t root_resource, const char* device, uint32_t grants,
                            bool is_pci_function, uint32_t topo, zx_handle_t* out_client);

// Closes the channel. A zeroed broker is fine.
void dm_broker_stop(dm_broker_t* broker);

// After the host has ended: stops the function and gives it up.
void dm_broker_quiesce(dm_broker_t* broker);
