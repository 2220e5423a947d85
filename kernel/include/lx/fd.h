// SPDX-License-Identifier: MIT
// Between Linux fds and handles.
#pragma once

#include <zircon/types.h>

__BEGIN_CDECLS

// Makes a channel of one end of a connected AF_UNIX SOCK_SEQPACKET socket. `fd` is consumed, on
// failure too. ZX_ERR_WRONG_TYPE: not such a socket. What arrives on it is checked as from a
// stranger. Any thread; does not block.
zx_status_t lx_channel_from_fd(int fd, zx_handle_t* out);

// A duplicate of the channel's socket (close-on-exec), owned by the caller, for handing the end to
// a child process. The channel must hold no message that was taken out of the socket already
// (ZX_ERR_BAD_STATE): use it on fresh channels. The handle is borrowed.
zx_status_t lx_channel_dup_fd(zx_handle_t channel, int* out_fd);

__END_CDECLS
