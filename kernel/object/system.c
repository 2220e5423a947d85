// SPDX-License-Identifier: MIT
// Facts about the machine, random numbers, and the end of a program that asserted wrongly.
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include <zircon/assert.h>
#include <zircon/syscalls.h>

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
