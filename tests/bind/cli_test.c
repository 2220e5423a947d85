// SPDX-License-Identifier: MIT
// bindc as a program: options, exit codes, outputs that are whole or untouched.
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../fakes/fini_check.h"
#include "fixture.h"

static char folder[64];

static void enter_folder(void) {
    strcpy(folder, "/tmp/bindc_test.XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
}

static void leave_folder(void) {
    char command[128];
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    fini_check(system(command) == 0);
}

static void write_text(const char* path, const char* text) {
    FILE* file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static char* read_text(const char* path) {
    bc_buffer_t buffer = {0};
    if (!bc_read_file(path, 1u << 20, &buffer)) {
        return NULL;
    }
    bc_buffer_u8(&buffer, 0);
    return (char*)buffer.data;
}

static void expect_text(const char* path, const char* expected) {
    char* text = read_text(path);
    cr_assert_not_null(text, "%s is missing", path);
    cr_expect_str_eq(text, expected);
    free(text);
}

static size_t count_files(void) {
    DIR* dir = opendir(".");
    size_t count = 0;
    for (const struct dirent* entry; (entry = readdir(dir)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(dir);
    return count;
}

// Runs bindc with the shell's arguments; its output goes to the files "out" and "err".
static int run(const char* arguments) {
    char command[2048];
    const char* build = getenv("JACINTH_BUILD");
    snprintf(command, sizeof(command), "'%s/bin/bindc' %s >out 2>err", build, arguments);
    const int status = system(command);
    cr_assert(WIFEXITED(status), "%s: no exit", arguments);
    return WEXITSTATUS(status);
}

TestSuite(bind_cli, .init = enter_folder, .fini = leave_folder);

Test(bind_cli, bytecode_to_standard_output_and_to_a_file) {
    write_text("r.bind", "false;");
    cr_expect_eq(run("compile r.bind"), 0);
    cr_expect_eq(run("compile -o r.bindbc r.bind"), 0);
    cr_expect_eq(system("head -c 0 out | cmp - out && test -f r.bindbc"), 0);
    struct stat info;
    cr_assert_eq(stat("r.bindbc", &info), 0);
    cr_expect_eq(info.st_size, 26);
    const mode_t mask = umask(0);
    umask(mask);
    cr_expect_eq(info.st_mode & 0777, 0666 & ~mask);
    expect_text("err", "");
}

Test(bind_cli, errors_on_standard_error_and_status_1) {
    write_text("r.bind", "fuchsia.BIND_PROTOCOL == 1;\n\tfoo.BAR == 2;\n");
    cr_expect_eq(run("compile r.bind"), 1);
    expect_text("out", "");
    expect_text("err",
                "r.bind:2:2: error[E108]: `foo.BAR` is not defined\n"
                "    \tfoo.BAR == 2;\n"
                "    \t^~~~~~~\n");
}

Test(bind_cli, a_failing_run_leaves_outputs_as_they_were) {
    write_text("r.bind", "nonsense");
    cr_expect_eq(run("compile -o new -d new.d r.bind"), 1);
    cr_expect_neq(access("new", F_OK), 0);
    cr_expect_neq(access("new.d", F_OK), 0);
    write_text("old", "old content");
    cr_expect_eq(run("compile -o old r.bind"), 1);
    expect_text("old", "old content");
    // The depfile cannot be written, so the output is not either.
    write_text("r.bind", "true;");
    cr_expect_eq(run("compile -o old -d nowhere/x.d r.bind"), 1);
    expect_text("old", "old content");
    expect_text("err", "nowhere/x.d: error: cannot be written: No such file or directory\n");
    cr_expect_eq(count_files(), 4);  // r.bind, old, out, err: no temporaries
}

Test(bind_cli, an_output_that_is_no_regular_file_is_written_to) {
    write_text("r.bind", "true;");
    cr_expect_eq(run("compile -o /dev/null r.bind"), 0);
    struct stat info;
    cr_assert_eq(stat("/dev/null", &info), 0);
    cr_expect(S_ISCHR(info.st_mode));
    write_text("target", "x");
    cr_assert_eq(symlink("target", "link"), 0);
    cr_expect_eq(run("compile -o link r.bind"), 0);
    cr_assert_eq(lstat("link", &info), 0);
    cr_expect(S_ISLNK(info.st_mode));
    cr_assert_eq(stat("target", &info), 0);
    cr_expect_eq(info.st_size, 25);
}

Test(bind_cli, depfile_names_libraries_then_rules) {
    write_text("a.bind", "library a; uint K;");
    write_text("b c.bind", "library b; uint K;");
    write_text("r.bind", "a.K == 1;");
    write_text("list", "b c.bind\r\n");
    cr_expect_eq(run("compile -i a.bind -f list -o r.out -d r.d r.bind"), 0);
    expect_text("r.d", "r.out: a.bind b\\ c.bind r.bind\n");
    // Without an output there is none.
    cr_expect_eq(run("compile -i a.bind -d other.d r.bind"), 0);
    cr_expect_neq(access("other.d", F_OK), 0);
}

Test(bind_cli, include_takes_one_value_each_time) {
    write_text("a.bind", "library a; uint K;");
    write_text("b.bind", "library b; uint K;");
    write_text("r.bind", "a.K == 1; b.K == 2;");
    cr_expect_eq(run("compile -i a.bind --include b.bind r.bind"), 0);
    cr_expect_eq(run("compile --include=a.bind r.bind -ib.bind"), 0);
    cr_expect_eq(run("compile -i a.bind b.bind r.bind"), 1);
    cr_expect_eq(run("compile -i missing.bind r.bind"), 1);
    char* text = read_text("err");
    cr_expect_not_null(
        strstr(text, "missing.bind: error: cannot be read: No such file or directory\n"));
    free(text);
    write_text("list", "a.bind\n\nb.bind\n");
    cr_expect_eq(run("compile -f list r.bind"), 1);
    expect_text("err", "list:2:1: error: an empty line names no library\n");
}

Test(bind_cli, autobind_needs_no_rules) {
    cr_expect_eq(run("compile -a -o a.out"), 0);
    struct stat info;
    cr_assert_eq(stat("a.out", &info), 0);
    cr_expect_eq(info.st_size, 36);
    cr_expect_eq(run("compile"), 1);
}

Test(bind_cli, header_compiles_and_holds_the_program) {
    write_text("r.bind", "fuchsia.BIND_PROTOCOL == 31;\nfuchsia.BIND_PCI_VID != 0x8086;\n");
    cr_expect_eq(run("compile --header -o r_bind.h r.bind"), 0);
    // The macros around the bytes are the driver kit's; these make an array of them.
    cr_assert_eq(mkdir("lib", 0755), 0);
    cr_assert_eq(mkdir("lib/ddk", 0755), 0);
    write_text("lib/ddk/binding_priv.h",
               "#define ZIRCON_DRIVER_BEGIN_PRIV_V2(d, o, v, w, n) "
               "const unsigned char d[] = {\n"
               "#define ZIRCON_DRIVER_END_PRIV_V2(d) };\n");
    write_text("main.c",
               "#include <stdio.h>\n#include \"r_bind.h\"\nZIRCON_DRIVER(bytes, 0, 0, 0)\n"
               "int main(void) { fwrite(bytes, 1, sizeof(bytes), stdout); return 0; }\n");
    cr_assert_eq(system("cc -I. -o main main.c && ./main > bytes"), 0);
    bc_buffer_t bytes = {0};
    bc_buffer_t expected;
    cr_assert(bc_read_file("bytes", 4096, &bytes));
    fixture_read_hex(fixture_path("golden/condition.hex"), &expected);
    cr_assert_eq(bytes.size, expected.size);
    cr_expect_arr_eq(bytes.data, expected.data, expected.size);
    bc_buffer_fini(&bytes);
    bc_buffer_fini(&expected);
}

Test(bind_cli, help_and_wrong_calls) {
    static const struct {
        const char* arguments;
        int status;
        const char* file;
        const char* text;
    } calls[] = {
        {"--help", 0, "out", "bindc compile -i"},
        {"help", 0, "out", "usage: bindc COMMAND"},
        {"help compile", 0, "out", "example:"},
        {"compile --help", 0, "out", "--disable-autobind"},
        {"--version", 0, "out", "bindc 0."},
        {"", 1, "err", "usage: bindc COMMAND"},
        {"frobnicate", 1, "err", "no command `frobnicate`"},
        {"compile --frobnicate x", 1, "err", "bindc compile --help"},
        {"compile a.bind b.bind", 1, "err", "b.bind"},
        {"compile -o", 1, "err", "bindc compile --help"},
        {"compile nofile.bind", 1, "err", "nofile.bind: error: cannot be read"},
    };
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        cr_expect_eq(run(calls[i].arguments), calls[i].status, "%s", calls[i].arguments);
        char* text = read_text(calls[i].file);
        cr_expect_not_null(strstr(text, calls[i].text), "%s: %s", calls[i].arguments, text);
        free(text);
    }
    cr_expect_eq(run("compile /dev/null >/dev/full; exit $?"), 1);
}
