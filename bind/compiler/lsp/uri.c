// SPDX-License-Identifier: MIT
// file: URIs and paths.
#include "uri.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "arena.h"

static int hex_digit(char c) {
    static const char digits[] = "0123456789abcdef";
    const char* found = c == 0 ? NULL : strchr(digits, tolower((unsigned char)c));
    return found == NULL ? -1 : (int)(found - digits);
}

// Only files of this machine: no host, or `localhost`.
static const char* skip_scheme(const char* uri) {
    static const char* const prefixes[] = {"file:///", "file://localhost/"};
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        const size_t size = strlen(prefixes[i]);
        if (strncasecmp(uri, prefixes[i], size) == 0) {
            return uri + size - 1;
        }
    }
    return NULL;
}

char* lsp_uri_path(const char* uri) {
    const char* at = skip_scheme(uri);
    if (at == NULL) {
        return NULL;
    }
    bc_buffer_t path = {0};
    for (; *at != 0; at++) {
        const int high = *at == '%' ? hex_digit(at[1]) : -1;
        const int low = high < 0 ? -1 : hex_digit(at[2]);
        if (low < 0) {
            bc_buffer_u8(&path, (uint8_t)*at);
            continue;
        }
        if (high == 0 && low == 0) {
            bc_buffer_fini(&path);
            return NULL;
        }
        bc_buffer_u8(&path, (uint8_t)(high * 16 + low));
        at += 2;
    }
    bc_buffer_u8(&path, 0);
    return (char*)path.data;
}

char* lsp_uri_from_path(const char* path) {
    bc_buffer_t uri = {0};
    bc_buffer_text(&uri, "file://");
    for (; *path != 0; path++) {
        const unsigned char c = (unsigned char)*path;
        if (c < 0x80 && (isalnum(c) || strchr("/-._~", c) != NULL)) {
            bc_buffer_u8(&uri, c);
            continue;
        }
        char escaped[4];
        snprintf(escaped, sizeof(escaped), "%%%02X", c);
        bc_buffer_text(&uri, escaped);
    }
    bc_buffer_u8(&uri, 0);
    return (char*)uri.data;
}
