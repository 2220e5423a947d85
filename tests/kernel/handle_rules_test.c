// SPDX-License-Identifier: MIT
// What holds for every call that takes a handle: no such handle, a closed one, one of any other
// type, one without a right that is needed. One row a call and handle.
#include <lx/fd.h>
#include <lx/pci.h>
#include <lx/process.h>
#include <lx/resource.h>

#include "fake_vfio.h"
#include "object_test.h"

#define PAGE ZX_PAGE_SIZE
#define ANY  ZX_OBJ_TYPE_NONE

// Good objects for the other arguments.
static zx_handle_t good_port, good_event, good_vmo, good_root, good_bti, good_device;

// ---- one fresh object of each type

static zx_handle_t first_of_pair(zx_handle_t ends[2]) {
    test_close(ends[1]);
    return ends[0];
}

static zx_handle_t make(zx_obj_type_t type) {
    zx_handle_t out = ZX_HANDLE_INVALID;
    zx_handle_t ends[2];
    zx_vaddr_t address;
    zx_paddr_t page;
    switch (type) {
        case ZX_OBJ_TYPE_PROCESS:
            expect_ok(zx_handle_duplicate(zx_process_self(), ZX_RIGHT_SAME_RIGHTS, &out));
            break;
        case ZX_OBJ_TYPE_THREAD:
            expect_ok(zx_handle_duplicate(zx_thread_self(), ZX_RIGHT_SAME_RIGHTS, &out));
            break;
        case ZX_OBJ_TYPE_VMO:
            expect_ok(zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &out));
            break;
        case ZX_OBJ_TYPE_CHANNEL:
            expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
            return first_of_pair(ends);
        case ZX_OBJ_TYPE_EVENT:
            return test_event();
        case ZX_OBJ_TYPE_PORT:
            expect_ok(zx_port_create(ZX_PORT_BIND_TO_INTERRUPT, &out));
            break;
        case ZX_OBJ_TYPE_INTERRUPT:
            expect_ok(zx_interrupt_create(ZX_HANDLE_INVALID, 0, ZX_INTERRUPT_VIRTUAL, &out));
            expect_ok(zx_interrupt_trigger(out, 0, 1));  // a wait is over at once
            break;
        case ZX_OBJ_TYPE_PCI_DEVICE:
            return fake_vfio_open();
        case ZX_OBJ_TYPE_LOG:
            expect_ok(zx_debuglog_create(ZX_HANDLE_INVALID, 0, &out));
            break;
        case ZX_OBJ_TYPE_SOCKET:
            expect_ok(zx_socket_create(ZX_SOCKET_STREAM, &ends[0], &ends[1]));
            return first_of_pair(ends);
        case ZX_OBJ_TYPE_RESOURCE:
            expect_ok(lx_root_resource_create(&out));
            break;
        case ZX_OBJ_TYPE_EVENTPAIR:
            expect_ok(zx_eventpair_create(0, &ends[0], &ends[1]));
            return first_of_pair(ends);
        case ZX_OBJ_TYPE_VMAR:
            expect_ok(zx_vmar_allocate(zx_vmar_root_self(),
                                       ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE, 0, PAGE, &out,
                                       &address));
            break;
        case ZX_OBJ_TYPE_FIFO:
            expect_ok(zx_fifo_create(2, 8, 0, &ends[0], &ends[1]));
            return first_of_pair(ends);
        case ZX_OBJ_TYPE_TIMER:
            expect_ok(zx_timer_create(0, ZX_CLOCK_MONOTONIC, &out));
            break;
        case ZX_OBJ_TYPE_BTI:
            expect_ok(zx_bti_create(good_device, 0, 0, &out));
            break;
        case ZX_OBJ_TYPE_PMT:
            expect_ok(zx_bti_pin(good_bti, ZX_BTI_PERM_READ, good_vmo, 0, PAGE, &page, 1, &out));
            break;
        default:
            cr_assert_fail("no maker of type %u", type);
    }
    return out;
}

static const zx_obj_type_t types[] = {
    ZX_OBJ_TYPE_PROCESS, ZX_OBJ_TYPE_THREAD, ZX_OBJ_TYPE_VMO,       ZX_OBJ_TYPE_CHANNEL,
    ZX_OBJ_TYPE_EVENT,   ZX_OBJ_TYPE_PORT,   ZX_OBJ_TYPE_INTERRUPT, ZX_OBJ_TYPE_PCI_DEVICE,
    ZX_OBJ_TYPE_LOG,     ZX_OBJ_TYPE_SOCKET, ZX_OBJ_TYPE_RESOURCE,  ZX_OBJ_TYPE_EVENTPAIR,
    ZX_OBJ_TYPE_VMAR,    ZX_OBJ_TYPE_FIFO,   ZX_OBJ_TYPE_TIMER,     ZX_OBJ_TYPE_BTI,
    ZX_OBJ_TYPE_PMT};

// A VMAR region outlives its handle.
static void drop(zx_handle_t handle, zx_obj_type_t type) {
    if (type == ZX_OBJ_TYPE_VMAR) {
        zx_vmar_destroy(handle);
    }
    zx_handle_close(handle);
    if (type == ZX_OBJ_TYPE_PMT) {
        zx_bti_release_quarantine(good_bti);
    }
}

// ---- the calls

static uint8_t bytes[64];
static uint32_t u32[2];
static size_t count;
static uint64_t u64;
static zx_handle_t made;  // what a call may give; closed after each
static zx_signals_t observed;
static zx_vaddr_t address;
static const zx_handle_t* const none = NULL;

#define CALL(name, ...)                                 \
    static zx_status_t name##_run(zx_handle_t handle) { \
        return zx_##name(__VA_ARGS__);                  \
    }                                                   \
    _Static_assert(1, "takes a semicolon")

CALL(handle_duplicate, handle, ZX_RIGHT_NONE, &made);
CALL(object_wait_one, handle, 0, 0, &observed);
CALL(object_signal, handle, 0, ZX_USER_SIGNAL_0);
CALL(object_signal_peer, handle, 0, ZX_USER_SIGNAL_0);
CALL(object_get_property, handle, ZX_PROP_NAME, bytes, sizeof(bytes));
CALL(object_set_property, handle, ZX_PROP_NAME, "x", 1);
CALL(object_set_cookie, handle, good_event, 1);
CALL(object_get_child, handle, 1, ZX_RIGHT_NONE, &made);
CALL(object_wait_async, handle, good_port, 1, ZX_USER_SIGNAL_1, 0);
CALL(port_cancel, handle, good_event, 1);
CALL(channel_read, handle, 0, bytes, NULL, sizeof(bytes), 0, u32, u32);
CALL(channel_read_etc, handle, 0, bytes, NULL, sizeof(bytes), 0, u32, u32);
CALL(channel_write, handle, 0, bytes, 4, none, 0);
CALL(socket_read, handle, 0, bytes, sizeof(bytes), &count);
CALL(socket_write, handle, 0, bytes, sizeof(bytes), &count);
CALL(socket_shutdown, handle, ZX_SOCKET_SHUTDOWN_WRITE);
CALL(fifo_read, handle, 8, bytes, 1, &count);
CALL(fifo_write, handle, 8, bytes, 1, &count);
CALL(timer_set, handle, ZX_TIME_INFINITE, 0);
CALL(timer_cancel, handle);
CALL(vmo_read, handle, bytes, 0, 4);
CALL(vmo_write, handle, bytes, 0, 4);
CALL(vmo_get_size, handle, &u64);
CALL(vmo_set_size, handle, PAGE);
CALL(vmo_set_cache_policy, handle, ZX_CACHE_POLICY_CACHED);
CALL(vmo_create_child, handle, ZX_VMO_CHILD_SNAPSHOT, 0, PAGE, &made);
CALL(vmo_clone, handle, ZX_VMO_CLONE_COPY_ON_WRITE, 0, PAGE, &made);
CALL(vmo_create_contiguous, handle, PAGE, 0, &made);
CALL(vmo_create_physical, handle, PAGE, PAGE, &made);
CALL(vmar_unmap, handle, PAGE, PAGE);
CALL(vmar_destroy, handle);
CALL(bti_create, handle, 0, 0, &made);
CALL(bti_release_quarantine, handle);
CALL(interrupt_wait, handle, NULL);
CALL(interrupt_ack, handle);
CALL(interrupt_trigger, handle, 0, 1);
CALL(interrupt_destroy, handle);
CALL(resource_create, handle, ZX_RSRC_KIND_MMIO, 0, 1, "x", 1, &made);
CALL(task_kill, handle);
CALL(debuglog_write, handle, 0, "", 0);
CALL(pci_config_read, handle, 0, 2, u32);
CALL(pci_config_write, handle, 0x60, 2, 0);
CALL(pci_enable_bus_master, handle, false);
CALL(pci_reset_device, handle);
CALL(pci_query_irq_mode, handle, ZX_PCIE_IRQ_MODE_MSI, u32);
CALL(pci_set_irq_mode, handle, ZX_PCIE_IRQ_MODE_DISABLED, 0);
CALL(pci_map_interrupt, handle, 0, &made);

static zx_status_t channel_call_run(zx_handle_t handle) {
    const zx_channel_call_args_t args = {.wr_bytes = bytes, .wr_num_bytes = 4};
    return zx_channel_call(handle, 0, 0, &args, &u32[0], &u32[1]);
}

static zx_status_t wait_many_run(zx_handle_t handle) {
    zx_wait_item_t items[] = {{.handle = good_event}, {.handle = handle}};
    return zx_object_wait_many(items, countof(items), 0);
}

static zx_status_t object_get_cookie_run(zx_handle_t handle) {
    (void)zx_object_set_cookie(handle, good_event, 1);
    return zx_object_get_cookie(handle, good_event, &u64);
}

static zx_status_t get_info_run(zx_handle_t handle) {
    zx_info_handle_count_t info;
    return zx_object_get_info(handle, ZX_INFO_HANDLE_COUNT, &info, sizeof(info), NULL, NULL);
}

static zx_status_t wait_async_port_run(zx_handle_t handle) {
    return zx_object_wait_async(good_event, handle, 1, ZX_USER_SIGNAL_1, 0);
}

static zx_status_t cancel_source_run(zx_handle_t handle) {
    return zx_port_cancel(good_port, handle, 1);
}

static zx_status_t port_queue_run(zx_handle_t handle) {
    const zx_port_packet_t packet = {.type = ZX_PKT_TYPE_USER};
    return zx_port_queue(handle, &packet);
}

static zx_status_t port_wait_run(zx_handle_t handle) {
    zx_port_packet_t packet;
    return zx_port_wait(handle, 0, &packet);
}

static zx_status_t op_run(zx_handle_t handle, uint32_t op) {
    return zx_vmo_op_range(handle, op, 0, PAGE, NULL, 0);
}

static zx_status_t commit_run(zx_handle_t handle) {
    return op_run(handle, ZX_VMO_OP_COMMIT);
}

static zx_status_t sync_run(zx_handle_t handle) {
    return op_run(handle, ZX_VMO_OP_CACHE_SYNC);
}

static zx_status_t invalidate_run(zx_handle_t handle) {
    return op_run(handle, ZX_VMO_OP_CACHE_INVALIDATE);
}

static zx_status_t map_both(zx_handle_t vmar, zx_handle_t vmo) {
    zx_status_t status =
        zx_vmar_map(vmar, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, 0, PAGE, &address);
    if (status == ZX_OK) {
        expect_ok(zx_vmar_unmap(vmar, address, PAGE));
    }
    return status;
}

static zx_status_t map_vmar_run(zx_handle_t handle) {
    return map_both(handle, good_vmo);
}

static zx_status_t map_vmo_run(zx_handle_t handle) {
    return map_both(zx_vmar_root_self(), handle);
}

static zx_status_t protect_run(zx_handle_t handle) {
    return zx_vmar_protect(handle, ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, PAGE, PAGE);
}

static zx_status_t allocate_run(zx_handle_t handle) {
    return zx_vmar_allocate(handle, ZX_VM_CAN_MAP_READ | ZX_VM_CAN_MAP_WRITE, 0, PAGE, &made,
                            &address);
}

static zx_status_t pin_bti_run(zx_handle_t handle) {
    zx_paddr_t page;
    return zx_bti_pin(handle, ZX_BTI_PERM_READ, good_vmo, 0, PAGE, &page, 1, &made);
}

static zx_status_t pin_vmo_run(zx_handle_t handle) {
    zx_paddr_t page;
    return zx_bti_pin(good_bti, ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE, handle, 0, PAGE, &page, 1,
                      &made);
}

static zx_status_t bind_interrupt_run(zx_handle_t handle) {
    return zx_interrupt_bind(handle, good_port, 1, ZX_INTERRUPT_BIND);
}

static zx_status_t bind_port_run(zx_handle_t handle) {
    zx_handle_t interrupt = make(ZX_OBJ_TYPE_INTERRUPT);
    zx_status_t status = zx_interrupt_bind(interrupt, handle, 1, ZX_INTERRUPT_BIND);
    test_close(interrupt);
    return status;
}

static zx_status_t interrupt_create_run(zx_handle_t handle) {
    return zx_interrupt_create(handle, 1, ZX_INTERRUPT_MODE_EDGE_HIGH, &made);
}

static zx_status_t debuglog_read_run(zx_handle_t handle) {
    char record[ZX_LOG_RECORD_MAX];
    return zx_debuglog_read(handle, 0, record, sizeof(record));
}

static zx_status_t vmex_run(zx_handle_t handle) {
    return zx_vmo_replace_as_executable(make(ZX_OBJ_TYPE_VMO), handle, &made);
}

static zx_status_t device_info_run(zx_handle_t handle) {
    zx_pcie_device_info_t info;
    return zx_pci_get_device_info(handle, &info);
}

static zx_status_t get_bar_run(zx_handle_t handle) {
    zx_pci_bar_t bar;
    return zx_pci_get_bar(handle, 0, &bar, &made);
}

static zx_status_t quiesce_run(zx_handle_t handle) {
    return lx_pci_quiesce(handle);
}

static zx_status_t dup_fd_run(zx_handle_t handle) {
    int fd = -1;
    zx_status_t status = lx_channel_dup_fd(handle, &fd);
    ko_fd_close(&fd);
    return status;
}

static zx_status_t get_exit_run(zx_handle_t handle) {
    lx_exit_t end;
    return lx_process_get_exit(handle, &end);
}

typedef struct rule {
    const char* name;
    zx_status_t (*run)(zx_handle_t handle);
    zx_obj_type_t type;  // that it takes, or an example if it takes any
    zx_rights_t rights;  // all of which it needs
    bool takes_any;
} rule_t;

#define READ  ZX_RIGHT_READ
#define WRITE ZX_RIGHT_WRITE
#define MAP   ZX_RIGHT_MAP

static const rule_t rules[] = {
    {"handle_duplicate", handle_duplicate_run, ZX_OBJ_TYPE_EVENT, ZX_RIGHT_DUPLICATE, true},
    {"object_wait_one", object_wait_one_run, ZX_OBJ_TYPE_EVENT, ZX_RIGHT_WAIT, true},
    {"object_wait_many", wait_many_run, ZX_OBJ_TYPE_EVENT, ZX_RIGHT_WAIT, true},
    {"object_wait_async", object_wait_async_run, ZX_OBJ_TYPE_EVENT, ZX_RIGHT_WAIT, true},
    {"object_wait_async, port", wait_async_port_run, ZX_OBJ_TYPE_PORT, WRITE, false},
    {"object_signal", object_signal_run, ZX_OBJ_TYPE_EVENT, ZX_RIGHT_SIGNAL, true},
    {"object_signal_peer", object_signal_peer_run, ZX_OBJ_TYPE_EVENTPAIR, ZX_RIGHT_SIGNAL_PEER,
     true},
    {"object_get_info", get_info_run, ZX_OBJ_TYPE_EVENT, ZX_RIGHT_INSPECT, true},
    {"object_get_property", object_get_property_run, ZX_OBJ_TYPE_VMO, ZX_RIGHT_GET_PROPERTY, true},
    {"object_set_property", object_set_property_run, ZX_OBJ_TYPE_VMO, ZX_RIGHT_SET_PROPERTY, true},
    {"object_set_cookie", object_set_cookie_run, ZX_OBJ_TYPE_EVENT, 0, true},
    {"object_get_cookie", object_get_cookie_run, ZX_OBJ_TYPE_EVENT, 0, true},
    {"object_get_child", object_get_child_run, ZX_OBJ_TYPE_PROCESS, ZX_RIGHT_ENUMERATE, true},
    {"port_queue", port_queue_run, ZX_OBJ_TYPE_PORT, WRITE, false},
    {"port_wait", port_wait_run, ZX_OBJ_TYPE_PORT, READ, false},
    {"port_cancel", port_cancel_run, ZX_OBJ_TYPE_PORT, WRITE, false},
    {"port_cancel, source", cancel_source_run, ZX_OBJ_TYPE_EVENT, ZX_RIGHT_WAIT, true},
    {"channel_read", channel_read_run, ZX_OBJ_TYPE_CHANNEL, READ, false},
    {"channel_read_etc", channel_read_etc_run, ZX_OBJ_TYPE_CHANNEL, READ, false},
    {"channel_write", channel_write_run, ZX_OBJ_TYPE_CHANNEL, WRITE, false},
    {"channel_call", channel_call_run, ZX_OBJ_TYPE_CHANNEL, READ | WRITE, false},
    {"lx_channel_dup_fd", dup_fd_run, ZX_OBJ_TYPE_CHANNEL, ZX_RIGHT_TRANSFER, false},
    {"socket_read", socket_read_run, ZX_OBJ_TYPE_SOCKET, READ, false},
    {"socket_write", socket_write_run, ZX_OBJ_TYPE_SOCKET, WRITE, false},
    {"socket_shutdown", socket_shutdown_run, ZX_OBJ_TYPE_SOCKET, WRITE, false},
    {"fifo_read", fifo_read_run, ZX_OBJ_TYPE_FIFO, READ, false},
    {"fifo_write", fifo_write_run, ZX_OBJ_TYPE_FIFO, WRITE, false},
    {"timer_set", timer_set_run, ZX_OBJ_TYPE_TIMER, WRITE, false},
    {"timer_cancel", timer_cancel_run, ZX_OBJ_TYPE_TIMER, WRITE, false},
    {"vmo_read", vmo_read_run, ZX_OBJ_TYPE_VMO, READ, false},
    {"vmo_write", vmo_write_run, ZX_OBJ_TYPE_VMO, WRITE, false},
    {"vmo_get_size", vmo_get_size_run, ZX_OBJ_TYPE_VMO, 0, false},
    {"vmo_set_size", vmo_set_size_run, ZX_OBJ_TYPE_VMO, WRITE, false},
    {"vmo_op_range, commit", commit_run, ZX_OBJ_TYPE_VMO, WRITE, false},
    {"vmo_op_range, sync", sync_run, ZX_OBJ_TYPE_VMO, READ, false},
    {"vmo_op_range, invalidate", invalidate_run, ZX_OBJ_TYPE_VMO, WRITE, false},
    {"vmo_set_cache_policy", vmo_set_cache_policy_run, ZX_OBJ_TYPE_VMO, MAP, false},
    {"vmo_create_child", vmo_create_child_run, ZX_OBJ_TYPE_VMO, ZX_RIGHT_DUPLICATE | READ, false},
    {"vmo_clone", vmo_clone_run, ZX_OBJ_TYPE_VMO, ZX_RIGHT_DUPLICATE | READ, false},
    {"vmo_create_contiguous", vmo_create_contiguous_run, ZX_OBJ_TYPE_BTI, MAP, false},
    {"vmo_create_physical", vmo_create_physical_run, ZX_OBJ_TYPE_RESOURCE, 0, false},
    {"vmo_replace_as_executable, vmex", vmex_run, ZX_OBJ_TYPE_RESOURCE, 0, false},
    {"vmar_map", map_vmar_run, ZX_OBJ_TYPE_VMAR, READ | WRITE, false},
    {"vmar_map, vmo", map_vmo_run, ZX_OBJ_TYPE_VMO, READ | WRITE | MAP, false},
    {"vmar_unmap", vmar_unmap_run, ZX_OBJ_TYPE_VMAR, 0, false},
    {"vmar_protect", protect_run, ZX_OBJ_TYPE_VMAR, READ | WRITE, false},
    {"vmar_allocate", allocate_run, ZX_OBJ_TYPE_VMAR, READ | WRITE, false},
    {"vmar_destroy", vmar_destroy_run, ZX_OBJ_TYPE_VMAR, 0, false},
    {"bti_create", bti_create_run, ZX_OBJ_TYPE_PCI_DEVICE, WRITE, false},
    {"bti_pin", pin_bti_run, ZX_OBJ_TYPE_BTI, MAP, false},
    {"bti_pin, vmo", pin_vmo_run, ZX_OBJ_TYPE_VMO, READ | WRITE | MAP, false},
    {"bti_release_quarantine", bti_release_quarantine_run, ZX_OBJ_TYPE_BTI, WRITE, false},
    {"interrupt_create", interrupt_create_run, ZX_OBJ_TYPE_RESOURCE, 0, false},
    {"interrupt_wait", interrupt_wait_run, ZX_OBJ_TYPE_INTERRUPT, ZX_RIGHT_WAIT, false},
    {"interrupt_ack", interrupt_ack_run, ZX_OBJ_TYPE_INTERRUPT, WRITE, false},
    {"interrupt_bind", bind_interrupt_run, ZX_OBJ_TYPE_INTERRUPT, READ, false},
    {"interrupt_bind, port", bind_port_run, ZX_OBJ_TYPE_PORT, WRITE, false},
    {"interrupt_trigger", interrupt_trigger_run, ZX_OBJ_TYPE_INTERRUPT, ZX_RIGHT_SIGNAL, false},
    {"interrupt_destroy", interrupt_destroy_run, ZX_OBJ_TYPE_INTERRUPT, WRITE, false},
    {"resource_create", resource_create_run, ZX_OBJ_TYPE_RESOURCE, WRITE, false},
    {"task_kill", task_kill_run, ZX_OBJ_TYPE_PROCESS, ZX_RIGHT_DESTROY, false},
    {"lx_process_get_exit", get_exit_run, ZX_OBJ_TYPE_PROCESS, 0, false},
    {"debuglog_write", debuglog_write_run, ZX_OBJ_TYPE_LOG, WRITE, false},
    {"pci_get_device_info", device_info_run, ZX_OBJ_TYPE_PCI_DEVICE, READ, false},
    {"pci_config_read", pci_config_read_run, ZX_OBJ_TYPE_PCI_DEVICE, READ, false},
    {"pci_config_write", pci_config_write_run, ZX_OBJ_TYPE_PCI_DEVICE, WRITE, false},
    {"pci_get_bar", get_bar_run, ZX_OBJ_TYPE_PCI_DEVICE, READ | WRITE, false},
    {"pci_enable_bus_master", pci_enable_bus_master_run, ZX_OBJ_TYPE_PCI_DEVICE, WRITE, false},
    {"pci_reset_device", pci_reset_device_run, ZX_OBJ_TYPE_PCI_DEVICE, WRITE, false},
    {"pci_query_irq_mode", pci_query_irq_mode_run, ZX_OBJ_TYPE_PCI_DEVICE, READ, false},
    {"pci_set_irq_mode", pci_set_irq_mode_run, ZX_OBJ_TYPE_PCI_DEVICE, WRITE, false},
    {"pci_map_interrupt", pci_map_interrupt_run, ZX_OBJ_TYPE_PCI_DEVICE, WRITE, false},
    {"lx_pci_quiesce", quiesce_run, ZX_OBJ_TYPE_PCI_DEVICE, WRITE, false},
};

static void begin(void) {
    (void)zx_thread_self();
    test_begin();
    fake_vfio_init();
    good_device = fake_vfio_open();
    good_port = make(ZX_OBJ_TYPE_PORT);
    good_event = test_event();
    good_root = make(ZX_OBJ_TYPE_RESOURCE);
    expect_ok(zx_vmo_create(PAGE, 0, &good_vmo));
    expect_ok(zx_bti_create(good_device, 0, 0, &good_bti));
    made = ZX_HANDLE_INVALID;
}

static void end(void) {
    const zx_handle_t all[] = {good_bti, good_vmo, good_root, good_event, good_port, good_device};
    expect_ok(zx_handle_close_many(all, countof(all)));
    fake_vfio_fini();
    test_end();
}

OBJECT_SUITE(handle_rules, begin, end);

static zx_status_t run(const rule_t* rule, zx_handle_t handle) {
    zx_status_t status = rule->run(handle);
    if (made != ZX_HANDLE_INVALID) {
        zx_vmar_destroy(made);  // if it is one
        expect_ok(zx_handle_close(made));
        made = ZX_HANDLE_INVALID;
        zx_bti_release_quarantine(good_bti);
    }
    return status;
}

static void expect(const rule_t* rule, zx_handle_t handle, zx_status_t wanted, const char* what) {
    zx_status_t got = run(rule, handle);
    cr_assert_eq(got, wanted, "%s of %s: %s, not %s", rule->name, what, zx_status_get_string(got),
                 zx_status_get_string(wanted));
}

OBJECT_TEST(handle_rules, no_such_handle) {
    zx_handle_t stale = test_event();
    test_close(stale);
    for (size_t i = 0; i < countof(rules); i++) {
        // Without a VMEX resource it is a right that is missing.
        bool is_vmex = rules[i].run == vmex_run;
        expect(&rules[i], ZX_HANDLE_INVALID, is_vmex ? ZX_ERR_ACCESS_DENIED : ZX_ERR_BAD_HANDLE,
               "no handle");
        expect(&rules[i], stale, ZX_ERR_BAD_HANDLE, "a closed one");
        expect(&rules[i], stale ^ 0x5a5a5a5a, ZX_ERR_BAD_HANDLE, "a made up one");
        expect(&rules[i], UINT32_MAX, ZX_ERR_BAD_HANDLE, "the largest number");
    }
}

OBJECT_TEST(handle_rules, wrong_type) {
    for (size_t i = 0; i < countof(rules); i++) {
        for (size_t j = 0; j < countof(types) && !rules[i].takes_any; j++) {
            if (types[j] != rules[i].type) {
                zx_handle_t handle = make(types[j]);
                char what[16];
                snprintf(what, sizeof(what), "type %u", types[j]);
                expect(&rules[i], handle, ZX_ERR_WRONG_TYPE, what);
                drop(handle, types[j]);
            }
        }
    }
}

// Each right that a call needs is missing once, and all others are there.
OBJECT_TEST(handle_rules, missing_rights) {
    for (size_t i = 0; i < countof(rules); i++) {
        for (uint32_t bit = 0; bit < 31; bit++) {
            if ((rules[i].rights & (zx_rights_t)1 << bit) != 0) {
                zx_handle_t handle = make(rules[i].type);
                test_drop_rights(&handle, (zx_rights_t)1 << bit);
                char what[24];
                snprintf(what, sizeof(what), "no right %u", bit);
                expect(&rules[i], handle, ZX_ERR_ACCESS_DENIED, what);
                drop(handle, rules[i].type);
            }
        }
    }
}

// And no other right is needed.
OBJECT_TEST(handle_rules, enough_rights) {
    for (size_t i = 0; i < countof(rules); i++) {
        zx_handle_t handle = make(rules[i].type);
        expect_ok(zx_handle_replace(handle, rules[i].rights, &handle));
        zx_status_t got = run(&rules[i], handle);
        cr_assert(
            got != ZX_ERR_ACCESS_DENIED && got != ZX_ERR_BAD_HANDLE && got != ZX_ERR_WRONG_TYPE,
            "%s: %s", rules[i].name, zx_status_get_string(got));
        drop(handle, rules[i].type);
    }
}

// zx_pmt_unpin and zx_handle_replace consume what they are given, whatever it is.
OBJECT_TEST(handle_rules, consumed) {
    for (size_t j = 0; j < countof(types); j++) {
        zx_handle_t handle = make(types[j]);
        bool is_region = types[j] == ZX_OBJ_TYPE_VMAR;
        if (is_region) {
            expect_ok(zx_vmar_destroy(handle));
        }
        expect_status(zx_pmt_unpin(handle),
                      types[j] == ZX_OBJ_TYPE_PMT ? ZX_OK : ZX_ERR_WRONG_TYPE);
        expect_status(zx_handle_close(handle), ZX_ERR_BAD_HANDLE);
        handle = make(types[j]);
        zx_handle_t fresh = ZX_HANDLE_INVALID;
        expect_ok(zx_handle_replace(handle, ZX_RIGHT_NONE, &fresh));
        expect_status(zx_handle_close(handle), ZX_ERR_BAD_HANDLE);
        cr_assert_eq(test_basic(fresh).type, types[j]);
        cr_assert_eq(test_basic(fresh).rights, ZX_RIGHT_NONE);
        drop(fresh, types[j]);
    }
    zx_bti_release_quarantine(good_bti);
    expect_status(zx_pmt_unpin(ZX_HANDLE_INVALID), ZX_ERR_BAD_HANDLE);
    expect_status(zx_handle_replace(ZX_HANDLE_INVALID, ZX_RIGHT_NONE, &made), ZX_ERR_BAD_HANDLE);
}

// A log that is written cannot be read, though it has the type.
OBJECT_TEST(handle_rules, a_log_to_write) {
    zx_handle_t log = make(ZX_OBJ_TYPE_LOG);
    expect_status(debuglog_read_run(log), ZX_ERR_ACCESS_DENIED);
    test_close(log);
}

// Which objects can be sent, and what the others say.
OBJECT_TEST(handle_rules, transfer) {
    static const struct {
        zx_obj_type_t type;
        zx_status_t status;
    } sent[] = {
        {ZX_OBJ_TYPE_CHANNEL, ZX_OK},
        {ZX_OBJ_TYPE_EVENT, ZX_OK},
        {ZX_OBJ_TYPE_EVENTPAIR, ZX_OK},
        {ZX_OBJ_TYPE_FIFO, ZX_OK},
        {ZX_OBJ_TYPE_VMO, ZX_OK},
        {ZX_OBJ_TYPE_SOCKET, ZX_OK},
        {ZX_OBJ_TYPE_RESOURCE, ZX_OK},
        {ZX_OBJ_TYPE_INTERRUPT, ZX_OK},
        {ZX_OBJ_TYPE_BTI, ZX_OK},
        {ZX_OBJ_TYPE_PCI_DEVICE, ZX_OK},
        {ZX_OBJ_TYPE_PORT, ZX_ERR_ACCESS_DENIED},
        {ZX_OBJ_TYPE_TIMER, ZX_ERR_ACCESS_DENIED},
        {ZX_OBJ_TYPE_LOG, ZX_ERR_ACCESS_DENIED},
        {ZX_OBJ_TYPE_VMAR, ZX_ERR_ACCESS_DENIED},
        {ZX_OBJ_TYPE_PROCESS, ZX_ERR_ACCESS_DENIED},
        {ZX_OBJ_TYPE_THREAD, ZX_ERR_ACCESS_DENIED},
        {ZX_OBJ_TYPE_PMT, ZX_ERR_ACCESS_DENIED},
    };
    zx_handle_t ends[2];
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    for (size_t i = 0; i < countof(sent); i++) {
        zx_handle_t handle = make(sent[i].type);
        if (sent[i].type == ZX_OBJ_TYPE_VMAR) {
            expect_ok(zx_vmar_destroy(handle));
        }
        zx_info_handle_basic_t before = test_basic(handle);
        expect_status(zx_channel_write(ends[0], 0, NULL, 0, &handle, 1), sent[i].status);
        expect_status(zx_handle_close(handle), ZX_ERR_BAD_HANDLE);
        if (sent[i].status != ZX_OK) {
            continue;
        }
        expect_ok(test_receive_handle(ends[1], &handle));
        cr_assert_eq(test_basic(handle).type, before.type);
        cr_assert_eq(test_basic(handle).rights, before.rights);
        cr_assert_eq(test_basic(handle).koid, before.koid);
        cr_assert_eq(test_basic(handle).related_koid, before.related_koid);
        // With fewer rights it arrives with fewer, without TRANSFER not at all.
        test_drop_rights(&handle, before.rights & ~ZX_RIGHT_TRANSFER);
        test_send_handle(ends[0], handle);
        expect_ok(test_receive_handle(ends[1], &handle));
        cr_assert_eq(test_basic(handle).rights, ZX_RIGHT_TRANSFER);
        test_drop_rights(&handle, ZX_RIGHT_TRANSFER);
        expect_status(zx_channel_write(ends[0], 0, NULL, 0, &handle, 1), ZX_ERR_ACCESS_DENIED);
        expect_status(zx_handle_close(handle), ZX_ERR_BAD_HANDLE);
    }
    zx_bti_release_quarantine(good_bti);
    expect_ok(zx_handle_close_many(ends, 2));
}
