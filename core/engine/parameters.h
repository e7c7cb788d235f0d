/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parameters.h - drivers and their parameters as people write them on a command line:
 *
 *     key=value        one word, or a bare word for the parameter that may stand alone
 *     NAME             a driver without parameters
 *     NAME:WORD,WORD   a driver with words as above; "\," is a comma within a word
 */
#ifndef CORE_ENGINE_PARAMETERS_H
#define CORE_ENGINE_PARAMETERS_H

#include "catalog/catalog.h"
#include "driver/instance.h"

/* Adds the word to `pairs` in the form in which to keep it: checked, paths made absolute.
 * Errors as instance_set. */
int parameters_add_word(const struct driver *driver, const char *word,
                        struct catalog_pairs *pairs, struct error *e);

/* A driver's name and the words behind it.  `{0}` is empty. */
struct driver_words {
    char *driver;
    char **words;
    size_t count;
};
/* USAGE when `text` is not of the form above. */
int driver_words_parse(const char *text, struct driver_words *words, struct error *e);
void driver_words_clear(struct driver_words *words);
/* All words as parameters. */
int driver_words_parameters(const struct driver_words *words, const struct driver *driver,
                            struct catalog_pairs *pairs, struct error *e);

#endif
