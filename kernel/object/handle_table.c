// SPDX-License-Identifier: MIT
// The table of this process's handles.
//
// A handle value is (generation, slot index) mixed with a number that is random for the process, so
// that a stale value and one that belongs to another process are told apart from a live one. Slots
// live in chunks that never move. A slot's state says everything about it in one word: it is looked
// up without writing to it, and whoever changes the state from live has taken the handle. Free
// slots queue up and the oldest is used first.
#include <stdlib.h>
#include <sys/random.h>

#include <lx/handle.h>
#include <zircon/assert.h>
#include <zircon/syscalls.h>

#include "pin.h"

#define INDEX_BITS      20u
#define INDEX_MASK      ((1u << INDEX_BITS) - 1u)
#define GENERATION_MASK ((1u << (32u - INDEX_BITS)) - 1u)
#define CHUNK_BITS      10u
#define CHUNK_SLOTS     (1u << CHUNK_BITS)
#define CHUNK_COUNT     (1u << (INDEX_BITS - CHUNK_BITS))
#define NO_INDEX        UINT32_MAX
// So many slots wait in the queue before one is used again, as long as the table can grow.
#define REUSE_DELAY 256u

// Rights in the upper half, then 30 bits of generation, of which a handle value has the lower ones.
#define STATE_LIVE             UINT64_C(1)
#define STATE_PERMANENT        UINT64_C(2)
#define STATE_GENERATION_SHIFT 2u

typedef struct handle_slot {
    _Atomic uint64_t state;
    _Atomic(ko_object_t*) object;  // owned reference while live
    uint32_t next_free;            // guarded by table.lock
} handle_slot_t;

static uint32_t state_generation(uint64_t state) {
    return (uint32_t)state >> STATE_GENERATION_SHIFT;
}

static zx_rights_t state_rights(uint64_t state) {
    return (zx_rights_t)(state >> 32);
}

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

static inline handle_slot_t* slot_at(uint32_t index) {
    handle_slot_t* chunk =
        atomic_load_explicit(&table.chunks[index >> CHUNK_BITS], memory_order_acquire);
    return chunk ? &chunk[index & (CHUNK_SLOTS - 1)] : NULL;
}

// The slot a handle names, and its state, which is live; or NULL.
static inline handle_slot_t* slot_find(zx_handle_t handle, uint64_t* out_state) {
    uint32_t raw = handle ^ table.secret;
    handle_slot_t* slot = slot_at(raw & INDEX_MASK);
    if (!slot || handle == ZX_HANDLE_INVALID) {
        return NULL;
    }
    *out_state = atomic_load_explicit(&slot->state, memory_order_acquire);
    bool is_same = (state_generation(*out_state) & GENERATION_MASK) == raw >> INDEX_BITS;
    return is_same && (*out_state & STATE_LIVE) ? slot : NULL;
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
    uint32_t generation = state_generation(atomic_load(&slot->state));
    zx_handle_t value = ZX_HANDLE_INVALID;
    while (value == ZX_HANDLE_INVALID) {
        generation++;
        value = (((generation & GENERATION_MASK) << INDEX_BITS) | index) ^ table.secret;
    }
    atomic_store_explicit(&slot->object, object, memory_order_relaxed);
    uint64_t state = ((uint64_t)rights << 32) | (uint32_t)(generation << STATE_GENERATION_SHIFT);
    atomic_store(&slot->state, state | STATE_LIVE | (is_permanent ? STATE_PERMANENT : 0));
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

// Pins the object of a live handle in a place of the thread's record, which becomes its last.
static inline zx_status_t pin_in(ko_pin_record_t* record, uint32_t place, zx_handle_t handle,
                                 ko_pin_t* out) {
    uint64_t state;
    handle_slot_t* slot = slot_find(handle, &state);
    if (unlikely(!slot)) {
        return ZX_ERR_BAD_HANDLE;
    }
    ko_object_t* object = atomic_load_explicit(&slot->object, memory_order_relaxed);
    record->depth = place + 1;
    ko_pin_set(record, place, object);
    // Unchanged: the slot still holds its reference, and who drops that finds the pin.
    if (unlikely(atomic_load(&slot->state) != state)) {
        ko_pin_clear(record);
        return ZX_ERR_BAD_HANDLE;
    }
    out->object = object;
    out->rights = state_rights(state);
    out->is_reference = false;
    return ZX_OK;
}

// All places of the record are in use: borrows the last one for as long as it takes to get a
// reference.
static zx_status_t pin_by_reference(ko_pin_record_t* record, zx_handle_t handle, ko_pin_t* out) {
    uint32_t place = KO_PINS_A_THREAD - 1;
    ko_object_t* before = atomic_load_explicit(&record->objects[place], memory_order_relaxed);
    ko_object_acquire(before);
    zx_status_t status = pin_in(record, place, handle, out);
    if (status == ZX_OK) {
        ko_object_acquire(out->object);
        ko_pin_clear(record);
        out->is_reference = true;
    }
    record->depth = KO_PINS_A_THREAD;
    ko_pin_set(record, place, before);
    ko_object_release(before);
    return status;
}

__NO_INLINE static zx_status_t pin_refuse(const ko_pin_t* pin, zx_status_t status) {
    ko_unpin(pin);
    return status;
}

// Unpins on failure.
static inline zx_status_t pin_check(const ko_pin_t* pin, zx_obj_type_t type, zx_rights_t rights) {
    if (unlikely(type != ZX_OBJ_TYPE_NONE && pin->object->ops->type != type)) {
        return pin_refuse(pin, ZX_ERR_WRONG_TYPE);
    }
    if (unlikely((pin->rights & rights) != rights)) {
        return pin_refuse(pin, ZX_ERR_ACCESS_DENIED);
    }
    return ZX_OK;
}

__NO_INLINE static zx_status_t pin_slowly(zx_handle_t handle, zx_obj_type_t type,
                                          zx_rights_t rights, ko_pin_t* out) {
    ko_pin_record_t* record = ko_pin_thread_record;
    if (!record) {
        record = ko_pin_record_make();
        return record ? ko_handle_pin(handle, type, rights, out) : ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = pin_by_reference(record, handle, out);
    return status == ZX_OK ? pin_check(out, type, rights) : status;
}

zx_status_t ko_handle_pin(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
                          ko_pin_t* out) {
    ko_pin_record_t* record = ko_pin_thread_record;
    if (unlikely(!record || record->depth == KO_PINS_A_THREAD)) {
        return pin_slowly(handle, type, rights, out);
    }
    zx_status_t status = pin_in(record, record->depth, handle, out);
    return likely(status == ZX_OK) ? pin_check(out, type, rights) : status;
}

zx_status_t ko_handle_get_rights(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
                                 ko_object_t** out, zx_rights_t* out_rights) {
    ko_pin_t pin;
    zx_status_t status = ko_handle_pin(handle, type, rights, &pin);
    if (status == ZX_OK) {
        ko_object_acquire(pin.object);
        *out = pin.object;
        *out_rights = pin.rights;
        ko_unpin(&pin);
    }
    return status;
}

zx_status_t ko_handle_get_counted(zx_handle_t handle, zx_rights_t rights, ko_object_t** out,
                                  zx_rights_t* out_rights) {
    ko_pin_t pin;
    zx_status_t status = ko_handle_pin(handle, ZX_OBJ_TYPE_NONE, rights, &pin);
    if (status != ZX_OK) {
        return status;
    }
    // Once the last handle was counted out, the object has ended for its users.
    uint32_t handles = atomic_load(&pin.object->handles);
    while (handles > 0 &&
           !atomic_compare_exchange_weak(&pin.object->handles, &handles, handles + 1)) {
    }
    if (handles > 0) {
        ko_object_acquire(pin.object);
        *out = pin.object;
        *out_rights = pin.rights;
    }
    ko_unpin(&pin);
    return handles > 0 ? ZX_OK : ZX_ERR_BAD_HANDLE;
}

zx_status_t ko_handle_get(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights,
                          ko_object_t** out) {
    zx_rights_t all;
    return ko_handle_get_rights(handle, type, rights, out, &all);
}

bool ko_handle_names(zx_handle_t handle, const ko_object_t* object) {
    uint64_t state;
    handle_slot_t* slot = slot_find(handle, &state);
    return slot && atomic_load_explicit(&slot->object, memory_order_relaxed) == object &&
           atomic_load(&slot->state) == state;
}

zx_status_t ko_handle_take(zx_handle_t handle, ko_object_t** out, zx_rights_t* out_rights) {
    uint64_t state;
    handle_slot_t* slot = slot_find(handle, &state);
    if (!slot) {
        return ZX_ERR_BAD_HANDLE;
    }
    if (state & STATE_PERMANENT) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    ko_object_t* object = atomic_load_explicit(&slot->object, memory_order_relaxed);
    if (!atomic_compare_exchange_strong(&slot->state, &state, state & ~STATE_LIVE)) {
        return ZX_ERR_BAD_HANDLE;  // another thread took it
    }
    *out_rights = state_rights(state);
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
