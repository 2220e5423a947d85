// SPDX-License-Identifier: MIT
// Two connected ends over a shared page, for event pairs and FIFOs.
#include "pair.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>

enum { FD_PAGE, FD_BELL0, FD_BELL1, FD_SOCKET };

static zx_status_t pair_dup(const ko_pair_t* from, ko_pair_t* to) {
    for (int i = FD_PAGE; i <= FD_BELL1; i++) {
        to->fds[i] = fcntl(from->fds[i], F_DUPFD_CLOEXEC, 0);
        if (to->fds[i] < 0) {
            return ZX_ERR_NO_RESOURCES;
        }
    }
    to->page = ko_page_open(to->fds[FD_PAGE], to->page_size);
    return to->page ? ZX_OK : ZX_ERR_NO_RESOURCES;
}

zx_status_t ko_pair_create(size_t page_size, ko_pair_t out[2]) {
    int sockets[2] = {-1, -1};
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, sockets) < 0) {
        sockets[0] = -1;
        sockets[1] = -1;
    }
    for (uint32_t end = 0; end < 2; end++) {
        memset(&out[end], 0, sizeof(out[end]));
        out[end].end = end;
        out[end].page_size = page_size;
        memset(out[end].fds, -1, sizeof(out[end].fds));
        out[end].fds[FD_SOCKET] = sockets[end];
    }
    void* page = NULL;
    out[0].fds[FD_PAGE] = ko_page_create(page_size, &page);
    out[0].page = page;
    out[0].fds[FD_BELL0] = ko_bell_create();
    out[0].fds[FD_BELL1] = ko_bell_create();
    zx_status_t status = ZX_ERR_NO_RESOURCES;
    if (out[0].page && out[0].fds[FD_BELL0] >= 0 && out[0].fds[FD_BELL1] >= 0 && sockets[0] >= 0) {
        status = pair_dup(&out[0], &out[1]);
    }
    if (status != ZX_OK) {
        ko_pair_fini(&out[0]);
        ko_pair_fini(&out[1]);
    }
    return status;
}

void ko_pair_fini(ko_pair_t* pair) {
    if (pair->page_size == 0) {
        return;
    }
    if (pair->page) {
        munmap(pair->page, pair->page_size);
        pair->page = NULL;
    }
    for (int i = 0; i < KO_PAIR_FDS; i++) {
        ko_fd_close(&pair->fds[i]);
    }
    pair->page_size = 0;
}

void ko_pair_export(ko_pair_t* pair, ko_wire_t* wire) {
    wire->fd_count = KO_PAIR_FDS;
    memcpy(wire->fds, pair->fds, sizeof(pair->fds));
    wire->words[0] = pair->end;
}

zx_status_t ko_pair_import(ko_wire_t* wire, size_t page_size, ko_pair_t* out) {
    memset(out, 0, sizeof(*out));
    if (wire->fd_count != KO_PAIR_FDS || wire->words[0] > 1 ||
        !ko_fd_is_eventfd(wire->fds[FD_BELL0]) || !ko_fd_is_eventfd(wire->fds[FD_BELL1]) ||
        !ko_fd_is_seqpacket(wire->fds[FD_SOCKET])) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    void* page = ko_page_open(wire->fds[FD_PAGE], page_size);
    if (!page) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    out->page = page;
    out->page_size = page_size;
    out->end = (uint32_t)wire->words[0];
    memcpy(out->fds, wire->fds, sizeof(out->fds));
    memset(wire->fds, -1, sizeof(wire->fds));
    return ZX_OK;
}

bool ko_pair_peer_closed(const ko_pair_t* pair) {
    struct pollfd poll_fd = {.fd = pair->fds[FD_SOCKET], .events = POLLRDHUP};
    return poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & (POLLRDHUP | POLLHUP)) != 0;
}

uint32_t ko_pair_wait_sources(const ko_pair_t* pair, ko_wait_source_t out[KO_MAX_WAIT_SOURCES]) {
    out[0] = (ko_wait_source_t){
        .fd = pair->fds[FD_BELL0 + pair->end], .events = EPOLLIN, .is_doorbell = true};
    out[1] = (ko_wait_source_t){.fd = pair->fds[FD_SOCKET], .events = EPOLLRDHUP};
    return 2;
}

void ko_pair_ring(ko_pair_t* pair, uint32_t end) {
    ko_bell_ring(pair->fds[FD_BELL0 + end]);
}

void ko_pair_signal(ko_pair_t* pair, uint32_t end, uint32_t clear_mask, uint32_t set_mask) {
    _Atomic uint32_t* word = &pair->page->signals[end];
    uint32_t before = atomic_load(word);
    while (!atomic_compare_exchange_weak(word, &before, (before & ~clear_mask) | set_mask)) {
    }
    ko_pair_ring(pair, end);
}

zx_status_t ko_pair_signal_own(ko_pair_t* pair, uint32_t allowed, uint32_t clear_mask,
                               uint32_t set_mask) {
    if (((clear_mask | set_mask) & ~allowed) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_pair_signal(pair, pair->end, clear_mask, set_mask);
    return ZX_OK;
}

zx_status_t ko_pair_signal_peer(ko_pair_t* pair, uint32_t allowed, uint32_t clear_mask,
                                uint32_t set_mask) {
    if (((clear_mask | set_mask) & ~allowed) != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (ko_pair_peer_closed(pair)) {
        return ZX_ERR_PEER_CLOSED;
    }
    ko_pair_signal(pair, 1 - pair->end, clear_mask, set_mask);
    return ZX_OK;
}

uint32_t ko_end_wait_sources(ko_object_t* object, zx_signals_t mask,
                             ko_wait_source_t out[KO_MAX_WAIT_SOURCES]) {
    (void)mask;
    return ko_pair_wait_sources(&((ko_end_t*)object)->pair, out);
}

zx_status_t ko_end_signal(ko_object_t* object, uint32_t clear_mask, uint32_t set_mask) {
    return ko_pair_signal_own(&((ko_end_t*)object)->pair, ZX_USER_SIGNAL_ALL, clear_mask, set_mask);
}

zx_status_t ko_end_signal_peer(ko_object_t* object, uint32_t clear_mask, uint32_t set_mask) {
    return ko_pair_signal_peer(&((ko_end_t*)object)->pair, ZX_USER_SIGNAL_ALL, clear_mask,
                               set_mask);
}

zx_status_t ko_ends_make_handles(ko_pair_t pairs[2], ko_end_t* end0, ko_end_t* end1,
                                 zx_handle_t* out0, zx_handle_t* out1) {
    if (end0 && end1) {
        return ko_handle_make_pair(&end0->base, &end1->base, out0, out1);
    }
    ko_pair_fini(&pairs[0]);
    ko_pair_fini(&pairs[1]);
    free(end0);
    free(end1);
    return ZX_ERR_NO_MEMORY;
}
