// SPDX-License-Identifier: MIT
// How many fds this process has open: before and after, in tests that must leave none behind.
#pragma once

#include <dirent.h>
#include <stddef.h>

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
