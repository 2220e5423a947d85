// SPDX-License-Identifier: MIT
// The formatter. It works on the terminals that the parser took and on the comments between them:
// blocks and lists are indented by four blanks, one statement, value or item a line, a comma behind
// each, one blank at most where there were several, at most one empty line in a row.
#include "format.h"

#include <string.h>

#include "parser.h"

#define INDENT 4u

typedef struct printer {
    const bc_source_t* source;
    const bc_tokens_t* tokens;
    bc_buffer_t* out;
    unsigned depth;
    bool is_library;
    bool at_line_start;     // nothing on this line yet
    bool wants_blank_line;  // the source has an empty line here
    bool in_list;           // inside the braces of `accept` or of a declaration
    bool starts_statement;  // the next token begins a statement, declaration or parent
    bool is_list_next;      // the next `{` opens a list
    bool is_continued;      // a comment broke the statement into lines
    bool after_open;        // the last thing printed was a `{`
} printer_t;

static bool is_text(const printer_t* printer, size_t i, const char* text) {
    const bc_token_t* token = &printer->tokens->items[i];
    return i < printer->tokens->count && token->size == strlen(text) &&
           memcmp(printer->source->text + token->offset, text, token->size) == 0;
}

static void new_line(printer_t* printer) {
    if (!printer->at_line_start) {
        bc_buffer_u8(printer->out, '\n');
        printer->at_line_start = true;
    }
}

// Before anything is put on a line.
static void begin(printer_t* printer, bool wants_space) {
    if (!printer->at_line_start) {
        if (wants_space) {
            bc_buffer_u8(printer->out, ' ');
        }
        return;
    }
    if (printer->wants_blank_line && printer->out->size > 0 && !printer->after_open) {
        bc_buffer_u8(printer->out, '\n');
    }
    printer->wants_blank_line = false;
    const unsigned depth = printer->depth + printer->is_continued;
    for (unsigned i = 0; i < depth * INDENT; i++) {
        bc_buffer_u8(printer->out, ' ');
    }
    printer->at_line_start = false;
    printer->after_open = false;
}

// Trailing blanks are not kept, in a block comment of several lines neither.
static void put_comment(printer_t* printer, const char* text, size_t size) {
    size_t blanks = 0;
    for (size_t i = 0; i < size; i++) {
        const char c = text[i];
        if (c == '\r' && i + 1 < size && text[i + 1] == '\n') {
            continue;
        }
        if (c == ' ' || c == '\t' || c == '\r') {
            blanks++;
            continue;
        }
        if (c != '\n') {
            bc_buffer_append(printer->out, text + i - blanks, blanks);
        }
        blanks = 0;
        bc_buffer_u8(printer->out, (uint8_t)c);
    }
}

static size_t comment_size(const char* text, size_t left) {
    if (text[1] == '/') {
        const char* end = memchr(text, '\n', left);
        return end == NULL ? left : (size_t)(end - text);
    }
    size_t depth = 0;
    size_t i = 0;
    do {
        if (text[i] == '/' && text[i + 1] == '*') {
            depth++;
            i += 2;
        } else if (text[i] == '*' && text[i + 1] == '/') {
            depth--;
            i += 2;
        } else {
            i++;
        }
    } while (depth > 0 && i < left);
    return i;
}

// The comments between two tokens. What stands behind a token on its line stays there.
static void put_gap(printer_t* printer, uint32_t from, uint32_t to, bool breaks_before) {
    const char* text = printer->source->text;
    unsigned lines = 0;
    for (uint32_t at = from; at < to;) {
        const char c = text[at];
        if (c == '\n') {
            lines++;
            at++;
            continue;
        }
        if (c != '/') {
            at++;
            continue;
        }
        const size_t size = comment_size(text + at, to - at);
        const bool is_line = text[at + 1] == '/';
        printer->wants_blank_line = lines > 1;
        if (lines > 0 && from > 0) {
            new_line(printer);
        }
        printer->is_continued = printer->is_continued || !breaks_before;
        begin(printer, true);
        put_comment(printer, text + at, size);
        if (is_line) {
            new_line(printer);
        }
        at += (uint32_t)size;
        lines = is_line && at < to ? 1 : 0;
        at += is_line && at < to;
    }
    printer->wants_blank_line = lines > 1;
}

static void put_token(printer_t* printer, size_t i, bool wants_space) {
    const bc_token_t* token = &printer->tokens->items[i];
    begin(printer, wants_space);
    bc_buffer_append(printer->out, printer->source->text + token->offset, token->size);
}

static void open_brace(printer_t* printer, size_t i) {
    put_token(printer, i, true);
    printer->in_list = printer->is_list_next || printer->is_library;
    printer->is_list_next = false;
    printer->depth++;
    printer->after_open = true;
    printer->starts_statement = true;
}

static bool is_word_next(const printer_t* printer, size_t i, const char* word) {
    return i + 1 < printer->tokens->count && is_text(printer, i + 1, word);
}

// Puts one token and returns whether a line ends behind it.
static bool put(printer_t* printer, size_t i) {
    const bool started = printer->starts_statement;
    printer->starts_statement = false;
    if (is_text(printer, i, "{")) {
        open_brace(printer, i);
        return true;
    }
    if (is_text(printer, i, "}")) {
        put_token(printer, i, true);
        const bool was_list = printer->in_list;
        printer->in_list = false;
        const bool goes_on =
            was_list ? is_word_next(printer, i, ";") : is_word_next(printer, i, "else");
        printer->starts_statement = !goes_on;
        return !goes_on;
    }
    if (is_text(printer, i, ";")) {
        put_token(printer, i, false);
        printer->starts_statement = true;
        return true;
    }
    if (is_text(printer, i, ",")) {
        put_token(printer, i, false);
        return true;
    }
    if (started && is_text(printer, i, "accept") && !is_word_next(printer, i, "==") &&
        !is_word_next(printer, i, "!=")) {
        printer->is_list_next = true;
    }
    put_token(printer, i, true);
    if (printer->in_list && is_word_next(printer, i, "}")) {
        bc_buffer_u8(printer->out, ',');
        return true;
    }
    return false;
}

static void print_tokens(printer_t* printer) {
    uint32_t from = 0;
    bool breaks = true;
    for (size_t i = 0; i < printer->tokens->count; i++) {
        const bc_token_t* token = &printer->tokens->items[i];
        const bool closes = is_text(printer, i, "}");
        put_gap(printer, from, token->offset, breaks);
        if (closes) {
            printer->depth--;
            printer->wants_blank_line = false;
        }
        if (is_text(printer, i, "else")) {
            printer->is_continued = false;
        }
        if (breaks || closes) {
            new_line(printer);
            printer->is_continued = false;
        }
        breaks = put(printer, i);
        from = token->offset + token->size;
    }
    put_gap(printer, from, printer->source->size, true);
    new_line(printer);
}

bool bc_format_source(bc_diagnostics_t* diagnostics, const bc_source_t* source, bc_buffer_t* out) {
    const size_t errors = diagnostics->error_count;
    bc_tokens_t tokens = {0};
    printer_t printer = {.source = source,
                         .tokens = &tokens,
                         .out = out,
                         .is_library = bc_is_library(source, NULL),
                         .at_line_start = true,
                         .starts_statement = true};
    diagnostics->tokens = &tokens;
    if (printer.is_library) {
        bc_parse_library(diagnostics, source);
    } else {
        const bc_options_t options = {.accept_abort = true};
        bc_parse_rules(diagnostics, source, &options);
    }
    diagnostics->tokens = NULL;
    if (diagnostics->error_count != errors) {
        return false;
    }
    print_tokens(&printer);
    return true;
}
