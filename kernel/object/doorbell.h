// SPDX-License-Identifier: MIT
// Doorbells: eventfds that are rung at each change of some shared state and never read. Everybody
// who watches one edge-triggered hears each ring, in any number of processes.
#pragma once

#include <zircon/compiler.h>

#include "object.h"

// -1 when there are no fds left.
int ko_bell_create(void);
// Wakes everybody, without blocking.
void ko_bell_ring(int fd);
// A memfd of `size` bytes that can neither grow nor shrink, mapped at *out_page. -1 on failure.
int ko_page_create(size_t size, void** out_page);
// Maps a received one after checking it; NULL: not such a memfd.
void* ko_page_open(int memfd, size_t size);

// What a thread did before it published a page happens before what one does that observed it since.
// The atomics in the page see to that. ThreadSanitizer, which cannot know that the mappings of two
// objects in one process are one memory, needs to be told; without it these are nothing.
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
void ko_page_published(int memfd);
void ko_page_observed(int memfd);
#else
#define ko_page_published(memfd) ((void)0)
#define ko_page_observed(memfd)  ((void)0)
#endif
