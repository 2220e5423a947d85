// SPDX-License-Identifier: MIT
// ./x when it can't: what it says, that it ends, and that nothing of it stays.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "system.h"

TestSuite(boot, .fini = sys_work_remove, .timeout = 120);

static void expect_failure(const char* command, const char* words) {
    sys_result_t result = sys_run("%s", command);
    cr_expect_neq(result.code, 0, "`%s` succeeded", command);
    cr_expect_not_null(strstr(result.err, words), "`%s` should say '%s', it says: %s", command,
                       words, result.err);
    cr_expect_null(strstr(result.err, "Traceback"), "%s", result.err);
    sys_result_fini(&result);
}

Test(boot, an_unknown_board_is_named_with_the_known_ones) {
    char command[4096];
    snprintf(command, sizeof(command), "'%s/x' boot no-such-board --exit", sys_source());
    expect_failure(command, "qemu-x64");
}

Test(boot, a_board_without_a_machine_says_how_to_run_it) {
    char command[4096];
    snprintf(command, sizeof(command), "'%s/x' boot host --exit --build-dir '%s'", sys_source(),
             sys_build());
    expect_failure(command, "./x run host");
}

Test(boot, without_qemu_the_package_is_named) {
    // A PATH with everything but QEMU.
    sys_result_t made = sys_expect(0,
                                   "mkdir %s/path && ln -s /usr/bin/* /bin/* %s/path/ 2>/dev/null; "
                                   "rm %s/path/qemu-system-x86_64",
                                   sys_work(), sys_work(), sys_work());
    sys_result_fini(&made);
    char command[8192];
    snprintf(command, sizeof(command), "PATH=%s/path '%s/x' boot qemu-x64 --exit --build-dir '%s'",
             sys_work(), sys_source(), sys_build());
    expect_failure(command, "qemu-system-x86");
}

// A QEMU that dies, and one that never answers, stand in on the PATH.
Test(boot, a_qemu_that_dies_is_reported) {
    sys_result_t made = sys_expect(0,
                                   "mkdir %s/path && printf '#!/bin/sh\\necho no accelerator >&2; "
                                   "exit 3\\n' > %s/path/qemu-system-x86_64 "
                                   "&& chmod +x %s/path/qemu-system-x86_64",
                                   sys_work(), sys_work(), sys_work());
    sys_result_fini(&made);
    char command[8192];
    snprintf(command, sizeof(command),
             "PATH=%s/path:$PATH '%s/x' boot qemu-x64 --exit --build-dir '%s'", sys_work(),
             sys_source(), sys_build());
    expect_failure(command, "no accelerator");
}

Test(boot, a_guest_that_hangs_is_stopped) {
    sys_result_t made =
        sys_expect(0,
                   "mkdir %s/path && printf '#!/bin/sh\\necho $$ > %s/pid; exec sleep 1000\\n' > "
                   "%s/path/qemu-system-x86_64 && chmod +x %s/path/qemu-system-x86_64",
                   sys_work(), sys_work(), sys_work(), sys_work());
    sys_result_fini(&made);
    sys_result_t result =
        sys_run("PATH=%s/path:$PATH '%s/x' boot qemu-x64 --exit --timeout 2 --build-dir '%s'",
                sys_work(), sys_source(), sys_build());
    cr_expect_eq(result.code, 124);
    cr_expect_not_null(strstr(result.err, "did not answer"), "%s", result.err);
    sys_result_fini(&result);
    result = sys_run("kill -0 $(cat %s/pid)", sys_work());
    cr_expect_neq(result.code, 0, "QEMU is still there");
    sys_result_fini(&result);
}

// The stand-in for QEMU tells its pid through a FIFO; then the interrupt comes.
Test(boot, an_interrupt_ends_it_and_leaves_no_process) {
    sys_result_t made =
        sys_expect(0,
                   "mkdir %s/path && mkfifo %s/pid && printf '#!/bin/sh\\necho $$ > %s/pid; exec "
                   "sleep 1000\\n' > "
                   "%s/path/qemu-system-x86_64 && chmod +x %s/path/qemu-system-x86_64",
                   sys_work(), sys_work(), sys_work(), sys_work(), sys_work());
    sys_result_fini(&made);
    char command[8192];
    snprintf(command, sizeof(command),
             "PATH=%s/path:$PATH exec '%s/x' boot qemu-x64 --exit --build-dir '%s' 2> %s/err",
             sys_work(), sys_source(), sys_build(), sys_work());
    pid_t x = fork();
    if (x == 0) {
        execl("/bin/sh", "sh", "-c", command, (char*)NULL);
        _exit(127);
    }
    sys_result_t qemu = sys_expect(0, "cat %s/pid", sys_work());
    cr_assert_eq(kill(x, SIGINT), 0);
    int status = 0;
    cr_assert_eq(waitpid(x, &status, 0), x);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 130, "status %#x", status);
    sys_result_t result =
        sys_expect(0, "grep interrupted %s/err && ! kill -0 %s", sys_work(), qemu.out);
    sys_result_fini(&result);
    sys_result_fini(&qemu);
}
