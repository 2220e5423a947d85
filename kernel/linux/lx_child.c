// SPDX-License-Identifier: MIT
// The child's half of lx_process_spawn(): async-signal-safe throughout.
#include "lx_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <linux/sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SANDBOX_NAMESPACES \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)

static void reset_signal_handlers(void) {
    for (int number = 1; number < _NSIG; number++) {
        struct sigaction action = {.sa_handler = SIG_DFL};
        sigaction(number, &action, NULL);  // fails for those that cannot be changed
    }
}

// A change of user clears the death signal, so this is done before and after it.
static int die_with_parent(void) {
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) == 0 ? 0 : errno;
}

// The parent sends a byte when the user map and the limits are set.
static int wait_for_parent(int sync_fd) {
    char byte;
    ssize_t size;
    do {
        size = recv(sync_fd, &byte, 1, 0);
    } while (size < 0 && errno == EINTR);
    return size == 1 ? 0 : EPIPE;
}

static int check_parent_lives(int sync_fd) {
    struct pollfd item = {.fd = sync_fd, .events = POLLIN};
    return poll(&item, 1, 0) == 0 ? 0 : EPIPE;
}

// User 0 of the new namespace. Raw system calls: the C library's functions would signal threads
// that the child has not.
static int become_inside_root(const lx_child_plan_t* plan) {
    if ((plan->drop_groups && syscall(SYS_setgroups, 0, NULL) != 0) ||
        syscall(SYS_setresgid, 0, 0, 0) != 0 || syscall(SYS_setresuid, 0, 0, 0) != 0) {
        return errno;
    }
    return 0;
}

// Puts each fd at its number. The numbers may overlap with those the parent uses, so all are moved
// out of the way first.
static int arrange_fds(const lx_child_plan_t* plan) {
    enum { SLOT_COUNT = LX_CHILD_SYNC_FD + 1 };
    const int log_fd = plan->log_fd >= 0 ? plan->log_fd : plan->null_fd;
    const int wanted[SLOT_COUNT] = {plan->null_fd,      log_fd,       log_fd,
                                    plan->bootstrap_fd, plan->exe_fd, plan->sync_fd};
    int high[SLOT_COUNT];
    for (int i = 0; i < SLOT_COUNT; i++) {
        high[i] = wanted[i] < 0 ? -1 : fcntl(wanted[i], F_DUPFD_CLOEXEC, SLOT_COUNT);
        if (wanted[i] >= 0 && high[i] < 0) {
            return errno;
        }
    }
    for (int i = 0; i < SLOT_COUNT; i++) {
        int flags = i == LX_CHILD_EXE_FD || i == LX_CHILD_SYNC_FD ? O_CLOEXEC : 0;
        if (high[i] < 0) {
            close(i);
        } else if (dup3(high[i], i, flags) < 0) {
            return errno;
        }
    }
    return syscall(SYS_close_range, SLOT_COUNT, ~0u, 0) == 0 ? 0 : errno;
}

static int run_program(const lx_child_plan_t* plan) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    syscall(SYS_execveat, LX_CHILD_EXE_FD, "", plan->argv, plan->envp, AT_EMPTY_PATH);
    return errno;
}

static int prepare(const lx_child_plan_t* plan, int* sync_fd) {
    int err = die_with_parent();
    if (err == 0) {
        err = wait_for_parent(*sync_fd);
    }
    if (err == 0 && plan->sandbox) {
        err = become_inside_root(plan);
    }
    if (err == 0) {
        err = die_with_parent();
    }
    if (err == 0) {
        err = arrange_fds(plan);
    }
    if (err == 0) {
        *sync_fd = LX_CHILD_SYNC_FD;
        err = check_parent_lives(*sync_fd);
    }
    return err;
}

static void run_child(const lx_child_plan_t* plan) {
    reset_signal_handlers();
    setsid();  // away from the terminal: neither its signals nor its input are for a host
    int sync_fd = plan->sync_fd;
    int err = prepare(plan, &sync_fd);
    if (err == 0) {
        err = run_program(plan);
    }
    const lx_child_failure_t failure = {.err = err};
    send(sync_fd, &failure, sizeof(failure), MSG_NOSIGNAL);
    _exit(127);
}

int lx_child_start(const lx_child_plan_t* plan, int* out_pidfd, pid_t* out_pid) {
    // No handler of the parent may run in the child.
    sigset_t all, old;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old);
    unsigned long flags = SIGCHLD | CLONE_PIDFD | (plan->sandbox ? SANDBOX_NAMESPACES : 0);
    int pidfd = -1;
    // Both machines take the place for the pidfd as the third argument and agree when the last two
    // are 0.
    long pid = syscall(SYS_clone, flags, NULL, &pidfd, NULL, NULL);
    int err = errno;
    if (pid == 0) {
        run_child(plan);
    }
    sigprocmask(SIG_SETMASK, &old, NULL);
    if (pid < 0) {
        return err;
    }
    *out_pidfd = pidfd;
    *out_pid = (pid_t)pid;
    return 0;
}
