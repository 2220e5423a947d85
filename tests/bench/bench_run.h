// SPDX-License-Identifier: MIT
// What the benchmark programs share: two sides on chosen processors, interleaved runs, JSON rows.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

// Measures once and returns the row's unit. The calling thread is pinned; `other_cpu` is where the
// second process or thread belongs.
typedef double (*bench_measure_fn)(int other_cpu);

typedef struct bench_row {
    const char* name;
    const char* unit;
    double goal;  // of ours / peer, or of ours itself
    bool higher_is_better;
    bool goal_is_absolute;
    bench_measure_fn ours;
    bench_measure_fn peer;
} bench_row_t;

// Runs every row on the same core and on two, ours and the peer in turn, `runs` times. Prints a
// JSON array; a row has the samples of both. Only rows whose name holds `filter` (NULL: all).
int bench_main(const bench_row_t* rows, size_t count, int runs, const char* filter);

// Ends the program with a message.
_Noreturn void bench_fail(const char* what);
static inline void bench_check(bool is_good, const char* what) {
    if (!is_good) {
        bench_fail(what);
    }
}
// The processor for the calling thread.
void bench_pin(int cpu);
// As fork(); the child is pinned and ends with its parent.
pid_t bench_fork(int cpu);
// Waits for a child that has to have ended well.
void bench_join(pid_t child);
int64_t bench_now_ns(void);
// Of the calling thread.
int64_t bench_cpu_ns(void);
