// SPDX-License-Identifier: MIT
// Starting the child program from a test, collecting what it prints, and counting what is left
// behind.
#pragma once

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <lx/handle.h>
#include <lx/pipe.h>
#include <lx/process.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "../fakes/fd_check.h"
#include "../fakes/race_report.h"

#define EVER ZX_TIME_INFINITE
#define OK(call)                                                                     \
    do {                                                                             \
        zx_status_t got_ = (call);                                                   \
        cr_assert_eq(got_, ZX_OK, "%s gives %s", #call, zx_status_get_string(got_)); \
    } while (0)

// A sanitized child that ends well must not look for leaks: inside the sandbox that cannot work.
static const char* const child_environment[] = {"ASAN_OPTIONS=detect_leaks=0", NULL};

typedef struct child_run {
    zx_handle_t process;
    zx_handle_t log;
    char text[256 * 1024];  // what the child printed
    size_t size;
    lx_exit_t exit;
} child_run_t;

static inline int count_fds(void) {
    fd_check_warm_up();
    return fd_check_count();
}

// Starts the child with its output in run->log. `argv` begins with the role. `bootstrap`, which is
// consumed, becomes the child's startup handle, unless it is ZX_HANDLE_INVALID.
static inline void child_start_with(child_run_t* run, bool sandbox, const char* const* argv,
                                    zx_handle_t bootstrap) {
    const char* arguments[8] = {"child"};
    for (size_t i = 0; argv[i] != NULL; i++) {
        cr_assert_lt(i, 6);
        arguments[i + 1] = argv[i];
    }
    int log_fd;
    memset(run, 0, sizeof(*run));
    cr_assert_eq(lx_pipe_create(&run->log, &log_fd), ZX_OK);
    const lx_spawn_args_t args = {.exe = CHILD_PROGRAM,
                                  .argv = arguments,
                                  .envp = child_environment,
                                  .bootstrap = bootstrap,
                                  .log_fd = log_fd,
                                  .sandbox = sandbox};
    zx_status_t status = lx_process_spawn(&args, &run->process);
    close(log_fd);
    cr_assert_eq(status, ZX_OK, "spawn: %d", status);
}

static inline void child_start(child_run_t* run, bool sandbox, const char* const* argv) {
    child_start_with(run, sandbox, argv, ZX_HANDLE_INVALID);
}

// Reads what the child prints until it contains `text`, or until the end if `text` is NULL.
static inline void child_read(child_run_t* run, const char* text) {
    while (text == NULL || strstr(run->text, text) == NULL) {
        size_t actual;
        cr_assert_lt(run->size, sizeof(run->text) - 1, "the child prints too much");
        zx_status_t status = lx_pipe_read(run->log, run->text + run->size,
                                          sizeof(run->text) - 1 - run->size, &actual);
        run->size += actual;
        run->text[run->size] = '\0';
        if (status == ZX_ERR_SHOULD_WAIT) {
            cr_assert_eq(zx_object_wait_one(run->log, ZX_SOCKET_READABLE | ZX_SOCKET_PEER_CLOSED,
                                            ZX_TIME_INFINITE, NULL),
                         ZX_OK);
        } else if (status != ZX_OK) {
            cr_assert_eq(status, ZX_ERR_PEER_CLOSED);
            cr_assert_null(text, "the child ended early; it printed: %s", run->text);
            return;
        }
    }
}

// Waits for the end and reads the exit and what the child printed until then.
static inline void child_wait(child_run_t* run) {
    zx_signals_t observed;
    cr_assert_eq(
        zx_object_wait_one(run->process, ZX_PROCESS_TERMINATED, ZX_TIME_INFINITE, &observed),
        ZX_OK);
    cr_assert_eq(observed & ZX_PROCESS_TERMINATED, ZX_PROCESS_TERMINATED);
    cr_assert_eq(lx_process_get_exit(run->process, &run->exit), ZX_OK);
    size_t actual;
    do {
        (void)lx_pipe_read(run->log, run->text + run->size, sizeof(run->text) - 1 - run->size,
                           &actual);
        run->size += actual;
    } while (actual > 0);
    run->text[run->size] = '\0';
    race_report_show("the child", run->text);
}

static inline void child_close(child_run_t* run) {
    cr_assert_eq(zx_handle_close(run->process), ZX_OK);
    cr_assert_eq(zx_handle_close(run->log), ZX_OK);
}

// All of the above: runs the child to its end.
static inline void child_run(child_run_t* run, bool sandbox, const char* const* argv) {
    child_start(run, sandbox, argv);
    child_read(run, NULL);
    child_wait(run);
    child_close(run);
}

#define CHILD(...) ((const char* const[]){__VA_ARGS__, NULL})
