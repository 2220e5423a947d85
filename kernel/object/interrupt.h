// SPDX-License-Identifier: MIT
// Interrupt objects, private to kernel/.
#pragma once

#include "pci_device.h"

typedef enum ko_interrupt_kind {
    KO_INTERRUPT_VIRTUAL = 0,  // triggered by zx_interrupt_trigger
    KO_INTERRUPT_EDGE = 1,     // MSI, MSI-X
    KO_INTERRUPT_LEVEL = 2,    // an interrupt line: the kernel masks it each time it fires
    KO_INTERRUPT_UIO = 3,      // of a UIO device, whose driver may mask it
} ko_interrupt_kind_t;

// Shared by the processes that hold a virtual interrupt. Nothing in it is trusted: the worst a peer
// can do is to lie about the time.
typedef struct ko_trigger_page {
    _Atomic uint64_t stamp;  // 0: not triggered; else the time, shifted left, with bit 0 set
} ko_trigger_page_t;

typedef struct ko_interrupt {
    ko_object_t base;
    ko_interrupt_kind_t kind;
    int event_fd;             // owned; an eventfd, or the UIO device
    int destroy_fd;           // owned
    int unmask_fd;            // owned; LEVEL only
    int page_fd;              // owned; VIRTUAL only
    ko_trigger_page_t* page;  // owned mapping of page_fd

    _Atomic bool is_destroyed;  // by this process
    _Atomic bool is_shared;     // has been sent to another process

    pthread_mutex_t lock;     // guards what follows
    ko_pci_device_t* device;  // one reference owned; NULL: none, or let go of
    uint32_t vector;
    ko_object_t* port;  // one reference owned; NULL: not bound
    uint32_t waiters;   // threads in zx_interrupt_wait
    bool is_masked;     // LEVEL, UIO: fired and not unmasked since
    bool is_unacked;    // bound: a packet was made and not acknowledged
} ko_interrupt_t;

// An interrupt of hardware that nothing triggers yet.
zx_status_t ko_interrupt_create(ko_interrupt_kind_t kind, ko_object_t** out);

// Borrowed. The eventfd that the hardware is to signal, and the one that unmasks a line (else -1).
int ko_interrupt_event_fd(const ko_object_t* object);
int ko_interrupt_unmask_fd(const ko_object_t* object);

// The object tells |device| when it lets go of |vector|. Takes a reference to the device.
void ko_interrupt_attach(ko_object_t* object, ko_pci_device_t* device, uint32_t vector);

// For the calls in interrupt_calls.c.
// By this process or by another one that holds it.
bool ko_interrupt_is_destroyed(const ko_interrupt_t* interrupt);
// Takes a trigger. Several triggers since the last time are one. ZX_ERR_SHOULD_WAIT: there is none.
// ZX_ERR_IO_NOT_PRESENT: the device is gone.
zx_status_t ko_interrupt_consume(ko_interrupt_t* interrupt, zx_time_t* out_timestamp);
// A trigger was delivered.
void ko_interrupt_delivered_locked(ko_interrupt_t* interrupt);
// Makes the next trigger of a line possible; no-op unless it fired. The lock is held.
// ZX_ERR_IO_NOT_PRESENT: the device is gone.
zx_status_t ko_interrupt_unmask_locked(ko_interrupt_t* interrupt);
// Lets go of the hardware's vector.
void ko_interrupt_detach(ko_interrupt_t* interrupt);
// Adds one to an eventfd.
void ko_interrupt_ring(int fd);
