// SPDX-License-Identifier: MIT
// Decoding single instructions of a program.
#include "decode.h"

#include <stdarg.h>
#include <stdio.h>

#include <zircon/errors.h>

zx_status_t bind_fail(bind_error_t* error, zx_status_t status, unsigned code, size_t offset,
                      const char* format, ...) {
    if (error != NULL) {
        error->code = (uint16_t)code;
        error->offset = offset;
        va_list args;
        va_start(args, format);
        vsnprintf(error->text, sizeof(error->text), format, args);
        va_end(args);
    }
    return status;
}

uint32_t bind_load_u32(const uint8_t* bytes) {
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

// Where decoding is: `code + at`, with the offset of `code` in the program for messages.
typedef struct cursor {
    const bind_program_t* program;
    const uint8_t* code;
    uint32_t size;
    uint32_t at;
    bind_error_t* error;
} cursor_t;

static size_t cursor_offset(const cursor_t* cursor) {
    return (size_t)(cursor->code - cursor->program->bytes) + cursor->at;
}

static zx_status_t truncated(const cursor_t* cursor) {
    return bind_fail(cursor->error, ZX_ERR_IO_DATA_INTEGRITY, 801, cursor_offset(cursor),
                     "the program ends inside an instruction");
}

static zx_status_t read_u32(cursor_t* cursor, uint32_t* out) {
    if (cursor->size - cursor->at < sizeof(uint32_t)) {
        return truncated(cursor);
    }
    *out = bind_load_u32(cursor->code + cursor->at);
    cursor->at += sizeof(uint32_t);
    return ZX_OK;
}

static zx_status_t read_operand(cursor_t* cursor, bind_operand_t* out) {
    const size_t start = cursor_offset(cursor);
    if (cursor->size - cursor->at < BIND_VALUE_SIZE) {
        return truncated(cursor);
    }
    out->type = cursor->code[cursor->at];
    out->payload = bind_load_u32(cursor->code + cursor->at + 1);
    cursor->at += BIND_VALUE_SIZE;
    switch (out->type) {
        case BIND_VALUE_NUMBER:
            return ZX_OK;
        case BIND_VALUE_BOOL:
            if (out->payload > 1) {
                return bind_fail(cursor->error, ZX_ERR_IO_DATA_INTEGRITY, 811, start,
                                 "a bool is 0 or 1, not 0x%x", out->payload);
            }
            return ZX_OK;
        case BIND_VALUE_KEY:
        case BIND_VALUE_STRING:
        case BIND_VALUE_ENUM:
            if (out->payload == 0 || out->payload > cursor->program->symbol_count) {
                return bind_fail(cursor->error, ZX_ERR_IO_DATA_INTEGRITY, 813, start,
                                 "symbol 0x%x is not among the %u symbols", out->payload,
                                 cursor->program->symbol_count);
            }
            return ZX_OK;
        default:
            return bind_fail(cursor->error, ZX_ERR_IO_DATA_INTEGRITY, 810, start,
                             "0x%x is no kind of value", out->type);
    }
}

static zx_status_t read_comparison(cursor_t* cursor, bind_instruction_t* out) {
    zx_status_t status = read_operand(cursor, &out->left);
    if (status != ZX_OK) {
        return status;
    }
    return read_operand(cursor, &out->right);
}

// A jump's offset counts from the end of the jump, so the operands come before the check.
static zx_status_t read_jump(cursor_t* cursor, bool is_conditional, bind_instruction_t* out) {
    const size_t start = cursor_offset(cursor);
    uint32_t offset = 0;
    zx_status_t status = read_u32(cursor, &offset);
    if (status == ZX_OK && is_conditional) {
        status = read_comparison(cursor, out);
    }
    if (status != ZX_OK) {
        return status;
    }
    const uint32_t left = cursor->size - cursor->at;
    if (offset >= left) {
        return bind_fail(cursor->error, ZX_ERR_IO_DATA_INTEGRITY, 814, start,
                         "a jump by %u bytes, but %u bytes follow it", offset, left);
    }
    out->jump_target = cursor->at + offset;
    return ZX_OK;
}

zx_status_t bind_instruction_decode(const bind_program_t* program, const uint8_t* code,
                                    uint32_t code_size, uint32_t at, bind_instruction_t* out,
                                    bind_error_t* out_error) {
    cursor_t cursor = {program, code, code_size, at, out_error};
    *out = (bind_instruction_t){0};
    zx_status_t status = ZX_OK;
    if (program->has_debug) {
        status = read_u32(&cursor, &out->line);
        if (status != ZX_OK) {
            return status;
        }
    }
    if (cursor.at >= cursor.size) {
        return truncated(&cursor);
    }
    const size_t start = cursor_offset(&cursor);
    out->opcode = code[cursor.at++];
    switch (out->opcode) {
        case BIND_OP_EQUAL:
        case BIND_OP_NOT_EQUAL:
            status = read_comparison(&cursor, out);
            break;
        case BIND_OP_JUMP:
        case BIND_OP_JUMP_EQUAL:
        case BIND_OP_JUMP_NOT_EQUAL:
            status = read_jump(&cursor, out->opcode != BIND_OP_JUMP, out);
            break;
        case BIND_OP_LABEL:
        case BIND_OP_ABORT:
            break;
        default:
            return bind_fail(out_error, ZX_ERR_IO_DATA_INTEGRITY, 809, start,
                             "0x%x is no instruction", out->opcode);
    }
    out->next = cursor.at;
    return status;
}
