// SPDX-License-Identifier: MIT
// Pins: objects outlive their last handle exactly as long as they are pinned.
#include "pin.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include <zircon/syscalls.h>

static zx_handle_t ends[2];

static void make_channel(void) {
    cr_assert_eq(zx_channel_create(0, &ends[0], &ends[1]), ZX_OK);
}

static void pin(zx_handle_t handle, ko_pin_t* out) {
    cr_assert_eq(ko_handle_pin(handle, ZX_OBJ_TYPE_CHANNEL, ZX_RIGHT_READ, out), ZX_OK);
}

// The other end sees the destruction.
static bool is_destroyed(void) {
    zx_signals_t observed = 0;
    return zx_object_wait_one(ends[1], ZX_CHANNEL_PEER_CLOSED, 0, &observed) == ZX_OK;
}

Test(pin, a_pinned_object_outlives_its_last_handle) {
    ko_pin_t first;
    ko_pin_t second;
    make_channel();
    pin(ends[0], &first);
    pin(ends[0], &second);
    cr_expect_eq(zx_handle_close(ends[0]), ZX_OK);
    cr_expect_not(is_destroyed());
    ko_unpin(&second);
    cr_expect_not(is_destroyed());
    ko_unpin(&first);
    cr_expect(is_destroyed());
}

Test(pin, a_reference_taken_from_a_pin_counts) {
    ko_pin_t taken;
    make_channel();
    pin(ends[0], &taken);
    cr_expect_eq(zx_handle_close(ends[0]), ZX_OK);
    ko_object_acquire(taken.object);
    ko_unpin(&taken);
    cr_expect_not(is_destroyed());
    ko_object_release(taken.object);
    cr_expect(is_destroyed());
}

Test(pin, a_reference_may_come_and_go_while_pinned) {
    ko_pin_t taken;
    make_channel();
    pin(ends[0], &taken);
    cr_expect_eq(zx_handle_close(ends[0]), ZX_OK);
    ko_object_acquire(taken.object);
    ko_object_release(taken.object);
    cr_expect_not(is_destroyed());
    ko_unpin(&taken);
    cr_expect(is_destroyed());
}

Test(pin, more_pins_than_places) {
    ko_pin_t pins[KO_PINS_A_THREAD + 3];
    make_channel();
    for (size_t i = 0; i < countof(pins); i++) {
        pin(ends[0], &pins[i]);
    }
    ko_pin_t refused;
    cr_expect_eq(ko_handle_pin(ends[0], ZX_OBJ_TYPE_VMO, 0, &refused), ZX_ERR_WRONG_TYPE);
    cr_expect_eq(zx_handle_close(ends[0]), ZX_OK);
    cr_expect_eq(ko_handle_pin(ends[0], ZX_OBJ_TYPE_NONE, 0, &refused), ZX_ERR_BAD_HANDLE);
    for (size_t i = countof(pins); i > 0; i--) {
        cr_expect_not(is_destroyed());
        ko_unpin(&pins[i - 1]);
    }
    cr_expect(is_destroyed());
}

Test(pin, what_is_refused_is_not_pinned) {
    ko_pin_t refused;
    make_channel();
    cr_expect_eq(ko_handle_pin(ends[0], ZX_OBJ_TYPE_VMO, 0, &refused), ZX_ERR_WRONG_TYPE);
    cr_expect_eq(ko_handle_pin(ends[0], ZX_OBJ_TYPE_NONE, ZX_RIGHT_MAP, &refused),
                 ZX_ERR_ACCESS_DENIED);
    cr_expect_eq(ko_handle_pin(ends[0] ^ 0x100000u, ZX_OBJ_TYPE_NONE, 0, &refused),
                 ZX_ERR_BAD_HANDLE);
    cr_expect_eq(ko_handle_pin(ZX_HANDLE_INVALID, ZX_OBJ_TYPE_NONE, 0, &refused),
                 ZX_ERR_BAD_HANDLE);
    cr_expect_eq(zx_handle_close(ends[0]), ZX_OK);
    cr_expect(is_destroyed());
}

// ---- threads

static void* pin_and_close(void* argument) {
    ko_pin_t taken;
    (void)argument;
    pin(ends[0], &taken);
    cr_expect_eq(zx_handle_close(ends[0]), ZX_OK);
    ko_unpin(&taken);
    return NULL;
}

Test(pin, another_threads_pin_counts) {
    ko_pin_t taken;
    pthread_t thread;
    make_channel();
    pin(ends[0], &taken);
    cr_assert_eq(pthread_create(&thread, NULL, pin_and_close, NULL), 0);
    pthread_join(thread, NULL);
    cr_expect_not(is_destroyed());
    ko_unpin(&taken);
    cr_expect(is_destroyed());
}

static _Atomic zx_handle_t shared;
static _Atomic bool is_over;
static _Atomic uint32_t destroyed;

typedef struct canary {
    ko_object_t base;
    _Atomic uint32_t life;
} canary_t;

static void canary_destroy(ko_object_t* object) {
    atomic_store(&((canary_t*)object)->life, 0);
    atomic_fetch_add(&destroyed, 1);
    free(object);
}

static const ko_ops_t canary_ops = {
    .type = ZX_OBJ_TYPE_EVENT, .default_rights = ZX_RIGHTS_BASIC, .destroy = canary_destroy};

static zx_handle_t canary_make(void) {
    canary_t* canary = calloc(1, sizeof(*canary));
    zx_handle_t handle = ZX_HANDLE_INVALID;
    cr_assert(canary);
    ko_object_init(&canary->base, &canary_ops);
    atomic_store(&canary->life, 1);
    cr_assert_eq(ko_handle_make(&canary->base, ZX_RIGHT_SAME_RIGHTS, &handle), ZX_OK);
    return handle;
}

static void* keep_pinning(void* argument) {
    uint32_t* hits = argument;
    while (!atomic_load(&is_over)) {
        ko_pin_t taken;
        if (ko_handle_pin(atomic_load(&shared), ZX_OBJ_TYPE_EVENT, 0, &taken) != ZX_OK) {
            continue;
        }
        canary_t* canary = (canary_t*)taken.object;
        cr_assert_eq(atomic_load(&canary->life), 1);
        if (++*hits % 16 == 0) {
            ko_object_acquire(&canary->base);
            ko_unpin(&taken);
            cr_assert_eq(atomic_load(&canary->life), 1);
            ko_object_release(&canary->base);
        } else {
            cr_assert_eq(atomic_load(&canary->life), 1);
            ko_unpin(&taken);
        }
    }
    return NULL;
}

Test(pin, handles_close_under_threads_that_look_them_up) {
    enum { THREADS = 3, OBJECTS = 20000 };
    pthread_t threads[THREADS];
    uint32_t hits[THREADS] = {0};
    zx_handle_t handle = canary_make();
    atomic_store(&shared, handle);
    for (int i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_create(&threads[i], NULL, keep_pinning, &hits[i]), 0);
    }
    for (int i = 1; i < OBJECTS; i++) {
        zx_handle_t next = canary_make();
        atomic_store(&shared, next);
        cr_assert_eq(zx_handle_close(handle), ZX_OK);
        handle = next;
    }
    cr_assert_eq(zx_handle_close(handle), ZX_OK);
    atomic_store(&is_over, true);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    cr_expect_eq(atomic_load(&destroyed), OBJECTS);
    cr_expect_eq(atomic_load(&ko_pin_orphan_count), 0);
}
