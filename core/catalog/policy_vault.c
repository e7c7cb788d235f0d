/* SPDX-License-Identifier: Apache-2.0 */
/* policy_vault.c - for which vaults a policy holds, and the settings of sources. */
#include "base/clock.h"
#include "catalog/catalog_private.h"
#include "catalog/policy.h"

#include <stdlib.h>
#include <string.h>

/* Vaults */

/* 1 a row was made, 0 there is one of this kind, -1. */
static int insert_row(struct catalog *c, const struct catalog_policy *policy,
                      const uint8_t vault[CATALOG_ID_SIZE], struct error *e)
{
    static const char sql[] = "INSERT INTO policy_vaults (vault, kind, policy, applied_ns)"
                              " VALUES (?, ?, ?, ?) ON CONFLICT (vault, kind) DO NOTHING";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, vault, CATALOG_ID_SIZE);
    query_text(&q, catalog_policy_kind_name(policy->kind));
    query_blob(&q, policy->id, CATALOG_ID_SIZE);
    query_number(&q, clock_wall_ns());
    if (query_finish(&q, e) == 0)
        return query_changes(c) == 1;
    if (query_status(c) == SQLITE_CONSTRAINT_FOREIGNKEY)
        error_set(e, LAGAN_NOT_FOUND, ERROR_NO_VAULT,
                  "the vault, or the policy %s, is not in the catalog any more", policy->name);
    return -1;
}

static int check_same(struct catalog *c, const struct catalog_policy *policy,
                      const uint8_t vault[CATALOG_ID_SIZE], struct error *e)
{
    struct catalog_policy *other = catalog_policy_of(c, vault, policy->kind, e);

    if (other == NULL)
        return -1;
    bool same = memcmp(other->id, policy->id, CATALOG_ID_SIZE) == 0;
    if (!same)
        error_set(e, LAGAN_EXISTS, ERROR_POLICY_TAKEN,
                  "the %s policy %s holds for the vault, and a vault has one of each kind; "
                  "`lagan policy withdraw %s` ends that",
                  catalog_policy_kind_name(policy->kind), other->name, other->name);
    catalog_policy_free(other);
    return same ? 0 : -1;
}

int catalog_policy_apply(struct catalog *c, const struct catalog_policy *policy,
                         const uint8_t vault[CATALOG_ID_SIZE], struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int made = insert_row(c, policy, vault, e);
    int result = made < 0 ? -1 : 0;
    if (made == 0)
        result = check_same(c, policy, vault, e);
    return write_end(c, result, e);
}

int catalog_policy_withdraw(struct catalog *c, const struct catalog_policy *policy,
                            const uint8_t vault[CATALOG_ID_SIZE], struct error *e)
{
    static const char sql[] = "DELETE FROM policy_vaults WHERE vault = ? AND policy = ?";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        query_blob(&q, policy->id, CATALOG_ID_SIZE);
        result = query_finish(&q, e);
    }
    if (result == 0 && query_changes(c) == 0)
        result = error_set(e, LAGAN_NOT_FOUND, ERROR_NO_POLICY,
                           "the policy %s does not hold for the vault", policy->name);
    return write_end(c, result, e);
}

struct gathering {
    uint8_t (*ids)[CATALOG_ID_SIZE];
    size_t count;
};

static int gather_id(struct query *q, void *context, struct error *e)
{
    struct gathering *all = context;
    uint8_t(*grown)[CATALOG_ID_SIZE] = realloc(all->ids, (all->count + 1) * sizeof(*grown));

    if (grown == NULL)
        return error_no_memory(e, "the vaults of a policy");
    all->ids = grown;
    row_blob(q, grown[all->count++], CATALOG_ID_SIZE);
    return query_row_check(q, e);
}

int catalog_policy_vaults(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                          uint8_t (**vaults)[CATALOG_ID_SIZE], size_t *count, struct error *e)
{
    static const char sql[] = "SELECT p.vault FROM policy_vaults p JOIN vaults v"
                              " ON v.uuid = p.vault WHERE p.policy = ? ORDER BY v.name, v.uuid";
    struct gathering all = {NULL, 0};
    struct query q;

    catalog_lock(c);
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_blob(&q, id, CATALOG_ID_SIZE);
        result = query_list(&q, gather_id, &all, e);
    }
    catalog_unlock(c);
    if (result != 0) {
        free(all.ids);
        return -1;
    }
    *vaults = all.ids;
    *count = all.count;
    return 0;
}

/* Settings of sources */

int catalog_source_settings_get(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE],
                                struct catalog_pairs *settings, struct error *e)
{
    static const char sql[] =
        "SELECT name, value FROM source_settings WHERE source = ? ORDER BY name";
    struct catalog_pairs found = {NULL, 0};

    catalog_lock(c);
    int result = pairs_read(c, sql, source, &found, e);
    catalog_unlock(c);
    if (result != 0) {
        catalog_pairs_clear(&found);
        return -1;
    }
    *settings = found;
    return 0;
}

static int write_settings(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE],
                          const struct catalog_pairs *settings, struct error *e)
{
    static const char clear[] = "DELETE FROM source_settings WHERE source = ?";
    static const char insert[] =
        "INSERT INTO source_settings (source, name, value) SELECT ?1, ?3, ?4 WHERE ?2 >= 0";

    if (query_run_for(c, clear, source, e) != 0)
        return -1;
    if (pairs_insert(c, insert, source, settings, e) == 0)
        return 0;
    if (query_status(c) == SQLITE_CONSTRAINT_FOREIGNKEY)
        error_set(e, LAGAN_NOT_FOUND, ERROR_NO_SOURCE, "the source is not registered any more");
    return -1;
}

int catalog_source_settings_set(struct catalog *c, const uint8_t source[CATALOG_ID_SIZE],
                                const struct catalog_pairs *settings, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    return write_end(c, write_settings(c, source, settings, e), e);
}
