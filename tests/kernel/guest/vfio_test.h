// SPDX-License-Identifier: MIT
// Parts of the vfio_test program.
#pragma once

#include <lx/pci.h>
#include <zircon/types.h>

#include "edu.h"

#define PAGE_SIZE 4096u

// Opens |function| and fails the test if that fails; ZX_HANDLE_INVALID then.
zx_handle_t open_function(zx_handle_t root, const lx_pci_function_t* function);
// Switches the device to MSI and maps its vector. ZX_HANDLE_INVALID on failure.
zx_handle_t open_msi(zx_handle_t device);

// A VMO of some pages, mapped.
typedef struct buffer {
    zx_handle_t vmo;  // owned
    uint8_t* bytes;   // owned mapping
    size_t size;
} buffer_t;

zx_status_t buffer_init(buffer_t* buffer, size_t size);
void buffer_fini(buffer_t* buffer);

// vfio_config_test.c: configuration space and BARs of edu
void test_config(zx_handle_t device);
void test_bars(zx_handle_t device);
// vfio_irq_test.c: MSI and INTx of edu
void test_interrupts(zx_handle_t device);
// vfio_dma_test.c: pinned memory and the IOMMU
void test_dma(zx_handle_t device);
// uio_test.c: edu in the hands of uio_pci_generic
void test_uio(const lx_pci_function_t* function);
// vfio_victim.c: a process that is killed while its device does DMA
void test_kill(zx_handle_t root, const lx_pci_function_t* function, const char* program);
// What the program does when it is started as the victim.
int victim_main(void);
