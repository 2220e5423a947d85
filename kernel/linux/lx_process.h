// SPDX-License-Identifier: MIT
// Child processes at the level of fds: what object/process.c wraps.
#pragma once

#include <lx/process.h>

// Starts the program of `args`, whose bootstrap handle is ignored in favour of `bootstrap_fd`
// (borrowed; -1: none). *out_pidfd is owned by the caller. Written on success only.
zx_status_t lx_process_start(const lx_spawn_args_t* args, int bootstrap_fd, int* out_pidfd,
                             pid_t* out_pid);

// Collects the exit status. `wait`: block until the process has ended. ZX_ERR_SHOULD_WAIT: it runs;
// ZX_ERR_NOT_FOUND: nothing left to collect.
zx_status_t lx_process_reap(int pidfd, bool wait, lx_exit_t* out_exit);

// Sends SIGKILL. A process that has ended already is no error.
zx_status_t lx_process_kill(int pidfd);
