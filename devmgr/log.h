// SPDX-License-Identifier: MIT
// devmgr's log: a ring of records from devmgr, hosts and drivers, bounded in number and bytes, and
// a copy of those that matter on stderr. Sequence numbers grow by one a record, from 1, so that a
// reader can tell what it missed.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

#include "dm_limits.h"

// Severities, as in the protocols.
#define DM_LOG_TRACE   0x10u
#define DM_LOG_DEBUG   0x20u
#define DM_LOG_INFO    0x30u
#define DM_LOG_WARNING 0x40u
#define DM_LOG_ERROR   0x50u

typedef struct dm_log_entry {
    uint64_t sequence;
    zx_time_t time;
    uint8_t severity;
    char source[DM_MAX_NAME + 1];
    char* text;  // owned by the log
} dm_log_entry_t;

typedef struct dm_log {
    dm_log_entry_t* entries;  // owned: ring of DM_LOG_RING_RECORDS
    uint64_t first;           // sequence of the oldest one kept
    uint64_t next;            // sequence of the next one
    size_t bytes;             // of all texts
    uint8_t print_level;      // severities from this on go to stderr too
    bool has_news;            // set by every record; the reader of the log clears it
} dm_log_t;

zx_status_t dm_log_init(dm_log_t* log, uint8_t print_level);
void dm_log_fini(dm_log_t* log);

// Adds a record. Texts are cut to their limits and cleaned of control characters.
void dm_log_write(dm_log_t* log, uint8_t severity, const char* source, const char* text);
void dm_logf(dm_log_t* log, uint8_t severity, const char* source, const char* format, ...)
    __PRINTFLIKE(4, 5);

// The oldest record with a sequence greater than |after|; NULL: there is none. Valid until the next
// record.
const dm_log_entry_t* dm_log_after(const dm_log_t* log, uint64_t after);

// How many records after |after| the ring has lost.
uint64_t dm_log_lost(const dm_log_t* log, uint64_t after);

// False if |name| is no severity.
bool dm_log_level_from_name(const char* name, uint8_t* out_level);
const char* dm_log_level_name(uint8_t severity);
