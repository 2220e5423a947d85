// SPDX-License-Identifier: MIT
// Named meeting points for channels: a listener on a path, and connections to it.
//
// Both are AF_UNIX sockets that keep message borders, so that an accepted connection is an ordinary
// channel. The socket file is readable and writable by its owner only (mode 0600); who connects is
// told by the kernel, not by the peer. The calls are for devmgr and tools; a sandboxed host cannot
// make sockets with names.
#pragma once

#include <sys/types.h>
#include <zircon/types.h>

// Who is at the other end of an accepted connection, as the kernel recorded it at connect time.
typedef struct lx_peer {
    pid_t pid;  // in the caller's pid namespace; 0 if the peer is outside of it
    uid_t uid;
    gid_t gid;
} lx_peer_t;

// Listens on `path`, whose directory must exist. *out_listener (owned by the caller, written on
// success only) waits with ZX_SOCKET_READABLE: a connection is there to be accepted. Closing the
// handle removes the socket file, if the file is still the one that this listener made. A socket
// file at `path` that no process serves is replaced. Of two processes that start at the same time
// on one path exactly one succeeds: the directory is locked (flock) while one looks and binds,
// which is the only thing this may block for. A second lx_listen() shows up at the first one as a
// connection that is closed at once.
//
// ZX_ERR_ALREADY_BOUND                       a live process listens there
// ZX_ERR_ALREADY_EXISTS                      it is something other than a socket, and left alone
// ZX_ERR_BAD_PATH                            longer than a socket name may be (107 bytes), or empty
// ZX_ERR_NOT_FOUND, ZX_ERR_ACCESS_DENIED     the directory; or the file is somebody else's
zx_status_t lx_listen(const char* path, zx_handle_t* out_listener);

// Takes one waiting connection. Never blocks: ZX_ERR_SHOULD_WAIT if there is none. *out_channel is
// owned by the caller; *out_peer may be NULL. Both are written on success only.
zx_status_t lx_accept(zx_handle_t listener /* borrowed */, zx_handle_t* out_channel,
                      lx_peer_t* out_peer);

// Connects to the listener at `path`. Blocks only while the listener's queue of connections is
// full. *out_channel (owned by the caller) is written on success only.
//
// ZX_ERR_NOT_FOUND        no such path
// ZX_ERR_IO_REFUSED       a socket file that no process serves
// ZX_ERR_ACCESS_DENIED    the file's owner is somebody else
// ZX_ERR_BAD_PATH         longer than a socket name may be, or empty
zx_status_t lx_connect(const char* path, zx_handle_t* out_channel);
