// SPDX-License-Identifier: MIT
// A VFIO container and the IOVAs handed out in it.
#include "lx_vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include <lx/status.h>
#include <zircon/errors.h>

struct lx_vfio_domain {
    atomic_uint references;
    int container;  // owned
    uint64_t size;

    pthread_mutex_t lock;
    lx_iova_t iova;      // guarded by lock
    list_node_t mapped;  // lx_vfio_mapping_t, this process's; guarded by lock
    size_t mapped_count;
};

zx_status_t lx_vfio_domain_create(int container, lx_vfio_domain_t** out) {
    lx_vfio_range_t ranges[LX_VFIO_MAX_RANGES];
    size_t count = 0;
    zx_status_t status = lx_vfio_dma_ranges(container, ranges, &count);
    if (status != ZX_OK) {
        return status;
    }
    lx_vfio_domain_t* domain = calloc(1, sizeof(*domain));
    if (domain == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    domain->container = fcntl(container, F_DUPFD_CLOEXEC, 0);
    if (domain->container < 0) {
        status = lx_status_from_errno(errno);
        free(domain);
        return status;
    }
    status = lx_iova_init(&domain->iova, ranges, count);
    if (status != ZX_OK) {
        close(domain->container);
        free(domain);
        return status;
    }
    for (size_t i = 0; i < count; i++) {
        domain->size = ranges[i].last + 1 > domain->size ? ranges[i].last + 1 : domain->size;
    }
    pthread_mutex_init(&domain->lock, NULL);
    list_initialize(&domain->mapped);
    atomic_init(&domain->references, 1);
    *out = domain;
    return ZX_OK;
}

lx_vfio_domain_t* lx_vfio_domain_ref(lx_vfio_domain_t* domain) {
    atomic_fetch_add_explicit(&domain->references, 1, memory_order_relaxed);
    return domain;
}

void lx_vfio_domain_unref(lx_vfio_domain_t* domain) {
    if (domain == NULL ||
        atomic_fetch_sub_explicit(&domain->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    lx_iova_fini(&domain->iova);
    pthread_mutex_destroy(&domain->lock);
    close(domain->container);
    free(domain);
}

int lx_vfio_domain_container(const lx_vfio_domain_t* domain) {
    return domain->container;
}

uint64_t lx_vfio_domain_size(const lx_vfio_domain_t* domain) {
    return domain->size;
}

// Addresses for a mapping, which is listed from here on: unmap_others must not take it away.
static zx_status_t take(lx_vfio_domain_t* domain, uint64_t size, lx_vfio_mapping_t* out) {
    pthread_mutex_lock(&domain->lock);
    zx_status_t status = lx_iova_alloc(&domain->iova, size, &out->iova);
    if (status == ZX_OK) {
        out->size = size;
        list_add_tail(&domain->mapped, &out->node);
        domain->mapped_count++;
    }
    pthread_mutex_unlock(&domain->lock);
    return status;
}

static void drop(lx_vfio_domain_t* domain, lx_vfio_mapping_t* mapping, bool can_use_again) {
    pthread_mutex_lock(&domain->lock);
    list_delete(&mapping->node);
    domain->mapped_count--;
    if (can_use_again) {
        lx_iova_free(&domain->iova, mapping->iova, mapping->size);
    }
    pthread_mutex_unlock(&domain->lock);
}

// Passes by the next |size| bytes of addresses, for good.
static bool skip_addresses(lx_vfio_domain_t* domain, uint64_t size) {
    uint64_t passed = 0;
    pthread_mutex_lock(&domain->lock);
    zx_status_t status = lx_iova_alloc(&domain->iova, size, &passed);
    pthread_mutex_unlock(&domain->lock);
    return status == ZX_OK;
}

zx_status_t lx_vfio_domain_map(lx_vfio_domain_t* domain, void* address, uint64_t size,
                               bool can_read, bool can_write, lx_vfio_mapping_t* out) {
    uint64_t skip = size;
    for (;;) {
        zx_status_t status = take(domain, size, out);
        if (status != ZX_OK) {
            return status;
        }
        status = lx_vfio_dma_map(domain->container, out->iova, address, size, can_read, can_write);
        if (status == ZX_OK) {
            return ZX_OK;
        }
        drop(domain, out, status != ZX_ERR_ALREADY_EXISTS);
        if (status != ZX_ERR_ALREADY_EXISTS) {
            return status;
        }
        // Another process mapped something here. These addresses are never used again, and neither
        // is a growing stretch behind them, so that a crowded domain is passed in few steps.
        if (skip_addresses(domain, skip) && skip < UINT64_MAX / 4) {
            skip *= 2;
        }
    }
}

// A container that no group is in any more has lost its IOMMU, and all mappings with it.
static bool has_lost_iommu(const lx_vfio_domain_t* domain) {
    lx_vfio_range_t ranges[LX_VFIO_MAX_RANGES];
    size_t count = 0;
    return lx_vfio_dma_ranges(domain->container, ranges, &count) != ZX_OK;
}

zx_status_t lx_vfio_domain_unmap(lx_vfio_domain_t* domain, lx_vfio_mapping_t* mapping) {
    zx_status_t status = lx_vfio_dma_unmap(domain->container, mapping->iova, mapping->size);
    // Still mapped: the addresses must not be used again.
    bool is_gone = status == ZX_OK || status == ZX_ERR_NOT_FOUND || has_lost_iommu(domain);
    drop(domain, mapping, is_gone);
    return is_gone ? ZX_OK : status;
}

static int mapping_compare(const void* a, const void* b) {
    const lx_vfio_range_t* left = a;
    const lx_vfio_range_t* right = b;
    return left->first < right->first ? -1 : left->first > right->first;
}

// The addresses of this process's mappings, in order; the caller frees them.
static lx_vfio_range_t* own_ranges_locked(const lx_vfio_domain_t* domain) {
    lx_vfio_range_t* ranges = malloc((domain->mapped_count + 1) * sizeof(*ranges));
    size_t count = 0;
    const lx_vfio_mapping_t* mapping;
    if (ranges == NULL) {
        return NULL;
    }
    list_for_every_entry(&domain->mapped, mapping, lx_vfio_mapping_t, node) {
        ranges[count++] = (lx_vfio_range_t){mapping->iova, mapping->iova + mapping->size - 1};
    }
    qsort(ranges, count, sizeof(*ranges), mapping_compare);
    return ranges;
}

// What lies before, between and behind them.
static zx_status_t unmap_gaps(const lx_vfio_domain_t* domain, const lx_vfio_range_t* own,
                              size_t count) {
    uint64_t last = domain->size - 1;
    uint64_t next = 0;
    zx_status_t status = ZX_OK;
    for (size_t i = 0; status == ZX_OK && i < count; i++) {
        if (own[i].first > next) {
            status = lx_vfio_dma_unmap_range(domain->container, next, own[i].first - 1);
        }
        next = own[i].last + 1;
    }
    if (status == ZX_OK && own[count - 1].last < last) {
        status = lx_vfio_dma_unmap_range(domain->container, next, last);
    }
    return status;
}

// The lock keeps this process from mapping anything in the gaps meanwhile.
zx_status_t lx_vfio_domain_unmap_others(lx_vfio_domain_t* domain) {
    zx_status_t status = ZX_OK;
    pthread_mutex_lock(&domain->lock);
    if (domain->mapped_count == 0) {
        status = lx_vfio_dma_unmap_all(domain->container);
    } else {
        lx_vfio_range_t* own = own_ranges_locked(domain);
        status = own != NULL ? unmap_gaps(domain, own, domain->mapped_count) : ZX_ERR_NO_MEMORY;
        free(own);
    }
    pthread_mutex_unlock(&domain->lock);
    return status != ZX_OK && has_lost_iommu(domain) ? ZX_OK : status;
}
