// SPDX-License-Identifier: MIT
// What a stranger on the other end may send: each lie is refused, nothing of it stays open.
#include <sys/resource.h>

#include "raw_message.h"

OBJECT_SUITE(channel_hostile, test_begin, test_end);

#define GOOD_HEADER .magic = KO_MSG_MAGIC

typedef struct header_case {
    const char* name;
    ko_msg_header_t header;
    size_t size;  // of the datagram
    size_t fds;   // sent with it
} header_case_t;

static void expect_header_refused(const header_case_t* lie) {
    static uint8_t datagram[90000];
    raw_end_t raw;
    int fds[4] = {0, 0, 0, 0};
    cr_log_info("%s", lie->name);
    raw_open(&raw);
    memset(datagram, 0, sizeof(datagram));
    memcpy(datagram, &lie->header, sizeof(lie->header));
    raw_send(&raw, datagram, lie->size, fds, lie->fds);
    raw_expect_refused(&raw);
    raw_close(&raw);
}

#define HEADER sizeof(ko_msg_header_t)
#define HANDLE sizeof(ko_msg_handle_t)

OBJECT_TEST(channel_hostile, headers) {
    static const header_case_t lies[] = {
        {"nothing", {0}, 0, 0},
        {"nothing but an fd", {0}, 0, 1},
        {"one byte", {GOOD_HEADER}, 1, 0},
        {"half a header", {GOOD_HEADER}, HEADER - 1, 0},
        {"no magic", {0}, HEADER, 0},
        {"magic off by one", {.magic = KO_MSG_MAGIC + 1}, HEADER, 0},
        {"unknown flag", {GOOD_HEADER, .flags = 2}, HEADER, 0},
        {"all flags", {GOOD_HEADER, .flags = UINT32_MAX}, HEADER, 0},
        {"fewer bytes than said", {GOOD_HEADER, .byte_count = 10}, HEADER + 9, 0},
        {"more bytes than said", {GOOD_HEADER, .byte_count = 10}, HEADER + 11, 0},
        {"one byte too many", {GOOD_HEADER, .byte_count = 65537}, HEADER + 65537, 0},
        {"a huge number of bytes", {GOOD_HEADER, .byte_count = UINT32_MAX}, HEADER + 10, 0},
        {"bytes that wrap around",
         {GOOD_HEADER, .byte_count = (uint32_t) - (int32_t)HANDLE, .handle_count = 1},
         HEADER,
         0},
        {"a handle that is not there", {GOOD_HEADER, .handle_count = 1}, HEADER, 0},
        {"half a handle", {GOOD_HEADER, .handle_count = 1}, HEADER + HANDLE - 1, 0},
        {"65 handles", {GOOD_HEADER, .handle_count = 65}, HEADER + 65 * HANDLE, 0},
        {"65535 handles", {GOOD_HEADER, .handle_count = 65535}, HEADER + HANDLE, 0},
        {"an fd that is not there", {GOOD_HEADER, .fd_count = 1}, HEADER, 0},
        {"65535 fds", {GOOD_HEADER, .fd_count = 65535}, HEADER, 1},
        {"an fd too many", {GOOD_HEADER, .fd_count = 1}, HEADER, 2},
        {"an fd not told of", {GOOD_HEADER}, HEADER, 1},
        {"an fd without a handle", {GOOD_HEADER, .fd_count = 1}, HEADER, 1},
        {"longer than any message", {GOOD_HEADER, .byte_count = 65536}, 80000, 0},
        {"longer than any message, with fds", {GOOD_HEADER, .fd_count = 4}, 80000, 4},
        {"bulk without an fd", {GOOD_HEADER, .flags = KO_MSG_BULK, .byte_count = 1}, HEADER, 0},
        {"bulk that says no fds", {GOOD_HEADER, .flags = KO_MSG_BULK}, HEADER, 1},
        {"bulk from no memfd",
         {GOOD_HEADER, .flags = KO_MSG_BULK, .byte_count = 1, .fd_count = 1},
         HEADER,
         1},
    };
    for (size_t i = 0; i < countof(lies); i++) {
        expect_header_refused(&lies[i]);
    }
}

OBJECT_TEST(channel_hostile, good_then_bad) {
    raw_end_t raw;
    ko_msg_header_t header = {GOOD_HEADER};
    raw_open(&raw);
    raw_send(&raw, &header, sizeof(header), NULL, 0);
    raw_send(&raw, "?", 1, NULL, 0);
    raw_send(&raw, &header, sizeof(header), NULL, 0);
    expect_ok(raw_read(&raw));
    raw_expect_refused(&raw);
    raw_close(&raw);
}

// ---- bodies that come as a memfd

static void bulk_send(raw_end_t* raw, uint32_t claimed, size_t size, int seals, size_t extra) {
    ko_msg_header_t header = {GOOD_HEADER, .flags = KO_MSG_BULK, .byte_count = claimed,
                              .fd_count = 1};
    uint8_t datagram[sizeof(header) + 8] = {0};
    memcpy(datagram, &header, sizeof(header));
    int fd = raw_memfd(size, seals);
    raw_send(raw, datagram, sizeof(header) + extra, &fd, 1);
    ko_fd_close(&fd);
}

OBJECT_TEST(channel_hostile, bulk) {
    const int good = F_SEAL_WRITE | F_SEAL_SHRINK;
    static const struct {
        uint32_t claimed;
        size_t size;
        int seals;
        size_t extra;
    } lies[] = {
        {100, 100, 0, 0},
        {100, 100, F_SEAL_WRITE, 0},                 // may shrink
        {100, 100, F_SEAL_SHRINK | F_SEAL_GROW, 0},  // may be written
        {100, 99, F_SEAL_WRITE | F_SEAL_SHRINK, 0},
        {100, 101, F_SEAL_WRITE | F_SEAL_SHRINK, 0},
        {100, 100, F_SEAL_WRITE | F_SEAL_SHRINK, 1},  // more in the datagram
        {65537, 65537, F_SEAL_WRITE | F_SEAL_SHRINK, 0},
    };
    raw_end_t raw;
    for (size_t i = 0; i < countof(lies); i++) {
        cr_log_info("bulk %zu", i);
        raw_open(&raw);
        bulk_send(&raw, lies[i].claimed, lies[i].size, lies[i].seals, lies[i].extra);
        raw_expect_refused(&raw);
        raw_close(&raw);
    }
    raw_open(&raw);
    bulk_send(&raw, 100, 100, good, 0);
    expect_ok(raw_read(&raw));
    raw_close(&raw);
}

// ---- fds that are lost on the way

// The stranger kept a duplicate of our end and turns on what takes room from the fds.
OBJECT_TEST(channel_hostile, truncated_control_data) {
    static uint8_t datagram[HEADER + ZX_CHANNEL_MAX_MSG_HANDLES * HANDLE];
    int fds[KO_MSG_MAX_FDS] = {0};
    int ends[2];
    int one = 1;
    raw_end_t raw;
    ko_msg_header_t header = {GOOD_HEADER, .handle_count = 64, .fd_count = KO_MSG_MAX_FDS};
    memcpy(datagram, &header, sizeof(header));
    for (uint32_t i = 0; i < 64; i++) {
        ko_msg_handle_t handle = {.type = ZX_OBJ_TYPE_FIFO, .fd_count = i < 63 ? 4 : 1};
        memcpy(datagram + HEADER + i * HANDLE, &handle, sizeof(handle));
    }
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    int kept = fcntl(ends[1], F_DUPFD_CLOEXEC, 0);
    raw.fd = ends[0];
    expect_ok(lx_channel_from_fd(ends[1], &raw.channel));
    cr_assert_eq(setsockopt(kept, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)), 0);
    raw_send(&raw, datagram, sizeof(datagram), fds, KO_MSG_MAX_FDS);
    raw_expect_refused(&raw);
    ko_fd_close(&kept);
    raw_close(&raw);
    raw_open(&raw);  // and the same with all its fds, which are not what they should be
    raw_send(&raw, datagram, sizeof(datagram), fds, KO_MSG_MAX_FDS);
    raw_expect_refused(&raw);
    raw_close(&raw);
}

// This process has no room for all fds of a message: none of them stays.
OBJECT_TEST(channel_hostile, no_fds_left) {
    raw_end_t raw;
    zx_handle_t near, far, ends[2];
    struct rlimit before;
    raw_open(&raw);
    expect_ok(zx_channel_create(0, &near, &far));
    expect_ok(zx_fifo_create(8, 8, 0, &ends[0], &ends[1]));
    expect_ok(zx_channel_write(near, 0, NULL, 0, ends, 2));
    int last = open("/dev/null", O_RDONLY | O_CLOEXEC);
    cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit tight = {.rlim_cur = (rlim_t)last + 3, .rlim_max = before.rlim_max};
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &tight), 0);
    uint32_t count = 0;
    zx_status_t status = zx_channel_read(far, 0, NULL, ends, 0, 2, NULL, &count);
    cr_assert_eq(setrlimit(RLIMIT_NOFILE, &before), 0);
    expect_status(status, ZX_ERR_IO_DATA_INTEGRITY);
    ko_fd_close(&last);
    test_close(near);
    test_close(far);
    raw_close(&raw);
}

// ---- lies while others wait

typedef struct call {
    zx_handle_t channel;
    zx_status_t status;
    pthread_t thread;
} call_t;

static void* call_run(void* argument) {
    call_t* call = argument;
    uint32_t request[2] = {0, 1};
    uint32_t reply[2];
    zx_handle_t handle;
    uint32_t bytes, handles;
    zx_channel_call_args_t args = {.wr_bytes = request,
                                   .wr_num_bytes = sizeof(request),
                                   .rd_bytes = reply,
                                   .rd_num_bytes = sizeof(reply),
                                   .rd_handles = &handle,
                                   .rd_num_handles = 1};
    call->status = zx_channel_call(call->channel, 0, EVER, &args, &bytes, &handles);
    return NULL;
}

static void call_start(call_t* call, raw_end_t* raw) {
    call->channel = raw->channel;
    cr_assert_eq(pthread_create(&call->thread, NULL, call_run, call), 0);
    uint8_t request[64];
    cr_assert_eq(recv(raw->fd, request, sizeof(request), 0), (ssize_t)(HEADER + 8));
}

// The caller's call ends; who reads is told why.
OBJECT_TEST(channel_hostile, lie_to_a_caller) {
    raw_end_t raw;
    call_t call;
    raw_open(&raw);
    call_start(&call, &raw);
    raw_send(&raw, "?", 1, NULL, 0);
    pthread_join(call.thread, NULL);
    expect_status(call.status, ZX_ERR_PEER_CLOSED);
    raw_expect_refused(&raw);
    raw_close(&raw);
}

// A reply whose handle is none.
OBJECT_TEST(channel_hostile, lie_in_a_reply) {
    raw_end_t raw;
    call_t call = {0};
    struct {
        ko_msg_header_t header;
        uint32_t bytes[2];
        ko_msg_handle_t handle;
    } reply = {.header = {GOOD_HEADER, .byte_count = 8, .handle_count = 1, .fd_count = 0},
               .handle = {.type = ZX_OBJ_TYPE_EVENT}};
    raw_open(&raw);
    call.channel = raw.channel;
    cr_assert_eq(pthread_create(&call.thread, NULL, call_run, &call), 0);
    uint8_t request[64];
    cr_assert_eq(recv(raw.fd, request, sizeof(request), 0), (ssize_t)(HEADER + 8));
    memcpy(reply.bytes, request + HEADER, 8);
    raw_send(&raw, &reply, sizeof(reply), NULL, 0);
    pthread_join(call.thread, NULL);
    expect_status(call.status, ZX_ERR_IO_DATA_INTEGRITY);
    expect_status(raw_read(&raw), ZX_ERR_PEER_CLOSED);
    raw_close(&raw);
}

static void* flood(void* argument) {
    raw_end_t* raw = argument;
    ko_msg_header_t header = {GOOD_HEADER};
    while (send(raw->fd, &header, sizeof(header), MSG_NOSIGNAL) > 0) {
    }
    return NULL;
}

// Messages without end while somebody waits for a reply: the store is limited.
OBJECT_TEST(channel_hostile, flood_a_caller) {
    raw_end_t raw;
    call_t call;
    pthread_t thread;
    raw_open(&raw);
    call_start(&call, &raw);
    cr_assert_eq(pthread_create(&thread, NULL, flood, &raw), 0);
    pthread_join(call.thread, NULL);
    expect_status(call.status, ZX_ERR_NO_RESOURCES);
    for (int i = 0; i < 5000; i++) {  // what was kept is still there, and the rest behind it
        expect_ok(zx_object_wait_one(raw.channel, ZX_CHANNEL_READABLE, EVER, NULL));
        expect_ok(raw_read(&raw));
    }
    test_close(raw.channel);
    pthread_join(thread, NULL);
    ko_fd_close(&raw.fd);
}

OBJECT_TEST(channel_hostile, lie_to_a_port) {
    raw_end_t raw;
    zx_handle_t port = test_port();
    zx_port_packet_t packet;
    raw_open(&raw);
    expect_ok(zx_object_wait_async(raw.channel, port, 1, ZX_CHANNEL_READABLE, 0));
    raw_send(&raw, "?", 1, NULL, 0);
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert(packet.signal.observed & ZX_CHANNEL_READABLE);
    expect_ok(zx_object_wait_async(raw.channel, port, 2, ZX_CHANNEL_PEER_CLOSED, 0));
    expect_status(raw_read(&raw), ZX_ERR_IO_DATA_INTEGRITY);
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert_eq(packet.key, 2);
    raw_close(&raw);
    test_close(port);
}

// A stranger that closes one direction only is gone; who waits for a message sleeps all the same.
OBJECT_TEST(channel_hostile, half_closed) {
    raw_end_t raw;
    zx_time_t before, after;
    raw_open(&raw);
    cr_assert_eq(shutdown(raw.fd, SHUT_WR), 0);
    cr_assert_eq(test_signals(raw.channel), ZX_CHANNEL_PEER_CLOSED);
    expect_status(raw_read(&raw), ZX_ERR_PEER_CLOSED);
    expect_ok(zx_clock_get(ZX_CLOCK_THREAD, &before));
    expect_status(
        zx_object_wait_one(raw.channel, ZX_CHANNEL_READABLE, zx_deadline_after(ZX_MSEC(200)), NULL),
        ZX_ERR_TIMED_OUT);
    expect_ok(zx_clock_get(ZX_CLOCK_THREAD, &after));
    cr_assert_lt(after - before, ZX_MSEC(100), "it spins");
    call_t call = {.channel = raw.channel};
    call_run(&call);
    expect_status(call.status, ZX_ERR_PEER_CLOSED);
    raw_close(&raw);
}
