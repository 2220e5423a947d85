// SPDX-License-Identifier: MIT
// A device that serves clients: read, write, get_size, messages with and without delay, instances.
// Message ordinals: 1 echo at once, 2 echo from another thread, 3 ends the connection, 4 echo with
// its handles, 5 asks for its own removal from another thread.
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <lib/ddk/driver.h>
#include <zircon/syscalls.h>

#include "test_services_bind.h"

#define RECORD(...) zxlogf(INFO, "rec:" __VA_ARGS__)

typedef struct service {
    zx_device_t* zxdev;
    bool is_instance;
    unsigned number;  // of the instance
    thrd_t thread;    // one at a time; ends before the release hook does
    bool has_thread;
    size_t size;
    char text[64];
} service_t;

typedef struct later {
    device_fidl_txn_t txn;
    size_t size;
    _Alignas(8) uint8_t bytes[64];
} later_t;

static unsigned next_instance = 1;

static const zx_protocol_device_t instance_ops;

static void join_thread(service_t* service) {
    if (service->has_thread) {
        thrd_join(service->thread, NULL);
        service->has_thread = false;
    }
}

static void start_thread(service_t* service, int (*run)(void*), void* ctx) {
    join_thread(service);
    service->has_thread = thrd_create(&service->thread, run, ctx) == thrd_success;
}

static zx_status_t services_open(void* ctx, zx_device_t** dev_out, uint32_t flags) {
    (void)flags;
    service_t* service = ctx;
    uint32_t mode = 0;
    device_get_metadata(service->zxdev, DEVICE_METADATA_TEST, &mode, sizeof(mode), NULL);
    if (mode == 1) {
        return ZX_ERR_ACCESS_DENIED;
    }
    if (mode == 2) {
        RECORD("open");
        return ZX_OK;
    }
    service_t* instance = calloc(1, sizeof(*instance));
    if (instance == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    instance->is_instance = true;
    instance->number = next_instance++;
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = "instance",
        .ctx = instance,
        .ops = &instance_ops,
        .flags = DEVICE_ADD_INSTANCE,
    };
    zx_status_t status = device_add(service->zxdev, &args, &instance->zxdev);
    if (status != ZX_OK) {
        free(instance);
        return status;
    }
    *dev_out = instance->zxdev;
    RECORD("open-%u", instance->number);
    return ZX_OK;
}

static zx_status_t services_close(void* ctx, uint32_t flags) {
    (void)flags;
    service_t* service = ctx;
    RECORD("close-%u", service->number);
    return ZX_OK;
}

static void services_release(void* ctx) {
    service_t* service = ctx;
    RECORD("release-%u", service->number);
    join_thread(service);
    free(service);
}

static zx_status_t services_read(void* ctx, void* buf, size_t count, zx_off_t off, size_t* actual) {
    service_t* service = ctx;
    size_t left = off < service->size ? service->size - (size_t)off : 0;
    *actual = count < left ? count : left;
    if (*actual > 0) {
        memcpy(buf, service->text + off, *actual);
    }
    return ZX_OK;
}

static zx_status_t services_write(void* ctx, const void* buf, size_t count, zx_off_t off,
                                  size_t* actual) {
    service_t* service = ctx;
    if (off > sizeof(service->text) || count > sizeof(service->text) - off) {
        return ZX_ERR_NO_SPACE;
    }
    memcpy(service->text + off, buf, count);
    service->size = (size_t)off + count;
    *actual = count;
    return ZX_OK;
}

static zx_off_t services_get_size(void* ctx) {
    const service_t* service = ctx;
    return service->size;
}

static int answer_later(void* ctx) {
    later_t* later = ctx;
    fidl_outgoing_msg_t msg = {.bytes = later->bytes, .num_bytes = (uint32_t)later->size};
    zx_status_t status = later->txn.txn.reply(&later->txn.txn, &msg);
    zx_status_t again = later->txn.txn.reply(&later->txn.txn, &msg);
    RECORD("later-%d-%d", status, again);
    free(later);
    return 0;
}

static zx_status_t echo_later(service_t* service, fidl_incoming_msg_t* msg, fidl_txn_t* txn) {
    later_t* later = calloc(1, sizeof(*later));
    if (later == NULL || msg->num_bytes > sizeof(later->bytes)) {
        free(later);
        return ZX_ERR_NO_MEMORY;
    }
    later->size = msg->num_bytes;
    memcpy(later->bytes, msg->bytes, msg->num_bytes);
    device_fidl_transaction_take_ownership(txn, &later->txn);
    start_thread(service, answer_later, later);
    return ZX_ERR_ASYNC;
}

static int remove_self(void* ctx) {
    device_async_remove(ctx);
    device_async_remove(ctx);
    return 0;
}

static void count_work(void* cookie) {
    RECORD("work-%u", ((service_t*)cookie)->number);
}

static zx_status_t services_message(void* ctx, fidl_incoming_msg_t* msg, fidl_txn_t* txn) {
    service_t* service = ctx;
    uint64_t ordinal;
    memcpy(&ordinal, (const uint8_t*)msg->bytes + 8, sizeof(ordinal));
    fidl_outgoing_msg_t answer = {.bytes = msg->bytes, .num_bytes = msg->num_bytes};
    if (ordinal == 4) {
        answer.handles = msg->handles;
        answer.num_handles = msg->num_handles;
    } else {
        zx_handle_close_many(msg->handles, msg->num_handles);
    }
    switch (ordinal) {
        case 1:
        case 4:
            return txn->reply(txn, &answer);
        case 2:
            return echo_later(service, msg, txn);
        case 5:
            device_schedule_work(service->zxdev, count_work, service);
            start_thread(service, remove_self, service->zxdev);
            return ZX_OK;
        default:
            return ZX_ERR_NOT_SUPPORTED;
    }
}

static const zx_protocol_device_t service_ops = {
    .version = DEVICE_OPS_VERSION,
    .open = services_open,
    .close = services_close,
    .release = services_release,
    .read = services_read,
    .write = services_write,
    .get_size = services_get_size,
    .message = services_message,
};

static const zx_protocol_device_t instance_ops = {
    .version = DEVICE_OPS_VERSION,
    .close = services_close,
    .release = services_release,
    .read = services_read,
    .write = services_write,
    .get_size = services_get_size,
    .message = services_message,
};

static zx_status_t services_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    service_t* service = calloc(1, sizeof(*service));
    if (service == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    static const uint8_t address[] = {2, 0, 0, 1, 2, 3};
    const device_metadata_t metadata = {DEVICE_METADATA_MAC_ADDRESS, address, sizeof(address)};
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = "service",
        .ctx = service,
        .ops = &service_ops,
        .metadata_list = &metadata,
        .metadata_count = 1,
    };
    zx_status_t status = device_add(parent, &args, &service->zxdev);
    if (status != ZX_OK) {
        free(service);
    }
    return status;
}

static const zx_driver_ops_t services_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = services_bind,
};

ZIRCON_DRIVER(services, services_driver_ops, "jacinth", "0.1");
