// SPDX-License-Identifier: MIT
// Interrupt objects: an eventfd that hardware or zx_interrupt_trigger signals.
// docs/objects/interrupt.md.
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
#include <zircon/syscalls.h>

void ko_interrupt_ring(int fd) {
    uint64_t one = 1;
    while (write(fd, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

static bool is_readable(int fd) {
    return (ko_fd_signals(fd) & __ZX_OBJECT_READABLE) != 0;
}

bool ko_interrupt_consume(ko_interrupt_t* interrupt, zx_time_t* out_timestamp) {
    uint64_t count = 0;
    ssize_t done = read(interrupt->event_fd, &count, sizeof(count));
    if (done != (ssize_t)sizeof(count)) {
        return false;
    }
    uint64_t stamp = interrupt->page != NULL ? atomic_exchange(&interrupt->page->stamp, 0) : 0;
    *out_timestamp = stamp != 0 ? (zx_time_t)stamp >> 1 : zx_clock_get_monotonic();
    return true;
}

void ko_interrupt_unmask_locked(ko_interrupt_t* interrupt) {
    if (interrupt->is_masked) {
        interrupt->is_masked = false;
        ko_interrupt_ring(interrupt->unmask_fd);
    }
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
    bool is_delivered = interrupt->port != NULL && !interrupt->is_unacked &&
                        !atomic_load(&interrupt->is_destroyed) &&
                        ko_interrupt_consume(interrupt, &timestamp);
    if (is_delivered) {
        interrupt->is_unacked = true;
        interrupt->is_masked = interrupt->kind == KO_INTERRUPT_LEVEL;
        out->type = ZX_PKT_TYPE_INTERRUPT;
        out->status = ZX_OK;
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
    if (kind > KO_INTERRUPT_LEVEL || wire->fd_count != (kind == KO_INTERRUPT_EDGE ? 2u : 3u) ||
        !ko_fd_is_eventfd(wire->fds[0]) || !ko_fd_is_eventfd(wire->fds[1])) {
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
    if (interrupt->kind == KO_INTERRUPT_LEVEL) {
        interrupt->unmask_fd = wire->fds[2];
        interrupt->is_masked = true;  // perhaps; unmasking twice does no harm
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
