// SPDX-License-Identifier: MIT
// The example of docs/protocols.md, run; and a check that the page shows this very code.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <protocols/thermometer.h>
#include <zircon/syscalls.h>

// What the server keeps.
typedef struct thermometer {
    int32_t millidegrees;
    zx_handle_t alarm_event;  // owned
} thermometer_t;

// -- server

static void thermometer_read(void* ctx, const thermometer_read_request_t* request,
                             pg_responder_t responder) {
    const thermometer_t* thermometer = ctx;
    static const int32_t history[] = {41000, 40500};
    thermometer_read_response_t response = {.status = ZX_ERR_NOT_FOUND};
    if (request->sensor != NULL && strcmp(request->sensor, "cpu") == 0) {
        response.status = ZX_OK;
        response.millidegrees = thermometer->millidegrees;
        response.history = history;
        response.history_count = 2;
    }
    thermometer_thermometer_read_reply(&responder, &response);
}

static void thermometer_set_alarm(void* ctx, const thermometer_alarm_t* request) {
    thermometer_t* thermometer = ctx;
    zx_handle_close(thermometer->alarm_event);
    thermometer->alarm_event = request->event;  // the hook owns the request's handles
}

static const thermometer_thermometer_ops_t thermometer_ops = {
    .read = thermometer_read,
    .set_alarm = thermometer_set_alarm,
};

// For each time that the channel is readable. A failure other than ZX_ERR_SHOULD_WAIT: close it.
static zx_status_t thermometer_serve(thermometer_t* thermometer, zx_handle_t channel) {
    pg_message_t message;
    zx_status_t status = pg_message_read(channel, &message);
    if (status != ZX_OK) {
        return status;
    }
    status = thermometer_thermometer_dispatch(&thermometer_ops, thermometer, channel, &message);
    if (status == ZX_ERR_NOT_SUPPORTED) {
        const pg_responder_t responder = pg_message_responder(channel, &message);
        status = pg_reply_error(&responder, ZX_ERR_NOT_SUPPORTED);
    }
    pg_message_fini(&message);
    return status;
}

// -- client

static zx_status_t read_cpu(zx_handle_t channel, int32_t* out_millidegrees) {
    const thermometer_read_request_t request = {.sensor = "cpu"};
    thermometer_read_response_t response;
    uint8_t memory[512];
    pg_arena_t arena;
    pg_arena_init(&arena, memory, sizeof(memory));
    zx_status_t status = thermometer_thermometer_read(channel, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
        *out_millidegrees = response.millidegrees;
    }
    pg_arena_fini(&arena);  // what the response points to is gone now
    return status;
}

// -- client in an event loop

static zx_status_t ask(zx_handle_t channel, uint32_t txid) {
    const thermometer_read_request_t request = {.sensor = "cpu"};
    return thermometer_thermometer_read_send(channel, txid, &request);
}

static zx_status_t answered(zx_handle_t channel, uint32_t* out_txid, int32_t* out_millidegrees) {
    pg_message_t message;
    zx_status_t status = pg_message_read(channel, &message);
    if (status != ZX_OK) {
        return status;
    }
    pg_arena_t arena;
    pg_arena_init(&arena, NULL, 0);
    thermometer_read_response_t response;
    status = thermometer_read_response_decode_message(&message, &arena, &response);
    *out_txid = message.header.txid;
    *out_millidegrees = response.millidegrees;
    pg_arena_fini(&arena);
    pg_message_fini(&message);
    return status;
}

// -- and all of it at work

static void* serve_until_closed(void* arg) {
    zx_handle_t channel = *(zx_handle_t*)arg;
    thermometer_t thermometer = {.millidegrees = 42000};
    zx_status_t status = ZX_OK;
    while (status == ZX_OK || status == ZX_ERR_SHOULD_WAIT) {
        zx_object_wait_one(channel, ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED, ZX_TIME_INFINITE,
                           NULL);
        status = thermometer_serve(&thermometer, channel);
    }
    zx_handle_close(thermometer.alarm_event);
    zx_handle_close(channel);
    return NULL;
}

Test(example, works, .timeout = 20) {
    zx_handle_t client;
    zx_handle_t server;
    zx_handle_t event;
    pthread_t thread;
    cr_assert(eq(i32, zx_channel_create(0, &client, &server), ZX_OK));
    cr_assert(eq(i32, pthread_create(&thread, NULL, serve_until_closed, &server), 0));
    int32_t millidegrees = 0;
    cr_expect(eq(i32, read_cpu(client, &millidegrees), ZX_OK));
    cr_expect(eq(i32, millidegrees, 42000));

    cr_assert(eq(i32, zx_event_create(0, &event), ZX_OK));
    const thermometer_alarm_t alarm = {.above = 90000, .event = event};
    cr_expect(eq(i32, thermometer_thermometer_set_alarm(client, &alarm), ZX_OK));

    uint32_t txid = 0;
    cr_expect(eq(i32, ask(client, 7), ZX_OK));
    cr_expect(
        eq(i32, zx_object_wait_one(client, ZX_CHANNEL_READABLE, ZX_TIME_INFINITE, NULL), ZX_OK));
    cr_expect(eq(i32, answered(client, &txid, &millidegrees), ZX_OK));
    cr_expect(eq(u32, txid, 7));
    zx_handle_close(client);
    pthread_join(thread, NULL);
}

static void read_text(const char* name, char* out, size_t size) {
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s", getenv("JACINTH_SOURCE"), name);
    FILE* file = fopen(path, "r");
    cr_assert(file != NULL, "%s", path);
    out[fread(out, 1, size - 1, file)] = '\0';
    fclose(file);
}

// Each block of C in the page is a part of this file, each schema a part of thermometer.fbs.
Test(example, page_shows_this_code) {
    static char page[65536];
    static char code[65536];
    static char schema[4096];
    read_text("docs/protocols.md", page, sizeof(page));
    read_text("tests/protocols/example_test.c", code, sizeof(code));
    read_text("tests/protocols/thermometer.fbs", schema, sizeof(schema));
    unsigned count = 0;
    for (char* fence = strstr(page, "```"); fence != NULL; fence = strstr(fence, "```")) {
        char* block = strchr(fence, '\n') + 1;
        char* end = strstr(block, "```");
        cr_assert(end != NULL);
        const bool is_code = strncmp(fence, "```c\n", 5) == 0;
        const bool is_schema = strncmp(fence, "```fbs\n", 7) == 0;
        *end = '\0';
        const bool is_shown = strstr(is_schema ? schema : code, block) != NULL;
        cr_expect(is_shown || !(is_code || is_schema), "not so in the sources:\n%s", block);
        count += is_code || is_schema;
        fence = end + 1;
    }
    cr_expect(ge(u32, count, 5));
}
