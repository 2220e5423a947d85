// SPDX-License-Identifier: MIT
// ipc_bench [runs [row]]: what messages, calls, wakes and handles cost beside the plain Linux way.
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <protocols/block.h>
#include <zircon/syscalls.h>

#include "bench_run.h"
#include "pin.h"

#define MESSAGE_SIZE 64u
#define WARM_UP      200
#define ROUNDS       8000
#define RECORD_SIZE  32u  // as a block request
#define FIFO_DEPTH   (4096u / RECORD_SIZE)
#define BATCH        32u
#define STREAM       (BATCH * 5000u)  // messages a run
#define LOOKUPS      2000000
#define READY        (__ZX_OBJECT_READABLE | __ZX_OBJECT_PEER_CLOSED)

static inline void check(zx_status_t status, const char* what) {
    bench_check(status == ZX_OK, what);
}

// ---- channel round trip

static void channel_read_next(zx_handle_t channel, uint8_t message[MESSAGE_SIZE]) {
    uint32_t size = 0;
    check(zx_object_wait_one(channel, READY, ZX_TIME_INFINITE, NULL), "wait_one");
    check(zx_channel_read(channel, 0, message, NULL, MESSAGE_SIZE, 0, &size, NULL), "channel_read");
    bench_check(size == MESSAGE_SIZE, "size of a message");
}

static void channel_write(zx_handle_t channel, const uint8_t message[MESSAGE_SIZE]) {
    check(zx_channel_write(channel, 0, message, MESSAGE_SIZE, NULL, 0), "channel_write");
}

static double channel_round_trip(int other_cpu) {
    zx_handle_t ends[2];
    uint8_t message[MESSAGE_SIZE] = {1};
    check(zx_channel_create(0, &ends[0], &ends[1]), "channel_create");
    pid_t child = bench_fork(other_cpu);
    if (child == 0) {
        for (int i = 0; i < WARM_UP + ROUNDS; i++) {
            channel_read_next(ends[1], message);
            channel_write(ends[1], message);
        }
        _exit(0);
    }
    int64_t start = 0;
    for (int i = 0; i < WARM_UP + ROUNDS; i++) {
        if (i == WARM_UP) {
            start = bench_now_ns();
        }
        channel_write(ends[0], message);
        channel_read_next(ends[0], message);
    }
    double result = (double)(bench_now_ns() - start) / ROUNDS;
    bench_join(child);
    zx_handle_close_many(ends, 2);
    return result;
}

static void socket_send(int fd, const uint8_t message[MESSAGE_SIZE]) {
    bench_check(send(fd, message, MESSAGE_SIZE, MSG_NOSIGNAL) == MESSAGE_SIZE, "send");
}

static void socket_receive(int fd, uint8_t message[MESSAGE_SIZE]) {
    bench_check(recv(fd, message, MESSAGE_SIZE, 0) == MESSAGE_SIZE, "recv");
}

static double socket_round_trip(int other_cpu) {
    int fds[2];
    uint8_t message[MESSAGE_SIZE] = {1};
    bench_check(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) == 0, "socketpair");
    pid_t child = bench_fork(other_cpu);
    if (child == 0) {
        for (int i = 0; i < WARM_UP + ROUNDS; i++) {
            socket_receive(fds[1], message);
            socket_send(fds[1], message);
        }
        _exit(0);
    }
    int64_t start = 0;
    for (int i = 0; i < WARM_UP + ROUNDS; i++) {
        if (i == WARM_UP) {
            start = bench_now_ns();
        }
        socket_send(fds[0], message);
        socket_receive(fds[0], message);
    }
    double result = (double)(bench_now_ns() - start) / ROUNDS;
    bench_join(child);
    close(fds[0]);
    close(fds[1]);
    return result;
}

// ---- channel call: a method of a real protocol, encoded, verified and decoded on both sides

static void answer_get_info(void* ctx, const block_empty_t* request, pg_responder_t responder) {
    (void)ctx;
    (void)request;
    block_get_info_response_t response = {
        .block_count = 262144, .block_size = 512, .max_transfer_size = 65536, .flags = 1};
    check(block_block_get_info_reply(&responder, &response), "reply");
}

static const block_block_ops_t block_ops = {.get_info = answer_get_info};

static void call_serve(zx_handle_t channel) {
    for (int i = 0; i < WARM_UP + ROUNDS; i++) {
        pg_message_t message;
        check(zx_object_wait_one(channel, READY, ZX_TIME_INFINITE, NULL), "wait_one");
        check(pg_message_read(channel, &message), "message_read");
        check(block_block_dispatch(&block_ops, NULL, channel, &message), "dispatch");
        pg_message_fini(&message);
    }
}

static double channel_call(int other_cpu) {
    zx_handle_t ends[2];
    check(zx_channel_create(0, &ends[0], &ends[1]), "channel_create");
    pid_t child = bench_fork(other_cpu);
    if (child == 0) {
        call_serve(ends[1]);
        _exit(0);
    }
    int64_t start = 0;
    for (int i = 0; i < WARM_UP + ROUNDS; i++) {
        if (i == WARM_UP) {
            start = bench_now_ns();
        }
        block_empty_t request = {0};
        block_get_info_response_t response;
        uint8_t memory[512];
        pg_arena_t arena;
        pg_arena_init(&arena, memory, sizeof(memory));
        check(block_block_get_info(ends[0], &request, &arena, &response), "get_info");
        bench_check(response.block_count == 262144 && response.flags == 1, "answer");
        pg_arena_fini(&arena);
    }
    double result = (double)(bench_now_ns() - start) / ROUNDS;
    bench_join(child);
    zx_handle_close_many(ends, 2);
    return result;
}

// ---- port wake: two processes wake each other in turn; a wake includes being ready for the next

static zx_handle_t event_share(zx_handle_t channel) {
    zx_handle_t event = ZX_HANDLE_INVALID;
    zx_handle_t copy = ZX_HANDLE_INVALID;
    check(zx_event_create(0, &event), "event_create");
    check(zx_handle_duplicate(event, ZX_RIGHT_SAME_RIGHTS, &copy), "duplicate");
    check(zx_channel_write(channel, 0, NULL, 0, &copy, 1), "channel_write");
    return event;
}

static zx_handle_t event_receive(zx_handle_t channel) {
    zx_handle_t event = ZX_HANDLE_INVALID;
    check(zx_object_wait_one(channel, READY, ZX_TIME_INFINITE, NULL), "wait_one");
    check(zx_channel_read(channel, 0, NULL, &event, 0, 1, NULL, NULL), "channel_read");
    return event;
}

static double event_rounds(zx_handle_t mine, zx_handle_t theirs, bool is_first) {
    zx_handle_t port = ZX_HANDLE_INVALID;
    zx_port_packet_t packet;
    int64_t start = 0;
    check(zx_port_create(0, &port), "port_create");
    check(zx_object_wait_async(mine, port, 1, ZX_EVENT_SIGNALED, 0), "wait_async");
    for (int i = 0; i < WARM_UP + ROUNDS; i++) {
        if (i == WARM_UP) {
            start = bench_now_ns();
        }
        if (is_first) {
            check(zx_object_signal(theirs, 0, ZX_EVENT_SIGNALED), "signal");
        }
        check(zx_port_wait(port, ZX_TIME_INFINITE, &packet), "port_wait");
        check(zx_object_signal(mine, ZX_EVENT_SIGNALED, 0), "clear");
        check(zx_object_wait_async(mine, port, 1, ZX_EVENT_SIGNALED, 0), "wait_async");
        if (!is_first) {
            check(zx_object_signal(theirs, 0, ZX_EVENT_SIGNALED), "signal");
        }
    }
    double result = (double)(bench_now_ns() - start) / ROUNDS / 2;
    zx_handle_close(port);
    return result;
}

static double port_wake(int other_cpu) {
    zx_handle_t ends[2];
    check(zx_channel_create(0, &ends[0], &ends[1]), "channel_create");
    pid_t child = bench_fork(other_cpu);
    zx_handle_t channel = ends[child == 0];
    zx_handle_t mine = event_share(channel);
    zx_handle_t theirs = event_receive(channel);
    double result = event_rounds(mine, theirs, child != 0);
    if (child == 0) {
        _exit(0);
    }
    bench_join(child);
    zx_handle_close(mine);
    zx_handle_close(theirs);
    zx_handle_close_many(ends, 2);
    return result;
}

static void eventfd_ring(int fd) {
    uint64_t one = 1;
    bench_check(write(fd, &one, sizeof(one)) == sizeof(one), "write to an eventfd");
}

static double eventfd_rounds(int mine, int theirs, bool is_first) {
    struct epoll_event event = {.events = EPOLLIN};
    int64_t start = 0;
    int epoll_fd = epoll_create1(0);
    bench_check(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, mine, &event) == 0, "epoll_ctl");
    for (int i = 0; i < WARM_UP + ROUNDS; i++) {
        if (i == WARM_UP) {
            start = bench_now_ns();
        }
        if (is_first) {
            eventfd_ring(theirs);
        }
        uint64_t count;
        bench_check(epoll_wait(epoll_fd, &event, 1, -1) == 1, "epoll_wait");
        bench_check(read(mine, &count, sizeof(count)) == sizeof(count), "read of an eventfd");
        if (!is_first) {
            eventfd_ring(theirs);
        }
    }
    double result = (double)(bench_now_ns() - start) / ROUNDS / 2;
    close(epoll_fd);
    return result;
}

static double epoll_wake(int other_cpu) {
    int fds[2] = {eventfd(0, 0), eventfd(0, 0)};
    bench_check(fds[0] >= 0 && fds[1] >= 0, "eventfd");
    pid_t child = bench_fork(other_cpu);
    bool is_child = child == 0;
    double result = eventfd_rounds(fds[is_child], fds[!is_child], !is_child);
    if (is_child) {
        _exit(0);
    }
    bench_join(child);
    close(fds[0]);
    close(fds[1]);
    return result;
}

// ---- FIFO in batches against single messages: one process writes, the other reads all

// Creates the two ends before the fork; the reader says when it has everything.
typedef struct stream {
    zx_handle_t ends[2];  // owned: the data
    int done_fd;          // owned: an eventfd
} stream_t;

static double stream_run(stream_t* stream, int other_cpu, void (*write_all)(zx_handle_t),
                         void (*read_all)(zx_handle_t)) {
    uint64_t count = 1;
    stream->done_fd = eventfd(0, 0);
    bench_check(stream->done_fd >= 0, "eventfd");
    pid_t child = bench_fork(other_cpu);
    if (child == 0) {
        eventfd_ring(stream->done_fd);
        read_all(stream->ends[1]);
        eventfd_ring(stream->done_fd);
        _exit(0);
    }
    bench_check(read(stream->done_fd, &count, sizeof(count)) == sizeof(count), "start");
    int64_t start = bench_now_ns();
    write_all(stream->ends[0]);
    bench_check(read(stream->done_fd, &count, sizeof(count)) == sizeof(count), "end");
    double result = STREAM / ((double)(bench_now_ns() - start) / 1e9) / 1e6;
    bench_join(child);
    close(stream->done_fd);
    zx_handle_close_many(stream->ends, 2);
    return result;
}

static void await(zx_handle_t handle, zx_signals_t signals) {
    check(zx_object_wait_one(handle, signals | __ZX_OBJECT_PEER_CLOSED, ZX_TIME_INFINITE, NULL),
          "wait_one");
}

static void fifo_write_all(zx_handle_t fifo) {
    uint8_t batch[BATCH * RECORD_SIZE] = {1};
    for (size_t sent = 0; sent < STREAM;) {
        size_t done = 0;
        zx_status_t status = zx_fifo_write(fifo, RECORD_SIZE, batch, BATCH, &done);
        if (status == ZX_ERR_SHOULD_WAIT) {
            await(fifo, ZX_FIFO_WRITABLE);
        } else {
            check(status, "fifo_write");
            sent += done;
        }
    }
}

static void fifo_read_all(zx_handle_t fifo) {
    uint8_t batch[BATCH * RECORD_SIZE];
    for (size_t got = 0; got < STREAM;) {
        size_t done = 0;
        zx_status_t status = zx_fifo_read(fifo, RECORD_SIZE, batch, BATCH, &done);
        if (status == ZX_ERR_SHOULD_WAIT) {
            await(fifo, ZX_FIFO_READABLE);
        } else {
            check(status, "fifo_read");
            got += done;
        }
    }
}

static double fifo_stream(int other_cpu) {
    stream_t stream;
    check(zx_fifo_create(FIFO_DEPTH, RECORD_SIZE, 0, &stream.ends[0], &stream.ends[1]),
          "fifo_create");
    return stream_run(&stream, other_cpu, fifo_write_all, fifo_read_all);
}

static void channel_write_all(zx_handle_t channel) {
    uint8_t message[RECORD_SIZE] = {1};
    for (size_t sent = 0; sent < STREAM;) {
        zx_status_t status = zx_channel_write(channel, 0, message, RECORD_SIZE, NULL, 0);
        if (status == ZX_ERR_SHOULD_WAIT) {
            await(channel, ZX_CHANNEL_WRITABLE);
        } else {
            check(status, "channel_write");
            sent++;
        }
    }
}

static void channel_read_all(zx_handle_t channel) {
    uint8_t message[RECORD_SIZE];
    for (size_t got = 0; got < STREAM;) {
        zx_status_t status = zx_channel_read(channel, 0, message, NULL, RECORD_SIZE, 0, NULL, NULL);
        if (status == ZX_ERR_SHOULD_WAIT) {
            await(channel, ZX_CHANNEL_READABLE);
        } else {
            check(status, "channel_read");
            got++;
        }
    }
}

static double channel_stream(int other_cpu) {
    stream_t stream;
    check(zx_channel_create(0, &stream.ends[0], &stream.ends[1]), "channel_create");
    return stream_run(&stream, other_cpu, channel_write_all, channel_read_all);
}

// ---- handle lookup: the object of a handle, its type and rights checked, and its release. A
// second thread does the same with a handle of its own.

static _Atomic bool lookups_end;

static void lookup(zx_handle_t event) {
    ko_pin_t pin;
    check(ko_handle_pin(event, ZX_OBJ_TYPE_EVENT, ZX_RIGHT_SIGNAL, &pin), "handle_pin");
    ko_unpin(&pin);
}

typedef struct plain_entry {
    ko_object_t* object;  // borrowed
    zx_rights_t rights;
} plain_entry_t;

static plain_entry_t plain_table[1024];
static volatile uint32_t plain_count = 1024;
static void* volatile plain_sink;

static void plain_lookup(uint32_t index) {
    bench_check(index < plain_count, "bounds");
    plain_sink = plain_table[index].object;
}

typedef struct lookup_thread {
    int cpu;
    bool is_ours;
} lookup_thread_t;

static void* lookup_beside(void* argument) {
    const lookup_thread_t* thread = argument;
    zx_handle_t event = ZX_HANDLE_INVALID;
    bench_pin(thread->cpu);
    check(zx_event_create(0, &event), "event_create");
    while (!atomic_load_explicit(&lookups_end, memory_order_relaxed)) {
        if (thread->is_ours) {
            lookup(event);
        } else {
            plain_lookup(7);
        }
    }
    zx_handle_close(event);
    return NULL;
}

// On the same core there is no second thread. Processor time: nothing waits here.
static double lookups_time(int other_cpu, bool is_ours) {
    lookup_thread_t beside = {.cpu = other_cpu, .is_ours = is_ours};
    pthread_t thread;
    bool is_alone = other_cpu == sched_getcpu();
    zx_handle_t event = ZX_HANDLE_INVALID;
    check(zx_event_create(0, &event), "event_create");
    atomic_store(&lookups_end, false);
    bench_check(is_alone || pthread_create(&thread, NULL, lookup_beside, &beside) == 0, "thread");
    int64_t start = bench_cpu_ns();
    for (uint32_t i = 0; i < LOOKUPS; i++) {
        if (is_ours) {
            lookup(event);
        } else {
            plain_lookup(i & 1023u);
        }
    }
    double result = (double)(bench_cpu_ns() - start) / LOOKUPS;
    atomic_store(&lookups_end, true);
    bench_check(is_alone || pthread_join(thread, NULL) == 0, "thread");
    zx_handle_close(event);
    return result;
}

static double handle_lookup(int other_cpu) {
    return lookups_time(other_cpu, true);
}

static double array_lookup(int other_cpu) {
    return lookups_time(other_cpu, false);
}

static const bench_row_t rows[] = {
    {"channel round trip", "ns", 1.25, false, false, channel_round_trip, socket_round_trip},
    {"channel call", "ns", 1.6, false, false, channel_call, socket_round_trip},
    {"port wake", "ns", 1.3, false, false, port_wake, epoll_wake},
    {"fifo batch 32", "M msg/s", 10, true, false, fifo_stream, channel_stream},
    {"handle lookup", "ns", 10, false, true, handle_lookup, array_lookup},
};

int main(int argc, char** argv) {
    int runs = argc > 1 ? atoi(argv[1]) : 11;
    return bench_main(rows, sizeof(rows) / sizeof(rows[0]), runs, argc > 2 ? argv[2] : NULL);
}
