// SPDX-License-Identifier: MIT
// The last line in the log of a process that dies of a fatal signal.
#include "child_run.h"

#include <signal.h>

#include <lx/crash.h>
#include <zircon/compiler.h>

// A sanitizer ends the process itself after its own report, with a code of its own.
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer) || \
    defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define ENDS_BY_SANITIZER true
#else
#define ENDS_BY_SANITIZER false
#endif

static void crash(const char* how, bool sandbox, const char* line, child_run_t* run) {
    child_run(run, sandbox, CHILD("crash", how, sandbox ? "sandbox" : "open"));
    const char* start = strstr(run->text, LX_CRASH_MARK);
    cr_assert_not_null(start, "%s", run->text);
    cr_assert_eq(strncmp(start, line, strlen(line)), 0, "%s", run->text);
    cr_assert_not_null(strstr(run->text, "\n" LX_CRASH_MARK " frame "), "%s", run->text);
    cr_assert_not_null(strstr(run->text, "\n" LX_CRASH_MARK " end\n"), "%s", run->text);
}

static void assert_fault(const child_run_t* run, int signal) {
    if (!ENDS_BY_SANITIZER) {
        cr_assert(!run->exit.exited && run->exit.signal == signal, "code %d signal %d",
                  run->exit.code, run->exit.signal);
    }
}

Test(crash, fault) {
    child_run_t run;
    crash("segv", false, LX_CRASH_MARK " signal 11 (SIGSEGV) code 1 address 0x10 pc 0x", &run);
    assert_fault(&run, SIGSEGV);
}

Test(crash, fault_sandboxed) {
    child_run_t run;
    crash("segv", true, LX_CRASH_MARK " signal 11 (SIGSEGV) code 1 address 0x10 pc 0x", &run);
    assert_fault(&run, SIGSEGV);
}

Test(crash, fault_in_thread) {
    child_run_t run;
    crash("thread", true, LX_CRASH_MARK " signal 11 (SIGSEGV) code 1 address 0x10 pc 0x", &run);
    assert_fault(&run, SIGSEGV);
}

Test(crash, stack_overflow) {
    child_run_t run;
    crash("stack", true, LX_CRASH_MARK " signal 11 (SIGSEGV) code ", &run);
    assert_fault(&run, SIGSEGV);
}

static void assert_exit(const child_run_t* run, int signal) {
    cr_assert(run->exit.exited && run->exit.code == 128 + signal, "code %d signal %d",
              run->exit.code, run->exit.signal);
}

Test(crash, abort) {
    child_run_t run;
    crash("abort", false, LX_CRASH_MARK " signal 6 (SIGABRT) code -6 ", &run);
    cr_assert(!run.exit.exited && run.exit.signal == SIGABRT);
}

// The first process of a pid namespace cannot die of a signal that it sends itself.
Test(crash, abort_sandboxed) {
    child_run_t run;
    crash("abort", true, LX_CRASH_MARK " signal 6 (SIGABRT) code -6 ", &run);
    assert_exit(&run, SIGABRT);
}

Test(crash, trap_sandboxed) {
    child_run_t run;
    crash("trap", true, LX_CRASH_MARK " signal 5 (SIGTRAP) code -6 ", &run);
    assert_exit(&run, SIGTRAP);
}
