// SPDX-License-Identifier: MIT
// Readiness of the board, and WaitReady.
#include "ready.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "bind_flow.h"
#include "control_wait.h"
#include "coordinator.h"

// The expected driver, by its own name or its file's.
static bool is_driver(const dm_driver_t* driver, const char* name) {
    char canonical[DM_MAX_DRIVER + 1];
    dm_driver_name_canonical(canonical, sizeof(canonical), name);
    size_t length = strlen(name);
    bool is_file =
        strncmp(driver->file, name, length) == 0 && strcmp(driver->file + length, ".so") == 0;
    return is_file || strcmp(driver->name, canonical) == 0;
}

// What is wrong with the expected driver itself; NULL: nothing is known.
static const char* driver_error(const dm_coordinator_t* co, const char* name) {
    const dm_driver_t* driver;
    list_for_every_entry(&co->registry.drivers, driver, dm_driver_t, link) {
        if (driver->error != NULL && is_driver(driver, name)) {
            return driver->error;
        }
    }
    return NULL;
}

bool dm_ready_missing(const dm_coordinator_t* co, size_t index, char* out, size_t size) {
    const dm_board_expect_t* expect = &co->board.expects[index];
    const dm_node_t* node = dm_tree_find_path(&co->tree, expect->device);
    if (node == NULL) {
        snprintf(out, size, "%s (driver %s): there is no such device", expect->device,
                 expect->driver);
        return true;
    }
    bool is_bound = node->bind_phase == DM_BIND_BOUND && node->state == DM_DEVICE_RUNNING;
    if (is_bound && is_driver(node->driver, expect->driver)) {
        return false;
    }
    char why[DM_MAX_ERROR + 1];
    const char* error = driver_error(co, expect->driver);
    if (is_bound) {
        snprintf(why, sizeof(why), "driver %s is bound instead", node->driver->name);
    } else if (error != NULL) {
        snprintf(why, sizeof(why), "the driver cannot be used: %s", error);
    } else {
        dm_bind_why_unbound(node, why, sizeof(why));
    }
    snprintf(out, size, "%s (driver %s): %s", expect->device, expect->driver, why);
    return true;
}

static size_t count_bound(const dm_coordinator_t* co) {
    size_t count = 0;
    for (const dm_node_t* node = co->tree.root; node != NULL; node = dm_tree_next(node)) {
        count += node->bind_phase == DM_BIND_BOUND ? 1 : 0;
    }
    return count;
}

void dm_ready_check(dm_coordinator_t* co) {
    char text[DM_MAX_PATH + DM_MAX_ERROR];
    dm_ready_t* ready = &co->ready;
    if (ready->is_ready || co->is_shutting_down) {
        return;
    }
    for (size_t i = 0; i < co->board.expect_count; i++) {
        if (dm_ready_missing(co, i, text, sizeof(text))) {
            return;
        }
    }
    ready->is_ready = true;
    ready->uptime = zx_clock_get_monotonic();
    ready->elapsed = ready->uptime - co->started;
    snprintf(text, sizeof(text),
             "board %s up in %lld ms: %zu devices, %zu with a driver, %zu driver hosts",
             co->board.name, (long long)(ready->elapsed / 1000000), co->tree.count, count_bound(co),
             co->host_count);
    dm_logf(&co->log, DM_LOG_INFO, "devmgr", "%s", text);
    if (co->log.print_level > DM_LOG_INFO) {
        fprintf(stderr, "%s\n", text);
    }
}

// ----------------------------------------------------------------------------------- WaitReady

static void answer(dm_wait_t* wait, zx_status_t status) {
    const dm_coordinator_t* co = wait->coordinator;
    char* texts[DM_MAX_BOARD_DEVICES];
    size_t count = 0;
    for (size_t i = 0; i < co->board.expect_count && status != ZX_OK; i++) {
        char text[DM_MAX_PATH + DM_MAX_ERROR];
        if (dm_ready_missing(co, i, text, sizeof(text))) {
            texts[count] = strndup(text, DM_MAX_PAGE_BYTES / DM_MAX_BOARD_DEVICES);
            count += texts[count] != NULL ? 1 : 0;
        }
    }
    control_ready_response_t response = {.status = status,
                                         .missing = (const char* const*)texts,
                                         .missing_count = count,
                                         .elapsed_ns = co->ready.elapsed,
                                         .uptime_ns = co->ready.uptime};
    dm_wait_finish(wait, control_control_wait_ready_reply(&wait->responder, &response));
    for (size_t i = 0; i < count; i++) {
        free(texts[i]);
    }
}

static void on_timeout(void* ctx) {
    answer(ctx, ZX_ERR_TIMED_OUT);
}

bool dm_wait_try_ready(dm_wait_t* wait) {
    if (!wait->coordinator->ready.is_ready) {
        return false;
    }
    answer(wait, ZX_OK);
    return true;
}

void dm_control_on_wait_ready(void* ctx, const control_ready_request_t* request,
                              pg_responder_t responder) {
    dm_client_t* client = ctx;
    dm_wait_t* wait = dm_wait_create(client, DM_WAIT_READY, responder);
    if (wait == NULL) {
        return;
    }
    if (!dm_wait_try_ready(wait)) {
        dm_wait_set_timeout(wait, request->timeout_ms, on_timeout);
    }
}
