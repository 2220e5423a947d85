// SPDX-License-Identifier: MIT
// Assertions for programming errors. A failed one prints where and aborts. Never put something that
// must happen into the condition: ZX_DEBUG_ASSERT is compiled out with NDEBUG.
#pragma once

#include <zircon/compiler.h>

__BEGIN_CDECLS
__BEGIN_EXPORTS
// Both print to stderr and abort.
__NO_RETURN __PRINTFLIKE(1, 2) void __zx_panic(const char* format, ...);
__NO_RETURN __PRINTFLIKE(4, 5) void __zx_assert_failed(const char* file, int line,
                                                       const char* condition, const char* format,
                                                       ...);
__END_EXPORTS
__END_CDECLS

#define ZX_PANIC(...) __zx_panic(__VA_ARGS__)

#define ZX_ASSERT_MSG(x, ...)                                        \
    do {                                                             \
        if (unlikely(!(x))) {                                        \
            __zx_assert_failed(__FILE__, __LINE__, #x, __VA_ARGS__); \
        }                                                            \
    } while (0)

#define ZX_ASSERT(x) ZX_ASSERT_MSG(x, "%s", "")

#ifdef NDEBUG
#define ZX_DEBUG_ASSERT_IMPLEMENTED 0
#else
#define ZX_DEBUG_ASSERT_IMPLEMENTED 1
#endif

#define ZX_DEBUG_ASSERT(x)                 \
    do {                                   \
        if (ZX_DEBUG_ASSERT_IMPLEMENTED) { \
            ZX_ASSERT(x);                  \
        }                                  \
    } while (0)

#define ZX_DEBUG_ASSERT_MSG(x, ...)        \
    do {                                   \
        if (ZX_DEBUG_ASSERT_IMPLEMENTED) { \
            ZX_ASSERT_MSG(x, __VA_ARGS__); \
        }                                  \
    } while (0)

// An assertion over a variable that exists in debug builds only.
#if ZX_DEBUG_ASSERT_IMPLEMENTED
#define ZX_DEBUG_ASSERT_COND(x) ZX_DEBUG_ASSERT(x)
#else
#define ZX_DEBUG_ASSERT_COND(x) \
    do {                        \
    } while (0)
#endif
