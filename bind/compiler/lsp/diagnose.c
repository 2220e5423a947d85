// SPDX-License-Identifier: MIT
// Diagnostics of a document, and the quick fixes that follow from them.
#include <stdio.h>
#include <string.h>

#include "server.h"

#define MAX_DIAGNOSTICS 1000u  // of one document

enum { SEVERITY_ERROR = 1, SEVERITY_WARNING = 2, SEVERITY_INFORMATION = 3 };

static json_t* message_of(const lsp_server_t* server, const bc_diagnostic_t* diagnostic) {
    bc_buffer_t text = {0};
    bc_buffer_text(&text, diagnostic->message);
    if (diagnostic->hint != NULL) {
        bc_buffer_text(&text, "\nhint: ");
        bc_buffer_text(&text, diagnostic->hint);
    }
    const bool is_related =
        diagnostic->note_place.source != NULL && server->client.has_related_information;
    if (diagnostic->note != NULL && !is_related) {
        bc_buffer_text(&text, "\nnote: ");
        bc_buffer_text(&text, diagnostic->note);
    }
    if (diagnostic->note_place.source != NULL && !is_related) {
        char place[32];
        const bc_position_t at = bc_place_position(diagnostic->note_place);
        snprintf(place, sizeof(place), ":%u:%u", at.line, at.column);
        bc_buffer_text(&text, " ");
        bc_buffer_text(&text, diagnostic->note_place.source->path);
        bc_buffer_text(&text, place);
    }
    json_t* message = lsp_string((const char*)text.data, text.size);
    bc_buffer_fini(&text);
    return message;
}

static int severity_of(const lsp_server_t* server, const bc_diagnostic_t* diagnostic) {
    const bool is_error = diagnostic->severity == BC_SEVERITY_ERROR || server->config.is_werror;
    return is_error ? SEVERITY_ERROR : SEVERITY_WARNING;
}

// What is missing at the end of a line is empty: an editor knows how to show that.
static json_t* range_of(const lsp_server_t* server, const lsp_file_t* file, bc_place_t place,
                        lsp_mark_t* mark) {
    if (place.offset == BC_NO_OFFSET) {
        return lsp_range(server, file, 0, 0, mark);
    }
    const uint8_t* found = place.offset < file->text.bytes.size
                               ? file->text.bytes.data + place.offset
                               : (const uint8_t*)"\n";
    const bool is_line_end = place.size == 1 && (*found == '\n' || *found == '\r');
    return lsp_range(server, file, place.offset, is_line_end ? 0 : place.size, mark);
}

static json_t* make_diagnostic(const lsp_server_t* server, const lsp_analysis_t* analysis,
                               const bc_diagnostic_t* diagnostic, lsp_mark_t* mark) {
    json_t* made = json_pack("{s:o,s:i,s:s,s:o}", "range",
                             range_of(server, analysis->file, diagnostic->place, mark), "severity",
                             severity_of(server, diagnostic), "source", "bindc", "message",
                             message_of(server, diagnostic));
    if (diagnostic->code != 0) {
        const char letter = diagnostic->severity == BC_SEVERITY_ERROR ? 'E' : 'W';
        json_object_set_new(made, "code", json_sprintf("%c%03u", letter, diagnostic->code));
    }
    if (diagnostic->note_place.source != NULL && server->client.has_related_information) {
        lsp_mark_t note_mark = {0};
        json_t* location = lsp_location(server, analysis, diagnostic->note_place, &note_mark);
        json_object_set_new(
            made, "relatedInformation",
            json_pack("[{s:o,s:s}]", "location", location, "message", diagnostic->note));
    }
    if (diagnostic->suggestion.size != 0) {
        const bc_text_t suggestion = diagnostic->suggestion;
        json_object_set_new(
            made, "data",
            json_pack("{s:s%}", "suggestion", suggestion.data, (size_t)suggestion.size));
    }
    return made;
}

static json_t* make_information(const lsp_server_t* server, const lsp_file_t* file,
                                bc_place_t place, json_t* message) {
    lsp_mark_t mark = {0};
    return json_pack("{s:o,s:i,s:s,s:o}", "range", range_of(server, file, place, &mark), "severity",
                     SEVERITY_INFORMATION, "source", "bindc", "message", message);
}

// The names in rules are not looked up while a library is faulty; its faults are shown in its own
// file, so here it is said why there are none.
static void add_faulty_library(const lsp_server_t* server, const lsp_analysis_t* analysis,
                               const bc_diagnostic_t* fault, json_t* list) {
    const lsp_file_t* library = lsp_analysis_file(analysis, fault->place);
    bc_place_t place = {0};
    for (const bc_using_t* using = lsp_analysis_usings(analysis); using != NULL;
         using = using->next) {
        if (library->library != NULL &&
            bc_text_equal(using->library.text, bc_text(library->library))) {
            place = using->library.place;
        }
    }
    const bc_position_t at = bc_place_position(fault->place);
    bc_buffer_t text = {0};
    char where[32];
    snprintf(where, sizeof(where), ":%u:%u", at.line, at.column);
    bc_buffer_text(&text, "names are not checked while a library is faulty: ");
    bc_buffer_text(&text, fault->message);
    bc_buffer_text(&text, ", at ");
    bc_buffer_text(&text, library->path);
    bc_buffer_text(&text, where);
    json_array_append_new(list, make_information(server, analysis->file, place,
                                                 lsp_string((const char*)text.data, text.size)));
    bc_buffer_fini(&text);
}

static json_t* make_list(const lsp_server_t* server, const lsp_analysis_t* analysis) {
    json_t* list = json_array();
    lsp_mark_t mark = {0};
    const bc_diagnostic_t* fault = NULL;
    for (const bc_diagnostic_t* d = analysis->compiler.diagnostics.first; d != NULL; d = d->next) {
        if (lsp_analysis_file(analysis, d->place) != analysis->file) {
            const bool is_fault = d->severity == BC_SEVERITY_ERROR && d->place.source != NULL;
            fault = fault == NULL && is_fault ? d : fault;
        } else if (json_array_size(list) < MAX_DIAGNOSTICS) {
            json_array_append_new(list, make_diagnostic(server, analysis, d, &mark));
        } else {
            json_array_append_new(list, make_information(server, analysis->file, d->place,
                                                         json_string("there are more faults")));
            return list;
        }
    }
    if (fault != NULL && !analysis->file->is_library) {
        add_faulty_library(server, analysis, fault, list);
    }
    return list;
}

void lsp_publish(lsp_server_t* server, lsp_file_t* file) {
    lsp_analysis_t analysis;
    lsp_analyze_faults(&server->workspace, file, &analysis);
    json_t* list = make_list(server, &analysis);
    lsp_analysis_fini(&analysis);
    if (file->is_changed || !json_equal(list, file->published)) {
        lsp_notify(server, "textDocument/publishDiagnostics",
                   json_pack("{s:s,s:O*,s:O}", "uri", file->uri, "version", file->version,
                             "diagnostics", list));
    }
    json_decref(file->published);
    file->published = list;
    file->is_changed = file->is_affected = false;
}

// --- Quick fixes.

static bool is_before(lsp_position_t a, lsp_position_t b) {
    return a.line != b.line ? a.line < b.line : a.character < b.character;
}

static bool touches(const json_t* range, lsp_position_t start, lsp_position_t end) {
    lsp_position_t from;
    lsp_position_t to;
    return lsp_unpack_position(json_object_get(range, "start"), &from) &&
           lsp_unpack_position(json_object_get(range, "end"), &to) && !is_before(end, from) &&
           !is_before(to, start);
}

static json_t* make_action(const lsp_file_t* file, json_t* diagnostic, const char* suggestion) {
    json_t* edit = json_pack("{s:O,s:s}", "range", json_object_get(diagnostic, "range"), "newText",
                             suggestion);
    return json_pack("{s:o,s:s,s:[O],s:b,s:{s:{s:[o]}}}", "title",
                     json_sprintf("Replace with `%s`", suggestion), "kind", "quickfix",
                     "diagnostics", diagnostic, "isPreferred", 1, "edit", "changes", file->uri,
                     edit);
}

json_t* lsp_code_actions(lsp_request_t* request) {
    lsp_file_t* file = lsp_request_file(request);
    const json_t* range = json_object_get(request->params, "range");
    lsp_position_t start;
    lsp_position_t end;
    if (file == NULL) {
        return NULL;
    }
    if (!lsp_unpack_position(json_object_get(range, "start"), &start) ||
        !lsp_unpack_position(json_object_get(range, "end"), &end)) {
        return lsp_refuse(request, LSP_INVALID_PARAMS, "a range is needed");
    }
    if (file->is_changed || file->is_affected) {
        lsp_publish(request->server, file);
    }
    json_t* actions = json_array();
    size_t i;
    json_t* diagnostic;
    json_array_foreach(file->published, i, diagnostic) {
        const json_t* data = json_object_get(diagnostic, "data");
        const char* suggestion = json_string_value(json_object_get(data, "suggestion"));
        if (suggestion != NULL && touches(json_object_get(diagnostic, "range"), start, end)) {
            json_array_append_new(actions, make_action(file, diagnostic, suggestion));
        }
    }
    return actions;
}
