// SPDX-License-Identifier: MIT
// PDEV (ZX_PROTOCOL_PDEV): a device that the board describes instead of a bus that can be asked.
//
// Source of the interface: Zircon's platform device protocol of early 2021, spec/ddk.md 14.12.
// Provider: platform-bus.proxy.so in the driver's own host.
//
// Threads: any thread may call. Blocking: no op waits for hardware.
// Ownership: handles returned through out_* belong to the caller. Units: bytes.
// Indices count from 0 up to the *_count of pdev_device_info_t; others: OUT_OF_RANGE.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

__BEGIN_CDECLS

typedef struct pdev_mmio {
    zx_off_t offset;  // where the registers begin in the VMO
    size_t size;
    zx_handle_t vmo;
} pdev_mmio_t;

typedef struct pdev_device_info {
    uint32_t vid;
    uint32_t pid;
    uint32_t did;
    uint32_t mmio_count;
    uint32_t irq_count;
    uint32_t bti_count;
    uint32_t smc_count;
    uint32_t metadata_count;
    uint32_t reserved[8];
    char name[32];  // ends in NUL
} pdev_device_info_t;

typedef struct pdev_board_info {
    uint32_t vid;
    uint32_t pid;
    char board_name[32];  // ends in NUL
    uint32_t board_revision;
} pdev_board_info_t;

typedef struct pdev_protocol_ops {
    zx_status_t (*get_mmio)(void* ctx, uint32_t index, pdev_mmio_t* out_mmio);
    // flags 0: the mode that the board configured.
    zx_status_t (*get_interrupt)(void* ctx, uint32_t index, uint32_t flags, zx_handle_t* out_irq);
    zx_status_t (*get_bti)(void* ctx, uint32_t index, zx_handle_t* out_bti);
    zx_status_t (*get_smc)(void* ctx, uint32_t index, zx_handle_t* out_smc);
    zx_status_t (*get_device_info)(void* ctx, pdev_device_info_t* out_info);
    zx_status_t (*get_board_info)(void* ctx, pdev_board_info_t* out_info);
} pdev_protocol_ops_t;

typedef struct pdev_protocol {
    const pdev_protocol_ops_t* ops;  // borrowed
    void* ctx;                       // borrowed
} pdev_protocol_t;

static inline zx_status_t pdev_get_mmio(const pdev_protocol_t* proto, uint32_t index,
                                        pdev_mmio_t* out_mmio) {
    return proto->ops->get_mmio(proto->ctx, index, out_mmio);
}

static inline zx_status_t pdev_get_interrupt(const pdev_protocol_t* proto, uint32_t index,
                                             uint32_t flags, zx_handle_t* out_irq) {
    return proto->ops->get_interrupt(proto->ctx, index, flags, out_irq);
}

static inline zx_status_t pdev_get_bti(const pdev_protocol_t* proto, uint32_t index,
                                       zx_handle_t* out_bti) {
    return proto->ops->get_bti(proto->ctx, index, out_bti);
}

static inline zx_status_t pdev_get_smc(const pdev_protocol_t* proto, uint32_t index,
                                       zx_handle_t* out_smc) {
    return proto->ops->get_smc(proto->ctx, index, out_smc);
}

static inline zx_status_t pdev_get_device_info(const pdev_protocol_t* proto,
                                               pdev_device_info_t* out_info) {
    return proto->ops->get_device_info(proto->ctx, out_info);
}

static inline zx_status_t pdev_get_board_info(const pdev_protocol_t* proto,
                                              pdev_board_info_t* out_info) {
    return proto->ops->get_board_info(proto->ctx, out_info);
}

__END_CDECLS
