// SPDX-License-Identifier: MIT
// C11 threads beyond the C library's: named threads.
#include <zircon/threads.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define LINUX_NAME_SIZE 16u

typedef struct named_start {
    thrd_start_t entry;
    void* arg;
    char name[LINUX_NAME_SIZE];
} named_start_t;

static int named_main(void* argument) {
    named_start_t start = *(named_start_t*)argument;
    free(argument);
    pthread_setname_np(pthread_self(), start.name);
    return start.entry(start.arg);
}

int thrd_create_with_name(thrd_t* out_thread, thrd_start_t entry, void* arg, const char* name) {
    named_start_t* start = calloc(1, sizeof(*start));
    if (!start) {
        return thrd_nomem;
    }
    start->entry = entry;
    start->arg = arg;
    strncpy(start->name, name ? name : "", sizeof(start->name) - 1);
    int result = thrd_create(out_thread, named_main, start);
    if (result != thrd_success) {
        free(start);
    }
    return result;
}

zx_status_t thrd_status_to_zx_status(int thrd_status) {
    switch (thrd_status) {
        case thrd_success:
            return ZX_OK;
        case thrd_nomem:
            return ZX_ERR_NO_MEMORY;
        case thrd_timedout:
            return ZX_ERR_TIMED_OUT;
        case thrd_busy:
            return ZX_ERR_SHOULD_WAIT;
        default:
            return ZX_ERR_INTERNAL;
    }
}
