// SPDX-License-Identifier: MIT
// A channel that goes to another process with messages that were taken from its socket and not
// read: they go along, in order, whatever they are. And the lies that could be told about them.
#include <lx/resource.h>
#include <sys/resource.h>
#include <zircon/threads.h>

#include "channel.h"
#include "raw_message.h"

OBJECT_SUITE(channel_move, test_begin, test_end);

#define BULK_SIZE 60000u

static zx_handle_t ends[2];   // the one that moves, and its peer
static zx_handle_t carry[2];  // the channel that it moves over

static void open_all(void) {
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    expect_ok(zx_channel_create(0, &carry[0], &carry[1]));
}

static void close_all(void) {
    expect_ok(zx_handle_close_many(ends, 2));
    expect_ok(zx_handle_close_many(carry, 2));
}

// The first message is taken from the socket and kept.
static void keep_one(void) {
    uint32_t size = 0;
    uint32_t count = 0;
    expect_status(zx_channel_read(ends[0], 0, NULL, NULL, 0, 0, &size, &count),
                  ZX_ERR_BUFFER_TOO_SMALL);
}

static void move(void) {
    test_send_handle(carry[0], ends[0]);
    expect_ok(test_receive_handle(carry[1], &ends[0]));
}

static uint32_t kept(zx_handle_t channel) {
    ko_object_t* object;
    expect_ok(ko_handle_get(channel, ZX_OBJ_TYPE_CHANNEL, 0, &object));
    uint32_t count = atomic_load(&((ko_channel_t*)object)->kept_count);
    ko_object_release(object);
    return count;
}

OBJECT_TEST(channel_move, small_ones_stay_in_order) {
    open_all();
    test_write(ends[1], "first");
    test_write(ends[1], "second");
    keep_one();
    for (int i = 0; i < 2; i++) {
        move();
        cr_assert_eq(kept(ends[0]), 1);
        cr_assert_eq(test_signals(ends[0]), ZX_CHANNEL_READABLE | ZX_CHANNEL_WRITABLE);
    }
    test_write(ends[1], "third");
    test_write(ends[0], "back");
    test_expect_text(ends[0], "first");
    test_expect_text(ends[0], "second");
    test_expect_text(ends[0], "third");
    test_expect_text(ends[1], "back");
    close_all();
}

OBJECT_TEST(channel_move, an_empty_message_and_a_dead_peer) {
    open_all();
    test_write(ends[1], "x");
    keep_one();
    expect_ok(zx_channel_write(ends[1], 0, NULL, 0, NULL, 0));
    test_close(ends[1]);
    ends[1] = ZX_HANDLE_INVALID;
    move();
    cr_assert_eq(test_signals(ends[0]), ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED);
    test_expect_text(ends[0], "x");
    test_expect_text(ends[0], "");
    char byte;
    expect_status(zx_channel_read(ends[0], 0, &byte, NULL, 1, 0, NULL, NULL), ZX_ERR_PEER_CLOSED);
    close_all();
}

static void send_bulk(zx_handle_t channel, uint8_t fill, const zx_handle_t* handles,
                      uint32_t count) {
    static uint8_t bytes[BULK_SIZE];
    memset(bytes, fill, sizeof(bytes));
    expect_ok(zx_channel_write(channel, 0, bytes, sizeof(bytes), handles, count));
}

static void expect_bulk(zx_handle_t channel, uint8_t fill, zx_handle_t* handles, uint32_t count) {
    static uint8_t bytes[ZX_CHANNEL_MAX_MSG_BYTES];
    uint32_t size = 0;
    uint32_t got = 0;
    expect_ok(zx_channel_read(channel, 0, bytes, handles, sizeof(bytes), count, &size, &got));
    cr_assert(size == BULK_SIZE && got == count);
    cr_assert(bytes[0] == fill && bytes[BULK_SIZE - 1] == fill);
}

// Leaves `count` messages kept: a call that they are not the answer to takes them.
static int answer_main(void* argument) {
    (void)argument;
    uint32_t request = 0;
    expect_ok(test_wait_readable(ends[1]));
    expect_ok(zx_channel_read(ends[1], 0, &request, NULL, sizeof(request), 0, NULL, NULL));
    expect_ok(zx_channel_write(ends[1], 0, &request, sizeof(request), NULL, 0));
    return 0;
}

static void keep_by_a_call(uint32_t count) {
    thrd_t thread;
    uint32_t request = 0, reply = 0, size = 0, handles = 0;
    const zx_channel_call_args_t args = {.wr_bytes = &request,
                                         .wr_num_bytes = sizeof(request),
                                         .rd_bytes = &reply,
                                         .rd_num_bytes = sizeof(reply)};
    cr_assert_eq(thrd_create(&thread, answer_main, NULL), thrd_success);
    expect_ok(zx_channel_call(ends[0], 0, EVER, &args, &size, &handles));
    thrd_join(thread, NULL);
    cr_assert_eq(kept(ends[0]), count);
}

OBJECT_TEST(channel_move, bulk_and_handles_survive_two_moves) {
    zx_handle_t handles[3], pair[2], got[3];
    open_all();
    expect_ok(zx_channel_create(0, &pair[0], &pair[1]));
    handles[0] = pair[1];
    handles[1] = test_event();
    expect_ok(zx_object_signal(handles[1], 0, ZX_USER_SIGNAL_3));
    expect_ok(zx_vmo_create(4096, 0, &handles[2]));
    expect_ok(zx_vmo_write(handles[2], "here", 0, 5));
    zx_koid_t koid = test_basic(handles[2]).koid;
    test_write(ends[1], "begin");
    send_bulk(ends[1], 7, NULL, 0);
    send_bulk(ends[1], 8, handles, 3);
    test_write(ends[1], "end");
    keep_by_a_call(4);
    test_write(ends[1], "after");
    move();
    move();
    cr_assert_eq(kept(ends[0]), 4);
    test_expect_text(ends[0], "begin");
    expect_bulk(ends[0], 7, NULL, 0);
    expect_bulk(ends[0], 8, got, 3);
    test_expect_text(ends[0], "end");
    test_expect_text(ends[0], "after");
    test_write(pair[0], "through");
    test_expect_text(got[0], "through");
    cr_assert_eq(test_signals(got[1]), ZX_USER_SIGNAL_3);
    char text[8] = "";
    expect_ok(zx_vmo_read(got[2], text, 0, 5));
    cr_assert_str_eq(text, "here");
    cr_assert_eq(test_basic(got[2]).koid, koid);
    expect_ok(zx_handle_close_many(got, 3));
    test_close(pair[0]);
    close_all();
}

// A kept message may itself hold a channel that keeps one.
OBJECT_TEST(channel_move, one_inside_the_other) {
    zx_handle_t inner[2], got;
    uint32_t size = 0, count = 0;
    open_all();
    expect_ok(zx_channel_create(0, &inner[0], &inner[1]));
    test_write(inner[1], "deep");
    expect_status(zx_channel_read(inner[0], 0, NULL, NULL, 0, 0, &size, &count),
                  ZX_ERR_BUFFER_TOO_SMALL);
    test_send_handle(ends[1], inner[0]);
    keep_one();
    move();
    expect_ok(test_receive_handle(ends[0], &got));
    test_expect_text(got, "deep");
    test_close(got);
    test_close(inner[1]);
    close_all();
}

// More fds than one datagram takes.
OBJECT_TEST(channel_move, many_fds) {
    enum { MESSAGES = 5, EVENTS = 63 };
    zx_handle_t events[EVENTS];
    open_all();
    for (uint32_t message = 0; message < MESSAGES; message++) {
        for (uint32_t i = 0; i < EVENTS; i++) {
            events[i] = test_event();
            expect_ok(zx_object_signal(events[i], 0, ZX_USER_SIGNAL_0 << ((message + i) % 8)));
        }
        expect_ok(zx_channel_write(ends[1], 0, NULL, 0, events, EVENTS));
    }
    keep_by_a_call(MESSAGES);
    move();
    for (uint32_t message = 0; message < MESSAGES; message++) {
        uint32_t count = 0;
        expect_ok(zx_channel_read(ends[0], 0, NULL, events, 0, EVENTS, NULL, &count));
        cr_assert_eq(count, EVENTS);
        for (uint32_t i = 0; i < EVENTS; i++) {
            cr_assert_eq(test_signals(events[i]), ZX_USER_SIGNAL_0 << ((message + i) % 8));
        }
        expect_ok(zx_handle_close_many(events, EVENTS));
    }
    close_all();
}

OBJECT_TEST(channel_move, too_much_is_refused) {
    open_all();
    for (uint32_t i = 0; i <= KO_CHANNEL_MAX_MOVED_BYTES / BULK_SIZE; i++) {
        send_bulk(ends[1], (uint8_t)i, NULL, 0);
        keep_by_a_call(i + 1);
    }
    expect_status(zx_channel_write(carry[0], 0, NULL, 0, &ends[0], 1), ZX_ERR_NO_RESOURCES);
    cr_assert_eq(test_signals(ends[1]), ZX_CHANNEL_PEER_CLOSED, "it was consumed");
    ends[0] = ZX_HANDLE_INVALID;
    close_all();
}

static int to_another_process(zx_handle_t channel) {
    zx_handle_t end;
    char text[8] = "";
    uint32_t size = 0;
    PEER_CHECK(test_receive_handle(channel, &end) == ZX_OK);
    PEER_CHECK(zx_channel_read(end, 0, text, NULL, sizeof(text), 0, &size, NULL) == ZX_OK);
    PEER_CHECK(size == 4 && memcmp(text, "kept", 4) == 0);
    PEER_CHECK(zx_channel_write(channel, 0, NULL, 0, &end, 1) == ZX_OK);
    return 0;
}

OBJECT_TEST(channel_move, to_another_process_and_back) {
    test_peer_t peer;
    test_peer_start(&peer, to_another_process);
    open_all();
    test_write(ends[1], "kept");
    test_write(ends[1], "rest");
    keep_one();
    test_send_handle(peer.channel, ends[0]);
    expect_ok(test_receive_handle(peer.channel, &ends[0]));
    test_peer_end(&peer);
    test_expect_text(ends[0], "rest");
    close_all();
}

// ---- threads that are inside a call when the channel goes

static int call_main(void* argument) {
    (void)argument;
    uint32_t request = 0, reply = 0, size = 0, handles = 0;
    const zx_channel_call_args_t args = {.wr_bytes = &request,
                                         .wr_num_bytes = sizeof(request),
                                         .rd_bytes = &reply,
                                         .rd_num_bytes = sizeof(reply)};
    return zx_channel_call(ends[0], 0, EVER, &args, &size, &handles);
}

OBJECT_TEST(channel_move, a_waiting_call_is_cancelled_and_takes_nothing) {
    thrd_t thread;
    int result = 0;
    uint32_t request = 0;
    open_all();
    cr_assert_eq(thrd_create(&thread, call_main, NULL), thrd_success);
    expect_ok(test_wait_readable(ends[1]));
    expect_ok(zx_channel_read(ends[1], 0, &request, NULL, sizeof(request), 0, NULL, NULL));
    test_send_handle(carry[0], ends[0]);
    expect_ok(zx_channel_write(ends[1], 0, &request, sizeof(request), NULL, 0));
    thrd_join(thread, &result);
    cr_assert_eq(result, ZX_ERR_CANCELED);
    expect_ok(test_receive_handle(carry[1], &ends[0]));
    uint32_t reply = 0;
    expect_ok(zx_channel_read(ends[0], 0, &reply, NULL, sizeof(reply), 0, NULL, NULL));
    cr_assert_eq(reply, request);
    close_all();
}

// Between the description of the channel and the message that carries it, and after.
OBJECT_TEST(channel_move, what_comes_after_the_export_is_the_receivers) {
    ko_object_t* object;
    ko_outgoing_t message;
    open_all();
    test_write(ends[1], "one");
    keep_one();
    expect_ok(ko_handle_get(ends[0], ZX_OBJ_TYPE_CHANNEL, 0, &object));
    ko_channel_t* old = (ko_channel_t*)object;
    expect_ok(ko_outgoing_init(&message, NULL, 0, &ends[0], 1, NULL));
    test_write(ends[1], "two");
    pthread_mutex_lock(&old->lock);
    zx_status_t status = ko_channel_pump_locked(old, NULL);
    ko_channel_unlock_and_tell(old);
    expect_status(status, ZX_ERR_CANCELED);
    cr_assert_eq(atomic_load(&old->kept_count), 1);
    ko_object_t* over;
    expect_ok(ko_handle_get(carry[0], ZX_OBJ_TYPE_CHANNEL, 0, &over));
    expect_ok(ko_outgoing_send(&message, ((ko_channel_t*)over)->fd));
    ko_outgoing_fini(&message);
    ko_object_release(over);
    ko_object_release(object);
    expect_ok(test_receive_handle(carry[1], &ends[0]));
    test_expect_text(ends[0], "one");
    test_expect_text(ends[0], "two");
    close_all();
}

// ---- lies

typedef struct lie {
    const char* name;
    uint64_t count;        // of messages, as told
    uint32_t fd_count;     // of the channel, as told and sent
    uint32_t records;      // honest messages of one byte in the memfd
    ko_msg_header_t last;  // another one behind them, unless it has no magic
    uint32_t last_size;    // bytes behind that header
    uint32_t sent_fds;     // in the socket of fds
    int seals;
    bool is_open;     // the socket of fds has a writer left
    bool has_no_fds;  // a datagram without fds is in it
} lie_t;

#define SEALED (F_SEAL_SHRINK | F_SEAL_WRITE)
#define MAGIC  .magic = KO_MSG_MAGIC

static int lie_records(const lie_t* lie) {
    static const uint8_t zeros[256];
    const ko_msg_header_t honest = {MAGIC, .byte_count = 1};
    int fd = memfd_create("records", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    for (uint32_t i = 0; i < lie->records; i++) {
        cr_assert_eq(write(fd, &honest, sizeof(honest)), (ssize_t)sizeof(honest));
        cr_assert_eq(write(fd, "r", 1), 1);
    }
    if (lie->last.magic != 0) {
        cr_assert_eq(write(fd, &lie->last, sizeof(lie->last)), (ssize_t)sizeof(lie->last));
        cr_assert_eq(write(fd, zeros, lie->last_size), (ssize_t)lie->last_size);
    }
    cr_assert_eq(fcntl(fd, F_ADD_SEALS, lie->seals), 0);
    return fd;
}

static void expect_lie(const lie_t* lie, zx_status_t wanted) {
    raw_end_t raw;
    int pair[2], pool[2];
    cr_log_info("%s", lie->name);
    raw_open(&raw);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pool), 0);
    for (uint32_t sent = 0; sent < lie->sent_fds; sent += KO_MSG_MAX_FDS) {
        int zeros[KO_MSG_MAX_FDS] = {0};
        uint32_t count = lie->sent_fds - sent;
        cr_assert_eq(
            ko_message_send_fds(pool[0], zeros, count < KO_MSG_MAX_FDS ? count : KO_MSG_MAX_FDS),
            0);
    }
    if (lie->has_no_fds) {
        cr_assert_eq(send(pool[0], "", 1, 0), 1);
    }
    if (!lie->is_open) {
        ko_fd_close(&pool[0]);
    }
    int records = lie_records(lie);
    const int fds[4] = {pair[0], records, pool[1], pair[0]};
    const ko_msg_handle_t handle = {.type = ZX_OBJ_TYPE_CHANNEL,
                                    .rights = ZX_DEFAULT_CHANNEL_RIGHTS,
                                    .fd_count = lie->fd_count,
                                    .koid = 1,
                                    .words = {lie->count}};
    raw_send_handle(&raw, &handle, fds);
    if (wanted == ZX_OK) {
        expect_ok(raw_read(&raw));
    } else {
        raw_expect_refused(&raw);
    }
    ko_fd_close(&records);
    ko_fd_close(&pool[0]);
    ko_fd_close(&pool[1]);
    ko_fd_close(&pair[0]);
    ko_fd_close(&pair[1]);
    raw_close(&raw);
}

OBJECT_TEST(channel_move, honest_ones_are_taken) {
    const lie_t none = {"no messages", .fd_count = 1, .seals = SEALED};
    const lie_t two = {"two messages", 2, 2, 2, .seals = SEALED};
    const lie_t empty_pool = {"no fds in the socket", 2, 3, 2, .seals = SEALED};
    expect_lie(&none, ZX_OK);
    expect_lie(&two, ZX_OK);
    expect_lie(&empty_pool, ZX_OK);
}

OBJECT_TEST(channel_move, lies_are_refused) {
    static const lie_t lies[] = {
        {"a message without a memfd", 1, 1, 0, .seals = SEALED},
        {"a memfd without messages", 0, 2, 0, .seals = SEALED},
        {"a fourth fd", 1, 4, 1, .seals = SEALED},
        {"no channel", 1, 0, 1, .seals = SEALED},
        {"fewer messages than said", 3, 2, 2, .seals = SEALED},
        {"more messages than said", 1, 2, 2, .seals = SEALED},
        {"more than any channel keeps", KO_CHANNEL_MAX_KEPT + 1, 2, KO_CHANNEL_MAX_KEPT + 1,
         .seals = SEALED},
        {"a number that wraps around", (uint64_t)1 << 32 | 1, 2, 1, .seals = SEALED},
        {"a memfd that can change", 1, 2, 1, .seals = F_SEAL_SHRINK},
        {"a memfd that can shrink", 1, 2, 1, .seals = F_SEAL_WRITE},
        {"a memfd in a memfd", 2, 2, 1, {MAGIC, .flags = KO_MSG_BULK}, 0, .seals = SEALED},
        {"no magic", 2, 2, 1, {.magic = 1}, 0, .seals = SEALED},
        {"a byte too many", 2, 2, 1, {MAGIC, .byte_count = 1}, 2, .seals = SEALED},
        {"a byte too few", 2, 2, 1, {MAGIC, .byte_count = 2}, 1, .seals = SEALED},
        {"a huge message", 2, 2, 1, {MAGIC, .byte_count = UINT32_MAX}, 1, .seals = SEALED},
        {"handles that are not there", 2, 2, 1, {MAGIC, .handle_count = 65}, 1, .seals = SEALED},
        {"fds that are not there", 2, 2, 1, {MAGIC, .fd_count = 1}, 0, .seals = SEALED},
        {"fds without handles", 2, 3, 1, {MAGIC, .fd_count = 1}, 0, 1, .seals = SEALED},
        {"fds left over", 1, 3, 1, .sent_fds = 1, .seals = SEALED},
        {"too many fds", 1, 3, 1, .sent_fds = 6 * KO_MSG_MAX_FDS, .seals = SEALED},
        {"fds that may still come", 1, 3, 1, .seals = SEALED, .is_open = true},
        {"a datagram without fds", 1, 3, 1, .seals = SEALED, .has_no_fds = true},
    };
    // Room for all the fds, so that it is their number that is refused.
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max < 8192 ? limit.rlim_max : 8192;
    setrlimit(RLIMIT_NOFILE, &limit);
    for (size_t i = 0; i < countof(lies); i++) {
        expect_lie(&lies[i], ZX_ERR_IO_DATA_INTEGRITY);
    }
}

OBJECT_TEST(channel_move, a_large_memfd_is_refused) {
    list_node_t list = LIST_INITIAL_VALUE(list);
    int fd = raw_memfd(KO_CHANNEL_MAX_MOVED_BYTES + 1, SEALED);
    expect_status(ko_kept_unpack(fd, -1, 1, &list), ZX_ERR_IO_DATA_INTEGRITY);
    cr_assert(list_is_empty(&list));
    ko_fd_close(&fd);
    int pipe_ends[2];
    cr_assert_eq(pipe(pipe_ends), 0);
    expect_status(ko_kept_unpack(pipe_ends[0], -1, 1, &list), ZX_ERR_IO_DATA_INTEGRITY);
    fd = raw_memfd(17, SEALED);
    expect_status(ko_kept_unpack(fd, pipe_ends[0], 1, &list), ZX_ERR_IO_DATA_INTEGRITY);
    ko_fd_close(&fd);
    ko_fd_close(&pipe_ends[0]);
    ko_fd_close(&pipe_ends[1]);
}
