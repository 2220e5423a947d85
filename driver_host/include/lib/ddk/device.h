// SPDX-License-Identifier: MIT
// What a device is to its driver: the table of hooks that the driver fills, and the calls it makes
// about a device that it has added or was offered.
//
// Rules of the object
// - A zx_device_t comes into being by device_add() and ends when its release hook returns. The
//   pointer that device_add() stored stays valid until then. The pointer given to bind() is
//   borrowed: it is good until the last device that the driver added below it was released.
// - Threads: unless a comment says otherwise, hooks run on the host's main thread, one at a time,
//   so a hook that waits for another hook of any device in the same host never returns. Calls may
//   be made from every thread, also from inside hooks. The host holds no lock while a hook runs.
// - Order of the hooks of one device: init, then any number of open/read/write/message/close, then
//   unbind (after the unbind of the device's parent was finished), close of what was still open,
//   release (after the release of the device's children).
// - Breaking the rules of a call (replying twice, using a device after its release) is a bug in the
//   driver: the host writes a log line that names driver, device and call, and aborts.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

#include <lib/ddk/driver.h>
#include <lib/ddk/fidl.h>
#include <lib/ddk/metadata.h>
#include <lib/ddk/protodefs.h>

__BEGIN_CDECLS
__BEGIN_EXPORTS

// Longest name of a device, its terminating NUL not counted.
#define ZX_DEVICE_NAME_MAX 31

// Longest buffer of one read or write hook call.
#define DEV_MAX_TRANSFER_SIZE 8192

// Layout markers of zx_protocol_device_t. This header describes 0_52; nothing else is accepted.
#define DEVICE_OPS_VERSION_0_52 0xb834fdab33623bb4ull
#define DEVICE_OPS_VERSION      DEVICE_OPS_VERSION_0_52

// Why a device is being suspended (suspend hook).
#define DEVICE_SUSPEND_REASON_MASK              ((uint8_t)0xf0)
#define DEVICE_SUSPEND_REASON_POWEROFF          ((uint8_t)0x10)
#define DEVICE_SUSPEND_REASON_SUSPEND_RAM       ((uint8_t)0x20)
#define DEVICE_SUSPEND_REASON_MEXEC             ((uint8_t)0x30)
#define DEVICE_SUSPEND_REASON_REBOOT            ((uint8_t)0x40)
#define DEVICE_SUSPEND_REASON_REBOOT_BOOTLOADER ((uint8_t)0x41)
#define DEVICE_SUSPEND_REASON_REBOOT_RECOVERY   ((uint8_t)0x42)
#define DEVICE_SUSPEND_REASON_SELECTIVE_SUSPEND ((uint8_t)0x50)

// Power and performance states, see device_add_args_t.
#define DEV_POWER_STATE_D0       ((uint8_t)0)
#define DEV_POWER_STATE_D1       ((uint8_t)1)
#define DEV_POWER_STATE_D2       ((uint8_t)2)
#define DEV_POWER_STATE_D3HOT    ((uint8_t)3)
#define DEV_POWER_STATE_D3COLD   ((uint8_t)4)
#define DEV_PERFORMANCE_STATE_P0 ((uint32_t)0)

// What device_get_protocol() fills in. Every <class>_protocol_t has this shape.
typedef struct zx_protocol {
    const void* ops;  // borrowed from the device that provides it
    void* ctx;        // borrowed from the device that provides it
} zx_protocol_t;

// The hooks of a device. `ctx` is the one of its device_add_args_t. The table is read, never
// written, and must stay valid until release; several devices may share one. Every slot but
// `version` may be NULL.
typedef struct zx_protocol_device {
    uint64_t version;  // DEVICE_OPS_VERSION

    // Who: anyone who calls device_get_protocol() on this device, usually the driver of a child.
    // When: from device_add() to release, on the caller's thread; must not block.
    // After: ZX_OK promises that the {ops, ctx} stored in out stay usable until release;
    //   ZX_ERR_NOT_SUPPORTED says that the device has no such protocol.
    // NULL: the device has one protocol, proto_id with proto_ops of its device_add_args_t, if
    //   proto_ops is not NULL. A hook replaces this rule altogether.
    zx_status_t (*get_protocol)(void* ctx, uint32_t proto_id, void* out);

    // Who: nobody yet, devices shared by composites are a later part.
    // When: -. After: the session is ended by the close hook.
    // NULL: ZX_ERR_NOT_SUPPORTED.
    zx_status_t (*open_protocol_session_multibindable)(void* ctx, uint32_t proto_id, void* out);

    // Who: nobody yet. When: once per session opened. After: nothing.
    // NULL: ZX_ERR_NOT_SUPPORTED.
    zx_status_t (*close_protocol_session_multibindable)(void* ctx, void* protocol);

    // Who: the host, asked by devmgr.
    // When: once, after device_add() registered the device; may begin before device_add() returned.
    // After: the driver calls device_init_reply() exactly once, from any thread, in the hook or
    //   later. Until then the device can be neither seen nor opened nor bound, and its removal
    //   waits. An error status in the reply gets the device removed (unbind, release).
    // NULL: the device is ready as soon as device_add() succeeds.
    void (*init)(void* ctx);

    // Who: the host, for a client that opens the device.
    // When: while the device is ready and not unbinding.
    // After: ZX_OK makes a connection, whose end is told by close. The hook may add a device with
    //   DEVICE_ADD_INSTANCE below this one and store it in dev_out: the connection then belongs to
    //   that instance, which is closed and released with it. An error refuses the client.
    // NULL: ZX_OK.
    zx_status_t (*open)(void* ctx, zx_device_t** dev_out, uint32_t flags);

    // Who: the host. When: once for each successful open, when the client closed its end or died,
    //   or when the device is removed; possibly after unbind.
    // After: no more messages of that connection. The status is only logged.
    // NULL: ZX_OK.
    zx_status_t (*close)(void* ctx, uint32_t flags);

    // Who: the host, asked by devmgr because the device, an ancestor of it or its driver goes.
    // When: at most once, after the parent's unbind was finished and after init was replied to. New
    //   opens and messages are stopped before. Never for an instance.
    // After: the driver stops its own work and calls device_unbind_reply() exactly once, from any
    //   thread, in the hook or later. Then the children are unbound, and at last release comes.
    // NULL: replied to at once.
    void (*unbind)(void* ctx);

    // Who: the host, on the main thread. When: last of all: unbind replied to, children released,
    //   connections closed, scheduled work done. Not after a failed device_add().
    // After: nothing; the device and, if this was the last one, the parent given to bind() are
    // gone.
    //   The hook frees ctx. Threads of the driver that use either must have ended.
    // NULL: nothing is called.
    void (*release)(void* ctx);

    // Who: the host, for a client's Device.Read. When: while a connection is open.
    // After: *actual bytes of buf are sent to the client. Must not block: ZX_ERR_SHOULD_WAIT when
    //   there is nothing yet. count is at most DEV_MAX_TRANSFER_SIZE.
    // NULL: ZX_ERR_NOT_SUPPORTED.
    zx_status_t (*read)(void* ctx, void* buf, size_t count, zx_off_t off, size_t* actual);

    // Who: the host, for a client's Device.Write. When: while a connection is open.
    // After: *actual is what was taken. Must not block. count is at most DEV_MAX_TRANSFER_SIZE.
    // NULL: ZX_ERR_NOT_SUPPORTED.
    zx_status_t (*write)(void* ctx, const void* buf, size_t count, zx_off_t off, size_t* actual);

    // Who: the host for a client's Device.GetSize, and callers of device_get_size().
    // When: any time until release, on any thread, unordered with the other hooks.
    // After: nothing; in bytes.
    // NULL: 0.
    zx_off_t (*get_size)(void* ctx);

    // Who: the host, on a system suspend; devmgr has no such request yet.
    // When: between init and unbind, children first.
    // After: exactly one device_suspend_reply(). NULL: the device needs nothing done.
    void (*suspend)(void* ctx, uint8_t requested_state, bool enable_wake, uint8_t suspend_reason);

    // Who: as suspend. When: after a suspend, parents first.
    // After: exactly one device_resume_reply(). NULL: the device needs nothing done.
    void (*resume)(void* ctx, uint32_t requested_performance_state);

    // Who: as suspend. When: while the device is ready. After: *out_state is the state reached.
    // NULL: ZX_ERR_NOT_SUPPORTED.
    zx_status_t (*set_performance_state)(void* ctx, uint32_t requested_state, uint32_t* out_state);

    // Who: as suspend. When: while the device is ready. After: the driver may suspend by itself.
    // NULL: ZX_ERR_NOT_SUPPORTED.
    zx_status_t (*configure_auto_suspend)(void* ctx, bool enable, uint8_t requested_sleep_state);

    // Who: the host of a real parent, for messages of its proxy; proxies here talk to devmgr's
    // broker
    //   instead, so it is not called yet. When: a message waits on channel, or, with
    //   ZX_HANDLE_INVALID, a new proxy begins.
    // After: the hook read the message and replied by itself; an error closes the channel.
    // NULL: ZX_ERR_NOT_SUPPORTED.
    zx_status_t (*rxrpc)(void* ctx, zx_handle_t channel);

    // Who: the host, for each message of a client that is none of Device's (Read, Write, GetSize).
    // When: while a connection is open, in the order of arrival.
    // After: the hook owns the handles in msg from the call on, whatever it returns; bytes and txn
    //   are valid during the call. It replies at most once. ZX_OK: the connection goes on.
    //   ZX_ERR_ASYNC: it took the transaction with device_fidl_transaction_take_ownership() and
    //   will reply later. Any other status closes the connection.
    // NULL: the message is dropped and the connection closed.
    zx_status_t (*message)(void* ctx, fidl_incoming_msg_t* msg, fidl_txn_t* txn);

    // Who: the host, on the parent. When: just before the release hook of a child, whose context is
    //   child_ctx; not for the parent's instances.
    // After: the child's release. NULL: nothing is called.
    void (*child_pre_release)(void* ctx, void* child_ctx);
} zx_protocol_device_t;

// What device_init_reply() may say about power; NULL and zeroed both mean nothing.
typedef struct device_init_reply_args {
    const device_power_state_info_t* power_states;  // borrowed during the call
    uint8_t power_state_count;
    const device_performance_state_info_t* performance_states;  // borrowed during the call
    uint8_t performance_state_count;
} device_init_reply_args_t;

// A transaction that a message hook keeps beyond its return.
typedef struct device_fidl_txn {
    fidl_txn_t txn;
    uintptr_t driver_host_context;  // owned by the host: do not touch
} device_fidl_txn_t;

// Ends the init hook. Once per init hook; without one running the host aborts.
void device_init_reply(zx_device_t* device, zx_status_t status,
                       const device_init_reply_args_t* args);

// Asks that the device and everything below it be unbound and removed. Returns at once; asking
// again does nothing. The device's own unbind hook runs too.
void device_async_remove(zx_device_t* device);

// Ends the unbind hook. Once per unbind hook; aborts the host when the device is not unbinding or
// when a transaction taken by device_fidl_transaction_take_ownership() was not replied to.
void device_unbind_reply(zx_device_t* device);

// Suspend and resume hooks end with these. As no such hook is called yet, calling them aborts.
void device_suspend_reply(zx_device_t* device, zx_status_t status, uint8_t out_state);
void device_resume_reply(zx_device_t* device, zx_status_t status, uint8_t out_power_state,
                         uint32_t out_performance_state);

// The name of a device; borrowed, valid as long as the device.
const char* device_get_name(zx_device_t* device);

// Stores the {ops, ctx} of a protocol in out, a <class>_protocol_t*. Runs the device's get_protocol
// hook on the caller's thread. ZX_ERR_NOT_SUPPORTED: the device has no such protocol.
zx_status_t device_get_protocol(const zx_device_t* device, uint32_t proto_id, void* out);

// Bytes, by the device's get_size hook, on the caller's thread.
zx_off_t device_get_size(zx_device_t* device);

// Reads the newest metadata of that type attached to the device or else to its nearest ancestor
// that has some. Blocks for one exchange with devmgr. *out_actual, which may be NULL, becomes the
// full size, also with ZX_ERR_BUFFER_TOO_SMALL, which leaves buf alone. ZX_ERR_NOT_FOUND: none.
zx_status_t device_get_metadata(zx_device_t* device, uint32_t type, void* buf, size_t buf_size,
                                size_t* out_actual);

// The size of what device_get_metadata() would read.
zx_status_t device_get_metadata_size(zx_device_t* device, uint32_t type, size_t* out_size);

// Attaches a copy of data to the device, for it and everything below. Blocks for one exchange with
// devmgr. To be sure that a driver bound to the device sees it, call it in the init hook or pass
// the data in device_add_args_t.metadata_list.
zx_status_t device_add_metadata(zx_device_t* device, uint32_t type, const void* data, size_t size);

// Runs callback(cookie) on the main thread, later, in the order of the calls. The device is kept
// from being released until it ran. ZX_ERR_BAD_STATE once the device is unbound.
zx_status_t device_schedule_work(zx_device_t* device, void (*callback)(void* cookie), void* cookie);

// In a message hook: moves the transaction into *out_txn, so that it can be replied to later, from
// any thread, once, by out_txn->txn.reply(&out_txn->txn, …). The hook then returns ZX_ERR_ASYNC.
// The connection's channel stays open until then, also if the connection ends for another reason.
void device_fidl_transaction_take_ownership(fidl_txn_t* txn, device_fidl_txn_t* out_txn);

__END_EXPORTS
__END_CDECLS
