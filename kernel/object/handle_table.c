// SPDX-License-Identifier: MIT
// The table of this process's handles.
//
// A handle value is (generation, slot index) mixed with a number that is random for the process, so
// that a stale value and one that belongs to another process are told apart from a live one. Slots
// live in chunks that never move; each has a lock of its own, held for a few instructions. Free
// slots queue up and the oldest is used first.
#include "object.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/random.h>

#include <lx/handle.h>
#include <zircon/assert.h>
#include <zircon/syscalls.h>

#define INDEX_BITS      20u
#define INDEX_MASK      ((1u << INDEX_BITS) - 1u)
#define GENERATION_MASK ((1u << (32u - INDEX_BITS)) - 1u)
#define CHUNK_BITS      10u
#define CHUNK_SLOTS     (1u << CHUNK_BITS)
#define CHUNK_COUNT     (1u << (INDEX_BITS - CHUNK_BITS))
#define NO_INDEX        UINT32_MAX
// So many slots wait in the queue before one is used again, as long as the table can grow.
#define REUSE_DELAY 256u

typedef struct handle_slot {
    _Atomic uint32_t lock;  // guards what follows
    uint32_t generation;
    zx_rights_t rights;
    bool is_permanent;
    ko_object_t* object;  // owned reference; NULL: free
    uint32_t next_free;   // guarded by table.lock
} handle_slot_t;

static struct {
    uint32_t secret;  // constant after start
    _Atomic(handle_slot_t*) chunks[CHUNK_COUNT];
    _Atomic size_t live;  // handles in use, permanent ones not counted

    pthread_mutex_t lock;  // guards what follows
    uint32_t used;         // slots ever used
    uint32_t free_head;
    uint32_t free_tail;
    uint32_t free_count;
} table = {.lock = PTHREAD_MUTEX_INITIALIZER, .free_head = NO_INDEX, .free_tail = NO_INDEX};

__CONSTRUCTOR static void table_start(void) {
    if (getrandom(&table.secret, sizeof(table.secret), GRND_NONBLOCK) < 0) {
        table.secret = (uint32_t)getpid() * 2654435761u;
    }
}

static void slot_lock(handle_slot_t* slot) {
    for (uint32_t spins = 0; atomic_exchange_explicit(&slot->lock, 1, memory_order_acquire);
         spins++) {
        if (spins >= 64) {
            sched_yield();
        }
    }
}

static void slot_unlock(handle_slot_t* slot) {
    atomic_store_explicit(&slot->lock, 0, memory_order_release);
}

static handle_slot_t* slot_at(uint32_t index) {
    handle_slot_t* chunk =
        atomic_load_explicit(&table.chunks[index >> CHUNK_BITS], memory_order_acquire);
    return chunk ? &chunk[index & (CHUNK_SLOTS - 1)] : NULL;
}

// The slot a handle names, locked, or NULL.
static handle_slot_t* slot_find_locked(zx_handle_t handle) {
    if (handle == ZX_HANDLE_INVALID) {
        return NULL;
    }
    uint32_t raw = handle ^ table.secret;
    handle_slot_t* slot = slot_at(raw & INDEX_MASK);
    if (!slot) {
        return NULL;
    }
    slot_lock(slot);
    if (!slot->object || slot->generation != raw >> INDEX_BITS) {
        slot_unlock(slot);
        return NULL;
    }
    return slot;
}

// Makes the next never used slot usable. table.lock is held.
static uint32_t index_grow_locked(void) {
    if (table.used > INDEX_MASK) {
        return NO_INDEX;
    }
    uint32_t chunk = table.used >> CHUNK_BITS;
    if (!atomic_load_explicit(&table.chunks[chunk], memory_order_relaxed)) {
        handle_slot_t* slots = calloc(CHUNK_SLOTS, sizeof(*slots));
        if (!slots) {
            return NO_INDEX;
        }
        atomic_store_explicit(&table.chunks[chunk], slots, memory_order_release);
    }
    return table.used++;
}

static uint32_t index_alloc(void) {
    pthread_mutex_lock(&table.lock);
    uint32_t index = NO_INDEX;
    if (table.free_count < REUSE_DELAY) {
        index = index_grow_locked();
    }
    if (index == NO_INDEX && table.free_count > 0) {
        index = table.free_head;
        table.free_head = slot_at(index)->next_free;
        table.free_count--;
        if (table.free_count == 0) {
            table.free_tail = NO_INDEX;
        }
    }
    pthread_mutex_unlock(&table.lock);
    return index;
}

static void index_free(uint32_t index) {
    pthread_mutex_lock(&table.lock);
    slot_at(index)->next_free = NO_INDEX;
    if (table.free_count == 0) {
        table.free_head = index;
    } else {
        slot_at(table.free_tail)->next_free = index;
    }
    table.free_tail = index;
    table.free_count++;
    pthread_mutex_unlock(&table.lock);
}

// Enters an object; its reference and its place in object->handles are the caller's.
static zx_status_t table_enter(ko_object_t* object, zx_rights_t rights, bool is_permanent,
                               zx_handle_t* out) {
    uint32_t index = index_alloc();
    if (index == NO_INDEX) {
        return ZX_ERR_NO_RESOURCES;
    }
    handle_slot_t* slot = slot_at(index);
    slot_lock(slot);
    zx_handle_t value = ZX_HANDLE_INVALID;
    while (value == ZX_HANDLE_INVALID) {
        slot->generation = (slot->generation + 1) & GENERATION_MASK;
        value = ((slot->generation << INDEX_BITS) | index) ^ table.secret;
    }
    slot->object = object;
    slot->rights = rights;
    slot->is_permanent = is_permanent;
    slot_unlock(slot);
    if (!is_permanent) {
        atomic_fetch_add_explicit(&table.live, 1, memory_order_relaxed);
    }
    *out = value;
    return ZX_OK;
}

zx_status_t ko_taken_make(ko_object_t* object, zx_rights_t rights, zx_handle_t* out) {
    zx_status_t status = table_enter(object, rights, false, out);
    if (status != ZX_OK) {
        ko_taken_drop(object);
    }
    return status;
}

zx_status_t ko_handle_make(ko_object_t* object, zx_rights_t rights, zx_handle_t* out) {
    zx_rights_t all = object->ops->default_rights;
    atomic_fetch_add_explicit(&object->handles, 1, memory_order_relaxed);
    return ko_taken_make(object, rights == ZX_RIGHT_SAME_RIGHTS ? all : rights & all, out);
}

zx_status_t ko_handle_make_pair(ko_object_t* end0, ko_object_t* end1, zx_handle_t* out0,
                                zx_handle_t* out1) {
    end0->related_koid = end1->koid;
    end1->related_koid = end0->koid;
    zx_status_t status = ko_handle_make(end0, ZX_RIGHT_SAME_RIGHTS, out0);
    if (status != ZX_OK) {
        ko_object_release(end1);
    } else {
        status = ko_handle_make(end1, ZX_RIGHT_SAME_RIGHTS, out1);
        if (status != ZX_OK) {
            zx_handle_close(*out0);
            *out0 = ZX_HANDLE_INVALID;
        }
    }
    return status;
}

zx_status_t ko_handle_make_permanent(ko_object_t* object, zx_handle_t* out) {
    atomic_fetch_add_explicit(&object->handles, 1, memory_order_relaxed);
    zx_status_t status = table_enter(object, object->ops->default_rights, true, out);
    if (status != ZX_OK) {
        ko_taken_drop(object);
    }
    return status;
}

static zx_status_t handle_get(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
                              bool counted, ko_object_t** out, zx_rights_t* out_rights) {
    handle_slot_t* slot = slot_find_locked(handle);
    if (!slot) {
        return ZX_ERR_BAD_HANDLE;
    }
    zx_status_t status = ZX_OK;
    if (type != ZX_OBJ_TYPE_NONE && slot->object->ops->type != type) {
        status = ZX_ERR_WRONG_TYPE;
    } else if ((slot->rights & rights) != rights) {
        status = ZX_ERR_ACCESS_DENIED;
    } else {
        ko_object_acquire(slot->object);
        if (counted) {
            atomic_fetch_add_explicit(&slot->object->handles, 1, memory_order_relaxed);
        }
        *out = slot->object;
        *out_rights = slot->rights;
    }
    slot_unlock(slot);
    return status;
}

zx_status_t ko_handle_get_rights(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
                                 ko_object_t** out, zx_rights_t* out_rights) {
    return handle_get(handle, type, rights, false, out, out_rights);
}

zx_status_t ko_handle_get_counted(zx_handle_t handle, zx_rights_t rights, ko_object_t** out,
                                  zx_rights_t* out_rights) {
    return handle_get(handle, ZX_OBJ_TYPE_NONE, rights, true, out, out_rights);
}

zx_status_t ko_handle_get(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
                          ko_object_t** out) {
    zx_rights_t all;
    return ko_handle_get_rights(handle, type, rights, out, &all);
}

bool ko_handle_names(zx_handle_t handle, const ko_object_t* object) {
    handle_slot_t* slot = slot_find_locked(handle);
    if (!slot) {
        return false;
    }
    bool is_same = slot->object == object;
    slot_unlock(slot);
    return is_same;
}

zx_status_t ko_handle_take(zx_handle_t handle, ko_object_t** out, zx_rights_t* out_rights) {
    handle_slot_t* slot = slot_find_locked(handle);
    if (!slot) {
        return ZX_ERR_BAD_HANDLE;
    }
    if (slot->is_permanent) {
        slot_unlock(slot);
        return ZX_ERR_NOT_SUPPORTED;
    }
    ko_object_t* object = slot->object;
    *out_rights = slot->rights;
    slot->object = NULL;
    slot_unlock(slot);
    index_free((handle ^ table.secret) & INDEX_MASK);
    atomic_fetch_sub_explicit(&table.live, 1, memory_order_relaxed);
    ko_wait_cancel(object, handle);
    *out = object;
    return ZX_OK;
}

void ko_taken_drop(ko_object_t* object) {
    if (atomic_fetch_sub_explicit(&object->handles, 1, memory_order_acq_rel) == 1) {
        ko_port_forget_object(object);
        if (object->ops->last_handle_closed) {
            object->ops->last_handle_closed(object);
        }
    }
    ko_object_release(object);
}

size_t ko_handle_count(void) {
    return atomic_load_explicit(&table.live, memory_order_relaxed);
}

size_t lx_handle_count(void) {
    return ko_handle_count();
}
