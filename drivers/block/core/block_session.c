// SPDX-License-Identifier: MIT
// The server of one FIFO. A session owns a fixed number of requests and of pieces (ops for the disk
// driver); it reads no further request than it has room for, so a client that does not fetch its
// responses stops itself and nobody else.
//
// The session's thread reads and submits; responses are written by whichever thread the driver
// completes on. Responses that find the FIFO full wait in `undelivered` for the session's thread.
#include "block_session.h"

#include <stdbool.h>
#include <stdlib.h>
#include <threads.h>

#include <protocols/block_fifo.h>
#include <zircon/listnode.h>
#include <zircon/syscalls.h>
#include <zircon/threads.h>

#include "block_record.h"

#define SESSION_REQUESTS BLOCK_FIFO_DEPTH
#define SESSION_PIECES   BLOCK_FIFO_DEPTH
#define READ_BATCH       16u

typedef struct block_vmo {
    zx_handle_t handle;  // owned
    uint64_t size;       // bytes, when attached
    uint32_t ref_count;  // the table's and one of each request
} block_vmo_t;

typedef struct block_request {
    list_node_t node;  // in `free_requests` or `undelivered`
    block_fifo_request_t record;
    block_vmo_t* vmo;  // a reference; NULL: none
    zx_status_t status;
    uint32_t ref_count;  // pieces that the driver has, and the session's thread
} block_request_t;

// In front of the driver's op of op_size bytes.
typedef struct block_piece {
    list_node_t node;  // in `free_pieces`
    block_session_t* session;
    block_request_t* request;
} block_piece_t;

struct block_session {
    block_impl_protocol_t impl;  // borrowed
    block_info_t info;
    size_t piece_size;  // bytes of a block_piece_t with its op
    uint8_t* pieces;    // owned
    zx_handle_t wake;   // owned; event: the thread is to look at the state again
    thrd_t thread;      // valid if has_thread; started and joined by the owner

    mtx_t lock;  // guards what follows
    cnd_t changed;
    bool has_thread;
    bool is_stopping;
    zx_handle_t fifo;  // owned; closed by the thread at its end
    list_node_t free_requests;
    size_t free_request_count;
    list_node_t undelivered;
    list_node_t free_pieces;
    size_t busy_piece_count;            // with the driver
    block_vmo_t* vmos[BLOCK_MAX_VMOS];  // vmoid - 1
    block_request_t requests[SESSION_REQUESTS];
};

static block_op_t* piece_op(block_piece_t* piece) {
    return (block_op_t*)((uint8_t*)piece + sizeof(block_piece_t));
}

static void wake_thread(block_session_t* session) {
    zx_object_signal(session->wake, 0, ZX_EVENT_SIGNALED);
}

// ---- VMOs

static void unref_vmo(block_vmo_t* vmo) {
    if (vmo != NULL && --vmo->ref_count == 0) {
        zx_handle_close(vmo->handle);
        free(vmo);
    }
}

static block_vmo_t* find_vmo_locked(block_session_t* session, uint16_t vmoid) {
    if (vmoid == BLOCK_VMOID_INVALID || vmoid > BLOCK_MAX_VMOS) {
        return NULL;
    }
    return session->vmos[vmoid - 1];
}

zx_status_t block_session_attach_vmo(block_session_t* session, zx_handle_t vmo,
                                     uint16_t* out_vmoid) {
    uint64_t size;
    zx_status_t status = zx_vmo_get_size(vmo, &size);
    block_vmo_t* entry = status == ZX_OK ? malloc(sizeof(*entry)) : NULL;
    if (entry == NULL) {
        zx_handle_close(vmo);
        return status == ZX_OK ? ZX_ERR_NO_MEMORY : status;
    }
    *entry = (block_vmo_t){.handle = vmo, .size = size, .ref_count = 1};
    status = ZX_ERR_NO_RESOURCES;
    mtx_lock(&session->lock);
    for (uint16_t i = 0; status != ZX_OK && i < BLOCK_MAX_VMOS; i++) {
        if (session->vmos[i] == NULL) {
            session->vmos[i] = entry;
            *out_vmoid = (uint16_t)(i + 1);
            status = ZX_OK;
        }
    }
    mtx_unlock(&session->lock);
    if (status != ZX_OK) {
        unref_vmo(entry);
    }
    return status;
}

// ---- responses

static void recycle_locked(block_session_t* session, block_request_t* request) {
    list_add_tail(&session->free_requests, &request->node);
    if (session->free_request_count++ == 0) {
        wake_thread(session);
    }
}

static zx_status_t write_response_locked(block_session_t* session, const block_request_t* request) {
    block_fifo_response_t response = {
        .status = request->status,
        .reqid = request->record.reqid,
        .group = request->record.group,
        .count = request->status == ZX_OK ? request->record.length : 0,
    };
    return zx_fifo_write(session->fifo, sizeof(response), &response, 1, NULL);
}

// Gives up one reference; the last one answers the request.
static void unref_request_locked(block_session_t* session, block_request_t* request) {
    if (--request->ref_count > 0) {
        return;
    }
    unref_vmo(request->vmo);
    request->vmo = NULL;
    bool must_queue = !list_is_empty(&session->undelivered) ||
                      write_response_locked(session, request) == ZX_ERR_SHOULD_WAIT;
    if (must_queue) {
        list_add_tail(&session->undelivered, &request->node);
        wake_thread(session);
    } else {
        recycle_locked(session, request);
    }
}

static void deliver_responses_locked(block_session_t* session) {
    block_request_t* request;
    while ((request = list_peek_head_type(&session->undelivered, block_request_t, node)) != NULL) {
        if (write_response_locked(session, request) == ZX_ERR_SHOULD_WAIT) {
            return;
        }
        list_delete(&request->node);
        recycle_locked(session, request);
    }
}

// ---- pieces

// The driver's callback; any thread, also inside queue().
static void piece_done(void* cookie, zx_status_t status, block_op_t* op) {
    (void)op;
    block_piece_t* piece = cookie;
    block_session_t* session = piece->session;
    mtx_lock(&session->lock);
    block_request_t* request = piece->request;
    if (status != ZX_OK && request->status == ZX_OK) {
        request->status = status;
    }
    unref_request_locked(session, request);
    list_add_tail(&session->free_pieces, &piece->node);
    session->busy_piece_count--;
    cnd_signal(&session->changed);
    mtx_unlock(&session->lock);
}

// Waits for a free piece. NULL: the session is being stopped, or the request has failed meanwhile.
static block_piece_t* take_piece(block_session_t* session, block_request_t* request) {
    mtx_lock(&session->lock);
    while (list_is_empty(&session->free_pieces) && !session->is_stopping) {
        cnd_wait(&session->changed, &session->lock);
    }
    block_piece_t* piece = NULL;
    if (!session->is_stopping && request->status == ZX_OK) {
        piece = list_remove_head_type(&session->free_pieces, block_piece_t, node);
        piece->request = request;
        request->ref_count++;
        session->busy_piece_count++;
    }
    mtx_unlock(&session->lock);
    return piece;
}

// Waits until the driver has no op of this session; a stop does not end it.
static void wait_idle(block_session_t* session) {
    mtx_lock(&session->lock);
    while (session->busy_piece_count > 0) {
        cnd_wait(&session->changed, &session->lock);
    }
    mtx_unlock(&session->lock);
}

static void submit_data(block_session_t* session, block_request_t* request) {
    uint32_t max_piece = block_record_max_piece(&session->info);
    uint32_t done = 0;
    while (done < request->record.length) {
        block_piece_t* piece = take_piece(session, request);
        if (piece == NULL) {
            return;
        }
        block_op_t* op = piece_op(piece);
        block_record_make_piece(&request->record, request->vmo->handle, done, max_piece, op);
        done += op->rw.length;
        block_impl_queue(&session->impl, op, piece_done, piece);
    }
}

static void submit_flush(block_session_t* session, block_request_t* request) {
    block_piece_t* piece = take_piece(session, request);
    if (piece != NULL) {
        piece_op(piece)->command = BLOCK_OP_FLUSH;
        block_impl_queue(&session->impl, piece_op(piece), piece_done, piece);
    }
}

// ---- requests

// Takes the record into a request of the session and checks it. The request has one reference,
// the thread's. Returns whether there is work for the driver.
static bool begin_request_locked(block_session_t* session, const block_fifo_request_t* record,
                                 block_request_t** out_request) {
    block_request_t* request =
        list_remove_head_type(&session->free_requests, block_request_t, node);
    session->free_request_count--;
    request->record = *record;
    request->ref_count = 1;
    request->vmo = NULL;
    block_vmo_t* vmo = find_vmo_locked(session, record->vmoid);
    request->status = block_record_check(record, &session->info, vmo == NULL ? NULL : &vmo->size);
    *out_request = request;
    if (request->status != ZX_OK) {
        return false;
    }
    switch (record->opcode & BLOCK_OP_MASK) {
        case BLOCK_OP_CLOSE_VMO:
            session->vmos[record->vmoid - 1] = NULL;
            unref_vmo(vmo);
            return false;
        case BLOCK_OP_FLUSH:
            return true;
        default:
            request->vmo = vmo;
            vmo->ref_count++;
            return true;
    }
}

// FLUSH is a barrier on both sides. Barriers are between requests of one session.
static void work_on_request(block_session_t* session, block_request_t* request) {
    uint32_t opcode = request->record.opcode;
    bool is_flush = (opcode & BLOCK_OP_MASK) == BLOCK_OP_FLUSH;
    if (is_flush || (opcode & BLOCK_FL_BARRIER_BEFORE) != 0) {
        wait_idle(session);
    }
    if (is_flush) {
        submit_flush(session, request);
    } else {
        submit_data(session, request);
        if ((opcode & BLOCK_FL_FORCE_ACCESS) != 0 && (opcode & BLOCK_OP_MASK) == BLOCK_OP_WRITE) {
            wait_idle(session);
            submit_flush(session, request);
        }
    }
    if (is_flush || (opcode & BLOCK_FL_BARRIER_AFTER) != 0) {
        wait_idle(session);
    }
}

static void serve_request(block_session_t* session, const block_fifo_request_t* record) {
    block_request_t* request;
    mtx_lock(&session->lock);
    bool has_work = begin_request_locked(session, record, &request);
    mtx_unlock(&session->lock);
    if (has_work) {
        work_on_request(session, request);
    }
    mtx_lock(&session->lock);
    if (session->is_stopping && has_work && request->status == ZX_OK) {
        request->status = ZX_ERR_CANCELED;  // part of it may not have been submitted
    }
    unref_request_locked(session, request);
    mtx_unlock(&session->lock);
}

// Returns SHOULD_WAIT when there is nothing to read or no room for it.
static zx_status_t serve_batch(block_session_t* session) {
    mtx_lock(&session->lock);
    deliver_responses_locked(session);
    size_t room = session->free_request_count;
    bool is_stopping = session->is_stopping;
    mtx_unlock(&session->lock);
    if (is_stopping) {
        return ZX_ERR_CANCELED;
    }
    if (room == 0) {
        return ZX_ERR_SHOULD_WAIT;
    }
    block_fifo_request_t batch[READ_BATCH];
    size_t count;
    zx_status_t status = zx_fifo_read(session->fifo, sizeof(batch[0]), batch,
                                      room < READ_BATCH ? room : READ_BATCH, &count);
    for (size_t i = 0; status == ZX_OK && i < count; i++) {
        serve_request(session, &batch[i]);
    }
    return status;
}

// Waits for what the session can go on with.
static zx_status_t wait_for_work(block_session_t* session) {
    mtx_lock(&session->lock);
    zx_signals_t signals = ZX_FIFO_PEER_CLOSED;
    if (session->free_request_count > 0) {
        signals |= ZX_FIFO_READABLE;
    }
    if (!list_is_empty(&session->undelivered)) {
        signals |= ZX_FIFO_WRITABLE;
    }
    mtx_unlock(&session->lock);
    zx_wait_item_t items[2] = {
        {.handle = session->fifo, .waitfor = signals},
        {.handle = session->wake, .waitfor = ZX_EVENT_SIGNALED},
    };
    zx_status_t status = zx_object_wait_many(items, 2, ZX_TIME_INFINITE);
    if (status == ZX_OK && (items[1].pending & ZX_EVENT_SIGNALED) != 0) {
        zx_object_signal(session->wake, ZX_EVENT_SIGNALED, 0);
    }
    if (status == ZX_OK && (items[0].pending & ZX_FIFO_PEER_CLOSED) != 0) {
        return ZX_ERR_PEER_CLOSED;
    }
    return status;
}

static int session_thread(void* arg) {
    block_session_t* session = arg;
    zx_status_t status = ZX_OK;
    while (status == ZX_OK) {
        status = serve_batch(session);
        if (status == ZX_ERR_SHOULD_WAIT) {
            status = wait_for_work(session);
        }
    }
    wait_idle(session);
    mtx_lock(&session->lock);
    zx_handle_close(session->fifo);
    session->fifo = ZX_HANDLE_INVALID;
    mtx_unlock(&session->lock);
    return 0;
}

// ---- life

zx_status_t block_session_start_fifo(block_session_t* session, zx_handle_t* out_fifo) {
    mtx_lock(&session->lock);
    bool may_start = !session->has_thread && !session->is_stopping;
    mtx_unlock(&session->lock);
    if (!may_start) {
        return ZX_ERR_ALREADY_BOUND;
    }
    zx_handle_t client;
    zx_status_t status =
        zx_fifo_create(BLOCK_FIFO_DEPTH, BLOCK_FIFO_ELEM_SIZE, 0, &client, &session->fifo);
    if (status != ZX_OK) {
        return status;
    }
    status = thrd_status_to_zx_status(
        thrd_create_with_name(&session->thread, session_thread, session, "block-session"));
    if (status != ZX_OK) {
        zx_handle_close(client);
        zx_handle_close(session->fifo);
        session->fifo = ZX_HANDLE_INVALID;
        return status;
    }
    mtx_lock(&session->lock);
    session->has_thread = true;
    mtx_unlock(&session->lock);
    *out_fifo = client;
    return ZX_OK;
}

void block_session_stop(block_session_t* session) {
    mtx_lock(&session->lock);
    session->is_stopping = true;
    cnd_signal(&session->changed);
    wake_thread(session);
    mtx_unlock(&session->lock);
}

zx_status_t block_session_create(const block_impl_protocol_t* impl, const block_info_t* info,
                                 size_t op_size, block_session_t** out_session) {
    block_session_t* session = calloc(1, sizeof(*session));
    if (session == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    session->impl = *impl;
    session->info = *info;
    size_t alignment = _Alignof(max_align_t);
    session->piece_size = (sizeof(block_piece_t) + op_size + alignment - 1) / alignment * alignment;
    list_initialize(&session->free_requests);
    list_initialize(&session->undelivered);
    list_initialize(&session->free_pieces);
    mtx_init(&session->lock, mtx_plain);
    cnd_init(&session->changed);
    session->pieces = calloc(SESSION_PIECES, session->piece_size);
    zx_status_t status =
        session->pieces == NULL ? ZX_ERR_NO_MEMORY : zx_event_create(0, &session->wake);
    if (status != ZX_OK) {
        block_session_destroy(session);
        return status;
    }
    for (size_t i = 0; i < SESSION_REQUESTS; i++) {
        list_add_tail(&session->free_requests, &session->requests[i].node);
    }
    session->free_request_count = SESSION_REQUESTS;
    for (size_t i = 0; i < SESSION_PIECES; i++) {
        block_piece_t* piece = (block_piece_t*)(session->pieces + i * session->piece_size);
        piece->session = session;
        list_add_tail(&session->free_pieces, &piece->node);
    }
    *out_session = session;
    return ZX_OK;
}

void block_session_destroy(block_session_t* session) {
    if (session == NULL) {
        return;
    }
    if (session->has_thread) {
        block_session_stop(session);
        thrd_join(session->thread, NULL);
    }
    for (size_t i = 0; i < BLOCK_MAX_VMOS; i++) {
        unref_vmo(session->vmos[i]);
    }
    zx_handle_close(session->wake);
    free(session->pieces);
    cnd_destroy(&session->changed);
    mtx_destroy(&session->lock);
    free(session);
}
