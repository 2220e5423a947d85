// SPDX-License-Identifier: MIT
// The inner half of a driver host's sandbox. The outer half (namespaces, uid map, limits, closed
// fds) is lx_process_spawn(). docs/sandbox.md lists what is left to a process in it.
#pragma once

#include <stdbool.h>
#include <zircon/types.h>

// Gives up everything but the fds that are open, for good: an empty read-only root directory, no
// capabilities (also none to regain: bounding and ambient sets empty, no_new_privs), not dumpable,
// and a seccomp filter that lets only listed system calls through. Other calls fail with EPERM;
// opening any path fails with EACCES.
//
// Called once by main() of a process that lx_process_spawn() started with `sandbox`, when its
// libraries are loaded and before it starts a second thread or runs foreign code. Files that the
// process needs later must be open. fds that refer to directories are closed, since a path could be
// opened from them.
//
// ZX_ERR_BAD_STATE: this process is not in namespaces of its own, or it has more than one thread;
// nothing was changed. After any other failure the process is half confined and must end.
// *out_step (may be NULL) names the step that failed, for the log; a string constant, NULL on
// success.
zx_status_t lx_sandbox_enter_etc(const char** out_step);

// lx_sandbox_enter_etc() without the name of the step.
zx_status_t lx_sandbox_enter(void);

// True from the moment that lx_sandbox_enter() has succeeded. Any thread.
bool lx_sandbox_is_entered(void);
