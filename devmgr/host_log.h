// SPDX-License-Identifier: MIT
// What a host writes to its fd 1 and 2, line by line, and what it logs by message: bounded in rate,
// with the last lines kept for the crash report.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/types.h>

#include "dm_limits.h"
#include "log.h"
#include "loop.h"

// A bucket of tokens: |burst| at once, |rate| a second for long.
typedef struct dm_rate {
    uint64_t tokens_ns;  // in nanoseconds of waiting time
    zx_time_t last;
    uint64_t dropped;  // since the last one that got through
} dm_rate_t;

// Takes a token at |now|. False: none left; the drop is counted.
bool dm_rate_take(dm_rate_t* rate, zx_time_t now, uint64_t burst, uint64_t per_second);

typedef struct dm_host_log {
    dm_log_t* log;     // borrowed
    const char* name;  // borrowed: the host's
    zx_handle_t pipe;  // owned; ZX_HANDLE_INVALID: closed
    dm_source_t source;
    dm_rate_t rate;
    char line[DM_MAX_LOG_LINE + 1];  // the one being received
    size_t line_size;
    bool is_cut;                      // the rest of a line that was too long is being skipped
    char* recent[DM_HOST_LOG_LINES];  // owned: the last lines, a ring
    size_t recent_next;
    char* crash_text;  // owned: the lines with the crash mark; NULL: none
} dm_host_log_t;

// |pipe| is consumed, also on failure.
zx_status_t dm_host_log_start(dm_host_log_t* host_log, dm_loop_t* loop, dm_log_t* log,
                              const char* name, zx_handle_t pipe);
// Reads what is still in the pipe, then closes it.
void dm_host_log_finish(dm_host_log_t* host_log);
void dm_host_log_fini(dm_host_log_t* host_log);

// A record that came by message. Cut, cleaned and counted like a line.
void dm_host_log_record(dm_host_log_t* host_log, uint8_t severity, const char* source,
                        const char* text);

// Appends bytes of the pipe; splits them into lines.
void dm_host_log_bytes(dm_host_log_t* host_log, const char* bytes, size_t size);

// The crash report: |headline|, the lines that the crash handler wrote, the last log lines. The
// caller frees it; NULL: memory is short.
char* dm_host_log_report(const dm_host_log_t* host_log, const char* headline);

// The first line of the crash handler ("signal 11 (SIGSEGV) …"); NULL: none.
const char* dm_host_log_crash_line(const dm_host_log_t* host_log, char* out, size_t size);
