// SPDX-License-Identifier: MIT
// Attack surface: bundles, and programs of unknown drivers that are put into the match index. What
// is read is added, looked up, and removed again; the index and trying every program must agree.
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <bind/bundle.h>
#include <bind/index.h>

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

#define MAX_PROGRAMS 16u

// The keys and values of the worked examples that the fuzzer begins with.
static const bind_property_t device[] = {
    {.id = 0x0001, .type = BIND_VALUE_NUMBER, .number = 31},
    {.id = 0x0100, .type = BIND_VALUE_NUMBER, .number = 2},
    {.id = 0x0101, .type = BIND_VALUE_NUMBER, .number = 0x1041},
    {.id = 0x0200, .type = BIND_VALUE_NUMBER, .number = 0x8087},
    {.key = "acme.widget.KIND", .type = BIND_VALUE_ENUM, .string = "acme.widget.KIND.ROUND"},
    {.key = "acme.widget.HOT", .type = BIND_VALUE_BOOL, .boolean = true},
    {.key = BIND_BUNDLE_PATTERN_KEY, .type = BIND_VALUE_STRING, .string = "pci:v00001AF4"},
};
#define DEVICE_SIZE (sizeof(device) / sizeof(device[0]))

typedef struct set {
    bind_index_t* index;
    bind_program_t programs[MAX_PROGRAMS];
    uint32_t ids[MAX_PROGRAMS];
    uint32_t count;
} set_t;

static void add_one(set_t* set, const bind_index_entry_t* entry) {
    if (set->count < MAX_PROGRAMS &&
        bind_index_add(set->index, entry, &set->ids[set->count]) == ZX_OK) {
        set->count++;
    }
}

static void add(set_t* set, const bind_bundle_entry_t* entry) {
    bind_program_t* program = &set->programs[set->count];
    if (bind_program_read(entry->bytecode, entry->bytecode_size, program, NULL) != ZX_OK ||
        program->is_composite) {
        return;
    }
    const bind_index_entry_t added = {
        .program = program,
        .pattern_key = entry->pattern == NULL ? NULL : BIND_BUNDLE_PATTERN_KEY,
        .pattern = entry->pattern,
        .context = program,
    };
    add_one(set, &added);
}

static int compare(const void* a, const void* b) {
    const bind_index_hit_t* x = a;
    const bind_index_hit_t* y = b;
    return x->id < y->id ? -1 : x->id > y->id;
}

// With ever fewer properties, so that keys are present and absent.
static void look_up(const set_t* set) {
    for (size_t props = 0; props <= DEVICE_SIZE; props++) {
        bind_index_hit_t found[MAX_PROGRAMS] = {0};
        bind_index_hit_t tried[MAX_PROGRAMS] = {0};
        size_t found_count;
        size_t tried_count;
        if (bind_index_find(set->index, device, props, found, MAX_PROGRAMS, &found_count) !=
                ZX_OK ||
            bind_index_find_linear(set->index, device, props, tried, MAX_PROGRAMS, &tried_count) !=
                ZX_OK ||
            found_count != tried_count) {
            abort();
        }
        qsort(found, found_count, sizeof(found[0]), compare);
        qsort(tried, tried_count, sizeof(tried[0]), compare);
        for (size_t i = 0; i < found_count; i++) {
            if (found[i].id != tried[i].id || found[i].context != tried[i].context ||
                found[i].specificity != tried[i].specificity) {
                abort();
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    bind_bundle_t bundle;
    bind_bundle_entry_t entry;
    set_t set = {0};
    if (bind_bundle_open(data, size, &bundle) != ZX_OK) {
        return 0;
    }
    if (bind_index_create(&set.index) != ZX_OK) {
        abort();
    }
    while (bind_bundle_next(&bundle, &entry) == ZX_OK) {
        if (set.count < MAX_PROGRAMS) {
            add(&set, &entry);
        }
    }
    look_up(&set);
    // Every other one goes, then the rest.
    for (uint32_t i = 0; i < set.count; i += 2) {
        if (bind_index_remove(set.index, set.ids[i]) != ZX_OK) {
            abort();
        }
    }
    look_up(&set);
    bind_index_destroy(set.index);
    return 0;
}
