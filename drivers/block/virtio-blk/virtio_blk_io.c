// SPDX-License-Identifier: MIT
// Requests of a virtio block device: from the BLOCK_IMPL op to the descriptor ring and back.
//
// A request's pages are pinned when it gets its descriptors and unpinned when the device is done,
// so that the device reaches exactly what it works on. The lock is not held across a callback.
#include "virtio_blk.h"

#include <lib/ddk/debug.h>
#include <zircon/syscalls.h>

#include "virtio_blk_request.h"

// Unpins and answers the requests of a list; the caller does not hold the lock. Returns how many.
static uint32_t end_requests(list_node_t* done) {
    uint32_t count = 0;
    virtio_blk_txn_t* txn;
    while ((txn = list_remove_head_type(done, virtio_blk_txn_t, node)) != NULL) {
        if (txn->pmt != ZX_HANDLE_INVALID) {
            zx_pmt_unpin(txn->pmt);
            txn->pmt = ZX_HANDLE_INVALID;
        }
        txn->callback(txn->cookie, txn->status, &txn->op);
        count++;
    }
    return count;
}

// Takes ended requests off the count, and replies to an unbind that waited for the last one.
static void account_ended(virtio_blk_t* blk, uint32_t count) {
    mtx_lock(&blk->lock);
    blk->in_flight -= count;
    bool reply = blk->wants_unbind_reply && blk->in_flight == 0;
    if (reply) {
        blk->wants_unbind_reply = false;
    }
    mtx_unlock(&blk->lock);
    if (reply) {
        device_unbind_reply(blk->zxdev);
    }
}

static void add_ended(list_node_t* done, virtio_blk_txn_t* txn, zx_status_t status) {
    txn->status = status;
    list_add_tail(done, &txn->node);
}

// Pins the request's data and appends its segments to blk->segments from index 1 on.
static zx_status_t pin_data_locked(virtio_blk_t* blk, virtio_blk_txn_t* txn, size_t* out_count) {
    const block_read_write_t* rw = &txn->op.rw;
    bool is_read = (rw->command & BLOCK_OP_MASK) == BLOCK_OP_READ;
    uint32_t length = rw->length * blk->info.block_size;
    virtio_blk_pages_t pages;
    zx_status_t status =
        virtio_blk_get_pages(rw->offset_vmo * blk->info.block_size, length, &pages);
    if (status != ZX_OK) {
        return status;
    }
    if (pages.page_count > blk->max_segment_count) {
        return ZX_ERR_INVALID_ARGS;
    }
    status = zx_bti_pin(blk->bti, is_read ? ZX_BTI_PERM_WRITE : ZX_BTI_PERM_READ, rw->vmo,
                        pages.first_offset, pages.page_count * ZX_PAGE_SIZE, blk->pages,
                        pages.page_count, &txn->pmt);
    if (status != ZX_OK) {
        return status;
    }
    return virtio_blk_make_segments(blk->pages, &pages, length, blk->max_segment_size, is_read,
                                    &blk->segments[1], blk->max_segment_count, out_count);
}

static void fill_slot(const virtio_blk_t* blk, const virtio_blk_txn_t* txn,
                      virtio_blk_slot_t* slot) {
    uint32_t command = txn->op.command & BLOCK_OP_MASK;
    uint64_t sectors = blk->info.block_size / VIRTIO_BLK_SECTOR_SIZE;
    *slot = (virtio_blk_slot_t){
        .header =
            {
                .type = command == BLOCK_OP_READ    ? VIRTIO_BLK_T_IN
                        : command == BLOCK_OP_WRITE ? VIRTIO_BLK_T_OUT
                                                    : VIRTIO_BLK_T_FLUSH,
                .sector = command == BLOCK_OP_FLUSH ? 0 : txn->op.rw.offset_dev * sectors,
            },
        .status = UINT8_MAX,  // no answer of the device has this value
    };
}

// 5.2.6: header, data, status byte. SHOULD_WAIT: not enough descriptors free now.
static zx_status_t submit_locked(virtio_blk_t* blk, virtio_blk_txn_t* txn) {
    uint32_t command = txn->op.command & BLOCK_OP_MASK;
    size_t data_count = 0;
    if (command != BLOCK_OP_FLUSH) {
        size_t most = (size_t)txn->op.rw.length * blk->info.block_size / ZX_PAGE_SIZE + 2;
        if (blk->queue.free_count < most + VIRTIO_BLK_EXTRA_SEGMENTS &&
            blk->queue.free_count < blk->queue_size) {
            return ZX_ERR_SHOULD_WAIT;
        }
        zx_status_t status = pin_data_locked(blk, txn, &data_count);
        if (status != ZX_OK) {
            return status;
        }
    } else if (blk->queue.free_count < VIRTIO_BLK_EXTRA_SEGMENTS) {
        return ZX_ERR_SHOULD_WAIT;
    }

    // The slot beside the ring that belongs to the chain's head.
    uint16_t head = blk->queue.free_head;
    virtio_blk_slot_t* slot = (virtio_blk_slot_t*)io_buffer_virt(&blk->slot_buffer) + head;
    uint64_t address = io_buffer_phys(&blk->slot_buffer) + head * sizeof(virtio_blk_slot_t);
    fill_slot(blk, txn, slot);
    blk->segments[0] = (virtqueue_segment_t){.address = address, .length = sizeof(slot->header)};
    blk->segments[1 + data_count] =
        (virtqueue_segment_t){.address = address + offsetof(virtio_blk_slot_t, status),
                              .length = 1,
                              .device_writes = true};
    txn->expected_written = 1;
    if (command == BLOCK_OP_READ) {
        txn->expected_written += txn->op.rw.length * blk->info.block_size;
    }
    return virtqueue_add(&blk->queue, blk->segments, data_count + VIRTIO_BLK_EXTRA_SEGMENTS, txn,
                         &head);
}

static void notify_locked(virtio_blk_t* blk) {
    if (virtqueue_publish(&blk->queue)) {
        virtio_pci_notify(&blk->virtio, blk->notify_offset, VIRTIO_BLK_QUEUE);
    }
}

static void submit_pending_locked(virtio_blk_t* blk, list_node_t* done) {
    bool has_new = false;
    virtio_blk_txn_t* txn;
    while ((txn = list_peek_head_type(&blk->pending, virtio_blk_txn_t, node)) != NULL) {
        zx_status_t status = submit_locked(blk, txn);
        if (status == ZX_ERR_SHOULD_WAIT) {
            break;
        }
        list_delete(&txn->node);
        if (status == ZX_OK) {
            has_new = true;
        } else {
            add_ended(done, txn, status);
        }
    }
    if (has_new) {
        notify_locked(blk);
    }
}

static void virtio_blk_query(void* ctx, block_info_t* out_info, size_t* out_block_op_size) {
    virtio_blk_t* blk = ctx;
    *out_info = blk->info;
    *out_block_op_size = sizeof(virtio_blk_txn_t);
}

static void virtio_blk_queue(void* ctx, block_op_t* op, block_impl_queue_callback callback,
                             void* cookie) {
    virtio_blk_t* blk = ctx;
    virtio_blk_txn_t* txn = containerof(op, virtio_blk_txn_t, op);
    zx_status_t status = virtio_blk_check(&blk->info, op);
    // 5.2.6.2: without the feature a completed write is durable.
    bool is_flush = (op->command & BLOCK_OP_MASK) == BLOCK_OP_FLUSH;
    if (status != ZX_OK || (is_flush && (blk->features & VIRTIO_BLK_F_FLUSH) == 0)) {
        callback(cookie, status, op);
        return;
    }
    txn->callback = callback;
    txn->cookie = cookie;
    txn->pmt = ZX_HANDLE_INVALID;
    list_node_t done = LIST_INITIAL_VALUE(done);

    mtx_lock(&blk->lock);
    if (blk->state != VIRTIO_BLK_RUNNING) {
        mtx_unlock(&blk->lock);
        callback(cookie, ZX_ERR_UNAVAILABLE, op);
        return;
    }
    blk->in_flight++;
    status = list_is_empty(&blk->pending) ? submit_locked(blk, txn) : ZX_ERR_SHOULD_WAIT;
    if (status == ZX_OK) {
        notify_locked(blk);
    } else if (status == ZX_ERR_SHOULD_WAIT) {
        list_add_tail(&blk->pending, &txn->node);
    } else {
        add_ended(&done, txn, status);
    }
    mtx_unlock(&blk->lock);

    uint32_t ended = end_requests(&done);
    if (ended > 0) {
        account_ended(blk, ended);
    }
}

// Everything that the device finished, into `done`. IO_DATA_INTEGRITY: it broke the rules.
static zx_status_t take_finished_locked(virtio_blk_t* blk, list_node_t* done) {
    virtqueue_used_t used;
    zx_status_t status;
    while ((status = virtqueue_take_used(&blk->queue, &used)) == ZX_OK) {
        virtio_blk_txn_t* txn = used.cookie;
        volatile const virtio_blk_slot_t* slot =
            (virtio_blk_slot_t*)io_buffer_virt(&blk->slot_buffer) + used.head;
        add_ended(done, txn,
                  virtio_blk_get_result(slot->status, used.length, txn->expected_written));
    }
    return status == ZX_ERR_SHOULD_WAIT ? ZX_OK : status;
}

// One round: everything that the device has finished, and pending requests in its place.
static zx_status_t service_once(virtio_blk_t* blk) {
    list_node_t done = LIST_INITIAL_VALUE(done);
    mtx_lock(&blk->lock);
    virtqueue_disable_interrupts(&blk->queue);
    zx_status_t status = take_finished_locked(blk, &done);
    if (status == ZX_OK) {
        submit_pending_locked(blk, &done);
    }
    mtx_unlock(&blk->lock);

    uint32_t ended = end_requests(&done);
    if (ended > 0) {
        account_ended(blk, ended);
    }
    return status;
}

void virtio_blk_service_queue(virtio_blk_t* blk) {
    bool is_active = true;
    zx_status_t status = ZX_OK;
    while (is_active && status == ZX_OK) {
        mtx_lock(&blk->lock);
        bool has_device = blk->state == VIRTIO_BLK_RUNNING || blk->state == VIRTIO_BLK_STOPPING;
        is_active = has_device && virtqueue_enable_interrupts(&blk->queue);
        mtx_unlock(&blk->lock);
        if (is_active) {
            status = service_once(blk);
        }
    }
    if (status != ZX_OK) {
        virtio_blk_give_up(blk, "its used ring can't be right");
    }
}

void virtio_blk_quiesce(virtio_blk_t* blk) {
    if (blk->virtio.common.vmo != ZX_HANDLE_INVALID) {
        virtio_pci_reset(&blk->virtio);
    }
    // Also when the device did not answer: without bus mastering there is no DMA.
    pci_enable_bus_master(&blk->virtio.pci, false);
}

void virtio_blk_give_up(virtio_blk_t* blk, const char* reason) {
    mtx_lock(&blk->lock);
    blk->state = VIRTIO_BLK_BROKEN;
    mtx_unlock(&blk->lock);
    zxlogf(ERROR, "the device is broken (%s): stopped and removed", reason);
    virtio_blk_quiesce(blk);
    virtio_blk_fail_all(blk, ZX_ERR_IO);
    device_async_remove(blk->zxdev);
}

bool virtio_blk_stop(virtio_blk_t* blk) {
    list_node_t done = LIST_INITIAL_VALUE(done);
    mtx_lock(&blk->lock);
    if (blk->state != VIRTIO_BLK_BROKEN) {
        blk->state = VIRTIO_BLK_STOPPING;
    }
    virtio_blk_txn_t* txn;
    while ((txn = list_remove_head_type(&blk->pending, virtio_blk_txn_t, node)) != NULL) {
        add_ended(&done, txn, ZX_ERR_UNAVAILABLE);
    }
    mtx_unlock(&blk->lock);

    uint32_t ended = end_requests(&done);
    mtx_lock(&blk->lock);
    blk->in_flight -= ended;
    bool is_idle = blk->in_flight == 0;
    blk->wants_unbind_reply = !is_idle;
    mtx_unlock(&blk->lock);
    return is_idle;
}

void virtio_blk_fail_all(virtio_blk_t* blk, zx_status_t status) {
    list_node_t done = LIST_INITIAL_VALUE(done);
    mtx_lock(&blk->lock);
    virtio_blk_txn_t* txn;
    while ((txn = virtqueue_take_unused(&blk->queue)) != NULL) {
        add_ended(&done, txn, status);
    }
    while ((txn = list_remove_head_type(&blk->pending, virtio_blk_txn_t, node)) != NULL) {
        add_ended(&done, txn, status);
    }
    mtx_unlock(&blk->lock);
    uint32_t ended = end_requests(&done);
    if (ended > 0) {
        account_ended(blk, ended);
    }
}

const block_impl_protocol_ops_t virtio_blk_protocol_ops = {
    .query = virtio_blk_query,
    .queue = virtio_blk_queue,
};
