// SPDX-License-Identifier: MIT
// Process objects: children of this process, each held by its pidfd.
#include <lx/process.h>

#include <stdlib.h>
#include <sys/epoll.h>

#include <lx/fd.h>
#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "lx_process.h"
#include "object.h"

// Exit code that Zircon gives a process that was killed.
#define RETURN_CODE_KILLED (-1024)

typedef struct ko_process {
    ko_object_t base;
    int pidfd;  // owned; -1 until started
    pid_t pid;

    pthread_mutex_t lock;     // guards what follows
    zx_status_t exit_status;  // ZX_ERR_SHOULD_WAIT until collected; then ZX_OK or ZX_ERR_NOT_FOUND
    lx_exit_t exit;           // valid if exit_status is ZX_OK
} ko_process_t;

static bool has_ended(const ko_process_t* process) {
    return (ko_fd_signals(process->pidfd) & __ZX_OBJECT_READABLE) != 0;
}

// Tells how the process ended, collecting it at the first call after its end.
static zx_status_t get_exit(ko_process_t* process, bool wait, lx_exit_t* out) {
    pthread_mutex_lock(&process->lock);
    if (process->exit_status == ZX_ERR_SHOULD_WAIT) {
        process->exit_status = lx_process_reap(process->pidfd, wait, &process->exit);
    }
    zx_status_t status = process->exit_status;
    if (status == ZX_OK) {
        *out = process->exit;
    }
    pthread_mutex_unlock(&process->lock);
    return status;
}

static void process_destroy(ko_object_t* object) {
    ko_process_t* process = containerof(object, ko_process_t, base);
    if (process->pidfd >= 0) {
        lx_exit_t ignored;
        if (get_exit(process, false, &ignored) == ZX_ERR_SHOULD_WAIT) {
            lx_process_kill(process->pidfd);
            get_exit(process, true, &ignored);
        }
        ko_fd_close(&process->pidfd);
    }
    pthread_mutex_destroy(&process->lock);
    free(process);
}

static zx_signals_t process_signals(ko_object_t* object) {
    const ko_process_t* process = containerof(object, ko_process_t, base);
    return has_ended(process) ? ZX_PROCESS_TERMINATED : ZX_SIGNAL_NONE;
}

static uint32_t process_wait_sources(ko_object_t* object, zx_signals_t mask,
                                     ko_wait_source_t out[KO_MAX_WAIT_SOURCES]) {
    const ko_process_t* process = containerof(object, ko_process_t, base);
    if ((mask & ZX_PROCESS_TERMINATED) == 0) {
        return 0;
    }
    out[0] = (ko_wait_source_t){.fd = process->pidfd, .events = EPOLLIN};
    return 1;
}

static zx_status_t process_get_info(ko_object_t* object, zx_rights_t rights, uint32_t topic,
                                    ko_info_t* out, size_t* out_size) {
    (void)rights;
    ko_process_t* process = containerof(object, ko_process_t, base);
    if (topic != ZX_INFO_PROCESS) {
        return ZX_ERR_WRONG_TYPE;
    }
    lx_exit_t end = {.exited = false};
    zx_status_t status = get_exit(process, false, &end);
    out->process = (zx_info_process_t){
        .return_code = status == ZX_OK && !end.exited ? RETURN_CODE_KILLED : end.code,
        .started = true,
        .exited = status != ZX_ERR_SHOULD_WAIT,
    };
    *out_size = sizeof(out->process);
    return ZX_OK;
}

// A pidfd that crossed to another process could neither be reaped nor promise that its child dies
// with it: no export.
static const ko_ops_t process_ops = {
    .type = ZX_OBJ_TYPE_PROCESS,
    .default_rights = ZX_DEFAULT_PROCESS_RIGHTS & ~ZX_RIGHT_TRANSFER,
    .destroy = process_destroy,
    .signals = process_signals,
    .wait_sources = process_wait_sources,
    .get_info = process_get_info,
};

static ko_process_t* process_new(void) {
    ko_process_t* process = calloc(1, sizeof(*process));
    if (process == NULL) {
        return NULL;
    }
    process->pidfd = -1;
    process->exit_status = ZX_ERR_SHOULD_WAIT;
    pthread_mutex_init(&process->lock, NULL);
    ko_object_init(&process->base, &process_ops);
    return process;
}

// `bootstrap_fd` is borrowed.
static zx_status_t spawn(const lx_spawn_args_t* args, int bootstrap_fd, zx_handle_t* out_process) {
    ko_process_t* process = process_new();
    if (process == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = lx_process_start(args, bootstrap_fd, &process->pidfd, &process->pid);
    if (status != ZX_OK) {
        ko_object_release(&process->base);
        return status;
    }
    return ko_handle_make(&process->base, ZX_RIGHT_SAME_RIGHTS, out_process);
}

zx_status_t lx_process_spawn(const lx_spawn_args_t* args, zx_handle_t* out_process) {
    if (args == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    int bootstrap_fd = -1;
    zx_status_t status = ZX_OK;
    if (args->exe == NULL || out_process == NULL) {
        status = ZX_ERR_INVALID_ARGS;
    }
    if (status == ZX_OK && args->bootstrap != ZX_HANDLE_INVALID) {
        status = lx_channel_dup_fd(args->bootstrap, &bootstrap_fd);
    }
    zx_handle_close(args->bootstrap);
    if (status == ZX_OK) {
        status = spawn(args, bootstrap_fd, out_process);
    }
    ko_fd_close(&bootstrap_fd);
    return status;
}

// The object of a child. The handle of zx_process_self() has the same type, but is no child.
static zx_status_t get_child(zx_handle_t handle, zx_rights_t rights, ko_process_t** out) {
    ko_object_t* object;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_PROCESS, rights, &object);
    if (status != ZX_OK) {
        return status;
    }
    if (object->ops != &process_ops) {
        ko_object_release(object);
        return ZX_ERR_NOT_SUPPORTED;
    }
    *out = containerof(object, ko_process_t, base);
    return ZX_OK;
}

// ---- this process

static void self_destroy(ko_object_t* object) {
    free(object);
}

static zx_status_t self_get_info(ko_object_t* object, zx_rights_t rights, uint32_t topic,
                                 ko_info_t* out, size_t* out_size) {
    (void)object, (void)rights;
    if (topic != ZX_INFO_PROCESS) {
        return ZX_ERR_WRONG_TYPE;
    }
    out->process = (zx_info_process_t){.started = true};
    *out_size = sizeof(out->process);
    return ZX_OK;
}

static const ko_ops_t self_ops = {
    .type = ZX_OBJ_TYPE_PROCESS,
    .default_rights = ZX_DEFAULT_PROCESS_RIGHTS & ~ZX_RIGHT_TRANSFER,
    .destroy = self_destroy,
    .get_info = self_get_info,
};

static pthread_once_t self_once = PTHREAD_ONCE_INIT;
static zx_handle_t self_handle;  // permanent

static void self_start(void) {
    ko_object_t* self = calloc(1, sizeof(*self));
    if (self != NULL) {
        ko_object_init(self, &self_ops);
        if (ko_handle_make_permanent(self, &self_handle) != ZX_OK) {
            self_handle = ZX_HANDLE_INVALID;
        }
    }
}

zx_handle_t zx_process_self(void) {
    pthread_once(&self_once, self_start);
    return self_handle;
}

zx_handle_t zx_job_default(void) {
    return ZX_HANDLE_INVALID;
}

// ---- calls

zx_status_t zx_object_get_child(zx_handle_t handle, uint64_t koid, zx_rights_t rights,
                                zx_handle_t* out) {
    ko_object_t* object = NULL;
    zx_rights_t have;
    zx_status_t status =
        ko_handle_get_rights(handle, ZX_OBJ_TYPE_NONE, ZX_RIGHT_ENUMERATE, &object, &have);
    if (status != ZX_OK) {
        return status;
    }
    bool is_self = object->ops == &self_ops;
    bool is_process = object->ops->type == ZX_OBJ_TYPE_PROCESS;
    ko_object_release(object);
    rights = rights == ZX_RIGHT_SAME_RIGHTS ? have : rights;
    if (!is_process) {
        return ZX_ERR_WRONG_TYPE;
    }
    if ((rights & ~have) != 0) {
        return ZX_ERR_ACCESS_DENIED;
    }
    if (!out) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_object_t* thread = is_self ? ko_thread_find(koid) : NULL;
    return thread ? ko_handle_make(thread, rights, out) : ZX_ERR_NOT_FOUND;
}

zx_status_t zx_task_kill(zx_handle_t handle) {
    ko_process_t* process;
    zx_status_t status = get_child(handle, ZX_RIGHT_DESTROY, &process);
    if (status == ZX_OK) {
        status = lx_process_kill(process->pidfd);
        ko_object_release(&process->base);
    }
    return status;
}

zx_status_t lx_process_get_exit(zx_handle_t handle, lx_exit_t* out_exit) {
    ko_process_t* process;
    zx_status_t status = get_child(handle, ZX_RIGHT_NONE, &process);
    if (status == ZX_OK) {
        status = get_exit(process, false, out_exit);
        ko_object_release(&process->base);
    }
    return status;
}

zx_status_t lx_process_get_pid(zx_handle_t handle, pid_t* out_pid) {
    ko_process_t* process;
    zx_status_t status = get_child(handle, ZX_RIGHT_NONE, &process);
    if (status == ZX_OK) {
        *out_pid = process->pid;
        ko_object_release(&process->base);
    }
    return status;
}
