// SPDX-License-Identifier: MIT
// The choice among several drivers that match one device. Pure; any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

// Sets of drivers, in the order in which they are preferred.
typedef enum bind_choice_set {
    BIND_CHOICE_BOOT,
    BIND_CHOICE_SYSTEM,
    BIND_CHOICE_LOADED,
} bind_choice_set_t;

// What decides about one driver. Texts are borrowed.
typedef struct bind_candidate {
    const char* name;
    const char* version;   // "1.10"; null counts as empty
    bool is_fallback;      // only if nothing else matches
    uint32_t specificity;  // of its match, see bind_program_match_etc()
    bind_choice_set_t set;
} bind_candidate_t;

// The reason for which one driver goes before another.
typedef enum bind_choice_reason {
    BIND_CHOICE_SAME,
    BIND_CHOICE_EXACT,     // exact before fallback
    BIND_CHOICE_SPECIFIC,  // more conditions on the way to the match
    BIND_CHOICE_BY_SET,    // boot before system before loaded
    BIND_CHOICE_NEWER,     // the newer version
    BIND_CHOICE_BY_NAME,   // the name, as bytes
} bind_choice_reason_t;

// Negative: `a` goes first; positive: `b`; 0: they do not differ in anything above. A total order.
// *out_reason may be null.
int bind_choice_compare(const bind_candidate_t* a, const bind_candidate_t* b,
                        bind_choice_reason_t* out_reason);

// "it is an exact match, not a fallback" and so on: why the first one goes first. A constant.
const char* bind_choice_reason_text(bind_choice_reason_t reason);

// Numbers in the texts compare as numbers, everything else byte by byte: "1.9" < "1.10" < "1.10a".
// A leading '*' (the mark of a fallback) is skipped.
int bind_version_compare(const char* a, const char* b);
