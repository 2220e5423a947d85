// SPDX-License-Identifier: MIT
// Bus transaction initiators (BTI) and pinned memory tokens (PMT), private to kernel/.
#pragma once

#include <pthread.h>
#include <stdint.h>

#include <zircon/listnode.h>

#include "lease.h"
#include "lx_vfio.h"
#include "object.h"

// One mapping in the IOMMU domain. It belongs to a PMT, or to the quarantine of its BTI.
typedef struct ko_dma_pin {
    list_node_t node;  // in ko_bti_t.quarantine, or cleared
    lx_vfio_mapping_t mapping;
} ko_dma_pin_t;

typedef struct ko_bti {
    ko_object_t base;
    lx_vfio_domain_t* domain;  // one reference owned
    ko_leases_t* leases;       // likewise
    uint64_t id;

    pthread_mutex_t lock;
    list_node_t quarantine;     // ko_dma_pin_t, owned; guarded by lock
    uint64_t pmt_count;         // live tokens; guarded by lock
    uint64_t quarantine_count;  // guarded by lock
} ko_bti_t;

// Consumes one reference to |domain| and to |leases|, on failure too.
zx_status_t ko_bti_create(lx_vfio_domain_t* domain, ko_leases_t* leases, uint64_t id,
                          ko_object_t** out);

// A token for a mapping that exists. Consumes |pin| on success.
zx_status_t ko_pmt_create(ko_bti_t* bti, ko_dma_pin_t* pin, zx_handle_t* out);

// Ends a mapping and frees |pin|. If the kernel keeps the mapping, its addresses are not used
// again.
zx_status_t ko_dma_pin_end(lx_vfio_domain_t* domain, ko_dma_pin_t* pin);
