// SPDX-License-Identifier: MIT
// What the whole-system tests share.
#include "system.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../fakes/race_report.h"

#define COMMAND_SIZE 8192

static char work_dir[64];

const char* sys_build(void) {
    const char* build = getenv("JACINTH_BUILD");
    cr_assert_not_null(build, "JACINTH_BUILD is not set: run this through ctest or ./x test");
    return build;
}

const char* sys_source(void) {
    const char* source = getenv("JACINTH_SOURCE");
    cr_assert_not_null(source, "JACINTH_SOURCE is not set: run this through ctest or ./x test");
    return source;
}

const char* sys_work(void) {
    if (work_dir[0] == '\0') {
        snprintf(work_dir, sizeof(work_dir), "/tmp/jacinth-test-XXXXXX");
        cr_assert_not_null(mkdtemp(work_dir));
    }
    return work_dir;
}

void sys_work_remove(void) {
    if (work_dir[0] != '\0') {
        char command[128];
        snprintf(command, sizeof(command), "rm -rf '%s'", work_dir);
        cr_expect_eq(system(command), 0);
        work_dir[0] = '\0';
    }
}

static char* read_file(const char* path, size_t* out_size) {
    FILE* file = fopen(path, "rbe");
    cr_assert_not_null(file, "no %s", path);
    fseek(file, 0, SEEK_END);
    long size = ftell(file);
    rewind(file);
    char* data = malloc((size_t)size + 1);
    cr_assert_not_null(data);
    cr_assert_eq(fread(data, 1, (size_t)size, file), (size_t)size);
    data[size] = '\0';
    fclose(file);
    if (out_size != NULL) {
        *out_size = (size_t)size;
    }
    return data;
}

static void set_environment(void) {
    const char* path = getenv("PATH");
    if (path == NULL || strncmp(path, sys_build(), strlen(sys_build())) != 0) {
        char longer[4096];
        snprintf(longer, sizeof(longer), "%s/bin:%s", sys_build(), path != NULL ? path : "/bin");
        setenv("PATH", longer, 1);
    }
}

static sys_result_t run_command(const char* command) {
    static unsigned serial;
    char out_path[128];
    char err_path[128];
    snprintf(out_path, sizeof(out_path), "%s/out.%u", sys_work(), serial);
    snprintf(err_path, sizeof(err_path), "%s/err.%u", sys_work(), serial++);
    set_environment();
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        int null_fd = open("/dev/null", O_RDONLY);
        int out = open(out_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        int err = open(err_path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
        dup2(null_fd, 0);
        dup2(out, 1);
        dup2(err, 2);
        execl("/bin/sh", "sh", "-c", command, (char*)NULL);
        _exit(127);
    }
    int status;
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    sys_result_t result = {.code =
                               WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status)};
    result.out = read_file(out_path, &result.out_size);
    result.err = read_file(err_path, NULL);
    race_report_show(command, result.err);
    unlink(out_path);
    unlink(err_path);
    return result;
}

void sys_result_fini(sys_result_t* result) {
    free(result->out);
    free(result->err);
    result->out = NULL;
    result->err = NULL;
}

sys_result_t sys_run(const char* format, ...) {
    char command[COMMAND_SIZE];
    va_list arguments;
    va_start(arguments, format);
    cr_assert_lt(vsnprintf(command, sizeof(command), format, arguments), (int)sizeof(command));
    va_end(arguments);
    return run_command(command);
}

sys_result_t sys_expect(int code, const char* format, ...) {
    char command[COMMAND_SIZE];
    va_list arguments;
    va_start(arguments, format);
    cr_assert_lt(vsnprintf(command, sizeof(command), format, arguments), (int)sizeof(command));
    va_end(arguments);
    sys_result_t result = run_command(command);
    cr_assert_eq(result.code, code, "`%s` ended with %d, not %d\nstdout:\n%s\nstderr:\n%s", command,
                 result.code, code, result.out, result.err);
    return result;
}

const char* sys_write_file(const char* name, const char* text) {
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", sys_work(), name);
    FILE* file = fopen(path, "wbe");
    cr_assert_not_null(file);
    cr_assert_geq(fputs(text, file), 0);
    cr_assert_eq(fclose(file), 0);
    return path;
}

pid_t sys_devmgr_start(const char* board) {
    char socket[128];
    char log[128];
    char drivers[4096];
    char host[4096];
    snprintf(socket, sizeof(socket), "%s/control", sys_work());
    snprintf(log, sizeof(log), "%s/devmgr.log", sys_work());
    snprintf(drivers, sizeof(drivers), "%s/lib/drivers", sys_build());
    snprintf(host, sizeof(host), "%s/bin/driver_host", sys_build());
    setenv("JACINTH_SOCKET", socket, 1);
    set_environment();
    int listening[2];
    cr_assert_eq(pipe(listening), 0);
    pid_t pid = fork();
    cr_assert_geq(pid, 0);
    if (pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(fd, 1);
        dup2(fd, 2);
        dup2(listening[1], 3);
        execlp("devmgr", "devmgr", "--board", board, "--driver-dir", drivers, "--driver-host", host,
               "--socket", socket, "--listening-fd", "3", (char*)NULL);
        _exit(127);
    }
    close(listening[1]);
    char byte;
    bool is_listening = read(listening[0], &byte, 1) == 1;
    close(listening[0]);
    sys_result_t up = sys_run("jacinth ready --timeout 60");
    if (!is_listening || up.code != 0) {
        char* text = read_file(log, NULL);
        cr_assert_fail("devmgr did not come up: %s\nits log:\n%s", up.err, text);
    }
    sys_result_fini(&up);
    return pid;
}

void sys_devmgr_stop(pid_t devmgr) {
    sys_result_t result = sys_run("jacinth shutdown");
    cr_expect_eq(result.code, 0, "shutdown: %s", result.err);
    sys_result_fini(&result);
    int status = 0;
    cr_assert_eq(waitpid(devmgr, &status, 0), devmgr);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "devmgr ended with status %#x",
              status);
    char log[128];
    snprintf(log, sizeof(log), "%s/devmgr.log", sys_work());
    char* text = read_file(log, NULL);
    race_report_show("devmgr", text);
    free(text);
}

json_t* sys_jacinth_json(const char* words) {
    sys_result_t result = sys_expect(0, "jacinth %s --json", words);
    json_error_t error;
    json_t* value = json_loads(result.out, 0, &error);
    cr_assert_not_null(value, "`jacinth %s --json` is not JSON: line %d: %s\n%s", words, error.line,
                       error.text, result.out);
    sys_result_fini(&result);
    return value;
}

json_t* sys_find_device(json_t* devices, const char* path) {
    size_t index;
    json_t* device;
    json_array_foreach(devices, index, device) {
        const char* at = json_string_value(json_object_get(device, "path"));
        if (at != NULL && strcmp(at, path) == 0) {
            return device;
        }
    }
    return NULL;
}

pid_t sys_host_pid(const char* path) {
    json_t* devices = sys_jacinth_json("devices");
    json_t* device = sys_find_device(devices, path);
    cr_assert_not_null(device, "no device %s", path);
    pid_t pid = (pid_t)json_integer_value(json_object_get(device, "host_pid"));
    cr_assert_gt(pid, 0, "%s has no host", path);
    json_decref(devices);
    return pid;
}

int sys_fd_count(pid_t pid) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/fd", (int)pid);
    DIR* folder = opendir(path);
    cr_assert_not_null(folder, "no process %d", (int)pid);
    int count = 0;
    for (struct dirent* entry; (entry = readdir(folder)) != NULL;) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

int sys_child_count(pid_t pid) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
    FILE* file = fopen(path, "re");
    cr_assert_not_null(file, "no %s", path);
    int count = 0;
    for (int child; fscanf(file, "%d", &child) == 1;) {
        count++;
    }
    fclose(file);
    return count;
}
