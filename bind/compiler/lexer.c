// SPDX-License-Identifier: MIT
// The cursor over a source: white space and comments, names, literals.
#include "lexer.h"

#include <string.h>

void bc_lexer_init(bc_lexer_t* lexer, const bc_source_t* source, bc_diagnostics_t* diagnostics) {
    *lexer = (bc_lexer_t){.source = source, .diagnostics = diagnostics};
}

bc_mark_t bc_lexer_mark(const bc_lexer_t* lexer) {
    return (bc_mark_t){lexer->at, lexer->previous_end};
}

void bc_lexer_rewind(bc_lexer_t* lexer, bc_mark_t mark) {
    if (!lexer->is_dead) {
        lexer->at = mark.at;
        lexer->previous_end = mark.previous_end;
        bc_tokens_t* tokens = lexer->diagnostics->tokens;
        while (tokens != NULL && tokens->count > 0 &&
               tokens->items[tokens->count - 1].offset >= mark.at) {
            tokens->count--;
        }
    }
}

bc_place_t bc_lexer_place(const bc_lexer_t* lexer, uint32_t from) {
    const uint32_t size = lexer->previous_end > from ? lexer->previous_end - from : 1;
    return (bc_place_t){lexer->source, from, size};
}

// The character `ahead` of the cursor; 0 at the end (sources hold no zero bytes).
static char peek(const bc_lexer_t* lexer, uint32_t ahead) {
    const uint32_t left = lexer->source->size - lexer->at;
    return ahead < left ? lexer->source->text[lexer->at + ahead] : 0;
}

static bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static int hex_value(char c) {
    if (is_digit(c)) {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

// A line comment ends with LF or the file. A CR that is not before LF makes it no comment at all.
static bool skip_line_comment(bc_lexer_t* lexer) {
    const char* text = lexer->source->text;
    uint32_t at = lexer->at + 2;
    for (; at < lexer->source->size && text[at] != '\n'; at++) {
        if (text[at] == '\r' && text[at + 1] != '\n') {
            return false;
        }
    }
    lexer->at = at;
    return true;
}

// Block comments nest.
static bool skip_block_comment(bc_lexer_t* lexer) {
    const uint32_t start = lexer->at;
    uint32_t depth = 0;
    do {
        const char c = peek(lexer, 0);
        if (c == 0) {
            const bc_place_t place = {lexer->source, start, 2};
            bc_error(lexer->diagnostics, place, 23, "this block comment is not closed");
            lexer->is_dead = true;
            return false;
        }
        if (c == '/' && peek(lexer, 1) == '*') {
            depth++;
            lexer->at += 2;
        } else if (c == '*' && peek(lexer, 1) == '/') {
            depth--;
            lexer->at += 2;
        } else {
            lexer->at++;
        }
    } while (depth > 0);
    return true;
}

void bc_skip_space(bc_lexer_t* lexer) {
    while (!lexer->is_dead) {
        const char c = peek(lexer, 0);
        bool is_skipped = false;
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') {
            lexer->at++;
            is_skipped = true;
        } else if (c == '/' && peek(lexer, 1) == '/') {
            is_skipped = skip_line_comment(lexer);
        } else if (c == '/' && peek(lexer, 1) == '*') {
            is_skipped = skip_block_comment(lexer);
        }
        if (!is_skipped) {
            return;
        }
    }
    lexer->at = lexer->source->size;
}

bool bc_at_end(bc_lexer_t* lexer) {
    bc_skip_space(lexer);
    return lexer->at == lexer->source->size;
}

bool bc_at_char(bc_lexer_t* lexer, char c) {
    bc_skip_space(lexer);
    return peek(lexer, 0) == c;
}

static void note_token(bc_lexer_t* lexer, bc_tokens_t* tokens, uint32_t size) {
    if (tokens->count == tokens->capacity) {
        const size_t capacity = tokens->capacity == 0 ? 256 : tokens->capacity * 2;
        bc_token_t* items =
            bc_arena_alloc(lexer->diagnostics->arena, capacity * sizeof(bc_token_t));
        if (tokens->count > 0) {
            memcpy(items, tokens->items, tokens->count * sizeof(bc_token_t));
        }
        tokens->items = items;
        tokens->capacity = capacity;
    }
    tokens->items[tokens->count++] = (bc_token_t){lexer->at, size};
}

// Ends a terminal of `size` bytes.
static void take(bc_lexer_t* lexer, uint32_t size) {
    if (lexer->diagnostics->tokens != NULL) {
        note_token(lexer, lexer->diagnostics->tokens, size);
    }
    lexer->at += size;
    lexer->previous_end = lexer->at;
}

bool bc_take_word(bc_lexer_t* lexer, const char* word) {
    bc_skip_space(lexer);
    const size_t size = strlen(word);
    if (lexer->source->size - lexer->at < size ||
        memcmp(lexer->source->text + lexer->at, word, size) != 0) {
        return false;
    }
    take(lexer, (uint32_t)size);
    return true;
}

// Length of the identifier at `ahead` of the cursor, 0 if there is none. It cannot end with an
// underscore.
static uint32_t identifier_length(const bc_lexer_t* lexer, uint32_t ahead) {
    if (!is_letter(peek(lexer, ahead))) {
        return 0;
    }
    uint32_t end = ahead + 1;
    while (is_letter(peek(lexer, end)) || is_digit(peek(lexer, end)) || peek(lexer, end) == '_') {
        end++;
    }
    while (peek(lexer, end - 1) == '_') {
        end--;
    }
    return end - ahead;
}

static void take_name(bc_lexer_t* lexer, uint32_t size, bc_name_t* out) {
    out->text = (bc_text_t){lexer->source->text + lexer->at, size};
    out->place = (bc_place_t){lexer->source, lexer->at, size};
    take(lexer, size);
}

bool bc_take_identifier(bc_lexer_t* lexer, bc_name_t* out) {
    bc_skip_space(lexer);
    const uint32_t size = identifier_length(lexer, 0);
    if (size == 0) {
        return false;
    }
    take_name(lexer, size, out);
    return true;
}

bool bc_take_name(bc_lexer_t* lexer, bc_name_t* out) {
    bc_skip_space(lexer);
    uint32_t size = identifier_length(lexer, 0);
    if (size == 0) {
        return false;
    }
    while (peek(lexer, size) == '.') {
        const uint32_t next = identifier_length(lexer, size + 1);
        if (next == 0) {
            break;
        }
        size += 1 + next;
    }
    take_name(lexer, size, out);
    return true;
}

static void take_literal(bc_lexer_t* lexer, uint32_t size, bc_literal_t kind, bc_value_t* out) {
    *out = (bc_value_t){.kind = kind, .place = {lexer->source, lexer->at, size}};
    take(lexer, size);
}

bool bc_take_string(bc_lexer_t* lexer, unsigned code, bc_value_t* out) {
    bc_skip_space(lexer);
    if (peek(lexer, 0) != '"') {
        return false;
    }
    uint32_t end = 1;
    for (char c; (c = peek(lexer, end)) != '"'; end++) {
        if (c == 0) {
            return bc_fail_at(lexer, lexer->at, code, "this string is not closed");
        }
        if (c == '\\') {
            end++;
            if (peek(lexer, end) != '"' && peek(lexer, end) != '\\') {
                return bc_fail_at(lexer, lexer->at + end - 1, code,
                                  "in a string a backslash stands before `\"` or `\\` only");
            }
        }
    }
    if (end == 1) {
        return bc_fail_at(lexer, lexer->at, code, "a string cannot be empty");
    }
    const bc_text_t body = {lexer->source->text + lexer->at + 1, end - 1};
    take_literal(lexer, end + 1, BC_LITERAL_STRING, out);
    out->text = body;
    return true;
}

// Reads digits from `ahead`; returns where they end. *out_fits tells whether the number fits in 64
// bits.
static uint32_t read_digits(const bc_lexer_t* lexer, uint32_t ahead, unsigned base, uint64_t* out,
                            bool* out_fits) {
    uint64_t number = 0;
    *out_fits = true;
    for (int digit; (digit = hex_value(peek(lexer, ahead))) >= 0 && (unsigned)digit < base;
         ahead++) {
        if (number > (UINT64_MAX - (unsigned)digit) / base) {
            *out_fits = false;
        } else {
            number = number * base + (unsigned)digit;
        }
    }
    *out = number;
    return ahead;
}

bool bc_take_number(bc_lexer_t* lexer, unsigned code, bc_value_t* out) {
    bc_skip_space(lexer);
    if (!is_digit(peek(lexer, 0))) {
        return false;
    }
    const bool is_hex =
        peek(lexer, 0) == '0' && peek(lexer, 1) == 'x' && hex_value(peek(lexer, 2)) >= 0;
    uint64_t number;
    bool fits;
    const uint32_t end = is_hex ? read_digits(lexer, 2, 16, &number, &fits)
                                : read_digits(lexer, 0, 10, &number, &fits);
    if (!fits) {
        return bc_fail_at(lexer, lexer->at, code, "this number does not fit in 64 bits");
    }
    take_literal(lexer, end, BC_LITERAL_NUMBER, out);
    out->number = number;
    return true;
}

bool bc_take_bool(bc_lexer_t* lexer, bc_value_t* out) {
    bc_skip_space(lexer);
    const uint32_t start = lexer->at;
    const bool is_true = bc_take_word(lexer, "true");
    if (!is_true && !bc_take_word(lexer, "false")) {
        return false;
    }
    *out = (bc_value_t){.kind = BC_LITERAL_BOOL,
                        .place = {lexer->source, start, lexer->at - start},
                        .boolean = is_true};
    return true;
}
