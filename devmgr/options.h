// SPDX-License-Identifier: MIT
// What devmgr was started with.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/types.h>

#define DM_MAX_DRIVER_DIRS 16u

typedef struct dm_options {
    const char* board_file;
    const char* driver_dirs[DM_MAX_DRIVER_DIRS];
    size_t driver_dir_count;
    const char* driver_host;  // program
    const char* socket_path;
    uint8_t log_level;
    bool has_sandbox;
    uint32_t crash_limit;  // 0: start crashed hosts again without end
    zx_duration_t hook_timeout;
    int listening_fd;  // borrowed until devmgr listens, then closed; -1: none
} dm_options_t;
