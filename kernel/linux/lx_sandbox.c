// SPDX-License-Identifier: MIT
// The steps by which a driver host confines itself. The order matters: each step needs rights that
// a later one takes away.
#include <lx/sandbox.h>

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <lx/status.h>
#include <zircon/errors.h>

#include "lx_seccomp.h"
#include "lx_trap.h"

// Each step returns 0 or an errno value.
typedef struct sandbox_step {
    const char* name;
    int (*run)(void);
} sandbox_step_t;

static atomic_bool is_entered;

static size_t count_threads(void) {
    DIR* tasks = opendir("/proc/self/task");
    if (tasks == NULL) {
        return 0;
    }
    size_t count = 0;
    const struct dirent* entry;
    while ((entry = readdir(tasks)) != NULL) {
        count += entry->d_name[0] != '.';
    }
    closedir(tasks);
    return count;
}

// True if uid 0 of this process is not uid 0 of the machine, that is, in a user namespace of
// lx_process_spawn().
static bool has_own_users(void) {
    FILE* map = fopen("/proc/self/uid_map", "re");
    if (map == NULL) {
        return false;
    }
    unsigned inside, outside, count;
    bool own = fscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && count == 1;
    fclose(map);
    return own;
}

// The steps below would take the root directory from the whole machine if they ran outside of
// namespaces.
static int check_namespaces(void) {
    if (getpid() != 1 || !has_own_users()) {
        return EDEADLK;
    }
    return count_threads() == 1 ? 0 : EDEADLK;
}

// Ending a thread and taking a backtrace need libgcc_s, which the C library loads at first use, and
// without which ending a thread ends the process.
static int load_libraries(void) {
    void* frame[1];
    backtrace(frame, 1);
    return dlopen("libgcc_s.so.1", RTLD_NOW) != NULL ? 0 : ENOENT;
}

// A directory fd would be a root of its own.
static int close_directories(void) {
    DIR* fds = opendir("/proc/self/fd");
    if (fds == NULL) {
        return errno;
    }
    const struct dirent* entry;
    while ((entry = readdir(fds)) != NULL) {
        int fd = atoi(entry->d_name);
        struct stat st;
        if (entry->d_name[0] != '.' && fd != dirfd(fds) && fstat(fd, &st) == 0 &&
            S_ISDIR(st.st_mode)) {
            close(fd);
        }
    }
    closedir(fds);
    return 0;
}

// Makes an empty read-only file system the root. It is mounted over /proc, which exists because the
// steps before this one have read it, and which need not be hidden then.
static int empty_root(void) {
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/proc", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
              "size=4k,nr_inodes=2,mode=555") != 0 ||
        chdir("/proc") != 0) {
        return errno;
    }
    if (syscall(SYS_pivot_root, ".", ".") == 0) {
        // Both roots are now mounted at one place, the old one above.
        if (umount2(".", MNT_DETACH) != 0) {
            return errno;
        }
    } else if (errno == EINVAL) {
        // The root is the kernel's initial file system, which cannot be replaced: put the new root
        // over it.
        if (mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0) {
            return errno;
        }
    } else {
        return errno;
    }
    return chdir("/") == 0 ? 0 : errno;
}

static int no_new_privileges(void) {
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
}

static int drop_capabilities(void) {
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
        if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) {
            return errno;
        }
    }
    // User 0 is a user like any other from here on, and that cannot be undone.
    if (prctl(PR_SET_SECUREBITS, SECURE_ALL_BITS | SECURE_ALL_LOCKS, 0, 0, 0) != 0 ||
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0) {
        return errno;
    }
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capset, &header, none) == 0 ? 0 : errno;
}

static int not_dumpable(void) {
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 ? 0 : errno;
}

static int trap_opens(void) {
    return lx_trap_install() == ZX_OK ? 0 : EINVAL;
}

static const sandbox_step_t steps[] = {
    {"check of namespaces", check_namespaces},
    {"libraries", load_libraries},
    {"closing of directories", close_directories},
    {"empty root", empty_root},
    {"no_new_privs", no_new_privileges},
    {"capabilities", drop_capabilities},
    {"dumpable off", not_dumpable},
    {"SIGSYS handler", trap_opens},
    {"system call filter", lx_seccomp_load},
};

zx_status_t lx_sandbox_enter_etc(const char** out_step) {
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        int err = steps[i].run();
        if (err != 0) {
            if (out_step != NULL) {
                *out_step = steps[i].name;
            }
            return lx_status_from_errno(err);
        }
    }
    if (out_step != NULL) {
        *out_step = NULL;
    }
    atomic_store(&is_entered, true);
    return ZX_OK;
}

zx_status_t lx_sandbox_enter(void) {
    return lx_sandbox_enter_etc(NULL);
}

bool lx_sandbox_is_entered(void) {
    return atomic_load(&is_entered);
}
