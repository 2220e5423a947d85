// SPDX-License-Identifier: MIT
// Reading bundles.
#include <bind/bundle.h>

#include <string.h>

#include <zircon/errors.h>

#include "decode.h"

zx_status_t bind_bundle_open(const uint8_t* bytes, size_t size, bind_bundle_t* out_bundle) {
    *out_bundle = (bind_bundle_t){0};
    if (size < BIND_BUNDLE_HEADER_SIZE || memcmp(bytes, "BNDL", 4) != 0) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    if (bind_load_u32(bytes + 4) != BIND_BUNDLE_VERSION) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    const uint32_t count = bind_load_u32(bytes + 8);
    if (count > (size - BIND_BUNDLE_HEADER_SIZE) / BIND_BUNDLE_ENTRY_SIZE) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    *out_bundle = (bind_bundle_t){bytes, size, BIND_BUNDLE_HEADER_SIZE, count, count};
    return ZX_OK;
}

// Takes a text of `text_size` bytes and its zero. Null: there is none.
static const char* take_text(bind_bundle_t* bundle, uint32_t text_size) {
    const size_t left = bundle->size - bundle->at;
    const char* text = (const char*)bundle->bytes + bundle->at;
    if (text_size >= left || strnlen(text, (size_t)text_size + 1) != text_size) {
        return NULL;
    }
    bundle->at += (size_t)text_size + 1;
    return text;
}

zx_status_t bind_bundle_next(bind_bundle_t* bundle, bind_bundle_entry_t* out_entry) {
    *out_entry = (bind_bundle_entry_t){0};
    if (bundle->left == 0) {
        return bundle->at == bundle->size ? ZX_ERR_STOP : ZX_ERR_IO_DATA_INTEGRITY;
    }
    if (bundle->size - bundle->at < BIND_BUNDLE_ENTRY_SIZE) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    const uint8_t* header = bundle->bytes + bundle->at;
    bundle->at += BIND_BUNDLE_ENTRY_SIZE;
    const char* name = take_text(bundle, bind_load_u32(header));
    const char* origin = name == NULL ? NULL : take_text(bundle, bind_load_u32(header + 4));
    const char* pattern = origin == NULL ? NULL : take_text(bundle, bind_load_u32(header + 8));
    const uint32_t bytecode_size = bind_load_u32(header + 12);
    if (pattern == NULL || bytecode_size > bundle->size - bundle->at) {
        return ZX_ERR_IO_DATA_INTEGRITY;
    }
    *out_entry = (bind_bundle_entry_t){name, origin, *pattern == 0 ? NULL : pattern,
                                       bundle->bytes + bundle->at, bytecode_size};
    bundle->at += bytecode_size;
    bundle->left--;
    return ZX_OK;
}
