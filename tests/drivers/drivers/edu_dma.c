// SPDX-License-Identifier: MIT
// Test driver for QEMU's edu device (QEMU, docs/specs/edu): DMA that must and must not work.
// Write "good": the device fetches a pinned buffer and writes it back. Write "bad": the device
// writes to an address that was pinned before and is not any more; the memory there must stay as it
// is. Reading the device gives the outcome of the last run. A run takes two or three tenths of a
// second inside the write hook.
#include <stdio.h>
#include <stdlib.h>

#include <fuchsia/hardware/pci/c/banjo.h>
#include <lib/ddk/debug.h>
#include <lib/ddk/device.h>
#include <lib/ddk/mmio-buffer.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "edu_dma_bind.h"
#include "test_text.h"

#define EDU_BAR             0u
#define EDU_IDENTIFICATION  0x00u  // 0xRRrr00ed
#define EDU_IRQ_STATUS      0x24u
#define EDU_IRQ_ACKNOWLEDGE 0x64u
#define EDU_DMA_SOURCE      0x80u  // 64 bits
#define EDU_DMA_DESTINATION 0x88u
#define EDU_DMA_COUNT       0x90u
#define EDU_DMA_COMMAND     0x98u
#define EDU_DMA_START       0x1u
#define EDU_DMA_TO_MEMORY   0x2u  // else from memory to the device
#define EDU_DMA_INTERRUPT   0x4u

// The device's own memory, at this address of its DMA engine. At most one byte less than it holds:
// QEMU aborts on a transfer that touches the last byte.
#define EDU_MEMORY      0x40000u
#define EDU_ADDRESS_END (1ull << 28)  // the engine has 28 address bits

#define TRANSFER_SIZE 256u
#define CANARY        0x5au

typedef struct edu {
    zx_device_t* zxdev;  // borrowed
    pci_protocol_t pci;
    zx_handle_t bti;  // owned
    zx_handle_t irq;  // owned
    mmio_buffer_t registers;
    char outcome[128];
} edu_t;

// A page of memory that is pinned, or was.
typedef struct page {
    zx_handle_t vmo;  // owned
    zx_handle_t pmt;  // owned; ZX_HANDLE_INVALID: not pinned any more
    zx_paddr_t address;
} page_t;

static zx_status_t page_init(edu_t* edu, page_t* page) {
    *page = (page_t){0};
    zx_status_t status = zx_vmo_create(ZX_PAGE_SIZE, 0, &page->vmo);
    if (status == ZX_OK) {
        status = zx_bti_pin(edu->bti, ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE, page->vmo, 0,
                            ZX_PAGE_SIZE, &page->address, 1, &page->pmt);
    }
    if (status == ZX_OK && page->address >= EDU_ADDRESS_END - ZX_PAGE_SIZE) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    return status;
}

static void page_unpin(page_t* page) {
    if (page->pmt != ZX_HANDLE_INVALID) {
        zx_pmt_unpin(page->pmt);
        page->pmt = ZX_HANDLE_INVALID;
    }
}

static void page_fini(page_t* page) {
    page_unpin(page);
    zx_handle_close(page->vmo);
}

static void write_register64(edu_t* edu, uint64_t value, zx_off_t offset) {
    mmio_buffer_write32(&edu->registers, (uint32_t)value, offset);
    mmio_buffer_write32(&edu->registers, (uint32_t)(value >> 32), offset + 4);
}

// One transfer; returns when its interrupt came.
static zx_status_t transfer(edu_t* edu, uint64_t source, uint64_t destination, uint32_t direction) {
    write_register64(edu, source, EDU_DMA_SOURCE);
    write_register64(edu, destination, EDU_DMA_DESTINATION);
    write_register64(edu, TRANSFER_SIZE, EDU_DMA_COUNT);
    mmio_buffer_write32(&edu->registers, EDU_DMA_START | EDU_DMA_INTERRUPT | direction,
                        EDU_DMA_COMMAND);
    zx_status_t status = zx_interrupt_wait(edu->irq, NULL);
    uint32_t raised = mmio_buffer_read32(&edu->registers, EDU_IRQ_STATUS);
    mmio_buffer_write32(&edu->registers, raised, EDU_IRQ_ACKNOWLEDGE);
    return status;
}

static zx_status_t to_device(edu_t* edu, uint64_t address) {
    return transfer(edu, address, EDU_MEMORY, 0);
}

static zx_status_t from_device(edu_t* edu, uint64_t address) {
    return transfer(edu, EDU_MEMORY, address, EDU_DMA_TO_MEMORY);
}

static void fill_pattern(uint8_t* bytes) {
    for (size_t i = 0; i < TRANSFER_SIZE; i++) {
        bytes[i] = (uint8_t)(i * 7 + 3);
    }
}

// Leaves the pattern in the device and checks that it comes back.
static zx_status_t run_good(edu_t* edu) {
    uint8_t pattern[TRANSFER_SIZE];
    uint8_t back[TRANSFER_SIZE] = {0};
    fill_pattern(pattern);
    page_t page;
    zx_status_t status = page_init(edu, &page);
    if (status == ZX_OK) {
        status = zx_vmo_write(page.vmo, pattern, 0, sizeof(pattern));
    }
    if (status == ZX_OK) {
        status = to_device(edu, page.address);
    }
    if (status == ZX_OK) {
        status = zx_vmo_write(page.vmo, back, 0, sizeof(back));
    }
    if (status == ZX_OK) {
        status = from_device(edu, page.address);
    }
    if (status == ZX_OK) {
        status = zx_vmo_read(page.vmo, back, 0, sizeof(back));
    }
    page_fini(&page);
    if (status == ZX_OK) {
        snprintf(
            edu->outcome, sizeof(edu->outcome), "good: %s\n",
            memcmp(pattern, back, sizeof(back)) == 0 ? "the data came back" : "the data is WRONG");
    }
    return status;
}

static bool is_canary_whole(const uint8_t* bytes) {
    for (size_t i = 0; i < TRANSFER_SIZE; i++) {
        if (bytes[i] != CANARY) {
            return false;
        }
    }
    return true;
}

static zx_status_t run_bad(edu_t* edu) {
    uint8_t bytes[TRANSFER_SIZE];
    memset(bytes, CANARY, sizeof(bytes));
    page_t page;
    zx_status_t status = page_init(edu, &page);
    if (status == ZX_OK) {
        status = zx_vmo_write(page.vmo, bytes, 0, sizeof(bytes));
    }
    zx_paddr_t address = page.address;
    page_unpin(&page);
    if (status == ZX_OK) {
        status = from_device(edu, address);
    }
    if (status == ZX_OK) {
        status = zx_vmo_read(page.vmo, bytes, 0, sizeof(bytes));
    }
    page_fini(&page);
    if (status == ZX_OK) {
        snprintf(edu->outcome, sizeof(edu->outcome), "bad: DMA to %#llx %s\n",
                 (unsigned long long)address,
                 is_canary_whole(bytes) ? "did not reach the memory" : "REACHED the memory");
    }
    return status;
}

static zx_status_t edu_read(void* ctx, void* buffer, size_t count, zx_off_t offset,
                            size_t* out_actual) {
    const edu_t* edu = ctx;
    return test_text_read(edu->outcome, buffer, count, offset, out_actual);
}

static zx_status_t edu_write(void* ctx, const void* buffer, size_t count, zx_off_t offset,
                             size_t* out_actual) {
    (void)offset;
    edu_t* edu = ctx;
    zx_status_t status = ZX_ERR_INVALID_ARGS;
    if (test_text_is(buffer, count, "good")) {
        status = run_good(edu);
    } else if (test_text_is(buffer, count, "bad")) {
        status = run_bad(edu);
    }
    if (status == ZX_OK) {
        *out_actual = count;
    } else {
        snprintf(edu->outcome, sizeof(edu->outcome), "failed: %s\n", zx_status_get_string(status));
    }
    return status;
}

static void edu_release(void* ctx) {
    edu_t* edu = ctx;
    pci_enable_bus_master(&edu->pci, false);
    zx_handle_close(edu->irq);
    mmio_buffer_release(&edu->registers);
    zx_handle_close(edu->bti);
    free(edu);
}

static const zx_protocol_device_t edu_ops = {
    .version = DEVICE_OPS_VERSION,
    .release = edu_release,
    .read = edu_read,
    .write = edu_write,
};

static zx_status_t map_registers(edu_t* edu) {
    zx_pci_bar_t bar;
    zx_status_t status = pci_get_bar(&edu->pci, EDU_BAR, &bar);
    if (status != ZX_OK) {
        return status;
    }
    status =
        mmio_buffer_init(&edu->registers, 0, bar.size, bar.handle, ZX_CACHE_POLICY_UNCACHED_DEVICE);
    if (status == ZX_OK) {
        uint32_t id = mmio_buffer_read32(&edu->registers, EDU_IDENTIFICATION);
        status = (id & 0xffffu) == 0x00edu ? ZX_OK : ZX_ERR_NOT_SUPPORTED;
    }
    return status;
}

static zx_status_t set_up(edu_t* edu, zx_device_t* parent) {
    zx_pci_irq_mode_t mode;
    zx_status_t status = pci_get_bti(&edu->pci, 0, &edu->bti);
    if (status == ZX_OK) {
        status = map_registers(edu);
    }
    if (status == ZX_OK) {
        status = pci_configure_irq_mode(&edu->pci, 1, &mode);
    }
    if (status == ZX_OK) {
        status = pci_map_interrupt(&edu->pci, 0, &edu->irq);
    }
    if (status == ZX_OK) {
        status = pci_enable_bus_master(&edu->pci, true);
    }
    if (status == ZX_OK) {
        snprintf(edu->outcome, sizeof(edu->outcome), "nothing done yet\n");
        device_add_args_t args = {
            .version = DEVICE_ADD_ARGS_VERSION,
            .name = "edu-dma",
            .ctx = edu,
            .ops = &edu_ops,
            .proto_id = ZX_PROTOCOL_TEST,
        };
        status = device_add(parent, &args, &edu->zxdev);
    }
    return status;
}

static zx_status_t edu_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    edu_t* edu = calloc(1, sizeof(*edu));
    if (edu == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    zx_status_t status = device_get_protocol(parent, ZX_PROTOCOL_PCI, &edu->pci);
    if (status != ZX_OK) {
        free(edu);
        return status;
    }
    status = set_up(edu, parent);
    if (status != ZX_OK) {
        zxlogf(ERROR, "bind failed: %s", zx_status_get_string(status));
        edu_release(edu);
    }
    return status;
}

static const zx_driver_ops_t edu_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = edu_bind,
};

ZIRCON_DRIVER(edu_dma, edu_driver_ops, "jacinth", "0.1");
