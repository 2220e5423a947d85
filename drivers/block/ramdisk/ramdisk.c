// SPDX-License-Identifier: MIT
// A disk in memory: a VMO behind BLOCK_IMPL, with a thread of its own as the device. Its contents
// end with its host.
#include "ramdisk.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <threads.h>

#include <fuchsia/hardware/block/c/banjo.h>
#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <zircon/listnode.h>
#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/threads.h>

#include "ramdisk_bind.h"

typedef struct ramdisk_txn {
    block_op_t op;  // first: the caller's part
    block_impl_queue_callback callback;
    void* cookie;  // borrowed
    list_node_t node;
} ramdisk_txn_t;

typedef struct ramdisk {
    zx_device_t* zxdev;  // borrowed
    block_info_t info;
    zx_handle_t vmo;    // owned
    zx_vaddr_t memory;  // owned mapping of the VMO
    size_t size;        // bytes
    thrd_t worker;
    bool has_worker;

    mtx_t lock;  // guards what follows
    cnd_t changed;
    list_node_t queue;
    bool is_unbinding;  // the worker replies once the queue is empty
    bool must_exit;
} ramdisk_t;

// ---- BLOCK_IMPL

static void ramdisk_query(void* ctx, block_info_t* out_info, size_t* out_block_op_size) {
    ramdisk_t* disk = ctx;
    *out_info = disk->info;
    *out_block_op_size = sizeof(ramdisk_txn_t);
}

static void ramdisk_queue(void* ctx, block_op_t* op, block_impl_queue_callback callback,
                          void* cookie) {
    ramdisk_t* disk = ctx;
    ramdisk_txn_t* txn = containerof(op, ramdisk_txn_t, op);
    txn->callback = callback;
    txn->cookie = cookie;
    mtx_lock(&disk->lock);
    bool is_refused = disk->is_unbinding || disk->must_exit;
    if (!is_refused) {
        list_add_tail(&disk->queue, &txn->node);
        cnd_signal(&disk->changed);
    }
    mtx_unlock(&disk->lock);
    if (is_refused) {
        callback(cookie, ZX_ERR_UNAVAILABLE, op);
    }
}

static const block_impl_protocol_ops_t ramdisk_protocol_ops = {
    .query = ramdisk_query,
    .queue = ramdisk_queue,
};

// ---- the worker

static zx_status_t copy_data(const ramdisk_t* disk, const block_read_write_t* rw, bool is_read) {
    if (rw->length == 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (rw->offset_dev >= disk->info.block_count ||
        rw->length > disk->info.block_count - rw->offset_dev ||
        rw->offset_vmo > UINT64_MAX / RAMDISK_BLOCK_SIZE) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    void* here = (void*)(disk->memory + rw->offset_dev * RAMDISK_BLOCK_SIZE);
    uint64_t offset = rw->offset_vmo * RAMDISK_BLOCK_SIZE;
    size_t size = (size_t)rw->length * RAMDISK_BLOCK_SIZE;
    return is_read ? zx_vmo_write(rw->vmo, here, offset, size)
                   : zx_vmo_read(rw->vmo, here, offset, size);
}

static zx_status_t work_on(const ramdisk_t* disk, const block_op_t* op) {
    switch (op->command & BLOCK_OP_MASK) {
        case BLOCK_OP_READ:
            return copy_data(disk, &op->rw, true);
        case BLOCK_OP_WRITE:
            return copy_data(disk, &op->rw, false);
        case BLOCK_OP_FLUSH:
            return ZX_OK;
        default:
            return ZX_ERR_NOT_SUPPORTED;
    }
}

// The next request; NULL: it is time to end. Replies to an unbind once all requests are done.
static ramdisk_txn_t* wait_for_request(ramdisk_t* disk) {
    mtx_lock(&disk->lock);
    while (list_is_empty(&disk->queue) && !disk->is_unbinding && !disk->must_exit) {
        cnd_wait(&disk->changed, &disk->lock);
    }
    ramdisk_txn_t* txn = list_remove_head_type(&disk->queue, ramdisk_txn_t, node);
    bool must_reply = txn == NULL && disk->is_unbinding;
    mtx_unlock(&disk->lock);
    if (must_reply) {
        device_unbind_reply(disk->zxdev);
    }
    return txn;
}

static int ramdisk_worker(void* arg) {
    ramdisk_t* disk = arg;
    ramdisk_txn_t* txn;
    while ((txn = wait_for_request(disk)) != NULL) {
        txn->callback(txn->cookie, work_on(disk, &txn->op), &txn->op);
    }
    return 0;
}

// ---- the device

static void ramdisk_unbind(void* ctx) {
    ramdisk_t* disk = ctx;
    mtx_lock(&disk->lock);
    disk->is_unbinding = true;
    cnd_signal(&disk->changed);
    mtx_unlock(&disk->lock);
}

// Also for a disk that bind() did not finish.
static void ramdisk_release(void* ctx) {
    ramdisk_t* disk = ctx;
    if (disk->has_worker) {
        mtx_lock(&disk->lock);
        disk->must_exit = true;
        cnd_signal(&disk->changed);
        mtx_unlock(&disk->lock);
        thrd_join(disk->worker, NULL);
    }
    if (disk->memory != 0) {
        zx_vmar_unmap(zx_vmar_root_self(), disk->memory, disk->size);
    }
    zx_handle_close(disk->vmo);
    cnd_destroy(&disk->changed);
    mtx_destroy(&disk->lock);
    free(disk);
}

static const zx_protocol_device_t ramdisk_device_ops = {
    .version = DEVICE_OPS_VERSION,
    .unbind = ramdisk_unbind,
    .release = ramdisk_release,
};

static zx_status_t get_block_count(zx_device_t* parent, uint64_t* out_count) {
    uint64_t count = RAMDISK_DEFAULT_BLOCKS;
    size_t actual;
    zx_status_t status =
        device_get_metadata(parent, DEVICE_METADATA_RAMDISK, &count, sizeof(count), &actual);
    if (status == ZX_ERR_NOT_FOUND) {
        status = ZX_OK;
    } else if (status == ZX_OK && actual != sizeof(count)) {
        status = ZX_ERR_INVALID_ARGS;
    }
    if (status == ZX_OK && (count == 0 || count > RAMDISK_MAX_BLOCKS)) {
        status = ZX_ERR_OUT_OF_RANGE;
    }
    if (status != ZX_OK) {
        zxlogf(ERROR, "the size in the metadata can't be used (one u64, 1 to %llu blocks): %s",
               RAMDISK_MAX_BLOCKS, zx_status_get_string(status));
        return status;
    }
    *out_count = count;
    return ZX_OK;
}

static zx_status_t make_memory(ramdisk_t* disk, uint64_t block_count) {
    disk->info = (block_info_t){
        .block_count = block_count,
        .block_size = RAMDISK_BLOCK_SIZE,
        .max_transfer_size = BLOCK_MAX_TRANSFER_UNBOUNDED,
    };
    disk->size =
        (size_t)(block_count * RAMDISK_BLOCK_SIZE + ZX_PAGE_SIZE - 1) / ZX_PAGE_SIZE * ZX_PAGE_SIZE;
    zx_status_t status = zx_vmo_create(disk->size, 0, &disk->vmo);
    if (status == ZX_OK) {
        status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, disk->vmo,
                             0, disk->size, &disk->memory);
    }
    return status;
}

static zx_status_t start_worker(ramdisk_t* disk) {
    zx_status_t status = thrd_status_to_zx_status(
        thrd_create_with_name(&disk->worker, ramdisk_worker, disk, "ramdisk"));
    disk->has_worker = status == ZX_OK;
    return status;
}

static zx_status_t ramdisk_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    ramdisk_t* disk = calloc(1, sizeof(*disk));
    if (disk == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    mtx_init(&disk->lock, mtx_plain);
    cnd_init(&disk->changed);
    list_initialize(&disk->queue);
    uint64_t block_count;
    zx_status_t status = get_block_count(parent, &block_count);
    if (status == ZX_OK) {
        status = make_memory(disk, block_count);
    }
    if (status == ZX_OK) {
        status = start_worker(disk);
    }
    if (status == ZX_OK) {
        device_add_args_t args = {
            .version = DEVICE_ADD_ARGS_VERSION,
            .name = "ramdisk",
            .ctx = disk,
            .ops = &ramdisk_device_ops,
            .proto_id = ZX_PROTOCOL_BLOCK_IMPL,
            .proto_ops = &ramdisk_protocol_ops,
        };
        status = device_add(parent, &args, &disk->zxdev);
    }
    if (status != ZX_OK) {
        zxlogf(ERROR, "bind failed: %s", zx_status_get_string(status));
        ramdisk_release(disk);
    }
    return status;
}

static const zx_driver_ops_t ramdisk_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = ramdisk_bind,
};

ZIRCON_DRIVER(ramdisk, ramdisk_driver_ops, "jacinth", "0.1");
