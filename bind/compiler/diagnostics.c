// SPDX-License-Identifier: MIT
// The list of errors and warnings of one run.
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "source.h"

#define MAX_PRINTED    100u
#define MAX_LINE_SHOWN 400u  // bytes of a source line

static const char* format_text(bc_arena_t* arena, const char* format, va_list args) {
    va_list copy;
    va_copy(copy, args);
    const int size = vsnprintf(NULL, 0, format, copy);
    va_end(copy);
    char* text = bc_arena_alloc(arena, (size_t)(size < 0 ? 0 : size) + 1);
    if (size > 0) {
        vsnprintf(text, (size_t)size + 1, format, args);
    }
    return text;
}

static bc_diagnostic_t* add(bc_diagnostics_t* diagnostics, bc_severity_t severity, bc_place_t place,
                            unsigned code, const char* message) {
    bc_diagnostic_t* diagnostic = bc_arena_alloc(diagnostics->arena, sizeof(bc_diagnostic_t));
    diagnostic->severity = severity;
    diagnostic->code = code;
    diagnostic->place = place;
    diagnostic->message = message;
    if (diagnostics->last == NULL) {
        diagnostics->first = diagnostic;
    } else {
        diagnostics->last->next = diagnostic;
    }
    diagnostics->last = diagnostic;
    diagnostics->count++;
    diagnostics->error_count += severity == BC_SEVERITY_ERROR;
    diagnostics->warning_count += severity == BC_SEVERITY_WARNING;
    return diagnostic;
}

bc_diagnostic_t* bc_error(bc_diagnostics_t* diagnostics, bc_place_t place, unsigned code,
                          const char* format, ...) {
    va_list args;
    va_start(args, format);
    const char* message = format_text(diagnostics->arena, format, args);
    va_end(args);
    return add(diagnostics, BC_SEVERITY_ERROR, place, code, message);
}

bc_diagnostic_t* bc_warning(bc_diagnostics_t* diagnostics, bc_place_t place, unsigned code,
                            const char* format, ...) {
    va_list args;
    va_start(args, format);
    const char* message = format_text(diagnostics->arena, format, args);
    va_end(args);
    return add(diagnostics, BC_SEVERITY_WARNING, place, code, message);
}

void bc_note(bc_diagnostics_t* diagnostics, bc_diagnostic_t* diagnostic, const char* format, ...) {
    va_list args;
    va_start(args, format);
    diagnostic->note = format_text(diagnostics->arena, format, args);
    va_end(args);
}

void bc_suggest(bc_diagnostics_t* diagnostics, bc_diagnostic_t* diagnostic, bc_text_t suggestion) {
    static const char format[] = "did you mean `%.*s`?";
    const size_t size = sizeof(format) + suggestion.size;
    char* hint = bc_arena_alloc(diagnostics->arena, size);
    snprintf(hint, size, format, (int)suggestion.size, suggestion.data);
    diagnostic->hint = hint;
    diagnostic->suggestion = suggestion;
}

// Sorting key and the order of finding, which keeps the sort stable.
typedef struct sort_item {
    bc_diagnostic_t* diagnostic;
    size_t found;
} sort_item_t;

static int compare_items(const void* left, const void* right) {
    const sort_item_t* a = left;
    const sort_item_t* b = right;
    const bc_place_t* x = &a->diagnostic->place;
    const bc_place_t* y = &b->diagnostic->place;
    const uint32_t file_x = x->source == NULL ? 0 : x->source->number;
    const uint32_t file_y = y->source == NULL ? 0 : y->source->number;
    if (file_x != file_y) {
        return file_x < file_y ? -1 : 1;
    }
    if (x->offset != y->offset) {
        return x->offset < y->offset ? -1 : 1;
    }
    return a->found < b->found ? -1 : a->found > b->found;
}

void bc_diagnostics_sort(bc_diagnostics_t* diagnostics) {
    const size_t count = diagnostics->count;
    if (count < 2) {
        return;
    }
    sort_item_t* items = bc_arena_alloc(diagnostics->arena, count * sizeof(sort_item_t));
    size_t i = 0;
    for (bc_diagnostic_t* d = diagnostics->first; d != NULL; d = d->next) {
        items[i] = (sort_item_t){d, i};
        i++;
    }
    qsort(items, count, sizeof(sort_item_t), compare_items);
    for (i = 0; i + 1 < count; i++) {
        items[i].diagnostic->next = items[i + 1].diagnostic;
    }
    diagnostics->first = items[0].diagnostic;
    diagnostics->last = items[count - 1].diagnostic;
    diagnostics->last->next = NULL;
}

// The source line of a place, and a caret under the place.
static void print_line(bc_place_t place, FILE* out) {
    const bc_source_t* source = place.source;
    uint32_t start = place.offset < source->size ? place.offset : source->size;
    while (start > 0 && source->text[start - 1] != '\n') {
        start--;
    }
    const char* newline = memchr(source->text + start, '\n', source->size - start);
    uint32_t end = newline == NULL ? source->size : (uint32_t)(newline - source->text);
    if (end > start && source->text[end - 1] == '\r') {
        end--;
    }
    if (end - start > MAX_LINE_SHOWN) {
        return;
    }
    fprintf(out, "    %.*s\n    ", (int)(end - start), source->text + start);
    for (uint32_t i = start; i < place.offset && i < end; i++) {
        const uint8_t c = (uint8_t)source->text[i];
        if ((c & 0xc0) != 0x80) {
            fputc(c == '\t' ? '\t' : ' ', out);
        }
    }
    fputc('^', out);
    for (uint32_t i = place.offset + 1; i < place.offset + place.size && i < end; i++) {
        if (((uint8_t)source->text[i] & 0xc0) != 0x80) {
            fputc('~', out);
        }
    }
    fputc('\n', out);
}

static void print_one(const bc_diagnostic_t* diagnostic, FILE* out) {
    const bc_place_t place = diagnostic->place;
    const bool has_offset = place.source != NULL && place.offset != BC_NO_OFFSET;
    if (place.source == NULL) {
        fputs("bindc", out);
    } else if (has_offset) {
        const bc_position_t position = bc_place_position(place);
        fprintf(out, "%s:%u:%u", place.source->path, position.line, position.column);
    } else {
        fputs(place.source->path, out);
    }
    fputs(diagnostic->severity == BC_SEVERITY_ERROR ? ": error" : ": warning", out);
    if (diagnostic->code != 0) {
        const char letter = diagnostic->severity == BC_SEVERITY_ERROR ? 'E' : 'W';
        fprintf(out, "[%c%03u]", letter, diagnostic->code);
    }
    fprintf(out, ": %s\n", diagnostic->message);
    if (has_offset) {
        print_line(place, out);
    }
    if (diagnostic->hint != NULL) {
        fprintf(out, "    hint: %s\n", diagnostic->hint);
    }
    if (diagnostic->note != NULL) {
        fprintf(out, "    note: %s", diagnostic->note);
        if (diagnostic->note_place.source != NULL) {
            const bc_position_t at = bc_place_position(diagnostic->note_place);
            fprintf(out, " %s:%u:%u", diagnostic->note_place.source->path, at.line, at.column);
        }
        fputc('\n', out);
    }
}

void bc_diagnostics_print(const bc_diagnostics_t* diagnostics, FILE* out) {
    size_t printed = 0;
    for (const bc_diagnostic_t* d = diagnostics->first; d != NULL; d = d->next) {
        if (printed == MAX_PRINTED) {
            fprintf(out, "bindc: %zu more not shown\n", diagnostics->count - printed);
            return;
        }
        print_one(d, out);
        printed++;
    }
}
