// SPDX-License-Identifier: MIT
// Data races in the programs that a test starts. CTest fails a test whose output has a report of
// ThreadSanitizer (cmake/add_zx_test.cmake); whoever catches the output of a program that has
// threads hands it to this, when the program has ended.
#pragma once

#include <stdio.h>
#include <string.h>

static inline void race_report_show(const char* program, const char* output) {
    if (strstr(output, "WARNING: ThreadSanitizer") != NULL) {
        fprintf(stderr, "%s said:\n%s\n", program, output);
    }
}
