// SPDX-License-Identifier: MIT
// Access to memory-mapped registers by address. The value comes first, the address second.
#pragma once

#include <stdint.h>

#define readb(a)  (*(volatile uint8_t*)(a))
#define readw(a)  (*(volatile uint16_t*)(a))
#define readl(a)  (*(volatile uint32_t*)(a))
#define readll(a) (*(volatile uint64_t*)(a))

#define writeb(v, a)  (*(volatile uint8_t*)(a) = (uint8_t)(v))
#define writew(v, a)  (*(volatile uint16_t*)(a) = (uint16_t)(v))
#define writel(v, a)  (*(volatile uint32_t*)(a) = (uint32_t)(v))
#define writell(v, a) (*(volatile uint64_t*)(a) = (uint64_t)(v))

// Replace `width` bits from bit `startbit` on by val.
#define RMWREG_(read, write, type, addr, startbit, width, val)               \
    write((read(addr) & ~(type)((((type)1 << (width)) - 1) << (startbit))) | \
              (type)((type)(val) << (startbit)),                             \
          addr)
#define RMWREG8(addr, startbit, width, val) \
    RMWREG_(readb, writeb, uint32_t, addr, startbit, width, val)
#define RMWREG16(addr, startbit, width, val) \
    RMWREG_(readw, writew, uint32_t, addr, startbit, width, val)
#define RMWREG32(addr, startbit, width, val) \
    RMWREG_(readl, writel, uint64_t, addr, startbit, width, val)
#define RMWREG64(addr, startbit, width, val) \
    RMWREG_(readll, writell, uint64_t, addr, startbit, width, val)

#define set_bitsb(v, a)  writeb(readb(a) | (v), (a))
#define set_bitsw(v, a)  writew(readw(a) | (v), (a))
#define set_bitsl(v, a)  writel(readl(a) | (v), (a))
#define set_bitsll(v, a) writell(readll(a) | (v), (a))

#define clr_bitsb(v, a)  writeb(readb(a) & ~(uint8_t)(v), (a))
#define clr_bitsw(v, a)  writew(readw(a) & ~(uint16_t)(v), (a))
#define clr_bitsl(v, a)  writel(readl(a) & ~(uint32_t)(v), (a))
#define clr_bitsll(v, a) writell(readll(a) & ~(uint64_t)(v), (a))
