// SPDX-License-Identifier: MIT
// "Did you mean …?": which defined name is most like an undefined one.
#include <string.h>

#include "symbols.h"

#define MAX_HINTS 20u
#define MAX_NAME  128u

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

uint32_t bc_edit_distance(bc_text_t a, bc_text_t b, uint32_t limit) {
    const uint32_t difference = a.size > b.size ? a.size - b.size : b.size - a.size;
    if (a.size > MAX_NAME || b.size > MAX_NAME || difference > limit) {
        return limit + 1;
    }
    uint32_t rows[3][MAX_NAME + 1];  // this one, the one before, the one before that
    uint32_t* row = rows[0];
    uint32_t* above = rows[1];
    uint32_t* above2 = rows[2];
    for (uint32_t j = 0; j <= b.size; j++) {
        row[j] = j;
    }
    for (uint32_t i = 1; i <= a.size; i++) {
        uint32_t* free_row = above2;
        above2 = above;
        above = row;
        row = free_row;
        row[0] = i;
        uint32_t best = i;
        for (uint32_t j = 1; j <= b.size; j++) {
            const bool is_same = a.data[i - 1] == b.data[j - 1];
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + !is_same);
            if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
                a.data[i - 2] == b.data[j - 1]) {
                row[j] = least(row[j], above2[j - 2] + 1);
            }
            best = least(best, row[j]);
        }
        if (best > limit) {
            return limit + 1;
        }
    }
    return row[b.size];
}

// A name with the alias at its front replaced by the library that it stands for.
static bc_text_t without_alias(bc_symbols_t* symbols, const bc_using_t* usings, bc_text_t name) {
    const char* dot = memchr(name.data, '.', name.size);
    if (dot == NULL) {
        return name;
    }
    const bc_text_t first = {name.data, (uint32_t)(dot - name.data)};
    const bc_text_t rest = {dot + 1, name.size - first.size - 1};
    for (const bc_using_t* using = usings; using != NULL; using = using->next) {
        if (using->alias.text.size != 0 && bc_text_equal(using->alias.text, first)) {
            return bc_arena_join(symbols->arena, using->library.text, '.', rest);
        }
    }
    return name;
}

// Of two equally good names the one that sorts first, so that the answer does not depend on the
// map.
static bool is_before(bc_text_t a, bc_text_t b) {
    const int order = memcmp(a.data, b.data, least(a.size, b.size));
    return order != 0 ? order < 0 : a.size < b.size;
}

bc_text_t bc_suggest_name(bc_symbols_t* symbols, const bc_using_t* usings, bc_text_t name) {
    bc_text_t best = {0};
    if (symbols->hint_count++ >= MAX_HINTS) {
        return best;
    }
    name = without_alias(symbols, usings, name);
    const bc_text_t legacy = bc_arena_join(symbols->arena, bc_text("fuchsia"), '.', name);
    if (bc_find_symbol(symbols, NULL, legacy) != NULL) {
        return legacy;
    }
    uint32_t limit = least(1 + name.size / 5, 5);
    for (size_t i = 0; i < symbols->names.capacity; i++) {
        const bc_map_entry_t* entry = &symbols->names.entries[i];
        if (entry->key.data == NULL || bc_find_symbol(symbols, NULL, entry->key) == NULL) {
            continue;
        }
        const uint32_t distance = bc_edit_distance(name, entry->key, limit);
        const bool is_better = distance < limit || best.size == 0 || is_before(entry->key, best);
        if (distance <= limit && is_better) {
            best = entry->key;
            limit = distance;
        }
    }
    return best;
}
