/* SPDX-License-Identifier: Apache-2.0 */
/* arguments.h - a command line, taken apart. */
#ifndef CORE_CLI_ARGUMENTS_H
#define CORE_CLI_ARGUMENTS_H

#include "cli/command.h"

#include "catalog/catalog.h"

enum { COMMAND_WORDS_SIZE = 64 };

struct argument {
    enum option option;
    const char *value; /* NULL for a flag; points into argv */
};

/* Options in the order in which they were given.  `{0}` is empty. */
struct arguments {
    char words[COMMAND_WORDS_SIZE]; /* of the command, as far as given */
    const struct command *command;  /* NULL when `words` is none (yet) */
    bool unknown;                   /* what follows `words` is no command's word */
    struct argument *options;
    size_t option_count;
    const char **operands;
    size_t operand_count;
};

/*
 * Takes `argv` apart.  USAGE for what cannot be; the words so far stand in `arguments` then
 * too, for the hint.  --help and --version excuse a missing command and missing operands.  The
 * arguments must be cleared in any case and point into `argv`.
 */
int arguments_parse(int argc, const char *const argv[], struct arguments *arguments,
                    struct error *e);
void arguments_clear(struct arguments *arguments);

bool arguments_given(const struct arguments *arguments, enum option option);
/* How often. */
unsigned arguments_count(const struct arguments *arguments, enum option option);
/* The value, or NULL. */
const char *arguments_value(const struct arguments *arguments, enum option option);
/* The rules among the options, in their order, as engine/rules.h wants them. */
int arguments_rules(const struct arguments *arguments, struct catalog_pairs *rules,
                    struct error *e);

#endif
