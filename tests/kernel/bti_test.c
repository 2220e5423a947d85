// SPDX-License-Identifier: MIT
// BTI and PMT over a container that exists only in this process.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <sys/mman.h>

#include <linux/vfio.h>

#include <lx/pci.h>
#include <zircon/syscalls.h>

#include "../fakes/fini_check.h"
#include "fake_vfio.h"
#include "object.h"

#define PAGE ZX_PAGE_SIZE
#define BOTH (ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE)

static zx_handle_t device;
static zx_handle_t bti;
static zx_handle_t vmo;

static void setup(void) {
    fake_vfio_init();
    device = fake_vfio_open();
    cr_assert(ne(u32, device, ZX_HANDLE_INVALID));
    cr_assert(eq(i32, zx_bti_create(device, 0, 7, &bti), ZX_OK));
    cr_assert(eq(i32, zx_vmo_create(8 * PAGE, 0, &vmo), ZX_OK));
}

static void teardown(void) {
    zx_handle_close(vmo);
    zx_handle_close(bti);
    zx_handle_close(device);
    fini_check(fake_vfio_mapping_count() == 0);
    fake_vfio_fini();
}

TestSuite(bti, .init = setup, .fini = teardown, .timeout = 20);

static zx_handle_t pin(uint32_t options, uint64_t offset, size_t pages, zx_paddr_t* addresses) {
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    size_t count = (options & ZX_BTI_CONTIGUOUS) ? 1 : pages;
    cr_assert(eq(i32, zx_bti_pin(bti, options, vmo, offset, pages * PAGE, addresses, count, &pmt),
                 ZX_OK));
    return pmt;
}

static zx_info_bti_t info(void) {
    zx_info_bti_t out = {0};
    cr_assert(eq(i32, zx_object_get_info(bti, ZX_INFO_BTI, &out, sizeof(out), NULL, NULL), ZX_OK));
    return out;
}

Test(bti, create_checks_its_arguments) {
    zx_handle_t out = ZX_HANDLE_INVALID;
    zx_handle_t read_only = ZX_HANDLE_INVALID;
    cr_expect(eq(i32, zx_bti_create(device, 1, 0, &out), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_bti_create(device, 0, 0, NULL), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_bti_create(ZX_HANDLE_INVALID, 0, 0, &out), ZX_ERR_BAD_HANDLE));
    cr_expect(eq(i32, zx_bti_create(vmo, 0, 0, &out), ZX_ERR_WRONG_TYPE));
    cr_assert(eq(i32, zx_handle_duplicate(device, ZX_RIGHT_READ, &read_only), ZX_OK));
    cr_expect(eq(i32, zx_bti_create(read_only, 0, 0, &out), ZX_ERR_ACCESS_DENIED));
    zx_handle_close(read_only);
}

Test(bti, pin_maps_with_the_rights_that_were_asked_for) {
    zx_paddr_t addresses[2] = {0};
    zx_handle_t pmt = pin(ZX_BTI_PERM_READ, PAGE, 2, addresses);
    cr_expect(ge(u64, addresses[0], 0x10000));
    cr_expect(eq(u64, addresses[1], addresses[0] + PAGE));
    const fake_vfio_mapping_t* mapping = fake_vfio_find(addresses[0]);
    cr_assert(ne(ptr, (void*)mapping, NULL));
    cr_expect(eq(u64, mapping->size, 2 * PAGE));
    cr_expect(eq(u32, mapping->flags, VFIO_DMA_MAP_FLAG_READ));
    cr_expect(eq(u64, info().pmo_count, 1));
    cr_expect(eq(i32, zx_pmt_unpin(pmt), ZX_OK));
    cr_expect(eq(sz, fake_vfio_mapping_count(), 0));
    cr_expect(eq(u64, info().pmo_count, 0));
    pmt = pin(ZX_BTI_PERM_WRITE | ZX_BTI_COMPRESS, 0, 2, addresses);
    cr_expect(eq(u32, fake_vfio_find(addresses[0])->flags, VFIO_DMA_MAP_FLAG_WRITE));
    cr_expect(eq(u64, addresses[1], addresses[0] + PAGE));
    cr_expect(eq(i32, zx_pmt_unpin(pmt), ZX_OK));
}

Test(bti, contiguous_pins_want_a_contiguous_vmo) {
    zx_paddr_t address = 0;
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    zx_handle_t contiguous = ZX_HANDLE_INVALID;
    zx_handle_t slice = ZX_HANDLE_INVALID;
    const uint32_t options = BOTH | ZX_BTI_CONTIGUOUS;
    cr_expect(
        eq(i32, zx_bti_pin(bti, options, vmo, 0, PAGE, &address, 1, &pmt), ZX_ERR_INVALID_ARGS));
    cr_assert(eq(i32, zx_vmo_create_contiguous(bti, 8 * PAGE, 0, &contiguous), ZX_OK));
    cr_expect(eq(i32, zx_bti_pin(bti, options, contiguous, 0, 8 * PAGE, &address, 1, &pmt), ZX_OK));
    cr_expect(eq(u64, fake_vfio_find(address)->size, 8 * PAGE));
    cr_expect(eq(i32, zx_pmt_unpin(pmt), ZX_OK));
    cr_expect(eq(i32, zx_bti_pin(bti, options, contiguous, 0, 9 * PAGE, &address, 1, &pmt),
                 ZX_ERR_OUT_OF_RANGE));
    cr_assert(
        eq(i32, zx_vmo_create_child(contiguous, ZX_VMO_CHILD_SLICE, PAGE, PAGE, &slice), ZX_OK));
    cr_expect(eq(i32, zx_bti_pin(bti, options, slice, 0, PAGE, &address, 1, &pmt), ZX_OK));
    cr_expect(eq(i32, zx_pmt_unpin(pmt), ZX_OK));
    zx_handle_close(slice);
    zx_handle_close(contiguous);
}

Test(bti, contiguous_vmo_checks_its_arguments) {
    zx_handle_t out = ZX_HANDLE_INVALID;
    zx_handle_t weak = ZX_HANDLE_INVALID;
    cr_expect(eq(i32, zx_vmo_create_contiguous(bti, 0, 0, &out), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_vmo_create_contiguous(bti, PAGE, 0, NULL), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_vmo_create_contiguous(bti, PAGE, 1, &out), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_vmo_create_contiguous(bti, PAGE, 11, &out), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_vmo_create_contiguous(bti, PAGE, 32, &out), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_vmo_create_contiguous(0x1234, PAGE, 0, &out), ZX_ERR_BAD_HANDLE));
    cr_expect(eq(i32, zx_vmo_create_contiguous(vmo, PAGE, 0, &out), ZX_ERR_WRONG_TYPE));
    cr_assert(eq(i32, zx_handle_duplicate(bti, ZX_RIGHT_READ, &weak), ZX_OK));
    cr_expect(eq(i32, zx_vmo_create_contiguous(weak, PAGE, 0, &out), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(u32, out, ZX_HANDLE_INVALID));
    zx_handle_close(weak);
    for (uint32_t alignment = 12; alignment <= 31; alignment += 19) {
        cr_assert(eq(i32, zx_vmo_create_contiguous(bti, PAGE + 1, alignment, &out), ZX_OK));
        uint64_t size = 0;
        cr_expect(eq(i32, zx_vmo_get_size(out, &size), ZX_OK));
        cr_expect(eq(u64, size, 2 * PAGE));
        zx_handle_close(out);
    }
}

Test(bti, calls_check_handle_and_rights) {
    zx_paddr_t address = 0;
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    zx_handle_t weak = ZX_HANDLE_INVALID;
    zx_info_bti_t out;
    cr_expect(
        eq(i32, zx_bti_pin(0x1234, BOTH, vmo, 0, PAGE, &address, 1, &pmt), ZX_ERR_BAD_HANDLE));
    cr_expect(
        eq(i32, zx_bti_pin(bti, BOTH, 0x1234, 0, PAGE, &address, 1, &pmt), ZX_ERR_BAD_HANDLE));
    cr_expect(eq(i32, zx_bti_pin(bti, BOTH, vmo, 0, PAGE, NULL, 1, &pmt), ZX_ERR_INVALID_ARGS));
    cr_expect(eq(i32, zx_bti_pin(bti, BOTH, vmo, 0, PAGE, &address, 1, NULL), ZX_ERR_INVALID_ARGS));
    cr_assert(eq(i32, zx_handle_duplicate(bti, ZX_RIGHT_READ, &weak), ZX_OK));
    cr_expect(
        eq(i32, zx_bti_pin(weak, BOTH, vmo, 0, PAGE, &address, 1, &pmt), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_bti_release_quarantine(weak), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_object_get_info(weak, ZX_INFO_BTI, &out, sizeof(out), NULL, NULL),
                 ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_bti_release_quarantine(0x1234), ZX_ERR_BAD_HANDLE));
    cr_expect(eq(i32, zx_pmt_unpin(0x1234), ZX_ERR_BAD_HANDLE));
    cr_expect(eq(i32, zx_bti_create(0x1234, 0, 0, &weak), ZX_ERR_BAD_HANDLE));
    zx_handle_close(weak);
    // A token can be looked at, and neither duplicated nor sent.
    zx_handle_t ends[2];
    zx_info_handle_basic_t basic;
    pmt = pin(BOTH, 0, 1, &address);
    cr_assert(eq(i32,
                 zx_object_get_info(pmt, ZX_INFO_HANDLE_BASIC, &basic, sizeof(basic), NULL, NULL),
                 ZX_OK));
    cr_expect(eq(u32, basic.type, ZX_OBJ_TYPE_PMT));
    cr_expect(eq(u32, basic.rights, ZX_DEFAULT_PMT_RIGHTS));
    cr_assert(eq(i32, zx_channel_create(0, &ends[0], &ends[1]), ZX_OK));
    cr_expect(eq(i32, zx_channel_write(ends[0], 0, NULL, 0, &pmt, 1), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(u64, info().quarantine_count, 1));
    zx_handle_close_many(ends, 2);
    cr_expect(eq(i32, zx_bti_release_quarantine(bti), ZX_OK));
}

Test(bti, addresses_are_used_again_and_pins_do_not_overlap) {
    zx_paddr_t first = 0;
    zx_paddr_t second[4];
    zx_paddr_t again = 0;
    zx_handle_t a = pin(BOTH, 0, 1, &first);
    zx_handle_t b = pin(BOTH, 0, 4, second);
    cr_expect(ge(u64, second[0], first + PAGE));
    cr_expect(eq(i32, zx_pmt_unpin(a), ZX_OK));
    a = pin(BOTH, 0, 1, &again);
    cr_expect(eq(u64, again, first));
    cr_expect(eq(i32, zx_pmt_unpin(a), ZX_OK));
    cr_expect(eq(i32, zx_pmt_unpin(b), ZX_OK));
}

Test(bti, pin_refuses_bad_arguments) {
    static const struct {
        uint32_t options;
        uint64_t offset;
        uint64_t size;
        size_t count;
        zx_status_t expected;
    } cases[] = {
        {0, 0, PAGE, 1, ZX_ERR_INVALID_ARGS},
        {ZX_BTI_COMPRESS, 0, PAGE, 1, ZX_ERR_INVALID_ARGS},
        {BOTH | 0x20, 0, PAGE, 1, ZX_ERR_INVALID_ARGS},
        {BOTH | ZX_BTI_PERM_EXECUTE, 0, PAGE, 1, ZX_ERR_NOT_SUPPORTED},
        {BOTH | ZX_BTI_COMPRESS | ZX_BTI_CONTIGUOUS, 0, PAGE, 1, ZX_ERR_INVALID_ARGS},
        {BOTH, 0, 0, 0, ZX_ERR_INVALID_ARGS},
        {BOTH, 1, PAGE, 1, ZX_ERR_INVALID_ARGS},
        {BOTH, 0, PAGE + 1, 1, ZX_ERR_INVALID_ARGS},
        {BOTH, 0, 2 * PAGE, 1, ZX_ERR_INVALID_ARGS},
        {BOTH, 0, PAGE, 2, ZX_ERR_INVALID_ARGS},
        {BOTH | ZX_BTI_CONTIGUOUS, 0, 2 * PAGE, 2, ZX_ERR_INVALID_ARGS},
        {ZX_BTI_PERM_EXECUTE, 0, PAGE, 1, ZX_ERR_INVALID_ARGS},
        {BOTH | ZX_BTI_COMPRESS, 0, 2 * PAGE, 1, ZX_ERR_INVALID_ARGS},
        {BOTH, 8 * PAGE, PAGE, 1, ZX_ERR_OUT_OF_RANGE},
        {BOTH, 7 * PAGE, 2 * PAGE, 2, ZX_ERR_OUT_OF_RANGE},
        {BOTH, UINT64_MAX & ~(uint64_t)(PAGE - 1), 2 * PAGE, 2, ZX_ERR_OUT_OF_RANGE},
    };
    for (size_t i = 0; i < countof(cases); i++) {
        zx_paddr_t addresses[2] = {0};
        zx_handle_t pmt = ZX_HANDLE_INVALID;
        cr_expect(eq(i32,
                     zx_bti_pin(bti, cases[i].options, vmo, cases[i].offset, cases[i].size,
                                addresses, cases[i].count, &pmt),
                     cases[i].expected),
                  "case %zu", i);
        cr_expect(eq(u32, pmt, ZX_HANDLE_INVALID));
    }
}

Test(bti, pin_checks_the_rights_of_the_vmo) {
    zx_paddr_t address = 0;
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    zx_handle_t read_only = ZX_HANDLE_INVALID;
    zx_handle_t no_map = ZX_HANDLE_INVALID;
    cr_assert(eq(i32, zx_handle_duplicate(vmo, ZX_RIGHT_READ | ZX_RIGHT_MAP, &read_only), ZX_OK));
    cr_assert(eq(i32, zx_handle_duplicate(vmo, ZX_RIGHT_READ | ZX_RIGHT_WRITE, &no_map), ZX_OK));
    cr_expect(eq(i32, zx_bti_pin(bti, BOTH, read_only, 0, PAGE, &address, 1, &pmt),
                 ZX_ERR_ACCESS_DENIED));
    cr_expect(
        eq(i32, zx_bti_pin(bti, BOTH, no_map, 0, PAGE, &address, 1, &pmt), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_bti_pin(bti, BOTH, bti, 0, PAGE, &address, 1, &pmt), ZX_ERR_WRONG_TYPE));
    cr_expect(eq(i32, zx_bti_pin(vmo, BOTH, vmo, 0, PAGE, &address, 1, &pmt), ZX_ERR_WRONG_TYPE));
    cr_expect(
        eq(i32, zx_bti_pin(bti, ZX_BTI_PERM_READ, read_only, 0, PAGE, &address, 1, &pmt), ZX_OK));
    cr_expect(eq(i32, zx_pmt_unpin(pmt), ZX_OK));
    zx_handle_close(read_only);
    zx_handle_close(no_map);
}

Test(bti, registers_cannot_be_pinned) {
    zx_pci_bar_t bar;
    zx_handle_t window = ZX_HANDLE_INVALID;
    zx_paddr_t address = 0;
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    cr_assert(eq(i32, zx_pci_get_bar(device, 0, &bar, &window), ZX_OK));
    cr_expect(
        eq(i32, zx_bti_pin(bti, BOTH, window, 0, PAGE, &address, 1, &pmt), ZX_ERR_NOT_SUPPORTED));
    zx_handle_close(window);
}

Test(bti, failures_of_the_kernel_leave_nothing_behind) {
    static const struct {
        int error;
        zx_status_t expected;
    } cases[] = {
        {ENOMEM, ZX_ERR_NO_MEMORY}, {ENOSPC, ZX_ERR_NO_RESOURCES}, {EFAULT, ZX_ERR_ACCESS_DENIED}};
    zx_paddr_t first = 0;
    zx_paddr_t after = 0;
    zx_handle_t pmt = pin(BOTH, 0, 1, &first);
    zx_pmt_unpin(pmt);
    for (size_t i = 0; i < countof(cases); i++) {
        fake_vfio.map_errno = cases[i].error;
        cr_expect(eq(i32, zx_bti_pin(bti, BOTH, vmo, 0, PAGE, &after, 1, &pmt), cases[i].expected));
    }
    cr_expect(eq(u64, info().pmo_count, 0));
    pmt = pin(BOTH, 0, 1, &after);
    cr_expect(eq(u64, after, first));
    zx_pmt_unpin(pmt);
}

Test(bti, mappings_of_another_process_are_stepped_over) {
    // 24 pages that this process did not map, at the lowest addresses.
    for (size_t i = 0; i < 24; i++) {
        fake_vfio.mappings[i] = (fake_vfio_mapping_t){0x10000 + i * PAGE, PAGE, 0};
    }
    zx_paddr_t address = 0;
    zx_handle_t pmt = pin(BOTH, 0, 1, &address);
    cr_expect(ge(u64, address, 0x10000 + 24 * PAGE));
    zx_pmt_unpin(pmt);
    for (size_t i = 0; i < 24; i++) {
        fake_vfio.mappings[i] = (fake_vfio_mapping_t){0};
    }
}

Test(bti, no_room_is_an_error) {
    fake_vfio.mappings[0] = (fake_vfio_mapping_t){0, FAKE_VFIO_LAST_IOVA + 1, 0};
    zx_paddr_t address = 0;
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    cr_expect(eq(i32, zx_bti_pin(bti, BOTH, vmo, 0, PAGE, &address, 1, &pmt), ZX_ERR_NO_RESOURCES));
    fake_vfio.mappings[0] = (fake_vfio_mapping_t){0};
}

Test(bti, a_token_closed_without_unpin_goes_into_quarantine) {
    zx_paddr_t address = 0;
    zx_handle_close(pin(BOTH, 0, 1, &address));
    zx_handle_close(pin(BOTH, 0, 1, &address));
    cr_expect(eq(sz, fake_vfio_mapping_count(), 2));
    cr_expect(eq(u64, info().quarantine_count, 2));
    cr_expect(eq(i32, zx_bti_release_quarantine(bti), ZX_OK));
    cr_expect(eq(sz, fake_vfio_mapping_count(), 0));
    cr_expect(eq(u64, info().quarantine_count, 0));
    cr_expect(eq(i32, zx_bti_release_quarantine(bti), ZX_OK));
    cr_expect(eq(i32, zx_bti_release_quarantine(vmo), ZX_ERR_WRONG_TYPE));
    // The rest goes with the BTI: the teardown counts.
    zx_handle_close(pin(BOTH, 0, 1, &address));
}

Test(bti, a_token_outlives_the_handle_of_its_bti) {
    zx_paddr_t address = 0;
    zx_handle_t pmt = pin(BOTH, 0, 1, &address);
    zx_handle_close(bti);
    zx_handle_close(device);
    bti = ZX_HANDLE_INVALID;
    device = ZX_HANDLE_INVALID;
    cr_expect(eq(sz, fake_vfio_mapping_count(), 1));
    cr_expect(eq(i32, zx_pmt_unpin(pmt), ZX_OK));
}

Test(bti, unpin_consumes_and_tells) {
    zx_paddr_t address = 0;
    zx_handle_t pmt = pin(BOTH, 0, 1, &address);
    zx_handle_t event = ZX_HANDLE_INVALID;
    zx_handle_t copy = ZX_HANDLE_INVALID;
    cr_expect(eq(i32, zx_handle_duplicate(pmt, ZX_RIGHT_SAME_RIGHTS, &copy), ZX_ERR_ACCESS_DENIED));
    cr_expect(eq(i32, zx_pmt_unpin(pmt), ZX_OK));
    cr_expect(eq(i32, zx_pmt_unpin(pmt), ZX_ERR_BAD_HANDLE));
    cr_assert(eq(i32, zx_event_create(0, &event), ZX_OK));
    cr_expect(eq(i32, zx_pmt_unpin(event), ZX_ERR_WRONG_TYPE));
    cr_expect(eq(i32, zx_handle_close(event), ZX_ERR_BAD_HANDLE));
}

Test(bti, addresses_that_stay_mapped_are_not_used_again) {
    zx_paddr_t first = 0;
    zx_paddr_t second = 0;
    zx_handle_t pmt = pin(BOTH, 0, 1, &first);
    fake_vfio.unmap_errno = EIO;
    cr_expect(eq(i32, zx_pmt_unpin(pmt), ZX_ERR_IO));
    pmt = pin(BOTH, 0, 1, &second);
    cr_expect(ne(u64, second, first));
    cr_expect(eq(i32, zx_pmt_unpin(pmt), ZX_OK));
    cr_expect(eq(i32, lx_pci_quiesce(device), ZX_OK));
}

Test(bti, unpin_after_the_mapping_is_gone_is_fine) {
    zx_paddr_t address = 0;
    zx_handle_t pmt = pin(BOTH, 0, 1, &address);
    cr_expect(eq(i32, lx_pci_quiesce(device), ZX_OK));
    cr_expect(eq(sz, fake_vfio_mapping_count(), 0));
    cr_expect(eq(i32, zx_pmt_unpin(pmt), ZX_OK));
    pmt = pin(BOTH, 0, 1, &address);
    fake_vfio.has_iommu = false;
    cr_expect(eq(i32, zx_pmt_unpin(pmt), ZX_OK));
    fake_vfio.has_iommu = true;
    cr_expect(eq(i32, lx_pci_quiesce(device), ZX_OK));
}

Test(bti, it_crosses_a_channel) {
    zx_handle_t ends[2];
    zx_handle_t there = ZX_HANDLE_INVALID;
    zx_handle_t pmt = ZX_HANDLE_INVALID;
    zx_paddr_t mine = 0;
    zx_paddr_t theirs = 0;
    uint32_t bytes = 0;
    uint32_t handles = 0;
    zx_handle_t keep = pin(BOTH, 0, 1, &mine);
    cr_assert(eq(i32, zx_channel_create(0, &ends[0], &ends[1]), ZX_OK));
    cr_assert(eq(i32, zx_channel_write(ends[0], 0, NULL, 0, &bti, 1), ZX_OK));
    cr_assert(eq(i32, zx_channel_read(ends[1], 0, NULL, &there, 0, 1, &bytes, &handles), ZX_OK));
    bti = there;
    cr_assert(eq(i32, zx_bti_pin(there, BOTH, vmo, 0, PAGE, &theirs, 1, &pmt), ZX_OK));
    cr_expect(ne(u64, mine, theirs));
    cr_expect(eq(sz, fake_vfio_mapping_count(), 2));
    zx_pmt_unpin(pmt);
    zx_pmt_unpin(keep);
    zx_handle_close_many(ends, 2);
}

Test(bti, forged_fds_are_refused) {
    ko_object_t* object = NULL;
    int fd = memfd_create("lie", MFD_CLOEXEC);
    int lease[2];
    cr_assert(eq(int, pipe(lease), 0));
    ko_wire_t wire = {.fd_count = 2, .fds = {fd, lease[1]}};
    cr_expect(eq(i32, ko_import_bti(&wire, &object), ZX_ERR_IO_DATA_INTEGRITY));
    cr_expect(eq(int, wire.fds[0], fd));
    for (uint32_t count = 0; count <= 4; count++) {
        wire = (ko_wire_t){.fd_count = count, .fds = {fake_vfio.container_fd, fd, fd, fd}};
        cr_expect(eq(i32, ko_import_bti(&wire, &object), ZX_ERR_IO_DATA_INTEGRITY));
        cr_expect(eq(int, wire.fds[0], fake_vfio.container_fd));
    }
    close(lease[0]);
    close(lease[1]);
    close(fd);
}
