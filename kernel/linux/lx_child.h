// SPDX-License-Identifier: MIT
// The way of a new process from clone() to exec. Split from lx_process.c because other rules hold
// here: the child has a copy of one thread of a process with many, so no lock may be taken and no
// memory allocated.
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

// fd numbers in the child: 0 to 3 as lx/process.h says, and these until exec.
#define LX_CHILD_EXE_FD  4
#define LX_CHILD_SYNC_FD 5

// Everything the child needs, prepared by the parent. All pointers and fds are borrowed.
typedef struct lx_child_plan {
    int exe_fd;
    int null_fd;
    int log_fd;        // -1: null_fd
    int bootstrap_fd;  // -1: none
    int sync_fd;       // the child's end of a SOCK_SEQPACKET pair
    const char* const* argv;
    const char* const* envp;
    bool sandbox;
    bool drop_groups;  // sandbox only: setgroups() is allowed
} lx_child_plan_t;

// What the child tells over sync_fd when it fails; it says nothing when exec succeeds.
typedef struct lx_child_failure {
    int32_t err;
} lx_child_failure_t;

// Makes a child that waits for one byte on its sync_fd, then prepares itself and runs the program.
// Returns 0 or an errno value. *out_pidfd is owned by the caller, close-on-exec.
int lx_child_start(const lx_child_plan_t* plan, int* out_pidfd, pid_t* out_pid);
