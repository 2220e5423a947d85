// SPDX-License-Identifier: MIT
// ReadLog: records of the ring, at once or when there are some.
#include <string.h>

#include <zircon/errors.h>

#include "control_wait.h"
#include "coordinator.h"

#define MAX_RECORDS_PER_PAGE 256u

// As many records after |after| as fit into one page.
static size_t collect(const dm_log_t* log, uint64_t after, control_log_record_t* records) {
    size_t count = 0;
    size_t bytes = 0;
    const dm_log_entry_t* entry = dm_log_after(log, after);
    while (entry != NULL && count < MAX_RECORDS_PER_PAGE && bytes < DM_MAX_PAGE_BYTES) {
        records[count++] = (control_log_record_t){.sequence = entry->sequence,
                                                  .time_ns = entry->time,
                                                  .severity = entry->severity,
                                                  .source = entry->source,
                                                  .text = entry->text};
        bytes += 96 + strlen(entry->source) + strlen(entry->text);
        entry = dm_log_after(log, entry->sequence);
    }
    return count;
}

static zx_status_t send(const dm_log_t* log, const pg_responder_t* responder, uint64_t after) {
    control_log_record_t records[MAX_RECORDS_PER_PAGE];
    control_log_response_t response = {.status = ZX_OK, .dropped = dm_log_lost(log, after)};
    response.records_count = collect(log, after, records);
    response.records = records;
    return control_control_read_log_reply(responder, &response);
}

bool dm_wait_try_log(dm_wait_t* wait) {
    const dm_log_t* log = &wait->coordinator->log;
    if (dm_log_after(log, wait->after) == NULL) {
        return false;
    }
    dm_wait_finish(wait, send(log, &wait->responder, wait->after));
    return true;
}

void dm_control_on_read_log(void* ctx, const control_log_request_t* request,
                            pg_responder_t responder) {
    dm_client_t* client = ctx;
    const dm_log_t* log = &client->coordinator->log;
    if (!request->wait || dm_log_after(log, request->after) != NULL) {
        dm_client_answered(client, send(log, &responder, request->after));
        return;
    }
    dm_wait_t* wait = dm_wait_create(client, DM_WAIT_LOG, responder);
    if (wait != NULL) {
        wait->after = request->after;
    }
}
