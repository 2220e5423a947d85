// SPDX-License-Identifier: MIT
// The main thread's current activity and the signal handler that reports it.
#include "activity.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <lx/crash.h>
#include <lx/status.h>

#include <zircon/compiler.h>
#include <zircon/errors.h>

#include <errno.h>

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};

static _Atomic(const char*) activity_driver;
static _Atomic(const char*) activity_what;
static struct sigaction older[countof(fatal_signals)];

void dh_activity_set(const char* driver, const char* what) {
    atomic_store(&activity_driver, driver);
    atomic_store(&activity_what, what);
}

static void append(char* line, size_t size, const char* text) {
    size_t used = strlen(line);
    size_t length = strlen(text);
    if (length > size - 1 - used) {
        length = size - 1 - used;
    }
    memcpy(line + used, text, length);
    line[used + length] = '\0';
}

static void write_activity(void) {
    const char* driver = atomic_load(&activity_driver);
    const char* what = atomic_load(&activity_what);
    if (driver == NULL || what == NULL) {
        return;
    }
    char line[192] = LX_CRASH_MARK " the main thread was busy with driver ";
    append(line, sizeof(line) - 1, driver);
    append(line, sizeof(line) - 1, ": ");
    append(line, sizeof(line) - 1, what);
    append(line, sizeof(line), "\n");
    // Nothing can be done about a failure here.
    ssize_t written = write(STDERR_FILENO, line, strlen(line));
    (void)written;
}

static void on_fatal_signal(int number, siginfo_t* info, void* context) {
    int saved_errno = errno;
    write_activity();
    errno = saved_errno;
    for (size_t i = 0; i < countof(fatal_signals); i++) {
        if (fatal_signals[i] != number) {
            continue;
        }
        // From here on it is the older handler's affair, also when this one returns to the fault.
        sigaction(number, &older[i], NULL);
        if ((older[i].sa_flags & SA_SIGINFO) != 0) {
            older[i].sa_sigaction(number, info, context);
        } else if (older[i].sa_handler != SIG_DFL && older[i].sa_handler != SIG_IGN) {
            older[i].sa_handler(number);
        } else {
            raise(number);
        }
    }
}

zx_status_t dh_activity_install(void) {
    struct sigaction action = {.sa_sigaction = on_fatal_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < countof(fatal_signals); i++) {
        if (sigaction(fatal_signals[i], &action, &older[i]) != 0) {
            return lx_status_from_errno(errno);
        }
    }
    return ZX_OK;
}
