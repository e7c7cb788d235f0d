/* SPDX-License-Identifier: Apache-2.0 */
/* vault.c - the vaults that this installation knows. */
#include "base/clock.h"
#include "base/text.h"
#include "catalog/catalog_private.h"

#include <stdlib.h>
#include <string.h>

#define VAULT_COLUMNS                                                                          \
    "uuid, name, region, type, state, encryption, role, prefix, key_driver, root_public,"      \
    " description, created_ns"

static const char *const state_names[] = {
#define X(symbol, name) name,
    CATALOG_VAULT_STATES(X)
#undef X
};
static const char *const type_names[] = {
#define X(symbol, name) name,
    CATALOG_VAULT_TYPES(X)
#undef X
};
static const char *const encryption_names[] = {
#define X(symbol, name) name,
    CATALOG_ENCRYPTIONS(X)
#undef X
};
static const char *const role_names[] = {
#define X(symbol, name) name,
    CATALOG_VAULT_ROLES(X)
#undef X
};
enum {
    STATES = sizeof(state_names) / sizeof(state_names[0]),
    TYPES = sizeof(type_names) / sizeof(type_names[0]),
    ENCRYPTIONS = sizeof(encryption_names) / sizeof(encryption_names[0]),
    ROLES = sizeof(role_names) / sizeof(role_names[0])
};

static const char *state_name(int value)
{
    return state_names[value];
}

static const char *type_name(int value)
{
    return type_names[value];
}

static const char *encryption_name(int value)
{
    return encryption_names[value];
}

static const char *role_name(int value)
{
    return role_names[value];
}

const char *catalog_vault_state_name(enum catalog_vault_state state)
{
    ASSERT((unsigned)state < STATES);
    return state_names[state];
}

const char *catalog_vault_type_name(enum catalog_vault_type type)
{
    ASSERT((unsigned)type < TYPES);
    return type_names[type];
}

const char *catalog_encryption_name(enum catalog_encryption encryption)
{
    ASSERT((unsigned)encryption < ENCRYPTIONS);
    return encryption_names[encryption];
}

const char *catalog_vault_role_name(enum catalog_vault_role role)
{
    ASSERT((unsigned)role < ROLES);
    return role_names[role];
}

int catalog_vault_type_parse(const char *name)
{
    return name_lookup(name, TYPES, type_name);
}

int catalog_encryption_parse(const char *name)
{
    return name_lookup(name, ENCRYPTIONS, encryption_name);
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
    free(vault);
}

/* Writing */

/* In the order of VAULT_COLUMNS. */
static void bind_row(struct query *q, const struct catalog_vault *vault)
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
}

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
    bind_row(&q, vault);
    int result = query_step(&q, e) < 0 ? -1 : 0;
    int status = query_status(c);
    query_end(&q);
    return result == 0 ? 0 : explain_conflict(status, vault, e);
}

static int write_key_parameters(struct catalog *c, const struct catalog_vault *vault,
                                struct error *e)
{
    static const char clear[] = "DELETE FROM vault_key_parameters WHERE vault = ?";
    static const char insert[] = "INSERT INTO vault_key_parameters VALUES (?, ?, ?, ?)";

    if (query_run_for(c, clear, vault->uuid, e) != 0)
        return -1;
    return pairs_insert(c, insert, vault->uuid, &vault->key_parameters, e);
}

int catalog_vault_insert(struct catalog *c, struct catalog_vault *vault, struct error *e)
{
    static const char sql[] =
        "INSERT INTO vaults (" VAULT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";

    if (vault->created_ns == 0)
        vault->created_ns = clock_wall_ns();
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = write_row(c, sql, vault, e);
    if (result == 0)
        result = write_key_parameters(c, vault, e);
    return write_end(c, result, e);
}

int catalog_vault_upsert(struct catalog *c, struct catalog_vault *vault, struct error *e)
{
    static const char sql[] =
        "INSERT INTO vaults (" VAULT_COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (uuid) DO UPDATE SET name = excluded.name, region = excluded.region,"
        " type = excluded.type, state = excluded.state, encryption = excluded.encryption,"
        " role = excluded.role, prefix = excluded.prefix, root_public = excluded.root_public,"
        " key_driver = iif(excluded.key_driver = '', key_driver, excluded.key_driver),"
        " description = iif(excluded.description = '', description, excluded.description),"
        " created_ns = excluded.created_ns";

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = write_row(c, sql, vault, e);
    if (result == 0 && vault->key_parameters.count > 0)
        result = write_key_parameters(c, vault, e);
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
        " role = ?7, prefix = ?8, key_driver = ?9, root_public = ?10, description = ?11"
        " WHERE uuid = ?1 AND ?12 IS NOT NULL";

    if (catalog_begin(c, e) != 0)
        return -1;
    int result = write_row(c, sql, vault, e);
    if (result == 0 && query_changes(c) == 0)
        result = no_such(e);
    if (result == 0)
        result = write_key_parameters(c, vault, e);
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

int catalog_vault_delete(struct catalog *c, const uint8_t uuid[CATALOG_ID_SIZE],
                         struct error *e)
{
    if (catalog_begin(c, e) != 0)
        return -1;
    int result = query_run_for(c, "DELETE FROM vaults WHERE uuid = ?", uuid, e);
    if (result == 0 && query_changes(c) == 0)
        result = no_such(e);
    return write_end(c, result, e);
}

/* Reading */

static struct catalog_vault *read_row(struct query *q, struct error *e)
{
    static const char parameters[] = "SELECT name, value FROM vault_key_parameters"
                                     " WHERE vault = ? ORDER BY position";
    struct catalog_vault *vault = catalog_vault_new(e);

    if (vault == NULL)
        return NULL;
    row_blob(q, vault->uuid, CATALOG_ID_SIZE);
    row_text(q, vault->name, sizeof(vault->name));
    row_text(q, vault->region, sizeof(vault->region));
    vault->type = (enum catalog_vault_type)row_enum(q, TYPES, type_name);
    vault->state = (enum catalog_vault_state)row_enum(q, STATES, state_name);
    vault->encryption = (enum catalog_encryption)row_enum(q, ENCRYPTIONS, encryption_name);
    vault->role = (enum catalog_vault_role)row_enum(q, ROLES, role_name);
    row_text(q, vault->prefix, sizeof(vault->prefix));
    row_text(q, vault->key_driver, sizeof(vault->key_driver));
    row_blob(q, vault->root_public, sizeof(vault->root_public));
    row_text(q, vault->description, sizeof(vault->description));
    vault->created_ns = row_number(q);
    if (query_row_check(q, e) == 0 &&
        pairs_read(q->catalog, parameters, vault->uuid, &vault->key_parameters, e) == 0)
        return vault;
    catalog_vault_free(vault);
    return NULL;
}

/* The only row of a bound query; ends it.  NULL with `e` untouched when there is none,
 * AMBIGUOUS when there are several. */
static struct catalog_vault *read_only_row(struct query *q, const char *text, struct error *e)
{
    struct catalog_vault *vault = NULL;

    if (query_step(q, e) > 0)
        vault = read_row(q, e);
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
    static const char sql[] = "SELECT " VAULT_COLUMNS " FROM vaults"
                              " WHERE (?1 IS NULL OR region = ?1) AND (?2 IS NULL OR name = ?2)"
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

    catalog_lock(c);
    struct catalog_vault *vault = by_name(c, region, text, &why);
    if (vault == NULL && why.error_class == LAGAN_OK && text != NULL &&
        id_range(text, CATALOG_ID_SIZE, low, high))
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
    struct catalog_vault *vault = read_row(q, e);

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
