// SPDX-License-Identifier: MIT
// Results in the Test Anything Protocol, for programs that run where Criterion does not.
#pragma once

#include <stdbool.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

// Prints "ok N - text" or "not ok N - text"; returns |is_ok|.
bool tap_check(bool is_ok, const char* format, ...) __PRINTFLIKE(2, 3);
// As tap_check for a status that should be |expected|; says which one it was.
bool tap_status(zx_status_t actual, zx_status_t expected, const char* format, ...)
    __PRINTFLIKE(3, 4);
// "ok N - text # SKIP reason"
void tap_skip(const char* text, const char* reason);
// Prints the plan. 0: all went well, 1: something failed or nothing was tested.
int tap_finish(void);
