/* SPDX-License-Identifier: Apache-2.0 */
/* vault_row.c - a vault as a row and its lists: names of values, binding, reading. */
#include "catalog/catalog_private.h"

#include <stdlib.h>

NAMES(state, CATALOG_VAULT_STATES)
NAMES(type, CATALOG_VAULT_TYPES)
NAMES(encryption, CATALOG_ENCRYPTIONS)
NAMES(role, CATALOG_VAULT_ROLES)
NAMES(plan, CATALOG_PLANS)
NAMES(redundancy, CATALOG_REDUNDANCIES)

const char *catalog_vault_state_name(enum catalog_vault_state state)
{
    return state_name((int)state);
}

const char *catalog_vault_type_name(enum catalog_vault_type type)
{
    return type_name((int)type);
}

const char *catalog_encryption_name(enum catalog_encryption encryption)
{
    return encryption_name((int)encryption);
}

const char *catalog_vault_role_name(enum catalog_vault_role role)
{
    return role_name((int)role);
}

const char *catalog_plan_name(enum catalog_plan plan)
{
    return plan_name((int)plan);
}

const char *catalog_redundancy_name(enum catalog_redundancy redundancy)
{
    return redundancy_name((int)redundancy);
}

int catalog_vault_type_parse(const char *name)
{
    return name_lookup(name, type_count, type_name);
}

int catalog_encryption_parse(const char *name)
{
    return name_lookup(name, encryption_count, encryption_name);
}

int catalog_plan_parse(const char *name)
{
    return name_lookup(name, plan_count, plan_name);
}

int catalog_vault_role_parse(const char *name)
{
    return name_lookup(name, role_count, role_name);
}

struct catalog_vault *catalog_vault_new(struct error *e)
{
    struct catalog_vault *vault = calloc(1, sizeof(*vault));

    if (vault == NULL)
        error_no_memory(e, "a vault");
    return vault;
}

void catalog_vault_free(struct catalog_vault *vault)
{
    if (vault == NULL)
        return;
    catalog_pairs_clear(&vault->key_parameters);
    catalog_pairs_clear(&vault->tags);
    free(vault);
}

/* Writing */

void vault_row_bind(struct query *q, const struct catalog_vault *vault)
{
    query_blob(q, vault->uuid, CATALOG_ID_SIZE);
    query_text(q, vault->name);
    query_text(q, vault->region);
    query_text(q, catalog_vault_type_name(vault->type));
    query_text(q, catalog_vault_state_name(vault->state));
    query_text(q, catalog_encryption_name(vault->encryption));
    query_text(q, catalog_vault_role_name(vault->role));
    query_text(q, vault->prefix);
    query_text(q, vault->key_driver);
    query_blob(q, vault->root_public, sizeof(vault->root_public));
    query_text(q, vault->description);
    query_number(q, vault->created_ns);
    query_blob(q, vault->lineage, CATALOG_ID_SIZE);
    query_text(q, vault->project);
    query_text(q, catalog_plan_name(vault->plan));
    query_text(q, catalog_redundancy_name(vault->redundancy));
    query_number(q, vault->trial_end_ns);
    query_number(q, (int64_t)vault->quota_bytes);
    query_number(q, vault->quota_warning);
    query_number(q, vault->auto_expand);
    query_number(q, vault->quota_warned);
    query_number(q, vault->deleted_ns);
    query_number(q, vault->purge_ns);
    query_text(q, vault->reason);
}

int vault_row_write_key_parameters(struct catalog *c, const struct catalog_vault *vault,
                                   struct error *e)
{
    static const char clear[] = "DELETE FROM vault_key_parameters WHERE vault = ?";
    static const char insert[] = "INSERT INTO vault_key_parameters VALUES (?, ?, ?, ?)";

    if (query_run_for(c, clear, vault->uuid, e) != 0)
        return -1;
    return pairs_insert(c, insert, vault->uuid, &vault->key_parameters, e);
}

/* Tags have no order: their position is not kept. */
int vault_row_write_tags(struct catalog *c, const struct catalog_vault *vault, struct error *e)
{
    static const char clear[] = "DELETE FROM vault_tags WHERE vault = ?";
    static const char insert[] =
        "INSERT INTO vault_tags (vault, name, value) SELECT ?1, ?3, ?4 WHERE ?2 >= 0";

    if (query_run_for(c, clear, vault->uuid, e) != 0)
        return -1;
    return pairs_insert(c, insert, vault->uuid, &vault->tags, e);
}

/* Reading */

static void read_columns(struct query *q, struct catalog_vault *vault)
{
    row_blob(q, vault->uuid, CATALOG_ID_SIZE);
    row_text(q, vault->name, sizeof(vault->name));
    row_text(q, vault->region, sizeof(vault->region));
    vault->type = (enum catalog_vault_type)row_enum(q, type_count, type_name);
    vault->state = (enum catalog_vault_state)row_enum(q, state_count, state_name);
    vault->encryption = (enum catalog_encryption)row_enum(q, encryption_count, encryption_name);
    vault->role = (enum catalog_vault_role)row_enum(q, role_count, role_name);
    row_text(q, vault->prefix, sizeof(vault->prefix));
    row_text(q, vault->key_driver, sizeof(vault->key_driver));
    row_blob(q, vault->root_public, sizeof(vault->root_public));
    row_text(q, vault->description, sizeof(vault->description));
    vault->created_ns = row_number(q);
    row_blob(q, vault->lineage, CATALOG_ID_SIZE);
    row_text(q, vault->project, sizeof(vault->project));
    vault->plan = (enum catalog_plan)row_enum(q, plan_count, plan_name);
    vault->redundancy = (enum catalog_redundancy)row_enum(q, redundancy_count, redundancy_name);
    vault->trial_end_ns = row_number(q);
    vault->quota_bytes = (uint64_t)row_number(q);
    vault->quota_warning = (uint32_t)row_number(q);
    vault->auto_expand = row_number(q) != 0;
    vault->quota_warned = row_number(q) != 0;
    vault->deleted_ns = row_number(q);
    vault->purge_ns = row_number(q);
    row_text(q, vault->reason, sizeof(vault->reason));
}

struct catalog_vault *vault_row_read(struct query *q, struct error *e)
{
    static const char parameters[] = "SELECT name, value FROM vault_key_parameters"
                                     " WHERE vault = ? ORDER BY position";
    static const char tags[] =
        "SELECT name, value FROM vault_tags WHERE vault = ? ORDER BY name";
    struct catalog_vault *vault = catalog_vault_new(e);

    if (vault == NULL)
        return NULL;
    read_columns(q, vault);
    if (query_row_check(q, e) == 0 &&
        pairs_read(q->catalog, parameters, vault->uuid, &vault->key_parameters, e) == 0 &&
        pairs_read(q->catalog, tags, vault->uuid, &vault->tags, e) == 0)
        return vault;
    catalog_vault_free(vault);
    return NULL;
}
