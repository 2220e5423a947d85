// SPDX-License-Identifier: MIT
// PCI (ZX_PROTOCOL_PCI): one PCI function as its driver sees it.
//
// Source of the interface: Zircon's PCI protocol of early 2021, spec/ddk.md 14.1.
// Provider: pci.proxy.so in the driver's own host, over a PCI device object that devmgr's broker
// opened for this function alone.
//
// Threads: any thread may call any op; calls on one function are not ordered against each other,
// except that a driver sets the interrupt mode before it maps interrupts. No op calls back.
// Blocking: every op is a short call into the kernel; reset_device may take 100 ms.
// Ownership: handles returned through out_* belong to the caller, who closes them.
// Units: offsets and sizes in bytes; widths are in the names.
// Outputs are untouched unless the result is ZX_OK.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/syscalls/pci.h>
#include <zircon/types.h>

__BEGIN_CDECLS

// Offsets in configuration space (PCI 3.0, 6.1).
#define PCI_CFG_VENDOR_ID           UINT16_C(0x00)
#define PCI_CFG_DEVICE_ID           UINT16_C(0x02)
#define PCI_CFG_COMMAND             UINT16_C(0x04)
#define PCI_CFG_STATUS              UINT16_C(0x06)
#define PCI_CFG_REVISION_ID         UINT16_C(0x08)
#define PCI_CFG_CLASS_CODE          UINT16_C(0x09)
#define PCI_CFG_SUBSYSTEM_VENDOR_ID UINT16_C(0x2c)
#define PCI_CFG_SUBSYSTEM_ID        UINT16_C(0x2e)
#define PCI_CFG_CAPABILITIES_PTR    UINT16_C(0x34)

// Capability ids (PCI-SIG code and id assignment, 2).
#define PCI_CAP_ID_NULL           UINT8_C(0x00)
#define PCI_CAP_ID_PCI_PWR_MGMT   UINT8_C(0x01)
#define PCI_CAP_ID_AGP            UINT8_C(0x02)
#define PCI_CAP_ID_VPD            UINT8_C(0x03)
#define PCI_CAP_ID_MSI            UINT8_C(0x05)
#define PCI_CAP_ID_PCIX           UINT8_C(0x07)
#define PCI_CAP_ID_HYPERTRANSPORT UINT8_C(0x08)
#define PCI_CAP_ID_VENDOR         UINT8_C(0x09)
#define PCI_CAP_ID_PCI_EXPRESS    UINT8_C(0x10)
#define PCI_CAP_ID_MSIX           UINT8_C(0x11)

typedef struct pci_protocol_ops {
    // The memory or port window `bar_id` (0 to 5). Turns on its decoding. For memory
    // out_res->handle is a new VMO over the whole window; the pages that hold the MSI-X table can't
    // be mapped. INVALID_ARGS: no such number; NOT_FOUND: not implemented, or the upper half of a
    // 64-bit one.
    zx_status_t (*get_bar)(void* ctx, uint32_t bar_id, zx_pci_bar_t* out_res);
    // DMA and message interrupts work only while bus mastering is on.
    zx_status_t (*enable_bus_master)(void* ctx, bool enable);
    // Function-level or bus reset. Configuration is restored; device state is lost.
    zx_status_t (*reset_device)(void* ctx);
    // The interrupt object of one vector (0: INTx or the first message). The mode must be set.
    zx_status_t (*map_interrupt)(void* ctx, uint32_t which_irq, zx_handle_t* out_handle);
    // Sets the best mode that has `requested_irq_count` vectors: MSI-X, then MSI, then INTx.
    // NOT_SUPPORTED: none has.
    zx_status_t (*configure_irq_mode)(void* ctx, uint32_t requested_irq_count,
                                      zx_pci_irq_mode_t* out_mode);
    // How many vectors the function has in this mode. NOT_SUPPORTED: it does not have the mode.
    zx_status_t (*query_irq_mode)(void* ctx, zx_pci_irq_mode_t mode, uint32_t* out_max_irqs);
    // BAD_STATE while an interrupt is mapped.
    zx_status_t (*set_irq_mode)(void* ctx, zx_pci_irq_mode_t mode, uint32_t requested_irq_count);
    zx_status_t (*get_device_info)(void* ctx, zx_pcie_device_info_t* out_into);
    // Reads anywhere in configuration space. OUT_OF_RANGE or INVALID_ARGS: beyond its end.
    zx_status_t (*config_read8)(void* ctx, uint16_t offset, uint8_t* out_value);
    zx_status_t (*config_read16)(void* ctx, uint16_t offset, uint16_t* out_value);
    zx_status_t (*config_read32)(void* ctx, uint16_t offset, uint32_t* out_value);
    // Writes above the standard header only: ACCESS_DENIED below 0x40.
    zx_status_t (*config_write8)(void* ctx, uint16_t offset, uint8_t value);
    zx_status_t (*config_write16)(void* ctx, uint16_t offset, uint16_t value);
    zx_status_t (*config_write32)(void* ctx, uint16_t offset, uint32_t value);
    // The offset of the first capability with this id, or of the next one after `offset`.
    // NOT_FOUND: none. IO_DATA_INTEGRITY: the list of capabilities runs in a circle.
    zx_status_t (*get_first_capability)(void* ctx, uint8_t id, uint8_t* out_offset);
    zx_status_t (*get_next_capability)(void* ctx, uint8_t id, uint8_t offset, uint8_t* out_offset);
    // The same in the extended space from 0x100 on.
    zx_status_t (*get_first_extended_capability)(void* ctx, uint16_t id, uint16_t* out_offset);
    zx_status_t (*get_next_extended_capability)(void* ctx, uint16_t id, uint16_t offset,
                                                uint16_t* out_offset);
    // The function's bus transaction initiator: what it may reach by DMA is what is pinned through
    // it. Index 0 is the only one; others: INVALID_ARGS.
    zx_status_t (*get_bti)(void* ctx, uint32_t index, zx_handle_t* out_bti);
} pci_protocol_ops_t;

typedef struct pci_protocol {
    const pci_protocol_ops_t* ops;  // borrowed from the provider; valid while the parent lives
    void* ctx;                      // borrowed
} pci_protocol_t;

static inline zx_status_t pci_get_bar(const pci_protocol_t* proto, uint32_t bar_id,
                                      zx_pci_bar_t* out_res) {
    return proto->ops->get_bar(proto->ctx, bar_id, out_res);
}

static inline zx_status_t pci_enable_bus_master(const pci_protocol_t* proto, bool enable) {
    return proto->ops->enable_bus_master(proto->ctx, enable);
}

static inline zx_status_t pci_reset_device(const pci_protocol_t* proto) {
    return proto->ops->reset_device(proto->ctx);
}

static inline zx_status_t pci_map_interrupt(const pci_protocol_t* proto, uint32_t which_irq,
                                            zx_handle_t* out_handle) {
    return proto->ops->map_interrupt(proto->ctx, which_irq, out_handle);
}

static inline zx_status_t pci_configure_irq_mode(const pci_protocol_t* proto,
                                                 uint32_t requested_irq_count,
                                                 zx_pci_irq_mode_t* out_mode) {
    return proto->ops->configure_irq_mode(proto->ctx, requested_irq_count, out_mode);
}

static inline zx_status_t pci_query_irq_mode(const pci_protocol_t* proto, zx_pci_irq_mode_t mode,
                                             uint32_t* out_max_irqs) {
    return proto->ops->query_irq_mode(proto->ctx, mode, out_max_irqs);
}

static inline zx_status_t pci_set_irq_mode(const pci_protocol_t* proto, zx_pci_irq_mode_t mode,
                                           uint32_t requested_irq_count) {
    return proto->ops->set_irq_mode(proto->ctx, mode, requested_irq_count);
}

static inline zx_status_t pci_get_device_info(const pci_protocol_t* proto,
                                              zx_pcie_device_info_t* out_into) {
    return proto->ops->get_device_info(proto->ctx, out_into);
}

static inline zx_status_t pci_config_read8(const pci_protocol_t* proto, uint16_t offset,
                                           uint8_t* out_value) {
    return proto->ops->config_read8(proto->ctx, offset, out_value);
}

static inline zx_status_t pci_config_read16(const pci_protocol_t* proto, uint16_t offset,
                                            uint16_t* out_value) {
    return proto->ops->config_read16(proto->ctx, offset, out_value);
}

static inline zx_status_t pci_config_read32(const pci_protocol_t* proto, uint16_t offset,
                                            uint32_t* out_value) {
    return proto->ops->config_read32(proto->ctx, offset, out_value);
}

static inline zx_status_t pci_config_write8(const pci_protocol_t* proto, uint16_t offset,
                                            uint8_t value) {
    return proto->ops->config_write8(proto->ctx, offset, value);
}

static inline zx_status_t pci_config_write16(const pci_protocol_t* proto, uint16_t offset,
                                             uint16_t value) {
    return proto->ops->config_write16(proto->ctx, offset, value);
}

static inline zx_status_t pci_config_write32(const pci_protocol_t* proto, uint16_t offset,
                                             uint32_t value) {
    return proto->ops->config_write32(proto->ctx, offset, value);
}

static inline zx_status_t pci_get_first_capability(const pci_protocol_t* proto, uint8_t id,
                                                   uint8_t* out_offset) {
    return proto->ops->get_first_capability(proto->ctx, id, out_offset);
}

static inline zx_status_t pci_get_next_capability(const pci_protocol_t* proto, uint8_t id,
                                                  uint8_t offset, uint8_t* out_offset) {
    return proto->ops->get_next_capability(proto->ctx, id, offset, out_offset);
}

static inline zx_status_t pci_get_first_extended_capability(const pci_protocol_t* proto,
                                                            uint16_t id, uint16_t* out_offset) {
    return proto->ops->get_first_extended_capability(proto->ctx, id, out_offset);
}

static inline zx_status_t pci_get_next_extended_capability(const pci_protocol_t* proto, uint16_t id,
                                                           uint16_t offset, uint16_t* out_offset) {
    return proto->ops->get_next_extended_capability(proto->ctx, id, offset, out_offset);
}

static inline zx_status_t pci_get_bti(const pci_protocol_t* proto, uint32_t index,
                                      zx_handle_t* out_bti) {
    return proto->ops->get_bti(proto->ctx, index, out_bti);
}

__END_CDECLS
