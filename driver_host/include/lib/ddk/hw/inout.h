// SPDX-License-Identifier: MIT
// x86 port access; elsewhere reads give 0 and writes do nothing. The process needs the right to the
// ports from its parent's protocol, or the instruction kills it.
#pragma once

#include <stdint.h>

#if defined(__x86_64__)

static inline uint8_t inp(uint16_t port) {
    uint8_t value;
    __asm__ volatile("inb %1, %0" : "=a"(value) : "dN"(port));
    return value;
}

static inline uint16_t inpw(uint16_t port) {
    uint16_t value;
    __asm__ volatile("inw %1, %0" : "=a"(value) : "dN"(port));
    return value;
}

static inline uint32_t inpd(uint16_t port) {
    uint32_t value;
    __asm__ volatile("inl %1, %0" : "=a"(value) : "dN"(port));
    return value;
}

static inline void outp(uint16_t port, uint8_t value) {
    __asm__ volatile("outb %1, %0" : : "dN"(port), "a"(value));
}

static inline void outpw(uint16_t port, uint16_t value) {
    __asm__ volatile("outw %1, %0" : : "dN"(port), "a"(value));
}

static inline void outpd(uint16_t port, uint32_t value) {
    __asm__ volatile("outl %1, %0" : : "dN"(port), "a"(value));
}

#else

static inline uint8_t inp(uint16_t port) {
    (void)port;
    return 0;
}

static inline uint16_t inpw(uint16_t port) {
    (void)port;
    return 0;
}

static inline uint32_t inpd(uint16_t port) {
    (void)port;
    return 0;
}

static inline void outp(uint16_t port, uint8_t value) {
    (void)port;
    (void)value;
}

static inline void outpw(uint16_t port, uint16_t value) {
    (void)port;
    (void)value;
}

static inline void outpd(uint16_t port, uint32_t value) {
    (void)port;
    (void)value;
}

#endif
