// SPDX-License-Identifier: MIT
// What devmgr asks of this host (protocols/devmgr, DriverHost), on the bootstrap channel. Main
// thread.
#pragma once

#include <zircon/types.h>

#include <protocols/runtime.h>

#include "detail.h"

// The channel to serve; owned from here on. Once, before the sandbox is entered.
zx_status_t dh_rpc_init(zx_handle_t bootstrap);

// Serves what is waiting on the bootstrap channel and asks for the next event. ZX_ERR_PEER_CLOSED:
// devmgr is gone.
zx_status_t dh_rpc_on_bootstrap(void);

// Answers a request of devmgr. detail may be NULL. Any thread.
void dh_rpc_reply(const pg_responder_t* responder, zx_status_t status, const dh_detail_t* detail);
