// SPDX-License-Identifier: MIT
// UIO devices at the level of fds: what interrupt.c wraps. The fds are borrowed.
#pragma once

#include <stdbool.h>

#include <zircon/types.h>

// ZX_OK: an open UIO device with an interrupt, in non-blocking mode. ZX_ERR_WRONG_TYPE: something
// else. ZX_ERR_NOT_SUPPORTED: it has no interrupt.
zx_status_t lx_uio_check(int fd);

// Takes what fired since the last time. ZX_ERR_SHOULD_WAIT: nothing. ZX_ERR_IO_NOT_PRESENT: the
// device is gone.
zx_status_t lx_uio_take(int fd);

// Unmasks or masks. ZX_ERR_NOT_SUPPORTED: the driver cannot. ZX_ERR_IO_NOT_PRESENT,
// ZX_ERR_ACCESS_DENIED (not open for writing).
zx_status_t lx_uio_control(int fd, bool is_enabled);
