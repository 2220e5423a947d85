// SPDX-License-Identifier: MIT
// Runs of device addresses: merging, limits, unaligned starts, lists of pieces.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <lib/ddk/phys-iter.h>

#define PAGE ZX_PAGE_SIZE

typedef struct run {
    zx_paddr_t address;
    size_t length;
} run_t;

static void check_runs(const phys_iter_buffer_t* buffer, size_t max_length, const run_t* runs,
                       size_t count) {
    phys_iter_t iter;
    phys_iter_init(&iter, buffer, max_length);
    for (size_t i = 0; i < count; i++) {
        zx_paddr_t address = 0;
        size_t length = phys_iter_next(&iter, &address);
        cr_assert(eq(sz, length, runs[i].length), "run %zu", i);
        cr_assert(eq(u64, address, runs[i].address), "run %zu", i);
    }
    zx_paddr_t address = 0;
    cr_assert(eq(sz, phys_iter_next(&iter, &address), 0));
    cr_assert(eq(sz, phys_iter_next(&iter, &address), 0), "the end stays the end");
}

Test(phys_iter, merges_adjacent_pages) {
    zx_paddr_t phys[] = {0x10000, 0x11000, 0x20000};
    phys_iter_buffer_t buffer = {.phys = phys, .phys_count = 3, .length = 3 * PAGE};
    const run_t runs[] = {{0x10000, 2 * PAGE}, {0x20000, PAGE}};
    check_runs(&buffer, 0, runs, countof(runs));
    const run_t limited[] = {{0x10000, PAGE}, {0x11000, PAGE}, {0x20000, PAGE}};
    check_runs(&buffer, PAGE, limited, countof(limited));
}

Test(phys_iter, contiguous) {
    zx_paddr_t phys[] = {0x10000};
    phys_iter_buffer_t buffer = {
        .phys = phys, .phys_count = 1, .length = 3 * PAGE + 100, .vmo_offset = 0x20};
    const run_t all[] = {{0x10020, 3 * PAGE + 100}};
    check_runs(&buffer, 0, all, countof(all));
    const run_t limited[] = {{0x10020, 2 * PAGE}, {0x12020, PAGE + 100}};
    check_runs(&buffer, 2 * PAGE, limited, countof(limited));
}

Test(phys_iter, unaligned_start) {
    zx_paddr_t phys[] = {0x10000, 0x20000, 0x21000};
    phys_iter_buffer_t buffer = {
        .phys = phys, .phys_count = 3, .length = 2 * PAGE, .vmo_offset = PAGE / 2};
    const run_t runs[] = {{0x10800, PAGE / 2}, {0x20000, PAGE + PAGE / 2}};
    check_runs(&buffer, 0, runs, countof(runs));
    zx_paddr_t adjacent[] = {0x10000, 0x11000, 0x12000};
    buffer.phys = adjacent;
    const run_t one[] = {{0x10800, 2 * PAGE}};
    check_runs(&buffer, 0, one, countof(one));
}

Test(phys_iter, pieces_in_their_order) {
    zx_paddr_t phys[] = {0x10000, 0x20000, 0x21000};
    phys_iter_sg_entry_t list[] = {{100, 2 * PAGE}, {0, 0}, {PAGE, PAGE / 2}, {0, 5}};
    phys_iter_buffer_t buffer = {.phys = phys,
                                 .phys_count = 3,
                                 .length = 3 * PAGE,
                                 .sg_list = list,
                                 .sg_count = countof(list)};
    const run_t runs[] = {{0x21000, 100}, {0x10800, PAGE / 2}, {0x20000, PAGE / 2}};
    check_runs(&buffer, 0, runs, countof(runs));
}

Test(phys_iter, nothing) {
    zx_paddr_t phys[] = {0x10000};
    phys_iter_buffer_t buffer = {.phys = phys, .phys_count = 1, .length = 0};
    check_runs(&buffer, 0, NULL, 0);
}
