// SPDX-License-Identifier: MIT
// Ports: packets, waits that become packets, and objects and ports that go at any time.
#include "object_test.h"
#include "port.h"

static zx_handle_t port;
static zx_handle_t event;

static void begin(void) {
    test_begin();
    port = test_port();
    event = test_event();
}

// Either may be closed already.
static void end(void) {
    zx_handle_close(port);
    zx_handle_close(event);
    test_end();
}

OBJECT_SUITE(port, begin, end);

static zx_status_t poll_port(zx_port_packet_t* packet) {
    return zx_port_wait(port, 0, packet);
}

static void expect_none(void) {
    zx_port_packet_t packet;
    expect_status(poll_port(&packet), ZX_ERR_TIMED_OUT);
}

static void expect_key(uint64_t key) {
    zx_port_packet_t packet;
    expect_ok(poll_port(&packet));
    cr_assert_eq(packet.key, key, "key %llu", (unsigned long long)packet.key);
}

static zx_status_t observe(uint64_t key, zx_signals_t signals, uint32_t options) {
    return zx_object_wait_async(event, port, key, signals, options);
}

static void set(zx_signals_t signals) {
    expect_ok(zx_object_signal(event, 0, signals));
}

static void clear(zx_signals_t signals) {
    expect_ok(zx_object_signal(event, signals, 0));
}

OBJECT_TEST(port, arguments) {
    zx_handle_t other = test_event();
    zx_port_packet_t packet = {.type = ZX_PKT_TYPE_SIGNAL_ONE};
    expect_status(zx_port_create(2, &other), ZX_ERR_INVALID_ARGS);
    expect_status(zx_port_create(0, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_port_queue(port, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_port_queue(port, &packet), ZX_ERR_INVALID_ARGS);
    expect_status(observe(1, ZX_EVENT_SIGNALED, 4), ZX_ERR_INVALID_ARGS);
    expect_status(zx_object_wait_async(zx_process_self(), port, 1, 1, 0), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_port_cancel(port, zx_process_self(), 1), ZX_ERR_NOT_SUPPORTED);
    test_drop_rights(&other, ZX_RIGHT_WAIT);
    expect_status(zx_object_wait_async(other, port, 1, 1, 0), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_port_cancel(port, other, 1), ZX_ERR_ACCESS_DENIED);
    test_close(other);
    test_drop_rights(&port, ZX_RIGHT_READ);
    expect_status(poll_port(&packet), ZX_ERR_ACCESS_DENIED);
    test_drop_rights(&port, ZX_RIGHT_WRITE);
    packet.type = ZX_PKT_TYPE_USER;
    expect_status(zx_port_queue(port, &packet), ZX_ERR_ACCESS_DENIED);
    expect_status(observe(1, ZX_EVENT_SIGNALED, 0), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_port_cancel(port, event, 1), ZX_ERR_ACCESS_DENIED);
}

OBJECT_TEST(port, user_packets_in_order) {
    for (uint64_t key = 1; key <= 3; key++) {
        zx_port_packet_t packet = {.key = key, .type = ZX_PKT_TYPE_USER, .status = -7};
        packet.user.u64[3] = key * 11;
        expect_ok(zx_port_queue(port, &packet));
    }
    for (uint64_t key = 1; key <= 3; key++) {
        zx_port_packet_t packet;
        expect_ok(poll_port(&packet));
        cr_assert(packet.key == key && packet.type == ZX_PKT_TYPE_USER && packet.status == -7);
        cr_assert_eq(packet.user.u64[3], key * 11);
    }
    expect_none();
    zx_port_packet_t packet = {.type = ZX_PKT_TYPE_USER};
    expect_ok(zx_port_queue(port, &packet));
    expect_ok(zx_port_wait(port, EVER, NULL));  // who wants to know nothing of it
    expect_none();
}

OBJECT_TEST(port, full) {
    zx_port_packet_t packet = {.type = ZX_PKT_TYPE_USER};
    for (uint32_t i = 0; i < KO_PORT_MAX_PACKETS; i++) {
        expect_ok(zx_port_queue(port, &packet));
    }
    expect_status(zx_port_queue(port, &packet), ZX_ERR_SHOULD_WAIT);
    expect_key(0);
    expect_ok(zx_port_queue(port, &packet));
}

OBJECT_TEST(port, not_before_the_deadline) {
    zx_time_t deadline = SOON;
    expect_status(zx_port_wait(port, deadline, NULL), ZX_ERR_TIMED_OUT);
    cr_assert_geq(zx_clock_get_monotonic(), deadline);
}

OBJECT_TEST(port, wait_async_asserted_already) {
    set(ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_1);
    zx_time_t before = zx_clock_get_monotonic();
    expect_ok(observe(5, ZX_USER_SIGNAL_1, ZX_WAIT_ASYNC_TIMESTAMP));
    zx_port_packet_t packet;
    expect_ok(poll_port(&packet));
    cr_assert(packet.key == 5 && packet.type == ZX_PKT_TYPE_SIGNAL_ONE && packet.status == ZX_OK);
    cr_assert_eq(packet.signal.trigger, ZX_USER_SIGNAL_1);
    cr_assert_eq(packet.signal.observed, ZX_USER_SIGNAL_0 | ZX_USER_SIGNAL_1);
    cr_assert_eq(packet.signal.count, 1);
    cr_assert(packet.signal.timestamp >= before &&
              packet.signal.timestamp <= zx_clock_get_monotonic());
    set(ZX_USER_SIGNAL_1);
    expect_none();  // once
}

OBJECT_TEST(port, wait_async_later) {
    expect_ok(observe(5, ZX_USER_SIGNAL_1, 0));
    expect_none();
    set(ZX_USER_SIGNAL_2);
    expect_none();
    set(ZX_USER_SIGNAL_1);
    expect_key(5);
    clear(ZX_USER_SIGNAL_1);
    set(ZX_USER_SIGNAL_1);
    expect_none();
}

OBJECT_TEST(port, several_waits) {
    expect_ok(observe(1, ZX_USER_SIGNAL_1, 0));
    expect_ok(observe(2, ZX_USER_SIGNAL_2, 0));
    expect_ok(observe(3, ZX_USER_SIGNAL_1 | ZX_USER_SIGNAL_2, 0));
    set(ZX_USER_SIGNAL_2);
    expect_key(2);
    expect_key(3);
    expect_none();
    set(ZX_USER_SIGNAL_1);
    expect_key(1);
    expect_none();
}

OBJECT_TEST(port, two_ports) {
    zx_handle_t second = test_port();
    zx_port_packet_t packet;
    expect_ok(observe(1, ZX_USER_SIGNAL_1, 0));
    expect_ok(zx_object_wait_async(event, second, 2, ZX_USER_SIGNAL_1, 0));
    set(ZX_USER_SIGNAL_1);
    expect_key(1);
    expect_ok(zx_port_wait(second, 0, &packet));
    cr_assert_eq(packet.key, 2);
    test_close(second);
}

// An edge is the change, not the state.
OBJECT_TEST(port, edge) {
    set(ZX_USER_SIGNAL_1);
    expect_ok(observe(1, ZX_USER_SIGNAL_1, ZX_WAIT_ASYNC_EDGE));
    expect_none();
    set(ZX_USER_SIGNAL_1);
    expect_none();
    clear(ZX_USER_SIGNAL_1);
    expect_none();
    set(ZX_USER_SIGNAL_1);
    expect_key(1);
    set(ZX_USER_SIGNAL_1);
    expect_none();
}

// Between the two changes nobody looks at the port.
OBJECT_TEST(port, edge_without_a_look_between) {
    set(ZX_USER_SIGNAL_1);
    expect_ok(observe(1, ZX_USER_SIGNAL_1, ZX_WAIT_ASYNC_EDGE));
    clear(ZX_USER_SIGNAL_1);
    set(ZX_USER_SIGNAL_1);
    expect_key(1);
}

// A reader enlists for the next message, then drains; what comes while it drains must wake it.
OBJECT_TEST(port, edge_of_a_channel) {
    zx_handle_t ends[2];
    uint32_t size;
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    test_write(ends[1], "first");
    expect_ok(zx_object_wait_async(ends[0], port, 1, ZX_CHANNEL_READABLE, ZX_WAIT_ASYNC_EDGE));
    test_expect_text(ends[0], "first");
    expect_none();
    test_write(ends[1], "second");
    expect_key(1);
    expect_ok(zx_object_wait_async(ends[0], port, 2, ZX_CHANNEL_READABLE, ZX_WAIT_ASYNC_EDGE));
    test_expect_text(ends[0], "second");
    expect_status(zx_channel_read(ends[0], 0, NULL, NULL, 0, 0, &size, NULL), ZX_ERR_SHOULD_WAIT);
    test_write(ends[1], "third");
    expect_key(2);
    expect_ok(zx_handle_close_many(ends, 2));
}

#define BURST 5000

static void* write_run(void* argument) {
    for (int i = 0; i < BURST;) {
        zx_status_t status = zx_channel_write(*(zx_handle_t*)argument, 0, "x", 1, NULL, 0);
        if (status == ZX_OK) {
            i++;
        } else if (status != ZX_ERR_SHOULD_WAIT) {
            return argument;
        } else {
            zx_object_wait_one(*(zx_handle_t*)argument, ZX_CHANNEL_WRITABLE, EVER, NULL);
        }
    }
    return NULL;
}

// The same against a writer that never pauses: an edge that is missed leaves the reader asleep.
OBJECT_TEST(port, edges_race) {
    zx_handle_t ends[2];
    pthread_t thread;
    void* failed;
    int count = 0;
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    cr_assert_eq(pthread_create(&thread, NULL, write_run, &ends[1]), 0);
    while (count < BURST) {
        char byte;
        uint32_t size;
        expect_ok(zx_object_wait_async(ends[0], port, 1, ZX_CHANNEL_READABLE, ZX_WAIT_ASYNC_EDGE));
        while (zx_channel_read(ends[0], 0, &byte, NULL, 1, 0, &size, NULL) == ZX_OK) {
            count++;
        }
        if (count < BURST) {
            expect_ok(zx_port_wait(port, EVER, NULL));
        }
    }
    pthread_join(thread, &failed);
    cr_assert_null(failed);
    expect_ok(zx_handle_close_many(ends, 2));
}

OBJECT_TEST(port, edge_of_a_timer) {
    zx_handle_t timer;
    expect_ok(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &timer));
    expect_ok(zx_timer_set(timer, 1, 0));
    expect_ok(zx_object_wait_async(timer, port, 1, ZX_TIMER_SIGNALED, ZX_WAIT_ASYNC_EDGE));
    expect_none();
    expect_ok(zx_timer_cancel(timer));
    expect_none();
    expect_ok(zx_timer_set(timer, 1, 0));
    expect_ok(zx_port_wait(port, EVER, NULL));
    test_close(timer);
}

// Messages that come close together, each waited for anew.
OBJECT_TEST(port, channel_messages) {
    zx_handle_t ends[2];
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    expect_ok(zx_object_wait_async(ends[0], port, 1, ZX_CHANNEL_READABLE, 0));
    test_write(ends[1], "one");
    test_write(ends[1], "two");
    expect_key(1);
    test_expect_text(ends[0], "one");
    expect_none();
    expect_ok(zx_object_wait_async(ends[0], port, 2, ZX_CHANNEL_READABLE, 0));
    expect_key(2);  // the second is still there
    test_expect_text(ends[0], "two");
    expect_ok(
        zx_object_wait_async(ends[0], port, 3, ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED, 0));
    expect_none();
    test_close(ends[1]);
    zx_port_packet_t packet;
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert_eq(packet.signal.observed, ZX_CHANNEL_PEER_CLOSED);
    test_close(ends[0]);
}

OBJECT_TEST(port, cancel) {
    expect_status(zx_port_cancel(port, event, 1), ZX_ERR_NOT_FOUND);
    expect_ok(observe(1, ZX_USER_SIGNAL_1, 0));
    expect_ok(observe(2, ZX_USER_SIGNAL_1, 0));
    expect_ok(zx_port_cancel(port, event, 1));
    expect_status(zx_port_cancel(port, event, 1), ZX_ERR_NOT_FOUND);
    set(ZX_USER_SIGNAL_1);
    expect_key(2);
    expect_ok(observe(3, ZX_USER_SIGNAL_1, 0));  // queued at once
    expect_ok(zx_port_cancel(port, event, 3));
    expect_none();
    expect_status(zx_port_cancel(port, 0x1234, 3), ZX_ERR_BAD_HANDLE);
}

OBJECT_TEST(port, closed_handle_ends_its_waits) {
    zx_handle_t copy;
    expect_ok(zx_handle_duplicate(event, ZX_RIGHT_SAME_RIGHTS, &copy));
    expect_ok(zx_object_wait_async(copy, port, 1, ZX_USER_SIGNAL_1, 0));
    expect_ok(observe(2, ZX_USER_SIGNAL_1, 0));
    test_close(copy);
    set(ZX_USER_SIGNAL_1);
    expect_key(2);
    expect_none();
    expect_ok(observe(3, ZX_USER_SIGNAL_1, 0));
    test_close(event);
    expect_key(3);  // a packet that is queued stays
    expect_none();
}

OBJECT_TEST(port, closed_port_ends_its_waits) {
    expect_ok(observe(1, ZX_USER_SIGNAL_1, 0));
    test_close(port);
    set(ZX_USER_SIGNAL_1);
    expect_status(observe(1, ZX_USER_SIGNAL_1, 0), ZX_ERR_BAD_HANDLE);
}

static void* wait_run(void* argument) {
    zx_port_packet_t packet;
    *(zx_status_t*)argument = zx_port_wait(port, EVER, &packet);
    return NULL;
}

static void until_threads_wait(uint32_t count) {
    ko_object_t* object;
    expect_ok(ko_handle_get(port, ZX_OBJ_TYPE_PORT, 0, &object));
    for (uint32_t waiting = 0; waiting < count; sched_yield()) {
        pthread_mutex_lock(&((ko_port_t*)object)->lock);
        waiting = ((ko_port_t*)object)->waiting;
        pthread_mutex_unlock(&((ko_port_t*)object)->lock);
    }
    ko_object_release(object);
}

#define THREADS 4

OBJECT_TEST(port, closing_wakes_the_threads) {
    pthread_t threads[THREADS];
    zx_status_t statuses[THREADS];
    for (int i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, wait_run, &statuses[i]), 0);
    }
    until_threads_wait(THREADS);
    test_close(port);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        expect_status(statuses[i], ZX_ERR_CANCELED);
    }
}

// As many packets as threads, in a burst: each thread gets one.
OBJECT_TEST(port, each_thread_one_packet) {
    for (int round = 0; round < 100; round++) {
        pthread_t threads[THREADS];
        zx_status_t statuses[THREADS];
        for (int i = 0; i < THREADS; i++) {
            cr_assert_eq(pthread_create(&threads[i], NULL, wait_run, &statuses[i]), 0);
        }
        if (round % 2 == 0) {
            until_threads_wait(THREADS);
        }
        for (int i = 0; i < THREADS; i++) {
            zx_port_packet_t packet = {.key = 1, .type = ZX_PKT_TYPE_USER};
            expect_ok(zx_port_queue(port, &packet));
        }
        for (int i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
            expect_ok(statuses[i]);
        }
        expect_none();
    }
}

static void* signal_run(void* argument) {
    (void)argument;
    for (int i = 0; i < 2000; i++) {
        if (zx_object_signal(event, ZX_USER_SIGNAL_1, 0) != ZX_OK ||
            zx_object_signal(event, 0, ZX_USER_SIGNAL_1) != ZX_OK) {
            return &event;
        }
    }
    return NULL;
}

// Waits, cancels and signals at once: the last state is always seen.
OBJECT_TEST(port, enlisting_races) {
    pthread_t thread;
    void* failed;
    cr_assert_eq(pthread_create(&thread, NULL, signal_run, NULL), 0);
    for (int i = 0; i < 1000; i++) {
        expect_ok(observe(1, ZX_USER_SIGNAL_1, 0));
        if (i % 3 == 0) {
            (void)zx_port_cancel(port, event, 1);
        } else {
            expect_ok(zx_port_wait(port, EVER, NULL));
        }
        (void)zx_port_cancel(port, event, 1);
    }
    pthread_join(thread, &failed);
    cr_assert_null(failed);
    expect_none();
}

static void* close_run(void* argument) {
    zx_handle_close(*(zx_handle_t*)argument);
    return NULL;
}

OBJECT_TEST(port, closing_races) {
    for (int i = 0; i < 300; i++) {
        zx_handle_t handle = test_event();
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, close_run, i % 2 ? &handle : &port), 0);
        zx_status_t status = zx_object_wait_async(handle, port, 1, ZX_USER_SIGNAL_1, 0);
        cr_assert(status == ZX_OK || status == ZX_ERR_BAD_HANDLE, "%d", status);
        pthread_join(thread, NULL);
        if (i % 2 == 0) {
            test_close(handle);
            port = test_port();
        }
    }
}
