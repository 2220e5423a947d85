// SPDX-License-Identifier: MIT
// Every kind of object between this process and one that runs in the sandbox (child_objects.c):
// nothing that works outside is refused inside, and transfers work both ways.
#include "child_run.h"

#include <lx/resource.h>

TestSuite(sandbox_objects, .timeout = 60);

enum { EVENT, EVENTPAIR, VMO, FIFO, CHANNEL, SOCKET, INTERRUPT, RESOURCE, COUNT };

typedef struct ours {
    zx_handle_t sent[COUNT];
    zx_handle_t ends[COUNT];  // what stays here of the pairs
    zx_koid_t koids[COUNT];
} ours_t;

static zx_koid_t koid_of(zx_handle_t handle) {
    zx_info_handle_basic_t info;
    OK(zx_object_get_info(handle, ZX_INFO_HANDLE_BASIC, &info, sizeof(info), NULL, NULL));
    return info.koid;
}

static void make(ours_t* ours) {
    uint32_t element = 41;
    size_t actual;
    OK(zx_event_create(0, &ours->sent[EVENT]));
    OK(zx_object_signal(ours->sent[EVENT], 0, ZX_USER_SIGNAL_3));
    OK(zx_eventpair_create(0, &ours->sent[EVENTPAIR], &ours->ends[EVENTPAIR]));
    OK(zx_vmo_create(4096, 0, &ours->sent[VMO]));
    OK(zx_vmo_write(ours->sent[VMO], "host", 0, 5));
    OK(zx_fifo_create(4, 4, 0, &ours->sent[FIFO], &ours->ends[FIFO]));
    OK(zx_fifo_write(ours->ends[FIFO], 4, &element, 1, NULL));
    OK(zx_channel_create(0, &ours->sent[CHANNEL], &ours->ends[CHANNEL]));
    OK(zx_channel_write(ours->ends[CHANNEL], 0, "ping", 4, NULL, 0));
    OK(zx_socket_create(0, &ours->sent[SOCKET], &ours->ends[SOCKET]));
    OK(zx_socket_write(ours->ends[SOCKET], 0, "stream", 6, &actual));
    OK(zx_interrupt_create(ZX_HANDLE_INVALID, 0, ZX_INTERRUPT_VIRTUAL, &ours->sent[INTERRUPT]));
    OK(zx_interrupt_trigger(ours->sent[INTERRUPT], 0, 1));
    OK(lx_root_resource_create(&ours->sent[RESOURCE]));
    for (int i = 0; i < COUNT; i++) {
        ours->koids[i] = koid_of(ours->sent[i]);
    }
}

static void receive(zx_handle_t channel, const char* word, zx_handle_t* handles, uint32_t wanted) {
    char text[8] = "";
    uint32_t size = 0, count = 0;
    OK(zx_object_wait_one(channel, ZX_CHANNEL_READABLE, EVER, NULL));
    OK(zx_channel_read(channel, 0, text, handles, sizeof(text), COUNT, &size, &count));
    cr_assert_eq(count, wanted);
    cr_assert_str_eq(text, word);
}

// What the child did to the objects it was given shows here, and on what came back.
static void check_used(const ours_t* ours, zx_handle_t back[COUNT]) {
    uint32_t element = 0, size;
    char text[8] = "";
    size_t actual;
    zx_time_t when = 0;
    for (int i = 0; i < COUNT; i++) {
        cr_assert_eq(koid_of(back[i]), ours->koids[i], "object %d", i);
    }
    OK(zx_object_wait_one(back[EVENT], ZX_USER_SIGNAL_4, 0, NULL));
    OK(zx_object_wait_one(ours->ends[EVENTPAIR], ZX_USER_SIGNAL_5, 0, NULL));
    OK(zx_vmo_read(back[VMO], text, 0, 4));
    cr_assert_str_eq(text, "box");
    OK(zx_fifo_read(ours->ends[FIFO], 4, &element, 1, NULL));
    cr_assert_eq(element, 42);
    OK(zx_channel_read(ours->ends[CHANNEL], 0, text, NULL, sizeof(text), 0, &size, NULL));
    cr_assert(size == 4 && memcmp(text, "ping", 4) == 0);
    OK(zx_socket_read(ours->ends[SOCKET], 0, text, sizeof(text), &actual));
    cr_assert(actual == 6 && memcmp(text, "stream", 6) == 0);
    OK(zx_interrupt_wait(back[INTERRUPT], &when));
    cr_assert_eq(when, 4321);
}

static void check_made(zx_handle_t made[COUNT]) {
    uint32_t element = 0, size;
    char text[8] = "";
    size_t actual;
    zx_time_t when = 0;
    OK(zx_object_wait_one(made[EVENT], ZX_USER_SIGNAL_6, 0, NULL));
    OK(zx_vmo_read(made[VMO], text, 0, 5));
    cr_assert_str_eq(text, "mine");
    OK(zx_fifo_read(made[FIFO], 4, &element, 1, NULL));
    cr_assert_eq(element, 50);
    OK(zx_channel_read(made[CHANNEL], 0, text, NULL, sizeof(text), 0, &size, NULL));
    cr_assert(size == 4 && memcmp(text, "from", 4) == 0);
    OK(zx_socket_read(made[SOCKET], 0, text, sizeof(text), &actual));
    cr_assert(actual == 6 && memcmp(text, "within", 6) == 0);
    OK(zx_interrupt_wait(made[INTERRUPT], &when));
    cr_assert_eq(when, 777);
}

static void run(bool sandbox) {
    static child_run_t child;
    size_t handles = lx_handle_count();
    ours_t ours = {0};
    zx_handle_t channel, theirs;
    zx_handle_t received[COUNT];
    OK(zx_channel_create(0, &channel, &theirs));
    child_start_with(&child, sandbox, CHILD("objects", sandbox ? "sandbox" : "free"), theirs);
    make(&ours);
    OK(zx_channel_write(channel, 0, NULL, 0, ours.sent, COUNT));
    receive(channel, "used", received, COUNT);
    check_used(&ours, received);
    OK(zx_handle_close_many(received, COUNT));
    OK(zx_handle_close_many(ours.ends, COUNT));
    receive(channel, "made", received, COUNT - 1);
    check_made(received);
    OK(zx_handle_close(channel));  // the child ends at that, and what it kept with it
    child_wait(&child);
    OK(zx_object_wait_one(received[CHANNEL], ZX_CHANNEL_PEER_CLOSED, 0, NULL));
    OK(zx_object_wait_one(received[EVENTPAIR], ZX_EVENTPAIR_PEER_CLOSED, 0, NULL));
    OK(zx_object_wait_one(received[FIFO], ZX_FIFO_PEER_CLOSED, 0, NULL));
    OK(zx_object_wait_one(received[SOCKET], ZX_SOCKET_PEER_CLOSED, 0, NULL));
    cr_assert(child.exit.exited && child.exit.code == 0, "exit %d, signal %d: %s", child.exit.code,
              child.exit.signal, child.text);
    OK(zx_handle_close_many(received, COUNT - 1));
    child_close(&child);
    cr_assert_eq(lx_handle_count(), handles);
}

Test(sandbox_objects, outside) {
    run(false);
}

Test(sandbox_objects, inside) {
    run(true);
}
