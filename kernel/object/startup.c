// SPDX-License-Identifier: MIT
// The handle a process was started with: the bootstrap channel of lx_process_spawn().
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include <zircon/process.h>

#include <lx/fd.h>
#include <lx/process.h>

static pthread_mutex_t g_lock = PTHREAD_MUTEX_INITIALIZER;
static bool g_is_taken;

static bool is_bootstrap_there(void) {
    const char* text = getenv(LX_BOOTSTRAP_ENV);
    return text != NULL && atoi(text) == LX_BOOTSTRAP_FD;
}

zx_handle_t zx_take_startup_handle(uint32_t id) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    pthread_mutex_lock(&g_lock);
    if (id == PA_HND(PA_USER0, 0) && !g_is_taken && is_bootstrap_there()) {
        g_is_taken = true;
        if (lx_channel_from_fd(LX_BOOTSTRAP_FD, &handle) != ZX_OK) {
            handle = ZX_HANDLE_INVALID;
        }
    }
    pthread_mutex_unlock(&g_lock);
    return handle;
}
