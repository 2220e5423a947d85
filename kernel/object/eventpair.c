// SPDX-License-Identifier: MIT
// Event pair: two ends, each with signals that both may set.
#include <stdlib.h>

#include <zircon/syscalls.h>

#include "pair.h"

#define PAGE_BYTES 4096u

typedef struct ko_eventpair {
    ko_object_t base;
    ko_pair_t pair;
} ko_eventpair_t;

static zx_signals_t eventpair_signals(ko_object_t* object) {
    ko_pair_t* pair = &((ko_eventpair_t*)object)->pair;
    zx_signals_t signals = atomic_load(&pair->page->signals[pair->end]) & ZX_EVENTPAIR_SIGNAL_MASK;
    return signals | (ko_pair_peer_closed(pair) ? ZX_EVENTPAIR_PEER_CLOSED : 0);
}

static uint32_t eventpair_wait_sources(ko_object_t* object, zx_signals_t mask,
                                       ko_wait_source_t out[KO_MAX_WAIT_SOURCES]) {
    (void)mask;
    return ko_pair_wait_sources(&((ko_eventpair_t*)object)->pair, out);
}

static zx_status_t eventpair_signal(ko_object_t* object, uint32_t clear_mask, uint32_t set_mask) {
    return ko_pair_signal_own(&((ko_eventpair_t*)object)->pair, ZX_EVENTPAIR_SIGNAL_MASK,
                              clear_mask, set_mask);
}

static zx_status_t eventpair_signal_peer(ko_object_t* object, uint32_t clear_mask,
                                         uint32_t set_mask) {
    return ko_pair_signal_peer(&((ko_eventpair_t*)object)->pair, ZX_EVENTPAIR_SIGNAL_MASK,
                               clear_mask, set_mask);
}

static zx_status_t eventpair_export(ko_object_t* object, ko_wire_t* out) {
    ko_pair_export(&((ko_eventpair_t*)object)->pair, out);
    return ZX_OK;
}

static void eventpair_destroy(ko_object_t* object) {
    ko_eventpair_t* eventpair = (ko_eventpair_t*)object;
    ko_pair_fini(&eventpair->pair);
    free(eventpair);
}

static const ko_ops_t eventpair_ops = {
    .type = ZX_OBJ_TYPE_EVENTPAIR,
    .default_rights = ZX_DEFAULT_EVENTPAIR_RIGHTS,
    .destroy = eventpair_destroy,
    .signals = eventpair_signals,
    .wait_sources = eventpair_wait_sources,
    .signal = eventpair_signal,
    .signal_peer = eventpair_signal_peer,
    .export_wire = eventpair_export,
};

static ko_eventpair_t* eventpair_new(const ko_pair_t* pair) {
    ko_eventpair_t* eventpair = calloc(1, sizeof(*eventpair));
    if (eventpair) {
        ko_object_init(&eventpair->base, &eventpair_ops);
        eventpair->pair = *pair;
    }
    return eventpair;
}

zx_status_t zx_eventpair_create(uint32_t options, zx_handle_t* out0, zx_handle_t* out1) {
    if (!out0 || !out1) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (options != 0) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    ko_pair_t pairs[2];
    zx_status_t status = ko_pair_create(PAGE_BYTES, pairs);
    if (status != ZX_OK) {
        return status;
    }
    ko_eventpair_t* ends[2] = {eventpair_new(&pairs[0]), eventpair_new(&pairs[1])};
    if (!ends[0] || !ends[1]) {
        ko_pair_fini(&pairs[0]);
        ko_pair_fini(&pairs[1]);
        free(ends[0]);
        free(ends[1]);
        return ZX_ERR_NO_MEMORY;
    }
    return ko_handle_make_pair(&ends[0]->base, &ends[1]->base, out0, out1);
}

zx_status_t ko_import_eventpair(ko_wire_t* wire, ko_object_t** out) {
    ko_pair_t pair;
    zx_status_t status = ko_pair_import(wire, PAGE_BYTES, &pair);
    if (status != ZX_OK) {
        return status;
    }
    ko_eventpair_t* eventpair = eventpair_new(&pair);
    if (!eventpair) {
        ko_pair_fini(&pair);
        return ZX_ERR_NO_MEMORY;
    }
    *out = &eventpair->base;
    return ZX_OK;
}
