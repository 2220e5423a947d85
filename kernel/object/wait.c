// SPDX-License-Identifier: MIT
// Threads that block, and the zx_object_wait_one/many calls.
#include "wait.h"

#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>

#include <zircon/syscalls.h>

#include "pin.h"

static _Thread_local ko_thread_t* current;
static pthread_key_t thread_key;
static pthread_once_t thread_once = PTHREAD_ONCE_INIT;
static _Atomic uint32_t fork_id;

static void thread_free(void* argument) {
    ko_thread_t* thread = argument;
    ko_fd_close(&thread->kick_fd);
    ko_fd_close(&thread->bell_fd);
    free(thread);
    current = NULL;
}

// A child of fork shares the parent's eventfd and epoll set: it must have its own.
static void forked(void) {
    atomic_fetch_add(&fork_id, 1);
}

static void thread_start(void) {
    pthread_key_create(&thread_key, thread_free);
    pthread_atfork(NULL, NULL, forked);
}

ko_thread_t* ko_thread_self(void) {
    uint32_t now = atomic_load_explicit(&fork_id, memory_order_relaxed);
    if (current && current->fork_id == now) {
        return current;
    }
    pthread_once(&thread_once, thread_start);
    if (current) {
        thread_free(current);
    }
    ko_thread_t* thread = malloc(sizeof(*thread));
    if (!thread) {
        return NULL;
    }
    *thread = (ko_thread_t){
        .kick_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .bell_fd = -1, .fork_id = now};
    if (thread->kick_fd < 0 || pthread_setspecific(thread_key, thread) != 0) {
        thread_free(thread);
        return NULL;
    }
    current = thread;
    return thread;
}

void ko_thread_kick(ko_thread_t* thread) {
    uint64_t one = 1;
    while (write(thread->kick_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

void ko_waiter_add(ko_object_t* object, ko_waiter_t* waiter, ko_thread_t* thread,
                   zx_handle_t handle) {
    waiter->thread = thread;
    waiter->handle = handle;
    atomic_init(&waiter->is_cancelled, false);
    pthread_mutex_lock(&object->wait_lock);
    list_add_tail(&object->waiters, &waiter->node);
    atomic_fetch_add(&object->wait_count, 1);
    pthread_mutex_unlock(&object->wait_lock);
    // Closing looks for waiters after it took the handle out, so one of the two sees the other.
    if (!ko_handle_names(handle, object)) {
        atomic_store(&waiter->is_cancelled, true);
    }
}

void ko_waiter_remove(ko_object_t* object, ko_waiter_t* waiter) {
    pthread_mutex_lock(&object->wait_lock);
    list_delete(&waiter->node);
    atomic_fetch_sub(&object->wait_count, 1);
    pthread_mutex_unlock(&object->wait_lock);
}

void ko_wait_cancel(ko_object_t* object, zx_handle_t handle) {
    if (atomic_load(&object->wait_count) == 0) {
        return;
    }
    pthread_mutex_lock(&object->wait_lock);
    ko_waiter_t* waiter;
    list_for_every_entry(&object->waiters, waiter, ko_waiter_t, node) {
        if (waiter->handle == handle) {
            atomic_store(&waiter->is_cancelled, true);
            ko_thread_kick(waiter->thread);
        }
    }
    ko_port_forget_handle_locked(object, handle);
    pthread_mutex_unlock(&object->wait_lock);
}

void ko_object_changed(ko_object_t* object) {
    if (atomic_load(&object->wait_count) == 0) {
        return;
    }
    pthread_mutex_lock(&object->wait_lock);
    ko_waiter_t* waiter;
    list_for_every_entry(&object->waiters, waiter, ko_waiter_t, node) {
        ko_thread_kick(waiter->thread);
    }
    ko_port_object_changed_locked(object);
    pthread_mutex_unlock(&object->wait_lock);
}

void ko_object_fell(ko_object_t* object, zx_signals_t low) {
    if (atomic_load(&object->edge_count) == 0) {
        return;
    }
    pthread_mutex_lock(&object->wait_lock);
    ko_port_object_fell_locked(object, low);
    pthread_mutex_unlock(&object->wait_lock);
}

zx_status_t ko_wait_set_init(ko_wait_set_t* set) {
    set->thread = ko_thread_self();
    set->poll_count = 0;
    set->bell_count = 0;
    set->is_rung = false;
    if (!set->thread) {
        return ZX_ERR_NO_RESOURCES;
    }
    set->polls[set->poll_count++] = (struct pollfd){.fd = set->thread->kick_fd, .events = POLLIN};
    return ZX_OK;
}

// Takes pending edges out of the doorbells' set.
static void bells_drain(ko_wait_set_t* set) {
    struct epoll_event events[8];
    while (epoll_wait(set->thread->bell_fd, events, 8, 0) == 8) {
    }
}

static zx_status_t bell_add(ko_wait_set_t* set, int fd) {
    ko_thread_t* thread = set->thread;
    if (thread->bell_fd < 0) {
        thread->bell_fd = epoll_create1(EPOLL_CLOEXEC);
        if (thread->bell_fd < 0) {
            return ZX_ERR_NO_RESOURCES;
        }
    }
    struct epoll_event event = {.events = EPOLLIN | EPOLLET};
    if (epoll_ctl(thread->bell_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
        return errno == EEXIST ? ZX_OK : ZX_ERR_NO_RESOURCES;  // there: the same bell twice
    }
    if (set->bell_count == 0) {
        set->polls[set->poll_count++] = (struct pollfd){.fd = thread->bell_fd, .events = POLLIN};
    }
    set->bells[set->bell_count++] = fd;
    return ZX_OK;
}

zx_status_t ko_wait_set_add(ko_wait_set_t* set, const ko_wait_source_t* sources, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (sources[i].fd < 0) {
            return ZX_ERR_NO_RESOURCES;
        }
        if (!sources[i].is_doorbell) {
            set->polls[set->poll_count++] = (struct pollfd){
                .fd = sources[i].fd, .events = (short)(sources[i].events | POLLRDHUP)};
            continue;
        }
        zx_status_t status = bell_add(set, sources[i].fd);
        if (status != ZX_OK) {
            return status;
        }
    }
    if (set->bell_count > 0) {
        bells_drain(set);
    }
    return ZX_OK;
}

struct timespec* ko_time_until(zx_time_t deadline, struct timespec* out) {
    if (deadline == ZX_TIME_INFINITE) {
        return NULL;
    }
    zx_duration_t left = zx_time_sub_time(deadline, zx_clock_get_monotonic());
    if (left < 0) {
        left = 0;
    }
    *out = (struct timespec){.tv_sec = left / ZX_SEC(1), .tv_nsec = left % ZX_SEC(1)};
    return out;
}

zx_status_t ko_wait_set_block(ko_wait_set_t* set, zx_time_t deadline) {
    struct timespec time;
    int ready = ppoll(set->polls, set->poll_count, ko_time_until(deadline, &time), NULL);
    if (ready == 0) {
        return ZX_ERR_TIMED_OUT;
    }
    if (ready < 0) {
        return errno == EINTR ? ZX_OK : ZX_ERR_NO_RESOURCES;
    }
    if (set->polls[0].revents) {
        uint64_t count;
        (void)!read(set->thread->kick_fd, &count, sizeof(count));
    }
    for (uint32_t i = 1; i < set->poll_count; i++) {
        struct pollfd* poll_fd = &set->polls[i];
        if (poll_fd->fd == set->thread->bell_fd && poll_fd->revents) {
            set->is_rung = true;
        } else if (poll_fd->revents & (POLLHUP | POLLRDHUP | POLLERR | POLLNVAL)) {
            // A hang-up, of one direction too, is reported for ever. The caller looks at the
            // signals once more now; nothing new can come from this fd after that.
            poll_fd->fd = -1;
        }
    }
    return ZX_OK;
}

void ko_wait_set_rearm(ko_wait_set_t* set) {
    if (set->is_rung) {
        bells_drain(set);
        set->is_rung = false;
    }
}

void ko_wait_set_fini(ko_wait_set_t* set) {
    for (uint32_t i = 0; i < set->bell_count; i++) {
        epoll_ctl(set->thread->bell_fd, EPOLL_CTL_DEL, set->bells[i], NULL);
    }
    set->bell_count = 0;
}

typedef struct wait_entry {
    ko_object_t* object;  // owned reference
    zx_handle_t handle;
    zx_signals_t waitfor;
    zx_signals_t pending;
    ko_waiter_t waiter;
    bool is_listed;
} wait_entry_t;

// Reads every entry's state. ZX_OK: one has what is waited for; CANCELED; SHOULD_WAIT.
static zx_status_t entries_look(wait_entry_t* entries, size_t count) {
    zx_status_t status = ZX_ERR_SHOULD_WAIT;
    for (size_t i = 0; i < count; i++) {
        wait_entry_t* entry = &entries[i];
        entry->pending = ko_signals(entry->object);
        if (entry->is_listed && atomic_load(&entry->waiter.is_cancelled)) {
            entry->pending |= ZX_SIGNAL_HANDLE_CLOSED;
            status = ZX_ERR_CANCELED;
        } else if ((entry->pending & entry->waitfor) && status == ZX_ERR_SHOULD_WAIT) {
            status = ZX_OK;
        }
    }
    return status;
}

static zx_status_t entries_enlist(wait_entry_t* entries, size_t count, ko_wait_set_t* set) {
    for (size_t i = 0; i < count; i++) {
        wait_entry_t* entry = &entries[i];
        ko_waiter_add(entry->object, &entry->waiter, set->thread, entry->handle);
        entry->is_listed = true;
        ko_wait_source_t sources[KO_MAX_WAIT_SOURCES];
        uint32_t source_count =
            entry->object->ops->wait_sources(entry->object, entry->waitfor, sources);
        zx_status_t status = ko_wait_set_add(set, sources, source_count);
        if (status != ZX_OK) {
            return status;
        }
    }
    return ZX_OK;
}

// Whether the only entry is known to have what is waited for without a look at all its signals.
static bool entry_is_shown(const wait_entry_t* entry, const ko_wait_set_t* set) {
    bool is_one_fd = set->poll_count == 2 && set->bell_count == 0;
    uint32_t events = is_one_fd ? (uint32_t)(uint16_t)set->polls[1].revents : 0;
    return entry->object->ops->events_show(entry->object, entry->waitfor, events) &&
           !atomic_load(&entry->waiter.is_cancelled);
}

// `is_brief`: there is one entry, which can tell from events, nobody asks what is pending, and no
// look was taken yet: the first block is one.
static zx_status_t entries_block(wait_entry_t* entries, size_t count, zx_time_t deadline,
                                 bool is_brief) {
    ko_wait_set_t set;
    zx_status_t status = ko_wait_set_init(&set);
    if (status != ZX_OK) {
        return status;
    }
    status = entries_enlist(entries, count, &set);
    bool is_late = false;
    // A doorbell that was rung before it was added is silent: only fds can be blocked on blindly.
    bool is_first = is_brief && set.bell_count == 0;
    while (status == ZX_OK) {
        if (is_brief && entry_is_shown(&entries[0], &set)) {
            break;
        }
        ko_wait_set_rearm(&set);
        status = is_first ? ZX_ERR_SHOULD_WAIT : entries_look(entries, count);
        is_first = false;
        if (status != ZX_ERR_SHOULD_WAIT) {
            break;
        }
        if (is_late) {
            status = ZX_ERR_TIMED_OUT;
            break;
        }
        status = ko_wait_set_block(&set, deadline);
        if (status == ZX_ERR_TIMED_OUT) {
            is_late = true;
            status = ZX_OK;
        } else if (deadline != ZX_TIME_INFINITE) {
            // An fd that another process keeps ready must not keep the thread beyond its time.
            is_late = zx_clock_get_monotonic() >= deadline;
        }
    }
    for (size_t i = 0; i < count && entries[i].is_listed; i++) {
        ko_waiter_remove(entries[i].object, &entries[i].waiter);
    }
    ko_wait_set_fini(&set);
    return status;
}

static bool object_is_waitable(const ko_object_t* object) {
    return object->ops->signals && object->ops->wait_sources;
}

static zx_status_t entry_open(wait_entry_t* entry, zx_handle_t handle, zx_signals_t waitfor) {
    *entry = (wait_entry_t){.handle = handle, .waitfor = waitfor};
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_NONE, ZX_RIGHT_WAIT, &entry->object);
    if (status == ZX_OK && !object_is_waitable(entry->object)) {
        ko_object_release(entry->object);
        entry->object = NULL;
        return ZX_ERR_NOT_SUPPORTED;
    }
    return status;
}

static zx_status_t entry_wait(wait_entry_t* entry, zx_time_t deadline, zx_signals_t* observed) {
    zx_status_t status = ZX_ERR_SHOULD_WAIT;
    // A thread that never blocks needs no fds: its first wait is not brief.
    bool is_brief = entry->object->ops->events_show && deadline > 0 && !observed && current;
    if (!is_brief) {
        status = entries_look(entry, 1);
    } else if (entry->object->ops->events_show(entry->object, entry->waitfor, 0)) {
        return ZX_OK;
    }
    if (status == ZX_ERR_SHOULD_WAIT) {
        status = deadline <= 0 ? ZX_ERR_TIMED_OUT : entries_block(entry, 1, deadline, is_brief);
    }
    if (observed && (status == ZX_OK || status == ZX_ERR_TIMED_OUT || status == ZX_ERR_CANCELED)) {
        *observed = entry->pending;
    }
    return status;
}

zx_status_t zx_object_wait_one(zx_handle_t handle, zx_signals_t signals, zx_time_t deadline,
                               zx_signals_t* observed) {
    ko_pin_t pin;
    zx_status_t status = ko_handle_pin(handle, ZX_OBJ_TYPE_NONE, ZX_RIGHT_WAIT, &pin);
    if (status != ZX_OK) {
        return status;
    }
    if (object_is_waitable(pin.object)) {
        wait_entry_t entry = {.object = pin.object, .handle = handle, .waitfor = signals};
        status = entry_wait(&entry, deadline, observed);
    } else {
        status = ZX_ERR_NOT_SUPPORTED;
    }
    ko_unpin(&pin);
    return status;
}

zx_status_t zx_object_wait_many(zx_wait_item_t* items, size_t num_items, zx_time_t deadline) {
    if (num_items == 0) {
        zx_status_t status = zx_nanosleep(deadline);
        return status == ZX_OK ? ZX_ERR_TIMED_OUT : status;
    }
    if (!items) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (num_items > ZX_WAIT_MANY_MAX_ITEMS) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    wait_entry_t entries[ZX_WAIT_MANY_MAX_ITEMS];
    zx_status_t status = ZX_OK;
    size_t opened = 0;
    while (opened < num_items && status == ZX_OK) {
        status = entry_open(&entries[opened], items[opened].handle, items[opened].waitfor);
        opened += status == ZX_OK;
    }
    if (status == ZX_OK) {
        status = entries_look(entries, num_items);
        if (status == ZX_ERR_SHOULD_WAIT) {
            status = deadline <= 0 ? ZX_ERR_TIMED_OUT
                                   : entries_block(entries, num_items, deadline, false);
        }
        for (size_t i = 0; i < num_items; i++) {
            items[i].pending = entries[i].pending;
        }
    }
    for (size_t i = 0; i < opened; i++) {
        ko_object_release(entries[i].object);
    }
    return status;
}
