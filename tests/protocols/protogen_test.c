// SPDX-License-Identifier: MIT
// The generator as a program: what it refuses, with which words, and that it then writes nothing.
// (Its output is compared with goldens by CMakeLists.txt.)
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[] = "/tmp/jacinth-protogen-XXXXXX";
static char output[16384];  // of the last command, stdout and stderr

static const char* environment(const char* name) {
    const char* value = getenv(name);
    cr_assert(value != NULL, "%s is not set: run by ctest", name);
    return value;
}

// Runs the command and returns its exit code.
static int run(const char* command) {
    FILE* pipe = popen(command, "r");
    cr_assert(pipe != NULL);
    output[fread(output, 1, sizeof(output) - 1, pipe)] = '\0';
    const int status = pclose(pipe);
    const bool is_exited = WIFEXITED(status);
    cr_assert(is_exited, "%s", command);
    return WEXITSTATUS(status);
}

static void setup(void) {
    cr_assert(mkdtemp(folder) != NULL);
}

static void teardown(void) {
    char command[256];
    snprintf(command, sizeof(command), "rm -r '%s'", folder);
    run(command);
}

TestSuite(protogen, .init = setup, .fini = teardown);

static int run_protogen(const char* bfbs) {
    char command[2048];
    snprintf(command, sizeof(command),
             "%s/bin/protogen --header %s/out.h --source %s/out.c %s 2>&1",
             environment("JACINTH_BUILD"), folder, folder, bfbs);
    return run(command);
}

// Neither the outputs nor anything temporary.
static void expect_no_output(const char* what) {
    char command[256];
    snprintf(command, sizeof(command), "ls %s | grep -v 'bfbs$'", folder);
    run(command);
    cr_expect(eq(str, output, ""), "%s", what);
}

// Each "// expect: TEXT" of the schema must be a part of what protogen said.
static void check_bad_schema(const char* path, const char* stem) {
    char command[2048];
    char bfbs[512];
    snprintf(bfbs, sizeof(bfbs), "%s/%s.bfbs", folder, stem);
    snprintf(command, sizeof(command),
             "flatc --schema --binary --bfbs-comments --bfbs-builtins -o %s %s 2>&1", folder, path);
    cr_assert(eq(i32, run(command), 0), "%s", output);
    cr_expect(eq(i32, run_protogen(bfbs), 1), "%s", stem);
    FILE* schema = fopen(path, "r");
    cr_assert(schema != NULL);
    char line[512];
    unsigned expected = 0;
    while (fgets(line, sizeof(line), schema) != NULL) {
        const char prefix[] = "// expect: ";
        if (strncmp(line, prefix, sizeof(prefix) - 1) == 0) {
            line[strcspn(line, "\n")] = '\0';
            cr_expect(strstr(output, line + sizeof(prefix) - 1) != NULL, "%s: said: %s", stem,
                      output);
            expected++;
        }
    }
    fclose(schema);
    cr_expect(gt(u32, expected, 0), "%s: expects nothing", stem);
    expect_no_output(stem);
}

Test(protogen, refuses_what_has_no_c) {
    char bad[512];
    snprintf(bad, sizeof(bad), "%s/tests/protocols/bad", environment("JACINTH_SOURCE"));
    DIR* directory = opendir(bad);
    cr_assert(directory != NULL);
    unsigned count = 0;
    for (struct dirent* entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        const char* end = strstr(entry->d_name, ".fbs");
        if (end != NULL) {
            char path[1024];
            char stem[256];
            snprintf(path, sizeof(path), "%s/%s", bad, entry->d_name);
            snprintf(stem, sizeof(stem), "%.*s", (int)(end - entry->d_name), entry->d_name);
            check_bad_schema(path, stem);
            count++;
        }
    }
    closedir(directory);
    cr_expect(ge(u32, count, 18));
}

Test(protogen, refuses_broken_bfbs) {
    char source[512];
    char path[512];
    static char bytes[64 * 1024];
    snprintf(source, sizeof(source), "%s/protocols/schema/small.bfbs",
             environment("JACINTH_BUILD"));
    FILE* file = fopen(source, "r");
    cr_assert(file != NULL);
    const size_t size = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    snprintf(path, sizeof(path), "%s/small.bfbs", folder);
    // The last bytes are names that come first in the schema; all of these cut into something.
    for (size_t length = 0; length < size - 16; length += 1 + size / 40) {
        file = fopen(path, "w");
        cr_assert(eq(sz, fwrite(bytes, 1, length, file), length));
        fclose(file);
        cr_expect(eq(i32, run_protogen(path), 1), "%zu bytes", length);
        cr_expect(strstr(output, "not a schema that flatc compiled") != NULL, "%s", output);
        expect_no_output("truncated");
    }
}

Test(protogen, leaves_old_output_when_it_fails) {
    char command[2048];
    char path[256];
    snprintf(command, sizeof(command), "echo old > %s/out.h; echo no > %s/x.bfbs", folder, folder);
    run(command);
    snprintf(path, sizeof(path), "%s/x.bfbs", folder);
    cr_expect(eq(i32, run_protogen(path), 1));
    snprintf(command, sizeof(command), "cat %s/out.h", folder);
    run(command);
    cr_expect(eq(str, output, "old\n"));
}

Test(protogen, says_how_it_is_used) {
    char command[2048];
    snprintf(command, sizeof(command), "%s/bin/protogen --help", environment("JACINTH_BUILD"));
    cr_expect(eq(i32, run(command), 0));
    cr_expect(strstr(output, "Example:") != NULL);
    snprintf(command, sizeof(command), "%s/bin/protogen 2>&1", environment("JACINTH_BUILD"));
    cr_expect(eq(i32, run(command), 2));
    cr_expect(eq(i32, run_protogen("/nonexistent/x.bfbs"), 1));
    cr_expect(strstr(output, "No such file") != NULL, "%s", output);
}
