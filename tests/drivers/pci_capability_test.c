// SPDX-License-Identifier: MIT
// Capability lists of configuration spaces, sound and broken.
#include "pci_capability.h"

#include <string.h>

#include <criterion/criterion.h>

typedef struct space {
    uint8_t bytes[4096];
    size_t size;
} space_t;

static zx_status_t read_space(void* ctx, uint16_t offset, size_t width, uint32_t* out_value) {
    const space_t* space = ctx;
    if (offset + width > space->size) {
        return ZX_ERR_INVALID_ARGS;
    }
    *out_value = 0;
    memcpy(out_value, space->bytes + offset, width);
    return ZX_OK;
}

static space_t g_space;
static const pci_config_reader_t g_reader = {.read = read_space, .ctx = &g_space};

static void put_capability(uint8_t offset, uint8_t id, uint8_t next) {
    g_space.bytes[offset] = id;
    g_space.bytes[offset + 1] = next;
}

static void put_extended(uint16_t offset, uint16_t id, uint16_t next) {
    uint32_t header = id | 1u << 16 | (uint32_t)next << 20;
    memcpy(g_space.bytes + offset, &header, sizeof(header));
}

// MSI at 0x40, vendor at 0x50 and 0x70, PCI Express at 0x60.
static void set_up(void) {
    g_space = (space_t){.size = sizeof(g_space.bytes)};
    g_space.bytes[0x06] = 0x10;
    g_space.bytes[0x34] = 0x40;
    put_capability(0x40, 5, 0x50);
    put_capability(0x50, 9, 0x60);
    put_capability(0x60, 16, 0x70);
    put_capability(0x70, 9, 0);
    put_extended(0x100, 1, 0x140);
    put_extended(0x140, 0xb, 0x180);
    put_extended(0x180, 0xb, 0);
}

Test(pci_capability, all_of_one_kind_are_found, .init = set_up) {
    uint8_t offset = 0;
    cr_assert_eq(pci_find_capability(&g_reader, 9, 0, &offset), ZX_OK);
    cr_assert_eq(offset, 0x50);
    cr_assert_eq(pci_find_capability(&g_reader, 9, offset, &offset), ZX_OK);
    cr_assert_eq(offset, 0x70);
    cr_assert_eq(pci_find_capability(&g_reader, 9, offset, &offset), ZX_ERR_NOT_FOUND);
    cr_assert_eq(offset, 0x70, "untouched");
    cr_assert_eq(pci_find_capability(&g_reader, 17, 0, &offset), ZX_ERR_NOT_FOUND);
}

Test(pci_capability, function_without_a_list, .init = set_up) {
    uint8_t offset;
    g_space.bytes[0x06] = 0;
    cr_assert_eq(pci_find_capability(&g_reader, 9, 0, &offset), ZX_ERR_NOT_FOUND);
}

Test(pci_capability, broken_lists_end, .init = set_up) {
    uint8_t offset;
    put_capability(0x70, 9, 0x40);
    cr_assert_eq(pci_find_capability(&g_reader, 17, 0, &offset), ZX_ERR_IO_DATA_INTEGRITY);
    put_capability(0x70, 9, 0x70);
    cr_assert_eq(pci_find_capability(&g_reader, 17, 0, &offset), ZX_ERR_IO_DATA_INTEGRITY);
    put_capability(0x70, 9, 0x10);
    cr_assert_eq(pci_find_capability(&g_reader, 17, 0, &offset), ZX_ERR_IO_DATA_INTEGRITY);
    cr_assert_eq(pci_find_capability(&g_reader, 9, 0x20, &offset), ZX_ERR_INVALID_ARGS);
    cr_assert_eq(pci_find_capability(&g_reader, 9, 0x41, &offset), ZX_ERR_INVALID_ARGS);
}

// The low bits of a pointer are reserved and masked.
Test(pci_capability, reserved_bits_of_a_pointer, .init = set_up) {
    uint8_t offset;
    g_space.bytes[0x34] = 0x43;
    put_capability(0x40, 5, 0x52);
    cr_assert_eq(pci_find_capability(&g_reader, 9, 0, &offset), ZX_OK);
    cr_assert_eq(offset, 0x50);
}

Test(pci_capability, extended_list, .init = set_up) {
    uint16_t offset = 0;
    cr_assert_eq(pci_find_extended_capability(&g_reader, 0xb, 0, &offset), ZX_OK);
    cr_assert_eq(offset, 0x140);
    cr_assert_eq(pci_find_extended_capability(&g_reader, 0xb, offset, &offset), ZX_OK);
    cr_assert_eq(offset, 0x180);
    cr_assert_eq(pci_find_extended_capability(&g_reader, 0xb, offset, &offset), ZX_ERR_NOT_FOUND);
    cr_assert_eq(pci_find_extended_capability(&g_reader, 1, 0x20, &offset), ZX_ERR_INVALID_ARGS);
}

Test(pci_capability, extended_list_absent_or_broken, .init = set_up) {
    uint16_t offset;
    put_extended(0x180, 0xb, 0x100);
    cr_assert_eq(pci_find_extended_capability(&g_reader, 2, 0, &offset), ZX_ERR_IO_DATA_INTEGRITY);
    memset(g_space.bytes + 0x100, 0xff, 4);
    cr_assert_eq(pci_find_extended_capability(&g_reader, 2, 0, &offset), ZX_ERR_NOT_FOUND);
    memset(g_space.bytes + 0x100, 0, 4);
    cr_assert_eq(pci_find_extended_capability(&g_reader, 2, 0, &offset), ZX_ERR_NOT_FOUND);
    g_space.size = 256;
    cr_assert_eq(pci_find_extended_capability(&g_reader, 2, 0, &offset), ZX_ERR_NOT_FOUND);
}
