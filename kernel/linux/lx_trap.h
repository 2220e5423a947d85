// SPDX-License-Identifier: MIT
// The answer to system calls that the sandbox's filter does not let through to the kernel but hands
// back as SIGSYS: opening a path. A thread may be granted one path, for which the answer is an fd
// it already has.
#pragma once

#include <zircon/types.h>

// Installs the SIGSYS handler. A SIGSYS that does not come from the filter goes to the handler that
// was there before.
zx_status_t lx_trap_install(void);

// From here until lx_trap_revoke(), an open of `path` by this thread yields a new fd of the same
// open file as `fd`, positioned at its begin. Both are borrowed.
void lx_trap_grant(const char* path, int fd);
void lx_trap_revoke(void);
