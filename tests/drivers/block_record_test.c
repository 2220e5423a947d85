// SPDX-License-Identifier: MIT
// FIFO records that a client may get wrong, on purpose or not.
#include "block_record.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#define BLOCKS     1000u
#define BLOCK_SIZE 4096u
#define VMO_BLOCKS 64u

static const block_info_t g_info = {
    .block_count = BLOCKS, .block_size = BLOCK_SIZE, .max_transfer_size = 16 * BLOCK_SIZE};

typedef struct record_case {
    const char* what;
    block_fifo_request_t request;
    bool has_vmo;
    zx_status_t expected;
} record_case_t;

// clang-format off
static record_case_t g_cases[] = {
    {"a read",               {.opcode = BLOCK_OP_READ, .length = 1}, true, ZX_OK},
    {"up to both ends",      {.opcode = BLOCK_OP_WRITE, .length = VMO_BLOCKS, .dev_offset = BLOCKS - VMO_BLOCKS}, true, ZX_OK},
    {"with barriers",        {.opcode = BLOCK_OP_WRITE | BLOCK_FL_BARRIER_BEFORE | BLOCK_FL_BARRIER_AFTER | BLOCK_FL_FORCE_ACCESS, .length = 1}, true, ZX_OK},
    {"flush",                {.opcode = BLOCK_OP_FLUSH}, false, ZX_OK},
    {"close",                {.opcode = BLOCK_OP_CLOSE_VMO}, true, ZX_OK},
    {"close of no VMO",      {.opcode = BLOCK_OP_CLOSE_VMO}, false, ZX_ERR_INVALID_ARGS},
    {"unknown VMO",          {.opcode = BLOCK_OP_READ, .length = 1}, false, ZX_ERR_INVALID_ARGS},
    {"no blocks",            {.opcode = BLOCK_OP_READ}, true, ZX_ERR_INVALID_ARGS},
    {"past the disk",        {.opcode = BLOCK_OP_READ, .length = 2, .dev_offset = BLOCKS - 1}, true, ZX_ERR_OUT_OF_RANGE},
    {"far past the disk",    {.opcode = BLOCK_OP_READ, .length = 1, .dev_offset = UINT64_MAX - 1}, true, ZX_ERR_OUT_OF_RANGE},
    {"disk range overflows", {.opcode = BLOCK_OP_READ, .length = 2, .dev_offset = UINT64_MAX}, true, ZX_ERR_INVALID_ARGS},
    {"past the VMO",         {.opcode = BLOCK_OP_READ, .length = 2, .vmo_offset = VMO_BLOCKS - 1}, true, ZX_ERR_OUT_OF_RANGE},
    {"VMO bytes overflow",   {.opcode = BLOCK_OP_READ, .length = 1, .vmo_offset = UINT64_MAX / BLOCK_SIZE + 1}, true, ZX_ERR_OUT_OF_RANGE},
    {"VMO range overflows",  {.opcode = BLOCK_OP_READ, .length = 2, .vmo_offset = UINT64_MAX}, true, ZX_ERR_INVALID_ARGS},
    {"opcode 0",             {.opcode = 0, .length = 1}, true, ZX_ERR_NOT_SUPPORTED},
    {"trim",                 {.opcode = BLOCK_OP_TRIM, .length = 1}, true, ZX_ERR_NOT_SUPPORTED},
    {"unknown opcode",       {.opcode = 0xff, .length = 1}, true, ZX_ERR_NOT_SUPPORTED},
    {"grouped",              {.opcode = BLOCK_OP_READ | BLOCK_FL_GROUP_ITEM, .length = 1}, true, ZX_ERR_NOT_SUPPORTED},
    {"unknown flag",         {.opcode = BLOCK_OP_READ | 0x80000000u, .length = 1}, true, ZX_ERR_NOT_SUPPORTED},
};
// clang-format on

ParameterizedTestParameters(block_record, check) {
    return cr_make_param_array(record_case_t, g_cases, sizeof(g_cases) / sizeof(g_cases[0]));
}

ParameterizedTest(record_case_t* row, block_record, check) {
    uint64_t vmo_size = VMO_BLOCKS * BLOCK_SIZE;
    zx_status_t status =
        block_record_check(&row->request, &g_info, row->has_vmo ? &vmo_size : NULL);
    cr_assert_eq(status, row->expected, "%s: %d", row->what, status);
}

Test(block_record, read_only_disk_refuses_writes_only) {
    block_info_t info = g_info;
    info.flags = BLOCK_FLAG_READONLY;
    uint64_t vmo_size = BLOCK_SIZE;
    block_fifo_request_t request = {.opcode = BLOCK_OP_WRITE, .length = 1};
    cr_assert_eq(block_record_check(&request, &info, &vmo_size), ZX_ERR_ACCESS_DENIED);
    request.opcode = BLOCK_OP_READ;
    cr_assert_eq(block_record_check(&request, &info, &vmo_size), ZX_OK);
}

// A VMO that ends within a block has no room for that block.
Test(block_record, part_of_a_block_is_no_room) {
    uint64_t vmo_size = BLOCK_SIZE - 1;
    block_fifo_request_t request = {.opcode = BLOCK_OP_READ, .length = 1};
    cr_assert_eq(block_record_check(&request, &g_info, &vmo_size), ZX_ERR_OUT_OF_RANGE);
}

Test(block_record, pieces_cover_a_request_once) {
    uint32_t max_piece = block_record_max_piece(&g_info);
    cr_assert_eq(max_piece, 16);
    block_fifo_request_t request = {.opcode = BLOCK_OP_WRITE | BLOCK_FL_BARRIER_BEFORE,
                                    .length = 40,
                                    .vmo_offset = 3,
                                    .dev_offset = 500};
    uint32_t done = 0;
    unsigned pieces = 0;
    while (done < request.length) {
        block_op_t op;
        block_record_make_piece(&request, 77, done, max_piece, &op);
        cr_assert_eq(op.command, BLOCK_OP_WRITE);
        cr_assert_eq(op.rw.vmo, 77);
        cr_assert_eq(op.rw.offset_dev, 500 + done);
        cr_assert_eq(op.rw.offset_vmo, 3 + done);
        cr_assert_leq(op.rw.length, max_piece);
        cr_assert_gt(op.rw.length, 0);
        done += op.rw.length;
        pieces++;
    }
    cr_assert_eq(done, 40);
    cr_assert_eq(pieces, 3);
}

Test(block_record, largest_piece) {
    block_info_t info = g_info;
    info.max_transfer_size = BLOCK_MAX_TRANSFER_UNBOUNDED;
    cr_assert_eq(block_record_max_piece(&info), UINT32_MAX);
    info.max_transfer_size = 5000;
    cr_assert_eq(block_record_max_piece(&info), 1);
}
