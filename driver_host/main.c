// SPDX-License-Identifier: MIT
// driver_host: runs drivers for devmgr. Started by devmgr with a channel to it; ends when that
// channel closes.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lx/crash.h>
#include <lx/sandbox.h>
#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/processargs.h>
#include <zircon/status.h>

#include "activity.h"
#include "connection.h"
#include "loop.h"
#include "rpc.h"

static int fail(const char* step, zx_status_t status) {
    fprintf(stderr, "driver_host: %s: %s\n", step, zx_status_get_string(status));
    return EXIT_FAILURE;
}

static void on_event(uint64_t key, zx_signals_t observed) {
    if (key != DH_KEY_BOOTSTRAP) {
        dh_connection_on_event(key, observed);
        return;
    }
    zx_status_t status = dh_rpc_on_bootstrap();
    if (status != ZX_OK) {
        if (status != ZX_ERR_PEER_CLOSED) {
            fail("serving devmgr", status);
        }
        dh_loop_quit();
    }
}

static int usage(void) {
    fputs(
        "usage: driver_host [--no-sandbox]\n"
        "Runs drivers for devmgr, which starts it with a channel. --no-sandbox: keep the rights "
        "of\n"
        "the calling user, for debugging.\n",
        stderr);
    return 2;
}

int main(int argc, char** argv) {
    bool is_sandboxed = true;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--no-sandbox") != 0) {
            return usage();
        }
        is_sandboxed = false;
    }
    zx_handle_t bootstrap = zx_take_startup_handle(PA_HND(PA_USER0, 0));
    if (bootstrap == ZX_HANDLE_INVALID) {
        fputs("driver_host: no channel to devmgr: it is started by devmgr only\n", stderr);
        return 2;
    }
    zx_status_t status = lx_crash_handler_install(STDERR_FILENO);
    if (status != ZX_OK || (status = dh_activity_install()) != ZX_OK) {
        return fail("installing the crash handler", status);
    }
    if ((status = dh_loop_init()) != ZX_OK || (status = dh_rpc_init(bootstrap)) != ZX_OK) {
        return fail("preparing the event loop", status);
    }
    if (is_sandboxed) {
        const char* step = NULL;
        status = lx_sandbox_enter_etc(&step);
        if (status != ZX_OK) {
            return fail(step != NULL ? step : "entering the sandbox", status);
        }
    }
    dh_loop_run(on_event);
    // devmgr is gone. Threads of drivers may still run, so nothing is torn down under them: the
    // kernel takes back everything, and VFIO resets the devices when their last fd closes.
    fflush(stderr);
    _exit(EXIT_SUCCESS);
}
