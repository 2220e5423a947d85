// SPDX-License-Identifier: MIT
// pci.ids and usb.ids as bind libraries.
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import.h"

#define MAX_LINE 1024u
#define MAX_NAME 80u

// A name for each number of one key; sorted by name to find those that are used twice.
typedef struct named {
    char name[MAX_NAME];
    uint32_t vendor;
    uint32_t number;
} named_t;

typedef struct names {
    named_t* items;  // owned
    size_t count;
    size_t capacity;
} names_t;

static void add_name(names_t* names, const char* text, uint32_t vendor, uint32_t number) {
    if (names->count == names->capacity) {
        names->capacity = names->capacity == 0 ? 256 : names->capacity * 2;
        names->items = realloc(names->items, names->capacity * sizeof(*names->items));
        if (names->items == NULL) {
            fputs("bindc: out of memory\n", stderr);
            abort();
        }
    }
    named_t* item = &names->items[names->count++];
    *item = (named_t){.vendor = vendor, .number = number};
    size_t size = 0;
    // Upper case; everything that cannot be in an identifier becomes one '_', none at the ends.
    for (; *text != 0 && size + 12 < MAX_NAME; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c < 0x80 && isalnum(c)) {
            item->name[size++] = (char)toupper(c);
        } else if (size > 0 && item->name[size - 1] != '_') {
            item->name[size++] = '_';
        }
    }
    while (size > 0 && item->name[size - 1] == '_') {
        item->name[--size] = 0;
    }
    if (size == 0 || !isalpha((unsigned char)item->name[0])) {
        memmove(item->name + 2, item->name, size + 1);
        memcpy(item->name, size == 0 ? "ID" : "N_", 2);
    }
}

static int compare_numbers(const void* a, const void* b) {
    const named_t* x = a;
    const named_t* y = b;
    const uint64_t x_number = (uint64_t)x->vendor << 32 | x->number;
    const uint64_t y_number = (uint64_t)y->vendor << 32 | y->number;
    return (x_number > y_number) - (x_number < y_number);
}

static int compare_names(const void* a, const void* b) {
    const int order = strcmp(((const named_t*)a)->name, ((const named_t*)b)->name);
    return order != 0 ? order : compare_numbers(a, b);
}

// A line that is there twice counts once. The names are sorted.
static void drop_repeated(names_t* names) {
    size_t kept = 0;
    for (size_t i = 0; i < names->count; i++) {
        if (kept == 0 || compare_names(&names->items[kept - 1], &names->items[i]) != 0) {
            names->items[kept++] = names->items[i];
        }
    }
    names->count = kept;
}

// Appends its number to each name that is there more than once, behind two '_', which no other name
// has.
static void make_unique(names_t* names, bool with_vendor) {
    if (names->count == 0) {
        return;
    }
    qsort(names->items, names->count, sizeof(*names->items), compare_names);
    drop_repeated(names);
    for (size_t i = 0; i < names->count;) {
        size_t end = i + 1;
        while (end < names->count && strcmp(names->items[i].name, names->items[end].name) == 0) {
            end++;
        }
        for (size_t k = i; end - i > 1 && k < end; k++) {
            named_t* item = &names->items[k];
            const size_t size = strlen(item->name);
            if (with_vendor) {
                snprintf(item->name + size, MAX_NAME - size, "__%04X_%04X", item->vendor & 0xffff,
                         item->number & 0xffff);
            } else {
                snprintf(item->name + size, MAX_NAME - size, "__%04X", item->number & 0xffff);
            }
        }
        i = end;
    }
    qsort(names->items, names->count, sizeof(*names->items), compare_numbers);
}

static void put_names(const names_t* names, const char* key, bc_buffer_t* out) {
    char line[MAX_NAME + 64];
    if (names->count == 0) {
        return;
    }
    snprintf(line, sizeof(line), "\nextend uint fuchsia.%s {\n", key);
    bc_buffer_text(out, line);
    for (size_t i = 0; i < names->count; i++) {
        snprintf(line, sizeof(line), "    %s = 0x%04x,\n", names->items[i].name,
                 names->items[i].number);
        bc_buffer_text(out, line);
    }
    bc_buffer_text(out, "};\n");
}

static bool read_id(const char* text, uint32_t* out) {
    *out = 0;
    for (int i = 0; i < 4; i++) {
        if (!isxdigit((unsigned char)text[i])) {
            return false;
        }
        const char c = (char)tolower((unsigned char)text[i]);
        *out = *out << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return text[4] == ' ' && text[5] == ' ' && text[6] != 0;
}

typedef struct ids {
    names_t vendors;
    names_t devices;
    const uint32_t* wanted;
    size_t wanted_count;
    uint32_t vendor;
    bool is_wanted;
    bool is_over;  // classes and the like follow the vendors
} ids_t;

static bool take_line(ids_t* ids, const char* line) {
    uint32_t number;
    if (ids->is_over || line[0] == 0 || line[0] == '#' || strncmp(line, "\t\t", 2) == 0) {
        return true;
    }
    if (line[0] == '\t') {
        if (!read_id(line + 1, &number)) {
            return false;
        }
        if (ids->is_wanted) {
            add_name(&ids->devices, line + 7, ids->vendor, number);
        }
        return true;
    }
    if (!read_id(line, &number)) {
        // "C 01  Mass storage controller" begins the classes.
        ids->is_over = ids->vendors.count > 0 && isupper((unsigned char)line[0]) != 0;
        return ids->is_over;
    }
    add_name(&ids->vendors, line + 6, 0, number);
    ids->vendor = number;
    ids->is_wanted = false;
    for (size_t i = 0; i < ids->wanted_count; i++) {
        ids->is_wanted = ids->is_wanted || ids->wanted[i] == number;
    }
    return true;
}

static bool take_lines(ids_t* ids, const char* text, size_t size, size_t* out_line) {
    char line[MAX_LINE];
    *out_line = 0;
    for (size_t at = 0; at < size && !ids->is_over;) {
        const char* end = memchr(text + at, '\n', size - at);
        const size_t length = end == NULL ? size - at : (size_t)(end - text) - at;
        (*out_line)++;
        if (length >= sizeof(line) || memchr(text + at, 0, length) != NULL) {
            return false;
        }
        memcpy(line, text + at, length);
        line[length] = 0;
        line[strcspn(line, "\r")] = 0;
        if (!take_line(ids, line)) {
            return false;
        }
        at += length + 1;
    }
    return true;
}

bool import_ids(const char* text, size_t size, import_ids_bus_t bus, const uint32_t* vendors,
                size_t vendor_count, bc_buffer_t* out, size_t* out_line) {
    ids_t ids = {.wanted = vendors, .wanted_count = vendor_count};
    const bool is_pci = bus == IMPORT_IDS_PCI;
    bool is_good = take_lines(&ids, text, size, out_line);
    if (is_good && ids.vendors.count == 0) {
        *out_line = 0;
        is_good = false;
    }
    if (is_good) {
        make_unique(&ids.vendors, false);
        make_unique(&ids.devices, true);
        bc_buffer_text(out, is_pci ? "// Made of pci.ids.\nlibrary jacinth.pci.ids;\n"
                                   : "// Made of usb.ids.\nlibrary jacinth.usb.ids;\n");
        put_names(&ids.vendors, is_pci ? "BIND_PCI_VID" : "BIND_USB_VID", out);
        put_names(&ids.devices, is_pci ? "BIND_PCI_DID" : "BIND_USB_PID", out);
    }
    free(ids.vendors.items);
    free(ids.devices.items);
    return is_good;
}
