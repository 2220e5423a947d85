// SPDX-License-Identifier: MIT
// References and identity of kernel objects, and the checks that received fds go through.

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <zircon/assert.h>

#include "pin.h"

// Koids: a random number for the process in the upper half, a counter in the lower, so that objects
// keep their identity when they move.
zx_koid_t ko_koid_new(void) {
    static _Atomic uint64_t next;
    uint64_t koid = atomic_load_explicit(&next, memory_order_relaxed);
    if (koid == 0) {
        uint32_t seed = 0;
        if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed)) {
            seed = (uint32_t)getpid();
        }
        uint64_t first = ((uint64_t)(seed & 0x7fffffffu) << 32) + ZX_KOID_FIRST;
        atomic_compare_exchange_strong(&next, &koid, first);
    }
    return atomic_fetch_add_explicit(&next, 1, memory_order_relaxed);
}

void ko_object_init(ko_object_t* object, const ko_ops_t* ops) {
    memset(object, 0, sizeof(*object));
    object->ops = ops;
    atomic_init(&object->refs, 1);
    object->koid = ko_koid_new();
    pthread_mutex_init(&object->wait_lock, NULL);
    list_initialize(&object->waiters);
    list_initialize(&object->watches);
}

// From 0 too: the object is pinned then (pin.h).
void ko_object_acquire(ko_object_t* object) {
    atomic_fetch_add_explicit(&object->refs, 1, memory_order_relaxed);
}

void ko_object_release(ko_object_t* object) {
    if (!object) {
        return;
    }
    uint32_t refs = atomic_load_explicit(&object->refs, memory_order_relaxed);
    while (refs > 1) {
        if (atomic_compare_exchange_weak_explicit(&object->refs, &refs, refs - 1,
                                                  memory_order_acq_rel, memory_order_relaxed)) {
            return;
        }
    }
    ZX_DEBUG_ASSERT_COND(refs == 1);
    ko_pin_release_last(object);
}

zx_signals_t ko_fd_signals(int fd) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};
    if (poll(&poll_fd, 1, 0) <= 0) {
        return 0;
    }
    zx_signals_t signals = 0;
    if (poll_fd.revents & POLLIN) {
        signals |= __ZX_OBJECT_READABLE;
    }
    if (poll_fd.revents & (POLLHUP | POLLRDHUP)) {
        signals |= __ZX_OBJECT_PEER_CLOSED;
    } else if (poll_fd.revents & POLLOUT) {
        signals |= __ZX_OBJECT_WRITABLE;
    }
    return signals;
}

uint32_t ko_fd_wait_source(int fd, zx_signals_t mask, ko_wait_source_t out[KO_MAX_WAIT_SOURCES]) {
    uint32_t events = 0;
    if (mask & __ZX_OBJECT_READABLE) {
        events |= EPOLLIN;
    }
    if (mask & __ZX_OBJECT_WRITABLE) {
        events |= EPOLLOUT;
    }
    if (mask & __ZX_OBJECT_PEER_CLOSED) {
        events |= EPOLLRDHUP;
    }
    out[0] = (ko_wait_source_t){.fd = fd, .events = events};
    return 1;
}

static bool socket_option_is(int fd, int option, int wanted) {
    int value = 0;
    socklen_t size = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

bool ko_fd_is_seqpacket(int fd) {
    return socket_option_is(fd, SO_DOMAIN, AF_UNIX) &&
           socket_option_is(fd, SO_TYPE, SOCK_SEQPACKET) && socket_option_is(fd, SO_ACCEPTCONN, 0);
}

bool ko_fd_is_sealed_memfd(int fd, uint64_t size) {
    int seals = fcntl(fd, F_GET_SEALS);  // fails on everything that is not a memfd
    struct stat info;
    return seals >= 0 && (seals & F_SEAL_SHRINK) != 0 && fstat(fd, &info) == 0 &&
           info.st_size >= 0 && (uint64_t)info.st_size >= size;
}

bool ko_fd_is_eventfd(int fd) {
    struct stat info;
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) != 0 && (flags & O_ACCMODE) == O_RDWR &&
           fstat(fd, &info) == 0 && (info.st_mode & S_IFMT) == 0;
}
