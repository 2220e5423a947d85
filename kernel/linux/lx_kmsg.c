// SPDX-License-Identifier: MIT
// The kernel's log: an object over /dev/kmsg, which gives one record a read.
#include <lx/kmsg.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <lx/status.h>
#include <zircon/errors.h>

#include "object.h"

#define KMSG_PATH       "/dev/kmsg"
#define KMSG_MAJOR      1
#define KMSG_MINOR      11
#define MAX_RECORD_SIZE 8192  // the kernel refuses to read into less than the record

typedef struct kmsg {
    ko_object_t base;
    int fd;  // owned
} kmsg_t;

static void kmsg_destroy(ko_object_t* object) {
    kmsg_t* kmsg = containerof(object, kmsg_t, base);
    ko_fd_close(&kmsg->fd);
    free(kmsg);
}

static zx_signals_t kmsg_signals(ko_object_t* object) {
    // The descriptor also says writable; this object is for reading.
    return ko_fd_signals(containerof(object, kmsg_t, base)->fd) & ZX_LOG_READABLE;
}

static uint32_t kmsg_wait_sources(ko_object_t* object, zx_signals_t mask,
                                  ko_wait_source_t out[KO_MAX_WAIT_SOURCES]) {
    return ko_fd_wait_source(containerof(object, kmsg_t, base)->fd, mask & ZX_LOG_READABLE, out);
}

static zx_status_t kmsg_export(ko_object_t* object, ko_wire_t* out) {
    *out = (ko_wire_t){.fd_count = 1, .fds = {containerof(object, kmsg_t, base)->fd}};
    return ZX_OK;
}

static const ko_ops_t kmsg_ops = {
    .type = ZX_OBJ_TYPE_LOG,
    .default_rights = ZX_RIGHTS_BASIC | ZX_RIGHT_READ,
    .destroy = kmsg_destroy,
    .signals = kmsg_signals,
    .wait_sources = kmsg_wait_sources,
    .export_wire = kmsg_export,
};

// Takes |fd| on success.
static zx_status_t kmsg_create(int fd, ko_object_t** out) {
    kmsg_t* kmsg = calloc(1, sizeof(*kmsg));
    if (kmsg == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    ko_object_init(&kmsg->base, &kmsg_ops);
    kmsg->fd = fd;
    *out = &kmsg->base;
    return ZX_OK;
}

static bool is_kmsg(int fd) {
    struct stat info;
    int flags = fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) && fstat(fd, &info) == 0 && S_ISCHR(info.st_mode) &&
           info.st_rdev == makedev(KMSG_MAJOR, KMSG_MINOR);
}

zx_status_t ko_import_log(ko_wire_t* wire, ko_object_t** out) {
    if (wire->fd_count != 1 || !is_kmsg(wire->fds[0])) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    zx_status_t status = kmsg_create(wire->fds[0], out);
    if (status == ZX_OK) {
        wire->fds[0] = -1;
    }
    return status;
}

zx_status_t lx_kmsg_open_etc(uint32_t options, zx_handle_t* out) {
    if (out == NULL || (options & ~LX_KMSG_FROM_BOOT)) {
        return ZX_ERR_INVALID_ARGS;
    }
    int fd = open(KMSG_PATH, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return lx_status_from_errno(errno);
    }
    // Elsewhere than on a real kernel the path may name something else.
    zx_status_t status = is_kmsg(fd) ? ZX_OK : ZX_ERR_NOT_FOUND;
    if (status == ZX_OK && !(options & LX_KMSG_FROM_BOOT) && lseek(fd, 0, SEEK_END) < 0) {
        status = lx_status_from_errno(errno);
    }
    ko_object_t* object = NULL;
    if (status == ZX_OK) {
        status = kmsg_create(fd, &object);
    }
    if (status != ZX_OK) {
        close(fd);
        return status;
    }
    return ko_handle_make(object, ZX_RIGHT_SAME_RIGHTS, out);
}

zx_status_t lx_kmsg_open(zx_handle_t* out) {
    return lx_kmsg_open_etc(LX_KMSG_FROM_NOW, out);
}

// A record is "priority,sequence,time,flags[,…];text\n", then lines " KEY=value\n".
static size_t copy_text(const char* record, size_t record_size, char* buffer, size_t size) {
    const char* text = memchr(record, ';', record_size);
    text = text != NULL ? text + 1 : record;
    size_t length = record_size - (size_t)(text - record);
    const char* end = memchr(text, '\n', length);
    if (end != NULL) {
        length = (size_t)(end - text);
    }
    if (length > size - 1) {
        length = size - 1;
    }
    memcpy(buffer, text, length);
    buffer[length] = '\0';
    return length;
}

zx_status_t lx_kmsg_read(zx_handle_t handle, char* buffer, size_t size, size_t* out_actual) {
    char record[MAX_RECORD_SIZE];
    ko_object_t* object = NULL;
    if (buffer == NULL || size == 0 || out_actual == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_LOG, ZX_RIGHT_READ, &object);
    if (status != ZX_OK) {
        return status;
    }
    if (object->ops != &kmsg_ops) {  // a log that is written
        ko_object_release(object);
        return ZX_ERR_WRONG_TYPE;
    }
    int fd = containerof(object, kmsg_t, base)->fd;
    ssize_t done = 0;
    do {
        done = read(fd, record, sizeof(record));
        // EPIPE: records were overwritten; the next read gives the oldest one that is left.
    } while (done < 0 && (errno == EINTR || errno == EPIPE));
    if (done < 0) {
        status = lx_status_from_errno(errno);
    } else {
        *out_actual = copy_text(record, (size_t)done, buffer, size);
    }
    ko_object_release(object);
    return status;
}
