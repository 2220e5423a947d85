// SPDX-License-Identifier: MIT
// What a process knows of itself.
#pragma once

#include <zircon/processargs.h>
#include <zircon/types.h>

__BEGIN_CDECLS
__BEGIN_EXPORTS

// Hands out a handle this process was started with, once: the caller owns it. `id` is PA_HND(type,
// arg). Returns ZX_HANDLE_INVALID when there is none or it was taken before. Any thread.
zx_handle_t zx_take_startup_handle(uint32_t id);

// Permanent handles, borrowed by the caller: never close them.
zx_handle_t zx_vmar_root_self(void);  // the whole address space, for zx_vmar_map and so on
zx_handle_t zx_process_self(void);

// There are no jobs here: ZX_HANDLE_INVALID.
zx_handle_t zx_job_default(void);

// The calling thread's handle, borrowed, good until the thread ends. A name for it and no more: it
// cannot be waited on. ZX_HANDLE_INVALID: no memory.
zx_handle_t zx_thread_self(void);

__END_EXPORTS
__END_CDECLS
