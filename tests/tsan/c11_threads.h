// SPDX-License-Identifier: MIT
// C11's threads by way of POSIX's, of which the C library makes them anyway: ThreadSanitizer knows
// only those. The preset tsan includes this first in every C file.
#pragma once

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

typedef struct tsan_thread {
    thrd_start_t entry;
    void* arg;
} tsan_thread_t;

static inline int tsan_result(int error) {
    switch (error) {
        case 0:
            return thrd_success;
        case EBUSY:
            return thrd_busy;
        case ETIMEDOUT:
            return thrd_timedout;
        case ENOMEM:
            return thrd_nomem;
        default:
            return thrd_error;
    }
}

static inline void* tsan_thread_main(void* argument) {
    tsan_thread_t thread = *(tsan_thread_t*)argument;
    free(argument);
    return (void*)(intptr_t)thread.entry(thread.arg);
}

static inline int tsan_thrd_create(thrd_t* out, thrd_start_t entry, void* arg) {
    tsan_thread_t* thread = malloc(sizeof(*thread));
    if (!thread) {
        return thrd_nomem;
    }
    *thread = (tsan_thread_t){.entry = entry, .arg = arg};
    int error = pthread_create(out, NULL, tsan_thread_main, thread);
    if (error != 0) {
        free(thread);
    }
    return tsan_result(error);
}

static inline int tsan_thrd_join(thrd_t thread, int* out_result) {
    void* result = NULL;
    int error = pthread_join(thread, &result);
    if (out_result) {
        *out_result = (int)(intptr_t)result;
    }
    return tsan_result(error);
}

static inline int tsan_mtx_init(mtx_t* mutex, int type) {
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(
        &attributes, (type & mtx_recursive) != 0 ? PTHREAD_MUTEX_RECURSIVE : PTHREAD_MUTEX_NORMAL);
    int error = pthread_mutex_init((pthread_mutex_t*)mutex, &attributes);
    pthread_mutexattr_destroy(&attributes);
    return tsan_result(error);
}

static inline void tsan_mtx_destroy(mtx_t* mutex) {
    pthread_mutex_destroy((pthread_mutex_t*)mutex);
}

static inline int tsan_mtx_lock(mtx_t* mutex) {
    return tsan_result(pthread_mutex_lock((pthread_mutex_t*)mutex));
}

static inline int tsan_mtx_trylock(mtx_t* mutex) {
    return tsan_result(pthread_mutex_trylock((pthread_mutex_t*)mutex));
}

static inline int tsan_mtx_unlock(mtx_t* mutex) {
    return tsan_result(pthread_mutex_unlock((pthread_mutex_t*)mutex));
}

static inline int tsan_cnd_init(cnd_t* condition) {
    return tsan_result(pthread_cond_init((pthread_cond_t*)condition, NULL));
}

static inline void tsan_cnd_destroy(cnd_t* condition) {
    pthread_cond_destroy((pthread_cond_t*)condition);
}

static inline int tsan_cnd_wait(cnd_t* condition, mtx_t* mutex) {
    return tsan_result(pthread_cond_wait((pthread_cond_t*)condition, (pthread_mutex_t*)mutex));
}

static inline int tsan_cnd_timedwait(cnd_t* condition, mtx_t* mutex, const struct timespec* until) {
    return tsan_result(
        pthread_cond_timedwait((pthread_cond_t*)condition, (pthread_mutex_t*)mutex, until));
}

static inline int tsan_cnd_signal(cnd_t* condition) {
    return tsan_result(pthread_cond_signal((pthread_cond_t*)condition));
}

static inline int tsan_cnd_broadcast(cnd_t* condition) {
    return tsan_result(pthread_cond_broadcast((pthread_cond_t*)condition));
}

static inline void tsan_call_once(once_flag* flag, void (*function)(void)) {
    pthread_once((pthread_once_t*)flag, function);
}

#define thrd_create   tsan_thrd_create
#define thrd_join     tsan_thrd_join
#define thrd_detach   pthread_detach
#define mtx_init      tsan_mtx_init
#define mtx_destroy   tsan_mtx_destroy
#define mtx_lock      tsan_mtx_lock
#define mtx_trylock   tsan_mtx_trylock
#define mtx_unlock    tsan_mtx_unlock
#define cnd_init      tsan_cnd_init
#define cnd_destroy   tsan_cnd_destroy
#define cnd_wait      tsan_cnd_wait
#define cnd_timedwait tsan_cnd_timedwait
#define cnd_signal    tsan_cnd_signal
#define cnd_broadcast tsan_cnd_broadcast
#define call_once     tsan_call_once
// Not needed so far, and not known to ThreadSanitizer as they are.
#pragma GCC poison thrd_exit mtx_timedlock
