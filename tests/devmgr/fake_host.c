// SPDX-License-Identifier: MIT
// A driver host that does not behave. What it does wrong is the last word of its program's file
// name
// ("…/host-garbage"): the tests start devmgr with a copy of it in the place of driver_host. It runs
// no drivers.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <lx/fd.h>
#include <protocols/devmgr.h>
#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/processargs.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

static zx_handle_t g_bootstrap;
static zx_handle_t g_coordinator;
static uint64_t g_root_id;
static const char* g_mode;

static bool is_mode(const char* mode) {
    return strcmp(g_mode, mode) == 0;
}

// Until devmgr ends this process.
static void hang(void) {
    for (;;) {
        pause();
    }
}

static void report(const char* what, zx_status_t status) {
    char text[200];
    snprintf(text, sizeof(text), "%s: %s", what, zx_status_get_string(status));
    devmgr_log_record_t record = {.severity = 0x30, .driver = "fake", .text = text};
    devmgr_coordinator_log(g_coordinator, &record);
}

// ------------------------------------------------------------------------------------ messages

static zx_status_t add(uint64_t id, uint64_t parent_id, const char* name, uint32_t flags) {
    devmgr_add_device_request_t request = {
        .device_id = id, .parent_id = parent_id, .name = name, .protocol_id = 28, .flags = flags};
    devmgr_status_response_t response;
    pg_arena_t arena = {0};
    zx_status_t status = devmgr_coordinator_add_device(g_coordinator, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    pg_arena_fini(&arena);
    return status;
}

static void add_wrongly(void) {
    report("no name", add(1, g_root_id, NULL, 0));
    report("empty name", add(1, g_root_id, "", 0));
    report("slash", add(1, g_root_id, "a/b", 0));
    report("dots", add(1, g_root_id, "..", 0));
    report("escape", add(1, g_root_id, "\x1b[2J", 0));
    report("long", add(1, g_root_id, "12345678901234567890123456789012", 0));
    report("id 0", add(0, g_root_id, "a", 0));
    report("id of devmgr", add(1ull << 63 | 77, g_root_id, "a", 0));
    report("flags", add(1, g_root_id, "a", 0x8000));
    report("instance", add(1, g_root_id, "a", 2));
    report("unknown parent", add(1, 12345, "a", 0));
    report("good", add(1, g_root_id, "a", 0));
    report("id again", add(1, g_root_id, "b", 0));
    report("name again", add(2, g_root_id, "a", 0));
    node_property_t twice[] = {{.id = 5, .kind = NODE_PROPERTY_KIND_UINT, .uint_value = 1},
                               {.id = 5, .kind = NODE_PROPERTY_KIND_UINT, .uint_value = 2}};
    devmgr_add_device_request_t request = {.device_id = 9,
                                           .parent_id = g_root_id,
                                           .name = "props",
                                           .properties = twice,
                                           .properties_count = 2};
    devmgr_status_response_t response = {0};
    pg_arena_t arena = {0};
    devmgr_coordinator_add_device(g_coordinator, &request, &arena, &response);
    report("two values", response.status);
    devmgr_device_request_t stranger = {.device_id = 4711};
    devmgr_coordinator_schedule_remove(g_coordinator, &stranger, &arena, &response);
    report("remove a stranger", response.status);
    devmgr_device_request_t root = {.device_id = g_root_id};
    devmgr_coordinator_schedule_remove(g_coordinator, &root, &arena, &response);
    report("remove the root", response.status);
    pg_arena_fini(&arena);
    report("done", ZX_OK);
}

// A device below `sys` in this very host, which the driver `sample` takes.
static void add_for_sample(void) {
    node_property_t properties[] = {
        {.id = 0x300, .kind = NODE_PROPERTY_KIND_UINT, .uint_value = 0},
        {.id = 0x301, .kind = NODE_PROPERTY_KIND_UINT, .uint_value = 0},
        {.id = 0x302, .kind = NODE_PROPERTY_KIND_UINT, .uint_value = 0x1001}};
    devmgr_add_device_request_t request = {.device_id = 1,
                                           .parent_id = g_root_id,
                                           .name = "child",
                                           .protocol_id = 85,
                                           .properties = properties,
                                           .properties_count = 3};
    devmgr_status_response_t response;
    pg_arena_t arena = {0};
    devmgr_coordinator_add_device(g_coordinator, &request, &arena, &response);
    pg_arena_fini(&arena);
}

static void add_many(void) {
    uint64_t count = 0;
    while (count < 5000) {
        char name[16];
        snprintf(name, sizeof(name), "d%llu", (unsigned long long)count);
        if (add(count + 1, g_root_id, name, 0) != ZX_OK) {
            break;
        }
        count++;
    }
    char text[32];
    snprintf(text, sizeof(text), "added %llu", (unsigned long long)count);
    report(text, ZX_OK);
}

static void flood(void) {
    devmgr_log_record_t record = {.severity = 0x30, .driver = "fake", .text = "flood"};
    for (unsigned i = 0; i < 30000; i++) {
        fputs("flood on the log pipe, flood on the log pipe, flood on the log pipe\n", stderr);
        while (devmgr_coordinator_log(g_coordinator, &record) == ZX_ERR_SHOULD_WAIT) {
            zx_object_wait_one(g_coordinator, ZX_CHANNEL_WRITABLE, ZX_TIME_INFINITE, NULL);
        }
    }
    add(1, g_root_id, "after-the-flood", 0);
}

static void send_bytes(zx_handle_t channel, size_t size, int fill) {
    uint8_t* bytes = malloc(size);
    memset(bytes, fill, size);
    zx_channel_write(channel, 0, bytes, (uint32_t)size, NULL, 0);
    free(bytes);
    hang();
}

static void send_header(zx_handle_t channel, uint32_t txid, uint64_t ordinal) {
    pg_header_t header = {.txid = txid, .ordinal = ordinal};
    zx_channel_write(channel, 0, &header, sizeof(header), NULL, 0);
    hang();
}

static void send_raw(void) {
    int fd = -1;
    if (lx_channel_dup_fd(g_coordinator, &fd) == ZX_OK) {
        send(fd, "\xff\xff\xff\xff\xff\xff\xff\xff not a message at all", 40, 0);
    }
    hang();
}

// What goes wrong as soon as the host has its second channel.
static void misbehave_at_start(void) {
    if (is_mode("silent")) {
        hang();
    } else if (is_mode("exit")) {
        exit(3);
    } else if (is_mode("closer")) {
        zx_handle_close(g_bootstrap);
        zx_handle_close(g_coordinator);
        hang();
    } else if (is_mode("garbage")) {
        send_bytes(g_coordinator, 100, 0x5a);
    } else if (is_mode("answers")) {
        send_bytes(g_bootstrap, 200, 0);
    } else if (is_mode("huge")) {
        send_bytes(g_coordinator, ZX_CHANNEL_MAX_MSG_BYTES, 0);
    } else if (is_mode("short")) {
        send_bytes(g_coordinator, 3, 0);
    } else if (is_mode("nosuch")) {
        send_header(g_coordinator, 1, 0x123456789);
    } else if (is_mode("damaged")) {
        send_header(g_coordinator, 1, DEVMGR_COORDINATOR_ADD_DEVICE_ORDINAL);
    } else if (is_mode("unasked")) {
        send_header(g_bootstrap, 999, DEVMGR_DRIVER_HOST_BIND_DRIVER_ORDINAL);
    } else if (is_mode("raw")) {
        send_raw();
    }
}

// ------------------------------------------------------------------------------------- service

static void on_start(void* ctx, const devmgr_start_request_t* request) {
    (void)ctx;
    g_coordinator = request->coordinator;
    misbehave_at_start();
}

static void on_create(void* ctx, const devmgr_create_device_request_t* request,
                      pg_responder_t responder) {
    (void)ctx;
    g_root_id = request->device_id;
    if (request->proxy != NULL) {
        zx_handle_close(request->proxy->vmo);
    }
    zx_handle_close(request->rpc_channel);
    devmgr_status_response_t response = {.status = ZX_OK};
    devmgr_driver_host_create_device_reply(&responder, &response);
    if (is_mode("wrong")) {
        send_header(g_bootstrap, 2, DEVMGR_DRIVER_HOST_INIT_DEVICE_ORDINAL);
    }
}

static void on_bind(void* ctx, const devmgr_bind_driver_request_t* request,
                    pg_responder_t responder) {
    (void)ctx;
    zx_handle_close(request->driver->vmo);
    static unsigned binds;
    binds++;
    if ((is_mode("bindcrash") && request->device_id == 1) ||
        (is_mode("reloadcrash") && binds == 2)) {
        exit(9);
    }
    devmgr_status_response_t response = {.status = is_mode("positive") ? 77 : ZX_OK};
    devmgr_driver_host_bind_driver_reply(&responder, &response);
    if (is_mode("names")) {
        add_wrongly();
    } else if (is_mode("many")) {
        add_many();
    } else if (is_mode("bindcrash")) {
        add_for_sample();
    } else if (is_mode("flood")) {
        flood();
    }
}

static void on_unbind(void* ctx, const devmgr_device_request_t* request, pg_responder_t responder) {
    (void)ctx;
    (void)request;
    if (!is_mode("clinger")) {
        devmgr_status_response_t response = {.status = ZX_OK};
        devmgr_driver_host_unbind_device_reply(&responder, &response);
    }
}

static void on_remove(void* ctx, const devmgr_device_request_t* request, pg_responder_t responder) {
    (void)ctx;
    (void)request;
    devmgr_status_response_t response = {.status = ZX_OK};
    devmgr_driver_host_remove_device_reply(&responder, &response);
}

static void on_unload(void* ctx, const devmgr_unload_driver_request_t* request,
                      pg_responder_t responder) {
    (void)ctx;
    (void)request;
    devmgr_status_response_t response = {.status = is_mode("keeper") ? ZX_ERR_BAD_STATE : ZX_OK,
                                         .detail = is_mode("keeper") ? "still in use" : NULL};
    devmgr_driver_host_unload_driver_reply(&responder, &response);
}

static const devmgr_driver_host_ops_t g_ops = {
    .start = on_start,
    .create_device = on_create,
    .bind_driver = on_bind,
    .unbind_device = on_unbind,
    .remove_device = on_remove,
    .unload_driver = on_unload,
};

int main(void) {
    char program[512] = "";
    ssize_t length = readlink("/proc/self/exe", program, sizeof(program) - 1);
    g_mode = length > 0 ? strrchr(program, '-') : NULL;
    g_mode = g_mode != NULL ? g_mode + 1 : "";
    g_bootstrap = zx_take_startup_handle(PA_HND(PA_USER0, 0));
    if (is_mode("deaf")) {
        hang();
    }
    for (;;) {
        pg_message_t message;
        zx_status_t status = pg_message_read(g_bootstrap, &message);
        if (status == ZX_ERR_SHOULD_WAIT) {
            zx_object_wait_one(g_bootstrap, ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED,
                               ZX_TIME_INFINITE, NULL);
        } else if (status != ZX_OK) {
            if (is_mode("survivor")) {
                hang();
            }
            return 0;
        } else {
            devmgr_driver_host_dispatch(&g_ops, NULL, g_bootstrap, &message);
            pg_message_fini(&message);
        }
    }
}
