// SPDX-License-Identifier: MIT
// Composite programs: which parent a node is, and assigning the parents of a specification.
#include <bind/composite.h>

#include <string.h>

#include <zircon/errors.h>

#define NOBODY SIZE_MAX

// Left side: parents of the specification; right side: parents of the program.
typedef struct graph {
    size_t spec_count;
    size_t parent_count;
    size_t required;    // the program's first so many parents must be used
    uint8_t* edges;     // [spec * parent_count + parent]
    size_t* by_spec;    // the parent assigned to each
    size_t* by_parent;  // and back
    size_t* banned;     // [parent]: spec that must not get it, or NOBODY
    uint8_t* visited;   // [parent]
} graph_t;

static void keep_first(bind_error_t* first, const bind_error_t* error) {
    if (first != NULL && first->code == 0) {
        *first = *error;
    }
}

zx_status_t bind_composite_find_node(const bind_program_t* program, const bind_property_t* props,
                                     size_t count, size_t* out_index, bind_error_t* out_error) {
    if (out_error != NULL) {
        *out_error = (bind_error_t){0};
    }
    if (program == NULL || out_index == NULL || !program->is_composite ||
        (props == NULL && count != 0)) {
        return ZX_ERR_INVALID_ARGS;
    }
    bind_parent_t parent;
    size_t index = 0;
    for (size_t i = 0; bind_program_parent(program, i, &parent) == ZX_OK; i++) {
        if (parent.kind == BIND_PARENT_OPTIONAL) {
            continue;
        }
        bool is_match = false;
        bind_error_t error;
        if (bind_parent_match(program, &parent, props, count, &is_match, &error) != ZX_OK) {
            keep_first(out_error, &error);
        }
        if (is_match) {
            *out_index = index;
            return ZX_OK;
        }
        index++;
    }
    return ZX_ERR_NOT_FOUND;
}

size_t bind_composite_parent_count(const bind_program_t* program) {
    bind_parent_t parent;
    size_t count = 0;
    while (program != NULL && bind_program_parent(program, count, &parent) == ZX_OK) {
        count++;
    }
    return count;
}

// A name in the specification ties its parent to the program's parent of that name.
static bool name_fits(const bind_spec_parent_t* spec, const char* name) {
    for (size_t i = 0; i < spec->count; i++) {
        const bind_property_t* prop = &spec->props[i];
        if (prop->key != NULL && strcmp(prop->key, "fuchsia.NAME") == 0 &&
            prop->type == BIND_VALUE_STRING) {
            return prop->string != NULL && strcmp(prop->string, name) == 0;
        }
    }
    return true;
}

// Optional parents come last in a program that bindc made, but not in any: they are sorted behind
// the required ones here. `order` maps this graph's parents to those of the program.
static size_t sort_parents(const bind_program_t* program, size_t* order, size_t count) {
    bind_parent_t parent;
    size_t used = 0;
    size_t required = 0;
    for (int is_optional = 0; is_optional < 2; is_optional++) {
        for (size_t i = 0; i < count; i++) {
            bind_program_parent(program, i, &parent);
            if ((parent.kind == BIND_PARENT_OPTIONAL) == (is_optional == 1)) {
                order[used++] = i;
                required += is_optional == 0;
            }
        }
    }
    return required;
}

static void fill_edges(graph_t* graph, const bind_program_t* program, const size_t* order,
                       const bind_spec_parent_t* spec, bind_error_t* out_error) {
    for (size_t p = 0; p < graph->parent_count; p++) {
        bind_parent_t parent;
        bind_program_parent(program, order[p], &parent);
        for (size_t s = 0; s < graph->spec_count; s++) {
            bool is_match = false;
            bind_error_t error;
            if (name_fits(&spec[s], parent.name) &&
                bind_parent_match(program, &parent, spec[s].props, spec[s].count, &is_match,
                                  &error) != ZX_OK) {
                keep_first(out_error, &error);
            }
            graph->edges[s * graph->parent_count + p] = is_match;
        }
    }
}

static bool may_have(const graph_t* graph, size_t spec, size_t parent) {
    return graph->edges[spec * graph->parent_count + parent] && graph->banned[parent] != spec;
}

static void clear(graph_t* graph) {
    for (size_t s = 0; s < graph->spec_count; s++) {
        graph->by_spec[s] = NOBODY;
    }
    for (size_t p = 0; p < graph->parent_count; p++) {
        graph->by_parent[p] = NOBODY;
    }
}

static void assign(graph_t* graph, size_t spec, size_t parent) {
    graph->by_spec[spec] = parent;
    graph->by_parent[parent] = spec;
}

// Finds `spec` a parent, moving others to another one where needed.
static bool place_spec(graph_t* graph, size_t spec) {
    for (size_t p = 0; p < graph->parent_count; p++) {
        if (!may_have(graph, spec, p) || graph->visited[p]) {
            continue;
        }
        graph->visited[p] = 1;
        if (graph->by_parent[p] == NOBODY || place_spec(graph, graph->by_parent[p])) {
            assign(graph, spec, p);
            return true;
        }
    }
    return false;
}

// Finds `parent` a parent of the specification; those that have a parent stay without a change or
// give theirs up to get none, never one that is required.
static bool use_parent(graph_t* graph, size_t parent) {
    for (size_t s = 0; s < graph->spec_count; s++) {
        if (!may_have(graph, s, parent) || graph->by_spec[s] == parent) {
            continue;
        }
        const size_t old = graph->by_spec[s];
        if (old != NOBODY && graph->visited[old]) {
            continue;
        }
        if (old != NOBODY) {
            graph->visited[old] = 1;
        }
        if (old == NOBODY || use_parent(graph, old)) {
            assign(graph, s, parent);
            return true;
        }
    }
    return false;
}

// First all required parents get somebody, then everybody gets a parent; the second step moves
// people only along paths that leave every used parent used. If both are possible each for itself,
// they are possible together.
static bool find_matching(graph_t* graph) {
    clear(graph);
    for (size_t p = 0; p < graph->required; p++) {
        memset(graph->visited, 0, graph->parent_count);
        graph->visited[p] = 1;
        if (!use_parent(graph, p)) {
            return false;
        }
    }
    for (size_t s = 0; s < graph->spec_count; s++) {
        memset(graph->visited, 0, graph->parent_count);
        if (graph->by_spec[s] == NOBODY && !place_spec(graph, s)) {
            return false;
        }
    }
    return true;
}

// The first fitting parent for each: the primary takes the first that fits, the others in order the
// first free additional parent, else the first free optional one.
static bool find_greedily(graph_t* graph) {
    clear(graph);
    size_t primary = 0;
    while (primary < graph->spec_count && !may_have(graph, primary, 0)) {
        primary++;
    }
    if (primary == graph->spec_count) {
        return false;
    }
    assign(graph, primary, 0);
    for (size_t s = 0; s < graph->spec_count; s++) {
        size_t p = 1;
        while (p < graph->parent_count &&
               (graph->by_parent[p] != NOBODY || !may_have(graph, s, p))) {
            p++;
        }
        if (s != primary && p == graph->parent_count) {
            return false;
        }
        if (s != primary) {
            assign(graph, s, p);
        }
    }
    for (size_t p = 0; p < graph->required; p++) {
        if (graph->by_parent[p] == NOBODY) {
            return false;
        }
    }
    return true;
}

// Another assignment differs in some pair; so each pair in turn is forbidden.
static void look_for_another(graph_t* graph, const size_t* found, const size_t* order,
                             bind_assignment_t* out) {
    for (size_t s = 0; s < graph->spec_count && !out->is_ambiguous; s++) {
        graph->banned[found[s]] = s;
        if (find_matching(graph)) {
            out->is_ambiguous = true;
            out->ambiguous = s;
            out->ambiguous_for = order[graph->by_spec[s]];
        }
        graph->banned[found[s]] = NOBODY;
    }
}

static zx_status_t solve(graph_t* graph, const size_t* order, size_t* out_parents,
                         bind_assignment_t* out) {
    if (!find_greedily(graph) && !find_matching(graph)) {
        return ZX_ERR_NOT_FOUND;
    }
    memcpy(out_parents, graph->by_spec, graph->spec_count * sizeof(size_t));
    look_for_another(graph, out_parents, order, out);
    for (size_t s = 0; s < graph->spec_count; s++) {
        if (out_parents[s] == 0) {
            out->primary = s;
        }
        out_parents[s] = order[out_parents[s]];
    }
    return ZX_OK;
}

zx_status_t bind_composite_match(const bind_program_t* program, const bind_spec_parent_t* spec,
                                 size_t spec_count, void* workspace, size_t workspace_size,
                                 size_t* out_parents, bind_assignment_t* out,
                                 bind_error_t* out_error) {
    if (out_error != NULL) {
        *out_error = (bind_error_t){0};
    }
    if (program == NULL || !program->is_composite || (spec == NULL && spec_count != 0) ||
        workspace == NULL || out_parents == NULL || out == NULL) {
        return ZX_ERR_INVALID_ARGS;
    }
    *out = (bind_assignment_t){0};
    const size_t parent_count = bind_composite_parent_count(program);
    if (spec_count > BIND_COMPOSITE_MAX_PARENTS || parent_count > BIND_COMPOSITE_MAX_PARENTS) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    if (spec_count == 0 || spec_count > parent_count) {
        return ZX_ERR_NOT_FOUND;
    }
    size_t order[BIND_COMPOSITE_MAX_PARENTS];
    size_t* words = workspace;
    uint8_t* bytes = (uint8_t*)(words + spec_count + 2 * parent_count);
    if (workspace_size < BIND_COMPOSITE_WORKSPACE(spec_count, parent_count)) {
        return ZX_ERR_BUFFER_TOO_SMALL;
    }
    graph_t graph = {spec_count,
                     parent_count,
                     0,
                     bytes,
                     words,
                     words + spec_count,
                     words + spec_count + parent_count,
                     bytes + spec_count * parent_count};
    graph.required = sort_parents(program, order, parent_count);
    if (spec_count < graph.required) {
        return ZX_ERR_NOT_FOUND;
    }
    for (size_t p = 0; p < parent_count; p++) {
        graph.banned[p] = NOBODY;
    }
    fill_edges(&graph, program, order, spec, out_error);
    return solve(&graph, order, out_parents, out);
}
