// SPDX-License-Identifier: MIT
// What the main thread is doing with which driver, for the log line of a crash.
#pragma once

#include <zircon/types.h>

// Both are borrowed until the next call; NULL, NULL: nothing of a driver. Main thread.
void dh_activity_set(const char* driver, const char* what);

// Makes a fatal signal write the activity to standard error, in a line that begins with
// LX_CRASH_MARK, before the handlers that are installed already. Call it after
// lx_crash_handler_install().
zx_status_t dh_activity_install(void);
