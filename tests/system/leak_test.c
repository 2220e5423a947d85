// SPDX-License-Identifier: MIT
// A thousand drivers come and go; nothing of them stays.
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "system.h"

#define CYCLES  1000
#define SCRATCH "sys/platform/scratch"

TestSuite(leak, .timeout = 900);

// What devmgr and its hosts hold now.
typedef struct holdings {
    int fds;
    int children;
    json_int_t handles;
} holdings_t;

static holdings_t count_now(pid_t devmgr) {
    holdings_t now = {.fds = sys_fd_count(devmgr), .children = sys_child_count(devmgr)};
    json_t* hosts = sys_jacinth_json("hosts");
    size_t index;
    json_t* host;
    json_array_foreach(hosts, index, host) {
        now.handles += json_integer_value(json_object_get(host, "handles"));
    }
    json_decref(hosts);
    return now;
}

// The least of several looks: devmgr may not have heard yet that the last client has gone, and each
// look gives it the time to.
static holdings_t count(pid_t devmgr) {
    holdings_t least = count_now(devmgr);
    for (int i = 0; i < 10; i++) {
        holdings_t now = count_now(devmgr);
        least.fds = now.fds < least.fds ? now.fds : least.fds;
        least.children = now.children < least.children ? now.children : least.children;
        least.handles = now.handles < least.handles ? now.handles : least.handles;
    }
    return least;
}

// One cycle: load, then unload; every other time the host crashes in between.
static void cycle(int number) {
    sys_result_t result = sys_expect(0,
                                     "jacinth load '%s/lib/test_drivers/crash-on-write.so' && { "
                                     "%s; } && jacinth unload crash_on_write",
                                     sys_build(),
                                     number % 2 == 0 ? "true"
                                                     : "jacinth write " SCRATCH
                                                       "/crash-on-write segv 2>/dev/null; "
                                                       "jacinth read " SCRATCH
                                                       "/crash-on-write --wait 20 >/dev/null");
    sys_result_fini(&result);
}

Test(leak, nothing_stays_after_a_thousand_cycles) {
    char board[4096];
    snprintf(board, sizeof(board), "%s/boards/host.yaml", sys_source());
    pid_t devmgr = sys_devmgr_start(board);
    for (int i = 0; i < 4; i++) {
        cycle(i);
    }
    holdings_t before = count(devmgr);
    for (int i = 0; i < CYCLES; i++) {
        cycle(i);
    }
    holdings_t after = count(devmgr);
    cr_expect_eq(after.fds, before.fds, "devmgr has %d fds, had %d", after.fds, before.fds);
    cr_expect_eq(after.children, before.children, "%d children, had %d", after.children,
                 before.children);
    cr_expect_eq(after.handles, before.handles, "hosts have %lld handles, had %lld",
                 (long long)after.handles, (long long)before.handles);
    sys_devmgr_stop(devmgr);
    sys_work_remove();
}
