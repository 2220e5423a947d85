// SPDX-License-Identifier: MIT
// Checks in the child program, which has no test framework: what fails is printed and counted.
#pragma once

#include <stdio.h>

#include <zircon/status.h>

static int failures;

static inline void note(const char* what, int line, zx_status_t got, zx_status_t wanted) {
    if (got != wanted) {
        printf("line %d: %s gives %s, not %s\n", line, what, zx_status_get_string(got),
               zx_status_get_string(wanted));
        failures++;
    }
}

#define GIVES(call, wanted) note(#call, __LINE__, (call), (wanted))
#define OK(call)            GIVES(call, ZX_OK)
#define TRUE(condition)     note(#condition, __LINE__, (condition) ? ZX_OK : ZX_ERR_INTERNAL, ZX_OK)
