// SPDX-License-Identifier: MIT
// Breaks the rule that the metadata DEVICE_METADATA_TEST names.
#include <string.h>

#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>

#include "test_faulty_bind.h"

static zx_device_t* first_device;
static fidl_txn_t* kept_txn;
static device_fidl_txn_t taken_txn;

static void faulty_unbind(void* ctx) {
    const char* fault = ctx;
    device_unbind_reply(first_device);
    if (strcmp(fault, "unbind-twice") == 0) {
        device_unbind_reply(first_device);
    }
}

static zx_status_t faulty_message(void* ctx, fidl_incoming_msg_t* msg, fidl_txn_t* txn) {
    (void)ctx;
    (void)msg;
    kept_txn = txn;
    device_fidl_transaction_take_ownership(kept_txn, &taken_txn);
    zxlogf(INFO, "rec:taken");
    return ZX_ERR_ASYNC;
}

static zx_status_t faulty_open(void* ctx, zx_device_t** dev_out, uint32_t flags) {
    (void)flags;
    if (strcmp(ctx, "open-other-device") == 0) {
        *dev_out = NULL;
    }
    return ZX_OK;
}

static const zx_protocol_device_t faulty_ops = {
    .version = DEVICE_OPS_VERSION,
    .open = faulty_open,
    .unbind = faulty_unbind,
    .message = faulty_message,
};

// What bind must be told: each of these adds is wrong in one way.
static zx_status_t add_wrongly(zx_device_t* parent, const char* fault) {
    static const zx_protocol_device_t old_ops = {.version = 1};
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION, .name = "wrong", .ops = &faulty_ops};
    if (strcmp(fault, "add-version") == 0) {
        args.version = 0;
    } else if (strcmp(fault, "add-name") == 0) {
        args.name = "a name of thirty-two characters!";
    } else if (strcmp(fault, "add-slash") == 0) {
        args.name = "a/b";
    } else if (strcmp(fault, "add-no-name") == 0) {
        args.name = NULL;
    } else if (strcmp(fault, "add-flags") == 0) {
        args.flags = 1u << 31;
    } else if (strcmp(fault, "add-isolated-instance") == 0) {
        args.flags = DEVICE_ADD_INSTANCE | DEVICE_ADD_MUST_ISOLATE;
    } else if (strcmp(fault, "add-root") == 0) {
        args.proto_id = ZX_PROTOCOL_ROOT;
    } else if (strcmp(fault, "add-ops") == 0) {
        args.ops = NULL;
    } else if (strcmp(fault, "add-old-ops") == 0) {
        args.ops = &old_ops;
    } else if (strcmp(fault, "add-props") == 0) {
        args.prop_count = 1;
    } else if (strcmp(fault, "add-lone-instance") == 0) {
        args.flags = DEVICE_ADD_INSTANCE;
    }
    zx_device_t* out = parent;
    zx_status_t status = device_add(parent, &args, &out);
    if (status == ZX_OK || out != NULL) {
        zxlogf(ERROR, "rec:%s passed", fault);
    }
    return status;
}

static zx_status_t faulty_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    static char fault[64];
    size_t size = 0;
    memset(fault, 0, sizeof(fault));
    zx_status_t status =
        device_get_metadata(parent, DEVICE_METADATA_TEST, fault, sizeof(fault) - 1, &size);
    if (status != ZX_OK) {
        return status;
    }
    if (strncmp(fault, "add-", 4) == 0) {
        return add_wrongly(parent, fault);
    }
    if (strcmp(fault, "crash-in-bind") == 0) {
        volatile int* volatile nowhere = (volatile int*)0x10;
        *nowhere = 1;
    }
    if (strcmp(fault, "bind-fails") == 0) {
        return ZX_ERR_IO_NOT_PRESENT;
    }
    if (strcmp(fault, "adds-nothing") == 0) {
        return ZX_OK;
    }
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION, .name = "faulty", .ctx = fault, .ops = &faulty_ops};
    status = device_add(parent, &args, &first_device);
    if (strcmp(fault, "init-reply") == 0) {
        device_init_reply(first_device, ZX_OK, NULL);
    } else if (strcmp(fault, "use-null") == 0) {
        device_get_name(NULL);
    } else if (strcmp(fault, "suspend-reply") == 0) {
        device_suspend_reply(first_device, ZX_OK, 0);
    }
    return status;
}

static void faulty_driver_release(void* ctx) {
    (void)ctx;
    // Released long ago.
    device_get_name(first_device);
}

static const zx_driver_ops_t faulty_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = faulty_bind,
    .release = faulty_driver_release,
};

ZIRCON_DRIVER(faulty, faulty_driver_ops, "jacinth", "0.1");
