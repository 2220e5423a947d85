// SPDX-License-Identifier: MIT
// Whether an access to memory would kill.
#pragma once

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>

static sigjmp_buf fault_exit;
static void on_fault(int number) {
    (void)number;
    siglongjmp(fault_exit, 1);
}

// True if the access kills.
static inline bool faults(volatile char* address, bool is_write) {
    struct sigaction action = {.sa_handler = on_fault};
    struct sigaction before[2];
    sigaction(SIGSEGV, &action, &before[0]);
    sigaction(SIGBUS, &action, &before[1]);
    volatile bool result = true;
    if (sigsetjmp(fault_exit, 1) == 0) {
        char value = *address;
        if (is_write) {
            *address = value;
        }
        result = false;
    }
    sigaction(SIGSEGV, &before[0], NULL);
    sigaction(SIGBUS, &before[1], NULL);
    return result;
}
