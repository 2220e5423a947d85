// SPDX-License-Identifier: MIT
// Placement, processes, time and output of the benchmark programs.
#include "bench_run.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_RUNS 101

_Noreturn void bench_fail(const char* what) {
    fprintf(stderr, "bench: %s failed (errno: %s)\n", what, strerror(errno));
    exit(1);
}

void bench_pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    bench_check(sched_setaffinity(0, sizeof(set), &set) == 0, "sched_setaffinity");
}

pid_t bench_fork(int cpu) {
    pid_t child = fork();
    bench_check(child >= 0, "fork");
    if (child == 0) {
        bench_check(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
        bench_pin(cpu);
    }
    return child;
}

void bench_join(pid_t child) {
    int status = 0;
    bench_check(waitpid(child, &status, 0) == child && status == 0, "the other process");
}

static int64_t clock_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

int64_t bench_now_ns(void) {
    return clock_ns(CLOCK_MONOTONIC);
}

int64_t bench_cpu_ns(void) {
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

// Up to two processors that this process may use.
static int cpus_find(int cpus[2]) {
    cpu_set_t set;
    bench_check(sched_getaffinity(0, sizeof(set), &set) == 0, "sched_getaffinity");
    int count = 0;
    for (int cpu = 0; cpu < CPU_SETSIZE && count < 2; cpu++) {
        if (CPU_ISSET(cpu, &set)) {
            cpus[count++] = cpu;
        }
    }
    return count;
}

static void samples_print(const char* key, const double* samples, int runs) {
    printf(", \"%s\": [", key);
    for (int i = 0; i < runs; i++) {
        printf("%s%.3f", i ? ", " : "", samples[i]);
    }
    printf("]");
}

static void row_run(const bench_row_t* row, const char* placement, int other_cpu, int runs,
                    bool is_first) {
    double ours[MAX_RUNS];
    double peer[MAX_RUNS];
    for (int i = 0; i < runs; i++) {
        ours[i] = row->ours(other_cpu);
        peer[i] = row->peer(other_cpu);
    }
    printf("%s{\"name\": \"%s, %s\", \"unit\": \"%s\", \"goal\": %g", is_first ? "" : ",\n ",
           row->name, placement, row->unit, row->goal);
    printf(", \"higher_is_better\": %s, \"goal_is_absolute\": %s",
           row->higher_is_better ? "true" : "false", row->goal_is_absolute ? "true" : "false");
    samples_print("ours", ours, runs);
    samples_print("peer", peer, runs);
    printf("}");
    fflush(stdout);
}

int bench_main(const bench_row_t* rows, size_t count, int runs, const char* filter) {
    int cpus[2];
    int cpu_count = cpus_find(cpus);
    runs = runs < 1 ? 1 : runs > MAX_RUNS ? MAX_RUNS : runs;
    bench_pin(cpus[0]);
    printf("[");
    bool is_first = true;
    for (size_t i = 0; i < count; i++) {
        if (filter && !strstr(rows[i].name, filter)) {
            continue;
        }
        row_run(&rows[i], "same core", cpus[0], runs, is_first);
        is_first = false;
        if (cpu_count > 1) {
            row_run(&rows[i], "two cores", cpus[1], runs, false);
        }
    }
    printf("]\n");
    return 0;
}
