// SPDX-License-Identifier: MIT
// Writes at random places with many requests in flight, reads everything back, compares.
//
// Every piece remembers which write of it was acknowledged last; its bytes follow from the seed,
// the piece and that number. No piece is in flight twice, so what must be read is always known.
#include "blk_verify.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zircon/status.h>
#include <zircon/syscalls.h>

#include <fuchsia/hardware/block/c/banjo.h>

#define MAX_RANGE (1ull << 30)

typedef struct verify {
    blk_client_t* client;
    const blk_verify_options_t* options;
    uint32_t* acknowledged;  // owned: last acknowledged write by piece; 0: none
    bool* is_in_flight;      // owned: by piece
    uint64_t piece_count;
    uint64_t random;
    uint64_t pieces[BLK_CLIENT_SLOTS];  // by slot: which piece it carries
    uint64_t mismatches;
} verify_t;

static uint64_t next_random(uint64_t* state) {
    uint64_t x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

static void fill_piece(uint8_t* data, uint64_t seed, uint64_t piece, uint32_t number) {
    uint64_t state = (seed + 1) * 0x9e3779b97f4a7c15u ^ (piece + 1) * 0xbf58476d1ce4e5b9u ^ number;
    if (state == 0) {
        state = 1;
    }
    for (size_t i = 0; i < BLK_VERIFY_PIECE; i += sizeof(uint64_t)) {
        uint64_t word = next_random(&state);
        memcpy(data + i, &word, sizeof(word));
    }
}

static int fail_request(const verify_t* v, const char* what, uint64_t piece, zx_status_t status) {
    return cli_fail(
        "%s at byte %llu: %s", what, (unsigned long long)(piece * BLK_VERIFY_PIECE),
        v->client->detail[0] != '\0' ? v->client->detail : zx_status_get_string(status));
}

static zx_status_t submit(verify_t* v, unsigned slot, uint32_t opcode, uint64_t piece) {
    uint32_t blocks = BLK_VERIFY_PIECE / v->client->info.block_size;
    v->pieces[slot] = piece;
    v->is_in_flight[piece] = true;
    return blk_client_submit(v->client, slot, opcode, piece * blocks, blocks);
}

// Waits for one request. |*out_slot| is free afterwards.
static int finish_one(verify_t* v, const char* what, unsigned* out_slot) {
    zx_status_t answer = ZX_OK;
    zx_status_t status = blk_client_wait(v->client, out_slot, &answer);
    if (status != ZX_OK) {
        return cli_fail("%s: %s", what, v->client->detail);
    }
    uint64_t piece = v->pieces[*out_slot];
    v->is_in_flight[piece] = false;
    return answer == ZX_OK ? CLI_OK : fail_request(v, what, piece, answer);
}

static int finish_write(verify_t* v) {
    unsigned slot;
    int code = finish_one(v, "write", &slot);
    if (code == CLI_OK) {
        v->acknowledged[v->pieces[slot]]++;
    }
    return code;
}

static int write_phase(verify_t* v) {
    uint64_t count = (v->options->size + BLK_VERIFY_PIECE - 1) / BLK_VERIFY_PIECE;
    bool has_terminal = isatty(STDERR_FILENO);
    int code = CLI_OK;
    for (uint64_t done = 0; done < count && code == CLI_OK; done++) {
        int slot = blk_client_free_slot(v->client);
        if (slot < 0) {
            code = finish_write(v);
            slot = blk_client_free_slot(v->client);
        }
        uint64_t piece;
        do {
            piece = next_random(&v->random) % v->piece_count;
        } while (v->is_in_flight[piece]);
        if (code == CLI_OK) {
            fill_piece(blk_client_slot(v->client, (unsigned)slot), v->options->seed, piece,
                       v->acknowledged[piece] + 1);
            zx_status_t status = submit(v, (unsigned)slot, BLOCK_OP_WRITE, piece);
            code = status == ZX_OK ? CLI_OK : fail_request(v, "write", piece, status);
        }
        if (has_terminal && done % 1024 == 0) {
            fprintf(stderr, "\rwriting %llu of %llu MiB", (unsigned long long)(done >> 8),
                    (unsigned long long)(count >> 8));
        }
    }
    while (code == CLI_OK && v->client->busy_count > 0) {
        code = finish_write(v);
    }
    if (has_terminal) {
        fprintf(stderr, "\r\033[K");
    }
    return code;
}

static int finish_read(verify_t* v) {
    unsigned slot;
    int code = finish_one(v, "read", &slot);
    if (code != CLI_OK) {
        return code;
    }
    uint64_t piece = v->pieces[slot];
    uint8_t expected[BLK_VERIFY_PIECE];
    fill_piece(expected, v->options->seed, piece, v->acknowledged[piece]);
    if (memcmp(expected, blk_client_slot(v->client, slot), BLK_VERIFY_PIECE) != 0) {
        if (v->mismatches++ < 10) {
            cli_fail("byte %llu: the last acknowledged write is not there",
                     (unsigned long long)(piece * BLK_VERIFY_PIECE));
        }
    }
    return CLI_OK;
}

static int read_phase(verify_t* v, uint64_t* out_count) {
    int code = CLI_OK;
    for (uint64_t piece = 0; piece < v->piece_count && code == CLI_OK; piece++) {
        if (v->acknowledged[piece] == 0) {
            continue;
        }
        ++*out_count;
        int slot = blk_client_free_slot(v->client);
        if (slot < 0) {
            code = finish_read(v);
            slot = blk_client_free_slot(v->client);
        }
        if (code == CLI_OK) {
            memset(blk_client_slot(v->client, (unsigned)slot), 0, BLK_VERIFY_PIECE);
            zx_status_t status = submit(v, (unsigned)slot, BLOCK_OP_READ, piece);
            code = status == ZX_OK ? CLI_OK : fail_request(v, "read", piece, status);
        }
    }
    while (code == CLI_OK && v->client->busy_count > 0) {
        code = finish_read(v);
    }
    return code;
}

static int run(verify_t* v) {
    uint64_t count = 0;
    int code = write_phase(v);
    if (code == CLI_OK) {
        code = read_phase(v, &count);
    }
    if (code == CLI_OK && v->mismatches > 0) {
        code = cli_fail("%llu of %llu pieces differ", (unsigned long long)v->mismatches,
                        (unsigned long long)count);
    }
    if (code == CLI_OK) {
        printf(
            "verified: %llu bytes written at random offsets, %llu pieces of %u bytes read back, "
            "0 differ, %u reconnects\n",
            (unsigned long long)v->options->size, (unsigned long long)count, BLK_VERIFY_PIECE,
            v->client->reconnects);
    }
    return code;
}

int blk_verify(blk_client_t* client, const blk_verify_options_t* options) {
    const block_get_info_response_t* info = &client->info;
    uint64_t size = info->block_count * info->block_size;
    uint64_t range = options->range != 0 ? options->range : (size < MAX_RANGE ? size : MAX_RANGE);
    if (info->block_size > BLK_VERIFY_PIECE || BLK_VERIFY_PIECE % info->block_size != 0) {
        return cli_fail("%s has blocks of %u bytes; verify needs ones that divide %u", client->path,
                        info->block_size, BLK_VERIFY_PIECE);
    }
    if (range > size || range > MAX_RANGE || range / BLK_VERIFY_PIECE <= BLK_CLIENT_SLOTS) {
        return cli_fail(
            "--range must be at least %u bytes, at most 1G and within the device (%llu)",
            (BLK_CLIENT_SLOTS + 1) * BLK_VERIFY_PIECE, (unsigned long long)size);
    }
    verify_t v = {.client = client,
                  .options = options,
                  .piece_count = range / BLK_VERIFY_PIECE,
                  .random = options->seed * 2 + 1};
    v.acknowledged = calloc(v.piece_count, sizeof(*v.acknowledged));
    v.is_in_flight = calloc(v.piece_count, sizeof(*v.is_in_flight));
    int code = v.acknowledged != NULL && v.is_in_flight != NULL ? run(&v) : cli_fail("no memory");
    free(v.is_in_flight);
    free(v.acknowledged);
    return code;
}
