// SPDX-License-Identifier: MIT
// Host output: lines, rate limits, crash reports.
#include "host_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lx/crash.h>
#include <lx/pipe.h>
#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "text.h"

#define NS_PER_S 1000000000ull

bool dm_rate_take(dm_rate_t* rate, zx_time_t now, uint64_t burst, uint64_t per_second) {
    uint64_t price = NS_PER_S / per_second;
    uint64_t full = burst * price;
    uint64_t earned = rate->last == 0 ? full : (uint64_t)(now - rate->last);
    rate->tokens_ns = earned >= full - rate->tokens_ns ? full : rate->tokens_ns + earned;
    rate->last = now;
    if (rate->tokens_ns < price) {
        rate->dropped++;
        return false;
    }
    rate->tokens_ns -= price;
    return true;
}

// --------------------------------------------------------------------------------------- lines

static void remember(dm_host_log_t* host_log, const char* text) {
    char** slot = &host_log->recent[host_log->recent_next];
    host_log->recent_next = (host_log->recent_next + 1) % DM_HOST_LOG_LINES;
    free(*slot);
    *slot = strndup(text, DM_MAX_LOG_LINE);
    if (*slot != NULL) {
        dm_text_clean(*slot);
    }
}

static void write_limited(dm_host_log_t* host_log, uint8_t severity, const char* source,
                          const char* text) {
    uint64_t dropped = host_log->rate.dropped;
    if (!dm_rate_take(&host_log->rate, zx_clock_get_monotonic(), DM_HOST_LOG_RECORDS_BURST,
                      DM_HOST_LOG_RECORDS_RATE)) {
        return;
    }
    if (dropped != 0) {
        host_log->rate.dropped = 0;
        dm_logf(host_log->log, DM_LOG_WARNING, host_log->name,
                "%llu log records dropped: it logs too much", (unsigned long long)dropped);
    }
    dm_log_write(host_log->log, severity, source, text);
}

static void keep_crash_line(dm_host_log_t* host_log, const char* line) {
    size_t length = host_log->crash_text != NULL ? strlen(host_log->crash_text) : 0;
    if (length + strlen(line) + 1 > DM_HOST_CRASH_TEXT / 2) {
        return;
    }
    char* text = realloc(host_log->crash_text, length + strlen(line) + 2);
    if (text != NULL) {
        host_log->crash_text = text;
        sprintf(text + length, "%s\n", line);
        dm_text_clean(text + length);
        text[length + strlen(line)] = '\n';
    }
}

static void finish_line(dm_host_log_t* host_log) {
    host_log->line[host_log->line_size] = '\0';
    if (host_log->line_size != 0) {
        bool is_crash = strncmp(host_log->line, LX_CRASH_MARK, sizeof(LX_CRASH_MARK) - 1) == 0;
        if (is_crash) {
            const char* text = host_log->line + sizeof(LX_CRASH_MARK) - 1;
            keep_crash_line(host_log, text + strspn(text, " "));
        } else {
            remember(host_log, host_log->line);
        }
        write_limited(host_log, is_crash ? DM_LOG_ERROR : DM_LOG_INFO, host_log->name,
                      host_log->line);
    }
    host_log->line_size = 0;
    host_log->is_cut = false;
}

void dm_host_log_bytes(dm_host_log_t* host_log, const char* bytes, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '\n') {
            finish_line(host_log);
        } else if (host_log->line_size < DM_MAX_LOG_LINE) {
            host_log->line[host_log->line_size++] = bytes[i] != '\0' ? bytes[i] : '?';
        } else {
            host_log->is_cut = true;
        }
    }
}

void dm_host_log_record(dm_host_log_t* host_log, uint8_t severity, const char* source,
                        const char* text) {
    uint8_t level = severity < DM_LOG_TRACE ? DM_LOG_TRACE : severity;
    level = level > DM_LOG_ERROR ? DM_LOG_ERROR : level;
    char shown[DM_MAX_NAME + 1];
    dm_driver_name_canonical(shown, sizeof(shown),
                             source != NULL && source[0] != '\0' ? source : host_log->name);
    remember(host_log, text);
    write_limited(host_log, level, shown, text);
}

// ---------------------------------------------------------------------------------------- pipe

static void close_pipe(dm_host_log_t* host_log) {
    dm_source_stop(&host_log->source);
    zx_handle_close(host_log->pipe);
    host_log->pipe = ZX_HANDLE_INVALID;
}

// One portion. False: nothing more is there now.
static bool read_some(dm_host_log_t* host_log) {
    char bytes[DM_HOST_LOG_READ_SIZE];
    size_t actual = 0;
    zx_status_t status = lx_pipe_read(host_log->pipe, bytes, sizeof(bytes), &actual);
    if (status == ZX_OK) {
        dm_host_log_bytes(host_log, bytes, actual);
        return true;
    }
    if (status != ZX_ERR_SHOULD_WAIT) {
        close_pipe(host_log);
    }
    return false;
}

static void on_pipe(void* ctx, zx_signals_t observed) {
    dm_host_log_t* host_log = ctx;
    if (observed == 0) {
        close_pipe(host_log);
        return;
    }
    read_some(host_log);
}

zx_status_t dm_host_log_start(dm_host_log_t* host_log, dm_loop_t* loop, dm_log_t* log,
                              const char* name, zx_handle_t pipe) {
    *host_log = (dm_host_log_t){.log = log, .name = name, .pipe = pipe};
    zx_status_t status =
        dm_source_start(loop, &host_log->source, pipe, ZX_SOCKET_READABLE | ZX_SOCKET_PEER_CLOSED,
                        on_pipe, host_log);
    if (status != ZX_OK) {
        close_pipe(host_log);
    }
    return status;
}

// A host's grandchildren could keep the pipe full for ever.
#define MAX_FINAL_READS 64u

void dm_host_log_finish(dm_host_log_t* host_log) {
    for (size_t i = 0; i < MAX_FINAL_READS && host_log->pipe != ZX_HANDLE_INVALID; i++) {
        if (!read_some(host_log)) {
            break;
        }
    }
    if (host_log->pipe != ZX_HANDLE_INVALID) {
        close_pipe(host_log);
    }
    if (host_log->line_size != 0) {
        finish_line(host_log);
    }
}

void dm_host_log_fini(dm_host_log_t* host_log) {
    if (host_log->pipe != ZX_HANDLE_INVALID) {
        close_pipe(host_log);
    }
    for (size_t i = 0; i < DM_HOST_LOG_LINES; i++) {
        free(host_log->recent[i]);
    }
    free(host_log->crash_text);
    *host_log = (dm_host_log_t){0};
}

// -------------------------------------------------------------------------------------- report

// The length of the line at |text|, without its end.
static int line_length(const char* text) {
    return (int)strcspn(text, "\n");
}

const char* dm_host_log_crash_line(const dm_host_log_t* host_log, char* out, size_t size) {
    const char* text = host_log->crash_text;
    if (text == NULL) {
        return NULL;
    }
    // What the host was doing may come before the signal.
    const char* signal_line = strstr(text, "signal ");
    if (signal_line == NULL || signal_line == text) {
        snprintf(out, size, "%.*s", line_length(text), text);
    } else {
        snprintf(out, size, "%.*s; %.*s", line_length(signal_line), signal_line, line_length(text),
                 text);
    }
    return out;
}

char* dm_host_log_report(const dm_host_log_t* host_log, const char* headline) {
    char* report = malloc(DM_HOST_CRASH_TEXT + 1);
    if (report == NULL) {
        return NULL;
    }
    size_t used = (size_t)snprintf(report, DM_HOST_CRASH_TEXT, "%s\n%s", headline,
                                   host_log->crash_text != NULL ? host_log->crash_text : "");
    bool is_first = true;
    for (size_t i = 0; i < DM_HOST_LOG_LINES && used < DM_HOST_CRASH_TEXT; i++) {
        const char* line = host_log->recent[(host_log->recent_next + i) % DM_HOST_LOG_LINES];
        if (line != NULL) {
            used += (size_t)snprintf(report + used, DM_HOST_CRASH_TEXT - used, "%s  %s\n",
                                     is_first ? "last log lines:\n" : "", line);
            is_first = false;
        }
    }
    return report;
}
