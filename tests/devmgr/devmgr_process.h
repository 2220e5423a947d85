// SPDX-License-Identifier: MIT
// A devmgr process for tests, with a board and a control socket of its own in a temporary folder.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <protocols/control.h>
#include <protocols/runtime.h>
#include <zircon/types.h>

typedef struct devmgr_process {
    char dir[64];
    char socket[128];
    char board[128];
    char host[512];
    pid_t pid;
    int output;  // of devmgr, a file in dir
} devmgr_process_t;

// Starts devmgr on |board| (YAML text) with the host program that misbehaves as |mode| says, or, if
// |mode| is NULL, with the real one. |options|: further arguments, NULL-terminated; may be NULL.
void devmgr_start(devmgr_process_t* devmgr, const char* board, const char* mode,
                  const char* const* options);

// Ends devmgr by SIGTERM, checks that it exits with 0 in time and removes the folder.
void devmgr_stop(devmgr_process_t* devmgr);

bool devmgr_is_alive(const devmgr_process_t* devmgr);
size_t devmgr_fd_count(const devmgr_process_t* devmgr);
size_t devmgr_child_count(const devmgr_process_t* devmgr);

// A connection to the control socket; waits until devmgr listens.
zx_handle_t devmgr_connect(const devmgr_process_t* devmgr);

// Waits for a log record that contains |text|, from the beginning of the log. False: none came
// within |seconds|.
bool devmgr_wait_log(zx_handle_t control, const char* text, unsigned seconds);

// Copies the device at |path|. False: there is none.
typedef struct device_seen {
    char driver[64];
    char state[32];
    char fault[1024];
    char crash[4200];
    unsigned pid;
    unsigned children;
    unsigned restarts;
} device_seen_t;
bool devmgr_show(zx_handle_t control, const char* path, device_seen_t* out);

// Waits for the board's expectations. Returns the status; the first missing one goes to |missing|.
zx_status_t devmgr_wait_ready(zx_handle_t control, unsigned timeout_ms, char* missing, size_t size);

// Load, reload or unload. Returns the status; `detail` gets the text. |file| is in <build>/lib.
zx_status_t devmgr_load(zx_handle_t control, bool is_reload, const char* name, const char* file,
                        char* detail, size_t size);
zx_status_t devmgr_unload(zx_handle_t control, const char* name);
