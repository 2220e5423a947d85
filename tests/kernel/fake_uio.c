// SPDX-License-Identifier: MIT
// A UIO device that exists only in this process.
#include "fake_uio.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

fake_uio_t fake_uio = {.fd = -1, .other_end = -1};
static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;  // guards it

ssize_t __real_read(int fd, void* buffer, size_t size);
ssize_t __wrap_read(int fd, void* buffer, size_t size);
ssize_t __real_write(int fd, const void* buffer, size_t size);
ssize_t __wrap_write(int fd, const void* buffer, size_t size);
int __real_fstat(int fd, struct stat* out);
int __wrap_fstat(int fd, struct stat* out);

static int fail(int error) {
    errno = error;
    return -1;
}

static bool is_fake(int fd) {
    struct stat left;
    struct stat right;
    return fake_uio.fd >= 0 && __real_fstat(fd, &left) == 0 &&
           __real_fstat(fake_uio.fd, &right) == 0 && left.st_ino == right.st_ino &&
           left.st_dev == right.st_dev;
}

static void fire_locked(void) {
    fake_uio.fired++;
    fake_uio.is_asserted = false;
    fake_uio.is_unmasked = !fake_uio.has_control;
    (void)!send(fake_uio.other_end, &fake_uio.fired, sizeof(fake_uio.fired), MSG_NOSIGNAL);
}

// As the kernel: the number of interrupts so far, once for all that came since the last read.
static ssize_t uio_read(int fd, void* buffer, size_t size) {
    if (size != sizeof(fake_uio.fired)) {
        return fail(EINVAL);
    }
    if (fake_uio.is_gone) {
        return fail(EIO);
    }
    ssize_t result = recv(fd, buffer, size, MSG_DONTWAIT);
    while (result > 0 && recv(fd, buffer, size, MSG_DONTWAIT) > 0) {
    }
    return result > 0 ? result : fail(EAGAIN);
}

static ssize_t uio_write(const void* buffer, size_t size) {
    if (fake_uio.is_gone) {
        return fail(EIO);
    }
    if (size != sizeof(int32_t)) {
        return fail(EINVAL);
    }
    if (!fake_uio.has_control) {
        return fail(ENOSYS);
    }
    if (fake_uio.control_errno != 0) {
        int error = fake_uio.control_errno;
        fake_uio.control_errno = 0;
        return fail(error);
    }
    fake_uio.control_count++;
    fake_uio.is_unmasked = *(const int32_t*)buffer != 0;
    if (fake_uio.is_unmasked && fake_uio.is_asserted) {
        fire_locked();
    }
    return (ssize_t)size;
}

ssize_t __wrap_read(int fd, void* buffer, size_t size) {
    if (!is_fake(fd)) {
        return __real_read(fd, buffer, size);
    }
    pthread_mutex_lock(&fake_lock);
    ssize_t result = uio_read(fd, buffer, size);
    pthread_mutex_unlock(&fake_lock);
    return result;
}

ssize_t __wrap_write(int fd, const void* buffer, size_t size) {
    if (!is_fake(fd)) {
        return __real_write(fd, buffer, size);
    }
    pthread_mutex_lock(&fake_lock);
    ssize_t result = uio_write(buffer, size);
    pthread_mutex_unlock(&fake_lock);
    return result;
}

int __wrap_fstat(int fd, struct stat* out) {
    int result = __real_fstat(fd, out);
    if (result == 0 && is_fake(fd)) {
        out->st_mode = (out->st_mode & ~(mode_t)S_IFMT) | S_IFCHR;
    }
    return result;
}

void fake_uio_init(bool has_control) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0) {
        fake_uio = (fake_uio_t){
            .fd = ends[0], .other_end = ends[1], .has_control = has_control, .is_unmasked = true};
    }
}

void fake_uio_fini(void) {
    close(fake_uio.fd);
    close(fake_uio.other_end);
    fake_uio.fd = -1;
    fake_uio.other_end = -1;
}

int fake_uio_open(void) {
    return fcntl(fake_uio.fd, F_DUPFD_CLOEXEC, 3);
}

void fake_uio_fire(void) {
    pthread_mutex_lock(&fake_lock);
    fake_uio.is_asserted = true;
    if (fake_uio.is_unmasked) {
        fire_locked();
    }
    pthread_mutex_unlock(&fake_lock);
}

void fake_uio_unbind(void) {
    pthread_mutex_lock(&fake_lock);
    fake_uio.is_gone = true;
    shutdown(fake_uio.other_end, SHUT_RDWR);  // poll says what it says of a device that is gone
    pthread_mutex_unlock(&fake_lock);
}
