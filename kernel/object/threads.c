// SPDX-License-Identifier: MIT
// C11 threads beyond the C library's: named threads, and handles that stand for threads.
//
// A thread that was made by thrd_create_with_name(), or that asked for itself, has a record until
// it ends; its handle is made when somebody asks for it first.
#include <zircon/threads.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "object.h"

#define LINUX_NAME_SIZE 16u

typedef struct thread_record {
    list_node_t node;  // in records
    pthread_t thread;
    zx_handle_t handle;  // owned; ZX_HANDLE_INVALID: nobody asked
    thrd_start_t entry;
    void* arg;
    char name[LINUX_NAME_SIZE];
} thread_record_t;

static pthread_mutex_t records_lock = PTHREAD_MUTEX_INITIALIZER;  // guards what follows
static list_node_t records = LIST_INITIAL_VALUE(records);

static pthread_key_t record_key;
static pthread_once_t record_once = PTHREAD_ONCE_INIT;

// The thread ends.
static void record_free(void* argument) {
    thread_record_t* record = argument;
    pthread_mutex_lock(&records_lock);
    list_delete(&record->node);
    pthread_mutex_unlock(&records_lock);
    zx_handle_close(record->handle);
    free(record);
}

static void record_start(void) {
    pthread_key_create(&record_key, record_free);
}

static int named_main(void* argument) {
    thread_record_t* record = argument;
    thrd_start_t entry = record->entry;
    void* arg = record->arg;
    pthread_setname_np(pthread_self(), record->name);
    if (pthread_setspecific(record_key, record) != 0) {
        // The record must not outlive the thread; it goes once its creator has entered it.
        record_free(record);
    }
    return entry(arg);
}

int thrd_create_with_name(thrd_t* out_thread, thrd_start_t entry, void* arg, const char* name) {
    pthread_once(&record_once, record_start);
    thread_record_t* record = calloc(1, sizeof(*record));
    if (!record) {
        return thrd_nomem;
    }
    record->entry = entry;
    record->arg = arg;
    strncpy(record->name, name ? name : "", sizeof(record->name) - 1);
    // The new thread cannot end before it is entered: ending takes the lock.
    pthread_mutex_lock(&records_lock);
    int result = thrd_create(out_thread, named_main, record);
    if (result == thrd_success) {
        record->thread = *out_thread;
        list_add_tail(&records, &record->node);
    } else {
        free(record);
    }
    pthread_mutex_unlock(&records_lock);
    return result;
}

// ---- handles

static void thread_destroy(ko_object_t* object) {
    free(object);
}

static const ko_ops_t thread_ops = {
    .type = ZX_OBJ_TYPE_THREAD,
    .default_rights = ZX_DEFAULT_THREAD_RIGHTS & ~(ZX_RIGHT_TRANSFER | ZX_RIGHT_WAIT),
    .destroy = thread_destroy,
};

static zx_handle_t record_handle_locked(thread_record_t* record) {
    if (record->handle != ZX_HANDLE_INVALID) {
        return record->handle;
    }
    ko_object_t* object = calloc(1, sizeof(*object));
    if (!object) {
        return ZX_HANDLE_INVALID;
    }
    ko_object_init(object, &thread_ops);
    memcpy(object->name, record->name, sizeof(record->name));
    if (ko_handle_make(object, ZX_RIGHT_SAME_RIGHTS, &record->handle) != ZX_OK) {
        record->handle = ZX_HANDLE_INVALID;
    }
    return record->handle;
}

static thread_record_t* record_find_locked(pthread_t thread) {
    thread_record_t* record;
    list_for_every_entry(&records, record, thread_record_t, node) {
        if (pthread_equal(record->thread, thread)) {
            return record;
        }
    }
    return NULL;
}

ko_object_t* ko_thread_find(zx_koid_t koid) {
    ko_object_t* found = NULL;
    thread_record_t* record;
    pthread_mutex_lock(&records_lock);
    list_for_every_entry(&records, record, thread_record_t, node) {
        ko_object_t* object = NULL;
        if (ko_handle_get(record->handle, ZX_OBJ_TYPE_THREAD, 0, &object) != ZX_OK) {
            continue;  // nobody has asked for it
        }
        if (object->koid == koid) {
            found = object;
            break;
        }
        ko_object_release(object);
    }
    pthread_mutex_unlock(&records_lock);
    return found;
}

zx_handle_t thrd_get_zx_handle(thrd_t thread) {
    pthread_mutex_lock(&records_lock);
    thread_record_t* record = record_find_locked(thread);
    zx_handle_t handle = record ? record_handle_locked(record) : ZX_HANDLE_INVALID;
    pthread_mutex_unlock(&records_lock);
    return handle;
}

zx_handle_t zx_thread_self(void) {
    pthread_once(&record_once, record_start);
    pthread_mutex_lock(&records_lock);
    thread_record_t* record = record_find_locked(pthread_self());
    if (!record && (record = calloc(1, sizeof(*record))) != NULL) {
        record->thread = pthread_self();
        pthread_getname_np(record->thread, record->name, sizeof(record->name));
        if (pthread_setspecific(record_key, record) == 0) {
            list_add_tail(&records, &record->node);
        } else {
            free(record);
            record = NULL;
        }
    }
    zx_handle_t handle = record ? record_handle_locked(record) : ZX_HANDLE_INVALID;
    pthread_mutex_unlock(&records_lock);
    return handle;
}

zx_status_t thrd_status_to_zx_status(int thrd_status) {
    switch (thrd_status) {
        case thrd_success:
            return ZX_OK;
        case thrd_nomem:
            return ZX_ERR_NO_MEMORY;
        case thrd_timedout:
            return ZX_ERR_TIMED_OUT;
        case thrd_busy:
            return ZX_ERR_SHOULD_WAIT;
        default:
            return ZX_ERR_INTERNAL;
    }
}
