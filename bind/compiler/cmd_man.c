// SPDX-License-Identifier: MIT
// bindc man and bindc completion: the manual page and the shell completion, made from the tables of
// the subcommands.
#include <stdio.h>
#include <string.h>

#include "commands.h"

static const bindc_option_t no_options[] = {{0}};

static bool take_nothing(void* context, int id, const char* value) {
    (void)context;
    (void)id;
    (void)value;
    return true;
}

// Text for troff: a backslash and a hyphen are escaped, a dot at the start of a line is hidden.
static void put_text(const char* text, size_t size) {
    for (size_t i = 0; i < size; i++) {
        if ((text[i] == '.' || text[i] == '\'') && (i == 0 || text[i - 1] == '\n')) {
            fputs("\\&", stdout);
        }
        if (text[i] == '\\') {
            fputs("\\e", stdout);
        } else if (text[i] == '-') {
            fputs("\\-", stdout);
        } else {
            putchar(text[i]);
        }
    }
}

static void put_line(const char* text) {
    put_text(text, strlen(text));
    putchar('\n');
}

static void put_options(const bindc_option_t* options) {
    for (; options != NULL && options->name != NULL; options++) {
        fputs(".TP\n", stdout);
        if (options->id < BINDC_LONG_OPTION) {
            printf("\\fB\\-%c\\fR, ", options->id);
        }
        fputs("\\fB\\-\\-", stdout);
        put_text(options->name, strlen(options->name));
        fputs("\\fR", stdout);
        if (options->value != NULL) {
            fputs(" \\fI", stdout);
            put_text(options->value, strlen(options->value));
            fputs("\\fR", stdout);
        }
        putchar('\n');
        put_line(options->help);
    }
}

static void put_usage(const bindc_command_t* command) {
    const char* line = command->usage;
    while (line != NULL) {
        const char* end = strchr(line, '\n');
        const size_t size = end == NULL ? strlen(line) : (size_t)(end - line);
        fputs(".PP\n\\fBbindc ", stdout);
        put_text(command->name, strlen(command->name));
        fputs("\\fR ", stdout);
        put_text(line, size);
        putchar('\n');
        line = end == NULL ? NULL : end + 1;
    }
}

static void put_command(const bindc_command_t* command) {
    fputs(".SS ", stdout);
    put_line(command->name);
    put_usage(command);
    fputs(".PP\n", stdout);
    put_line(command->description);
    put_options(command->options);
    if (command->shared != NULL) {
        fputs(".PP\nAlso the options of the language, below.\n", stdout);
    }
    fputs(".PP\nExample:\n.PP\n.nf\n", stdout);
    put_line(command->example);
    fputs(".fi\n", stdout);
}

// The table that several commands share.
static const bindc_option_t* shared_options(void) {
    for (size_t i = 0; bindc_commands[i] != NULL; i++) {
        if (bindc_commands[i]->shared != NULL) {
            return bindc_commands[i]->shared;
        }
    }
    return no_options;
}

static int run_man(const bindc_command_t* self, int argc, char** argv) {
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take_nothing, NULL);
    if (parsed != BINDC_PARSED) {
        return parsed == BINDC_REFUSED;
    }
    fputs(".TH BINDC 1 \"\" \"Jacinth " JACINTH_VERSION
          "\" \"Jacinth\"\n"
          ".SH NAME\nbindc \\- compile driver bind rules, and tell what they mean for a device\n"
          ".SH SYNOPSIS\n\\fBbindc\\fR \\fICOMMAND\\fR [\\fIOPTION\\fR...]\n.PP\n"
          "\\fBbindc help\\fR [\\fICOMMAND\\fR]\n.PP\n\\fBbindc \\-\\-version\\fR\n"
          ".SH DESCRIPTION\n"
          "Bind rules say which devices a driver fits. The language is described in docs/bind.md.\n"
          ".SH COMMANDS\n",
          stdout);
    for (size_t i = 0; bindc_commands[i] != NULL; i++) {
        put_command(bindc_commands[i]);
    }
    fputs(".SH OPTIONS OF THE LANGUAGE\n", stdout);
    put_options(shared_options());
    fputs(".SH EXIT STATUS\n0, or 1 after an error.\n", stdout);
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : 1;
}

static void put_words(const bindc_option_t* options) {
    for (; options != NULL && options->name != NULL; options++) {
        printf(" --%s", options->name);
        if (options->id < BINDC_LONG_OPTION) {
            printf(" -%c", options->id);
        }
    }
}

static int run_completion(const bindc_command_t* self, int argc, char** argv) {
    const bindc_parsed_t parsed = bindc_parse(self, argc, argv, take_nothing, NULL);
    if (parsed != BINDC_PARSED) {
        return parsed == BINDC_REFUSED;
    }
    fputs(
        "# Completion of bindc for bash; made by `bindc completion`.\n"
        "_bindc() {\n"
        "    local word=${COMP_WORDS[COMP_CWORD]} words=\n"
        "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
        "        words=\"help --help --version",
        stdout);
    for (size_t i = 0; bindc_commands[i] != NULL; i++) {
        printf(" %s", bindc_commands[i]->name);
    }
    fputs(
        "\"\n"
        "        COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
        "        return\n"
        "    fi\n"
        "    case ${COMP_WORDS[1]} in\n",
        stdout);
    for (size_t i = 0; bindc_commands[i] != NULL; i++) {
        printf("        %s) words=\"--help -h", bindc_commands[i]->name);
        put_words(bindc_commands[i]->options);
        put_words(bindc_commands[i]->shared);
        fputs("\" ;;\n", stdout);
    }
    fputs(
        "    esac\n"
        "    if [[ $word == -* ]]; then\n"
        "        COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
        "    else\n"
        "        COMPREPLY=($(compgen -f -- \"$word\"))\n"
        "    fi\n"
        "}\n"
        "complete -o filenames -F _bindc bindc\n",
        stdout);
    return fflush(stdout) == 0 && ferror(stdout) == 0 ? 0 : 1;
}

const bindc_command_t bindc_man_command = {
    .name = "man",
    .usage = "",
    .summary = "print the manual page",
    .description = "Prints the manual page of bindc, for man.",
    .example = "  bindc man | man -l -",
    .run = run_man,
};

const bindc_command_t bindc_completion_command = {
    .name = "completion",
    .usage = "",
    .summary = "print the completion for bash",
    .description = "Prints what makes bash complete the commands and options of bindc.",
    .example = "  source <(bindc completion)",
    .run = run_completion,
};
