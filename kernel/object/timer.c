// SPDX-License-Identifier: MIT
// Timer: asserts ZX_TIMER_SIGNALED at an instant. A timerfd that is never read: it stays readable
// after it expired, until it is set or cancelled.
#include <poll.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>

#include <zircon/syscalls.h>

#include "object.h"

typedef struct ko_timer {
    ko_object_t base;
    int fd;  // owned
    uint32_t options;
    pthread_mutex_t lock;  // guards what follows
    zx_time_t deadline;    // 0: not set
    zx_duration_t slack;
} ko_timer_t;

static zx_signals_t timer_signals(ko_object_t* object) {
    struct pollfd poll_fd = {.fd = ((ko_timer_t*)object)->fd, .events = POLLIN};
    return poll(&poll_fd, 1, 0) > 0 ? ZX_TIMER_SIGNALED : 0;
}

static uint32_t timer_wait_sources(ko_object_t* object, zx_signals_t mask,
                                   ko_wait_source_t out[KO_MAX_WAIT_SOURCES]) {
    // An expired timer's fd stays ready: who waits for something else must not watch it.
    if ((mask & ZX_TIMER_SIGNALED) == 0) {
        return 0;
    }
    out[0] = (ko_wait_source_t){.fd = ((ko_timer_t*)object)->fd, .events = EPOLLIN};
    return 1;
}

static zx_status_t timer_get_info(ko_object_t* object, zx_rights_t rights, uint32_t topic,
                                  ko_info_t* out, size_t* out_size) {
    (void)rights;
    if (topic != ZX_INFO_TIMER) {
        return ZX_ERR_WRONG_TYPE;
    }
    ko_timer_t* timer = (ko_timer_t*)object;
    pthread_mutex_lock(&timer->lock);
    out->timer = (zx_info_timer_t){
        .options = timer->options, .deadline = timer->deadline, .slack = timer->slack};
    pthread_mutex_unlock(&timer->lock);
    *out_size = sizeof(out->timer);
    return ZX_OK;
}

static void timer_destroy(ko_object_t* object) {
    ko_timer_t* timer = (ko_timer_t*)object;
    ko_fd_close(&timer->fd);
    pthread_mutex_destroy(&timer->lock);
    free(timer);
}

static const ko_ops_t timer_ops = {
    .type = ZX_OBJ_TYPE_TIMER,
    .default_rights = ZX_DEFAULT_TIMER_RIGHTS & ~ZX_RIGHT_TRANSFER,  // stays in its process
    .destroy = timer_destroy,
    .signals = timer_signals,
    .wait_sources = timer_wait_sources,
    .get_info = timer_get_info,
};

zx_status_t zx_timer_create(uint32_t options, zx_clock_t clock_id, zx_handle_t* out) {
    if (options > ZX_TIMER_SLACK_LATE || clock_id != ZX_CLOCK_MONOTONIC || !out) {
        return ZX_ERR_INVALID_ARGS;
    }
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (fd < 0) {
        return ZX_ERR_NO_RESOURCES;
    }
    ko_timer_t* timer = calloc(1, sizeof(*timer));
    if (!timer) {
        ko_fd_close(&fd);
        return ZX_ERR_NO_MEMORY;
    }
    ko_object_init(&timer->base, &timer_ops);
    pthread_mutex_init(&timer->lock, NULL);
    timer->fd = fd;
    timer->options = options;
    return ko_handle_make(&timer->base, ZX_RIGHT_SAME_RIGHTS, out);
}

// Arms (or with no time disarms) the timer; it is not signalled afterwards, unless `when` is past.
static zx_status_t timer_arm(zx_handle_t handle, const struct itimerspec* when, zx_time_t deadline,
                             zx_duration_t slack) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_TIMER, ZX_RIGHT_WRITE, &object);
    if (status != ZX_OK) {
        return status;
    }
    ko_timer_t* timer = (ko_timer_t*)object;
    pthread_mutex_lock(&timer->lock);
    timer->deadline = deadline;
    timer->slack = slack;
    if (timerfd_settime(timer->fd, TFD_TIMER_ABSTIME, when, NULL) < 0) {
        status = ZX_ERR_INTERNAL;
    }
    pthread_mutex_unlock(&timer->lock);
    ko_object_fell(object, ZX_TIMER_SIGNALED);
    ko_object_release(object);
    return status;
}

zx_status_t zx_timer_set(zx_handle_t handle, zx_time_t deadline, zx_duration_t slack) {
    if (slack < 0) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    // An instant of 0 would disarm; 1 ns after boot is as long past.
    zx_time_t at = deadline > 0 ? deadline : 1;
    struct itimerspec when = {.it_value = {.tv_sec = at / ZX_SEC(1), .tv_nsec = at % ZX_SEC(1)}};
    return timer_arm(handle, &when, deadline, slack);
}

zx_status_t zx_timer_cancel(zx_handle_t handle) {
    struct itimerspec never = {0};
    return timer_arm(handle, &never, 0, 0);
}
