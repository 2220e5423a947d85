// SPDX-License-Identifier: MIT
// One PCI function: the object behind the PCI protocol.
//
// A PCI device handle comes from the broker (lx/pci.h) and holds a function opened in an IOMMU
// domain of its own. All calls are thread-safe, borrow the handle and do not block, except
// zx_pci_reset_device, which takes as long as the function's reset (up to a tenth of a second).
// Calls that change the function need ZX_RIGHT_WRITE, the others ZX_RIGHT_READ.
//
// docs/objects/pci_device.md has the whole story.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

__BEGIN_CDECLS

#define ZX_PCI_MAX_BARS 6u

#define ZX_PCI_MAX_BUSSES               256u
#define ZX_PCI_MAX_DEVICES_PER_BUS      32u
#define ZX_PCI_MAX_FUNCTIONS_PER_DEVICE 8u
#define ZX_PCI_MAX_FUNCTIONS_PER_BUS    (ZX_PCI_MAX_DEVICES_PER_BUS * ZX_PCI_MAX_FUNCTIONS_PER_DEVICE)
#define ZX_PCI_MAX_LEGACY_IRQ_PINS      4u
#define ZX_PCI_MAX_MSI_IRQS             32u
#define ZX_PCI_MAX_MSIX_IRQS            2048u
#define ZX_PCI_STANDARD_CONFIG_HDR_SIZE 64u
#define ZX_PCI_BASE_CONFIG_SIZE         256u
#define ZX_PCI_EXTENDED_CONFIG_SIZE     4096u
#define ZX_PCI_BAR_REGS_PER_BRIDGE      2u
#define ZX_PCI_BAR_REGS_PER_DEVICE      6u
#define ZX_PCI_MAX_BAR_REGS             6u
#define ZX_PCI_NO_IRQ_MAPPING           UINT32_MAX

#define ZX_PCI_BAR_TYPE_UNUSED 0u
#define ZX_PCI_BAR_TYPE_MMIO   1u
#define ZX_PCI_BAR_TYPE_PIO    2u

typedef struct zx_pci_bar {
    uint32_t id;
    uint32_t type;  // ZX_PCI_BAR_TYPE_*
    size_t size;    // true size of the BAR; its VMO is rounded up to pages
    union {
        uintptr_t addr;      // PIO: first port
        zx_handle_t handle;  // MMIO: VMO, owned by the receiver of the structure
    };
} zx_pci_bar_t;

typedef struct zx_pcie_device_info {
    uint16_t vendor_id;
    uint16_t device_id;
    uint8_t base_class;
    uint8_t sub_class;
    uint8_t program_interface;
    uint8_t revision_id;
    uint8_t bus_id;
    uint8_t dev_id;
    uint8_t func_id;
} zx_pcie_device_info_t;

// How a board's bus driver describes the bus to the kernel (zx_pci_init): which interrupt each pin
// of each function has, how those are wired, and where configuration space is.
#define PCI_CFG_SPACE_TYPE_PIO     0u
#define PCI_CFG_SPACE_TYPE_MMIO    1u
#define PCI_CFG_SPACE_TYPE_DW_ROOT 2u
#define PCI_CFG_SPACE_TYPE_DW_DS   3u

typedef uint32_t zx_pci_irq_swizzle_lut_t[ZX_PCI_MAX_DEVICES_PER_BUS]
                                         [ZX_PCI_MAX_FUNCTIONS_PER_DEVICE]
                                         [ZX_PCI_MAX_LEGACY_IRQ_PINS];

typedef struct zx_pci_init_arg {
    zx_pci_irq_swizzle_lut_t dev_pin_to_global_irq;
    uint32_t num_irqs;
    struct {
        uint32_t global_irq;
        bool level_triggered;
        bool active_high;
    } irqs[64];
    uint32_t addr_window_count;
    struct {
        uint64_t base;
        size_t size;
        uint8_t bus_start;
        uint8_t bus_end;
        uint8_t cfg_space_type;
        bool has_ecam;
    } addr_windows[];
} zx_pci_init_arg_t;

#define ZX_PCI_INIT_ARG_MAX_ECAM_WINDOWS 2u
#define ZX_PCI_INIT_ARG_MAX_SIZE \
    (sizeof(zx_pci_init_arg_t) + \
     ZX_PCI_INIT_ARG_MAX_ECAM_WINDOWS * sizeof(((zx_pci_init_arg_t*)NULL)->addr_windows[0]))

typedef uint32_t zx_pci_irq_mode_t;

#define ZX_PCIE_IRQ_MODE_DISABLED 0u
#define ZX_PCIE_IRQ_MODE_LEGACY   1u
#define ZX_PCIE_IRQ_MODE_MSI      2u
#define ZX_PCIE_IRQ_MODE_MSI_X    3u

#define ZX_PCI_IRQ_MODE_DISABLED ZX_PCIE_IRQ_MODE_DISABLED
#define ZX_PCI_IRQ_MODE_LEGACY   ZX_PCIE_IRQ_MODE_LEGACY
#define ZX_PCI_IRQ_MODE_MSI      ZX_PCIE_IRQ_MODE_MSI
#define ZX_PCI_IRQ_MODE_MSI_X    ZX_PCIE_IRQ_MODE_MSI_X

__BEGIN_EXPORTS

// Identity and address of the function. Beyond Zircon, where the bus driver answers this itself.
zx_status_t zx_pci_get_device_info(zx_handle_t handle, zx_pcie_device_info_t* out_info);

// |width| is 1, 2 or 4 bytes; the value is zero-extended. ZX_ERR_INVALID_ARGS: another width, or
// bytes outside the configuration space (256 bytes, or 4096 on PCI Express).
zx_status_t zx_pci_config_read(zx_handle_t handle, uint16_t offset, size_t width,
                               uint32_t* out_value);

// As the read. The header (below 0x40) is the framework's: ZX_ERR_ACCESS_DENIED. |value| that does
// not fit into |width|: ZX_ERR_INVALID_ARGS.
zx_status_t zx_pci_config_write(zx_handle_t handle, uint16_t offset, size_t width, uint32_t value);

// The registers behind BAR |bar_num| as a new physical VMO, owned by the caller; |out_bar->handle|
// names the same handle. Offsets in the VMO are offsets in the BAR. The pages that hold the MSI-X
// table or pending bits cannot be reached: mapped ranges leave a hole there that faults.
// ZX_ERR_INVALID_ARGS: no such BAR number. ZX_ERR_NOT_FOUND: not implemented by the function, or
// the upper half of a 64-bit BAR. ZX_ERR_NOT_SUPPORTED: I/O ports, or registers that cannot be
// mapped.
zx_status_t zx_pci_get_bar(zx_handle_t handle, uint32_t bar_num, zx_pci_bar_t* out_bar,
                           zx_handle_t* out_handle);

// Without bus mastering the function can neither do DMA nor raise MSI or MSI-X.
zx_status_t zx_pci_enable_bus_master(zx_handle_t handle, bool enable);

// Resets the function and restores its configuration space. BAR mappings and interrupts stay.
zx_status_t zx_pci_reset_device(zx_handle_t handle);

// Number of interrupts that |mode| offers. ZX_ERR_NOT_SUPPORTED: the function lacks the mode.
zx_status_t zx_pci_query_irq_mode(zx_handle_t handle, uint32_t mode, uint32_t* out_max_irqs);

// ZX_PCIE_IRQ_MODE_DISABLED takes a count of 0. ZX_ERR_BAD_STATE: an interrupt object of this
// function exists in this process. ZX_ERR_NOT_SUPPORTED: the function lacks the mode.
// ZX_ERR_INVALID_ARGS: count is 0 or more than the mode offers. ZX_ERR_NO_RESOURCES: the machine is
// out of vectors.
zx_status_t zx_pci_set_irq_mode(zx_handle_t handle, uint32_t mode, uint32_t requested_irq_count);

// The interrupt object of vector |which_irq|, owned by the caller. ZX_ERR_BAD_STATE: no mode set.
// ZX_ERR_INVALID_ARGS: no such vector. ZX_ERR_ALREADY_BOUND: it has an interrupt object.
zx_status_t zx_pci_map_interrupt(zx_handle_t handle, int32_t which_irq, zx_handle_t* out_handle);

// What Zircon's bus driver tells and asks the kernel. Linux has set the bus up, so after a look at
// the root resource and the arguments (ZX_ERR_INVALID_ARGS) these give ZX_ERR_NOT_SUPPORTED;
// functions come from lx_pci_open().
zx_status_t zx_pci_get_nth_device(zx_handle_t handle, uint32_t index,
                                  zx_pcie_device_info_t* out_info, zx_handle_t* out_handle);
zx_status_t zx_pci_init(zx_handle_t handle, const zx_pci_init_arg_t* init_buf, uint32_t len);
zx_status_t zx_pci_add_subtract_io_range(zx_handle_t handle, bool mmio, uint64_t base, uint64_t len,
                                         bool add);
zx_status_t zx_pci_cfg_pio_rw(zx_handle_t handle, uint8_t bus, uint8_t dev, uint8_t func,
                              uint8_t offset, uint32_t* val, size_t width, bool write);

__END_EXPORTS

__END_CDECLS
