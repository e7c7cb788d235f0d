/* SPDX-License-Identifier: Apache-2.0 */
/* vault.c - the vaults that this installation knows. */
#include "base/clock.h"
#include "base/text.h"
#include "catalog/run_private.h"

#include <string.h>

/* Members that are empty get what a new vault has. */
#define VAULT_INSERT                                                                           \
    "INSERT INTO vaults (" VAULT_COLUMNS ") VALUES"                                            \
    " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, iif(?13 = zeroblob(16), ?1, ?13),"   \
    " iif(?14 = '', 'main', ?14), ?15, ?16, ?17, ?18, iif(?19 = 0, 80, ?19), ?20, ?21, ?22,"   \
    " ?23, ?24)"

/* Writing */

static int explain_conflict(int status, const struct catalog_vault *vault, struct error *e)
{
    if (query_is_taken(status))
        return error_set(e, LAGAN_EXISTS, ERROR_NAME_TAKEN,
                         "the region '%s' has a vault '%s', or one at the same place, already",
                         vault->region, vault->name);
    if (status == SQLITE_CONSTRAINT_FOREIGNKEY)
        return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_REGION, "there is no region '%s'",
                         vault->region);
    return -1;
}

static int write_row(struct catalog *c, const char *sql, const struct catalog_vault *vault,
                     struct error *e)
{
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    vault_row_bind(&q, vault);
    int result = query_step(&q, e) < 0 ? -1 : 0;
    int status = query_status(c);
    query_end(&q);
    return result == 0 ? 0 : explain_conflict(status, vault, e);
}

static int write_lists(struct catalog *c, const struct catalog_vault *vault, struct error *e)
{
    if (vault_row_write_key_parameters(c, vault, e) != 0)
        return -1;
    return vault_row_write_tags(c, vault, e);
}

static void fill_in(struct catalog_vault *vault)
{
    static const uint8_t none[CATALOG_ID_SIZE];

    if (vault->created_ns == 0)
        vault->created_ns = clock_wall_ns();
    if (vault->project[0] == '\0')
        memcpy(vault->project, "main", sizeof("main"));
    if (vault->quota_warning == 0)
        vault->quota_warning = 80;
    if (memcmp(vault->lineage, none, sizeof(none)) == 0)
        memcpy(vault->lineage, vault->uuid, sizeof(none));
}

int catalog_vault_insert(struct catalog *c, struct catalog_vault *vault, struct error *e)
{
    static const char sql[] = VAULT_INSERT;

    fill_in(vault);
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = write_row(c, sql, vault, e);
    if (result == 0)
        result = write_lists(c, vault, e);
    return write_end(c, result, e);
}

/* The role of what mirrors a vault here is known better here than in storage. */
int catalog_vault_upsert(struct catalog *c, struct catalog_vault *vault, struct error *e)
{
    static const char sql[] = VAULT_INSERT
        " ON CONFLICT (uuid) DO UPDATE SET name = ?2, region = ?3, type = ?4, state = ?5,"
        " encryption = ?6,"
        " role = iif(EXISTS (SELECT 1 FROM mirrors WHERE mirrors.vault = ?1), role, ?7),"
        " prefix = ?8, key_driver = iif(?9 = '', key_driver, ?9), root_public = ?10,"
        " description = iif(?11 = '', description, ?11), created_ns = ?12,"
        " lineage = iif(?13 = zeroblob(16), lineage, ?13),"
        " project = iif(?14 = '', project, ?14), plan = ?15, redundancy = ?16,"
        " trial_end_ns = iif(?17 = 0, trial_end_ns, ?17),"
        " auto_expand = iif(?18 = 0, auto_expand, ?20),"
        " quota_bytes = iif(?18 = 0, quota_bytes, ?18),"
        " quota_warning = iif(?19 = 0, quota_warning, ?19), quota_warned = ?21,"
        " deleted_ns = ?22, purge_ns = ?23, reason = ?24";

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = write_row(c, sql, vault, e);
    if (result == 0 && vault->key_parameters.count > 0)
        result = vault_row_write_key_parameters(c, vault, e);
    if (result == 0 && vault->tags.count > 0)
        result = vault_row_write_tags(c, vault, e);
    return write_end(c, result, e);
}

static int no_such(struct error *e)
{
    return error_set(e, LAGAN_NOT_FOUND, ERROR_NO_VAULT,
                     "the vault is not in the catalog any more");
}

int catalog_vault_update(struct catalog *c, const struct catalog_vault *vault, struct error *e)
{
    static const char sql[] =
        "UPDATE vaults SET name = ?2, region = ?3, type = ?4, state = ?5, encryption = ?6,"
        " role = ?7, prefix = ?8, key_driver = ?9, root_public = ?10, description = ?11,"
        " lineage = ?13, project = ?14, plan = ?15, redundancy = ?16, trial_end_ns = ?17,"
        " quota_bytes = ?18, quota_warning = ?19, auto_expand = ?20, quota_warned = ?21,"
        " deleted_ns = ?22, purge_ns = ?23, reason = ?24"
        " WHERE uuid = ?1 AND ?12 IS NOT NULL";

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = write_row(c, sql, vault, e);
    if (result == 0 && query_changes(c) == 0)
        result = no_such(e);
    if (result == 0)
        result = write_lists(c, vault, e);
    return write_end(c, result, e);
}

int catalog_vault_set_state(struct catalog *c, const uint8_t uuid[CATALOG_ID_SIZE],
                            enum catalog_vault_state state, struct error *e)
{
    static const char sql[] = "UPDATE vaults SET state = ? WHERE uuid = ?";
    struct query q;

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_start(c, sql, &q, e);
    if (result == 0) {
        query_text(&q, catalog_vault_state_name(state));
        query_blob(&q, uuid, CATALOG_ID_SIZE);
        result = query_finish(&q, e);
    }
    if (result == 0 && query_changes(c) == 0)
        result = no_such(e);
    return write_end(c, result, e);
}

/* A vault goes after its mirror. */
static int refuse_mirrored(struct catalog *c, const uint8_t uuid[CATALOG_ID_SIZE],
                           struct error *e)
{
    static const char sql[] = "SELECT v.name, v.region FROM mirrors m"
                              " JOIN vaults v ON v.uuid = m.vault WHERE m.source = ?";
    char name[CATALOG_TEXT_SIZE] = "", region[NAME_SIZE] = "";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return -1;
    query_blob(&q, uuid, CATALOG_ID_SIZE);
    int found = query_step(&q, e);
    if (found > 0) {
        row_text(&q, name, sizeof(name));
        row_text(&q, region, sizeof(region));
    }
    query_end(&q);
    if (found <= 0)
        return found;
    return error_set(e, LAGAN_PRECONDITION, ERROR_VAULT_HAS_MIRROR,
                     "the vault has the mirror '%s' in the region %s, which goes first: use "
                     "`lagan mirror delete` or `lagan mirror stop`",
                     name, region);
}

/* Replicas went with it, and what was on its way does not arrive. */
static int end_replicas(struct catalog *c, const uint8_t uuid[CATALOG_ID_SIZE], struct error *e)
{
    static const char arrived[] =
        "UPDATE ledger SET gone_ns = ?2 WHERE vault = ?1 AND state = 'success' AND gone_ns = 0";
    static const char awaited[] =
        "UPDATE ledger SET state = 'fail', ended_ns = ?2, error_class = ?3, error_code = ?4,"
        " error_text = 'the vault that it was for was deleted'"
        " WHERE vault = ?1 AND state IN ('waiting_replicate', 'replicating')";
    struct query q;

    if (query_start(c, arrived, &q, e) != 0)
        return -1;
    query_blob(&q, uuid, CATALOG_ID_SIZE);
    query_number(&q, clock_wall_ns());
    if (query_finish(&q, e) != 0 || query_start(c, awaited, &q, e) != 0)
        return -1;
    query_blob(&q, uuid, CATALOG_ID_SIZE);
    query_number(&q, clock_wall_ns());
    query_number(&q, LAGAN_NOT_FOUND);
    query_text(&q, error_code_name(ERROR_NO_VAULT));
    return query_finish(&q, e);
}

int catalog_vault_delete(struct catalog *c, const uint8_t uuid[CATALOG_ID_SIZE],
                         struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = refuse_mirrored(c, uuid, e);
    if (result == 0)
        result = end_replicas(c, uuid, e);
    if (result == 0)
        result = run_forget_vault(c, uuid, e);
    if (result == 0)
        result = query_run_for(c, "DELETE FROM vaults WHERE uuid = ?", uuid, e);
    if (result == 0 && query_changes(c) == 0)
        result = no_such(e);
    return write_end(c, result, e);
}

/* Reading */

/* The only row of a bound query; ends it.  NULL with `e` untouched when there is none,
 * AMBIGUOUS when there are several. */
static struct catalog_vault *read_only_row(struct query *q, const char *text, struct error *e)
{
    struct catalog_vault *vault = NULL;

    if (query_step(q, e) > 0)
        vault = vault_row_read(q, e);
    if (vault != NULL && query_step(q, e) > 0) {
        if (text == NULL)
            error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS,
                      "there are several vaults: say which with --vault");
        else
            error_set(e, LAGAN_INVALID, ERROR_AMBIGUOUS,
                      "several vaults are called '%s': say --region, or give more of the id",
                      text);
        catalog_vault_free(vault);
        vault = NULL;
    }
    query_end(q);
    return vault;
}

static struct catalog_vault *by_name(struct catalog *c, const char *region, const char *text,
                                     struct error *e)
{
    /* Without a name: the only one that is not deleted. */
    static const char sql[] = "SELECT " VAULT_COLUMNS " FROM vaults"
                              " WHERE (?1 IS NULL OR region = ?1) AND (name = ?2"
                              " OR (?2 IS NULL AND state NOT IN ('deleted', 'deleting')))"
                              " ORDER BY region, name LIMIT 2";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return NULL;
    query_text(&q, region);
    query_text(&q, text);
    return read_only_row(&q, text, e);
}

static struct catalog_vault *by_range(struct catalog *c, const char *region, const uint8_t *low,
                                      const uint8_t *high, const char *text, struct error *e)
{
    static const char sql[] =
        "SELECT " VAULT_COLUMNS " FROM vaults"
        " WHERE (?1 IS NULL OR region = ?1) AND uuid BETWEEN ?2 AND ?3 ORDER BY uuid LIMIT 2";
    struct query q;

    if (query_start(c, sql, &q, e) != 0)
        return NULL;
    query_text(&q, region);
    query_blob(&q, low, CATALOG_ID_SIZE);
    query_blob(&q, high, CATALOG_ID_SIZE);
    return read_only_row(&q, text, e);
}

struct names {
    struct buffer text;
    const char *region;
};

static int append_name(void *context, const struct catalog_vault *vault, struct error *e)
{
    struct names *names = context;

    (void)e;
    if ((names->region == NULL || strcmp(names->region, vault->region) == 0) &&
        names->text.size < 300)
        buffer_append_format(&names->text, "%s%s", names->text.size > 0 ? ", " : "",
                             vault->name);
    return 0;
}

static void explain_absence(struct catalog *c, const char *region, const char *text,
                            struct error *e)
{
    struct names names = {BUFFER_INIT, region};
    const char *in = region != NULL ? " in the region " : "";
    struct error ignored;

    catalog_vault_list(c, append_name, &names, &ignored);
    buffer_append_u8(&names.text, 0);
    const char *known = names.text.failed ? "" : (const char *)names.text.data;
    if (*known == '\0')
        error_set(e, LAGAN_NOT_FOUND, ERROR_NO_VAULT,
                  "there is no vault%s%s: make one with `lagan vault create`, or find those in "
                  "storage with `lagan catalog rebuild`",
                  in, region != NULL ? region : "");
    else
        error_set(e, LAGAN_NOT_FOUND, ERROR_NO_VAULT,
                  "there is no vault '%s'%s%s; there are: %s", text != NULL ? text : "", in,
                  region != NULL ? region : "", known);
    buffer_free(&names.text);
}

struct catalog_vault *catalog_vault_find(struct catalog *c, const char *region,
                                         const char *text, struct error *e)
{
    uint8_t low[CATALOG_ID_SIZE], high[CATALOG_ID_SIZE];
    struct error why = ERROR_INIT;

    const char *id = text != NULL && strncmp(text, "v-", 2) == 0 ? text + 2 : text;

    catalog_lock(c);
    struct catalog_vault *vault = by_name(c, region, text, &why);
    if (vault == NULL && why.error_class == LAGAN_OK && id != NULL &&
        id_range(id, CATALOG_ID_SIZE, low, high))
        vault = by_range(c, region, low, high, text, &why);
    if (vault == NULL && why.error_class == LAGAN_OK)
        explain_absence(c, region, text, &why);
    catalog_unlock(c);
    if (vault == NULL)
        *e = why;
    return vault;
}

struct catalog_vault *catalog_vault_get(struct catalog *c, const uint8_t uuid[CATALOG_ID_SIZE],
                                        struct error *e)
{
    char text[2 * CATALOG_ID_SIZE + 1];
    struct error why = ERROR_INIT;

    text_hex(uuid, CATALOG_ID_SIZE, text);
    catalog_lock(c);
    struct catalog_vault *vault = by_range(c, NULL, uuid, uuid, text, &why);
    catalog_unlock(c);
    if (vault == NULL && why.error_class == LAGAN_OK)
        error_set(&why, LAGAN_NOT_FOUND, ERROR_NO_VAULT, "there is no vault with the id %s",
                  text);
    if (vault == NULL)
        *e = why;
    return vault;
}

struct visit {
    int (*each)(void *context, const struct catalog_vault *vault, struct error *e);
    void *context;
};

static int visit_row(struct query *q, void *context, struct error *e)
{
    const struct visit *visit = context;
    struct catalog_vault *vault = vault_row_read(q, e);

    if (vault == NULL)
        return -1;
    int result = visit->each(visit->context, vault, e);
    catalog_vault_free(vault);
    return result;
}

int catalog_vault_list(struct catalog *c,
                       int (*each)(void *context, const struct catalog_vault *vault,
                                   struct error *e),
                       void *context, struct error *e)
{
    static const char sql[] = "SELECT " VAULT_COLUMNS " FROM vaults ORDER BY region, name";
    struct visit visit = {each, context};

    return query_list_all(c, sql, visit_row, &visit, e);
}

static int is_name_taken(const struct name_search *search, const char *name, struct error *e)
{
    static const char sql[] = "SELECT count(*) FROM vaults WHERE region = ? AND name = ?";
    struct query q;

    if (query_start(search->catalog, sql, &q, e) != 0)
        return -1;
    query_text(&q, search->owner);
    query_text(&q, name);
    return query_exists(&q, e);
}

int catalog_vault_name(struct catalog *c, const char *region, char name[NAME_SIZE],
                       struct error *e)
{
    struct name_search search = {c, region};

    return name_search(NAME_VAULT, is_name_taken, &search, name, e);
}
