// SPDX-License-Identifier: MIT
// Plays devmgr for one real driver host: starts it, sends it requests over the real channels and
// answers what it asks. A thread serves Coordinator, so that the blocking requests below may be
// sent while the host asks something.
//
// One test thread per fake. Texts and structs that are handed out live as long as the fake.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <lx/process.h>
#include <zircon/types.h>

#include <protocols/devmgr.h>

#define FAKE_DEVMGR_ID(n) ((UINT64_C(1) << 63) | (n))

typedef struct fake_devmgr fake_devmgr_t;

// What an AddDevice request said.
typedef struct fake_device {
    uint64_t id;
    uint64_t parent_id;
    char name[64];
    uint32_t protocol_id;
    uint32_t flags;
    bool has_init;
    char proxy_args[64];
    size_t property_count;
    node_property_t properties[8];
    char texts[8][2][64];  // what the properties' key and string_value point to
} fake_device_t;

// Starts build/bin/driver_host and sends Start. log_level is DDK_LOG_*.
fake_devmgr_t* fake_devmgr_start(bool sandbox, uint8_t log_level);

// Closes the channels and waits for the host's end.
lx_exit_t fake_devmgr_stop(fake_devmgr_t* fake);

// Waits until the host ended by itself.
lx_exit_t fake_devmgr_wait_exit(fake_devmgr_t* fake);

pid_t fake_devmgr_pid(const fake_devmgr_t* fake);

// The channel of DriverHost, borrowed, to send what the functions below do not.
zx_handle_t fake_devmgr_channel(const fake_devmgr_t* fake);

// ---- requests: they wait for the answer and return its status; fake_devmgr_detail() has its text

zx_status_t fake_devmgr_create_stub(fake_devmgr_t* fake, uint64_t id, const char* name,
                                    uint32_t protocol_id);
// file: of build/lib/test_drivers, without .so. rpc_channel is consumed.
zx_status_t fake_devmgr_create_proxy(fake_devmgr_t* fake, uint64_t id, const char* name,
                                     const char* driver, const char* file, const char* proxy_args,
                                     zx_handle_t rpc_channel);
zx_status_t fake_devmgr_bind(fake_devmgr_t* fake, uint64_t id, const char* driver,
                             const char* file);
zx_status_t fake_devmgr_init(fake_devmgr_t* fake, uint64_t id);
zx_status_t fake_devmgr_unbind(fake_devmgr_t* fake, uint64_t id);
zx_status_t fake_devmgr_remove(fake_devmgr_t* fake, uint64_t id);
// *out_client is the client's end.
zx_status_t fake_devmgr_open(fake_devmgr_t* fake, uint64_t id, zx_handle_t* out_client);
zx_status_t fake_devmgr_unload(fake_devmgr_t* fake, const char* driver);

typedef struct fake_stats {
    uint32_t handle_count;
    uint32_t thread_count;
    uint32_t device_count;
    char drivers[256];  // names, each followed by a space
} fake_stats_t;
fake_stats_t fake_devmgr_stats(fake_devmgr_t* fake);

const char* fake_devmgr_detail(const fake_devmgr_t* fake);

// Unbinds the device and all below it, parents first, then removes them, children first. The first
// failure is returned; the rest is done all the same.
zx_status_t fake_devmgr_teardown(fake_devmgr_t* fake, uint64_t id);

// ---- what the host said

// The newest added device of that name; waits for it. NULL after some seconds.
const fake_device_t* fake_devmgr_device(fake_devmgr_t* fake, const char* name);

// Whether a log record holds that text; waits for one, gives up after some seconds.
bool fake_devmgr_wait_log(fake_devmgr_t* fake, const char* text);

// The texts of the records so far that begin with prefix, without it, each followed by a space.
// Forgets the records.
const char* fake_devmgr_take_logs(fake_devmgr_t* fake, const char* prefix);

// Waits for a ScheduleRemove of that device. False after some seconds.
bool fake_devmgr_wait_removal(fake_devmgr_t* fake, uint64_t id);

// What the host wrote to its standard output and error so far, at its end complete.
const char* fake_devmgr_output(fake_devmgr_t* fake);

// ---- how it answers

// AddDevice of this name is refused with status from now on; NULL: none.
void fake_devmgr_refuse(fake_devmgr_t* fake, const char* name, zx_status_t status);

// Metadata for every device; replaces that of the same type.
void fake_devmgr_set_metadata(fake_devmgr_t* fake, uint32_t type, const void* data, size_t size);

// What AddMetadata attached to the device; size 0: nothing.
size_t fake_devmgr_added_metadata(fake_devmgr_t* fake, uint64_t id, uint32_t type, void* out,
                                  size_t capacity);
