/* SPDX-License-Identifier: Apache-2.0 */
/* arguments.c - see arguments.h.  Names of options are never abbreviated: what is clear today
 * may not be tomorrow. */
#include "cli/arguments.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The place in a command line. */
struct scan {
    struct arguments *arguments;
    const char *const *argv;
    int count;
    int next;
    bool only_operands; /* behind "--" */
};

static option_set allowed(const struct arguments *a)
{
    return a->command ? a->command->options : 0;
}

bool arguments_given(const struct arguments *a, enum option option)
{
    return arguments_count(a, option) > 0;
}

unsigned arguments_count(const struct arguments *a, enum option option)
{
    unsigned count = 0;
    for (size_t i = 0; i < a->option_count; i++)
        count += a->options[i].option == option;
    return count;
}

const char *arguments_value(const struct arguments *a, enum option option)
{
    for (size_t i = 0; i < a->option_count; i++) {
        if (a->options[i].option == option)
            return a->options[i].value;
    }
    return NULL;
}

int arguments_rules(const struct arguments *a, struct catalog_pairs *rules, struct error *e)
{
    const option_set kinds = OPTION_BIT(OPTION_EXCLUDE) | OPTION_BIT(OPTION_INCLUDE) |
                             OPTION_BIT(OPTION_EXCLUDE_FROM) | OPTION_BIT(OPTION_INCLUDE_FROM);
    for (size_t i = 0; i < a->option_count; i++) {
        const struct argument *argument = &a->options[i];
        if ((kinds & OPTION_BIT(argument->option)) &&
            catalog_pairs_add(rules, option_rows[argument->option].name, argument->value, e) !=
                0)
            return -1;
    }
    return 0;
}

void arguments_clear(struct arguments *a)
{
    free(a->options);
    free(a->operands);
    a->options = NULL;
    a->operands = NULL;
    a->option_count = a->operand_count = 0;
}

static int keep_option(struct scan *scan, int option, const char *value, struct error *e)
{
    struct arguments *a = scan->arguments;
    const struct option_row *row = &option_rows[option];
    if (!(row->marks & OPTION_REPEATED) && arguments_given(a, (enum option)option))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--%s is given twice", row->name);
    a->options[a->option_count++] = (struct argument){(enum option)option, value};
    return 0;
}

static int unknown_option(const struct arguments *a, const char *name, size_t length,
                          struct error *e)
{
    char written[40];
    const char *nearest = NULL;
    size_t least = 3;
    snprintf(written, sizeof(written), "%.*s", (int)(length < 39 ? length : 39), name);
    /* Of a command, as its name shows: only the place is wrong. */
    for (int i = 0; i < OPTION_COUNT && !a->command; i++)
        least = strcmp(option_rows[i].name, written) == 0 ? 0 : least;
    for (int i = 0; i < OPTION_COUNT; i++) {
        bool takes = ((allowed(a) | command_global_options()) & OPTION_BIT(i)) != 0;
        if (takes && text_distance(written, option_rows[i].name) < least) {
            least = text_distance(written, option_rows[i].name);
            nearest = option_rows[i].name;
        }
    }
    const char *where = a->words[0] ? a->words : "lagan";
    if (nearest)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "%s has no option --%s; did you mean --%s?", where, written, nearest);
    return error_set(e, LAGAN_INVALID, ERROR_USAGE, "%s has no option --%s%s", where, written,
                     a->command ? "" : " in front of a command");
}

/* "--name", "--name=value", "--name value". */
static int take_long(struct scan *scan, const char *text, struct error *e)
{
    size_t length = strcspn(text, "=");
    const char *value = text[length] ? text + length + 1 : NULL;
    int option = command_option(allowed(scan->arguments), text, length);
    if (option < 0)
        return unknown_option(scan->arguments, text, length, e);
    const struct option_row *row = &option_rows[option];
    if (!row->value && value)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--%s takes no value", row->name);
    if (row->value && !value) {
        const char *next = scan->next < scan->count ? scan->argv[scan->next] : NULL;
        if (next && next[0] == '-' && next[1])
            return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                             "--%s needs a value; write --%s=%s if that is the value",
                             row->name, row->name, next);
        value = next;
        scan->next++;
    }
    if (row->value && (!value || !value[0]))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "--%s needs a value: %s", row->name,
                         row->value);
    return keep_option(scan, option, value, e);
}

/* "-lR": flags only. */
static int take_letters(struct scan *scan, const char *letters, struct error *e)
{
    for (; *letters; letters++) {
        int option = command_letter(allowed(scan->arguments), *letters);
        if (option < 0)
            return error_set(e, LAGAN_INVALID, ERROR_USAGE, "%s has no option -%c",
                             scan->arguments->words[0] ? scan->arguments->words : "lagan",
                             *letters);
        if (keep_option(scan, option, NULL, e) != 0)
            return -1;
    }
    return 0;
}

static int unknown_command(struct arguments *a, const char *word, struct error *e)
{
    a->unknown = true;
    if (a->words[0])
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "%s has no verb \"%s\"", a->words,
                         word);
    return error_set(e, LAGAN_INVALID, ERROR_USAGE, "there is no command \"%s\"", word);
}

/* One more word of the command. */
static int take_word(struct scan *scan, const char *word, struct error *e)
{
    struct arguments *a = scan->arguments;
    char longer[COMMAND_WORDS_SIZE];
    int length =
        snprintf(longer, sizeof(longer), "%s%s%s", a->words, a->words[0] ? " " : "", word);
    if (length < 0 || (size_t)length >= sizeof(longer) || !word[0] || strchr(word, ' '))
        return unknown_command(a, word, e);
    const struct command *command = command_find(longer);
    if (!command && !command_is_group(longer))
        return unknown_command(a, word, e);
    memcpy(a->words, longer, sizeof(longer));
    a->command = command;
    return 0;
}

static int take(struct scan *scan, const char *text, struct error *e)
{
    struct arguments *a = scan->arguments;
    bool option = !scan->only_operands && text[0] == '-' && text[1];
    if (option && strcmp(text, "--") == 0) {
        scan->only_operands = true;
        return 0;
    }
    if (option && text[1] == '-')
        return take_long(scan, text + 2, e);
    if (option)
        return take_letters(scan, text + 1, e);
    if (!a->command)
        return take_word(scan, text, e);
    a->operands[a->operand_count++] = text;
    return 0;
}

static int check_whole(const struct arguments *a, struct error *e)
{
    if (arguments_given(a, OPTION_HELP) || arguments_given(a, OPTION_VERSION))
        return 0;
    if (!a->command && a->words[0])
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "%s needs a verb", a->words);
    if (!a->command)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "no command is given");
    if (a->operand_count < a->command->least)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "%s needs %s", a->words,
                         a->command->operands);
    if (a->operand_count > a->command->most)
        return error_set(e, LAGAN_INVALID, ERROR_USAGE,
                         "%s does not know what to do with \"%s\"", a->words,
                         a->operands[a->command->most]);
    for (size_t i = 0; i < a->operand_count; i++) {
        if (!a->operands[i][0])
            return error_set(e, LAGAN_INVALID, ERROR_USAGE, "an operand of %s is empty",
                             a->words);
    }
    return 0;
}

/* The mistake too is to be told in the form that was asked for. */
static void find_json(struct scan *scan)
{
    struct error ignored = ERROR_INIT;
    for (; scan->next < scan->count; scan->next++) {
        if (strcmp(scan->argv[scan->next], "--json") == 0)
            keep_option(scan, OPTION_JSON, NULL, &ignored);
    }
}

int arguments_parse(int argc, const char *const argv[], struct arguments *a, struct error *e)
{
    struct scan scan = {.arguments = a, .argv = argv, .count = argc, .next = 1};
    *a = (struct arguments){0};
    size_t room = argc > 0 ? (size_t)argc : 1;
    /* One letter of a cluster is one option: count them all. */
    for (int i = 1; i < argc; i++)
        room += argv[i][0] == '-' ? strlen(argv[i]) : 0;
    a->options = calloc(room, sizeof(*a->options));
    a->operands = calloc(room, sizeof(*a->operands));
    if (!a->options || !a->operands)
        return error_no_memory(e, "the arguments");
    while (scan.next < argc) {
        const char *text = argv[scan.next++];
        if (take(&scan, text, e) != 0) {
            find_json(&scan);
            return -1;
        }
    }
    return check_whole(a, e);
}
