// SPDX-License-Identifier: MIT
// Child processes: starting one, with or without a sandbox around it, and learning how it ended.
//
// A process handle (ZX_OBJ_TYPE_PROCESS) stands for a child of this process. It asserts
// ZX_PROCESS_TERMINATED when the child has ended; zx_task_kill() ends it at once. The child is
// reaped when its exit is read or when the last handle is closed, so neither leaves a zombie.
// Closing the last handle of a child that still runs kills it and waits for its end (the kernel's
// work only; a killed process cannot refuse): whoever owns the handle owns the child. The calling
// process must not ignore SIGCHLD and must not collect children it does not know (waitpid(-1)).
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <zircon/types.h>

// The number under which a child finds its bootstrap channel;
// zx_take_startup_handle(PA_HND(PA_USER0, 0)) takes it.
#define LX_BOOTSTRAP_FD 3
// Set by lx_process_spawn() in the child's environment if there is a bootstrap channel; the value
// is the fd number.
#define LX_BOOTSTRAP_ENV "JACINTH_BOOTSTRAP_FD"

typedef struct lx_spawn_args {
    // Path of the program. The caller's rights open it; the child needs none to its folder.
    const char* exe;
    const char* const* argv;  // NULL-terminated; NULL: { exe }
    const char* const* envp;  // NULL-terminated; NULL: empty. Nothing is inherited.
    const char* name;         // takes the place of argv[0], for ps; NULL: argv[0] stays
    zx_handle_t bootstrap;    // consumed, always: a channel; ZX_HANDLE_INVALID: none
    int log_fd;               // borrowed: becomes the child's fd 1 and 2; -1: /dev/null
    bool sandbox;             // own namespaces, as docs/sandbox.md says; see lx/sandbox.h

    // Limits; 0 takes the default in brackets. One above what the caller may grant is cut to that.
    uint64_t memlock_bytes;        // locked memory, so also DMA mappings [the caller's own limit]
    uint64_t address_space_bytes;  // [no limit]
    uint32_t fd_limit;             // open fds [1024]
    uint32_t thread_limit;         // threads; sandbox only [512]
} lx_spawn_args_t;

// How a process ended. code is meaningful if exited, signal if not.
typedef struct lx_exit {
    bool exited;  // true: by exit(); false: by a signal
    int code;
    int signal;
} lx_exit_t;

// Starts a program. Blocks until the child has begun to run it, so that every failure up to and
// including exec is the caller's to see. The child's fds are 0 (/dev/null), 1, 2 and
// LX_BOOTSTRAP_FD, no others; its signal mask and handlers are the defaults; it leads a session of
// its own, without a terminal; it gets no core file.
// It is killed when the thread that called this ends, so call it from a thread that lives as long
// as the process. *out_process (owned by the caller) is written on success only; args->bootstrap is
// consumed on failure, too.
//
// ZX_ERR_NOT_FOUND                        exe
// ZX_ERR_ACCESS_DENIED                    exe, or the kernel refuses the namespaces
// ZX_ERR_NO_SPACE, ZX_ERR_NO_RESOURCES    too many namespaces, processes or fds
// ZX_ERR_IO_INVALID                       exe is no program of this machine
// ZX_ERR_BAD_HANDLE, ZX_ERR_WRONG_TYPE    bootstrap is no channel
// ZX_ERR_BAD_STATE                        bootstrap has been read from already
// ZX_ERR_INVALID_ARGS                     args or exe is NULL
zx_status_t lx_process_spawn(const lx_spawn_args_t* args, zx_handle_t* out_process);

// Tells how a process ended. Never blocks. May be called again; the answer stays.
// ZX_ERR_SHOULD_WAIT: it runs; ZX_ERR_NOT_FOUND: it ended, but somebody else has collected its exit
// status.
zx_status_t lx_process_get_exit(zx_handle_t process /* borrowed */, lx_exit_t* out_exit);

// The child's pid, as this process sees it. It stays reserved until the child is reaped. Never
// blocks.
zx_status_t lx_process_get_pid(zx_handle_t process /* borrowed */, pid_t* out_pid);

// Names the calling thread, and with it the process if it is the first one, for ps, top and crash
// lines; cut to 15 bytes.
void lx_process_set_name(const char* name);
