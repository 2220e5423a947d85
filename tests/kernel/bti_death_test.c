// SPDX-License-Identifier: MIT
// What a process pinned stays pinned when it dies, until the one that opened the device releases
// it. The container is a fake, whose mappings outlive processes as the kernel's do.
#include <signal.h>

#include "fake_vfio.h"
#include "object_test.h"

#define PAGE ZX_PAGE_SIZE
#define BOTH (ZX_BTI_PERM_READ | ZX_BTI_PERM_WRITE)

static zx_handle_t device;
static zx_handle_t bti;
static zx_handle_t vmo;

static void begin(void) {
    test_begin();
    fake_vfio_init();
    device = fake_vfio_open();
    expect_ok(zx_bti_create(device, 0, 0, &bti));
    expect_ok(zx_vmo_create(8 * PAGE, 0, &vmo));
}

static void end(void) {
    test_close(vmo);
    test_close(bti);
    test_close(device);
    cr_assert_eq(fake_vfio_mapping_count(), 0);
    fake_vfio_fini();
    test_end();
}

OBJECT_SUITE(bti_death, begin, end);

static zx_handle_t pin(zx_handle_t from, size_t pages, zx_paddr_t* address) {
    zx_handle_t pmt;
    zx_paddr_t addresses[8];
    expect_ok(zx_bti_pin(from, BOTH, vmo, 0, pages * PAGE, addresses, pages, &pmt));
    *address = addresses[0];
    return pmt;
}

// Pins twice, leaves one in its own quarantine, says so and waits to be killed.
static int host_main(zx_handle_t channel) {
    zx_handle_t given, own, pmt, memory;
    zx_paddr_t pages[2];
    alarm(60);  // a test that fails leaves nobody behind for long
    PEER_CHECK(test_receive_handle(channel, &given) == ZX_OK);
    bool is_device = test_basic(given).type == ZX_OBJ_TYPE_PCI_DEVICE;
    own = given;
    PEER_CHECK(!is_device || zx_bti_create(given, 0, 0, &own) == ZX_OK);
    PEER_CHECK(zx_vmo_create(2 * PAGE, 0, &memory) == ZX_OK);
    PEER_CHECK(zx_bti_pin(own, BOTH, memory, 0, 2 * PAGE, pages, 2, &pmt) == ZX_OK);
    PEER_CHECK(zx_handle_close(pmt) == ZX_OK);
    PEER_CHECK(zx_bti_pin(own, BOTH, memory, 0, PAGE, pages, 1, &pmt) == ZX_OK);
    PEER_CHECK(zx_channel_write(channel, 0, pages, sizeof(pages[0]), NULL, 0) == ZX_OK);
    zx_object_wait_one(channel, ZX_USER_SIGNAL_0, EVER, NULL);
    return 1;
}

// Starts a host with a duplicate of `handle`; returns where its last page is.
static zx_paddr_t host_start(test_peer_t* host, zx_handle_t handle) {
    zx_handle_t copy;
    zx_paddr_t address = 0;
    test_peer_start(host, host_main);
    expect_ok(zx_handle_duplicate(handle, ZX_RIGHT_SAME_RIGHTS, &copy));
    test_send_handle(host->channel, copy);
    expect_ok(test_wait_readable(host->channel));
    expect_ok(zx_channel_read(host->channel, 0, &address, NULL, sizeof(address), 0, NULL, NULL));
    return address;
}

static void host_kill(test_peer_t* host) {
    int status = 0;
    cr_assert_eq(kill(host->pid, SIGKILL), 0);
    cr_assert_eq(waitpid(host->pid, &status, 0), host->pid);
    cr_assert(WIFSIGNALED(status));
    test_close(host->channel);
}

static void run(zx_handle_t given) {
    test_peer_t host;
    zx_paddr_t theirs = host_start(&host, given);
    zx_paddr_t mine[2];
    cr_assert_eq(fake_vfio_mapping_count(), 2);
    // Alive: its pins are not for anybody else to release, those in its quarantine neither.
    expect_ok(zx_bti_release_quarantine(bti));
    cr_assert_eq(fake_vfio_mapping_count(), 2);
    host_kill(&host);
    // Dead: the device may still write there, so nothing of it is used again.
    cr_assert_eq(fake_vfio_mapping_count(), 2);
    cr_assert_not_null(fake_vfio_find(theirs));
    zx_handle_t kept = pin(bti, 4, &mine[0]);
    zx_handle_t closed = pin(bti, 1, &mine[1]);
    cr_assert(mine[0] > theirs && mine[1] > theirs);
    expect_ok(zx_handle_close(closed));
    cr_assert_eq(fake_vfio_mapping_count(), 4);
    // Released: what the dead one had and what is in quarantine here, not what is pinned here.
    expect_ok(zx_bti_release_quarantine(bti));
    cr_assert_eq(fake_vfio_mapping_count(), 1);
    cr_assert_null(fake_vfio_find(theirs));
    cr_assert_not_null(fake_vfio_find(mine[0] + 3 * PAGE));
    expect_ok(zx_pmt_unpin(kept));
    // A new host begins at the lowest address again.
    cr_assert_leq(host_start(&host, given), theirs);
    host_kill(&host);
    expect_ok(zx_bti_release_quarantine(bti));
    cr_assert_eq(fake_vfio_mapping_count(), 0);
}

OBJECT_TEST(bti_death, of_a_process_with_the_device) {
    run(device);
}

OBJECT_TEST(bti_death, of_a_process_with_the_bti) {
    run(bti);
}

OBJECT_TEST(bti_death, the_last_of_several_counts) {
    test_peer_t hosts[2];
    zx_paddr_t first = host_start(&hosts[0], device);
    zx_paddr_t second = host_start(&hosts[1], bti);
    cr_assert_neq(first, second);
    host_kill(&hosts[0]);
    expect_ok(zx_bti_release_quarantine(bti));
    cr_assert_eq(fake_vfio_mapping_count(), 4, "the other one is at work in the domain");
    host_kill(&hosts[1]);
    expect_ok(zx_bti_release_quarantine(bti));
    cr_assert_eq(fake_vfio_mapping_count(), 0);
}

// Pins and passes the device on to a process of its own, then ends well.
static int go_between(zx_handle_t channel) {
    zx_handle_t given;
    test_peer_t host;
    PEER_CHECK(test_receive_handle(channel, &given) == ZX_OK);
    zx_paddr_t address = host_start(&host, given);
    PEER_CHECK(zx_channel_write(channel, 0, &host.pid, sizeof(host.pid), NULL, 0) == ZX_OK);
    PEER_CHECK(address != 0);
    _exit(zx_handle_close(given));
}

OBJECT_TEST(bti_death, who_it_was_passed_on_to_counts) {
    test_peer_t between;
    zx_handle_t copy;
    pid_t grandchild = 0;
    test_peer_start(&between, go_between);
    expect_ok(zx_handle_duplicate(device, ZX_RIGHT_SAME_RIGHTS, &copy));
    test_send_handle(between.channel, copy);
    expect_ok(test_wait_readable(between.channel));
    expect_ok(
        zx_channel_read(between.channel, 0, &grandchild, NULL, sizeof(grandchild), 0, NULL, NULL));
    test_peer_end(&between);
    cr_assert_eq(fake_vfio_mapping_count(), 2);
    expect_ok(zx_bti_release_quarantine(bti));
    cr_assert_eq(fake_vfio_mapping_count(), 2, "the grandchild lives");
    cr_assert_eq(kill(grandchild, SIGKILL), 0);
    while (fake_vfio_mapping_count() > 0) {  // it is nobody's child: its end shows here alone
        expect_ok(zx_bti_release_quarantine(bti));
        sched_yield();
    }
}

// Who was given the device cannot know who else holds it.
static int release_all(zx_handle_t channel) {
    zx_handle_t given;
    PEER_CHECK(test_receive_handle(channel, &given) == ZX_OK);
    PEER_CHECK(zx_bti_release_quarantine(given) == ZX_OK);
    return zx_handle_close(given);
}

OBJECT_TEST(bti_death, only_the_opener_releases_for_others) {
    test_peer_t peer;
    zx_handle_t copy;
    zx_paddr_t address;
    zx_handle_t pmt = pin(bti, 2, &address);
    test_peer_start(&peer, release_all);
    expect_ok(zx_handle_duplicate(bti, ZX_RIGHT_SAME_RIGHTS, &copy));
    test_send_handle(peer.channel, copy);
    test_peer_end(&peer);
    cr_assert_eq(fake_vfio_mapping_count(), 1);
    expect_ok(zx_pmt_unpin(pmt));
}

// A message that is never read gives nothing away.
OBJECT_TEST(bti_death, an_unread_message) {
    zx_handle_t ends[2], copy;
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    expect_ok(zx_handle_duplicate(device, ZX_RIGHT_SAME_RIGHTS, &copy));
    test_send_handle(ends[0], copy);
    // Somebody whom this process does not know of.
    fake_vfio.mappings[0] = (fake_vfio_mapping_t){0x20000, PAGE, 0};
    expect_ok(zx_bti_release_quarantine(bti));
    cr_assert_eq(fake_vfio_mapping_count(), 1, "it may still be read");
    expect_ok(zx_handle_close_many(ends, 2));
    expect_ok(zx_bti_release_quarantine(bti));
    cr_assert_eq(fake_vfio_mapping_count(), 0);
}
