// SPDX-License-Identifier: MIT
// The sandbox, from inside (what a confined process is refused) and from outside (how the kernel
// sees it).
#include "child_run.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>

#include <lx/sandbox.h>
#include <zircon/errors.h>

Test(sandbox, refuses) {
    child_run_t run;
    child_run(&run, true, CHILD("refused"));
    cr_assert_null(strstr(run.text, "NOT"), "%s", run.text);
    cr_assert(run.exit.exited && run.exit.code == 0, "code %d: %s", run.exit.code, run.text);
    static const char* const wanted[] = {
        "open-passwd", "open-proc", "open-vfio", "socket-inet", "socket-unix",  "ptrace-self",
        "mount",       "execve",    "fork",      "kill-parent", "unshare",      "setuid",
        "bpf",         "io_uring",  "keyctl",    "clone3",      "ioctl-tiocsti"};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        char line[64];
        snprintf(line, sizeof(line), "refused %s\n", wanted[i]);
        cr_assert_not_null(strstr(run.text, line), "no attempt at %s", wanted[i]);
    }
}

Test(sandbox, allows_what_drivers_need) {
    child_run_t run;
    child_run(&run, true, CHILD("allowed"));
    cr_assert(run.exit.exited && run.exit.code == 0, "code %d signal %d: %s", run.exit.code,
              run.exit.signal, run.text);
}

Test(sandbox, entered_once) {
    child_run_t run;
    child_run(&run, true, CHILD("enter-twice"));
    cr_assert(run.exit.exited && run.exit.code == 0, "code %d", run.exit.code);
}

Test(sandbox, refused_with_a_thread) {
    child_run_t run;
    child_run(&run, true, CHILD("enter-with-thread"));
    cr_assert(run.exit.exited && run.exit.code == 0, "code %d", run.exit.code);
}

// Outside of namespaces the call must not touch anything: it would take the machine's root away.
Test(sandbox, refused_outside) {
    const char* step = NULL;
    cr_assert_eq(lx_sandbox_enter_etc(&step), ZX_ERR_BAD_STATE);
    cr_assert_not_null(step);
    cr_assert_not(lx_sandbox_is_entered());
    cr_assert_eq(access("/etc/passwd", R_OK), 0);
    child_run_t run;
    child_run(&run, false, CHILD("allowed"));
    cr_assert_eq(run.exit.code, 2);
}

static FILE* open_of(pid_t pid, const char* name) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
    FILE* file = fopen(path, "re");
    cr_assert_not_null(file, "%s", path);
    return file;
}

static void read_status(pid_t pid, char* text, size_t size) {
    FILE* file = open_of(pid, "status");
    text[fread(text, 1, size - 1, file)] = '\0';
    fclose(file);
}

static void assert_status(const char* text, const char* line) {
    cr_expect_not_null(strstr(text, line), "no line %s in:\n%s", line, text);
}

static void assert_own_namespace(pid_t pid, const char* name) {
    char path[64];
    struct stat own, theirs;
    snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
    cr_assert_eq(stat(path, &own), 0);
    snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
    cr_assert_eq(stat(path, &theirs), 0);
    cr_expect_neq(own.st_ino, theirs.st_ino, "shares the namespace %s", name);
}

static void assert_empty_root(pid_t pid) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
    DIR* root = opendir(path);
    cr_assert_not_null(root);
    const struct dirent* entry;
    while ((entry = readdir(root)) != NULL) {
        cr_expect(entry->d_name[0] == '.', "the root holds %s", entry->d_name);
    }
    struct statfs st;
    cr_assert_eq(fstatfs(dirfd(root), &st), 0);
    cr_expect_eq(st.f_type, TMPFS_MAGIC);
    cr_expect_eq(openat(dirfd(root), "x", O_CREAT | O_RDWR, 0600), -1);
    cr_expect_eq(errno, EROFS);
    closedir(root);
    // Nothing is mounted below it, and none of the machine's mounts is left.
    FILE* mounts = open_of(pid, "mounts");
    int count = 0;
    for (int c = fgetc(mounts); c != EOF; c = fgetc(mounts)) {
        count += c == '\n';
    }
    fclose(mounts);
    cr_expect_eq(count, 1);
}

static void assert_confined(unsigned outside_id) {
    static const char* const namespaces[] = {"user", "mnt", "pid", "net", "ipc", "uts"};
    child_run_t run;
    pid_t pid;
    child_start(&run, true, CHILD("allowed", "wait"));
    child_read(&run, "ready");
    cr_assert_eq(lx_process_get_pid(run.process, &pid), ZX_OK);
    char status[4096], ids[64];
    read_status(pid, status, sizeof(status));
    assert_status(status, "CapInh:\t0000000000000000\n");
    assert_status(status, "CapPrm:\t0000000000000000\n");
    assert_status(status, "CapEff:\t0000000000000000\n");
    assert_status(status, "CapBnd:\t0000000000000000\n");
    assert_status(status, "CapAmb:\t0000000000000000\n");
    assert_status(status, "NoNewPrivs:\t1\n");
    assert_status(status, "Seccomp:\t2\n");
    snprintf(ids, sizeof(ids), "Uid:\t%u\t%u\t%u\t%u\n", outside_id, outside_id, outside_id,
             outside_id);
    assert_status(status, ids);
    snprintf(ids, sizeof(ids), "Gid:\t%u\t%u\t%u\t%u\n", outside_id, outside_id, outside_id,
             outside_id);
    assert_status(status, ids);
    assert_status(status, "\nGroups:\t \n");
    for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]); i++) {
        assert_own_namespace(pid, namespaces[i]);
    }
    assert_empty_root(pid);
    child_close(&run);
}

Test(sandbox, confined_as_nobody_by_root) {
    if (geteuid() != 0) {
        cr_skip("needs root");
    }
    gid_t groups[] = {0, 4};
    cr_assert_eq(setgroups(2, groups), 0);
    assert_confined(65534);
}

// Without any privilege, as on the board `host`.
Test(sandbox, confined_as_ourselves_by_a_user) {
    if (geteuid() == 0) {
        cr_assert_eq(setgroups(0, NULL), 0);
        cr_assert_eq(setresgid(1234, 1234, 1234), 0);
        cr_assert_eq(setresuid(1234, 1234, 1234), 0);
        // A change of user without exec would leave our own and the child's /proc files to root.
        cr_assert_eq(prctl(PR_SET_DUMPABLE, 1), 0);
        if (access(CHILD_PROGRAM, X_OK) != 0) {
            cr_skip("the build folder is not readable for others");
        }
        assert_confined(1234);
    } else if (geteuid() == getegid()) {
        assert_confined(geteuid());
    }
}
