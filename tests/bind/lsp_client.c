// SPDX-License-Identifier: MIT
// A client of `bindc lsp` for tests.
#include "lsp_client.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void lsp_client_init(lsp_client_t* client) {
    *client = (lsp_client_t){
        .input = -1, .published = json_object(), .counts = json_object(), .others = json_array()};
    strcpy(client->folder, "/tmp/bindc_lsp.XXXXXX");
    cr_assert_not_null(mkdtemp(client->folder));
    snprintf(client->root, sizeof(client->root), "file://%s", client->folder);
}

static const char* path_of(const lsp_client_t* client, const char* name) {
    static char path[256];
    snprintf(path, sizeof(path), "%s/%s", client->folder, name);
    return path;
}

void lsp_client_write_file(const lsp_client_t* client, const char* name, const char* text) {
    FILE* file = fopen(path_of(client, name), "w");
    cr_assert_not_null(file, "%s", name);
    fputs(text, file);
    fclose(file);
}

static void become_server(const lsp_client_t* client, const char* const* options, const int to[2],
                          const int from[2]) {
    char program[512];
    const char* argv[16] = {program, "lsp"};
    snprintf(program, sizeof(program), "%s/bin/bindc", getenv("JACINTH_BUILD"));
    for (size_t i = 0; options != NULL && options[i] != NULL; i++) {
        argv[2 + i] = options[i];
    }
    const int error = open(path_of(client, ".err"), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (error < 0 || dup2(to[0], 0) < 0 || dup2(from[1], 1) < 0 || dup2(error, 2) < 0) {
        _exit(126);
    }
    execv(program, (char* const*)argv);
    _exit(127);
}

void lsp_client_start(lsp_client_t* client, const char* const* options) {
    int to[2];
    int from[2];
    cr_assert_eq(pipe2(to, O_CLOEXEC), 0);
    cr_assert_eq(pipe2(from, O_CLOEXEC), 0);
    client->pid = fork();
    cr_assert_geq(client->pid, 0);
    if (client->pid == 0) {
        become_server(client, options, to, from);
    }
    close(to[0]);
    close(from[1]);
    client->input = to[1];
    client->output = fdopen(from[0], "r");
}

void lsp_client_send_raw(lsp_client_t* client, const char* bytes, size_t size) {
    for (size_t done = 0; done < size;) {
        const ssize_t written = write(client->input, bytes + done, size - done);
        cr_assert_gt(written, 0, "the server takes no more");
        done += (size_t)written;
    }
}

void lsp_client_send(lsp_client_t* client, json_t* message) {
    char header[64];
    char* body = json_dumps(message, JSON_COMPACT);
    cr_assert_not_null(body);
    snprintf(header, sizeof(header), "Content-Length: %zu\r\n\r\n", strlen(body));
    lsp_client_send_raw(client, header, strlen(header));
    lsp_client_send_raw(client, body, strlen(body));
    free(body);
    json_decref(message);
}

json_t* lsp_client_receive(lsp_client_t* client) {
    char line[128];
    size_t size = 0;
    do {
        if (fgets(line, sizeof(line), client->output) == NULL) {
            return NULL;
        }
        sscanf(line, "Content-Length: %zu", &size);
    } while (strcmp(line, "\r\n") != 0);
    char* body = malloc(size + 1);
    cr_assert_eq(fread(body, 1, size, client->output), size);
    json_t* message = json_loadb(body, size, JSON_ALLOW_NUL, NULL);
    cr_assert_not_null(message, "%.*s", (int)size, body);
    free(body);
    return message;
}

void lsp_client_notify(lsp_client_t* client, const char* method, json_t* params) {
    lsp_client_send(
        client, json_pack("{s:s,s:s,s:o}", "jsonrpc", "2.0", "method", method, "params", params));
}

static void keep(lsp_client_t* client, json_t* message) {
    json_t* params = json_object_get(message, "params");
    const char* method = json_string_value(json_object_get(message, "method"));
    if (strcmp(method, "textDocument/publishDiagnostics") == 0) {
        const char* uri = json_string_value(json_object_get(params, "uri"));
        const json_int_t count = json_integer_value(json_object_get(client->counts, uri));
        json_object_set_new(client->counts, uri, json_integer(count + 1));
        json_object_set(client->published, uri, params);
    } else {
        json_array_append(client->others, message);
    }
    json_decref(message);
}

json_t* lsp_client_call(lsp_client_t* client, const char* method, json_t* params) {
    const json_int_t id = ++client->request_count;
    lsp_client_send(client, json_pack("{s:s,s:I,s:s,s:o}", "jsonrpc", "2.0", "id", id, "method",
                                      method, "params", params));
    while (true) {
        json_t* message = lsp_client_receive(client);
        cr_assert_not_null(message, "%s: the server is gone", method);
        if (json_object_get(message, "method") == NULL) {
            cr_assert_eq(json_integer_value(json_object_get(message, "id")), id);
            return message;
        }
        keep(client, message);
    }
}

json_t* lsp_client_ask(lsp_client_t* client, const char* method, json_t* params) {
    json_t* answer = lsp_client_call(client, method, params);
    json_t* result = json_incref(json_object_get(answer, "result"));
    cr_assert_not_null(result, "%s: %s", method, json_dumps(answer, JSON_COMPACT));
    json_decref(answer);
    return result;
}

json_t* lsp_client_initialize(lsp_client_t* client, json_t* capabilities) {
    json_t* result = lsp_client_ask(
        client, "initialize",
        json_pack("{s:n,s:s,s:o}", "processId", "rootUri", client->root, "capabilities",
                  capabilities == NULL ? json_object() : capabilities));
    lsp_client_notify(client, "initialized", json_object());
    return result;
}

void lsp_client_run(lsp_client_t* client) {
    lsp_client_start(client, NULL);
    json_decref(lsp_client_initialize(
        client, json_pack("{s:{s:{s:b},s:{s:b}}}", "textDocument", "documentSymbol",
                          "hierarchicalDocumentSymbolSupport", 1, "publishDiagnostics",
                          "relatedInformation", 1)));
}

int lsp_client_wait(lsp_client_t* client, char** out_error) {
    int status;
    if (client->input >= 0) {
        close(client->input);
        client->input = -1;
    }
    cr_assert_eq(waitpid(client->pid, &status, 0), client->pid);
    cr_assert(WIFEXITED(status), "the server was killed by signal %d", WTERMSIG(status));
    if (out_error != NULL) {
        char text[4096] = {0};
        FILE* file = fopen(path_of(client, ".err"), "r");
        cr_assert_not_null(file);
        text[fread(text, 1, sizeof(text) - 1, file)] = 0;
        fclose(file);
        *out_error = strdup(text);
    }
    return WEXITSTATUS(status);
}

void lsp_client_fini(lsp_client_t* client) {
    char command[128];
    if (client->output != NULL) {
        fclose(client->output);
    }
    json_decref(client->published);
    json_decref(client->counts);
    json_decref(client->others);
    snprintf(command, sizeof(command), "rm -rf '%s'", client->folder);
    cr_assert_eq(system(command), 0);
}

void lsp_client_stop(lsp_client_t* client) {
    char* error;
    json_decref(lsp_client_ask(client, "shutdown", json_null()));
    lsp_client_notify(client, "exit", json_null());
    const int status = lsp_client_wait(client, &error);
    cr_assert_eq(status, 0, "exit status %d: %s", status, error);
    cr_assert_str_eq(error, "");
    free(error);
    lsp_client_fini(client);
}

const char* lsp_client_uri(const lsp_client_t* client, const char* name) {
    static char uri[256];
    snprintf(uri, sizeof(uri), "%s/%s", client->root, name);
    return uri;
}

void lsp_client_open(lsp_client_t* client, const char* name, const char* text) {
    lsp_client_notify(
        client, "textDocument/didOpen",
        json_pack("{s:{s:s,s:s,s:i,s:s}}", "textDocument", "uri", lsp_client_uri(client, name),
                  "languageId", "bind", "version", 1, "text", text));
}

static void change(lsp_client_t* client, const char* name, json_t* event) {
    lsp_client_notify(
        client, "textDocument/didChange",
        json_pack("{s:{s:s,s:i},s:[o]}", "textDocument", "uri", lsp_client_uri(client, name),
                  "version", 2, "contentChanges", event));
}

void lsp_client_change(lsp_client_t* client, const char* name, unsigned line, unsigned from,
                       unsigned end_line, unsigned to, const char* text) {
    change(client, name,
           json_pack("{s:{s:{s:i,s:i},s:{s:i,s:i}},s:s}", "range", "start", "line", line,
                     "character", from, "end", "line", end_line, "character", to, "text", text));
}

void lsp_client_replace(lsp_client_t* client, const char* name, const char* text) {
    change(client, name, json_pack("{s:s}", "text", text));
}

void lsp_client_close(lsp_client_t* client, const char* name) {
    lsp_client_notify(client, "textDocument/didClose",
                      json_pack("{s:{s:s}}", "textDocument", "uri", lsp_client_uri(client, name)));
}

json_t* lsp_client_at(lsp_client_t* client, const char* method, const char* name, unsigned line,
                      unsigned character) {
    return lsp_client_ask(client, method,
                          json_pack("{s:{s:s},s:{s:i,s:i},s:{s:b}}", "textDocument", "uri",
                                    lsp_client_uri(client, name), "position", "line", line,
                                    "character", character, "context", "includeDeclaration", 1));
}

json_t* lsp_client_about(lsp_client_t* client, const char* method, const char* name) {
    return lsp_client_ask(
        client, method,
        json_pack("{s:{s:s},s:{s:i,s:b}}", "textDocument", "uri", lsp_client_uri(client, name),
                  "options", "tabSize", 4, "insertSpaces", 1));
}

// An answer may come before the diagnostics of what was sent before; the next one does not.
void lsp_client_settle(lsp_client_t* client) {
    for (int i = 0; i < 2; i++) {
        json_decref(lsp_client_call(client, "test/settle", json_null()));
    }
}
