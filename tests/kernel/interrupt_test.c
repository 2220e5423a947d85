// SPDX-License-Identifier: MIT
// Virtual interrupts: waiting, ports, destroying, crossing a channel.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>

#include <lx/resource.h>
#include <zircon/syscalls.h>

#include "waited_on.h"

TestSuite(interrupt, .timeout = 20);

static zx_handle_t make_virtual(void) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    cr_assert(
        eq(i32, zx_interrupt_create(ZX_HANDLE_INVALID, 0, ZX_INTERRUPT_VIRTUAL, &handle), ZX_OK));
    return handle;
}

static zx_handle_t make_port(uint32_t options) {
    zx_handle_t port = ZX_HANDLE_INVALID;
    cr_assert(eq(i32, zx_port_create(options, &port), ZX_OK));
    return port;
}

typedef struct waiter {
    zx_handle_t handle;
    zx_time_t timestamp;
    zx_status_t status;
    pthread_t thread;
} waiter_t;

static void* wait_once(void* argument) {
    waiter_t* waiter = argument;
    waiter->status = zx_interrupt_wait(waiter->handle, &waiter->timestamp);
    return NULL;
}

// Starts a thread in zx_interrupt_wait; it may still be on its way into the call.
static void start_waiter(waiter_t* waiter, zx_handle_t handle) {
    *waiter = (waiter_t){.handle = handle, .status = ZX_ERR_INTERNAL};
    cr_assert(eq(int, pthread_create(&waiter->thread, NULL, wait_once, waiter), 0));
}

static zx_status_t join_waiter(waiter_t* waiter) {
    pthread_join(waiter->thread, NULL);
    return waiter->status;
}

Test(interrupt, create_checks_its_arguments) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    zx_handle_t root = ZX_HANDLE_INVALID;
    cr_expect(eq(i32, zx_interrupt_create(ZX_HANDLE_INVALID, 0, ZX_INTERRUPT_VIRTUAL, NULL),
                 ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32,
                 zx_interrupt_create(ZX_HANDLE_INVALID, 0,
                                     ZX_INTERRUPT_VIRTUAL | ZX_INTERRUPT_MODE_EDGE_HIGH, &handle),
                 ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32,
                 zx_interrupt_create(ZX_HANDLE_INVALID, 3, ZX_INTERRUPT_MODE_EDGE_HIGH, &handle),
                 ZX_ERR_BAD_HANDLE));
    cr_assert(eq(i32, lx_root_resource_create(&root), ZX_OK));
    for (uint32_t mode = 0; mode <= ZX_INTERRUPT_MODE_MASK; mode += 2) {
        zx_status_t expected =
            mode <= ZX_INTERRUPT_MODE_EDGE_BOTH ? ZX_ERR_NOT_SUPPORTED : ZX_ERR_INVALID_ARGS;
        cr_expect(eq(i32, zx_interrupt_create(root, 3, mode, &handle), expected));
        cr_expect(eq(i32, zx_interrupt_create(root, 3, mode | ZX_INTERRUPT_REMAP_IRQ, &handle),
                     expected));
    }
    cr_expect(eq(i32, zx_interrupt_create(root, 3, 0x20, &handle), ZX_ERR_INVALID_ARGS));
    // A range of lines opens those, and another kind none.
    zx_handle_t lines = ZX_HANDLE_INVALID;
    zx_handle_t memory = ZX_HANDLE_INVALID;
    cr_assert(eq(i32, zx_resource_create(root, ZX_RSRC_KIND_IRQ, 3, 2, "l", 1, &lines), ZX_OK));
    cr_assert(eq(i32, zx_resource_create(root, ZX_RSRC_KIND_MMIO, 3, 2, "m", 1, &memory), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_create(lines, 4, 0, &handle), ZX_ERR_NOT_SUPPORTED));
    cr_expect(eq(i32, zx_interrupt_create(lines, 5, 0, &handle), ZX_ERR_OUT_OF_RANGE));
    cr_expect(eq(i32, zx_interrupt_create(memory, 3, 0, &handle), ZX_ERR_WRONG_TYPE));
    zx_handle_close(lines);
    zx_handle_close(memory);
    zx_handle_close(root);
}

Test(interrupt, wait_gives_the_time_of_the_first_trigger) {
    zx_handle_t handle = make_virtual();
    zx_time_t timestamp = 0;
    cr_expect(eq(i32, zx_interrupt_trigger(handle, 0, 1234), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_trigger(handle, 0, 5678), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_wait(handle, &timestamp), ZX_OK));
    cr_expect(eq(i64, timestamp, 1234));
    // Both triggers were one: nothing is pending.
    cr_expect(
        eq(i32, zx_object_wait_one(handle, ZX_INTERRUPT_SIGNALED, 0, NULL), ZX_ERR_TIMED_OUT));
    cr_expect(eq(i32, zx_interrupt_trigger(handle, 0, 0), ZX_OK));
    cr_expect(eq(i32, zx_object_wait_one(handle, ZX_INTERRUPT_SIGNALED, 0, NULL), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_wait(handle, &timestamp), ZX_OK));
    cr_expect(eq(i64, timestamp, 0));
    zx_handle_close(handle);
}

Test(interrupt, wait_blocks_until_the_trigger) {
    zx_handle_t handle = make_virtual();
    zx_handle_t port = make_port(ZX_PORT_BIND_TO_INTERRUPT);
    waiter_t waiter;
    start_waiter(&waiter, handle);
    test_until_waited_on(handle, 1);
    cr_expect(eq(i32, zx_interrupt_bind(handle, port, 1, ZX_INTERRUPT_BIND), ZX_ERR_BAD_STATE));
    cr_expect(eq(i32, zx_interrupt_trigger(handle, 0, 42), ZX_OK));
    cr_expect(eq(i32, join_waiter(&waiter), ZX_OK));
    cr_expect(eq(i64, waiter.timestamp, 42));
    zx_handle_close(port);
    zx_handle_close(handle);
}

Test(interrupt, destroy_wakes_waiters_and_ends_everything) {
    zx_handle_t handle = make_virtual();
    zx_handle_t port = make_port(ZX_PORT_BIND_TO_INTERRUPT);
    waiter_t waiters[3];
    for (size_t i = 0; i < countof(waiters); i++) {
        start_waiter(&waiters[i], handle);
    }
    test_until_waited_on(handle, countof(waiters));
    cr_expect(eq(i32, zx_interrupt_destroy(handle), ZX_OK));
    for (size_t i = 0; i < countof(waiters); i++) {
        cr_expect(eq(i32, join_waiter(&waiters[i]), ZX_ERR_CANCELED));
    }
    cr_expect(eq(i32, zx_interrupt_wait(handle, NULL), ZX_ERR_CANCELED));
    cr_expect(eq(i32, zx_interrupt_trigger(handle, 0, 0), ZX_ERR_CANCELED));
    cr_expect(eq(i32, zx_interrupt_bind(handle, port, 1, ZX_INTERRUPT_BIND), ZX_ERR_CANCELED));
    cr_expect(eq(i32, zx_interrupt_destroy(handle), ZX_OK));
    zx_handle_close(port);
    cr_expect(eq(i32, zx_handle_close(handle), ZX_OK));
}

Test(interrupt, closing_the_handle_wakes_its_waiter) {
    zx_handle_t handle = make_virtual();
    waiter_t waiter;
    start_waiter(&waiter, handle);
    test_until_waited_on(handle, 1);
    zx_handle_close(handle);
    cr_expect(eq(i32, join_waiter(&waiter), ZX_ERR_CANCELED));
}

Test(interrupt, a_port_gets_one_packet_per_acknowledge) {
    zx_handle_t handle = make_virtual();
    zx_handle_t port = make_port(ZX_PORT_BIND_TO_INTERRUPT);
    zx_port_packet_t packet;
    cr_expect(eq(i32, zx_interrupt_ack(handle), ZX_ERR_BAD_STATE));
    cr_expect(eq(i32, zx_interrupt_trigger(handle, 0, 10), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_bind(handle, port, 99, ZX_INTERRUPT_BIND), ZX_OK));
    cr_expect(
        eq(i32, zx_interrupt_bind(handle, port, 99, ZX_INTERRUPT_BIND), ZX_ERR_ALREADY_BOUND));
    cr_expect(eq(i32, zx_interrupt_wait(handle, NULL), ZX_ERR_BAD_STATE));
    // Triggered before the bind.
    cr_assert(eq(i32, zx_port_wait(port, ZX_TIME_INFINITE, &packet), ZX_OK));
    cr_expect(eq(u64, packet.key, 99));
    cr_expect(eq(u32, packet.type, ZX_PKT_TYPE_INTERRUPT));
    cr_expect(eq(i32, packet.status, ZX_OK));
    cr_expect(eq(i64, packet.interrupt.timestamp, 10));
    // Pending until the acknowledge.
    cr_expect(eq(i32, zx_interrupt_trigger(handle, 0, 20), ZX_OK));
    cr_expect(
        eq(i32, zx_port_wait(port, zx_deadline_after(ZX_MSEC(20)), &packet), ZX_ERR_TIMED_OUT));
    cr_expect(eq(i32, zx_interrupt_ack(handle), ZX_OK));
    cr_assert(eq(i32, zx_port_wait(port, ZX_TIME_INFINITE, &packet), ZX_OK));
    cr_expect(eq(i64, packet.interrupt.timestamp, 20));
    cr_expect(eq(i32, zx_interrupt_ack(handle), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_trigger(handle, 0, 30), ZX_OK));
    cr_assert(eq(i32, zx_port_wait(port, ZX_TIME_INFINITE, &packet), ZX_OK));
    cr_expect(eq(i64, packet.interrupt.timestamp, 30));
    zx_handle_close(handle);
    zx_handle_close(port);
}

// Whatever was queued before.
Test(interrupt, its_packets_come_first) {
    zx_handle_t handle = make_virtual();
    zx_handle_t port = make_port(ZX_PORT_BIND_TO_INTERRUPT);
    zx_handle_t event = ZX_HANDLE_INVALID;
    zx_port_packet_t packet = {.key = 1, .type = ZX_PKT_TYPE_USER};
    cr_assert(eq(i32, zx_event_create(0, &event), ZX_OK));
    cr_assert(eq(i32, zx_port_queue(port, &packet), ZX_OK));
    cr_assert(eq(i32, zx_object_signal(event, 0, ZX_EVENT_SIGNALED), ZX_OK));
    cr_assert(eq(i32, zx_object_wait_async(event, port, 2, ZX_EVENT_SIGNALED, 0), ZX_OK));
    cr_assert(eq(i32, zx_interrupt_bind(handle, port, 3, ZX_INTERRUPT_BIND), ZX_OK));
    cr_assert(eq(i32, zx_interrupt_trigger(handle, 0, 7), ZX_OK));
    static const uint64_t order[] = {3, 1, 2};
    for (size_t i = 0; i < countof(order); i++) {
        cr_assert(eq(i32, zx_port_wait(port, ZX_TIME_INFINITE, &packet), ZX_OK));
        cr_expect(eq(u64, packet.key, order[i]));
    }
    zx_handle_close(handle);
    zx_handle_close(event);
    zx_handle_close(port);
}

// A trigger that finds nobody is kept, through an unbind too.
Test(interrupt, a_trigger_between_waits_is_not_lost) {
    zx_handle_t handle = make_virtual();
    zx_handle_t port = make_port(ZX_PORT_BIND_TO_INTERRUPT);
    zx_time_t timestamp = 0;
    cr_expect(eq(i32, zx_interrupt_trigger(handle, 0, 1), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_wait(handle, NULL), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_trigger(handle, 0, 2), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_wait(handle, &timestamp), ZX_OK));
    cr_expect(eq(i64, timestamp, 2));
    cr_expect(eq(i32, zx_interrupt_bind(handle, port, 1, ZX_INTERRUPT_BIND), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_bind(handle, port, 1, ZX_INTERRUPT_UNBIND), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_trigger(handle, 0, 3), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_wait(handle, &timestamp), ZX_OK));
    cr_expect(eq(i64, timestamp, 3));
    cr_expect(eq(i32, zx_interrupt_ack(handle), ZX_ERR_BAD_STATE));
    zx_handle_close(handle);
    zx_handle_close(port);
}

Test(interrupt, bind_refuses_what_cannot_be_bound) {
    zx_handle_t handle = make_virtual();
    zx_handle_t plain = make_port(0);
    zx_handle_t port = make_port(ZX_PORT_BIND_TO_INTERRUPT);
    zx_handle_t other = make_port(ZX_PORT_BIND_TO_INTERRUPT);
    cr_expect(eq(i32, zx_interrupt_bind(handle, plain, 0, ZX_INTERRUPT_BIND), ZX_ERR_WRONG_TYPE));
    cr_expect(eq(i32, zx_interrupt_bind(handle, handle, 0, ZX_INTERRUPT_BIND), ZX_ERR_WRONG_TYPE));
    cr_expect(eq(i32, zx_interrupt_bind(port, port, 0, ZX_INTERRUPT_BIND), ZX_ERR_WRONG_TYPE));
    cr_expect(eq(i32, zx_interrupt_bind(handle, port, 0, 2), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_interrupt_bind(handle, port, 0, ZX_INTERRUPT_UNBIND), ZX_ERR_NOT_FOUND));
    // The refusal above left it free.
    cr_expect(eq(i32, zx_interrupt_bind(handle, port, 0, ZX_INTERRUPT_BIND), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_bind(handle, other, 0, ZX_INTERRUPT_UNBIND), ZX_ERR_NOT_FOUND));
    cr_expect(eq(i32, zx_interrupt_bind(handle, port, 0, ZX_INTERRUPT_UNBIND), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_bind(handle, other, 0, ZX_INTERRUPT_BIND), ZX_OK));
    zx_handle_close(plain);
    zx_handle_close(port);
    zx_handle_close(other);
    zx_handle_close(handle);
}

Test(interrupt, destroying_a_bound_one_tells_whether_a_packet_is_out) {
    zx_handle_t port = make_port(ZX_PORT_BIND_TO_INTERRUPT);
    zx_port_packet_t packet;
    zx_handle_t unread = make_virtual();
    cr_assert(eq(i32, zx_interrupt_bind(unread, port, 1, ZX_INTERRUPT_BIND), ZX_OK));
    cr_assert(eq(i32, zx_interrupt_trigger(unread, 0, 1), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_destroy(unread), ZX_OK));
    cr_expect(eq(i32, zx_port_wait(port, 0, &packet), ZX_ERR_TIMED_OUT));
    zx_handle_t unacked = make_virtual();
    cr_assert(eq(i32, zx_interrupt_bind(unacked, port, 2, ZX_INTERRUPT_BIND), ZX_OK));
    cr_assert(eq(i32, zx_interrupt_trigger(unacked, 0, 1), ZX_OK));
    cr_assert(eq(i32, zx_port_wait(port, ZX_TIME_INFINITE, &packet), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_destroy(unacked), ZX_ERR_NOT_FOUND));
    cr_expect(eq(i32, zx_interrupt_ack(unacked), ZX_ERR_BAD_STATE));
    zx_handle_close(unread);
    zx_handle_close(unacked);
    zx_handle_close(port);
}

Test(interrupt, calls_check_handle_and_rights) {
    zx_handle_t handle = make_virtual();
    zx_handle_t port = make_port(ZX_PORT_BIND_TO_INTERRUPT);
    zx_handle_t mute = ZX_HANDLE_INVALID;
    cr_expect(eq(i32, zx_interrupt_wait(ZX_HANDLE_INVALID, NULL), ZX_ERR_BAD_HANDLE));
    cr_expect(eq(i32, zx_interrupt_wait(port, NULL), ZX_ERR_WRONG_TYPE));
    cr_expect(eq(i32, zx_interrupt_trigger(handle, 1, 0), ZX_ERR_INVALID_ARGS));
    cr_assert(eq(i32, zx_handle_duplicate(handle, ZX_RIGHT_INSPECT, &mute), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_trigger(mute, 0, 0), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_interrupt_wait(mute, NULL), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_interrupt_ack(mute), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_interrupt_bind(mute, port, 0, 0), ZX_ERR_ACCESS_DENIED));
    zx_handle_close(mute);
    zx_handle_close(port);
    zx_handle_close(handle);
    cr_expect(eq(i32, zx_interrupt_destroy(handle), ZX_ERR_BAD_HANDLE));
}

// Sends `handle` over a channel and gives what comes out at the other end.
static zx_handle_t through_channel(zx_handle_t handle) {
    zx_handle_t ends[2];
    zx_handle_t out = ZX_HANDLE_INVALID;
    uint32_t bytes = 0;
    uint32_t handles = 0;
    cr_assert(eq(i32, zx_channel_create(0, &ends[0], &ends[1]), ZX_OK));
    cr_assert(eq(i32, zx_channel_write(ends[0], 0, NULL, 0, &handle, 1), ZX_OK));
    cr_assert(eq(i32, zx_channel_read(ends[1], 0, NULL, &out, 0, 1, &bytes, &handles), ZX_OK));
    cr_assert(eq(u32, handles, 1));
    zx_handle_close_many(ends, 2);
    return out;
}

Test(interrupt, both_ends_of_a_channel_share_it) {
    zx_handle_t here = make_virtual();
    zx_handle_t copy = ZX_HANDLE_INVALID;
    zx_time_t timestamp = 0;
    cr_assert(eq(i32, zx_handle_duplicate(here, ZX_RIGHT_SAME_RIGHTS, &copy), ZX_OK));
    zx_handle_t there = through_channel(copy);
    cr_expect(eq(i32, zx_interrupt_trigger(here, 0, 77), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_wait(there, &timestamp), ZX_OK));
    cr_expect(eq(i64, timestamp, 77));
    cr_expect(eq(i32, zx_interrupt_trigger(there, 0, 88), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_wait(here, &timestamp), ZX_OK));
    cr_expect(eq(i64, timestamp, 88));
    waiter_t waiter;
    start_waiter(&waiter, there);
    cr_expect(eq(i32, zx_interrupt_destroy(here), ZX_OK));
    cr_expect(eq(i32, join_waiter(&waiter), ZX_ERR_CANCELED));
    cr_expect(eq(i32, zx_interrupt_trigger(there, 0, 0), ZX_ERR_CANCELED));
    zx_handle_close(here);
    zx_handle_close(there);
}

Test(interrupt, it_survives_the_sender) {
    zx_handle_t there = through_channel(make_virtual());
    cr_expect(eq(i32, zx_interrupt_trigger(there, 0, 5), ZX_OK));
    cr_expect(eq(i32, zx_interrupt_wait(there, NULL), ZX_OK));
    zx_handle_close(there);
}
