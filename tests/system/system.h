// SPDX-License-Identifier: MIT
// What the whole-system tests share: running commands, a devmgr of one's own on this machine, and
// boots of the guest. Everything is checked from the outside, through the programs a user has.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <jansson.h>

// A finished command. Free with sys_result_fini().
typedef struct sys_result {
    int code;   // exit code; 128+N for signal N
    char* out;  // owned: its stdout, NUL-terminated
    size_t out_size;
    char* err;  // owned: its stderr, NUL-terminated
} sys_result_t;

void sys_result_fini(sys_result_t* result);

// Runs a shell command made by printf's rules and waits for it. PATH has the build's bin first,
// JACINTH_BUILD and JACINTH_SOURCE are set.
sys_result_t sys_run(const char* format, ...) __attribute__((format(printf, 1, 2)));

// As sys_run; fails the test, showing what was printed, unless the exit code is |code|.
sys_result_t sys_expect(int code, const char* format, ...) __attribute__((format(printf, 2, 3)));

const char* sys_build(void);
const char* sys_source(void);

// A folder of this test's own; removed by sys_work_remove().
const char* sys_work(void);
void sys_work_remove(void);

// Writes a file in the work folder; returns its path (static storage, valid until the next call).
const char* sys_write_file(const char* name, const char* text);

// Starts devmgr on |board| (a path) with a socket in the work folder and waits until it is ready;
// $JACINTH_SOCKET names the socket from then on. Fails the test if it does not come up.
pid_t sys_devmgr_start(const char* board);

// Asks devmgr to shut down, waits for it, and fails the test unless it exits with 0.
void sys_devmgr_stop(pid_t devmgr);

// The parsed output of `jacinth <words> --json`. The caller owns it.
json_t* sys_jacinth_json(const char* words);

// The device with that path in the output of `jacinth devices --json`, borrowed from |devices|;
// NULL if there is none.
json_t* sys_find_device(json_t* devices, const char* path);

// Its host's pid; fails the test if it has none.
pid_t sys_host_pid(const char* path);

// How many fds process |pid| has open, and how many children.
int sys_fd_count(pid_t pid);
int sys_child_count(pid_t pid);
