// SPDX-License-Identifier: MIT
// Typed registers over plain memory.
#include <criterion/criterion.h>
#include <string.h>

#include <lib/mmio/register.h>

MMIO_REG_RW(t_control, 32, LE, 0x08)
MMIO_REG_RO(t_status, 16, BE, 0x0c)
MMIO_REG_WO(t_bell, 8, LE, 0x0f)
MMIO_REG_RW(t_address, 64, BE, 0x10)
MMIO_REG_ARRAY_RW(t_queue, 32, BE, 0x20, 0x10, 2)
MMIO_REG_ARRAY_RO(t_port, 16, LE, 0x24, 4, 3)
MMIO_FIELD(t_control, 32, speed, 5, 3)
MMIO_FIELD(t_control, 32, top, 31, 31)
MMIO_FIELD(t_address, 64, all, 63, 0)
MMIO_FIELD(t_status, 16, code, 15, 8)

static uint8_t memory[64] __attribute__((aligned(8)));
static const mmio_buffer_t buffer = {.vaddr = memory, .size = sizeof(memory)};

static void clear(void) {
    memset(memory, 0, sizeof(memory));
}

TestSuite(registers, .init = clear);

Test(registers, byte_orders) {
    static const uint8_t little[] = {0x44, 0x33, 0x22, 0x11};
    static const uint8_t big[] = {1, 2, 3, 4, 5, 6, 7, 8};
    t_control_write(&buffer, 0x11223344);
    cr_assert_eq(memcmp(memory + 8, little, 4), 0);
    cr_assert_eq(t_control_read(&buffer), 0x11223344u);
    t_address_write(&buffer, 0x0102030405060708ull);
    cr_assert_eq(memcmp(memory + 16, big, 8), 0);
    cr_assert_eq(t_address_read(&buffer), 0x0102030405060708ull);
    memory[12] = 0xab;
    memory[13] = 0xcd;
    cr_assert_eq(t_status_read(&buffer), 0xabcd);
    t_bell_write(&buffer, 0x7f);
    cr_assert_eq(memory[15], 0x7f);
}

Test(registers, modify) {
    t_control_write(&buffer, 0xff00ff00);
    t_control_modify(&buffer, 0x0f00000f, 0x000000f1);
    cr_assert_eq(t_control_read(&buffer), 0xf000fff1u);
    t_address_modify(&buffer, 0, UINT64_MAX);
    t_address_modify(&buffer, 0xff, 0x80);
    cr_assert_eq(t_address_read(&buffer), 0xffffffffffffff80ull);
}

Test(registers, arrays) {
    static const uint8_t second[] = {0, 0, 1, 2};
    t_queue_write(&buffer, 1, 0x0102);
    cr_assert_eq(memcmp(memory + 0x30, second, 4), 0);
    cr_assert_eq(t_queue_read(&buffer, 1), 0x0102u);
    cr_assert_eq(t_queue_read(&buffer, 0), 0u);
    memory[0x28] = 9;
    cr_assert_eq(t_port_read(&buffer, 1), 9);
}

Test(registers, fields) {
    cr_assert_eq(t_control_speed_mask(), 0x38u);
    cr_assert_eq(t_control_speed_get(0xffffffd7), 2u);
    cr_assert_eq(t_control_speed_with(0xffffffff, 5), 0xffffffefu);
    cr_assert_eq(t_control_speed_with(0, 8 + 1), 0x08u, "what does not fit is cut off");
    cr_assert_eq(t_control_top_mask(), 0x80000000u);
    cr_assert_eq(t_control_top_with(0, 1), 0x80000000u);
    cr_assert_eq(t_address_all_mask(), UINT64_MAX);
    cr_assert_eq(t_address_all_with(5, 7), 7u);
    cr_assert_eq(t_status_code_get(0xab12), 0xab);
    cr_assert_eq(t_status_code_with(0x1212, 0xcd), 0xcd12);
}
