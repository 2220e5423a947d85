// SPDX-License-Identifier: MIT
// Calls over hardware that Linux keeps to itself: they look at the resource and the arguments, and
// refuse.
#include <lx/resource.h>
#include <zircon/process.h>

#include "object_test.h"

static zx_handle_t root;
static zx_handle_t mmio;
static zx_handle_t event;

static zx_handle_t make(uint32_t kind, uint64_t base, size_t size) {
    zx_handle_t resource;
    expect_ok(zx_resource_create(root, kind, base, size, "x", 1, &resource));
    return resource;
}

static void begin(void) {
    test_begin();
    expect_ok(lx_root_resource_create(&root));
    mmio = make(ZX_RSRC_KIND_MMIO, 0, 4096);
    event = test_event();
}

static void end(void) {
    test_close(event);
    test_close(mmio);
    test_close(root);
    test_end();
}

OBJECT_SUITE(privileged, begin, end);

// One that arrived in a message.
static zx_handle_t received_root(void) {
    zx_handle_t ends[2], copy;
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    expect_ok(zx_handle_duplicate(root, ZX_RIGHT_SAME_RIGHTS, &copy));
    test_send_handle(ends[0], copy);
    expect_ok(test_receive_handle(ends[1], &copy));
    expect_ok(zx_handle_close_many(ends, 2));
    return copy;
}

// What each of them says of a resource that is none, or not the right one.
#define EXPECT_ROOT_CHECKED(call, ...)                                   \
    do {                                                                 \
        zx_handle_t received = received_root();                          \
        expect_status(call(0 __VA_ARGS__), ZX_ERR_BAD_HANDLE);           \
        expect_status(call(0x1234 __VA_ARGS__), ZX_ERR_BAD_HANDLE);      \
        expect_status(call(event __VA_ARGS__), ZX_ERR_WRONG_TYPE);       \
        expect_status(call(mmio __VA_ARGS__), ZX_ERR_WRONG_TYPE);        \
        expect_status(call(received __VA_ARGS__), ZX_ERR_ACCESS_DENIED); \
        test_close(received);                                            \
    } while (0)

OBJECT_TEST(privileged, clock_adjust) {
    EXPECT_ROOT_CHECKED(zx_clock_adjust, , ZX_CLOCK_UTC, 1);
    expect_status(zx_clock_adjust(root, ZX_CLOCK_UTC, 1), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_clock_adjust(root, ZX_CLOCK_MONOTONIC, 1), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_clock_adjust(root, ZX_CLOCK_THREAD, 1), ZX_ERR_INVALID_ARGS);
    expect_status(zx_clock_adjust(root, 77, 1), ZX_ERR_INVALID_ARGS);
}

OBJECT_TEST(privileged, ioports_request) {
    zx_handle_t ports = make(ZX_RSRC_KIND_IOPORT, 0x60, 8);
    EXPECT_ROOT_CHECKED(zx_ioports_request, , 0x60, 1);
    expect_status(zx_ioports_request(ports, 0x60, 8), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_ioports_request(ports, 0x60, 9), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_ioports_request(ports, 0x5f, 1), ZX_ERR_OUT_OF_RANGE);
    expect_status(zx_ioports_request(root, 0xffff, 1), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_ioports_request(root, 0xffff, 2), ZX_ERR_INVALID_ARGS);
    expect_status(zx_ioports_request(root, 0, UINT32_MAX), ZX_ERR_INVALID_ARGS);
    test_close(ports);
}

OBJECT_TEST(privileged, iommu_create) {
    const zx_iommu_desc_dummy_t dummy = {0};
    zx_handle_t out = ZX_HANDLE_INVALID;
    EXPECT_ROOT_CHECKED(zx_iommu_create, , ZX_IOMMU_TYPE_DUMMY, &dummy, sizeof(dummy), &out);
    expect_status(zx_iommu_create(root, ZX_IOMMU_TYPE_DUMMY, &dummy, sizeof(dummy), &out),
                  ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_iommu_create(root, ZX_IOMMU_TYPE_DUMMY, &dummy, sizeof(dummy), NULL),
                  ZX_ERR_INVALID_ARGS);
    expect_status(zx_iommu_create(root, ZX_IOMMU_TYPE_DUMMY, NULL, sizeof(dummy), &out),
                  ZX_ERR_INVALID_ARGS);
    expect_status(zx_iommu_create(root, ZX_IOMMU_TYPE_DUMMY, &dummy, 0, &out), ZX_ERR_INVALID_ARGS);
    expect_status(zx_iommu_create(root, ZX_IOMMU_TYPE_INTEL, &dummy, sizeof(dummy), &out),
                  ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_iommu_create(root, 9, &dummy, sizeof(dummy), &out), ZX_ERR_NOT_SUPPORTED);
    expect_status(
        zx_iommu_create(root, ZX_IOMMU_TYPE_INTEL, &dummy, ZX_IOMMU_MAX_DESC_LEN + 1, &out),
        ZX_ERR_INVALID_ARGS);
    cr_assert_eq(out, ZX_HANDLE_INVALID);
}

OBJECT_TEST(privileged, smc_call) {
    zx_handle_t smc = make(ZX_RSRC_KIND_SMC, 0x32, 2);
    zx_smc_parameters_t parameters = {.func_id = 0x32u << ARM_SMC_SERVICE_CALL_NUM_SHIFT};
    zx_smc_result_t result;
    EXPECT_ROOT_CHECKED(zx_smc_call, , &parameters, &result);
    expect_status(zx_smc_call(smc, &parameters, &result), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_smc_call(root, &parameters, &result), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_smc_call(smc, NULL, &result), ZX_ERR_INVALID_ARGS);
    expect_status(zx_smc_call(smc, &parameters, NULL), ZX_ERR_INVALID_ARGS);
    parameters.func_id = 0x34u << ARM_SMC_SERVICE_CALL_NUM_SHIFT;
    expect_status(zx_smc_call(smc, &parameters, &result), ZX_ERR_OUT_OF_RANGE);
    test_close(smc);
}

OBJECT_TEST(privileged, system_powerctl) {
    zx_system_powerctl_arg_t argument = {.acpi_transition_s_state = {.target_s_state = 5}};
    EXPECT_ROOT_CHECKED(zx_system_powerctl, , ZX_SYSTEM_POWERCTL_REBOOT, NULL);
    for (uint32_t command = 1; command <= ZX_SYSTEM_POWERCTL_SHUTDOWN; command++) {
        expect_status(zx_system_powerctl(root, command, &argument), ZX_ERR_NOT_SUPPORTED);
    }
    expect_status(zx_system_powerctl(root, ZX_SYSTEM_POWERCTL_SHUTDOWN, NULL),
                  ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_system_powerctl(root, 0, &argument), ZX_ERR_INVALID_ARGS);
    expect_status(zx_system_powerctl(root, 9, &argument), ZX_ERR_INVALID_ARGS);
    expect_status(zx_system_powerctl(root, ZX_SYSTEM_POWERCTL_ACPI_TRANSITION_S_STATE, NULL),
                  ZX_ERR_INVALID_ARGS);
    expect_status(zx_system_powerctl(root, ZX_SYSTEM_POWERCTL_X86_SET_PKG_PL1, NULL),
                  ZX_ERR_INVALID_ARGS);
}

OBJECT_TEST(privileged, consoles_and_traces) {
    char byte;
    size_t size = 1;
    EXPECT_ROOT_CHECKED(zx_debug_read, , &byte, &size);
    expect_status(zx_debug_read(root, &byte, &size), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_debug_read(root, NULL, &size), ZX_ERR_INVALID_ARGS);
    expect_status(zx_debug_read(root, &byte, NULL), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(size, 1);
    EXPECT_ROOT_CHECKED(zx_mtrace_control, , 0, 0, 0, NULL, 0);
    expect_status(zx_mtrace_control(root, 0, 0, 0, NULL, 0), ZX_ERR_NOT_SUPPORTED);
    EXPECT_ROOT_CHECKED(zx_ktrace_control, , 0, 0, NULL);
    expect_status(zx_ktrace_control(root, 0, 0, NULL), ZX_ERR_NOT_SUPPORTED);
    EXPECT_ROOT_CHECKED(zx_ktrace_read, , NULL, 0, 0, &size);
    expect_status(zx_ktrace_read(root, NULL, 0, 0, &size), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_ktrace_read(root, NULL, 0, 0, NULL), ZX_ERR_INVALID_ARGS);
}

OBJECT_TEST(privileged, pci_bus) {
    static zx_pci_init_arg_t bus;
    zx_pcie_device_info_t info;
    zx_handle_t out;
    uint32_t value;
    EXPECT_ROOT_CHECKED(zx_pci_init, , &bus, sizeof(bus));
    expect_status(zx_pci_init(root, &bus, sizeof(bus)), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_pci_init(root, &bus, ZX_PCI_INIT_ARG_MAX_SIZE), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_pci_init(root, NULL, sizeof(bus)), ZX_ERR_INVALID_ARGS);
    expect_status(zx_pci_init(root, &bus, sizeof(bus) - 1), ZX_ERR_INVALID_ARGS);
    expect_status(zx_pci_init(root, &bus, ZX_PCI_INIT_ARG_MAX_SIZE + 1), ZX_ERR_INVALID_ARGS);
    EXPECT_ROOT_CHECKED(zx_pci_get_nth_device, , 0, &info, &out);
    expect_status(zx_pci_get_nth_device(root, 0, &info, &out), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_pci_get_nth_device(root, 0, NULL, &out), ZX_ERR_INVALID_ARGS);
    expect_status(zx_pci_get_nth_device(root, 0, &info, NULL), ZX_ERR_INVALID_ARGS);
    EXPECT_ROOT_CHECKED(zx_pci_add_subtract_io_range, , true, 0, 1, true);
    expect_status(zx_pci_add_subtract_io_range(root, false, 0, 1, false), ZX_ERR_NOT_SUPPORTED);
    EXPECT_ROOT_CHECKED(zx_pci_cfg_pio_rw, , 0, 0, 0, 0, &value, 4, false);
    expect_status(zx_pci_cfg_pio_rw(root, 0, 31, 7, 0, &value, 4, false), ZX_ERR_NOT_SUPPORTED);
    expect_status(zx_pci_cfg_pio_rw(root, 0, 32, 0, 0, &value, 4, false), ZX_ERR_INVALID_ARGS);
    expect_status(zx_pci_cfg_pio_rw(root, 0, 0, 8, 0, &value, 4, false), ZX_ERR_INVALID_ARGS);
    expect_status(zx_pci_cfg_pio_rw(root, 0, 0, 0, 0, &value, 3, false), ZX_ERR_INVALID_ARGS);
    expect_status(zx_pci_cfg_pio_rw(root, 0, 0, 0, 0, NULL, 4, false), ZX_ERR_INVALID_ARGS);
}

OBJECT_TEST(privileged, profiles) {
    const zx_profile_info_t profile = {.type = ZX_PROFILE_INFO_SCHEDULER,
                                       .scheduler = {.priority = ZX_PRIORITY_HIGH}};
    zx_handle_t out = ZX_HANDLE_INVALID;
    zx_handle_t thread;
    cr_assert_eq(zx_job_default(), ZX_HANDLE_INVALID);
    expect_status(zx_profile_create(zx_job_default(), &profile, &out), ZX_ERR_BAD_HANDLE);
    expect_status(zx_profile_create(zx_process_self(), &profile, &out), ZX_ERR_WRONG_TYPE);
    expect_status(zx_profile_create(root, &profile, &out), ZX_ERR_WRONG_TYPE);
    cr_assert_eq(out, ZX_HANDLE_INVALID);
    expect_ok(zx_handle_duplicate(zx_thread_self(), ZX_RIGHT_SAME_RIGHTS, &thread));
    expect_status(zx_object_set_profile(event, event, 0), ZX_ERR_WRONG_TYPE);
    expect_status(zx_object_set_profile(thread, 0, 0), ZX_ERR_BAD_HANDLE);
    expect_status(zx_object_set_profile(thread, event, 0), ZX_ERR_WRONG_TYPE);
    test_drop_rights(&thread, ZX_RIGHT_MANAGE_THREAD);
    expect_status(zx_object_set_profile(thread, event, 0), ZX_ERR_ACCESS_DENIED);
    test_close(thread);
    // The thread's own handle, which its end would close.
    test_handles++;
}
