/* SPDX-License-Identifier: Apache-2.0 */
/* parameters.c - words of a command line become names and values. */
#include "engine/parameters.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

static const char name_letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";

/* The length of the name in front of the first '=', or 0 when the word is a bare one.  The
 * same rule as that of instance_set_word. */
static size_t name_length(const char *word)
{
    size_t length = strspn(word, name_letters);
    bool named = word[length] == '=' && word[0] >= 'a' && word[0] <= 'z';
    return named ? length : 0;
}

static int add_value(const struct driver *driver, const char *name, const char *value,
                     struct catalog_pairs *pairs, struct error *e)
{
    struct buffer kept CLEANUP_BUFFER = BUFFER_INIT;
    const struct lagan_parameter *row = driver_parameter_find(driver, name);
    if (instance_check_value(driver, name, value, &kept, e) != 0)
        return -1;
    if (row && !(row->flags & LAGAN_PARAMETER_REPEATABLE) && catalog_pairs_find(pairs, name))
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "%s: parameter %s is given twice, and takes one value",
                         driver_name(driver), name);
    buffer_append_u8(&kept, 0);
    if (buffer_check(&kept, e) != 0)
        return -1;
    return catalog_pairs_add(pairs, name, (const char *)kept.data, e);
}

int parameters_add_word(const struct driver *driver, const char *word,
                        struct catalog_pairs *pairs, struct error *e)
{
    size_t length = name_length(word);
    if (length > 0) {
        char *name CLEANUP_TEXT = strndup(word, length);
        if (!name)
            return error_no_memory(e, "a parameter");
        return add_value(driver, name, word + length + 1, pairs, e);
    }
    const struct lagan_parameter *bare = driver_parameter_marked(driver, LAGAN_PARAMETER_BARE);
    if (!bare)
        return error_set(e, LAGAN_INVALID, ERROR_PARAMETER,
                         "%s: \"%s\" is not of the form key=value", driver_name(driver), word);
    return add_value(driver, bare->name, word, pairs, e);
}

/* Adds the word that starts at `text` to `words`; what follows its comma (or the end) goes to
 * `*rest`. */
static int take_word(const char *text, struct driver_words *words, const char **rest,
                     struct error *e)
{
    size_t length = 0;
    char *word = malloc(strlen(text) + 1);
    if (!word)
        return error_no_memory(e, "a parameter");
    for (; *text && *text != ','; text++) {
        if (text[0] == '\\' && text[1] == ',')
            text++;
        word[length++] = *text;
    }
    word[length] = '\0';
    *rest = *text ? text + 1 : text;
    char **more = realloc(words->words, (words->count + 1) * sizeof(*more));
    if (!more) {
        free(word);
        return error_no_memory(e, "a parameter");
    }
    words->words = more;
    words->words[words->count++] = word;
    return 0;
}

int driver_words_parse(const char *text, struct driver_words *words, struct error *e)
{
    struct driver_words made = {0};
    size_t length = strcspn(text, ":");
    const char *rest = text[length] ? text + length + 1 : text + length;
    if (length == 0)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "\"%s\" is not of the form DRIVER:key=value,key=value", text);
    made.driver = strndup(text, length);
    if (!made.driver)
        return error_no_memory(e, "the name of a driver");
    while (*rest) {
        if (take_word(rest, &made, &rest, e) != 0) {
            driver_words_clear(&made);
            return -1;
        }
    }
    *words = made;
    return 0;
}

void driver_words_clear(struct driver_words *words)
{
    for (size_t i = 0; i < words->count; i++)
        free(words->words[i]);
    free(words->words);
    free(words->driver);
    *words = (struct driver_words){0};
}

int driver_words_parameters(const struct driver_words *words, const struct driver *driver,
                            struct catalog_pairs *pairs, struct error *e)
{
    for (size_t i = 0; i < words->count; i++) {
        if (parameters_add_word(driver, words->words[i], pairs, e) != 0)
            return -1;
    }
    return 0;
}
