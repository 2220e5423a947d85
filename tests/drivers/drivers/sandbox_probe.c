// SPDX-License-Identifier: MIT
// Test driver: tries what a driver host must not be able to do. Reading its device makes one
// attempt after the other, straight through the system call, and gives a line for each:
//   open /etc/passwd: refused (ENOENT)
// A line that ends in ALLOWED is a hole in the sandbox.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <lib/ddk/device.h>

#include "sandbox_probe_bind.h"
#include "test_text.h"

// A process that is not this one; its number need not exist.
static pid_t other_process(void) {
    return getppid() > 0 ? getppid() : getpid() + 1;
}

static long try_open(const char* path) {
    long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY);
    if (fd >= 0) {
        close((int)fd);
    }
    return fd;
}

static long try_open_file(void) {
    return try_open("/etc/passwd");
}

static long try_create_file(void) {
    return syscall(SYS_openat, AT_FDCWD, "/tmp/sandbox-probe", O_CREAT | O_WRONLY, 0600);
}

static long try_proc(void) {
    return try_open("/proc/self/mem");
}

static long try_vfio_container(void) {
    return try_open("/dev/vfio/vfio");
}

static long try_vfio_group(void) {
    return try_open("/dev/vfio/1");
}

static long try_internet_socket(void) {
    return syscall(SYS_socket, AF_INET, SOCK_STREAM, 0);
}

static long try_unix_socket(void) {
    return syscall(SYS_socket, AF_UNIX, SOCK_STREAM, 0);
}

static long try_ptrace(void) {
    return syscall(SYS_ptrace, PTRACE_SEIZE, other_process(), 0, 0);
}

static long try_read_memory(void) {
    return syscall(SYS_process_vm_readv, other_process(), NULL, 0, NULL, 0, 0);
}

static long try_mount(void) {
    return syscall(SYS_mount, "none", "/", "tmpfs", 0, NULL);
}

static long try_unshare(void) {
    return syscall(SYS_unshare, 0x10000000 /* CLONE_NEWUSER */);
}

static long try_setuid(void) {
    return syscall(SYS_setresuid, 0, 0, 0);
}

static long try_kill(void) {
    return syscall(SYS_kill, other_process(), 0);
}

// Last: if it works, nothing of this driver is left.
static long try_execve(void) {
    char* const argv[] = {(char*)"true", NULL};
    char* const envp[] = {NULL};
    return syscall(SYS_execve, "/bin/true", argv, envp);
}

static const struct {
    const char* what;
    long (*run)(void);
} attempts[] = {
    {"open /etc/passwd", try_open_file},
    {"create /tmp/sandbox-probe", try_create_file},
    {"open /proc/self/mem", try_proc},
    {"open /dev/vfio/vfio", try_vfio_container},
    {"open /dev/vfio/1", try_vfio_group},
    {"socket AF_INET", try_internet_socket},
    {"socket AF_UNIX", try_unix_socket},
    {"ptrace", try_ptrace},
    {"process_vm_readv", try_read_memory},
    {"mount", try_mount},
    {"unshare", try_unshare},
    {"setresuid", try_setuid},
    {"kill", try_kill},
    {"execve", try_execve},
};

static zx_status_t probe_read(void* ctx, void* buffer, size_t count, zx_off_t offset,
                              size_t* out_actual) {
    (void)ctx;
    char text[2048] = "";
    size_t used = 0;
    for (size_t i = 0; i < countof(attempts); i++) {
        errno = 0;
        long result = attempts[i].run();
        const char* name = strerrorname_np(errno);
        int length = result < 0 ? snprintf(text + used, sizeof(text) - used, "%s: refused (%s)\n",
                                           attempts[i].what, name == NULL ? "?" : name)
                                : snprintf(text + used, sizeof(text) - used, "%s: ALLOWED\n",
                                           attempts[i].what);
        used += (size_t)length;
    }
    return test_text_read(text, buffer, count, offset, out_actual);
}

static const zx_protocol_device_t probe_ops = {
    .version = DEVICE_OPS_VERSION,
    .read = probe_read,
};

static zx_status_t probe_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    device_add_args_t args = {
        .version = DEVICE_ADD_ARGS_VERSION,
        .name = "sandbox-probe",
        .ops = &probe_ops,
        .proto_id = ZX_PROTOCOL_TEST,
    };
    zx_device_t* unused;
    return device_add(parent, &args, &unused);
}

static const zx_driver_ops_t probe_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = probe_bind,
};

ZIRCON_DRIVER(sandbox_probe, probe_driver_ops, "jacinth", "0.1");
