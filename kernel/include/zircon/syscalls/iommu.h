// SPDX-License-Identifier: MIT
// Descriptions for zx_iommu_create.
#pragma once

#include <stdint.h>

#define ZX_IOMMU_MAX_DESC_LEN 4096u

#define ZX_IOMMU_TYPE_DUMMY 0u
#define ZX_IOMMU_TYPE_INTEL 1u

typedef struct zx_iommu_desc_dummy {
    uint8_t reserved;
} zx_iommu_desc_dummy_t;
