// SPDX-License-Identifier: MIT
// When a board is up: every device that its file expects has the driver that it expects. Noted
// once; a device that crashes afterwards does not make the board unready.
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <zircon/types.h>

typedef struct dm_coordinator dm_coordinator_t;

typedef struct dm_ready {
    bool is_ready;
    zx_duration_t elapsed;  // from devmgr's start
    zx_time_t uptime;       // the machine's, at that moment
} dm_ready_t;

// Looks at the expectations; logs "board … up" once.
void dm_ready_check(dm_coordinator_t* co);

// Expectation |index| is unmet: why, for people. False: it is met.
bool dm_ready_missing(const dm_coordinator_t* co, size_t index, char* out, size_t size);
