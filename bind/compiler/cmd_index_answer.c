// SPDX-License-Identifier: MIT
// What bindc index prints.
#include "index_answer.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include <bind/choice.h>

#include "import.h"

static bind_candidate_t candidate_of(const bind_index_hit_t* hit) {
    const bindc_indexed_t* program = hit->context;
    return (bind_candidate_t){.name = program->name,
                              .version = program->version,
                              .is_fallback = program->version[0] == '*',
                              .specificity = hit->specificity};
}

// Equal ones stay in the order in which they came in.
static int compare_hits(const void* a, const void* b) {
    const bind_index_hit_t* x = a;
    const bind_index_hit_t* y = b;
    const bind_candidate_t first = candidate_of(x);
    const bind_candidate_t second = candidate_of(y);
    const int order = bind_choice_compare(&first, &second, NULL);
    return order != 0 ? order : (x->id > y->id) - (x->id < y->id);
}

// All hits in the order of preference; the caller frees them.
static bind_index_hit_t* find(const bind_index_t* index, const import_device_t* device,
                              size_t* out_count) {
    bind_index_find(index, device->props, device->count, NULL, 0, out_count);
    const size_t capacity = *out_count;
    bind_index_hit_t* hits = calloc(capacity + 1, sizeof(*hits));
    if (hits == NULL) {
        fputs("bindc: out of memory\n", stderr);
        abort();
    }
    bind_index_find(index, device->props, device->count, hits, capacity, out_count);
    qsort(hits, *out_count, sizeof(*hits), compare_hits);
    return hits;
}

static json_t* json_of(const bindc_indexed_t* program, uint32_t conditions) {
    json_t* driver = json_pack("{s:s, s:i}", "name", program->name, "conditions", (int)conditions);
    if (program->version[0] != 0) {
        json_object_set_new(driver, "version", json_string(program->version));
    }
    if (program->origin != NULL) {
        json_object_set_new(driver, "origin", json_string(program->origin));
    }
    return driver;
}

static void print_driver(const bindc_indexed_t* program, uint32_t conditions) {
    printf("  %s", program->name);
    if (program->version[0] != 0) {
        printf(" %s", program->version);
    }
    printf(" (%u condition%s)", conditions, conditions == 1 ? "" : "s");
    if (program->origin != NULL) {
        printf(" %s", program->origin);
    }
    putchar('\n');
}

// Prints, or appends to `all` if that is not null.
static bool look_up(const bind_index_t* index, const char* modalias, json_t* all) {
    static import_device_t device;
    size_t count;
    if (!import_device(modalias, &device)) {
        fprintf(stderr, "bindc: error: this is no modalias, or too long: %s\n", modalias);
        return false;
    }
    bind_index_hit_t* hits = find(index, &device, &count);
    json_t* drivers = json_array();
    if (all == NULL) {
        printf("%s:%s\n", modalias, count == 0 ? " no driver" : "");
    }
    for (size_t i = 0; i < count; i++) {
        const uint32_t conditions = hits[i].specificity / BIND_SPECIFICITY_EQUAL;
        if (all == NULL) {
            print_driver(hits[i].context, conditions);
        } else {
            json_array_append_new(drivers, json_of(hits[i].context, conditions));
        }
    }
    free(hits);
    if (all != NULL) {
        json_array_append_new(all,
                              json_pack("{s:s, s:O}", "modalias", modalias, "drivers", drivers));
    }
    json_decref(drivers);
    return true;
}

bool bindc_print_devices(const bind_index_t* index, const char* const* modaliases, size_t count,
                         bool is_json) {
    json_t* all = is_json ? json_array() : NULL;
    bool is_good = true;
    for (size_t i = 0; i < count && is_good; i++) {
        is_good = look_up(index, modaliases[i], all);
    }
    if (is_good && all != NULL) {
        json_dumpf(all, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(all);
    return is_good;
}

void bindc_print_index(const bind_index_t* index, bool is_json) {
    bind_index_stats_t stats;
    bind_index_get_stats(index, &stats);
    const struct {
        const char* key;
        const char* text;
        size_t number;
    } lines[] = {
        {"programs", "programs", stats.entries},
        {"ways", "ways in tables", stats.paths},
        {"exact", "of these need no confirmation", stats.exact},
        {"key_sets", "sets of keys", stats.shapes},
        {"keys", "keys", stats.keys},
        {"texts", "texts", stats.texts},
        {"always_tried", "programs are tried for every device", stats.residual},
    };
    json_t* object = json_object();
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        json_object_set_new(object, lines[i].key, json_integer((json_int_t)lines[i].number));
        if (!is_json) {
            printf("%zu %s\n", lines[i].number, lines[i].text);
        }
    }
    if (is_json) {
        json_dumpf(object, stdout, JSON_INDENT(2));
        putchar('\n');
    }
    json_decref(object);
}
