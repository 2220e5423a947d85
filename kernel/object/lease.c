// SPDX-License-Identifier: MIT
// Leases of devices that were sent to other processes.
#include "lease.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>

struct ko_leases {
    _Atomic uint32_t refs;
    int held;  // owned; -1: this process opened the device

    pthread_mutex_t lock;  // guards what follows
    int* given;            // owned: the reading ends of those that are not known to be over
    size_t count;
    size_t capacity;
};

ko_leases_t* ko_leases_create(int held) {
    ko_leases_t* leases = calloc(1, sizeof(*leases));
    if (leases) {
        atomic_init(&leases->refs, 1);
        leases->held = held;
        pthread_mutex_init(&leases->lock, NULL);
    }
    return leases;
}

ko_leases_t* ko_leases_ref(ko_leases_t* leases) {
    atomic_fetch_add_explicit(&leases->refs, 1, memory_order_relaxed);
    return leases;
}

void ko_leases_unref(ko_leases_t* leases) {
    if (!leases || atomic_fetch_sub_explicit(&leases->refs, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (size_t i = 0; i < leases->count; i++) {
        ko_fd_close(&leases->given[i]);
    }
    ko_fd_close(&leases->held);
    pthread_mutex_destroy(&leases->lock);
    free(leases->given);
    free(leases);
}

static bool has_hung_up(int fd) {
    struct pollfd look = {.fd = fd};
    return poll(&look, 1, 0) > 0 && (look.revents & (POLLHUP | POLLERR));
}

static void drop_over_locked(ko_leases_t* leases) {
    size_t kept = 0;
    for (size_t i = 0; i < leases->count; i++) {
        if (has_hung_up(leases->given[i])) {
            ko_fd_close(&leases->given[i]);
        } else {
            leases->given[kept++] = leases->given[i];
        }
    }
    leases->count = kept;
}

static bool reserve_locked(ko_leases_t* leases) {
    if (leases->count < leases->capacity) {
        return true;
    }
    size_t capacity = leases->capacity ? leases->capacity * 2 : 4;
    int* given = realloc(leases->given, capacity * sizeof(*given));
    if (!given) {
        return false;
    }
    leases->given = given;
    leases->capacity = capacity;
    return true;
}

zx_status_t ko_leases_export(ko_leases_t* leases, ko_wire_t* wire) {
    if (leases->held >= 0) {
        wire->fds[wire->fd_count++] = leases->held;
        return ZX_OK;
    }
    int ends[2] = {-1, -1};
    zx_status_t status = ZX_ERR_NO_MEMORY;
    pthread_mutex_lock(&leases->lock);
    drop_over_locked(leases);
    if (reserve_locked(leases)) {
        status = pipe2(ends, O_CLOEXEC) == 0 ? ZX_OK : ZX_ERR_NO_RESOURCES;
    }
    if (status == ZX_OK) {
        leases->given[leases->count++] = ends[0];
    }
    pthread_mutex_unlock(&leases->lock);
    if (status == ZX_OK) {
        wire->given |= 1u << wire->fd_count;
        wire->fds[wire->fd_count++] = ends[1];
    }
    return status;
}

bool ko_leases_are_over(ko_leases_t* leases) {
    if (leases->held >= 0) {
        return false;
    }
    pthread_mutex_lock(&leases->lock);
    drop_over_locked(leases);
    bool is_over = leases->count == 0;
    pthread_mutex_unlock(&leases->lock);
    return is_over;
}

bool ko_fd_is_lease(int fd) {
    struct stat info;
    return fstat(fd, &info) == 0 && S_ISFIFO(info.st_mode);
}
