// SPDX-License-Identifier: MIT
// Random programs on random devices. While the source text is written, a model that knows nothing
// of trees, labels or bytes keeps for each device whether control is here, has been refused or has
// failed; compiler, reader and matcher must agree. A second test damages good programs at random:
// whatever comes out is refused or runs to a defined end.
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bind/match.h>

#include "fixture.h"

#define DEVICE_COUNT  24u
#define PROGRAM_COUNT 1500u
#define KEY_COUNT     5u
#define MAX_DEPTH     4u

static const char library[] = "library l; uint U; string S; bool B; enum E { P, Q };";

static uint64_t state = 0x9e3779b97f4a7c15u;

static unsigned random_below(unsigned limit) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)((state >> 32) % limit);
}

// The keys and, for each, the values that rules and devices choose from.
static const struct {
    const char* name;
    uint32_t id;  // 0: the key is a text
    bind_value_type_t type;
    const char* values[3];  // as the rules write them
} keys[KEY_COUNT] = {
    {"fuchsia.BIND_PCI_VID", 0x100, BIND_VALUE_NUMBER, {"0", "1", "0xffffffff"}},
    {"l.U", 0, BIND_VALUE_NUMBER, {"0", "1", "0xffffffff"}},
    {"l.S", 0, BIND_VALUE_STRING, {"\"a\"", "\"b\"", "l.E.P"}},
    {"l.B", 0, BIND_VALUE_BOOL, {"true", "false", "true"}},
    {"l.E", 0, BIND_VALUE_ENUM, {"l.E.P", "l.E.Q", "\"b\""}},
};

static const char* const texts[][3] = {{"a", "b", "l.E.P"}, {"l.E.P", "l.E.Q", "b"}};
static const uint32_t numbers[] = {0, 1, 0xffffffff};

typedef enum fate { FATE_HERE, FATE_REFUSED, FATE_FAILED, FATE_ELSEWHERE } fate_t;

typedef struct device {
    bind_property_t props[KEY_COUNT];
    size_t count;
    int value[KEY_COUNT];  // index of the value, -1: absent, -2: of another kind
} device_t;

static void make_device(device_t* device) {
    *device = (device_t){0};
    for (size_t i = 0; i < KEY_COUNT; i++) {
        const unsigned choice = random_below(16);
        device->value[i] = choice < 4 ? -1 : choice == 4 ? -2 : (int)random_below(3);
        if (choice < 4) {
            continue;
        }
        bind_property_t* prop = &device->props[device->count++];
        const bool is_other = choice == 4;
        const size_t value = is_other ? 0 : (size_t)device->value[i];
        prop->id = keys[i].id;
        prop->key = keys[i].id != 0 && random_below(2) == 0 ? NULL : keys[i].name;
        prop->type = keys[i].type;
        if (is_other) {
            prop->type = keys[i].type == BIND_VALUE_BOOL ? BIND_VALUE_NUMBER : BIND_VALUE_BOOL;
        }
        prop->number = numbers[value];
        prop->boolean = value != 1;
        prop->string = texts[i == 4 ? 1 : 0][value];
    }
}

typedef struct model {
    FILE* text;
    device_t devices[DEVICE_COUNT];
    fate_t fates[DEVICE_COUNT];
} model_t;

// -1 absent, -2 failed, else 0 or 1.
static int compare(const device_t* device, size_t key, size_t value) {
    const int own = device->value[key];
    if (own < 0) {
        return own;
    }
    if (keys[key].type == BIND_VALUE_BOOL) {
        return (own == 1) == (value == 1);
    }
    return own == (int)value;
}

// The fate of a device that meets "key op value" as a statement, or FATE_HERE/FATE_ELSEWHERE as a
// condition.
static fate_t apply(const device_t* device, size_t key, size_t value, bool is_equal, fate_t no) {
    const int result = compare(device, key, value);
    if (result == -2) {
        return FATE_FAILED;
    }
    return (result == 1) == is_equal ? FATE_HERE : no;
}

static void make_block(model_t* model, unsigned depth);

static void make_condition(model_t* model) {
    const size_t key = random_below(KEY_COUNT);
    const size_t value = random_below(3);
    const bool is_equal = random_below(3) == 0;
    fprintf(model->text, "%s %s %s;\n", keys[key].name,
            is_equal ? "==" : "!=", keys[key].values[value]);
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        if (model->fates[i] == FATE_HERE) {
            model->fates[i] = apply(&model->devices[i], key, value, is_equal, FATE_REFUSED);
        }
    }
}

static void make_accept(model_t* model) {
    const size_t key = random_below(KEY_COUNT);
    const size_t count = 1 + random_below(2);
    const size_t first = random_below(3);
    fprintf(model->text, "accept %s { ", keys[key].name);
    for (size_t i = 0; i < count; i++) {
        fprintf(model->text, "%s, ", keys[key].values[(first + i) % 3]);
    }
    fputs("}\n", model->text);
    for (size_t d = 0; d < DEVICE_COUNT; d++) {
        if (model->fates[d] != FATE_HERE) {
            continue;
        }
        fate_t fate = FATE_REFUSED;
        for (size_t i = 0; i < count && fate == FATE_REFUSED; i++) {
            fate = apply(&model->devices[d], key, (first + i) % 3, true, FATE_REFUSED);
        }
        model->fates[d] = fate;
    }
}

// Runs one branch for the devices in `here`, the others wait; merges the results into `merged`.
static void make_branch(model_t* model, const bool* here, fate_t* merged, unsigned depth) {
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        model->fates[i] = here[i] ? FATE_HERE : FATE_ELSEWHERE;
    }
    fputs("{\n", model->text);
    make_block(model, depth + 1);
    fputs("}\n", model->text);
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        if (here[i]) {
            merged[i] = model->fates[i];
        }
    }
}

static void make_if(model_t* model, unsigned depth) {
    fate_t merged[DEVICE_COUNT];
    bool waiting[DEVICE_COUNT];
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        merged[i] = model->fates[i];
        waiting[i] = merged[i] == FATE_HERE;
    }
    const unsigned branches = 1 + random_below(3);
    for (unsigned b = 0; b < branches; b++) {
        const size_t key = random_below(KEY_COUNT);
        const size_t value = random_below(3);
        const bool is_equal = random_below(2) == 0;
        bool here[DEVICE_COUNT];
        fprintf(model->text, "%sif %s %s %s ", b == 0 ? "" : "else ", keys[key].name,
                is_equal ? "==" : "!=", keys[key].values[value]);
        for (size_t i = 0; i < DEVICE_COUNT; i++) {
            const fate_t fate =
                waiting[i] ? apply(&model->devices[i], key, value, is_equal, FATE_ELSEWHERE)
                           : FATE_ELSEWHERE;
            here[i] = fate == FATE_HERE;
            if (fate == FATE_FAILED) {
                merged[i] = FATE_FAILED;
            }
            waiting[i] = waiting[i] && fate == FATE_ELSEWHERE;
        }
        make_branch(model, here, merged, depth);
    }
    fputs("else ", model->text);
    make_branch(model, waiting, merged, depth);
    memcpy(model->fates, merged, sizeof(merged));
}

static void make_block(model_t* model, unsigned depth) {
    const unsigned kind = random_below(12);
    if (kind == 0 && depth > 0) {
        fputs("true;\n", model->text);
        return;
    }
    if (kind == 1 && depth > 0) {
        fputs("false;\n", model->text);
        for (size_t i = 0; i < DEVICE_COUNT; i++) {
            if (model->fates[i] == FATE_HERE) {
                model->fates[i] = FATE_REFUSED;
            }
        }
        return;
    }
    const unsigned count = 1 + random_below(3);
    for (unsigned i = 0; i < count; i++) {
        if (random_below(3) == 0) {
            make_accept(model);
        } else {
            make_condition(model);
        }
    }
    if (depth < MAX_DEPTH && random_below(2) == 0) {
        make_if(model, depth);
    }
}

static void check_devices(const model_t* model, const char* text, const bind_program_t* program,
                          size_t* counts) {
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        const device_t* device = &model->devices[i];
        bool is_match = false;
        bind_error_t error;
        const zx_status_t status =
            bind_program_match(program, device->props, device->count, &is_match, &error);
        const fate_t fate = model->fates[i];
        counts[fate]++;
        cr_assert_eq(status, fate == FATE_FAILED ? ZX_ERR_WRONG_TYPE : ZX_OK, "%s\ndevice %zu: %s",
                     text, i, error.text);
        cr_assert_eq(is_match, fate == FATE_HERE, "%s\ndevice %zu", text, i);
    }
}

static void make_program(model_t* model, bc_buffer_t* out_bytes, char** out_text) {
    size_t size;
    char* errors;
    model->text = open_memstream(out_text, &size);
    for (size_t i = 0; i < DEVICE_COUNT; i++) {
        make_device(&model->devices[i]);
        model->fates[i] = FATE_HERE;
    }
    make_block(model, 0);
    fclose(model->text);
    cr_assert(fixture_compile(*out_text, library, NULL, NULL, out_bytes, &errors), "%s\n%s", errors,
              *out_text);
    free(errors);
}

Test(bind_property, compiled_programs_agree_with_the_model) {
    size_t counts[4] = {0};
    for (unsigned i = 0; i < PROGRAM_COUNT; i++) {
        model_t model;
        char* text;
        bc_buffer_t bytes;
        bind_program_t program;
        bind_error_t error;
        make_program(&model, &bytes, &text);
        cr_assert_eq(bind_program_read(bytes.data, bytes.size, &program, &error), ZX_OK, "%s\n%s",
                     error.text, text);
        check_devices(&model, text, &program, counts);
        bc_buffer_fini(&bytes);
        free(text);
    }
    // The test is worth something only if all outcomes are common.
    cr_expect_gt(counts[FATE_HERE], 500);
    cr_expect_gt(counts[FATE_REFUSED], 500);
    cr_expect_gt(counts[FATE_FAILED], 500);
}

// A copy of exactly the size, so that the sanitizer sees every byte too far.
static void read_and_match(const uint8_t* bytes, size_t size, const model_t* model,
                           size_t* counts) {
    uint8_t* copy = malloc(size == 0 ? 1 : size);
    memcpy(copy, bytes, size);
    bind_program_t program;
    bind_error_t error;
    const zx_status_t status = bind_program_read(copy, size, &program, &error);
    cr_assert(status == ZX_OK || (error.code >= 801 && error.code <= 822 && error.offset <= size));
    counts[status == ZX_OK]++;
    for (size_t i = 0; status == ZX_OK && i < 4; i++) {
        bool is_match;
        const zx_status_t result = bind_program_match(&program, model->devices[i].props,
                                                      model->devices[i].count, &is_match, &error);
        cr_assert(result == ZX_OK || result == ZX_ERR_WRONG_TYPE ||
                  result == ZX_ERR_NOT_SUPPORTED || result == ZX_ERR_IO_DATA_INTEGRITY);
        cr_assert(result == ZX_OK || !is_match);
    }
    free(copy);
}

Test(bind_property, damaged_programs_are_refused_or_run) {
    size_t counts[2] = {0};
    for (unsigned i = 0; i < 300; i++) {
        model_t model;
        char* text;
        bc_buffer_t bytes;
        make_program(&model, &bytes, &text);
        for (unsigned j = 0; j < 60; j++) {
            uint8_t* at = &bytes.data[random_below((unsigned)bytes.size)];
            const uint8_t old = *at;
            *at = random_below(2) == 0 ? (uint8_t)random_below(256)
                                       : (uint8_t)(old ^ (1u << random_below(8)));
            const size_t size =
                random_below(8) == 0 ? random_below((unsigned)bytes.size) : bytes.size;
            read_and_match(bytes.data, size, &model, counts);
            *at = old;
        }
        bc_buffer_fini(&bytes);
        free(text);
    }
    cr_expect_gt(counts[0], 1000);
    cr_expect_gt(counts[1], 1000);
}
