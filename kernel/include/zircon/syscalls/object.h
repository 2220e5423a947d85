// SPDX-License-Identifier: MIT
// Topics of zx_object_get_info and properties of zx_object_get/set_property.
#pragma once

#include <zircon/types.h>

typedef uint32_t zx_object_info_topic_t;
#define ZX_INFO_NONE         ((zx_object_info_topic_t)0u)
#define ZX_INFO_HANDLE_VALID ((zx_object_info_topic_t)1u)   // no buffer: OK or BAD_HANDLE
#define ZX_INFO_HANDLE_BASIC ((zx_object_info_topic_t)2u)   // zx_info_handle_basic_t
#define ZX_INFO_PROCESS      ((zx_object_info_topic_t)3u)   // zx_info_process_t
#define ZX_INFO_VMAR         ((zx_object_info_topic_t)7u)   // zx_info_vmar_t
#define ZX_INFO_RESOURCE     ((zx_object_info_topic_t)18u)  // zx_info_resource_t
#define ZX_INFO_HANDLE_COUNT ((zx_object_info_topic_t)19u)  // zx_info_handle_count_t
#define ZX_INFO_BTI          ((zx_object_info_topic_t)20u)  // zx_info_bti_t
#define ZX_INFO_SOCKET       ((zx_object_info_topic_t)22u)  // zx_info_socket_t
#define ZX_INFO_VMO          ((zx_object_info_topic_t)23u)  // zx_info_vmo_t
#define ZX_INFO_TIMER        ((zx_object_info_topic_t)25u)  // zx_info_timer_t

typedef struct zx_info_handle_basic {
    zx_koid_t koid;
    zx_rights_t rights;
    zx_obj_type_t type;
    zx_koid_t related_koid;  // the peer's koid, or 0
    uint32_t reserved;
    uint8_t padding1[4];
} zx_info_handle_basic_t;

typedef struct zx_info_handle_count {
    uint32_t handle_count;  // handles to the object in this process
} zx_info_handle_count_t;

typedef struct zx_info_process {
    int64_t return_code;
    bool started;
    bool exited;
    bool debugger_attached;
    uint8_t padding1[5];
} zx_info_process_t;

typedef struct zx_info_vmar {
    uintptr_t base;
    size_t len;
} zx_info_vmar_t;

typedef struct zx_info_resource {
    uint32_t kind;
    uint32_t flags;
    uint64_t base;
    uint64_t size;
    char name[ZX_MAX_NAME_LEN];
} zx_info_resource_t;

typedef struct zx_info_bti {
    uint64_t minimum_contiguity;
    uint64_t aspace_size;
    uint64_t pmo_count;
    uint64_t quarantine_count;
} zx_info_bti_t;

#define ZX_INFO_VMO_TYPE_PHYSICAL ((uint32_t)0u)
#define ZX_INFO_VMO_TYPE_PAGED    ((uint32_t)1u)
#define ZX_INFO_VMO_RESIZABLE     ((uint32_t)1u << 1)
#define ZX_INFO_VMO_IS_COW_CLONE  ((uint32_t)1u << 2)  // a snapshot
#define ZX_INFO_VMO_CONTIGUOUS    ((uint32_t)1u << 5)

typedef struct zx_info_vmo {
    zx_koid_t koid;
    char name[ZX_MAX_NAME_LEN];
    uint64_t size_bytes;
    zx_koid_t parent_koid;
    uint64_t num_children;
    uint64_t num_mappings;
    uint64_t share_count;
    uint32_t flags;
    uint8_t padding1[4];
    uint64_t committed_bytes;
    zx_rights_t handle_rights;
    uint32_t cache_policy;
} zx_info_vmo_t;

typedef struct zx_info_timer {
    uint32_t options;
    uint8_t padding1[4];
    zx_time_t deadline;
    zx_duration_t slack;
} zx_info_timer_t;

// Sizes count what is in a buffer; each datagram takes 4 bytes more than it has.
typedef struct zx_info_socket {
    uint32_t options;  // ZX_SOCKET_STREAM or ZX_SOCKET_DATAGRAM
    uint8_t padding1[4];
    size_t rx_buf_max;
    size_t rx_buf_size;
    size_t rx_buf_available;  // what one read can give: of datagrams, the size of the first
    size_t tx_buf_max;
    size_t tx_buf_size;
} zx_info_socket_t;

#define ZX_PROP_NAME                ((uint32_t)3u)   // char[ZX_MAX_NAME_LEN]
#define ZX_PROP_SOCKET_RX_THRESHOLD ((uint32_t)12u)  // size_t; 0: none
#define ZX_PROP_SOCKET_TX_THRESHOLD ((uint32_t)13u)  // size_t; 0: none
