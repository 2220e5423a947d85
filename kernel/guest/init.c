// SPDX-License-Identifier: MIT
// Process 1 of the guest: mounts, kernel modules, then devmgr, the command agent and the prompt.
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent.h"

#define AGENT_PORT   "/dev/ttyS1"
#define CONSOLE_PORT "/dev/console"
#define DEVMGR_LOG   "/run/jacinth/devmgr.log"

static const char* const environment[] = {
    "PATH=/bin", "HOME=/", "TERM=linux", "LANG=C.UTF-8", "JACINTH_SOCKET=/run/jacinth/control",
    NULL,
};

typedef struct mount_point {
    const char* type;
    const char* path;
    unsigned long flags;
} mount_point_t;

static const mount_point_t mount_points[] = {
    {"devtmpfs", "/dev", MS_NOSUID},
    {"proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC},
    {"sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC},
    {"tmpfs", "/run", MS_NOSUID | MS_NODEV},
    {"tmpfs", "/tmp", MS_NOSUID | MS_NODEV},
};

static void mount_file_systems(void) {
    for (size_t i = 0; i < sizeof(mount_points) / sizeof(mount_points[0]); i++) {
        const mount_point_t* m = &mount_points[i];
        mkdir(m->path, 0755);
        if (mount(m->type, m->path, m->type, m->flags, NULL) != 0 && errno != EBUSY) {
            fprintf(stderr, "init: cannot mount %s: %s\n", m->path, strerror(errno));
        }
    }
    mkdir("/run/jacinth", 0700);
}

static void open_console(void) {
    int console = open(CONSOLE_PORT, O_RDWR);
    if (console >= 0) {
        dup2(console, 0);
        dup2(console, 1);
        dup2(console, 2);
        if (console > 2) {
            close(console);
        }
    }
}

static void load_module(const char* name) {
    char path[128];
    snprintf(path, sizeof(path), "/lib/modules/%s.ko", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || (syscall(SYS_finit_module, fd, "", 0) != 0 && errno != EEXIST)) {
        fprintf(stderr, "init: cannot load module %s: %s\n", name, strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
}

static void load_modules(void) {
    FILE* list = fopen("/etc/modules.list", "re");
    if (list == NULL) {
        fprintf(stderr, "init: no /etc/modules.list: %s\n", strerror(errno));
        return;
    }
    char name[64];
    while (fscanf(list, "%63s", name) == 1) {
        load_module(name);
    }
    fclose(list);
}

static bool cmdline_has(const char* word) {
    char line[4096] = "";
    FILE* file = fopen("/proc/cmdline", "re");
    if (file != NULL) {
        if (fgets(line, sizeof(line), file) == NULL) {
            line[0] = '\0';
        }
        fclose(file);
    }
    for (char* at = strtok(line, " \n"); at != NULL; at = strtok(NULL, " \n")) {
        if (strcmp(at, word) == 0) {
            return true;
        }
    }
    return false;
}

// Returns once devmgr listens, or has failed to.
static pid_t start_devmgr(void) {
    static const char* const argv[] = {
        "devmgr",
        "--board",
        "/etc/board.yaml",
        "--driver-dir",
        "/lib/drivers",
        "--driver-host",
        "/bin/driver_host",
        "--socket",
        "/run/jacinth/control",
        "--listening-fd",
        "3",
        NULL,
    };
    int listening[2];
    if (pipe2(listening, O_CLOEXEC) != 0) {
        return -1;
    }
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        int log = open(DEVMGR_LOG, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(log, 1);
        dup2(log, 2);
        dup2(listening[1], 10);
        dup2(10, 3);  // dup2 leaves no close-on-exec behind, whatever number the pipe had
        close(10);
        execve("/bin/devmgr", (char* const*)argv, (char* const*)environment);
        fprintf(stderr, "init: cannot start devmgr: %s\n", strerror(errno));
        _exit(127);
    }
    close(listening[1]);
    char byte;
    if (read(listening[0], &byte, 1) != 1) {
        fprintf(stderr, "init: devmgr did not come to listen\n");
    }
    close(listening[0]);
    return pid;
}

static pid_t start_agent(void) {
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        for (int i = 0; environment[i] != NULL; i++) {
            putenv((char*)environment[i]);
        }
        _exit(agent_serve(AGENT_PORT));
    }
    return pid;
}

static pid_t start_prompt(void) {
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        open_console();
        execle("/bin/jacinth", "jacinth", (char*)NULL, (char* const*)environment);
        _exit(127);
    }
    return pid;
}

static void power_off(void) {
    sync();
    reboot(RB_POWER_OFF);
    for (;;) {
        pause();
    }
}

int main(void) {
    mount_file_systems();
    open_console();
    bool is_empty = cmdline_has("jacinth.init=empty");
    bool has_prompt = !is_empty && !cmdline_has("jacinth.console=off");
    pid_t devmgr = -1;
    if (!is_empty) {
        load_modules();
        devmgr = start_devmgr();
    }
    pid_t agent = start_agent();
    pid_t prompt = has_prompt ? start_prompt() : -1;
    for (;;) {
        int status;
        pid_t pid = wait(&status);
        if (pid == devmgr && devmgr > 0) {
            fprintf(stderr, "init: devmgr ended with status %#x; its log follows\n", status);
            if (system("/bin/cat " DEVMGR_LOG " >&2") != 0) {
                fprintf(stderr, "init: no log\n");
            }
            devmgr = -1;
        } else if (pid == agent) {
            power_off();
        } else if (pid == prompt && prompt > 0) {
            if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {  // the user typed exit
                power_off();
            }
            prompt = start_prompt();
        }
    }
}
