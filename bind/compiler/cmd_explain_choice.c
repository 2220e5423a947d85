// SPDX-License-Identifier: MIT
// bindc explain with several programs.
#include "explain_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytecode.h"
#include "program_file.h"

typedef struct match {
    bindc_program_file_t file;
    const char* path;
    bind_candidate_t candidate;
    bool is_match;
} match_t;

static void append_line(bc_buffer_t* out, const match_t* match, const char* end) {
    static const char* const sets[] = {
        [BIND_CHOICE_BOOT] = "boot set",
        [BIND_CHOICE_SYSTEM] = "system set",
        [BIND_CHOICE_LOADED] = "loaded",
    };
    const bind_candidate_t* candidate = &match->candidate;
    char text[96];
    bc_buffer_text(out, candidate->name);
    if (candidate->version[0] != 0) {
        bc_buffer_text(out, " ");
        bc_buffer_text(out, candidate->version);
    }
    snprintf(text, sizeof(text), " (%s%s", sets[candidate->set],
             candidate->is_fallback ? ", a fallback" : "");
    bc_buffer_text(out, text);
    if (match->is_match) {
        snprintf(text, sizeof(text), ", specificity %u", candidate->specificity);
        bc_buffer_text(out, text);
    }
    bc_buffer_text(out, end);
}

// A driver is called as in its note, bytecode as its file.
static bool open_match(const bindc_rival_t* rival, match_t* match) {
    if (!bindc_program_file_open(rival->path, &match->file)) {
        if (match->file.content.size != 0 && !bindc_is_program(&match->file.content)) {
            fprintf(stderr, "    note: of several programs each has to be compiled\n");
        }
        return false;
    }
    if (match->file.program.is_composite) {
        fprintf(stderr, "%s: error: a composite is explained alone\n", rival->path);
        return false;
    }
    const char* slash = strrchr(rival->path, '/');
    const bc_driver_name_t* driver = &match->file.driver;
    match->path = rival->path;
    match->candidate = (bind_candidate_t){
        .name = driver->name[0] != 0 ? driver->name
                : slash == NULL      ? rival->path
                                     : slash + 1,
        .version = driver->version,
        .is_fallback = driver->version[0] == '*',
        .set = rival->set,
    };
    return true;
}

static void explain(match_t* match, const bind_property_t* props, size_t prop_count,
                    bc_buffer_t* out) {
    const bind_program_t* program = &match->file.program;
    bc_buffer_text(out, match->path);
    bc_buffer_text(out, ": ");
    append_line(out, match, "):\n");
    bc_explain(program, program->body, program->body_size, NULL, props, prop_count, out);
    bind_program_match_etc(program, NULL, props, prop_count, &match->is_match,
                           &match->candidate.specificity, NULL);
}

// What does not match goes last.
static int compare_matches(const void* a, const void* b) {
    const match_t* x = *(match_t* const*)a;
    const match_t* y = *(match_t* const*)b;
    return x->is_match != y->is_match ? (int)y->is_match - (int)x->is_match
                                      : bind_choice_compare(&x->candidate, &y->candidate, NULL);
}

static void append_choice(match_t* const* matches, size_t count, bc_buffer_t* out) {
    size_t matching = 0;
    while (matching < count && matches[matching]->is_match) {
        matching++;
    }
    bc_buffer_text(out, matching == 0   ? "No program matches the device.\n"
                        : matching == 1 ? "One program matches the device:\n"
                                        : "These match the device, the preferred one first:\n");
    for (size_t i = 0; i < matching; i++) {
        bind_choice_reason_t reason;
        bc_buffer_text(out, "  ");
        if (i + 1 == matching) {
            append_line(out, matches[i], ")\n");
            return;
        }
        append_line(out, matches[i], ") before the next: ");
        bind_choice_compare(&matches[i]->candidate, &matches[i + 1]->candidate, &reason);
        bc_buffer_text(out, bind_choice_reason_text(reason));
        bc_buffer_text(out, "\n");
    }
}

bool bindc_explain_choice(const bindc_rival_t* rivals, size_t count, const bind_property_t* props,
                          size_t prop_count, bc_buffer_t* out) {
    match_t* matches = calloc(count, sizeof(*matches));
    match_t** order = calloc(count, sizeof(*order));
    if (matches == NULL || order == NULL) {
        fputs("bindc: out of memory\n", stderr);
        abort();
    }
    bool is_good = true;
    for (size_t i = 0; i < count && is_good; i++) {
        order[i] = &matches[i];
        is_good = open_match(&rivals[i], &matches[i]);
        if (is_good) {
            explain(&matches[i], props, prop_count, out);
        }
    }
    if (is_good) {
        qsort(order, count, sizeof(*order), compare_matches);
        append_choice(order, count, out);
    }
    for (size_t i = 0; i < count; i++) {
        bindc_program_file_close(&matches[i].file);
    }
    free(order);
    free(matches);
    return is_good;
}
