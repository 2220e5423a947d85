// SPDX-License-Identifier: MIT
// The child's side of the sandbox test: tries what must be refused, and what must work.
#include "child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lx/process.h>
#include <lx/sandbox.h>
#include <zircon/errors.h>

static int enter(void) {
    const char* step;
    zx_status_t status = lx_sandbox_enter_etc(&step);
    if (status != ZX_OK) {
        fprintf(stderr, "child: %s: status %d\n", step, status);
        return 2;
    }
    return 0;
}

// Each attempt returns -1 with errno if it was refused.

static int directory_fd = -1;  // opened before the sandbox is entered

static long open_passwd(void) {
    return open("/etc/passwd", O_RDONLY);
}
static long open_raw(void) {
    return syscall(SYS_openat, AT_FDCWD, "/etc/passwd", O_RDONLY);
}
static long open_bad_pointer(void) {
    return syscall(SYS_openat, AT_FDCWD, (const char*)16, O_RDONLY);
}
static long open_proc(void) {
    return open("/proc/self/maps", O_RDONLY);
}
static long open_fd_again(void) {
    return open("/proc/self/fd/0", O_RDWR);
}
static long open_vfio(void) {
    return open("/dev/vfio/vfio", O_RDWR);
}
static long open_create(void) {
    return open("/new", O_RDWR | O_CREAT, 0600);
}
static long open_root(void) {
    return open("/", O_RDONLY | O_DIRECTORY);
}
static long open_up(void) {
    return open("../../../etc/passwd", O_RDONLY);
}
static long open_at_directory(void) {
    struct stat st;
    return fstat(directory_fd, &st);  // the fd itself is gone
}
static long open_by_openat2(void) {
    uint64_t how[3] = {O_RDONLY};
    return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof(how));
}
static long stat_root(void) {
    struct stat st;
    return stat("/", &st);
}
static long stat_old_root(void) {
    struct stat st;
    return stat("/etc", &st);
}
static long read_link(void) {
    char path[64];
    return readlink("/proc/self/exe", path, sizeof(path));
}
static long make_directory(void) {
    return mkdir("/x", 0700);
}
static long make_node(void) {
    return mknod("/x", S_IFCHR | 0600, 0);
}
static long change_root(void) {
    return chroot("/");
}
static long change_directory(void) {
    return chdir("/");
}
static long socket_inet(void) {
    return socket(AF_INET, SOCK_STREAM, 0);
}
static long socket_unix(void) {
    return socket(AF_UNIX, SOCK_STREAM, 0);
}
static long socket_netlink(void) {
    return socket(AF_NETLINK, SOCK_RAW, 0);
}
static long socketpair_inet(void) {
    int fds[2];
    return socketpair(AF_INET, SOCK_STREAM, 0, fds);
}
static long connect_pair(void) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) != 0) {
        return 0;
    }
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/run/x"};
    return connect(fds[0], (const struct sockaddr*)&address, sizeof(address));
}
static long send_to_path(void) {
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) != 0) {
        return 0;
    }
    const struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    return sendto(fds[0], "x", 1, 0, (const struct sockaddr*)&address, sizeof(address));
}
static long trace_self(void) {
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}
static long trace_parent(void) {
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}
static long mount_tmpfs(void) {
    return mount("none", "/", "tmpfs", 0, NULL);
}
static long unmount_root(void) {
    return umount2("/", MNT_DETACH);
}
static long run_program(void) {
    static char* const argv[] = {"sh", NULL};
    return execve("/bin/sh", argv, argv + 1);
}
static long run_own_program(void) {
    static char* const argv[] = {"child", NULL};
    return syscall(SYS_execveat, AT_FDCWD, "/proc/self/exe", argv, argv + 1, 0);
}
static long new_process(void) {
    pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    return pid;
}
static long new_process_raw(void) {
    long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
        _exit(0);
    }
    return pid;
}
static long new_namespace(void) {
    return unshare(CLONE_NEWUSER);
}
static long thread_in_namespace(void) {
    return syscall(SYS_clone, CLONE_THREAD | CLONE_SIGHAND | CLONE_VM | CLONE_NEWNET, NULL, NULL,
                   NULL, NULL);
}
static long kill_parent(void) {
    return kill(getppid(), SIGTERM);
}
static long kill_all(void) {
    return kill(-1, SIGTERM);
}
static long kill_by_number(void) {
    return kill(2, 0);
}
static long set_user(void) {
    return setuid(0);
}
static long set_groups(void) {
    return syscall(SYS_setgroups, 0, NULL);
}
static long raise_limit(void) {
    const struct { uint64_t cur, max; } limit = {1, 1};
    return syscall(SYS_prlimit64, 0, 7, &limit, NULL);
}
static long read_by_pid(void) {
    char byte;
    struct iovec local = {&byte, 1}, remote = {&directory_fd, 1};
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
}
static long become_dumpable(void) {
    return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
static long gain_capability(void) {
    return prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 0, 0, 0);
}
static long terminal_input(void) {
    return ioctl(0, TIOCSTI, "x");
}
static long vfio_attach(void) {
    return ioctl(0, VFIO_SET_IOMMU, 1);
}
static long bpf_call(void) {
    return syscall(SYS_bpf, 0, NULL, 0);
}
static long io_uring_call(void) {
    return syscall(SYS_io_uring_setup, 1, NULL);
}
static long userfaultfd_call(void) {
    return syscall(SYS_userfaultfd, 0);
}
static long keyctl_call(void) {
    return syscall(SYS_keyctl, 0, 0, 0, 0, 0);
}
static long perf_call(void) {
    return syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0);
}
static long write_and_execute(void) {
    void* at =
        mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? -1 : 0;
}
static long make_executable(void) {
    void* at = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return at == MAP_FAILED ? 0 : mprotect(at, 4096, PROT_READ | PROT_EXEC);
}
static long own_clone3(void) {
    return syscall(SYS_clone3, NULL, 0);
}

static const struct {
    const char* name;
    long (*attempt)(void);
    int err;
} attempts[] = {
    {"open-passwd", open_passwd, EACCES},
    {"open-raw", open_raw, EACCES},
    {"open-bad-pointer", open_bad_pointer, EACCES},
    {"open-proc", open_proc, EACCES},
    {"open-fd-again", open_fd_again, EACCES},
    {"open-vfio", open_vfio, EACCES},
    {"open-create", open_create, EACCES},
    {"open-root", open_root, EACCES},
    {"open-up", open_up, EACCES},
    {"open-at-directory", open_at_directory, EBADF},
    {"openat2", open_by_openat2, EACCES},
    {"stat-root", stat_root, EPERM},
    {"stat-old-root", stat_old_root, EPERM},
    {"readlink", read_link, EPERM},
    {"mkdir", make_directory, EPERM},
    {"mknod", make_node, EPERM},
    {"chroot", change_root, EPERM},
    {"chdir", change_directory, EPERM},
    {"socket-inet", socket_inet, EPERM},
    {"socket-unix", socket_unix, EPERM},
    {"socket-netlink", socket_netlink, EPERM},
    {"socketpair-inet", socketpair_inet, EPERM},
    {"connect", connect_pair, EPERM},
    {"send-to-path", send_to_path, ENOENT},
    {"ptrace-self", trace_self, EPERM},
    {"ptrace-parent", trace_parent, EPERM},
    {"mount", mount_tmpfs, EPERM},
    {"umount", unmount_root, EPERM},
    {"execve", run_program, EPERM},
    {"execveat", run_own_program, EPERM},
    {"fork", new_process, EPERM},
    {"clone", new_process_raw, EPERM},
    {"clone3", own_clone3, ENOSYS},
    {"unshare", new_namespace, EPERM},
    {"thread-in-namespace", thread_in_namespace, EPERM},
    {"kill-parent", kill_parent, EPERM},
    {"kill-all", kill_all, EPERM},
    {"kill-number", kill_by_number, EPERM},
    {"setuid", set_user, EPERM},
    {"setgroups", set_groups, EPERM},
    {"prlimit", raise_limit, EPERM},
    {"process_vm_readv", read_by_pid, EPERM},
    {"dumpable", become_dumpable, EPERM},
    {"capability", gain_capability, EPERM},
    {"ioctl-tiocsti", terminal_input, EPERM},
    {"ioctl-vfio-attach", vfio_attach, EPERM},
    {"bpf", bpf_call, EPERM},
    {"io_uring", io_uring_call, EPERM},
    {"userfaultfd", userfaultfd_call, EPERM},
    {"keyctl", keyctl_call, EPERM},
    {"perf", perf_call, EPERM},
    {"write-execute", write_and_execute, EPERM},
    {"mprotect-execute", make_executable, EPERM},
};

// Makes all attempts; prints "refused NAME" for each, or what came instead.
int child_refused(int argc, char** argv) {
    (void)argc, (void)argv;
    directory_fd = open("/etc", O_RDONLY | O_DIRECTORY);
    if (directory_fd < 0 || enter() != 0) {
        return 2;
    }
    int failures = 0;
    for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
        errno = 0;
        long result = attempts[i].attempt();
        if (result == -1 && errno == attempts[i].err) {
            printf("refused %s\n", attempts[i].name);
        } else {
            printf("NOT refused %s: result %ld, error %d (%s)\n", attempts[i].name, result, errno,
                   strerror(errno));
            failures++;
        }
    }
    return failures == 0 ? 0 : 1;
}

static int compare_int(const void* a, const void* b) {
    return *(const int*)a - *(const int*)b;
}

static void* use_thread(void* arg) {
    void* memory = malloc(300000);
    memset(memory, 1, 300000);
    free(memory);
    pthread_exit(arg);  // needs libgcc_s
}

// What a driver's code leans on without knowing. Returns the number of the step that failed.
static int use_library(void) {
    pthread_t thread;
    int token;
    void* answer = NULL;
    if (pthread_create(&thread, NULL, use_thread, &token) != 0 ||
        pthread_join(thread, &answer) != 0 || answer != &token) {
        return 10;
    }
    static int numbers[200000];
    for (int i = 0; i < 200000; i++) {
        numbers[i] = (i * 7919) % 200000;
    }
    qsort(numbers, 200000, sizeof(numbers[0]), compare_int);
    if (numbers[1] != 1) {
        return 11;
    }
    int fds[2];
    char text[32];
    if (pipe(fds) != 0 || dprintf(fds[1], "%.2f", 1.5) != 4 || read(fds[0], text, 4) != 4 ||
        memcmp(text, "1.50", 4) != 0) {
        return 12;
    }
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0 ||
        send(fds[0], "x", 1, 0) != 1) {
        return 13;
    }
    int memfd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    struct stat st;
    if (memfd < 0 || ftruncate(memfd, 8192) != 0 || fstat(memfd, &st) != 0 || st.st_size != 8192 ||
        fcntl(memfd, F_ADD_SEALS, F_SEAL_SHRINK) != 0) {
        return 14;
    }
    return getpid() == 1 && getuid() == 0 ? 0 : 15;
}

int child_allowed(int argc, char** argv) {
    (void)argv;
    int code = enter();
    if (code == 0 && !lx_sandbox_is_entered()) {
        code = 3;
    }
    if (code == 0) {
        code = use_library();
    }
    printf("ready\n");
    fflush(stdout);
    while (argc > 0) {
        pause();
    }
    return code;
}

int child_enter_twice(int argc, char** argv) {
    (void)argc, (void)argv;
    int code = enter();
    return code != 0 ? code : lx_sandbox_enter() == ZX_ERR_BAD_STATE ? 0 : 1;
}

static void* wait_for_end(void* arg) {
    pause();
    return arg;
}

// Refused, and without effect.
int child_enter_with_thread(int argc, char** argv) {
    (void)argc, (void)argv;
    pthread_t thread;
    if (pthread_create(&thread, NULL, wait_for_end, NULL) != 0 ||
        lx_sandbox_enter() != ZX_ERR_BAD_STATE) {
        return 1;
    }
    return !lx_sandbox_is_entered() && open("/etc/passwd", O_RDONLY) >= 0 ? 0 : 3;
}
