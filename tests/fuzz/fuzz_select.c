/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_select.c - any bytes as rules, and any bytes as the key they are asked about: lines of
 * rules, a zero byte, the key.
 */
#include "base/buffer.h"
#include "base/object.h"
#include "fuzz.h"
#include "policy/select.h"

#include <string.h>

const char fuzz_name[] = "select";
const char *const fuzz_words[] = {"**/",  "/**", "*",           "?", "[a-z]", "[!",
                                  "[^]]", "]",   "\\",          "!", "/",     "\n",
                                  "# ",   " ",   "[[:alpha:]]", "a", "b/c",   NULL};

static void add_case(fuzz_add_function *add, void *context, const char *rules, const char *key,
                     size_t key_size)
{
    char input[256];
    size_t size = strlen(rules) + 1;

    memcpy(input, rules, size);
    memcpy(input + size, key, key_size);
    add(context, input, size + key_size);
}

#define CASE(rules, key) add_case(add, context, rules, key, sizeof(key) - 1)

/* A rule of `parts` parts, and a key of `depth` components. */
static void add_deep(fuzz_add_function *add, void *context, const char *part, size_t parts,
                     size_t depth)
{
    struct buffer input CLEANUP_BUFFER = BUFFER_INIT;

    for (size_t i = 0; i < parts; i++)
        buffer_append(&input, part, strlen(part));
    buffer_append(&input, "a\n", 3);
    for (size_t i = 0; i < depth; i++)
        buffer_append(&input, "a", 2);
    add(context, input.data, input.size - 1);
}

void fuzz_seeds(fuzz_add_function *add, void *context)
{
    CASE("*.o\n!keep.o\n", "src\0keep.o");
    CASE("/build/\n**/cache/**\n", "a\0cache\0b");
    CASE("[a-c]x[!d]?\\*\n", "bxe1*");
    CASE("a/**/b\n# comment\n\n   \n", "a\0x\0y\0b");
    CASE("*a*a*a*a*a*a*a*a*b\n", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    CASE("", "");
    add_deep(add, context, "a/", 100, 90);
    add_deep(add, context, "**/", 200, 300);
    add_deep(add, context, "*/", 130, 130);
}

/* The answer and its explanation agree; what is skipped is skipped with all below it. */
static void ask(const struct select_rules *rules, const uint8_t *key, size_t size)
{
    struct select_reason reason;

    for (int directory = 0; directory < 2; directory++) {
        enum select_answer answer = select_match(rules, key, size, directory != 0);
        ASSERT(answer == select_explain(rules, key, size, directory != 0, &reason));
        ASSERT(reason.key_size <= size);
    }
    size_t looked = 0;
    for (size_t i = 0; i < size && looked < 16; i++) {
        if (key[i] != 0)
            continue;
        looked++;
        if (select_match(rules, key, i, true) == SELECT_SKIP)
            ASSERT(select_match(rules, key, size, false) == SELECT_SKIP);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    size_t text = end != NULL ? (size_t)(end - data) : size;
    size_t behind = end != NULL ? text + 1 : size;
    size_t key_size = size - behind < 4096 ? size - behind : 4096;
    struct error e = ERROR_INIT;

    for (int kind = SELECT_EXCLUDE; kind <= SELECT_INCLUDE; kind++) {
        struct select_rules *rules = select_rules_new(
            kind == SELECT_INCLUDE ? SELECT_DEFAULT_BY_RULES : SELECT_DEFAULT_TAKE, &e);
        ASSERT(rules != NULL);
        int result =
            select_rules_add_lines(rules, data, text, (enum select_kind)kind, "input", &e);
        fuzz_outcome(result == 0 ? NULL : &e);
        ask(rules, data + behind, key_size);
        select_rules_free(rules);
    }
    return 0;
}
