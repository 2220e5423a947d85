// SPDX-License-Identifier: MIT
// A PCI function that exists only in this process, below the ioctl() of the C library: link with
// -Wl,--wrap=ioctl. The device fd and the container fd are memfds, so that reading, writing and
// mapping them is the kernel's real work; the VFIO requests on them are answered here.
//
// The function: configuration space of 256 bytes with an MSI-X capability, BAR 0 of 16 KiB (its
// second page holds the MSI-X table, its third the pending bits), BAR 2 of I/O ports, 1 line, 4 MSI
// and 4 MSI-X vectors.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

#define FAKE_VFIO_VENDOR       0x1234
#define FAKE_VFIO_DEVICE       0x5678
#define FAKE_VFIO_BAR_SIZE     0x4000u
#define FAKE_VFIO_MAX_MAPPINGS 64
#define FAKE_VFIO_LAST_IOVA    0xfffffffull

typedef struct fake_vfio_mapping {
    uint64_t iova;
    uint64_t size;  // 0: free slot
    uint32_t flags;
} fake_vfio_mapping_t;

typedef struct fake_vfio {
    int device_fd;
    int container_fd;
    fake_vfio_mapping_t* mappings;  // FAKE_VFIO_MAX_MAPPINGS, shared with forks as the kernel's are
    int map_errno;                  // the next MAP_DMA fails with it, if not 0
    int unmap_errno;                // likewise
    int irq_errno;                  // the next SET_IRQS with eventfds fails with it
    bool has_iommu;                 // false: the container lost its group
    int enabled_irq;                // index of the mode that is on, or -1
    uint32_t vector_count;
    int vectors[8];  // duplicates of the eventfds, or -1
    int unmask_fd;   // likewise
    uint32_t reset_count;
} fake_vfio_t;

// One at a time. The fixture closes what it made.
void fake_vfio_init(void);
void fake_vfio_fini(void);
extern fake_vfio_t fake_vfio;

// A device handle over the fake, as the process gets it that opens the device.
zx_handle_t fake_vfio_open(void);
size_t fake_vfio_mapping_count(void);
// The mapping that holds |iova|, or NULL.
const fake_vfio_mapping_t* fake_vfio_find(uint64_t iova);
// The hardware fires.
void fake_vfio_fire(uint32_t vector);
// The configuration space's 16 bits at |offset|.
uint16_t fake_vfio_config16(uint32_t offset);
