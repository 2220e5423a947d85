// SPDX-License-Identifier: MIT
// A library that can be loaded: state of its own, and a destructor that can be seen.
#include <stddef.h>

#define EXPORT __attribute__((visibility("default")))

static int count;
static int constructed;
static int* end_flag;

__attribute__((constructor)) static void on_load(void) {
    constructed = 1;
}

__attribute__((destructor)) static void on_unload(void) {
    if (end_flag != NULL) {
        *end_flag = 1;
    }
}

// Returns 1, 2, 3 … in each loaded copy.
EXPORT int next(void) {
    count += constructed;
    return count;
}

EXPORT void set_end_flag(int* flag) {
    end_flag = flag;
}
