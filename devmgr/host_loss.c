// SPDX-License-Identifier: MIT
// The end of a host.
#include "host_loss.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lx/process.h>
#include <zircon/errors.h>

#include "bind_flow.h"
#include "coordinator.h"
#include "removal.h"
#include "request.h"

static void describe_signal(int signal, char* out, size_t size) {
    const char* name = sigabbrev_np(signal);
    if (name != NULL) {
        snprintf(out, size, "killed by SIG%s", name);
    } else {
        snprintf(out, size, "killed by signal %d", signal);
    }
}

// "crashed: signal 11 (SIGSEGV) …", "killed by SIGKILL", "exited with code 3", or why devmgr killed
// it.
static void describe_end(const dm_host_t* host, char* out, size_t size) {
    lx_exit_t end = {0};
    char crash[DM_MAX_LOG_LINE + 1];
    if (host->reason != NULL) {
        snprintf(out, size, "killed by devmgr: %s", host->reason);
    } else if (dm_host_log_crash_line(&host->log, crash, sizeof(crash)) != NULL) {
        snprintf(out, size, "crashed: %.400s", crash);
    } else if (lx_process_get_exit(host->process, &end) != ZX_OK) {
        snprintf(out, size, "ended");
    } else if (end.exited && end.code > 128 && sigabbrev_np(end.code - 128) != NULL) {
        // A sandboxed host that got its signal from inside.
        describe_signal(end.code - 128, out, size);
    } else if (end.exited) {
        snprintf(out, size, "exited with code %d", end.code);
    } else {
        describe_signal(end.signal, out, size);
    }
}

// A driver whose bind was under way when its host ended. One that is not the host's main driver and
// does that again and again is set aside, so that its neighbours can live.
static void blame(dm_host_t* host, dm_node_t* node, const char* why) {
    dm_driver_t* driver = node->driver;
    if (node->bind_phase != DM_BIND_BINDING || driver == NULL ||
        dm_node_driver_host(node) != host) {
        return;
    }
    driver->bind_crashes++;
    dm_text_set(&driver->crash, "%s", why);
    if (node != host->root && driver->bind_crashes >= DM_BIND_CRASH_LIMIT && !node->is_user_bind) {
        dm_text_set(&driver->error, "set aside: its bind ended its host %u times; the last: %s",
                    driver->bind_crashes, why);
        dm_logf(&host->coordinator->log, DM_LOG_ERROR, "devmgr", "driver %s: %s", driver->name,
                driver->error);
    }
}

static void blame_drivers(dm_host_t* host, const char* why) {
    const dm_instance_t* instance;
    list_for_every_entry(&host->instances, instance, dm_instance_t, link) {
        blame(host, instance->node, why);
    }
}

static void remove_devices(dm_host_t* host) {
    dm_coordinator_t* co = host->coordinator;
    dm_node_t* root = host->root;
    if (root != NULL) {
        dm_instance_detach(&root->proxy);
    }
    while (!list_is_empty(&host->instances)) {
        dm_instance_t* instance =
            containerof(list_peek_head(&host->instances), dm_instance_t, link);
        dm_leave_force(co, instance->node);
    }
}

static void report_crash(dm_host_t* host, const char* why) {
    dm_coordinator_t* co = host->coordinator;
    char headline[DM_MAX_ERROR + DM_MAX_NAME + 64];
    snprintf(headline, sizeof(headline), "host %s (pid %u) %s", host->name, host->pid, why);
    dm_logf(&co->log, DM_LOG_ERROR, "devmgr", "%s", headline);
    co->hosts_crashed++;
    if (host->root != NULL) {
        free(host->root->crash);
        host->root->crash = dm_host_log_report(&host->log, headline);
    }
    blame_drivers(host, headline);
}

void dm_host_lost(dm_host_t* host) {
    dm_coordinator_t* co = host->coordinator;
    char why[DM_MAX_ERROR + 1];
    bool is_crash = !host->was_asked || host->reason != NULL;
    host->state = DM_HOST_DYING;
    dm_host_log_finish(&host->log);
    describe_end(host, why, sizeof(why));
    if (is_crash) {
        report_crash(host, why);
    } else {
        dm_logf(&co->log, DM_LOG_DEBUG, "devmgr", "host %s (pid %u) is gone: %s", host->name,
                host->pid, why);
    }
    // The hardware first: nothing may take it over before it is still.
    dm_broker_stop(&host->broker);
    dm_broker_quiesce(&host->broker);
    dm_node_t* root = host->root;
    remove_devices(host);
    dm_request_fail_all(host);
    if (root != NULL) {
        char text[DM_MAX_ERROR + DM_MAX_NAME + 16];
        snprintf(text, sizeof(text), "host %s %s", host->name, why);
        dm_bind_on_host_lost(co, root, text);
    }
    dm_host_destroy(host);
}
