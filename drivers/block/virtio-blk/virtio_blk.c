// SPDX-License-Identifier: MIT
// Driver of virtio block devices on PCI: bind, bring-up, teardown. It owns the device; requests are
// in virtio_blk_io.c. Section numbers are those of VIRTIO 1.2.
#include "virtio_blk.h"

#include <inttypes.h>
#include <stdlib.h>

#include <lib/ddk/debug.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "virtio_blk_bind.h"

// Accepted if offered. VERSION_1 and ACCESS_PLATFORM must be: without the latter the device goes
// past the IOMMU, and what this driver gives it are IOVAs.
#define REQUIRED_FEATURES (VIRTIO_F_VERSION_1 | VIRTIO_F_ACCESS_PLATFORM)
#define WANTED_FEATURES                                                                       \
    (VIRTIO_BLK_F_SIZE_MAX | VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_RO | VIRTIO_BLK_F_BLK_SIZE | \
     VIRTIO_BLK_F_FLUSH)

// 4.1.4: the register windows.
static zx_status_t map_registers(virtio_blk_t* blk) {
    pci_protocol_t pci = blk->virtio.pci;
    return virtio_pci_init(&blk->virtio, &pci, VIRTIO_BLK_CFG_MIN_SIZE);
}

// 3.1.1 steps 1 to 3.
static zx_status_t reset_device(virtio_blk_t* blk) {
    zx_status_t status = virtio_pci_reset(&blk->virtio);
    if (status == ZX_OK) {
        virtio_pci_add_status(&blk->virtio, VIRTIO_STATUS_ACKNOWLEDGE);
        virtio_pci_add_status(&blk->virtio, VIRTIO_STATUS_DRIVER);
    }
    return status;
}

// 3.1.1 steps 4 to 6.
static zx_status_t negotiate_features(virtio_blk_t* blk) {
    uint64_t offered;
    zx_status_t status = virtio_pci_negotiate(&blk->virtio, REQUIRED_FEATURES, WANTED_FEATURES,
                                              &offered, &blk->features);
    if (status == ZX_OK) {
        return ZX_OK;
    }
    if ((offered & VIRTIO_F_ACCESS_PLATFORM) == 0) {
        zxlogf(ERROR,
               "the device does not offer ACCESS_PLATFORM, so its DMA would bypass the "
               "IOMMU: refused (QEMU: iommu_platform=on)");
    } else {
        zxlogf(ERROR, "features not agreed on: offered %#" PRIx64, offered);
    }
    return status;
}

// 5.2.4: size of the disk, of its blocks and of requests.
static zx_status_t read_geometry(virtio_blk_t* blk) {
    const mmio_buffer_t* config = &blk->virtio.device;
    uint64_t sectors = virtio_pci_read_config64(&blk->virtio, VIRTIO_BLK_CFG_CAPACITY);
    uint32_t block_size = VIRTIO_BLK_SECTOR_SIZE;
    if ((blk->features & VIRTIO_BLK_F_BLK_SIZE) != 0) {
        block_size = mmio_buffer_read32(config, VIRTIO_BLK_CFG_BLK_SIZE);
    }
    uint32_t size_max = UINT32_MAX;
    if ((blk->features & VIRTIO_BLK_F_SIZE_MAX) != 0) {
        size_max = mmio_buffer_read32(config, VIRTIO_BLK_CFG_SIZE_MAX);
    }
    uint32_t seg_max = 1;
    if ((blk->features & VIRTIO_BLK_F_SEG_MAX) != 0) {
        seg_max = mmio_buffer_read32(config, VIRTIO_BLK_CFG_SEG_MAX);
    }
    uint16_t offered = virtio_pci_get_queue_size(&blk->virtio, VIRTIO_BLK_QUEUE);
    blk->queue_size = offered < VIRTIO_BLK_MAX_QUEUE_SIZE ? offered : VIRTIO_BLK_MAX_QUEUE_SIZE;

    bool is_block_size_usable = block_size >= VIRTIO_BLK_SECTOR_SIZE &&
                                block_size <= ZX_PAGE_SIZE && (block_size & (block_size - 1)) == 0;
    if (!is_block_size_usable || size_max < ZX_PAGE_SIZE || seg_max < 2 ||
        blk->queue_size < 2 + VIRTIO_BLK_EXTRA_SEGMENTS) {
        zxlogf(ERROR, "can't use block size %u, segment size %u, %u segments, queue of %u",
               block_size, size_max, seg_max, offered);
        return ZX_ERR_NOT_SUPPORTED;
    }
    uint32_t segments = blk->queue_size - VIRTIO_BLK_EXTRA_SEGMENTS;
    segments = seg_max < segments ? seg_max : segments;
    blk->max_segment_count =
        segments < VIRTIO_BLK_MAX_SEGMENTS ? segments : VIRTIO_BLK_MAX_SEGMENTS;
    blk->max_segment_size = size_max;
    blk->info = (block_info_t){
        .block_count = sectors / (block_size / VIRTIO_BLK_SECTOR_SIZE),
        .block_size = block_size,
        // Data that does not begin at a page touches one page more.
        .max_transfer_size = (uint32_t)((blk->max_segment_count - 1) * ZX_PAGE_SIZE),
        .flags = (blk->features & VIRTIO_BLK_F_RO) != 0 ? BLOCK_FLAG_READONLY : 0,
    };
    return ZX_OK;
}

static void handle_queue_interrupt(void* ctx) {
    virtio_blk_service_queue(ctx);
}

// 4.1.5.4: the configuration changed, or the device needs a reset.
static void handle_config_interrupt(void* ctx) {
    virtio_blk_t* blk = ctx;
    if ((virtio_pci_get_status(&blk->virtio) & VIRTIO_STATUS_NEEDS_RESET) != 0) {
        virtio_blk_give_up(blk, "it says that it needs a reset");
        return;
    }
    uint64_t sectors = virtio_pci_read_config64(&blk->virtio, VIRTIO_BLK_CFG_CAPACITY);
    zxlogf(WARNING, "the configuration changed; now %" PRIu64 " sectors, taken up at the next bind",
           sectors);
}

static void handle_shared_interrupt(void* ctx) {
    virtio_blk_t* blk = ctx;
    virtio_blk_service_queue(blk);
    if ((virtio_pci_get_status(&blk->virtio) & VIRTIO_STATUS_NEEDS_RESET) != 0) {
        virtio_blk_give_up(blk, "it says that it needs a reset");
    }
}

// 4.1.5.1.2: MSI-X; the queue and the configuration share a vector if there is but one.
static zx_status_t set_up_interrupts(virtio_blk_t* blk) {
    const pci_protocol_t* pci = &blk->virtio.pci;
    uint32_t available;
    zx_status_t status = pci_query_irq_mode(pci, ZX_PCI_IRQ_MODE_MSI_X, &available);
    if (status != ZX_OK) {
        return status;
    }
    uint32_t count = available < VIRTIO_BLK_MAX_VECTORS ? available : VIRTIO_BLK_MAX_VECTORS;
    status = pci_set_irq_mode(pci, ZX_PCI_IRQ_MODE_MSI_X, count);
    if (status != ZX_OK) {
        return status;
    }
    blk->vector_count = count;
    status =
        virtio_vector_start(&blk->vectors[0], pci, 0,
                            count > 1 ? handle_config_interrupt : handle_shared_interrupt, blk);
    if (status == ZX_OK && count > 1) {
        status = virtio_vector_start(&blk->vectors[1], pci, 1, handle_queue_interrupt, blk);
    }
    if (status == ZX_OK) {
        status = virtio_pci_set_config_vector(&blk->virtio, 0);
    }
    return status;
}

// 4.1.5.1.3: rings in memory that the device reaches.
static zx_status_t set_up_queue(virtio_blk_t* blk) {
    virtqueue_layout_t layout;
    zx_status_t status = virtqueue_get_layout(blk->queue_size, &layout);
    if (status == ZX_OK) {
        status = io_buffer_init(&blk->ring_buffer, blk->bti, layout.total_size,
                                IO_BUFFER_RW | IO_BUFFER_CONTIG);
    }
    if (status == ZX_OK) {
        status =
            io_buffer_init(&blk->slot_buffer, blk->bti, blk->queue_size * sizeof(virtio_blk_slot_t),
                           IO_BUFFER_RW | IO_BUFFER_CONTIG);
    }
    if (status != ZX_OK) {
        return status;
    }
    blk->queue_slots = calloc(blk->queue_size, sizeof(virtqueue_slot_t));
    if (blk->queue_slots == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    mtx_lock(&blk->lock);
    status = virtqueue_init(&blk->queue, blk->queue_size, io_buffer_virt(&blk->ring_buffer),
                            blk->queue_slots);
    mtx_unlock(&blk->lock);
    if (status != ZX_OK) {
        return status;
    }
    uint64_t address = io_buffer_phys(&blk->ring_buffer);
    virtio_pci_queue_t queue = {
        .index = VIRTIO_BLK_QUEUE,
        .size = blk->queue_size,
        .vector = (uint16_t)(blk->vector_count - 1),
        .desc_address = address + layout.desc_offset,
        .avail_address = address + layout.avail_offset,
        .used_address = address + layout.used_offset,
    };
    return virtio_pci_enable_queue(&blk->virtio, &queue, &blk->notify_offset);
}

// 3.1.1 step 8.
static zx_status_t start_device(virtio_blk_t* blk) {
    zx_status_t status = pci_enable_bus_master(&blk->virtio.pci, true);
    if (status != ZX_OK) {
        return status;
    }
    mtx_lock(&blk->lock);
    blk->state = VIRTIO_BLK_RUNNING;
    mtx_unlock(&blk->lock);
    virtio_pci_add_status(&blk->virtio, VIRTIO_STATUS_DRIVER_OK);
    return ZX_OK;
}

static const struct {
    const char* what;
    zx_status_t (*run)(virtio_blk_t* blk);
} bring_up_steps[] = {
    {"mapping the registers", map_registers},     {"resetting the device", reset_device},
    {"negotiating features", negotiate_features}, {"reading the geometry", read_geometry},
    {"setting up interrupts", set_up_interrupts}, {"setting up the queue", set_up_queue},
    {"starting the device", start_device},
};

static void virtio_blk_init(void* ctx) {
    virtio_blk_t* blk = ctx;
    zx_status_t status = ZX_OK;
    for (size_t i = 0; status == ZX_OK && i < countof(bring_up_steps); i++) {
        status = bring_up_steps[i].run(blk);
        if (status != ZX_OK) {
            zxlogf(ERROR, "%s failed: %s", bring_up_steps[i].what, zx_status_get_string(status));
        }
    }
    if (status == ZX_OK) {
        zxlogf(INFO, "%" PRIu64 " blocks of %u bytes, %u bytes a request, queue of %u%s",
               blk->info.block_count, blk->info.block_size, blk->info.max_transfer_size,
               blk->queue_size, (blk->info.flags & BLOCK_FLAG_READONLY) != 0 ? ", read-only" : "");
    } else if (blk->virtio.common.vmo != ZX_HANDLE_INVALID) {
        virtio_pci_add_status(&blk->virtio, VIRTIO_STATUS_FAILED);
    }
    device_init_reply(blk->zxdev, status, NULL);
}

static void virtio_blk_unbind(void* ctx) {
    virtio_blk_t* blk = ctx;
    if (virtio_blk_stop(blk)) {
        device_unbind_reply(blk->zxdev);
    }
}

// Also for a device that was never started or only half: device, threads, requests, memory.
static void virtio_blk_release(void* ctx) {
    virtio_blk_t* blk = ctx;
    virtio_blk_quiesce(blk);
    for (size_t i = 0; i < countof(blk->vectors); i++) {
        virtio_vector_stop(&blk->vectors[i]);
    }
    virtio_blk_fail_all(blk, ZX_ERR_UNAVAILABLE);
    pci_set_irq_mode(&blk->virtio.pci, ZX_PCI_IRQ_MODE_DISABLED, 0);
    virtio_pci_fini(&blk->virtio);
    io_buffer_release(&blk->slot_buffer);
    io_buffer_release(&blk->ring_buffer);
    free(blk->queue_slots);
    zx_handle_close(blk->bti);
    mtx_destroy(&blk->lock);
    free(blk);
}

static const zx_protocol_device_t virtio_blk_device_ops = {
    .version = DEVICE_OPS_VERSION,
    .init = virtio_blk_init,
    .unbind = virtio_blk_unbind,
    .release = virtio_blk_release,
};

static zx_status_t virtio_blk_bind(void* ctx, zx_device_t* parent) {
    (void)ctx;
    virtio_blk_t* blk = calloc(1, sizeof(*blk));
    if (blk == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    if (mtx_init(&blk->lock, mtx_plain) != thrd_success) {
        free(blk);
        return ZX_ERR_NO_MEMORY;
    }
    list_initialize(&blk->pending);
    zx_status_t status = device_get_protocol(parent, ZX_PROTOCOL_PCI, &blk->virtio.pci);
    if (status != ZX_OK) {
        mtx_destroy(&blk->lock);
        free(blk);
        return status;
    }
    status = pci_get_bti(&blk->virtio.pci, 0, &blk->bti);
    if (status == ZX_OK) {
        device_add_args_t args = {
            .version = DEVICE_ADD_ARGS_VERSION,
            .name = "virtio-blk",
            .ctx = blk,
            .ops = &virtio_blk_device_ops,
            .proto_id = ZX_PROTOCOL_BLOCK_IMPL,
            .proto_ops = &virtio_blk_protocol_ops,
        };
        status = device_add(parent, &args, &blk->zxdev);
    }
    if (status != ZX_OK) {
        zxlogf(ERROR, "bind failed: %s", zx_status_get_string(status));
        virtio_blk_release(blk);
    }
    return status;
}

static const zx_driver_ops_t virtio_blk_driver_ops = {
    .version = DRIVER_OPS_VERSION,
    .bind = virtio_blk_bind,
};

ZIRCON_DRIVER(virtio_blk, virtio_blk_driver_ops, "jacinth", "0.1");
