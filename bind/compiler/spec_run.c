// SPDX-License-Identifier: MIT
// Running test specifications, and counting which outcomes of the rules they reach.
#include <stdio.h>
#include <string.h>

#include <bind/trace.h>

#include "bytecode.h"
#include "spec.h"
#include "symbolic.h"

// What an instruction of the rules did so far.
typedef struct counter {
    bool held;
    bool failed;
} counter_t;

// A piece of code with its counters.
typedef struct unit {
    const bc_block_t* block;
    bc_code_t* origin;
    const uint8_t* code;
    uint32_t size;
    counter_t* counters;  // one for each instruction of `origin`
} unit_t;

typedef struct runner {
    bc_compiler_t* compiler;
    bind_program_t program;
    unit_t* units;
    size_t unit_count;
    bool is_symbolic;
    bc_buffer_t* out;
    bc_buffer_t* failure;
} runner_t;

static void append_text(bc_buffer_t* out, bc_text_t text) {
    bc_buffer_append(out, text.data, text.size);
}

static void append_line(bc_buffer_t* out, const char* front, bc_text_t text) {
    bc_buffer_text(out, front);
    append_text(out, text);
    bc_buffer_text(out, "\n");
}

static void make_unit(runner_t* runner, const bc_block_t* block, bc_code_t* origin,
                      const uint8_t* code, uint32_t size) {
    bc_arena_t* arena = &runner->compiler->arena;
    runner->units[runner->unit_count++] = (unit_t){
        block, origin, code, size, bc_arena_alloc(arena, origin->count * sizeof(counter_t))};
}

// Parents are in the file by kind, so each is looked up by its name.
static void make_units(runner_t* runner) {
    bc_program_t* program = &runner->compiler->program;
    const size_t count = program->is_composite ? program->parent_count : 1;
    runner->units = bc_arena_alloc(&runner->compiler->arena, count * sizeof(unit_t));
    if (!program->is_composite) {
        make_unit(runner, &runner->compiler->rules->block, &program->code, runner->program.body,
                  runner->program.body_size);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        bc_compiled_parent_t* compiled = &program->parents[i];
        bind_parent_t parent = {0};
        for (size_t j = 0; bind_program_parent(&runner->program, j, &parent) == ZX_OK; j++) {
            if (bc_text_equal(bc_text(parent.name), compiled->parent->name.text)) {
                break;
            }
        }
        make_unit(runner, &compiled->parent->block, &compiled->code, parent.code, parent.code_size);
    }
}

static void count_step(void* context, const bind_step_t* step) {
    unit_t* unit = context;
    const bc_instruction_t* origin = bc_find_origin(unit->origin, step->at);
    if (origin == NULL) {
        return;
    }
    counter_t* counter = &unit->counters[origin - unit->origin->items];
    bool holds = step->is_equal;
    if (origin->location == BC_LOCATION_IF) {
        holds = !step->jumps;
    } else if (origin->location == BC_LOCATION_CONDITION) {
        holds = !step->aborts;
    }
    counter->held = counter->held || holds;
    counter->failed = counter->failed || !holds;
}

static bool run_bytecode(runner_t* runner, unit_t* unit, const bc_device_t* device,
                         bind_error_t* out_error) {
    size_t count;
    bool is_match = false;
    const bind_property_t* props =
        bc_device_properties(device, false, &runner->compiler->arena, &count);
    bind_code_trace(&runner->program, unit->code, unit->size, props, count, count_step, unit,
                    &is_match, out_error);
    return is_match;
}

static void tell_failure(runner_t* runner, const bc_case_t* test, bool is_match,
                         const bind_error_t* error) {
    const bc_position_t at = bc_place_position(test->place);
    char text[256];
    snprintf(text, sizeof(text),
             "%s:%u:%u: error: the outcome is %s, not %s: ", test->place.source->path, at.line,
             at.column, is_match ? "match" : "abort", test->expects_match ? "match" : "abort");
    append_line(runner->failure, text, test->name);
    if (error->code != 0) {
        snprintf(text, sizeof(text), "    note: E%u: %s\n", error->code, error->text);
        bc_buffer_text(runner->failure, text);
    }
}

static bool run_case(runner_t* runner, unit_t* unit, bc_case_t* test) {
    const bc_rules_t* rules = runner->compiler->rules;
    bind_error_t error;
    append_line(runner->out, "[ RUN      ] ", test->name);
    const bool symbolic =
        bc_symbolic_run(&runner->compiler->symbols, rules, unit->block, &test->device, runner->out);
    const bool compiled = run_bytecode(runner, unit, &test->device, &error);
    if (symbolic != compiled && error.code != 0) {
        char text[200];
        snprintf(text, sizeof(text), "On the target there is no match: E%u: %s.\n", error.code,
                 error.text);
        bc_buffer_text(runner->out, text);
    } else if (symbolic != compiled) {
        bc_buffer_text(runner->out,
                       compiled ? "On the target the driver matches: a string and an enum of one "
                                  "text are equal there.\n"
                                : "On the target there is no match: a string and an enum of one "
                                  "text are equal there.\n");
    }
    const bool is_match = runner->is_symbolic ? symbolic : compiled;
    const bool is_right = is_match == test->expects_match;
    append_line(runner->out, is_right ? "[       OK ] " : "[  FAILED  ] ", test->name);
    if (!is_right) {
        tell_failure(runner, test, is_match, &error);
    }
    return is_right;
}

static bool run_group(runner_t* runner, unit_t* unit, const bc_case_group_t* group) {
    bc_buffer_text(runner->out, "[----------]\n");
    for (bc_case_t* test = group->cases; test != NULL; test = test->next) {
        if (!run_case(runner, unit, test)) {
            return false;
        }
    }
    bc_buffer_text(runner->out, "[----------]\n[  PASSED  ]\n");
    return true;
}

static unit_t* find_unit(runner_t* runner, const bc_case_group_t* group) {
    const bc_program_t* program = &runner->compiler->program;
    for (size_t i = 0; i < program->parent_count; i++) {
        if (bc_text_equal(program->parents[i].parent->name.text, group->parent)) {
            return &runner->units[i];
        }
    }
    return &runner->units[0];
}

static bool run_groups(runner_t* runner, const bc_spec_t* spec) {
    for (const bc_case_group_t* group = spec->groups; group != NULL; group = group->next) {
        if (spec->is_composite) {
            bc_buffer_text(runner->out, "[==========]\n");
            append_line(runner->out, "[ RUN      ] Test for composite parent ", group->parent);
        }
        if (!run_group(runner, find_unit(runner, group), group)) {
            return false;
        }
    }
    if (spec->is_composite) {
        bc_buffer_text(runner->out, "[==========]\n[  PASSED  ] All parents passed.\n");
    }
    return true;
}

static void list_missing(bc_buffer_t* out, const bc_instruction_t* instruction, const char* what) {
    const bc_position_t at = bc_place_position(instruction->place);
    char text[64];
    bc_buffer_text(out, "  ");
    bc_buffer_text(out, instruction->place.source->path);
    snprintf(text, sizeof(text), ":%u:%u: %s: ", at.line, at.column, what);
    const char* source = instruction->place.source->text + instruction->place.offset;
    const char* newline = memchr(source, '\n', instruction->place.size);
    const uint32_t size = newline == NULL ? instruction->place.size : (uint32_t)(newline - source);
    append_line(out, text, (bc_text_t){source, size});
}

// Conditions have two outcomes, an accepted value one, the end of an accept list one.
static void count_instruction(const bc_instruction_t* instruction, const counter_t* counter,
                              bc_coverage_t* coverage, bc_buffer_t* out) {
    const bool is_condition =
        instruction->location == BC_LOCATION_CONDITION || instruction->location == BC_LOCATION_IF;
    if (is_condition || instruction->location == BC_LOCATION_ACCEPT_VALUE) {
        coverage->total++;
        coverage->taken += counter->held;
        if (!counter->held) {
            list_missing(out, instruction, is_condition ? "never true" : "never accepted");
        }
    }
    if (is_condition || instruction->location == BC_LOCATION_ACCEPT_FAILURE) {
        coverage->total++;
        coverage->taken += counter->failed;
        if (!counter->failed) {
            list_missing(out, instruction, is_condition ? "never false" : "never refused");
        }
    }
}

static void report_coverage(runner_t* runner, bc_coverage_t* out) {
    bc_buffer_t missing = {0};
    char text[80];
    *out = (bc_coverage_t){0};
    for (size_t u = 0; u < runner->unit_count; u++) {
        const unit_t* unit = &runner->units[u];
        for (size_t i = 0; i < unit->origin->count; i++) {
            count_instruction(&unit->origin->items[i], &unit->counters[i], out, &missing);
        }
    }
    snprintf(text, sizeof(text), "Coverage: %zu of %zu outcomes\n", out->taken, out->total);
    bc_buffer_text(runner->out, text);
    bc_buffer_append(runner->out, missing.data, missing.size);
    bc_buffer_fini(&missing);
}

bool bc_spec_run(bc_compiler_t* compiler, const bc_buffer_t* bytes, const bc_spec_t* spec,
                 bool is_symbolic, bc_buffer_t* out, bc_buffer_t* out_failure,
                 bc_coverage_t* out_coverage) {
    runner_t runner = {
        .compiler = compiler, .is_symbolic = is_symbolic, .out = out, .failure = out_failure};
    if (bind_program_read(bytes->data, bytes->size, &runner.program, NULL) != ZX_OK) {
        return false;
    }
    make_units(&runner);
    const bool is_good = run_groups(&runner, spec);
    if (is_good) {
        report_coverage(&runner, out_coverage);
    }
    return is_good;
}
