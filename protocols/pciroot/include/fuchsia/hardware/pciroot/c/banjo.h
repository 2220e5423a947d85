// SPDX-License-Identifier: MIT
// PCIROOT (ZX_PROTOCOL_PCIROOT): what the PCI bus driver needs from the platform.
//
// On Linux the kernel has enumerated the bus and assigned its resources, so all that is left of
// Zircon's protocol of this name (spec/ddk.md 14.15) is the list of functions; the single op is
// Jacinth's own. Opening a function is not part of it: each function's host is given that function
// by devmgr's broker.
// Provider: platform-bus.proxy.so, over the broker's channel.
//
// Threads: any thread may call. Blocking: waits for devmgr's answer; not to be called while devmgr
// waits for this host in turn without serving its broker. Ownership: the caller's array is filled.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

__BEGIN_CDECLS

typedef struct pciroot_function {
    uint32_t topo;  // bus << 8 | device << 3 | function
    uint16_t vendor_id;
    uint16_t device_id;
    uint8_t base_class;
    uint8_t sub_class;
    uint8_t program_interface;
    uint8_t revision_id;
} pciroot_function_t;

typedef struct pciroot_protocol_ops {
    // All functions of the machine, bridges included, in order of topo. Writes at most
    // function_count of them; *out_function_actual is how many there are, so that a caller with too
    // little room can come again. ACCESS_DENIED: the board did not grant `pci` to this device.
    zx_status_t (*get_functions)(void* ctx, pciroot_function_t* out_function_list,
                                 size_t function_count, size_t* out_function_actual);
} pciroot_protocol_ops_t;

typedef struct pciroot_protocol {
    const pciroot_protocol_ops_t* ops;  // borrowed
    void* ctx;                          // borrowed
} pciroot_protocol_t;

static inline zx_status_t pciroot_get_functions(const pciroot_protocol_t* proto,
                                                pciroot_function_t* out_function_list,
                                                size_t function_count,
                                                size_t* out_function_actual) {
    return proto->ops->get_functions(proto->ctx, out_function_list, function_count,
                                     out_function_actual);
}

__END_CDECLS
