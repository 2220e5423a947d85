// SPDX-License-Identifier: MIT
// Follows every way through a program, remembering what was found equal and different on it. Jumps
// only go forward, so every way ends.
#include <stdlib.h>

#include <bind/match.h>
#include <zircon/errors.h>

#include "analyze_flow.h"

// Facts looked at and instructions followed before the analysis gives up; less than the steps that
// the matcher runs at most.
#define MAX_WORK 200000u
_Static_assert(MAX_WORK < BIND_MATCH_MAX_STEPS, "an exact way must not be too long to run");

// What one comparison told. Ways that begin alike share their facts.
typedef struct fact {
    const struct fact* previous;  // borrowed; null: none
    bind_path_key_t key;
    bind_path_value_t value;
    bool is_equal;
} fact_t;

#define FACTS_PER_BLOCK 64u
typedef struct fact_block {
    struct fact_block* next;  // owned
    uint32_t used;
    fact_t facts[FACTS_PER_BLOCK];
} fact_block_t;

// A way that is still to be followed.
typedef struct pending {
    uint32_t at;
    const fact_t* facts;  // borrowed
    uint32_t specificity;
} pending_t;

typedef struct analysis {
    bind_code_t code;
    fact_block_t* blocks;  // owned
    pending_t* pending;    // owned
    size_t pending_count;
    size_t pending_capacity;
    uint32_t path_count;
    uint32_t max_paths;
    uint32_t work;
    bind_path_cb visit;
    void* ctx;
} analysis_t;

static const fact_t* add_fact(analysis_t* analysis, const fact_t* previous, const bind_flow_t* step,
                              bool is_equal) {
    fact_block_t* block = analysis->blocks;
    if (block == NULL || block->used == FACTS_PER_BLOCK) {
        block = malloc(sizeof(*block));
        if (block == NULL) {
            return NULL;
        }
        block->next = analysis->blocks;
        block->used = 0;
        analysis->blocks = block;
    }
    fact_t* fact = &block->facts[block->used++];
    *fact = (fact_t){previous, step->key, step->value, is_equal};
    return fact;
}

static zx_status_t push(analysis_t* analysis, pending_t pending) {
    if (analysis->pending_count == analysis->pending_capacity) {
        const size_t capacity =
            analysis->pending_capacity == 0 ? 16 : analysis->pending_capacity * 2;
        pending_t* bigger = realloc(analysis->pending, capacity * sizeof(*bigger));
        if (bigger == NULL) {
            return ZX_ERR_NO_MEMORY;
        }
        analysis->pending = bigger;
        analysis->pending_capacity = capacity;
    }
    analysis->pending[analysis->pending_count++] = pending;
    return ZX_OK;
}

// Whether a device that fits `facts` can find step->key equal to step->value, or not equal.
static void decide(analysis_t* analysis, const fact_t* facts, const bind_flow_t* step,
                   bool* out_equal, bool* out_other) {
    *out_equal = step->value.type != BIND_VALUE_KEY;
    *out_other = true;
    for (const fact_t* fact = facts; fact != NULL; fact = fact->previous) {
        analysis->work++;
        if (!bind_path_key_equal(&fact->key, &step->key)) {
            continue;
        }
        const bool same = bind_path_value_equal(&fact->value, &step->value);
        if (fact->is_equal) {
            // A property of another kind would be an error, so neither way is open then.
            *out_equal = *out_equal && same;
            *out_other = *out_other && !same && fact->value.type == step->value.type;
        } else if (same) {
            *out_equal = false;
        }
    }
}

// The equalities of a way, each key once; tells whether all fitted.
static bool collect_equals(const fact_t* facts, bind_path_t* path) {
    bool is_all = true;
    for (const fact_t* fact = facts; fact != NULL; fact = fact->previous) {
        bool is_new = fact->is_equal;
        for (uint32_t i = 0; i < path->equal_count && is_new; i++) {
            is_new = !bind_path_key_equal(&path->equals[i].key, &fact->key);
        }
        if (is_new && path->equal_count == BIND_PATH_MAX_EQUALS) {
            is_all = false;
        } else if (is_new) {
            path->equals[path->equal_count++] = (bind_path_equal_t){fact->key, fact->value};
        }
    }
    return is_all;
}

// Whether the equalities imply that every other fact holds.
static bool is_implied(const fact_t* facts, const bind_path_t* path) {
    for (const fact_t* fact = facts; fact != NULL; fact = fact->previous) {
        bool is_known = fact->is_equal;
        for (uint32_t i = 0; i < path->equal_count && !is_known; i++) {
            is_known = bind_path_key_equal(&path->equals[i].key, &fact->key) &&
                       path->equals[i].value.type == fact->value.type;
        }
        if (!is_known) {
            return false;
        }
    }
    return true;
}

static zx_status_t finish_path(analysis_t* analysis, const fact_t* facts, uint32_t specificity) {
    bind_path_t path;
    path.equal_count = 0;
    path.specificity = specificity;
    const bool is_all = collect_equals(facts, &path);
    path.is_exact = is_all && is_implied(facts, &path);
    analysis->path_count++;
    return analysis->visit(analysis->ctx, &path);
}

// Goes both ways at a comparison: on along one of them, the other is pushed. *at is BIND_NOWHERE if
// none is open.
static zx_status_t branch(analysis_t* analysis, const bind_flow_t* step, uint32_t* at,
                          const fact_t** facts, uint32_t* specificity) {
    bool can_equal;
    bool can_other;
    decide(analysis, *facts, step, &can_equal, &can_other);
    can_equal = can_equal && step->if_equal != BIND_NOWHERE;
    can_other = can_other && step->if_other != BIND_NOWHERE;
    const fact_t* before = *facts;
    const uint32_t weight = step->opcode == BIND_OP_NOT_EQUAL ? BIND_SPECIFICITY_NOT_EQUAL : 0;
    *at = BIND_NOWHERE;
    if (can_other) {
        const fact_t* fact = add_fact(analysis, before, step, false);
        if (fact == NULL) {
            return ZX_ERR_NO_MEMORY;
        }
        if (can_equal) {
            const zx_status_t status =
                push(analysis, (pending_t){step->if_other, fact, *specificity + weight});
            if (status != ZX_OK) {
                return status;
            }
        } else {
            *at = step->if_other;
            *facts = fact;
            *specificity += weight;
        }
    }
    if (can_equal) {
        *facts = add_fact(analysis, before, step, true);
        if (*facts == NULL) {
            return ZX_ERR_NO_MEMORY;
        }
        *at = step->if_equal;
        *specificity += BIND_SPECIFICITY_EQUAL;
    }
    return ZX_OK;
}

// Follows one way to its end.
static zx_status_t follow(analysis_t* analysis, pending_t from) {
    uint32_t at = from.at;
    const fact_t* facts = from.facts;
    uint32_t specificity = from.specificity;
    while (at < analysis->code.size && analysis->work < MAX_WORK) {
        analysis->work++;
        bind_flow_t step;
        bind_flow_decode(&analysis->code, at, &step);
        if (step.kind == BIND_FLOW_END) {
            return ZX_OK;
        }
        at = step.next;
        if (step.kind == BIND_FLOW_BRANCH) {
            const zx_status_t status = branch(analysis, &step, &at, &facts, &specificity);
            if (status != ZX_OK) {
                return status;
            }
            if (at == BIND_NOWHERE) {
                return ZX_OK;
            }
        }
    }
    if (analysis->work >= MAX_WORK) {
        return ZX_OK;
    }
    return finish_path(analysis, facts, specificity);
}

zx_status_t bind_analyze_paths(const bind_program_t* program, const bind_parent_t* parent,
                               uint32_t max_paths, bind_path_cb visit, void* ctx,
                               bool* out_complete) {
    analysis_t analysis = {
        .code = bind_code_of(program, parent), .max_paths = max_paths, .visit = visit, .ctx = ctx};
    zx_status_t status = push(&analysis, (pending_t){0});
    while (status == ZX_OK && analysis.pending_count > 0 && analysis.work < MAX_WORK &&
           analysis.path_count < max_paths) {
        status = follow(&analysis, analysis.pending[--analysis.pending_count]);
    }
    *out_complete = status == ZX_OK && analysis.pending_count == 0 && analysis.work < MAX_WORK;
    while (analysis.blocks != NULL) {
        fact_block_t* next = analysis.blocks->next;
        free(analysis.blocks);
        analysis.blocks = next;
    }
    free(analysis.pending);
    return status;
}
