// SPDX-License-Identifier: MIT
// What Zircon's C library has beyond C11 <threads.h>.
#pragma once

#include <threads.h>

#include <zircon/types.h>

// Static initialisers; a zeroed mtx_t is a plain mutex and a zeroed cnd_t a fresh condition here.
#ifndef MTX_INIT
#define MTX_INIT \
    {            \
        { 0 }    \
    }
#endif
#ifndef CND_INIT
#define CND_INIT \
    {            \
        { 0 }    \
    }
#endif

__BEGIN_CDECLS
__BEGIN_EXPORTS

// As thrd_create, and names the thread for debuggers and logs (cut to 15 characters). `name` is
// borrowed during the call.
int thrd_create_with_name(thrd_t* out_thread, thrd_start_t entry, void* arg, const char* name);

// The handle of a thread that thrd_create_with_name() made, borrowed: never close it; it is good
// until the thread ends. ZX_HANDLE_INVALID: a thread of another kind, or one that has ended.
zx_handle_t thrd_get_zx_handle(thrd_t thread);

// The status that says what a thrd_* result says.
zx_status_t thrd_status_to_zx_status(int thrd_status);

__END_EXPORTS
__END_CDECLS
