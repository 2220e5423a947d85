// SPDX-License-Identifier: MIT
// Buffers without a device: memory, mappings, windows, failures. Pinning needs an IOMMU and is
// tested in the guest.
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include <lx/handle.h>
#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>

#include <lib/ddk/io-buffer.h>
#include <lib/ddk/mmio-buffer.h>

#include "../fakes/fini_check.h"

static size_t handles_before;

static void setup(void) {
    handles_before = lx_handle_count();
}

static void teardown(void) {
    fini_check(lx_handle_count() == handles_before);
}

TestSuite(io_buffer, .init = setup, .fini = teardown);

Test(io_buffer, memory_is_zero_and_writable) {
    io_buffer_t buffer;
    cr_assert(eq(i32, io_buffer_init(&buffer, ZX_HANDLE_INVALID, 5000, IO_BUFFER_RW), ZX_OK));
    cr_assert(io_buffer_is_valid(&buffer));
    cr_assert(eq(sz, io_buffer_size(&buffer, 0), 5000));
    cr_assert(eq(sz, io_buffer_size(&buffer, 4999), 1));
    cr_assert(eq(sz, io_buffer_size(&buffer, 6000), 0));
    uint8_t* bytes = io_buffer_virt(&buffer);
    for (size_t i = 0; i < 5000; i++) {
        cr_assert(eq(u8, bytes[i], 0));
    }
    memset(bytes, 0xaa, 5000);
    uint8_t last = 0;
    cr_assert(eq(i32, zx_vmo_read(buffer.vmo_handle, &last, 4999, 1), ZX_OK));
    cr_assert(eq(u8, last, 0xaa));
    cr_assert(eq(i32, io_buffer_cache_flush(&buffer, 0, 5000), ZX_OK));
    cr_assert(eq(i32, io_buffer_cache_flush(&buffer, 1, 5000), ZX_ERR_OUT_OF_RANGE));
    cr_assert(eq(i32, io_buffer_cache_flush_invalidate(&buffer, 4096, 0), ZX_OK));
    io_buffer_release(&buffer);
    cr_assert(not(io_buffer_is_valid(&buffer)));
    io_buffer_release(&buffer);
}

Test(io_buffer, wraps_a_vmo_from_an_offset) {
    zx_handle_t vmo;
    cr_assert(eq(i32, zx_vmo_create(2 * ZX_PAGE_SIZE, 0, &vmo), ZX_OK));
    uint32_t word = 0x12345678;
    cr_assert(eq(i32, zx_vmo_write(vmo, &word, 4100, sizeof(word)), ZX_OK));
    io_buffer_t buffer;
    cr_assert(
        eq(i32, io_buffer_init_vmo(&buffer, ZX_HANDLE_INVALID, vmo, 4100, IO_BUFFER_RO), ZX_OK));
    cr_assert(eq(sz, io_buffer_size(&buffer, 0), 2 * ZX_PAGE_SIZE - 4100));
    cr_assert(eq(u32, *(uint32_t*)io_buffer_virt(&buffer), word));
    io_buffer_release(&buffer);
    cr_assert(eq(i32, io_buffer_init_vmo(&buffer, ZX_HANDLE_INVALID, vmo, 8192, IO_BUFFER_RO),
                 ZX_ERR_OUT_OF_RANGE));
    io_buffer_release(&buffer);
    zx_handle_close(vmo);
}

Test(io_buffer, refuses_what_makes_no_sense) {
    io_buffer_t buffer;
    cr_assert(
        eq(i32, io_buffer_init(&buffer, ZX_HANDLE_INVALID, 0, IO_BUFFER_RW), ZX_ERR_INVALID_ARGS));
    cr_assert(eq(i32, io_buffer_init(&buffer, ZX_HANDLE_INVALID, 4096, 0x80), ZX_ERR_INVALID_ARGS));
    cr_assert(eq(i32, io_buffer_init(&buffer, ZX_HANDLE_INVALID, SIZE_MAX, IO_BUFFER_RW),
                 ZX_ERR_INVALID_ARGS));
    cr_assert(eq(i32, io_buffer_init_aligned(&buffer, ZX_HANDLE_INVALID, 8192, 16, IO_BUFFER_RW),
                 ZX_ERR_INVALID_ARGS));
    // Contiguous memory is for a device.
    cr_assert(ne(i32,
                 io_buffer_init(&buffer, ZX_HANDLE_INVALID, 8192, IO_BUFFER_RW | IO_BUFFER_CONTIG),
                 ZX_OK));
    cr_assert(not(io_buffer_is_valid(&buffer)));
    io_buffer_release(&buffer);
}

Test(io_buffer, mmio_window) {
    zx_handle_t vmo;
    cr_assert(eq(i32, zx_vmo_create(2 * ZX_PAGE_SIZE, 0, &vmo), ZX_OK));
    zx_handle_t kept;
    cr_assert(eq(i32, zx_handle_duplicate(vmo, ZX_RIGHT_SAME_RIGHTS, &kept), ZX_OK));
    mmio_buffer_t mmio;
    cr_assert(eq(i32, mmio_buffer_init(&mmio, 4080, 32, vmo, ZX_CACHE_POLICY_CACHED), ZX_OK));
    mmio_buffer_write32(&mmio, 0x11223344, 16);
    cr_assert(eq(u8, mmio_buffer_read8(&mmio, 17), 0x33));
    mmio_buffer_set_bits32(&mmio, 0xff, 16);
    mmio_buffer_clear_bits32(&mmio, 0x11000000, 16);
    cr_assert(eq(u32, mmio_buffer_mask_read32(&mmio, 0xff0000ff, 16), 0xff));
    uint32_t word = 0;
    cr_assert(eq(i32, zx_vmo_read(kept, &word, 4096, sizeof(word)), ZX_OK));
    cr_assert(eq(u32, word, 0x002233ff));
    mmio_buffer_release(&mmio);
    mmio_buffer_release(&mmio);
    // The handle goes in every case.
    cr_assert(eq(i32, mmio_buffer_init(&mmio, 8190, 32, kept, ZX_CACHE_POLICY_CACHED),
                 ZX_ERR_OUT_OF_RANGE));
    mmio_buffer_release(&mmio);
}
