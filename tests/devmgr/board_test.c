// SPDX-License-Identifier: MIT
// The board reader: what it takes, and what it refuses, with the exact position of each error.
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <protocols/board.h>
#include <zircon/errors.h>

#include "board.h"
#include "protocol_names.h"

static char* read_text(const char* path) {
    FILE* file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    char* text = calloc(1, 65536);
    fread(text, 1, 65535, file);
    fclose(file);
    return text;
}

static void enter(const char* folder) {
    char path[512];
    snprintf(path, sizeof(path), "%s/tests/devmgr/%s", getenv("JACINTH_SOURCE"), folder);
    cr_assert_eq(chdir(path), 0, "%s", path);
}

static int is_yaml(const struct dirent* entry) {
    const char* end = strrchr(entry->d_name, '.');
    return end != NULL && strcmp(end, ".yaml") == 0;
}

// Every bad/X.yaml must be refused with exactly the lines of bad/X.expect.
Test(board, bad_files_are_refused_at_their_position) {
    enter("bad");
    struct dirent** entries = NULL;
    int count = scandir(".", &entries, is_yaml, alphasort);
    cr_assert_geq(count, 10);
    for (int i = 0; i < count; i++) {
        char expect_file[300];
        const char* file = entries[i]->d_name;
        snprintf(expect_file, sizeof(expect_file), "%.*s.expect", (int)(strlen(file) - 5), file);
        char* expected = read_text(expect_file);
        dm_diag_t diag = {0};
        dm_board_t board;
        cr_expect_neq(dm_board_read(file, &board, &diag), ZX_OK, "%s", file);
        cr_expect_null(board.name);
        cr_expect_str_eq(diag.text, expected, "%s says\n%s", file, diag.text);
        dm_diag_fini(&diag);
        free(expected);
        free(entries[i]);
    }
    free(entries);
}

static dm_board_t read_good(const char* file) {
    dm_diag_t diag = {0};
    dm_board_t board;
    zx_status_t status = dm_board_read(file, &board, &diag);
    cr_assert_eq(status, ZX_OK, "%s", diag.text);
    cr_assert_null(diag.text);
    return board;
}

static dm_board_t read_string(const char* text) {
    char file[] = "/tmp/jacinth-board-XXXXXX";
    int fd = mkstemp(file);
    cr_assert_geq(fd, 0);
    cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    dm_board_t board = read_good(file);
    unlink(file);
    return board;
}

Test(board, all_boards_of_the_tree_are_good) {
    char path[512];
    snprintf(path, sizeof(path), "%s/boards", getenv("JACINTH_SOURCE"));
    cr_assert_eq(chdir(path), 0);
    struct dirent** entries = NULL;
    int count = scandir(".", &entries, is_yaml, alphasort);
    cr_assert_gt(count, 0);
    for (int i = 0; i < count; i++) {
        dm_board_t board = read_good(entries[i]->d_name);
        dm_board_fini(&board);
        free(entries[i]);
    }
    free(entries);
}

static const char g_full[] =
    "board: full\n"
    "drivers: {boot: [a-b, c.d], system: [e]}\n"
    "devices:\n"
    "  - {name: root, vid: 1, pid: 0x2, did: 3, instance: 4, protocol: PCIROOT, grants: [pci]}\n"
    "  - name: other\n"
    "    vid: 0\n"
    "    pid: 0\n"
    "    did: 0xffffffff\n"
    "    protocol: 1\n"
    "    properties: {fuchsia.BIND_PCI_VID: 7, acme.TEXT: 'x y', acme.FLAG: true}\n"
    "    metadata:\n"
    "      - {type: 1, u32: [1, 0x10203]}\n"
    "      - {type: 2, u64: [0x0102030405060708]}\n"
    "      - {type: 3, text: 'abc'}\n"
    "      - {type: 4, hex: '00 ff 7f'}\n"
    "expect: [{device: 'sys/platform/01:00.0', driver: a-b}]\n";

Test(board, every_key_arrives) {
    dm_board_t board = read_string(g_full);
    cr_expect_str_eq(board.name, "full");
    cr_expect_not(board.machine.exists);
    cr_assert_eq(board.driver_count, 3);
    cr_expect_str_eq(board.drivers[1].name, "c.d");
    cr_expect(board.drivers[1].is_boot);
    cr_expect_not(board.drivers[2].is_boot);
    cr_assert_eq(board.device_count, 2);
    const dm_board_device_t* root = &board.devices[0];
    cr_expect_eq(root->vid, 1);
    cr_expect_eq(root->pid, 2);
    cr_expect_eq(root->did, 3);
    cr_expect_eq(root->instance_id, 4);
    cr_expect_eq(root->protocol_id, DM_PROTOCOL_PCIROOT);
    cr_expect_eq(root->grants, DM_GRANT_PCI);
    const dm_board_device_t* other = &board.devices[1];
    cr_expect_eq(other->did, 0xffffffffu);
    cr_expect_eq(other->protocol_id, 1);
    cr_expect_eq(other->grants, 0);
    uint32_t vid = 0;
    cr_expect(dm_properties_number(&other->properties, 0x100, &vid));
    cr_expect_eq(vid, 7);
    cr_assert_eq(other->properties.count, 3);
    cr_expect_str_eq(other->properties.items[1].key, "acme.TEXT");
    cr_expect_str_eq(other->properties.items[1].string, "x y");
    cr_expect(other->properties.items[2].boolean);
    cr_assert_eq(other->metadata_count, 4);
    cr_expect_arr_eq(other->metadata[0].data, ((uint8_t[]){1, 0, 0, 0, 3, 2, 1, 0}), 8);
    cr_expect_arr_eq(other->metadata[1].data, ((uint8_t[]){8, 7, 6, 5, 4, 3, 2, 1}), 8);
    cr_expect_eq(other->metadata[2].size, 3);
    cr_expect_arr_eq(other->metadata[3].data, ((uint8_t[]){0, 0xff, 0x7f}), 3);
    cr_assert_eq(board.expect_count, 1);
    cr_expect_str_eq(board.expects[0].device, "sys/platform/01:00.0");
    dm_board_fini(&board);
}

Test(board, its_driver_reads_the_same_devices) {
    dm_board_t board = read_string(g_full);
    uint8_t* data = NULL;
    size_t size = 0;
    cr_assert_eq(dm_board_encode(&board, &data, &size), ZX_OK);
    pg_arena_t arena = {0};
    board_board_t seen;
    cr_assert_eq(board_board_decode(data, size, NULL, 0, &arena, &seen), ZX_OK);
    cr_assert_eq(seen.devices_count, 2);
    cr_expect_str_eq(seen.name, "full");
    cr_expect_str_eq(seen.devices[1].name, "other");
    cr_expect_eq(seen.devices[1].did, 0xffffffffu);
    cr_assert_eq(seen.devices[1].properties_count, 3);
    cr_expect_eq(seen.devices[1].properties[0].id, 0x100);
    cr_expect_eq(seen.devices[1].properties[1].kind, NODE_PROPERTY_KIND_STRING);
    cr_assert_eq(seen.devices[1].metadata_count, 4);
    cr_expect_eq(seen.devices[1].metadata[3].type, 4);
    cr_expect_eq(seen.devices[1].metadata[3].data_count, 3);
    pg_arena_fini(&arena);
    free(data);
    dm_board_fini(&board);
}

Test(board, metadata_that_no_message_can_carry_is_refused) {
    char file[] = "/tmp/jacinth-board-XXXXXX";
    int fd = mkstemp(file);
    FILE* out = fdopen(fd, "w");
    fputs("board: big\ndevices:\n", out);
    for (int i = 0; i < 9; i++) {
        fprintf(out, "  - {name: d%d, vid: 0, pid: 0, did: 0, metadata: [{type: 1, text: '", i);
        for (int byte = 0; byte < 8000; byte++) {
            fputc('x', out);
        }
        fputs("'}]}\n", out);
    }
    fclose(out);
    dm_diag_t diag = {0};
    dm_board_t board;
    cr_expect_neq(dm_board_read(file, &board, &diag), ZX_OK);
    cr_expect_not_null(strstr(diag.text, "61440 bytes"), "%s", diag.text);
    dm_diag_fini(&diag);
    unlink(file);
}

Test(board, a_machine_becomes_qemu_arguments) {
    enter("golden");
    dm_board_t board = read_good("machine.yaml");
    char* expected = read_text("machine.args");
    char* text = NULL;
    cr_assert_eq(dm_board_qemu_args(&board, &text), ZX_OK);
    cr_expect_str_eq(text, expected);
    free(text);
    free(expected);
    dm_board_fini(&board);
}

Test(board, a_board_without_a_machine_has_no_qemu_arguments) {
    dm_board_t board = read_string("board: x\n");
    char* text = NULL;
    cr_expect_eq(dm_board_qemu_args(&board, &text), ZX_ERR_NOT_SUPPORTED);
    cr_expect_null(text);
    dm_board_fini(&board);
}

Test(board, a_missing_file_is_named) {
    dm_diag_t diag = {0};
    dm_board_t board;
    cr_expect_eq(dm_board_read("/nowhere/board.yaml", &board, &diag), ZX_ERR_NOT_FOUND);
    cr_expect_str_eq(diag.text, "/nowhere/board.yaml: No such file or directory\n");
    dm_diag_fini(&diag);
}

// The driver API has the same list; a name means the same number on both sides.
typedef struct protocol_row {
    const char* name;
    uint32_t id;
    const char* class_name;
    unsigned flags;
} protocol_row_t;

static const protocol_row_t g_ddk_protocols[] = {
#define DDK_PROTOCOL_DEF(tag, value, class_name, flags) {#tag, value, class_name, flags},
#define DDK_PROTOCOL_NO_CLASS                           1u
#include <lib/ddk/protodefs.h>
};

Test(protocol_names, agree_with_the_driver_api) {
    for (size_t i = 0; i < sizeof(g_ddk_protocols) / sizeof(g_ddk_protocols[0]); i++) {
        const protocol_row_t* row = &g_ddk_protocols[i];
        uint32_t id = 0;
        cr_assert(dm_protocol_from_name(row->name, &id), "%s", row->name);
        cr_expect_eq(id, row->id, "%s", row->name);
        cr_expect_str_eq(dm_protocol_name(id), row->name);
        if (row->flags != 0) {
            cr_expect_null(dm_protocol_class(id), "%s", row->name);
        } else {
            cr_expect_str_eq(dm_protocol_class(id), row->class_name);
        }
    }
    uint32_t id = 0;
    cr_expect_not(dm_protocol_from_name("NOTHING", &id));
    cr_expect_null(dm_protocol_name(0));
    cr_expect_null(dm_protocol_class(0xffffffff));
}
