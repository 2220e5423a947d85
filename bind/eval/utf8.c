// SPDX-License-Identifier: MIT
// The one UTF-8 check of the bind folder.
#include "utf8.h"

#include <stdint.h>
#include <string.h>

// Length of the well-formed sequence at `at`, 0 if there is none.
static size_t sequence_length(const uint8_t* at, size_t left) {
    const uint8_t lead = at[0];
    if (lead < 0x80) {
        return 1;
    }
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || length > left) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    const bool is_overlong = (lead == 0xe0 && at[1] < 0xa0) || (lead == 0xf0 && at[1] < 0x90);
    const bool is_surrogate = lead == 0xed && at[1] > 0x9f;
    const bool is_too_large = lead == 0xf4 && at[1] > 0x8f;
    return is_overlong || is_surrogate || is_too_large ? 0 : length;
}

size_t bind_utf8_prefix(const char* text, size_t size) {
    size_t at = 0;
    while (at < size) {
        uint64_t word;
        if (size - at >= sizeof(word)) {
            memcpy(&word, text + at, sizeof(word));
            if ((word & 0x8080808080808080u) == 0) {
                at += sizeof(word);
                continue;
            }
        }
        const size_t length = sequence_length((const uint8_t*)text + at, size - at);
        if (length == 0) {
            break;
        }
        at += length;
    }
    return at;
}

bool bind_is_utf8(const char* text, size_t size) {
    return bind_utf8_prefix(text, size) == size;
}
