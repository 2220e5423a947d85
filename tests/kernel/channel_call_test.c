// SPDX-License-Identifier: MIT
// zx_channel_call: replies to many threads in any order, and every way in which none comes.
#include "object_test.h"

static zx_handle_t client;
static zx_handle_t server;

static void begin(void) {
    test_begin();
    expect_ok(zx_channel_create(0, &client, &server));
}

// Either may be closed already.
static void end(void) {
    zx_handle_close(client);
    zx_handle_close(server);
    test_end();
}

OBJECT_SUITE(channel_call, begin, end);

typedef struct message {
    uint32_t txid;
    uint32_t value;
} message_t;

typedef struct call {
    message_t request;
    message_t reply;
    zx_handle_t sent;
    zx_handle_t received;
    uint32_t bytes;
    uint32_t handles;
    uint32_t room;  // for the reply
    zx_time_t deadline;
    zx_status_t status;
    pthread_t thread;
} call_t;

static void* call_run(void* argument) {
    call_t* call = argument;
    zx_channel_call_args_t args = {.wr_bytes = &call->request,
                                   .wr_num_bytes = sizeof(call->request),
                                   .wr_handles = &call->sent,
                                   .wr_num_handles = call->sent != ZX_HANDLE_INVALID,
                                   .rd_bytes = &call->reply,
                                   .rd_num_bytes = call->room,
                                   .rd_handles = &call->received,
                                   .rd_num_handles = 1};
    call->status = zx_channel_call(client, 0, call->deadline, &args, &call->bytes, &call->handles);
    return NULL;
}

static void call_start(call_t* call, uint32_t value, zx_time_t deadline) {
    *call = (call_t){.request = {.value = value}, .room = sizeof(message_t), .deadline = deadline};
    cr_assert_eq(pthread_create(&call->thread, NULL, call_run, call), 0);
}

static zx_status_t call_end(call_t* call) {
    pthread_join(call->thread, NULL);
    return call->status;
}

static message_t serve_read(void) {
    message_t message = {0};
    uint32_t bytes = 0;
    expect_ok(zx_object_wait_one(server, ZX_CHANNEL_READABLE, EVER, NULL));
    expect_ok(zx_channel_read(server, 0, &message, NULL, sizeof(message), 0, &bytes, NULL));
    cr_assert_eq(bytes, sizeof(message));
    return message;
}

static void serve_reply(message_t message) {
    message.value += 1000;
    expect_ok(zx_channel_write(server, 0, &message, sizeof(message), NULL, 0));
}

OBJECT_TEST(channel_call, round_trip) {
    call_t call;
    call_start(&call, 5, EVER);
    message_t message = serve_read();
    cr_assert_eq(message.value, 5);
    cr_assert_neq(message.txid & 0x80000000u, 0, "ids of ours are told apart from the callers'");
    serve_reply(message);
    expect_ok(call_end(&call));
    cr_assert_eq(call.reply.value, 1005);
    cr_assert_eq(call.reply.txid, message.txid);
    cr_assert_eq(call.request.txid, 0, "the request's bytes are the caller's");
    cr_assert(call.bytes == sizeof(message) && call.handles == 0);
}

OBJECT_TEST(channel_call, arguments) {
    uint32_t bytes, handles;
    message_t message = {0};
    zx_channel_call_args_t args = {.wr_bytes = &message, .wr_num_bytes = 4};
    expect_status(zx_channel_call(client, 0, EVER, NULL, &bytes, &handles), ZX_ERR_INVALID_ARGS);
    expect_status(zx_channel_call(client, 1, EVER, &args, &bytes, &handles), ZX_ERR_INVALID_ARGS);
    expect_status(zx_channel_call(client, 0, EVER, &args, NULL, &handles), ZX_ERR_INVALID_ARGS);
    expect_status(zx_channel_call(client, 0, EVER, &args, &bytes, NULL), ZX_ERR_INVALID_ARGS);
    args.rd_num_bytes = 1;
    expect_status(zx_channel_call(client, 0, EVER, &args, &bytes, &handles), ZX_ERR_INVALID_ARGS);
    args.rd_num_bytes = 0;
    args.wr_num_bytes = 3;  // no room for an id
    zx_handle_t event = test_event();
    args.wr_handles = &event;
    args.wr_num_handles = 1;
    expect_status(zx_channel_call(client, 0, EVER, &args, &bytes, &handles), ZX_ERR_INVALID_ARGS);
    expect_status(zx_handle_close(event), ZX_ERR_BAD_HANDLE);
    args.wr_num_bytes = 4;
    event = test_event();
    test_drop_rights(&client, ZX_RIGHT_READ);
    expect_status(zx_channel_call(client, 0, EVER, &args, &bytes, &handles), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_handle_close(event), ZX_ERR_BAD_HANDLE);
}

// What is sent with a call is checked as what is written, and consumed.
OBJECT_TEST(channel_call, handles_that_cannot_go) {
    static uint8_t large[ZX_CHANNEL_MAX_MSG_BYTES + 1];
    uint32_t bytes, handles;
    zx_handle_t many[ZX_CHANNEL_MAX_MSG_HANDLES + 1];
    zx_channel_call_args_t args = {
        .wr_bytes = large, .wr_num_bytes = 4, .wr_handles = many, .wr_num_handles = 1};
    many[0] = 0x1234;
    expect_status(zx_channel_call(client, 0, EVER, &args, &bytes, &handles), ZX_ERR_BAD_HANDLE);
    many[0] = test_event();
    test_drop_rights(&many[0], ZX_RIGHT_TRANSFER);
    expect_status(zx_channel_call(client, 0, EVER, &args, &bytes, &handles), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_handle_close(many[0]), ZX_ERR_BAD_HANDLE);
    many[0] = many[1] = test_event();
    args.wr_num_handles = 2;
    expect_status(zx_channel_call(client, 0, EVER, &args, &bytes, &handles), ZX_ERR_BAD_HANDLE);
    expect_status(zx_handle_close(many[0]), ZX_ERR_BAD_HANDLE);
    for (size_t i = 0; i < countof(many); i++) {
        many[i] = test_event();
    }
    args.wr_num_handles = countof(many);
    expect_status(zx_channel_call(client, 0, EVER, &args, &bytes, &handles), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_handle_close(many[countof(many) - 1]), ZX_ERR_BAD_HANDLE);
    args.wr_num_handles = 0;
    args.wr_num_bytes = sizeof(large);
    expect_status(zx_channel_call(client, 0, EVER, &args, &bytes, &handles), ZX_ERR_OUT_OF_RANGE);
    many[0] = client;
    args.wr_num_bytes = 4;
    args.wr_num_handles = 1;
    expect_status(zx_channel_call(client, 0, EVER, &args, &bytes, &handles), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_handle_close(client), ZX_ERR_BAD_HANDLE);
    client = ZX_HANDLE_INVALID;
}

#define THREADS 4
#define ROUNDS  50

static void* call_many(void* argument) {
    call_t* call = argument;
    uint32_t first = call->request.value;
    for (uint32_t i = 0; i < ROUNDS; i++) {
        call->request.value = first + i;
        call_run(call);
        if (call->status != ZX_OK || call->reply.value != first + i + 1000) {
            return call;
        }
    }
    return NULL;
}

// Each round's requests are collected from all threads and answered in another order.
OBJECT_TEST(channel_call, threads_answered_out_of_order) {
    call_t calls[THREADS];
    for (uint32_t i = 0; i < THREADS; i++) {
        calls[i] =
            (call_t){.request = {.value = i * 10000}, .room = sizeof(message_t), .deadline = EVER};
        cr_assert_eq(pthread_create(&calls[i].thread, NULL, call_many, &calls[i]), 0);
    }
    for (int round = 0; round < ROUNDS; round++) {
        message_t requests[THREADS];
        for (int i = 0; i < THREADS; i++) {
            requests[i] = serve_read();
            for (int j = 0; j < i; j++) {
                cr_assert_neq(requests[i].txid, requests[j].txid);
            }
        }
        for (int i = THREADS - 1; i >= 0; i--) {
            serve_reply(requests[(i + round) % THREADS]);
        }
    }
    for (int i = 0; i < THREADS; i++) {
        void* failed;
        pthread_join(calls[i].thread, &failed);
        cr_assert_null(failed, "thread %d: %s", i, zx_status_get_string(calls[i].status));
    }
}

// What is no reply stays for readers, in order, and wakes them.
OBJECT_TEST(channel_call, other_messages_stay_readable) {
    call_t call;
    zx_handle_t port = test_port();
    zx_port_packet_t packet;
    expect_ok(zx_object_wait_async(client, port, 9, ZX_CHANNEL_READABLE, 0));
    call_start(&call, 1, EVER);
    message_t message = serve_read();
    test_until_waited_on(client, 2);
    test_write(server, "event one");
    test_write(server, "two");
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert_eq(packet.key, 9);
    serve_reply(message);
    expect_ok(call_end(&call));
    cr_assert_eq(test_signals(client), ZX_CHANNEL_READABLE | ZX_CHANNEL_WRITABLE);
    uint32_t size = 0;  // one that is too large stays before those behind it
    expect_status(zx_channel_read(client, 0, NULL, NULL, 0, 0, &size, NULL),
                  ZX_ERR_BUFFER_TOO_SMALL);
    cr_assert_eq(size, 9);
    test_expect_text(client, "event one");
    test_expect_text(client, "two");
    test_close(port);
}

typedef struct reader {
    zx_status_t status;
    zx_status_t read_status;
    char text[16];
} reader_t;

static void* read_one(void* argument) {
    reader_t* reader = argument;
    uint32_t size = 0;
    reader->status = zx_object_wait_one(client, ZX_CHANNEL_READABLE, EVER, NULL);
    reader->read_status =
        zx_channel_read(client, 0, reader->text, NULL, sizeof(reader->text), 0, &size, NULL);
    return NULL;
}

// A reader beside a caller: a reply must neither wake nor reach it.
OBJECT_TEST(channel_call, a_reader_beside_a_caller) {
    for (int i = 0; i < 500; i++) {
        call_t call;
        reader_t reader = {0};
        pthread_t thread;
        cr_assert_eq(pthread_create(&thread, NULL, read_one, &reader), 0);
        call_start(&call, 1, EVER);
        message_t message = serve_read();
        serve_reply(message);
        expect_ok(call_end(&call));
        test_write(server, "for the reader");
        pthread_join(thread, NULL);
        expect_ok(reader.status);
        expect_ok(reader.read_status);
        cr_assert_eq(memcmp(reader.text, "for the reader", 14), 0);
    }
}

// The message may be taken from the socket by the thread that calls, before the reader sees it: the
// reader must hear of it while the call still waits.
OBJECT_TEST(channel_call, a_reader_during_a_call) {
    for (int i = 0; i < 500; i++) {
        call_t call;
        reader_t reader = {0};
        pthread_t thread;
        call_start(&call, 1, EVER);
        message_t message = serve_read();
        cr_assert_eq(pthread_create(&thread, NULL, read_one, &reader), 0);
        test_until_waited_on(client, 2);
        test_write(server, "now");
        pthread_join(thread, NULL);
        expect_ok(reader.status);
        expect_ok(reader.read_status);
        serve_reply(message);
        expect_ok(call_end(&call));
    }
}

OBJECT_TEST(channel_call, timeout) {
    call_t call;
    call_start(&call, 1, SOON);
    expect_status(call_end(&call), ZX_ERR_TIMED_OUT);
    message_t message = serve_read();
    serve_reply(message);  // too late: a message like any other
    message_t late;
    uint32_t bytes = 0;
    expect_ok(zx_channel_read(client, 0, &late, NULL, sizeof(late), 0, &bytes, NULL));
    cr_assert_eq(late.txid, message.txid);
}

OBJECT_TEST(channel_call, peer_closes) {
    call_t calls[2];
    call_start(&calls[0], 1, EVER);
    call_start(&calls[1], 2, EVER);
    message_t message = serve_read();
    serve_read();
    serve_reply(message);  // one answer is on its way
    test_close(server);
    zx_status_t first = call_end(&calls[0]);
    zx_status_t second = call_end(&calls[1]);
    cr_assert(message.value == 1 ? first == ZX_OK : second == ZX_OK);
    cr_assert_eq(message.value == 1 ? second : first, ZX_ERR_PEER_CLOSED);
    call_start(&calls[0], 1, EVER);
    expect_status(call_end(&calls[0]), ZX_ERR_PEER_CLOSED);
}

OBJECT_TEST(channel_call, handle_closed_meanwhile) {
    call_t call;
    call_start(&call, 1, EVER);
    serve_read();
    test_until_waited_on(client, 1);
    test_close(client);
    expect_status(call_end(&call), ZX_ERR_CANCELED);
}

OBJECT_TEST(channel_call, reply_too_large) {
    call_t call = {.room = 4, .deadline = EVER};
    cr_assert_eq(pthread_create(&call.thread, NULL, call_run, &call), 0);
    message_t message = serve_read();
    zx_handle_t event = test_event();
    expect_ok(zx_channel_write(server, 0, &message, sizeof(message), &event, 1));
    expect_status(call_end(&call), ZX_ERR_BUFFER_TOO_SMALL);
    cr_assert(call.bytes == sizeof(message) && call.handles == 1);
    uint32_t size;
    expect_status(zx_channel_read(client, 0, NULL, NULL, 0, 0, &size, NULL), ZX_ERR_SHOULD_WAIT);
}

OBJECT_TEST(channel_call, handles_both_ways) {
    call_t call = {.room = sizeof(message_t), .deadline = EVER, .sent = test_event()};
    zx_koid_t koid = test_basic(call.sent).koid;
    cr_assert_eq(pthread_create(&call.thread, NULL, call_run, &call), 0);
    message_t message;
    zx_handle_t handle;
    uint32_t bytes, handles;
    expect_ok(test_wait_readable(server));
    expect_ok(zx_channel_read(server, 0, &message, &handle, sizeof(message), 1, &bytes, &handles));
    cr_assert_eq(test_basic(handle).koid, koid);
    expect_ok(zx_channel_write(server, 0, &message, sizeof(message), &handle, 1));
    expect_ok(call_end(&call));
    cr_assert_eq(call.handles, 1);
    cr_assert_eq(test_basic(call.received).koid, koid);
    test_close(call.received);
}

// The request waits for room in the socket.
OBJECT_TEST(channel_call, full_socket) {
    static char large[20000];
    uint32_t count = 0;
    while (zx_channel_write(client, 0, large, sizeof(large), NULL, 0) == ZX_OK) {
        count++;
    }
    call_t call;
    call_start(&call, 3, SOON);
    expect_status(call_end(&call), ZX_ERR_TIMED_OUT);
    call_start(&call, 4, EVER);
    test_until_waited_on(client, 1);
    while (count-- > 0) {
        uint32_t bytes;
        expect_ok(zx_channel_read(server, 0, large, NULL, sizeof(large), 0, &bytes, NULL));
    }
    message_t message = serve_read();
    cr_assert_eq(message.value, 4);
    serve_reply(message);
    expect_ok(call_end(&call));
}
