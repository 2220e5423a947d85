// SPDX-License-Identifier: MIT
// Checks in a .fini fixture. Criterion prints an assertion that fails there and counts the test as
// passed all the same; a crash there at least fails the program.
#pragma once

#include <stdio.h>
#include <stdlib.h>

#define fini_check(condition)                                               \
    do {                                                                    \
        if (!(condition)) {                                                 \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            abort();                                                        \
        }                                                                   \
    } while (0)
