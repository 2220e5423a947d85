// SPDX-License-Identifier: MIT
// Interrupt objects: an eventfd that hardware or zx_interrupt_trigger signals, or a UIO device,
// which does the same. docs/objects/interrupt.md.
//
// What crosses a process: the eventfd, a second one that becomes readable for ever when somebody
// destroys the interrupt, and for a line the eventfd that unmasks it, for a virtual one a page with
// the time of its trigger. What does not: the port it is bound to and whether it waits for an
// acknowledge.
#include "interrupt.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include <lx/status.h>
#include <lx/uio.h>
#include <zircon/syscalls.h>

#include "lx_uio.h"

void ko_interrupt_ring(int fd) {
    uint64_t one = 1;
    while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

static bool is_readable(int fd) {
    return (ko_fd_signals(fd) & __ZX_OBJECT_READABLE) != 0;
}

bool ko_interrupt_is_destroyed(const ko_interrupt_t* interrupt) {
    return atomic_load(&interrupt->is_destroyed) || is_readable(interrupt->destroy_fd);
}

zx_status_t ko_interrupt_consume(ko_interrupt_t* interrupt, zx_time_t* out_timestamp) {
    if (interrupt->kind == KO_INTERRUPT_UIO) {
        zx_status_t status = lx_uio_take(interrupt->event_fd);
        *out_timestamp = zx_clock_get_monotonic();
        return status;
    }
    uint64_t count = 0;
    ssize_t done = read(interrupt->event_fd, &count, sizeof(count));
    if (done != (ssize_t)sizeof(count)) {
        return ZX_ERR_SHOULD_WAIT;
    }
    uint64_t stamp = interrupt->page != NULL ? atomic_exchange(&interrupt->page->stamp, 0) : 0;
    *out_timestamp = stamp != 0 ? (zx_time_t)stamp >> 1 : zx_clock_get_monotonic();
    return ZX_OK;
}

void ko_interrupt_delivered_locked(ko_interrupt_t* interrupt) {
    interrupt->is_masked =
        interrupt->kind == KO_INTERRUPT_LEVEL || interrupt->kind == KO_INTERRUPT_UIO;
}

zx_status_t ko_interrupt_unmask_locked(ko_interrupt_t* interrupt) {
    zx_status_t status = ZX_OK;
    if (interrupt->is_masked && interrupt->kind != KO_INTERRUPT_UIO) {
        ko_interrupt_ring(interrupt->unmask_fd);
    } else if (interrupt->is_masked && !ko_interrupt_is_destroyed(interrupt)) {
        status = lx_uio_control(interrupt->event_fd, true);
        status = status == ZX_ERR_NOT_SUPPORTED ? ZX_OK : status;  // nobody had masked it
    }
    interrupt->is_masked = interrupt->is_masked && status != ZX_OK;
    return status;
}

void ko_interrupt_detach(ko_interrupt_t* interrupt) {
    pthread_mutex_lock(&interrupt->lock);
    ko_pci_device_t* device = interrupt->device;
    interrupt->device = NULL;
    pthread_mutex_unlock(&interrupt->lock);
    if (device != NULL) {
        ko_pci_device_unmap_vector(device, interrupt->vector, !atomic_load(&interrupt->is_shared));
        ko_object_release(&device->base);
    }
    bool is_last = atomic_load(&interrupt->is_destroyed) || !atomic_load(&interrupt->is_shared);
    if (interrupt->kind == KO_INTERRUPT_UIO && is_last) {
        (void)lx_uio_control(interrupt->event_fd, false);
    }
}

static void interrupt_free(ko_object_t* object) {
    ko_interrupt_t* interrupt = containerof(object, ko_interrupt_t, base);
    ko_interrupt_detach(interrupt);
    ko_object_release(interrupt->port);
    if (interrupt->page != NULL) {
        munmap(interrupt->page, ZX_PAGE_SIZE);
    }
    ko_fd_close(&interrupt->page_fd);
    ko_fd_close(&interrupt->unmask_fd);
    ko_fd_close(&interrupt->destroy_fd);
    ko_fd_close(&interrupt->event_fd);
    pthread_mutex_destroy(&interrupt->lock);
    free(interrupt);
}

static zx_signals_t interrupt_signals(ko_object_t* object) {
    const ko_interrupt_t* interrupt = containerof(object, ko_interrupt_t, base);
    return is_readable(interrupt->event_fd) ? ZX_INTERRUPT_SIGNALED : 0;
}

static uint32_t interrupt_wait_sources(ko_object_t* object, zx_signals_t mask,
                                       ko_wait_source_t out[KO_MAX_WAIT_SOURCES]) {
    const ko_interrupt_t* interrupt = containerof(object, ko_interrupt_t, base);
    if (!(mask & ZX_INTERRUPT_SIGNALED)) {
        return 0;
    }
    out[0] = (ko_wait_source_t){.fd = interrupt->event_fd, .events = EPOLLIN};
    return 1;
}

static zx_status_t interrupt_export(ko_object_t* object, ko_wire_t* out) {
    ko_interrupt_t* interrupt = containerof(object, ko_interrupt_t, base);
    atomic_store(&interrupt->is_shared, true);
    *out = (ko_wire_t){
        .fd_count = 2,
        .fds = {interrupt->event_fd, interrupt->destroy_fd},
        .words = {interrupt->kind},
    };
    if (interrupt->kind == KO_INTERRUPT_LEVEL) {
        out->fds[out->fd_count++] = interrupt->unmask_fd;
    } else if (interrupt->kind == KO_INTERRUPT_VIRTUAL) {
        out->fds[out->fd_count++] = interrupt->page_fd;
    }
    return ZX_OK;
}

// A bound interrupt fired, or was acknowledged with a trigger pending.
static bool interrupt_port_packet(ko_object_t* object, zx_port_packet_t* out) {
    ko_interrupt_t* interrupt = containerof(object, ko_interrupt_t, base);
    zx_time_t timestamp = 0;
    pthread_mutex_lock(&interrupt->lock);
    zx_status_t status = ZX_ERR_SHOULD_WAIT;
    if (interrupt->port != NULL && !interrupt->is_unacked &&
        !atomic_load(&interrupt->is_destroyed)) {
        status = ko_interrupt_consume(interrupt, &timestamp);
    }
    bool is_delivered = status != ZX_ERR_SHOULD_WAIT;
    if (is_delivered) {
        interrupt->is_unacked = true;
        ko_interrupt_delivered_locked(interrupt);
        out->type = ZX_PKT_TYPE_INTERRUPT;
        out->status = status;
        out->interrupt = (zx_packet_interrupt_t){.timestamp = timestamp};
    }
    pthread_mutex_unlock(&interrupt->lock);
    return is_delivered;
}

static const ko_ops_t interrupt_ops = {
    .type = ZX_OBJ_TYPE_INTERRUPT,
    .default_rights = ZX_DEFAULT_INTERRUPT_RIGHTS,
    .destroy = interrupt_free,
    .signals = interrupt_signals,
    .wait_sources = interrupt_wait_sources,
    .export_wire = interrupt_export,
    .port_packet = interrupt_port_packet,
};

// An object without fds.
static ko_interrupt_t* interrupt_alloc(ko_interrupt_kind_t kind) {
    ko_interrupt_t* interrupt = calloc(1, sizeof(*interrupt));
    if (interrupt != NULL) {
        ko_object_init(&interrupt->base, &interrupt_ops);
        pthread_mutex_init(&interrupt->lock, NULL);
        interrupt->kind = kind;
        interrupt->event_fd = -1;
        interrupt->destroy_fd = -1;
        interrupt->unmask_fd = -1;
        interrupt->page_fd = -1;
    }
    return interrupt;
}

static zx_status_t map_page(ko_interrupt_t* interrupt) {
    void* page =
        mmap(NULL, ZX_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, interrupt->page_fd, 0);
    if (page == MAP_FAILED) {
        return lx_status_from_errno(errno);
    }
    interrupt->page = page;
    return ZX_OK;
}

static zx_status_t make_page(ko_interrupt_t* interrupt) {
    interrupt->page_fd = memfd_create("interrupt", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (interrupt->page_fd < 0 || ftruncate(interrupt->page_fd, (off_t)ZX_PAGE_SIZE) != 0 ||
        fcntl(interrupt->page_fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) {
        return lx_status_from_errno(errno);
    }
    return map_page(interrupt);
}

static int make_eventfd(void) {
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

zx_status_t ko_interrupt_create(ko_interrupt_kind_t kind, ko_object_t** out) {
    ko_interrupt_t* interrupt = interrupt_alloc(kind);
    if (interrupt == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = ZX_OK;
    interrupt->event_fd = make_eventfd();
    interrupt->destroy_fd = make_eventfd();
    interrupt->unmask_fd = kind == KO_INTERRUPT_LEVEL ? make_eventfd() : -1;
    if (interrupt->event_fd < 0 || interrupt->destroy_fd < 0 ||
        (kind == KO_INTERRUPT_LEVEL && interrupt->unmask_fd < 0)) {
        status = lx_status_from_errno(errno);
    } else if (kind == KO_INTERRUPT_VIRTUAL) {
        status = make_page(interrupt);
    }
    if (status != ZX_OK) {
        ko_object_release(&interrupt->base);
        return status;
    }
    *out = &interrupt->base;
    return ZX_OK;
}

// Takes `fd` when it succeeds. It is masked, as far as anybody here knows.
static zx_status_t create_uio(int fd, ko_object_t** out) {
    ko_interrupt_t* interrupt = interrupt_alloc(KO_INTERRUPT_UIO);
    if (interrupt == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    interrupt->destroy_fd = make_eventfd();
    if (interrupt->destroy_fd < 0) {
        ko_object_release(&interrupt->base);
        return ZX_ERR_NO_RESOURCES;
    }
    interrupt->event_fd = fd;
    interrupt->is_masked = true;
    *out = &interrupt->base;
    return ZX_OK;
}

zx_status_t lx_interrupt_from_uio(int fd, zx_handle_t* out) {
    ko_object_t* object = NULL;
    int flags = fcntl(fd, F_GETFL);
    bool is_open = flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
                   fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
    zx_status_t status = is_open ? lx_uio_check(fd) : ZX_ERR_WRONG_TYPE;
    if (status == ZX_OK) {
        status = lx_uio_control(fd, false);
        status = status == ZX_ERR_NOT_SUPPORTED ? ZX_OK : status;
    }
    if (status == ZX_OK) {
        status = out != NULL ? create_uio(fd, &object) : ZX_ERR_INVALID_ARGS;
    }
    if (status != ZX_OK) {
        ko_fd_close(&fd);
        return status;
    }
    return ko_handle_make(object, ZX_RIGHT_SAME_RIGHTS, out);
}

int ko_interrupt_event_fd(const ko_object_t* object) {
    return containerof(object, ko_interrupt_t, base)->event_fd;
}

int ko_interrupt_unmask_fd(const ko_object_t* object) {
    return containerof(object, ko_interrupt_t, base)->unmask_fd;
}

void ko_interrupt_attach(ko_object_t* object, ko_pci_device_t* device, uint32_t vector) {
    ko_interrupt_t* interrupt = containerof(object, ko_interrupt_t, base);
    ko_object_acquire(&device->base);
    pthread_mutex_lock(&interrupt->lock);
    interrupt->device = device;
    interrupt->vector = vector;
    pthread_mutex_unlock(&interrupt->lock);
}

// Fds from another process, checked for being what the kind needs.
static bool wire_is_good(const ko_wire_t* wire) {
    uint64_t kind = wire->words[0];
    bool has_third = kind == KO_INTERRUPT_LEVEL || kind == KO_INTERRUPT_VIRTUAL;
    if (kind > KO_INTERRUPT_UIO || wire->fd_count != (has_third ? 3u : 2u) ||
        !ko_fd_is_eventfd(wire->fds[1])) {
        return false;
    }
    if (kind == KO_INTERRUPT_UIO) {
        return lx_uio_check(wire->fds[0]) == ZX_OK;
    }
    if (!ko_fd_is_eventfd(wire->fds[0])) {
        return false;
    }
    switch (kind) {
        case KO_INTERRUPT_LEVEL:
            return ko_fd_is_eventfd(wire->fds[2]);
        case KO_INTERRUPT_VIRTUAL:
            return ko_fd_is_sealed_memfd(wire->fds[2], ZX_PAGE_SIZE);
        default:
            return true;
    }
}

zx_status_t ko_import_interrupt(ko_wire_t* wire, ko_object_t** out) {
    if (!wire_is_good(wire)) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    ko_interrupt_t* interrupt = interrupt_alloc((ko_interrupt_kind_t)wire->words[0]);
    if (interrupt == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    interrupt->is_shared = true;
    interrupt->event_fd = wire->fds[0];
    interrupt->destroy_fd = wire->fds[1];
    wire->fds[0] = -1;
    wire->fds[1] = -1;
    zx_status_t status = ZX_OK;
    ko_interrupt_delivered_locked(interrupt);  // perhaps; unmasking twice does no harm
    if (interrupt->kind == KO_INTERRUPT_LEVEL) {
        interrupt->unmask_fd = wire->fds[2];
        wire->fds[2] = -1;
    } else if (interrupt->kind == KO_INTERRUPT_VIRTUAL) {
        interrupt->page_fd = wire->fds[2];
        wire->fds[2] = -1;
        status = map_page(interrupt);
    }
    if (status != ZX_OK) {
        ko_object_release(&interrupt->base);
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    *out = &interrupt->base;
    return ZX_OK;
}
