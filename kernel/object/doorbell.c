// SPDX-License-Identifier: MIT
// Doorbells and shared pages: what objects use that live in several processes.
#include "doorbell.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>

int ko_bell_create(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

void ko_bell_ring(int fd, bool shared) {
    struct pollfd poll_fd = {.fd = fd, .events = POLLOUT};
    if (shared && poll(&poll_fd, 1, 0) != 1) {
        return;  // another holder filled it
    }
    uint64_t one = 1;
    while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR) {
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
