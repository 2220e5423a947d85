// SPDX-License-Identifier: MIT
// The one place where GNU C extensions are named; everything else uses these macros.
#pragma once

#ifdef __cplusplus
#define __BEGIN_CDECLS extern "C" {
#define __END_CDECLS   }
#else
#define __BEGIN_CDECLS
#define __END_CDECLS
#endif

#ifndef __has_feature
#define __has_feature(x) 0
#endif

#define __EXPORT                __attribute__((visibility("default")))
#define __LOCAL                 __attribute__((visibility("hidden")))
#define __UNUSED                __attribute__((unused))
#define __USED                  __attribute__((used))
#define __PACKED                __attribute__((packed))
#define __ALIGNED(x)            __attribute__((aligned(x)))
#define __NONNULL(x)            __attribute__((nonnull x))
#define __PRINTFLIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define __SECTION(x)            __attribute__((section(x)))
#define __WEAK                  __attribute__((weak))
#define __NO_INLINE             __attribute__((noinline))
#define __CONSTRUCTOR           __attribute__((constructor))
#define __WARN_UNUSED_RESULT    __attribute__((warn_unused_result))
#define __FALLTHROUGH           __attribute__((fallthrough))
#ifndef __NO_RETURN
#define __NO_RETURN __attribute__((noreturn))
#endif
#define __CLEANUP(fn) __attribute__((cleanup(fn)))

#define __PREFETCH(address) __builtin_prefetch(address)
#define __CTZ64(x)          __builtin_ctzll(x)  // x is not 0

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

#define add_overflow(a, b, out) __builtin_add_overflow(a, b, out)
#define sub_overflow(a, b, out) __builtin_sub_overflow(a, b, out)
#define mul_overflow(a, b, out) __builtin_mul_overflow(a, b, out)

// One access, exactly as wide as what the address points at, which several threads may make at the
// same time, in no particular order: for device registers.
#define device_load(address)         __atomic_load_n(address, __ATOMIC_RELAXED)
#define device_store(address, value) __atomic_store_n(address, value, __ATOMIC_RELAXED)

#define flush_instruction_cache(addr, size) \
    __builtin___clear_cache((char*)(uintptr_t)(addr), (char*)(uintptr_t)(addr) + (size))

#ifndef countof
#define countof(a) (sizeof(a) / sizeof((a)[0]))
#endif

#ifndef containerof
#define containerof(ptr, type, member) ((type*)((char*)(ptr)-offsetof(type, member)))
#endif

#ifndef DIV_ROUND_UP
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))
#endif

// Declarations between these two are visible to drivers loaded into the program, although the
// project is compiled with hidden visibility.
#define __BEGIN_EXPORTS _Pragma("GCC visibility push(default)")
#define __END_EXPORTS   _Pragma("GCC visibility pop")
