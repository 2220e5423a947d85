// SPDX-License-Identifier: MIT
// Running devmgr from a test, and talking to it.
#include "devmgr_process.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <lx/file.h>
#include <lx/socket.h>
#include <zircon/errors.h>
#include <zircon/status.h>
#include <zircon/syscalls.h>

#include "../fakes/race_report.h"

#define MAX_ARGS 40

static void write_file(const char* path, const char* text) {
    FILE* file = fopen(path, "w");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

static void choose_host(devmgr_process_t* devmgr, const char* mode) {
    const char* build = getenv("JACINTH_BUILD");
    if (mode == NULL) {
        snprintf(devmgr->host, sizeof(devmgr->host), "%s/bin/driver_host", build);
        return;
    }
    char command[1200];
    snprintf(devmgr->host, sizeof(devmgr->host), "%s/host-%s", devmgr->dir, mode);
    snprintf(command, sizeof(command), "cp %s/tests/devmgr_fake_host %s", build, devmgr->host);
    cr_assert_eq(system(command), 0);
}

void devmgr_start(devmgr_process_t* devmgr, const char* board, const char* mode,
                  const char* const* options) {
    const char* build = getenv("JACINTH_BUILD");
    char program[512];
    char drivers[512];
    char log[128];
    memset(devmgr, 0, sizeof(*devmgr));
    snprintf(devmgr->dir, sizeof(devmgr->dir), "/tmp/jacinth-devmgr-XXXXXX");
    cr_assert_not_null(mkdtemp(devmgr->dir));
    snprintf(devmgr->socket, sizeof(devmgr->socket), "%s/control", devmgr->dir);
    snprintf(devmgr->board, sizeof(devmgr->board), "%s/board.yaml", devmgr->dir);
    snprintf(log, sizeof(log), "%s/log", devmgr->dir);
    snprintf(program, sizeof(program), "%s/bin/devmgr", build);
    snprintf(drivers, sizeof(drivers), "%s/lib/drivers", build);
    write_file(devmgr->board, board);
    choose_host(devmgr, mode);
    const char* args[MAX_ARGS] = {program,        "--board",       devmgr->board, "--driver-dir",
                                  drivers,        "--driver-host", devmgr->host,  "--socket",
                                  devmgr->socket, "--no-sandbox",  "--log-level", "debug"};
    for (size_t i = 12; options != NULL && *options != NULL && i < MAX_ARGS - 1; i++) {
        args[i] = *options++;
    }
    devmgr->output = open(log, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    cr_assert_geq(devmgr->output, 0);
    devmgr->pid = fork();
    if (devmgr->pid == 0) {
        dup2(devmgr->output, 1);
        dup2(devmgr->output, 2);
        execv(program, (char**)args);
        _exit(127);
    }
    cr_assert_gt(devmgr->pid, 0);
}

// What devmgr and its hosts wrote; freed by the caller.
static char* read_output(const devmgr_process_t* devmgr) {
    off_t size = lseek(devmgr->output, 0, SEEK_END);
    char* text = calloc(1, (size_t)size + 1);
    cr_assert_not_null(text);
    cr_assert_eq(pread(devmgr->output, text, (size_t)size, 0), size);
    return text;
}

bool devmgr_is_alive(const devmgr_process_t* devmgr) {
    return waitpid(devmgr->pid, NULL, WNOHANG) == 0;
}

void devmgr_stop(devmgr_process_t* devmgr) {
    int state = 0;
    kill(devmgr->pid, SIGTERM);
    cr_expect_eq(waitpid(devmgr->pid, &state, 0), devmgr->pid);
    bool is_clean = WIFEXITED(state) && WEXITSTATUS(state) == 0;
    char* output = read_output(devmgr);
    if (!is_clean) {
        fprintf(stderr, "devmgr said:\n%s\n", output);
    }
    race_report_show("devmgr", output);
    free(output);
    cr_expect(is_clean, "devmgr ended with %#x", state);
    cr_expect_neq(access(devmgr->socket, F_OK), 0, "the socket file is left behind");
    close(devmgr->output);
    char command[128];
    snprintf(command, sizeof(command), "rm -rf %s", devmgr->dir);
    cr_expect_eq(system(command), 0);
}

size_t devmgr_fd_count(const devmgr_process_t* devmgr) {
    char path[64];
    size_t count = 0;
    snprintf(path, sizeof(path), "/proc/%d/fd", devmgr->pid);
    DIR* dir = opendir(path);
    cr_assert_not_null(dir);
    while (readdir(dir) != NULL) {
        count++;
    }
    closedir(dir);
    return count - 2;
}

size_t devmgr_child_count(const devmgr_process_t* devmgr) {
    char path[64];
    char text[4096];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", devmgr->pid, devmgr->pid);
    FILE* file = fopen(path, "r");
    cr_assert_not_null(file);
    size_t size = fread(text, 1, sizeof(text) - 1, file);
    fclose(file);
    text[size] = '\0';
    size_t count = 0;
    for (char* pid = strtok(text, " "); pid != NULL; pid = strtok(NULL, " ")) {
        count++;
    }
    return count;
}

// ------------------------------------------------------------------------------------- control

zx_handle_t devmgr_connect(const devmgr_process_t* devmgr) {
    zx_handle_t control = ZX_HANDLE_INVALID;
    zx_status_t status = ZX_ERR_NOT_FOUND;
    for (unsigned i = 0; i < 3000 && status != ZX_OK; i++) {
        status = lx_connect(devmgr->socket, &control);
        if (status != ZX_OK) {
            cr_assert(devmgr_is_alive(devmgr), "devmgr did not start");
            zx_nanosleep(zx_deadline_after(10000000));
        }
    }
    cr_assert_eq(status, ZX_OK, "no control socket: %s", zx_status_get_string(status));
    return control;
}

bool devmgr_wait_log(zx_handle_t control, const char* text, unsigned seconds) {
    zx_time_t deadline = zx_deadline_after((zx_duration_t)seconds * 1000000000);
    uint64_t after = 0;
    while (zx_clock_get_monotonic() < deadline) {
        control_log_request_t request = {.after = after};
        control_log_response_t response;
        pg_arena_t arena = {0};
        zx_status_t status = control_control_read_log(control, &request, &arena, &response);
        cr_assert_eq(status, ZX_OK, "%s", zx_status_get_string(status));
        bool is_found = false;
        for (size_t i = 0; i < response.records_count; i++) {
            is_found = is_found || strstr(response.records[i].text, text) != NULL;
            after = response.records[i].sequence;
        }
        size_t count = response.records_count;
        pg_arena_fini(&arena);
        if (is_found) {
            return true;
        }
        if (count == 0) {
            zx_nanosleep(zx_deadline_after(5000000));
        }
    }
    return false;
}

static void copy(char* out, size_t size, const char* text) {
    snprintf(out, size, "%s", text != NULL ? text : "");
}

bool devmgr_show(zx_handle_t control, const char* path, device_seen_t* out) {
    control_path_request_t request = {.path = path};
    control_show_response_t response;
    pg_arena_t arena = {0};
    memset(out, 0, sizeof(*out));
    cr_assert_eq(control_control_show(control, &request, &arena, &response), ZX_OK);
    bool is_found = response.status == ZX_OK;
    if (is_found) {
        copy(out->driver, sizeof(out->driver), response.device->driver);
        copy(out->state, sizeof(out->state), response.device->state);
        copy(out->fault, sizeof(out->fault), response.device->fault);
        copy(out->crash, sizeof(out->crash), response.crash);
        out->pid = response.device->host_pid;
        out->children = response.device->children;
        out->restarts = response.restarts;
    }
    pg_arena_fini(&arena);
    return is_found;
}

zx_status_t devmgr_wait_ready(zx_handle_t control, unsigned timeout_ms, char* missing,
                              size_t size) {
    control_ready_request_t request = {.timeout_ms = timeout_ms};
    control_ready_response_t response;
    pg_arena_t arena = {0};
    missing[0] = '\0';
    zx_status_t status = control_control_wait_ready(control, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
        copy(missing, size, response.missing_count != 0 ? response.missing[0] : "");
    }
    pg_arena_fini(&arena);
    return status;
}

zx_status_t devmgr_load(zx_handle_t control, bool is_reload, const char* name, const char* file,
                        char* detail, size_t size) {
    char path[512];
    control_load_request_t request = {.file_name = name};
    control_load_response_t response;
    pg_arena_t arena = {0};
    snprintf(path, sizeof(path), "%s/lib/%s", getenv("JACINTH_BUILD"), file);
    cr_assert_eq(lx_vmo_from_file(path, &request.image), ZX_OK, "%s", path);
    zx_status_t status = is_reload ? control_control_reload(control, &request, &arena, &response)
                                   : control_control_load(control, &request, &arena, &response);
    detail[0] = '\0';
    if (status == ZX_OK) {
        status = response.status;
        copy(detail, size, response.detail);
    }
    pg_arena_fini(&arena);
    return status;
}

zx_status_t devmgr_unload(zx_handle_t control, const char* name) {
    control_name_request_t request = {.name = name};
    control_status_response_t response;
    pg_arena_t arena = {0};
    zx_status_t status = control_control_unload(control, &request, &arena, &response);
    if (status == ZX_OK) {
        status = response.status;
    }
    pg_arena_fini(&arena);
    return status;
}
