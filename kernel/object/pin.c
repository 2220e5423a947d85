// SPDX-License-Identifier: MIT
// The records of pins, and the end of objects that may be pinned.
#include "pin.h"

#include <linux/membarrier.h>
#include <stdlib.h>
#include <sys/syscall.h>

#include <zircon/assert.h>
#include <zircon/compiler.h>

_Thread_local ko_pin_record_t* ko_pin_thread_record;
_Atomic uint32_t ko_pin_orphan_count;
bool ko_pin_needs_fence;

static pthread_key_t record_key;
static pthread_once_t record_once = PTHREAD_ONCE_INIT;
// All records ever made. They are never freed: those of ended threads are used again.
static _Atomic(ko_pin_record_t*) records;

// Guards the orphans, and every step of a reference count to 0: so an object that has no reference
// and is no orphan is seen by nobody but the holder of the lock.
static pthread_mutex_t last_lock = PTHREAD_MUTEX_INITIALIZER;
static list_node_t orphans = LIST_INITIAL_VALUE(orphans);  // ko_object_t.orphan_node

static void record_disown(void* argument) {
    ko_pin_record_t* record = argument;
    ko_pin_thread_record = NULL;
    if (record->depth == 0) {
        atomic_store(&record->is_owned, false);
    }
}

// In the child of a fork no other thread is left to end its pins.
static void forked(void) {
    pthread_mutex_init(&last_lock, NULL);
    for (ko_pin_record_t* record = atomic_load(&records); record; record = record->next) {
        if (record == ko_pin_thread_record) {
            continue;
        }
        for (uint32_t i = 0; i < KO_PINS_A_THREAD; i++) {
            atomic_store(&record->objects[i], NULL);
        }
        record->depth = 0;
        atomic_store(&record->is_owned, false);
    }
}

static bool barrier(int command) {
    return syscall(SYS_membarrier, command, 0, 0) == 0;
}

__CONSTRUCTOR static void pins_start(void) {
    ko_pin_needs_fence = !barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED);
}

// Every thread of the process passes a full barrier before this returns.
static void barrier_everywhere(void) {
    if (!ko_pin_needs_fence && !barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED)) {
        bool is_good = barrier(MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED) &&
                       barrier(MEMBARRIER_CMD_PRIVATE_EXPEDITED);
        ZX_ASSERT(is_good);
    }
}

static void records_start(void) {
    pthread_key_create(&record_key, record_disown);
    pthread_atfork(NULL, NULL, forked);
}

static ko_pin_record_t* record_reuse(void) {
    for (ko_pin_record_t* record = atomic_load(&records); record; record = record->next) {
        bool is_owned = false;
        if (atomic_compare_exchange_strong(&record->is_owned, &is_owned, true)) {
            return record;
        }
    }
    return NULL;
}

ko_pin_record_t* ko_pin_record_make(void) {
    pthread_once(&record_once, records_start);
    ko_pin_record_t* record = record_reuse();
    if (!record) {
        // Two cache lines apart from other threads' records.
        record = aligned_alloc(128, (sizeof(*record) + 127) / 128 * 128);
        if (!record) {
            return NULL;
        }
        *record = (ko_pin_record_t){.is_owned = true, .next = atomic_load(&records)};
        while (!atomic_compare_exchange_weak(&records, &record->next, record)) {
        }
    }
    if (pthread_setspecific(record_key, record) != 0) {
        atomic_store(&record->is_owned, false);
        return NULL;
    }
    ko_pin_thread_record = record;
    return record;
}

static bool object_is_pinned(const ko_object_t* object) {
    for (ko_pin_record_t* record = atomic_load(&records); record; record = record->next) {
        for (uint32_t i = 0; i < KO_PINS_A_THREAD; i++) {
            if (atomic_load(&record->objects[i]) == object) {
                return true;
            }
        }
    }
    return false;
}

static void object_destroy(ko_object_t* object) {
    ZX_DEBUG_ASSERT(list_is_empty(&object->waiters) && list_is_empty(&object->watches));
    pthread_mutex_destroy(&object->wait_lock);
    object->ops->destroy(object);
}

// Ends being an orphan if no pin is left; true if the object is dead then. It may have references
// again, taken while it was pinned, and then waits for the last of those: so they are looked at
// after the pins. last_lock is held.
static bool orphan_settle_locked(ko_object_t* object) {
    if (object_is_pinned(object)) {
        return false;
    }
    list_delete(&object->orphan_node);
    atomic_fetch_sub(&ko_pin_orphan_count, 1);
    return atomic_load(&object->refs) == 0;
}

void ko_pin_release_last(ko_object_t* object) {
    pthread_mutex_lock(&last_lock);
    bool is_dead = false;
    if (atomic_fetch_sub(&object->refs, 1) == 1) {
        // First an orphan, then the barrier, then the look: a thread that the look finds pinning
        // comes to see the orphan when it unpins.
        if (!list_in_list(&object->orphan_node)) {
            list_add_tail(&orphans, &object->orphan_node);
            atomic_fetch_add(&ko_pin_orphan_count, 1);
            barrier_everywhere();
        }
        is_dead = orphan_settle_locked(object);
    }
    pthread_mutex_unlock(&last_lock);
    if (is_dead) {
        object_destroy(object);
    }
}

void ko_pin_reap(void) {
    list_node_t dead = LIST_INITIAL_VALUE(dead);
    pthread_mutex_lock(&last_lock);
    ko_object_t* object;
    ko_object_t* next;
    list_for_every_entry_safe(&orphans, object, next, ko_object_t, orphan_node) {
        if (orphan_settle_locked(object)) {
            list_add_tail(&dead, &object->orphan_node);
        }
    }
    pthread_mutex_unlock(&last_lock);
    while ((object = list_remove_head_type(&dead, ko_object_t, orphan_node))) {
        object_destroy(object);
    }
}
