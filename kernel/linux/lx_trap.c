// SPDX-License-Identifier: MIT
// SIGSYS handler of a sandboxed process. Everything below on_sigsys() is async-signal-safe: no
// lock, no allocation, only system calls that the filter lets through.
#include "lx_trap.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <lx/status.h>
#include <zircon/errors.h>

#include "lx_context.h"

#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1  // si_code of a SIGSYS that a filter raised
#endif

// The handler runs in the thread that made the call, so thread-local state needs no lock.
static _Thread_local const char* volatile granted_path;
static _Thread_local volatile int granted_fd = -1;

static struct sigaction old_action;  // written before the handler is installed

static long answer_open(const char* path) {
    const char* granted = granted_path;
    // Without a grant the path is not even looked at: it may point anywhere.
    if (granted == NULL || path == NULL || strcmp(path, granted) != 0) {
        return -EACCES;
    }
    int fd = fcntl(granted_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) {
        return -errno;
    }
    if (lseek(fd, 0, SEEK_SET) != 0) {
        int err = errno;
        close(fd);
        return -err;
    }
    return fd;
}

static long answer(const siginfo_t* info, const ucontext_t* context) {
    switch (info->si_syscall) {
#ifdef SYS_open
        case SYS_open:
            return answer_open((const char*)(uintptr_t)lx_context_syscall_arg(context, 0));
#endif
        case SYS_openat:
            return answer_open((const char*)(uintptr_t)lx_context_syscall_arg(context, 1));
        default:
            return -EACCES;
    }
}

static void on_sigsys(int signal, siginfo_t* info, void* context) {
    if (info->si_code == SYS_SECCOMP) {
        int saved_errno = errno;
        long result = answer(info, context);
        errno = saved_errno;
        lx_context_set_result(context, result);
        return;
    }
    if ((old_action.sa_flags & SA_SIGINFO) != 0) {
        old_action.sa_sigaction(signal, info, context);
        return;
    }
    _exit(128 + signal);
}

zx_status_t lx_trap_install(void) {
    if (sigaction(SIGSYS, NULL, &old_action) != 0) {
        return lx_status_from_errno(errno);
    }
    struct sigaction action = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    return sigaction(SIGSYS, &action, NULL) == 0 ? ZX_OK : lx_status_from_errno(errno);
}

void lx_trap_grant(const char* path, int fd) {
    granted_fd = fd;
    granted_path = path;
}

void lx_trap_revoke(void) {
    granted_path = NULL;
    granted_fd = -1;
}
