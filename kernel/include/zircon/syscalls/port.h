// SPDX-License-Identifier: MIT
// Packets of a port (zx_port_queue, zx_port_wait). The layout is Zircon's, 48 bytes.
#pragma once

#include <zircon/types.h>

#define ZX_PORT_BIND_TO_INTERRUPT ((uint32_t)1u)  // option of zx_port_create

typedef uint32_t zx_packet_type_t;
#define ZX_PKT_TYPE_USER       ((zx_packet_type_t)0u)
#define ZX_PKT_TYPE_SIGNAL_ONE ((zx_packet_type_t)1u)
#define ZX_PKT_TYPE_SIGNAL_REP ((zx_packet_type_t)2u)
#define ZX_PKT_TYPE_INTERRUPT  ((zx_packet_type_t)7u)

#define ZX_PKT_IS_USER(type)       ((type) == ZX_PKT_TYPE_USER)
#define ZX_PKT_IS_SIGNAL_ONE(type) ((type) == ZX_PKT_TYPE_SIGNAL_ONE)
#define ZX_PKT_IS_INTERRUPT(type)  ((type) == ZX_PKT_TYPE_INTERRUPT)

typedef union zx_packet_user {
    uint64_t u64[4];
    uint32_t u32[8];
    uint16_t u16[16];
    uint8_t c8[32];
} zx_packet_user_t;

typedef struct zx_packet_signal {
    zx_signals_t trigger;   // what was asked for
    zx_signals_t observed;  // the state when the packet was made
    uint64_t count;         // 1
    zx_time_t timestamp;    // with ZX_WAIT_ASYNC_TIMESTAMP, else 0
    uint64_t reserved1;
} zx_packet_signal_t;

typedef struct zx_packet_interrupt {
    zx_time_t timestamp;
    uint64_t reserved0;
    uint64_t reserved1;
    uint64_t reserved2;
} zx_packet_interrupt_t;

typedef struct zx_port_packet {
    uint64_t key;
    zx_packet_type_t type;
    zx_status_t status;
    union {
        zx_packet_user_t user;
        zx_packet_signal_t signal;
        zx_packet_interrupt_t interrupt;
    };
} zx_port_packet_t;
