// SPDX-License-Identifier: MIT
// The C library's limits, and those of musl that Zircon's drivers take from this header.
#include_next <limits.h>

#ifndef PAGE_SIZE
#define PAGE_SIZE 4096
#endif
#ifndef PAGESIZE
#define PAGESIZE PAGE_SIZE
#endif
#ifndef NAME_MAX
#define NAME_MAX 255
#endif
