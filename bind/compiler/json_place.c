// SPDX-License-Identifier: MIT
// A walk through valid JSON.
#include "json_place.h"

#include <jansson.h>
#include <string.h>

typedef struct walk {
    const bc_source_t* source;
    uint32_t at;
} walk_t;

static char peek(const walk_t* walk) {
    return walk->at < walk->source->size ? walk->source->text[walk->at] : 0;
}

static void skip_space(walk_t* walk) {
    while (peek(walk) != 0 && strchr(" \t\r\n", peek(walk)) != NULL) {
        walk->at++;
    }
}

static void skip_string(walk_t* walk) {
    walk->at++;
    while (peek(walk) != '"' && peek(walk) != 0) {
        walk->at += peek(walk) == '\\' ? 2 : 1;
    }
    walk->at++;
}

// Brackets and braces are counted together: in valid JSON they close in order.
static void skip_value(walk_t* walk) {
    size_t depth = 0;
    do {
        skip_space(walk);
        const char c = peek(walk);
        if (c == 0) {
            return;
        }
        if (c == '"') {
            skip_string(walk);
        } else if (c == '[' || c == '{') {
            depth++;
            walk->at++;
        } else if (c == ']' || c == '}') {
            depth--;
            walk->at++;
        } else if (c == ',' || c == ':') {
            walk->at++;
        } else {
            walk->at += (uint32_t)strcspn(walk->source->text + walk->at, " \t\r\n,:]}");
        }
    } while (depth > 0);
}

// The key at the cursor is that of the step. Escapes are jansson's business.
static bool is_key(const walk_t* walk, const char* key) {
    walk_t end = *walk;
    skip_string(&end);
    json_t* text =
        json_loadb(walk->source->text + walk->at, end.at - walk->at, JSON_DECODE_ANY, NULL);
    const bool is_it = text != NULL && strcmp(json_string_value(text), key) == 0;
    json_decref(text);
    return is_it;
}

// Moves from a value to the one that the step leads to; *out_key is where the member's key is.
static void take_step(walk_t* walk, const bc_json_step_t* step, uint32_t* out_key) {
    walk->at++;
    for (size_t i = 0; peek(walk) != 0; i++) {
        skip_space(walk);
        *out_key = walk->at;
        bool is_it = step->key == NULL && i == step->index;
        if (step->key != NULL) {
            is_it = is_key(walk, step->key);
            skip_string(walk);
            skip_space(walk);
            walk->at++;  // the colon
            skip_space(walk);
        }
        if (is_it) {
            return;
        }
        skip_value(walk);
        skip_space(walk);
        walk->at++;  // the comma
    }
}

bc_place_t bc_json_place(const bc_source_t* source, const bc_json_step_t* steps, size_t count,
                         bool of_key) {
    walk_t walk = {source, 0};
    uint32_t key = 0;
    skip_space(&walk);
    for (size_t i = 0; i < count; i++) {
        take_step(&walk, &steps[i], &key);
    }
    walk_t end = walk;
    if (of_key) {
        walk.at = end.at = key;
        skip_string(&end);
    } else if (peek(&walk) == '[' || peek(&walk) == '{') {
        end.at++;
    } else {
        skip_value(&end);
    }
    if (walk.at >= source->size) {
        return (bc_place_t){source, source->size, 1};
    }
    return (bc_place_t){source, walk.at, end.at - walk.at};
}
