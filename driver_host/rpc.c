// SPDX-License-Identifier: MIT
// Serves devmgr's requests: reads the bootstrap channel, decodes, answers.
#include "rpc.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <lx/handle.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <lib/ddk/debug.h>
#include <protocols/devmgr.h>

#include "connection.h"
#include "coordinator.h"
#include "device.h"
#include "loader.h"
#include "log.h"
#include "loop.h"
#include "requests.h"

// Names of drivers that GetStats can tell.
#define STATS_DRIVERS_MAX 64

static struct {
    zx_handle_t bootstrap;  // owned
    int stat_fd;  // owned: /proc/self/stat, opened before the sandbox closed the way to it
} rpc;

typedef struct reply_row {
    uint64_t ordinal;
    zx_status_t (*reply)(const pg_responder_t* responder, const devmgr_status_response_t* response);
} reply_row_t;

// Methods whose answer is a StatusResponse.
static const reply_row_t replies[] = {
    {DEVMGR_DRIVER_HOST_CREATE_DEVICE_ORDINAL, devmgr_driver_host_create_device_reply},
    {DEVMGR_DRIVER_HOST_BIND_DRIVER_ORDINAL, devmgr_driver_host_bind_driver_reply},
    {DEVMGR_DRIVER_HOST_INIT_DEVICE_ORDINAL, devmgr_driver_host_init_device_reply},
    {DEVMGR_DRIVER_HOST_UNBIND_DEVICE_ORDINAL, devmgr_driver_host_unbind_device_reply},
    {DEVMGR_DRIVER_HOST_REMOVE_DEVICE_ORDINAL, devmgr_driver_host_remove_device_reply},
    {DEVMGR_DRIVER_HOST_OPEN_DEVICE_ORDINAL, devmgr_driver_host_open_device_reply},
    {DEVMGR_DRIVER_HOST_UNLOAD_DRIVER_ORDINAL, devmgr_driver_host_unload_driver_reply},
};

void dh_rpc_reply(const pg_responder_t* responder, zx_status_t status, const dh_detail_t* detail) {
    devmgr_status_response_t response = {
        .status = status,
        .detail = detail != NULL && detail->text[0] != '\0' ? detail->text : NULL,
    };
    zx_status_t reply_status = ZX_ERR_NOT_FOUND;
    for (size_t i = 0; i < countof(replies); i++) {
        if (replies[i].ordinal == responder->ordinal) {
            reply_status = replies[i].reply(responder, &response);
        }
    }
    if (reply_status != ZX_OK && reply_status != ZX_ERR_PEER_CLOSED) {
        dh_log(DDK_LOG_ERROR, NULL, "answering devmgr: %s", zx_status_get_string(reply_status));
    }
}

static void reply_unless_async(const pg_responder_t* responder, zx_status_t status,
                               const dh_detail_t* detail) {
    if (status != ZX_ERR_ASYNC) {
        dh_rpc_reply(responder, status, detail);
    }
}

static void on_start(void* ctx, const devmgr_start_request_t* request) {
    (void)ctx;
    if (request->log_level != 0) {
        dh_log_set_level(request->log_level);
    }
    zx_status_t status = dh_coordinator_set(request->coordinator);
    if (status != ZX_OK) {
        dh_log(DDK_LOG_ERROR, NULL, "Start: %s", zx_status_get_string(status));
    }
}

static void on_create_device(void* ctx, const devmgr_create_device_request_t* request,
                             pg_responder_t responder) {
    (void)ctx;
    dh_detail_t detail = {0};
    zx_status_t status = dh_request_create(request, &detail);
    dh_rpc_reply(&responder, status, &detail);
}

static void on_bind_driver(void* ctx, const devmgr_bind_driver_request_t* request,
                           pg_responder_t responder) {
    (void)ctx;
    dh_detail_t detail = {0};
    zx_status_t status = dh_request_bind(request, &detail);
    dh_rpc_reply(&responder, status, &detail);
}

static void on_init_device(void* ctx, const devmgr_device_request_t* request,
                           pg_responder_t responder) {
    (void)ctx;
    dh_detail_t detail = {0};
    zx_status_t status = dh_request_init(request->device_id, &responder, &detail);
    reply_unless_async(&responder, status, &detail);
}

static void on_unbind_device(void* ctx, const devmgr_device_request_t* request,
                             pg_responder_t responder) {
    (void)ctx;
    dh_detail_t detail = {0};
    zx_status_t status = dh_request_unbind(request->device_id, &responder, &detail);
    reply_unless_async(&responder, status, &detail);
}

static void on_remove_device(void* ctx, const devmgr_device_request_t* request,
                             pg_responder_t responder) {
    (void)ctx;
    dh_detail_t detail = {0};
    zx_status_t status = dh_request_remove(request->device_id, &detail);
    dh_rpc_reply(&responder, status, &detail);
}

static void on_open_device(void* ctx, const devmgr_open_device_request_t* request,
                           pg_responder_t responder) {
    (void)ctx;
    dh_detail_t detail = {0};
    zx_status_t status = dh_connection_open(request->device_id, request->client, &detail);
    dh_rpc_reply(&responder, status, &detail);
}

static void on_unload_driver(void* ctx, const devmgr_unload_driver_request_t* request,
                             pg_responder_t responder) {
    (void)ctx;
    dh_detail_t detail = {0};
    zx_status_t status = dh_driver_unload(request->name, &detail);
    dh_rpc_reply(&responder, status, &detail);
}

// Field 20 of /proc/self/stat; 0: not known.
static uint32_t count_threads(void) {
    char text[1024];
    ssize_t length = rpc.stat_fd >= 0 ? pread(rpc.stat_fd, text, sizeof(text) - 1, 0) : -1;
    if (length <= 0) {
        return 0;
    }
    text[length] = '\0';
    // The second field, the name, may hold spaces; the others follow its closing parenthesis.
    const char* name_end = NULL;
    for (const char* c = text; *c != '\0'; c++) {
        name_end = *c == ')' ? c : name_end;
    }
    uint32_t count = 0;
    if (name_end == NULL ||
        sscanf(name_end + 1,
               " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %u",
               &count) != 1) {
        return 0;
    }
    return count;
}

static void on_get_stats(void* ctx, const devmgr_empty_t* request, pg_responder_t responder) {
    (void)ctx;
    (void)request;
    const char* names[STATS_DRIVERS_MAX];
    size_t count = dh_driver_names(names, countof(names));
    devmgr_host_stats_response_t response = {
        .handle_count = (uint32_t)lx_handle_count(),
        .thread_count = count_threads(),
        .device_count = dh_device_count(),
        .drivers = names,
        .drivers_count = count < countof(names) ? count : countof(names),
    };
    devmgr_driver_host_get_stats_reply(&responder, &response);
}

static const devmgr_driver_host_ops_t driver_host_ops = {
    .start = on_start,
    .create_device = on_create_device,
    .bind_driver = on_bind_driver,
    .init_device = on_init_device,
    .unbind_device = on_unbind_device,
    .remove_device = on_remove_device,
    .open_device = on_open_device,
    .unload_driver = on_unload_driver,
    .get_stats = on_get_stats,
};

zx_status_t dh_rpc_init(zx_handle_t bootstrap) {
    rpc.bootstrap = bootstrap;
    rpc.stat_fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    return dh_loop_watch(bootstrap, DH_KEY_BOOTSTRAP, ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED);
}

// One message. What can't be understood is dropped with a line in the log.
static void serve(pg_message_t* message) {
    zx_status_t status =
        devmgr_driver_host_dispatch(&driver_host_ops, NULL, rpc.bootstrap, message);
    if (status != ZX_OK) {
        dh_log(DDK_LOG_ERROR, NULL, "a request of devmgr (ordinal %llx) is dropped: %s",
               (unsigned long long)message->header.ordinal, zx_status_get_string(status));
        if (message->header.txid != 0) {
            pg_responder_t responder = pg_message_responder(rpc.bootstrap, message);
            pg_reply_error(&responder, status);
        }
    }
    pg_message_fini(message);
}

// One message a turn, so that the work and the releases that it causes come before the next.
zx_status_t dh_rpc_on_bootstrap(void) {
    pg_message_t message;
    zx_status_t status = pg_message_read(rpc.bootstrap, &message);
    if (status == ZX_ERR_PEER_CLOSED) {
        return status;
    }
    if (status == ZX_OK) {
        serve(&message);
    } else if (status != ZX_ERR_SHOULD_WAIT) {
        dh_log(DDK_LOG_ERROR, NULL, "a message of devmgr can't be read: %s",
               zx_status_get_string(status));
    }
    return dh_loop_watch(rpc.bootstrap, DH_KEY_BOOTSTRAP,
                         ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED);
}
