// SPDX-License-Identifier: MIT
// A socket whose other end writes what it likes into the shared memory.
#include <sys/stat.h>

#include "pair.h"
#include "raw_message.h"

OBJECT_SUITE(zx_socket_hostile, test_begin, test_end);

// As socket.c lays it out.
#define CAPACITY   (256u * 1024u)
#define PAGE_BYTES (4096u + 2 * CAPACITY)

typedef struct shared {
    ko_pair_page_t pair;
    struct {
        _Atomic uint32_t head, tail, is_disabled;
    } rings[2];
} shared_t;

typedef struct victim {
    zx_handle_t ends[2];
    ko_pair_t pair;  // the hostile end's own view of the page
    shared_t* page;
    uint8_t* data;  // the ring that it writes
} victim_t;

// ends[0] is ours; the page is written through the fds of ends[1].
static void victim_open(victim_t* victim, uint32_t options) {
    ko_object_t* object;
    ko_wire_t wire = {0};
    expect_ok(zx_socket_create(options, &victim->ends[0], &victim->ends[1]));
    expect_ok(ko_handle_get(victim->ends[1], ZX_OBJ_TYPE_SOCKET, 0, &object));
    expect_ok(object->ops->export_wire(object, &wire));
    victim->page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, wire.fds[0], 0);
    cr_assert_neq(victim->page, MAP_FAILED);
    victim->data = (uint8_t*)victim->page + 4096 + CAPACITY;
    ko_object_release(object);
}

static void victim_close(victim_t* victim) {
    cr_assert_eq(munmap(victim->page, PAGE_BYTES), 0);
    expect_ok(zx_handle_close_many(victim->ends, 2));
}

OBJECT_TEST(zx_socket_hostile, indices) {
    static const uint32_t lies[] = {CAPACITY + 1, 0x7fffffff, 0x80000000, 0xffffffff};
    victim_t victim;
    char bytes[8];
    size_t actual;
    zx_info_socket_t info;
    for (size_t i = 0; i < countof(lies); i++) {
        victim_open(&victim, 0);
        atomic_store(&victim.page->rings[1].tail, lies[i]);
        expect_status(zx_socket_read(victim.ends[0], 0, bytes, sizeof(bytes), &actual),
                      ZX_ERR_IO_DATA_INTEGRITY);
        expect_ok(zx_socket_read(victim.ends[0], 0, NULL, 0, &actual));
        atomic_store(&victim.page->rings[0].head, lies[i]);
        expect_status(zx_socket_write(victim.ends[0], 0, "x", 1, &actual),
                      lies[i] == 0xffffffff ? ZX_OK : ZX_ERR_IO_DATA_INTEGRITY);
        expect_ok(
            zx_object_get_info(victim.ends[0], ZX_INFO_SOCKET, &info, sizeof(info), NULL, NULL));
        (void)test_signals(victim.ends[0]);
        victim_close(&victim);
    }
}

OBJECT_TEST(zx_socket_hostile, datagram_lengths) {
    static const uint32_t lies[] = {0, 5, 100, CAPACITY, 0x7fffffff, 0xfffffffc, 0xffffffff};
    victim_t victim;
    char bytes[8];
    size_t actual;
    zx_info_socket_t info;
    for (size_t i = 0; i < countof(lies); i++) {
        victim_open(&victim, ZX_SOCKET_DATAGRAM);
        memcpy(victim.data, &lies[i], 4);
        atomic_store(&victim.page->rings[1].tail, 8);
        expect_ok(
            zx_object_get_info(victim.ends[0], ZX_INFO_SOCKET, &info, sizeof(info), NULL, NULL));
        cr_assert_eq(info.rx_buf_available, 0);
        expect_status(zx_socket_read(victim.ends[0], 0, bytes, sizeof(bytes), &actual),
                      ZX_ERR_IO_DATA_INTEGRITY);
        atomic_store(&victim.page->rings[1].tail, 3);  // half a length
        expect_status(zx_socket_read(victim.ends[0], 0, bytes, sizeof(bytes), &actual),
                      ZX_ERR_IO_DATA_INTEGRITY);
        victim_close(&victim);
    }
}

// What arrives in a message as a socket, and is none.
OBJECT_TEST(zx_socket_hostile, messages) {
    raw_end_t raw;
    zx_handle_t ends[2];
    ko_object_t* object;
    ko_wire_t wire = {0};
    expect_ok(zx_socket_create(0, &ends[0], &ends[1]));
    expect_ok(ko_handle_get(ends[0], ZX_OBJ_TYPE_SOCKET, 0, &object));
    expect_ok(object->ops->export_wire(object, &wire));
    for (int lie = 0; lie < 8; lie++) {
        ko_msg_handle_t handle = {.type = ZX_OBJ_TYPE_SOCKET, .fd_count = wire.fd_count};
        int fds[KO_WIRE_MAX_FDS];
        int other = raw_memfd(PAGE_BYTES - (lie == 4), lie == 5 ? F_SEAL_GROW : F_SEAL_SHRINK);
        memcpy(handle.words, wire.words, sizeof(handle.words));
        memcpy(fds, wire.fds, sizeof(fds));
        handle.words[0] = lie == 0 ? 2 : 0;
        handle.words[1] = lie == 1 ? 2 : 0;
        handle.words[2] = lie == 2 ? CAPACITY + 1 : 0;
        handle.words[3] = lie == 3 ? UINT64_MAX : 0;
        fds[0] = lie == 4 || lie == 5 ? other : fds[0];
        fds[3] = lie == 6 ? other : fds[3];
        handle.fd_count -= lie == 7;
        raw_open(&raw);
        raw_send_handle(&raw, &handle, fds);
        expect_status(raw_read(&raw), ZX_ERR_IO_DATA_INTEGRITY);
        raw_close(&raw);
        ko_fd_close(&other);
    }
    ko_object_release(object);
    expect_ok(zx_handle_close_many(ends, 2));
}

static _Atomic bool rings;

static void* ring(void* argument) {
    uint64_t one = 1;
    while (atomic_load(&rings)) {
        (void)!write(*(int*)argument, &one, sizeof(one));
    }
    return NULL;
}

// A peer that rings without end does not keep a waiter beyond its deadline.
OBJECT_TEST(zx_socket_hostile, ringing) {
    victim_t victim;
    pthread_t thread;
    ko_object_t* object;
    ko_wire_t wire = {0};
    victim_open(&victim, 0);
    expect_ok(ko_handle_get(victim.ends[1], ZX_OBJ_TYPE_SOCKET, 0, &object));
    expect_ok(object->ops->export_wire(object, &wire));
    atomic_store(&rings, true);
    cr_assert_eq(pthread_create(&thread, NULL, ring, &wire.fds[1]), 0);
    for (int i = 0; i < 20; i++) {
        expect_status(zx_object_wait_one(victim.ends[0], ZX_SOCKET_READABLE,
                                         zx_deadline_after(ZX_MSEC(2)), NULL),
                      ZX_ERR_TIMED_OUT);
    }
    atomic_store(&rings, false);
    pthread_join(thread, NULL);
    ko_object_release(object);
    victim_close(&victim);
}
