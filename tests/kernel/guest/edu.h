// SPDX-License-Identifier: MIT
// QEMU's educational PCI device: an identity register, a factorial, an interrupt on request and a
// DMA engine with a buffer of 4 KiB. Register map: QEMU's docs/specs/edu.rst.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

#define EDU_VENDOR_ID 0x1234
#define EDU_DEVICE_ID 0x11e8
#define EDU_BAR_SIZE  0x100000

#define EDU_REG_ID         0x00
#define EDU_REG_INVERT     0x04
#define EDU_REG_IRQ_STATUS 0x24
#define EDU_REG_IRQ_RAISE  0x60
#define EDU_REG_IRQ_ACK    0x64
#define EDU_REG_DMA_SOURCE 0x80
#define EDU_REG_DMA_TARGET 0x88
#define EDU_REG_DMA_COUNT  0x90
#define EDU_REG_DMA_CMD    0x98

#define EDU_ID_MASK      0x0000ffffu
#define EDU_ID_VALUE     0x000000edu
#define EDU_DMA_START    0x1u
#define EDU_DMA_TO_RAM   0x2u
#define EDU_DMA_RAISE    0x4u
#define EDU_DMA_BUFFER   0x40000u
#define EDU_IRQ_FROM_DMA 0x100u

typedef struct edu {
    zx_handle_t device;      // borrowed
    zx_handle_t bar;         // owned
    volatile uint8_t* regs;  // owned mapping
} edu_t;

// Maps the registers of |device|.
zx_status_t edu_init(edu_t* edu, zx_handle_t device);
void edu_fini(edu_t* edu);
uint32_t edu_read(const edu_t* edu, uint32_t offset);
void edu_write(const edu_t* edu, uint32_t offset, uint32_t value);
// Starts a transfer between the device's buffer and the bus address |address|; at most 4095 bytes,
// because QEMU 7.2 stops at the buffer's last byte. Takes about 100 ms.
void edu_dma_start(const edu_t* edu, uint64_t address, uint32_t size, uint32_t flags);
// As above, with completion by |interrupt|, which must be the device's.
zx_status_t edu_dma(const edu_t* edu, zx_handle_t interrupt, uint64_t address, uint32_t size,
                    uint32_t flags);
