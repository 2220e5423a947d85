// SPDX-License-Identifier: MIT
// The list of free IOVAs. Giving back never needs memory: every alloc first makes sure that the
// array could hold one extent between any two that are handed out.
#include "lx_vfio.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_PAGE (0x10000u / LX_VFIO_PAGE_SIZE)

static int extent_compare(const void* a, const void* b) {
    const lx_iova_extent_t* left = a;
    const lx_iova_extent_t* right = b;
    return left->page < right->page ? -1 : left->page > right->page;
}

static zx_status_t extents_reserve(lx_iova_t* iova, size_t needed) {
    if (needed <= iova->capacity) {
        return ZX_OK;
    }
    size_t capacity = needed * 2;
    lx_iova_extent_t* grown = realloc(iova->extents, capacity * sizeof(*grown));
    if (grown == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    iova->extents = grown;
    iova->capacity = capacity;
    return ZX_OK;
}

// Whole pages of |range| without the reserved start. False: nothing is left.
static bool extent_from_range(const lx_vfio_range_t* range, lx_iova_extent_t* out) {
    if (range->last < range->first) {
        return false;
    }
    // Page numbers cannot overflow, addresses past the last byte could.
    uint64_t first = range->first / LX_VFIO_PAGE_SIZE + (range->first % LX_VFIO_PAGE_SIZE != 0);
    uint64_t end = range->last / LX_VFIO_PAGE_SIZE +
                   (range->last % LX_VFIO_PAGE_SIZE == LX_VFIO_PAGE_SIZE - 1);
    if (first < FIRST_PAGE) {
        first = FIRST_PAGE;
    }
    if (end <= first) {
        return false;
    }
    *out = (lx_iova_extent_t){.page = first, .count = end - first};
    return true;
}

zx_status_t lx_iova_init(lx_iova_t* iova, const lx_vfio_range_t* ranges, size_t range_count) {
    memset(iova, 0, sizeof(*iova));
    zx_status_t status = extents_reserve(iova, range_count + 8);
    if (status != ZX_OK) {
        return status;
    }
    for (size_t i = 0; i < range_count; i++) {
        if (extent_from_range(&ranges[i], &iova->extents[iova->extent_count])) {
            iova->extent_count++;
        }
    }
    qsort(iova->extents, iova->extent_count, sizeof(*iova->extents), extent_compare);
    iova->max_split = iova->extent_count;
    return ZX_OK;
}

void lx_iova_fini(lx_iova_t* iova) {
    free(iova->extents);
    memset(iova, 0, sizeof(*iova));
}

static void extent_remove(lx_iova_t* iova, size_t index) {
    memmove(&iova->extents[index], &iova->extents[index + 1],
            (iova->extent_count - index - 1) * sizeof(*iova->extents));
    iova->extent_count--;
}

zx_status_t lx_iova_alloc(lx_iova_t* iova, uint64_t size, uint64_t* out_address) {
    uint64_t count = size / LX_VFIO_PAGE_SIZE;
    if (count == 0 || size % LX_VFIO_PAGE_SIZE != 0) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_status_t status = extents_reserve(iova, iova->max_split + iova->live + 1);
    if (status != ZX_OK) {
        return status;
    }
    for (size_t i = 0; i < iova->extent_count; i++) {
        lx_iova_extent_t* extent = &iova->extents[i];
        if (extent->count < count) {
            continue;
        }
        *out_address = extent->page * LX_VFIO_PAGE_SIZE;
        extent->page += count;
        extent->count -= count;
        if (extent->count == 0) {
            extent_remove(iova, i);
        }
        iova->live++;
        return ZX_OK;
    }
    return ZX_ERR_NO_RESOURCES;
}

// Index of the first extent above |page|.
static size_t extent_above(const lx_iova_t* iova, uint64_t page) {
    size_t low = 0;
    size_t high = iova->extent_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (iova->extents[middle].page > page) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

void lx_iova_free(lx_iova_t* iova, uint64_t address, uint64_t size) {
    uint64_t page = address / LX_VFIO_PAGE_SIZE;
    uint64_t count = size / LX_VFIO_PAGE_SIZE;
    size_t index = extent_above(iova, page);
    lx_iova_extent_t* after = index < iova->extent_count ? &iova->extents[index] : NULL;
    lx_iova_extent_t* before = index > 0 ? &iova->extents[index - 1] : NULL;
    bool joins_before = before != NULL && before->page + before->count == page;
    bool joins_after = after != NULL && page + count == after->page;
    iova->live--;
    if (joins_before && joins_after) {
        before->count += count + after->count;
        extent_remove(iova, index);
    } else if (joins_before) {
        before->count += count;
    } else if (joins_after) {
        after->page = page;
        after->count += count;
    } else {
        memmove(&iova->extents[index + 1], &iova->extents[index],
                (iova->extent_count - index) * sizeof(*iova->extents));
        iova->extents[index] = (lx_iova_extent_t){.page = page, .count = count};
        iova->extent_count++;
    }
}
