// SPDX-License-Identifier: MIT
// Register access by the include paths and names of 2018.
#include <criterion/criterion.h>
#include <string.h>

#include <hw/arch_ops.h>
#include <hw/inout.h>
#include <hw/pci.h>
#include <hw/reg.h>

static uint64_t memory[2];

Test(old_paths, access) {
    volatile uint8_t* at = (volatile uint8_t*)memory;
    writel(0x11223344, at + 4);
    hw_wmb();
    cr_assert_eq(readl(at + 4), 0x11223344u);
    cr_assert_eq(readw(at + 6), 0x1122u);
    cr_assert_eq(readb(at + 4), 0x44u);
    writeb(0x55, at + 5);
    writew(0x6677, at + 6);
    hw_mb();
    hw_rmb();
    cr_assert_eq(readll(at), 0x6677554400000000ull);
    writell(1, at + 8);
    cr_assert_eq(memory[1], 1);
}

Test(old_paths, bits) {
    uint32_t word = 0xff00ff00;
    uint8_t byte = 0xf0;
    uint16_t half = 0xffff;
    uint64_t whole = 0;
    set_bitsl(0xf, &word);
    clr_bitsl(0xf0000000, &word);
    cr_assert_eq(word, 0x0f00ff0fu);
    RMWREG32(&word, 8, 4, 0x5);
    cr_assert_eq(word, 0x0f00f50fu);
    RMWREG32(&word, 0, 32, 0x12345678);
    cr_assert_eq(word, 0x12345678u);
    RMWREG8(&byte, 4, 4, 0x3);
    cr_assert_eq(byte, 0x30);
    RMWREG16(&half, 0, 8, 0);
    cr_assert_eq(half, 0xff00);
    RMWREG64(&whole, 60, 4, 0xf);
    cr_assert_eq(whole, 0xf000000000000000ull);
    set_bitsll(1, &whole);
    clr_bitsb(0x10, &byte);
    set_bitsw(1, &half);
    cr_assert(whole == 0xf000000000000001ull && byte == 0x20 && half == 0xff01);
}

// Against numbers of the specification that do not come from the header.
Test(old_paths, pci) {
    cr_assert_eq(PCI_CONFIG_BASE_ADDRESSES + 4 * PCI_BAR_REGS_PER_DEVICE,
                 PCI_CONFIG_CARDBUS_CIS_PTR);
    cr_assert_eq(PCI_CAP_ID_MSIX, 17);
    cr_assert_eq(PCI_COMMAND_IO_EN | PCI_COMMAND_MEM_EN | PCI_COMMAND_BUS_MASTER_EN, 7);
}
