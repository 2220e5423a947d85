// SPDX-License-Identifier: MIT
// Channel: one end of a message pipe with handles, on a SOCK_SEQPACKET socket.
//
// A reader takes a message straight from the socket, unless some were taken before: a message too
// large for its reader's buffers, or one that a thread in zx_channel_call met on the way to its
// reply. Those are kept in the channel and come first.
#include "channel.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <lx/fd.h>
#include <zircon/syscalls.h>

#include "pin.h"

void ko_channel_break_locked(ko_channel_t* channel) {
    atomic_store(&channel->is_broken, true);
    channel->owes_integrity_error = true;
    shutdown(channel->fd, SHUT_RDWR);  // the peer, and everyone who waits, sees a hang-up
}

void ko_channel_unlock_and_tell(ko_channel_t* channel) {
    bool has_news = channel->has_news;
    channel->has_news = false;
    pthread_mutex_unlock(&channel->lock);
    if (has_news) {
        ko_object_changed(&channel->base);
    }
}

static void channel_keep_locked(ko_channel_t* channel, ko_message_t* kept, bool first) {
    if (first) {
        list_add_head(&channel->kept, &kept->node);
    } else {
        list_add_tail(&channel->kept, &kept->node);
    }
    channel->has_news = true;
    channel->kept_fds += kept->fd_count;
    atomic_fetch_add(&channel->kept_count, 1);
}

static ko_message_t* channel_unkeep_locked(ko_channel_t* channel) {
    ko_message_t* kept = list_remove_head_type(&channel->kept, ko_message_t, node);
    if (kept) {
        channel->kept_fds -= kept->fd_count;
        atomic_fetch_sub(&channel->kept_count, 1);
    }
    return kept;
}

// The call that `message` answers, if any.
static ko_call_t* call_find_locked(ko_channel_t* channel, const ko_message_t* message) {
    uint32_t txid = 0;
    if (message->byte_count < sizeof(txid)) {
        return NULL;
    }
    memcpy(&txid, message->bytes, sizeof(txid));
    ko_call_t* call;
    list_for_every_entry(&channel->calls, call, ko_call_t, node) {
        if (call->txid == txid && !call->reply) {
            return call;
        }
    }
    return NULL;
}

zx_status_t ko_channel_pump_locked(ko_channel_t* channel, const ko_call_t* own) {
    if (channel->is_moved) {
        return ZX_ERR_CANCELED;
    }
    if (atomic_load(&channel->is_broken)) {
        return ZX_ERR_PEER_CLOSED;
    }
    for (;;) {
        if (atomic_load(&channel->kept_count) >= KO_CHANNEL_MAX_KEPT ||
            channel->kept_fds >= KO_CHANNEL_MAX_KEPT_FDS) {
            return ZX_ERR_NO_RESOURCES;
        }
        ko_message_t message;
        zx_status_t status = ko_message_receive(channel->fd, &message);
        if (status == ZX_ERR_IO_DATA_INTEGRITY) {
            ko_channel_break_locked(channel);
            return ZX_ERR_PEER_CLOSED;
        }
        if (status != ZX_OK) {
            return status;
        }
        ko_message_t* kept = ko_message_keep(&message);
        if (!kept) {
            ko_message_close_fds(&message);
            return ZX_ERR_NO_MEMORY;
        }
        ko_call_t* call = call_find_locked(channel, kept);
        if (call) {
            call->reply = kept;
            if (call == own) {
                return ZX_OK;
            }
            ko_thread_kick(call->waiter.thread);
        } else {
            channel_keep_locked(channel, kept, false);
        }
    }
}

// Signals of the socket. A closed socket counts as readable; only a look tells whether a message is
// left.
static zx_signals_t socket_signals(int fd) {
    zx_signals_t signals = ko_fd_signals(fd);
    if ((signals & ZX_CHANNEL_PEER_CLOSED) && (signals & ZX_CHANNEL_READABLE)) {
        uint8_t byte;
        ssize_t size = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        if (size < 0 && errno == ECONNRESET) {
            size = recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
        }
        signals &= size > 0 ? ~0u : ~ZX_CHANNEL_READABLE;
    }
    return signals;
}

// The lock keeps calls from starting between the looks: what comes while there is none is no reply.
static zx_signals_t channel_signals(ko_object_t* object) {
    ko_channel_t* channel = (ko_channel_t*)object;
    zx_signals_t in_socket = ~0u;
    pthread_mutex_lock(&channel->lock);
    if (atomic_load(&channel->call_count) > 0) {
        // What is in the socket, now or in a moment, may be a reply, which is not for readers.
        // Other waiters are told by a thread in a call, since locks may be held here.
        in_socket = ~ZX_CHANNEL_READABLE;
        ko_channel_pump_locked(channel, NULL);
        ko_call_t* call = list_peek_head_type(&channel->calls, ko_call_t, node);
        if (call && channel->has_news) {
            ko_thread_kick(call->waiter.thread);
        }
    }
    zx_signals_t signals = atomic_load(&channel->is_broken)
                               ? ZX_CHANNEL_PEER_CLOSED
                               : socket_signals(channel->fd) & in_socket;
    if (atomic_load(&channel->kept_count) > 0) {
        signals |= ZX_CHANNEL_READABLE;
    }
    pthread_mutex_unlock(&channel->lock);
    return signals;
}

// A hang-up hides whether a message is left, and what arrives during a call may be its reply.
static bool channel_events_show(ko_object_t* object, zx_signals_t mask, uint32_t events) {
    ko_channel_t* channel = (ko_channel_t*)object;
    if (atomic_load(&channel->kept_count) > 0) {
        return (mask & ZX_CHANNEL_READABLE) != 0;
    }
    return (mask & ZX_CHANNEL_READABLE) && events == EPOLLIN &&
           atomic_load(&channel->call_count) == 0;
}

static uint32_t channel_wait_sources(ko_object_t* object, zx_signals_t mask,
                                     ko_wait_source_t out[KO_MAX_WAIT_SOURCES]) {
    return ko_fd_wait_source(((ko_channel_t*)object)->fd, mask, out);
}

// The messages that were taken from the socket go along, and those that are in it stay there from
// now on: a thread that is still inside a call takes none.
static zx_status_t channel_export(ko_object_t* object, ko_wire_t* out) {
    ko_channel_t* channel = (ko_channel_t*)object;
    zx_status_t status = ZX_OK;
    pthread_mutex_lock(&channel->lock);
    uint32_t kept_count = atomic_load(&channel->kept_count);
    if (atomic_load(&channel->is_broken) || channel->is_moved) {
        status = ZX_ERR_BAD_STATE;
    } else {
        out->fds[out->fd_count++] = channel->fd;
        out->words[0] = kept_count;
        status = kept_count > 0 ? ko_kept_export(&channel->kept, out) : ZX_OK;
        channel->is_moved = true;
    }
    pthread_mutex_unlock(&channel->lock);
    return status;
}

static void channel_destroy(ko_object_t* object) {
    ko_channel_t* channel = (ko_channel_t*)object;
    ko_message_t* kept;
    while ((kept = channel_unkeep_locked(channel))) {
        ko_message_free(kept);
    }
    ko_fd_close(&channel->fd);
    pthread_mutex_destroy(&channel->lock);
    free(channel);
}

static const ko_ops_t channel_ops = {
    .type = ZX_OBJ_TYPE_CHANNEL,
    .default_rights = ZX_DEFAULT_CHANNEL_RIGHTS,
    .destroy = channel_destroy,
    .signals = channel_signals,
    .wait_sources = channel_wait_sources,
    .events_show = channel_events_show,
    .export_wire = channel_export,
};

// Takes `fd` when it succeeds.
static ko_channel_t* channel_new(int fd) {
    ko_channel_t* channel = calloc(1, sizeof(*channel));
    if (channel) {
        ko_object_init(&channel->base, &channel_ops);
        channel->fd = fd;
        pthread_mutex_init(&channel->lock, NULL);
        list_initialize(&channel->kept);
        list_initialize(&channel->calls);
    }
    return channel;
}

zx_status_t zx_channel_create(uint32_t options, zx_handle_t* out0, zx_handle_t* out1) {
    if (options != 0 || !out0 || !out1) {
        return ZX_ERR_INVALID_ARGS;
    }
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0) {
        return errno == ENOMEM ? ZX_ERR_NO_MEMORY : ZX_ERR_NO_RESOURCES;
    }
    ko_channel_t* end0 = channel_new(fds[0]);
    ko_channel_t* end1 = end0 ? channel_new(fds[1]) : NULL;
    if (!end1) {
        ko_fd_close(&fds[1]);
        if (end0) {
            ko_object_release(&end0->base);
        } else {
            ko_fd_close(&fds[0]);
        }
        return ZX_ERR_NO_MEMORY;
    }
    return ko_handle_make_pair(&end0->base, &end1->base, out0, out1);
}

zx_status_t lx_channel_from_fd(int fd, zx_handle_t* out) {
    bool is_good = ko_fd_is_seqpacket(fd) && fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
    zx_status_t status = is_good ? ZX_OK : ZX_ERR_WRONG_TYPE;
    ko_channel_t* channel = NULL;
    if (status == ZX_OK) {
        channel = channel_new(fd);
        status = channel ? ZX_OK : ZX_ERR_NO_MEMORY;
    }
    if (status != ZX_OK) {
        ko_fd_close(&fd);
        return status;
    }
    return ko_handle_make(&channel->base, ZX_RIGHT_SAME_RIGHTS, out);
}

zx_status_t lx_channel_dup_fd(zx_handle_t handle, int* out_fd) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_CHANNEL, ZX_RIGHT_TRANSFER, &object);
    if (status != ZX_OK) {
        return status;
    }
    ko_channel_t* channel = (ko_channel_t*)object;
    if (atomic_load(&channel->kept_count) > 0 || atomic_load(&channel->is_broken)) {
        status = ZX_ERR_BAD_STATE;
    } else {
        *out_fd = fcntl(channel->fd, F_DUPFD_CLOEXEC, 3);
        status = *out_fd >= 0 ? ZX_OK : ZX_ERR_NO_RESOURCES;
    }
    ko_object_release(object);
    return status;
}

// The kept messages of a channel that arrives.
static zx_status_t import_kept(ko_channel_t* channel, const ko_wire_t* wire) {
    list_node_t kept = LIST_INITIAL_VALUE(kept);
    int fds = wire->fd_count > 2 ? wire->fds[2] : -1;
    zx_status_t status = ko_kept_unpack(wire->fds[1], fds, wire->words[0], &kept);
    ko_message_t* message;
    while ((message = list_remove_head_type(&kept, ko_message_t, node))) {
        channel_keep_locked(channel, message, false);  // nobody else knows of the channel yet
    }
    channel->has_news = false;
    return status;
}

zx_status_t ko_import_channel(ko_wire_t* wire, ko_object_t** out) {
    if (wire->fd_count < 1 || wire->fd_count > 3 || !ko_fd_is_seqpacket(wire->fds[0]) ||
        (wire->fd_count == 1) != (wire->words[0] == 0)) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    ko_channel_t* channel = channel_new(wire->fds[0]);
    if (!channel) {
        return ZX_ERR_NO_MEMORY;
    }
    wire->fds[0] = -1;
    zx_status_t status = wire->fd_count > 1 ? import_kept(channel, wire) : ZX_OK;
    if (status != ZX_OK) {
        ko_object_release(&channel->base);
        return status;
    }
    *out = &channel->base;
    return ZX_OK;
}

zx_status_t zx_channel_write(zx_handle_t handle, uint32_t options, const void* bytes,
                             uint32_t num_bytes, const zx_handle_t* handles, uint32_t num_handles) {
    ko_pin_t pin;
    zx_status_t status = options == 0 ? ZX_OK : ZX_ERR_INVALID_ARGS;
    if (status == ZX_OK) {
        status = ko_handle_pin(handle, ZX_OBJ_TYPE_CHANNEL, ZX_RIGHT_WRITE, &pin);
    }
    if (status != ZX_OK) {
        if (handles) {
            zx_handle_close_many(handles, num_handles);
        }
        return status;
    }
    ko_channel_t* channel = (ko_channel_t*)pin.object;
    ko_outgoing_t message;
    status = ko_outgoing_init(&message, bytes, num_bytes, handles, num_handles, pin.object);
    if (status == ZX_OK) {
        status = atomic_load(&channel->is_broken) ? ZX_ERR_PEER_CLOSED
                                                  : ko_outgoing_send(&message, channel->fd);
        ko_outgoing_fini(&message);
        ko_object_fell(pin.object, status == ZX_ERR_SHOULD_WAIT ? ZX_CHANNEL_WRITABLE : 0);
    }
    ko_unpin(&pin);
    return status;
}

// ---- reading

typedef struct read_args {
    void* bytes;
    uint32_t num_bytes;
    uint32_t num_handles;
    bool may_discard;
    uint32_t* actual_bytes;    // may be NULL
    uint32_t* actual_handles;  // may be NULL
} read_args_t;

// What to tell when nothing can be taken from a dead or empty channel.
static zx_status_t channel_excuse_locked(ko_channel_t* channel, zx_status_t status) {
    if (channel->owes_integrity_error) {
        channel->owes_integrity_error = false;
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    return status;
}

// Gets the next message: a kept one in *out_kept, or one in *out from the socket.
static zx_status_t channel_next_locked(ko_channel_t* channel, ko_message_t* out,
                                       ko_message_t** out_kept) {
    if (channel->is_moved) {
        return ZX_ERR_CANCELED;
    }
    if (atomic_load(&channel->call_count) > 0) {
        zx_status_t status = ko_channel_pump_locked(channel, NULL);
        if (atomic_load(&channel->kept_count) == 0) {
            return channel_excuse_locked(channel, status);
        }
    }
    *out_kept = channel_unkeep_locked(channel);
    if (*out_kept) {
        return ZX_OK;
    }
    if (atomic_load(&channel->is_broken)) {
        return channel_excuse_locked(channel, ZX_ERR_PEER_CLOSED);
    }
    zx_status_t status = ko_message_receive(channel->fd, out);
    if (status == ZX_ERR_IO_DATA_INTEGRITY) {
        ko_channel_break_locked(channel);
        return channel_excuse_locked(channel, status);
    }
    return status;
}

// The message does not fit: puts it back, or drops it if the reader said so.
static zx_status_t channel_put_back_locked(ko_channel_t* channel, ko_message_t* message,
                                           ko_message_t* kept, bool may_discard) {
    if (!may_discard && !kept) {
        kept = ko_message_keep(message);
        if (!kept) {
            ko_message_close_fds(message);
            return ZX_ERR_NO_MEMORY;
        }
        message = kept;
    }
    if (!may_discard) {
        channel_keep_locked(channel, kept, true);
    } else if (kept) {
        ko_message_free(kept);
    } else {
        ko_message_close_fds(message);
    }
    return ZX_ERR_BUFFER_TOO_SMALL;
}

// Takes one message that fits into *out or *out_kept, and copies its bytes out.
static zx_status_t channel_take(ko_channel_t* channel, const read_args_t* args, ko_message_t* out,
                                ko_message_t** out_kept) {
    *out_kept = NULL;
    pthread_mutex_lock(&channel->lock);
    zx_status_t status = channel_next_locked(channel, out, out_kept);
    const ko_message_t* message = *out_kept ? *out_kept : out;
    if (status == ZX_OK) {
        if (args->actual_bytes) {
            *args->actual_bytes = message->byte_count;
        }
        if (args->actual_handles) {
            *args->actual_handles = message->handle_count;
        }
        if (message->byte_count > args->num_bytes || message->handle_count > args->num_handles) {
            status = channel_put_back_locked(channel, out, *out_kept, args->may_discard);
        } else if (message->byte_count > 0) {
            memcpy(args->bytes, message->bytes, message->byte_count);
        }
    }
    ko_channel_unlock_and_tell(channel);
    return status;
}

static zx_status_t channel_read(ko_channel_t* channel, const read_args_t* args,
                                zx_handle_info_t* handles, uint32_t* out_count) {
    ko_message_t received;
    ko_message_t* kept = NULL;
    zx_status_t status = channel_take(channel, args, &received, &kept);
    if (status != ZX_OK) {
        return status;
    }
    ko_message_t* message = kept ? kept : &received;
    *out_count = message->handle_count;
    if (message->handle_count > 0 || message->fd_count > 0) {
        status = ko_message_open_handles(message, handles);
    }
    ko_message_free(kept);
    if (status == ZX_ERR_IO_DATA_INTEGRITY) {
        pthread_mutex_lock(&channel->lock);
        ko_channel_break_locked(channel);
        channel->owes_integrity_error = false;  // told right here
        pthread_mutex_unlock(&channel->lock);
    }
    return status;
}

// Checks the arguments that both forms have, reads into `infos`.
static zx_status_t read_common(zx_handle_t handle, uint32_t options, const void* handles,
                               read_args_t* args, zx_handle_info_t* infos, uint32_t* out_count) {
    if ((options & ~ZX_CHANNEL_READ_MAY_DISCARD) != 0 || (!args->bytes && args->num_bytes > 0) ||
        (!handles && args->num_handles > 0)) {
        return ZX_ERR_INVALID_ARGS;
    }
    args->may_discard = (options & ZX_CHANNEL_READ_MAY_DISCARD) != 0;
    ko_pin_t pin;
    zx_status_t status = ko_handle_pin(handle, ZX_OBJ_TYPE_CHANNEL, ZX_RIGHT_READ, &pin);
    if (status == ZX_OK) {
        status = channel_read((ko_channel_t*)pin.object, args, infos, out_count);
        ko_object_fell(pin.object, status == ZX_ERR_SHOULD_WAIT ? ZX_CHANNEL_READABLE : 0);
        ko_unpin(&pin);
    }
    return status;
}

zx_status_t zx_channel_read(zx_handle_t handle, uint32_t options, void* bytes, zx_handle_t* handles,
                            uint32_t num_bytes, uint32_t num_handles, uint32_t* actual_bytes,
                            uint32_t* actual_handles) {
    read_args_t args = {bytes, num_bytes, num_handles, false, actual_bytes, actual_handles};
    zx_handle_info_t infos[ZX_CHANNEL_MAX_MSG_HANDLES];
    uint32_t count = 0;
    zx_status_t status = read_common(handle, options, handles, &args, infos, &count);
    for (uint32_t i = 0; i < count && status == ZX_OK; i++) {
        handles[i] = infos[i].handle;
    }
    return status;
}

zx_status_t zx_channel_read_etc(zx_handle_t handle, uint32_t options, void* bytes,
                                zx_handle_info_t* handles, uint32_t num_bytes, uint32_t num_handles,
                                uint32_t* actual_bytes, uint32_t* actual_handles) {
    read_args_t args = {bytes, num_bytes, num_handles, false, actual_bytes, actual_handles};
    uint32_t count = 0;
    return read_common(handle, options, handles, &args, handles, &count);
}
