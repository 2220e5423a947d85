// SPDX-License-Identifier: MIT
// Every object that can cross a channel, sent to another process and used by both.
#include <lx/resource.h>

#include "object_test.h"

OBJECT_SUITE(transfer, test_begin, test_end);

static int use_event(zx_handle_t channel) {
    zx_handle_t event;
    zx_signals_t observed;
    PEER_CHECK(test_receive_handle(channel, &event) == ZX_OK);
    // Set before it was sent, and here.
    PEER_CHECK(zx_object_wait_one(event, ZX_EVENT_SIGNALED, 0, NULL) == ZX_OK);
    PEER_CHECK(zx_object_signal(event, ZX_EVENT_SIGNALED, ZX_USER_SIGNAL_1) == ZX_OK);
    PEER_CHECK(zx_object_wait_one(event, ZX_USER_SIGNAL_2, EVER, &observed) == ZX_OK);
    PEER_CHECK(observed == (ZX_USER_SIGNAL_1 | ZX_USER_SIGNAL_2));
    return zx_handle_close(event);
}

OBJECT_TEST(transfer, event) {
    test_peer_t peer;
    test_peer_start(&peer, use_event);
    zx_handle_t event = test_event();
    zx_handle_t copy;
    expect_ok(zx_handle_duplicate(event, ZX_RIGHT_SAME_RIGHTS, &copy));
    expect_ok(zx_object_signal(event, 0, ZX_EVENT_SIGNALED));
    test_send_handle(peer.channel, copy);
    expect_ok(zx_object_wait_one(event, ZX_USER_SIGNAL_1, EVER, NULL));
    cr_assert_eq(test_signals(event), ZX_USER_SIGNAL_1);
    expect_ok(zx_object_signal(event, 0, ZX_USER_SIGNAL_2));
    test_peer_end(&peer);
    cr_assert_eq(test_signals(event), ZX_USER_SIGNAL_1 | ZX_USER_SIGNAL_2, "it outlives the peer");
    test_close(event);
}

// A port here hears what another process signals.
static int signal_event(zx_handle_t channel) {
    zx_handle_t event;
    PEER_CHECK(test_receive_handle(channel, &event) == ZX_OK);
    PEER_CHECK(test_wait_readable(channel) == ZX_OK);
    PEER_CHECK(zx_object_signal(event, 0, ZX_USER_SIGNAL_4) == ZX_OK);
    return zx_handle_close(event);
}

OBJECT_TEST(transfer, event_on_a_port) {
    test_peer_t peer;
    test_peer_start(&peer, signal_event);
    zx_handle_t event = test_event();
    zx_handle_t port = test_port();
    zx_handle_t copy;
    zx_port_packet_t packet;
    expect_ok(zx_object_wait_async(event, port, 8, ZX_USER_SIGNAL_4, 0));  // before it is shared
    expect_ok(zx_handle_duplicate(event, ZX_RIGHT_SAME_RIGHTS, &copy));
    test_send_handle(peer.channel, copy);
    expect_status(zx_port_wait(port, 0, &packet), ZX_ERR_TIMED_OUT);
    test_write(peer.channel, "now");
    expect_ok(zx_port_wait(port, EVER, &packet));
    cr_assert(packet.key == 8 && packet.signal.observed == ZX_USER_SIGNAL_4);
    test_peer_end(&peer);
    test_close(port);
    test_close(event);
}

static int use_eventpair(zx_handle_t channel) {
    zx_handle_t end;
    PEER_CHECK(test_receive_handle(channel, &end) == ZX_OK);
    PEER_CHECK(zx_object_wait_one(end, ZX_USER_SIGNAL_0, EVER, NULL) == ZX_OK);
    PEER_CHECK(zx_object_signal_peer(end, 0, ZX_EVENTPAIR_SIGNALED) == ZX_OK);
    PEER_CHECK(zx_object_wait_one(end, ZX_EVENTPAIR_PEER_CLOSED, EVER, NULL) == ZX_OK);
    PEER_CHECK(zx_object_signal_peer(end, 0, ZX_USER_SIGNAL_0) == ZX_ERR_PEER_CLOSED);
    return zx_handle_close(end);
}

OBJECT_TEST(transfer, eventpair) {
    test_peer_t peer;
    zx_handle_t ends[2];
    test_peer_start(&peer, use_eventpair);
    expect_ok(zx_eventpair_create(0, &ends[0], &ends[1]));
    test_send_handle(peer.channel, ends[1]);
    expect_ok(zx_object_signal_peer(ends[0], 0, ZX_USER_SIGNAL_0));
    expect_ok(zx_object_wait_one(ends[0], ZX_EVENTPAIR_SIGNALED, EVER, NULL));
    test_close(ends[0]);
    test_peer_end(&peer);
}

static int receive_and_die(zx_handle_t channel) {
    zx_handle_t end;
    PEER_CHECK(test_receive_handle(channel, &end) == ZX_OK);
    _exit(0);
}

// However a process ends, the other ends of what it held tell.
OBJECT_TEST(transfer, death_closes) {
    for (int i = 0; i < 3; i++) {
        test_peer_t peer;
        zx_handle_t ends[2];
        test_peer_start(&peer, receive_and_die);
        expect_ok(i == 0   ? zx_eventpair_create(0, &ends[0], &ends[1])
                  : i == 1 ? zx_channel_create(0, &ends[0], &ends[1])
                           : zx_fifo_create(8, 8, 0, &ends[0], &ends[1]));
        test_send_handle(peer.channel, ends[1]);
        expect_ok(zx_object_wait_one(ends[0], __ZX_OBJECT_PEER_CLOSED, EVER, NULL));
        test_peer_end(&peer);
        test_close(ends[0]);
    }
}

static int use_vmo(zx_handle_t channel) {
    zx_handle_t vmo;
    uint64_t size;
    zx_vaddr_t address;
    char text[6] = "";
    zx_info_vmo_t info;
    PEER_CHECK(test_receive_handle(channel, &vmo) == ZX_OK);
    PEER_CHECK(zx_vmo_get_size(vmo, &size) == ZX_OK && size == 8192);
    PEER_CHECK(zx_vmo_set_size(vmo, 4096) == ZX_ERR_UNAVAILABLE);
    PEER_CHECK(zx_vmo_read(vmo, text, 5000, 5) == ZX_OK && strcmp(text, "there") == 0);
    PEER_CHECK(zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info), NULL, NULL) == ZX_OK);
    PEER_CHECK(info.size_bytes == 8192 && info.num_mappings == 0);
    PEER_CHECK(zx_vmar_map(zx_vmar_root_self(), ZX_VM_PERM_READ | ZX_VM_PERM_WRITE, 0, vmo, 0, 8192,
                           &address) == ZX_OK);
    strcpy((char*)address, "back");
    PEER_CHECK(zx_vmar_unmap(zx_vmar_root_self(), address, 8192) == ZX_OK);
    return zx_handle_close(vmo);
}

OBJECT_TEST(transfer, vmo) {
    test_peer_t peer;
    zx_handle_t vmo, copy;
    char text[5] = "";
    test_peer_start(&peer, use_vmo);
    expect_ok(zx_vmo_create(8192, 0, &vmo));
    expect_ok(zx_vmo_write(vmo, "there", 5000, 5));
    expect_ok(zx_handle_duplicate(vmo, ZX_RIGHT_SAME_RIGHTS, &copy));
    test_send_handle(peer.channel, copy);
    test_peer_end(&peer);
    expect_ok(zx_vmo_read(vmo, text, 0, 4));
    cr_assert_str_eq(text, "back");
    test_close(vmo);
}

static int use_read_only_resizable(zx_handle_t channel) {
    zx_handle_t vmo;
    uint64_t size;
    PEER_CHECK(test_receive_handle(channel, &vmo) == ZX_OK);
    PEER_CHECK(zx_vmo_get_size(vmo, &size) == ZX_OK && size == 12288);
    PEER_CHECK(zx_vmo_write(vmo, "x", 0, 1) == ZX_ERR_ACCESS_DENIED);
    PEER_CHECK(zx_vmo_set_size(vmo, 4096) == ZX_ERR_ACCESS_DENIED);
    return zx_handle_close(vmo);
}

OBJECT_TEST(transfer, vmo_resizable_and_read_only) {
    test_peer_t peer;
    zx_handle_t vmo, copy;
    test_peer_start(&peer, use_read_only_resizable);
    expect_ok(zx_vmo_create(4096, ZX_VMO_RESIZABLE, &vmo));
    expect_ok(zx_handle_duplicate(vmo, ZX_RIGHT_READ | ZX_RIGHT_TRANSFER, &copy));
    expect_ok(zx_vmo_set_size(vmo, 12288));
    test_send_handle(peer.channel, copy);
    test_peer_end(&peer);
    test_close(vmo);
}

// Doubles each number until the other end is closed.
static int use_fifo(zx_handle_t channel) {
    zx_handle_t fifo;
    PEER_CHECK(test_receive_handle(channel, &fifo) == ZX_OK);
    for (;;) {
        uint64_t value;
        zx_status_t status = zx_fifo_read(fifo, sizeof(value), &value, 1, NULL);
        if (status == ZX_ERR_PEER_CLOSED) {
            return zx_handle_close(fifo);
        }
        if (status == ZX_ERR_SHOULD_WAIT) {
            status = zx_object_wait_one(fifo, ZX_FIFO_READABLE | ZX_FIFO_PEER_CLOSED, EVER, NULL);
            PEER_CHECK(status == ZX_OK);
            continue;
        }
        PEER_CHECK(status == ZX_OK);
        value *= 2;
        while ((status = zx_fifo_write(fifo, sizeof(value), &value, 1, NULL)) != ZX_OK) {
            PEER_CHECK(status == ZX_ERR_SHOULD_WAIT);
            PEER_CHECK(zx_object_wait_one(fifo, ZX_FIFO_WRITABLE, EVER, NULL) == ZX_OK);
        }
    }
}

OBJECT_TEST(transfer, fifo) {
    test_peer_t peer;
    zx_handle_t ends[2];
    uint64_t value = 1;
    uint64_t expected = 2;
    test_peer_start(&peer, use_fifo);
    expect_ok(zx_fifo_create(16, sizeof(value), 0, &ends[0], &ends[1]));
    expect_ok(zx_fifo_write(ends[0], sizeof(value), &value, 1, NULL));  // before it moves
    value++;
    test_send_handle(peer.channel, ends[1]);
    while (expected <= 4000) {
        if (value <= 2000 && zx_fifo_write(ends[0], sizeof(value), &value, 1, NULL) == ZX_OK) {
            value++;
            continue;
        }
        uint64_t answer;
        zx_status_t status = zx_fifo_read(ends[0], sizeof(answer), &answer, 1, NULL);
        if (status == ZX_ERR_SHOULD_WAIT) {
            expect_ok(zx_object_wait_one(ends[0], ZX_FIFO_READABLE, EVER, NULL));
            continue;
        }
        expect_ok(status);
        cr_assert_eq(answer, expected);
        expected += 2;
    }
    test_close(ends[0]);
    test_peer_end(&peer);
}

static int use_channel(zx_handle_t channel) {
    zx_handle_t end;
    char text[8] = "";
    uint32_t size = 0;
    PEER_CHECK(test_receive_handle(channel, &end) == ZX_OK);
    PEER_CHECK(zx_channel_read(end, 0, text, NULL, sizeof(text), 0, &size, NULL) == ZX_OK);
    PEER_CHECK(size == 5 && memcmp(text, "early", 5) == 0);
    PEER_CHECK(zx_channel_write(end, 0, "yes", 3, NULL, 0) == ZX_OK);
    return zx_handle_close(end);
}

OBJECT_TEST(transfer, channel) {
    test_peer_t peer;
    zx_handle_t ends[2];
    test_peer_start(&peer, use_channel);
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    test_write(ends[0], "early");
    test_send_handle(peer.channel, ends[1]);
    expect_ok(zx_object_wait_one(ends[0], ZX_CHANNEL_PEER_CLOSED, EVER, NULL));
    test_expect_text(ends[0], "yes");
    test_peer_end(&peer);
    test_close(ends[0]);
}

static int use_resource(zx_handle_t channel) {
    zx_handle_t resource, child;
    zx_info_resource_t info;
    PEER_CHECK(test_receive_handle(channel, &resource) == ZX_OK);
    PEER_CHECK(zx_object_get_info(resource, ZX_INFO_RESOURCE, &info, sizeof(info), NULL, NULL) ==
               ZX_OK);
    PEER_CHECK(info.kind == ZX_RSRC_KIND_MMIO && info.base == 0x1000 && info.size == 0x2000);
    PEER_CHECK(strcmp(info.name, "window") == 0);
    PEER_CHECK(zx_resource_create(resource, ZX_RSRC_KIND_MMIO, 0x1000, 1, "x", 1, &child) ==
               ZX_ERR_ACCESS_DENIED);
    return zx_handle_close(resource);
}

// What arrives is shown, and opens nothing: its range is only what a message says.
OBJECT_TEST(transfer, resource) {
    test_peer_t peer;
    zx_handle_t root, window;
    test_peer_start(&peer, use_resource);
    expect_ok(lx_root_resource_create(&root));
    expect_ok(zx_resource_create(root, ZX_RSRC_KIND_MMIO, 0x1000, 0x2000, "window", 6, &window));
    test_send_handle(peer.channel, window);
    test_peer_end(&peer);
    test_close(root);
}

// Received objects can be sent on, here back to where they came from.
static int send_back(zx_handle_t channel) {
    zx_handle_t handles[6];
    uint32_t count = 0;
    char text[8];
    uint32_t size = 0;
    PEER_CHECK(test_wait_readable(channel) == ZX_OK);
    PEER_CHECK(zx_channel_read(channel, 0, text, handles, sizeof(text), 6, &size, &count) == ZX_OK);
    PEER_CHECK(zx_channel_write(channel, 0, text, size, handles, count) == ZX_OK);
    return 0;
}

OBJECT_TEST(transfer, all_there_and_back) {
    test_peer_t peer;
    zx_handle_t handles[6];
    zx_handle_t received[6];
    zx_handle_t others[3];
    zx_koid_t koids[6];
    uint32_t count = 0;
    uint32_t size = 0;
    char text[8];
    test_peer_start(&peer, send_back);
    handles[0] = test_event();
    expect_ok(zx_eventpair_create(0, &handles[1], &others[0]));
    expect_ok(zx_vmo_create(4096, 0, &handles[2]));
    expect_ok(zx_fifo_create(4, 4, 0, &handles[3], &others[1]));
    expect_ok(zx_channel_create(0, &handles[4], &others[2]));
    expect_ok(lx_root_resource_create(&handles[5]));
    for (int i = 0; i < 6; i++) {
        koids[i] = test_basic(handles[i]).koid;
    }
    expect_ok(zx_channel_write(peer.channel, 0, "text", 4, handles, 6));
    expect_ok(test_wait_readable(peer.channel));
    expect_ok(zx_channel_read(peer.channel, 0, text, received, sizeof(text), 6, &size, &count));
    cr_assert(size == 4 && count == 6);
    for (int i = 0; i < 6; i++) {
        cr_assert_eq(test_basic(received[i]).koid, koids[i], "object %d keeps its identity", i);
    }
    expect_ok(zx_object_signal_peer(others[0], 0, ZX_USER_SIGNAL_5));
    expect_ok(zx_object_wait_one(received[1], ZX_USER_SIGNAL_5, 0, NULL));
    uint32_t element = 77;
    expect_ok(zx_fifo_write(others[1], 4, &element, 1, NULL));
    expect_ok(zx_fifo_read(received[3], 4, &element, 1, NULL));
    test_write(others[2], "round trip");
    test_expect_text(received[4], "round trip");
    expect_ok(zx_handle_close_many(received, 6));
    expect_ok(zx_handle_close_many(others, 3));
    test_peer_end(&peer);
}
