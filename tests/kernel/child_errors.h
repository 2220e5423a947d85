// SPDX-License-Identifier: MIT
// What sandbox_errors_test.c and its child agree on.
#pragma once

enum {
    ERRORS_EVENT,
    ERRORS_EVENTPAIR,
    ERRORS_VMO,
    ERRORS_FIFO,
    ERRORS_CHANNEL,
    ERRORS_SOCKET,
    ERRORS_INTERRUPT,
    ERRORS_RESOURCE,
    ERRORS_COUNT
};

#define ERRORS_LIES 6
