/* SPDX-License-Identifier: Apache-2.0 */
/*
 * glob.h - one component of a rule: a word with * ? [...] and \ escapes, compiled once.
 * Byte-based.  Private to the selection rules.
 */
#ifndef CORE_POLICY_GLOB_H
#define CORE_POLICY_GLOB_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct glob_piece;
struct glob_set;

/* A compiled word.  Made by glob_compile, freed by glob_clear; `{0}` matches the empty word. */
struct glob {
    struct glob_piece *pieces;
    size_t count;
    struct glob_set *sets;
    size_t set_count;
    uint8_t *literal; /* the bytes of a word without * ? [...]; NULL otherwise */
};

/* Compiles `size` bytes.  On failure `*why` is a few words: an open bracket, a backslash at the
 * end, no memory (NULL). */
int glob_compile(struct glob *g, const char *text, size_t size, const char **why);
void glob_clear(struct glob *g);

/* Whether the whole word matches.  At most (pieces x size) steps. */
bool glob_match(const struct glob *g, const uint8_t *word, size_t size);

#endif
