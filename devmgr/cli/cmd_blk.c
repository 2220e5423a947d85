// SPDX-License-Identifier: MIT
// blk info, blk read, blk write: a block device from the shell. blk verify is in blk_verify.c.
#include <errno.h>
#include <string.h>

#include <zircon/syscalls.h>

#include <fuchsia/hardware/block/c/banjo.h>

#include "blk_client.h"
#include "blk_verify.h"

#define TRANSFER_SIZE (64u * 1024)

typedef struct blk_words {
    const char* path;
    const char* file;
    uint64_t offset;
    uint64_t count;
    bool has_count;
    blk_verify_options_t verify;
} blk_words_t;

static void print_help(void) {
    printf(
        "usage: jacinth blk info PATH\n"
        "       jacinth blk read PATH [--offset N] [--count N] [--file FILE]\n"
        "       jacinth blk write PATH [--offset N] [--file FILE]\n"
        "       jacinth blk verify PATH [--size N] [--range N] [--seed N]\n"
        "Numbers are bytes and take k, M, G; offsets and counts are multiples of the block size.\n"
        "read writes to stdout or FILE, to the end of the device without --count; write reads "
        "stdin\n"
        "or FILE to its end. verify writes --size bytes (64M) in 4 KiB pieces at random places of\n"
        "the first --range bytes, reads all of them back and compares. When the driver's host is\n"
        "restarted meanwhile, every command goes on.\n\n"
        "example:\n  jacinth blk read class/block/000 --count 4k | hexdump -C\n");
}

static bool parse_words(int argc, char** argv, blk_words_t* words) {
    for (int i = 0; i < argc; i++) {
        uint64_t* number = NULL;
        if (strcmp(argv[i], "--offset") == 0) {
            number = &words->offset;
        } else if (strcmp(argv[i], "--count") == 0) {
            number = &words->count;
            words->has_count = true;
        } else if (strcmp(argv[i], "--size") == 0) {
            number = &words->verify.size;
        } else if (strcmp(argv[i], "--range") == 0) {
            number = &words->verify.range;
        } else if (strcmp(argv[i], "--seed") == 0) {
            number = &words->verify.seed;
        } else if (strcmp(argv[i], "--file") == 0 && i + 1 < argc) {
            words->file = argv[++i];
            continue;
        } else if (argv[i][0] == '-' || words->path != NULL) {
            cli_usage("blk", "blk does not take '%s' there", argv[i]);
            return false;
        } else {
            words->path = argv[i];
            continue;
        }
        if (i + 1 == argc || !cli_parse_size(argv[i + 1], number)) {
            cli_usage("blk", "%s takes a number such as 4096, 64k or 1M", argv[i]);
            return false;
        }
        i++;
    }
    if (words->path == NULL) {
        cli_usage("blk", "which device? For example class/block/000");
    }
    return words->path != NULL;
}

static int fail_client(const blk_client_t* client, const char* path, zx_status_t status) {
    return cli_fail_status(path, status, client->detail);
}

static int print_info(blk_client_t* client) {
    const block_get_info_response_t* i = &client->info;
    printf(
        "path              %s\nblock size        %u\nblocks            %llu\nsize              "
        "%llu\n",
        client->path, i->block_size, (unsigned long long)i->block_count,
        (unsigned long long)i->block_count * i->block_size);
    printf("largest transfer  %u\nread-only         %s\n", i->max_transfer_size,
           i->flags & BLOCK_FLAG_READONLY ? "yes" : "no");
    return CLI_OK;
}

static zx_status_t transfer(blk_client_t* client, uint32_t opcode, uint64_t offset, size_t size) {
    unsigned slot;
    zx_status_t answer;
    uint32_t block = client->info.block_size;
    zx_status_t status =
        blk_client_submit(client, 0, opcode, offset / block, (uint32_t)(size / block));
    if (status == ZX_OK) {
        status = blk_client_wait(client, &slot, &answer);
    }
    return status == ZX_OK ? answer : status;
}

static int read_all(blk_client_t* client, const blk_words_t* words, FILE* out) {
    uint64_t size = client->info.block_count * client->info.block_size;
    uint64_t end = words->has_count ? words->offset + words->count : size;
    if (words->offset > size || end > size || end < words->offset) {
        return cli_fail("%s ends at %llu", words->path, (unsigned long long)size);
    }
    for (uint64_t at = words->offset; at < end;) {
        size_t now = end - at < TRANSFER_SIZE ? (size_t)(end - at) : TRANSFER_SIZE;
        zx_status_t status = transfer(client, BLOCK_OP_READ, at, now);
        if (status != ZX_OK) {
            return fail_client(client, words->path, status);
        }
        if (fwrite(blk_client_slot(client, 0), 1, now, out) != now) {
            return cli_fail("cannot write the output: %s", strerror(errno));
        }
        at += now;
    }
    return fflush(out) == 0 ? CLI_OK : cli_fail("cannot write the output: %s", strerror(errno));
}

static int write_all(blk_client_t* client, const blk_words_t* words, FILE* in) {
    uint64_t size = client->info.block_count * client->info.block_size;
    uint64_t at = words->offset;
    size_t got;
    while ((got = fread(blk_client_slot(client, 0), 1, TRANSFER_SIZE, in)) > 0) {
        if (got % client->info.block_size != 0) {
            return cli_fail("the input ends within a block of %u bytes: %llu bytes were written",
                            client->info.block_size, (unsigned long long)(at - words->offset));
        }
        if (at + got > size) {
            return cli_fail("%s ends at %llu: %llu bytes were written", words->path,
                            (unsigned long long)size, (unsigned long long)(at - words->offset));
        }
        zx_status_t status = transfer(client, BLOCK_OP_WRITE, at, got);
        if (status != ZX_OK) {
            return fail_client(client, words->path, status);
        }
        at += got;
    }
    if (ferror(in)) {
        return cli_fail("cannot read the input: %s", strerror(errno));
    }
    zx_status_t status = transfer(client, BLOCK_OP_FLUSH, 0, 0);
    if (status != ZX_OK && status != ZX_ERR_NOT_SUPPORTED) {
        return fail_client(client, words->path, status);
    }
    return CLI_OK;
}

static int with_file(blk_client_t* client, const blk_words_t* words, bool is_read) {
    FILE* file = is_read ? stdout : stdin;
    if (words->offset % client->info.block_size != 0 ||
        words->count % client->info.block_size != 0) {
        return cli_usage("blk", "--offset and --count must be multiples of %u",
                         client->info.block_size);
    }
    if (words->file != NULL) {
        file = fopen(words->file, is_read ? "wbe" : "rbe");
        if (file == NULL) {
            return cli_fail("cannot open %s: %s", words->file, strerror(errno));
        }
    }
    int code = is_read ? read_all(client, words, file) : write_all(client, words, file);
    if (words->file != NULL && fclose(file) != 0 && code == CLI_OK) {
        code = cli_fail("cannot write %s: %s", words->file, strerror(errno));
    }
    return code;
}

int cli_blk(cli_t* cli, int argc, char** argv) {
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        print_help();
        return argc < 2 ? CLI_USAGE : CLI_OK;
    }
    const char* verb = argv[1];
    blk_words_t words = {.verify = {.size = 64u << 20, .seed = 1}};
    if (strcmp(verb, "info") != 0 && strcmp(verb, "read") != 0 && strcmp(verb, "write") != 0 &&
        strcmp(verb, "verify") != 0) {
        return cli_usage("blk", "blk has no '%s'", verb);
    }
    if (!parse_words(argc - 2, argv + 2, &words)) {
        return CLI_USAGE;
    }
    bool is_verify = strcmp(verb, "verify") == 0;
    blk_client_t client;
    zx_status_t status =
        blk_client_open(cli, words.path, is_verify ? BLK_VERIFY_PIECE : TRANSFER_SIZE, &client);
    if (status != ZX_OK) {
        return fail_client(&client, words.path, status);
    }
    int code;
    if (is_verify) {
        code = blk_verify(&client, &words.verify);
    } else if (strcmp(verb, "info") == 0) {
        code = print_info(&client);
    } else {
        code = with_file(&client, &words, strcmp(verb, "read") == 0);
    }
    blk_client_close(&client);
    return code;
}
