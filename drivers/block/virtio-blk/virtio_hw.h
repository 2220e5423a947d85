// SPDX-License-Identifier: MIT
// Registers, capabilities and memory layouts of a modern virtio block device on PCI.
// Source: OASIS "Virtual I/O Device (VIRTIO) Version 1.2"; the section is named at each group.
// All fields are little-endian, as are the machines that this runs on.
#pragma once

#include <stdatomic.h>
#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "virtio fields are little-endian");

// 4.1.2 PCI device discovery
#define VIRTIO_PCI_VENDOR_ID     0x1af4u
#define VIRTIO_BLK_PCI_DEVICE_ID 0x1042u  // 0x1040 + device type 2

// 4.1.4 Virtio structure PCI capabilities. Offsets within the capability.
#define VIRTIO_PCI_CAP_LENGTH            0x02u  // u8
#define VIRTIO_PCI_CAP_CFG_TYPE          0x03u  // u8
#define VIRTIO_PCI_CAP_BAR               0x04u  // u8
#define VIRTIO_PCI_CAP_OFFSET            0x08u  // u32, in the BAR
#define VIRTIO_PCI_CAP_SIZE              0x0cu  // u32
#define VIRTIO_PCI_CAP_NOTIFY_MULTIPLIER 0x10u  // u32, notification capability only

#define VIRTIO_PCI_CAP_MIN_LENGTH        16u
#define VIRTIO_PCI_CAP_NOTIFY_MIN_LENGTH 20u

#define VIRTIO_PCI_CFG_COMMON 1u
#define VIRTIO_PCI_CFG_NOTIFY 2u
#define VIRTIO_PCI_CFG_ISR    3u
#define VIRTIO_PCI_CFG_DEVICE 4u

// 4.1.4.3 Common configuration structure
#define VIRTIO_COMMON_DEVICE_FEATURE_SELECT 0x00u  // u32
#define VIRTIO_COMMON_DEVICE_FEATURE        0x04u  // u32
#define VIRTIO_COMMON_DRIVER_FEATURE_SELECT 0x08u  // u32
#define VIRTIO_COMMON_DRIVER_FEATURE        0x0cu  // u32
#define VIRTIO_COMMON_CONFIG_MSIX_VECTOR    0x10u  // u16
#define VIRTIO_COMMON_NUM_QUEUES            0x12u  // u16
#define VIRTIO_COMMON_DEVICE_STATUS         0x14u  // u8
#define VIRTIO_COMMON_CONFIG_GENERATION     0x15u  // u8
#define VIRTIO_COMMON_QUEUE_SELECT          0x16u  // u16
#define VIRTIO_COMMON_QUEUE_SIZE            0x18u  // u16
#define VIRTIO_COMMON_QUEUE_MSIX_VECTOR     0x1au  // u16
#define VIRTIO_COMMON_QUEUE_ENABLE          0x1cu  // u16
#define VIRTIO_COMMON_QUEUE_NOTIFY_OFF      0x1eu  // u16
#define VIRTIO_COMMON_QUEUE_DESC            0x20u  // u64, written as two u32
#define VIRTIO_COMMON_QUEUE_DRIVER          0x28u  // u64
#define VIRTIO_COMMON_QUEUE_DEVICE          0x30u  // u64
#define VIRTIO_COMMON_MIN_SIZE              0x38u

#define VIRTIO_MSI_NO_VECTOR 0xffffu

// 2.1 Device status field
#define VIRTIO_STATUS_ACKNOWLEDGE 0x01u
#define VIRTIO_STATUS_DRIVER      0x02u
#define VIRTIO_STATUS_DRIVER_OK   0x04u
#define VIRTIO_STATUS_FEATURES_OK 0x08u
#define VIRTIO_STATUS_NEEDS_RESET 0x40u
#define VIRTIO_STATUS_FAILED      0x80u

// 6 Reserved feature bits
#define VIRTIO_F_VERSION_1       (UINT64_C(1) << 32)
#define VIRTIO_F_ACCESS_PLATFORM (UINT64_C(1) << 33)

// 5.2.3 Block device feature bits
#define VIRTIO_BLK_F_SIZE_MAX (UINT64_C(1) << 1)
#define VIRTIO_BLK_F_SEG_MAX  (UINT64_C(1) << 2)
#define VIRTIO_BLK_F_RO       (UINT64_C(1) << 5)
#define VIRTIO_BLK_F_BLK_SIZE (UINT64_C(1) << 6)
#define VIRTIO_BLK_F_FLUSH    (UINT64_C(1) << 9)

// 5.2.4 Block device configuration layout
#define VIRTIO_BLK_CFG_CAPACITY 0x00u  // u64, sectors
#define VIRTIO_BLK_CFG_SIZE_MAX 0x08u  // u32, bytes of one segment
#define VIRTIO_BLK_CFG_SEG_MAX  0x0cu  // u32, data segments of one request
#define VIRTIO_BLK_CFG_BLK_SIZE 0x14u  // u32, bytes
#define VIRTIO_BLK_CFG_MIN_SIZE 0x18u

#define VIRTIO_BLK_SECTOR_SIZE 512u

// 5.2.6 Block device operation
#define VIRTIO_BLK_T_IN    0u
#define VIRTIO_BLK_T_OUT   1u
#define VIRTIO_BLK_T_FLUSH 4u

#define VIRTIO_BLK_S_OK     0u
#define VIRTIO_BLK_S_IOERR  1u
#define VIRTIO_BLK_S_UNSUPP 2u

typedef struct virtio_blk_req_header {
    uint32_t type;
    uint32_t reserved;
    uint64_t sector;
} virtio_blk_req_header_t;

// 2.7 Split virtqueues
#define VIRTQ_MAX_SIZE 32768u

#define VIRTQ_DESC_F_NEXT  1u
#define VIRTQ_DESC_F_WRITE 2u  // the device writes, else it reads

#define VIRTQ_AVAIL_F_NO_INTERRUPT 1u
#define VIRTQ_USED_F_NO_NOTIFY     1u

typedef struct virtq_desc {
    uint64_t address;
    uint32_t length;
    uint16_t flags;
    uint16_t next;
} virtq_desc_t;

typedef struct virtq_avail {
    _Atomic uint16_t flags;
    _Atomic uint16_t index;
    uint16_t ring[];
} virtq_avail_t;

typedef struct virtq_used_elem {
    uint32_t id;
    uint32_t length;
} virtq_used_elem_t;

typedef struct virtq_used {
    _Atomic uint16_t flags;
    _Atomic uint16_t index;
    virtq_used_elem_t ring[];
} virtq_used_t;

_Static_assert(sizeof(virtio_blk_req_header_t) == 16, "5.2.6");
_Static_assert(sizeof(virtq_desc_t) == 16, "2.7.5");
_Static_assert(sizeof(virtq_avail_t) == 4, "2.7.6");
_Static_assert(sizeof(virtq_used_elem_t) == 8, "2.7.8");
_Static_assert(sizeof(virtq_used_t) == 4, "2.7.8");
