// SPDX-License-Identifier: MIT
// The reading end of a byte pipe as a waitable object: how devmgr collects what a host writes to fd
// 1 and 2.
#pragma once

#include <stddef.h>
#include <zircon/types.h>

// Makes a pipe. *out_reader (owned by the caller) waits with ZX_SOCKET_READABLE (bytes are there)
// and ZX_SOCKET_PEER_CLOSED (every copy of the writing end is closed; bytes may still be there).
// *out_write_fd is a plain blocking fd, owned by the caller, close-on-exec. Both are written on
// success only.
zx_status_t lx_pipe_create(zx_handle_t* out_reader, int* out_write_fd);

// Takes up to `size` bytes. Never blocks. *out_actual (0 on failure) is the number of bytes taken,
// never 0 on success unless `size` is 0. ZX_ERR_SHOULD_WAIT: empty; ZX_ERR_PEER_CLOSED: empty, and
// nobody can write any more.
zx_status_t lx_pipe_read(zx_handle_t reader /* borrowed */, void* buffer, size_t size,
                         size_t* out_actual);
