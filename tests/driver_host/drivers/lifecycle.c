// SPDX-License-Identifier: MIT
// Records the order of all hooks: a device "top" with an init hook, "left" and "right" below it.
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include <lib/ddk/binding.h>
#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>

#include "test_lifecycle_bind.h"

#define RECORD(...) zxlogf(INFO, "rec:" __VA_ARGS__)

typedef struct part {
    const char* name;
    zx_device_t* zxdev;
    thrd_t thread;
    bool has_thread;
} part_t;

// The reply comes from a thread, which must have ended before the driver can be unloaded.
static void start_thread(part_t* part, int (*run)(void*)) {
    part->has_thread = thrd_create(&part->thread, run, part) == thrd_success;
}

static void join_thread(part_t* part) {
    if (part->has_thread) {
        thrd_join(part->thread, NULL);
        part->has_thread = false;
    }
}

static zx_status_t lifecycle_init_driver(void** out_ctx) {
    static int driver_context = 17;
    *out_ctx = &driver_context;
    RECORD("driver-init");
    return ZX_OK;
}

static void lifecycle_release_driver(void* ctx) {
    RECORD("driver-release-%d", *(int*)ctx);
}

// Replies from another thread, which must be as good.
static int reply_init(void* ctx) {
    part_t* part = ctx;
    device_init_reply(part->zxdev, ZX_OK, NULL);
    return 0;
}

static void lifecycle_init(void* ctx) {
    part_t* part = ctx;
    RECORD("%s-init", part->name);
    start_thread(part, reply_init);
}

static int reply_unbind(void* ctx) {
    part_t* part = ctx;
    device_unbind_reply(part->zxdev);
    return 0;
}

static void lifecycle_unbind(void* ctx) {
    part_t* part = ctx;
    RECORD("%s-unbind", part->name);
    join_thread(part);
    start_thread(part, reply_unbind);
}

static void lifecycle_release(void* ctx) {
    part_t* part = ctx;
    RECORD("%s-release", part->name);
    join_thread(part);
    free(part);
}

static void lifecycle_child_pre_release(void* ctx, void* child_ctx) {
    part_t* part = ctx;
    part_t* child = child_ctx;
    RECORD("%s-pre-release-%s", part->name, child->name);
}

static const zx_protocol_device_t top_ops = {
    .version = DEVICE_OPS_VERSION,
    .init = lifecycle_init,
    .unbind = lifecycle_unbind,
    .release = lifecycle_release,
    .child_pre_release = lifecycle_child_pre_release,
};

static const zx_protocol_device_t child_ops = {
    .version = DEVICE_OPS_VERSION,
    .unbind = lifecycle_unbind,
    .release = lifecycle_release,
};

static zx_status_t add_part(zx_device_t* parent, const char* name, const zx_protocol_device_t* ops,
                            uint32_t flags, part_t** out_part) {
    part_t* part = calloc(1, sizeof(*part));
    if (part == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    part->name = name;
    static const zx_device_prop_t props[] = {{BIND_PCI_VID, 0, 0x1af4}, {BIND_PCI_DID, 0, 0x1042}};
    const zx_device_str_prop_t str_props[] = {
        {"test.text", str_prop_str_val("a text")},
        {"test.flag", str_prop_bool_val(true)},
        {"test.number", str_prop_int_val(7)},
        {"test.choice", str_prop_enum_val("test.choice.ONE")},
    };
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = name,
        .ctx = part,
        .ops = ops,
        .props = props,
        .prop_count = countof(props),
        .str_props = str_props,
        .str_prop_count = countof(str_props),
        .proto_id = ZX_PROTOCOL_TEST,
        .proxy_args = "a-host,args",
        .flags = flags,
    };
    zx_status_t status = device_add(parent, &args, &part->zxdev);
    if (status != ZX_OK) {
        RECORD("%s-refused", name);
        free(part);
        return status;
    }
    RECORD("%s-added", name);
    *out_part = part;
    return ZX_OK;
}

static zx_status_t lifecycle_bind(void* ctx, zx_device_t* parent) {
    RECORD("bind-%d-%s", *(int*)ctx, device_get_name(parent));
    part_t* top = NULL;
    zx_status_t status = add_part(parent, "top", &top_ops, DEVICE_ADD_NON_BINDABLE, &top);
    if (status != ZX_OK) {
        return status;
    }
    part_t* left = NULL;
    part_t* right = NULL;
    // A refused child does not matter to its siblings.
    add_part(top->zxdev, "left", &child_ops, DEVICE_ADD_MUST_ISOLATE, &left);
    add_part(top->zxdev, "right", &child_ops, 0, &right);
    return ZX_OK;
}

static const zx_driver_ops_t lifecycle_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .init = lifecycle_init_driver,
    .bind = lifecycle_bind,
    .release = lifecycle_release_driver,
};

ZIRCON_DRIVER(lifecycle, lifecycle_driver_ops, "jacinth", "0.1");
