/* SPDX-License-Identifier: Apache-2.0 */
/* binding.c - see binding.h. */
#include "engine/binding.h"

#include "base/text.h"
#include "catalog/audit.h"
#include "engine/vault_facts.h"

#include <stdio.h>
#include <string.h>

static const uint8_t no_vault[CATALOG_ID_SIZE];

static bool is_bound(const struct catalog_source *source)
{
    return memcmp(source->vault, no_vault, CATALOG_ID_SIZE) != 0;
}

/* ---- choosing ---- */

/* Those that a backup could go to. */
struct candidates {
    const char *region;
    uint8_t only[CATALOG_ID_SIZE];
    uint64_t count; /* that take backups */
    uint64_t all;
};

static int count_vault(void *context, const struct catalog_vault *row, struct error *e)
{
    struct candidates *found = context;
    (void)e;
    if (found->region && strcmp(found->region, row->region) != 0)
        return 0;
    found->all++;
    if (row->role != CATALOG_ROLE_NORMAL || row->state == CATALOG_VAULT_DELETED ||
        row->state == CATALOG_VAULT_DELETING)
        return 0;
    memcpy(found->only, row->uuid, CATALOG_ID_SIZE);
    found->count++;
    return 0;
}

/* For a source that says nothing: the only vault there is. */
static struct catalog_vault *only_vault(struct setup *s, const char *source, const char *region,
                                        struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct candidates found = {.region = region};
    if (catalog_vault_list(c, count_vault, &found, e) != 0)
        return NULL;
    if (found.count == 1)
        return catalog_vault_get(c, found.only, e);
    if (found.all == 0)
        return catalog_vault_find(c, region, NULL, e);
    if (found.count == 0)
        error_set(e, LAGAN_PRECONDITION, ERROR_NO_BINDING,
                  "%s has no vault, and none takes backups; `lagan vault create` makes one",
                  source);
    else
        error_set(
            e, LAGAN_INVALID, ERROR_NO_BINDING,
            "%s is bound to no vault, and there are several vaults: name one with --vault, or "
            "once for all with `lagan source bind`",
            source);
    return NULL;
}

static int check_bound(const struct catalog_source *row, const struct catalog_vault *bound,
                       const struct catalog_vault *asked, struct error *e)
{
    if (memcmp(bound->uuid, asked->uuid, CATALOG_ID_SIZE) == 0)
        return 0;
    return error_set(
        e, LAGAN_PRECONDITION, ERROR_CONFLICT,
        "the source %s is bound to the vault %s in region %s, and a source has one "
        "vault; `lagan source bind %s --vault %s` makes it this one",
        row->name, bound->name, bound->region, row->name, asked->name);
}

static struct catalog_vault *vault_of_source(struct setup *s, const struct catalog_source *row,
                                             const char *region, const char *vault,
                                             struct error *e)
{
    struct catalog *c = setup_catalog(s);
    struct catalog_vault *bound = catalog_vault_get(c, row->vault, e);
    if (!bound || (!vault && !region))
        return bound;
    struct catalog_vault *asked = catalog_vault_find(c, region, vault, e);
    int fits = asked ? check_bound(row, bound, asked, e) : -1;
    catalog_vault_free(bound);
    if (fits == 0)
        return asked;
    catalog_vault_free(asked);
    return NULL;
}

static struct catalog_vault *choose(struct setup *s, const char *source, const char *region,
                                    const char *vault, struct error *e)
{
    struct catalog_source *row = NULL;
    struct catalog_vault *chosen = NULL;
    if (setup_source_known(s, source, &row, e) != 0)
        return NULL;
    if (row && is_bound(row))
        chosen = vault_of_source(s, row, region, vault, e);
    else if (vault)
        chosen = catalog_vault_find(setup_catalog(s), region, vault, e);
    else
        chosen = only_vault(s, source, region, e);
    catalog_source_free(row);
    return chosen;
}

struct catalog_vault *binding_choose(struct setup *s, const char *source, const char *region,
                                     const char *vault, struct error *e)
{
    const struct config_region *known = NULL;
    if (region && setup_region(s, region, &known, e) != 0)
        return NULL;
    struct catalog_vault *chosen = choose(s, source, region, vault, e);
    if (!chosen || vault_facts_ask(s, chosen, vault_may_take_backup, e) == 0)
        return chosen;
    catalog_vault_free(chosen);
    return NULL;
}

/* ---- binding ---- */

static int note(struct setup *s, enum catalog_event event, const struct catalog_source *source,
                const struct catalog_vault *vault, struct error *e)
{
    char id[2 * CATALOG_ID_SIZE + 1];
    text_hex(source->id, CATALOG_ID_SIZE, id);
    if (!vault)
        return catalog_audit_add(setup_catalog(s), event, id, e, "%s: no vault", source->name);
    return catalog_audit_add(setup_catalog(s), event, id, e, "%s: vault %s in region %s",
                             source->name, vault->name, vault->region);
}

/* A change of the catalog and its audit line. */
static int end(struct setup *s, int result, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    if (result == 0)
        return catalog_commit(c, e);
    catalog_rollback(c);
    return -1;
}

/* What the vault that it is bound to says; one that is gone says nothing. */
static int ask_to_leave(struct setup *s, const struct catalog_source *source, struct error *e)
{
    struct error why = ERROR_INIT;
    if (!is_bound(source))
        return 0;
    struct catalog_vault *old = catalog_vault_get(setup_catalog(s), source->vault, &why);
    int result = old ? vault_facts_ask(s, old, vault_may_lose_source, e) : 0;
    if (!old && why.code != ERROR_NO_VAULT) {
        *e = why;
        result = -1;
    }
    catalog_vault_free(old);
    return result;
}

static int change(struct setup *s, struct catalog_source *source,
                  const struct catalog_vault *vault, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    uint8_t before[CATALOG_ID_SIZE];
    if (catalog_begin(c, e) != 0)
        return -1;
    memcpy(before, source->vault, sizeof(before));
    int result = ask_to_leave(s, source, e);
    if (result == 0 && vault)
        result = vault_facts_ask(s, vault, vault_may_be_bound, e);
    memcpy(source->vault, vault ? vault->uuid : no_vault, CATALOG_ID_SIZE);
    if (result == 0)
        result = catalog_source_update(c, source, e);
    if (result == 0)
        result = note(s, CATALOG_EVENT_SOURCE_UPDATE, source, vault, e);
    result = end(s, result, e);
    if (result != 0)
        memcpy(source->vault, before, sizeof(before));
    return result;
}

int binding_set(struct setup *s, struct catalog_source *source,
                const struct catalog_vault *vault, struct error *e)
{
    if (memcmp(source->vault, vault->uuid, CATALOG_ID_SIZE) == 0)
        return 0;
    return change(s, source, vault, e);
}

int binding_clear(struct setup *s, struct catalog_source *source, struct error *e)
{
    if (is_bound(source))
        return change(s, source, NULL, e);
    return error_set(e, LAGAN_INVALID, ERROR_CONFLICT,
                     "the source %s is bound to no vault; there is nothing to do",
                     source->name);
}

int binding_add_source(struct setup *s, struct catalog_source *source,
                       const struct catalog_vault *vault, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = vault ? vault_facts_ask(s, vault, vault_may_be_bound, e) : 0;
    memcpy(source->vault, vault ? vault->uuid : no_vault, CATALOG_ID_SIZE);
    if (result == 0)
        result = catalog_source_insert(c, source, e);
    if (result == 0)
        result = note(s, CATALOG_EVENT_SOURCE_ADD, source, vault, e);
    return end(s, result, e);
}

int binding_remove_source(struct setup *s, const struct catalog_source *source, struct error *e)
{
    struct catalog *c = setup_catalog(s);
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = ask_to_leave(s, source, e);
    if (result == 0)
        result = catalog_source_delete(c, source->id, e);
    if (result == 0)
        result = note(s, CATALOG_EVENT_SOURCE_REMOVE, source, NULL, e);
    return end(s, result, e);
}
