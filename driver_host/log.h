// SPDX-License-Identifier: MIT
// The log of this host: records go to devmgr (Coordinator.Log), and to standard error as long as
// there is no connection to it. Any thread; no lock may be held.
#pragma once

#include <stdarg.h>
#include <stdint.h>

#include <zircon/compiler.h>

// Least severity that is kept (DDK_LOG_*).
void dh_log_set_level(uint8_t severity);
uint8_t dh_log_level(void);

// driver: whose record it is; NULL: the host's own.
void dh_log(uint8_t severity, const char* driver, const char* format, ...) __PRINTFLIKE(3, 4);
void dh_logv(uint8_t severity, const char* driver, const char* tag, const char* format,
             va_list args);
