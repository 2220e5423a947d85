// SPDX-License-Identifier: MIT
// The zx_debuglog_* calls. A writer puts lines where the program's own go, which for a driver host
// is the pipe that devmgr reads; a reader is the kernel's log (lx/kmsg.h).
#include <stdlib.h>
#include <string.h>

#include <lx/kmsg.h>
#include <lx/status.h>
#include <zircon/syscalls.h>

#include "resource.h"

#define MAX_DATA (ZX_LOG_RECORD_MAX - sizeof(zx_log_record_t))

static void writer_destroy(ko_object_t* object) {
    free(object);
}

static const ko_ops_t writer_ops = {
    .type = ZX_OBJ_TYPE_LOG,
    .default_rights = (ZX_RIGHTS_BASIC & ~ZX_RIGHT_TRANSFER) | ZX_RIGHT_WRITE,
    .destroy = writer_destroy,
};

zx_status_t zx_debuglog_create(zx_handle_t resource, uint32_t options, zx_handle_t* out) {
    bool is_reader = (options & ZX_LOG_FLAG_READABLE) != 0;
    zx_status_t status = ZX_OK;
    if (resource != ZX_HANDLE_INVALID || is_reader) {
        status = ko_resource_check(resource, ZX_RSRC_KIND_ROOT, 0, 0);
    }
    if (status == ZX_OK && ((options & ~ZX_LOG_FLAG_READABLE) != 0 || !out)) {
        status = ZX_ERR_INVALID_ARGS;
    }
    if (status != ZX_OK) {
        return status;
    }
    if (is_reader) {
        return lx_kmsg_open_etc(LX_KMSG_FROM_BOOT, out);
    }
    ko_object_t* writer = calloc(1, sizeof(*writer));
    if (!writer) {
        return ZX_ERR_NO_MEMORY;
    }
    ko_object_init(writer, &writer_ops);
    return ko_handle_make(writer, ZX_RIGHT_SAME_RIGHTS, out);
}

// All of it, whatever pieces the fd takes.
static zx_status_t write_all(const char* bytes, size_t size) {
    while (size > 0) {
        ssize_t done = write(STDERR_FILENO, bytes, size);
        if (done > 0) {
            bytes += done;
            size -= (size_t)done;
        } else if (errno != EINTR) {
            return lx_status_from_errno(errno);
        }
    }
    return ZX_OK;
}

zx_status_t zx_debuglog_write(zx_handle_t handle, uint32_t options, const void* buffer,
                              size_t buffer_size) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_LOG, ZX_RIGHT_WRITE, &object);
    if (status != ZX_OK) {
        return status;
    }
    ko_object_release(object);
    if ((options & ~ZX_LOG_FLAGS_MASK) != 0 || (!buffer && buffer_size > 0)) {
        return ZX_ERR_INVALID_ARGS;
    }
    char line[MAX_DATA + 1];
    size_t size = buffer_size < MAX_DATA ? buffer_size : MAX_DATA;
    if (size > 0) {
        memcpy(line, buffer, size);
    }
    if (size == 0 || line[size - 1] != '\n') {
        line[size++] = '\n';
    }
    return write_all(line, size);
}

zx_status_t zx_debuglog_read(zx_handle_t handle, uint32_t options, void* buffer,
                             size_t buffer_size) {
    union {
        zx_log_record_t header;
        char bytes[ZX_LOG_RECORD_MAX + 1];  // the text comes with a NUL
    } record = {.header = {.datalen = 0}};
    if (options != 0 || !buffer) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (buffer_size < sizeof(record.header)) {
        return ZX_ERR_BUFFER_TOO_SMALL;
    }
    size_t size = 0;
    zx_status_t status = lx_kmsg_read(handle, record.bytes + sizeof(record.header),
                                      sizeof(record.bytes) - sizeof(record.header), &size);
    if (status != ZX_OK) {
        return status;
    }
    record.header.datalen = (uint16_t)size;
    record.header.timestamp = zx_clock_get_monotonic();
    size += sizeof(record.header);
    size = size < buffer_size ? size : buffer_size;
    memcpy(buffer, record.bytes, size);
    return (zx_status_t)size;
}

zx_status_t zx_debug_write(const char* buffer, size_t buffer_size) {
    if (!buffer && buffer_size > 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    return write_all(buffer, buffer_size);
}
