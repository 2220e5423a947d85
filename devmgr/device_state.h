// SPDX-License-Identifier: MIT
// The life of a device node as one constant table: state and event give the next state.
//
//   add ─> initializing ─> running ─> unbinding ─> unbound ─> removing ─> removed
//                            │  ^
//              driver's host  v  │ driver bound again
//                         restarting ─> failed (gave up)
//
// Any thread; no state of its own.
#pragma once

#include <stdbool.h>

#include <zircon/types.h>

typedef enum dm_device_state {
    DM_DEVICE_NEW,           // not in the tree yet
    DM_DEVICE_INITIALIZING,  // its init hook has not answered: hidden, not bound, not opened
    DM_DEVICE_RUNNING,       // ready for use
    DM_DEVICE_RESTARTING,    // its driver's host is gone and will be started again
    DM_DEVICE_FAILED,        // its driver's host crashed too often: left alone until a user acts
    DM_DEVICE_UNBINDING,     // being removed: its unbind hook has not answered
    DM_DEVICE_UNBOUND,       // being removed: waits for its children to go
    DM_DEVICE_REMOVING,      // being removed: its host drops it
    DM_DEVICE_REMOVED,
    DM_DEVICE_STATE_COUNT,
} dm_device_state_t;

typedef enum dm_device_event {
    DM_EVENT_ADD,            // added, without an init hook
    DM_EVENT_ADD_WITH_INIT,  // added, its init hook is to be run
    DM_EVENT_INIT_OK,
    DM_EVENT_DRIVER_LOST,   // the isolated host of its driver ended unasked
    DM_EVENT_DRIVER_BOUND,  // a driver was bound to it
    DM_EVENT_DRIVER_GONE,   // no driver any more, and none wanted
    DM_EVENT_GIVE_UP,
    DM_EVENT_UNBIND_START,
    DM_EVENT_UNBIND_DONE,
    DM_EVENT_REMOVE_START,
    DM_EVENT_REMOVE_DONE,
    DM_EVENT_HOST_LOST,  // the host that the device itself lives in ended: no hooks any more
    DM_EVENT_COUNT,
} dm_device_event_t;

// The state after |event|. ZX_ERR_BAD_STATE: the event makes no sense now; *out_state is untouched.
zx_status_t dm_device_state_next(dm_device_state_t state, dm_device_event_t event,
                                 dm_device_state_t* out_state);

// The name that people see: "running".
const char* dm_device_state_name(dm_device_state_t state);

// True from the start of a removal on.
bool dm_device_state_is_leaving(dm_device_state_t state);
