// SPDX-License-Identifier: MIT
// Handles in a stranger's message whose fds are not what they are said to be.
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/timerfd.h>

#include "raw_message.h"
#include "vmo.h"

OBJECT_SUITE(channel_fds, test_begin, test_end);

#define PAGE       4096u
#define PAGE_SEALS (F_SEAL_SHRINK | F_SEAL_GROW)

static void expect_handle(const char* name, zx_obj_type_t type, uint64_t word, uint64_t word2,
                          const int* fds, uint32_t fd_count, zx_status_t wanted) {
    raw_end_t raw;
    ko_msg_handle_t handle = {
        .type = type, .rights = ZX_RIGHT_WAIT, .fd_count = fd_count, .words = {word, word2, word2}};
    raw_open(&raw);
    raw_send_handle(&raw, &handle, fds);
    if (wanted == ZX_OK) {
        zx_status_t status = raw_read(&raw);
        cr_assert_eq(status, ZX_OK, "%s: %s", name, zx_status_get_string(status));
    } else {
        cr_log_info("%s", name);
        raw_expect_refused(&raw);
    }
    raw_close(&raw);
}

// All kinds of fds there are; a few of them would do for some object.
enum {
    NULL_DEVICE,
    PIPE,
    STREAM,
    SEQPACKET,
    BELL,
    BLOCKING_BELL,
    TIMER,
    EPOLL,
    MEMFD,
    LOOSE_MEMFD,
    SMALL_MEMFD,
    LARGE_MEMFD,
    READ_ONLY_MEMFD,
    DIRECTORY,
    KINDS
};
static int kinds[KINDS];

static void kinds_open(void) {
    int spare[2];
    kinds[NULL_DEVICE] = open("/dev/null", O_RDWR | O_CLOEXEC);
    cr_assert_eq(pipe2(spare, O_CLOEXEC), 0);
    kinds[PIPE] = spare[0];
    close(spare[1]);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, spare), 0);
    kinds[STREAM] = spare[0];
    close(spare[1]);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, spare), 0);
    kinds[SEQPACKET] = spare[0];
    close(spare[1]);
    kinds[BELL] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    kinds[BLOCKING_BELL] = eventfd(0, EFD_CLOEXEC);
    kinds[TIMER] = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    kinds[EPOLL] = epoll_create1(EPOLL_CLOEXEC);
    kinds[MEMFD] = raw_memfd(PAGE, PAGE_SEALS);
    kinds[LOOSE_MEMFD] = raw_memfd(PAGE, 0);
    kinds[SMALL_MEMFD] = raw_memfd(PAGE - 1, PAGE_SEALS);
    kinds[LARGE_MEMFD] = raw_memfd(2 * PAGE, PAGE_SEALS);
    kinds[READ_ONLY_MEMFD] = raw_memfd(PAGE, PAGE_SEALS | F_SEAL_WRITE);
    kinds[DIRECTORY] = open("/", O_RDONLY | O_CLOEXEC);
}

static void kinds_close(void) {
    for (int i = 0; i < KINDS; i++) {
        cr_assert_geq(kinds[i], 0);
        ko_fd_close(&kinds[i]);
    }
}

OBJECT_TEST(channel_fds, types_that_do_not_cross) {
    static const zx_obj_type_t types[] = {ZX_OBJ_TYPE_NONE,
                                          ZX_OBJ_TYPE_PORT,
                                          ZX_OBJ_TYPE_PROCESS,
                                          ZX_OBJ_TYPE_TIMER,
                                          ZX_OBJ_TYPE_VMAR,
                                          ZX_OBJ_TYPE_PMT,
                                          63,
                                          64,
                                          1000,
                                          UINT32_MAX};
    kinds_open();
    for (size_t i = 0; i < countof(types); i++) {
        expect_handle("type", types[i], 0, 0, NULL, 0, ZX_ERR_IO_DATA_INTEGRITY);
        expect_handle("type with an fd", types[i], 0, 0, kinds, 1, ZX_ERR_IO_DATA_INTEGRITY);
    }
    kinds_close();
}

OBJECT_TEST(channel_fds, descriptions) {
    raw_end_t raw;
    raw_one_handle_t message = {
        .header = {.magic = KO_MSG_MAGIC, .handle_count = 1, .fd_count = 1},
        .handle = {.type = ZX_OBJ_TYPE_CHANNEL, .fd_count = 1, .reserved = 1}};
    kinds_open();
    raw_open(&raw);
    raw_send(&raw, &message, sizeof(message), &kinds[SEQPACKET], 1);
    raw_expect_refused(&raw);
    raw_close(&raw);
    static const uint32_t counts[] = {0, 2, 5, UINT32_MAX};
    message.handle.reserved = 0;
    for (size_t i = 0; i < countof(counts); i++) {
        raw_open(&raw);
        message.handle.fd_count = counts[i];
        raw_send(&raw, &message, sizeof(message), &kinds[SEQPACKET], 1);
        raw_expect_refused(&raw);
        raw_close(&raw);
    }
    kinds_close();
}

// A stranger cannot give more rights than an object of the type has.
OBJECT_TEST(channel_fds, rights_are_cut) {
    raw_end_t raw;
    zx_handle_info_t info;
    uint32_t count = 0;
    kinds_open();
    raw_open(&raw);
    ko_msg_handle_t lie = {.type = ZX_OBJ_TYPE_CHANNEL, .fd_count = 1, .rights = UINT32_MAX};
    raw_send_handle(&raw, &lie, &kinds[SEQPACKET]);
    expect_ok(zx_channel_read_etc(raw.channel, 0, NULL, &info, 0, 1, NULL, &count));
    cr_assert_eq(info.rights, ZX_DEFAULT_CHANNEL_RIGHTS);
    cr_assert_eq(test_basic(info.handle).rights, ZX_DEFAULT_CHANNEL_RIGHTS);
    test_close(info.handle);
    raw_close(&raw);
    kinds_close();
}

// The first handles are good; the last is not: none of them is handed out.
OBJECT_TEST(channel_fds, one_bad_among_good) {
    struct {
        ko_msg_header_t header;
        ko_msg_handle_t handles[3];
    } message = {.header = {.magic = KO_MSG_MAGIC, .handle_count = 3, .fd_count = 3},
                 .handles = {{.type = ZX_OBJ_TYPE_CHANNEL, .fd_count = 1},
                             {.type = ZX_OBJ_TYPE_CHANNEL, .fd_count = 1},
                             {.type = ZX_OBJ_TYPE_CHANNEL, .fd_count = 1}}};
    raw_end_t raw;
    kinds_open();
    for (int bad = 0; bad < 3; bad++) {
        int fds[3] = {kinds[SEQPACKET], kinds[SEQPACKET], kinds[SEQPACKET]};
        fds[bad] = kinds[STREAM];
        raw_open(&raw);
        raw_send(&raw, &message, sizeof(message), fds, 3);
        raw_expect_refused(&raw);
        raw_close(&raw);
    }
    kinds_close();
}

// Which of all kinds are good for the single fd of a channel, for an event's page and bell, for a
// fixed and a resizable VMO of one page.
OBJECT_TEST(channel_fds, every_kind_in_every_place) {
    kinds_open();
    for (int i = 0; i < KINDS; i++) {
        int page_first[2] = {kinds[MEMFD], kinds[i]};
        int bell_last[2] = {kinds[i], kinds[BELL]};
        bool is_sealed = i == MEMFD || i == LARGE_MEMFD || i == READ_ONLY_MEMFD;
        bool is_memfd = is_sealed || i == LOOSE_MEMFD || i == SMALL_MEMFD;
        const zx_status_t no = ZX_ERR_IO_DATA_INTEGRITY;
        expect_handle("channel", ZX_OBJ_TYPE_CHANNEL, 0, 0, &kinds[i], 1,
                      i == SEQPACKET ? ZX_OK : no);
        expect_handle("event's page", ZX_OBJ_TYPE_EVENT, 0, 0, bell_last, 2,
                      i == MEMFD ? ZX_OK : no);
        if (i != EPOLL && i != TIMER) {  // those are not told from an eventfd if non-blocking
            expect_handle("event's bell", ZX_OBJ_TYPE_EVENT, 0, 0, page_first, 2,
                          i == BELL ? ZX_OK : no);
        }
        raw_end_t raw;
        ko_msg_handle_t vmo = {.type = ZX_OBJ_TYPE_VMO, .fd_count = 1, .words = {0, 0, PAGE}};
        raw_open(&raw);
        raw_send_handle(&raw, &vmo, &kinds[i]);
        expect_status(raw_read(&raw), is_sealed ? ZX_OK : no);
        raw_close(&raw);
        raw_open(&raw);
        vmo.words[0] = 2;  // resizable
        raw_send_handle(&raw, &vmo, &kinds[i]);
        expect_status(raw_read(&raw), is_memfd ? ZX_OK : no);
        raw_close(&raw);
    }
    kinds_close();
}

OBJECT_TEST(channel_fds, vmo_lies) {
    static const uint64_t lies[][7] = {
        {0, 0, 2 * PAGE},                       // larger than the memfd
        {0, 0, UINT64_MAX & ~(uint64_t)0xfff},  // larger than anything
        {0, 0, PAGE / 2},                       // no whole page
        {0, PAGE, PAGE},                        // a window behind the end
        {16, 0, PAGE},                          // an unknown flag
        {3, 0, PAGE},                           // a resizable device
        {1, 0, PAGE},                           // a device that is a memfd
        {4 << 8, 0, PAGE},                      // an unknown cache policy
        {0, 0, PAGE, 1, PAGE},                  // a hole that is not aligned
        {0, 0, PAGE, PAGE, PAGE},               // a hole behind the end
        {0, 0, PAGE, UINT64_MAX & ~(uint64_t)0xfff, PAGE},
    };
    raw_end_t raw;
    kinds_open();
    for (size_t i = 0; i < countof(lies); i++) {
        ko_msg_handle_t vmo = {.type = ZX_OBJ_TYPE_VMO, .fd_count = 1};
        memcpy(vmo.words, lies[i], sizeof(lies[i]));
        raw_open(&raw);
        raw_send_handle(&raw, &vmo, &kinds[MEMFD]);
        cr_log_info("lie %zu", i);
        raw_expect_refused(&raw);
        raw_close(&raw);
    }
    kinds_close();
}

OBJECT_TEST(channel_fds, pair_lies) {
    const zx_status_t no = ZX_ERR_IO_DATA_INTEGRITY;
    kinds_open();
    int fds[4] = {kinds[MEMFD], kinds[BELL], kinds[BELL], kinds[SEQPACKET]};
    expect_handle("good", ZX_OBJ_TYPE_EVENTPAIR, 1, 0, fds, 4, ZX_OK);
    expect_handle("end 2", ZX_OBJ_TYPE_EVENTPAIR, 2, 0, fds, 4, no);
    expect_handle("end 2^32", ZX_OBJ_TYPE_EVENTPAIR, (uint64_t)1 << 32, 0, fds, 4, no);
    expect_handle("3 fds", ZX_OBJ_TYPE_EVENTPAIR, 0, 0, fds, 3, no);
    expect_handle("page of an event pair", ZX_OBJ_TYPE_FIFO, 0, 8, fds, 4, no);
    for (int place = 0; place < 4; place++) {
        int good = fds[place];
        fds[place] = kinds[PIPE];
        expect_handle("a pipe", ZX_OBJ_TYPE_EVENTPAIR, 0, 0, fds, 4, no);
        fds[place] = good;
    }
    fds[0] = raw_memfd(3 * PAGE, PAGE_SEALS);
    expect_handle("good FIFO", ZX_OBJ_TYPE_FIFO, 0, 8, fds, 4, ZX_OK);
    expect_handle("no elements", ZX_OBJ_TYPE_FIFO, 0, 0, fds, 4, no);
    expect_handle("7 elements", ZX_OBJ_TYPE_FIFO, 0, 7, fds, 4, no);
    expect_handle("too many", ZX_OBJ_TYPE_FIFO, 0, 128, fds, 4, no);
    expect_handle("wraps", ZX_OBJ_TYPE_FIFO, 0, (uint64_t)1 << 63, fds, 4, no);
    ko_fd_close(&fds[0]);
    expect_handle("resource with fd", ZX_OBJ_TYPE_RESOURCE, 0, 0, kinds, 1, no);
    expect_handle("resource of no kind", ZX_OBJ_TYPE_RESOURCE, 7, 0, NULL, 0, no);
    expect_handle("resource that wraps", ZX_OBJ_TYPE_RESOURCE, 0, UINT64_MAX, NULL, 0, no);
    kinds_close();
}

static uint32_t next_random(uint32_t* state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

// Any type with any fds and words: refused or opened, but never a crash and never a leak.
OBJECT_TEST(channel_fds, anything_goes_nothing_stays) {
    static const zx_obj_type_t types[] = {
        ZX_OBJ_TYPE_CHANNEL,   ZX_OBJ_TYPE_EVENT, ZX_OBJ_TYPE_EVENTPAIR,  ZX_OBJ_TYPE_FIFO,
        ZX_OBJ_TYPE_VMO,       ZX_OBJ_TYPE_BTI,   ZX_OBJ_TYPE_PCI_DEVICE, ZX_OBJ_TYPE_LOG,
        ZX_OBJ_TYPE_INTERRUPT, KO_OBJ_TYPE_PIPE,  KO_OBJ_TYPE_LISTENER,   ZX_OBJ_TYPE_RESOURCE};
    static const uint64_t words[] = {0, 1, 2, 3, PAGE, 8, UINT32_MAX, UINT64_MAX};
    uint32_t state = 1;
    int refused = 0;
    kinds_open();
    for (int round = 0; round < 3000; round++) {
        raw_end_t raw;
        ko_msg_handle_t handle = {.type = types[next_random(&state) % countof(types)],
                                  .rights = next_random(&state),
                                  .fd_count = next_random(&state) % 5};
        int fds[4];
        for (int i = 0; i < 4; i++) {
            fds[i] = kinds[next_random(&state) % KINDS];
        }
        for (int i = 0; i < KO_WIRE_MAX_WORDS; i++) {
            handle.words[i] = words[next_random(&state) % countof(words)];
        }
        raw_open(&raw);
        raw_send_handle(&raw, &handle, fds);
        zx_status_t status = raw_read(&raw);
        cr_assert(status == ZX_OK || status == ZX_ERR_IO_DATA_INTEGRITY, "type %u: %s", handle.type,
                  zx_status_get_string(status));
        refused += status != ZX_OK;
        raw_close(&raw);
    }
    cr_assert(refused > 1000 && refused < 3000, "%d refused", refused);
    kinds_close();
}
