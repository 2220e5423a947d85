// SPDX-License-Identifier: MIT
// The subcommands of bindc as a user sees them: each line of tools/cases is run inside that folder
// and gives exactly tools/expected/<name>.txt: standard output, standard error, exit status. Set
// BIND_UPDATE_GOLDENS=1 to write these files anew; then look at the difference.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"

static char* read_text(const char* path) {
    bc_buffer_t buffer = {0};
    cr_assert(bc_read_file(path, 1u << 20, &buffer), "%s", path);
    bc_buffer_u8(&buffer, 0);
    return (char*)buffer.data;
}

// In a copy of the folder, so that commands may write.
static void enter_copy(char* folder) {
    char command[2200];
    strcpy(folder, "/tmp/bindc_tools.XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(command, sizeof(command), "cp -r '%s' '%s/tools'", fixture_path("tools"), folder);
    cr_assert_eq(system(command), 0);
    cr_assert_eq(chdir(folder), 0);
    cr_assert_eq(chdir("tools"), 0);
}

static void leave_copy(const char* folder) {
    char command[128];
    cr_assert_eq(chdir("/"), 0);
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    cr_assert_eq(system(command), 0);
}

static char* run(const char* arguments) {
    char command[4096];
    const char* build = getenv("JACINTH_BUILD");
    snprintf(command, sizeof(command),
             "{ PATH='%s/bin':$PATH; set -o pipefail; bindc %s; } >../out 2>../err </dev/null",
             build, arguments);
    // A shell with pipefail.
    char* const argv[] = {"bash", "-c", command, NULL};
    const pid_t pid = fork();
    if (pid == 0) {
        execvp(argv[0], argv);
        _exit(127);
    }
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    cr_assert(WIFEXITED(status), "%s: no exit", arguments);
    char* out = read_text("../out");
    char* err = read_text("../err");
    const size_t size = strlen(out) + strlen(err) + 64;
    char* text = malloc(size);
    snprintf(text, size, "%s--- standard error\n%s--- exit status %d\n", out, err,
             WEXITSTATUS(status));
    free(out);
    free(err);
    return text;
}

static void check_case(const char* name, const char* arguments) {
    char path[300];
    snprintf(path, sizeof(path), "tools/expected/%s.txt", name);
    char* text = run(arguments);
    if (getenv("BIND_UPDATE_GOLDENS") != NULL) {
        FILE* file = fopen(fixture_path(path), "w");
        cr_assert_not_null(file, "%s", path);
        fputs(text, file);
        fclose(file);
    }
    char* expected = read_text(fixture_path(path));
    cr_expect_str_eq(text, expected, "%s: bindc %s\n%s", name, arguments, text);
    free(expected);
    free(text);
}

Test(bind_tools, each_case_gives_its_text) {
    char folder[64];
    size_t count = 0;
    enter_copy(folder);
    char* cases = read_text("cases");
    char* rest = cases;
    for (char* line; (line = strsep(&rest, "\n")) != NULL;) {
        if (*line == 0) {
            continue;
        }
        char* arguments = line + strcspn(line, " ");
        *arguments++ = 0;
        check_case(line, arguments + strspn(arguments, " "));
        count++;
    }
    cr_expect_gt(count, 40);
    free(cases);
    leave_copy(folder);
}

// Each example of the worked ones, compiled, listed and assembled again, is the same bytes.
Test(bind_tools, listings_of_the_worked_examples_assemble_to_the_same_bytes) {
    char folder[64];
    enter_copy(folder);
    char command[1024];
    snprintf(command, sizeof(command),
             "for f in '%s'/*.hex; do rm -f a.bc; xxd -r -p $f a.bc && bindc dump -o a.txt a.bc && "
             "bindc assemble -o b.bc a.txt && cmp a.bc b.bc || exit 1; done",
             fixture_path("golden"));
    char script[1400];
    snprintf(script, sizeof(script), "PATH='%s/bin':$PATH; %s", getenv("JACINTH_BUILD"), command);
    cr_expect_eq(system(script), 0);
    leave_copy(folder);
}

// The manual page and the completion have every option that the help has.
Test(bind_tools, manual_and_completion_know_all_options) {
    char folder[64];
    enter_copy(folder);
    char* manual = run("man");
    char* completion = run("completion");
    char* commands = run("--help");
    size_t count = 0;
    cr_expect_not_null(strstr(manual, "exit status 0"));
    char* line = strstr(commands, "commands:\n") + strlen("commands:\n");
    for (; line[0] == ' '; line = strchr(line, '\n') + 1) {
        char name[32];
        char command[64];
        cr_assert_eq(sscanf(line, " %31s", name), 1);
        if (strcmp(name, "help") == 0) {
            continue;
        }
        snprintf(command, sizeof(command), "%s --help", name);
        char* help = run(command);
        cr_expect_not_null(strstr(help, "\nexample:\n  "), "%s", help);
        for (char* option = help; (option = strstr(option, " --")) != NULL; option += 3) {
            char word[64];
            char escaped[130];
            const size_t size = strspn(option + 3, "abcdefghijklmnopqrstuvwxyz0123456789-");
            snprintf(word, sizeof(word), " --%.*s", (int)size, option + 3);
            size_t used = 0;
            for (const char* c = word + 1; *c != 0; c++) {
                if (*c == '-') {
                    escaped[used++] = '\\';
                }
                escaped[used++] = *c;
            }
            escaped[used] = 0;
            cr_expect_not_null(strstr(completion, word), "%s:%s", name, word);
            cr_expect(strcmp(word, " --help") == 0 || strstr(manual, escaped) != NULL, "%s:%s",
                      name, word);
            count++;
        }
        free(help);
    }
    cr_expect_gt(count, 50);
    free(manual);
    free(completion);
    free(commands);
    leave_copy(folder);
}

Test(bind_tools, completion_works_in_bash) {
    char folder[64];
    enter_copy(folder);
    char* text =
        run("completion > ../c.sh; . ../c.sh; COMP_WORDS=(bindc du); COMP_CWORD=1; _bindc; "
            "echo ${COMPREPLY[@]}; COMP_WORDS=(bindc compile --he); COMP_CWORD=2; _bindc; "
            "echo ${COMPREPLY[@]}");
    cr_expect_str_eq(text, "dump\n--help --header\n--- standard error\n--- exit status 0\n", "%s",
                     text);
    free(text);
    leave_copy(folder);
}

// groff has nothing to say about the page.
Test(bind_tools, manual_is_well_formed) {
    char folder[64];
    enter_copy(folder);
    char* text = run("man | groff -Kutf8 -man -Tutf8 -ww -z");
    cr_expect_str_eq(text, "--- standard error\n--- exit status 0\n", "%s", text);
    free(text);
    leave_copy(folder);
}
