// SPDX-License-Identifier: MIT
// Calls over hardware that Linux keeps to itself: ports, the IOMMU's and the bus's set-up,
// firmware, power, the clock of the machine, traces, the console. Each looks at its resource and
// its arguments as Zircon would, and then refuses, so that a driver links, runs and learns what it
// cannot have.
#include <stdbool.h>

#include <zircon/syscalls.h>

#include "resource.h"

#define PORT_COUNT 0x10000u

static zx_status_t check_root(zx_handle_t handle) {
    return ko_resource_check(handle, ZX_RSRC_KIND_ROOT, 0, 0);
}

// What a call answers whose resource is fine.
static zx_status_t refuse(zx_status_t status, bool arguments_are_good) {
    if (status != ZX_OK) {
        return status;
    }
    return arguments_are_good ? ZX_ERR_NOT_SUPPORTED : ZX_ERR_INVALID_ARGS;
}

zx_status_t zx_clock_adjust(zx_handle_t handle, zx_clock_t clock_id, int64_t offset) {
    (void)offset;
    zx_status_t status = check_root(handle);
    if (status == ZX_OK && clock_id == ZX_CLOCK_MONOTONIC) {
        return ZX_ERR_ACCESS_DENIED;
    }
    return refuse(status, clock_id == ZX_CLOCK_UTC);
}

zx_status_t zx_ioports_request(zx_handle_t resource, uint16_t io_addr, uint32_t len) {
    zx_status_t status = ko_resource_check(resource, ZX_RSRC_KIND_IOPORT, io_addr, len);
    return refuse(status, len <= PORT_COUNT - io_addr);
}

zx_status_t zx_iommu_create(zx_handle_t resource, uint32_t type, const void* desc, size_t desc_size,
                            zx_handle_t* out) {
    zx_status_t status = check_root(resource);
    if (status == ZX_OK && type != ZX_IOMMU_TYPE_DUMMY) {
        return desc_size > ZX_IOMMU_MAX_DESC_LEN ? ZX_ERR_INVALID_ARGS : ZX_ERR_NOT_SUPPORTED;
    }
    return refuse(status, desc && out && desc_size == sizeof(zx_iommu_desc_dummy_t));
}

zx_status_t zx_smc_call(zx_handle_t handle, const zx_smc_parameters_t* parameters,
                        zx_smc_result_t* out_smc_result) {
    if (!parameters || !out_smc_result) {
        return ZX_ERR_INVALID_ARGS;
    }
    uint64_t service = ARM_SMC_GET_SERVICE_CALL_NUM_FROM_FUNC_ID(parameters->func_id);
    return refuse(ko_resource_check(handle, ZX_RSRC_KIND_SMC, service, 1), true);
}

zx_status_t zx_system_powerctl(zx_handle_t resource, uint32_t cmd,
                               const zx_system_powerctl_arg_t* arg) {
    bool needs_arg = cmd == ZX_SYSTEM_POWERCTL_ACPI_TRANSITION_S_STATE ||
                     cmd == ZX_SYSTEM_POWERCTL_X86_SET_PKG_PL1;
    return refuse(check_root(resource), cmd >= ZX_SYSTEM_POWERCTL_ENABLE_ALL_CPUS &&
                                            cmd <= ZX_SYSTEM_POWERCTL_SHUTDOWN &&
                                            (arg || !needs_arg));
}

zx_status_t zx_debug_read(zx_handle_t handle, char* buffer, size_t* buffer_size) {
    return refuse(check_root(handle), buffer && buffer_size);
}

zx_status_t zx_mtrace_control(zx_handle_t handle, uint32_t kind, uint32_t action, uint32_t options,
                              void* ptr, size_t ptr_size) {
    (void)kind, (void)action, (void)options, (void)ptr, (void)ptr_size;
    return refuse(check_root(handle), true);
}

zx_status_t zx_ktrace_control(zx_handle_t handle, uint32_t action, uint32_t options, void* ptr) {
    (void)action, (void)options, (void)ptr;
    return refuse(check_root(handle), true);
}

zx_status_t zx_ktrace_read(zx_handle_t handle, void* data, uint32_t offset, size_t data_size,
                           size_t* actual) {
    (void)data, (void)offset, (void)data_size;
    return refuse(check_root(handle), actual);
}

// ---- the PCI bus: Linux has set it up

zx_status_t zx_pci_get_nth_device(zx_handle_t handle, uint32_t index,
                                  zx_pcie_device_info_t* out_info, zx_handle_t* out_handle) {
    (void)index;
    return refuse(check_root(handle), out_info && out_handle);
}

zx_status_t zx_pci_init(zx_handle_t handle, const zx_pci_init_arg_t* init_buf, uint32_t len) {
    return refuse(check_root(handle),
                  init_buf && len >= sizeof(zx_pci_init_arg_t) && len <= ZX_PCI_INIT_ARG_MAX_SIZE);
}

zx_status_t zx_pci_add_subtract_io_range(zx_handle_t handle, bool mmio, uint64_t base, uint64_t len,
                                         bool add) {
    (void)mmio, (void)base, (void)len, (void)add;
    return refuse(check_root(handle), true);
}

zx_status_t zx_pci_cfg_pio_rw(zx_handle_t handle, uint8_t bus, uint8_t dev, uint8_t func,
                              uint8_t offset, uint32_t* val, size_t width, bool write) {
    (void)bus, (void)offset, (void)write;
    return refuse(check_root(handle), val && dev < ZX_PCI_MAX_DEVICES_PER_BUS &&
                                          func < ZX_PCI_MAX_FUNCTIONS_PER_DEVICE &&
                                          (width == 1 || width == 2 || width == 4));
}

// ---- scheduling: there are no jobs, so nobody holds what a profile is made with

static zx_status_t check_handle(zx_handle_t handle, zx_obj_type_t type, zx_rights_t rights) {
    ko_object_t* object = NULL;
    zx_status_t status = ko_handle_get(handle, type, rights, &object);
    ko_object_release(object);
    return status;
}

zx_status_t zx_profile_create(zx_handle_t root_job, const zx_profile_info_t* profile,
                              zx_handle_t* out) {
    return refuse(check_handle(root_job, ZX_OBJ_TYPE_JOB, ZX_RIGHT_MANAGE_PROCESS), profile && out);
}

zx_status_t zx_object_set_profile(zx_handle_t handle, zx_handle_t profile, uint32_t options) {
    zx_status_t status = check_handle(handle, ZX_OBJ_TYPE_THREAD, ZX_RIGHT_MANAGE_THREAD);
    if (status == ZX_OK) {
        status = check_handle(profile, ZX_OBJ_TYPE_PROFILE, ZX_RIGHT_APPLY_PROFILE);
    }
    return refuse(status, options == 0);
}
