// SPDX-License-Identifier: MIT
// The transition table of device nodes.
#include "device_state.h"

#include <zircon/errors.h>

// NEW as a target means: the event makes no sense in this state.
static const dm_device_state_t g_next[DM_DEVICE_STATE_COUNT][DM_EVENT_COUNT] = {
    [DM_DEVICE_NEW] =
        {[DM_EVENT_ADD] = DM_DEVICE_RUNNING, [DM_EVENT_ADD_WITH_INIT] = DM_DEVICE_INITIALIZING},
    [DM_DEVICE_INITIALIZING] = {[DM_EVENT_INIT_OK] = DM_DEVICE_RUNNING,
                                [DM_EVENT_UNBIND_START] = DM_DEVICE_UNBINDING,
                                [DM_EVENT_HOST_LOST] = DM_DEVICE_REMOVED},
    [DM_DEVICE_RUNNING] = {[DM_EVENT_DRIVER_LOST] = DM_DEVICE_RESTARTING,
                           [DM_EVENT_DRIVER_BOUND] = DM_DEVICE_RUNNING,
                           [DM_EVENT_DRIVER_GONE] = DM_DEVICE_RUNNING,
                           [DM_EVENT_GIVE_UP] = DM_DEVICE_FAILED,
                           [DM_EVENT_UNBIND_START] = DM_DEVICE_UNBINDING,
                           [DM_EVENT_HOST_LOST] = DM_DEVICE_REMOVED},
    [DM_DEVICE_RESTARTING] = {[DM_EVENT_DRIVER_LOST] = DM_DEVICE_RESTARTING,
                              [DM_EVENT_DRIVER_BOUND] = DM_DEVICE_RUNNING,
                              [DM_EVENT_DRIVER_GONE] = DM_DEVICE_RUNNING,
                              [DM_EVENT_GIVE_UP] = DM_DEVICE_FAILED,
                              [DM_EVENT_UNBIND_START] = DM_DEVICE_UNBINDING,
                              [DM_EVENT_HOST_LOST] = DM_DEVICE_REMOVED},
    [DM_DEVICE_FAILED] = {[DM_EVENT_DRIVER_LOST] = DM_DEVICE_RESTARTING,
                          [DM_EVENT_DRIVER_BOUND] = DM_DEVICE_RUNNING,
                          [DM_EVENT_DRIVER_GONE] = DM_DEVICE_FAILED,
                          [DM_EVENT_GIVE_UP] = DM_DEVICE_FAILED,
                          [DM_EVENT_UNBIND_START] = DM_DEVICE_UNBINDING,
                          [DM_EVENT_HOST_LOST] = DM_DEVICE_REMOVED},
    // A bind that was under way when the removal began may still be answered.
    [DM_DEVICE_UNBINDING] = {[DM_EVENT_INIT_OK] = DM_DEVICE_UNBINDING,
                             [DM_EVENT_DRIVER_BOUND] = DM_DEVICE_UNBINDING,
                             [DM_EVENT_DRIVER_GONE] = DM_DEVICE_UNBINDING,
                             [DM_EVENT_DRIVER_LOST] = DM_DEVICE_UNBINDING,
                             [DM_EVENT_UNBIND_DONE] = DM_DEVICE_UNBOUND,
                             [DM_EVENT_HOST_LOST] = DM_DEVICE_REMOVED},
    [DM_DEVICE_UNBOUND] = {[DM_EVENT_DRIVER_BOUND] = DM_DEVICE_UNBOUND,
                           [DM_EVENT_DRIVER_GONE] = DM_DEVICE_UNBOUND,
                           [DM_EVENT_DRIVER_LOST] = DM_DEVICE_UNBOUND,
                           [DM_EVENT_REMOVE_START] = DM_DEVICE_REMOVING,
                           [DM_EVENT_HOST_LOST] = DM_DEVICE_REMOVED},
    [DM_DEVICE_REMOVING] =
        {[DM_EVENT_REMOVE_DONE] = DM_DEVICE_REMOVED, [DM_EVENT_HOST_LOST] = DM_DEVICE_REMOVED},
};

static const char* const g_names[DM_DEVICE_STATE_COUNT] = {
    [DM_DEVICE_NEW] = "new",         [DM_DEVICE_INITIALIZING] = "initializing",
    [DM_DEVICE_RUNNING] = "running", [DM_DEVICE_RESTARTING] = "restarting",
    [DM_DEVICE_FAILED] = "failed",   [DM_DEVICE_UNBINDING] = "unbinding",
    [DM_DEVICE_UNBOUND] = "unbound", [DM_DEVICE_REMOVING] = "removing",
    [DM_DEVICE_REMOVED] = "removed",
};

zx_status_t dm_device_state_next(dm_device_state_t state, dm_device_event_t event,
                                 dm_device_state_t* out_state) {
    if ((unsigned)state >= DM_DEVICE_STATE_COUNT || (unsigned)event >= DM_EVENT_COUNT) {
        return ZX_ERR_INVALID_ARGS;
    }
    dm_device_state_t next = g_next[state][event];
    if (next == DM_DEVICE_NEW) {
        return ZX_ERR_BAD_STATE;
    }
    *out_state = next;
    return ZX_OK;
}

const char* dm_device_state_name(dm_device_state_t state) {
    return (unsigned)state < DM_DEVICE_STATE_COUNT ? g_names[state] : "unknown";
}

bool dm_device_state_is_leaving(dm_device_state_t state) {
    return state >= DM_DEVICE_UNBINDING;
}
