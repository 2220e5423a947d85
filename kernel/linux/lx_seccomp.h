// SPDX-License-Identifier: MIT
// The system call filter of a sandboxed process.
#pragma once

// Puts the filter on every thread of this process, for good. Returns 0 or an errno value; on
// failure nothing is filtered. The SIGSYS handler of lx_trap.h must be in place.
int lx_seccomp_load(void);
