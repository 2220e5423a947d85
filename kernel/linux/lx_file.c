// SPDX-License-Identifier: MIT
// VMOs with fixed contents: sealed memfds.
#include <lx/file.h>

#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <lx/status.h>
#include <zircon/syscalls.h>

#include "object.h"
#include "vmo.h"

#define CHUNK_SIZE (64 * 1024)

// Gives a filled memfd (consumed, on failure too) whole pages, seals it, and makes a VMO of it that
// cannot be written.
static zx_status_t make_vmo(int fd, uint64_t size, zx_handle_t* out_vmo) {
    uint64_t page_size = (size + ZX_PAGE_MASK) & ~(uint64_t)ZX_PAGE_MASK;
    if (ftruncate(fd, (off_t)page_size) != 0 ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW) != 0) {
        zx_status_t failure = lx_status_from_errno(errno);
        close(fd);
        return failure;
    }
    zx_handle_t writable;
    zx_status_t status = ko_vmo_create_from_memfd(fd, &writable);
    if (status != ZX_OK) {
        return status;
    }
    const zx_rights_t rights = ZX_DEFAULT_VMO_RIGHTS & ~(ZX_RIGHT_WRITE | ZX_RIGHT_SET_PROPERTY);
    return zx_handle_replace(writable, rights, out_vmo);
}

static zx_status_t make_memfd(const char* name, int* out_fd) {
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) {
        return lx_status_from_errno(errno);
    }
    *out_fd = fd;
    return ZX_OK;
}

static zx_status_t write_all(int fd, const char* bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(fd, bytes, size);
        if (written < 0 && errno != EINTR) {
            return lx_status_from_errno(errno);
        }
        if (written > 0) {
            bytes += written;
            size -= (size_t)written;
        }
    }
    return ZX_OK;
}

// Copies `size` bytes, all of them.
static zx_status_t copy_file(int from, int to, uint64_t size) {
    char chunk[CHUNK_SIZE];
    while (size > 0) {
        ssize_t got = read(from, chunk, size < sizeof(chunk) ? (size_t)size : sizeof(chunk));
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return ZX_ERR_IO;
        }
        zx_status_t status = write_all(to, chunk, (size_t)got);
        if (status != ZX_OK) {
            return status;
        }
        size -= (uint64_t)got;
    }
    return ZX_OK;
}

static zx_status_t vmo_from_fd(int file, zx_handle_t* out_vmo) {
    struct stat st;
    if (fstat(file, &st) != 0) {
        return lx_status_from_errno(errno);
    }
    if (!S_ISREG(st.st_mode)) {
        return ZX_ERR_NOT_FILE;
    }
    if ((uint64_t)st.st_size > LX_FILE_SIZE_MAX) {
        return ZX_ERR_FILE_BIG;
    }
    int fd = -1;
    zx_status_t status = make_memfd("file", &fd);
    if (status != ZX_OK) {
        return status;
    }
    status = copy_file(file, fd, (uint64_t)st.st_size);
    if (status != ZX_OK) {
        close(fd);
        return status;
    }
    return make_vmo(fd, (uint64_t)st.st_size, out_vmo);
}

zx_status_t lx_vmo_from_file(const char* path, zx_handle_t* out_vmo) {
    // Without O_NONBLOCK the open of a FIFO would wait for a writer.
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (file < 0) {
        return lx_status_from_errno(errno);
    }
    zx_status_t status = vmo_from_fd(file, out_vmo);
    close(file);
    return status;
}

zx_status_t lx_vmo_from_bytes(const void* bytes, size_t size, zx_handle_t* out_vmo) {
    if (bytes == NULL && size > 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    int fd = -1;
    zx_status_t status = make_memfd("bytes", &fd);
    if (status != ZX_OK) {
        return status;
    }
    status = write_all(fd, bytes, size);
    if (status != ZX_OK) {
        close(fd);
        return status;
    }
    return make_vmo(fd, size, out_vmo);
}
