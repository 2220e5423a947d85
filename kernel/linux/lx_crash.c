// SPDX-License-Identifier: MIT
// Fatal signals: a line and a backtrace into the log, then the end. The handler allocates nothing
// and takes no lock of ours; what the C library's backtrace may wait for is bounded by a timer.
#include <lx/crash.h>

#include <errno.h>
#include <execinfo.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <lx/sandbox.h>
#include <lx/status.h>
#include <zircon/errors.h>

#include "lx_context.h"

#define FRAME_COUNT_MAX 48
#define STACK_SIZE      (64u * 1024)

typedef struct fatal_signal {
    int number;
    const char* name;
} fatal_signal_t;

static const fatal_signal_t fatal_signals[] = {
    {SIGSEGV, "SIGSEGV"}, {SIGBUS, "SIGBUS"},   {SIGILL, "SIGILL"}, {SIGFPE, "SIGFPE"},
    {SIGABRT, "SIGABRT"}, {SIGTRAP, "SIGTRAP"}, {SIGSYS, "SIGSYS"},
};
#define FATAL_COUNT (sizeof(fatal_signals) / sizeof(fatal_signals[0]))

static int crash_fd = -1;                          // borrowed
static struct sigaction old_actions[FATAL_COUNT];  // written before the handlers are installed
static atomic_int crash_tid;                       // the thread that crashed first; 0: none

// A line under construction. Formatting functions of the C library are not async-signal-safe.
typedef struct line {
    char text[256];
    size_t size;
} line_t;

static void line_add(line_t* line, const char* text) {
    while (*text != '\0' && line->size < sizeof(line->text) - 1) {
        line->text[line->size++] = *text++;
    }
}

static void line_add_number(line_t* line, uint64_t value, unsigned base) {
    char digits[24];
    size_t at = sizeof(digits) - 1;
    digits[at] = '\0';
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    line_add(line, base == 16 ? "0x" : "");
    line_add(line, &digits[at]);
}

static void line_write(line_t* line) {
    line_add(line, "\n");
    size_t done = 0;
    while (done < line->size) {
        ssize_t written = write(crash_fd, line->text + done, line->size - done);
        if (written < 0 && errno != EINTR) {
            return;
        }
        done += written > 0 ? (size_t)written : 0;
    }
}

static size_t find_signal(int number) {
    size_t index = 0;
    while (index < FATAL_COUNT - 1 && fatal_signals[index].number != number) {
        index++;
    }
    return index;
}

static void report_signal(int number, const siginfo_t* info, const ucontext_t* context) {
    line_t line = {.size = 0};
    line_add(&line, LX_CRASH_MARK " signal ");
    line_add_number(&line, (uint64_t)number, 10);
    line_add(&line, " (");
    line_add(&line, fatal_signals[find_signal(number)].name);
    line_add(&line, ") code ");
    if (info->si_code < 0) {
        line_add(&line, "-");
    }
    line_add_number(&line, (uint64_t)(info->si_code < 0 ? -(int64_t)info->si_code : info->si_code),
                    10);
    line_add(&line, " address ");
    line_add_number(&line, info->si_code > 0 ? (uintptr_t)info->si_addr : 0, 16);
    line_add(&line, " pc ");
    line_add_number(&line, lx_context_pc(context), 16);
    line_add(&line, " thread ");
    line_add_number(&line, (uint64_t)syscall(SYS_gettid), 10);
    char name[16] = "";
    if (prctl(PR_GET_NAME, name, 0, 0, 0) == 0) {
        line_add(&line, " ");
        line_add(&line, name);
    }
    line_write(&line);
}

static void report_frames(uintptr_t pc) {
    void* frames[FRAME_COUNT_MAX];
    int count = backtrace(frames, FRAME_COUNT_MAX);
    int first = 0;
    while (first < count && (uintptr_t)frames[first] != pc) {
        first++;  // frames of this handler
    }
    for (int i = first < count ? first : 0; i < count; i++) {
        static const char prefix[] = LX_CRASH_MARK " frame ";
        if (write(crash_fd, prefix, sizeof(prefix) - 1) < 0) {
            return;
        }
        backtrace_symbols_fd(&frames[i], 1, crash_fd);
    }
    line_t end = {.size = 0};
    line_add(&end, LX_CRASH_MARK " end");
    line_write(&end);
}

// Not _exit(): at calls that do not return, AddressSanitizer looks up the bounds of the stack, for
// which it opens a file.
static void exit_with(int number) {
    syscall(SYS_exit_group, 128 + number);
}

static int crash_signal;  // for on_time_over()

static void on_time_over(int number) {
    (void)number;
    exit_with(crash_signal);
}

static void start_time_limit(int number) {
    crash_signal = number;
    struct sigaction action = {.sa_handler = on_time_over};
    sigaction(SIGALRM, &action, NULL);
    sigset_t alarm_set;
    sigemptyset(&alarm_set);
    sigaddset(&alarm_set, SIGALRM);
    pthread_sigmask(SIG_UNBLOCK, &alarm_set, NULL);
    const struct itimerval limit = {.it_value = {.tv_sec = LX_CRASH_TIME_LIMIT_S}};
    setitimer(ITIMER_REAL, &limit, NULL);
}

// Ends the process by the signal where that works.
static void end_process(int number, const siginfo_t* info) {
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(number, &action, NULL);
    bool is_fault = info->si_code > 0 && number != SIGABRT && number != SIGTRAP && number != SIGSYS;
    if (is_fault) {
        return;  // the instruction faults again, and that kills even the first process of a
                 // namespace
    }
    if (getpid() != 1) {
        sigset_t set;
        sigemptyset(&set);
        sigaddset(&set, number);
        syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
        pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    }
    exit_with(number);
}

static void on_fatal_signal(int number, siginfo_t* info, void* context) {
    int self = (int)syscall(SYS_gettid);
    int first = 0;
    if (!atomic_compare_exchange_strong(&crash_tid, &first, self)) {
        if (first == self) {
            exit_with(number);  // the report itself crashed
        }
        for (;;) {
            pause();  // the first thread ends the process
        }
    }
    start_time_limit(number);
    report_signal(number, info, context);
    report_frames(lx_context_pc(context));
    const struct sigaction* old = &old_actions[find_signal(number)];
    if ((old->sa_flags & SA_SIGINFO) != 0) {
        old->sa_sigaction(number, info, context);
    }
    end_process(number, info);
}

// Maps the alternate stack with an inaccessible page below it. It stays for the life of the
// process.
static int install_stack(void) {
    long page = sysconf(_SC_PAGESIZE);
    char* memory =
        mmap(NULL, STACK_SIZE + (size_t)page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return errno;
    }
    const stack_t stack = {.ss_sp = memory + page, .ss_size = STACK_SIZE};
    if (mprotect(stack.ss_sp, STACK_SIZE, PROT_READ | PROT_WRITE) != 0 ||
        sigaltstack(&stack, NULL) != 0) {
        int err = errno;
        munmap(memory, STACK_SIZE + (size_t)page);
        return err;
    }
    return 0;
}

zx_status_t lx_crash_handler_install(int log_fd) {
    void* frames[1];
    if (lx_sandbox_is_entered() || crash_fd >= 0) {
        return ZX_ERR_BAD_STATE;
    }
    backtrace(frames, 1);  // loads libgcc_s
    int err = install_stack();
    if (err != 0) {
        return lx_status_from_errno(err);
    }
    crash_fd = log_fd;
    struct sigaction action = {.sa_sigaction = on_fatal_signal,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < FATAL_COUNT; i++) {
        if (sigaction(fatal_signals[i].number, NULL, &old_actions[i]) != 0 ||
            sigaction(fatal_signals[i].number, &action, NULL) != 0) {
            return lx_status_from_errno(errno);
        }
    }
    return ZX_OK;
}
