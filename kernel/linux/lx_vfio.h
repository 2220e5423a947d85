// SPDX-License-Identifier: MIT
// VFIO at the level of fds: what the objects in kernel/object are made of. Functions take the fds
// borrowed, are thread-safe as far as the kernel is, and return statuses made from errno.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <lx/pci.h>
#include <zircon/listnode.h>
#include <zircon/types.h>

#define LX_VFIO_PAGE_SIZE     4096u
#define LX_VFIO_MAX_AREAS     8u
#define LX_VFIO_MAX_RANGES    16u
#define LX_VFIO_COMMAND       0x04u  // offset of the command register in the configuration space
#define LX_VFIO_COMMAND_MEM   0x0002u
#define LX_VFIO_COMMAND_BUS   0x0004u
#define LX_PCI_ADDRESS_LENGTH 16u  // "0000:01:00.0" and its NUL, with room

// --- opening (lx_vfio_open.c, lx_pci_bind.c)
// ---------------------------------------------------------

typedef struct lx_vfio_fds {
    int container;  // owned; the IOMMU domain
    int group;      // owned; -1 in a process that received the device
    int device;     // owned
} lx_vfio_fds_t;

#define LX_VFIO_FDS_NONE ((lx_vfio_fds_t){-1, -1, -1})

// Opens the function at |address|, which vfio-pci must drive. On failure |out| is empty and |error|
// holds one line of text.
zx_status_t lx_vfio_open(const char* address, lx_vfio_fds_t* out, char* error, size_t error_size);
// Accepts an empty set.
void lx_vfio_close(lx_vfio_fds_t* fds);

void lx_pci_format_address(const lx_pci_function_t* function, char out[LX_PCI_ADDRESS_LENGTH]);
// Reads identity from sysfs for the address in |function|.
zx_status_t lx_pci_read_identity(lx_pci_function_t* function);
// Makes vfio-pci the driver of the function at |address| and of nothing else.
zx_status_t lx_pci_bind_vfio(const char* address, char* error, size_t error_size);
// Number of the IOMMU group of |address|; refuses one that holds another function with a driver's
// interest (anything but a bridge).
zx_status_t lx_pci_private_group(const char* address, unsigned* out_group, char* error,
                                 size_t error_size);

// --- questions (lx_vfio_ask.c)
// ----------------------------------------------------------

// Puts |question|, a structure of |size| bytes that begins with its argsz, to |fd| until the answer
// with what the kernel adds to it fits. The answer's argsz is the number of bytes that are there;
// the caller frees it.
zx_status_t lx_vfio_ask(int fd, unsigned long request, const void* question, uint32_t size,
                        void** out_answer);

// --- regions: configuration space and BARs (lx_vfio_region.c)
// ----------------------------------------

typedef struct lx_vfio_region {
    uint64_t offset;  // in the device fd
    uint64_t size;    // bytes; 0: not implemented
    bool can_map;
} lx_vfio_region_t;

typedef struct lx_vfio_area {
    uint64_t offset;  // in the region, page aligned
    uint64_t size;    // whole pages
} lx_vfio_area_t;

zx_status_t lx_vfio_bar_get(int device, uint32_t bar, lx_vfio_region_t* out);
zx_status_t lx_vfio_config_get(int device, lx_vfio_region_t* out);
zx_status_t lx_vfio_config_read(int device, const lx_vfio_region_t* config, uint32_t offset,
                                size_t width, uint32_t* out_value);
zx_status_t lx_vfio_config_write(int device, const lx_vfio_region_t* config, uint32_t offset,
                                 size_t width, uint32_t value);
// Clears, then sets bits of the command register.
zx_status_t lx_vfio_command_update(int device, const lx_vfio_region_t* config, uint16_t clear,
                                   uint16_t set);
// The pieces of |bar| that a driver may map: what the kernel offers without the pages of the MSI-X
// table and pending bits. In ascending order; none at all is ZX_OK with a count of 0.
zx_status_t lx_vfio_bar_areas(int device, uint32_t bar, const lx_vfio_region_t* region,
                              lx_vfio_area_t areas[LX_VFIO_MAX_AREAS], size_t* out_count);
// Removes [offset, offset + size), widened to pages, from the |count| areas. The last areas are
// dropped when more than LX_VFIO_MAX_AREAS would result. Returns the new count.
size_t lx_vfio_areas_exclude(lx_vfio_area_t areas[LX_VFIO_MAX_AREAS], size_t count, uint64_t offset,
                             uint64_t size);

// --- interrupts and reset (lx_vfio_irq.c)
// ------------------------------------------------------------

typedef enum lx_vfio_irq {
    LX_VFIO_IRQ_INTX = 0,
    LX_VFIO_IRQ_MSI = 1,
    LX_VFIO_IRQ_MSIX = 2,
} lx_vfio_irq_t;

// 0: the function lacks the mode.
zx_status_t lx_vfio_irq_count(int device, lx_vfio_irq_t irq, uint32_t* out_count);
// MSI and MSI-X: reserves |count| vectors, none of them with a receiver.
zx_status_t lx_vfio_irq_enable(int device, lx_vfio_irq_t irq, uint32_t count);
// Lets |vector| signal |eventfd|; -1 takes the receiver away.
zx_status_t lx_vfio_irq_connect(int device, lx_vfio_irq_t irq, uint32_t vector, int eventfd);
// INTx masks itself when it fires; a write to |eventfd| unmasks it.
zx_status_t lx_vfio_irq_connect_unmask(int device, int eventfd);
// ZX_OK also when the mode was not enabled.
zx_status_t lx_vfio_irq_disable(int device, lx_vfio_irq_t irq);
zx_status_t lx_vfio_reset(int device);

// --- DMA (lx_vfio_dma.c)
// -----------------------------------------------------------------------------

typedef struct lx_vfio_range {
    uint64_t first;  // IOVAs, both inclusive
    uint64_t last;
} lx_vfio_range_t;

// The IOVAs that the domain can map.
zx_status_t lx_vfio_dma_ranges(int container, lx_vfio_range_t ranges[LX_VFIO_MAX_RANGES],
                               size_t* out_count);
// Pins the pages at |address| and maps them at |iova|. The memory may be unmapped from this process
// afterwards; the pin holds the pages. ZX_ERR_ALREADY_EXISTS: something is mapped there.
// ZX_ERR_NO_MEMORY: over the locked-memory limit. ZX_ERR_NO_RESOURCES: too many mappings.
zx_status_t lx_vfio_dma_map(int container, uint64_t iova, void* address, uint64_t size,
                            bool can_read, bool can_write);
zx_status_t lx_vfio_dma_unmap(int container, uint64_t iova, uint64_t size);
zx_status_t lx_vfio_dma_unmap_all(int container);
// Ends what is mapped from |first| to |last|, both inclusive; no mapping lies across the borders.
zx_status_t lx_vfio_dma_unmap_range(int container, uint64_t first, uint64_t last);

// --- IOVA allocator (lx_vfio_iova.c)
// -----------------------------------------------------------------

typedef struct lx_iova_extent {
    uint64_t page;  // first page number
    uint64_t count;
} lx_iova_extent_t;

// Free IOVAs as a sorted list of extents; the caller locks. Lowest address first, so that devices
// with short DMA addresses are served as long as possible.
typedef struct lx_iova {
    lx_iova_extent_t* extents;  // owned
    size_t extent_count;
    size_t capacity;   // extents that fit into the array
    size_t live;       // extents handed out and not yet given back
    size_t max_split;  // extents there were at the start
} lx_iova_t;

// |ranges| need not be sorted. The first 64 KiB of the address space are never handed out.
zx_status_t lx_iova_init(lx_iova_t* iova, const lx_vfio_range_t* ranges, size_t range_count);
void lx_iova_fini(lx_iova_t* iova);
// |size| in bytes, a multiple of the page size. ZX_ERR_NO_RESOURCES: no gap is large enough.
zx_status_t lx_iova_alloc(lx_iova_t* iova, uint64_t size, uint64_t* out_address);
// Gives back exactly what one alloc returned. Cannot fail.
void lx_iova_free(lx_iova_t* iova, uint64_t address, uint64_t size);

// --- DMA domain (lx_vfio_domain.c)
// -------------------------------------------------------------------

// A container with the IOVAs that this process has handed out in it. Counted references,
// thread-safe. Another process may map into the same container: its mappings are found and avoided.
typedef struct lx_vfio_domain lx_vfio_domain_t;

// Takes its own copy of |container|. The first reference belongs to the caller.
zx_status_t lx_vfio_domain_create(int container, lx_vfio_domain_t** out);
lx_vfio_domain_t* lx_vfio_domain_ref(lx_vfio_domain_t* domain);
// Accepts NULL. The last reference closes the container and leaves mappings as they are.
void lx_vfio_domain_unref(lx_vfio_domain_t* domain);
// Borrowed.
int lx_vfio_domain_container(const lx_vfio_domain_t* domain);
// One more than the highest IOVA that can be mapped; 0 stands for 2^64.
uint64_t lx_vfio_domain_size(const lx_vfio_domain_t* domain);

// A mapping that this process made. It lives with its owner, at the same place, until it is
// unmapped.
typedef struct lx_vfio_mapping {
    list_node_t node;  // in the domain
    uint64_t iova;
    uint64_t size;
} lx_vfio_mapping_t;

// lx_vfio_dma_map at an address of the domain's choice.
zx_status_t lx_vfio_domain_map(lx_vfio_domain_t* domain, void* address, uint64_t size,
                               bool can_read, bool can_write, lx_vfio_mapping_t* out);
// ZX_OK also when unmap-all was faster or the device is closed. The mapping is the owner's again,
// on failure too: the domain then never uses its addresses again.
zx_status_t lx_vfio_domain_unmap(lx_vfio_domain_t* domain, lx_vfio_mapping_t* mapping);
// Ends all mappings that this process did not make. Only for when nobody else is at work in the
// domain.
zx_status_t lx_vfio_domain_unmap_others(lx_vfio_domain_t* domain);
