// SPDX-License-Identifier: MIT
// What devmgr answers to hosts: AddDevice, ScheduleRemove, metadata, log. The sender is not
// trusted: messages are verified by the generated decoder, every id must be one of this host's own
// devices, and names, counts and sizes have limits.
#pragma once

#include <protocols/runtime.h>

#include "host.h"

void dm_host_service_on_message(dm_host_t* host, pg_message_t* message);
