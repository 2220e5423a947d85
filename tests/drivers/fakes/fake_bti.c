// SPDX-License-Identifier: MIT
// The stand-in for the IOMMU.
#include "fake_bti.h"

#include <threads.h>

#include <zircon/compiler.h>
#include <zircon/process.h>

#define MAX_PINS 512

static struct {
    mtx_t lock;
    struct {
        zx_handle_t pmt;
        zx_vaddr_t address;
        uint64_t size;
    } pins[MAX_PINS];
} g_bti;

static once_flag g_once = ONCE_FLAG_INIT;

static void set_up(void) {
    mtx_init(&g_bti.lock, mtx_plain);
}

zx_status_t __wrap_zx_bti_pin(zx_handle_t handle, uint32_t options, zx_handle_t vmo,
                              uint64_t offset, uint64_t size, zx_paddr_t* addrs, size_t num_addrs,
                              zx_handle_t* pmt) {
    (void)handle;
    size_t expected = (options & ZX_BTI_CONTIGUOUS) != 0 ? 1 : size / ZX_PAGE_SIZE;
    if (offset % ZX_PAGE_SIZE != 0 || size % ZX_PAGE_SIZE != 0 || num_addrs != expected) {
        return ZX_ERR_INVALID_ARGS;
    }
    zx_vaddr_t address;
    zx_status_t status = zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0,
                                     vmo, offset, size, &address);
    if (status == ZX_OK) {
        status = zx_event_create(0, pmt);
    }
    if (status != ZX_OK) {
        return status;
    }
    for (size_t i = 0; i < num_addrs; i++) {
        addrs[i] = address + i * ZX_PAGE_SIZE;
    }
    call_once(&g_once, set_up);
    mtx_lock(&g_bti.lock);
    for (size_t i = 0; i < MAX_PINS; i++) {
        if (g_bti.pins[i].pmt == ZX_HANDLE_INVALID) {
            g_bti.pins[i].pmt = *pmt;
            g_bti.pins[i].address = address;
            g_bti.pins[i].size = size;
            break;
        }
    }
    mtx_unlock(&g_bti.lock);
    return ZX_OK;
}

zx_status_t __wrap_zx_pmt_unpin(zx_handle_t handle) {
    zx_status_t status = ZX_ERR_BAD_HANDLE;
    mtx_lock(&g_bti.lock);
    for (size_t i = 0; i < MAX_PINS; i++) {
        if (handle != ZX_HANDLE_INVALID && g_bti.pins[i].pmt == handle) {
            zx_vmar_unmap(zx_vmar_root_self(), g_bti.pins[i].address, g_bti.pins[i].size);
            g_bti.pins[i].pmt = ZX_HANDLE_INVALID;
            status = zx_handle_close(handle);
        }
    }
    mtx_unlock(&g_bti.lock);
    return status;
}

zx_status_t __wrap_zx_vmo_create_contiguous(zx_handle_t bti, size_t size, uint32_t alignment_log2,
                                            zx_handle_t* out) {
    (void)bti, (void)alignment_log2;
    return zx_vmo_create(size, 0, out);
}

zx_status_t __wrap_zx_vmo_set_cache_policy(zx_handle_t handle, uint32_t cache_policy) {
    (void)handle, (void)cache_policy;
    return ZX_OK;
}

size_t fake_bti_pin_count(void) {
    size_t count = 0;
    call_once(&g_once, set_up);
    mtx_lock(&g_bti.lock);
    for (size_t i = 0; i < MAX_PINS; i++) {
        count += g_bti.pins[i].pmt != ZX_HANDLE_INVALID ? 1 : 0;
    }
    mtx_unlock(&g_bti.lock);
    return count;
}
