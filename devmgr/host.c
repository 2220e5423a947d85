// SPDX-License-Identifier: MIT
// The process of a host: starting, stopping, killing it, and the messages that come from it.
#include "host.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <lx/pipe.h>
#include <lx/process.h>
#include <protocols/devmgr.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "coordinator.h"
#include "host_loss.h"
#include "host_service.h"
#include "request.h"

#define CHANNEL_SIGNALS (ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED)

const char* dm_host_state_name(dm_host_state_t state) {
    static const char* const names[] = {"running", "stopping", "dying"};
    return names[state];
}

// ------------------------------------------------------------------------------------- ending

static void on_kill_time(void* ctx) {
    dm_host_t* host = ctx;
    dm_logf(&host->coordinator->log, DM_LOG_WARNING, "devmgr",
            "host %s (pid %u) does not exit: killed", host->name, host->pid);
    host->state = DM_HOST_DYING;
    zx_task_kill(host->process);
}

static void close_channels(dm_host_t* host) {
    dm_source_stop(&host->channel_source);
    dm_source_stop(&host->coordinated_source);
    zx_handle_close(host->channel);
    zx_handle_close(host->coordinated);
    host->channel = ZX_HANDLE_INVALID;
    host->coordinated = ZX_HANDLE_INVALID;
    dm_broker_stop(&host->broker);
}

void dm_host_stop(dm_host_t* host) {
    if (host->state != DM_HOST_RUNNING) {
        return;
    }
    host->state = DM_HOST_STOPPING;
    host->was_asked = true;
    close_channels(host);
    dm_timer_start(&host->coordinator->loop, &host->kill_timer,
                   zx_deadline_after(DM_HOST_STOP_TIMEOUT_NS), on_kill_time, host);
}

// Nothing that a dying host says counts, so its sources stop; its channels stay until it is gone.
void dm_host_kill(dm_host_t* host, const char* format, ...) {
    if (host->state != DM_HOST_RUNNING) {
        return;
    }
    va_list args;
    va_start(args, format);
    dm_text_setv(&host->reason, format, args);
    va_end(args);
    host->state = DM_HOST_DYING;
    dm_source_stop(&host->channel_source);
    dm_source_stop(&host->coordinated_source);
    dm_broker_stop(&host->broker);
    dm_logf(&host->coordinator->log, DM_LOG_INFO, "devmgr", "host %s (pid %u) is killed: %s",
            host->name, host->pid, host->reason != NULL ? host->reason : "");
    zx_task_kill(host->process);
}

static void on_closed_time(void* ctx) {
    dm_host_t* host = ctx;
    dm_text_set(&host->reason, "it closed its channel");
    zx_task_kill(host->process);
}

// Most often the process is ending, and how it ended is about to be known. One that lives on
// without its channel is killed.
static void channel_closed(dm_host_t* host) {
    host->state = DM_HOST_DYING;
    close_channels(host);
    dm_timer_start(&host->coordinator->loop, &host->kill_timer,
                   zx_deadline_after(DM_HOST_CLOSED_TIMEOUT_NS), on_closed_time, host);
}

void dm_host_abandon(dm_host_t* host) {
    dm_host_stop(host);
    zx_task_kill(host->process);
}

// ------------------------------------------------------------------------------------ messages

static void on_process(void* ctx, zx_signals_t observed) {
    (void)observed;
    dm_host_t* host = ctx;
    dm_source_stop(&host->process_source);
    dm_host_lost(host);
}

// Reads what is there, but not more than a turn's worth. |take| handles one message.
static void read_channel(dm_host_t* host, zx_handle_t channel, zx_signals_t observed,
                         void (*take)(dm_host_t* host, pg_message_t* message)) {
    if (observed == 0) {
        dm_host_kill(host, "devmgr cannot listen to it: memory is short");
        return;
    }
    for (unsigned i = 0; i < DM_MAX_MESSAGES_PER_TURN && host->state == DM_HOST_RUNNING; i++) {
        pg_message_t message;
        zx_status_t status = pg_message_read(channel, &message);
        if (status == ZX_ERR_SHOULD_WAIT) {
            return;
        }
        if (status == ZX_ERR_PEER_CLOSED) {
            channel_closed(host);
            return;
        }
        if (status != ZX_OK) {
            dm_host_kill(host, "it sent something that is no message: %s",
                         zx_status_get_string(status));
            return;
        }
        take(host, &message);
        pg_message_fini(&message);
    }
}

static void on_channel(void* ctx, zx_signals_t observed) {
    dm_host_t* host = ctx;
    read_channel(host, host->channel, observed, dm_request_on_answer);
}

static void on_coordinated(void* ctx, zx_signals_t observed) {
    dm_host_t* host = ctx;
    read_channel(host, host->coordinated, observed, dm_host_service_on_message);
}

// ------------------------------------------------------------------------------------ starting

// The name of the process: the part of proxy_args before the comma, else the device's.
static void choose_name(dm_host_t* host, const dm_node_t* node) {
    const char* args = node->proxy_args;
    size_t length = args != NULL ? strcspn(args, ",") : 0;
    if (length == 0) {
        dm_text_copy(host->name, sizeof(host->name), node->name);
        return;
    }
    snprintf(host->name, sizeof(host->name), "%.*s",
             (int)(length < DM_MAX_NAME ? length : DM_MAX_NAME), args);
    dm_text_clean(host->name);
}

// What a sanitizer or the C library in the host should know; nothing else is handed on.
static const char* const g_kept_variables[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS",
                                               "TSAN_OPTIONS"};

#define KEPT_COUNT (sizeof(g_kept_variables) / sizeof(g_kept_variables[0]))

static zx_status_t start_process(dm_host_t* host, zx_handle_t bootstrap, int log_fd) {
    const dm_options_t* options = host->coordinator->options;
    char environment[KEPT_COUNT][256];
    const char* envp[KEPT_COUNT + 1];
    size_t count = 0;
    for (size_t i = 0; i < KEPT_COUNT; i++) {
        const char* value = getenv(g_kept_variables[i]);
        if (value != NULL) {
            snprintf(environment[count], sizeof(environment[0]), "%s=%s", g_kept_variables[i],
                     value);
            envp[count] = environment[count];
            count++;
        }
    }
    envp[count] = NULL;
    const char* argv[] = {options->driver_host, options->has_sandbox ? NULL : "--no-sandbox", NULL};
    lx_spawn_args_t args = {.exe = options->driver_host,
                            .argv = argv,
                            .envp = envp,
                            .name = host->name,
                            .bootstrap = bootstrap,
                            .log_fd = log_fd,
                            .sandbox = options->has_sandbox,
                            .memlock_bytes = DM_HOST_PINNED_BYTES,
                            .address_space_bytes = DM_HOST_ADDRESS_SPACE};
    zx_status_t status = lx_process_spawn(&args, &host->process);
    pid_t pid = 0;
    if (status == ZX_OK) {
        status = lx_process_get_pid(host->process, &pid);
        host->pid = (uint32_t)pid;
    }
    return status;
}

// Pipe and process. The host's end of the channel goes along.
static zx_status_t start_with_log(dm_host_t* host, zx_handle_t bootstrap) {
    dm_coordinator_t* co = host->coordinator;
    zx_handle_t reader = ZX_HANDLE_INVALID;
    int log_fd = -1;
    zx_status_t status = lx_pipe_create(&reader, &log_fd);
    if (status != ZX_OK) {
        zx_handle_close(bootstrap);
        return status;
    }
    status = start_process(host, bootstrap, log_fd);
    close(log_fd);
    if (status != ZX_OK) {
        zx_handle_close(reader);
        return status;
    }
    return dm_host_log_start(&host->log, &co->loop, &co->log, host->name, reader);
}

static zx_status_t listen(dm_host_t* host) {
    dm_loop_t* loop = &host->coordinator->loop;
    zx_status_t status = dm_source_start(loop, &host->process_source, host->process,
                                         ZX_PROCESS_TERMINATED, on_process, host);
    if (status == ZX_OK) {
        status = dm_source_start(loop, &host->channel_source, host->channel, CHANNEL_SIGNALS,
                                 on_channel, host);
    }
    if (status == ZX_OK) {
        status = dm_source_start(loop, &host->coordinated_source, host->coordinated,
                                 CHANNEL_SIGNALS, on_coordinated, host);
    }
    return status;
}

static zx_status_t start(dm_host_t* host) {
    zx_handle_t bootstrap = ZX_HANDLE_INVALID;
    zx_handle_t peer = ZX_HANDLE_INVALID;
    zx_status_t status = zx_channel_create(0, &host->channel, &bootstrap);
    if (status != ZX_OK) {
        return status;
    }
    status = zx_channel_create(0, &host->coordinated, &peer);
    if (status != ZX_OK) {
        zx_handle_close(bootstrap);
        return status;
    }
    status = start_with_log(host, bootstrap);
    if (status == ZX_OK) {
        status = listen(host);
    }
    if (status != ZX_OK) {
        zx_handle_close(peer);
        return status;
    }
    devmgr_start_request_t request = {.host_name = host->name,
                                      .log_level = host->coordinator->options->log_level,
                                      .coordinator = peer};
    return devmgr_driver_host_start_send(host->channel, 0, &request);
}

// Bit 63 marks the ids of devices that devmgr made.
#define PROXY_ID_BASE (1ull << 63)

zx_status_t dm_host_spawn(dm_coordinator_t* co, dm_node_t* node, dm_host_t** out_host,
                          const char** out_error) {
    *out_error = "";
    if (co->host_count >= DM_MAX_HOSTS) {
        *out_error = "there are too many driver hosts";
        return ZX_ERR_OUT_OF_RANGE;
    }
    dm_host_t* host = calloc(1, sizeof(*host));
    if (host == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    host->coordinator = co;
    host->id = ++co->next_host_id;
    host->next_proxy_id = PROXY_ID_BASE;
    list_initialize(&host->instances);
    list_initialize(&host->images);
    list_initialize(&host->pending);
    choose_name(host, node);
    list_add_tail(&co->hosts, &host->link);
    co->host_count++;
    zx_status_t status = start(host);
    if (status != ZX_OK) {
        *out_error = co->options->driver_host;
        dm_host_destroy(host);
        return status;
    }
    host->root = node;
    dm_instance_attach(&node->proxy, node, host, ++host->next_proxy_id);
    dm_logf(&co->log, DM_LOG_DEBUG, "devmgr", "host %s started (pid %u)", host->name, host->pid);
    *out_host = host;
    return ZX_OK;
}

void dm_host_destroy(dm_host_t* host) {
    dm_timer_stop(&host->kill_timer);
    close_channels(host);
    dm_source_stop(&host->process_source);
    zx_handle_close(host->process);
    dm_broker_quiesce(&host->broker);
    dm_host_log_fini(&host->log);
    while (!list_is_empty(&host->images)) {
        dm_host_forget_image(containerof(list_peek_head(&host->images), dm_host_image_t, link));
    }
    list_delete(&host->link);
    host->coordinator->host_count--;
    host->coordinator->tree.is_changed = true;
    free(host->reason);
    free(host);
}

// ------------------------------------------------------------------------------------- finding

dm_instance_t* dm_host_find(const dm_host_t* host, uint64_t device_id) {
    dm_instance_t* instance;
    list_for_every_entry(&host->instances, instance, dm_instance_t, link) {
        if (instance->id == device_id) {
            return instance;
        }
    }
    return NULL;
}

dm_host_image_t* dm_host_find_image(const dm_host_t* host, const dm_driver_t* driver) {
    dm_host_image_t* image;
    list_for_every_entry(&host->images, image, dm_host_image_t, link) {
        if (image->driver == driver) {
            return image;
        }
    }
    return NULL;
}

void dm_host_forget_image(dm_host_image_t* image) {
    list_delete(&image->link);
    dm_driver_unref(image->driver);
    free(image->unload_detail);
    free(image);
}
