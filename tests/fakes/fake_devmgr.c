// SPDX-License-Identifier: MIT
// The fake devmgr: its host, its requests and its records. fake_coordinator.c answers the host.
#include "fake_devmgr_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lx/file.h>
#include <zircon/assert.h>
#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "race_report.h"

static const char* build_directory(void) {
    const char* directory = getenv("JACINTH_BUILD");
    return directory != NULL ? directory : ".";
}

static void spawn(fake_devmgr_t* fake, bool sandbox, zx_handle_t bootstrap, int log_fd) {
    char exe[512];
    snprintf(exe, sizeof(exe), "%s/bin/driver_host", build_directory());
    const char* argv[] = {exe, sandbox ? NULL : "--no-sandbox", NULL};
    // Inside the sandbox the leak checker can't stop the threads it wants to look at.
    const char* envp[] = {"ASAN_OPTIONS=detect_leaks=0", NULL};
    lx_spawn_args_t args = {
        .exe = exe,
        .argv = argv,
        .envp = envp,
        .name = "fake-host",
        .bootstrap = bootstrap,
        .log_fd = log_fd,
        .sandbox = sandbox,
    };
    zx_status_t status = lx_process_spawn(&args, &fake->process);
    ZX_ASSERT_MSG(status == ZX_OK, "starting %s: %d", exe, status);
    status = lx_process_get_pid(fake->process, &fake->pid);
    ZX_ASSERT(status == ZX_OK);
}

fake_devmgr_t* fake_devmgr_start(bool sandbox, uint8_t log_level) {
    fake_devmgr_t* fake = calloc(1, sizeof(*fake));
    ZX_ASSERT(fake != NULL);
    mtx_init(&fake->serving, mtx_plain);
    mtx_init(&fake->lock, mtx_plain);
    cnd_init(&fake->changed);
    fake->output_file = tmpfile();
    ZX_ASSERT(fake->output_file != NULL);
    zx_handle_t bootstrap;
    zx_handle_t coordinator;
    zx_status_t status = zx_channel_create(0, &fake->host, &bootstrap);
    ZX_ASSERT(status == ZX_OK);
    status = zx_channel_create(0, &fake->coordinator, &coordinator);
    ZX_ASSERT(status == ZX_OK);
    status = zx_event_create(0, &fake->stop);
    ZX_ASSERT(status == ZX_OK);
    spawn(fake, sandbox, bootstrap, fileno(fake->output_file));
    int result = thrd_create(&fake->thread, fake_coordinator_run, fake);
    ZX_ASSERT(result == thrd_success);
    devmgr_start_request_t request = {
        .host_name = "fake-host", .log_level = log_level, .coordinator = coordinator};
    status = devmgr_driver_host_start(fake->host, &request);
    ZX_ASSERT(status == ZX_OK);
    return fake;
}

lx_exit_t fake_devmgr_wait_exit(fake_devmgr_t* fake) {
    lx_exit_t how = {0};
    zx_status_t status = zx_object_wait_one(fake->process, ZX_PROCESS_TERMINATED,
                                            zx_deadline_after(FAKE_PATIENCE), NULL);
    ZX_ASSERT_MSG(status == ZX_OK, "the host does not end: %d", status);
    status = lx_process_get_exit(fake->process, &how);
    ZX_ASSERT(status == ZX_OK);
    return how;
}

lx_exit_t fake_devmgr_stop(fake_devmgr_t* fake) {
    zx_handle_close(fake->host);
    lx_exit_t how = fake_devmgr_wait_exit(fake);
    zx_object_signal(fake->stop, 0, ZX_EVENT_SIGNALED);
    thrd_join(fake->thread, NULL);
    zx_handle_close(fake->process);
    zx_handle_close(fake->coordinator);
    zx_handle_close(fake->stop);
    race_report_show("the host", fake_devmgr_output(fake));
    fclose(fake->output_file);
    free(fake->output);
    free(fake->taken_logs);
    for (size_t i = 0; i < fake->log_count; i++) {
        free(fake->logs[i]);
    }
    for (size_t i = 0; i < fake->device_count; i++) {
        free(fake->devices[i]);
    }
    mtx_destroy(&fake->serving);
    mtx_destroy(&fake->lock);
    cnd_destroy(&fake->changed);
    free(fake);
    return how;
}

pid_t fake_devmgr_pid(const fake_devmgr_t* fake) {
    return fake->pid;
}

zx_handle_t fake_devmgr_channel(const fake_devmgr_t* fake) {
    return fake->host;
}

const char* fake_devmgr_detail(const fake_devmgr_t* fake) {
    return fake->detail;
}

// ---- requests

// Takes what a call brought back.
static zx_status_t finish(fake_devmgr_t* fake, zx_status_t status, pg_arena_t* arena,
                          const devmgr_status_response_t* response) {
    const char* detail = status == ZX_OK && response->detail != NULL ? response->detail : "";
    snprintf(fake->detail, sizeof(fake->detail), "%s", detail);
    status = status == ZX_OK ? response->status : status;
    pg_arena_fini(arena);
    return status;
}

static zx_handle_t load_image(const char* file) {
    char path[512];
    snprintf(path, sizeof(path), "%s/lib/test_drivers/%s.so", build_directory(), file);
    zx_handle_t vmo;
    zx_status_t status = lx_vmo_from_file(path, &vmo);
    ZX_ASSERT_MSG(status == ZX_OK, "%s: %d", path, status);
    return vmo;
}

zx_status_t fake_devmgr_create_stub(fake_devmgr_t* fake, uint64_t id, const char* name,
                                    uint32_t protocol_id) {
    devmgr_create_device_request_t request = {
        .device_id = id, .name = name, .protocol_id = protocol_id};
    pg_arena_t arena = {0};
    devmgr_status_response_t response;
    zx_status_t status = devmgr_driver_host_create_device(fake->host, &request, &arena, &response);
    return finish(fake, status, &arena, &response);
}

zx_status_t fake_devmgr_create_proxy(fake_devmgr_t* fake, uint64_t id, const char* name,
                                     const char* driver, const char* file, const char* proxy_args,
                                     zx_handle_t rpc_channel) {
    devmgr_driver_image_t image = {.name = driver, .file_name = file, .vmo = load_image(file)};
    devmgr_create_device_request_t request = {.device_id = id,
                                              .name = name,
                                              .proxy = &image,
                                              .proxy_args = proxy_args,
                                              .rpc_channel = rpc_channel};
    pg_arena_t arena = {0};
    devmgr_status_response_t response;
    zx_status_t status = devmgr_driver_host_create_device(fake->host, &request, &arena, &response);
    return finish(fake, status, &arena, &response);
}

zx_status_t fake_devmgr_bind(fake_devmgr_t* fake, uint64_t id, const char* driver,
                             const char* file) {
    devmgr_driver_image_t image = {.name = driver, .file_name = file, .vmo = load_image(file)};
    devmgr_bind_driver_request_t request = {.device_id = id, .driver = &image};
    pg_arena_t arena = {0};
    devmgr_status_response_t response;
    zx_status_t status = devmgr_driver_host_bind_driver(fake->host, &request, &arena, &response);
    return finish(fake, status, &arena, &response);
}

typedef zx_status_t device_call_t(zx_handle_t channel, const devmgr_device_request_t* request,
                                  pg_arena_t* arena, devmgr_status_response_t* out_response);

static zx_status_t call_device(fake_devmgr_t* fake, device_call_t* call, uint64_t id) {
    devmgr_device_request_t request = {.device_id = id};
    pg_arena_t arena = {0};
    devmgr_status_response_t response;
    zx_status_t status = call(fake->host, &request, &arena, &response);
    return finish(fake, status, &arena, &response);
}

zx_status_t fake_devmgr_init(fake_devmgr_t* fake, uint64_t id) {
    return call_device(fake, devmgr_driver_host_init_device, id);
}

zx_status_t fake_devmgr_unbind(fake_devmgr_t* fake, uint64_t id) {
    return call_device(fake, devmgr_driver_host_unbind_device, id);
}

zx_status_t fake_devmgr_remove(fake_devmgr_t* fake, uint64_t id) {
    zx_status_t status = call_device(fake, devmgr_driver_host_remove_device, id);
    if (status == ZX_OK) {
        fake_records_forget(fake, id);
    }
    return status;
}

zx_status_t fake_devmgr_open(fake_devmgr_t* fake, uint64_t id, zx_handle_t* out_client) {
    zx_handle_t served;
    zx_status_t status = zx_channel_create(0, out_client, &served);
    ZX_ASSERT(status == ZX_OK);
    devmgr_open_device_request_t request = {.device_id = id, .client = served};
    pg_arena_t arena = {0};
    devmgr_status_response_t response;
    status = devmgr_driver_host_open_device(fake->host, &request, &arena, &response);
    status = finish(fake, status, &arena, &response);
    if (status != ZX_OK) {
        zx_handle_close(*out_client);
        *out_client = ZX_HANDLE_INVALID;
    }
    return status;
}

zx_status_t fake_devmgr_unload(fake_devmgr_t* fake, const char* driver) {
    devmgr_unload_driver_request_t request = {.name = driver};
    pg_arena_t arena = {0};
    devmgr_status_response_t response;
    zx_status_t status = devmgr_driver_host_unload_driver(fake->host, &request, &arena, &response);
    return finish(fake, status, &arena, &response);
}

fake_stats_t fake_devmgr_stats(fake_devmgr_t* fake) {
    devmgr_empty_t request = {0};
    pg_arena_t arena = {0};
    devmgr_host_stats_response_t response;
    zx_status_t status = devmgr_driver_host_get_stats(fake->host, &request, &arena, &response);
    ZX_ASSERT_MSG(status == ZX_OK, "GetStats: %d", status);
    fake_stats_t stats = {.handle_count = response.handle_count,
                          .thread_count = response.thread_count,
                          .device_count = response.device_count};
    for (size_t i = 0; i < response.drivers_count; i++) {
        size_t used = strlen(stats.drivers);
        snprintf(stats.drivers + used, sizeof(stats.drivers) - used, "%s ", response.drivers[i]);
    }
    pg_arena_fini(&arena);
    return stats;
}

static zx_status_t first_failure(zx_status_t status, zx_status_t next) {
    return status != ZX_OK ? status : next;
}

zx_status_t fake_devmgr_teardown(fake_devmgr_t* fake, uint64_t id) {
    uint64_t order[FAKE_DEVICES_MAX + 1] = {id};
    size_t count = fake_records_below(fake, order, 1);
    zx_status_t status = ZX_OK;
    for (size_t i = 0; i < count; i++) {
        status = first_failure(status, fake_devmgr_unbind(fake, order[i]));
    }
    for (size_t i = count; i > 0; i--) {
        status = first_failure(status, fake_devmgr_remove(fake, order[i - 1]));
    }
    return status;
}

const char* fake_devmgr_output(fake_devmgr_t* fake) {
    // The host writes through a file description of the same file: read by position.
    free(fake->output);
    fake->output = calloc(1, FAKE_OUTPUT_MAX);
    ZX_ASSERT(fake->output != NULL);
    ssize_t length = pread(fileno(fake->output_file), fake->output, FAKE_OUTPUT_MAX - 1, 0);
    ZX_ASSERT(length >= 0);
    return fake->output;
}
