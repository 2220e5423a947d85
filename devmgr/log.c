// SPDX-License-Identifier: MIT
// The log ring.
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "text.h"

typedef struct level_row {
    const char* name;
    uint8_t level;
} level_row_t;

static const level_row_t g_levels[] = {{"trace", DM_LOG_TRACE},
                                       {"debug", DM_LOG_DEBUG},
                                       {"info", DM_LOG_INFO},
                                       {"warning", DM_LOG_WARNING},
                                       {"error", DM_LOG_ERROR}};

#define LEVEL_COUNT (sizeof(g_levels) / sizeof(g_levels[0]))

bool dm_log_level_from_name(const char* name, uint8_t* out_level) {
    for (size_t i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(g_levels[i].name, name) == 0) {
            *out_level = g_levels[i].level;
            return true;
        }
    }
    return false;
}

const char* dm_log_level_name(uint8_t severity) {
    const char* name = g_levels[0].name;
    for (size_t i = 0; i < LEVEL_COUNT && g_levels[i].level <= severity; i++) {
        name = g_levels[i].name;
    }
    return name;
}

zx_status_t dm_log_init(dm_log_t* log, uint8_t print_level) {
    *log = (dm_log_t){.first = 1, .next = 1, .print_level = print_level};
    log->entries = calloc(DM_LOG_RING_RECORDS, sizeof(log->entries[0]));
    return log->entries != NULL ? ZX_OK : ZX_ERR_NO_MEMORY;
}

static dm_log_entry_t* entry_at(const dm_log_t* log, uint64_t sequence) {
    return &log->entries[sequence % DM_LOG_RING_RECORDS];
}

static void drop_oldest(dm_log_t* log) {
    dm_log_entry_t* entry = entry_at(log, log->first++);
    log->bytes -= strlen(entry->text) + 1;
    free(entry->text);
    entry->text = NULL;
}

void dm_log_fini(dm_log_t* log) {
    while (log->first < log->next) {
        drop_oldest(log);
    }
    free(log->entries);
    *log = (dm_log_t){0};
}

static void print(const dm_log_entry_t* entry) {
    fprintf(stderr, "[%5lld.%06lld] %s: %s%s%s\n", (long long)(entry->time / 1000000000),
            (long long)(entry->time / 1000 % 1000000), entry->source,
            entry->severity >= DM_LOG_WARNING ? dm_log_level_name(entry->severity) : "",
            entry->severity >= DM_LOG_WARNING ? ": " : "", entry->text);
}

void dm_log_write(dm_log_t* log, uint8_t severity, const char* source, const char* text) {
    char* copy = strndup(text, DM_MAX_LOG_TEXT);
    if (copy == NULL) {
        return;
    }
    dm_text_clean(copy);
    size_t size = strlen(copy) + 1;
    while (log->first < log->next && (log->next - log->first >= DM_LOG_RING_RECORDS ||
                                      log->bytes + size > DM_LOG_RING_BYTES)) {
        drop_oldest(log);
    }
    dm_log_entry_t* entry = entry_at(log, log->next);
    entry->sequence = log->next++;
    entry->time = zx_clock_get_monotonic();
    entry->severity = severity;
    entry->text = copy;
    dm_text_copy(entry->source, sizeof(entry->source), source);
    dm_text_clean(entry->source);
    log->bytes += size;
    log->has_news = true;
    if (severity >= log->print_level) {
        print(entry);
    }
}

void dm_logf(dm_log_t* log, uint8_t severity, const char* source, const char* format, ...) {
    char text[DM_MAX_LOG_TEXT + 1];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    dm_log_write(log, severity, source, text);
}

const dm_log_entry_t* dm_log_after(const dm_log_t* log, uint64_t after) {
    if (after >= log->next - 1) {
        return NULL;
    }
    return entry_at(log, after < log->first ? log->first : after + 1);
}

uint64_t dm_log_lost(const dm_log_t* log, uint64_t after) {
    return after < log->first ? log->first - after - 1 : 0;
}
