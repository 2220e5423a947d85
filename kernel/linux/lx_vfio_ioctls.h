// SPDX-License-Identifier: MIT
// The VFIO requests that a driver host issues. The sandbox allows these on any fd and no other VFIO
// request: a host can neither attach a group to a container nor open another device of a group.
#pragma once

#include <linux/vfio.h>

// Initialiser list of request numbers.
// clang-format off
#define LX_VFIO_HOST_IOCTLS                            \
    {                                                  \
        VFIO_IOMMU_GET_INFO,        /* IOVA ranges  */ \
        VFIO_IOMMU_MAP_DMA,         /* bti_pin      */ \
        VFIO_IOMMU_UNMAP_DMA,       /* pmt_unpin    */ \
        VFIO_DEVICE_GET_REGION_INFO,/* BARs, config */ \
        VFIO_DEVICE_GET_IRQ_INFO,   /* query mode   */ \
        VFIO_DEVICE_SET_IRQS,       /* interrupts   */ \
        VFIO_DEVICE_RESET,                             \
    }
// clang-format on
