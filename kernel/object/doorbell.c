// SPDX-License-Identifier: MIT
// Doorbells and shared pages: what objects use that live in several processes.
#include "doorbell.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

// The count is 1 and stays so: epoll passes a ring on only if the eventfd is readable then.
int ko_bell_create(void) {
    return eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
}

// Adding 0 wakes, and never waits for room: another holder may have filled the counter and taken
// O_NONBLOCK away.
void ko_bell_ring(int fd) {
    const uint64_t nothing = 0;
    while (write(fd, &nothing, sizeof(nothing)) < 0 && errno == EINTR) {
    }
}

int ko_page_create(size_t size, void** out_page) {
    int fd = memfd_create("zx-shared", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return -1;
    }
    if (ftruncate(fd, (off_t)size) < 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0) {
        ko_fd_close(&fd);
        return -1;
    }
    *out_page = ko_page_open(fd, size);
    if (!*out_page) {
        ko_fd_close(&fd);
    }
    return fd;
}

void* ko_page_open(int memfd, size_t size) {
    // Exactly as large: a memfd of huge pages would be mapped, and never unmapped.
    struct stat info;
    if (!ko_fd_is_sealed_memfd(memfd, size) || fstat(memfd, &info) < 0 ||
        (uint64_t)info.st_size != size) {
        return NULL;
    }
    void* page = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
    return page == MAP_FAILED ? NULL : page;
}

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#include <sanitizer/tsan_interface.h>

// Pages that share a cell hide each other's races, nothing worse.
static void* page_cell(int memfd) {
    static char cells[1024];
    struct stat info = {0};
    fstat(memfd, &info);
    return &cells[info.st_ino % sizeof(cells)];
}

void ko_page_published(int memfd) {
    __tsan_release(page_cell(memfd));
}

void ko_page_observed(int memfd) {
    __tsan_acquire(page_cell(memfd));
}
#endif
