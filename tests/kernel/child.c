// SPDX-License-Identifier: MIT
// The program that the process tests start: child ROLE [ARGUMENT…].
#include "child.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <lx/crash.h>
#include <lx/process.h>
#include <lx/sandbox.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

extern char** environ;

static int role_exit(int argc, char** argv) {
    return argc > 0 ? atoi(argv[0]) : 0;
}

static int role_signal(int argc, char** argv) {
    raise(argc > 0 ? atoi(argv[0]) : SIGTERM);
    return 1;
}

static int role_sleep(int argc, char** argv) {
    (void)argc, (void)argv;
    while (true) {
        pause();
    }
    return 0;
}

// Prints name, arguments, environment, open fds, limits and signal state, one a line.
static int role_report(int argc, char** argv) {
    printf("name %s\n", argv[-2]);
    for (int i = 0; i < argc; i++) {
        printf("arg %s\n", argv[i]);
    }
    for (char** at = environ; *at != NULL; at++) {
        printf("env %s\n", *at);
    }
    DIR* fds = opendir("/proc/self/fd");
    const struct dirent* entry;
    while (fds != NULL && (entry = readdir(fds)) != NULL) {
        if (entry->d_name[0] != '.' && atoi(entry->d_name) != dirfd(fds)) {
            printf("fd %s\n", entry->d_name);
        }
    }
    if (fds != NULL) {
        closedir(fds);
    }
    struct rlimit limit;
    getrlimit(RLIMIT_CORE, &limit);
    printf("core %llu\n", (unsigned long long)limit.rlim_max);
    getrlimit(RLIMIT_NOFILE, &limit);
    printf("nofile %llu %llu\n", (unsigned long long)limit.rlim_cur,
           (unsigned long long)limit.rlim_max);
    getrlimit(RLIMIT_MEMLOCK, &limit);
    printf("memlock %llu\n", (unsigned long long)limit.rlim_cur);
    printf("session %s\n", getsid(0) == getpid() ? "own" : "shared");
    sigset_t mask;
    sigprocmask(SIG_SETMASK, NULL, &mask);
    struct sigaction action;
    sigaction(SIGPIPE, NULL, &action);
    printf("usr1 %s\nsigpipe %s\n", sigismember(&mask, SIGUSR1) == 1 ? "blocked" : "open",
           action.sa_handler == SIG_DFL ? "default" : "changed");
    return 0;
}

// Answers one message on the bootstrap channel with the same bytes.
static int role_echo(int argc, char** argv) {
    (void)argv;
    if (argc > 0 && lx_sandbox_enter() != ZX_OK) {
        return 2;
    }
    zx_handle_t channel = zx_take_startup_handle(PA_HND(PA_USER0, 0));
    if (channel == ZX_HANDLE_INVALID ||
        zx_take_startup_handle(PA_HND(PA_USER0, 0)) != ZX_HANDLE_INVALID) {
        return 3;
    }
    char bytes[64];
    uint32_t size;
    if (zx_object_wait_one(channel, ZX_CHANNEL_READABLE, ZX_TIME_INFINITE, NULL) != ZX_OK ||
        zx_channel_read(channel, 0, bytes, NULL, sizeof(bytes), 0, &size, NULL) != ZX_OK ||
        zx_channel_write(channel, 0, bytes, size, NULL, 0) != ZX_OK) {
        return 4;
    }
    return 0;
}

// Starts a sandboxed child that sleeps and shares fd 1, then waits to be killed.
static int role_parent(int argc, char** argv) {
    (void)argc;
    static const char* const arguments[] = {"child", "sleep", NULL};
    const lx_spawn_args_t args = {.exe = argv[0], .argv = arguments, .log_fd = 1, .sandbox = true};
    zx_handle_t process;
    if (lx_process_spawn(&args, &process) != ZX_OK) {
        return 1;
    }
    printf("started\n");
    fflush(stdout);
    return role_sleep(0, NULL);
}

static int use_stack(int depth) {
    volatile char room[4096];
    room[0] = (char)depth;
    return depth < 0 ? 0 : use_stack(depth + 1) + room[0];
}

static void* crash_in_thread(void* arg) {
    *(volatile int*)arg = 1;
    return NULL;
}

static int role_crash(int argc, char** argv) {
    if (argc < 2 || lx_crash_handler_install(2) != ZX_OK) {
        return 1;
    }
    if (strcmp(argv[1], "sandbox") == 0 && lx_sandbox_enter() != ZX_OK) {
        return 2;
    }
    int* volatile nowhere = (int*)16;
    if (strcmp(argv[0], "segv") == 0) {
        *nowhere = 1;
    } else if (strcmp(argv[0], "abort") == 0) {
        abort();
    } else if (strcmp(argv[0], "stack") == 0) {
        return use_stack(0);
    } else if (strcmp(argv[0], "thread") == 0) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, crash_in_thread, nowhere) == 0) {
            pthread_join(thread, NULL);
        }
    } else if (strcmp(argv[0], "trap") == 0) {
        raise(SIGTRAP);
    }
    return 0;
}

static const struct {
    const char* name;
    child_role_fn* run;
} roles[] = {
    {"exit", role_exit},
    {"signal", role_signal},
    {"sleep", role_sleep},
    {"report", role_report},
    {"echo", role_echo},
    {"parent", role_parent},
    {"crash", role_crash},
    {"refused", child_refused},
    {"allowed", child_allowed},
    {"enter-twice", child_enter_twice},
    {"enter-with-thread", child_enter_with_thread},
    {"objects", child_objects},
    {"errors", child_errors},
    {"load", child_load},
    {"load-fails", child_load_fails},
};

int main(int argc, char** argv) {
    for (size_t i = 0; argc >= 2 && i < sizeof(roles) / sizeof(roles[0]); i++) {
        if (strcmp(argv[1], roles[i].name) == 0) {
            return roles[i].run(argc - 2, argv + 2);
        }
    }
    fprintf(stderr, "child: no such role\n");
    return 126;
}
