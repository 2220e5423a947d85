// SPDX-License-Identifier: MIT
// Services over real channels: calls, one-way and asynchronous messages, refusals, garbage,
// handles.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <protocols/small.h>
#include <protocols/zoo.h>
#include <zircon/syscalls.h>

static zx_handle_t client;
static zx_handle_t server;
static pg_arena_t arena;

static void setup(void) {
    cr_assert(eq(i32, zx_channel_create(0, &client, &server), ZX_OK));
    pg_arena_init(&arena, NULL, 0);
}

static void teardown(void) {
    pg_arena_fini(&arena);
    zx_handle_close(client);
    zx_handle_close(server);
}

TestSuite(rpc, .init = setup, .fini = teardown, .timeout = 20);

// -- the server: one thread that answers until the client hangs up

typedef struct zoo_server {
    unsigned told;
    char last_told[64];
    zx_handle_t told_item;  // owned
    pg_responder_t later;   // a grow request that is answered after the next tell
    zx_status_t status;     // of the last dispatch
} zoo_server_t;

static void feed(void* ctx, const zoo_everything_t* request, pg_responder_t responder) {
    (void)ctx;
    // The handle goes back to where it came from.
    const zoo_leaf_t leaf = {
        .name = request->text, .number = request->int_value, .item = request->item};
    zoo_zoo_feed_reply(&responder, &leaf);
}

static void grow(void* ctx, const zoo_tree_t* request, pg_responder_t responder) {
    zoo_server_t* state = ctx;
    (void)request;
    state->later = responder;
}

static void tell(void* ctx, const zoo_leaf_t* request) {
    zoo_server_t* state = ctx;
    state->told++;
    snprintf(state->last_told, sizeof(state->last_told), "%s", request->name);
    state->told_item = request->item;
    if (state->later.txid != 0) {
        const zoo_tree_t tree = {.name = "grown"};
        zoo_zoo_grow_reply(&state->later, &tree);
        state->later.txid = 0;
    }
}

// No hook for HTTPGet2.
static const zoo_zoo_ops_t zoo_ops = {.feed = feed, .grow = grow, .tell = tell};

// Reads one message and dispatches it.
static zx_status_t serve_one(zoo_server_t* state) {
    zx_status_t status = zx_object_wait_one(server, ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED,
                                            ZX_TIME_INFINITE, NULL);
    pg_message_t message;
    if (status == ZX_OK) {
        status = pg_message_read(server, &message);
    }
    if (status != ZX_OK) {
        return status;
    }
    status = zoo_zoo_dispatch(&zoo_ops, state, server, &message);
    if (status == ZX_ERR_NOT_SUPPORTED) {
        const pg_responder_t responder = pg_message_responder(server, &message);
        pg_reply_error(&responder, status);
    }
    pg_message_fini(&message);
    return status;
}

static void* serve(void* arg) {
    zoo_server_t* state = arg;
    do {
        state->status = serve_one(state);
    } while (state->status == ZX_OK || state->status == ZX_ERR_NOT_SUPPORTED);
    return NULL;
}

// Ends the server's thread by hanging up.
static void hang_up(pthread_t thread) {
    zx_handle_close(client);
    client = ZX_HANDLE_INVALID;
    pthread_join(thread, NULL);
}

Test(rpc, call_and_answer) {
    zoo_server_t state = {0};
    pthread_t thread;
    cr_assert(eq(i32, pthread_create(&thread, NULL, serve, &state), 0));
    zx_handle_t event;
    cr_assert(eq(i32, zx_event_create(0, &event), ZX_OK));
    const zoo_everything_t request = {.text = "hay", .int_value = -7, .item = event};
    zoo_leaf_t response;
    cr_assert(eq(i32, zoo_zoo_feed(client, &request, &arena, &response), ZX_OK));
    cr_expect(eq(str, (char*)response.name, "hay"));
    cr_expect(eq(i64, response.number, -7));
    // The same event came back as another handle, which is ours.
    cr_expect(ne(u32, response.item, ZX_HANDLE_INVALID));
    cr_expect(eq(i32, zx_object_signal(response.item, 0, ZX_EVENT_SIGNALED), ZX_OK));
    cr_expect(eq(i32, zx_handle_close(response.item), ZX_OK));
    cr_expect(eq(i32, zx_handle_close(event), ZX_ERR_BAD_HANDLE), "sending consumes");
    hang_up(thread);
    cr_expect(eq(i32, state.status, ZX_ERR_PEER_CLOSED));
}

Test(rpc, large_answer) {
    zoo_server_t state = {0};
    pthread_t thread;
    cr_assert(eq(i32, pthread_create(&thread, NULL, serve, &state), 0));
    static char text[60000];
    memset(text, 'x', sizeof(text) - 1);
    const zoo_everything_t request = {.text = text};
    zoo_leaf_t response;
    cr_assert(eq(i32, zoo_zoo_feed(client, &request, &arena, &response), ZX_OK));
    cr_expect(eq(sz, strlen(response.name), sizeof(text) - 1));
    hang_up(thread);
}

Test(rpc, one_way_and_asynchronous) {
    zoo_server_t state = {0};
    const zoo_tree_t request = {.name = "seed"};
    const zoo_leaf_t news = {.name = "rain"};
    cr_assert(eq(i32, zoo_zoo_grow_send(client, 41, &request), ZX_OK));
    cr_assert(eq(i32, zoo_zoo_tell(client, &news), ZX_OK));
    cr_assert(eq(i32, serve_one(&state), ZX_OK));
    pg_message_t message;
    cr_expect(eq(i32, pg_message_read(client, &message), ZX_ERR_SHOULD_WAIT));
    cr_assert(eq(i32, serve_one(&state), ZX_OK));
    cr_expect(eq(u32, state.told, 1));
    cr_expect(eq(str, state.last_told, "rain"));

    cr_assert(eq(i32, pg_message_read(client, &message), ZX_OK));
    cr_expect(eq(u32, message.header.txid, 41));
    cr_expect(eq(u64, message.header.ordinal, ZOO_ZOO_GROW_ORDINAL));
    zoo_tree_t tree;
    cr_assert(eq(i32, zoo_tree_decode_message(&message, &arena, &tree), ZX_OK));
    cr_expect(eq(str, (char*)tree.name, "grown"));
    pg_message_fini(&message);
}

Test(rpc, unknown_method_is_handed_on) {
    zoo_server_t state = {0};
    const small_thing_t thing = {.id = 1, .result = SMALL_RESULT_GOOD};
    cr_assert(eq(i32, small_store_put_send(client, 5, &thing), ZX_OK));
    pg_message_t message;
    cr_assert(eq(i32, pg_message_read(server, &message), ZX_OK));
    cr_expect(eq(i32, zoo_zoo_dispatch(&zoo_ops, &state, server, &message), ZX_ERR_NOT_SUPPORTED));
    // Untouched: the service it was for can have it.
    static const small_store_ops_t no_hooks;
    cr_expect(eq(u64, message.header.ordinal, SMALL_STORE_PUT_ORDINAL));
    cr_expect(
        eq(i32, small_store_dispatch(&no_hooks, NULL, server, &message), ZX_ERR_NOT_SUPPORTED));
    pg_message_fini(&message);
}

Test(rpc, refusal_reaches_the_caller) {
    zoo_server_t state = {0};
    pthread_t thread;
    cr_assert(eq(i32, pthread_create(&thread, NULL, serve, &state), 0));
    const zoo_nothing_t nothing = {0};
    zoo_nothing_t response;
    cr_expect(
        eq(i32, zoo_zoo_http_get2(client, &nothing, &arena, &response), ZX_ERR_NOT_SUPPORTED));
    hang_up(thread);
}

Test(rpc, caller_sees_the_peer_go) {
    zx_handle_close(server);
    server = ZX_HANDLE_INVALID;
    const zoo_everything_t request = {0};
    zoo_leaf_t response;
    cr_expect(eq(i32, zoo_zoo_feed(client, &request, &arena, &response), ZX_ERR_PEER_CLOSED));
    cr_expect(eq(i32, zoo_zoo_tell(client, &(zoo_leaf_t){0}), ZX_ERR_PEER_CLOSED));
}

Test(rpc, failed_encoding_consumes_handles) {
    zx_handle_t event;
    cr_assert(eq(i32, zx_event_create(0, &event), ZX_OK));
    const zoo_everything_t request = {.color = 99, .last_item = event};
    zoo_leaf_t response;
    cr_expect(eq(i32, zoo_zoo_feed(client, &request, &arena, &response), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_handle_close(event), ZX_ERR_BAD_HANDLE));
}

// Sends bytes with an event; returns the other end of an eventpair that closes with the message.
static zx_handle_t send_raw(const void* bytes, size_t size) {
    zx_handle_t ours;
    zx_handle_t theirs;
    cr_assert(eq(i32, zx_eventpair_create(0, &ours, &theirs), ZX_OK));
    cr_assert(eq(i32, zx_channel_write(client, 0, bytes, (uint32_t)size, &theirs, 1), ZX_OK));
    return ours;
}

static void expect_closed(zx_handle_t eventpair) {
    cr_expect(eq(i32, zx_object_wait_one(eventpair, ZX_EVENTPAIR_PEER_CLOSED, 0, NULL), ZX_OK));
    zx_handle_close(eventpair);
}

Test(rpc, garbage_is_refused_and_its_handles_closed) {
    zoo_server_t state = {0};
    zx_handle_t item = send_raw("short", 5);
    cr_expect(eq(i32, serve_one(&state), ZX_ERR_IO_DATA_INTEGRITY));
    expect_closed(item);

    const pg_header_t unknown_flags = {.flags = 0x80, .ordinal = ZOO_ZOO_TELL_ORDINAL};
    item = send_raw(&unknown_flags, sizeof(unknown_flags));
    cr_expect(eq(i32, serve_one(&state), ZX_ERR_IO_DATA_INTEGRITY));
    expect_closed(item);

    // A request can't be an error, and a body of nothing is no flatbuffer.
    const pg_header_t error = {.flags = PG_FLAG_ERROR, .ordinal = ZOO_ZOO_TELL_ORDINAL};
    item = send_raw(&error, sizeof(error));
    cr_expect(eq(i32, serve_one(&state), ZX_ERR_IO_DATA_INTEGRITY));
    expect_closed(item);

    uint8_t bytes[64] = {0};
    const pg_header_t header = {.ordinal = ZOO_ZOO_TELL_ORDINAL};
    memcpy(bytes, &header, sizeof(header));
    memset(bytes + sizeof(header), 0xee, sizeof(bytes) - sizeof(header));
    item = send_raw(bytes, sizeof(bytes));
    cr_expect(eq(i32, serve_one(&state), ZX_ERR_IO_DATA_INTEGRITY));
    expect_closed(item);
    cr_expect(eq(u32, state.told, 0));
}

Test(rpc, unclaimed_handles_are_closed) {
    zoo_server_t state = {0};
    // A good message with one handle that no field names.
    pg_builder_t builder;
    pg_builder_init(&builder);
    const zoo_leaf_t leaf = {.name = "news"};
    cr_assert(eq(i32, zoo_leaf_encode(&leaf, &builder), ZX_OK));
    size_t size;
    const uint8_t* body = pg_builder_bytes(&builder, &size);
    uint8_t bytes[256];
    const pg_header_t header = {.ordinal = ZOO_ZOO_TELL_ORDINAL};
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), body, size);
    pg_builder_fini(&builder);
    zx_handle_t item = send_raw(bytes, sizeof(header) + size);
    cr_expect(eq(i32, serve_one(&state), ZX_OK));
    cr_expect(eq(u32, state.told, 1));
    expect_closed(item);
}

Test(rpc, claimed_handles_are_the_hooks) {
    zoo_server_t state = {0};
    zx_handle_t ours;
    zx_handle_t theirs;
    cr_assert(eq(i32, zx_eventpair_create(0, &ours, &theirs), ZX_OK));
    const zoo_leaf_t leaf = {.name = "item", .item = theirs};
    cr_assert(eq(i32, zoo_zoo_tell(client, &leaf), ZX_OK));
    cr_assert(eq(i32, serve_one(&state), ZX_OK));
    cr_expect(
        eq(i32, zx_object_wait_one(ours, ZX_EVENTPAIR_PEER_CLOSED, 0, NULL), ZX_ERR_TIMED_OUT));
    cr_expect(eq(i32, zx_handle_close(state.told_item), ZX_OK));
    expect_closed(ours);
}

Test(rpc, wrong_answers_are_refused) {
    // Answers by hand to whatever is asked: another ordinal, then a broken body.
    const zoo_nothing_t nothing = {0};
    const zoo_leaf_t leaf = {0};
    const pg_responder_t wrong = {.channel = client, .txid = 1, .ordinal = ZOO_ZOO_FEED_ORDINAL};
    cr_expect(eq(i32, zoo_zoo_http_get2_reply(&wrong, &nothing), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zoo_zoo_feed_reply(&wrong, &leaf), ZX_OK));
    cr_expect(eq(i32, pg_reply_error(&wrong, ZX_OK), ZX_ERR_INVALID_ARGS));
    cr_assert(eq(i32, pg_reply_error(&wrong, ZX_ERR_ACCESS_DENIED), ZX_OK));

    pg_message_t message;
    zoo_tree_t tree;
    zoo_leaf_t out;
    cr_assert(eq(i32, pg_message_read(server, &message), ZX_OK));
    message.body_size -= 4;
    cr_expect(eq(i32, zoo_tree_decode_message(&message, &arena, &tree), ZX_ERR_IO_DATA_INTEGRITY));
    pg_message_fini(&message);
    cr_assert(eq(i32, pg_message_read(server, &message), ZX_OK));
    cr_expect(eq(i32, zoo_leaf_decode_message(&message, &arena, &out), ZX_ERR_ACCESS_DENIED));
    pg_message_fini(&message);
}

Test(rpc, message_from_bytes) {
    pg_builder_t builder;
    pg_builder_init(&builder);
    zx_handle_t event;
    cr_assert(eq(i32, zx_event_create(0, &event), ZX_OK));
    const zoo_leaf_t leaf = {.name = "bytes", .item = event};
    cr_assert(eq(i32, zoo_leaf_encode(&leaf, &builder), ZX_OK));
    size_t size;
    const uint8_t* body = pg_builder_bytes(&builder, &size);
    uint8_t bytes[256];
    const pg_header_t header = {.txid = 9, .ordinal = ZOO_ZOO_TELL_ORDINAL};
    memcpy(bytes, &header, sizeof(header));
    memcpy(bytes + sizeof(header), body, size);
    zx_handle_t handles[ZX_CHANNEL_MAX_MSG_HANDLES];
    const uint32_t handle_count = pg_builder_take_handles(&builder, handles);
    pg_builder_fini(&builder);

    pg_message_t message;
    cr_assert(eq(
        i32, pg_message_from_bytes(bytes, sizeof(header) + size, handles, handle_count, &message),
        ZX_OK));
    zoo_server_t state = {0};
    cr_expect(eq(i32, zoo_zoo_dispatch(&zoo_ops, &state, server, &message), ZX_OK));
    cr_expect(eq(str, state.last_told, "bytes"));
    pg_message_fini(&message);
    cr_expect(eq(i32, zx_handle_close(state.told_item), ZX_OK));
}
