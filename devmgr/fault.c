// SPDX-License-Identifier: MIT
// IOMMU faults out of the kernel's log.
#include "fault.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <lx/kmsg.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "coordinator.h"

// ------------------------------------------------------------------------------------- parsing

// Intel: "DMAR: [DMA Write NO_PASID] Request device [01:00.0] fault addr 0x1000 [fault reason …".
static bool parse_dmar(const char* line, dm_fault_event_t* out) {
    const char* start = strstr(line, "DMAR: [DMA ");
    const char* device = start != NULL ? strstr(start, "device [") : NULL;
    const char* address = start != NULL ? strstr(start, "fault addr ") : NULL;
    unsigned bus = 0;
    unsigned slot = 0;
    unsigned function = 0;
    if (device == NULL || address == NULL ||
        sscanf(device, "device [%2x:%2x.%1x]", &bus, &slot, &function) != 3 || slot > 31 ||
        function > 7) {
        return false;
    }
    *out = (dm_fault_event_t){.topo = bus << 8 | slot << 3 | function,
                              .address = strtoull(address + strlen("fault addr "), NULL, 16),
                              .is_write = strncmp(start + strlen("DMAR: [DMA "), "Write", 5) == 0,
                              .has_direction = true};
    return true;
}

#define SMMU_EVENT_TRANSLATION 0x10u
#define SMMU_EVENT_PERMISSION  0x13u

// Arm SMMUv3: "… event 0x10 received:" and then four lines with one 64-bit word each. The stream id
// in the upper half of the first word is the PCI requester; the third word is the address.
static bool parse_smmu(dm_fault_parser_t* parser, const char* line, dm_fault_event_t* out) {
    const char* event = strstr(line, "arm-smmu-v3");
    const char* received = event != NULL ? strstr(event, ": event 0x") : NULL;
    if (received != NULL && strstr(received, "received") != NULL) {
        unsigned long code = strtoul(received + strlen(": event "), NULL, 16);
        bool is_fault = code >= SMMU_EVENT_TRANSLATION && code <= SMMU_EVENT_PERMISSION;
        parser->smmu_words = is_fault ? 4 : 0;
        parser->smmu_index = 0;
        return false;
    }
    if (parser->smmu_words == 0 || event == NULL) {
        return false;
    }
    const char* word = strstr(event, "0x");
    parser->smmu_event[parser->smmu_index++] = word != NULL ? strtoull(word, NULL, 16) : 0;
    if (--parser->smmu_words != 0) {
        return false;
    }
    *out = (dm_fault_event_t){.topo = (uint32_t)(parser->smmu_event[0] >> 32) & 0xffff,
                              .address = parser->smmu_event[2]};
    return true;
}

bool dm_fault_parse(dm_fault_parser_t* parser, const char* line, dm_fault_event_t* out_event) {
    return parse_dmar(line, out_event) || parse_smmu(parser, line, out_event);
}

// ------------------------------------------------------------------------------------ reporting

static void report(dm_coordinator_t* co, const dm_fault_event_t* event) {
    for (dm_node_t* node = co->tree.root; node != NULL; node = dm_tree_next(node)) {
        if (!node->is_pci_function || node->pci_topo != event->topo) {
            continue;
        }
        char path[DM_MAX_PATH + 1];
        node->faults++;
        dm_text_set(&node->fault, "DMA%s to address 0x%llx was refused by the IOMMU (%llu in all)",
                    !event->has_direction ? ""
                    : event->is_write     ? " write"
                                          : " read",
                    (unsigned long long)event->address, (unsigned long long)node->faults);
        dm_logf(&co->log, DM_LOG_ERROR, "devmgr", "%s: %s", dm_node_path(node, path, sizeof(path)),
                node->fault);
        co->tree.is_changed = true;
        return;
    }
}

static void on_kmsg(void* ctx, zx_signals_t observed) {
    dm_coordinator_t* co = ctx;
    if (observed == 0) {
        dm_fault_stop(co);
        return;
    }
    for (unsigned i = 0; i < DM_KMSG_RECORDS_PER_TURN; i++) {
        char line[DM_MAX_LOG_TEXT + 1];
        size_t actual = 0;
        dm_fault_event_t event;
        zx_status_t status = lx_kmsg_read(co->fault.kmsg, line, sizeof(line), &actual);
        if (status == ZX_ERR_SHOULD_WAIT) {
            return;
        }
        if (status != ZX_OK) {
            dm_logf(&co->log, DM_LOG_WARNING, "devmgr",
                    "the kernel's log ended; DMA faults are not seen any more: %s",
                    zx_status_get_string(status));
            dm_fault_stop(co);
            return;
        }
        if (dm_fault_parse(&co->fault.parser, line, &event)) {
            report(co, &event);
        }
    }
}

void dm_fault_start(dm_coordinator_t* co) {
    zx_status_t status = lx_kmsg_open(&co->fault.kmsg);
    if (status == ZX_OK) {
        status = dm_source_start(&co->loop, &co->fault.source, co->fault.kmsg, ZX_CHANNEL_READABLE,
                                 on_kmsg, co);
    }
    if (status != ZX_OK) {
        dm_logf(&co->log, DM_LOG_DEBUG, "devmgr",
                "the kernel's log cannot be read, so DMA faults are not seen: %s",
                zx_status_get_string(status));
        dm_fault_stop(co);
    }
}

void dm_fault_stop(dm_coordinator_t* co) {
    dm_source_stop(&co->fault.source);
    zx_handle_close(co->fault.kmsg);
    co->fault.kmsg = ZX_HANDLE_INVALID;
}
