// SPDX-License-Identifier: MIT
// Sockets: streams, datagrams, shutdown, thresholds, signals, and ends in another process.
#include "object_test.h"

OBJECT_SUITE(zx_socket, test_begin, test_end);

#define CAPACITY   (256u * 1024u)
#define BOTH(ends) expect_ok(zx_handle_close_many(ends, 2))

static void stream(zx_handle_t ends[2]) {
    expect_ok(zx_socket_create(ZX_SOCKET_STREAM, &ends[0], &ends[1]));
}

static void datagrams(zx_handle_t ends[2]) {
    expect_ok(zx_socket_create(ZX_SOCKET_DATAGRAM, &ends[0], &ends[1]));
}

static size_t put(zx_handle_t end, const void* bytes, size_t size) {
    size_t actual = 0;
    expect_ok(zx_socket_write(end, 0, bytes, size, &actual));
    return actual;
}

static void expect_read(zx_handle_t end, const char* text) {
    char bytes[64];
    size_t actual = 0;
    expect_ok(zx_socket_read(end, 0, bytes, sizeof(bytes), &actual));
    cr_assert_eq(actual, strlen(text), "%zu bytes instead of '%s'", actual, text);
    cr_assert_eq(memcmp(bytes, text, actual), 0, "'%.*s', not '%s'", (int)actual, bytes, text);
}

static zx_info_socket_t info(zx_handle_t end) {
    zx_info_socket_t out;
    expect_ok(zx_object_get_info(end, ZX_INFO_SOCKET, &out, sizeof(out), NULL, NULL));
    return out;
}

// Fills a stream to its last byte; returns how many went in.
static size_t fill(zx_handle_t end) {
    static char block[10000];
    size_t total = 0;
    size_t actual = 0;
    while (zx_socket_write(end, 0, block, sizeof(block), &actual) == ZX_OK) {
        total += actual;
    }
    return total;
}

OBJECT_TEST(zx_socket, create) {
    zx_handle_t ends[2];
    expect_status(zx_socket_create(2, &ends[0], &ends[1]), ZX_ERR_INVALID_ARGS);
    expect_status(zx_socket_create(ZX_SOCKET_PEEK, &ends[0], &ends[1]), ZX_ERR_INVALID_ARGS);
    expect_status(zx_socket_create(0, NULL, &ends[1]), ZX_ERR_INVALID_ARGS);
    expect_status(zx_socket_create(0, &ends[0], NULL), ZX_ERR_INVALID_ARGS);
    stream(ends);
    zx_info_handle_basic_t basic = test_basic(ends[0]);
    cr_assert_eq(basic.type, ZX_OBJ_TYPE_SOCKET);
    cr_assert_eq(basic.rights, ZX_DEFAULT_SOCKET_RIGHTS);
    cr_assert_eq(basic.related_koid, test_basic(ends[1]).koid);
    cr_assert_eq(test_signals(ends[0]), ZX_SOCKET_WRITABLE);
    BOTH(ends);
}

OBJECT_TEST(zx_socket, bad_arguments) {
    zx_handle_t ends[2];
    zx_handle_t event = test_event();
    char byte = 0;
    size_t actual = 7;
    stream(ends);
    expect_status(zx_socket_write(ends[0], 1, "x", 1, &actual), ZX_ERR_INVALID_ARGS);
    expect_status(zx_socket_write(ends[0], 0, NULL, 1, &actual), ZX_ERR_INVALID_ARGS);
    expect_status(zx_socket_read(ends[0], 1, &byte, 1, &actual), ZX_ERR_INVALID_ARGS);
    expect_status(zx_socket_read(ends[0], 0, NULL, 1, &actual), ZX_ERR_INVALID_ARGS);
    expect_status(zx_socket_read(ends[0], 0, NULL, 0, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_socket_shutdown(ends[0], 4), ZX_ERR_INVALID_ARGS);
    expect_status(zx_socket_write(event, 0, "x", 1, &actual), ZX_ERR_WRONG_TYPE);
    expect_status(zx_socket_read(event, 0, &byte, 1, &actual), ZX_ERR_WRONG_TYPE);
    expect_status(zx_socket_shutdown(event, 1), ZX_ERR_WRONG_TYPE);
    cr_assert_eq(actual, 7, "untouched on failure");
    test_close(event);
    expect_status(zx_socket_write(event, 0, "x", 1, NULL), ZX_ERR_BAD_HANDLE);
    expect_status(zx_socket_read(event, 0, &byte, 1, NULL), ZX_ERR_BAD_HANDLE);
    expect_status(zx_socket_shutdown(event, 1), ZX_ERR_BAD_HANDLE);
    test_drop_rights(&ends[0], ZX_RIGHT_WRITE);
    expect_status(zx_socket_write(ends[0], 0, "x", 1, NULL), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_socket_shutdown(ends[0], 1), ZX_ERR_ACCESS_DENIED);
    test_drop_rights(&ends[0], ZX_RIGHT_READ);
    expect_status(zx_socket_read(ends[0], 0, &byte, 1, NULL), ZX_ERR_ACCESS_DENIED);
    BOTH(ends);
}

OBJECT_TEST(zx_socket, stream) {
    zx_handle_t ends[2];
    char byte;
    size_t actual = 0;
    stream(ends);
    expect_status(zx_socket_read(ends[1], 0, &byte, 1, &actual), ZX_ERR_SHOULD_WAIT);
    cr_assert_eq(put(ends[0], "one", 3), 3);
    cr_assert_eq(put(ends[0], "two", 3), 3);
    cr_assert_eq(put(ends[0], NULL, 0), 0);
    expect_ok(zx_socket_read(ends[1], 0, NULL, 0, &actual));
    cr_assert_eq(actual, 6);
    expect_ok(zx_socket_read(ends[1], 0, &byte, 1, NULL));
    cr_assert_eq(byte, 'o');
    expect_read(ends[1], "netwo");
    expect_status(zx_socket_read(ends[1], 0, &byte, 1, &actual), ZX_ERR_SHOULD_WAIT);
    put(ends[1], "back", 4);  // the other direction is its own
    expect_read(ends[0], "back");
    BOTH(ends);
}

OBJECT_TEST(zx_socket, peek) {
    zx_handle_t ends[2];
    char bytes[4] = "";
    size_t actual;
    stream(ends);
    put(ends[0], "again", 5);
    expect_ok(zx_socket_read(ends[1], ZX_SOCKET_PEEK, bytes, 3, &actual));
    cr_assert(actual == 3 && memcmp(bytes, "aga", 3) == 0);
    expect_read(ends[1], "again");
    expect_status(zx_socket_read(ends[1], ZX_SOCKET_PEEK, bytes, 3, &actual), ZX_ERR_SHOULD_WAIT);
    BOTH(ends);
    datagrams(ends);
    put(ends[0], "first", 5);
    put(ends[0], "next", 4);
    expect_ok(zx_socket_read(ends[1], ZX_SOCKET_PEEK, bytes, 2, &actual));
    cr_assert_eq(actual, 2);
    expect_read(ends[1], "first");
    expect_read(ends[1], "next");
    BOTH(ends);
}

// Many short and long pieces, around the ring's end many times.
OBJECT_TEST(zx_socket, stream_wraps) {
    static uint8_t out[50000], in[50000];
    zx_handle_t ends[2];
    uint32_t sent = 0;
    uint32_t seen = 0;
    stream(ends);
    for (uint32_t round = 1; seen < 4 * CAPACITY; round++) {
        size_t size = 1 + round * 7919u % sizeof(out);
        for (size_t i = 0; i < size; i++) {
            out[i] = (uint8_t)((sent + i) * 31u >> 3);
        }
        size_t actual = 0;
        if (zx_socket_write(ends[0], 0, out, size, &actual) == ZX_OK) {
            sent += (uint32_t)actual;
        }
        expect_ok(zx_socket_read(ends[1], 0, in, 1 + round * 104729u % sizeof(in), &actual));
        for (size_t i = 0; i < actual; i++, seen++) {
            cr_assert_eq(in[i], (uint8_t)(seen * 31u >> 3), "byte %u", seen);
        }
    }
    BOTH(ends);
}

OBJECT_TEST(zx_socket, full) {
    zx_handle_t ends[2];
    static char block[CAPACITY];
    size_t actual;
    stream(ends);
    cr_assert_eq(fill(ends[0]), CAPACITY, "the last write is a short one");
    expect_status(zx_socket_write(ends[0], 0, "x", 1, &actual), ZX_ERR_SHOULD_WAIT);
    cr_assert_eq(test_signals(ends[0]), 0);
    cr_assert_eq(test_signals(ends[1]), ZX_SOCKET_READABLE | ZX_SOCKET_WRITABLE);
    cr_assert_eq(info(ends[0]).tx_buf_size, CAPACITY);
    cr_assert_eq(info(ends[1]).rx_buf_size, CAPACITY);
    cr_assert_eq(info(ends[1]).rx_buf_max, CAPACITY);
    expect_ok(zx_socket_read(ends[1], 0, block, 1, &actual));
    cr_assert_eq(test_signals(ends[0]), ZX_SOCKET_WRITABLE);
    cr_assert_eq(put(ends[0], "xy", 2), 1);
    expect_ok(zx_socket_read(ends[1], 0, block, sizeof(block), &actual));
    cr_assert_eq(actual, CAPACITY);
    BOTH(ends);
}

OBJECT_TEST(zx_socket, datagrams) {
    zx_handle_t ends[2];
    char bytes[8];
    size_t actual;
    datagrams(ends);
    expect_status(zx_socket_write(ends[0], 0, NULL, 0, &actual), ZX_ERR_INVALID_ARGS);
    put(ends[0], "a long one", 10);
    put(ends[0], "short", 5);
    zx_info_socket_t both = info(ends[1]);
    cr_assert_eq(both.options, ZX_SOCKET_DATAGRAM);
    cr_assert_eq(both.rx_buf_available, 10);
    cr_assert_eq(both.rx_buf_size, 10 + 5 + 2 * 4);
    expect_ok(zx_socket_read(ends[1], 0, bytes, 6, &actual));
    cr_assert(actual == 6 && memcmp(bytes, "a long", 6) == 0, "the rest of it is dropped");
    expect_read(ends[1], "short");
    expect_status(zx_socket_read(ends[1], 0, bytes, 1, &actual), ZX_ERR_SHOULD_WAIT);
    BOTH(ends);
}

// A datagram that finds no room: not writable before there is as much.
OBJECT_TEST(zx_socket, datagram_without_room) {
    static char block[CAPACITY];
    zx_handle_t ends[2];
    size_t actual;
    datagrams(ends);
    expect_status(zx_socket_write(ends[0], 0, block, CAPACITY - 3, NULL), ZX_ERR_OUT_OF_RANGE);
    cr_assert_eq(put(ends[0], block, 100000), 100000);
    cr_assert_eq(put(ends[0], block, 100000), 100000);
    expect_status(zx_socket_write(ends[0], 0, block, 100000, &actual), ZX_ERR_SHOULD_WAIT);
    cr_assert_eq(test_signals(ends[0]), 0);
    put(ends[0], "small", 5);
    expect_status(zx_socket_write(ends[0], 0, block, 100000, &actual), ZX_ERR_SHOULD_WAIT);
    expect_ok(zx_socket_read(ends[1], 0, block, 1, &actual));
    expect_ok(zx_object_wait_one(ends[0], ZX_SOCKET_WRITABLE, 0, NULL));
    cr_assert_eq(put(ends[0], block, 100000), 100000);
    expect_ok(zx_socket_read(ends[1], 0, block, sizeof(block), &actual));
    cr_assert_eq(actual, 100000);
    expect_read(ends[1], "small");
    BOTH(ends);
    datagrams(ends);
    cr_assert_eq(put(ends[0], block, CAPACITY - 4), CAPACITY - 4);
    expect_status(zx_socket_write(ends[0], 0, "x", 1, NULL), ZX_ERR_SHOULD_WAIT);
    BOTH(ends);
}

OBJECT_TEST(zx_socket, peer_closed) {
    zx_handle_t ends[2];
    char byte;
    stream(ends);
    put(ends[1], "last words", 10);
    test_close(ends[1]);
    cr_assert_eq(test_signals(ends[0]), ZX_SOCKET_READABLE | ZX_SOCKET_PEER_CLOSED);
    expect_status(zx_socket_write(ends[0], 0, "x", 1, NULL), ZX_ERR_PEER_CLOSED);
    expect_read(ends[0], "last words");
    expect_status(zx_socket_read(ends[0], 0, &byte, 1, NULL), ZX_ERR_PEER_CLOSED);
    expect_status(zx_object_signal_peer(ends[0], 0, ZX_USER_SIGNAL_0), ZX_ERR_PEER_CLOSED);
    cr_assert_eq(test_signals(ends[0]), ZX_SOCKET_PEER_CLOSED);
    test_close(ends[0]);
}

OBJECT_TEST(zx_socket, shutdown_write) {
    zx_handle_t ends[2];
    char byte;
    stream(ends);
    put(ends[0], "end", 3);
    expect_ok(zx_socket_shutdown(ends[0], 0));
    expect_ok(zx_socket_shutdown(ends[0], ZX_SOCKET_SHUTDOWN_WRITE));
    expect_ok(zx_socket_shutdown(ends[0], ZX_SOCKET_SHUTDOWN_WRITE));
    expect_status(zx_socket_write(ends[0], 0, "x", 1, NULL), ZX_ERR_BAD_STATE);
    cr_assert_eq(test_signals(ends[0]), ZX_SOCKET_WRITE_DISABLED);
    cr_assert_eq(test_signals(ends[1]),
                 ZX_SOCKET_READABLE | ZX_SOCKET_WRITABLE | ZX_SOCKET_PEER_WRITE_DISABLED);
    expect_read(ends[1], "end");
    expect_status(zx_socket_read(ends[1], 0, &byte, 1, NULL), ZX_ERR_BAD_STATE);
    put(ends[1], "still", 5);
    expect_read(ends[0], "still");
    test_close(ends[0]);
    expect_status(zx_socket_read(ends[1], 0, &byte, 1, NULL), ZX_ERR_PEER_CLOSED);
    test_close(ends[1]);
}

OBJECT_TEST(zx_socket, shutdown_read) {
    zx_handle_t ends[2];
    char byte;
    stream(ends);
    put(ends[1], "before", 6);
    expect_ok(zx_socket_shutdown(ends[0], ZX_SOCKET_SHUTDOWN_READ));
    expect_status(zx_socket_write(ends[1], 0, "x", 1, NULL), ZX_ERR_BAD_STATE);
    cr_assert_eq(test_signals(ends[1]), ZX_SOCKET_WRITE_DISABLED);
    expect_read(ends[0], "before");
    expect_status(zx_socket_read(ends[0], 0, &byte, 1, NULL), ZX_ERR_BAD_STATE);
    cr_assert_eq(test_signals(ends[0]), ZX_SOCKET_WRITABLE | ZX_SOCKET_PEER_WRITE_DISABLED);
    put(ends[0], "on", 2);
    expect_read(ends[1], "on");
    expect_ok(zx_socket_shutdown(ends[1], ZX_SOCKET_SHUTDOWN_MASK));
    expect_status(zx_socket_write(ends[0], 0, "x", 1, NULL), ZX_ERR_BAD_STATE);
    BOTH(ends);
}

static void set_threshold(zx_handle_t end, uint32_t property, size_t value) {
    expect_ok(zx_object_set_property(end, property, &value, sizeof(value)));
    size_t now = 0;
    expect_ok(zx_object_get_property(end, property, &now, sizeof(now)));
    cr_assert_eq(now, value);
}

OBJECT_TEST(zx_socket, thresholds) {
    zx_handle_t ends[2];
    char bytes[16];
    stream(ends);
    set_threshold(ends[1], ZX_PROP_SOCKET_RX_THRESHOLD, 4);
    put(ends[0], "abc", 3);
    cr_assert_eq(test_signals(ends[1]), ZX_SOCKET_READABLE | ZX_SOCKET_WRITABLE);
    put(ends[0], "d", 1);
    cr_assert(test_signals(ends[1]) & ZX_SOCKET_READ_THRESHOLD);
    expect_ok(zx_socket_read(ends[1], 0, bytes, 1, NULL));
    cr_assert_eq(test_signals(ends[1]) & ZX_SOCKET_READ_THRESHOLD, 0);
    set_threshold(ends[1], ZX_PROP_SOCKET_RX_THRESHOLD, 3);
    cr_assert(test_signals(ends[1]) & ZX_SOCKET_READ_THRESHOLD);
    set_threshold(ends[1], ZX_PROP_SOCKET_RX_THRESHOLD, 0);
    cr_assert_eq(test_signals(ends[1]) & ZX_SOCKET_READ_THRESHOLD, 0);
    set_threshold(ends[0], ZX_PROP_SOCKET_TX_THRESHOLD, CAPACITY - 3);
    cr_assert(test_signals(ends[0]) & ZX_SOCKET_WRITE_THRESHOLD);
    put(ends[0], "e", 1);
    cr_assert_eq(test_signals(ends[0]), ZX_SOCKET_WRITABLE);
    expect_ok(zx_socket_read(ends[1], 0, bytes, 1, NULL));
    cr_assert(test_signals(ends[0]) & ZX_SOCKET_WRITE_THRESHOLD);
    BOTH(ends);
}

OBJECT_TEST(zx_socket, properties_refused) {
    zx_handle_t ends[2];
    zx_handle_t vmo;
    size_t value = CAPACITY + 1;
    char name[ZX_MAX_NAME_LEN];
    const uint32_t rx = ZX_PROP_SOCKET_RX_THRESHOLD;
    stream(ends);
    expect_status(zx_object_set_property(ends[0], rx, &value, sizeof(value)), ZX_ERR_INVALID_ARGS);
    expect_status(zx_object_set_property(ends[0], rx, &value, 4), ZX_ERR_BUFFER_TOO_SMALL);
    expect_status(zx_object_get_property(ends[0], rx, &value, 4), ZX_ERR_BUFFER_TOO_SMALL);
    expect_status(zx_object_get_property(ends[0], rx, NULL, 8), ZX_ERR_INVALID_ARGS);
    expect_status(zx_object_set_property(ends[0], rx, NULL, 8), ZX_ERR_INVALID_ARGS);
    expect_status(zx_object_get_property(ends[0], 99, &value, 8), ZX_ERR_NOT_SUPPORTED);
    expect_ok(zx_vmo_create(4096, 0, &vmo));
    expect_status(zx_object_get_property(vmo, rx, &value, 8), ZX_ERR_NOT_SUPPORTED);
    test_close(vmo);
    expect_ok(zx_object_set_property(ends[0], ZX_PROP_NAME, "console", 7));
    expect_ok(zx_object_get_property(ends[0], ZX_PROP_NAME, name, sizeof(name)));
    cr_assert_str_eq(name, "console");
    test_drop_rights(&ends[0], ZX_RIGHTS_PROPERTY);
    expect_status(zx_object_set_property(ends[0], rx, &value, 8), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_object_get_property(ends[0], rx, &value, 8), ZX_ERR_ACCESS_DENIED);
    BOTH(ends);
}

OBJECT_TEST(zx_socket, info_refused) {
    zx_handle_t ends[2];
    zx_handle_t event = test_event();
    zx_info_socket_t out;
    stream(ends);
    const uint32_t topic = ZX_INFO_SOCKET;
    expect_status(zx_object_get_info(event, topic, &out, sizeof(out), NULL, NULL),
                  ZX_ERR_WRONG_TYPE);
    expect_status(zx_object_get_info(ends[0], topic, &out, sizeof(out) - 1, NULL, NULL),
                  ZX_ERR_BUFFER_TOO_SMALL);
    test_drop_rights(&ends[0], ZX_RIGHT_INSPECT);
    expect_status(zx_object_get_info(ends[0], topic, &out, sizeof(out), NULL, NULL),
                  ZX_ERR_ACCESS_DENIED);
    test_close(event);
    BOTH(ends);
}

// ---- waiting

typedef struct writer {
    zx_handle_t end;
    uint32_t total;
    uint32_t what;  // 0: write; otherwise the options of a shutdown
    pthread_t thread;
} writer_t;

static void* writer_run(void* argument) {
    writer_t* writer = argument;
    static uint8_t block[7001];
    if (writer->what) {
        test_until_waited_on(writer->end, 0);
        zx_socket_shutdown(writer->end, writer->what);
        return NULL;
    }
    for (uint32_t sent = 0; sent < writer->total;) {
        size_t size = writer->total - sent < sizeof(block) ? writer->total - sent : sizeof(block);
        size_t actual = 0;
        for (size_t i = 0; i < size; i++) {
            block[i] = (uint8_t)(sent + i);
        }
        zx_status_t status = zx_socket_write(writer->end, 0, block, size, &actual);
        if (status == ZX_ERR_SHOULD_WAIT) {
            status = zx_object_wait_one(writer->end, ZX_SOCKET_WRITABLE, EVER, NULL);
        }
        if (status != ZX_OK) {
            return (void*)1;
        }
        sent += (uint32_t)actual;
    }
    return NULL;
}

static void writer_start(writer_t* writer) {
    cr_assert_eq(pthread_create(&writer->thread, NULL, writer_run, writer), 0);
}

static void writer_end(writer_t* writer) {
    void* result;
    pthread_join(writer->thread, &result);
    cr_assert_null(result);
}

// A fast writer and a reader that wait for one another.
OBJECT_TEST(zx_socket, threads) {
    static uint8_t bytes[5003];
    zx_handle_t ends[2];
    stream(ends);
    writer_t writer = {.end = ends[0], .total = 3000000};
    writer_start(&writer);
    for (uint32_t seen = 0; seen < writer.total;) {
        size_t actual = 0;
        zx_status_t status = zx_socket_read(ends[1], 0, bytes, sizeof(bytes), &actual);
        if (status == ZX_ERR_SHOULD_WAIT) {
            expect_ok(zx_object_wait_one(ends[1], ZX_SOCKET_READABLE, EVER, NULL));
            continue;
        }
        expect_ok(status);
        for (size_t i = 0; i < actual; i++, seen++) {
            cr_assert_eq(bytes[i], (uint8_t)seen);
        }
    }
    writer_end(&writer);
    BOTH(ends);
}

OBJECT_TEST(zx_socket, shutdown_wakes) {
    zx_handle_t ends[2];
    stream(ends);
    writer_t writer = {.end = ends[0], .what = ZX_SOCKET_SHUTDOWN_WRITE};
    writer_start(&writer);
    expect_ok(zx_object_wait_one(ends[1], ZX_SOCKET_PEER_WRITE_DISABLED, EVER, NULL));
    expect_ok(zx_object_wait_one(ends[0], ZX_SOCKET_WRITE_DISABLED, EVER, NULL));
    writer_end(&writer);
    BOTH(ends);
}

OBJECT_TEST(zx_socket, port) {
    zx_handle_t ends[2];
    zx_handle_t port = test_port();
    zx_port_packet_t packet;
    char byte;
    stream(ends);
    set_threshold(ends[1], ZX_PROP_SOCKET_RX_THRESHOLD, 2);
    expect_ok(zx_object_wait_async(ends[1], port, 1, ZX_SOCKET_READ_THRESHOLD, 0));
    put(ends[0], "a", 1);
    expect_status(zx_port_wait(port, SOON, &packet), ZX_ERR_TIMED_OUT);
    put(ends[0], "b", 1);
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert(packet.key == 1 && (packet.signal.observed & ZX_SOCKET_READ_THRESHOLD));
    // An edge: readable already, so only what comes after it was emptied counts.
    expect_ok(zx_object_wait_async(ends[1], port, 2, ZX_SOCKET_READABLE, ZX_WAIT_ASYNC_EDGE));
    put(ends[0], "c", 1);
    expect_status(zx_port_wait(port, SOON, &packet), ZX_ERR_TIMED_OUT);
    for (int i = 0; i < 3; i++) {
        expect_ok(zx_socket_read(ends[1], 0, &byte, 1, NULL));
    }
    put(ends[0], "d", 1);
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert_eq(packet.key, 2);
    expect_ok(zx_object_wait_async(ends[1], port, 3, ZX_USER_SIGNAL_3, 0));
    expect_ok(zx_object_signal_peer(ends[0], 0, ZX_USER_SIGNAL_3));
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert_eq(packet.key, 3);
    expect_ok(zx_object_wait_async(ends[1], port, 4, ZX_SOCKET_PEER_CLOSED, 0));
    test_close(ends[0]);
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert_eq(packet.key, 4);
    test_close(ends[1]);
    test_close(port);
}

OBJECT_TEST(zx_socket, signals) {
    zx_handle_t ends[2];
    stream(ends);
    expect_ok(zx_object_signal(ends[0], 0, ZX_USER_SIGNAL_1));
    expect_ok(zx_object_signal_peer(ends[0], 0, ZX_USER_SIGNAL_2));
    cr_assert_eq(test_signals(ends[0]), ZX_SOCKET_WRITABLE | ZX_USER_SIGNAL_1);
    cr_assert_eq(test_signals(ends[1]), ZX_SOCKET_WRITABLE | ZX_USER_SIGNAL_2);
    expect_status(zx_object_signal(ends[0], 0, ZX_SOCKET_READABLE), ZX_ERR_INVALID_ARGS);
    expect_status(zx_object_signal_peer(ends[0], ZX_SOCKET_PEER_CLOSED, 0), ZX_ERR_INVALID_ARGS);
    test_drop_rights(&ends[0], ZX_RIGHT_SIGNAL | ZX_RIGHT_SIGNAL_PEER);
    expect_status(zx_object_signal(ends[0], 0, ZX_USER_SIGNAL_1), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_object_signal_peer(ends[0], 0, ZX_USER_SIGNAL_1), ZX_ERR_ACCESS_DENIED);
    BOTH(ends);
}

// ---- across processes

// Sends back what comes, in capitals, until the writer is done.
static int shout(zx_handle_t channel) {
    zx_handle_t end;
    char bytes[1000];
    size_t actual;
    PEER_CHECK(test_receive_handle(channel, &end) == ZX_OK);
    for (;;) {
        zx_status_t status = zx_socket_read(end, 0, bytes, sizeof(bytes), &actual);
        if (status == ZX_ERR_BAD_STATE) {
            return zx_handle_close(end);
        }
        if (status == ZX_ERR_SHOULD_WAIT) {
            PEER_CHECK(zx_object_wait_one(end, ZX_SOCKET_READABLE | ZX_SOCKET_PEER_WRITE_DISABLED,
                                          EVER, NULL) == ZX_OK);
            continue;
        }
        PEER_CHECK(status == ZX_OK);
        for (size_t i = 0; i < actual; i++) {
            bytes[i] = (char)(bytes[i] ^ 0x20);
        }
        for (size_t sent = 0, part = 0; sent < actual; sent += part, part = 0) {
            if (zx_socket_write(end, 0, bytes + sent, actual - sent, &part) != ZX_OK) {
                PEER_CHECK(zx_object_wait_one(end, ZX_SOCKET_WRITABLE, EVER, NULL) == ZX_OK);
            }
        }
    }
}

OBJECT_TEST(zx_socket, across_processes) {
    test_peer_t peer;
    zx_handle_t ends[2];
    uint32_t sent = 3, seen = 0;
    test_peer_start(&peer, shout);
    stream(ends);
    put(ends[0], "abc", 3);  // before it moves
    test_send_handle(peer.channel, ends[1]);
    while (seen < 600000) {
        char bytes[900];
        size_t actual = 0;
        for (size_t i = 0; i < sizeof(bytes); i++) {
            bytes[i] = (char)('a' + (sent + i) % 26);
        }
        if (sent < 600000 && zx_socket_write(ends[0], 0, bytes, sizeof(bytes), &actual) == ZX_OK) {
            sent += (uint32_t)actual;
        }
        zx_status_t status = zx_socket_read(ends[0], 0, bytes, sizeof(bytes), &actual);
        if (status == ZX_ERR_SHOULD_WAIT) {
            if (sent >= 600000) {
                expect_ok(zx_object_wait_one(ends[0], ZX_SOCKET_READABLE, EVER, NULL));
            }
            continue;
        }
        expect_ok(status);
        for (size_t i = 0; i < actual; i++, seen++) {
            cr_assert_eq(bytes[i], (char)('A' + seen % 26), "byte %u", seen);
        }
        if (sent >= 600000 && seen >= sent) {
            break;
        }
    }
    expect_ok(zx_socket_shutdown(ends[0], ZX_SOCKET_SHUTDOWN_WRITE));
    expect_ok(zx_object_wait_one(ends[0], ZX_SOCKET_PEER_CLOSED, EVER, NULL));
    test_peer_end(&peer);
    test_close(ends[0]);
}

// The other end's process dies with it open, after a datagram and a threshold moved along.
static int write_and_die(zx_handle_t channel) {
    zx_handle_t end;
    size_t value = 0;
    PEER_CHECK(test_receive_handle(channel, &end) == ZX_OK);
    PEER_CHECK(zx_object_get_property(end, ZX_PROP_SOCKET_RX_THRESHOLD, &value, 8) == ZX_OK);
    PEER_CHECK(value == 77);
    PEER_CHECK(zx_socket_write(end, 0, "will", 4, NULL) == ZX_OK);
    _exit(0);
}

OBJECT_TEST(zx_socket, process_dies) {
    test_peer_t peer;
    zx_handle_t ends[2];
    char byte;
    test_peer_start(&peer, write_and_die);
    datagrams(ends);
    set_threshold(ends[1], ZX_PROP_SOCKET_RX_THRESHOLD, 77);
    test_send_handle(peer.channel, ends[1]);
    expect_ok(zx_object_wait_one(ends[0], ZX_SOCKET_PEER_CLOSED, EVER, NULL));
    expect_read(ends[0], "will");
    expect_status(zx_socket_read(ends[0], 0, &byte, 1, NULL), ZX_ERR_PEER_CLOSED);
    test_peer_end(&peer);
    test_close(ends[0]);
}
