// SPDX-License-Identifier: MIT
// Results in the Test Anything Protocol.
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>

static int count;
static int failed;

static void result(bool is_ok, const char* format, va_list arguments) {
    count++;
    if (!is_ok) {
        failed++;
    }
    printf("%s %d - ", is_ok ? "ok" : "not ok", count);
    vprintf(format, arguments);
}

bool tap_check(bool is_ok, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    result(is_ok, format, arguments);
    va_end(arguments);
    printf("\n");
    fflush(stdout);
    return is_ok;
}

bool tap_status(zx_status_t actual, zx_status_t expected, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    result(actual == expected, format, arguments);
    va_end(arguments);
    if (actual != expected) {
        printf(" (status %d, expected %d)", actual, expected);
    }
    printf("\n");
    fflush(stdout);
    return actual == expected;
}

void tap_skip(const char* text, const char* reason) {
    printf("ok %d - %s # SKIP %s\n", ++count, text, reason);
    fflush(stdout);
}

int tap_finish(void) {
    printf("1..%d\n", count);
    if (failed != 0) {
        printf("# %d of %d failed\n", failed, count);
    }
    fflush(stdout);
    return failed != 0 || count == 0;
}
