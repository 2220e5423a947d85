// SPDX-License-Identifier: MIT
// Listeners on paths and connections to them.
#include "../fakes/fini_check.h"
#include "child_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <lx/socket.h>
#include <zircon/errors.h>

static char folder[64];
static char path[128];

static void make_folder(void) {
    strcpy(folder, "/tmp/jacinth-test-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/socket", folder);
}

static void remove_folder(void) {
    unlink(path);
    fini_check(rmdir(folder) == 0);  // nothing was left in it
}

TestSuite(socket, .init = make_folder, .fini = remove_folder);

Test(socket, connects_and_talks) {
    int fds = count_fds();
    zx_handle_t listener, client, server = ZX_HANDLE_INVALID;
    lx_peer_t peer;
    cr_assert_eq(lx_listen(path, &listener), ZX_OK);
    cr_assert_eq(lx_accept(listener, &server, &peer), ZX_ERR_SHOULD_WAIT);
    cr_assert_eq(server, ZX_HANDLE_INVALID);
    cr_assert_eq(zx_object_wait_one(listener, ZX_SOCKET_READABLE, 0, NULL), ZX_ERR_TIMED_OUT);
    cr_assert_eq(lx_connect(path, &client), ZX_OK);
    cr_assert_eq(zx_object_wait_one(listener, ZX_SOCKET_READABLE, ZX_TIME_INFINITE, NULL), ZX_OK);
    cr_assert_eq(lx_accept(listener, &server, &peer), ZX_OK);
    cr_assert_eq(peer.pid, getpid());
    cr_assert_eq(peer.uid, geteuid());
    cr_assert_eq(peer.gid, getegid());
    char answer[8];
    uint32_t size;
    cr_assert_eq(zx_channel_write(client, 0, "ping", 4, NULL, 0), ZX_OK);
    cr_assert_eq(zx_object_wait_one(server, ZX_CHANNEL_READABLE, ZX_TIME_INFINITE, NULL), ZX_OK);
    cr_assert_eq(zx_channel_read(server, 0, answer, NULL, sizeof(answer), 0, &size, NULL), ZX_OK);
    cr_assert_eq(size, 4);
    // Handles cross too.
    zx_handle_t event, received;
    cr_assert_eq(zx_event_create(0, &event), ZX_OK);
    cr_assert_eq(zx_channel_write(server, 0, "e", 1, &event, 1), ZX_OK);
    cr_assert_eq(zx_object_wait_one(client, ZX_CHANNEL_READABLE, ZX_TIME_INFINITE, NULL), ZX_OK);
    cr_assert_eq(zx_channel_read(client, 0, answer, &received, sizeof(answer), 1, &size, NULL),
                 ZX_OK);
    cr_assert_eq(zx_object_signal(received, 0, ZX_EVENT_SIGNALED), ZX_OK);
    zx_handle_close(received);
    zx_handle_close(client);
    cr_assert_eq(zx_object_wait_one(server, ZX_CHANNEL_PEER_CLOSED, ZX_TIME_INFINITE, NULL), ZX_OK);
    zx_handle_close(server);
    zx_handle_close(listener);
    cr_assert_neq(access(path, F_OK), 0, "the file goes with the listener");
    cr_assert_eq(count_fds(), fds);
}

Test(socket, file_is_the_owners_alone) {
    zx_handle_t listener;
    struct stat st;
    umask(0);
    cr_assert_eq(lx_listen(path, &listener), ZX_OK);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    zx_handle_close(listener);
}

Test(socket, busy) {
    zx_handle_t listener, second = ZX_HANDLE_INVALID, client;
    cr_assert_eq(lx_listen(path, &listener), ZX_OK);
    cr_assert_eq(lx_listen(path, &second), ZX_ERR_ALREADY_BOUND);
    cr_assert_eq(second, ZX_HANDLE_INVALID);
    // The first one is none the worse for it.
    cr_assert_eq(lx_connect(path, &client), ZX_OK);
    zx_handle_close(client);
    zx_handle_close(listener);
}

// Leaves a socket file behind that nobody serves, as a killed devmgr does.
static void make_dead_file(void) {
    const int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strcpy(address.sun_path, path);
    cr_assert_eq(bind(fd, (struct sockaddr*)&address, sizeof(address)), 0);
    cr_assert_eq(listen(fd, 1), 0);
    close(fd);
}

Test(socket, dead_file_is_replaced) {
    zx_handle_t listener, client = ZX_HANDLE_INVALID;
    make_dead_file();
    cr_assert_eq(lx_connect(path, &client), ZX_ERR_IO_REFUSED);
    cr_assert_eq(client, ZX_HANDLE_INVALID);
    cr_assert_eq(lx_listen(path, &listener), ZX_OK);
    cr_assert_eq(lx_connect(path, &client), ZX_OK);
    zx_handle_close(client);
    zx_handle_close(listener);
}

Test(socket, other_files_are_left_alone) {
    zx_handle_t listener;
    int fd = open(path, O_CREAT | O_WRONLY, 0600);
    cr_assert_eq(write(fd, "precious", 8), 8);
    close(fd);
    struct stat st;
    cr_assert_eq(lx_listen(path, &listener), ZX_ERR_ALREADY_EXISTS);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_size, 8);
}

Test(socket, successor_keeps_its_file) {
    zx_handle_t first, second, client;
    cr_assert_eq(lx_listen(path, &first), ZX_OK);
    unlink(path);
    cr_assert_eq(lx_listen(path, &second), ZX_OK);
    zx_handle_close(first);
    cr_assert_eq(lx_connect(path, &client), ZX_OK, "the first one removed the second one's file");
    zx_handle_close(client);
    zx_handle_close(second);
}

Test(socket, bad_paths) {
    zx_handle_t handle = ZX_HANDLE_INVALID;
    char long_path[256];
    memset(long_path, 'x', sizeof(long_path));
    long_path[sizeof(long_path) - 1] = '\0';
    cr_assert_eq(lx_listen(long_path, &handle), ZX_ERR_BAD_PATH);
    cr_assert_eq(lx_connect(long_path, &handle), ZX_ERR_BAD_PATH);
    cr_assert_eq(lx_listen("", &handle), ZX_ERR_BAD_PATH);
    cr_assert_eq(lx_listen(NULL, &handle), ZX_ERR_BAD_PATH);
    cr_assert_eq(lx_listen("/nonexistent/socket", &handle), ZX_ERR_NOT_FOUND);
    cr_assert_eq(lx_connect(path, &handle), ZX_ERR_NOT_FOUND);
    cr_assert_eq(handle, ZX_HANDLE_INVALID);
}

// Many start at once over a dead file: one wins, and its listener is the one that answers.
Test(socket, one_of_many_starters_wins) {
    enum { STARTERS = 8 };
    make_dead_file();
    int ready[2], done[2];
    cr_assert_eq(pipe(ready), 0);
    cr_assert_eq(pipe(done), 0);
    for (int i = 0; i < STARTERS; i++) {
        if (fork() == 0) {
            zx_handle_t listener;
            zx_status_t status = lx_listen(path, &listener);
            char byte = status == ZX_OK ? 'w' : status == ZX_ERR_ALREADY_BOUND ? 'b' : '?';
            ssize_t written = write(ready[1], &byte, 1);
            close(done[1]);
            ssize_t ended = read(done[0], &byte, 1);  // until the test is over
            _exit(written == 1 && ended == 0 ? 0 : 1);
        }
    }
    int winners = 0;
    for (int i = 0; i < STARTERS; i++) {
        char byte;
        cr_assert_eq(read(ready[0], &byte, 1), 1);
        cr_expect(byte == 'w' || byte == 'b');
        winners += byte == 'w';
    }
    cr_expect_eq(winners, 1);
    zx_handle_t client;
    cr_expect_eq(lx_connect(path, &client), ZX_OK);
    close(done[1]);
    for (int i = 0; i < STARTERS; i++) {
        wait(NULL);
    }
}

// A listener that crosses a channel serves on.
Test(socket, listener_can_be_sent) {
    zx_handle_t listener, ends[2], received, client, server;
    uint32_t size = 0, count = 0;
    lx_peer_t peer;
    cr_assert_eq(lx_listen(path, &listener), ZX_OK);
    cr_assert_eq(zx_channel_create(0, &ends[0], &ends[1]), ZX_OK);
    cr_assert_eq(zx_channel_write(ends[0], 0, NULL, 0, &listener, 1), ZX_OK);
    cr_assert_eq(zx_channel_read(ends[1], 0, NULL, &received, 0, 1, &size, &count), ZX_OK);
    cr_assert_eq(lx_connect(path, &client), ZX_OK);
    cr_assert_eq(zx_object_wait_one(received, ZX_SOCKET_READABLE, ZX_TIME_INFINITE, NULL), ZX_OK);
    cr_assert_eq(lx_accept(received, &server, &peer), ZX_OK);
    const zx_handle_t all[] = {ends[0], ends[1], received, client, server};
    cr_assert_eq(zx_handle_close_many(all, 5), ZX_OK);
}
