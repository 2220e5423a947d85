// SPDX-License-Identifier: MIT
// Event pair: two ends, each with signals that both may set.
#include <stdlib.h>

#include <zircon/syscalls.h>

#include "pair.h"

#define PAGE_BYTES 4096u

static zx_signals_t eventpair_signals(ko_object_t* object) {
    ko_pair_t* pair = &((ko_end_t*)object)->pair;
    zx_signals_t signals = atomic_load(&pair->page->signals[pair->end]) & ZX_EVENTPAIR_SIGNAL_MASK;
    return signals | (ko_pair_peer_closed(pair) ? ZX_EVENTPAIR_PEER_CLOSED : 0);
}

static zx_status_t eventpair_signal(ko_object_t* object, uint32_t clear_mask, uint32_t set_mask) {
    return ko_pair_signal_own(&((ko_end_t*)object)->pair, ZX_EVENTPAIR_SIGNAL_MASK, clear_mask,
                              set_mask);
}

static zx_status_t eventpair_signal_peer(ko_object_t* object, uint32_t clear_mask,
                                         uint32_t set_mask) {
    return ko_pair_signal_peer(&((ko_end_t*)object)->pair, ZX_EVENTPAIR_SIGNAL_MASK, clear_mask,
                               set_mask);
}

static zx_status_t eventpair_export(ko_object_t* object, ko_wire_t* out) {
    ko_pair_export(&((ko_end_t*)object)->pair, out);
    return ZX_OK;
}

static void eventpair_destroy(ko_object_t* object) {
    ko_end_t* eventpair = (ko_end_t*)object;
    ko_pair_fini(&eventpair->pair);
    free(eventpair);
}

static const ko_ops_t eventpair_ops = {
    .type = ZX_OBJ_TYPE_EVENTPAIR,
    .default_rights = ZX_DEFAULT_EVENTPAIR_RIGHTS,
    .destroy = eventpair_destroy,
    .signals = eventpair_signals,
    .wait_sources = ko_end_wait_sources,
    .signal = eventpair_signal,
    .signal_peer = eventpair_signal_peer,
    .export_wire = eventpair_export,
};

static ko_end_t* eventpair_new(const ko_pair_t* pair) {
    ko_end_t* eventpair = calloc(1, sizeof(*eventpair));
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
    ko_end_t* ends[2] = {eventpair_new(&pairs[0]), eventpair_new(&pairs[1])};
    return ko_ends_make_handles(pairs, ends[0], ends[1], out0, out1);
}

zx_status_t ko_import_eventpair(ko_wire_t* wire, ko_object_t** out) {
    ko_pair_t pair;
    zx_status_t status = ko_pair_import(wire, PAGE_BYTES, &pair);
    if (status != ZX_OK) {
        return status;
    }
    ko_end_t* eventpair = eventpair_new(&pair);
    if (!eventpair) {
        ko_pair_fini(&pair);
        return ZX_ERR_NO_MEMORY;
    }
    *out = &eventpair->base;
    return ZX_OK;
}
