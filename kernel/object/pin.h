// SPDX-License-Identifier: MIT
// Pins: objects kept alive for the length of a call, without writing to anything shared.
//
// A pin is an entry in a record of its thread. Whoever drops the last reference of an object looks
// through all records first; if the object is pinned, the thread that unpins it last destroys it.
// Pinning writes one word that only the own processor touches. What orders it against the look is
// the barrier that the looking side makes all threads of the process execute (membarrier).
//
// A pin belongs to the thread that made it and ends in it, in the same function; the last one made
// ends first. To keep an object longer, or to hand it on, acquire a reference while it is pinned.
#pragma once

#include <stdatomic.h>

#include <zircon/compiler.h>

#include "object.h"

typedef struct ko_pin {
    ko_object_t* object;
    zx_rights_t rights;  // all rights of the handle
    bool is_reference;   // there were too many pins: a reference stands in for this one
} ko_pin_t;

#define KO_PINS_A_THREAD 8u

typedef struct ko_pin_record {
    _Atomic(ko_object_t*) objects[KO_PINS_A_THREAD];
    uint32_t depth;              // pins in use; the thread's alone
    _Atomic bool is_owned;       // by a live thread
    struct ko_pin_record* next;  // constant once listed
} ko_pin_record_t;

extern _Thread_local ko_pin_record_t* ko_pin_thread_record;
// Objects without references that are still pinned, or have been until now.
extern _Atomic uint32_t ko_pin_orphan_count;
extern bool ko_pin_needs_fence;  // there is no membarrier; constant after start

// The calling thread's record, made when needed; NULL: no memory.
ko_pin_record_t* ko_pin_record_make(void);
// Destroys orphans whose pins are gone.
void ko_pin_reap(void);
// Drops the last reference, unless there turn out to be more.
void ko_pin_release_last(ko_object_t* object);

// Announces that the thread is about to use `object`, which may be gone already: the caller looks
// once more, after this, whether somebody still refers to it.
static inline void ko_pin_set(ko_pin_record_t* record, uint32_t place, ko_object_t* object) {
    if (unlikely(ko_pin_needs_fence)) {
        atomic_exchange(&record->objects[place], object);
    } else {
        atomic_store_explicit(&record->objects[place], object, memory_order_release);
        atomic_signal_fence(memory_order_seq_cst);
    }
}

// Ends the last pin that was made.
static inline void ko_pin_clear(ko_pin_record_t* record) {
    record->depth--;
    ko_pin_set(record, record->depth, NULL);
    if (unlikely(atomic_load(&ko_pin_orphan_count) != 0)) {
        ko_pin_reap();
    }
}

// As ko_handle_get_rights, with a pin instead of a reference. Ends with ko_unpin.
zx_status_t ko_handle_pin(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
                          ko_pin_t* out);

static inline void ko_unpin(const ko_pin_t* pin) {
    if (unlikely(pin->is_reference)) {
        ko_object_release(pin->object);
    } else {
        ko_pin_clear(ko_pin_thread_record);
    }
}
