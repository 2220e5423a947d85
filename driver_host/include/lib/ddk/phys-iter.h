// SPDX-License-Identifier: MIT
// phys_iter: walks the device addresses of a buffer in runs as long as a transfer may be. No
// allocation, no system call; the iterator is caller's memory and needs no end.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

__BEGIN_CDECLS
__BEGIN_EXPORTS

// A piece of a buffer that is to be walked; pieces are walked in the order of the list.
typedef struct phys_iter_sg_entry {
    size_t length;
    size_t offset;  // from the start of the buffer
} phys_iter_sg_entry_t;

typedef struct phys_iter_buffer {
    zx_paddr_t*
        phys;  // borrowed: page aligned address of each page, or one of the whole if contiguous
    uint64_t phys_count;  // 1: contiguous
    size_t length;        // of the buffer in bytes
    uint64_t vmo_offset;  // where the buffer begins in the pages; the first phys is its page's
    phys_iter_sg_entry_t* sg_list;  // borrowed; NULL: the whole buffer
    size_t sg_count;
} phys_iter_buffer_t;

typedef struct phys_iter {
    phys_iter_buffer_t buf;
    size_t max_length;     // longest run in bytes
    size_t segment_index;  // current entry of sg_list
    size_t segment_done;   // bytes of it given out
} phys_iter_t;

// max_length is a multiple of the page size; 0 means any length. buf is copied, what it points to
// stays the caller's and must outlive the iterator.
void phys_iter_init(phys_iter_t* iter, const phys_iter_buffer_t* buf, size_t max_length);

// Stores the start of the next run in out and returns its length in bytes; 0 at the end. A run is
// contiguous for the device and at most max_length long. Entries of length 0 are passed over.
size_t phys_iter_next(phys_iter_t* iter, zx_paddr_t* out);

__END_EXPORTS
__END_CDECLS
