// SPDX-License-Identifier: MIT
// From the schema's names to C identifiers.
#include "model.h"

#include <ctype.h>
#include <string.h>

static void append(c_name_t* name, const char* text) {
    size_t used = strlen(name->text);
    for (size_t i = 0; text[i] != '\0' && used + 1 < sizeof(name->text); i++) {
        name->text[used++] = text[i];
    }
    name->text[used] = '\0';
}

c_name_t name_join(const char* first, const char* second, const char* third) {
    c_name_t name = {{0}};
    append(&name, first);
    append(&name, second);
    append(&name, third);
    return name;
}

c_name_t name_last(const char* full_name) {
    const char* dot = strrchr(full_name, '.');
    return name_join(dot == NULL ? full_name : dot + 1, "", "");
}

c_name_t name_prefix(const char* full_name) {
    const char* end = strrchr(full_name, '.');
    const char* start = end == NULL ? full_name : end;
    while (start > full_name && start[-1] != '.') {
        start--;
    }
    c_name_t name;
    const int length = end == NULL ? 0 : (int)(end - start);
    snprintf(name.text, sizeof(name.text), "%.*s", length, start);
    return name;
}

// An underscore goes before a capital that starts a word: after a small letter or a digit, or as
// the last of several capitals (PCIRoot -> pci_root).
static bool starts_word(const char* camel, size_t i) {
    if (i == 0 || !isupper((unsigned char)camel[i]) || camel[i - 1] == '_') {
        return false;
    }
    return !isupper((unsigned char)camel[i - 1]) || islower((unsigned char)camel[i + 1]);
}

static c_name_t name_words(const char* camel, int (*letter)(int)) {
    c_name_t name;
    size_t used = 0;
    for (size_t i = 0; camel[i] != '\0' && used + 2 < sizeof(name.text); i++) {
        if (starts_word(camel, i)) {
            name.text[used++] = '_';
        }
        name.text[used++] = (char)letter((unsigned char)camel[i]);
    }
    name.text[used] = '\0';
    return name;
}

c_name_t name_snake(const char* camel) {
    return name_words(camel, tolower);
}

c_name_t name_upper(const char* camel) {
    return name_words(camel, toupper);
}

c_name_t name_type(const char* full_name) {
    return name_join(name_prefix(full_name).text, "_", name_snake(name_last(full_name).text).text);
}

c_name_t name_type_upper(const char* full_name) {
    return name_upper(name_type(full_name).text);
}

c_name_t name_method(const model_service_t* service, const model_method_t* method) {
    return name_join(name_type(service->name).text, "_", name_snake(method->name).text);
}

c_name_t name_ordinal(const model_service_t* service, const model_method_t* method) {
    return name_join(name_upper(name_method(service, method).text).text, "_ORDINAL", "");
}

bool name_is_keyword(const char* name) {
    static const char* const keywords[] = {
        "alignas",  "alignof",  "asm",     "auto",   "bool",   "break",    "case",   "char",
        "const",    "continue", "default", "do",     "double", "else",     "enum",   "extern",
        "false",    "float",    "for",     "goto",   "if",     "inline",   "int",    "long",
        "register", "restrict", "return",  "short",  "signed", "sizeof",   "static", "struct",
        "switch",   "true",     "typedef", "typeof", "union",  "unsigned", "void",   "volatile",
        "while",    "linux",    "unix",
    };
    for (size_t i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++) {
        if (strcmp(name, keywords[i]) == 0) {
            return true;
        }
    }
    return false;
}
