// SPDX-License-Identifier: MIT
// The host's one event loop, on the main thread, over a port. After each event it runs the work
// that drivers scheduled and releases the devices whose last reference went.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <zircon/types.h>

#include <lib/ddk/device.h>

// Who an event is for. Connections have keys of their own, from DH_KEY_FIRST_CONNECTION on.
#define DH_KEY_WAKE             0u
#define DH_KEY_BOOTSTRAP        1u
#define DH_KEY_FIRST_CONNECTION 16u

// Makes the port; the calling thread becomes the main thread.
zx_status_t dh_loop_init(void);

bool dh_loop_is_main_thread(void);

// Asks for one event with that key when any of the signals comes. handle is borrowed.
zx_status_t dh_loop_watch(zx_handle_t handle, uint64_t key, zx_signals_t signals);

// No more events for (handle, key).
void dh_loop_unwatch(zx_handle_t handle, uint64_t key);

// Makes the loop take another turn. Any thread, also with dh_lock() held.
void dh_loop_wake(void);

// Queues callback(cookie) for the main thread. The device is kept until it ran. Needs dh_lock().
zx_status_t dh_loop_queue_work_locked(zx_device_t* device, void (*callback)(void* cookie),
                                      void* cookie);

// Dispatches until dh_loop_quit(). on_event gets each key but DH_KEY_WAKE, with the signals seen.
void dh_loop_run(void (*on_event)(uint64_t key, zx_signals_t observed));

// Main thread: dh_loop_run() returns after the current event.
void dh_loop_quit(void);
