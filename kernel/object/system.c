// SPDX-License-Identifier: MIT
// Facts about the machine, random numbers, and the end of a program that asserted wrongly.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <zircon/assert.h>
#include <zircon/features.h>
#include <zircon/syscalls.h>

#define VERSION_SIZE 64u

zx_status_t zx_system_get_version(char* version, size_t version_size) {
    struct utsname names;
    char text[VERSION_SIZE];
    if (!version) {
        return ZX_ERR_INVALID_ARGS;
    }
    snprintf(text, sizeof(text), "lnx-%.59s", uname(&names) == 0 ? names.release : "unknown");
    size_t size = strlen(text) + 1;
    if (version_size < size) {
        return ZX_ERR_BUFFER_TOO_SMALL;
    }
    memcpy(version, text, size);
    return ZX_OK;
}

static uint32_t cpu_features(void) {
    uint32_t features = ZX_HAS_CPU_FEATURES;
#if defined(__aarch64__)
    // Bit of AT_HWCAP, feature.
    static const uint32_t known[][2] = {
        {0, ZX_ARM64_FEATURE_ISA_FP},    {1, ZX_ARM64_FEATURE_ISA_ASIMD},
        {3, ZX_ARM64_FEATURE_ISA_AES},   {4, ZX_ARM64_FEATURE_ISA_PMULL},
        {5, ZX_ARM64_FEATURE_ISA_SHA1},  {6, ZX_ARM64_FEATURE_ISA_SHA2},
        {7, ZX_ARM64_FEATURE_ISA_CRC32}, {8, ZX_ARM64_FEATURE_ISA_ATOMICS},
        {12, ZX_ARM64_FEATURE_ISA_RDM},  {16, ZX_ARM64_FEATURE_ISA_DPB},
        {17, ZX_ARM64_FEATURE_ISA_SHA3}, {18, ZX_ARM64_FEATURE_ISA_SM3},
        {19, ZX_ARM64_FEATURE_ISA_SM4},  {20, ZX_ARM64_FEATURE_ISA_DP},
    };
    unsigned long bits = getauxval(AT_HWCAP);
    for (size_t i = 0; i < countof(known); i++) {
        features |= bits >> known[i][0] & 1 ? known[i][1] : 0;
    }
#endif
    return features;
}

zx_status_t zx_system_get_features(uint32_t kind, uint32_t* features) {
    if (!features) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (kind != ZX_FEATURE_KIND_CPU) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    *features = cpu_features();
    return ZX_OK;
}

uint32_t zx_system_get_num_cpus(void) {
    long count = sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? (uint32_t)count : 1;
}

uint64_t zx_system_get_physmem(void) {
    long pages = sysconf(_SC_PHYS_PAGES);
    return pages > 0 ? (uint64_t)pages * ZX_PAGE_SIZE : 0;
}

uint32_t zx_system_get_page_size(void) {
    return (uint32_t)ZX_PAGE_SIZE;
}

uint32_t zx_system_get_dcache_line_size(void) {
    long size = sysconf(_SC_LEVEL1_DCACHE_LINESIZE);
    return size > 0 ? (uint32_t)size : 64;
}

void zx_cprng_draw(void* buffer, size_t buffer_size) {
    char* next = buffer;
    while (buffer_size > 0) {
        ssize_t size = getrandom(next, buffer_size, 0);
        if (size > 0) {
            next += size;
            buffer_size -= (size_t)size;
        } else if (errno != EINTR) {
            ZX_PANIC("no random numbers: error %d\n", errno);
        }
    }
}

void __zx_panic(const char* format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fflush(stderr);
    abort();
}

void __zx_assert_failed(const char* file, int line, const char* condition, const char* format,
                        ...) {
    fprintf(stderr, "%s:%d: assertion failed: %s ", file, line, condition);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    fflush(stderr);
    abort();
}
