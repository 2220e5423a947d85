// SPDX-License-Identifier: MIT
// PMT: the token of one pinned range. It never leaves the process; unpin ends it, and a token that
// goes without unpin leaves its range in the quarantine of the BTI.
#include <stdlib.h>

#include <zircon/syscalls.h>

#include "bti.h"

typedef struct pmt {
    ko_object_t base;
    ko_bti_t* bti;      // one reference owned
    ko_dma_pin_t* pin;  // owned; NULL once it is unpinned or in quarantine
} pmt_t;

static void pmt_destroy(ko_object_t* object) {
    pmt_t* pmt = containerof(object, pmt_t, base);
    ko_bti_t* bti = pmt->bti;
    pthread_mutex_lock(&bti->lock);
    bti->pmt_count--;
    if (pmt->pin != NULL) {
        list_add_tail(&bti->quarantine, &pmt->pin->node);
        bti->quarantine_count++;
    }
    pthread_mutex_unlock(&bti->lock);
    ko_object_release(&bti->base);
    free(pmt);
}

static const ko_ops_t pmt_ops = {
    .type = ZX_OBJ_TYPE_PMT,
    .default_rights = ZX_DEFAULT_PMT_RIGHTS,
    .destroy = pmt_destroy,
};

zx_status_t ko_pmt_create(ko_bti_t* bti, ko_dma_pin_t* pin, zx_handle_t* out) {
    pmt_t* pmt = calloc(1, sizeof(*pmt));
    if (pmt == NULL) {
        return ZX_ERR_NO_MEMORY;
    }
    ko_object_init(&pmt->base, &pmt_ops);
    ko_object_acquire(&bti->base);
    pmt->bti = bti;
    pthread_mutex_lock(&bti->lock);
    bti->pmt_count++;
    pthread_mutex_unlock(&bti->lock);
    pmt->pin = pin;
    ko_object_acquire(&pmt->base);
    zx_status_t status = ko_handle_make(&pmt->base, ZX_RIGHT_SAME_RIGHTS, out);
    if (status != ZX_OK) {
        pmt->pin = NULL;  // stays the caller's
    }
    ko_object_release(&pmt->base);
    return status;
}

zx_status_t zx_pmt_unpin(zx_handle_t handle) {
    ko_object_t* object = NULL;
    zx_rights_t rights = 0;
    zx_status_t status = ko_handle_take(handle, &object, &rights);
    if (status != ZX_OK) {
        return status;
    }
    if (object->ops != &pmt_ops) {
        ko_taken_drop(object);
        return ZX_ERR_WRONG_TYPE;
    }
    pmt_t* pmt = containerof(object, pmt_t, base);
    // The token cannot be duplicated, so the handle that was just taken was the only one.
    ko_dma_pin_t* pin = pmt->pin;
    pmt->pin = NULL;
    if (pin != NULL) {
        status = ko_dma_pin_end(pmt->bti->domain, pin);
    }
    ko_taken_drop(object);
    return status;
}
