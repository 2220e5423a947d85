// SPDX-License-Identifier: MIT
// Ring arithmetic of a split virtqueue and the checks on what the device writes into it.
#include "virtqueue.h"

static size_t align_up(size_t value, size_t alignment) {
    return (value + alignment - 1) & ~(alignment - 1);
}

zx_status_t virtqueue_get_layout(uint16_t size, virtqueue_layout_t* out_layout) {
    if (size < 2 || size > VIRTQ_MAX_SIZE || (size & (size - 1)) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    // 2.7: descriptor table aligned to 16, available ring to 2, used ring to 4. Both rings end in
    // an event field that is unused but part of the size.
    virtqueue_layout_t layout = {.desc_offset = 0};
    layout.avail_offset = (size_t)size * sizeof(virtq_desc_t);
    size_t avail_end = layout.avail_offset + sizeof(virtq_avail_t) + ((size_t)size + 1) * 2;
    layout.used_offset = align_up(avail_end, 4);
    layout.total_size =
        layout.used_offset + sizeof(virtq_used_t) + (size_t)size * sizeof(virtq_used_elem_t) + 2;
    *out_layout = layout;
    return ZX_OK;
}

zx_status_t virtqueue_init(virtqueue_t* queue, uint16_t size, void* memory,
                           virtqueue_slot_t* slot_list) {
    virtqueue_layout_t layout;
    zx_status_t status = virtqueue_get_layout(size, &layout);
    if (status != ZX_OK) {
        return status;
    }
    uint8_t* base = memory;
    *queue = (virtqueue_t){
        .desc = (virtq_desc_t*)(base + layout.desc_offset),
        .avail = (virtq_avail_t*)(base + layout.avail_offset),
        .used = (virtq_used_t*)(base + layout.used_offset),
        .slot = slot_list,
        .size = size,
        .free_count = size,
    };
    for (uint16_t i = 0; i < size; i++) {
        slot_list[i] = (virtqueue_slot_t){.next = (uint16_t)(i + 1)};
    }
    return ZX_OK;
}

static zx_status_t check_segments(const virtqueue_segment_t* segment_list, size_t segment_count,
                                  uint32_t* out_writable) {
    uint64_t writable = 0;
    bool seen_writable = false;
    for (size_t i = 0; i < segment_count; i++) {
        if (segment_list[i].length == 0 || (seen_writable && !segment_list[i].device_writes)) {
            return ZX_ERR_INVALID_ARGS;
        }
        if (segment_list[i].device_writes) {
            seen_writable = true;
            writable += segment_list[i].length;
        }
    }
    if (segment_count == 0 || writable > UINT32_MAX) {
        return ZX_ERR_INVALID_ARGS;
    }
    *out_writable = (uint32_t)writable;
    return ZX_OK;
}

zx_status_t virtqueue_add(virtqueue_t* queue, const virtqueue_segment_t* segment_list,
                          size_t segment_count, void* cookie, uint16_t* out_head) {
    uint32_t writable;
    zx_status_t status = check_segments(segment_list, segment_count, &writable);
    if (status != ZX_OK || cookie == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (segment_count > queue->free_count) {
        return ZX_ERR_SHOULD_WAIT;
    }

    uint16_t head = queue->free_head;
    uint16_t index = head;
    for (size_t i = 0; i < segment_count; i++) {
        bool is_last = i + 1 == segment_count;
        uint16_t next = queue->slot[index].next;
        queue->desc[index] = (virtq_desc_t){
            .address = segment_list[i].address,
            .length = segment_list[i].length,
            .flags = (uint16_t)((segment_list[i].device_writes ? VIRTQ_DESC_F_WRITE : 0) |
                                (is_last ? 0 : VIRTQ_DESC_F_NEXT)),
            .next = is_last ? 0 : next,
        };
        if (is_last) {
            queue->free_head = next;
        }
        index = next;
    }
    queue->slot[head].cookie = cookie;
    queue->slot[head].writable = writable;
    queue->slot[head].chain_count = (uint16_t)segment_count;
    queue->free_count = (uint16_t)(queue->free_count - segment_count);
    queue->in_use++;

    queue->avail->ring[queue->avail_index & (queue->size - 1)] = head;
    queue->avail_index++;
    *out_head = head;
    return ZX_OK;
}

// Puts the descriptors of a chain back in front of the free list.
static void release_chain(virtqueue_t* queue, uint16_t head) {
    virtqueue_slot_t* slot = &queue->slot[head];
    uint16_t last = head;
    for (uint16_t i = 1; i < slot->chain_count; i++) {
        last = queue->slot[last].next;
    }
    queue->slot[last].next = queue->free_head;
    queue->free_head = head;
    queue->free_count = (uint16_t)(queue->free_count + slot->chain_count);
    queue->in_use--;
    slot->cookie = NULL;
    slot->writable = 0;
    slot->chain_count = 0;
}

bool virtqueue_publish(virtqueue_t* queue) {
    // 2.7.13: ring entries before the index, the index before the look at the device's flag.
    atomic_store_explicit(&queue->avail->index, queue->avail_index, memory_order_release);
    atomic_thread_fence(memory_order_seq_cst);
    uint16_t flags = atomic_load_explicit(&queue->used->flags, memory_order_relaxed);
    return (flags & VIRTQ_USED_F_NO_NOTIFY) == 0;
}

zx_status_t virtqueue_take_used(virtqueue_t* queue, virtqueue_used_t* out_used) {
    uint16_t index = atomic_load_explicit(&queue->used->index, memory_order_acquire);
    uint16_t ready = (uint16_t)(index - queue->used_index);
    if (ready == 0) {
        return ZX_ERR_SHOULD_WAIT;
    }
    if (ready > queue->in_use) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    // Copied first: the device may change it while it is looked at.
    volatile const virtq_used_elem_t* elem =
        &queue->used->ring[queue->used_index & (queue->size - 1)];
    uint32_t id = elem->id;
    uint32_t length = elem->length;
    if (id >= queue->size || queue->slot[id].cookie == NULL || length > queue->slot[id].writable) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    *out_used = (virtqueue_used_t){
        .cookie = queue->slot[id].cookie, .head = (uint16_t)id, .length = length};
    release_chain(queue, (uint16_t)id);
    queue->used_index++;
    return ZX_OK;
}

void virtqueue_disable_interrupts(virtqueue_t* queue) {
    atomic_store_explicit(&queue->avail->flags, VIRTQ_AVAIL_F_NO_INTERRUPT, memory_order_relaxed);
}

bool virtqueue_enable_interrupts(virtqueue_t* queue) {
    atomic_store_explicit(&queue->avail->flags, 0, memory_order_relaxed);
    // The flag before the look at the index; the device does it the other way round.
    atomic_thread_fence(memory_order_seq_cst);
    return atomic_load_explicit(&queue->used->index, memory_order_relaxed) != queue->used_index;
}

void* virtqueue_take_unused(virtqueue_t* queue) {
    for (uint16_t i = 0; queue->in_use > 0 && i < queue->size; i++) {
        void* cookie = queue->slot[i].cookie;
        if (cookie != NULL) {
            release_chain(queue, i);
            return cookie;
        }
    }
    return NULL;
}
