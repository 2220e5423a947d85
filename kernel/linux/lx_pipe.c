// SPDX-License-Identifier: MIT
// Pipe objects: the reading end of a byte pipe.
#include <lx/pipe.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <lx/status.h>

#include "object.h"

typedef struct lx_pipe {
    ko_object_t base;
    int fd;  // owned; does not block
} lx_pipe_t;

static void pipe_destroy(ko_object_t* object) {
    lx_pipe_t* pipe = containerof(object, lx_pipe_t, base);
    ko_fd_close(&pipe->fd);
    free(pipe);
}

static zx_signals_t pipe_signals(ko_object_t* object) {
    const lx_pipe_t* pipe = containerof(object, lx_pipe_t, base);
    return ko_fd_signals(pipe->fd) & (ZX_SOCKET_READABLE | ZX_SOCKET_PEER_CLOSED);
}

static uint32_t pipe_wait_sources(ko_object_t* object, zx_signals_t mask,
                                  ko_wait_source_t out[KO_MAX_WAIT_SOURCES]) {
    const lx_pipe_t* pipe = containerof(object, lx_pipe_t, base);
    return ko_fd_wait_source(pipe->fd, mask & (ZX_SOCKET_READABLE | ZX_SOCKET_PEER_CLOSED), out);
}

static zx_status_t pipe_export(ko_object_t* object, ko_wire_t* out) {
    const lx_pipe_t* pipe = containerof(object, lx_pipe_t, base);
    *out = (ko_wire_t){.fd_count = 1, .fds = {pipe->fd}};
    return ZX_OK;
}

static const ko_ops_t pipe_ops = {
    .type = KO_OBJ_TYPE_PIPE,
    .default_rights = ZX_RIGHTS_BASIC | ZX_RIGHT_READ,
    .destroy = pipe_destroy,
    .signals = pipe_signals,
    .wait_sources = pipe_wait_sources,
    .export_wire = pipe_export,
};

// Consumes `fd`, on failure too.
static zx_status_t pipe_new(int fd, ko_object_t** out) {
    lx_pipe_t* pipe = calloc(1, sizeof(*pipe));
    if (pipe == NULL) {
        close(fd);
        return ZX_ERR_NO_MEMORY;
    }
    pipe->fd = fd;
    ko_object_init(&pipe->base, &pipe_ops);
    *out = &pipe->base;
    return ZX_OK;
}

zx_status_t ko_import_pipe(ko_wire_t* wire, ko_object_t** out) {
    struct stat st;
    if (wire->fd_count != 1 || fstat(wire->fds[0], &st) != 0 || !S_ISFIFO(st.st_mode)) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    int flags = fcntl(wire->fds[0], F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) == O_WRONLY ||
        fcntl(wire->fds[0], F_SETFL, flags | O_NONBLOCK) != 0) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    int fd = wire->fds[0];
    wire->fds[0] = -1;
    return pipe_new(fd, out);
}

zx_status_t lx_pipe_create(zx_handle_t* out_reader, int* out_write_fd) {
    int fds[2];
    if (pipe2(fds, O_CLOEXEC) != 0) {
        return lx_status_from_errno(errno);
    }
    if (fcntl(fds[0], F_SETFL, O_NONBLOCK) != 0) {
        zx_status_t failure = lx_status_from_errno(errno);
        close(fds[0]);
        close(fds[1]);
        return failure;
    }
    ko_object_t* object;
    zx_status_t status = pipe_new(fds[0], &object);
    if (status == ZX_OK) {
        status = ko_handle_make(object, ZX_RIGHT_SAME_RIGHTS, out_reader);
    }
    if (status != ZX_OK) {
        close(fds[1]);
        return status;
    }
    *out_write_fd = fds[1];
    return ZX_OK;
}

static zx_status_t read_fd(int fd, void* buffer, size_t size, size_t* out_actual) {
    ssize_t actual;
    do {
        actual = read(fd, buffer, size);
    } while (actual < 0 && errno == EINTR);
    if (actual < 0) {
        return lx_status_from_errno(errno);
    }
    *out_actual = (size_t)actual;
    return actual == 0 && size > 0 ? ZX_ERR_PEER_CLOSED : ZX_OK;
}

zx_status_t lx_pipe_read(zx_handle_t reader, void* buffer, size_t size, size_t* out_actual) {
    *out_actual = 0;
    ko_object_t* object;
    zx_status_t status = ko_handle_get(reader, KO_OBJ_TYPE_PIPE, ZX_RIGHT_READ, &object);
    if (status != ZX_OK) {
        return status;
    }
    status = read_fd(containerof(object, lx_pipe_t, base)->fd, buffer, size, out_actual);
    ko_object_release(object);
    return status;
}
