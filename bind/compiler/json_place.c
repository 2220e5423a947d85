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

// Goes on from element `index`, or member, at the cursor to the one that the step leads to;
// *out_key is where the member's key is.
static void seek(walk_t* walk, size_t index, const bc_json_step_t* step, uint32_t* out_key) {
    for (size_t i = index; peek(walk) != 0; i++) {
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

static bool is_same_step(const bc_json_step_t* a, const bc_json_step_t* b) {
    if (a->key == NULL || b->key == NULL) {
        return a->key == b->key && a->index == b->index;
    }
    return strcmp(a->key, b->key) == 0;
}

// Takes all steps; as long as they are those of the trail, by looking there. An element behind that
// of the trail is looked for from there on.
static void take_steps(walk_t* walk, const bc_json_step_t* steps, size_t count,
                       bc_json_trail_t* trail) {
    bool is_known = true;
    for (size_t i = 0; i < count; i++) {
        const bc_json_step_t* old = &trail->steps[i];
        is_known = is_known && i < trail->count;
        if (is_known && is_same_step(old, &steps[i])) {
            walk->at = trail->values[i];
            continue;
        }
        size_t from = 0;
        if (is_known && old->key == NULL && steps[i].key == NULL && old->index < steps[i].index) {
            walk->at = trail->values[i];
            from = old->index;
        } else {
            walk->at++;  // the bracket or brace
        }
        is_known = false;
        seek(walk, from, &steps[i], &trail->keys[i]);
        trail->steps[i] = steps[i];
        trail->values[i] = walk->at;
        trail->count = i + 1;
    }
}

bc_place_t bc_json_place(const bc_source_t* source, const bc_json_step_t* steps, size_t count,
                         bool of_key, bc_json_trail_t* trail) {
    walk_t walk = {source, 0};
    skip_space(&walk);
    take_steps(&walk, steps, count, trail);
    walk_t end = walk;
    if (of_key) {
        walk.at = end.at = trail->keys[count - 1];
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
