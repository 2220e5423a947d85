// SPDX-License-Identifier: MIT
// Bounded text helpers.
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dm_limits.h"

void dm_text_copy(char* out, size_t size, const char* text) {
    snprintf(out, size, "%s", text != NULL ? text : "");
}

void dm_text_clean(char* text) {
    for (unsigned char* c = (unsigned char*)text; *c != '\0'; c++) {
        if (*c == '\t') {
            *c = ' ';
        } else if (*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
}

void dm_text_setv(char** slot, const char* format, va_list args) {
    char* text = NULL;
    if (vasprintf(&text, format, args) < 0) {
        return;
    }
    free(*slot);
    *slot = text;
}

void dm_text_set(char** slot, const char* format, ...) {
    va_list args;
    va_start(args, format);
    dm_text_setv(slot, format, args);
    va_end(args);
}

bool dm_name_is_valid(const char* name, const char** out_why) {
    const char* why = NULL;
    if (name == NULL || name[0] == '\0') {
        why = "it is empty";
    } else if (strlen(name) > DM_MAX_NAME) {
        why = "it is longer than 31 bytes";
    } else if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
        why = "it means a directory";
    } else {
        for (const unsigned char* c = (const unsigned char*)name; *c != '\0' && why == NULL; c++) {
            if (*c == '/') {
                why = "it contains a '/'";
            } else if (*c < 0x20 || *c == 0x7f) {
                why = "it contains a control character";
            }
        }
    }
    if (out_why != NULL) {
        *out_why = why;
    }
    return why == NULL;
}

void dm_driver_name_canonical(char* out, size_t size, const char* name) {
    dm_text_copy(out, size, name);
    for (char* c = out; *c != '\0'; c++) {
        if (*c == '_') {
            *c = '-';
        }
    }
}

void dm_diag_addv(dm_diag_t* diag, const char* prefix, const char* format, va_list args) {
    diag->count++;
    if (diag->count > DM_MAX_BOARD_ERRORS) {
        return;
    }
    char* line = NULL;
    if (vasprintf(&line, format, args) < 0) {
        return;
    }
    size_t length = strlen(prefix) + strlen(line) + 2;
    char* text = realloc(diag->text, diag->size + length);
    if (text != NULL) {
        diag->text = text;
        diag->size += (size_t)snprintf(text + diag->size, length, "%s%s\n", prefix, line);
    }
    free(line);
}

void dm_diag_add(dm_diag_t* diag, const char* format, ...) {
    va_list args;
    va_start(args, format);
    dm_diag_addv(diag, "", format, args);
    va_end(args);
}

void dm_diag_fini(dm_diag_t* diag) {
    free(diag->text);
    *diag = (dm_diag_t){0};
}
