// SPDX-License-Identifier: MIT
// What the kernel's log says about DMA that the IOMMU refused, as a fault of the device that did
// it. Nothing else tells: the device itself reports success.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

#include "loop.h"

typedef struct dm_coordinator dm_coordinator_t;

// One refused DMA.
typedef struct dm_fault_event {
    uint32_t topo;  // bus << 8 | device << 3 | function
    uint64_t address;
    bool is_write;
    bool has_direction;
} dm_fault_event_t;

// Takes the kernel's log apart line by line. Zeroed: at the start.
typedef struct dm_fault_parser {
    unsigned smmu_words;  // of an SMMU event, still to come
    unsigned smmu_index;
    uint64_t smmu_event[4];
} dm_fault_parser_t;

// True if |line| completes a fault.
bool dm_fault_parse(dm_fault_parser_t* parser, const char* line, dm_fault_event_t* out_event);

typedef struct dm_fault {
    zx_handle_t kmsg;  // owned; ZX_HANDLE_INVALID: the log cannot be read here
    dm_source_t source;
    dm_fault_parser_t parser;
} dm_fault_t;

// Listens to the kernel's log. A machine or user without it gets no faults, which is logged.
void dm_fault_start(dm_coordinator_t* co);
void dm_fault_stop(dm_coordinator_t* co);
