// SPDX-License-Identifier: MIT
// FIFOs: records in order, full and empty, and an end that lies. Processes are in transfer_test.c.
#include <sys/mman.h>

#include "object_test.h"

#define COUNT 8u

static zx_handle_t near;
static zx_handle_t far;

static void begin(void) {
    test_begin();
    expect_ok(zx_fifo_create(COUNT, sizeof(uint32_t), 0, &near, &far));
}

static void end(void) {
    test_close(near);
    zx_handle_close(far);
    test_end();
}

OBJECT_SUITE(fifo, begin, end);

static zx_status_t put(zx_handle_t fifo, const uint32_t* values, size_t count, size_t* actual) {
    return zx_fifo_write(fifo, sizeof(*values), values, count, actual);
}

static zx_status_t take(zx_handle_t fifo, uint32_t* values, size_t count, size_t* actual) {
    return zx_fifo_read(fifo, sizeof(*values), values, count, actual);
}

OBJECT_TEST(fifo, create_errors) {
    zx_handle_t a, b;
    static const struct {
        size_t count, size;
    } bad[] = {{0, 4}, {4, 0}, {3, 4}, {8192, 1}, {2048, 4}, {1, 4097}, {SIZE_MAX / 2 + 1, 2}};
    for (size_t i = 0; i < countof(bad); i++) {
        expect_status(zx_fifo_create(bad[i].count, bad[i].size, 0, &a, &b), ZX_ERR_OUT_OF_RANGE);
    }
    expect_status(zx_fifo_create(8, 4, 1, &a, &b), ZX_ERR_INVALID_ARGS);
    expect_status(zx_fifo_create(8, 4, 0, NULL, &b), ZX_ERR_INVALID_ARGS);
    expect_status(zx_fifo_create(8, 4, 0, &a, NULL), ZX_ERR_INVALID_ARGS);
    expect_ok(zx_fifo_create(1, 4096, 0, &a, &b));
    test_close(a);
    test_close(b);
    expect_ok(zx_fifo_create(4096, 1, 0, &a, &b));
    test_close(a);
    test_close(b);
}

OBJECT_TEST(fifo, arguments) {
    uint32_t value = 0;
    size_t actual;
    expect_status(zx_fifo_write(near, 3, &value, 1, NULL), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_fifo_read(near, 8, &value, 1, NULL), ZX_ERR_OUT_OF_RANGE);
    expect_status(put(near, &value, 0, &actual), ZX_ERR_OUT_OF_RANGE);
    expect_status(put(near, NULL, 1, &actual), ZX_ERR_INVALID_ARGS);
    expect_status(put(near, &value, 2, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(take(near, NULL, 1, &actual), ZX_ERR_INVALID_ARGS);
    test_drop_rights(&near, ZX_RIGHT_WRITE);
    expect_status(put(near, &value, 1, NULL), ZX_ERR_ACCESS_DENIED);
    test_drop_rights(&near, ZX_RIGHT_READ);
    expect_status(take(near, &value, 1, NULL), ZX_ERR_ACCESS_DENIED);
}

OBJECT_TEST(fifo, fill_and_drain) {
    uint32_t values[COUNT + 3];
    size_t actual = 0;
    for (uint32_t i = 0; i < countof(values); i++) {
        values[i] = i + 1;
    }
    cr_assert_eq(test_signals(near), ZX_FIFO_WRITABLE);
    expect_ok(put(near, values, countof(values), &actual));
    cr_assert_eq(actual, COUNT, "as many as fit");
    expect_status(put(near, values, 1, NULL), ZX_ERR_SHOULD_WAIT);
    cr_assert_eq(test_signals(near), 0);
    cr_assert_eq(test_signals(far), ZX_FIFO_READABLE | ZX_FIFO_WRITABLE);
    memset(values, 0, sizeof(values));
    expect_ok(take(far, values, 3, &actual));
    cr_assert(actual == 3 && values[0] == 1 && values[2] == 3 && values[3] == 0);
    cr_assert_eq(test_signals(near), ZX_FIFO_WRITABLE);
    expect_ok(take(far, values, countof(values), &actual));
    cr_assert(actual == COUNT - 3 && values[0] == 4 && values[4] == 8);
    expect_status(take(far, values, 1, NULL), ZX_ERR_SHOULD_WAIT);
    cr_assert_eq(test_signals(far), ZX_FIFO_WRITABLE);
}

// Batches of all sizes go round the ring's end.
OBJECT_TEST(fifo, wraps_around) {
    uint32_t sent = 0;
    uint32_t received = 0;
    for (uint32_t round = 0; round < 1000; round++) {
        uint32_t values[COUNT];
        size_t actual;
        size_t batch = 1 + round % COUNT;
        for (size_t i = 0; i < batch; i++) {
            values[i] = sent + (uint32_t)i;
        }
        expect_ok(put(near, values, batch, &actual));
        sent += (uint32_t)actual;
        expect_ok(take(far, values, 1 + (round * 5) % COUNT, &actual));
        for (size_t i = 0; i < actual; i++) {
            cr_assert_eq(values[i], received++);
        }
    }
    cr_assert_gt(received, 1000);
}

OBJECT_TEST(fifo, peer_closed_after_the_records) {
    uint32_t values[2] = {1, 2};
    size_t actual;
    expect_ok(put(far, values, 2, &actual));
    test_close(far);
    cr_assert_eq(test_signals(near), ZX_FIFO_READABLE | ZX_FIFO_PEER_CLOSED);
    expect_status(put(near, values, 1, NULL), ZX_ERR_PEER_CLOSED);
    expect_ok(take(near, values, 2, &actual));
    cr_assert_eq(actual, 2);
    expect_status(take(near, values, 1, NULL), ZX_ERR_PEER_CLOSED);
    cr_assert_eq(test_signals(near), ZX_FIFO_PEER_CLOSED);
}

OBJECT_TEST(fifo, user_signals) {
    expect_ok(zx_object_signal(near, 0, ZX_USER_SIGNAL_0));
    expect_ok(zx_object_signal_peer(near, 0, ZX_USER_SIGNAL_1));
    cr_assert_eq(test_signals(near), ZX_FIFO_WRITABLE | ZX_USER_SIGNAL_0);
    cr_assert_eq(test_signals(far), ZX_FIFO_WRITABLE | ZX_USER_SIGNAL_1);
    expect_status(zx_object_signal(near, 0, ZX_EVENT_SIGNALED), ZX_ERR_INVALID_ARGS);
    expect_status(zx_object_signal_peer(near, 0, ZX_FIFO_READABLE), ZX_ERR_INVALID_ARGS);
    test_close(far);
    expect_status(zx_object_signal_peer(near, 0, ZX_USER_SIGNAL_0), ZX_ERR_PEER_CLOSED);
}

static void* produce(void* argument) {
    for (uint32_t i = 0; i < 20000;) {
        zx_status_t status = put(near, &i, 1, NULL);
        if (status == ZX_ERR_SHOULD_WAIT) {
            status = zx_object_wait_one(near, ZX_FIFO_WRITABLE, EVER, NULL);
        } else {
            i++;
        }
        if (status != ZX_OK) {
            return argument;
        }
    }
    return NULL;
}

// No wake-up is lost on either side; the reader uses a port.
OBJECT_TEST(fifo, threads) {
    pthread_t thread;
    void* failed;
    zx_handle_t port = test_port();
    cr_assert_eq(pthread_create(&thread, NULL, produce, &near), 0);
    for (uint32_t expected = 0; expected < 20000;) {
        uint32_t values[COUNT];
        size_t actual;
        zx_status_t status = take(far, values, COUNT, &actual);
        if (status == ZX_ERR_SHOULD_WAIT) {
            expect_ok(zx_object_wait_async(far, port, 1, ZX_FIFO_READABLE, 0));
            expect_ok(zx_port_wait(port, EVER, NULL));
            continue;
        }
        expect_ok(status);
        for (size_t i = 0; i < actual; i++) {
            cr_assert_eq(values[i], expected++);
        }
    }
    pthread_join(thread, &failed);
    cr_assert_null(failed);
    test_close(port);
}

OBJECT_TEST(fifo, edge) {
    zx_handle_t port = test_port();
    uint32_t value = 1;
    expect_ok(put(near, &value, 1, NULL));
    expect_ok(zx_object_wait_async(far, port, 1, ZX_FIFO_READABLE, ZX_WAIT_ASYNC_EDGE));
    expect_status(zx_port_wait(port, 0, NULL), ZX_ERR_TIMED_OUT);
    expect_ok(take(far, &value, 1, NULL));
    expect_ok(put(near, &value, 1, NULL));
    expect_ok(zx_port_wait(port, 0, NULL));
    test_close(port);
}

// ---- an end that lies, by writing what it likes into the shared page

typedef struct lies {
    ko_object_t* object;
    _Atomic uint32_t* words;  // signals[2], armed[2], head and tail of ring 0, of ring 1
} lies_t;

static void lies_open(lies_t* lies) {
    ko_wire_t wire = {0};
    expect_ok(ko_handle_get(far, ZX_OBJ_TYPE_FIFO, 0, &lies->object));
    expect_ok(lies->object->ops->export_wire(lies->object, &wire));
    lies->words = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, wire.fds[0], 0);
    cr_assert_neq((void*)lies->words, MAP_FAILED);
}

static void lies_close(lies_t* lies) {
    munmap((void*)lies->words, 4096);
    ko_object_release(lies->object);
}

OBJECT_TEST(fifo, lying_indices) {
    static const uint32_t values[] = {COUNT + 1, 4096, 0x80000000u, UINT32_MAX - COUNT};
    lies_t lies;
    lies_open(&lies);
    for (size_t i = 0; i < countof(values); i++) {
        uint32_t buffer[64];
        size_t actual;
        atomic_store(&lies.words[7], values[i]);  // the tail that `far` writes
        expect_status(take(near, buffer, countof(buffer), &actual), ZX_ERR_IO_DATA_INTEGRITY);
        atomic_store(&lies.words[4], values[i]);  // the head that `far` has read up to
        expect_status(put(near, buffer, 1, NULL), ZX_ERR_IO_DATA_INTEGRITY);
        atomic_store(&lies.words[4], 0);
        atomic_store(&lies.words[7], 0);
    }
    lies_close(&lies);
}

// This end's own indices are its own, whatever the page says.
OBJECT_TEST(fifo, indices_that_are_not_the_peers) {
    lies_t lies;
    uint32_t value = 5;
    lies_open(&lies);
    atomic_store(&lies.words[6], 100);  // the head of ring 1, which `near` writes
    atomic_store(&lies.words[5], 100);  // the tail of ring 0, the same
    cr_assert_eq(test_signals(near), ZX_FIFO_WRITABLE);
    expect_status(take(near, &value, 1, NULL), ZX_ERR_SHOULD_WAIT);
    expect_ok(put(near, &value, 1, NULL));
    value = 0;
    expect_ok(take(far, &value, 1, NULL));
    cr_assert_eq(value, 5);
    atomic_store(&lies.words[0], UINT32_MAX);  // signals that a FIFO cannot have
    cr_assert_eq(test_signals(near), ZX_FIFO_WRITABLE | ZX_USER_SIGNAL_ALL);
    lies_close(&lies);
}
