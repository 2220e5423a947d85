// SPDX-License-Identifier: MIT
// The system call filter of a sandboxed process: a list of what is allowed; everything else fails
// with EPERM and has no effect. docs/sandbox.md says why each group is there.
#include "lx_seccomp.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lx_vfio_ioctls.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

// Allowed whatever the arguments are. They reach nothing but this process's memory, threads, clocks
// and open fds.
static const int allowed[] = {
    // data of fds that are open
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(readv),
    SCMP_SYS(writev),
    SCMP_SYS(pread64),
    SCMP_SYS(pwrite64),
    SCMP_SYS(preadv),
    SCMP_SYS(pwritev),
    SCMP_SYS(lseek),
    SCMP_SYS(ftruncate),
    SCMP_SYS(fallocate),
    SCMP_SYS(fstat),
    SCMP_SYS(close),
    SCMP_SYS(close_range),
    SCMP_SYS(dup),
    SCMP_SYS(dup2),
    SCMP_SYS(dup3),
    SCMP_SYS(sendmsg),
    SCMP_SYS(recvmsg),
    SCMP_SYS(sendmmsg),
    SCMP_SYS(recvmmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(recvfrom),
    SCMP_SYS(shutdown),
    SCMP_SYS(getsockopt),
    // new fds that lead nowhere else
    SCMP_SYS(memfd_create),
    SCMP_SYS(eventfd2),
    SCMP_SYS(pipe),
    SCMP_SYS(pipe2),
    SCMP_SYS(timerfd_create),
    SCMP_SYS(timerfd_settime),
    SCMP_SYS(timerfd_gettime),
    SCMP_SYS(epoll_create1),
    // waiting
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_wait),
    SCMP_SYS(epoll_pwait),
    SCMP_SYS(epoll_pwait2),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(select),
    SCMP_SYS(pselect6),
    SCMP_SYS(futex),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(sched_yield),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(pause),
    // time
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_getres),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(setitimer),
    SCMP_SYS(getitimer),
    SCMP_SYS(alarm),
    SCMP_SYS(times),
    // memory; mmap and mprotect are below
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(mincore),
    SCMP_SYS(membarrier),
    // threads and signals of this process
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(set_tid_address),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigpending),
    SCMP_SYS(rt_sigtimedwait),
    SCMP_SYS(rt_sigsuspend),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_getparam),
    SCMP_SYS(sched_getscheduler),
    SCMP_SYS(getcpu),
    // who am I
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(getppid),
    SCMP_SYS(getuid),
    SCMP_SYS(geteuid),
    SCMP_SYS(getgid),
    SCMP_SYS(getegid),
    SCMP_SYS(getrlimit),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
    SCMP_SYS(uname),
    SCMP_SYS(getrandom),
};

// Opening a path: the kernel never sees it, the SIGSYS handler answers.
static const int trapped[] = {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(creat)};

// Allowed where the compared bits of the arguments have these values. Several rules of one call are
// alternatives.
typedef struct conditional_rule {
    int call;
    unsigned compare_count;
    struct scmp_arg_cmp compares[2];
} conditional_rule_t;

// Not SCMP_CMP(), which is a compound literal behind a cast and no constant initializer for C11.
#define MASKED(index, mask, value) \
    { (index), SCMP_CMP_MASKED_EQ, (mask), (value) }
#define EQUAL(index, value) \
    { (index), SCMP_CMP_EQ, (value), 0 }

// The kernel takes these arguments as 32-bit numbers, so the upper half of the register does not
// count.
#define LOW32 0xffffffffu

// What a clone() may not ask for: namespaces. CLONE_NEWTIME shares its bit with the exit signal,
// which threads lack.
#define CLONE_NAMESPACES                                                                          \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | \
     CLONE_NEWNET)

static const conditional_rule_t conditional[] = {
    // Threads, not processes.
    {SCMP_SYS(clone), 1, {MASKED(0, CLONE_THREAD | CLONE_NAMESPACES, CLONE_THREAD)}},
    // A pair has no name and no network. sendto() and sendmsg() on it could name a path, of which
    // there is none.
    {SCMP_SYS(socketpair), 1, {MASKED(0, LOW32, AF_UNIX)}},
    {SCMP_SYS(setsockopt), 1, {MASKED(1, LOW32, SOL_SOCKET)}},
    // fstat() is newfstatat(fd, "", …, AT_EMPTY_PATH) in glibc.
    {SCMP_SYS(newfstatat), 1, {MASKED(3, LOW32, AT_EMPTY_PATH)}},
    // Memory is never writable and executable, and never becomes executable: only a mapping of a
    // file is.
    {SCMP_SYS(mmap), 1, {MASKED(2, PROT_EXEC, 0)}},
    {SCMP_SYS(mmap),
     2,
     {MASKED(2, PROT_EXEC | PROT_WRITE, PROT_EXEC), MASKED(3, MAP_ANONYMOUS, 0)}},
    {SCMP_SYS(mprotect), 1, {MASKED(2, PROT_EXEC, 0)}},
    {SCMP_SYS(fcntl), 1, {MASKED(1, LOW32, F_DUPFD)}},
    {SCMP_SYS(fcntl), 1, {MASKED(1, LOW32, F_DUPFD_CLOEXEC)}},
    {SCMP_SYS(fcntl), 1, {MASKED(1, LOW32, F_GETFD)}},
    {SCMP_SYS(fcntl), 1, {MASKED(1, LOW32, F_SETFD)}},
    {SCMP_SYS(fcntl), 1, {MASKED(1, LOW32, F_GETFL)}},
    {SCMP_SYS(fcntl), 1, {MASKED(1, LOW32, F_SETFL)}},
    {SCMP_SYS(fcntl), 1, {MASKED(1, LOW32, F_ADD_SEALS)}},
    {SCMP_SYS(fcntl), 1, {MASKED(1, LOW32, F_GET_SEALS)}},
    {SCMP_SYS(prctl), 1, {MASKED(0, LOW32, PR_SET_NAME)}},
    {SCMP_SYS(prctl), 1, {MASKED(0, LOW32, PR_GET_NAME)}},
    {SCMP_SYS(prctl), 1, {MASKED(0, LOW32, PR_GET_DUMPABLE)}},
    {SCMP_SYS(prctl), 1, {MASKED(0, LOW32, PR_SET_VMA)}},
    // Reading one's own limits.
    {SCMP_SYS(prlimit64), 2, {MASKED(0, LOW32, 0), EQUAL(2, 0)}},
};

static int add_lists(scmp_filter_ctx filter) {
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < COUNT(allowed); i++) {
        // Numbers below 0 stand for calls that this machine does not have.
        rc = allowed[i] < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    }
    for (size_t i = 0; rc == 0 && i < COUNT(trapped); i++) {
        rc = trapped[i] < 0 ? 0 : seccomp_rule_add(filter, SCMP_ACT_TRAP, trapped[i], 0);
    }
    for (size_t i = 0; rc == 0 && i < COUNT(conditional); i++) {
        const conditional_rule_t* rule = &conditional[i];
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, rule->call, rule->compare_count,
                                    rule->compares);
    }
    return rc;
}

// The requests that drive a device; the kernel takes the request number as 32 bits.
static int add_ioctl_rules(scmp_filter_ctx filter) {
    static const uint32_t requests[] = LX_VFIO_HOST_IOCTLS;
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < COUNT(requests); i++) {
        const struct scmp_arg_cmp request = MASKED(1, LOW32, requests[i]);
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, &request);
    }
    return rc;
}

// Signals to threads of this process only, which its number tells.
static int add_signal_rules(scmp_filter_ctx filter) {
    static const int calls[] = {SCMP_SYS(kill), SCMP_SYS(tgkill), SCMP_SYS(rt_tgsigqueueinfo)};
    const struct scmp_arg_cmp own = MASKED(0, LOW32, (uint64_t)getpid());
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < COUNT(calls); i++) {
        rc = seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, calls[i], 1, &own);
    }
    return rc;
}

int lx_seccomp_load(void) {
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (filter == NULL) {
        return ENOMEM;
    }
    int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (rc == 0) {
        // A call by way of another machine's numbers (32 bit, x32) ends the process.
        rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    }
    if (rc == 0) {
        rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);  // a binary tree
    }
    if (rc == 0) {
        rc = add_lists(filter);
    }
    if (rc == 0) {
        rc = add_ioctl_rules(filter);
    }
    if (rc == 0) {
        rc = add_signal_rules(filter);
    }
    if (rc == 0) {
        // The C library then makes threads with clone(), whose flags a filter can see.
        rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
    }
    if (rc == 0) {
        rc = seccomp_load(filter);
    }
    seccomp_release(filter);
    return -rc;
}
