// SPDX-License-Identifier: MIT
// Formatting of log records, their level gate, and the drivers' end of zxlogf().
#include "log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <zircon/errors.h>

#include <lib/ddk/debug.h>

#include "coordinator.h"
#include "loader.h"

// Longest text of one record.
#define LOG_TEXT_MAX 1024

static atomic_uchar min_severity = DDK_LOG_INFO;

void dh_log_set_level(uint8_t severity) {
    atomic_store(&min_severity, severity);
}

uint8_t dh_log_level(void) {
    return atomic_load(&min_severity);
}

static const char* severity_name(uint8_t severity) {
    return severity >= DDK_LOG_ERROR     ? "ERROR"
           : severity >= DDK_LOG_WARNING ? "WARNING"
           : severity >= DDK_LOG_INFO    ? "INFO"
           : severity >= DDK_LOG_DEBUG   ? "DEBUG"
                                         : "TRACE";
}

void dh_logv(uint8_t severity, const char* driver, const char* tag, const char* format,
             va_list args) {
    char text[LOG_TEXT_MAX];
    size_t used = 0;
    if (tag != NULL) {
        int length = snprintf(text, sizeof(text), "[%s] ", tag);
        used = length < 0 ? 0 : (size_t)length < sizeof(text) ? (size_t)length : sizeof(text) - 1;
    }
    text[used] = '\0';
    vsnprintf(text + used, sizeof(text) - used, format, args);
    size_t end = strlen(text);
    while (end > 0 && text[end - 1] == '\n') {
        text[--end] = '\0';
    }
    if (severity == DDK_LOG_SERIAL || dh_coordinator_log(severity, driver, text) != ZX_OK) {
        fprintf(stderr, "%s: %s: %s\n", driver != NULL ? driver : "driver_host",
                severity_name(severity), text);
    }
}

void dh_log(uint8_t severity, const char* driver, const char* format, ...) {
    if (severity < dh_log_level()) {
        return;
    }
    va_list args;
    va_start(args, format);
    dh_logv(severity, driver, NULL, format, args);
    va_end(args);
}

bool driver_log_severity_enabled_internal(const zx_driver_t* driver, fx_log_severity_t severity) {
    (void)driver;
    return severity >= dh_log_level() || severity == DDK_LOG_SERIAL;
}

void driver_logvf_internal(const zx_driver_t* driver, fx_log_severity_t severity, const char* tag,
                           const char* file, int line, const char* format, va_list args) {
    (void)file;
    (void)line;
    dh_logv(severity, driver != NULL ? driver->name : NULL, tag, format, args);
}

void driver_logf_internal(const zx_driver_t* driver, fx_log_severity_t severity, const char* tag,
                          const char* file, int line, const char* format, ...) {
    va_list args;
    va_start(args, format);
    driver_logvf_internal(driver, severity, tag, file, line, format, args);
    va_end(args);
}
