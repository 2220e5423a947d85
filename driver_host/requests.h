// SPDX-License-Identifier: MIT
// devmgr's requests about devices: what rpc.c decodes is carried out here. Main thread.
#pragma once

#include <zircon/types.h>

#include <lib/ddk/driver.h>
#include <protocols/devmgr.h>
#include <protocols/runtime.h>

#include "detail.h"

// Handles in the requests are consumed.
zx_status_t dh_request_create(const devmgr_create_device_request_t* request, dh_detail_t* detail);
zx_status_t dh_request_bind(const devmgr_bind_driver_request_t* request, dh_detail_t* detail);

// ZX_ERR_ASYNC: the answer comes when the driver replies.
zx_status_t dh_request_init(uint64_t device_id, const pg_responder_t* responder,
                            dh_detail_t* detail);
zx_status_t dh_request_unbind(uint64_t device_id, const pg_responder_t* responder,
                              dh_detail_t* detail);

zx_status_t dh_request_remove(uint64_t device_id, dh_detail_t* detail);

// The device's metadata is attached: an init request that waited for it goes on. Any thread.
void dh_request_init_resume(zx_device_t* device);

// The device of that id, known to devmgr from now on; NULL with a detail.
zx_device_t* dh_request_find_locked(uint64_t device_id, dh_detail_t* detail);
