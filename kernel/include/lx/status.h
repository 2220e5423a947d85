// SPDX-License-Identifier: MIT
// The one place where a Linux error number becomes a Zircon status.
#pragma once

#include <zircon/types.h>

// Returns the status that stands for errno value `err`; 0 gives ZX_OK, and a number without a
// status of its own gives ZX_ERR_IO. Any thread, never blocks, leaves errno alone;
// async-signal-safe.
zx_status_t lx_status_from_errno(int err);
