// SPDX-License-Identifier: MIT
// The part that event pairs, FIFOs and sockets share: two ends in any two processes, with a shared
// page, a doorbell for each end, and a socket between them whose hang-up says that the other end is
// gone, whichever way its process ended.
#pragma once

#include "doorbell.h"

#define KO_PAIR_FDS 4

// The start of the page. Any holder may write it: values are masked and checked when read.
typedef struct ko_pair_page {
    _Atomic uint32_t signals[2];  // by end
    _Atomic uint32_t armed[2];    // FIFO: end i wants its bell rung at the next change
} ko_pair_page_t;

typedef struct ko_pair {
    int fds[KO_PAIR_FDS];  // owned: page, bell of end 0, bell of end 1, socket of this end
    ko_pair_page_t* page;  // owned mapping
    size_t page_size;
    uint32_t end;  // 0 or 1
} ko_pair_t;

// Makes both ends over a zeroed page of `page_size` bytes. ZX_ERR_NO_RESOURCES.
zx_status_t ko_pair_create(size_t page_size, ko_pair_t out[2]);
// Safe on a zeroed one.
void ko_pair_fini(ko_pair_t* pair);
// Fills wire->fds and word 0.
void ko_pair_export(ko_pair_t* pair, ko_wire_t* wire);
// Takes the fds out of `wire` on success.
zx_status_t ko_pair_import(ko_wire_t* wire, size_t page_size, ko_pair_t* out);

bool ko_pair_peer_closed(const ko_pair_t* pair);
// Doorbell of this end, hang-up.
uint32_t ko_pair_wait_sources(const ko_pair_t* pair, ko_wait_source_t out[KO_MAX_WAIT_SOURCES]);
void ko_pair_ring(ko_pair_t* pair, uint32_t end);
// For ko_page_published() and ko_page_observed().
static inline int ko_pair_page_fd(const ko_pair_t* pair) {
    return pair->fds[0];
}
// Changes the signal word of an end and rings it.
void ko_pair_signal(ko_pair_t* pair, uint32_t end, uint32_t clear_mask, uint32_t set_mask);

// The object calls for either end: bits outside `allowed` are ZX_ERR_INVALID_ARGS; a peer that is
// gone is ZX_ERR_PEER_CLOSED.
zx_status_t ko_pair_signal_own(ko_pair_t* pair, uint32_t allowed, uint32_t clear_mask,
                               uint32_t set_mask);
zx_status_t ko_pair_signal_peer(ko_pair_t* pair, uint32_t allowed, uint32_t clear_mask,
                                uint32_t set_mask);

// ---- objects that are an end of a pair

// They begin like this, so that what follows is for any of them.
typedef struct ko_end {
    ko_object_t base;
    ko_pair_t pair;
} ko_end_t;

#define KO_ASSERT_IS_END(type)                                                \
    _Static_assert(offsetof(type, base) == 0, #type " begins with its base"); \
    _Static_assert(offsetof(type, pair) == offsetof(ko_end_t, pair), #type    \
                   " begins like "                                            \
                   "ko_end_t")

// Slots of ko_ops_t. The signal ones are for objects whose users may set nothing but user signals.
uint32_t ko_end_wait_sources(ko_object_t* object, zx_signals_t mask,
                             ko_wait_source_t out[KO_MAX_WAIT_SOURCES]);
zx_status_t ko_end_signal(ko_object_t* object, uint32_t clear_mask, uint32_t set_mask);
zx_status_t ko_end_signal_peer(ko_object_t* object, uint32_t clear_mask, uint32_t set_mask);

// Handles of two new ends that were made of `pairs`. NULL for one that could not be made: then both
// are given up, and the pairs with them (ZX_ERR_NO_MEMORY).
zx_status_t ko_ends_make_handles(ko_pair_t pairs[2], ko_end_t* end0, ko_end_t* end1,
                                 zx_handle_t* out0, zx_handle_t* out1);
