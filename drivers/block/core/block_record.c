// SPDX-License-Identifier: MIT
// Checks on FIFO requests and their cut into pieces.
#include "block_record.h"

#include <zircon/compiler.h>

#define KNOWN_FLAGS (BLOCK_FL_BARRIER_BEFORE | BLOCK_FL_BARRIER_AFTER | BLOCK_FL_FORCE_ACCESS)

static zx_status_t check_range(const block_fifo_request_t* request, const block_info_t* info,
                               uint64_t vmo_size) {
    uint64_t dev_end;
    uint64_t vmo_end;
    if (request->length == 0 || add_overflow(request->dev_offset, request->length, &dev_end) ||
        add_overflow(request->vmo_offset, request->length, &vmo_end)) {
        return ZX_ERR_INVALID_ARGS;
    }
    if (dev_end > info->block_count || vmo_end > vmo_size / info->block_size) {
        return ZX_ERR_OUT_OF_RANGE;
    }
    return ZX_OK;
}

zx_status_t block_record_check(const block_fifo_request_t* request, const block_info_t* info,
                               const uint64_t* vmo_size) {
    if ((request->opcode & ~(BLOCK_OP_MASK | KNOWN_FLAGS)) != 0) {
        return ZX_ERR_NOT_SUPPORTED;
    }
    switch (request->opcode & BLOCK_OP_MASK) {
        case BLOCK_OP_WRITE:
            if ((info->flags & BLOCK_FLAG_READONLY) != 0) {
                return ZX_ERR_ACCESS_DENIED;
            }
            __FALLTHROUGH;
        case BLOCK_OP_READ:
            return vmo_size == NULL ? ZX_ERR_INVALID_ARGS : check_range(request, info, *vmo_size);
        case BLOCK_OP_CLOSE_VMO:
            return vmo_size == NULL ? ZX_ERR_INVALID_ARGS : ZX_OK;
        case BLOCK_OP_FLUSH:
            return ZX_OK;
        default:
            return ZX_ERR_NOT_SUPPORTED;
    }
}

uint32_t block_record_max_piece(const block_info_t* info) {
    if (info->max_transfer_size == BLOCK_MAX_TRANSFER_UNBOUNDED) {
        return UINT32_MAX;
    }
    uint32_t blocks = info->max_transfer_size / info->block_size;
    return blocks > 0 ? blocks : 1;
}

void block_record_make_piece(const block_fifo_request_t* request, zx_handle_t vmo, uint32_t done,
                             uint32_t max_piece, block_op_t* out_op) {
    uint32_t left = request->length - done;
    out_op->rw = (block_read_write_t){
        .command = request->opcode & BLOCK_OP_MASK,
        .vmo = vmo,
        .length = left < max_piece ? left : max_piece,
        .offset_dev = request->dev_offset + done,
        .offset_vmo = request->vmo_offset + done,
    };
}
