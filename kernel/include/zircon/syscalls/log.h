// SPDX-License-Identifier: MIT
// Records and flags of the zx_debuglog_* calls.
#pragma once

#include <zircon/types.h>

typedef struct zx_log_record {
    uint32_t reserved;
    uint16_t datalen;  // bytes in data
    uint16_t flags;
    zx_time_t timestamp;
    uint64_t pid;
    uint64_t tid;
    char data[];  // without a NUL
} zx_log_record_t;

#define ZX_LOG_RECORD_MAX 256u  // a whole record; so 224 bytes of data

#define ZX_LOG_ERROR      0x0001u
#define ZX_LOG_WARN       0x0002u
#define ZX_LOG_INFO       0x0004u
#define ZX_LOG_TRACE      0x0010u
#define ZX_LOG_SPEW       0x0020u
#define ZX_LOG_DEBUG1     0x0100u
#define ZX_LOG_DEBUG2     0x0200u
#define ZX_LOG_DEBUG3     0x0400u
#define ZX_LOG_DEBUG4     0x0800u
#define ZX_LOG_LOCAL      0x1000u
#define ZX_LOG_LEVEL_MASK 0x0fffu
#define ZX_LOG_FLAGS_MASK 0xffffu

#define ZX_LOG_FLAG_READABLE 0x40000000u  // option of zx_debuglog_create
