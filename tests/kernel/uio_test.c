// SPDX-License-Identifier: MIT
// Interrupts of a UIO device that exists only in this process.
#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>

#include <lx/uio.h>

#include "fake_uio.h"
#include "interrupt.h"
#include "object_test.h"

static void begin(void) {
    test_begin();
}

static void end(void) {
    fake_uio_fini();
    test_end();
}

OBJECT_SUITE(uio, begin, end);

static zx_handle_t make(bool has_control) {
    zx_handle_t handle;
    fake_uio_init(has_control);
    expect_ok(lx_interrupt_from_uio(fake_uio_open(), &handle));
    return handle;
}

static zx_handle_t make_port(void) {
    zx_handle_t port;
    expect_ok(zx_port_create(ZX_PORT_BIND_TO_INTERRUPT, &port));
    return port;
}

static void* wait_once(void* argument) {
    return (void*)(intptr_t)zx_interrupt_wait(*(zx_handle_t*)argument, NULL);
}

static zx_status_t joined(pthread_t thread) {
    void* result = NULL;
    pthread_join(thread, &result);
    return (zx_status_t)(intptr_t)result;
}

OBJECT_TEST(uio, what_is_no_uio_device_is_refused) {
    zx_handle_t out = ZX_HANDLE_INVALID;
    int pair[2];
    fake_uio_init(true);
    cr_assert_eq(pipe(pair), 0);
    expect_status(lx_interrupt_from_uio(-1, &out), ZX_ERR_WRONG_TYPE);
    expect_status(lx_interrupt_from_uio(pair[0], &out), ZX_ERR_WRONG_TYPE);
    expect_status(lx_interrupt_from_uio(pair[1], &out), ZX_ERR_WRONG_TYPE);
    expect_status(lx_interrupt_from_uio(eventfd(0, EFD_CLOEXEC), &out), ZX_ERR_WRONG_TYPE);
    expect_status(lx_interrupt_from_uio(open("/dev/null", O_RDWR | O_CLOEXEC), &out),
                  ZX_ERR_WRONG_TYPE);
    expect_status(lx_interrupt_from_uio(open("/dev/zero", O_RDWR | O_CLOEXEC), &out),
                  ZX_ERR_WRONG_TYPE);
    expect_status(lx_interrupt_from_uio(fake_uio_open(), NULL), ZX_ERR_INVALID_ARGS);
    fake_uio.control_errno = EBADF;
    expect_status(lx_interrupt_from_uio(fake_uio_open(), &out), ZX_ERR_ACCESS_DENIED);
    fake_uio_unbind();
    expect_status(lx_interrupt_from_uio(fake_uio_open(), &out), ZX_ERR_NOT_SUPPORTED);
    cr_assert_eq(out, ZX_HANDLE_INVALID);
}

// From the first moment to the first wait, and from each delivery to the next wait.
OBJECT_TEST(uio, it_is_masked_between_waits) {
    zx_handle_t handle = make(true);
    zx_time_t before = zx_clock_get_monotonic();
    zx_time_t timestamp = 0;
    cr_assert_eq(test_basic(handle).type, ZX_OBJ_TYPE_INTERRUPT);
    cr_assert_not(fake_uio.is_unmasked);
    fake_uio_fire();
    cr_assert_eq(test_signals(handle), 0, "masked");
    expect_ok(zx_interrupt_wait(handle, &timestamp));
    cr_assert(timestamp >= before && timestamp <= zx_clock_get_monotonic());
    cr_assert_eq(fake_uio.fired, 1);
    cr_assert_not(fake_uio.is_unmasked);
    fake_uio_fire();
    cr_assert_eq(fake_uio.fired, 1, "masked until the next wait");
    expect_ok(zx_interrupt_wait(handle, NULL));
    cr_assert_eq(fake_uio.fired, 2);
    cr_assert_eq(fake_uio.control_count, 3, "one write a wait, and the first mask");
    expect_status(zx_interrupt_trigger(handle, 0, 0), ZX_ERR_BAD_STATE);
    test_close(handle);
    cr_assert_eq(fake_uio.control_count, 4);
    cr_assert_not(fake_uio.is_unmasked);
}

OBJECT_TEST(uio, what_fired_before_is_pending) {
    zx_handle_t handle;
    fake_uio_init(true);
    fake_uio_fire();
    fake_uio.is_unmasked = true;
    fake_uio_fire();
    expect_ok(lx_interrupt_from_uio(fake_uio_open(), &handle));
    cr_assert_eq(test_signals(handle), ZX_INTERRUPT_SIGNALED);
    expect_ok(zx_interrupt_wait(handle, NULL));
    cr_assert_eq(test_signals(handle), 0, "both were one");
    test_close(handle);
}

OBJECT_TEST(uio, a_driver_without_control_gives_edges) {
    zx_handle_t handle = make(false);
    cr_assert(fake_uio.is_unmasked);
    for (int i = 0; i < 3; i++) {
        fake_uio_fire();
        fake_uio_fire();
        cr_assert_eq(test_signals(handle), ZX_INTERRUPT_SIGNALED);
        expect_ok(zx_interrupt_wait(handle, NULL));
        cr_assert_eq(test_signals(handle), 0);
    }
    cr_assert_eq(fake_uio.fired, 6);
    expect_ok(zx_interrupt_destroy(handle));
    expect_status(zx_interrupt_wait(handle, NULL), ZX_ERR_CANCELED);
    test_close(handle);
}

// A driver that has the hook and refuses is one without control.
OBJECT_TEST(uio, a_control_that_is_refused) {
    zx_handle_t handle;
    fake_uio_init(true);
    fake_uio.control_errno = EINVAL;
    expect_ok(lx_interrupt_from_uio(fake_uio_open(), &handle));
    fake_uio_fire();
    fake_uio.control_errno = EINVAL;
    expect_ok(zx_interrupt_wait(handle, NULL));
    test_close(handle);
}

OBJECT_TEST(uio, a_waiter_wakes) {
    zx_handle_t handle = make(true);
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, wait_once, &handle), 0);
    test_until_waited_on(handle, 1);
    fake_uio_fire();
    expect_ok(joined(thread));
    test_close(handle);
}

OBJECT_TEST(uio, destroy_wakes_and_masks) {
    zx_handle_t handle = make(true);
    pthread_t threads[2];
    for (size_t i = 0; i < countof(threads); i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, wait_once, &handle), 0);
    }
    test_until_waited_on(handle, 2);
    cr_assert(fake_uio.is_unmasked);
    expect_ok(zx_interrupt_destroy(handle));
    for (size_t i = 0; i < countof(threads); i++) {
        expect_status(joined(threads[i]), ZX_ERR_CANCELED);
    }
    cr_assert_not(fake_uio.is_unmasked);
    expect_status(zx_interrupt_wait(handle, NULL), ZX_ERR_CANCELED);
    cr_assert_not(fake_uio.is_unmasked, "nobody unmasks it any more");
    test_close(handle);
}

OBJECT_TEST(uio, on_a_port_it_is_masked_until_the_acknowledge) {
    zx_handle_t handle = make(true);
    zx_handle_t port = make_port();
    zx_port_packet_t packet;
    expect_status(zx_interrupt_ack(handle), ZX_ERR_BAD_STATE);
    expect_ok(zx_interrupt_bind(handle, port, 9, ZX_INTERRUPT_BIND));
    cr_assert(fake_uio.is_unmasked);
    expect_status(zx_interrupt_wait(handle, NULL), ZX_ERR_BAD_STATE);
    for (uint32_t i = 1; i <= 3; i++) {
        fake_uio_fire();
        expect_ok(zx_port_wait(port, EVER, &packet));
        cr_assert(packet.key == 9 && packet.type == ZX_PKT_TYPE_INTERRUPT);
        cr_assert(packet.status == ZX_OK && packet.interrupt.timestamp > 0);
        fake_uio_fire();
        cr_assert_eq(fake_uio.fired, 2 * i - 1, "masked");
        expect_status(zx_port_wait(port, 0, &packet), ZX_ERR_TIMED_OUT);
        expect_ok(zx_interrupt_ack(handle));
        expect_ok(zx_port_wait(port, EVER, &packet));
        expect_ok(zx_interrupt_ack(handle));
    }
    expect_ok(zx_interrupt_bind(handle, port, 9, ZX_INTERRUPT_UNBIND));
    test_close(handle);
    test_close(port);
}

OBJECT_TEST(uio, a_device_that_goes_away) {
    zx_handle_t handle = make(true);
    zx_handle_t port = make_port();
    zx_port_packet_t packet;
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, wait_once, &handle), 0);
    test_until_waited_on(handle, 1);
    fake_uio_unbind();
    expect_status(joined(thread), ZX_ERR_IO_NOT_PRESENT);
    cr_assert_eq(test_signals(handle), ZX_INTERRUPT_SIGNALED, "there is something to be told");
    expect_status(zx_interrupt_wait(handle, NULL), ZX_ERR_IO_NOT_PRESENT);
    expect_ok(zx_interrupt_destroy(handle));
    test_close(handle);
    fake_uio_fini();
    handle = make(true);
    expect_ok(zx_interrupt_bind(handle, port, 4, ZX_INTERRUPT_BIND));
    fake_uio_unbind();
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert(packet.key == 4 && packet.status == ZX_ERR_IO_NOT_PRESENT);
    expect_status(zx_interrupt_ack(handle), ZX_ERR_IO_NOT_PRESENT);
    expect_status(zx_port_wait(port, 0, &packet), ZX_ERR_TIMED_OUT);
    test_close(handle);
    test_close(port);
}

OBJECT_TEST(uio, both_ends_of_a_channel_share_it) {
    zx_handle_t here = make(true);
    zx_handle_t copy, there, ends[2];
    expect_ok(zx_handle_duplicate(here, ZX_RIGHT_SAME_RIGHTS, &copy));
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    test_send_handle(ends[0], copy);
    expect_ok(test_receive_handle(ends[1], &there));
    fake_uio_fire();
    expect_ok(zx_interrupt_wait(there, NULL));
    cr_assert_not(fake_uio.is_unmasked);
    fake_uio_fire();
    expect_ok(zx_interrupt_wait(here, NULL));
    test_close(here);
    cr_assert_eq(fake_uio.control_count, 3, "it is not the last that mask it");
    // The receiver's waits unmask, and its destroy masks.
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, wait_once, &there), 0);
    test_until_waited_on(there, 1);
    fake_uio_fire();
    expect_ok(joined(thread));
    expect_ok(zx_interrupt_destroy(there));
    cr_assert_not(fake_uio.is_unmasked);
    test_close(there);
    expect_ok(zx_handle_close_many(ends, 2));
}

// Destroyed by another holder: the wait ends, and does not unmask.
OBJECT_TEST(uio, destroyed_at_the_other_end) {
    zx_handle_t here = make(true);
    zx_handle_t copy, there, ends[2];
    expect_ok(zx_handle_duplicate(here, ZX_RIGHT_SAME_RIGHTS, &copy));
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    test_send_handle(ends[0], copy);
    expect_ok(test_receive_handle(ends[1], &there));
    pthread_t thread;
    cr_assert_eq(pthread_create(&thread, NULL, wait_once, &here), 0);
    test_until_waited_on(here, 1);
    expect_ok(zx_interrupt_destroy(there));
    expect_status(joined(thread), ZX_ERR_CANCELED);
    expect_status(zx_interrupt_wait(here, NULL), ZX_ERR_CANCELED);
    cr_assert_not(fake_uio.is_unmasked);
    fake_uio_unbind();
    expect_status(zx_interrupt_wait(here, NULL), ZX_ERR_CANCELED);
    const zx_handle_t all[] = {here, there, ends[0], ends[1]};
    expect_ok(zx_handle_close_many(all, countof(all)));
}

OBJECT_TEST(uio, forged_fds_are_refused) {
    ko_object_t* object = NULL;
    fake_uio_init(true);
    int device = fake_uio_open();
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    const struct {
        uint32_t count;
        int first;
        int second;
    } lies[] = {{2, event, event},
                {2, device, device},
                {1, device, event},
                {3, device, event},
                {2, device, event}};  // the last: it would block
    for (size_t i = 0; i < countof(lies); i++) {
        ko_wire_t wire = {.fd_count = lies[i].count,
                          .fds = {lies[i].first, lies[i].second, event},
                          .words = {KO_INTERRUPT_UIO}};
        expect_status(ko_import_interrupt(&wire, &object), ZX_ERR_IO_DATA_INTEGRITY);
        cr_assert_eq(wire.fds[0], lies[i].first, "still the caller's");
    }
    ko_fd_close(&device);
    ko_fd_close(&event);
}
