/* SPDX-License-Identifier: Apache-2.0 */
/* policy.c - the policies that people have made, as rows. */
#include "catalog/policy.h"
#include "base/clock.h"
#include "base/text.h"
#include "catalog/catalog_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define POLICY_COLUMNS "id, name, kind, enabled, created_ns, changed_ns, revision, cursor_ns"

NAMES(kind, CATALOG_POLICY_KINDS)

const char *catalog_policy_kind_name(enum catalog_policy_kind kind)
{
    return kind_name((int)kind);
}

int catalog_policy_kind_parse(const char *name)
{
    return name_lookup(name, kind_count, kind_name);
}

struct catalog_policy *catalog_policy_new(struct error *e)
{
    struct catalog_policy *policy = calloc(1, sizeof(*policy));

    if (policy == NULL)
        error_no_memory(e, "a policy");
    return policy;
}

void catalog_policy_free(struct catalog_policy *policy)
{
    if (policy == NULL)
        return;
    catalog_pairs_clear(&policy->settings);
    free(policy);
}

/* Writing */

static int by_pair_name(const void *a, const void *b)
{
    return strcmp(((const struct catalog_pair *)a)->name,
                  ((const struct catalog_pair *)b)->name);
}

static int write_settings(struct catalog *c, struct catalog_policy *policy, struct error *e)
{
    static const char clear[] = "DELETE FROM policy_settings WHERE policy = ?";
    static const char insert[] =
        "INSERT INTO policy_settings (policy, name, value) SELECT ?1, ?3, ?4 WHERE ?2 >= 0";
    struct catalog_pairs *settings = &policy->settings;

    if (settings->count > 1)
        qsort(settings->items, settings->count, sizeof(settings->items[0]), by_pair_name);
    if (query_run_for(c, clear, policy->id, e) != 0)
        return -1;
    return pairs_insert(c, insert, policy->id, settings, e);
}

static int explain_conflict(struct catalog *c, const struct catalog_policy *policy,
                            struct error *e)
{
    if (query_is_taken(query_status(c)))
        return error_set(e, LAGAN_EXISTS, ERROR_NAME_TAKEN, "there is a policy '%s' already",
                         policy->name);
    return -1;
}

static int insert_row(struct catalog *c, const struct catalog_policy *policy, struct error *e)
{
    static const char sql[] =
        "INSERT INTO policies (" POLICY_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, policy->id, CATALOG_ID_SIZE);
    query_text(&q, policy->name);
    query_text(&q, catalog_policy_kind_name(policy->kind));
    query_number(&q, policy->enabled);
    query_number(&q, policy->created_ns);
    query_number(&q, policy->changed_ns);
    query_number(&q, (int64_t)policy->revision);
    query_number(&q, policy->cursor_ns);
    return query_finish(&q, e) == 0 ? 0 : explain_conflict(c, policy, e);
}

static int store_new(struct catalog *c, struct catalog_policy *policy, struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = insert_row(c, policy, e);
    if (result == 0)
        result = write_settings(c, policy, e);
    return write_end(c, result, e);
}

int catalog_policy_insert(struct catalog *c, struct catalog_policy *policy, struct error *e)
{
    if (name_check(NAME_POLICY, policy->name, e) != 0)
        return -1;
    if (getrandom(policy->id, CATALOG_ID_SIZE, 0) != CATALOG_ID_SIZE)
        return error_errno(e, errno, "random bytes");
    policy->created_ns = policy->changed_ns = policy->cursor_ns = clock_wall_ns();
    policy->revision = 1;
    return store_new(c, policy, e);
}

int catalog_policy_restore(struct catalog *c, struct catalog_policy *policy, struct error *e)
{
    if (name_check(NAME_POLICY, policy->name, e) != 0)
        return -1;
    policy->cursor_ns = clock_wall_ns();
    return store_new(c, policy, e);
}

static int no_such(struct error *e)
{
    return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_POLICY,
                     "the policy is not in the catalog any more");
}

/* No row was changed: it is gone, or another revision. */
static int explain_no_change(struct catalog *c, const struct catalog_policy *policy,
                             struct error *e)
{
    static const char sql[] = "SELECT count(*) FROM policies WHERE id = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, policy->id, CATALOG_ID_SIZE);
    int there = query_exists(&q, e);
    if (there <= 0)
        return there < 0 ? -1 : no_such(e);
    return error_set(e, LAGAN_CHANGED, ERROR_CONFLICT,
                     "somebody else has changed the policy %s meanwhile: look at it again",
                     policy->name);
}

static int update_row(struct catalog *c, const struct catalog_policy *policy, int64_t now_ns,
                      struct error *e)
{
    static const char sql[] =
        "UPDATE policies SET name = ?, enabled = ?, changed_ns = ?, revision = revision + 1"
        " WHERE id = ? AND revision = ?";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_text(&q, policy->name);
    query_number(&q, policy->enabled);
    query_number(&q, now_ns);
    query_blob(&q, policy->id, CATALOG_ID_SIZE);
    query_number(&q, (int64_t)policy->revision);
    if (query_finish(&q, e) != 0)
        return explain_conflict(c, policy, e);
    return query_changes(c) == 1 ? 0 : explain_no_change(c, policy, e);
}

int catalog_policy_update(struct catalog *c, struct catalog_policy *policy, struct error *e)
{
    int64_t now_ns = clock_wall_ns();

    if (name_check(NAME_POLICY, policy->name, e) != 0 || catalog_begin(c, e) != 0)
        return -1;
    int result = update_row(c, policy, now_ns, e);
    if (result == 0)
        result = write_settings(c, policy, e);
    if (write_end(c, result, e) != 0)
        return -1;
    policy->changed_ns = now_ns;
    policy->revision++;
    return 0;
}

int catalog_policy_delete(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_run_for(c, "DELETE FROM policies WHERE id = ?", id, e);
    if (result == 0 && query_changes(c) == 0)
        result = no_such(e);
    return write_end(c, result, e);
}

int catalog_policy_cursor(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE], int64_t from_ns,
                          int64_t to_ns, struct error *e)
{
    static const char sql[] =
        "UPDATE policies SET cursor_ns = ? WHERE id = ? AND cursor_ns = ?";
    int moved = 0;
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_number(&q, to_ns);
        query_blob(&q, id, CATALOG_ID_SIZE);
        query_number(&q, from_ns);
        result = query_finish(&q, e);
        moved = query_changes(c) == 1;
    }
    return write_end(c, result, e) != 0 ? -1 : moved;
}

/* Reading */

static void *read_row(struct query *q, struct error *e)
{
    static const char settings[] =
        "SELECT name, value FROM policy_settings WHERE policy = ? ORDER BY name";
    struct catalog_policy *policy = catalog_policy_new(e);

    if (policy == NULL)
        return NULL;
    row_blob(q, policy->id, CATALOG_ID_SIZE);
    row_text(q, policy->name, sizeof(policy->name));
    policy->kind = (enum catalog_policy_kind)row_enum(q, kind_count, kind_name);
    policy->enabled = row_number(q) != 0;
    policy->created_ns = row_number(q);
    policy->changed_ns = row_number(q);
    policy->revision = (uint64_t)row_number(q);
    policy->cursor_ns = row_number(q);
    if (query_row_check(q, e) == 0 &&
        pairs_read(q->catalog, settings, policy->id, &policy->settings, e) == 0)
        return policy;
    catalog_policy_free(policy);
    return NULL;
}

static void release_row(void *row)
{
    catalog_policy_free(row);
}

static const struct finder finder = {
    .by_name = "SELECT " POLICY_COLUMNS " FROM policies WHERE name = ?",
    .by_range =
        "SELECT " POLICY_COLUMNS " FROM policies WHERE id BETWEEN ? AND ? ORDER BY id LIMIT 2",
    .read = read_row,
    .release = release_row,
    .one = "policy",
    .several = "policies",
    .absent = ERROR_NO_POLICY};

struct catalog_policy *catalog_policy_find(struct catalog *c, const char *text, struct error *e)
{
    return finder_find(c, &finder, text, e);
}

struct catalog_policy *catalog_policy_get(struct catalog *c, const uint8_t id[CATALOG_ID_SIZE],
                                          struct error *e)
{
    return finder_get(c, &finder, id, e);
}

struct catalog_policy *catalog_policy_of(struct catalog *c,
                                         const uint8_t vault[CATALOG_ID_SIZE],
                                         enum catalog_policy_kind kind, struct error *e)
{
    static const char sql[] =
        "SELECT " POLICY_COLUMNS " FROM policies WHERE id ="
        " (SELECT policy FROM policy_vaults WHERE vault = ? AND kind = ?)";
    struct catalog_policy *policy = NULL;
    struct query q;

    catalog_lock(c);
    if (query_start(c, sql, &q, e) == 0) {
        query_blob(&q, vault, CATALOG_ID_SIZE);
        query_text(&q, catalog_policy_kind_name(kind));
        policy = finder_row(&finder, &q, e);
    }
    catalog_unlock(c);
    return policy;
}

struct visit {
    int (*each)(void *context, const struct catalog_policy *policy, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_policy *policy = read_row(q, e);

    if (policy == NULL)
        return -1;
    int result = visit->each(visit->context, policy, e);
    catalog_policy_free(policy);
    return result;
}

static const char list_sql[] = "SELECT " POLICY_COLUMNS " FROM policies ORDER BY name";

int catalog_policy_list(struct catalog *c,
                        int (*each)(void *context, const struct catalog_policy *policy,
                                    struct error *e),
                        void *context, struct error *e)
{
    struct visit visit = {each, context};

    return query_list_all(c, list_sql, visit_row, &visit, e);
}

struct gathering {
    struct catalog_policy **policies;
    size_t count;
};

static int gather_row(struct query *q, void *context, struct error *e)
{
    struct gathering *all = context;
    struct catalog_policy **grown =
        realloc(all->policies, (all->count + 1) * sizeof(all->policies[0]));

    if (grown == NULL)
        return error_no_memory(e, "policies");
    all->policies = grown;
    grown[all->count] = read_row(q, e);
    if (grown[all->count] == NULL)
        return -1;
    all->count++;
    return 0;
}

int catalog_policy_all(struct catalog *c, struct catalog_policy ***policies, size_t *count,
                       struct error *e)
{
    struct gathering all = {NULL, 0};

    if (query_list_all(c, list_sql, gather_row, &all, e) != 0) {
        catalog_policy_all_free(all.policies, all.count);
        return -1;
    }
    *policies = all.policies;
    *count = all.count;
    return 0;
}

void catalog_policy_all_free(struct catalog_policy **policies, size_t count)
{
    for (size_t i = 0; i < count; i++)
        catalog_policy_free(policies[i]);
    free(policies);
}

static int is_name_taken(const struct name_search *search, const char *name, struct error *e)
{
    static const char sql[] = "SELECT count(*) FROM policies WHERE name = ?";
    struct query q;

    if (query_start(search->catalog, sql, &q, e) != 0)
        return -1;
    query_text(&q, name);
    return query_exists(&q, e);
}

int catalog_policy_name(struct catalog *c, char name[NAME_SIZE], struct error *e)
{
    struct name_search search = {c, NULL};

    return name_search(NAME_POLICY, is_name_taken, &search, name, e);
}
