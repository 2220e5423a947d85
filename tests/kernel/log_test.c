// SPDX-License-Identifier: MIT
// The debug log: what goes to fd 2, and reading the kernel's log where this process may.
#include <fcntl.h>

#include <lx/kmsg.h>
#include <lx/resource.h>

#include "object_test.h"

static int saved;
static int output;  // the reading end of what fd 2 is

static void begin(void) {
    test_begin();
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    cr_assert_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    ko_fd_close(&ends[1]);
    output = ends[0];
}

static void end(void) {
    cr_assert_eq(dup2(saved, STDERR_FILENO), STDERR_FILENO);
    ko_fd_close(&saved);
    ko_fd_close(&output);
    test_end();
}

OBJECT_SUITE(log, begin, end);

static void expect_output(const char* wanted) {
    char text[1024] = "";
    ssize_t size = read(output, text, sizeof(text) - 1);
    cr_assert_eq(size, (ssize_t)strlen(wanted), "%zd bytes: '%s'", size, text);
    cr_assert_str_eq(text, wanted);
}

OBJECT_TEST(log, lines_go_to_fd_2) {
    zx_handle_t log;
    char text[400];
    char wanted[226];
    memset(text, 'l', sizeof(text));
    memset(wanted, 'l', 224);
    strcpy(wanted + 224, "\n");
    expect_ok(zx_debuglog_create(ZX_HANDLE_INVALID, 0, &log));
    cr_assert_eq(test_basic(log).type, ZX_OBJ_TYPE_LOG);
    expect_ok(zx_debuglog_write(log, 0, "a line", 6));
    expect_output("a line\n");
    expect_ok(zx_debuglog_write(log, ZX_LOG_ERROR | ZX_LOG_LOCAL, "with its end\n", 13));
    expect_output("with its end\n");
    expect_ok(zx_debuglog_write(log, 0, NULL, 0));
    expect_output("\n");
    expect_ok(zx_debuglog_write(log, 0, text, 224));
    expect_output(wanted);
    expect_ok(zx_debuglog_write(log, 0, text, sizeof(text)));
    expect_output(wanted);
    expect_ok(zx_debug_write("as it is", 8));
    expect_output("as it is");
    expect_ok(zx_debug_write(NULL, 0));
    expect_status(zx_debug_write(NULL, 1), ZX_ERR_INVALID_ARGS);
    test_close(log);
}

OBJECT_TEST(log, arguments_and_rights) {
    zx_handle_t log, root, mmio;
    zx_handle_t event = test_event();
    char buffer[ZX_LOG_RECORD_MAX];
    expect_ok(lx_root_resource_create(&root));
    expect_ok(zx_resource_create(root, ZX_RSRC_KIND_MMIO, 0, 1, "m", 1, &mmio));
    expect_status(zx_debuglog_create(0, 0, NULL), ZX_ERR_INVALID_ARGS);
    expect_status(zx_debuglog_create(0, 1, &log), ZX_ERR_INVALID_ARGS);
    expect_status(zx_debuglog_create(0x1234, 0, &log), ZX_ERR_BAD_HANDLE);
    expect_status(zx_debuglog_create(event, 0, &log), ZX_ERR_WRONG_TYPE);
    expect_status(zx_debuglog_create(mmio, 0, &log), ZX_ERR_WRONG_TYPE);
    expect_status(zx_debuglog_create(0, ZX_LOG_FLAG_READABLE, &log), ZX_ERR_BAD_HANDLE);
    expect_status(zx_debuglog_create(mmio, ZX_LOG_FLAG_READABLE, &log), ZX_ERR_WRONG_TYPE);
    expect_ok(zx_debuglog_create(root, 0, &log));
    expect_status(zx_debuglog_write(log, 0x10000, "x", 1), ZX_ERR_INVALID_ARGS);
    expect_status(zx_debuglog_write(log, 0, NULL, 1), ZX_ERR_INVALID_ARGS);
    expect_status(zx_debuglog_write(event, 0, "x", 1), ZX_ERR_WRONG_TYPE);
    expect_status(zx_debuglog_write(0x1234, 0, "x", 1), ZX_ERR_BAD_HANDLE);
    expect_status(zx_debuglog_read(log, 0, buffer, sizeof(buffer)), ZX_ERR_ACCESS_DENIED);
    expect_status(zx_debuglog_read(event, 0, buffer, sizeof(buffer)), ZX_ERR_WRONG_TYPE);
    expect_status(zx_debuglog_read(0x1234, 0, buffer, sizeof(buffer)), ZX_ERR_BAD_HANDLE);
    expect_status(zx_debuglog_read(log, 1, buffer, sizeof(buffer)), ZX_ERR_INVALID_ARGS);
    expect_status(zx_debuglog_read(log, 0, NULL, sizeof(buffer)), ZX_ERR_INVALID_ARGS);
    expect_status(zx_debuglog_read(log, 0, buffer, sizeof(zx_log_record_t) - 1),
                  ZX_ERR_BUFFER_TOO_SMALL);
    expect_status(zx_object_wait_one(log, 1, 0, NULL), ZX_ERR_NOT_SUPPORTED);
    test_drop_rights(&log, ZX_RIGHT_WRITE);
    expect_status(zx_debuglog_write(log, 0, "x", 1), ZX_ERR_ACCESS_DENIED);
    const zx_handle_t all[] = {log, root, mmio, event};
    expect_ok(zx_handle_close_many(all, countof(all)));
}

OBJECT_TEST(log, it_stays_in_its_process) {
    zx_handle_t log, ends[2];
    expect_ok(zx_debuglog_create(ZX_HANDLE_INVALID, 0, &log));
    expect_ok(zx_channel_create(0, &ends[0], &ends[1]));
    expect_status(zx_channel_write(ends[0], 0, NULL, 0, &log, 1), ZX_ERR_ACCESS_DENIED);
    expect_ok(zx_handle_close_many(ends, 2));
}

// As far as this machine lets anybody read it: what a reader gives is what lx_kmsg_read does.
OBJECT_TEST(log, the_kernels_log) {
    zx_handle_t root, log, kmsg;
    union {
        zx_log_record_t header;
        char bytes[ZX_LOG_RECORD_MAX];
    } record;
    expect_ok(lx_root_resource_create(&root));
    zx_status_t can_read = lx_kmsg_open_etc(LX_KMSG_FROM_BOOT, &kmsg);
    expect_status(zx_debuglog_create(root, ZX_LOG_FLAG_READABLE, &log), can_read);
    if (can_read == ZX_OK) {
        char text[225];
        size_t size = 0;
        zx_status_t first = lx_kmsg_read(kmsg, text, sizeof(text), &size);
        zx_status_t got = zx_debuglog_read(log, 0, &record, sizeof(record));
        if (first == ZX_OK) {
            cr_assert_eq(got, (zx_status_t)(sizeof(record.header) + size));
            cr_assert_eq(record.header.datalen, size);
            cr_assert_eq(memcmp(record.header.data, text, size), 0);
        } else {
            cr_assert_eq(got, first);
        }
        expect_status(zx_debuglog_write(log, 0, "x", 1), ZX_ERR_ACCESS_DENIED);
        test_close(log);
        test_close(kmsg);
    }
    test_close(root);
}
