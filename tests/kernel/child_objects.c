// SPDX-License-Identifier: MIT
// The child's side of the sandbox_objects test: every kind of object made, used, received and sent
// from inside the sandbox.
#include "child.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include <lib/sync/completion.h>
#include <lx/handle.h>
#include <lx/sandbox.h>
#include <zircon/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>
#include <zircon/threads.h>

#include "child_check.h"

#define PAGE 4096u
#define SOON zx_deadline_after(ZX_MSEC(5))
#define EVER ZX_TIME_INFINITE

// ---- made and used here

static void use_memory(void) {
    zx_handle_t vmo, loose, copy, slice, none;
    zx_vaddr_t address = 0;
    char text[8] = "";
    zx_info_vmo_t info;
    const zx_vm_option_t both = ZX_VM_PERM_READ | ZX_VM_PERM_WRITE;
    OK(zx_vmo_create(4 * PAGE, 0, &vmo));
    OK(zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &loose));
    OK(zx_vmo_write(vmo, "memory", PAGE, 7));
    OK(zx_vmo_read(vmo, text, PAGE, 7));
    TRUE(strcmp(text, "memory") == 0);
    OK(zx_vmo_set_size(loose, 3 * PAGE));
    GIVES(zx_vmo_set_size(vmo, PAGE), ZX_ERR_UNAVAILABLE);
    OK(zx_vmo_op_range(vmo, ZX_VMO_OP_COMMIT, 0, PAGE, NULL, 0));
    OK(zx_vmo_op_range(vmo, ZX_VMO_OP_DECOMMIT, 0, PAGE, NULL, 0));
    OK(zx_vmo_op_range(vmo, ZX_VMO_OP_ZERO, 0, 100, NULL, 0));
    OK(zx_vmo_op_range(vmo, ZX_VMO_OP_CACHE_CLEAN, 0, PAGE, NULL, 0));
    OK(zx_vmo_create_child(vmo, ZX_VMO_CHILD_SNAPSHOT, 0, 4 * PAGE, &copy));
    OK(zx_vmo_create_child(vmo, ZX_VMO_CHILD_SLICE, PAGE, PAGE, &slice));
    OK(zx_vmo_read(copy, text, PAGE, 7));
    OK(zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL));
    TRUE(info.num_children == 2);
    OK(zx_vmar_map(zx_vmar_root_self(), both | ZX_VM_MAP_RANGE, 0, slice, 0, PAGE, &address));
    TRUE(address != 0 && strcmp((char*)address, "memory") == 0);
    OK(zx_vmar_protect(zx_vmar_root_self(), ZX_VM_PERM_READ, address, PAGE));
    OK(zx_vmar_unmap(zx_vmar_root_self(), address, PAGE));
    OK(zx_cache_flush(text, sizeof(text), ZX_CACHE_FLUSH_DATA));
    GIVES(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_EXECUTE, 0, vmo, 0, PAGE, &address),
          ZX_ERR_ACCESS_DENIED);
    GIVES(zx_vmo_replace_as_executable(loose, ZX_HANDLE_INVALID, &none), ZX_ERR_ACCESS_DENIED);
    const zx_handle_t all[] = {vmo, copy, slice};
    OK(zx_handle_close_many(all, 3));
}

static void use_signals(void) {
    zx_handle_t event, pair[2], port, timer;
    zx_port_packet_t packet = {.key = 7, .type = ZX_PKT_TYPE_USER};
    zx_wait_item_t items[2];
    OK(zx_event_create(0, &event));
    OK(zx_eventpair_create(0, &pair[0], &pair[1]));
    OK(zx_port_create(0, &port));
    OK(zx_timer_create(ZX_TIMER_SLACK_LATE, ZX_CLOCK_MONOTONIC, &timer));
    GIVES(zx_object_wait_one(event, ZX_EVENT_SIGNALED, SOON, NULL), ZX_ERR_TIMED_OUT);
    OK(zx_object_signal(event, 0, ZX_EVENT_SIGNALED));
    OK(zx_object_wait_one(event, ZX_EVENT_SIGNALED, EVER, NULL));
    OK(zx_object_wait_async(timer, port, 1, ZX_TIMER_SIGNALED, ZX_WAIT_ASYNC_TIMESTAMP));
    OK(zx_timer_set(timer, zx_deadline_after(ZX_USEC(100)), ZX_USEC(10)));
    OK(zx_port_wait(port, EVER, &packet));
    TRUE(packet.key == 1 && packet.signal.timestamp > 0);
    OK(zx_timer_cancel(timer));
    OK(zx_object_wait_async(pair[0], port, 2, ZX_EVENTPAIR_PEER_CLOSED, ZX_WAIT_ASYNC_EDGE));
    OK(zx_object_signal_peer(pair[0], 0, ZX_USER_SIGNAL_1));
    items[0] = (zx_wait_item_t){.handle = pair[1], .waitfor = ZX_USER_SIGNAL_1};
    items[1] = (zx_wait_item_t){.handle = timer, .waitfor = ZX_TIMER_SIGNALED};
    OK(zx_object_wait_many(items, 2, EVER));
    TRUE(items[0].pending & ZX_USER_SIGNAL_1);
    OK(zx_handle_close(pair[1]));
    OK(zx_port_wait(port, EVER, &packet));
    TRUE(packet.key == 2);
    OK(zx_object_wait_async(event, port, 3, ZX_USER_SIGNAL_2, 0));
    OK(zx_port_cancel(port, event, 3));
    packet = (zx_port_packet_t){.key = 9, .type = ZX_PKT_TYPE_USER};
    OK(zx_port_queue(port, &packet));
    OK(zx_port_wait(port, 0, &packet));
    GIVES(zx_port_wait(port, SOON, &packet), ZX_ERR_TIMED_OUT);
    const zx_handle_t all[] = {event, pair[0], port, timer};
    OK(zx_handle_close_many(all, 4));
}

static void use_messages(void) {
    static char large[ZX_CHANNEL_MAX_MSG_BYTES];
    zx_handle_t ends[2], fifo[2], sockets[2], event;
    zx_handle_info_t received;
    uint32_t size = 0, count = 0;
    size_t actual = 0;
    uint64_t element = 5;
    OK(zx_channel_create(0, &ends[0], &ends[1]));
    OK(zx_event_create(0, &event));
    OK(zx_channel_write(ends[0], 0, large, sizeof(large), &event, 1));
    OK(zx_channel_read_etc(ends[1], 0, large, &received, sizeof(large), 1, &size, &count));
    TRUE(size == sizeof(large) && count == 1 && received.type == ZX_OBJ_TYPE_EVENT);
    OK(zx_handle_close(received.handle));
    OK(zx_fifo_create(16, 8, 0, &fifo[0], &fifo[1]));
    OK(zx_fifo_write(fifo[0], 8, &element, 1, NULL));
    OK(zx_object_wait_one(fifo[1], ZX_FIFO_READABLE, EVER, NULL));
    OK(zx_fifo_read(fifo[1], 8, &element, 1, NULL));
    for (uint32_t options = ZX_SOCKET_STREAM; options <= ZX_SOCKET_DATAGRAM; options++) {
        OK(zx_socket_create(options, &sockets[0], &sockets[1]));
        OK(zx_socket_write(sockets[0], 0, large, 1000, &actual));
        OK(zx_object_wait_one(sockets[1], ZX_SOCKET_READABLE, EVER, NULL));
        OK(zx_socket_read(sockets[1], 0, large, sizeof(large), &actual));
        OK(zx_socket_shutdown(sockets[1], ZX_SOCKET_SHUTDOWN_READ));
        GIVES(zx_socket_write(sockets[0], 0, large, 1, &actual), ZX_ERR_BAD_STATE);
        OK(zx_handle_close_many(sockets, 2));
    }
    OK(zx_handle_close_many(fifo, 2));
    OK(zx_handle_close_many(ends, 2));
}

typedef struct helper {
    zx_handle_t channel;
    zx_handle_t interrupt;
    sync_completion_t done;
} helper_t;

// Answers one call, triggers the interrupt.
static int helper_run(void* argument) {
    helper_t* helper = argument;
    uint32_t bytes[4];
    uint32_t size;
    OK(zx_object_wait_one(helper->channel, ZX_CHANNEL_READABLE, EVER, NULL));
    OK(zx_channel_read(helper->channel, 0, bytes, NULL, sizeof(bytes), 0, &size, NULL));
    OK(zx_channel_write(helper->channel, 0, bytes, size, NULL, 0));
    OK(zx_interrupt_trigger(helper->interrupt, 0, 1234));
    sync_completion_signal(&helper->done);
    return 5;
}

static void use_threads(void) {
    zx_handle_t ends[2], port;
    helper_t helper = {.done = SYNC_COMPLETION_INIT};
    thrd_t thread;
    zx_time_t when = 0;
    uint32_t request[2] = {0, 77}, reply[2];
    uint32_t size, count;
    zx_port_packet_t packet;
    int result = 0;
    zx_channel_call_args_t args = {.wr_bytes = request,
                                   .wr_num_bytes = sizeof(request),
                                   .rd_bytes = reply,
                                   .rd_num_bytes = sizeof(reply)};
    OK(zx_channel_create(0, &ends[0], &ends[1]));
    OK(zx_interrupt_create(ZX_HANDLE_INVALID, 0, ZX_INTERRUPT_VIRTUAL, &helper.interrupt));
    helper.channel = ends[1];
    TRUE(thrd_create_with_name(&thread, helper_run, &helper, "helper") == thrd_success);
    OK(zx_channel_call(ends[0], 0, EVER, &args, &size, &count));
    TRUE(reply[1] == 77);
    OK(zx_interrupt_wait(helper.interrupt, &when));
    TRUE(when == 1234);
    OK(sync_completion_wait(&helper.done, ZX_TIME_INFINITE));
    TRUE(thrd_join(thread, &result) == thrd_success && result == 5);
    OK(zx_port_create(ZX_PORT_BIND_TO_INTERRUPT, &port));
    OK(zx_interrupt_bind(helper.interrupt, port, 3, ZX_INTERRUPT_BIND));
    OK(zx_interrupt_trigger(helper.interrupt, 0, 99));
    OK(zx_port_wait(port, EVER, &packet));
    TRUE(packet.key == 3 && packet.interrupt.timestamp == 99);
    OK(zx_interrupt_ack(helper.interrupt));
    OK(zx_interrupt_destroy(helper.interrupt));
    GIVES(zx_interrupt_wait(helper.interrupt, NULL), ZX_ERR_CANCELED);
    const zx_handle_t all[] = {ends[0], ends[1], port, helper.interrupt};
    OK(zx_handle_close_many(all, 4));
}

static void use_system(void) {
    uint8_t random[16] = {0}, none[16] = {0};
    zx_futex_t futex = 0;
    zx_time_t time = 0;
    TRUE(zx_system_get_num_cpus() > 0);
    TRUE(zx_system_get_physmem() > 0);
    TRUE(zx_system_get_page_size() == PAGE);
    TRUE(zx_system_get_dcache_line_size() > 0);
    TRUE(zx_ticks_per_second() > 0 && zx_ticks_get() > 0);
    OK(zx_clock_get(ZX_CLOCK_UTC, &time));
    OK(zx_clock_get(ZX_CLOCK_THREAD, &time));
    OK(zx_nanosleep(zx_deadline_after(ZX_USEC(100))));
    GIVES(zx_futex_wait(&futex, 0, ZX_HANDLE_INVALID, SOON), ZX_ERR_TIMED_OUT);
    OK(zx_futex_wake(&futex, 1));
    zx_cprng_draw(random, sizeof(random));
    TRUE(memcmp(random, none, sizeof(none)) != 0);
    zx_info_process_t process;
    OK(zx_object_get_info(zx_process_self(), ZX_INFO_PROCESS, &process, sizeof(process), NULL,
                          NULL));
}

// ---- what comes from the other process, and what goes there

enum { EVENT, EVENTPAIR, VMO, FIFO, CHANNEL, SOCKET, INTERRUPT, RESOURCE, COUNT };

static void use_received(zx_handle_t handles[COUNT]) {
    char text[8] = "";
    uint32_t element = 0, size = 0;
    size_t actual;
    zx_info_resource_t resource;
    OK(zx_object_wait_one(handles[EVENT], ZX_USER_SIGNAL_3, EVER, NULL));
    OK(zx_object_signal(handles[EVENT], ZX_USER_SIGNAL_3, ZX_USER_SIGNAL_4));
    OK(zx_object_signal_peer(handles[EVENTPAIR], 0, ZX_USER_SIGNAL_5));
    OK(zx_vmo_read(handles[VMO], text, 0, 5));
    TRUE(strcmp(text, "host") == 0);
    OK(zx_vmo_write(handles[VMO], "box", 0, 4));
    OK(zx_object_wait_one(handles[FIFO], ZX_FIFO_READABLE, EVER, NULL));
    OK(zx_fifo_read(handles[FIFO], 4, &element, 1, NULL));
    element++;
    OK(zx_fifo_write(handles[FIFO], 4, &element, 1, NULL));
    OK(zx_object_wait_one(handles[CHANNEL], ZX_CHANNEL_READABLE, EVER, NULL));
    OK(zx_channel_read(handles[CHANNEL], 0, text, NULL, sizeof(text), 0, &size, NULL));
    OK(zx_channel_write(handles[CHANNEL], 0, text, size, NULL, 0));
    OK(zx_object_wait_one(handles[SOCKET], ZX_SOCKET_READABLE, EVER, NULL));
    OK(zx_socket_read(handles[SOCKET], 0, text, sizeof(text), &actual));
    OK(zx_socket_write(handles[SOCKET], 0, text, actual, &actual));
    OK(zx_interrupt_wait(handles[INTERRUPT], NULL));
    OK(zx_interrupt_trigger(handles[INTERRUPT], 0, 4321));
    OK(zx_object_get_info(handles[RESOURCE], ZX_INFO_RESOURCE, &resource, sizeof(resource), NULL,
                          NULL));
}

// Objects of this process's own; the ends that stay here go into `kept`.
static void make_to_send(zx_handle_t handles[COUNT], zx_handle_t kept[4]) {
    uint32_t element = 50;
    size_t actual;
    OK(zx_event_create(0, &handles[EVENT]));
    OK(zx_object_signal(handles[EVENT], 0, ZX_USER_SIGNAL_6));
    OK(zx_eventpair_create(0, &handles[EVENTPAIR], &kept[0]));
    OK(zx_vmo_create(PAGE, 0, &handles[VMO]));
    OK(zx_vmo_write(handles[VMO], "mine", 0, 5));
    OK(zx_fifo_create(4, 4, 0, &handles[FIFO], &kept[1]));
    OK(zx_fifo_write(kept[1], 4, &element, 1, NULL));
    OK(zx_channel_create(0, &handles[CHANNEL], &kept[2]));
    OK(zx_channel_write(kept[2], 0, "from", 4, NULL, 0));
    OK(zx_socket_create(0, &handles[SOCKET], &kept[3]));
    OK(zx_socket_write(kept[3], 0, "within", 6, &actual));
    OK(zx_interrupt_create(ZX_HANDLE_INVALID, 0, ZX_INTERRUPT_VIRTUAL, &handles[INTERRUPT]));
    OK(zx_interrupt_trigger(handles[INTERRUPT], 0, 777));
}

static void exchange(zx_handle_t channel) {
    zx_handle_t handles[COUNT], kept[4] = {0};
    uint32_t size = 0, count = 0;
    OK(zx_object_wait_one(channel, ZX_CHANNEL_READABLE, EVER, NULL));
    OK(zx_channel_read(channel, 0, NULL, handles, 0, COUNT, &size, &count));
    TRUE(count == COUNT);
    if (count != COUNT) {
        return;
    }
    use_received(handles);
    OK(zx_channel_write(channel, 0, "used", 4, handles, COUNT));  // and back where they came from
    make_to_send(handles, kept);
    OK(zx_channel_write(channel, 0, "made", 4, handles, COUNT - 1));
    OK(zx_object_wait_one(channel, ZX_CHANNEL_PEER_CLOSED, EVER, NULL));
    OK(zx_handle_close_many(kept, 4));
}

// "sandbox" or "free" says where it runs.
int child_objects(int argc, char** argv) {
    if (argc != 1) {
        return 126;
    }
    if (strcmp(argv[0], "sandbox") == 0 && lx_sandbox_enter() != ZX_OK) {
        return 2;
    }
    zx_handle_t channel = zx_take_startup_handle(PA_HND(PA_USER0, 0));
    size_t before = lx_handle_count();
    use_memory();
    use_signals();
    use_messages();
    use_threads();
    use_system();
    exchange(channel);
    TRUE(lx_handle_count() == before);
    OK(zx_handle_close(channel));
    printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
