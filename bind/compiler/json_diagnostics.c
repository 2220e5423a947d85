// SPDX-License-Identifier: MIT
// Diagnostics as JSON, for editors and other programs.
#include <jansson.h>

#include "source.h"

#define MAX_OBJECTS 1000u

static void set_text(json_t* object, const char* key, const char* text) {
    if (text != NULL) {
        json_object_set_new(object, key, json_string(text));
    }
}

static void set_place(json_t* object, bc_place_t place) {
    if (place.source == NULL) {
        return;
    }
    set_text(object, "file", place.source->path);
    if (place.offset == BC_NO_OFFSET) {
        return;
    }
    const bc_position_t start = bc_place_position(place);
    const bc_position_t end =
        bc_place_position((bc_place_t){place.source, place.offset + place.size, 0});
    json_object_set_new(object, "line", json_integer(start.line));
    json_object_set_new(object, "column", json_integer(start.column));
    json_object_set_new(object, "end_line", json_integer(end.line));
    json_object_set_new(object, "end_column", json_integer(end.column));
}

static json_t* make_object(const bc_diagnostic_t* diagnostic) {
    json_t* object = json_object();
    const bool is_error = diagnostic->severity == BC_SEVERITY_ERROR;
    set_place(object, diagnostic->place);
    set_text(object, "severity", is_error ? "error" : "warning");
    if (diagnostic->code != 0) {
        json_object_set_new(object, "code",
                            json_sprintf("%c%03u", is_error ? 'E' : 'W', diagnostic->code));
    }
    set_text(object, "message", diagnostic->message);
    set_text(object, "hint", diagnostic->hint);
    if (diagnostic->note != NULL) {
        json_t* note = json_object();
        set_text(note, "message", diagnostic->note);
        set_place(note, diagnostic->note_place);
        json_object_set_new(object, "note", note);
    }
    return object;
}

void bc_diagnostics_print_json(const bc_diagnostics_t* diagnostics, FILE* out) {
    json_t* list = json_array();
    const bc_diagnostic_t* d = diagnostics->first;
    for (size_t i = 0; d != NULL && i < MAX_OBJECTS; i++, d = d->next) {
        json_array_append_new(list, make_object(d));
    }
    json_dumpf(list, out, JSON_INDENT(2));
    fputc('\n', out);
    json_decref(list);
}
