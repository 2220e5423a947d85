// SPDX-License-Identifier: MIT
// Every name of the support libraries that Zircon's C drivers link with is there and does
// something. What exactly is tested by the libraries' own tests.
#include <criterion/criterion.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <lib/sync/completion.h>
#include <lib/sync/mutex.h>
#include <lx/resource.h>
#include <zircon/assert.h>
#include <zircon/compiler.h>
#include <zircon/listnode.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/threads.h>

#include <lib/ddk/driver.h>
#include <lib/ddk/hw/arch_ops.h>
#include <lib/ddk/hw/inout.h>
#include <lib/ddk/hw/reg.h>
#include <lib/ddk/io-buffer.h>
#include <lib/ddk/mmio-buffer.h>
#include <lib/ddk/phys-iter.h>

TestSuite(support_names, .timeout = 20);

Test(support_names, completion_and_mutex) {
    sync_completion_t completion = SYNC_COMPLETION_INIT;
    sync_mutex_t mutex = SYNC_MUTEX_INIT;
    cr_assert_eq(sync_completion_wait(&completion, 0), ZX_ERR_TIMED_OUT);
    cr_assert_eq(sync_completion_wait_deadline(&completion, 0), ZX_ERR_TIMED_OUT);
    sync_completion_signal(&completion);
    cr_assert(sync_completion_signaled(&completion));
    sync_completion_reset(&completion);
    cr_assert_not(sync_completion_signaled(&completion));
    sync_completion_signal_requeue(&completion, &mutex.futex);
    cr_assert_eq(sync_completion_wait(&completion, ZX_TIME_INFINITE), ZX_OK);
    sync_mutex_lock(&mutex);
    cr_assert_eq(sync_mutex_trylock(&mutex), ZX_ERR_BAD_STATE);
    cr_assert_eq(sync_mutex_timedlock(&mutex, 0), ZX_ERR_TIMED_OUT);
    sync_mutex_unlock(&mutex);
    sync_mutex_lock_with_waiter(&mutex);
    sync_mutex_unlock(&mutex);
}

Test(support_names, io_buffer) {
    io_buffer_t buffer, other;
    zx_handle_t pmt;
    zx_paddr_t page;
    cr_assert_eq(io_buffer_init(&buffer, ZX_HANDLE_INVALID, 5000, IO_BUFFER_RW), ZX_OK);
    cr_assert(io_buffer_is_valid(&buffer));
    cr_assert_eq(io_buffer_size(&buffer, 1000), 4000);
    memset(io_buffer_virt(&buffer), 7, 5000);
    cr_assert_eq(io_buffer_cache_op(&buffer, ZX_VMO_OP_CACHE_SYNC, 0, 100), ZX_OK);
    cr_assert_eq(io_buffer_cache_flush(&buffer, 0, 5000), ZX_OK);
    cr_assert_eq(io_buffer_cache_flush(&buffer, 0, 5001), ZX_ERR_OUT_OF_RANGE);
    cr_assert_eq(io_buffer_cache_flush_invalidate(&buffer, 0, 5000), ZX_OK);
    cr_assert_eq(io_buffer_physmap(&buffer), ZX_ERR_BAD_HANDLE);
    cr_assert_eq(io_buffer_physmap_range(&buffer, 0, 1, 1, &page, &pmt), ZX_ERR_BAD_HANDLE);
    cr_assert_eq(
        io_buffer_init_vmo(&other, ZX_HANDLE_INVALID, buffer.vmo_handle, 100, IO_BUFFER_RO), ZX_OK);
    cr_assert_eq(*(uint8_t*)io_buffer_virt(&other), 7);
    io_buffer_release(&other);
    zx_vaddr_t address;
    cr_assert_eq(
        zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ, 0, buffer.vmo_handle, 0, 4096, &address),
        ZX_OK);
    cr_assert_eq(io_buffer_init_mmio(&other, buffer.vmo_handle, (void*)address, 8, 16), ZX_OK);
    io_buffer_release(&other);
    io_buffer_release(&buffer);
    io_buffer_release(&buffer);
    cr_assert_eq(io_buffer_init_aligned(&buffer, ZX_HANDLE_INVALID, 4096, 16, IO_BUFFER_RW),
                 ZX_ERR_INVALID_ARGS);
    buffer = (io_buffer_t){.phys = 0x1000, .offset = 8};
    cr_assert_eq(io_buffer_phys(&buffer), 0x1008);
}

// Physical memory: the checks, and then no.
Test(support_names, physical) {
    io_buffer_t buffer;
    mmio_buffer_t mmio;
    zx_handle_t root, window;
    const uint32_t policy = ZX_CACHE_POLICY_UNCACHED_DEVICE;
    cr_assert_eq(lx_root_resource_create(&root), ZX_OK);
    cr_assert_eq(zx_resource_create(root, ZX_RSRC_KIND_MMIO, 0x1000, 0x1000, "w", 1, &window),
                 ZX_OK);
    cr_assert_eq(mmio_buffer_init_physical(&mmio, 0x1800, 0x800, window, policy),
                 ZX_ERR_NOT_SUPPORTED);
    cr_assert_eq(mmio_buffer_init_physical(&mmio, 0x1800, 0x801, window, policy),
                 ZX_ERR_OUT_OF_RANGE);
    cr_assert_eq(mmio_buffer_init_physical(&mmio, 0x1000, 0x1000, 0, policy), ZX_ERR_BAD_HANDLE);
    cr_assert_eq(mmio.vmo, ZX_HANDLE_INVALID);
    mmio_buffer_release(&mmio);
    cr_assert_eq(io_buffer_init_physical(&buffer, 0, 0x1800, 0x800, window, policy),
                 ZX_ERR_NOT_SUPPORTED);
    cr_assert_eq(io_buffer_init_physical(&buffer, 0, 0x800, 0x800, window, policy),
                 ZX_ERR_OUT_OF_RANGE);
    cr_assert_not(io_buffer_is_valid(&buffer));
    io_buffer_release(&buffer);
    cr_assert_eq(zx_handle_close(window), ZX_OK);
    cr_assert_eq(zx_handle_close(root), ZX_OK);
}

Test(support_names, mmio_buffer) {
    mmio_buffer_t buffer;
    mmio_pinned_buffer_t pinned = {.pmt = ZX_HANDLE_INVALID};
    zx_handle_t vmo;
    cr_assert_eq(zx_vmo_create(8192, 0, &vmo), ZX_OK);
    cr_assert_eq(mmio_buffer_init(&buffer, 4096, 64, vmo, ZX_CACHE_POLICY_CACHED), ZX_OK);
    mmio_buffer_write32(&buffer, 0x12345678, 4);
    cr_assert_eq(mmio_buffer_read32(&buffer, 4), 0x12345678u);
    mmio_buffer_write8(&buffer, 9, 4);
    mmio_buffer_write16(&buffer, 10, 6);
    mmio_buffer_write64(&buffer, 11, 8);
    cr_assert(mmio_buffer_read8(&buffer, 4) == 9 && mmio_buffer_read16(&buffer, 6) == 10 &&
              mmio_buffer_read64(&buffer, 8) == 11);
    cr_assert_eq(mmio_buffer_pin(&buffer, ZX_HANDLE_INVALID, &pinned), ZX_ERR_BAD_HANDLE);
    mmio_buffer_unpin(&pinned);
    mmio_buffer_release(&buffer);
    mmio_buffer_release(&buffer);
}

Test(support_names, phys_iter) {
    zx_paddr_t pages[2] = {0x10000, 0x20000};
    const phys_iter_buffer_t memory = {
        .phys = pages, .phys_count = 2, .length = 8192, .vmo_offset = 0};
    phys_iter_t iter;
    zx_paddr_t address = 0;
    phys_iter_init(&iter, &memory, 0);
    cr_assert(phys_iter_next(&iter, &address) == 4096 && address == 0x10000);
    cr_assert(phys_iter_next(&iter, &address) == 4096 && address == 0x20000);
    cr_assert_eq(phys_iter_next(&iter, &address), 0);
}

typedef struct element {
    int value;
    list_node_t node;
} element_t;

Test(support_names, lists) {
    list_node_t list = LIST_INITIAL_VALUE(list);
    list_node_t other = LIST_INITIAL_CLEARED_VALUE;
    element_t a = {1, LIST_INITIAL_CLEARED_VALUE}, b = {2, LIST_INITIAL_CLEARED_VALUE};
    element_t *entry, *next;
    list_node_t *node, *after;
    int sum = 0;
    list_initialize(&other);
    list_add_head(&list, &a.node);
    list_add_tail(&list, &b.node);
    list_for_every(&list, node) {
        sum += containerof(node, element_t, node)->value;
    }
    list_for_every_safe(&list, node, after) {
        sum += containerof(node, element_t, node)->value;
    }
    list_for_every_entry(&list, entry, element_t, node) {
        sum += entry->value;
    }
    list_for_every_entry_safe(&list, entry, next, element_t, node) {
        sum += entry->value;
    }
    cr_assert_eq(sum, 12);
    cr_assert_eq(list_peek_head_type(&list, element_t, node), &a);
    cr_assert_eq(list_peek_tail_type(&list, element_t, node), &b);
    cr_assert_eq(list_next_type(&list, &a.node, element_t, node), &b);
    cr_assert_eq(list_prev_type(&list, &b.node, element_t, node), &a);
    cr_assert_eq(list_next_wrap_type(&list, &b.node, element_t, node), &a);
    cr_assert_eq(list_prev_wrap_type(&list, &a.node, element_t, node), &b);
    cr_assert_eq(list_next(&list, &b.node), NULL);
    cr_assert_eq(list_prev(&list, &a.node), NULL);
    cr_assert_eq(list_next_wrap(&list, &a.node), &b.node);
    cr_assert_eq(list_prev_wrap(&list, &b.node), &a.node);
    list_split_after(&list, &a.node, &other);
    cr_assert(list_length(&list) == 1 && list_length(&other) == 1);
    list_splice_after(&other, &a.node);
    cr_assert(list_is_empty(&other) && list_length(&list) == 2);
    list_move(&list, &other);
    cr_assert_eq(list_remove_tail_type(&other, element_t, node), &b);
    cr_assert_eq(list_remove_head_type(&other, element_t, node), &a);
    list_add_tail(&list, &a.node);
    list_replace_node(&a.node, &b.node);
    cr_assert(!list_in_list(&a.node) && list_peek_head(&list) == &b.node);
    list_add_before(&b.node, &a.node);
    list_delete(&a.node);
    list_add_after(&b.node, &a.node);
    cr_assert_eq(list_peek_tail(&list), &a.node);
    cr_assert(list_remove_tail(&list) == &a.node && list_remove_head(&list) == &b.node);
    list_clear_node(&a.node);
}

// Real port instructions would kill: that they link is what counts.
Test(support_names, registers) {
    uint32_t word = 0;
    uint64_t whole = 0;
    void (*volatile out8)(uint16_t, uint8_t) = outp;
    void (*volatile out16)(uint16_t, uint16_t) = outpw;
    void (*volatile out32)(uint16_t, uint32_t) = outpd;
    uint8_t (*volatile in8)(uint16_t) = inp;
    uint16_t (*volatile in16)(uint16_t) = inpw;
    uint32_t (*volatile in32)(uint16_t) = inpd;
    cr_assert(out8 && out16 && out32 && in8 && in16 && in32);
    writel(0x80, &word);
    set_bitsl(1, &word);
    clr_bitsl(0x80, &word);
    RMWREG32(&word, 8, 8, 0xab);
    cr_assert_eq(readl(&word), 0xab01u);
    writell(5, &whole);
    set_bitsll(2, &whole);
    clr_bitsll(1, &whole);
    RMWREG64(&whole, 32, 4, 3);
    cr_assert_eq(readll(&whole), 0x300000006ull);
    hw_mb();
    hw_rmb();
    hw_wmb();
}

Test(support_names, macros) {
    static const int three[] = {1, 2, 3};
    cr_assert_eq(countof(three), 3);
    cr_assert_eq(DIV_ROUND_UP(9, 4), 3);
    cr_assert(ROUNDUP(4097, 4096) == 8192 && ROUNDDOWN(4097, 4096) == 4096 && ALIGN(1, 8) == 8);
    cr_assert(PAGE_SIZE == ZX_PAGE_SIZE && PAGESIZE == PAGE_SIZE && NAME_MAX == 255);
    ZX_ASSERT(countof(three) == 3);
    ZX_ASSERT_MSG(true, "%d", 1);
    ZX_DEBUG_ASSERT(true);
    ZX_DEBUG_ASSERT_MSG(true, "%d", 1);
    ZX_DEBUG_ASSERT_COND(true);
    cr_assert_eq(__has_feature(no_such_feature), 0);
}

Test(support_names, assert_ends_the_program, .signal = SIGABRT) {
    ZX_ASSERT(false);
}

Test(support_names, assert_msg_ends_the_program, .signal = SIGABRT) {
    ZX_ASSERT_MSG(false, "%s", "told");
}

Test(support_names, panic_ends_the_program, .signal = SIGABRT) {
    ZX_PANIC("%d\n", 5);
}
