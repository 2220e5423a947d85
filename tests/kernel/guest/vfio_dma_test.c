// SPDX-License-Identifier: MIT
// Pinned memory: DMA that is meant to work, and DMA that the IOMMU must refuse and the kernel log
// show.
#include "vfio_test.h"

#include <stdio.h>
#include <string.h>

#include <lx/kmsg.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include "tap.h"

#define BOTH      (ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE)
#define DMA_BYTES 1024u

typedef struct dma_test {
    edu_t edu;
    zx_handle_t interrupt;  // owned
    zx_handle_t bti;        // owned
    zx_handle_t kmsg;       // owned
    buffer_t buffer;
} dma_test_t;

zx_status_t buffer_init(buffer_t* buffer, size_t size) {
    *buffer = (buffer_t){.size = size};
    zx_vaddr_t address = 0;
    zx_status_t status = zx_vmo_create(size, 0, &buffer->vmo);
    if (status == ZX_OK) {
        status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0,
                             buffer->vmo, 0, size, &address);
    }
    buffer->bytes = (uint8_t*)address;
    return status;
}

void buffer_fini(buffer_t* buffer) {
    if (buffer->bytes != NULL) {
        zx_vmar_unmap(zx_vmar_root_self(), (zx_vaddr_t)buffer->bytes, buffer->size);
    }
    zx_handle_close(buffer->vmo);
    *buffer = (buffer_t){0};
}

static void fill(uint8_t* bytes, size_t size, uint8_t seed) {
    for (size_t i = 0; i < size; i++) {
        bytes[i] = (uint8_t)(seed + i * 7);
    }
}

// Reads the kernel log until a record of the IOMMU holds |address|; false when no more comes.
static bool log_has_fault(zx_handle_t kmsg, uint64_t address) {
    char needle[32];
    char line[512];
    size_t actual = 0;
    snprintf(needle, sizeof(needle), "0x%llx", (unsigned long long)address);
    bool found = false;
    while (zx_object_wait_one(kmsg, ZX_LOG_READABLE, zx_deadline_after(ZX_MSEC(500)), NULL) ==
           ZX_OK) {
        while (lx_kmsg_read(kmsg, line, sizeof(line), &actual) == ZX_OK) {
            if (strstr(line, "DMAR") != NULL && strstr(line, needle) != NULL) {
                printf("# %s\n", line);
                found = true;
            }
        }
        if (found) {
            return true;
        }
    }
    return false;
}

static void test_round_trip(dma_test_t* test) {
    uint8_t* bytes = test->buffer.bytes;
    zx_paddr_t pages[2] = {0};
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    tap_status(zx_bti_pin(test->bti, BOTH, test->buffer.vmo, 0, 2 * PAGE_SIZE, pages, 2, &pmt),
               ZX_OK, "two pages are pinned");
    tap_check(pages[0] != 0 && pages[1] != 0 && (pages[0] | pages[1]) % PAGE_SIZE == 0,
              "at bus addresses of their own");
    fill(bytes, DMA_BYTES, 3);
    memset(bytes + PAGE_SIZE, 0, PAGE_SIZE);
    tap_check(
        edu_dma(&test->edu, test->interrupt, pages[0], DMA_BYTES, 0) == ZX_OK &&
            edu_dma(&test->edu, test->interrupt, pages[1], DMA_BYTES, EDU_DMA_TO_RAM) == ZX_OK,
        "into the device and out again");
    tap_check(memcmp(bytes, bytes + PAGE_SIZE, DMA_BYTES) == 0, "every byte is there");
    tap_check(bytes[PAGE_SIZE + DMA_BYTES] == 0, "and none more");
    tap_status(zx_pmt_unpin(pmt), ZX_OK, "unpinned");
    tap_status(zx_pmt_unpin(pmt), ZX_ERR_BAD_HANDLE, "which ends the handle");
    memset(bytes, 0x11, PAGE_SIZE);
    edu_dma(&test->edu, test->interrupt, pages[0], DMA_BYTES, EDU_DMA_TO_RAM);
    tap_check(bytes[0] == 0x11 && bytes[DMA_BYTES - 1] == 0x11,
              "DMA after the unpin reaches nothing");
    tap_check(log_has_fault(test->kmsg, pages[0]), "the kernel log names the address");
}

static void test_unmapped(dma_test_t* test) {
    const uint64_t nowhere = 0x7654000;  // inside the 28 bits that edu puts on the bus
    memset(test->buffer.bytes, 0x22, test->buffer.size);
    edu_dma(&test->edu, test->interrupt, nowhere, DMA_BYTES, EDU_DMA_TO_RAM);
    tap_check(log_has_fault(test->kmsg, nowhere), "DMA to an address never mapped is refused");
}

static void test_read_only(dma_test_t* test) {
    zx_paddr_t page = 0;
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    memset(test->buffer.bytes, 0x33, PAGE_SIZE);
    tap_status(
        zx_bti_pin(test->bti, ZX_BTI_PERM_READ, test->buffer.vmo, 0, PAGE_SIZE, &page, 1, &pmt),
        ZX_OK, "a page is pinned for reading");
    edu_dma(&test->edu, test->interrupt, page, DMA_BYTES, EDU_DMA_TO_RAM);
    tap_check(test->buffer.bytes[0] == 0x33, "the device cannot write it");
    tap_check(log_has_fault(test->kmsg, page), "and the kernel log says so");
    zx_pmt_unpin(pmt);
}

static void test_contiguous(dma_test_t* test) {
    zx_paddr_t first = 0;
    zx_paddr_t pages[4];
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    zx_handle_t contiguous = ZX_HANDLE_INVALID;
    tap_status(zx_vmo_create_contiguous(test->bti, 4 * PAGE_SIZE, 0, &contiguous), ZX_OK,
               "a contiguous VMO");
    tap_status(zx_bti_pin(test->bti, BOTH | ZX_BTI_CONTIGUOUS, contiguous, 0, 4 * PAGE_SIZE, &first,
                          1, &pmt),
               ZX_OK, "is pinned as one");
    zx_pmt_unpin(pmt);
    zx_handle_close(contiguous);
    tap_status(zx_bti_pin(test->bti, BOTH | ZX_BTI_CONTIGUOUS, test->buffer.vmo, 0, 4 * PAGE_SIZE,
                          &first, 1, &pmt),
               ZX_ERR_INVALID_ARGS, "another one is not");
    tap_status(zx_bti_pin(test->bti, BOTH, test->buffer.vmo, 0, 4 * PAGE_SIZE, pages, 4, &pmt),
               ZX_OK, "four pages in a row are pinned");
    first = pages[0];
    tap_status(zx_bti_pin(test->bti, BOTH, test->buffer.vmo, 0, 4 * PAGE_SIZE, pages, 3,
                          &(zx_handle_t){0}),
               ZX_ERR_INVALID_ARGS, "three addresses do not name four pages");
    fill(test->buffer.bytes + 3 * PAGE_SIZE, DMA_BYTES, 9);
    memset(test->buffer.bytes, 0, PAGE_SIZE);
    edu_dma(&test->edu, test->interrupt, first + 3 * PAGE_SIZE, DMA_BYTES, 0);
    edu_dma(&test->edu, test->interrupt, first, DMA_BYTES, EDU_DMA_TO_RAM);
    tap_check(memcmp(test->buffer.bytes, test->buffer.bytes + 3 * PAGE_SIZE, DMA_BYTES) == 0,
              "the last page follows the first one's address");
    zx_pmt_unpin(pmt);
}

static void test_quarantine(dma_test_t* test) {
    zx_paddr_t page = 0;
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    tap_status(zx_bti_pin(test->bti, BOTH, test->buffer.vmo, 0, PAGE_SIZE, &page, 1, &pmt), ZX_OK,
               "a page is pinned");
    fill(test->buffer.bytes, DMA_BYTES, 21);
    edu_dma(&test->edu, test->interrupt, page, DMA_BYTES, 0);
    memset(test->buffer.bytes, 0, PAGE_SIZE);
    zx_handle_close(pmt);
    edu_dma(&test->edu, test->interrupt, page, DMA_BYTES, EDU_DMA_TO_RAM);
    tap_check(test->buffer.bytes[1] == 28, "a pin closed without unpin stays in force");
    tap_status(zx_bti_release_quarantine(test->bti), ZX_OK, "until quarantine ends");
    memset(test->buffer.bytes, 0, PAGE_SIZE);
    edu_dma(&test->edu, test->interrupt, page, DMA_BYTES, EDU_DMA_TO_RAM);
    // The log is no witness here: the kernel prints about three faults in five seconds and drops
    // the rest.
    tap_check(test->buffer.bytes[1] == 0, "then DMA is refused");
}

static void test_quiesce_here(dma_test_t* test) {
    zx_paddr_t page = 0;
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    zx_bti_pin(test->bti, BOTH, test->buffer.vmo, 0, PAGE_SIZE, &page, 1, &pmt);
    tap_status(lx_pci_quiesce(test->edu.device), ZX_OK, "quiesced by its own process");
    uint32_t command = 0;
    tap_check(zx_pci_config_read(test->edu.device, 4, 2, &command) == ZX_OK && (command & 4) == 0,
              "bus mastering is off");
    tap_status(zx_pmt_unpin(pmt), ZX_OK, "the pin that is gone is unpinned without complaint");
}

void test_dma(zx_handle_t device) {
    dma_test_t test = {0};
    test.interrupt = open_msi(device);
    zx_status_t status = edu_init(&test.edu, device);
    if (status == ZX_OK) {
        status = zx_bti_create(device, 0, 0, &test.bti);
    }
    if (status == ZX_OK) {
        status = buffer_init(&test.buffer, 4 * PAGE_SIZE);
    }
    if (status == ZX_OK) {
        status = lx_kmsg_open(&test.kmsg);
    }
    if (tap_status(status, ZX_OK, "set up for DMA") &&
        tap_check(test.interrupt != ZX_HANDLE_INVALID, "with an interrupt")) {
        test_round_trip(&test);
        test_unmapped(&test);
        test_read_only(&test);
        test_contiguous(&test);
        test_quarantine(&test);
        test_quiesce_here(&test);
    }
    zx_handle_close(test.interrupt);
    zx_pci_set_irq_mode(device, ZX_PCIE_IRQ_MODE_DISABLED, 0);
    buffer_fini(&test.buffer);
    zx_handle_close(test.kmsg);
    zx_handle_close(test.bti);
    edu_fini(&test.edu);
}
