// SPDX-License-Identifier: MIT
// The text that the platform bus sends to its proxies.
#include "platform_identity.h"

#include <string.h>

#include <criterion/criterion.h>

static platform_identity_t make(const char* name, const char* board) {
    platform_identity_t identity = {
        .device = {.vid = 0x11, .pid = 0, .did = 0xffffffff, .metadata_count = 3},
        .board = {.vid = 1, .pid = 2, .board_revision = 3}};
    platform_identity_set_name(identity.device.name, name);
    platform_identity_set_name(identity.board.board_name, board);
    return identity;
}

Test(platform_identity, comes_back_whole) {
    platform_identity_t there = make("ramdisk", "qemu-x64");
    char text[PLATFORM_IDENTITY_SIZE];
    cr_assert_eq(platform_identity_format(&there, text, sizeof(text)), ZX_OK);
    platform_identity_t back;
    cr_assert_eq(platform_identity_parse(text, &back), ZX_OK);
    cr_assert_eq(memcmp(&there, &back, sizeof(back)), 0, "%s", text);
}

Test(platform_identity, longest_names_fit) {
    char name[64];
    memset(name, 'x', sizeof(name));
    name[63] = '\0';
    platform_identity_t there = make(name, name);
    cr_assert_eq(strlen(there.device.name), 31);
    there.device.vid = there.device.pid = there.device.metadata_count = UINT32_MAX;
    there.board.vid = there.board.pid = there.board.board_revision = UINT32_MAX;
    char text[PLATFORM_IDENTITY_SIZE];
    cr_assert_eq(platform_identity_format(&there, text, sizeof(text)), ZX_OK);
    platform_identity_t back;
    cr_assert_eq(platform_identity_parse(text, &back), ZX_OK);
    cr_assert_eq(memcmp(&there, &back, sizeof(back)), 0);
}

Test(platform_identity, board_without_a_name) {
    platform_identity_t there = make("a", NULL);
    char text[PLATFORM_IDENTITY_SIZE];
    cr_assert_eq(platform_identity_format(&there, text, sizeof(text)), ZX_OK);
    platform_identity_t back;
    cr_assert_eq(platform_identity_parse(text, &back), ZX_OK);
    cr_assert_str_eq(back.board.board_name, "");
}

Test(platform_identity, other_texts_are_refused) {
    static const char* const texts[] = {"",
                                        "1:2:3;4:5:6;a;b",
                                        "1:2:3:4;5:6:7;;b",
                                        "x:2:3:4;5:6:7;a;b",
                                        "1:2:3:4;5:6:7;a",
                                        "1:2:3:4;5:6:7;a;b;c"};
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        platform_identity_t identity;
        cr_assert_eq(platform_identity_parse(texts[i], &identity), ZX_ERR_INVALID_ARGS, "%s",
                     texts[i]);
    }
    char text[8];
    platform_identity_t identity = make("a", "b");
    cr_assert_eq(platform_identity_format(&identity, text, sizeof(text)), ZX_ERR_BUFFER_TOO_SMALL);
}
