// SPDX-License-Identifier: MIT
// State of the fake devmgr, shared by fake_devmgr.c and fake_coordinator.c.
#pragma once

#include <stdio.h>
#include <threads.h>

#include "fake_devmgr.h"

#define FAKE_DEVICES_MAX  64
#define FAKE_LOGS_MAX     4096
#define FAKE_METADATA_MAX 8
#define FAKE_OUTPUT_MAX   65536
// For what must come; far longer than it ever takes.
#define FAKE_PATIENCE ZX_SEC(30)

typedef struct fake_metadata {
    uint64_t device_id;  // 0: of every device
    uint32_t type;
    size_t size;
    uint8_t data[512];
} fake_metadata_t;

struct fake_devmgr {
    zx_handle_t process;      // owned
    zx_handle_t host;         // owned: we ask, the host answers
    zx_handle_t coordinator;  // owned: the host asks
    zx_handle_t stop;         // owned: event that ends the thread
    pid_t pid;
    thrd_t thread;
    FILE* output_file;  // owned
    char* output;       // owned
    char* taken_logs;   // owned
    char detail[1024];

    mtx_t serving;  // held while messages of the host are read and answered

    mtx_t lock;
    cnd_t changed;                             // for all below
    fake_device_t* devices[FAKE_DEVICES_MAX];  // owned
    size_t device_count;
    char* logs[FAKE_LOGS_MAX];  // owned
    size_t log_count;
    uint64_t removals[FAKE_DEVICES_MAX];  // ids of ScheduleRemove
    size_t removal_count;
    fake_metadata_t metadata[FAKE_METADATA_MAX];
    size_t metadata_count;
    char refused_name[64];
    zx_status_t refused_status;
};

// Serves Coordinator until the stop event or the host's end. A thread's entry.
int fake_coordinator_run(void* fake);

// Forgets a device that was removed.
void fake_records_forget(fake_devmgr_t* fake, uint64_t id);

// Appends the ids of all devices below those in ids[0…count), parents first; returns the new count.
size_t fake_records_below(fake_devmgr_t* fake, uint64_t* ids, size_t count);
