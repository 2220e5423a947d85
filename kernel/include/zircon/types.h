// SPDX-License-Identifier: MIT
// Types, signals, object types and option bits of the zx_* calls. Numbers are Zircon's.
#pragma once

#include <stddef.h>
#include <stdint.h>
#ifndef __cplusplus
#include <stdatomic.h>
#include <stdbool.h>
#endif

#include <zircon/compiler.h>
#include <zircon/rights.h>
#include <zircon/time.h>

// A name for an object, valid in this process alone. 0 names nothing.
typedef uint32_t zx_handle_t;
#define ZX_HANDLE_INVALID ((zx_handle_t)0)

typedef int32_t zx_status_t;
#include <zircon/errors.h>

typedef uint32_t zx_clock_t;
typedef uint64_t zx_koid_t;  // identity of a kernel object; never reused
typedef uint32_t zx_signals_t;
typedef uint32_t zx_obj_type_t;
typedef uint32_t zx_vm_option_t;
typedef uint64_t zx_off_t;
typedef uintptr_t zx_vaddr_t;
typedef uintptr_t zx_paddr_t;
typedef uint64_t zx_gpaddr_t;
#ifndef __cplusplus
typedef atomic_int zx_futex_t;
#else
typedef int zx_futex_t;
#endif

#define ZX_KOID_INVALID ((zx_koid_t)0)
#define ZX_KOID_FIRST   ((zx_koid_t)1024)

#define ZX_CLOCK_MONOTONIC ((zx_clock_t)0)
#define ZX_CLOCK_UTC       ((zx_clock_t)1)
#define ZX_CLOCK_THREAD    ((zx_clock_t)2)

#define ZX_PAGE_SHIFT ((uint32_t)12u)
#define ZX_PAGE_SIZE  ((uintptr_t)(1u << ZX_PAGE_SHIFT))
#define ZX_PAGE_MASK  (ZX_PAGE_SIZE - 1u)

#define ZX_MAX_NAME_LEN 32u  // with the terminating NUL

// Signals any object may have.
#define ZX_SIGNAL_NONE          ((zx_signals_t)0u)
#define __ZX_OBJECT_READABLE    ((zx_signals_t)1u << 0)
#define __ZX_OBJECT_WRITABLE    ((zx_signals_t)1u << 1)
#define __ZX_OBJECT_PEER_CLOSED ((zx_signals_t)1u << 2)
#define __ZX_OBJECT_SIGNALED    ((zx_signals_t)1u << 3)
#define __ZX_OBJECT_SIGNAL_4    ((zx_signals_t)1u << 4)
#define __ZX_OBJECT_SIGNAL_5    ((zx_signals_t)1u << 5)
#define __ZX_OBJECT_SIGNAL_10   ((zx_signals_t)1u << 10)
#define __ZX_OBJECT_SIGNAL_11   ((zx_signals_t)1u << 11)
#define ZX_SIGNAL_HANDLE_CLOSED ((zx_signals_t)1u << 23)
#define ZX_USER_SIGNAL_0        ((zx_signals_t)1u << 24)
#define ZX_USER_SIGNAL_1        ((zx_signals_t)1u << 25)
#define ZX_USER_SIGNAL_2        ((zx_signals_t)1u << 26)
#define ZX_USER_SIGNAL_3        ((zx_signals_t)1u << 27)
#define ZX_USER_SIGNAL_4        ((zx_signals_t)1u << 28)
#define ZX_USER_SIGNAL_5        ((zx_signals_t)1u << 29)
#define ZX_USER_SIGNAL_6        ((zx_signals_t)1u << 30)
#define ZX_USER_SIGNAL_7        ((zx_signals_t)1u << 31)
#define ZX_USER_SIGNAL_ALL      ((zx_signals_t)0xffu << 24)

// The same bits by object.
#define ZX_CHANNEL_READABLE           __ZX_OBJECT_READABLE
#define ZX_CHANNEL_WRITABLE           __ZX_OBJECT_WRITABLE
#define ZX_CHANNEL_PEER_CLOSED        __ZX_OBJECT_PEER_CLOSED
#define ZX_EVENT_SIGNALED             __ZX_OBJECT_SIGNALED
#define ZX_EVENT_SIGNAL_MASK          (ZX_USER_SIGNAL_ALL | ZX_EVENT_SIGNALED)
#define ZX_EVENTPAIR_SIGNALED         __ZX_OBJECT_SIGNALED
#define ZX_EVENTPAIR_PEER_CLOSED      __ZX_OBJECT_PEER_CLOSED
#define ZX_EVENTPAIR_SIGNAL_MASK      (ZX_USER_SIGNAL_ALL | ZX_EVENTPAIR_SIGNALED)
#define ZX_FIFO_READABLE              __ZX_OBJECT_READABLE
#define ZX_FIFO_WRITABLE              __ZX_OBJECT_WRITABLE
#define ZX_FIFO_PEER_CLOSED           __ZX_OBJECT_PEER_CLOSED
#define ZX_SOCKET_READABLE            __ZX_OBJECT_READABLE
#define ZX_SOCKET_WRITABLE            __ZX_OBJECT_WRITABLE
#define ZX_SOCKET_PEER_CLOSED         __ZX_OBJECT_PEER_CLOSED
#define ZX_SOCKET_PEER_WRITE_DISABLED __ZX_OBJECT_SIGNAL_4
#define ZX_SOCKET_WRITE_DISABLED      __ZX_OBJECT_SIGNAL_5
#define ZX_SOCKET_READ_THRESHOLD      __ZX_OBJECT_SIGNAL_10
#define ZX_SOCKET_WRITE_THRESHOLD     __ZX_OBJECT_SIGNAL_11
#define ZX_TASK_TERMINATED            __ZX_OBJECT_SIGNALED
#define ZX_PROCESS_TERMINATED         __ZX_OBJECT_SIGNALED
#define ZX_THREAD_TERMINATED          __ZX_OBJECT_SIGNALED
#define ZX_LOG_READABLE               __ZX_OBJECT_READABLE
#define ZX_LOG_WRITABLE               __ZX_OBJECT_WRITABLE
#define ZX_TIMER_SIGNALED             __ZX_OBJECT_SIGNALED
#define ZX_VMO_ZERO_CHILDREN          __ZX_OBJECT_SIGNALED
#define ZX_INTERRUPT_SIGNALED         __ZX_OBJECT_SIGNALED  // ours: pending, not yet waited for

// Object types.
#define ZX_OBJ_TYPE_NONE          ((zx_obj_type_t)0u)
#define ZX_OBJ_TYPE_PROCESS       ((zx_obj_type_t)1u)
#define ZX_OBJ_TYPE_THREAD        ((zx_obj_type_t)2u)
#define ZX_OBJ_TYPE_VMO           ((zx_obj_type_t)3u)
#define ZX_OBJ_TYPE_CHANNEL       ((zx_obj_type_t)4u)
#define ZX_OBJ_TYPE_EVENT         ((zx_obj_type_t)5u)
#define ZX_OBJ_TYPE_PORT          ((zx_obj_type_t)6u)
#define ZX_OBJ_TYPE_INTERRUPT     ((zx_obj_type_t)9u)
#define ZX_OBJ_TYPE_PCI_DEVICE    ((zx_obj_type_t)11u)
#define ZX_OBJ_TYPE_LOG           ((zx_obj_type_t)12u)
#define ZX_OBJ_TYPE_SOCKET        ((zx_obj_type_t)14u)
#define ZX_OBJ_TYPE_RESOURCE      ((zx_obj_type_t)15u)
#define ZX_OBJ_TYPE_EVENTPAIR     ((zx_obj_type_t)16u)
#define ZX_OBJ_TYPE_JOB           ((zx_obj_type_t)17u)
#define ZX_OBJ_TYPE_VMAR          ((zx_obj_type_t)18u)
#define ZX_OBJ_TYPE_FIFO          ((zx_obj_type_t)19u)
#define ZX_OBJ_TYPE_GUEST         ((zx_obj_type_t)20u)
#define ZX_OBJ_TYPE_VCPU          ((zx_obj_type_t)21u)
#define ZX_OBJ_TYPE_TIMER         ((zx_obj_type_t)22u)
#define ZX_OBJ_TYPE_IOMMU         ((zx_obj_type_t)23u)
#define ZX_OBJ_TYPE_BTI           ((zx_obj_type_t)24u)
#define ZX_OBJ_TYPE_PROFILE       ((zx_obj_type_t)25u)
#define ZX_OBJ_TYPE_PMT           ((zx_obj_type_t)26u)
#define ZX_OBJ_TYPE_SUSPEND_TOKEN ((zx_obj_type_t)27u)
#define ZX_OBJ_TYPE_PAGER         ((zx_obj_type_t)28u)
#define ZX_OBJ_TYPE_UPPER_BOUND   ((zx_obj_type_t)64u)

// zx_object_wait_async
#define ZX_WAIT_ASYNC_ONCE      ((uint32_t)0u)
#define ZX_WAIT_ASYNC_TIMESTAMP ((uint32_t)1u)
#define ZX_WAIT_ASYNC_EDGE      ((uint32_t)2u)

// zx_object_wait_many
#define ZX_WAIT_MANY_MAX_ITEMS ((size_t)16u)
typedef struct zx_wait_item {
    zx_handle_t handle;    // borrowed
    zx_signals_t waitfor;  // in: wake on any of these
    zx_signals_t pending;  // out: the state at wake
} zx_wait_item_t;

// Channels
#define ZX_CHANNEL_MAX_MSG_BYTES    ((uint32_t)65536u)
#define ZX_CHANNEL_MAX_MSG_HANDLES  ((uint32_t)64u)
#define ZX_CHANNEL_READ_MAY_DISCARD ((uint32_t)1u)
#define ZX_CHANNEL_WRITE_USE_IOVEC  ((uint32_t)2u)

typedef struct zx_channel_call_args {
    const void* wr_bytes;
    const zx_handle_t* wr_handles;  // consumed by the call
    void* rd_bytes;
    zx_handle_t* rd_handles;  // owned by the caller when the call succeeds
    uint32_t wr_num_bytes;
    uint32_t wr_num_handles;
    uint32_t rd_num_bytes;
    uint32_t rd_num_handles;
} zx_channel_call_args_t;

typedef struct zx_handle_info {
    zx_handle_t handle;
    zx_obj_type_t type;
    zx_rights_t rights;
    uint32_t unused;
} zx_handle_info_t;

// Sockets
#define ZX_SOCKET_STREAM   ((uint32_t)0u)
#define ZX_SOCKET_DATAGRAM ((uint32_t)1u)
#define ZX_SOCKET_PEEK     ((uint32_t)1u << 3)  // zx_socket_read: leave it there

// zx_socket_shutdown
#define ZX_SOCKET_SHUTDOWN_WRITE ((uint32_t)1u << 0)
#define ZX_SOCKET_SHUTDOWN_READ  ((uint32_t)1u << 1)
#define ZX_SOCKET_SHUTDOWN_MASK  (ZX_SOCKET_SHUTDOWN_WRITE | ZX_SOCKET_SHUTDOWN_READ)

// VMOs
#define ZX_VMO_NON_RESIZABLE ((uint32_t)1u << 0)  // of 2018: says what holds anyway
#define ZX_VMO_RESIZABLE     ((uint32_t)1u << 1)

// zx_vmo_create_child: one of the first three, and what of the others goes with it
#define ZX_VMO_CHILD_SNAPSHOT                   ((uint32_t)1u << 0)
#define ZX_VMO_CHILD_SLICE                      ((uint32_t)1u << 3)
#define ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE ((uint32_t)1u << 4)
#define ZX_VMO_CHILD_RESIZABLE                  ((uint32_t)1u << 2)
#define ZX_VMO_CHILD_NO_WRITE                   ((uint32_t)1u << 5)

// zx_vmo_clone, of 2018
#define ZX_VMO_CLONE_COPY_ON_WRITE  ((uint32_t)1u << 0)
#define ZX_VMO_CLONE_NON_RESIZEABLE ((uint32_t)1u << 1)

#define ZX_VMO_OP_COMMIT                 ((uint32_t)1u)
#define ZX_VMO_OP_DECOMMIT               ((uint32_t)2u)
#define ZX_VMO_OP_LOCK                   ((uint32_t)3u)
#define ZX_VMO_OP_UNLOCK                 ((uint32_t)4u)
#define ZX_VMO_OP_CACHE_SYNC             ((uint32_t)6u)
#define ZX_VMO_OP_CACHE_INVALIDATE       ((uint32_t)7u)
#define ZX_VMO_OP_CACHE_CLEAN            ((uint32_t)8u)
#define ZX_VMO_OP_CACHE_CLEAN_INVALIDATE ((uint32_t)9u)
#define ZX_VMO_OP_ZERO                   ((uint32_t)10u)

#define ZX_CACHE_POLICY_CACHED          ((uint32_t)0u)
#define ZX_CACHE_POLICY_UNCACHED        ((uint32_t)1u)
#define ZX_CACHE_POLICY_UNCACHED_DEVICE ((uint32_t)2u)
#define ZX_CACHE_POLICY_WRITE_COMBINING ((uint32_t)3u)
#define ZX_CACHE_POLICY_MASK            ((uint32_t)3u)

#define ZX_CACHE_FLUSH_INSN       ((uint32_t)1u << 0)
#define ZX_CACHE_FLUSH_DATA       ((uint32_t)1u << 1)
#define ZX_CACHE_FLUSH_INVALIDATE ((uint32_t)1u << 2)

// Mappings
#define ZX_VM_PERM_READ             ((zx_vm_option_t)1u << 0)
#define ZX_VM_PERM_WRITE            ((zx_vm_option_t)1u << 1)
#define ZX_VM_PERM_EXECUTE          ((zx_vm_option_t)1u << 2)
#define ZX_VM_COMPACT               ((zx_vm_option_t)1u << 3)
#define ZX_VM_SPECIFIC              ((zx_vm_option_t)1u << 4)
#define ZX_VM_SPECIFIC_OVERWRITE    ((zx_vm_option_t)1u << 5)
#define ZX_VM_CAN_MAP_SPECIFIC      ((zx_vm_option_t)1u << 6)
#define ZX_VM_CAN_MAP_READ          ((zx_vm_option_t)1u << 7)
#define ZX_VM_CAN_MAP_WRITE         ((zx_vm_option_t)1u << 8)
#define ZX_VM_CAN_MAP_EXECUTE       ((zx_vm_option_t)1u << 9)
#define ZX_VM_MAP_RANGE             ((zx_vm_option_t)1u << 10)
#define ZX_VM_REQUIRE_NON_RESIZABLE ((zx_vm_option_t)1u << 11)

// DMA
#define ZX_BTI_PERM_READ    ((uint32_t)1u << 0)
#define ZX_BTI_PERM_WRITE   ((uint32_t)1u << 1)
#define ZX_BTI_PERM_EXECUTE ((uint32_t)1u << 2)
#define ZX_BTI_COMPRESS     ((uint32_t)1u << 3)
#define ZX_BTI_CONTIGUOUS   ((uint32_t)1u << 4)

// Interrupts
#define ZX_INTERRUPT_REMAP_IRQ       ((uint32_t)1u)
#define ZX_INTERRUPT_MODE_DEFAULT    ((uint32_t)0u << 1)
#define ZX_INTERRUPT_MODE_EDGE_LOW   ((uint32_t)1u << 1)
#define ZX_INTERRUPT_MODE_EDGE_HIGH  ((uint32_t)2u << 1)
#define ZX_INTERRUPT_MODE_LEVEL_LOW  ((uint32_t)3u << 1)
#define ZX_INTERRUPT_MODE_LEVEL_HIGH ((uint32_t)4u << 1)
#define ZX_INTERRUPT_MODE_EDGE_BOTH  ((uint32_t)5u << 1)
#define ZX_INTERRUPT_MODE_MASK       ((uint32_t)0xeu)
#define ZX_INTERRUPT_VIRTUAL         ((uint32_t)0x10u)
#define ZX_INTERRUPT_BIND            ((uint32_t)0u)
#define ZX_INTERRUPT_UNBIND          ((uint32_t)1u)

// Timers
#define ZX_TIMER_SLACK_CENTER ((uint32_t)0u)
#define ZX_TIMER_SLACK_EARLY  ((uint32_t)1u)
#define ZX_TIMER_SLACK_LATE   ((uint32_t)2u)

// Resources
typedef uint32_t zx_rsrc_kind_t;
#define ZX_RSRC_KIND_MMIO       ((zx_rsrc_kind_t)0u)
#define ZX_RSRC_KIND_IRQ        ((zx_rsrc_kind_t)1u)
#define ZX_RSRC_KIND_IOPORT     ((zx_rsrc_kind_t)2u)
#define ZX_RSRC_KIND_HYPERVISOR ((zx_rsrc_kind_t)3u)
#define ZX_RSRC_KIND_ROOT       ((zx_rsrc_kind_t)4u)
#define ZX_RSRC_KIND_VMEX       ((zx_rsrc_kind_t)5u)
#define ZX_RSRC_KIND_SMC        ((zx_rsrc_kind_t)6u)
#define ZX_RSRC_KIND_COUNT      ((zx_rsrc_kind_t)7u)
typedef uint32_t zx_rsrc_flags_t;
#define ZX_RSRC_FLAG_EXCLUSIVE   ((zx_rsrc_flags_t)0x10000u)
#define ZX_RSRC_FLAGS_MASK       ZX_RSRC_FLAG_EXCLUSIVE
#define ZX_RSRC_EXTRACT_KIND(x)  ((x)&0xffffu)
#define ZX_RSRC_EXTRACT_FLAGS(x) ((x)&0xffff0000u)
