// SPDX-License-Identifier: MIT
// Attack surface: bytes and handle numbers of a message from a host or from a command line.
// Whatever decodes must encode again, which reads all of it, and decode from there.
#include <stdlib.h>
#include <string.h>

#include <protocols/board.h>
#include <protocols/control.h>
#include <protocols/devmgr.h>
#include <protocols/zoo.h>

#define HANDLE_COUNT 8u

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

typedef struct target {
    pg_read_fn read;
    pg_build_fn build;
    size_t size;  // of the structure
} target_t;

static const target_t targets[] = {
    {pg_read_zoo_everything, pg_build_zoo_everything, sizeof(zoo_everything_t)},
    {pg_read_zoo_tree, pg_build_zoo_tree, sizeof(zoo_tree_t)},
    {pg_read_zoo_required, pg_build_zoo_required, sizeof(zoo_required_t)},
    {pg_read_devmgr_create_device_request, pg_build_devmgr_create_device_request,
     sizeof(devmgr_create_device_request_t)},
    {pg_read_control_show_response, pg_build_control_show_response,
     sizeof(control_show_response_t)},
    {pg_read_board_board, pg_build_board_board, sizeof(board_board_t)},
};

static zx_status_t decode(const target_t* target, const uint8_t* bytes, size_t size,
                          pg_arena_t* arena, void* out) {
    zx_handle_t handles[HANDLE_COUNT];
    for (uint32_t i = 0; i < HANDLE_COUNT; i++) {
        handles[i] = 1 + i;
    }
    pg_decoder_t decoder;
    pg_decoder_init(&decoder, bytes, size, handles, HANDLE_COUNT, arena);
    return pg_decode(&decoder, target->read, out, target->size);
}

// What decoded may be too large to encode, as it may share parts, but nothing else may fail.
static void check_round_trip(const target_t* target, const void* value) {
    pg_builder_t builder;
    pg_builder_init(&builder);
    const zx_status_t status = pg_encode(&builder, target->build, value);
    pg_builder_take_handles(&builder, NULL);
    if (status == ZX_OK) {
        size_t size;
        const uint8_t* bytes = pg_builder_bytes(&builder, &size);
        pg_arena_t arena = {0};
        void* again = malloc(target->size);
        if (decode(target, bytes, size, &arena, again) != ZX_OK) {
            abort();
        }
        free(again);
        pg_arena_fini(&arena);
    } else if (status != ZX_ERR_OUT_OF_RANGE) {
        abort();
    }
    pg_builder_fini(&builder);
}

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    if (size == 0) {
        return 0;
    }
    // The first byte chooses; the rest lies in memory of exactly its size.
    const target_t* target = &targets[data[0] % (sizeof(targets) / sizeof(targets[0]))];
    size--;
    uint8_t* bytes = malloc(size == 0 ? 1 : size);
    memcpy(bytes, data + 1, size);
    void* value = malloc(target->size);
    pg_arena_t arena = {0};
    if (decode(target, bytes, size, &arena, value) == ZX_OK) {
        check_round_trip(target, value);
    }
    pg_arena_fini(&arena);
    free(value);
    free(bytes);
    return 0;
}
