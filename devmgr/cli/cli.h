// SPDX-License-Identifier: MIT
// What the commands of the jacinth command line share.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <zircon/compiler.h>
#include <zircon/types.h>

#include <protocols/control.h>
#include <protocols/runtime.h>

// Exit codes.
#define CLI_OK     0
#define CLI_FAILED 1  // devmgr or the device said no
#define CLI_USAGE  2  // the words of the command were wrong

typedef struct cli {
    zx_handle_t channel;  // owned; to devmgr's control socket
    const char* socket;   // borrowed
    bool has_color;
} cli_t;

typedef struct cli_command {
    const char* name;
    const char* arguments;
    const char* summary;
    const char* example;
    // |argv[0]| is the command's name. Returns an exit code; has printed its errors.
    int (*run)(cli_t* cli, int argc, char** argv);
} cli_command_t;

int cli_devices(cli_t* cli, int argc, char** argv);
int cli_drivers(cli_t* cli, int argc, char** argv);
int cli_hosts(cli_t* cli, int argc, char** argv);
int cli_show(cli_t* cli, int argc, char** argv);
int cli_log(cli_t* cli, int argc, char** argv);
int cli_load(cli_t* cli, int argc, char** argv);
int cli_unload(cli_t* cli, int argc, char** argv);
int cli_reload(cli_t* cli, int argc, char** argv);
int cli_read(cli_t* cli, int argc, char** argv);
int cli_write(cli_t* cli, int argc, char** argv);
int cli_blk(cli_t* cli, int argc, char** argv);
int cli_ready(cli_t* cli, int argc, char** argv);
int cli_shutdown(cli_t* cli, int argc, char** argv);

// Prints "jacinth: error: …" on stderr; returns CLI_FAILED.
int cli_fail(const char* format, ...) __PRINTFLIKE(1, 2);

// As cli_fail, for words that are wrong; names the command's help. Returns CLI_USAGE.
int cli_usage(const char* command, const char* format, ...) __PRINTFLIKE(2, 3);

// Says why a call to devmgr failed: |status| of the call itself, or of the answer with |detail|
// (may be NULL). Returns CLI_FAILED.
int cli_fail_status(const char* doing, zx_status_t status, const char* detail);

// Takes --json out of argv. False, having said so, when there is another option or more than
// |max_words| words after the command; out_json may be NULL.
bool cli_parse_plain(int* argc, char** argv, int max_words, bool* out_json);

// "64", "64k", "64M", "1G" as bytes.
bool cli_parse_size(const char* text, uint64_t* out_size);

// Escape codes for a colour, or "" when colours are off. `code` as in ESC[<code>m.
const char* cli_color(const cli_t* cli, const char* code);

// Opens a device through devmgr, waiting up to |timeout_ms| for it to run. The channel is the
// caller's. Prints nothing; |detail| (capacity |detail_size|) says why it failed. IO_NOT_PRESENT:
// devmgr is gone; UNAVAILABLE, PEER_CLOSED: the device's host died meanwhile.
zx_status_t cli_open_device(cli_t* cli, const char* path, uint32_t timeout_ms, char* detail,
                            size_t detail_size, zx_handle_t* out_channel);
