// SPDX-License-Identifier: MIT
// What a driver is to its host: the table of hooks of the driver itself, what it says when it adds
// a device, and what else it may ask of the host.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

// To the next and the last multiple of b, a power of two.
#ifndef ROUNDUP
#define ROUNDUP(a, b) (((a) + ((b)-1)) & ~((b)-1))
#endif
#ifndef ROUNDDOWN
#define ROUNDDOWN(a, b) ((a) & ~((b)-1))
#endif
#ifndef ALIGN
#define ALIGN(a, b) ROUNDUP(a, b)
#endif

__BEGIN_CDECLS
__BEGIN_EXPORTS

typedef struct zx_device zx_device_t;  // opaque to drivers
typedef struct zx_driver zx_driver_t;  // opaque to drivers
typedef struct zx_protocol_device zx_protocol_device_t;

#define DRIVER_OPS_VERSION 0x2b3490fa40d9f452ull

// The hooks of a driver; all run on the host's main thread. `ctx` is what init stored, or NULL.
typedef struct zx_driver_ops {
    uint64_t version;  // DRIVER_OPS_VERSION

    // Who: the host. When: once each time the driver's file is loaded, before all other hooks.
    // After: ZX_OK: the value in *out_ctx goes to the other hooks. An error marks the driver failed
    //   in this host until it is unloaded; no other hook follows, release neither.
    // NULL: ZX_OK.
    zx_status_t (*init)(void** out_ctx);

    // Who: the host, asked by devmgr. When: a device matched the driver's bind rules; once per
    // device. After: ZX_OK: the driver took the device: it called device_add() with it as the
    // parent, once
    //   or more, or will do so from a thread of its own. An error leaves the device unbound;
    //   nothing may be left behind.
    // NULL: ZX_ERR_NOT_SUPPORTED; right for a proxy driver only.
    zx_status_t (*bind)(void* ctx, zx_device_t* device);

    // Who: the host, asked by devmgr, for a proxy driver (<name>.proxy.so). When: a device with
    //   DEVICE_ADD_MUST_ISOLATE gets its own host, which needs something to bind the driver to.
    // After: the hook has called device_add() exactly once, with parent as the parent: that is the
    //   device's stand-in in this host. name is "proxy", args the part of proxy_args after its
    //   comma. rpc_channel is owned by the hook from the call on; it leads to devmgr's broker.
    // NULL: ZX_ERR_NOT_SUPPORTED.
    zx_status_t (*create)(void* ctx, zx_device_t* parent, const char* name, const char* args,
                          zx_handle_t rpc_channel);

    // Who: the host. When: before the driver's file is unloaded; all of its devices are released.
    // After: the code is unmapped, so every thread of the driver must have ended.
    // NULL: nothing is called.
    void (*release)(void* ctx);

    // Who: nobody yet. When: after init, before the first bind. After: false keeps it from binding.
    // NULL: there are no tests.
    bool (*run_unit_tests)(void* ctx, zx_device_t* parent, zx_handle_t channel);
} zx_driver_ops_t;

// What the host finds in a driver's file under the name __zircon_driver_rec__.
typedef struct zx_driver_rec {
    const zx_driver_ops_t* ops;  // borrowed from the file
    zx_driver_t* driver;         // borrowed: stored by the host before init
    uint32_t log_flags;          // unused in this dialect: devmgr sets the level
} zx_driver_rec_t;

extern zx_driver_rec_t __zircon_driver_rec__;

// A bind property with a legacy integer key.
typedef struct zx_device_prop {
    uint16_t id;  // BIND_*
    uint16_t reserved;
    uint32_t value;
} zx_device_prop_t;

// A bind property with a string key.
#define ZX_DEVICE_PROPERTY_VALUE_UNDEFINED ((uint8_t)0)
#define ZX_DEVICE_PROPERTY_VALUE_INT       ((uint8_t)1)
#define ZX_DEVICE_PROPERTY_VALUE_STRING    ((uint8_t)2)
#define ZX_DEVICE_PROPERTY_VALUE_BOOL      ((uint8_t)3)
#define ZX_DEVICE_PROPERTY_VALUE_ENUM      ((uint8_t)4)

typedef struct zx_device_str_prop_val {
    uint8_t data_type;  // ZX_DEVICE_PROPERTY_VALUE_*
    union {
        uint32_t int_val;
        const char* str_val;  // borrowed
        bool bool_val;
        const char* enum_val;  // borrowed; full name, e.g. "fuchsia.foo.BAR.BAZ"
    } data;
} zx_device_str_prop_val_t;

typedef struct zx_device_str_prop {
    const char* key;  // borrowed
    zx_device_str_prop_val_t property_value;
} zx_device_str_prop_t;

static inline zx_device_str_prop_val_t str_prop_int_val(uint32_t value) {
    zx_device_str_prop_val_t prop = {.data_type = ZX_DEVICE_PROPERTY_VALUE_INT};
    prop.data.int_val = value;
    return prop;
}

static inline zx_device_str_prop_val_t str_prop_str_val(const char* value) {
    zx_device_str_prop_val_t prop = {.data_type = ZX_DEVICE_PROPERTY_VALUE_STRING};
    prop.data.str_val = value;
    return prop;
}

static inline zx_device_str_prop_val_t str_prop_bool_val(bool value) {
    zx_device_str_prop_val_t prop = {.data_type = ZX_DEVICE_PROPERTY_VALUE_BOOL};
    prop.data.bool_val = value;
    return prop;
}

static inline zx_device_str_prop_val_t str_prop_enum_val(const char* value) {
    zx_device_str_prop_val_t prop = {.data_type = ZX_DEVICE_PROPERTY_VALUE_ENUM};
    prop.data.enum_val = value;
    return prop;
}

typedef struct device_metadata {
    uint32_t type;     // DEVICE_METADATA_*
    const void* data;  // borrowed
    size_t length;     // bytes
} device_metadata_t;

typedef struct device_power_state_info {
    uint8_t state_id;  // DEV_POWER_STATE_*
    zx_duration_t restore_latency;
    bool wakeup_capable;
    int32_t system_wake_state;
} device_power_state_info_t;

typedef struct device_performance_state_info {
    uint32_t state_id;
    zx_duration_t restore_latency;
} device_performance_state_info_t;

// device_add_args_t.flags
// No driver is bound to the device by itself, only on an explicit request.
#define DEVICE_ADD_NON_BINDABLE (1u << 0)
// The device serves one connection: added in an open hook and stored in dev_out. It is known to
// this host only and never bound, shown or unbound.
#define DEVICE_ADD_INSTANCE (1u << 1)
// The driver of this device runs in another host, reached through a proxy. See proxy_args.
#define DEVICE_ADD_MUST_ISOLATE (1u << 2)
// The device may be a part of several composites.
#define DEVICE_ADD_ALLOW_MULTI_COMPOSITE (1u << 4)

#define DEVICE_ADD_ARGS_VERSION 0x96a64134d56e88e3ull

// All pointers are borrowed during device_add(), except ops, ctx and proto_ops, which stay in use
// until the device's release.
typedef struct device_add_args {
    uint64_t version;  // DEVICE_ADD_ARGS_VERSION

    const char* name;  // required, 1 to ZX_DEVICE_NAME_MAX bytes, without '/'
    void* ctx;         // first argument of the hooks
    const zx_protocol_device_t* ops;

    const zx_device_prop_t* props;
    uint32_t prop_count;
    const zx_device_str_prop_t* str_props;
    uint32_t str_prop_count;

    // Attached to the device before it can be bound, as by device_add_metadata().
    const device_metadata_t* metadata_list;
    uint32_t metadata_count;

    // For power management, which does not exist yet: checked by nobody.
    const device_power_state_info_t* power_states;
    uint8_t power_state_count;
    const device_performance_state_info_t* performance_states;
    uint8_t performance_state_count;

    uint32_t proto_id;  // ZX_PROTOCOL_*; 0 means ZX_PROTOCOL_MISC. ROOT and MISC_PARENT are refused
    const void* proto_ops;  // what device_get_protocol(proto_id) yields; NULL: nothing

    // With DEVICE_ADD_MUST_ISOLATE: "host-name,args". The part before the comma names the host
    // process, the rest goes to the proxy's create hook. NULL: devmgr chooses a name.
    const char* proxy_args;

    uint32_t flags;  // DEVICE_ADD_*

    zx_handle_t client_remote;  // not supported: must be ZX_HANDLE_INVALID
    zx_handle_t inspect_vmo;    // not supported: must be ZX_HANDLE_INVALID
} device_add_args_t;

// The exported form of device_add().
zx_status_t device_add_from_driver(zx_driver_t* driver, zx_device_t* parent,
                                   device_add_args_t* args, zx_device_t** out);

// Adds a device below parent. Blocks for one exchange with devmgr; any thread.
// *out (out may be NULL) is written before the device can be reached by anyone, so hooks that use
// it are safe even before this call returned; on failure it is NULL again.
// On failure no hook of the device was or will be called, release neither: ctx is still the
// caller's. ZX_ERR_INVALID_ARGS: see the fields of device_add_args_t and the flags; a device of
// another version. ZX_ERR_BAD_STATE: parent is unbinding or gone.
static inline zx_status_t device_add(zx_device_t* parent, device_add_args_t* args,
                                     zx_device_t** out) {
    return device_add_from_driver(__zircon_driver_rec__.driver, parent, args, out);
}

// Always ZX_HANDLE_INVALID: the root resource stays with devmgr's broker. A driver gets its
// hardware from the protocol of its parent (PCI, PDEV).
zx_handle_t get_root_resource(void);

// Always ZX_ERR_NOT_SUPPORTED: devmgr has no firmware store yet, and a host sees no file system.
// *out_vmo is set to ZX_HANDLE_INVALID and *out_size to 0.
zx_status_t load_firmware_from_driver(zx_driver_t* driver, zx_device_t* device, const char* path,
                                      zx_handle_t* out_vmo, size_t* out_size);

static inline zx_status_t load_firmware(zx_device_t* device, const char* path, zx_handle_t* out_vmo,
                                        size_t* out_size) {
    return load_firmware_from_driver(__zircon_driver_rec__.driver, device, path, out_vmo, out_size);
}

__END_EXPORTS
__END_CDECLS
