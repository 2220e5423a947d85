// SPDX-License-Identifier: MIT
// Syntax errors: recording the farthest failure, reporting it, and finding where to go on.
#include <string.h>

#include "lexer.h"

static bool record(bc_lexer_t* lexer, bc_failure_t failure) {
    if (!lexer->failure.is_set || failure.at > lexer->failure.at) {
        lexer->failure = failure;
    }
    return false;
}

bool bc_fail(bc_lexer_t* lexer, unsigned code, const char* expected) {
    bc_skip_space(lexer);
    return record(lexer, (bc_failure_t){.is_set = true,
                                        .at = lexer->at,
                                        .previous_end = lexer->previous_end,
                                        .code = code,
                                        .expected = expected});
}

bool bc_fail_at(bc_lexer_t* lexer, uint32_t at, unsigned code, const char* message) {
    return record(
        lexer, (bc_failure_t){
                   .is_set = true, .at = at, .previous_end = at, .code = code, .message = message});
}

bool bc_expect(bc_lexer_t* lexer, const char* quoted, unsigned code) {
    char word[16] = {0};
    memcpy(word, quoted + 1, strlen(quoted) - 2);
    return bc_take_word(lexer, word) || bc_fail(lexer, code, quoted);
}

// How much of the source, from `at`, names what was found: a word, a number or one character.
static uint32_t found_size(const bc_source_t* source, uint32_t at) {
    uint32_t end = at;
    while (end < source->size && end - at < 32) {
        const char c = source->text[end];
        const bool is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '_' || c == '.';
        if (!is_word) {
            break;
        }
        end++;
    }
    if (end == at) {
        do {
            end++;
        } while (end < source->size && ((uint8_t)source->text[end] & 0xc0) == 0x80);
    }
    return end - at;
}

// What is missing at the end of a line is shown there, not at the start of the next line. That is
// not so for what begins a statement, a declaration or a parent.
static bool is_shown_before(const bc_source_t* source, const bc_failure_t* failure) {
    const bool begins =
        failure->code == 1 || failure->code == 11 || failure->code == 27 || failure->code == 30;
    const char* between = source->text + failure->previous_end;
    return !begins && failure->previous_end > 0 &&
           memchr(between, '\n', failure->at - failure->previous_end) != NULL;
}

bc_diagnostic_t* bc_report_failure(bc_lexer_t* lexer) {
    const bc_failure_t failure = lexer->failure;
    const bc_source_t* source = lexer->source;
    lexer->failure = (bc_failure_t){0};
    if (lexer->is_dead || !failure.is_set) {
        return NULL;
    }
    if (failure.message != NULL) {
        const bc_place_t place = {source, failure.at, 1};
        return bc_error(lexer->diagnostics, place, failure.code, "%s", failure.message);
    }
    if (failure.at >= source->size) {
        const bc_place_t place = {source, failure.previous_end, 1};
        return bc_error(lexer->diagnostics, place, failure.code,
                        "%s expected, found the end of the file", failure.expected);
    }
    const uint32_t size = found_size(source, failure.at);
    bc_place_t place = {source, failure.at, size};
    if (is_shown_before(source, &failure)) {
        place = (bc_place_t){source, failure.previous_end, 1};
    }
    return bc_error(lexer->diagnostics, place, failure.code, "%s expected, found `%.*s`",
                    failure.expected, (int)size, source->text + failure.at);
}

void bc_skip_string(bc_lexer_t* lexer) {
    const bc_source_t* source = lexer->source;
    lexer->at++;
    while (lexer->at < source->size && source->text[lexer->at] != '\n') {
        const char c = source->text[lexer->at++];
        if (c == '"') {
            return;
        }
        if (c == '\\' && lexer->at < source->size && source->text[lexer->at] != '\n') {
            lexer->at++;
        }
    }
}

// Whether `else` is next. Takes nothing.
static bool is_before_else(bc_lexer_t* lexer) {
    const bc_mark_t mark = bc_lexer_mark(lexer);
    const bool is_else = bc_take_word(lexer, "else");
    bc_lexer_rewind(lexer, mark);
    return is_else;
}

void bc_skip_faulty(bc_lexer_t* lexer, uint32_t from, const char* stops, bool at_pair) {
    lexer->at = from;
    uint32_t depth = 0;
    while (!bc_at_end(lexer)) {
        const char c = lexer->source->text[lexer->at];
        if (c == '"') {
            bc_skip_string(lexer);
            continue;
        }
        if (depth == 0 && strchr(stops, c) != NULL) {
            lexer->at++;
            break;
        }
        if (c == '}' && depth == 0) {
            break;
        }
        lexer->at++;
        if (c == '{') {
            depth++;
        } else if (c == '}') {
            depth--;
            if (depth == 0 && at_pair && !is_before_else(lexer)) {
                break;
            }
        }
    }
    lexer->previous_end = lexer->at;
}
