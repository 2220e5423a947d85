// SPDX-License-Identifier: MIT
// The list of free IOVAs, and the areas of a BAR.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "lx_vfio.h"

#define PAGE  ((uint64_t)LX_VFIO_PAGE_SIZE)
#define FIRST 0x10000u

static uint64_t free_pages(const lx_iova_t* iova) {
    uint64_t pages = 0;
    for (size_t i = 0; i < iova->extent_count; i++) {
        pages += iova->extents[i].count;
    }
    return pages;
}

Test(iova, starts_above_the_lowest_addresses_and_takes_whole_pages) {
    const lx_vfio_range_t ranges[] = {
        {0x200001, 0x204ffe}, {0, 0x11fff}, {5, 4}, {0x300000, 0x300ffe}};
    lx_iova_t iova;
    uint64_t address = 0;
    cr_assert(eq(i32, lx_iova_init(&iova, ranges, 4), ZX_OK));
    cr_expect(eq(u64, free_pages(&iova), 2 + 3));
    cr_expect(eq(i32, lx_iova_alloc(&iova, PAGE, &address), ZX_OK));
    cr_expect(eq(u64, address, FIRST));
    // Three pages fit into the second range only.
    cr_expect(eq(i32, lx_iova_alloc(&iova, 3 * PAGE, &address), ZX_OK));
    cr_expect(eq(u64, address, 0x201000));
    cr_expect(eq(i32, lx_iova_alloc(&iova, 2 * PAGE, &address), ZX_ERR_NO_RESOURCES));
    cr_expect(eq(i32, lx_iova_alloc(&iova, PAGE, &address), ZX_OK));
    cr_expect(eq(i32, lx_iova_alloc(&iova, PAGE, &address), ZX_ERR_NO_RESOURCES));
    cr_expect(eq(i32, lx_iova_alloc(&iova, 0, &address), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, lx_iova_alloc(&iova, 1, &address), ZX_ERR_INVALID_ARGS));
    lx_iova_fini(&iova);
}

Test(iova, the_last_address_of_all_does_not_overflow) {
    const lx_vfio_range_t all = {0, UINT64_MAX};
    lx_iova_t iova;
    uint64_t address = 0;
    cr_assert(eq(i32, lx_iova_init(&iova, &all, 1), ZX_OK));
    cr_expect(eq(u64, free_pages(&iova), (UINT64_MAX - FIRST + 1) / PAGE));
    cr_expect(eq(i32, lx_iova_alloc(&iova, UINT64_MAX - PAGE + 1, &address), ZX_ERR_NO_RESOURCES));
    cr_expect(eq(i32, lx_iova_alloc(&iova, (UINT64_MAX >> 1) + 1, &address), ZX_OK));
    lx_iova_fini(&iova);
}

Test(iova, nothing_at_all) {
    lx_iova_t iova;
    uint64_t address = 0;
    cr_assert(eq(i32, lx_iova_init(&iova, NULL, 0), ZX_OK));
    cr_expect(eq(i32, lx_iova_alloc(&iova, PAGE, &address), ZX_ERR_NO_RESOURCES));
    lx_iova_fini(&iova);
}

// Random allocs and frees against a plain map of pages.
Test(iova, random_use_keeps_the_books) {
    enum { PAGES = 512, SLOTS = 200 };
    const lx_vfio_range_t range = {FIRST, FIRST + PAGES * LX_VFIO_PAGE_SIZE - 1};
    bool is_used[PAGES] = {false};
    struct {
        uint64_t address;
        uint64_t size;
    } live[SLOTS] = {{0, 0}};
    lx_iova_t iova;
    srand(1);
    cr_assert(eq(i32, lx_iova_init(&iova, &range, 1), ZX_OK));
    for (int round = 0; round < 20000; round++) {
        size_t slot = (size_t)rand() % SLOTS;
        if (live[slot].size != 0) {
            lx_iova_free(&iova, live[slot].address, live[slot].size);
            for (uint64_t i = 0; i < live[slot].size / PAGE; i++) {
                is_used[(live[slot].address - FIRST) / PAGE + i] = false;
            }
            live[slot].size = 0;
            continue;
        }
        uint64_t size = (uint64_t)(1 + rand() % 6) * PAGE;
        uint64_t address = 0;
        if (lx_iova_alloc(&iova, size, &address) != ZX_OK) {
            continue;
        }
        cr_assert(ge(u64, address, FIRST));
        for (uint64_t i = 0; i < size / PAGE; i++) {
            cr_assert(not(is_used[(address - FIRST) / PAGE + i]), "handed out twice");
            is_used[(address - FIRST) / PAGE + i] = true;
        }
        live[slot].address = address;
        live[slot].size = size;
    }
    for (size_t slot = 0; slot < SLOTS; slot++) {
        if (live[slot].size != 0) {
            lx_iova_free(&iova, live[slot].address, live[slot].size);
        }
    }
    cr_expect(eq(sz, iova.extent_count, 1));
    cr_expect(eq(u64, free_pages(&iova), PAGES));
    lx_iova_fini(&iova);
}

Test(bar_areas, a_hole_splits_shortens_or_removes) {
    lx_vfio_area_t areas[LX_VFIO_MAX_AREAS] = {{0, 8 * PAGE}};
    size_t count = lx_vfio_areas_exclude(areas, 1, 3 * PAGE + 16, 32);
    cr_assert(eq(sz, count, 2));
    cr_expect(eq(u64, areas[0].size, 3 * PAGE));
    cr_expect(eq(u64, areas[1].offset, 4 * PAGE));
    cr_expect(eq(u64, areas[1].size, 4 * PAGE));
    count = lx_vfio_areas_exclude(areas, count, 0, 1);
    cr_assert(eq(sz, count, 2));
    cr_expect(eq(u64, areas[0].offset, PAGE));
    count = lx_vfio_areas_exclude(areas, count, PAGE - 1, 2 * PAGE);
    cr_assert(eq(sz, count, 1));
    cr_expect(eq(u64, areas[0].offset, 4 * PAGE));
    count = lx_vfio_areas_exclude(areas, count, 20 * PAGE, PAGE);
    cr_expect(eq(sz, count, 1));
    count = lx_vfio_areas_exclude(areas, count, 0, 100 * PAGE);
    cr_expect(eq(sz, count, 0));
}
