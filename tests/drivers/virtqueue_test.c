// SPDX-License-Identifier: MIT
// The split virtqueue against a device made of a few lines, honest and not.
#include "virtqueue.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#define SIZE 8u

typedef struct ring {
    void* memory;
    virtqueue_slot_t slots[SIZE];
    virtqueue_t queue;
} ring_t;

static ring_t g_ring;

static void set_up(void) {
    virtqueue_layout_t layout;
    cr_assert_eq(virtqueue_get_layout(SIZE, &layout), ZX_OK);
    g_ring.memory = aligned_alloc(4096, 4096);
    memset(g_ring.memory, 0, 4096);
    cr_assert_leq(layout.total_size, 4096);
    cr_assert_eq(virtqueue_init(&g_ring.queue, SIZE, g_ring.memory, g_ring.slots), ZX_OK);
}

static void tear_down(void) {
    free(g_ring.memory);
}

static uint16_t add(size_t segment_count, void* cookie) {
    virtqueue_segment_t segments[SIZE + 1];
    for (size_t i = 0; i < segment_count; i++) {
        segments[i] = (virtqueue_segment_t){
            .address = 0x1000 * (i + 1), .length = 16, .device_writes = i + 1 == segment_count};
    }
    uint16_t head = UINT16_MAX;
    cr_assert_eq(virtqueue_add(&g_ring.queue, segments, segment_count, cookie, &head), ZX_OK);
    return head;
}

// What a device does when it is done with a chain.
static void use(uint32_t id, uint32_t length) {
    virtq_used_t* used = g_ring.queue.used;
    uint16_t index = atomic_load(&used->index);
    used->ring[index % SIZE] = (virtq_used_elem_t){.id = id, .length = length};
    atomic_store(&used->index, (uint16_t)(index + 1));
}

Test(virtqueue, layout_follows_the_alignment_rules, .init = set_up, .fini = tear_down) {
    virtqueue_layout_t layout;
    cr_assert_eq(virtqueue_get_layout(256, &layout), ZX_OK);
    cr_assert_eq(layout.desc_offset, 0);
    cr_assert_eq(layout.avail_offset, 4096);
    cr_assert_eq(layout.used_offset % 4, 0);
    cr_assert_geq(layout.used_offset, layout.avail_offset + 6 + 2 * 256);
    cr_assert_eq(layout.total_size, layout.used_offset + 6 + 8 * 256);
}

Test(virtqueue, layout_refuses_other_sizes) {
    virtqueue_layout_t layout;
    cr_assert_eq(virtqueue_get_layout(0, &layout), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(virtqueue_get_layout(1, &layout), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(virtqueue_get_layout(100, &layout), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(virtqueue_get_layout(32769, &layout), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(virtqueue_get_layout(32768, &layout), ZX_OK);
}

Test(virtqueue, chain_is_linked_and_shown_at_publish, .init = set_up, .fini = tear_down) {
    int cookie;
    uint16_t head = add(3, &cookie);
    cr_assert_eq(atomic_load(&g_ring.queue.avail->index), 0);
    cr_assert(virtqueue_publish(&g_ring.queue));
    cr_assert_eq(atomic_load(&g_ring.queue.avail->index), 1);
    cr_assert_eq(g_ring.queue.avail->ring[0], head);
    const virtq_desc_t* first = &g_ring.queue.desc[head];
    cr_assert_eq(first->flags, VIRTQ_DESC_F_NEXT);
    const virtq_desc_t* second = &g_ring.queue.desc[first->next];
    cr_assert_eq(second->flags, VIRTQ_DESC_F_NEXT);
    const virtq_desc_t* third = &g_ring.queue.desc[second->next];
    cr_assert_eq(third->flags, VIRTQ_DESC_F_WRITE);
    cr_assert_eq(third->address, 0x3000);
    cr_assert_eq(third->length, 16);
}

Test(virtqueue, publish_heeds_the_device, .init = set_up, .fini = tear_down) {
    int cookie;
    atomic_store(&g_ring.queue.used->flags, VIRTQ_USED_F_NO_NOTIFY);
    add(1, &cookie);
    cr_assert_not(virtqueue_publish(&g_ring.queue));
}

// What was used while interrupts were off must not be forgotten.
Test(virtqueue, interrupts_off_and_on, .init = set_up, .fini = tear_down) {
    int cookie;
    virtqueue_disable_interrupts(&g_ring.queue);
    cr_assert_eq(atomic_load(&g_ring.queue.avail->flags), VIRTQ_AVAIL_F_NO_INTERRUPT);
    cr_assert_not(virtqueue_enable_interrupts(&g_ring.queue));
    cr_assert_eq(atomic_load(&g_ring.queue.avail->flags), 0);
    uint16_t head = add(1, &cookie);
    virtqueue_publish(&g_ring.queue);
    virtqueue_disable_interrupts(&g_ring.queue);
    use(head, 0);
    cr_assert(virtqueue_enable_interrupts(&g_ring.queue));
    virtqueue_used_t used;
    cr_assert_eq(virtqueue_take_used(&g_ring.queue, &used), ZX_OK);
    cr_assert_not(virtqueue_enable_interrupts(&g_ring.queue));
}

Test(virtqueue, full_queue_says_wait_and_goes_on_later, .init = set_up, .fini = tear_down) {
    int cookies[3];
    uint16_t first = add(5, &cookies[0]);
    add(3, &cookies[1]);
    virtqueue_segment_t segment = {.address = 1, .length = 1};
    uint16_t head;
    cr_assert_eq(virtqueue_add(&g_ring.queue, &segment, 1, &cookies[2], &head), ZX_ERR_SHOULD_WAIT);
    virtqueue_publish(&g_ring.queue);
    use(first, 16);
    virtqueue_used_t used;
    cr_assert_eq(virtqueue_take_used(&g_ring.queue, &used), ZX_OK);
    cr_assert_eq(used.cookie, &cookies[0]);
    cr_assert_eq(g_ring.queue.free_count, 5);
    cr_assert_eq(virtqueue_add(&g_ring.queue, &segment, 1, &cookies[2], &head), ZX_OK);
}

Test(virtqueue, segments_are_checked, .init = set_up, .fini = tear_down) {
    int cookie;
    uint16_t head;
    virtqueue_segment_t wrong_order[2] = {{.address = 1, .length = 1, .device_writes = true},
                                          {.address = 2, .length = 1}};
    virtqueue_segment_t empty = {.address = 1};
    virtqueue_t* queue = &g_ring.queue;
    cr_assert_eq(virtqueue_add(queue, wrong_order, 2, &cookie, &head), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(virtqueue_add(queue, &empty, 1, &cookie, &head), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(virtqueue_add(queue, wrong_order, 0, &cookie, &head), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(virtqueue_add(queue, wrong_order, 1, NULL, &head), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(queue->free_count, SIZE);
}

// Through the wrap of the 16-bit indices, chains of every length, used in the opposite order.
Test(virtqueue, a_long_run_keeps_every_descriptor, .init = set_up, .fini = tear_down) {
    int cookies[2];
    for (unsigned i = 0; i < 40000; i++) {
        uint16_t heads[2] = {add(1 + i % 4, &cookies[0]), add(1 + (i / 4) % 4, &cookies[1])};
        virtqueue_publish(&g_ring.queue);
        use(heads[1], 16);
        use(heads[0], 0);
        virtqueue_used_t used;
        cr_assert_eq(virtqueue_take_used(&g_ring.queue, &used), ZX_OK);
        cr_assert_eq(used.cookie, &cookies[1]);
        cr_assert_eq(used.head, heads[1]);
        cr_assert_eq(used.length, 16);
        cr_assert_eq(virtqueue_take_used(&g_ring.queue, &used), ZX_OK);
        cr_assert_eq(used.cookie, &cookies[0]);
        cr_assert_eq(virtqueue_take_used(&g_ring.queue, &used), ZX_ERR_SHOULD_WAIT);
        cr_assert_eq(g_ring.queue.free_count, SIZE);
        cr_assert_eq(g_ring.queue.in_use, 0);
    }
}

Test(virtqueue, used_id_out_of_range_is_refused, .init = set_up, .fini = tear_down) {
    int cookie;
    add(2, &cookie);
    virtqueue_publish(&g_ring.queue);
    use(SIZE, 0);
    virtqueue_used_t used;
    cr_assert_eq(virtqueue_take_used(&g_ring.queue, &used), ZX_ERR_IO_DATA_INTEGRITY);
}

Test(virtqueue, used_id_of_no_chain_is_refused, .init = set_up, .fini = tear_down) {
    int cookie;
    uint16_t head = add(2, &cookie);
    virtqueue_publish(&g_ring.queue);
    use(g_ring.queue.slot[head].next, 0);  // in the chain, but not its head
    virtqueue_used_t used;
    cr_assert_eq(virtqueue_take_used(&g_ring.queue, &used), ZX_ERR_IO_DATA_INTEGRITY);
}

Test(virtqueue, same_chain_used_twice_is_refused, .init = set_up, .fini = tear_down) {
    int cookies[2];
    uint16_t head = add(2, &cookies[0]);
    add(2, &cookies[1]);
    virtqueue_publish(&g_ring.queue);
    use(head, 0);
    use(head, 0);
    virtqueue_used_t used;
    cr_assert_eq(virtqueue_take_used(&g_ring.queue, &used), ZX_OK);
    cr_assert_eq(virtqueue_take_used(&g_ring.queue, &used), ZX_ERR_IO_DATA_INTEGRITY);
}

Test(virtqueue, more_written_than_there_was_room_is_refused, .init = set_up, .fini = tear_down) {
    int cookie;
    uint16_t head = add(3, &cookie);
    virtqueue_publish(&g_ring.queue);
    use(head, 17);
    virtqueue_used_t used;
    cr_assert_eq(virtqueue_take_used(&g_ring.queue, &used), ZX_ERR_IO_DATA_INTEGRITY);
}

Test(virtqueue, index_that_jumps_is_refused, .init = set_up, .fini = tear_down) {
    int cookie;
    add(1, &cookie);
    virtqueue_publish(&g_ring.queue);
    atomic_store(&g_ring.queue.used->index, 2);
    virtqueue_used_t used;
    cr_assert_eq(virtqueue_take_used(&g_ring.queue, &used), ZX_ERR_IO_DATA_INTEGRITY);
    atomic_store(&g_ring.queue.used->index, UINT16_MAX);
    cr_assert_eq(virtqueue_take_used(&g_ring.queue, &used), ZX_ERR_IO_DATA_INTEGRITY);
}

// The device may write all over the shared memory; our side must not read its links from there.
Test(virtqueue, scribbled_descriptors_do_no_harm, .init = set_up, .fini = tear_down) {
    int cookies[2];
    uint16_t head = add(4, &cookies[0]);
    virtqueue_publish(&g_ring.queue);
    memset(g_ring.queue.desc, 0xff, SIZE * sizeof(virtq_desc_t));
    use(head, 3);
    virtqueue_used_t used;
    cr_assert_eq(virtqueue_take_used(&g_ring.queue, &used), ZX_OK);
    cr_assert_eq(used.cookie, &cookies[0]);
    cr_assert_eq(g_ring.queue.free_count, SIZE);
    add(SIZE, &cookies[1]);
    cr_assert_eq(g_ring.queue.free_count, 0);
}

Test(virtqueue, after_a_reset_all_chains_come_back, .init = set_up, .fini = tear_down) {
    int cookies[3];
    for (size_t i = 0; i < 3; i++) {
        add(2, &cookies[i]);
    }
    unsigned seen = 0;
    void* cookie;
    while ((cookie = virtqueue_take_unused(&g_ring.queue)) != NULL) {
        seen |= 1u << ((int*)cookie - cookies);
    }
    cr_assert_eq(seen, 7);
    cr_assert_eq(g_ring.queue.free_count, SIZE);
}
