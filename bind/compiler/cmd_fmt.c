// SPDX-License-Identifier: MIT
// bindc fmt: rules and libraries in one style, in place.
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "format.h"

enum { OPTION_CHECK = BINDC_LONG_OPTION, OPTION_STDOUT };

typedef struct fmt_args {
    bool checks;
    bool to_stdout;
} fmt_args_t;

static const bindc_option_t fmt_options[] = {
    {OPTION_CHECK, "check", NULL, "change nothing; fail if a file is not formatted"},
    {OPTION_STDOUT, "stdout", NULL, "print the formatted text instead of changing the file"},
    {0},
};

static bool take(void* context, int id, const char* value) {
    fmt_args_t* args = context;
    (void)value;
    args->checks = args->checks || id == OPTION_CHECK;
    args->to_stdout = args->to_stdout || id == OPTION_STDOUT;
    return true;
}

static bool finish(const fmt_args_t* args, const char* path, const bc_source_t* source,
                   const bc_buffer_t* text) {
    const bool is_same =
        text->size == source->size && memcmp(text->data, source->text, text->size) == 0;
    if (args->checks) {
        if (!is_same) {
            fprintf(stderr, "%s: error: not formatted; `bindc fmt %s` does it\n", path, path);
        }
        return is_same;
    }
    if (args->to_stdout) {
        return bindc_write_stdout(text);
    }
    return is_same || bindc_write(path, text);
}

static bool format_file(const fmt_args_t* args, const char* path) {
    bc_arena_t arena = {0};
    bc_diagnostics_t diagnostics = {.arena = &arena};
    bc_buffer_t text = {0};
    const bc_source_t* source = bc_source_from_file(&diagnostics, path, 0);
    bool is_good = source != NULL && bc_format_source(&diagnostics, source, &text);
    bc_diagnostics_print(&diagnostics, stderr);
    is_good = is_good && finish(args, path, source, &text);
    bc_buffer_fini(&text);
    bc_arena_fini(&arena);
    return is_good;
}

static int run(const bindc_command_t* self, int argc, char** argv) {
    fmt_args_t args = {0};
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take, &args);
    if (parsed != BINDC_PARSED) {
        return parsed == BINDC_REFUSED;
    }
    if (optind == argc) {
        return bindc_usage_error(self, "a file is needed", "");
    }
    bool is_good = true;
    for (int i = optind; i < argc; i++) {
        is_good = format_file(&args, argv[i]) && is_good;
    }
    return is_good ? 0 : 1;
}

const bindc_command_t bindc_fmt_command = {
    .name = "fmt",
    .usage = "[OPTION…] FILE…",
    .summary = "write rules files and libraries in one style",
    .description =
        "Formats rules files and libraries in place; comments are kept. Four blanks for each "
        "level,\n"
        "one statement or value a line, a comma behind each value, at most one empty line in a "
        "row.\n"
        "A file with a syntax error is left as it is.",
    .options = fmt_options,
    .example = "  bindc fmt --check drivers/*/*.bind",
    .run = run,
};
