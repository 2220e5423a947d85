// SPDX-License-Identifier: MIT
// The graph of libraries: none missing, no circles.
#include <string.h>

#include "symbols.h"

typedef enum visit { VISIT_NEW, VISIT_OPEN, VISIT_DONE } visit_t;

static void check_usings(const bc_symbols_t* symbols, const bc_using_t* usings) {
    for (const bc_using_t* using = usings; using != NULL; using = using->next) {
        const bc_text_t name = using->library.text;
        if (bc_map_get(&symbols->libraries_by_name, name) == NULL) {
            bc_error(symbols->diagnostics, using->library.place, 200,
                     "there is no library `%.*s` among those given", (int)name.size, name.data);
        }
    }
}

// One step of the way down: a library and the `using` that is followed next.
typedef struct step {
    bc_library_t* library;
    const bc_using_t* next;
} step_t;

// "a uses b uses a": the part of the way that is the circle.
static const char* describe_circle(bc_symbols_t* symbols, const step_t* steps, size_t depth,
                                   const bc_library_t* closing) {
    size_t first = depth;
    while (first > 0 && steps[first].library != closing) {
        first--;
    }
    bc_buffer_t text = {0};
    for (size_t i = first; i <= depth; i++) {
        const bc_text_t name = steps[i].library->name.text;
        bc_buffer_append(&text, name.data, name.size);
        bc_buffer_text(&text, " uses ");
    }
    bc_buffer_append(&text, closing->name.text.data, closing->name.text.size);
    const char* copy = bc_arena_copy(symbols->arena, text.data, text.size);
    bc_buffer_fini(&text);
    return copy;
}

// Walks everything below `root`, depth first, with a stack of its own.
static void find_circles(bc_symbols_t* symbols, bc_library_t* root, step_t* steps) {
    size_t depth = 0;
    steps[0] = (step_t){root, root->usings};
    root->visit = VISIT_OPEN;
    while (true) {
        step_t* step = &steps[depth];
        if (step->next == NULL) {
            step->library->visit = VISIT_DONE;
            if (depth == 0) {
                return;
            }
            depth--;
            continue;
        }
        const bc_using_t* using = step->next;
        step->next = using->next;
        bc_library_t* used = bc_map_get(&symbols->libraries_by_name, using->library.text);
        if (used == NULL) {
            continue;
        }
        if (used->visit == VISIT_OPEN) {
            bc_error(symbols->diagnostics, using->library.place, 201,
                     "libraries use each other in a circle: %s",
                     describe_circle(symbols, steps, depth, used));
        } else if (used->visit == VISIT_NEW) {
            used->visit = VISIT_OPEN;
            steps[++depth] = (step_t){used, used->usings};
        }
    }
}

// Marks what can be reached from these `using` lines, each library once.
static void mark_visible(bc_symbols_t* symbols, const bc_using_t* usings, bc_library_t** stack) {
    size_t depth = 0;
    while (true) {
        for (const bc_using_t* using = usings; using != NULL; using = using->next) {
            bc_library_t* library = bc_map_get(&symbols->libraries_by_name, using->library.text);
            if (library != NULL && !library->is_visible) {
                library->is_visible = true;
                stack[depth++] = library;
            }
        }
        if (depth == 0) {
            return;
        }
        usings = stack[--depth]->usings;
    }
}

// Of two aliases for one library the last counts, and of two lines with one alias.
static void note_aliases(bc_symbols_t* symbols, bc_using_t* usings) {
    bc_map_t last = {0};
    for (bc_using_t* using = usings; using != NULL; using = using->next) {
        if (using->alias.text.size != 0) {
            bc_map_put(&last, symbols->arena, using->library.text, using);
        }
    }
    for (bc_using_t* using = usings; using != NULL; using = using->next) {
        if (using->alias.text.size != 0) {
            const bool counts = bc_map_get(&last, using->library.text) == using;
            bc_map_put(&symbols->aliases, symbols->arena, using->alias.text, counts ? using : NULL);
        }
    }
}

void bc_check_libraries(bc_symbols_t* symbols, const bc_rules_t* rules) {
    size_t count = 0;
    if (rules != NULL) {
        check_usings(symbols, rules->usings);
        note_aliases(symbols, rules->usings);
    }
    for (bc_library_t* library = symbols->libraries; library != NULL; library = library->next) {
        check_usings(symbols, library->usings);
        library->visit = VISIT_NEW;
        count++;
    }
    if (rules != NULL) {
        bc_library_t** stack = bc_arena_alloc(symbols->arena, count * sizeof(bc_library_t*));
        mark_visible(symbols, rules->usings, stack);
    }
    step_t* steps = bc_arena_alloc(symbols->arena, count * sizeof(step_t));
    for (bc_library_t* library = symbols->libraries; library != NULL; library = library->next) {
        if (library->visit == VISIT_NEW) {
            find_circles(symbols, library, steps);
        }
    }
}
