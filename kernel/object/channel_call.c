// SPDX-License-Identifier: MIT
// zx_channel_call: a request, and the wait for the message that answers it.
//
// Any number of threads may call on one channel. Whichever of them (or of its readers) finds
// messages in the socket hands replies to their callers and keeps the rest for readers.
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include <zircon/syscalls.h>

#include "channel.h"
#include "pin.h"

#define TXID_KERNEL 0x80000000u  // transaction ids of ours have it, those of user space do not

// Sleeps until the socket has `events`, another thread kicks, or the handle goes.
static zx_status_t call_sleep(ko_channel_t* channel, ko_call_t* call, uint32_t events,
                              zx_time_t deadline) {
    ko_wait_set_t set;
    zx_status_t status = ko_wait_set_init(&set);
    if (status != ZX_OK) {
        return status;
    }
    ko_wait_source_t source = {.fd = channel->fd, .events = events};
    status = ko_wait_set_add(&set, &source, 1);
    if (status == ZX_OK) {
        status = ko_wait_set_block(&set, deadline);
    }
    ko_wait_set_fini(&set);
    return atomic_load(&call->waiter.is_cancelled) ? ZX_ERR_CANCELED : status;
}

static zx_status_t call_send(ko_channel_t* channel, ko_call_t* call, ko_outgoing_t* message,
                             zx_time_t deadline) {
    message->has_txid = true;
    message->txid = call->txid;
    for (;;) {
        zx_status_t status = atomic_load(&channel->is_broken)
                                 ? ZX_ERR_PEER_CLOSED
                                 : ko_outgoing_send(message, channel->fd);
        if (status != ZX_ERR_SHOULD_WAIT) {
            return status;
        }
        if (ko_fd_signals(channel->fd) & ZX_CHANNEL_PEER_CLOSED) {
            return ZX_ERR_PEER_CLOSED;  // of one direction at least: no answer can come
        }
        status = call_sleep(channel, call, EPOLLOUT, deadline);
        if (status != ZX_OK) {
            return status;
        }
        // Perhaps it was woken for that.
        pthread_mutex_lock(&channel->lock);
        ko_channel_unlock_and_tell(channel);
    }
}

// Waits for call->reply. Sleeps before it looks: the answer to a message just sent is seldom there.
static zx_status_t call_receive(ko_channel_t* channel, ko_call_t* call, zx_time_t deadline) {
    for (;;) {
        zx_status_t wait_status = call_sleep(channel, call, EPOLLIN, deadline);
        if (wait_status != ZX_OK && wait_status != ZX_ERR_TIMED_OUT) {
            return wait_status;
        }
        pthread_mutex_lock(&channel->lock);
        zx_status_t status = call->reply ? ZX_OK : ko_channel_pump_locked(channel, call);
        bool is_answered = call->reply != NULL;
        ko_channel_unlock_and_tell(channel);
        if (is_answered) {
            return ZX_OK;
        }
        if (status != ZX_ERR_SHOULD_WAIT) {
            return status;
        }
        if (wait_status == ZX_ERR_TIMED_OUT) {
            return ZX_ERR_TIMED_OUT;
        }
    }
}

static zx_status_t call_run(ko_channel_t* channel, ko_call_t* call, ko_outgoing_t* message,
                            zx_handle_t handle, zx_time_t deadline) {
    ko_thread_t* thread = ko_thread_self();
    if (!thread) {
        return ZX_ERR_NO_RESOURCES;
    }
    call->txid = TXID_KERNEL | atomic_fetch_add(&channel->next_txid, 1);
    call->reply = NULL;
    ko_waiter_add(&channel->base, &call->waiter, thread, handle);
    pthread_mutex_lock(&channel->lock);
    list_add_tail(&channel->calls, &call->node);
    atomic_fetch_add(&channel->call_count, 1);
    pthread_mutex_unlock(&channel->lock);

    zx_status_t status = call_send(channel, call, message, deadline);
    if (status == ZX_OK) {
        status = call_receive(channel, call, deadline);
    }

    pthread_mutex_lock(&channel->lock);
    list_delete(&call->node);
    atomic_fetch_sub(&channel->call_count, 1);
    ko_channel_unlock_and_tell(channel);
    ko_waiter_remove(&channel->base, &call->waiter);
    return status;
}

// Gives the reply to the caller.
static zx_status_t call_deliver(ko_message_t* reply, const zx_channel_call_args_t* args,
                                uint32_t* actual_bytes, uint32_t* actual_handles) {
    *actual_bytes = reply->byte_count;
    *actual_handles = reply->handle_count;
    if (reply->byte_count > args->rd_num_bytes || reply->handle_count > args->rd_num_handles) {
        return ZX_ERR_BUFFER_TOO_SMALL;
    }
    zx_handle_info_t infos[ZX_CHANNEL_MAX_MSG_HANDLES];
    zx_status_t status = ko_message_open_handles(reply, infos);
    if (status == ZX_OK) {
        if (reply->byte_count > 0) {
            memcpy(args->rd_bytes, reply->bytes, reply->byte_count);
        }
        for (uint32_t i = 0; i < reply->handle_count; i++) {
            args->rd_handles[i] = infos[i].handle;
        }
    }
    return status;
}

static zx_status_t channel_call(ko_channel_t* channel, zx_handle_t handle, zx_time_t deadline,
                                const zx_channel_call_args_t* args, uint32_t* actual_bytes,
                                uint32_t* actual_handles) {
    ko_outgoing_t message;
    zx_status_t status = ko_outgoing_init(&message, args->wr_bytes, args->wr_num_bytes,
                                          args->wr_handles, args->wr_num_handles, &channel->base);
    if (status != ZX_OK) {
        return status;
    }
    ko_call_t call;
    call.reply = NULL;
    status = call_run(channel, &call, &message, handle, deadline);
    ko_outgoing_fini(&message);
    if (status == ZX_OK) {
        status = call_deliver(call.reply, args, actual_bytes, actual_handles);
    }
    ko_message_free(call.reply);
    if (status == ZX_ERR_IO_DATA_INTEGRITY) {
        pthread_mutex_lock(&channel->lock);
        ko_channel_break_locked(channel);
        channel->owes_integrity_error = false;
        pthread_mutex_unlock(&channel->lock);
    }
    return status;
}

static bool call_args_are_good(uint32_t options, const zx_channel_call_args_t* args,
                               const uint32_t* actual_bytes, const uint32_t* actual_handles) {
    return options == 0 && actual_bytes && actual_handles &&
           args->wr_num_bytes >= sizeof(uint32_t) && (args->rd_bytes || args->rd_num_bytes == 0) &&
           (args->rd_handles || args->rd_num_handles == 0);
}

zx_status_t zx_channel_call(zx_handle_t handle, uint32_t options, zx_time_t deadline,
                            const zx_channel_call_args_t* args, uint32_t* actual_bytes,
                            uint32_t* actual_handles) {
    if (!args) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_pin_t pin;
    zx_status_t status = ZX_ERR_INVALID_ARGS;
    if (call_args_are_good(options, args, actual_bytes, actual_handles)) {
        status = ko_handle_pin(handle, ZX_OBJ_TYPE_CHANNEL, ZX_RIGHT_READ | ZX_RIGHT_WRITE, &pin);
    }
    if (status != ZX_OK) {
        if (args->wr_handles) {
            zx_handle_close_many(args->wr_handles, args->wr_num_handles);
        }
        return status;
    }
    status = channel_call((ko_channel_t*)pin.object, handle, deadline, args, actual_bytes,
                          actual_handles);
    ko_unpin(&pin);
    return status;
}
