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
    lx_iova_t iova;  // guarded by lock
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

static zx_status_t take(lx_vfio_domain_t* domain, uint64_t size, uint64_t* out_iova) {
    pthread_mutex_lock(&domain->lock);
    zx_status_t status = lx_iova_alloc(&domain->iova, size, out_iova);
    pthread_mutex_unlock(&domain->lock);
    return status;
}

static void give_back(lx_vfio_domain_t* domain, uint64_t iova, uint64_t size) {
    pthread_mutex_lock(&domain->lock);
    lx_iova_free(&domain->iova, iova, size);
    pthread_mutex_unlock(&domain->lock);
}

zx_status_t lx_vfio_domain_map(lx_vfio_domain_t* domain, void* address, uint64_t size,
                               bool can_read, bool can_write, uint64_t* out_iova) {
    uint64_t skip = size;
    for (;;) {
        uint64_t iova = 0;
        zx_status_t status = take(domain, size, &iova);
        if (status != ZX_OK) {
            return status;
        }
        status = lx_vfio_dma_map(domain->container, iova, address, size, can_read, can_write);
        if (status == ZX_OK) {
            *out_iova = iova;
            return ZX_OK;
        }
        if (status != ZX_ERR_ALREADY_EXISTS) {
            give_back(domain, iova, size);
            return status;
        }
        // Another process mapped something here. These addresses are never given back, and neither
        // is a growing stretch behind them, so that a crowded domain is passed in few steps.
        uint64_t passed = 0;
        if (take(domain, skip, &passed) == ZX_OK && skip < UINT64_MAX / 4) {
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

zx_status_t lx_vfio_domain_unmap(lx_vfio_domain_t* domain, uint64_t iova, uint64_t size) {
    zx_status_t status = lx_vfio_dma_unmap(domain->container, iova, size);
    if (status != ZX_OK && status != ZX_ERR_NOT_FOUND && !has_lost_iommu(domain)) {
        return status;  // still mapped: the addresses must not be used again
    }
    give_back(domain, iova, size);
    return ZX_OK;
}
