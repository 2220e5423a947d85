// SPDX-License-Identifier: MIT
// The control socket and its clients.
#include "control.h"

#include <stdlib.h>

#include <lx/socket.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "control_wait.h"
#include "coordinator.h"

// ------------------------------------------------------------------------------------- clients

dm_client_t* dm_control_find(const dm_coordinator_t* co, uint64_t client_id) {
    dm_client_t* client;
    list_for_every_entry(&co->control.clients, client, dm_client_t, link) {
        if (client->id == client_id && !client->is_dead) {
            return client;
        }
    }
    return NULL;
}

static void disconnect(dm_client_t* client, const char* why) {
    if (client->is_dead) {
        return;
    }
    client->is_dead = true;
    dm_source_stop(&client->source);
    if (why != NULL) {
        dm_logf(&client->coordinator->log, DM_LOG_WARNING, "devmgr",
                "a client of the control socket is disconnected: %s", why);
    }
}

void dm_client_answered(dm_client_t* client, zx_status_t status) {
    if (status == ZX_ERR_SHOULD_WAIT) {
        disconnect(client, "it does not read its answers");
    } else if (status == ZX_ERR_PEER_CLOSED) {
        disconnect(client, NULL);
    } else if (status != ZX_OK) {
        disconnect(client, zx_status_get_string(status));
    }
}

bool dm_client_may_wait(dm_client_t* client) {
    if (client->wait_count >= DM_MAX_WAITS_PER_CLIENT) {
        disconnect(client, "it waits for too many answers");
        return false;
    }
    client->wait_count++;
    return true;
}

static void free_client(dm_client_t* client) {
    dm_control_t* control = &client->coordinator->control;
    dm_source_stop(&client->source);
    list_delete(&client->link);
    control->client_count--;
    dm_wait_drop_client(client->coordinator, client->id);
    zx_handle_close(client->channel);
    free(client);
}

void dm_control_settle(dm_coordinator_t* co) {
    dm_client_t* client;
    dm_client_t* next;
    list_for_every_entry_safe(&co->control.clients, client, next, dm_client_t, link) {
        if (client->is_dead) {
            free_client(client);
        }
    }
}

// ------------------------------------------------------------------------------------ messages

static void on_shutdown(void* ctx, const control_empty_t* request) {
    (void)request;
    dm_client_t* client = ctx;
    dm_logf(&client->coordinator->log, DM_LOG_INFO, "devmgr", "a client asked for shutdown");
    dm_coordinator_shut_down(client->coordinator);
}

static const control_control_ops_t g_ops = {
    .list_devices = dm_control_on_list_devices,
    .list_drivers = dm_control_on_list_drivers,
    .list_hosts = dm_control_on_list_hosts,
    .show = dm_control_on_show,
    .load = dm_control_on_load,
    .unload = dm_control_on_unload,
    .reload = dm_control_on_reload,
    .open = dm_control_on_open,
    .read_log = dm_control_on_read_log,
    .wait_ready = dm_control_on_wait_ready,
    .shutdown = on_shutdown,
};

static void on_client(void* ctx, zx_signals_t observed) {
    dm_client_t* client = ctx;
    if (observed == 0) {
        disconnect(client, "memory is short");
    }
    for (unsigned i = 0; i < DM_MAX_MESSAGES_PER_TURN && !client->is_dead; i++) {
        pg_message_t message;
        zx_status_t status = pg_message_read(client->channel, &message);
        if (status == ZX_ERR_SHOULD_WAIT) {
            return;
        }
        if (status != ZX_OK) {
            disconnect(client, status == ZX_ERR_PEER_CLOSED ? NULL : "it sent no message");
            return;
        }
        status = control_control_dispatch(&g_ops, client, client->channel, &message);
        pg_message_fini(&message);
        if (status != ZX_OK) {
            disconnect(client, status == ZX_ERR_NOT_SUPPORTED
                                   ? "it sent a request that does not exist"
                                   : "it sent a damaged message");
        }
    }
}

// ----------------------------------------------------------------------------------- listening

// |channel| is consumed.
static void add_client(dm_coordinator_t* co, zx_handle_t channel) {
    dm_control_t* control = &co->control;
    dm_client_t* client =
        control->client_count < DM_MAX_CLIENTS ? calloc(1, sizeof(*client)) : NULL;
    if (client == NULL) {
        dm_logf(&co->log, DM_LOG_WARNING, "devmgr",
                "a client of the control socket is refused: there are %zu", control->client_count);
        zx_handle_close(channel);
        return;
    }
    client->coordinator = co;
    client->id = ++control->next_id;
    client->channel = channel;
    list_add_tail(&control->clients, &client->link);
    control->client_count++;
    if (dm_source_start(&co->loop, &client->source, channel,
                        ZX_CHANNEL_READABLE | ZX_CHANNEL_PEER_CLOSED, on_client, client) != ZX_OK) {
        client->is_dead = true;
    }
}

static void on_listener(void* ctx, zx_signals_t observed) {
    dm_coordinator_t* co = ctx;
    for (unsigned i = 0; i < DM_CONNECTIONS_PER_TURN && observed != 0; i++) {
        zx_handle_t channel = ZX_HANDLE_INVALID;
        zx_status_t status = lx_accept(co->control.listener, &channel, NULL);
        if (status != ZX_OK) {
            if (status != ZX_ERR_SHOULD_WAIT) {
                dm_logf(&co->log, DM_LOG_WARNING, "devmgr", "a connection failed: %s",
                        zx_status_get_string(status));
            }
            return;
        }
        add_client(co, channel);
    }
}

zx_status_t dm_control_start(dm_coordinator_t* co, const char* path) {
    dm_control_t* control = &co->control;
    list_initialize(&control->clients);
    list_initialize(&control->waits);
    zx_status_t status = lx_listen(path, &control->listener);
    if (status != ZX_OK) {
        return status;
    }
    return dm_source_start(&co->loop, &control->source, control->listener, ZX_SOCKET_READABLE,
                           on_listener, co);
}

void dm_control_stop(dm_coordinator_t* co) {
    dm_control_t* control = &co->control;
    dm_source_stop(&control->source);
    zx_handle_close(control->listener);
    control->listener = ZX_HANDLE_INVALID;
    if (control->clients.next == NULL) {
        return;
    }
    dm_client_t* client;
    list_for_every_entry(&control->clients, client, dm_client_t, link) {
        client->is_dead = true;
    }
    dm_control_settle(co);
}
