// SPDX-License-Identifier: MIT
// A check of a shared object before the dynamic loader, which trusts what it maps, gets to see it.
#pragma once

#include <stddef.h>

// Returns NULL if the `size` bytes at `image` have the header and program headers of a whole shared
// object for this machine, else what is wrong, as a string constant. Sections are not looked at.
const char* lx_elf_check(const void* image, size_t size);
