/* SPDX-License-Identifier: Apache-2.0 */
/* help.c - help text from the tables of commands and options. */
#include "cli/session.h"

#include "engine/source_settings.h"
#include "policy/batch_rules.h"
#include "policy/inventory_rules.h"
#include "policy/migrate_rules.h"
#include "policy/object_rules.h"

#include <stdio.h>
#include <string.h>

enum { COMMAND_COLUMN = 34, OPTION_COLUMN = 30 };

static void print_option(struct output *o, const struct option_row *row)
{
    char left[64];
    char letter[8] = "    ";
    if (row->letter)
        snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    snprintf(left, sizeof(left), "%s--%s%s%s", letter, row->name, row->value ? " " : "",
             row->value ? row->value : "");
    output_line(o, "  %-*s %s%s", OPTION_COLUMN, left, row->help,
                row->marks & OPTION_REPEATED && row->value ? " (repeatable)" : "");
}

static void print_options(struct output *o, const char *title, option_set options)
{
    if (!options)
        return;
    output_line(o, "%s", "");
    output_line(o, "%s", title);
    for (int i = 0; i < OPTION_COUNT; i++) {
        if (options & OPTION_BIT(i))
            print_option(o, &option_rows[i]);
    }
}

/* A text of several lines. */
static void print_lines(struct output *o, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");
        output_line(o, "%.*s", (int)length, text);
        text += length + (text[length] == '\n');
    }
}

/* The settings of policies, or those of them that sources have. */
static void print_settings(struct output *o, const struct command *command)
{
    static const struct {
        unsigned kinds;
        const char *value, *help;
    } rows[POLICY_SETTING_COUNT] = {
#define X(symbol, name, kinds, value, help) {kinds, value, help},
        POLICY_SETTINGS(X)
#undef X
    };
    bool source = command->kind == OPERAND_SOURCE_SET;
    if (!source && (command->most < 2 ||
                    (command->kind != OPERAND_POLICY && command->kind != OPERAND_POLICY_NEW)))
        return;
    output_line(o, "%s", "");
    output_line(o, "%s", "settings:");
    for (int i = 0; i < POLICY_SETTING_COUNT; i++) {
        char left[64];
        if (source && !source_setting_is((enum policy_setting)i))
            continue;
        snprintf(left, sizeof(left), "%s=%s", policy_setting_name((enum policy_setting)i),
                 rows[i].value);
        output_line(o, "  %-*s %s%s", OPTION_COLUMN, left, rows[i].help,
                    rows[i].kinds == POLICY_FOR_REPLICATION ? " (replication)" : "");
    }
}

static void print_rule_settings(struct output *o, const struct command *command)
{
    static const char *const rows[][2] = {
#define X(symbol, name, value, help) {name "=" value, help},
        OBJECT_RULE_SETTINGS(X)
#undef X
    };
    if (command->kind != OPERAND_RULE_NEW && command->kind != OPERAND_RULE_EDIT)
        return;
    output_line(o, "%s", "");
    output_line(o, "%s", "settings:");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        output_line(o, "  %-*s %s", OPTION_COLUMN, rows[i][0], rows[i][1]);
}

static void print_migrate_settings(struct output *o, const struct command *command)
{
    if (command->kind != OPERAND_MIGRATION_NEW)
        return;
    output_line(o, "%s", "");
    output_line(o, "%s", "settings:");
    for (int i = 0; i < MIGRATE_SETTING_COUNT; i++) {
        enum migrate_setting setting = (enum migrate_setting)i;
        const char *name = migrate_setting_name(setting);
        char left[96];
        snprintf(left, sizeof(left), "%s%s=%s", name,
                 name[strlen(name) - 1] == ':' ? "NAME" : "",
                 migrate_setting_placeholder(setting));
        output_line(o, "  %-*s %s", OPTION_COLUMN, left, migrate_setting_help(setting));
    }
}

static void print_setting(struct output *o, const char *name, const char *placeholder,
                          const char *help)
{
    char left[96];
    bool family = name[strlen(name) - 1] == ':';
    snprintf(left, sizeof(left), "%s%s=%s", name, family ? "NAME" : "", placeholder);
    output_line(o, "  %-*s %s", OPTION_COLUMN, left, help);
}

static void print_object_settings(struct output *o, const struct command *command)
{
    if (command->kind != OPERAND_INVENTORY_NEW && command->kind != OPERAND_BATCH_NEW)
        return;
    output_line(o, "%s", "");
    output_line(o, "%s", "settings:");
#define X(symbol, name, placeholder, help) print_setting(o, name, placeholder, help);
    if (command->kind == OPERAND_INVENTORY_NEW) {
        INVENTORY_SETTINGS(X)
    } else {
        BATCH_SETTINGS(X)
    }
#undef X
}

static void print_command(struct output *o, const struct command *command)
{
    output_line(o, "usage: lagan %s%s%s%s", command->words, command->operands[0] ? " " : "",
                command->operands, " [OPTION...]");
    output_line(o, "%s", "");
    output_line(o, "%s", command->summary);
    if (command->details) {
        output_line(o, "%s", "");
        print_lines(o, command->details);
    }
    print_settings(o, command);
    print_rule_settings(o, command);
    print_migrate_settings(o, command);
    print_object_settings(o, command);
    print_options(o, "options:", command->options);
    print_options(o, "options of every command:", command_global_options());
}

static void print_commands(struct output *o, const char *words)
{
    size_t length = strlen(words);
    for (size_t i = 0; i < command_count; i++) {
        const struct command *command = &command_rows[i];
        char left[128];
        bool below = strncmp(command->words, words, length) == 0 &&
                     (length == 0 || command->words[length] == ' ');
        if (!below)
            continue;
        snprintf(left, sizeof(left), "%s %s", command->words, command->operands);
        output_line(o, "  %-*s %s", COMMAND_COLUMN, left, command->summary);
    }
}

void help_print(struct output *o, const char *words)
{
    const struct command *command = command_find(words);
    if (command) {
        print_command(o, command);
        return;
    }
    output_line(o, "usage: lagan %s%sCOMMAND [OPTION...]", words, words[0] ? " " : "");
    output_line(o, "%s", "");
    print_commands(o, words);
    print_options(o, "options of every command:", command_global_options());
    output_line(o, "%s", "");
    output_line(o, "SECRET is file:PATH, fd:NUMBER, command:LINE or credential:NAME, never the "
                   "secret itself.");
    output_line(o, "BACKUP is an id (may be abbreviated), a name, latest or latest~N.");
    output_line(o, "See lagan(1), lagan.conf(5), and one page for each driver in section 7.");
}

int command_help(struct session *s, struct error *e)
{
    char words[COMMAND_WORDS_SIZE] = "";
    for (size_t i = 0; i < s->arguments.operand_count; i++) {
        size_t used = strlen(words);
        snprintf(words + used, sizeof(words) - used, "%s%s", used ? " " : "",
                 s->arguments.operands[i]);
    }
    if (words[0] && !command_find(words) && !command_is_group(words))
        return error_set(e, LAGAN_INVALID, ERROR_USAGE, "there is no command \"%s\"", words);
    help_print(&s->output, words);
    return 0;
}
