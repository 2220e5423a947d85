// SPDX-License-Identifier: MIT
// The command agent: runs what the machine outside asks for over a serial port. Protocol:
// README.md.
#include "agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMAND_SIZE (64 * 1024)

static bool write_all(int fd, const void* data, size_t size) {
    const char* at = data;
    while (size > 0) {
        ssize_t n = write(fd, at, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static bool read_all(int fd, void* data, size_t size) {
    char* at = data;
    while (size > 0) {
        ssize_t n = read(fd, at, size);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        size -= (size_t)n;
    }
    return true;
}

static bool read_line(int fd, char* line, size_t capacity) {
    size_t used = 0;
    while (used + 1 < capacity) {
        if (!read_all(fd, line + used, 1)) {
            return false;
        }
        if (line[used] == '\n') {
            line[used] = '\0';
            return true;
        }
        used++;
    }
    return false;
}

static bool send_record(int port, const char* kind, const void* data, size_t size) {
    char head[32];
    int n = snprintf(head, sizeof(head), "%s %zu\n", kind, size);
    return write_all(port, head, (size_t)n) && write_all(port, data, size);
}

static int open_port(const char* path) {
    int port = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (port < 0) {
        return -1;
    }
    struct termios t;
    if (tcgetattr(port, &t) == 0) {
        cfmakeraw(&t);
        cfsetspeed(&t, B115200);
        tcsetattr(port, TCSANOW, &t);
    }
    return port;
}

static pid_t start_command(const char* command, int out_fd, int err_fd) {
    pid_t pid = fork();
    if (pid != 0) {
        return pid;
    }
    setpgid(0, 0);
    int null_fd = open("/dev/null", O_RDONLY);
    dup2(null_fd, 0);
    dup2(out_fd, 1);
    dup2(err_fd, 2);
    execl("/bin/sh", "sh", "-c", command, (char*)NULL);
    _exit(127);
}

// Copies what the command prints until both pipes close.
static bool relay_output(int port, int out_fd, int err_fd) {
    struct pollfd fds[2] = {{.fd = out_fd, .events = POLLIN}, {.fd = err_fd, .events = POLLIN}};
    static const char* const kinds[2] = {"OUT", "ERR"};
    char buffer[4096];
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        if (poll(fds, 2, -1) < 0 && errno != EINTR) {
            return false;
        }
        for (int i = 0; i < 2; i++) {
            if (fds[i].fd < 0 || fds[i].revents == 0) {
                continue;
            }
            ssize_t n = read(fds[i].fd, buffer, sizeof(buffer));
            if (n > 0 && !send_record(port, kinds[i], buffer, (size_t)n)) {
                return false;
            }
            if (n <= 0) {
                fds[i].fd = -1;
            }
        }
    }
    return true;
}

static bool run_command(int port, const char* command) {
    int out[2];
    int err[2];
    if (pipe2(out, O_CLOEXEC) != 0) {
        return false;
    }
    if (pipe2(err, O_CLOEXEC) != 0) {
        close(out[0]);
        close(out[1]);
        return false;
    }
    pid_t pid = start_command(command, out[1], err[1]);
    close(out[1]);
    close(err[1]);
    bool is_alive = relay_output(port, out[0], err[0]);
    close(out[0]);
    close(err[0]);
    int status = 0;
    int code = 127;
    if (pid > 0 && waitpid(pid, &status, 0) == pid) {
        code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }
    char line[32];
    int n = snprintf(line, sizeof(line), "EXIT %d\n", code);
    return is_alive && write_all(port, line, (size_t)n);
}

static bool serve_run(int port, const char* line) {
    char* end;
    unsigned long size = strtoul(line + 4, &end, 10);
    if (*end != '\0' || size > MAX_COMMAND_SIZE) {
        return false;
    }
    char* command = malloc(size + 1);
    bool is_alive = command != NULL && read_all(port, command, size);
    if (is_alive) {
        command[size] = '\0';
        is_alive = run_command(port, command);
    }
    free(command);
    return is_alive;
}

int agent_serve(const char* path) {
    int port = open_port(path);
    if (port < 0) {
        return 1;
    }
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    char line[64];
    int n = snprintf(line, sizeof(line), "HELLO %lld\n",
                     (long long)now.tv_sec * 1000000000LL + now.tv_nsec);
    bool is_alive = write_all(port, line, (size_t)n);
    while (is_alive && read_line(port, line, sizeof(line))) {
        if (strncmp(line, "RUN ", 4) == 0) {
            is_alive = serve_run(port, line);
        } else if (strcmp(line, "POWEROFF") == 0) {
            close(port);
            return 0;
        }
    }
    close(port);
    return 1;
}
