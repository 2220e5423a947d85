// SPDX-License-Identifier: MIT
// UIO devices. A read of 4 bytes gives the number of interrupts so far and waits until it differs
// from the last one; a write of 4 bytes, 1 or 0, unmasks or masks where the driver can.
#include "lx_uio.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <lx/status.h>
#include <zircon/errors.h>

static zx_status_t uio_status(int error) {
    return error == EIO ? ZX_ERR_IO_NOT_PRESENT : lx_status_from_errno(error);
}

// Which driver made a character device does not show in its fd, and a sandboxed process has no
// /sys. A UIO device refuses to be read in other pieces than 4 bytes, and takes nothing then.
static bool is_uio(int fd) {
    struct stat info;
    uint8_t byte;
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) && (flags & O_ACCMODE) != O_WRONLY &&
           fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) && read(fd, &byte, sizeof(byte)) < 0 &&
           (errno == EINVAL || errno == EIO);
}

zx_status_t lx_uio_check(int fd) {
    if (!is_uio(fd)) {
        return ZX_ERR_WRONG_TYPE;
    }
    struct pollfd look = {.fd = fd, .events = POLLIN};
    int count = poll(&look, 1, 0);
    bool has_interrupt = count >= 0 && !(look.revents & (POLLERR | POLLHUP));
    return has_interrupt ? ZX_OK : ZX_ERR_NOT_SUPPORTED;
}

zx_status_t lx_uio_take(int fd) {
    int32_t count;
    ssize_t done;
    do {
        done = read(fd, &count, sizeof(count));
    } while (done < 0 && errno == EINTR);
    if (done < 0) {
        return uio_status(errno);
    }
    return done == (ssize_t)sizeof(count) ? ZX_OK : ZX_ERR_IO_NOT_PRESENT;
}

zx_status_t lx_uio_control(int fd, bool is_enabled) {
    int32_t value = is_enabled ? 1 : 0;
    ssize_t done;
    do {
        done = write(fd, &value, sizeof(value));
    } while (done < 0 && errno == EINTR);
    if (done >= 0) {
        return ZX_OK;
    }
    // EBADF: open for reading only. EINVAL: the driver has the hook and refuses.
    switch (errno) {
        case EBADF:
            return ZX_ERR_ACCESS_DENIED;
        case EINVAL:
            return ZX_ERR_NOT_SUPPORTED;
        default:
            return uio_status(errno);
    }
}
