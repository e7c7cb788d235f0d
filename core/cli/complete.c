/* SPDX-License-Identifier: Apache-2.0 */
/*
 * complete.c - what could stand next on a command line, for the completion of shells.
 *
 * The shell calls `lagan --complete WORD...`, where the last word is the one to complete, and
 * gets one candidate on each line.  Nothing is ever said of what fails: a person is typing.
 */
#include "cli/session.h"

#include "base/text.h"
#include "catalog/batch.h"
#include "catalog/inventory.h"
#include "catalog/migrate.h"
#include "catalog/object_rule.h"
#include "catalog/policy.h"
#include "engine/restore.h"
#include "engine/source_settings.h"
#include "policy/batch_rules.h"
#include "policy/inventory_rules.h"
#include "policy/migrate_rules.h"
#include "policy/object_rules.h"
#include "policy/vault_rules.h"
#include "vault/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A completion at work. */
struct completion {
    struct session *session;
    const char *word;  /* so far */
    const char *front; /* what stands in front of it in its word: "--vault=" */
    size_t front_size;
    const struct command *command;
    char words[COMMAND_WORDS_SIZE];
};

static void candidate(struct completion *c, const char *text)
{
    if (strncmp(text, c->word, strlen(c->word)) == 0)
        output_line(&c->session->output, "%.*s%s", (int)c->front_size, c->front, text);
}

static void complete_options(struct completion *c)
{
    option_set options = command_global_options() | (c->command ? c->command->options : 0);
    for (int i = 0; i < OPTION_COUNT; i++) {
        char text[64];
        snprintf(text, sizeof(text), "--%s", option_rows[i].name);
        if (options & OPTION_BIT(i))
            candidate(c, text);
    }
}

/* The next words of commands that start with those so far. */
static void complete_command(struct completion *c)
{
    size_t length = strlen(c->words);
    char last[COMMAND_WORDS_SIZE] = "";
    for (size_t i = 0; i < command_count; i++) {
        const char *words = command_rows[i].words;
        char next[COMMAND_WORDS_SIZE];
        if (length > 0 && (strncmp(words, c->words, length) != 0 || words[length] != ' '))
            continue;
        words += length + (length > 0);
        snprintf(next, sizeof(next), "%.*s", (int)strcspn(words, " "), words);
        if (strcmp(next, last) != 0)
            candidate(c, next);
        memcpy(last, next, sizeof(last));
    }
}

static int offer_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    (void)e;
    candidate(context, row->name);
    return 0;
}

static int offer_mirror(void *context, const struct catalog_vault *row, struct error *e)
{
    return row->role == CATALOG_ROLE_MIRROR ? offer_vault(context, row, e) : 0;
}

static int offer_source(void *context, const struct catalog_source *row, struct error *e)
{
    (void)e;
    candidate(context, row->name);
    return 0;
}

static int offer_policy(void *context, const struct catalog_policy *row, struct error *e)
{
    (void)e;
    candidate(context, row->name);
    return 0;
}

/* "keep-count=": the value is for people to say. */
static void offer_settings(struct completion *c, bool (*offered)(enum policy_setting setting))
{
    for (int i = 0; i < POLICY_SETTING_COUNT; i++) {
        char text[64];
        snprintf(text, sizeof(text), "%s=", policy_setting_name((enum policy_setting)i));
        if (!offered || offered((enum policy_setting)i))
            candidate(c, text);
    }
}

static void offer_kinds(struct completion *c)
{
#define X(symbol, name) candidate(c, name);
    CATALOG_POLICY_KINDS(X)
#undef X
}

static int offer_backup(void *context, const struct catalog_backup *row, struct error *e)
{
    (void)e;
    candidate(context, row->id);
    if (row->name[0])
        candidate(context, row->name);
    return 0;
}

static int offer_task(void *context, const struct catalog_task *row, struct error *e)
{
    (void)e;
    candidate(context, row->id);
    return 0;
}

static void offer_regions(struct completion *c)
{
    const struct config *config = setup_config(c->session->setup);
    for (size_t i = 0; i < config->region_count; i++)
        candidate(c, config->regions[i].name);
}

static void offer_drivers(struct completion *c)
{
    const struct config *config = setup_config(c->session->setup);
    for (size_t i = 0; i < config->driver_count; i++)
        candidate(c, config->drivers[i]);
}

static int offer_migration(void *context, const struct catalog_migration *row, struct error *e)
{
    (void)e;
    candidate(context, row->name);
    return 0;
}

/* Behind the name stand two sources, then settings. */
static void offer_migration_words(struct completion *c, size_t before)
{
    struct error ignored = ERROR_INIT;
    if (before < 3)
        catalog_source_list(session_catalog(c->session), offer_source, c, &ignored);
    for (int i = 0; before >= 3 && i < MIGRATE_SETTING_COUNT; i++) {
        const char *name = migrate_setting_name((enum migrate_setting)i);
        char text[64];
        snprintf(text, sizeof(text), "%s%s", name, name[strlen(name) - 1] == ':' ? "" : "=");
        candidate(c, text);
    }
}

static void offer_rules(struct completion *c)
{
    struct catalog_object_rule **rows = NULL;
    struct error ignored = ERROR_INIT;
    size_t count = 0;
    if (catalog_object_rule_all(session_catalog(c->session), NULL, &rows, &count, &ignored) !=
        0)
        return;
    for (size_t i = 0; i < count; i++)
        candidate(c, rows[i]->name);
    catalog_object_rule_all_free(rows, count);
}

/* Behind the name stand, for a new one, two sources, then settings. */
static void offer_rule_words(struct completion *c, size_t before, bool is_new)
{
    struct error ignored = ERROR_INIT;
    if (is_new && before < 3)
        catalog_source_list(session_catalog(c->session), offer_source, c, &ignored);
    for (int i = 0; (!is_new || before >= 3) && i < OBJECT_RULE_SETTING_COUNT; i++) {
        char text[64];
        snprintf(text, sizeof(text),
                 "%s=", object_rule_setting_name((enum object_rule_setting)i));
        candidate(c, text);
    }
}

static int offer_inventory(void *context, const struct catalog_inventory *row, struct error *e)
{
    (void)e;
    candidate(context, row->name);
    return 0;
}

static int offer_batch(void *context, const struct catalog_batch *row, struct error *e)
{
    char id[2 * CATALOG_ID_SIZE + 1];
    (void)e;
    text_hex(row->id, CATALOG_ID_SIZE, id);
    candidate(context, id);
    return 0;
}

/* "to=", and "meta:" for a setting that is the start of many. */
static void offer_setting(struct completion *c, const char *name)
{
    char text[64];
    snprintf(text, sizeof(text), "%s%s", name, name[strlen(name) - 1] == ':' ? "" : "=");
    candidate(c, text);
}

/* Two operands that are a source (or a free name and a source), then settings. */
static void offer_object_words(struct completion *c, enum operand_kind kind, size_t before)
{
    struct error ignored = ERROR_INIT;
    if (before < 2) {
        catalog_source_list(session_catalog(c->session), offer_source, c, &ignored);
        return;
    }
    for (int i = 0; kind == OPERAND_INVENTORY_NEW && i < INVENTORY_SETTING_COUNT; i++)
        offer_setting(c, inventory_setting_name((enum inventory_setting)i));
    for (int i = 0; kind == OPERAND_BATCH_NEW && i < BATCH_SETTING_COUNT; i++)
        offer_setting(c, batch_setting_name((enum batch_setting)i));
}

/* What stands behind the first operand is of another kind. */
static void complete_second(struct completion *c, enum operand_kind kind)
{
    struct error ignored = ERROR_INIT;
    size_t before = c->session->arguments.operand_count;
    if (kind == OPERAND_POLICY_VAULT)
        catalog_vault_list(session_catalog(c->session), offer_vault, c, &ignored);
    else if (kind == OPERAND_SOURCE_SET)
        offer_settings(c, source_setting_is);
    else if (kind == OPERAND_MIGRATION_NEW)
        offer_migration_words(c, before);
    else if (kind == OPERAND_RULE_NEW || kind == OPERAND_RULE_EDIT)
        offer_rule_words(c, before, kind == OPERAND_RULE_NEW);
    else if (kind == OPERAND_INVENTORY_NEW || kind == OPERAND_BATCH_NEW)
        offer_object_words(c, kind, before);
    else if (c->command && c->command->most > 1)
        offer_settings(c, NULL);
    if (kind == OPERAND_POLICY_NEW && before == 1)
        offer_kinds(c);
}

static bool has_second(enum operand_kind kind)
{
    return kind == OPERAND_POLICY || kind == OPERAND_POLICY_NEW ||
           kind == OPERAND_POLICY_VAULT || kind == OPERAND_SOURCE_SET ||
           kind == OPERAND_INVENTORY_NEW || kind == OPERAND_BATCH_NEW ||
           kind == OPERAND_MIGRATION_NEW || kind == OPERAND_RULE_NEW ||
           kind == OPERAND_RULE_EDIT;
}

static void complete_operand(struct completion *c, enum operand_kind kind)
{
    struct error ignored = ERROR_INIT;
    if (session_setup(c->session, NEED_CATALOG, &ignored) != 0)
        return;
    struct catalog *catalog = session_catalog(c->session);
    if (has_second(kind) && c->session->arguments.operand_count > 0) {
        complete_second(c, kind);
        return;
    }
    switch (kind) {
    case OPERAND_BACKUP:
        candidate(c, "latest");
        catalog_backup_list(catalog, NULL, NULL, offer_backup, c, &ignored);
        break;
    case OPERAND_POLICY:
    case OPERAND_POLICIES:
    case OPERAND_POLICY_VAULT:
        catalog_policy_list(catalog, offer_policy, c, &ignored);
        break;
    case OPERAND_INVENTORY:
        catalog_inventory_list(catalog, offer_inventory, c, &ignored);
        break;
    case OPERAND_BATCH:
        if (c->session->arguments.operand_count == 0)
            catalog_batch_list(catalog, 0, offer_batch, c, &ignored);
        break;
    case OPERAND_SOURCE:
    case OPERAND_SOURCE_SET:
    case OPERAND_BATCH_NEW:
        catalog_source_list(catalog, offer_source, c, &ignored);
        break;
    case OPERAND_MIGRATION:
        catalog_migration_list(catalog, offer_migration, c, &ignored);
        break;
    case OPERAND_VAULT:
        catalog_vault_list(catalog, offer_vault, c, &ignored);
        break;
    case OPERAND_MIRROR:
        catalog_vault_list(catalog, offer_mirror, c, &ignored);
        break;
    case OPERAND_TASK:
        catalog_task_list(catalog, 0, -1, 100, offer_task, c, &ignored);
        break;
    case OPERAND_REGION:
        offer_regions(c);
        break;
    case OPERAND_DRIVER:
        offer_drivers(c);
        break;
    case OPERAND_RULE:
    case OPERAND_RULE_EDIT:
        offer_rules(c);
        break;
    case OPERAND_NONE:
    case OPERAND_FREE:
    case OPERAND_POLICY_NEW:
    case OPERAND_RULE_NEW:
    case OPERAND_MIGRATION_NEW:
    case OPERAND_INVENTORY_NEW:
        break;
    }
}

static void complete_value(struct completion *c, int option)
{
    switch (option) {
    case OPTION_VAULT:
    case OPTION_INTO:
        complete_operand(c, OPERAND_VAULT);
        break;
    case OPTION_REGION:
    case OPTION_MIRROR_REGION:
    case OPTION_REPLICA_TO:
        complete_operand(c, OPERAND_REGION);
        break;
    case OPTION_SOURCE:
        complete_operand(c, OPERAND_SOURCE);
        break;
    case OPTION_BACKUP:
        complete_operand(c, OPERAND_BACKUP);
        break;
    case OPTION_DEPTH:
#define X(symbol, name, text) candidate(c, name);
        VERIFY_DEPTHS(X)
#undef X
        break;
    case OPTION_TYPE:
#define X(symbol, name) candidate(c, name);
        VAULT_TYPES(X)
#undef X
        break;
    case OPTION_PLAN:
#define X(symbol, name) candidate(c, name);
        VAULT_PLANS(X)
#undef X
        break;
    case OPTION_MODE:
        candidate(c, "governance");
        candidate(c, "compliance");
        break;
    case OPTION_ROLE:
        candidate(c, "normal");
        candidate(c, "replication");
        break;
    case OPTION_ENCRYPTION:
        candidate(c, "managed");
        candidate(c, "kms");
        break;
    case OPTION_STATE:
#define X(symbol, name, over) candidate(c, name);
        CATALOG_TASK_STATES(X)
#undef X
        break;
    case OPTION_TASK_TYPE:
#define X(symbol, name) candidate(c, name);
        CATALOG_TASK_TYPES(X)
#undef X
        break;
    case OPTION_ON_CONFLICT:
#define X(symbol, name, text) candidate(c, name);
        RESTORE_CONFLICTS(X)
#undef X
        break;
    default:
        break; /* the shell offers files */
    }
}

/* The option of this text, up to `size` bytes, if it takes a value; else -1. */
static int valued_option(const struct completion *c, const char *text, size_t size)
{
    option_set options = c->command ? c->command->options : 0;
    if (size < 2 || strncmp(text, "--", 2) != 0)
        return -1;
    int option = command_option(options, text + 2, size - 2);
    return option >= 0 && option_rows[option].value ? option : -1;
}

/* The option whose value the last word is, or -1: "--vault WORD" or "--vault=WORD". */
static int pending_option(struct completion *c, const char *before)
{
    size_t length = strcspn(c->word, "=");
    if (before && valued_option(c, before, strlen(before)) >= 0)
        return valued_option(c, before, strlen(before));
    int option = c->word[length] ? valued_option(c, c->word, length) : -1;
    if (option >= 0) {
        c->front = c->word;
        c->front_size = length + 1;
        c->word += length + 1;
    }
    return option;
}

/* Goes over the words in front, to know the command and the configuration. */
static void read_words(struct completion *c, int argc, const char *const argv[])
{
    struct error ignored = ERROR_INIT;
    const char **all = calloc((size_t)argc + 2, sizeof(*all));
    if (!all)
        return;
    all[0] = "lagan";
    memcpy(all + 1, argv, (size_t)argc * sizeof(*all));
    arguments_parse(argc + 1, all, &c->session->arguments, &ignored);
    c->command = c->session->arguments.command;
    memcpy(c->words, c->session->arguments.words, sizeof(c->words));
    free(all);
}

void complete_print(struct session *s, int argc, const char *const argv[])
{
    struct completion c = {.session = s, .word = argc > 0 ? argv[argc - 1] : "", .front = ""};
    const char *before = argc > 1 ? argv[argc - 2] : NULL;
    int front = argc > 0 ? argc - 1 : 0;
    read_words(&c, front, argv);
    int option = pending_option(&c, before);
    if (option >= 0)
        complete_value(&c, option);
    else if (c.word[0] == '-')
        complete_options(&c);
    else if (!c.command && !s->arguments.unknown)
        complete_command(&c);
    else if (c.command)
        complete_operand(&c, c.command->kind);
    fflush(stdout);
}
