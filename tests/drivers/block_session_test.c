// SPDX-License-Identifier: MIT
// A session of the block core over real FIFOs and VMOs, with a disk in memory below it that
// completes at once, or only when the test says so.
#include "block_session.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <threads.h>

#include <criterion/criterion.h>

#include <protocols/block_fifo.h>
#include <zircon/listnode.h>
#include <zircon/syscalls.h>

#define BLOCK_SIZE 512u
#define BLOCKS     1024u
#define MAX_BLOCKS 8u
#define LONG_WAIT  ZX_SEC(20)

typedef struct fake_op {
    block_op_t op;
    block_impl_queue_callback callback;
    void* cookie;
    list_node_t node;
} fake_op_t;

// The disk. What it holds back it completes in the order of arrival.
typedef struct fake_disk {
    mtx_t lock;
    cnd_t arrived;
    bool holds;
    list_node_t held;
    size_t op_count;
    size_t flush_count;
    uint32_t longest;
    uint32_t flags_seen;
    zx_status_t next_error;  // for the next op that is completed
    uint8_t data[BLOCKS * BLOCK_SIZE];
} fake_disk_t;

static fake_disk_t g_disk;
static block_session_t* g_session;
static zx_handle_t g_fifo;
static zx_handle_t g_vmo;  // ours; the session has a duplicate
static uint16_t g_vmoid;

static zx_status_t work_on(const block_op_t* op) {
    uint32_t command = op->command & BLOCK_OP_MASK;
    if (command == BLOCK_OP_FLUSH) {
        return ZX_OK;
    }
    uint8_t* here = g_disk.data + op->rw.offset_dev * BLOCK_SIZE;
    uint64_t offset = op->rw.offset_vmo * BLOCK_SIZE;
    size_t size = op->rw.length * BLOCK_SIZE;
    return command == BLOCK_OP_READ ? zx_vmo_write(op->rw.vmo, here, offset, size)
                                    : zx_vmo_read(op->rw.vmo, here, offset, size);
}

static void complete(fake_op_t* fake) {
    zx_status_t status = work_on(&fake->op);
    mtx_lock(&g_disk.lock);
    if (g_disk.next_error != ZX_OK) {
        status = g_disk.next_error;
        g_disk.next_error = ZX_OK;
    }
    mtx_unlock(&g_disk.lock);
    fake->callback(fake->cookie, status, &fake->op);
}

static void fake_query(void* ctx, block_info_t* out_info, size_t* out_op_size) {
    (void)ctx;
    *out_info = (block_info_t){.block_count = BLOCKS,
                               .block_size = BLOCK_SIZE,
                               .max_transfer_size = MAX_BLOCKS * BLOCK_SIZE};
    *out_op_size = sizeof(fake_op_t);
}

static void fake_queue(void* ctx, block_op_t* op, block_impl_queue_callback callback,
                       void* cookie) {
    (void)ctx;
    fake_op_t* fake = containerof(op, fake_op_t, op);
    fake->callback = callback;
    fake->cookie = cookie;
    mtx_lock(&g_disk.lock);
    g_disk.op_count++;
    if ((op->command & BLOCK_OP_MASK) == BLOCK_OP_FLUSH) {
        g_disk.flush_count++;
    } else if (op->rw.length > g_disk.longest) {
        g_disk.longest = op->rw.length;
    }
    g_disk.flags_seen |= op->command & ~BLOCK_OP_MASK;
    bool holds = g_disk.holds;
    if (holds) {
        list_add_tail(&g_disk.held, &fake->node);
    }
    cnd_broadcast(&g_disk.arrived);
    mtx_unlock(&g_disk.lock);
    if (!holds) {
        complete(fake);
    }
}

static const block_impl_protocol_ops_t g_fake_ops = {.query = fake_query, .queue = fake_queue};

static void hold(bool holds) {
    mtx_lock(&g_disk.lock);
    g_disk.holds = holds;
    mtx_unlock(&g_disk.lock);
}

// Waits until `count` ops in all have come to the disk.
static void await_ops(size_t count) {
    mtx_lock(&g_disk.lock);
    while (g_disk.op_count < count) {
        cnd_wait(&g_disk.arrived, &g_disk.lock);
    }
    mtx_unlock(&g_disk.lock);
}

static size_t op_count(void) {
    mtx_lock(&g_disk.lock);
    size_t count = g_disk.op_count;
    mtx_unlock(&g_disk.lock);
    return count;
}

static bool release_one(void) {
    mtx_lock(&g_disk.lock);
    fake_op_t* fake = list_remove_head_type(&g_disk.held, fake_op_t, node);
    mtx_unlock(&g_disk.lock);
    if (fake != NULL) {
        complete(fake);
    }
    return fake != NULL;
}

static uint16_t attach(uint64_t size, zx_handle_t* out_vmo) {
    zx_handle_t duplicate;
    cr_assert_eq(zx_vmo_create(size, 0, out_vmo), ZX_OK);
    cr_assert_eq(zx_handle_duplicate(*out_vmo, ZX_RIGHT_SAME_RIGHTS, &duplicate), ZX_OK);
    uint16_t vmoid = 0;
    cr_assert_eq(block_session_attach_vmo(g_session, duplicate, &vmoid), ZX_OK);
    return vmoid;
}

static void set_up(void) {
    g_disk = (fake_disk_t){.holds = false};
    mtx_init(&g_disk.lock, mtx_plain);
    cnd_init(&g_disk.arrived);
    list_initialize(&g_disk.held);
    block_impl_protocol_t impl = {.ops = &g_fake_ops};
    block_info_t info;
    size_t op_size;
    block_impl_query(&impl, &info, &op_size);
    cr_assert_eq(block_session_create(&impl, &info, op_size, &g_session), ZX_OK);
    cr_assert_eq(block_session_start_fifo(g_session, &g_fifo), ZX_OK);
    g_vmoid = attach(64 * BLOCK_SIZE, &g_vmo);
}

static void tear_down(void) {
    block_session_destroy(g_session);
    zx_handle_close(g_fifo);
    zx_handle_close(g_vmo);
}

static void write_request(const block_fifo_request_t* request) {
    zx_status_t status;
    while ((status = zx_fifo_write(g_fifo, sizeof(*request), request, 1, NULL)) ==
           ZX_ERR_SHOULD_WAIT) {
        cr_assert_eq(zx_object_wait_one(g_fifo, ZX_FIFO_WRITABLE | ZX_FIFO_PEER_CLOSED,
                                        zx_deadline_after(LONG_WAIT), NULL),
                     ZX_OK);
    }
    cr_assert_eq(status, ZX_OK);
}

static block_fifo_response_t read_response(void) {
    block_fifo_response_t response;
    zx_status_t status;
    while ((status = zx_fifo_read(g_fifo, sizeof(response), &response, 1, NULL)) ==
           ZX_ERR_SHOULD_WAIT) {
        cr_assert_eq(zx_object_wait_one(g_fifo, ZX_FIFO_READABLE | ZX_FIFO_PEER_CLOSED,
                                        zx_deadline_after(LONG_WAIT), NULL),
                     ZX_OK, "no response");
    }
    cr_assert_eq(status, ZX_OK);
    return response;
}

static void assert_no_response(void) {
    block_fifo_response_t response;
    cr_assert_eq(zx_fifo_read(g_fifo, sizeof(response), &response, 1, NULL), ZX_ERR_SHOULD_WAIT);
}

static zx_status_t transact(uint32_t opcode, uint32_t length, uint64_t vmo_offset,
                            uint64_t dev_offset) {
    block_fifo_request_t request = {.opcode = opcode,
                                    .reqid = 4711,
                                    .vmoid = g_vmoid,
                                    .length = length,
                                    .vmo_offset = vmo_offset,
                                    .dev_offset = dev_offset};
    write_request(&request);
    block_fifo_response_t response = read_response();
    cr_assert_eq(response.reqid, 4711);
    cr_assert_eq(response.count, response.status == ZX_OK ? length : 0);
    return response.status;
}

Test(block_session, data_goes_there_and_back, .init = set_up, .fini = tear_down) {
    uint8_t pattern[40 * BLOCK_SIZE];
    for (size_t i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (uint8_t)(i * 31 >> 3);
    }
    cr_assert_eq(zx_vmo_write(g_vmo, pattern, 3 * BLOCK_SIZE, sizeof(pattern)), ZX_OK);
    cr_assert_eq(transact(BLOCK_OP_WRITE, 40, 3, 100), ZX_OK);
    cr_assert_eq(memcmp(g_disk.data + 100 * BLOCK_SIZE, pattern, sizeof(pattern)), 0);
    cr_assert_eq(g_disk.op_count, 5);
    cr_assert_eq(g_disk.longest, MAX_BLOCKS);

    uint8_t back[40 * BLOCK_SIZE];
    cr_assert_eq(transact(BLOCK_OP_READ, 40, 24, 100), ZX_OK);
    cr_assert_eq(zx_vmo_read(g_vmo, back, 24 * BLOCK_SIZE, sizeof(back)), ZX_OK);
    cr_assert_eq(memcmp(pattern, back, sizeof(back)), 0);
    assert_no_response();
}

Test(block_session, wrong_records_are_answered_and_harmless, .init = set_up, .fini = tear_down) {
    cr_assert_eq(transact(BLOCK_OP_READ, 1, 0, BLOCKS), ZX_ERR_OUT_OF_RANGE);
    cr_assert_eq(transact(BLOCK_OP_READ, 2, 63, 0), ZX_ERR_OUT_OF_RANGE);
    cr_assert_eq(transact(BLOCK_OP_READ, 2, UINT64_MAX, 0), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(transact(77, 1, 0, 0), ZX_ERR_NOT_SUPPORTED);
    static const uint16_t no_vmoids[] = {BLOCK_VMOID_INVALID, 2, BLOCK_MAX_VMOS, BLOCK_MAX_VMOS + 1,
                                         UINT16_MAX};
    uint16_t good = g_vmoid;
    for (size_t i = 0; i < sizeof(no_vmoids) / sizeof(no_vmoids[0]); i++) {
        g_vmoid = no_vmoids[i];
        cr_assert_eq(transact(BLOCK_OP_READ, 1, 0, 0), ZX_ERR_INVALID_ARGS);
        cr_assert_eq(transact(BLOCK_OP_CLOSE_VMO, 0, 0, 0), ZX_ERR_INVALID_ARGS);
    }
    g_vmoid = good;
    cr_assert_eq(op_count(), 0);
    cr_assert_eq(transact(BLOCK_OP_READ, 1, 0, 0), ZX_OK);
}

Test(block_session, first_error_of_a_cut_request_is_the_answer, .init = set_up, .fini = tear_down) {
    hold(true);
    block_fifo_request_t request = {
        .opcode = BLOCK_OP_READ, .reqid = 1, .vmoid = g_vmoid, .length = 3 * MAX_BLOCKS};
    write_request(&request);
    await_ops(3);
    g_disk.next_error = ZX_ERR_IO;
    release_one();
    assert_no_response();
    release_one();
    assert_no_response();
    release_one();
    block_fifo_response_t response = read_response();
    cr_assert_eq(response.status, ZX_ERR_IO);
    cr_assert_eq(response.count, 0);
    assert_no_response();
}

// The client sends many more requests than a session holds and reads nothing: the session stops at
// its limit, and goes on when the responses are fetched.
Test(block_session, client_that_does_not_read_stops_only_itself, .init = set_up,
     .fini = tear_down) {
    block_fifo_request_t request = {.opcode = BLOCK_OP_READ, .vmoid = g_vmoid, .length = 1};
    uint32_t sent = 0;
    while (zx_fifo_write(g_fifo, sizeof(request), &request, 1, NULL) == ZX_OK ||
           zx_object_wait_one(g_fifo, ZX_FIFO_WRITABLE, zx_deadline_after(ZX_MSEC(200)), NULL) ==
               ZX_OK) {
        request.reqid = ++sent;
        cr_assert_lt(sent, 10000);
    }
    bool seen[10000] = {false};
    for (uint32_t i = 0; i < op_count(); i++) {
        block_fifo_response_t response = read_response();
        cr_assert_lt(response.reqid, 10000);
        cr_assert_not(seen[response.reqid], "answered twice");
        seen[response.reqid] = true;
    }
    cr_assert_gt(op_count(), BLOCK_FIFO_DEPTH);
    assert_no_response();
}

Test(block_session, flush_waits_for_what_came_before, .init = set_up, .fini = tear_down) {
    hold(true);
    block_fifo_request_t write = {
        .opcode = BLOCK_OP_WRITE, .reqid = 1, .vmoid = g_vmoid, .length = 1};
    block_fifo_request_t flush = {.opcode = BLOCK_OP_FLUSH, .reqid = 2};
    block_fifo_request_t read = {
        .opcode = BLOCK_OP_READ, .reqid = 3, .vmoid = g_vmoid, .length = 1};
    write_request(&write);
    write_request(&flush);
    write_request(&read);
    await_ops(1);
    cr_assert_eq(g_disk.flush_count, 0);
    release_one();
    cr_assert_eq(read_response().reqid, 1);
    await_ops(2);
    cr_assert_eq(g_disk.flush_count, 1);
    cr_assert_eq(op_count(), 2, "the read overtook the flush");
    release_one();
    cr_assert_eq(read_response().reqid, 2);
    await_ops(3);
    release_one();
    cr_assert_eq(read_response().reqid, 3);
}

Test(block_session, forced_write_is_flushed_and_answered_once, .init = set_up, .fini = tear_down) {
    cr_assert_eq(transact(BLOCK_OP_WRITE | BLOCK_FL_FORCE_ACCESS, 9, 0, 0), ZX_OK);
    cr_assert_eq(g_disk.op_count, 3);
    cr_assert_eq(g_disk.flush_count, 1);
    cr_assert_eq(g_disk.flags_seen, 0, "flags are the block core's affair");
    assert_no_response();
}

static int release_later(void* arg) {
    (void)arg;
    zx_nanosleep(zx_deadline_after(ZX_MSEC(100)));
    while (release_one()) {
    }
    return 0;
}

// The disk still works on the dead client's memory: it stays valid, and so does the session.
Test(block_session, client_dies_with_requests_in_flight, .init = set_up) {
    hold(true);
    block_fifo_request_t request = {
        .opcode = BLOCK_OP_WRITE, .vmoid = g_vmoid, .length = MAX_BLOCKS};
    uint8_t bytes[MAX_BLOCKS * BLOCK_SIZE];
    memset(bytes, 0x77, sizeof(bytes));
    cr_assert_eq(zx_vmo_write(g_vmo, bytes, 0, sizeof(bytes)), ZX_OK);
    for (uint32_t i = 0; i < 20; i++) {
        request.dev_offset = i * MAX_BLOCKS;
        write_request(&request);
    }
    await_ops(20);
    zx_handle_close(g_fifo);
    zx_handle_close(g_vmo);
    thrd_t thread;
    cr_assert_eq(thrd_create(&thread, release_later, NULL), thrd_success);
    block_session_destroy(g_session);  // returns only after the last completion
    cr_assert(list_is_empty(&g_disk.held));
    thrd_join(thread, NULL);
    cr_assert_eq(memcmp(g_disk.data, bytes, sizeof(bytes)), 0);
    cr_assert_eq(memcmp(g_disk.data + 19 * MAX_BLOCKS * BLOCK_SIZE, bytes, sizeof(bytes)), 0);
}

Test(block_session, stop_ends_a_request_that_waits_for_a_barrier, .init = set_up) {
    hold(true);
    block_fifo_request_t request = {
        .opcode = BLOCK_OP_READ, .reqid = 1, .vmoid = g_vmoid, .length = 1};
    write_request(&request);
    request.opcode |= BLOCK_FL_BARRIER_BEFORE;
    write_request(&request);
    await_ops(1);
    block_session_stop(g_session);
    release_one();
    block_session_destroy(g_session);
    cr_assert_eq(op_count(), 1);
    zx_signals_t observed;
    cr_assert_eq(
        zx_object_wait_one(g_fifo, ZX_FIFO_PEER_CLOSED, zx_deadline_after(LONG_WAIT), &observed),
        ZX_OK);
    zx_handle_close(g_fifo);
    zx_handle_close(g_vmo);
}

Test(block_session, vmo_closed_while_in_use_lives_on, .init = set_up, .fini = tear_down) {
    hold(true);
    block_fifo_request_t request = {
        .opcode = BLOCK_OP_READ, .reqid = 1, .vmoid = g_vmoid, .length = 1};
    write_request(&request);
    await_ops(1);
    cr_assert_eq(transact(BLOCK_OP_CLOSE_VMO, 0, 0, 0), ZX_OK);
    cr_assert_eq(transact(BLOCK_OP_READ, 1, 0, 0), ZX_ERR_INVALID_ARGS);
    memset(g_disk.data, 0x42, BLOCK_SIZE);
    release_one();
    cr_assert_eq(read_response().status, ZX_OK);
    uint8_t first;
    cr_assert_eq(zx_vmo_read(g_vmo, &first, 0, 1), ZX_OK);
    cr_assert_eq(first, 0x42);
}

Test(block_session, attached_vmos_are_limited_and_come_free, .init = set_up, .fini = tear_down) {
    zx_handle_t vmos[BLOCK_MAX_VMOS];
    for (size_t i = 1; i < BLOCK_MAX_VMOS; i++) {
        attach(4096, &vmos[i]);
    }
    zx_handle_t extra;
    uint16_t vmoid;
    cr_assert_eq(zx_vmo_create(4096, 0, &extra), ZX_OK);
    cr_assert_eq(block_session_attach_vmo(g_session, extra, &vmoid), ZX_ERR_NO_RESOURCES);
    cr_assert_eq(zx_handle_close(extra), ZX_ERR_BAD_HANDLE, "taken in every case");
    cr_assert_eq(transact(BLOCK_OP_CLOSE_VMO, 0, 0, 0), ZX_OK);
    cr_assert_eq(zx_vmo_create(4096, 0, &extra), ZX_OK);
    cr_assert_eq(block_session_attach_vmo(g_session, extra, &vmoid), ZX_OK);
    cr_assert_eq(vmoid, g_vmoid);
    for (size_t i = 1; i < BLOCK_MAX_VMOS; i++) {
        zx_handle_close(vmos[i]);
    }
}

Test(block_session, only_vmos_are_attached, .init = set_up, .fini = tear_down) {
    zx_handle_t event;
    uint16_t vmoid;
    cr_assert_eq(zx_event_create(0, &event), ZX_OK);
    cr_assert_eq(block_session_attach_vmo(g_session, event, &vmoid), ZX_ERR_WRONG_TYPE);
    cr_assert_eq(block_session_attach_vmo(g_session, ZX_HANDLE_INVALID, &vmoid), ZX_ERR_BAD_HANDLE);
}

Test(block_session, one_fifo_a_session, .init = set_up, .fini = tear_down) {
    zx_handle_t fifo;
    cr_assert_eq(block_session_start_fifo(g_session, &fifo), ZX_ERR_ALREADY_BOUND);
    block_session_stop(g_session);
    cr_assert_eq(block_session_start_fifo(g_session, &fifo), ZX_ERR_ALREADY_BOUND);
}

Test(block_session, session_without_a_fifo_ends) {
    block_impl_protocol_t impl = {.ops = &g_fake_ops};
    block_info_t info;
    size_t op_size;
    block_impl_query(&impl, &info, &op_size);
    block_session_t* session;
    cr_assert_eq(block_session_create(&impl, &info, op_size, &session), ZX_OK);
    block_session_destroy(session);
    block_session_destroy(NULL);
}
