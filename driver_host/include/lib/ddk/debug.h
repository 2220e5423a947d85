// SPDX-License-Identifier: MIT
// Logging from drivers. A message goes to devmgr's log under the driver's name; whether a level is
// on is asked first, so that the arguments of a message that is off cost nothing. Any thread.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

#include <lib/ddk/driver.h>

__BEGIN_CDECLS
__BEGIN_EXPORTS

typedef uint8_t fx_log_severity_t;

#define DDK_LOG_TRACE   ((fx_log_severity_t)0x10)
#define DDK_LOG_DEBUG   ((fx_log_severity_t)0x20)
#define DDK_LOG_INFO    ((fx_log_severity_t)0x30)
#define DDK_LOG_WARNING ((fx_log_severity_t)0x40)
#define DDK_LOG_ERROR   ((fx_log_severity_t)0x50)
// To the host's standard error only, past devmgr's log; always on.
#define DDK_LOG_SERIAL ((fx_log_severity_t)0x01)

// One call is one record; a newline at its end is dropped. Long messages are cut.
//   zxlogf(ERROR, "no answer from port %u: %s", port, zx_status_get_string(status));
#define zxlogf(level, ...) zxlogf_etc(DDK_LOG_##level, NULL, __VA_ARGS__)
// The same with a tag in front of the message.
#define zxlogf_tag(level, tag, ...)  zxlogf_etc(DDK_LOG_##level, tag, __VA_ARGS__)
#define zxlogvf(level, format, args) zxlogvf_etc(DDK_LOG_##level, NULL, format, args)
// Whether a message of that level would be kept.
#define zxlog_level_enabled(level) zxlog_level_enabled_etc(DDK_LOG_##level)

#define zxlog_level_enabled_etc(severity) \
    driver_log_severity_enabled_internal(__zircon_driver_rec__.driver, severity)

#define zxlogf_etc(severity, tag, ...)                                                            \
    do {                                                                                          \
        if (zxlog_level_enabled_etc(severity)) {                                                  \
            driver_logf_internal(__zircon_driver_rec__.driver, severity, tag, __FILE__, __LINE__, \
                                 __VA_ARGS__);                                                    \
        }                                                                                         \
    } while (0)

#define zxlogvf_etc(severity, tag, format, args)                                                   \
    do {                                                                                           \
        if (zxlog_level_enabled_etc(severity)) {                                                   \
            driver_logvf_internal(__zircon_driver_rec__.driver, severity, tag, __FILE__, __LINE__, \
                                  format, args);                                                   \
        }                                                                                          \
    } while (0)

// Behind the macros.
bool driver_log_severity_enabled_internal(const zx_driver_t* driver, fx_log_severity_t severity);
void driver_logf_internal(const zx_driver_t* driver, fx_log_severity_t severity, const char* tag,
                          const char* file, int line, const char* format, ...) __PRINTFLIKE(6, 7);
void driver_logvf_internal(const zx_driver_t* driver, fx_log_severity_t severity, const char* tag,
                           const char* file, int line, const char* format, va_list args);

__END_EXPORTS
__END_CDECLS
