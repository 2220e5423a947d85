// SPDX-License-Identifier: MIT
// Writes what an rpc_service becomes: ordinals, client calls, the server's table and its dispatch.
#include "model.h"

#include <inttypes.h>

// FNV-1a, 64 bits, of "namespace.Service/Method".
static uint64_t method_ordinal(const model_service_t* service, const model_method_t* method) {
    char text[2 * NAME_SIZE];
    snprintf(text, sizeof(text), "%s/%s", service->name, method->name);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const char* letter = text; *letter != '\0'; letter++) {
        hash = (hash ^ (uint8_t)*letter) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static void emit_ordinals(const model_service_t* service, FILE* out) {
    for (size_t i = 0; i < service->method_count; i++) {
        fprintf(out, "#define %s UINT64_C(0x%016" PRIx64 ")\n",
                name_ordinal(service, &service->methods[i]).text,
                method_ordinal(service, &service->methods[i]));
    }
    fputc('\n', out);
}

static void emit_call_prototype(const model_service_t* service, const model_method_t* method,
                                FILE* out) {
    const c_name_t name = name_method(service, method);
    const c_name_t request = name_type(method->request->name);
    fprintf(out, "zx_status_t %s(zx_handle_t channel, const %s_t* request", name.text,
            request.text);
    if (!model_is_one_way(method)) {
        fprintf(out, ",\n    pg_arena_t* arena, %s_t* out_response",
                name_type(method->response->name).text);
    }
    fputc(')', out);
}

static void emit_send_prototype(const model_service_t* service, const model_method_t* method,
                                FILE* out) {
    fprintf(out,
            "zx_status_t %s_send(zx_handle_t channel, uint32_t txid,\n    const %s_t* request)",
            name_method(service, method).text, name_type(method->request->name).text);
}

static void emit_reply_prototype(const model_service_t* service, const model_method_t* method,
                                 FILE* out) {
    fprintf(out, "zx_status_t %s_reply(const pg_responder_t* responder,\n    const %s_t* response)",
            name_method(service, method).text, name_type(method->response->name).text);
}

static void emit_dispatch_prototype(const model_service_t* service, FILE* out) {
    const c_name_t name = name_type(service->name);
    fprintf(out,
            "zx_status_t %s_dispatch(const %s_ops_t* ops, void* ctx, zx_handle_t channel,\n"
            "    pg_message_t* message)",
            name.text, name.text);
}

static void emit_ops(const model_service_t* service, FILE* out) {
    const c_name_t name = name_type(service->name);
    fputs(
        "// The server's side. A request is valid during the hook; its handles are the hook's. A\n"
        "// method without a hook is ZX_ERR_NOT_SUPPORTED.\n",
        out);
    fprintf(out, "typedef struct %s_ops {\n", name.text);
    for (size_t i = 0; i < service->method_count; i++) {
        const model_method_t* method = &service->methods[i];
        emit_doc(&method->doc, "    ", out);
        fprintf(out, "    void (*%s)(void* ctx, const %s_t* request%s);\n",
                name_snake(method->name).text, name_type(method->request->name).text,
                model_is_one_way(method) ? "" : ", pg_responder_t responder");
    }
    fprintf(out, "} %s_ops_t;\n\n", name.text);
}

void emit_service_header(const model_t* model, const model_service_t* service, FILE* out) {
    (void)model;
    emit_doc(&service->doc, "", out);
    fprintf(out, "// %s: ordinals\n", service->name);
    emit_ordinals(service, out);
    fputs(
        "// The client's side: a call waits for the answer, _send does not. Both consume the "
        "handles\n"
        "// in the request, also on failure.\n",
        out);
    for (size_t i = 0; i < service->method_count; i++) {
        emit_call_prototype(service, &service->methods[i], out);
        fputs(";\n", out);
        emit_send_prototype(service, &service->methods[i], out);
        fputs(";\n", out);
    }
    fputc('\n', out);
    emit_ops(service, out);
    emit_dispatch_prototype(service, out);
    fputs(";\n", out);
    for (size_t i = 0; i < service->method_count; i++) {
        if (!model_is_one_way(&service->methods[i])) {
            emit_reply_prototype(service, &service->methods[i], out);
            fputs(";\n", out);
        }
    }
    fputc('\n', out);
}

static void emit_call(const model_service_t* service, const model_method_t* method, FILE* out) {
    const c_name_t ordinal = name_ordinal(service, method);
    const c_name_t request = name_type(method->request->name);
    emit_call_prototype(service, method, out);
    if (model_is_one_way(method)) {
        fprintf(out, " {\n    return pg_send(channel, 0, %s, pg_build_%s, request);\n}\n\n",
                ordinal.text, request.text);
    } else {
        fprintf(out,
                " {\n    return pg_call(channel, %s, pg_build_%s, request, arena,\n"
                "        pg_read_%s, out_response, sizeof(*out_response));\n}\n\n",
                ordinal.text, request.text, name_type(method->response->name).text);
    }
    emit_send_prototype(service, method, out);
    fprintf(out, " {\n    return pg_send(channel, txid, %s, pg_build_%s, request);\n}\n\n",
            ordinal.text, request.text);
    if (!model_is_one_way(method)) {
        emit_reply_prototype(service, method, out);
        fprintf(out, " {\n    return pg_reply(responder, %s, pg_build_%s, response);\n}\n\n",
                ordinal.text, name_type(method->response->name).text);
    }
}

static void emit_dispatch_case(const model_service_t* service, const model_method_t* method,
                               FILE* out) {
    const c_name_t hook = name_snake(method->name);
    const c_name_t request = name_type(method->request->name);
    fprintf(out, "        case %s: {\n", name_ordinal(service, method).text);
    fprintf(out, "            if (ops->%s == NULL) {\n                break;\n            }\n",
            hook.text);
    fprintf(out, "            %s_t request;\n", request.text);
    fprintf(
        out,
        "            status = pg_message_decode_request(message, &arena, pg_read_%s, &request,\n"
        "                sizeof(request));\n",
        request.text);
    fprintf(
        out,
        "            if (status == ZX_OK) {\n"
        "                ops->%s(ctx, &request%s);\n            }\n            break;\n        }\n",
        hook.text, model_is_one_way(method) ? "" : ", responder");
}

void emit_service_source(const model_t* model, const model_service_t* service, FILE* out) {
    (void)model;
    for (size_t i = 0; i < service->method_count; i++) {
        emit_call(service, &service->methods[i], out);
    }
    emit_dispatch_prototype(service, out);
    fputs(
        " {\n"
        "    const pg_responder_t responder = pg_message_responder(channel, message);\n"
        "    (void)responder;\n"
        "    (void)ctx;\n"
        "    _Alignas(16) uint8_t memory[PG_DISPATCH_MEMORY];\n"
        "    pg_arena_t arena;\n"
        "    pg_arena_init(&arena, memory, sizeof(memory));\n"
        "    zx_status_t status = ZX_ERR_NOT_SUPPORTED;\n"
        "    switch (message->header.ordinal) {\n",
        out);
    for (size_t i = 0; i < service->method_count; i++) {
        emit_dispatch_case(service, &service->methods[i], out);
    }
    fputs("    }\n    pg_arena_fini(&arena);\n    return status;\n}\n\n", out);
}
