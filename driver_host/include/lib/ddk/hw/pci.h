// SPDX-License-Identifier: MIT
// PCI configuration space: offsets, bits, capability numbers (PCI Local Bus 3.0 chapter 6, PCI
// Express Base 3.0 chapter 7).
#pragma once

#include <stdint.h>

#define PCI_MAX_BUSES                256u
#define PCI_MAX_DEVICES_PER_BUS      32u
#define PCI_MAX_FUNCTIONS_PER_DEVICE 8u
#define PCI_BASE_CONFIG_SIZE         256u
#define PCIE_EXTENDED_CONFIG_SIZE    4096u
#define PCI_STANDARD_CONFIG_HDR_SIZE 64u
#define PCI_BAR_REGS_PER_DEVICE      6u
#define PCI_BAR_REGS_PER_BRIDGE      2u

// Header, common to all types.
#define PCI_CONFIG_VENDOR_ID       0x00u
#define PCI_CONFIG_DEVICE_ID       0x02u
#define PCI_CONFIG_COMMAND         0x04u
#define PCI_CONFIG_STATUS          0x06u
#define PCI_CONFIG_REVISION_ID     0x08u
#define PCI_CONFIG_CLASS_CODE_INTR 0x09u  // programming interface
#define PCI_CONFIG_CLASS_CODE_SUB  0x0au
#define PCI_CONFIG_CLASS_CODE_BASE 0x0bu
#define PCI_CONFIG_CACHE_LINE_SIZE 0x0cu
#define PCI_CONFIG_LATENCY_TIMER   0x0du
#define PCI_CONFIG_HEADER_TYPE     0x0eu
#define PCI_CONFIG_BIST            0x0fu
#define PCI_CONFIG_CAPABILITIES    0x34u
#define PCI_CONFIG_INTERRUPT_LINE  0x3cu
#define PCI_CONFIG_INTERRUPT_PIN   0x3du

// Header type 0: a function.
#define PCI_CONFIG_BASE_ADDRESSES   0x10u  // 6 of 4 bytes
#define PCI_CONFIG_CARDBUS_CIS_PTR  0x28u
#define PCI_CONFIG_SUBSYS_VENDOR_ID 0x2cu
#define PCI_CONFIG_SUBSYS_ID        0x2eu
#define PCI_CONFIG_EXP_ROM_ADDRESS  0x30u
#define PCI_CONFIG_MIN_GRANT        0x3eu
#define PCI_CONFIG_MAX_LATENCY      0x3fu

// Header type 1: a bridge.
#define PCI_CONFIG_PRIMARY_BUS_ID     0x18u
#define PCI_CONFIG_SECONDARY_BUS_ID   0x19u
#define PCI_CONFIG_SUBORDINATE_BUS_ID 0x1au
#define PCI_CONFIG_IO_BASE            0x1cu
#define PCI_CONFIG_IO_LIMIT           0x1du
#define PCI_CONFIG_SECONDARY_STATUS   0x1eu
#define PCI_CONFIG_MEMORY_BASE        0x20u
#define PCI_CONFIG_MEMORY_LIMIT       0x22u
#define PCI_CONFIG_PREFETCH_BASE      0x24u
#define PCI_CONFIG_PREFETCH_LIMIT     0x26u
#define PCI_CONFIG_BRIDGE_CONTROL     0x3eu

#define PCI_HEADER_TYPE_STANDARD   0x00u
#define PCI_HEADER_TYPE_PCI_BRIDGE 0x01u
#define PCI_HEADER_TYPE_CARD_BUS   0x02u
#define PCI_HEADER_TYPE_MASK       0x7fu
#define PCI_HEADER_TYPE_MULTI_FN   0x80u

// Command register.
#define PCI_COMMAND_IO_EN         0x0001u
#define PCI_COMMAND_MEM_EN        0x0002u
#define PCI_COMMAND_BUS_MASTER_EN 0x0004u
#define PCI_COMMAND_SPECIAL_EN    0x0008u
#define PCI_COMMAND_MEM_WR_INV_EN 0x0010u
#define PCI_COMMAND_PAL_SNOOP_EN  0x0020u
#define PCI_COMMAND_PERR_RESP_EN  0x0040u
#define PCI_COMMAND_SERR_EN       0x0100u
#define PCI_COMMAND_FAST_B2B_EN   0x0200u
#define PCI_COMMAND_INT_DISABLE   0x0400u

// Status register.
#define PCI_STATUS_INTERRUPT      0x0008u
#define PCI_STATUS_NEW_CAPS       0x0010u  // there is a list of capabilities
#define PCI_STATUS_66_MHZ         0x0020u
#define PCI_STATUS_FAST_B2B       0x0080u
#define PCI_STATUS_MSTR_PERR      0x0100u
#define PCI_STATUS_TARG_ABORT_SIG 0x0800u
#define PCI_STATUS_TARG_ABORT_RCV 0x1000u
#define PCI_STATUS_MSTR_ABORT_RCV 0x2000u
#define PCI_STATUS_SERR_SIG       0x4000u
#define PCI_STATUS_PERR           0x8000u

// Base address registers.
#define PCI_BAR_IO_TYPE_MASK       0x00000001u
#define PCI_BAR_IO_TYPE_MMIO       0x00000000u
#define PCI_BAR_IO_TYPE_PIO        0x00000001u
#define PCI_BAR_MMIO_TYPE_MASK     0x00000006u
#define PCI_BAR_MMIO_TYPE_32BIT    0x00000000u
#define PCI_BAR_MMIO_TYPE_64BIT    0x00000004u
#define PCI_BAR_MMIO_PREFETCH_MASK 0x00000008u
#define PCI_BAR_MMIO_ADDR_MASK     0xfffffff0u
#define PCI_BAR_PIO_ADDR_MASK      0xfffffffcu

// Capabilities.
#define PCI_CAP_ID_NULL              0x00u
#define PCI_CAP_ID_PCI_PWR_MGMT      0x01u
#define PCI_CAP_ID_AGP               0x02u
#define PCI_CAP_ID_VPD               0x03u
#define PCI_CAP_ID_MSI               0x05u
#define PCI_CAP_ID_PCIX              0x07u
#define PCI_CAP_ID_HYPERTRANSPORT    0x08u
#define PCI_CAP_ID_VENDOR            0x09u
#define PCI_CAP_ID_DEBUG_PORT        0x0au
#define PCI_CAP_ID_HOTPLUG           0x0cu
#define PCI_CAP_ID_BRIDGE_SUBSYSTEM  0x0du
#define PCI_CAP_ID_PCI_EXPRESS       0x10u
#define PCI_CAP_ID_MSIX              0x11u
#define PCI_CAP_ID_SATA              0x12u
#define PCI_CAP_ID_ADVANCED_FEATURES 0x13u
#define PCI_CAP_ID_ENHANCED_ALLOC    0x14u

#define PCIE_EXT_CAP_BASE             0x100u
#define PCIE_EXT_CAP_ID_NULL          0x0000u
#define PCIE_EXT_CAP_ID_AER           0x0001u
#define PCIE_EXT_CAP_ID_VC            0x0002u
#define PCIE_EXT_CAP_ID_SERIAL_NUMBER 0x0003u
#define PCIE_EXT_CAP_ID_ACS           0x000du
#define PCIE_EXT_CAP_ID_ARI           0x000eu
#define PCIE_EXT_CAP_ID_SRIOV         0x0010u
