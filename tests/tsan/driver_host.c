// SPDX-License-Identifier: MIT
// Linked into the driver host of the preset tsan. A host whose devmgr is gone ends without waiting
// for the threads of its drivers (driver_host/main.c); ThreadSanitizer would report those.
#include <zircon/compiler.h>

__EXPORT const char* __tsan_default_options(void);
__EXPORT const char* __tsan_default_options(void) {
    return "report_thread_leaks=0";
}
