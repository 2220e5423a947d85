// SPDX-License-Identifier: MIT
// Typed registers: a driver says once how wide each register of its device is, in which byte order
// and which way it goes, and gets functions for it. What a register does not allow has no function,
// so that writing a read-only one does not compile.
//
//     MMIO_REG_RW(foo_control, 32, LE, 0x08)   // foo_control_read, _write, _modify
//     MMIO_REG_RO(foo_status, 16, BE, 0x0c)    // foo_status_read
//     MMIO_REG_WO(foo_doorbell, 32, LE, 0x10)  // foo_doorbell_write
//     MMIO_FIELD(foo_control, 32, speed, 5, 3) // bits 5 to 3: foo_control_speed_get, _with,
//                                              // FOO-style masks by foo_control_speed_mask()
//     MMIO_REG_ARRAY_RW(foo_queue, 32, LE, 0x100, 0x20, 8)  // foo_queue_read(buffer, index), …
//
// The functions take the mmio_buffer of the device; an offset outside of it is asserted, as is an
// index beyond an array's count. Values are in the CPU's byte order. Each access is one of the
// register's width. Any thread; order between threads is the caller's affair, and _modify is a read
// and a write, not one step.
#pragma once

#include <stdint.h>

#include <zircon/assert.h>

#include <lib/ddk/mmio-buffer.h>

// ---- byte orders: mmio_LE16_() … turn what the device has into what the CPU has, and back

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define mmio_LE16_(v) ((uint16_t)(v))
#define mmio_LE32_(v) ((uint32_t)(v))
#define mmio_LE64_(v) ((uint64_t)(v))
#define mmio_BE16_(v) __builtin_bswap16(v)
#define mmio_BE32_(v) __builtin_bswap32(v)
#define mmio_BE64_(v) __builtin_bswap64(v)
#else
#define mmio_LE16_(v) __builtin_bswap16(v)
#define mmio_LE32_(v) __builtin_bswap32(v)
#define mmio_LE64_(v) __builtin_bswap64(v)
#define mmio_BE16_(v) ((uint16_t)(v))
#define mmio_BE32_(v) ((uint32_t)(v))
#define mmio_BE64_(v) ((uint64_t)(v))
#endif
#define mmio_LE8_(v) ((uint8_t)(v))
#define mmio_BE8_(v) ((uint8_t)(v))

// ---- one register

#define MMIO_READ_(name, bits, order, offset)                                        \
    __UNUSED static inline uint##bits##_t name##_read(const mmio_buffer_t* buffer) { \
        _Static_assert((offset) % ((bits) / 8) == 0, "a register is aligned");       \
        return mmio_##order##bits##_(mmio_buffer_read##bits(buffer, (offset)));      \
    }

#define MMIO_WRITE_(name, bits, order, offset)                                                    \
    __UNUSED static inline void name##_write(const mmio_buffer_t* buffer, uint##bits##_t value) { \
        _Static_assert((offset) % ((bits) / 8) == 0, "a register is aligned");                    \
        mmio_buffer_write##bits(buffer, mmio_##order##bits##_(value), (offset));                  \
    }

#define MMIO_REG_RO(name, bits, order, offset) MMIO_READ_(name, bits, order, offset)
#define MMIO_REG_WO(name, bits, order, offset) MMIO_WRITE_(name, bits, order, offset)

// _modify(buffer, clear, set): clears bits, then sets bits.
#define MMIO_REG_RW(name, bits, order, offset)                                                   \
    MMIO_READ_(name, bits, order, offset)                                                        \
    MMIO_WRITE_(name, bits, order, offset)                                                       \
    __UNUSED static inline void name##_modify(const mmio_buffer_t* buffer, uint##bits##_t clear, \
                                              uint##bits##_t set) {                              \
        name##_write(buffer,                                                                     \
                     (uint##bits##_t)((name##_read(buffer) & (uint##bits##_t) ~clear) | set));   \
    }

// ---- the same register `count` times, each `stride` bytes after the one before

#define MMIO_ARRAY_READ_(name, bits, order, offset, stride, count)                   \
    __UNUSED static inline uint##bits##_t name##_read(const mmio_buffer_t* buffer,   \
                                                      uint32_t index) {              \
        _Static_assert((offset) % ((bits) / 8) == 0 && (stride) % ((bits) / 8) == 0, \
                       "a register is aligned");                                     \
        ZX_DEBUG_ASSERT(index < (count));                                            \
        zx_off_t at = (zx_off_t)(offset) + (zx_off_t)index * (stride);               \
        return mmio_##order##bits##_(mmio_buffer_read##bits(buffer, at));            \
    }

#define MMIO_ARRAY_WRITE_(name, bits, order, offset, stride, count)                       \
    __UNUSED static inline void name##_write(const mmio_buffer_t* buffer, uint32_t index, \
                                             uint##bits##_t value) {                      \
        _Static_assert((offset) % ((bits) / 8) == 0 && (stride) % ((bits) / 8) == 0,      \
                       "a register is aligned");                                          \
        ZX_DEBUG_ASSERT(index < (count));                                                 \
        zx_off_t at = (zx_off_t)(offset) + (zx_off_t)index * (stride);                    \
        mmio_buffer_write##bits(buffer, mmio_##order##bits##_(value), at);                \
    }

#define MMIO_REG_ARRAY_RO(name, bits, order, offset, stride, count) \
    MMIO_ARRAY_READ_(name, bits, order, offset, stride, count)
#define MMIO_REG_ARRAY_WO(name, bits, order, offset, stride, count) \
    MMIO_ARRAY_WRITE_(name, bits, order, offset, stride, count)
#define MMIO_REG_ARRAY_RW(name, bits, order, offset, stride, count) \
    MMIO_ARRAY_READ_(name, bits, order, offset, stride, count)      \
    MMIO_ARRAY_WRITE_(name, bits, order, offset, stride, count)

// ---- a part of a register's value: bits `high` to `low`, both included

// <register>_<field>_mask(), _get(value), _with(value, field): the value with the field replaced;
// what does not fit in the field is cut off.
#define MMIO_FIELD(name, bits, field, high, low)                                                \
    __UNUSED static inline uint##bits##_t name##_##field##_mask(void) {                         \
        _Static_assert((high) >= (low) && (high) < (bits), "the field lies in the register");   \
        return (uint##bits##_t)((UINT64_MAX >> (63 - ((high) - (low)))) << (low));              \
    }                                                                                           \
    __UNUSED static inline uint##bits##_t name##_##field##_get(uint##bits##_t value) {          \
        return (uint##bits##_t)((value & name##_##field##_mask()) >> (low));                    \
    }                                                                                           \
    __UNUSED static inline uint##bits##_t name##_##field##_with(uint##bits##_t value,           \
                                                                uint##bits##_t field##_value) { \
        uint##bits##_t mask = name##_##field##_mask();                                          \
        return (uint##bits##_t)((value & (uint##bits##_t) ~mask) |                              \
                                ((uint##bits##_t)(field##_value << (low)) & mask));             \
    }
