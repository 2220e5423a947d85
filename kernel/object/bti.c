// SPDX-License-Identifier: MIT
// BTI: the right to map memory into the IOMMU domain of one device, and the addresses in it. Owns
// nothing of the mappings but those in quarantine. docs/objects/bti.md.
#include "bti.h"

#include <stdlib.h>
#include <sys/mman.h>

#include <lx/status.h>
#include <zircon/syscalls.h>

#include "pci_device.h"
#include "vmo.h"

#define PIN_OPTIONS                                                                 \
    (ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE | ZX_BTI_PERM_EXECUTE | ZX_BTI_COMPRESS | \
     ZX_BTI_CONTIGUOUS)

zx_status_t ko_dma_pin_end(lx_vfio_domain_t* domain, ko_dma_pin_t* pin) {
    zx_status_t status = lx_vfio_domain_unmap(domain, &pin->mapping);
    free(pin);
    return status;
}

// Ends every pin in the list; the first failure is told.
static zx_status_t end_pins(ko_bti_t* bti, list_node_t* pins) {
    zx_status_t first_failure = ZX_OK;
    ko_dma_pin_t* pin = NULL;
    while ((pin = list_remove_head_type(pins, ko_dma_pin_t, node)) != NULL) {
        zx_status_t status = ko_dma_pin_end(bti->domain, pin);
        if (first_failure == ZX_OK) {
            first_failure = status;
        }
    }
    return first_failure;
}

static void bti_destroy(ko_object_t* object) {
    ko_bti_t* bti = containerof(object, ko_bti_t, base);
    (void)end_pins(bti, &bti->quarantine);
    lx_vfio_domain_unref(bti->domain);
    ko_leases_unref(bti->leases);
    pthread_mutex_destroy(&bti->lock);
    free(bti);
}

static zx_status_t bti_export(ko_object_t* object, ko_wire_t* out) {
    const ko_bti_t* bti = containerof(object, ko_bti_t, base);
    *out = (ko_wire_t){
        .fd_count = 1,
        .fds = {lx_vfio_domain_container(bti->domain)},
        .words = {bti->id},
    };
    return ko_leases_export(bti->leases, out);
}

static zx_status_t bti_get_info(ko_object_t* object, zx_rights_t rights, uint32_t topic,
                                ko_info_t* out, size_t* out_size) {
    (void)rights;
    if (topic != ZX_INFO_BTI) {
        return ZX_ERR_WRONG_TYPE;
    }
    ko_bti_t* bti = containerof(object, ko_bti_t, base);
    pthread_mutex_lock(&bti->lock);
    out->bti = (zx_info_bti_t){
        .minimum_contiguity = ZX_PAGE_SIZE,
        .aspace_size = lx_vfio_domain_size(bti->domain),
        .pmo_count = bti->pmt_count,
        .quarantine_count = bti->quarantine_count,
    };
    pthread_mutex_unlock(&bti->lock);
    *out_size = sizeof(out->bti);
    return ZX_OK;
}

static const ko_ops_t bti_ops = {
    .type = ZX_OBJ_TYPE_BTI,
    .default_rights = ZX_DEFAULT_BTI_RIGHTS,
    .destroy = bti_destroy,
    .export_wire = bti_export,
    .get_info = bti_get_info,
};

zx_status_t ko_bti_create(lx_vfio_domain_t* domain, ko_leases_t* leases, uint64_t id,
                          ko_object_t** out) {
    ko_bti_t* bti = calloc(1, sizeof(*bti));
    if (bti == NULL) {
        lx_vfio_domain_unref(domain);
        ko_leases_unref(leases);
        return ZX_ERR_NO_MEMORY;
    }
    ko_object_init(&bti->base, &bti_ops);
    bti->domain = domain;
    bti->leases = leases;
    bti->id = id;
    pthread_mutex_init(&bti->lock, NULL);
    list_initialize(&bti->quarantine);
    *out = &bti->base;
    return ZX_OK;
}

zx_status_t ko_import_bti(ko_wire_t* wire, ko_object_t** out) {
    if (wire->fd_count != 2 || !ko_fd_is_lease(wire->fds[1])) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    lx_vfio_domain_t* domain = NULL;
    // Asks the container for its addresses, which nothing but an IOMMU domain answers.
    zx_status_t status = lx_vfio_domain_create(wire->fds[0], &domain);
    if (status != ZX_OK) {
        return status == ZX_ERR_NO_MEMORY ? status : ZX_ERR_IO_DATA_INTEGRITY;
    }
    ko_leases_t* leases = ko_leases_create(wire->fds[1]);
    if (leases == NULL) {
        lx_vfio_domain_unref(domain);
        return ZX_ERR_NO_MEMORY;
    }
    wire->fds[1] = -1;
    return ko_bti_create(domain, leases, wire->words[0], out);
}

zx_status_t zx_bti_create(zx_handle_t iommu, uint32_t options, uint64_t bti_id, zx_handle_t* out) {
    if (options != 0 || out == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    ko_object_t* device = NULL;
    zx_status_t status = ko_handle_get(iommu, ZX_OBJ_TYPE_PCI_DEVICE, ZX_RIGHT_WRITE, &device);
    if (status != ZX_OK) {
        return status;
    }
    lx_vfio_domain_t* domain = NULL;
    ko_leases_t* leases = NULL;
    status = ko_pci_device_domain(device, &domain, &leases);
    ko_object_release(device);
    if (status != ZX_OK) {
        return status;
    }
    ko_object_t* bti = NULL;
    status = ko_bti_create(domain, leases, bti_id, &bti);
    return status == ZX_OK ? ko_handle_make(bti, ZX_RIGHT_SAME_RIGHTS, out) : status;
}

// How many addresses tell where |size| bytes are. A pin is one range of addresses whatever the
// memory is, so a contiguous one needs the first address only.
static size_t address_count(uint32_t options, uint64_t size) {
    return (options & ZX_BTI_CONTIGUOUS) ? 1 : size / ZX_PAGE_SIZE;
}

static zx_status_t check_pin(uint32_t options, uint64_t offset, uint64_t size,
                             const zx_paddr_t* addrs, size_t num_addrs, const zx_handle_t* pmt) {
    if ((options & ~PIN_OPTIONS) || !(options & (ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE))) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (options & ZX_BTI_PERM_EXECUTE) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    if ((options & ZX_BTI_COMPRESS) && (options & ZX_BTI_CONTIGUOUS)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (size == 0 || offset % ZX_PAGE_SIZE != 0 || size % ZX_PAGE_SIZE != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (addrs == NULL || pmt == NULL || num_addrs != address_count(options, size)) {
        return ZX_ERR_INVALID_ARGS;
    }
    return ZX_OK;
}

// The rights that the options demand of the VMO's handle.
static zx_rights_t vmo_rights(uint32_t options) {
    return ZX_RIGHT_MAP | ((options & ZX_BTI_PERM_READ) ? ZX_RIGHT_READ : 0u) |
           ((options & ZX_BTI_PERM_WRITE) ? ZX_RIGHT_WRITE : 0u);
}

// Maps the memory into this process for as long as the kernel takes to pin it.
static zx_status_t map_range(ko_bti_t* bti, uint32_t options, const ko_vmo_view_t* view,
                             uint64_t offset, uint64_t size, lx_vfio_mapping_t* out) {
    bool can_read = (options & ZX_BTI_PERM_READ) != 0;
    bool can_write = (options & ZX_BTI_PERM_WRITE) != 0;
    int protection = PROT_READ | (can_write ? PROT_WRITE : 0);
    void* address =
        mmap(NULL, size, protection, MAP_SHARED, view->fd, (off_t)(view->fd_offset + offset));
    if (address == MAP_FAILED) {
        return lx_status_from_errno(errno);
    }
    zx_status_t status = lx_vfio_domain_map(bti->domain, address, size, can_read, can_write, out);
    munmap(address, size);
    return status;
}

static zx_status_t pin_vmo(ko_bti_t* bti, uint32_t options, ko_object_t* vmo, uint64_t offset,
                           uint64_t size, ko_dma_pin_t** out) {
    ko_vmo_view_t view;
    ko_vmo_get_view(vmo, &view);
    if (view.is_device) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    // Any pin would be one range of addresses, but a driver that relies on it would fail elsewhere.
    if ((options & ZX_BTI_CONTIGUOUS) && !view.is_contiguous) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (offset > view.size || size > view.size - offset) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    ko_dma_pin_t* pin = calloc(1, sizeof(*pin));
    if (pin == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = map_range(bti, options, &view, offset, size, &pin->mapping);
    if (status != ZX_OK) {
        free(pin);
        return status;
    }
    *out = pin;
    return ZX_OK;
}

// Pins and makes the token; the objects are borrowed.
static zx_status_t pin_and_tell(ko_bti_t* bti, uint32_t options, ko_object_t* vmo, uint64_t offset,
                                uint64_t size, zx_paddr_t* addrs, zx_handle_t* pmt) {
    ko_dma_pin_t* pin = NULL;
    zx_status_t status = pin_vmo(bti, options, vmo, offset, size, &pin);
    if (status != ZX_OK) {
        return status;
    }
    uint64_t iova = pin->mapping.iova;
    status = ko_pmt_create(bti, pin, pmt);
    if (status != ZX_OK) {
        ko_dma_pin_end(bti->domain, pin);
        return status;
    }
    size_t count = address_count(options, size);
    for (size_t i = 0; i < count; i++) {
        addrs[i] = iova + i * ZX_PAGE_SIZE;
    }
    return ZX_OK;
}

zx_status_t zx_bti_pin(zx_handle_t handle, uint32_t options, zx_handle_t vmo, uint64_t offset,
                       uint64_t size, zx_paddr_t* addrs, size_t num_addrs, zx_handle_t* pmt) {
    ko_object_t* bti = NULL;
    ko_object_t* memory = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_BTI, ZX_RIGHT_MAP, &bti);
    if (status == ZX_OK) {
        status = check_pin(options, offset, size, addrs, num_addrs, pmt);
    }
    if (status == ZX_OK) {
        status = ko_handle_get(vmo, ZX_OBJ_TYPE_VMO, vmo_rights(options), &memory);
    }
    if (status == ZX_OK) {
        status = pin_and_tell(containerof(bti, ko_bti_t, base), options, memory, offset, size,
                              addrs, pmt);
    }
    ko_object_release(memory);
    ko_object_release(bti);
    return status;
}

zx_status_t zx_bti_release_quarantine(zx_handle_t handle) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, ZX_OBJ_TYPE_BTI, ZX_RIGHT_WRITE, &object);
    if (status != ZX_OK) {
        return status;
    }
    ko_bti_t* bti = containerof(object, ko_bti_t, base);
    list_node_t pins;
    pthread_mutex_lock(&bti->lock);
    list_move(&bti->quarantine, &pins);
    bti->quarantine_count = 0;
    pthread_mutex_unlock(&bti->lock);
    status = end_pins(bti, &pins);
    // The pins of processes that are gone are quarantined too, by nobody else's doing.
    if (ko_leases_are_over(bti->leases)) {
        zx_status_t others = lx_vfio_domain_unmap_others(bti->domain);
        status = status == ZX_OK ? others : status;
    }
    ko_object_release(object);
    return status;
}
