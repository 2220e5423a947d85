// SPDX-License-Identifier: MIT
// A last line in the log before a process dies of a fatal signal.
#pragma once

#include <zircon/types.h>

// The word that begins the line, so that a reader of the log can find it.
#define LX_CRASH_MARK "jacinth-crash:"

// Installs handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP and for SIGSYS that the
// sandbox does not answer itself. When one arrives, lines like these are written to `log_fd`
// (borrowed, must stay open), one line a frame, innermost first:
//
//   jacinth-crash: signal 11 (SIGSEGV) code 1 address 0x10 pc 0x7f62c8a3113c thread 3 sample
//
//   jacinth-crash: frame /driver/1/sample.so(sample_bind+0x1c)[0x7f62c8a3113c]
//
//   jacinth-crash: end
//
// Where a frame's object has no symbol, the line gives the offset inside the object ("(+0x113c)"),
// which addr2line and eu-addr2line take. Then an older handler of that signal runs if there was one
// (a sanitizer's), and the process ends: by the signal itself if the kernel allows it, else with
// exit code 128 + signal. The second holds for abort() and for a signal sent from inside in a
// sandboxed host, because the first process of a pid namespace ignores signals from inside that it
// does not handle. A handler that cannot finish (a lock held by a dead thread, a full pipe) is cut
// short after LX_CRASH_TIME_LIMIT_S seconds.
//
// Called once, before lx_sandbox_enter(): it makes the C library load what a backtrace needs. The
// alternate signal stack serves the calling thread; in other threads the handler runs on the
// thread's own stack, so that a stack overflow there ends the process without a line.
// ZX_ERR_BAD_STATE: called a second time, or in the sandbox.
zx_status_t lx_crash_handler_install(int log_fd);

#define LX_CRASH_TIME_LIMIT_S 5
