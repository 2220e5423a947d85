// SPDX-License-Identifier: MIT
// Child processes: start, end, what they inherit, and that nothing of them stays.
#include "child_run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <zircon/errors.h>
#include <zircon/process.h>

Test(process, exit_code) {
    child_run_t run;
    child_run(&run, false, CHILD("exit", "42"));
    cr_assert(run.exit.exited);
    cr_assert_eq(run.exit.code, 42);
}

Test(process, signal) {
    child_run_t run;
    child_run(&run, false, CHILD("signal", "15"));
    cr_assert_not(run.exit.exited);
    cr_assert_eq(run.exit.signal, SIGTERM);
}

Test(process, exit_stays) {
    child_run_t run;
    child_start(&run, false, CHILD("exit", "3"));
    child_wait(&run);
    child_wait(&run);
    cr_assert_eq(run.exit.code, 3);
    zx_info_process_t info;
    cr_assert_eq(zx_object_get_info(run.process, ZX_INFO_PROCESS, &info, sizeof(info), NULL, NULL),
                 ZX_OK);
    cr_assert(info.exited);
    cr_assert_eq(info.return_code, 3);
    child_close(&run);
}

static void kill_running(bool sandbox) {
    child_run_t run;
    child_start(&run, sandbox, CHILD("sleep"));
    cr_assert_eq(lx_process_get_exit(run.process, &run.exit), ZX_ERR_SHOULD_WAIT);
    zx_signals_t observed;
    cr_assert_eq(zx_object_wait_one(run.process, ZX_PROCESS_TERMINATED, 0, &observed),
                 ZX_ERR_TIMED_OUT);
    cr_assert_eq(zx_task_kill(run.process), ZX_OK);
    child_wait(&run);
    cr_assert_not(run.exit.exited);
    cr_assert_eq(run.exit.signal, SIGKILL);
    cr_assert_eq(zx_task_kill(run.process), ZX_OK);
    child_close(&run);
}

Test(process, kill) {
    kill_running(false);
}

Test(process, kill_sandboxed) {
    kill_running(true);
}

// True if the pid names no process, not even a dead one.
static bool is_gone(pid_t pid) {
    return kill(pid, 0) != 0 && errno == ESRCH;
}

Test(process, close_reaps_the_dead) {
    child_run_t run;
    pid_t pid;
    child_start(&run, false, CHILD("exit", "0"));
    cr_assert_eq(lx_process_get_pid(run.process, &pid), ZX_OK);
    cr_assert_eq(zx_object_wait_one(run.process, ZX_PROCESS_TERMINATED, ZX_TIME_INFINITE, NULL),
                 ZX_OK);
    cr_assert_not(is_gone(pid), "it must stay until it is asked for");
    child_close(&run);
    cr_assert(is_gone(pid));
}

Test(process, close_kills_the_living) {
    child_run_t run;
    pid_t pid;
    child_start(&run, false, CHILD("sleep"));
    cr_assert_eq(lx_process_get_pid(run.process, &pid), ZX_OK);
    child_close(&run);
    cr_assert(is_gone(pid));
}

Test(process, collected_by_another) {
    child_run_t run;
    pid_t pid;
    child_start(&run, false, CHILD("exit", "0"));
    cr_assert_eq(lx_process_get_pid(run.process, &pid), ZX_OK);
    cr_assert_eq(waitpid(pid, NULL, 0), pid);
    cr_assert_eq(lx_process_get_exit(run.process, &run.exit), ZX_ERR_NOT_FOUND);
    cr_assert_eq(lx_process_get_exit(run.process, &run.exit), ZX_ERR_NOT_FOUND);
    child_close(&run);
}

Test(process, nothing_leaks) {
    child_run_t run;
    child_run(&run, true, CHILD("exit", "0"));
    int fds = count_fds();
    size_t handles = lx_handle_count();
    for (int i = 0; i < 20; i++) {
        child_run(&run, i % 2 == 0, CHILD("exit", "0"));
    }
    zx_handle_t process;
    const lx_spawn_args_t absent = {.exe = "/nonexistent", .log_fd = -1, .sandbox = true};
    cr_assert_eq(lx_process_spawn(&absent, &process), ZX_ERR_NOT_FOUND);
    cr_assert_eq(count_fds(), fds);
    cr_assert_eq(lx_handle_count(), handles);
    cr_assert_eq(waitpid(-1, NULL, WNOHANG), -1);
    cr_assert_eq(errno, ECHILD);
}

static void report_is_clean(bool sandbox) {
    signal(SIGPIPE, SIG_IGN);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    setenv("SECRET", "1", 1);
    cr_assert_geq(dup2(0, 77), 0);  // an fd that is not close-on-exec
    child_run_t run;
    child_run(&run, sandbox, CHILD("report", "a b", ""));
    cr_assert_eq(run.exit.code, 0);
    cr_assert_str_eq(strtok(run.text, "\n"), "name child");
    cr_assert_str_eq(strtok(NULL, "\n"), "arg a b");
    cr_assert_str_eq(strtok(NULL, "\n"), "arg ");
    static const char* const expected[] = {
        "env ASAN_OPTIONS=detect_leaks=0", "fd 0", "fd 1", "fd 2", "core 0", "nofile 1024 1024"};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        cr_assert_str_eq(strtok(NULL, "\n"), expected[i]);
    }
    cr_assert_eq(strncmp(strtok(NULL, "\n"), "memlock ", 8), 0);
    cr_assert_str_eq(strtok(NULL, "\n"), "session own");
    cr_assert_str_eq(strtok(NULL, "\n"), "usr1 open");
    cr_assert_str_eq(strtok(NULL, "\n"), "sigpipe default");
    cr_assert_null(strtok(NULL, "\n"));
}

Test(process, inherits_nothing) {
    report_is_clean(false);
}

Test(process, inherits_nothing_sandboxed) {
    report_is_clean(true);
}

Test(process, limits_and_name) {
    static const char* const argv[] = {"x", "report", NULL};
    child_run_t run = {.size = 0};
    int log_fd;
    cr_assert_eq(lx_pipe_create(&run.log, &log_fd), ZX_OK);
    const lx_spawn_args_t args = {.exe = CHILD_PROGRAM,
                                  .argv = argv,
                                  .name = "host sample",
                                  .log_fd = log_fd,
                                  .sandbox = true,
                                  .memlock_bytes = 16384,
                                  .fd_limit = 32,
                                  .thread_limit = 8};
    cr_assert_eq(lx_process_spawn(&args, &run.process), ZX_OK);
    close(log_fd);
    child_read(&run, NULL);
    cr_assert_not_null(strstr(run.text, "name host sample\n"), "%s", run.text);
    cr_assert_not_null(strstr(run.text, "nofile 32 32\n"));
    cr_assert_not_null(strstr(run.text, "memlock 16384\n"));
    child_wait(&run);
    child_close(&run);
}

static void echo(bool sandbox) {
    zx_handle_t mine, theirs, process;
    cr_assert_eq(zx_channel_create(0, &mine, &theirs), ZX_OK);
    const char* const argv[] = {"child", "echo", sandbox ? "sandbox" : NULL, NULL};
    const lx_spawn_args_t args = {.exe = CHILD_PROGRAM,
                                  .argv = argv,
                                  .envp = child_environment,
                                  .bootstrap = theirs,
                                  .log_fd = 2,
                                  .sandbox = sandbox};
    cr_assert_eq(lx_process_spawn(&args, &process), ZX_OK);
    cr_assert_eq(zx_handle_close(theirs), ZX_ERR_BAD_HANDLE, "the bootstrap handle is consumed");
    cr_assert_eq(zx_channel_write(mine, 0, "hello", 5, NULL, 0), ZX_OK);
    zx_signals_t observed;
    cr_assert_eq(zx_object_wait_one(mine, ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED,
                                    ZX_TIME_INFINITE, &observed),
                 ZX_OK);
    char answer[8];
    uint32_t size;
    cr_assert_eq(zx_channel_read(mine, 0, answer, NULL, sizeof(answer), 0, &size, NULL), ZX_OK);
    cr_assert_eq(size, 5);
    cr_assert_eq(memcmp(answer, "hello", 5), 0);
    // The child holds the only other end.
    cr_assert_eq(zx_object_wait_one(mine, ZX_CHANNEL_PEER_CLOSED, ZX_TIME_INFINITE, NULL), ZX_OK);
    cr_assert_eq(zx_object_wait_one(process, ZX_PROCESS_TERMINATED, ZX_TIME_INFINITE, NULL), ZX_OK);
    lx_exit_t end;
    cr_assert_eq(lx_process_get_exit(process, &end), ZX_OK);
    cr_assert(end.exited && end.code == 0, "child's code %d", end.code);
    zx_handle_close(process);
    zx_handle_close(mine);
}

Test(process, bootstrap_channel) {
    echo(false);
}

Test(process, bootstrap_channel_sandboxed) {
    echo(true);
}

Test(process, failures) {
    zx_handle_t process = ZX_HANDLE_INVALID, mine, theirs;
    cr_assert_eq(lx_process_spawn(NULL, &process), ZX_ERR_INVALID_ARGS);
    lx_spawn_args_t args = {.log_fd = -1};
    cr_assert_eq(lx_process_spawn(&args, &process), ZX_ERR_INVALID_ARGS);
    args.exe = "/etc/passwd";
    cr_assert_eq(lx_process_spawn(&args, &process), ZX_ERR_ACCESS_DENIED);
    args.sandbox = true;
    cr_assert_eq(lx_process_spawn(&args, &process), ZX_ERR_ACCESS_DENIED);
    args.exe = "/tmp";
    cr_assert_neq(lx_process_spawn(&args, &process), ZX_OK);
    args.exe = CHILD_PROGRAM;
    cr_assert_eq(zx_event_create(0, &args.bootstrap), ZX_OK);
    zx_handle_t event = args.bootstrap;
    cr_assert_eq(lx_process_spawn(&args, &process), ZX_ERR_WRONG_TYPE);
    cr_assert_eq(zx_handle_close(event), ZX_ERR_BAD_HANDLE);
    // Consumed on failure too, which the other end sees.
    cr_assert_eq(zx_channel_create(0, &mine, &theirs), ZX_OK);
    args.exe = "/nonexistent";
    args.bootstrap = theirs;
    cr_assert_eq(lx_process_spawn(&args, &process), ZX_ERR_NOT_FOUND);
    cr_assert_eq(zx_object_wait_one(mine, ZX_CHANNEL_PEER_CLOSED, ZX_TIME_INFINITE, NULL), ZX_OK);
    zx_handle_close(mine);
    cr_assert_eq(process, ZX_HANDLE_INVALID);
    cr_assert_eq(zx_task_kill(zx_process_self()), ZX_ERR_NOT_SUPPORTED);
}

Test(process, not_a_program) {
    char path[] = "/tmp/jacinth-test-XXXXXX";
    int fd = mkstemp(path);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, "no program", 10), 10);
    cr_assert_eq(fchmod(fd, 0755), 0);
    close(fd);
    const lx_spawn_args_t args = {.exe = path, .log_fd = -1};
    zx_handle_t process;
    cr_expect_eq(lx_process_spawn(&args, &process), ZX_ERR_IO_INVALID);
    unlink(path);
}

// The end of a parent is the end of its children, sandboxed ones included: their output is closed.
Test(process, dies_with_parent) {
    child_run_t run;
    child_start(&run, false, CHILD("parent", CHILD_PROGRAM));
    child_read(&run, "started");
    cr_assert_eq(zx_task_kill(run.process), ZX_OK);
    child_read(&run, NULL);
    child_wait(&run);
    child_close(&run);
}
