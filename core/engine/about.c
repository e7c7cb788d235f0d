/* SPDX-License-Identifier: Apache-2.0 */
/* about.c - see about.h. */
#include "engine/about.h"

#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The names of vault/about.h, by their symbols. */
#define X(symbol, name) static const char ABOUT_##symbol[] = name;
VAULT_ABOUT_NAMES(X)
#undef X

static int add_id(struct vault_about *about, const char *name,
                  const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    char text[2 * CATALOG_ID_SIZE + 1];

    text_hex(id, CATALOG_ID_SIZE, text);
    return vault_about_add(about, name, text, e);
}

static int add_number(struct vault_about *about, const char *name, int64_t value,
                      struct error *e)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)value);
    return vault_about_add(about, name, text, e);
}

static int add_tags(struct vault_about *about, const struct catalog_pairs *tags,
                    struct error *e)
{
    for (size_t i = 0; i < tags->count; i++) {
        char name[VAULT_ABOUT_NAME_LIMIT + 1];
        snprintf(name, sizeof(name), "%s%s", VAULT_ABOUT_TAG, tags->items[i].name);
        if (vault_about_add(about, name, tags->items[i].value, e) != 0)
            return -1;
    }
    return 0;
}

static int add_source(struct vault_about *about, const struct about_source *source,
                      struct error *e)
{
    if (source == NULL || source->vault[0] == '\0')
        return 0;
    if (add_id(about, ABOUT_SOURCE_ID, source->id, e) != 0 ||
        vault_about_add(about, ABOUT_SOURCE_VAULT, source->vault, e) != 0)
        return -1;
    return vault_about_add(about, ABOUT_SOURCE_REGION, source->region, e);
}

/* What is 0 is left out. */
static int add_numbers(struct vault_about *about, const struct catalog_vault *row,
                       struct error *e)
{
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {
        {ABOUT_TRIAL_END, row->plan == CATALOG_PLAN_TRIAL ? row->trial_end_ns : 0},
        {ABOUT_QUOTA, (int64_t)row->quota_bytes},
        {ABOUT_QUOTA_WARNING, row->quota_bytes > 0 ? (int64_t)row->quota_warning : 0},
        {ABOUT_AUTO_EXPAND, row->auto_expand},
        {ABOUT_DELETED, row->state == CATALOG_VAULT_DELETED ? row->deleted_ns : 0},
        {ABOUT_PURGE, row->state == CATALOG_VAULT_DELETED ? row->purge_ns : 0},
    };

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i].value > 0 &&
            add_number(about, numbers[i].name, numbers[i].value, e) != 0)
            return -1;
    return 0;
}

static int add_row(struct vault_about *about, const struct catalog_vault *row, struct error *e)
{
    memcpy(about->id, row->uuid, sizeof(about->id));
    if (vault_about_add(about, ABOUT_NAME, row->name, e) != 0 ||
        vault_about_add(about, ABOUT_DESCRIPTION, row->description, e) != 0 ||
        vault_about_add(about, ABOUT_TYPE, catalog_vault_type_name(row->type), e) != 0 ||
        vault_about_add(about, ABOUT_ROLE, catalog_vault_role_name(row->role), e) != 0 ||
        vault_about_add(about, ABOUT_PLAN, catalog_plan_name(row->plan), e) != 0 ||
        vault_about_add(about, ABOUT_PROJECT, row->project, e) != 0 ||
        vault_about_add(about, ABOUT_ENCRYPTION, catalog_encryption_name(row->encryption), e) !=
            0)
        return -1;
    if (add_number(about, ABOUT_CREATED, row->created_ns, e) != 0 ||
        add_tags(about, &row->tags, e) != 0)
        return -1;
    return add_numbers(about, row, e);
}

static bool says_the_same(const struct vault_about *a, const struct vault_about *b)
{
    if (memcmp(a->id, b->id, sizeof(a->id)) != 0 || a->pair_count != b->pair_count)
        return false;
    for (size_t i = 0; i < a->pair_count; i++)
        if (strcmp(a->pairs[i].name, b->pairs[i].name) != 0 ||
            strcmp(a->pairs[i].value, b->pairs[i].value) != 0)
            return false;
    return true;
}

int about_write(struct vault *vault, const struct catalog_vault *row,
                const struct about_source *source, struct error *e)
{
    struct vault_about made = {0};
    struct vault_about found = {0};
    int result = -1;

    if (add_row(&made, row, e) != 0 || add_source(&made, source, e) != 0)
        goto out;
    result = vault_about_read(vault, &found, e);
    if (result > 0 && says_the_same(&made, &found))
        result = 0;
    else if (result >= 0)
        result = vault_about_write(vault, &made, e);
out:
    vault_about_free(&found);
    vault_about_free(&made);
    return result;
}

static void take_text(const struct vault_about *about, const char *name, char *text,
                      size_t room)
{
    const char *value = vault_about_find(about, name);

    if (value != NULL)
        snprintf(text, room, "%s", value);
}

static int64_t number_of(const struct vault_about *about, const char *name)
{
    const char *value = vault_about_find(about, name);

    return value != NULL ? (int64_t)strtoll(value, NULL, 10) : 0;
}

/* Words that this program does not know leave the row as it is. */
static void take_words(const struct vault_about *about, struct catalog_vault *row)
{
    const char *type = vault_about_find(about, ABOUT_TYPE);
    const char *role = vault_about_find(about, ABOUT_ROLE);
    const char *plan = vault_about_find(about, ABOUT_PLAN);
    const char *encryption = vault_about_find(about, ABOUT_ENCRYPTION);

    if (type != NULL && catalog_vault_type_parse(type) >= 0)
        row->type = (enum catalog_vault_type)catalog_vault_type_parse(type);
    if (role != NULL && catalog_vault_role_parse(role) >= 0)
        row->role = (enum catalog_vault_role)catalog_vault_role_parse(role);
    if (plan != NULL && catalog_plan_parse(plan) >= 0)
        row->plan = (enum catalog_plan)catalog_plan_parse(plan);
    if (encryption != NULL && catalog_encryption_parse(encryption) >= 0)
        row->encryption = (enum catalog_encryption)catalog_encryption_parse(encryption);
}

/* A vault that was deleted stays so when the catalog is lost. */
static void take_numbers(const struct vault_about *about, struct catalog_vault *row)
{
    if (number_of(about, ABOUT_CREATED) > 0)
        row->created_ns = number_of(about, ABOUT_CREATED);
    row->trial_end_ns = number_of(about, ABOUT_TRIAL_END);
    row->quota_bytes = (uint64_t)number_of(about, ABOUT_QUOTA);
    row->quota_warning = (uint32_t)number_of(about, ABOUT_QUOTA_WARNING);
    row->auto_expand = number_of(about, ABOUT_AUTO_EXPAND) != 0;
    if (number_of(about, ABOUT_DELETED) == 0)
        return;
    row->state = CATALOG_VAULT_DELETED;
    row->deleted_ns = number_of(about, ABOUT_DELETED);
    row->purge_ns = number_of(about, ABOUT_PURGE);
}

static int take_tags(const struct vault_about *about, struct catalog_vault *row,
                     struct error *e)
{
    size_t prefix = strlen(VAULT_ABOUT_TAG);

    catalog_pairs_clear(&row->tags);
    for (size_t i = 0; i < about->pair_count; i++)
        if (strncmp(about->pairs[i].name, VAULT_ABOUT_TAG, prefix) == 0 &&
            catalog_pairs_add(&row->tags, about->pairs[i].name + prefix, about->pairs[i].value,
                              e) != 0)
            return -1;
    return 0;
}

static void take_source(const struct vault_about *about, struct about_source *source)
{
    const char *id = vault_about_find(about, ABOUT_SOURCE_ID);

    *source = (struct about_source){0};
    if (id == NULL || text_unhex(id, source->id, sizeof(source->id)) != 0)
        return;
    take_text(about, ABOUT_SOURCE_VAULT, source->vault, sizeof(source->vault));
    take_text(about, ABOUT_SOURCE_REGION, source->region, sizeof(source->region));
}

int about_read(struct vault *vault, struct catalog_vault *row, struct about_source *source,
               struct error *e)
{
    struct vault_about about = {0};
    int result = vault_about_read(vault, &about, e);

    if (result > 0 && take_tags(&about, row, e) != 0)
        result = -1;
    if (result > 0) {
        memcpy(row->uuid, about.id, sizeof(row->uuid));
        take_text(&about, ABOUT_NAME, row->name, sizeof(row->name));
        take_text(&about, ABOUT_DESCRIPTION, row->description, sizeof(row->description));
        take_text(&about, ABOUT_PROJECT, row->project, sizeof(row->project));
        take_words(&about, row);
        take_numbers(&about, row);
        if (source != NULL)
            take_source(&about, source);
    }
    vault_about_free(&about);
    return result;
}
