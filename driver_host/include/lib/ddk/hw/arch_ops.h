// SPDX-License-Identifier: MIT
// Barriers between a CPU and its devices: all accesses, reads, writes before stay before.
#pragma once

#include <stdatomic.h>

#include <zircon/compiler.h>

#if defined(__aarch64__)
#define hw_mb()  __asm__ volatile("dsb sy" ::: "memory")
#define hw_rmb() __asm__ volatile("dsb ld" ::: "memory")
#define hw_wmb() __asm__ volatile("dsb st" ::: "memory")
#elif defined(__x86_64__)
#define hw_mb()  __asm__ volatile("mfence" ::: "memory")
#define hw_rmb() __asm__ volatile("lfence" ::: "memory")
#define hw_wmb() __asm__ volatile("sfence" ::: "memory")
#else
#define hw_mb()  atomic_thread_fence(memory_order_seq_cst)
#define hw_rmb() atomic_thread_fence(memory_order_acquire)
#define hw_wmb() atomic_thread_fence(memory_order_release)
#endif
