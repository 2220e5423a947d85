// SPDX-License-Identifier: MIT
// A real editor as the client of `bindc lsp`: Neovim runs lsp_nvim.lua.
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char library[] =
    "library acme;\n"
    "enum KIND { ROUND, SQUARE };\n"
    "uint SIZE { BIG = 0x20 };\n"
    "string NAME;\n";

static const char rules[] =
    "using acme;\n"
    "\n"
    "/* \xc3\xa9\xf0\x90\x90\x80 */ acme.KIND == acme.KIND.ROUNDD;\n"
    "acme.KIND == acme.KIND.ROUND;\n"
    "acme.SIZE == acme.SIZE.BIG;\n";

// Columns of faults are bytes: Neovim converts what the server counts in UTF-16.
static const char expected[] =
    "fault 2:26-2:42 `acme.KIND.ROUNDD` is not defined\n"
    "definition acme.bind 1:12-1:17\n"
    "hover **acme.SIZE.BIG**: value|```|0x20 (32)|```||library `acme`|\n"
    "completion acme.KIND.ROUND\n"
    "completion acme.KIND.SQUARE\n"
    "action Replace with `acme.KIND.ROUND`\n"
    "fault 5:34 `;` expected, found `,`\n"
    "line using acme;\n"
    "line \n"
    "line /* \xc3\xa9\xf0\x90\x90\x80 */\n"
    "line acme.KIND == acme.KIND.ROUND;\n"
    "line acme.KIND == acme.KIND.ROUND;\n"
    "line acme.SIZE == acme.SIZE.BIG;\n"
    "line /* \xc3\xa9\xf0\x90\x90\x80 */\n"
    "line acme.NAME == \"\xc3\xa9\xf0\x90\x90\x80\";\n"
    "exit 0\n";

static void write_text(const char* path, const char* text) {
    FILE* file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

Test(bind_lsp_nvim, an_editor_works_with_it, .timeout = 120) {
    char folder[] = "/tmp/bindc_nvim.XXXXXX";
    char command[2048];
    char text[8192];
    cr_assert_eq(system("command -v nvim >/dev/null"), 0,
                 "nvim is missing: install Debian's package neovim");
    cr_assert_not_null(mkdtemp(folder));
    cr_assert_eq(chdir(folder), 0);
    write_text("acme.bind", library);
    write_text("r.bind", rules);
    // A script that fails to end the editor is ended by `cquit`. A home of its own: nothing of the
    // user's is read or left behind.
    snprintf(command, sizeof(command),
             "HOME=%s XDG_STATE_HOME=%s/.state XDG_CACHE_HOME=%s/.cache XDG_DATA_HOME=%s/.data "
             "LC_ALL=C.UTF-8 BINDC='%s/bin/bindc' timeout 100 nvim --clean --headless -n "
             "-c 'luafile %s/tests/bind/lsp_nvim.lua' -c cquit 2>err </dev/null",
             folder, folder, folder, folder, getenv("JACINTH_BUILD"), getenv("JACINTH_SOURCE"));
    FILE* output = popen(command, "r");
    cr_assert_not_null(output);
    text[fread(text, 1, sizeof(text) - 1, output)] = 0;
    const int status = pclose(output);
    cr_expect_str_eq(text, expected, "--- got\n%s", text);
    cr_expect_eq(status, 0);
    cr_assert_eq(system("cat err >&2"), 0);
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    cr_assert_eq(system(command), 0);
}
