// SPDX-License-Identifier: MIT
// The list of waits.
#include "control_wait.h"

#include <stdlib.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>

#include "coordinator.h"

dm_wait_t* dm_wait_create(dm_client_t* client, dm_wait_kind_t kind, pg_responder_t responder) {
    if (!dm_client_may_wait(client)) {
        return NULL;
    }
    dm_wait_t* wait = calloc(1, sizeof(*wait));
    if (wait == NULL) {
        client->wait_count--;
        dm_client_answered(client, ZX_ERR_NO_MEMORY);
        return NULL;
    }
    dm_control_t* control = &client->coordinator->control;
    wait->coordinator = client->coordinator;
    wait->token = ++control->next_id;
    wait->client_id = client->id;
    wait->responder = responder;
    wait->kind = kind;
    list_add_tail(&control->waits, &wait->link);
    return wait;
}

static void free_wait(dm_wait_t* wait) {
    dm_timer_stop(&wait->timer);
    list_delete(&wait->link);
    zx_handle_close(wait->client);
    free(wait->path);
    free(wait);
}

void dm_wait_finish(dm_wait_t* wait, zx_status_t status) {
    dm_client_t* client = dm_control_find(wait->coordinator, wait->client_id);
    if (client != NULL) {
        client->wait_count--;
        dm_client_answered(client, status);
    }
    free_wait(wait);
}

void dm_wait_set_timeout(dm_wait_t* wait, uint32_t timeout_ms, dm_timer_cb_t cb) {
    zx_duration_t timeout = (zx_duration_t)timeout_ms * 1000000;
    if (timeout > DM_MAX_WAIT_NS) {
        timeout = DM_MAX_WAIT_NS;
    }
    wait->has_timeout = true;
    dm_timer_start(&wait->coordinator->loop, &wait->timer, zx_deadline_after(timeout), cb, wait);
}

static dm_wait_t* find(const dm_coordinator_t* co, uint64_t token, dm_wait_kind_t kind) {
    dm_wait_t* wait;
    list_for_every_entry(&co->control.waits, wait, dm_wait_t, link) {
        if (wait->token == token && wait->kind == kind) {
            return wait;
        }
    }
    return NULL;
}

void dm_wait_open_answered(dm_coordinator_t* co, uint64_t token, zx_status_t status,
                           const char* detail) {
    dm_wait_t* wait = find(co, token, DM_WAIT_OPEN);
    if (wait == NULL) {
        return;
    }
    if (status == ZX_ERR_UNAVAILABLE && wait->has_timeout) {
        // The host ended meanwhile; the device may come back in time.
        zx_handle_close(wait->client);
        wait->client = ZX_HANDLE_INVALID;
        return;
    }
    control_open_response_t response = {.status = status, .detail = detail};
    if (status == ZX_OK) {
        response.client = wait->client;
        wait->client = ZX_HANDLE_INVALID;
    }
    dm_wait_finish(wait, control_control_open_reply(&wait->responder, &response));
}

void dm_wait_stats_answered(dm_coordinator_t* co, uint64_t token) {
    dm_wait_t* wait = find(co, token, DM_WAIT_STATS);
    if (wait != NULL && wait->outstanding > 0) {
        wait->outstanding--;
    }
}

bool dm_wait_settle(dm_coordinator_t* co) {
    bool tree_changed = co->tree.is_changed;
    bool log_changed = co->log.has_news;
    bool is_changed = false;
    co->tree.is_changed = false;
    co->log.has_news = false;
    dm_wait_t* wait;
    dm_wait_t* next;
    list_for_every_entry_safe(&co->control.waits, wait, next, dm_wait_t, link) {
        switch (wait->kind) {
            case DM_WAIT_OPEN:
                is_changed = (tree_changed && dm_wait_try_open(wait)) || is_changed;
                break;
            case DM_WAIT_READY:
                is_changed = dm_wait_try_ready(wait) || is_changed;
                break;
            case DM_WAIT_LOG:
                is_changed = (log_changed && dm_wait_try_log(wait)) || is_changed;
                break;
            case DM_WAIT_STATS:
                if (wait->outstanding == 0) {
                    dm_wait_send_hosts(wait);
                    is_changed = true;
                }
                break;
        }
    }
    return is_changed;
}

void dm_wait_drop_client(dm_coordinator_t* co, uint64_t client_id) {
    dm_wait_t* wait;
    dm_wait_t* next;
    list_for_every_entry_safe(&co->control.waits, wait, next, dm_wait_t, link) {
        if (wait->client_id == client_id) {
            free_wait(wait);
        }
    }
}
