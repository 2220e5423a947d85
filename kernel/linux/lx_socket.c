// SPDX-License-Identifier: MIT
// Listener objects and connections: channels that meet at a path.
#include <lx/socket.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <lx/fd.h>
#include <lx/status.h>

#include "object.h"

#define BACKLOG 64

typedef struct lx_listener {
    ko_object_t base;
    int fd;                      // owned; does not block
    _Atomic(bool) keeps_file;    // the file at `path` is removed at the end; false once the socket
                                 // was sent away
    struct sockaddr_un address;  // meaningful if keeps_file
    dev_t device;                // of the socket file
    ino_t inode;
} lx_listener_t;

// Removes the socket file unless somebody has put another one in its place.
static void remove_file(const lx_listener_t* listener) {
    struct stat st;
    if (lstat(listener->address.sun_path, &st) == 0 && st.st_dev == listener->device &&
        st.st_ino == listener->inode) {
        unlink(listener->address.sun_path);
    }
}

static void listener_destroy(ko_object_t* object) {
    lx_listener_t* listener = containerof(object, lx_listener_t, base);
    if (listener->keeps_file) {
        remove_file(listener);
    }
    ko_fd_close(&listener->fd);
    free(listener);
}

static zx_signals_t listener_signals(ko_object_t* object) {
    const lx_listener_t* listener = containerof(object, lx_listener_t, base);
    return ko_fd_signals(listener->fd) & ZX_SOCKET_READABLE;
}

static uint32_t listener_wait_sources(ko_object_t* object, zx_signals_t mask,
                                      ko_wait_source_t out[KO_MAX_WAIT_SOURCES]) {
    const lx_listener_t* listener = containerof(object, lx_listener_t, base);
    return ko_fd_wait_source(listener->fd, mask & ZX_SOCKET_READABLE, out);
}

// The receiver serves the path from now on, without being able to remove it: the next lx_listen()
// there does.
static zx_status_t listener_export(ko_object_t* object, ko_wire_t* out) {
    lx_listener_t* listener = containerof(object, lx_listener_t, base);
    listener->keeps_file = false;
    *out = (ko_wire_t){.fd_count = 1, .fds = {listener->fd}};
    return ZX_OK;
}

static const ko_ops_t listener_ops = {
    .type = KO_OBJ_TYPE_LISTENER,
    .default_rights = (ZX_RIGHTS_BASIC & ~ZX_RIGHT_DUPLICATE) | ZX_RIGHT_READ,
    .destroy = listener_destroy,
    .signals = listener_signals,
    .wait_sources = listener_wait_sources,
    .export_wire = listener_export,
};

// Consumes `fd`, on failure too.
static zx_status_t listener_new(int fd, lx_listener_t** out) {
    lx_listener_t* listener = calloc(1, sizeof(*listener));
    if (listener == NULL) {
        close(fd);
        return ZX_ERR_NO_MEMORY;
    }
    listener->fd = fd;
    ko_object_init(&listener->base, &listener_ops);
    *out = listener;
    return ZX_OK;
}

static bool option_is(int fd, int option, int wanted) {
    int value = -1;
    socklen_t size = sizeof(value);
    return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 && value == wanted;
}

zx_status_t ko_import_listener(ko_wire_t* wire, ko_object_t** out) {
    if (wire->fd_count != 1 || !option_is(wire->fds[0], SO_DOMAIN, AF_UNIX) ||
        !option_is(wire->fds[0], SO_TYPE, SOCK_SEQPACKET) ||
        !option_is(wire->fds[0], SO_ACCEPTCONN, 1) ||
        fcntl(wire->fds[0], F_SETFL, O_RDWR | O_NONBLOCK) != 0) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    int fd = wire->fds[0];
    wire->fds[0] = -1;
    lx_listener_t* listener;
    zx_status_t status = listener_new(fd, &listener);
    if (status == ZX_OK) {
        *out = &listener->base;
    }
    return status;
}

static zx_status_t make_address(const char* path, struct sockaddr_un* out) {
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (path == NULL || path[0] == '\0' || strlen(path) >= sizeof(out->sun_path)) {
        return ZX_ERR_BAD_PATH;
    }
    strcpy(out->sun_path, path);
    return ZX_OK;
}

// Does not block: a full queue counts as connected. Returns 0 or an errno value.
static int try_connect(const struct sockaddr_un* address) {
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return errno;
    }
    int err = connect(fd, (const struct sockaddr*)address, sizeof(*address)) == 0 ? 0 : errno;
    close(fd);
    return err == EAGAIN ? 0 : err;
}

// Makes way for a new socket file: removes one that nobody serves.
static zx_status_t remove_dead_file(const struct sockaddr_un* address) {
    struct stat st;
    if (lstat(address->sun_path, &st) != 0) {
        return errno == ENOENT ? ZX_OK : lx_status_from_errno(errno);
    }
    if (!S_ISSOCK(st.st_mode)) {
        return ZX_ERR_ALREADY_EXISTS;
    }
    int err = try_connect(address);
    if (err == 0 || err == EPROTOTYPE) {  // EPROTOTYPE: served, as a socket of another kind
        return ZX_ERR_ALREADY_BOUND;
    }
    if (err != ECONNREFUSED) {
        return lx_status_from_errno(err);
    }
    return unlink(address->sun_path) == 0 ? ZX_OK : lx_status_from_errno(errno);
}

// Opens and locks the directory of the path, so that among those who make a listener there one at a
// time looks and acts.
static int lock_directory(const char* path) {
    char directory[sizeof(((struct sockaddr_un*)0)->sun_path)];
    const char* slash = strrchr(path, '/');
    snprintf(directory, sizeof(directory), "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
             slash == NULL ? "." : path);
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    int rc;
    do {
        rc = flock(fd, LOCK_EX);
    } while (rc != 0 && errno == EINTR);
    if (rc != 0) {
        ko_fd_close(&fd);
    }
    return fd;
}

static zx_status_t listen_locked(lx_listener_t* listener) {
    zx_status_t status = remove_dead_file(&listener->address);
    if (status != ZX_OK) {
        return status;
    }
    struct stat st;
    // The mode of the socket is the mode of the file that bind() makes.
    if (fchmod(listener->fd, 0600) != 0 ||
        bind(listener->fd, (const struct sockaddr*)&listener->address, sizeof(listener->address)) !=
            0) {
        return lx_status_from_errno(errno);
    }
    if (lstat(listener->address.sun_path, &st) == 0) {
        listener->device = st.st_dev;
        listener->inode = st.st_ino;
        listener->keeps_file = true;
    }
    return listen(listener->fd, BACKLOG) == 0 ? ZX_OK : lx_status_from_errno(errno);
}

zx_status_t lx_listen(const char* path, zx_handle_t* out_listener) {
    struct sockaddr_un address;
    zx_status_t status = make_address(path, &address);
    if (status != ZX_OK) {
        return status;
    }
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return lx_status_from_errno(errno);
    }
    lx_listener_t* listener;
    status = listener_new(fd, &listener);
    if (status != ZX_OK) {
        return status;
    }
    listener->address = address;
    int directory = lock_directory(path);
    status = directory >= 0 ? listen_locked(listener) : lx_status_from_errno(errno);
    ko_fd_close(&directory);
    if (status != ZX_OK) {
        ko_object_release(&listener->base);
        return status;
    }
    return ko_handle_make(&listener->base, ZX_RIGHT_SAME_RIGHTS, out_listener);
}

// Takes one connection of a listening socket.
static zx_status_t accept_fd(int listener_fd, int* out_fd, lx_peer_t* out_peer) {
    int fd;
    do {
        fd = accept4(listener_fd, NULL, NULL, SOCK_CLOEXEC);
    } while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
    if (fd < 0) {
        return lx_status_from_errno(errno);
    }
    struct ucred peer;
    socklen_t size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) {
        zx_status_t failure = lx_status_from_errno(errno);
        close(fd);
        return failure;
    }
    *out_peer = (lx_peer_t){.pid = peer.pid, .uid = peer.uid, .gid = peer.gid};
    *out_fd = fd;
    return ZX_OK;
}

zx_status_t lx_accept(zx_handle_t handle, zx_handle_t* out_channel, lx_peer_t* out_peer) {
    ko_object_t* object;
    zx_status_t status = ko_handle_get(handle, KO_OBJ_TYPE_LISTENER, ZX_RIGHT_READ, &object);
    if (status != ZX_OK) {
        return status;
    }
    int fd = -1;
    lx_peer_t peer;
    status = accept_fd(containerof(object, lx_listener_t, base)->fd, &fd, &peer);
    ko_object_release(object);
    if (status == ZX_OK) {
        status = lx_channel_from_fd(fd, out_channel);
    }
    if (status == ZX_OK && out_peer != NULL) {
        *out_peer = peer;
    }
    return status;
}

zx_status_t lx_connect(const char* path, zx_handle_t* out_channel) {
    struct sockaddr_un address;
    zx_status_t status = make_address(path, &address);
    if (status != ZX_OK) {
        return status;
    }
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return lx_status_from_errno(errno);
    }
    int rc;
    do {
        rc = connect(fd, (const struct sockaddr*)&address, sizeof(address));
    } while (rc != 0 && errno == EINTR);
    if (rc != 0) {
        status = lx_status_from_errno(errno);
        close(fd);
        return status;
    }
    return lx_channel_from_fd(fd, out_channel);
}
