// SPDX-License-Identifier: MIT
// Leases: how the process that opened a device knows whether another one still holds it.
//
// What is sent of a device carries the writing end of a pipe, which lives as long as the receiver
// and everyone that it passes the device on to. The opener keeps the reading ends: when all of them
// have hung up, nobody else is left, however the others ended.
#pragma once

#include "object.h"

typedef struct ko_leases ko_leases_t;

// Of a device that this process opened (held -1), or of one that it was given with the lease
// `held`, which is taken on success. The first reference is the caller's; NULL: no memory.
ko_leases_t* ko_leases_create(int held);
ko_leases_t* ko_leases_ref(ko_leases_t* leases);
void ko_leases_unref(ko_leases_t* leases);  // accepts NULL

// Adds a lease to what is sent. ZX_ERR_NO_RESOURCES, ZX_ERR_NO_MEMORY.
zx_status_t ko_leases_export(ko_leases_t* leases, ko_wire_t* wire);

// This process opened the device, and no other one holds it.
bool ko_leases_are_over(ko_leases_t* leases);

// A received fd can be a lease.
bool ko_fd_is_lease(int fd);
