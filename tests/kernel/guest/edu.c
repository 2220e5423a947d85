// SPDX-License-Identifier: MIT
// QEMU's educational PCI device.
#include "edu.h"

#include <zircon/process.h>
#include <zircon/syscalls.h>

zx_status_t edu_init(edu_t* edu, zx_handle_t device) {
    *edu = (edu_t){.device = device};
    zx_pci_bar_t bar;
    zx_status_t status = zx_pci_get_bar(device, 0, &bar, &edu->bar);
    if (status != ZX_OK) {
        return status;
    }
    zx_vaddr_t address = 0;
    status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, edu->bar, 0,
                         EDU_BAR_SIZE, &address);
    if (status != ZX_OK) {
        edu_fini(edu);
        return status;
    }
    edu->regs = (volatile uint8_t*)address;
    return ZX_OK;
}

void edu_fini(edu_t* edu) {
    if (edu->regs != NULL) {
        zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)edu->regs, EDU_BAR_SIZE);
    }
    zx_handle_close(edu->bar);
    *edu = (edu_t){0};
}

uint32_t edu_read(const edu_t* edu, uint32_t offset) {
    return *(volatile uint32_t*)(edu->regs + offset);
}

void edu_write(const edu_t* edu, uint32_t offset, uint32_t value) {
    *(volatile uint32_t*)(edu->regs + offset) = value;
}

static void write64(const edu_t* edu, uint32_t offset, uint64_t value) {
    *(volatile uint64_t*)(edu->regs + offset) = value;
}

void edu_dma_start(const edu_t* edu, uint64_t address, uint32_t size, uint32_t flags) {
    bool to_ram = (flags & EDU_DMA_TO_RAM) != 0;
    write64(edu, EDU_REG_DMA_SOURCE, to_ram ? EDU_DMA_BUFFER : address);
    write64(edu, EDU_REG_DMA_TARGET, to_ram ? address : EDU_DMA_BUFFER);
    write64(edu, EDU_REG_DMA_COUNT, size);
    write64(edu, EDU_REG_DMA_CMD, flags | EDU_DMA_START);
}

zx_status_t edu_dma(const edu_t* edu, zx_handle_t interrupt, uint64_t address, uint32_t size,
                    uint32_t flags) {
    edu_dma_start(edu, address, size, flags | EDU_DMA_RAISE);
    zx_status_t status = zx_interrupt_wait(interrupt, NULL);
    if (status == ZX_OK) {
        edu_write(edu, EDU_REG_IRQ_ACK, edu_read(edu, EDU_REG_IRQ_STATUS));
    }
    return status;
}
