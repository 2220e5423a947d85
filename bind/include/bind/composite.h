// SPDX-License-Identifier: MIT
// Matching composite programs, in both ways that exist.
//
// Per node: a node is one of the parents of a composite if the rules of that parent match it.
// Specifications: someone lists the parents that a composite device has, each with properties; a
// composite program matches if its parents can be assigned to them. Nothing here allocates or
// blocks; memory for an assignment comes from the caller. Threads: pure functions.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <bind/match.h>

#define BIND_COMPOSITE_MAX_PARENTS 256u

// Which parent of the program a node is: 0 for the primary, else the position among the additional
// ones, from 1. The first that matches counts; optional parents do not take part.
//   ZX_ERR_NOT_FOUND     none
//   ZX_ERR_INVALID_ARGS  a null argument, or no composite
// What failed while matching does not match; *out_error (may be null) is the first such failure,
// also when another parent was found.
zx_status_t bind_composite_find_node(const bind_program_t* program, const bind_property_t* props,
                                     size_t count, size_t* out_index, bind_error_t* out_error);

// One parent of a specification; borrowed.
typedef struct bind_spec_parent {
    const bind_property_t* props;
    size_t count;
} bind_spec_parent_t;

typedef struct bind_assignment {
    size_t primary;        // which parent of the specification is the primary
    bool is_ambiguous;     // there is another assignment as well
    size_t ambiguous;      // then: a parent of the specification that could also be …
    size_t ambiguous_for;  // … this parent of the program
} bind_assignment_t;

// Bytes of workspace for so many parents of a specification and of a program, aligned like a
// size_t.
#define BIND_COMPOSITE_WORKSPACE(spec_count, parent_count)  \
    (((spec_count) + 2 * (parent_count)) * sizeof(size_t) + \
     ((spec_count) * (parent_count) + (parent_count) + sizeof(size_t)))

// Parents in a composite program; 0 for others.
size_t bind_composite_parent_count(const bind_program_t* program);

// Assigns each parent of a specification a parent of the program of its own whose rules match it,
// such that the primary and all additional parents are used. If the parent of a specification has
// the property fuchsia.NAME, it only fits the program's parent of that name. The assignment that
// taking the first fitting parent for each in order gives is preferred; if that leads nowhere,
// others are searched for, and one is found if there is any.
//
// out_parents[i] is the number of the program's parent, as of bind_program_parent(), for parent i
// of the specification.
//   ZX_ERR_NOT_FOUND         no assignment
//   ZX_ERR_INVALID_ARGS      a null argument, or no composite
//   ZX_ERR_OUT_OF_RANGE      more than BIND_COMPOSITE_MAX_PARENTS on either side
//   ZX_ERR_BUFFER_TOO_SMALL  the workspace
// *out_error as above.
zx_status_t bind_composite_match(const bind_program_t* program, const bind_spec_parent_t* spec,
                                 size_t spec_count, void* workspace, size_t workspace_size,
                                 size_t* out_parents, bind_assignment_t* out,
                                 bind_error_t* out_error);

// One rule by which a specification itself chooses the node for one of its parents.
typedef struct bind_spec_rule {
    uint32_t id;                    // legacy integer key, used when key is null
    const char* key;                // borrowed
    bool accepts;                   // false: rejects
    const bind_property_t* values;  // only kind and value count; borrowed
    size_t count;
} bind_spec_rule_t;

// Whether a node satisfies all rules. Accepting: the property is one of the values, or it is none
// of them or absent and `false` is among them. Rejecting: it is none of them. A legacy key is
// looked up by number and by name.
bool bind_spec_rules_match(const bind_spec_rule_t* rules, size_t rule_count,
                           const bind_property_t* props, size_t count);
