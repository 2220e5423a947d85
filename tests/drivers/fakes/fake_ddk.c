// SPDX-License-Identifier: MIT
// The stand-in for the driver host.
#include "fake_ddk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lib/ddk/debug.h>
#include <lib/sync/completion.h>
#include <zircon/time.h>

static struct {
    uint32_t proto_id;
    zx_protocol_t proto;
    fake_device_t device;
    zx_status_t init_status;
    sync_completion_t init_replied;
    sync_completion_t unbind_replied;
    sync_completion_t remove_asked;
} g_fake;

// Any address that is not NULL will do: drivers do not look behind it.
static char g_parent;
static char g_child;

void fake_ddk_reset(uint32_t proto_id, const void* ops, void* ctx) {
    memset(&g_fake, 0, sizeof(g_fake));
    g_fake.proto_id = proto_id;
    g_fake.proto = (zx_protocol_t){.ops = ops, .ctx = ctx};
    g_fake.init_status = ZX_ERR_SHOULD_WAIT;
}

zx_device_t* fake_ddk_parent(void) {
    return (zx_device_t*)&g_parent;
}

const fake_device_t* fake_ddk_device(void) {
    return &g_fake.device;
}

zx_status_t fake_ddk_await_init_reply(void) {
    zx_status_t status = sync_completion_wait(&g_fake.init_replied, ZX_SEC(20));
    return status == ZX_OK ? g_fake.init_status : status;
}

bool fake_ddk_await_unbind_reply(void) {
    return sync_completion_wait(&g_fake.unbind_replied, ZX_SEC(20)) == ZX_OK;
}

bool fake_ddk_await_async_remove(void) {
    return sync_completion_wait(&g_fake.remove_asked, ZX_SEC(20)) == ZX_OK;
}

bool fake_ddk_has_unbind_reply(void) {
    return sync_completion_wait(&g_fake.unbind_replied, 0) == ZX_OK;
}

// ---- what the driver calls

zx_status_t device_add_from_driver(zx_driver_t* driver, zx_device_t* parent,
                                   device_add_args_t* args, zx_device_t** out) {
    (void)driver;
    if (parent != fake_ddk_parent() || g_fake.device.is_added) {
        return ZX_ERR_BAD_STATE;
    }
    g_fake.device = (fake_device_t){.ops = args->ops,
                                    .ctx = args->ctx,
                                    .proto_id = args->proto_id,
                                    .proto_ops = args->proto_ops,
                                    .is_added = true};
    *out = (zx_device_t*)&g_child;
    return ZX_OK;
}

zx_status_t device_get_protocol(const zx_device_t* device, uint32_t proto_id, void* out) {
    if (device != fake_ddk_parent() || proto_id != g_fake.proto_id) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    *(zx_protocol_t*)out = g_fake.proto;
    return ZX_OK;
}

void device_init_reply(zx_device_t* device, zx_status_t status,
                       const device_init_reply_args_t* args) {
    (void)device, (void)args;
    g_fake.init_status = status;
    sync_completion_signal(&g_fake.init_replied);
}

void device_unbind_reply(zx_device_t* device) {
    (void)device;
    sync_completion_signal(&g_fake.unbind_replied);
}

void device_async_remove(zx_device_t* device) {
    (void)device;
    sync_completion_signal(&g_fake.remove_asked);
}

// FAKE_DDK_LOG in the environment shows what the driver logs.
bool driver_log_severity_enabled_internal(const zx_driver_t* driver, fx_log_severity_t severity) {
    (void)driver, (void)severity;
    return getenv("FAKE_DDK_LOG") != NULL;
}

void driver_logf_internal(const zx_driver_t* driver, fx_log_severity_t severity, const char* tag,
                          const char* file, int line, const char* format, ...) {
    (void)driver, (void)severity, (void)tag;
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}
