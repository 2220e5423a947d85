// SPDX-License-Identifier: MIT
// How many fds this process has open: before and after, in tests that must leave none behind.
#pragma once

#include <dirent.h>
#include <stddef.h>

#include <zircon/syscalls.h>

// A thread that waits or receives for the first time gets two fds and a buffer for good: have it do
// so before the first count.
static inline void fd_check_warm_up(void) {
    zx_handle_t ends[2];
    zx_handle_t event;
    uint32_t size;
    if (zx_event_create(0, &event) == ZX_OK) {
        zx_object_wait_one(event, ZX_EVENT_SIGNALED, 1, NULL);
        zx_handle_close(event);
    }
    if (zx_channel_create(0, &ends[0], &ends[1]) == ZX_OK) {
        zx_object_wait_one(ends[0], ZX_CHANNEL_READABLE, 1, NULL);
        zx_channel_read(ends[0], 0, NULL, NULL, 0, 0, &size, NULL);
        zx_handle_close_many(ends, 2);
    }
}

// Counts the entries of /proc/self/fd, its own not included.
static inline int fd_check_count(void) {
    int count = 0;
    DIR* fds = opendir("/proc/self/fd");
    while (fds != NULL && readdir(fds) != NULL) {
        count++;
    }
    if (fds != NULL) {
        closedir(fds);
    }
    return count;
}
