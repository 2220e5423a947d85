// SPDX-License-Identifier: MIT
// The parent's half of lx_process_spawn(), and the end of children.
#include "lx_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lx/status.h>
#include <zircon/errors.h>

#include "lx_child.h"

// The user outside of the namespace that a host of root runs as: "nobody".
#define UNPRIVILEGED_ID 65534u

#define DEFAULT_FD_LIMIT     1024u
#define DEFAULT_THREAD_LIMIT 512u
#define ENV_COUNT_MAX        256u
#define ARG_COUNT_MAX        64u

#define TEXT_OF(word) #word
#define TEXT(macro)   TEXT_OF(macro)

static int write_proc_file(pid_t pid, const char* name, const char* text) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return errno;
    }
    int err = write(fd, text, strlen(text)) == (ssize_t)strlen(text) ? 0 : errno;
    close(fd);
    return err;
}

// User and group 0 inside are an unprivileged id outside: nobody if we are root, else ourselves.
static int write_user_maps(pid_t pid, bool is_root) {
    char users[32], groups[32];
    snprintf(users, sizeof(users), "0 %u 1", is_root ? UNPRIVILEGED_ID : (unsigned)geteuid());
    snprintf(groups, sizeof(groups), "0 %u 1", is_root ? UNPRIVILEGED_ID : (unsigned)getegid());
    int err = 0;
    if (!is_root) {
        err = write_proc_file(pid, "setgroups", "deny");  // else the kernel refuses the map
    }
    if (err == 0) {
        err = write_proc_file(pid, "uid_map", users);
    }
    if (err == 0) {
        err = write_proc_file(pid, "gid_map", groups);
    }
    return err;
}

// Sets both the soft and the hard limit, cut to the present hard limit if it may not be raised.
static int set_limit(pid_t pid, enum __rlimit_resource resource, uint64_t value) {
    struct rlimit limit = {.rlim_cur = value, .rlim_max = value};
    if (prlimit(pid, resource, &limit, NULL) == 0) {
        return 0;
    }
    struct rlimit old;
    if (errno != EPERM || prlimit(pid, resource, NULL, &old) != 0) {
        return errno;
    }
    limit.rlim_cur = limit.rlim_max = value < old.rlim_max ? value : old.rlim_max;
    return prlimit(pid, resource, &limit, NULL) == 0 ? 0 : errno;
}

static int set_limits(pid_t pid, const lx_spawn_args_t* args) {
    int err = set_limit(pid, RLIMIT_CORE, 0);
    if (err == 0) {
        err =
            set_limit(pid, RLIMIT_NOFILE, args->fd_limit != 0 ? args->fd_limit : DEFAULT_FD_LIMIT);
    }
    if (err == 0 && args->memlock_bytes != 0) {
        err = set_limit(pid, RLIMIT_MEMLOCK, args->memlock_bytes);
    }
    if (err == 0 && args->address_space_bytes != 0) {
        err = set_limit(pid, RLIMIT_AS, args->address_space_bytes);
    }
    if (err == 0 && args->sandbox) {
        err = set_limit(pid, RLIMIT_NPROC,
                        args->thread_limit != 0 ? args->thread_limit : DEFAULT_THREAD_LIMIT);
    }
    return err;
}

// Lets the child go on, and waits until it runs its program (the kernel closes its end) or has
// failed.
static int release_child(int sync_fd) {
    if (send(sync_fd, "", 1, MSG_NOSIGNAL) != 1) {
        return errno;
    }
    lx_child_failure_t failure;
    ssize_t size;
    do {
        size = recv(sync_fd, &failure, sizeof(failure), 0);
    } while (size < 0 && errno == EINTR);
    if (size < 0) {
        return errno;
    }
    return size == (ssize_t)sizeof(failure) ? failure.err : 0;
}

// Consumes both ends of `sync`.
static int start_child(const lx_spawn_args_t* args, lx_child_plan_t* plan, const int sync[2],
                       int* out_pidfd, pid_t* out_pid) {
    bool is_root = geteuid() == 0;
    plan->sync_fd = sync[1];
    plan->drop_groups = is_root;
    int err = lx_child_start(plan, out_pidfd, out_pid);
    close(sync[1]);
    if (err != 0) {
        close(sync[0]);
        return err;
    }
    if (args->sandbox) {
        err = write_user_maps(*out_pid, is_root);
    }
    if (err == 0) {
        err = set_limits(*out_pid, args);
    }
    if (err == 0) {
        err = release_child(sync[0]);
    }
    close(sync[0]);
    if (err != 0) {
        lx_exit_t ignored;
        lx_process_kill(*out_pidfd);
        lx_process_reap(*out_pidfd, true, &ignored);
        close(*out_pidfd);
    }
    return err;
}

static int start_with_fds(const lx_spawn_args_t* args, lx_child_plan_t* plan, int* out_pidfd,
                          pid_t* out_pid) {
    int err = 0;
    int sync[2];
    plan->null_fd = -1;
    plan->exe_fd = open(args->exe, O_RDONLY | O_CLOEXEC);
    if (plan->exe_fd < 0) {
        return errno;
    }
    plan->null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (plan->null_fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sync) != 0) {
        err = errno;
    } else {
        err = start_child(args, plan, sync, out_pidfd, out_pid);
    }
    if (plan->null_fd >= 0) {
        close(plan->null_fd);
    }
    close(plan->exe_fd);
    return err;
}

// Fills `out` with the caller's variables and ours. The strings are borrowed.
static int make_environment(const lx_spawn_args_t* args, bool has_bootstrap, const char** out) {
    static const char none[] = LX_BOOTSTRAP_ENV "=";
    static const char bootstrap[] = LX_BOOTSTRAP_ENV "=" TEXT(LX_BOOTSTRAP_FD);
    size_t count = 0;
    for (const char* const* at = args->envp; at != NULL && *at != NULL; at++) {
        if (strncmp(*at, none, sizeof(none) - 1) == 0) {
            continue;  // its value is ours to tell
        }
        if (count == ENV_COUNT_MAX) {
            return E2BIG;
        }
        out[count++] = *at;
    }
    if (has_bootstrap) {
        out[count++] = bootstrap;
    }
    out[count] = NULL;
    return 0;
}

// Fills `out` with the arguments. The strings are borrowed.
static int make_arguments(const lx_spawn_args_t* args, const char** out) {
    size_t count = 0;
    for (const char* const* at = args->argv; at != NULL && *at != NULL; at++) {
        if (count == ARG_COUNT_MAX) {
            return E2BIG;
        }
        out[count++] = *at;
    }
    if (count == 0) {
        out[count++] = args->exe;
    }
    if (args->name != NULL) {
        out[0] = args->name;
    }
    out[count] = NULL;
    return 0;
}

zx_status_t lx_process_start(const lx_spawn_args_t* args, int bootstrap_fd, int* out_pidfd,
                             pid_t* out_pid) {
    const char* environment[ENV_COUNT_MAX + 2];
    int err = make_environment(args, bootstrap_fd >= 0, environment);
    const char* arguments[ARG_COUNT_MAX + 1];
    if (err == 0) {
        err = make_arguments(args, arguments);
    }
    lx_child_plan_t plan = {.log_fd = args->log_fd,
                            .bootstrap_fd = bootstrap_fd,
                            .argv = arguments,
                            .envp = environment,
                            .sandbox = args->sandbox};
    int pidfd;
    pid_t pid;
    if (err == 0) {
        err = start_with_fds(args, &plan, &pidfd, &pid);
    }
    if (err == EUSERS) {
        err = ENOSPC;  // two names for "no more namespaces"
    }
    if (err != 0) {
        return lx_status_from_errno(err);
    }
    *out_pidfd = pidfd;
    *out_pid = pid;
    return ZX_OK;
}

zx_status_t lx_process_reap(int pidfd, bool wait, lx_exit_t* out_exit) {
    siginfo_t info = {.si_pid = 0};
    int rc;
    do {
        rc = waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | (wait ? 0 : WNOHANG));
    } while (rc != 0 && errno == EINTR);
    if (rc != 0) {
        return lx_status_from_errno(errno);  // ECHILD: ZX_ERR_NOT_FOUND
    }
    if (info.si_pid == 0) {
        return ZX_ERR_SHOULD_WAIT;
    }
    bool exited = info.si_code == CLD_EXITED;
    *out_exit = (lx_exit_t){.exited = exited,
                            .code = exited ? info.si_status : 0,
                            .signal = exited ? 0 : info.si_status};
    return ZX_OK;
}

zx_status_t lx_process_kill(int pidfd) {
    if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) == 0 || errno == ESRCH) {
        return ZX_OK;
    }
    return lx_status_from_errno(errno);
}

void lx_process_set_name(const char* name) {
    prctl(PR_SET_NAME, name, 0, 0, 0);
}
