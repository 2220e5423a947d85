// SPDX-License-Identifier: MIT
// The check that privileged calls make of a resource handle.
#pragma once

#include "object.h"

// ZX_OK if `handle` is a resource, made in this process, that covers `kind` and [base, base + size)
// (a root resource covers all). BAD_HANDLE, WRONG_TYPE, ACCESS_DENIED, OUT_OF_RANGE. A resource
// that came in a message is words that any process can write: it gives ACCESS_DENIED.
zx_status_t ko_resource_check(zx_handle_t handle, zx_rsrc_kind_t kind, uint64_t base,
                              uint64_t size);
