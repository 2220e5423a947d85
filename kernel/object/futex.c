// SPDX-License-Identifier: MIT
// Futexes, private to the process.
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <zircon/syscalls.h>

#include "object.h"

static bool futex_is_good(const zx_futex_t* address) {
    return address && ((uintptr_t)address & (sizeof(*address) - 1)) == 0;
}

// An owner is looked at, and has no consequence.
static zx_status_t owner_check(zx_handle_t owner) {
    ko_object_t* object = NULL;
    zx_status_t status = ZX_OK;
    if (owner != ZX_HANDLE_INVALID) {
        status = ko_handle_get(owner, ZX_OBJ_TYPE_THREAD, 0, &object);
        ko_object_release(object);
    }
    return status;
}

zx_status_t zx_futex_wait(const zx_futex_t* value_ptr, int32_t current_value,
                          zx_handle_t new_futex_owner, zx_time_t deadline) {
    zx_status_t status =
        futex_is_good(value_ptr) ? owner_check(new_futex_owner) : ZX_ERR_INVALID_ARGS;
    if (status != ZX_OK) {
        return status;
    }
    struct timespec until;
    struct timespec* timeout = NULL;
    if (deadline != ZX_TIME_INFINITE) {
        zx_time_t at = deadline > 0 ? deadline : 0;
        until = (struct timespec){.tv_sec = at / ZX_SEC(1), .tv_nsec = at % ZX_SEC(1)};
        timeout = &until;
    }
    for (;;) {
        long result = syscall(SYS_futex, value_ptr, FUTEX_WAIT_BITSET_PRIVATE, current_value,
                              timeout, NULL, FUTEX_BITSET_MATCH_ANY);
        if (result == 0) {
            return ZX_OK;
        }
        switch (errno) {
            case EAGAIN:
                return ZX_ERR_BAD_STATE;
            case ETIMEDOUT:
                return ZX_ERR_TIMED_OUT;
            case EINTR:
                continue;
            default:
                return ZX_ERR_INVALID_ARGS;
        }
    }
}

static uint32_t futex_count(uint32_t count) {
    return count > INT_MAX ? INT_MAX : count;
}

zx_status_t zx_futex_wake(const zx_futex_t* value_ptr, uint32_t wake_count) {
    if (!futex_is_good(value_ptr)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (wake_count == 0) {
        return ZX_OK;  // Linux would wake one
    }
    long result =
        syscall(SYS_futex, value_ptr, FUTEX_WAKE_PRIVATE, futex_count(wake_count), NULL, NULL, 0);
    return result < 0 ? ZX_ERR_INVALID_ARGS : ZX_OK;
}

zx_status_t zx_futex_requeue(const zx_futex_t* value_ptr, uint32_t wake_count,
                             int32_t current_value, const zx_futex_t* requeue_ptr,
                             uint32_t requeue_count, zx_handle_t new_requeue_owner) {
    bool is_good =
        futex_is_good(value_ptr) && futex_is_good(requeue_ptr) && value_ptr != requeue_ptr;
    zx_status_t status = is_good ? owner_check(new_requeue_owner) : ZX_ERR_INVALID_ARGS;
    if (status != ZX_OK) {
        return status;
    }
    long result = syscall(SYS_futex, value_ptr, FUTEX_CMP_REQUEUE_PRIVATE, futex_count(wake_count),
                          (unsigned long)futex_count(requeue_count), requeue_ptr, current_value);
    if (result >= 0) {
        return ZX_OK;
    }
    return errno == EAGAIN ? ZX_ERR_BAD_STATE : ZX_ERR_INVALID_ARGS;
}
